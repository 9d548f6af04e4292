"""The report of a trained classifier: one HTML page that needs neither network nor scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina import metrics
from sestina.errors import counted
from sestina.inspect import charts, confusions, page, sections
from sestina.inspect.evaluate import Ladder, Rung
from sestina.inspect.gradient_page import section
from sestina.inspect.gradients import Reach
from sestina.inspect.per_class import per_class

MOST_ROWS = 100
MISTAKES = 10


@dataclass(frozen=True)
class ReportFacts:
    """What the report of a text classifier tells besides the ladder.

    Attributes:
        title: Name of the data, the page's heading.
        data: What was trained on what: label → sentence.
        verdicts: Plain sentences on who beats whom.
        lengths: Tokens of each training text before any were cut off, (N,).
        max_tokens: Tokens that are read of a text at most.
        coverage: "vocabulary" (its size), "known_share" (of the running test tokens) and
            "unknown" (pairs of the most frequent unknown tokens and their counts).
        options: The options worth telling, by name.
        helps: What each option does.
        reaches: How far gradients reach back in its recurrent layers, where it has any.
    """

    title: str
    data: dict[str, str]
    verdicts: list[str]
    lengths: NDArray[Any]
    max_tokens: int
    coverage: dict[str, Any]
    options: dict[str, Any]
    helps: dict[str, str] = field(default_factory=dict)
    reaches: Sequence[Reach] = ()


def render(ladder: Ladder, main: str, facts: ReportFacts) -> str:
    """Return the report of a text classifier as an HTML page.

    Args:
        ladder: The models' showings on the test part.
        main: Name of the rung that the report is about.
        facts: Data, options and verdicts.

    Raises:
        MissingExtra: altair or vl-convert-python is not installed.
    """
    told = sections.Told(facts.title, facts.data, facts.verdicts, facts.options, facts.helps)
    last = ("texts", "The texts", _texts(facts))
    return render_ladder(ladder, main, told, facts.reaches, last)


def render_ladder(
    ladder: Ladder,
    main: str,
    facts: sections.Told,
    reaches: Sequence[Reach],
    last: tuple[str, str, str],
) -> str:
    """Return the report of a classifier, of texts or of series, as an HTML page.

    Args:
        ladder: The models' showings on the test part.
        main: Name of the rung that the report is about.
        facts: Data, options and verdicts.
        reaches: How far gradients reach back in its recurrent layers, where it has any.
        last: The last section: its anchor, heading and HTML.

    Raises:
        MissingExtra: altair or vl-convert-python is not installed.
    """
    rung = ladder.rung(main)
    multi = ladder.codes.ndim == 2
    lede = (
        f"How well {page.name(main)} puts {'labels' if multi else 'one label'} on "
        f"{counted(len(ladder.texts), f'test {ladder.unit}')} that it never saw, beside simpler "
        f"models. There are {len(ladder.classes):,} {'labels' if multi else 'classes'}."
    )
    parts = [
        ("short", "In short", _short(ladder, rung, facts)),
        ("data", "What was trained on what", sections.data(facts.data, facts.options, facts.helps)),
        ("ladder", "The ladder", _ladder(ladder, rung)),
        ("learning", "How it learned", _learning(ladder, rung)),
        ("gradients", "How far gradients reach", section(reaches, rung.history)),
        ("classes", "Label by label" if multi else "Class by class", _classes(ladder, rung)),
        ("trust", "How far to trust it", _trust(ladder, rung)),
        last,
    ]
    return page.whole(facts.title, lede, parts)


def best_epoch(history: Sequence[Mapping[str, float]]) -> int:
    """Return the epoch of the lowest validation loss, or the last one where there is none."""
    checked = [row for row in history if "validation_loss" in row]
    if not checked:
        return int(history[-1]["epoch"])
    return int(min(checked, key=lambda row: row["validation_loss"])["epoch"])


# The sections, from the top of the page to its end.


def _short(ladder: Ladder, rung: Rung, facts: sections.Told) -> str:
    whose = "every label right, " if ladder.codes.ndim == 2 else ""
    tiles = [
        ("Accuracy", _three(rung.figures["accuracy"]), f"{whose}95 % interval {_interval(rung)}"),
        ("Macro F1", _three(rung.figures["f1"]), "mean over the classes"),
        ("Parameters", f"{rung.parameters:,}", "numbers it learned"),
        ("Time to fit", page.seconds(rung.seconds), "seconds"),
    ]
    plain = [other for other in ladder.rungs if not other.history and other is not rung]
    if plain:
        best = max(plain, key=lambda other: float(other.figures["accuracy"]))
        tiles.insert(1, ("Best baseline", _three(best.figures["accuracy"]), best.name))
    return sections.short(tiles, facts.verdicts)


def _ladder(ladder: Ladder, main: Rung) -> str:
    multi = ladder.codes.ndim == 2
    more = {"Micro F1": "micro_f1", "Decisions right": "label_accuracy"} if multi else {}
    heads = ["Model", "Accuracy", "95 % interval", "Macro F1", *more, "Parameters", "Seconds"]
    rows = [
        [page.name(rung.name), _three(rung.figures["accuracy"]), _interval(rung),
         _three(rung.figures["f1"]), *(_three(rung.figures[key]) for key in more.values()),
         f"{rung.parameters:,}", page.seconds(rung.seconds)]
        for rung in ladder.rungs
    ]  # fmt: skip
    place = ladder.rungs.index(main)
    title = f"All models on {counted(len(ladder.texts), f'test {ladder.unit}')}"
    table = page.table(title, heads, rows, main=place)
    whole = "with every label right" if multi else "put into the right class"
    how = (
        f"Accuracy: the share of {ladder.unit}s {whole}. Macro F1: the mean over the classes of "
        f"F1, which is high only where few {ladder.unit}s of a class are missed and few others are "
        "taken for it. "
        + ("Micro F1: the same over all decisions at once. " if multi else "")
        + "Seconds: the time to fit."
    )
    said = "; ".join(f"{rung.name} {_three(rung.figures['accuracy'])}" for rung in ladder.rungs)
    figure = page.figure(
        "Accuracy, and how sure it is", charts.ladder(ladder.rungs, main.name),
        f"Accuracies: {said}.",
        f"Dots are accuracies. The bars are 95 % intervals: what other test {ladder.unit}s of the "
        "same kind could well have shown.", alone=True,
    )  # fmt: skip
    return f'{table}{page.note(how)}<div class="after">{figure}</div>'


def _learning(ladder: Ladder, rung: Rung) -> str:
    nets = [other for other in ladder.rungs if other.history]
    if not nets:
        return "<p>None of these models learns in epochs, so there are no curves to show.</p>"
    best = {net.name: best_epoch(net.history) for net in nets}
    pieces = []
    if rung.history:
        checked = "validation_loss" in rung.history[0]
        how = (
            f"Lower is better. An epoch is one pass over the training {ladder.unit}s; the weights "
            "after the marked one are kept. Where the training loss falls on while the validation "
            f"loss rises, the net learns its {ladder.unit}s by heart."
            if checked
            else "Lower is better. No part was held out, so the last epoch is kept."
        )
        epochs = counted(len(rung.history), "epoch")
        said = f"Loss in {epochs}; the best is epoch {best[rung.name]}."
        chart = charts.learned(rung.history, best[rung.name])
        pieces.append(page.figure(f"Loss of {charts.shorten(rung.name, 40)}", chart, said, how))
    curves = {net.name: net.history for net in nets if "validation_accuracy" in net.history[0]}
    if curves:
        title = f"Validation accuracy{' of all nets' if len(curves) > 1 else ''}"
        how = (
            "Higher is better. Rings mark the epochs that are kept: those of the lowest validation "
            f"loss. Validation {ladder.unit}s (the dev part) are neither trained on nor tested on."
        )
        said = f"Validation accuracy by epoch of {', '.join(curves)}."
        chart = charts.accuracies(curves, {name: best[name] for name in curves})
        pieces.append(page.figure(title, chart, said, how))
    return page.pair(*pieces)


def _classes(ladder: Ladder, rung: Rung) -> str:
    multi = ladder.codes.ndim == 2
    rows = per_class(rung.decided, ladder.codes, ladder.classes)
    listed = sorted(rows, key=lambda row: -int(row["support"]))[:MOST_ROWS]
    lines = [
        [page.name(row["class"]), *(_three(row[key]) for key in ("precision", "recall", "f1")),
         f"{row['support']:,}"]
        for row in sorted(listed, key=lambda row: float(row["f1"]))
    ]  # fmt: skip
    heads = ["Label" if multi else "Class", "Precision", "Recall", "F1", "Support"]
    few = f" Listed are the {MOST_ROWS} most frequent of {len(rows):,}." if rows[MOST_ROWS:] else ""
    table = page.table("Precision and recall, weakest first", heads, lines) + page.note(
        f"Precision: of the {ladder.unit}s given the class, the share that has it. Recall: of the "
        f"{ladder.unit}s that have the class, the share that was given it. F1 is high only where "
        f"both are. Support: test {ladder.unit}s that have it.{few}"
    )
    if multi:
        return _decisions(ladder, rung) + f'<div class="after">{table}</div>'
    return _confusion(ladder, rung, table)


def _confusion(ladder: Ladder, rung: Rung, beside: str) -> str:
    classes, kind = ladder.classes, ("class", "classes")
    table = confusions.counts(ladder.codes, rung.decided, len(classes))
    figure = confusions.matrix(table, classes, ladder.unit, kind, alone=len(classes) > 2)
    if len(classes) < 3:
        return page.pair(figure, beside)
    worst = confusions.worst(table, classes, ladder.unit, "class")
    return f'{figure}<div class="after">{page.pair(beside, worst)}</div>'


def _decisions(ladder: Ladder, rung: Rung) -> str:
    put, has = rung.decided > 0.5, ladder.codes > 0.5
    shown = confusions.most_frequent(has.sum(axis=0))
    kinds = {"found": put & has, "missed": ~put & has, "false": put & ~has, "none": ~put & ~has}
    rows = [{kind: int(hit[:, k].sum()) for kind, hit in kinds.items()} for k in shown]
    lines = [
        [page.name(ladder.classes[k]), *(f"{count:,}" for count in row.values())]
        for k, row in zip(shown, rows, strict=True)
    ]
    how = "Labels that were rightly put, overlooked, and put on texts that do not have them."
    if len(ladder.classes) > len(shown):
        how += f" Shown are the {len(shown)} most frequent of {len(ladder.classes):,} labels."
    chart = charts.decisions(rows, confusions.names(ladder.classes, shown, 18))
    figure = page.figure("Right and wrong per label", chart, "The table has the counts.", how)
    heads = ["Label", "Found", "Missed", "Put wrongly", "Rightly left out"]
    return page.pair(figure, page.table("Test texts per label", heads, lines))


def _trust(ladder: Ladder, rung: Rung) -> str:
    multi = ladder.codes.ndim == 2
    what = "single decisions" if multi else f"{ladder.unit}s"
    least = 0.5 if multi or len(ladder.classes) == 2 else 0.0
    sure, right = metrics.confidences(rung.probabilities, ladder.codes)
    rows = metrics.calibration(sure, right)
    error = _three(metrics.calibration_error(rows))
    figure = page.figure(
        "Does it know what it knows?", charts.calibration(rows, least),
        f"Calibration curve; expected calibration error {error}.",
        "On the dashed line, 80 % confident means 80 % right; below it the model is too sure of "
        f"itself, above it too modest. Larger dots stand for more {what}.",
    )  # fmt: skip
    tile = "<h3>How far off it is on average</h3>"
    tile += page.tiles([("Expected calibration error", error, "0 is perfect")])
    tile += page.note(
        "How far the stated confidence lies from the share that is right, on average over the "
        f"{what}, in {len(rows)} groups of like confidence."
    )
    return page.pair(figure, tile) + f'<div class="after">{_mistakes(ladder, rung)}</div>'


def _mistakes(ladder: Ladder, rung: Rung) -> str:
    multi = ladder.codes.ndim == 2
    put = rung.decided
    if multi:
        each = np.where(put > 0.5, rung.probabilities, 1 - rung.probabilities)
        sure = np.where((put > 0.5) == (ladder.codes > 0.5), 0.0, each).max(axis=1)
    else:
        sure = rung.probabilities[np.arange(len(put)), put]

    def told(codes: NDArray[Any]) -> str:
        chosen = np.flatnonzero(codes > 0.5) if multi else [int(codes)]
        return ", ".join(page.name(ladder.classes[k]) for k in chosen) or "no label"

    wrong = np.flatnonzero(~rung.right)
    worst = wrong[np.argsort(-sure[wrong], kind="stable")[:MISTAKES]]
    items = "".join(
        f'<li><blockquote dir="auto">{page.excerpt(ladder.texts[int(n)])}</blockquote>'
        f"<dl><div><dt>True</dt><dd>{told(ladder.codes[n])}</dd></div>"
        f'<div><dt>Predicted</dt><dd class="wrong">{told(put[n])}</dd></div>'
        f"<div><dt>Confidence</dt><dd>{_three(sure[n])}</dd></div></dl></li>"
        for n in worst
    )
    how = "The wrong answers that it was surest of. Wrong labels in the data show up here, too."
    if multi:
        how += " The confidence is that of its surest wrong decision on the text."
    if not items:
        how = f"There are none: every test {ladder.unit} is right."
    heading = f"<h3>The {len(worst)} most confident mistakes</h3>" if items else "<h3>Mistakes</h3>"
    return heading + page.note(how) + (f'<ol class="mistakes">{items}</ol>' if items else "")


def _texts(facts: ReportFacts) -> str:
    histogram = ""
    counts = np.asarray(facts.lengths).astype(np.int64)
    if len(counts):
        width, last = charts.length_bins(counts)
        cut = int((counts > facts.max_tokens).sum())
        beyond = int((counts >= (last + 1) * width).sum())
        how = (
            f"Half of the training texts have {counted(round(np.median(counts)), 'token')} or "
            f"fewer, the longest has {counts.max():,}. The net reads at most "
            f"{counted(facts.max_tokens, 'token')} of a text, which cuts {cut:,} of "
            f"{counted(len(counts), 'text')}."
        )
        how += f" The last bar includes {counted(beyond, 'longer text')}." if beyond else ""
        chart = charts.lengths(counts, facts.max_tokens)
        histogram = page.figure("How long they are", chart, "Histogram of text lengths.", how)
    return page.pair(histogram, _coverage(facts.coverage))


def _coverage(coverage: Mapping[str, Any]) -> str:
    tiles = []
    if "known_share" in coverage:
        share = f"{100 * coverage['known_share']:.1f} %"
        tiles.append(("Known", share, "of the running test tokens"))
    if "vocabulary" in coverage:
        tiles.append(("Vocabulary", f"{coverage['vocabulary']:,}", "different tokens"))
    if not tiles:
        return ""
    out = (
        "<h3>What the vocabulary covers</h3>"
        + page.tiles(tiles)
        + page.note(
            "Tokens are the words, parts of words or characters that the net reads. Those that the "
            "vocabulary, taken from the training texts, does not hold all look alike to it."
        )
    )
    unknown = "".join(
        f"<li>{page.token(token)} <span>{count:,}</span></li>"
        for token, count in coverage.get("unknown", ())
    )
    if not unknown:
        return out
    heading = '<h3 class="after">Most frequent unknown tokens</h3>'
    return f'{out}{heading}<ul class="tokens">{unknown}</ul>'


# Small things that several sections need.


def _three(value: float) -> str:
    return f"{value:.3f}"


def _interval(rung: Rung) -> str:
    low, high = rung.figures["interval"]
    return f"{low:.3f}–{high:.3f}"
