"""The report of a trained translator: one HTML page that needs neither network nor scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sestina.data.parallel import Pairs
from sestina.errors import counted
from sestina.estimators.translator import Translator
from sestina.inspect import charts, heat_map, page
from sestina.inspect.gradient_page import reaches_of, section
from sestina.inspect.translation_ladder import TranslationRung
from sestina.version import __version__

EXAMPLES, MAPS = 12, 3
SHORTEST, LONGEST = 2, 25  # tokens of a sentence whose attention is drawn


@dataclass(frozen=True)
class TranslationFacts:
    """What the report tells beside the figures.

    Attributes:
        title: Name of the data, the page's heading.
        sizes: Pairs in train, dev and test.
        said: How these parts came about.
        verdict: Plain sentence on who beats whom.
    """

    title: str
    sizes: tuple[int, int, int]
    said: str
    verdict: str


def render_translations(
    net: Translator, rungs: Sequence[TranslationRung], test: Pairs, facts: TranslationFacts
) -> str:
    """Return the report as an HTML page.

    Args:
        net: The fitted translator.
        rungs: Its showing on the test part, the last, behind those of simpler models.
        test: The test pairs.
        facts: Data and verdict.

    Raises:
        MissingExtra: altair or vl-convert-python is not installed.
    """
    lede = (
        f"How well {page.name(rungs[-1].name)} translates {counted(len(test), 'test sentence')} "
        "that it never saw, beside a dictionary learnt from the same pairs."
    )
    rows = _spread(len(test), EXAMPLES)
    reaches = reaches_of(net, test.sources, test.targets)
    sections = [
        ("short", "In short", _short(rungs, facts)),
        ("data", "What was trained on what", _data(net, facts)),
        ("ladder", "The ladder", _ladder(rungs)),
        ("learning", "How it learned", _learning(net)),
        ("gradients", "How far gradients reach", section(reaches, net.history_)),
        ("texts", "Some translations", _examples(rungs, test, rows)),
        ("attention", "What it looks at", _maps(net, test)),
    ]
    return page.whole(facts.title, lede, sections)


def _spread(count: int, most: int) -> list[int]:
    """Return the numbers of `most` rows, or all, evenly over `count`."""
    return [int(row) for row in np.unique(np.linspace(0, count - 1, min(most, count)).astype(int))]


def _short(rungs: Sequence[TranslationRung], facts: TranslationFacts) -> str:
    one, other = rungs[-1].figures, rungs[0]
    tiles = [
        ("chrF", f"{one['chrf']:.1f}", "of 100; parts of words in common"),
        ("Baseline", f"{other.figures['chrf']:.1f}", f"chrF of {other.name}"),
        ("BLEU", f"{one['bleu']:.1f}", "of 100; runs of words in common"),
        ("Exact", f"{one['exact']:.1%}", "the very words of the reference"),
        ("Time to fit", page.seconds(rungs[-1].seconds), "seconds"),
    ]
    verdict = f'<ul class="verdicts"><li dir="auto">{page.text(facts.verdict)}</li></ul>'
    return page.tiles(tiles) + verdict


def _data(net: Translator, facts: TranslationFacts) -> str:
    train, dev, test = facts.sizes
    sizes = [len(side.vocabulary) for side in (net.source_, net.target_)]
    epochs = counted(len(net.history_), "epoch")
    rows = {
        "Data": facts.title,
        "Pairs": f"{train:,} train, {dev:,} dev, {test:,} test: {facts.said}",
        "Tokens": f"{net.level}s; vocabularies of {sizes[0]:,} and {sizes[1]:,}",
        "Network": f"{counted(net.n_parameters_, 'parameter')}, embedding {net.embedding:,}, "
        f"hidden {net.hidden:,}",
        "Training": f"{epochs}, the best was {net.best_epoch_}; seed {net.seed}",
        "Search": f"beam of {net.beam:,}, length penalty {net.length_penalty:g}",
        "Noticed": "; ".join(net.notes_),
        "Program": f"Sestina {__version__}",
    }
    inner = "".join(
        f'<dt>{name}</dt><dd dir="auto">{page.text(said)}</dd>'
        for name, said in rows.items()
        if said
    )
    return f'<dl class="facts">{inner}</dl>'


def _ladder(rungs: Sequence[TranslationRung]) -> str:
    heads = ["Model", "chrF", "BLEU", "Exact", "Perplexity", "Parameters", "Seconds"]
    rows = []
    for rung in rungs:
        found = rung.figures
        odds = f"{found['perplexity']:,.2f}" if "perplexity" in found else "–"
        rows.append(
            [page.name(rung.name), f"{found['chrf']:.1f}", f"{found['bleu']:.1f}",
             f"{found['exact']:.1%}", odds, f"{rung.parameters:,}", page.seconds(rung.seconds)]
        )  # fmt: skip
    how = (
        "chrF: runs of up to six characters that translation and reference have in common, recall "
        "before precision. BLEU: the same of up to four words, precision only, less where "
        "translations are short. Both are sacrebleu's, over all sentences together, and one "
        "reference is but one of many good translations. Perplexity: of the reference's tokens."
    )
    return page.table("All models on the test part", heads, rows, main=len(rungs) - 1) + page.note(
        how
    )


def _learning(net: Translator) -> str:
    checked = "validation_loss" in net.history_[0]
    how = "Lower is better. " + (
        "The weights after the marked epoch are kept. The training loss counts dropout and label "
        "smoothing in, the validation loss does not."
        if checked
        else "No part was held out, so the last epoch is kept."
    )
    said = f"Loss in {counted(len(net.history_), 'epoch')}; the best is epoch {net.best_epoch_}."
    chart = charts.learned(net.history_, net.best_epoch_)
    return page.figure("Loss of a token", chart, said, how, alone=True)


def _examples(rungs: Sequence[TranslationRung], test: Pairs, rows: Sequence[int]) -> str:
    items = []
    for n in rows:
        lines = [("Reference", test.targets[n])]
        lines += [(rung.name, rung.put[n]) for rung in reversed(rungs)]
        told = "".join(
            f'<dt>{page.name(who)}</dt><dd dir="auto">{page.excerpt(line)}</dd>'
            for who, line in lines
        )
        items.append(
            f'<li><blockquote dir="auto">{page.excerpt(test.sources[n])}</blockquote>'
            f'<dl class="facts">{told}</dl></li>'
        )
    how = page.note("Taken from the test part at even distances, not chosen.")
    return f'{how}<ol class="translations">{"".join(items)}</ol>'


def _maps(net: Translator, test: Pairs) -> str:
    """Return the attention of some translations; nothing for a net without."""
    if net.attention is None:
        return ""
    sizes = [len(net.source_.cut(text)) for text in test.sources]
    short = [n for n, size in enumerate(sizes) if SHORTEST <= size <= LONGEST]
    figures = []
    for place in _spread(len(short), MAPS):
        found = net.attention_weights(test.sources[short[place]])
        chart = heat_map.attention(found.weights, found.target, found.source)
        title = charts.shorten(test.sources[short[place]], 60)
        said = "Attention of " + net.target_.joined(found.target[:-1])
        figures.append(
            page.figure(
                title, chart, said,
                "A row is a token of the translation that the net made; the stronger the colour, "
                "the more it looks at the token of the sentence above. ▁ begins a word.",
                fixed=True,
            )
        )  # fmt: skip
    return "".join(f'<div class="after">{figure}</div>' for figure in figures)
