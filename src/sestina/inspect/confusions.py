"""Which classes are taken for which: the matrix, and the most frequent confusions as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.errors import counted
from sestina.inspect import charts, page

MOST_CLASSES = 20
PAIRS = 10

Counts = NDArray[np.int64]


def counts(codes: NDArray[Any], decided: NDArray[Any], size: int) -> Counts:
    """Return how often each class was taken for each, (K, K), from codes (N,) of both."""
    table = np.zeros((size, size), dtype=np.int64)
    np.add.at(table, (codes, decided), 1)
    return table


def matrix(
    table: Counts, classes: Sequence[Any], unit: str, kind: tuple[str, str], alone: bool
) -> str:
    """Return the confusion matrix as a figure.

    Args:
        table: What `counts` returns.
        classes: K names.
        unit: What was put into classes: "text", "word".
        kind: What a class is called, and several.
        alone: Whether nothing stands beside it.
    """
    size, totals = len(classes), table.sum(axis=1)
    shown = most_frequent(totals)
    few = table[np.ix_(shown, shown)]
    one, several = kind
    how = (
        f"A row holds the {unit}s of one true {one}; the stronger the colour, the larger the share "
        "of the row. Right answers lie on the diagonal."
    )
    if size > len(shown):
        how += (
            f" Shown are the {len(shown)} most frequent of {size:,} {several}; "
            f"{int(table.sum() - few.sum()):,} of {counted(int(table.sum()), f'test {unit}')} "
            f"are of another {one}, or were taken for one."
        )
    chart = charts.confusion(few, totals[shown], names(classes, shown, 16))
    said = f"Right: {int(np.trace(table)):,} of {counted(int(table.sum()), unit)}."
    return page.figure("Confusion matrix", chart, said, how, fixed=True, alone=alone)


def worst(table: Counts, classes: Sequence[Any], unit: str, kind: str) -> str:
    """Return the table of the classes that are most often taken for another; perhaps nothing."""
    wrong, totals = table - np.diag(np.diag(table)), table.sum(axis=1)
    order = np.argsort(-wrong, axis=None, kind="stable")[:PAIRS]
    places = [divmod(int(place), len(table)) for place in order]
    rows = [
        [page.name(classes[i]), page.name(classes[j]), f"{wrong[i, j]:,}",
         f"{wrong[i, j] / totals[i]:.3f}"]
        for i, j in places if wrong[i, j]
    ]  # fmt: skip
    heads = [f"True {kind}", "Taken for", f"{unit.capitalize()}s", f"Share of {kind}"]
    return page.table("Most frequent confusions", heads, rows, texts=2) if rows else ""


def most_frequent(support: NDArray[Any]) -> Counts:
    """Return the numbers of the most frequent classes, in the classes' order."""
    return np.sort(np.argsort(-support, kind="stable")[:MOST_CLASSES])


def names(classes: Sequence[Any], shown: Counts, most: int) -> list[str]:
    """Return different names of some classes, short enough for a chart."""
    return charts.distinct([classes[int(k)] for k in shown], most)
