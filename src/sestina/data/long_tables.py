"""Tables with a row for each step of a recording (long format) → recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sestina.data.columns import LABEL_NAMES, SPLIT_NAMES, guess, must_have
from sestina.data.recordings import Recordings, as_values
from sestina.data.tables import SEPARATORS, kind_of, read_table
from sestina.errors import DataError, counted

ID_NAMES = ("id", "series", "series_id", "recording", "recording_id", "sequence", "case", "sample")
TIME_NAMES = ("time", "timestamp", "t", "step", "seconds", "date", "datetime")
GROUP_NAMES = ("subject", "group", "person", "participant", "user", "patient")
KINDS_NAMES = (*LABEL_NAMES, "activity")
MISSING = ("", "na", "nan", "null", "none", "?")


@dataclass(frozen=True)
class RecordingColumns:
    """The columns, or arrays, asked for by name; None means: guess.

    `channels` are their names, parted by commas; None means all that are nothing else.
    """

    id: str | None = None
    time: str | None = None
    channels: str | None = None
    group: str | None = None
    label: str | None = None
    split: str | None = None


ROLES = {
    "id": ID_NAMES,
    "time": TIME_NAMES,
    "group": GROUP_NAMES,
    "label": KINDS_NAMES,
    "split": SPLIT_NAMES,
}
"""What a column may be beside a channel, and the names that say so."""


def read_long(
    path: Path, asked: RecordingColumns, *, encoding: str, header: bool, need_label: bool
) -> Recordings:
    """Read a table with a row for each step: id, time, channels, and perhaps label, group, part.

    Rows of one id make a recording, in the order of their times. Cells that are empty or say NA,
    NaN, null or ? are missing values.

    Raises:
        DataError: A column is missing, a cell is no number, a time stands twice, or a recording
            has several labels, groups or parts.
    """
    table = read_table(path, encoding, header)
    taken, channels, notes = _columns(table.columns, asked, str(path), need_label)
    first = 2 if header and kind_of(path) in SEPARATORS else 1  # line of the first row
    if not table.height:
        raise DataError(f"{path} has a header and no rows; expected one for each step")
    values = np.stack([_numbers(table[name], path, first) for name in channels], axis=1)
    ids = _strings(table, taken.get("id")) or [""] * table.height
    order, names, codes = _in_order(ids)
    times = _strings(table, taken.get("time"))
    if times is not None:
        places = _times(table[taken["time"]], path, first)
        sorted_ = np.lexsort((places, codes))
        if not np.array_equal(sorted_, order):
            notes.append(f"put rows in the order of {taken['time']!r}")
        order = sorted_
        _refuse_twice(order, codes, places, ids, times, f"{path}")
    ends = np.flatnonzero(np.diff(codes[order])) + 1
    rows = np.split(order, ends)
    told = {
        role: _one_each(_strings(table, taken.get(role)), rows, names, role, str(path))
        for role in ("label", "group", "split")
    }
    return Recordings(
        [as_values(values[found]) for found in rows],
        labels=None if told["label"] is None else [*told["label"]],
        parts=told["split"],
        notes=tuple(notes),
        source=str(path),
        names=names if "id" in taken else None,
        channels=tuple(channels),
        groups=told["group"],
        group_name=taken.get("group", "group"),
        times=None if times is None else [[times[r] for r in found] for found in rows],
    )


def _columns(
    names: Sequence[str], asked: RecordingColumns, source: str, need_label: bool
) -> tuple[dict[str, str], list[str], list[str]]:
    """Return the column of each role that has one, the channels', and what was guessed."""
    wished = {role: getattr(asked, role) for role in ROLES if getattr(asked, role)}
    channels = [name.strip() for name in (asked.channels or "").split(",") if name.strip()]
    for name in (*wished.values(), *channels):
        must_have(names, name, source)
    taken: dict[str, str] = dict(wished)
    for role, known in ROLES.items():
        found = guess(names, known, [*taken.values(), *channels])
        if role not in taken and found is not None:
            taken[role] = found
    twice = [name for name in channels if name in taken.values() or channels.count(name) > 1]
    if len(set(taken.values())) < len(taken) or twice:
        raise DataError(f"{source}: one column is asked for as two things; name two columns")
    if need_label and "id" not in taken:
        raise DataError(
            f"{source} has the columns {', '.join(names[:12])}, and none that tells recordings "
            "apart; name it with --id COLUMN"
        )
    channels = channels or [name for name in names if name not in taken.values()]
    if not channels:
        raise DataError(f"{source} has no column left for a channel; name them with --channels")
    notes = [
        f"took column {taken[r]!r} as the {r}" for r in ROLES if r in taken and r not in wished
    ]
    if asked.channels is None:
        notes.append(f"took {', '.join(map(repr, channels[:12]))} as the channels")
    return taken, channels, notes


