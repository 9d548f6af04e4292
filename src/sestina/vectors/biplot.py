"""Rows and columns of a table in one plane: a biplot (Gabriel 1971), row A8."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from sestina.errors import DataError, OptionError, counted
from sestina.vectors import maps
from sestina.vectors.components import Components
from sestina.vectors.plane import MOST_GROUPS, Points, WordMap

ORIGIN = "0"
MOST = 5_000  # rows, or columns, each compared with every other
REACH = 0.9  # how far the longest arrow goes, as a share of the farthest row's distance


def biplot(
    table: Any,
    rows: Sequence[str],
    columns: Sequence[str],
    path: str | Path | None = None,
    *,
    shares: bool = True,
    standard: bool = True,
    groups: Sequence[str] | None = None,
    neighbours: int = maps.NEIGHBOURS,
    title: str | None = None,
) -> WordMap:
    """Draw the rows of a table as points and its columns as arrows, in the first two components.

    Rows that are alike stand together. A row that has much of a column, compared with the others,
    lies in the direction of its arrow. All arrows are made longer or shorter by one factor, so
    that they fill the picture. EDAN95 [002] draws the chapters of Salammbô and their letters.

    Args:
        table: Numbers, (N, D): counts, as a rule.
        rows: N names.
        columns: D names.
        path: File to write, .html or .png; none if None.
        shares: Whether rows are divided by their sums, so that their lengths do not matter.
        standard: Whether columns are divided by their deviations, so that rare ones count as
            much as frequent ones.
        groups: The group of each row, (N,), by which its point is coloured, for instance a label.
        neighbours: How many rows most like it are named with a row, and columns with a column.
        title: Heading of the map.

    Raises:
        DataError: Names, groups and table do not fit, there are less than two rows or columns, more
            than 5,000 of either, or too many groups for a legend.
        OptionError: The file has another ending.
        SestinaError: The file cannot be written.

    Returns:
        The map; its names are the rows, a point in the middle, and the columns.
    """
    _check_size(rows, columns)  # before a sparse table is filled
    numbers = np.asarray(table.toarray() if issparse(table) else table, dtype=np.float64)
    _check(numbers, rows, columns)
    _check_groups(groups, len(rows))
    fitted = Components(components=2, shares=shares, standard=standard)
    points = fitted.fit_transform(numbers)
    arrows = fitted.directions_.T * fitted.singular_values_
    longest = float(np.linalg.norm(arrows, axis=1).max()) or 1.0
    farthest = float(np.linalg.norm(points, axis=1).max()) or 1.0
    places = np.concatenate([points, np.zeros((1, 2)), arrows * (REACH * farthest / longest)])
    scaled = fitted.scaled(numbers)
    names = (*_apart(rows, columns), ORIGIN, *columns)
    near = (
        *_nearest(scaled, names[: len(rows)], neighbours),
        (),
        *_nearest(scaled.T, names[len(rows) + 1 :], neighbours),
    )
    middle = len(rows)
    first, second = fitted.explained_.tolist()
    drawn = WordMap(
        title or f"{counted(len(rows), 'row')} and {counted(len(columns), 'column')}",
        "pca",
        names,
        Points(places, (first, second)),
        near,
        tuple((middle, middle + 1 + n) for n in range(len(columns))),
        noun="point",
        groups=() if groups is None else (*map(str, groups), *[None] * (1 + len(columns))),
    )
    if path is not None:
        maps.write(drawn, path)
    return drawn


def _check_size(rows: Sequence[str], columns: Sequence[str]) -> None:
    if max(len(rows), len(columns)) > MOST:
        raise DataError(
            f"a picture of {counted(len(rows), 'row')} and {counted(len(columns), 'column')} shows "
            f"nothing; draw {MOST:,} at most, for instance a sample of the rows"
        )


def _check(table: NDArray[np.float64], rows: Sequence[str], columns: Sequence[str]) -> None:
    if table.ndim != 2 or table.shape != (len(rows), len(columns)):
        raise DataError(
            f"a table of shape {table.shape} came with the names of {counted(len(rows), 'row')} "
            f"and {counted(len(columns), 'column')}; expected as many names as rows and columns"
        )
    if min(table.shape) < 2:
        raise DataError(
            f"a table of shape {table.shape} has no plane; give two rows and columns or more"
        )
    if len(set(columns)) < len(columns) or len(set(rows)) < len(rows):
        raise OptionError("two rows or two columns have the same name; make them differ")


def _check_groups(groups: Sequence[str] | None, rows: int) -> None:
    if groups is None:
        return
    if len(groups) != rows:
        raise DataError(
            f"{counted(len(groups), 'group')} came with {counted(rows, 'row')}; give one to each"
        )
    different = len(set(map(str, groups)))
    if different > MOST_GROUPS:
        raise DataError(
            f"{different:,} different groups came; a legend has room for {MOST_GROUPS}, so join "
            "some, or give none"
        )


def _apart(rows: Sequence[str], columns: Sequence[str]) -> list[str]:
    """Return names of rows that no column has, nor the middle."""
    taken = {*columns, ORIGIN}
    return [f"{name} (row)" if name in taken else name for name in rows]


def _nearest(
    vectors: NDArray[np.float64], names: Sequence[str], count: int
) -> list[tuple[tuple[str, float], ...]]:
    """Return with each vector the names of those of the highest cosine, and these."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.where(lengths > 0, lengths, 1)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -np.inf)
    best = np.argsort(-cosines, axis=1, kind="stable")[:, : min(count, len(names) - 1)]
    return [
        tuple((names[m], float(cosines[n, m])) for m in row) for n, row in enumerate(best.tolist())
    ]
