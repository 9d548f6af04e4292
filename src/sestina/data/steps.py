"""Columns of tables with a row for each step: numbers, names, and which series a row is of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sestina.errors import DataError, counted

Floats = NDArray[np.float64]
MISSING = ("", "na", "nan", "null", "none", "?")


def numbers(column: pl.Series) -> tuple[Floats, NDArray[np.bool_]]:
    """Return a column as numbers, NaN where nothing stands, and which rows hold something else."""
    given = column.is_not_null()
    if column.dtype == pl.String:
        column = column.str.strip_chars()
        given &= ~column.str.to_lowercase().is_in(MISSING)
    found = column.cast(pl.Float64, strict=False)
    odd = (given & found.is_null()).to_numpy()
    return found.fill_null(np.nan).to_numpy().astype(np.float64), odd


def strings(column: pl.Series) -> list[str]:
    """Return a column as strings, empty ones where nothing stands."""
    if column.dtype.is_temporal():
        return ["" if value is None else str(value) for value in column.to_list()]
    return [value.strip() for value in column.cast(pl.String).fill_null("").to_list()]


def rows_of(names: Sequence[str]) -> dict[str, NDArray[np.int64]]:
    """Return the rows of each series, in the order in which their names first come."""
    groups: dict[str, list[int]] = {}
    for row, name in enumerate(names):
        groups.setdefault(name, []).append(row)
    return {name: np.array(rows, np.int64) for name, rows in groups.items()}


def refuse_twice(times: Sequence[str], moments: Floats, where: str) -> None:
    """Raise where a series has one time twice.

    Args:
        times: As written, in their order.
        moments: The same as numbers.
        where: What the series is called in messages.

    Raises:
        DataError: It has.
    """
    same = np.flatnonzero(np.diff(moments) == 0)
    if len(same):
        raise DataError(
            f"{where}: the time {times[int(same[0])]!r} occurs twice "
            f"({counted(len(same), 'such row')}); take one of them out, or name the column that "
            "tells several series apart with --id"
        )