def _numbers(column: pl.Series, path: Path, first: int) -> NDArray[np.float64]:
    """Return a column as numbers, NaN where nothing stands."""
    wrong = column.is_not_null()
    if column.dtype == pl.String:
        column = column.str.strip_chars()
        wrong &= ~column.str.to_lowercase().is_in(MISSING)
    found = column.cast(pl.Float64, strict=False)
    wrong = (wrong & found.is_null()).arg_true()
    if len(wrong):
        row = int(wrong[0])
        raise DataError(
            f"{path}: line {row + first} has {str(column[row])!r} in the column {column.name!r}; "
            "expected a number: correct it, or name the channels with --channels"
        )
    return found.fill_null(np.nan).to_numpy().astype(np.float64)


def _times(column: pl.Series, path: Path, first: int) -> NDArray[np.float64]:
    """Return times as numbers; dates are told by their seconds."""
    if column.dtype == pl.String:
        numbers = column.cast(pl.Float64, strict=False)
        column = _dates(column) if numbers.is_null().all() else numbers
    if column.dtype.is_temporal():
        column = column.to_physical()
    found = column.cast(pl.Float64, strict=False)
    wrong = found.is_null().arg_true()
    if len(wrong):
        raise DataError(
            f"{path}: line {int(wrong[0]) + first} has no time in the column {column.name!r}; "
            "expected a number or a date such as 2024-05-01 12:30:00"
        )
    return found.to_numpy()


def _dates(column: pl.Series) -> pl.Series:
    """Return strings as dates, nothing where they are none."""
    try:
        return column.str.to_datetime(strict=False)
    except pl.exceptions.ComputeError:  # which it raises where the first is none
        return pl.Series(column.name, [None] * len(column), pl.Float64)


def _strings(table: pl.DataFrame, name: str | None) -> list[str] | None:
    """Return a column as strings, empty ones where nothing stands; None of no column."""
    if name is None:
        return None
    return [value.strip() for value in table[name].cast(pl.String).fill_null("").to_list()]


def _in_order(ids: list[str]) -> tuple[NDArray[np.int64], list[str], NDArray[np.int64]]:
    """Return rows ordered by id, ids as they first come, and the number of each row's id."""
    number = {name: n for n, name in enumerate(dict.fromkeys(ids))}
    codes = np.array([number[name] for name in ids])
    return np.argsort(codes, kind="stable"), list(number), codes


def _refuse_twice(
    order: NDArray[Any], codes: NDArray[Any], places: NDArray[Any], ids: list[str],
    times: list[str], source: str,
) -> None:  # fmt: skip
    """Raise where a recording has one time twice."""
    same = (np.diff(codes[order]) == 0) & (np.diff(places[order]) == 0)
    if same.any():
        row = int(order[int(np.argmax(same))])
        raise DataError(
            f"{source}: {ids[row] or 'the recording'!r} has time {times[row]} twice "
            f"({counted(int(same.sum()), 'such row')}); take one of them out, or name the column "
            "that tells recordings apart with --id"
        )


def _one_each(
    column: list[str] | None, rows: list[NDArray[Any]], names: list[str], role: str, source: str
) -> list[str] | None:
    """Return the one value of a column that each recording has."""
    if column is None:
        return None
    found = [list(dict.fromkeys(column[r] for r in each)) for each in rows]
    several = [n for n, values in enumerate(found) if len(values) > 1]
    if several:
        n = several[0]
        raise DataError(
            f"{source}: {names[n]!r} has the {role}s {found[n][0]!r} and {found[n][1]!r}; a "
            f"recording has one {role}: give parts of it ids of their own"
        )
    return [values[0] for values in found]
