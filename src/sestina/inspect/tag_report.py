"""The report of a trained tagger: one HTML page that needs neither network nor scripts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.data.tagged import TaggedSentences
from sestina.errors import counted
from sestina.estimators import tagging
from sestina.estimators.sequence_tagger import SequenceTagger
from sestina.inspect import charts, confusions, page, sections
from sestina.inspect.gradient_page import reaches_of, section
from sestina.inspect.per_class import per_class
from sestina.inspect.sections import Told
from sestina.inspect.tag_ladder import TagRung
from sestina.spans import OUTSIDE, SPAN_TAG

MOST_ROWS = 100
MISTAKES = 10
NONE = "–"
WORDS_SHOWN = 40  # of a sentence, around its surest mistake


def render_tags(
    net: SequenceTagger, rungs: Sequence[TagRung], test: TaggedSentences, told: Told
) -> str:
    """Return the report as an HTML page.

    Args:
        net: The tagger that the report is about.
        rungs: The ladder on the test part; its last rung is the net's.
        test: The test part.
        told: Data, options and verdicts.

    Raises:
        MissingExtra: altair or vl-convert-python is not installed.
    """
    own, words = rungs[-1], sum(map(len, test.sentences))
    lede = (
        f"How well {page.name(own.name)} puts one of {len(net.classes_):,} tags on each of "
        f"{counted(words, 'test word')} in {counted(len(test), 'sentence')} that it never saw, "
        "beside simpler models."
    )
    spans = "span_f1" in own.figures
    measures = {
        "accuracy": "Share of the validation words with the right tag. Higher is better.",
        "span_f1": "F1 of the validation part's spans. Higher is better.",
    }
    curves = sections.learning(net.history_, net.best_epoch_, "sentences", measures)
    reaches = reaches_of(net, test.sentences, test.tags)
    parts = [
        ("short", "In short", sections.short(_tiles(rungs), told.verdicts)),
        ("data", "What was trained on what", sections.data(told.data, told.options, told.helps)),
        ("ladder", "The ladder", _ladder(rungs)),
        ("learning", "How it learned", curves),
        ("gradients", "How far gradients reach", section(reaches, net.history_)),
        ("kinds", "Kind by kind", _kinds(own) if spans else ""),
        ("tags", "Tag by tag", _tags(own, test)),
        ("sentences", "Where it errs", _sentences(net, own, test)),
    ]
    return page.whole(told.title, lede, parts)


def _tiles(rungs: Sequence[TagRung]) -> list[tuple[str, str, str]]:
    """Return the large figures; of spans, their F1 leads."""
    *plain, own = rungs
    figures = own.figures
    key, what = ("span_f1", "Span F1") if "span_f1" in figures else ("accuracy", "Accuracy")
    best = max(plain, key=lambda rung: float(rung.figures[key]))
    tiles = [("Accuracy", _three(figures["accuracy"]), f"95 % interval {_interval(own)}")]
    if key == "span_f1":
        tiles.insert(0, (what, _three(figures[key]), "of whole spans, start, end and kind"))
    tiles.append(("Best baseline", _three(best.figures[key]), f"{what}: {best.name}"))
    unseen = figures["unseen"]
    if unseen["words"]:
        shown = f"accuracy of {counted(unseen['words'], 'word')} not in training"
        tiles.append(("Unseen words", _three(unseen["accuracy"]), shown))
    tiles.append(("Parameters", f"{own.parameters:,}", "numbers it learned"))
    tiles.append(("Time to fit", page.seconds(own.seconds), "seconds"))
    return tiles


def _ladder(rungs: Sequence[TagRung]) -> str:
    spans = "span_f1" in rungs[-1].figures
    heads = ["Model", "Accuracy", "95 % interval", "Span F1" if spans else "Macro F1",
             "Seen words", "Unseen words", "Parameters", "Seconds"]  # fmt: skip
    rows = [
        [page.name(rung.name), _three(rung.figures["accuracy"]), _interval(rung),
         _three(rung.figures["span_f1" if spans else "f1"]),
         *(_three(rung.figures[kind]["accuracy"]) for kind in ("seen", "unseen")),
         f"{rung.parameters:,}", page.seconds(rung.seconds)]
        for rung in rungs
    ]  # fmt: skip
    own = rungs[-1].figures
    table = page.table(
        f"All models on {counted(len(rungs[-1].right), 'test word')}",
        heads,
        rows,
        main=len(rungs) - 1,
    )
    f1 = (
        "Span F1: high only where few spans are missed and few are put wrongly; a span is right "
        "where its start, end and kind are."
        if spans
        else "Macro F1: the mean over the tags of F1."
    )
    how = (
        f"Accuracy: the share of words with the right tag. {f1} Seen words: accuracy of the "
        f"{own['seen']['words']:,} that the training part holds; unseen words: of the other "
        f"{own['unseen']['words']:,}. Seconds: the time to fit."
    )
    said = "; ".join(f"{rung.name} {_three(rung.figures['accuracy'])}" for rung in rungs)
    figure = page.figure(
        "Accuracy, and how sure it is", charts.ladder(rungs, rungs[-1].name),
        f"Accuracies: {said}.",
        "Dots are accuracies. The bars are 95 % intervals; words of one sentence depend on each "
        "other, so that the true intervals are somewhat wider.", alone=True,
    )  # fmt: skip
    return f'{table}{page.note(how)}<div class="after">{figure}</div>'


def _kinds(own: TagRung) -> str:
    """Return the table of spans by kind, weakest first."""
    kinds = own.figures["spans"]["kinds"].items()
    rows = [{"class": kind, **row} for kind, row in kinds]
    lines = [_line(row) for row in sorted(rows, key=lambda row: float(row["f1"]))]
    lines.append(_line({"class": "all", **own.figures["spans"]}))
    heads = ["Kind of span", "Precision", "Recall", "F1", "Spans"]
    return page.table("Spans, weakest kind first", heads, lines) + page.note(
        "Precision: of the spans that were put, the share that is right. Recall: of the true "
        "spans, the share that was found. Counted as the conlleval script counts them."
    )


def _tags(own: TagRung, test: TaggedSentences) -> str:
    """Return precision and recall by tag, and which tags are taken for which."""
    both = np.concatenate([tagging.flat(test.tags or []), tagging.flat(own.predicted)])
    names, codes = np.unique(both, return_inverse=True)
    true, put = np.split(codes, 2)
    classes = names.tolist()
    rows = sorted(per_class(put, true, classes), key=lambda row: -int(row["support"]))[:MOST_ROWS]
    lines = [_line(row) for row in sorted(rows, key=lambda row: float(row["f1"]))]
    heads = ["Tag", "Precision", "Recall", "F1", "Words"]
    few = f" Listed are the {MOST_ROWS} most frequent." if len(classes) > MOST_ROWS else ""
    table = page.table("Precision and recall, weakest first", heads, lines) + page.note(
        "Precision: of the words given the tag, the share that has it. Recall: of the words that "
        f"have the tag, the share that was given it. Words: test words that have it.{few}"
    )
    counts = confusions.counts(true, put, len(classes))
    figure = confusions.matrix(counts, classes, "word", ("tag", "tags"), alone=len(classes) > 2)
    worst = confusions.worst(counts, classes, "word", "tag")
    return f'{figure}<div class="after">{page.pair(table, worst)}</div>'


def _line(row: dict[str, Any]) -> list[str]:
    shares = (_three(row[key]) for key in ("precision", "recall", "f1"))
    return [page.name(row["class"]), *shares, f"{row['support']:,}"]


def _sentences(net: SequenceTagger, own: TagRung, test: TaggedSentences) -> str:
    """Return the sentences with the surest mistakes, their words coloured."""
    true, put = test.tags or [], own.predicted
    wrong = [
        n for n, (one, other) in enumerate(zip(true, put, strict=True))
        if list(map(str, one)) != list(map(str, other))
    ]  # fmt: skip
    if not wrong:
        return page.note("There are none: every test word has the right tag.")
    tables = net.predict_proba([test.sentences[n] for n in wrong])
    surest = [_surest(net, table, true[n], put[n]) for n, table in zip(wrong, tables, strict=True)]
    order = sorted(range(len(wrong)), key=lambda k: -surest[k][1])[:MISTAKES]
    items = "".join(
        f"<li>{_tagged(test.sentences[wrong[k]], true[wrong[k]], put[wrong[k]], surest[k][0])}</li>"
        for k in order
    )
    how = (
        f"Of {counted(len(wrong), 'sentence')} with a wrong tag, those with the mistakes that it "
        "was surest of. Below a word of another colour stands the tag that it was given, struck "
        "out, and the true one. Wrong tags in the data show up here, too."
    )
    if "span_f1" in own.figures:
        how += f" The tag {OUTSIDE}, outside of any span, is left out, or a dash."
    return page.note(how) + f'<ol class="sentences">{items}</ol>'


def _surest(
    net: SequenceTagger, table: NDArray[np.float64], true: Sequence[Any], put: Sequence[Any]
) -> tuple[int, float]:
    """Return which wrong word of a sentence was tagged with the most probability, and with what."""
    code = {str(tag): k for k, tag in enumerate(net.classes_.tolist())}
    shares = [
        float(table[n, code[str(tag)]]) if str(tag) != str(wanted) else -1.0
        for n, (tag, wanted) in enumerate(zip(put, true, strict=True))
    ]
    return int(np.argmax(shares)), max(shares)


def _tagged(words: Sequence[str], true: Sequence[Any], put: Sequence[Any], around: int) -> str:
    """Return a sentence with its tags as HTML, of a long one the part around a word."""
    first = max(min(around - WORDS_SHOWN // 2, len(words) - WORDS_SHOWN), 0)
    shown = range(first, min(first + WORDS_SHOWN, len(words)))
    pieces = ["<span>…</span>"] if first else []
    for n in shown:
        tag, wanted = _mark(put[n]), _mark(true[n])
        word = f"<b>{page.text(words[n])}</b>"
        if str(put[n]) == str(true[n]):
            kind = ' class="put"' if SPAN_TAG.fullmatch(str(put[n])) else ""
            shown_tag = "" if tag == NONE else tag
            pieces.append(f"<span{kind}>{word}<small>{shown_tag}</small></span>")
        else:
            tags = f"<small><del>{tag}</del> <ins>{wanted}</ins></small>"
            pieces.append(f'<span class="wrong">{word}{tags}</span>')
    if shown.stop < len(words):
        pieces.append("<span>…</span>")
    return f'<p class="tagged" dir="auto">{" ".join(pieces)}</p>'


def _mark(tag: Any) -> str:
    return NONE if str(tag) == OUTSIDE else page.name(tag, 24)


def _three(value: float | None) -> str:
    return NONE if value is None else f"{value:.3f}"


def _interval(rung: TagRung) -> str:
    low, high = rung.figures["interval"]
    return f"{low:.3f}–{high:.3f}"
