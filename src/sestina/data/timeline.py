"""Tables of values over time → series in order, what is known ahead of them, and their times.

Letters: M series, T steps, C variables, K columns known ahead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from sestina.data.gaps import lines_between, value_before
from sestina.data.moments import DAY, form_of, moments_of, next_times
from sestina.data.steps import Floats, numbers, refuse_twice, rows_of, strings
from sestina.data.tables import TABLES, kind_of, read_table
from sestina.errors import DataError, counted, nearest

UNEVEN = 1.5  # times the usual step: what months are not, and a missing row is


@dataclass(frozen=True)
class TimelineColumns:
    """Which columns are what.

    Attributes:
        time: Column of the time; None: the first.
        values: Columns to foretell; none: all others of numbers.
        id: Column that tells series apart, or None.
        covariates: Columns known ahead.
        calendar: Whether the place in the year, the week and the day are known ahead, too.
        fill: How gaps in values are filled: "forward", "linear", or None.
    """

    time: str | None = None
    values: tuple[str, ...] = ()
    id: str | None = None
    covariates: tuple[str, ...] = ()
    calendar: bool = False
    fill: str | None = None


@dataclass(frozen=True)
class Timeline:
    """M series of a table.

    Attributes:
        columns: The columns that were taken.
        ids: Their names; one empty name where the table has no such column.
        values: M arrays (T, C).
        known: M arrays (T + A, K), for A steps behind the last value as well.
        times: M lists of T + A times, as written.
        moments: M arrays (T + A,), seconds or numbers; empty where times are no such.
        notes: What was guessed or left out while reading.
        source: Where they are from.
    """

    columns: TimelineColumns
    ids: list[str]
    values: list[Floats]
    known: list[Floats]
    times: list[list[str]]
    moments: list[Floats]
    notes: tuple[str, ...] = ()
    source: str = ""
    parts: None = None  # a series goes on from one part into the next

    def __len__(self) -> int:
        return len(self.ids)

    def past(self) -> list[Floats]:
        """Return what is known ahead of the steps that have values, M arrays (T, K)."""
        return [row[: len(v)] for row, v in zip(self.known, self.values, strict=True)]


def read_timeline(
    path: str | Path, columns: TimelineColumns, encoding: str = "utf-8", ahead: int = 0
) -> Timeline:
    """Return the series of a table in the order of their times.

    Rows at the end without values tell what is known ahead. A calendar is known ahead by itself.

    Args:
        path: A table (.csv .tsv .json .jsonl .parquet), a row for each step.
        columns: Which are what.
        encoding: Of a text file.
        ahead: Steps behind the last for which the calendar is told, too.

    Raises:
        DataError: The file cannot be read, a column is missing, or a value or time does not do.
    """
    if kind_of(Path(path)) not in TABLES:
        raise DataError(f"{path} is no table; expected one of {', '.join(TABLES)}")
    table = read_table(Path(path), encoding, header=True)
    if not table.height:
        raise DataError(f"{path} has no rows; expected one for each step")
    columns, notes = _chosen(table, columns, str(path))
    groups = rows_of(strings(table[columns.id]) if columns.id else [""] * table.height)
    found = [
        _series(table[rows], columns, f"{path}{f', series {name!r}' if name else ''}", ahead)
        for name, rows in groups.items()
    ]
    told = dict.fromkeys(note for one in found for note in one[-1])
    notes += [note.removeprefix(str(path)).lstrip(",: ") for note in told]  # it stands before all
    parts = list(zip(*found, strict=True))
    return Timeline(
        columns, list(groups), list(parts[0]), list(parts[1]), list(parts[2]), list(parts[3]),
        tuple(notes), str(path),
    )  # fmt: skip


def _chosen(
    table: pl.DataFrame, columns: TimelineColumns, source: str
) -> tuple[TimelineColumns, list[str]]:
    """Return which columns are what, and what was guessed."""
    asked = [columns.time, columns.id, *columns.values, *columns.covariates]
    for name in filter(None, asked):
        if name not in table.columns:
            raise DataError(f"{source} has no column {name!r}{nearest(name, table.columns)}")
    time = columns.time or table.columns[0]
    named = {time, columns.id, *columns.covariates}
    notes = [] if columns.time else [f"took column {time!r} as the time"]
    values = columns.values
    if not values:
        others = [name for name in table.columns if name not in named]
        values = tuple(name for name in others if _numeric(table[name]))
        left = [name for name in others if name not in values]
        _refuse_slips(table, left, source)
        notes.append(f"took {_listed(values)} as what is foretold")
        if left:
            notes.append(f"left out {_listed(left)}, not of numbers")
    twice = (named & set(values)) | {name for name in values if values.count(name) > 1}
    if twice or not values:
        what = f"{_listed(sorted(map(str, twice)))} twice" if twice else "no column of numbers"
        raise DataError(f"{source}: {what} to foretell; name the columns with --values")
    return (
        TimelineColumns(time, values, columns.id, columns.covariates, columns.calendar,
                        columns.fill),
        notes,
    )  # fmt: skip


def _refuse_slips(table: pl.DataFrame, names: Sequence[str], source: str) -> None:
    """Raise where most cells of a column are numbers, and some, by mistake, are not.

    Raises:
        DataError: There is such a column.
    """
    for name in names:
        found, odd = numbers(table[name])
        right = int((~np.isnan(found)).sum())
        if odd.sum() < right:
            cell = str(table[name][int(np.argmax(odd))])[:40]
            raise DataError(
                f"{source}: {name!r} holds {cell!r}, which is no number, among "
                f"{counted(right, 'number')}; correct it, or name the columns to foretell with "
                "--values"
            )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:8])) + (" …" if len(names) > 8 else "")
    return f"{'column' if len(names) == 1 else 'columns'} {shown}"


def _numeric(column: pl.Series) -> bool:
    found, odd = numbers(column)
    return not odd.any() and not np.isnan(found).all()


def _series(
    table: pl.DataFrame, columns: TimelineColumns, where: str, ahead: int
) -> tuple[Floats, Floats, list[str], Floats, list[str]]:
    """Return values, what is known ahead, times, moments and notes of one series."""
    assert columns.time is not None
    times = [str(time).strip() for time in table[columns.time].to_list()]
    moments, notes = _moments(times, where), []
    if len(moments):
        order = np.argsort(moments, kind="stable")
        table, times, moments = table[order], [times[n] for n in order], moments[order]
        notes = _spacing(times, moments, where)
    else:
        notes.append(f"{where}: times such as {times[0]!r} are no dates or numbers; rows are taken "
                     "in their order")  # fmt: skip
    values, known = (_matrix(table, names, where) for names in (columns.values, columns.covariates))
    given = np.isfinite(values).any(axis=1)
    size = int(np.flatnonzero(given)[-1]) + 1 if given.any() else 0
    values = _filled(values[:size], columns, times, where)
    missing = np.argwhere(~np.isfinite(known))
    if len(missing):
        step, column = missing[0]
        raise DataError(
            f"{where}: {columns.covariates[column]!r} has no value at {times[step]!r}; what is "
            "known ahead must be known at every step"
        )
    if columns.calendar:
        more = next_times(times, moments, max(ahead - (len(times) - size), 0))
        known, moments, times = _with_calendar(known, moments, times, more, where)
    return values, known, times, moments, notes


def _matrix(table: pl.DataFrame, names: Sequence[str], where: str) -> Floats:
    """Return columns as numbers, (T, columns); NaN where a cell is empty."""
    rows = []
    for name in names:
        found, odd = numbers(table[name])
        if odd.any():
            cell = table[name][int(np.argmax(odd))]
            raise DataError(f"{where}: {name!r} holds {str(cell)[:40]!r}, which is no number")
        rows.append(found)
        if np.isinf(rows[-1]).any():
            raise DataError(
                f"{where}: {name!r} holds an infinite value; correct it, or leave the cell empty"
            )
    return np.stack(rows, axis=1) if rows else np.empty((table.height, 0))


def _filled(values: Floats, columns: TimelineColumns, times: Sequence[str], where: str) -> Floats:
    """Return values (T, C) without gaps."""
    gaps = ~np.isfinite(values)
    if not gaps.any():
        return values
    if columns.fill is None or gaps[0].any():
        step, column = np.argwhere(gaps)[0]
        how = "cut the rows before the first value" if gaps[0].any() else "add --fill forward"
        raise DataError(
            f"{where}: {counted(int(gaps.sum()), 'value')} missing, the first of "
            f"{columns.values[column]!r} at {times[step]!r}; {how}, or --fill linear"
        )
    return lines_between(values) if columns.fill == "linear" else value_before(values, np.nan)


def _moments(times: Sequence[str], where: str) -> Floats:
    """Return times as seconds or numbers; nothing where the first is no such.

    Raises:
        DataError: The first is one, and another is not.
    """
    found = moments_of(times)
    if not len(found) and len(moments_of(times[:1])):
        odd = next(time for time in times if not len(moments_of([times[0], time])))
        raise DataError(
            f"{where}: the first time is {times[0]!r}, and {odd!r} is not written like it; write "
            "all alike, such as 2024-03-01 or 2024-03-01T12:00:00+01:00"
        )
    return found


def _spacing(times: Sequence[str], moments: Floats, where: str) -> list[str]:
    """Return what is uneven about the times; raise where one occurs twice."""
    refuse_twice(times, moments, where)
    steps = np.diff(moments)
    wide = int((steps > UNEVEN * np.median(steps)).sum()) if len(steps) else 0
    if not wide:
        return []
    return [f"{where}: {counted(wide, 'step')} wider than usual; rows are read as if evenly apart"]


def _with_calendar(
    known: Floats, moments: Floats, times: list[str], more: list[str], where: str
) -> tuple[Floats, Floats, list[str]]:
    """Return what is known ahead with the place in year, week and day; for times more, too."""
    if not len(moments) or form_of(times) is None:
        raise DataError(f"{where}: a calendar wants dates such as 2024-03-01, not {times[0]!r}")
    usual = float(np.median(np.diff(moments))) if len(moments) > 1 else DAY
    if more and not known.shape[1]:
        times = [*times, *more]
        moments = moments_of(times)
        known = np.empty((len(times), 0))
    cycles = [365.2425 * DAY, *(cycle for cycle in (7 * DAY, DAY) if usual < cycle)]
    angles = [2 * np.pi * moments / cycle for cycle in cycles]
    waves = [wave(angle) for angle in angles for wave in (np.sin, np.cos)]
    return np.concatenate([known, np.stack(waves, axis=1)], axis=1), moments, times
