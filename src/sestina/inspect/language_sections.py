"""Sections that the reports of all models that write share: figures, ladder, learning, texts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.errors import counted
from sestina.estimators.trained import Trained
from sestina.inspect import page, sections
from sestina.inspect.gradient_page import reaches_of, section
from sestina.inspect.language import Net, name_of, orders
from sestina.inspect.sections import Told
from sestina.text.detokenise import Joiner
from sestina.text.vocabulary import Vocabulary

TOKENS = {"word": 40, "subword": 60, "character": 200}  # of a text that a model writes
RANKED = 2_000  # test texts that are ranked at most, evenly from all
SHOWN = 5  # most, and least, probable texts
SHORTEST, LONGEST = 3, 60  # tokens of those that are shown, where there are such
DARKEST = math.log(1e-4)  # log P of the strongest colour

Rungs = Mapping[str, Mapping[str, Any]]
Scored = Sequence[tuple[str, float]]
Sections = Sequence[tuple[str, str, str]]  # key, heading, HTML


def speed(net: Trained) -> float:
    """Return the tokens trained on in a second, mean over the epochs."""
    return float(np.mean([row["sequences_per_second"] for row in net.history_]))


def whole(
    net: Net, rungs: Rungs, told: Told, test: Sequence[Any], beside: str, more: Sections
) -> str:
    """Return a report as an HTML page: how good the model is, and more.

    Args:
        net: The model.
        rungs: Figures on the test part, by name; `inspect.language`.
        told: Data, options and verdicts.
        test: What it takes of the test part to measure gradients on, its texts last.
        beside: What the model stands beside, for the sentence that opens the page.
        more: Further sections.

    Raises:
        MissingExtra: altair or vl-convert-python is not installed.
    """
    name = name_of(net)
    lede = (
        f"How well {page.name(name)} foresees {counted(rungs[name]['tokens'], 'token')} of "
        f"{counted(len(test[-1]), 'test text')} that it never saw, {beside}, and what it writes."
    )
    measures = {
        "perplexity": "Of the validation texts. Lower is better: as unsure as among so many "
        "equally probable tokens."
    }
    curves = sections.learning(net.history_, net.best_epoch_, "texts", measures)
    first = [
        ("short", "In short", sections.short(_tiles(net, rungs), told.verdicts)),
        ("data", "What was trained on what", sections.data(told.data, told.options, told.helps)),
        ("ladder", "The ladder", _ladder(net, rungs)),
        ("learning", "How it learned", curves),
        ("gradients", "How far gradients reach", section(reaches_of(net, *test), net.history_)),
    ]
    return page.whole(told.title, lede, [*first, *more])


def _tiles(net: Net, rungs: Rungs) -> list[tuple[str, str, str]]:
    name = name_of(net)
    own = rungs[name]
    best = min(orders(net), key=lambda grams: float(rungs[grams]["perplexity"]))
    return [
        ("Perplexity", f"{own['perplexity']:,.2f}", "lower is better"),
        ("Best n-grams", f"{rungs[best]['perplexity']:,.2f}", best),
        ("Bits per character", f"{own['bits_per_character']:.3f}", "of the test texts"),
        ("Tokens per second", f"{speed(net):,.0f}", "in training"),
        ("Parameters", f"{own['parameters']:,}", "numbers it learned"),
        ("Time to fit", page.seconds(own["seconds"]), "seconds"),
    ]


def _ladder(net: Net, rungs: Rungs) -> str:
    name = name_of(net)
    most = max(float(row["bits_per_character"]) for row in rungs.values())
    heads = ["Model", "Perplexity", "Bits per character", "Numbers learnt", "Seconds"]
    rows = [
        [page.name(other), f"{row['perplexity']:,.2f}",
         page.bar(f"{row['bits_per_character']:.3f}", row["bits_per_character"] / most),
         f"{row['parameters']:,}", page.seconds(row["seconds"])]
        for other, row in rungs.items()
    ]  # fmt: skip
    title = f"All models on {counted(rungs[name]['tokens'], 'test token')}"
    table = page.table(title, heads, rows, main=list(rungs).index(name))
    how = (
        "All read the same tokens of the same vocabulary. Perplexity: as unsure as among so many "
        "equally probable tokens. Bits per character: what a character of the test texts takes on "
        "average, which can be compared between words, parts of words and characters. Of n-grams "
        "the numbers learnt are their counts."
    )
    unknown = rungs[name]["unknown"]
    if unknown:
        how += (
            f" {unknown:.1%} of the test tokens are unknown; a model pays for those what UNK costs,"
            " not their spelling."
        )
    return table + page.note(how)


def samples(groups: Mapping[str, Sequence[str]], how: str) -> str:
    """Return texts that a model wrote, by heading, and how it came to write them."""
    lists = []
    for heading, texts in groups.items():
        items = "".join(
            f'<li><blockquote dir="auto">{page.text(text.strip()) or "(an empty text)"}'
            "</blockquote></li>"
            for text in texts
        )
        lists.append(f'<h3>{page.text(heading)}</h3><ol class="samples">{items}</ol>')
    return page.note(how) + f'<div class="after">{page.columns(*lists)}</div>'


def shown(sizes: Sequence[int]) -> list[int]:
    """Return which of N texts of so many tokens can be shown whole; all where none is so short."""
    fit = [n for n, size in enumerate(sizes) if SHORTEST <= size <= LONGEST]
    return fit or list(range(len(sizes)))


def extremes(
    means: NDArray[np.float64], scored: Callable[[int], Scored], net: Net, given: Sequence[str] = ()
) -> str:
    """Return the most and the least probable of N texts, their tokens coloured.

    Args:
        means: The mean log P of a token of each, (N,).
        scored: Number of a text → its tokens, EOS the last, and log P of each.
        net: The model.
        given: What each is written from, in words; none of a language model.
    """
    order = np.argsort(-means, kind="stable")
    few = min(SHOWN, len(order))
    groups = []
    for heading, numbers in (("Most", order[:few]), ("Least", order[len(order) - few :][::-1])):
        items = "".join(
            f"<li>{_said(given[n]) if given else ''}"
            f'<p class="heat" dir="auto">{_heated(scored(n), net.level, net.vocabulary_)}</p></li>'
            for n in numbers.tolist()
        )
        groups.append(f'<h3>{heading} probable</h3><ol class="sentences">{items}</ol>')
    how = (
        f"Of {counted(len(means), 'test text')} by the mean log P of a token, each read by itself. "
        "The stronger the colour, the less the model expected the token there. Underlined: outside "
        "the vocabulary."
    )
    return f'{page.note(how)}{_scale()}<div class="after">{page.pair(*groups)}</div>'


def _said(given: str) -> str:
    return f'<p class="given" dir="auto">{page.text(given)}</p>'


def _scale() -> str:
    """Return the colours of some probabilities."""
    shares = {0.5: "1 in 2", 0.1: "1 in 10", 0.01: "1 in 100", 1e-4: "1 in 10,000"}
    spans = "".join(
        f'<span style="--s:{_strength(math.log(p))}%">{words}</span> '
        for p, words in shares.items()
    )
    return f'<p class="heat scale" aria-hidden="true">{spans}</p>'


def _heated(scored: Scored, level: str, vocabulary: Vocabulary) -> str:
    """Return a text as HTML, each token on a ground that tells how unexpected it came."""
    join, pieces = Joiner(level), []
    *tokens, (_, end) = scored
    for token, log_p in tokens:
        piece = join(token)
        blank = " " if piece.startswith(" ") and level != "character" else ""
        strange = "" if token in vocabulary else ' class="unknown"'
        told = f'style="--s:{_strength(log_p)}%" title="P {math.exp(log_p):.2g}"'
        pieces.append(f"{blank}<span{strange} {told}>{page.text(piece[len(blank) :])}</span>")
    pieces.append(
        f' <span class="end" style="--s:{_strength(end)}%" title="end: P {math.exp(end):.2g}">∎'
        "</span>"
    )
    return "".join(pieces)


def _strength(log_p: float) -> int:
    """Return how much of the colour log P gets, in per cent, 0 to 60."""
    return round(60 * min(max(log_p / DARKEST, 0.0), 1.0))
