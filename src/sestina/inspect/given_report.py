"""The report of a model that writes from values: one page without network or scripts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, TypeAlias

import polars as pl

from sestina.errors import counted
from sestina.estimators.sequence_from_vector import SequenceFromVector
from sestina.estimators.vector_writer import BEAM
from sestina.inspect import page
from sestina.inspect.language_sections import (
    RANKED,
    TOKENS,
    Rungs,
    extremes,
    samples,
    shown,
    whole,
)
from sestina.inspect.sections import Told

Row: TypeAlias = tuple[Any, ...]
RECURRING = 5  # test texts of one value, for figures of each
VALUES = 6  # rows of values that are written from, the most frequent ones
SAMPLES = 5  # texts drawn from each


def render_given(
    net: SequenceFromVector, rungs: Rungs, given: pl.DataFrame, test: Sequence[str], told: Told
) -> str:
    """Return the report as an HTML page.

    Args:
        net: The model that the report is about.
        rungs: Figures on the test part, by name; `vector_ladder`.
        given: The columns that the test texts are written from, (N, A).
        test: N test texts.
        told: Data, options and verdicts.

    Raises:
        MissingExtra: altair or vl-convert-python is not installed.
    """
    counts = Counter(given.iter_rows()).most_common(VALUES)
    more = [
        ("values", "Value by value", _values(net, given, test, counts)),
        ("samples", "What it writes", _samples(net, given, [row for row, _ in counts])),
        ("texts", "What it expects", _texts(net, given, test)),
    ]
    beside = "from the values that belong to them, beside n-grams, which know of no values"
    return whole(net, rungs, told, (given, test), beside, more)


def _said(given: pl.DataFrame, row: Row) -> str:
    return ", ".join(f"{name} {value}" for name, value in zip(given.columns, row, strict=True))


def _values(
    net: SequenceFromVector, given: pl.DataFrame, test: Sequence[str], counts: list[tuple[Row, int]]
) -> str:
    """Return figures of the test texts of each value; nothing where values hardly recur."""
    if counts[0][1] < RECURRING:
        return ""
    rows = []
    numbers: dict[Row, list[int]] = {}
    for n, row in enumerate(given.iter_rows()):
        numbers.setdefault(row, []).append(n)
    for row, count in counts:
        found = net.figures(given[numbers[row]], [test[n] for n in numbers[row]])
        cells = f"{count:,}", f"{found['perplexity']:,.2f}", f"{found['bits_per_character']:.3f}"
        rows.append([page.name(_said(given, row)), *cells])
    heads = ["Written from", "Test texts", "Perplexity", "Bits per character"]
    table = page.table("By what texts are written from", heads, rows)
    if len(numbers) == len(counts):
        return table
    return table + page.note(f"The most frequent ones of {counted(len(numbers), 'value')}.")


def _samples(net: SequenceFromVector, given: pl.DataFrame, rows: Sequence[Row]) -> str:
    """Return texts that the model writes, by value."""
    n = TOKENS[net.level]
    found = net.predict(_table(given, rows), BEAM, n)
    groups = {
        _said(given, row): [best, *net.generate(_table(given, [row] * SAMPLES), n, seed=0)]
        for row, best in zip(rows, found, strict=True)
    }
    how = (
        f"First the most probable text that a search with a beam of {BEAM} finds, then others "
        f"drawn token by token; at most {counted(n, 'token')}, seeds 0 to {SAMPLES - 1}."
    )
    return samples(groups, how)


def _texts(net: SequenceFromVector, given: pl.DataFrame, test: Sequence[str]) -> str:
    """Return the most and the least probable test texts, given their values, tokens coloured."""
    step = max(-(-len(test) // RANKED), 1)
    pairs = list(dict.fromkeys(zip(given[::step].iter_rows(), test[::step], strict=True)))
    sizes = net.rows([text for _, text in pairs]).lengths - 1  # EOS stands before and behind
    kept = shown((sizes - 1).tolist())
    rows, texts = [pairs[n][0] for n in kept], [pairs[n][1] for n in kept]
    means = net.score_sequences(_table(given, rows), texts) / sizes[kept]
    said = [_said(given, row) for row in rows]
    return extremes(means, lambda n: net.score_tokens(rows[n], texts[n]), net, said)


def _table(given: pl.DataFrame, rows: Sequence[Row]) -> pl.DataFrame:
    """Return rows of values under the columns' names."""
    return pl.DataFrame(rows, schema=given.schema, orient="row")
