"""The report of a language model: one HTML page that needs neither network nor scripts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sestina.errors import counted
from sestina.estimators.language_model import LanguageModel
from sestina.estimators.trained import Trained
from sestina.inspect import page, sections
from sestina.inspect.language import name_of
from sestina.inspect.sections import Told
from sestina.text.detokenise import Joiner

TEMPERATURES = (0.5, 0.8, 1.0)
SAMPLES = 3  # at each temperature
TOKENS = {"word": 40, "subword": 60, "character": 200}  # of a sample
RANKED = 2_000  # test texts that are ranked at most, evenly from all
SHORTEST, LONGEST = 3, 60  # tokens of those that are shown, where there are such
SHOWN = 5  # most, and least, probable ones
DARKEST = math.log(1e-4)  # log P of the strongest colour

Rungs = Mapping[str, Mapping[str, Any]]


def render_language(net: LanguageModel, rungs: Rungs, test: Sequence[str], told: Told) -> str:
    """Return the report as an HTML page.

    Args:
        net: The model that the report is about.
        rungs: Figures on the test part, by name; `language_ladder`.
        test: The test texts.
        told: Data, options and verdicts.

    Raises:
        MissingExtra: altair or vl-convert-python is not installed.
    """
    own = rungs[name_of(net)]
    lede = (
        f"How well {page.name(name_of(net))} foresees {counted(own['tokens'], 'token')} of "
        f"{counted(len(test), 'test text')} that it never saw, beside n-grams, and what it writes."
    )
    measures = {
        "perplexity": "Of the validation texts. Lower is better: as unsure as among so many "
        "equally probable tokens."
    }
    curves = sections.learning(net.history_, net.best_epoch_, "texts", measures)
    parts = [
        ("short", "In short", sections.short(_tiles(net, rungs), told.verdicts)),
        ("data", "What was trained on what", sections.data(told.data, told.options, told.helps)),
        ("ladder", "The ladder", _ladder(net, rungs)),
        ("learning", "How it learned", curves),
        ("samples", "What it writes", "" if net.backwards else _samples(net)),
        ("texts", "What it expects", "" if net.backwards else _texts(net, test)),
    ]
    return page.whole(told.title, lede, parts)


def speed(net: Trained) -> float:
    """Return the tokens trained on in a second, mean over the epochs."""
    return float(np.mean([row["sequences_per_second"] for row in net.history_]))


def _tiles(net: LanguageModel, rungs: Rungs) -> list[tuple[str, str, str]]:
    name = name_of(net)
    own = rungs[name]
    plain = {other: row for other, row in rungs.items() if other != name}
    best = min(plain, key=lambda other: float(plain[other]["perplexity"]))
    return [
        ("Perplexity", f"{own['perplexity']:,.2f}", "lower is better"),
        ("Best n-grams", f"{plain[best]['perplexity']:,.2f}", best),
        ("Bits per character", f"{own['bits_per_character']:.3f}", "of the test texts"),
        ("Tokens per second", f"{speed(net):,.0f}", "in training"),
        ("Parameters", f"{own['parameters']:,}", "numbers it learned"),
        ("Time to fit", page.seconds(own["seconds"]), "seconds"),
    ]


def _ladder(net: LanguageModel, rungs: Rungs) -> str:
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


def _samples(net: LanguageModel) -> str:
    """Return texts that the model writes, by temperature."""
    n, groups = TOKENS[net.level], []
    for temperature in TEMPERATURES:
        texts = [net.generate("", n, temperature, seed=seed) for seed in range(SAMPLES)]
        items = "".join(
            f'<li><blockquote dir="auto">{page.text(text.strip()) or "(an empty text)"}'
            "</blockquote></li>"
            for text in texts
        )
        groups.append(f'<h3>Temperature {temperature:g}</h3><ol class="samples">{items}</ol>')
    how = (
        f"Drawn token by token from the beginning of a text, up to {counted(n, 'token')}; seeds 0 "
        f"to {SAMPLES - 1}. A low temperature keeps to what is probable, 1 is the model's own "
        "distribution."
    )
    return page.note(how) + f'<div class="after">{page.columns(*groups)}</div>'


def _texts(net: LanguageModel, test: Sequence[str]) -> str:
    """Return the most and the least probable test texts, their tokens coloured."""
    step = max(-(-len(test) // RANKED), 1)
    texts = list(dict.fromkeys(test[::step]))
    sizes = {text: len(net.tokens(text)) for text in texts}
    texts = [text for text in texts if SHORTEST <= sizes[text] <= LONGEST] or texts
    means = net.score_texts(texts) / np.array([sizes[text] + 1 for text in texts])  # EOS too
    order = np.argsort(-means, kind="stable")
    few = min(SHOWN, len(order))
    groups = [
        _group(net, "Most probable", [texts[n] for n in order[:few]]),
        _group(net, "Least probable", [texts[n] for n in order[len(order) - few :][::-1]]),
    ]
    scale = "".join(
        f'<span style="--s:{_strength(math.log(p))}%">{shown}</span> '
        for p, shown in (
            (0.5, "1 in 2"),
            (0.1, "1 in 10"),
            (0.01, "1 in 100"),
            (1e-4, "1 in 10,000"),
        )
    )
    how = (
        f"Of {counted(len(texts), 'test text')} by the mean log P of a token, each read by itself. "
        "The stronger the colour, the less the model expected the token there. Underlined: outside "
        "the vocabulary."
    )
    key = f'<p class="heat scale" aria-hidden="true">{scale}</p>'
    return f'{page.note(how)}{key}<div class="after">{page.pair(*groups)}</div>'


def _group(net: LanguageModel, title: str, texts: Sequence[str]) -> str:
    items = "".join(
        f'<li><p class="heat" dir="auto">{_heated(net, text)}</p></li>' for text in texts
    )
    return f'<h3>{title}</h3><ol class="sentences">{items}</ol>'


def _heated(net: LanguageModel, text: str) -> str:
    """Return a text as HTML, each token on a ground that tells how unexpected it came."""
    join, pieces = Joiner(net.level), []
    *tokens, (_, end) = net.score_tokens(text)
    for token, log_p in tokens:
        piece = join(token)
        blank = " " if piece.startswith(" ") and net.level != "character" else ""
        strange = "" if token in net.vocabulary_ else ' class="unknown"'
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
