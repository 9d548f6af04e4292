"""Tables with a row for each step of a recording (long format) → recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sestina.data.columns import LABEL_NAMES, SPLIT_NAMES, guess, must_have
from sestina.data.recordings import Recordings, as_values
from sestina.data.steps import Floats, numbers, refuse_twice, rows_of, strings
from sestina.data.tables import SEPARATORS, kind_of, read_table
from sestina.errors import DataError

Rows = NDArray[np.int64]

ID_NAMES = ("id", "series", "series_id", "recording", "recording_id", "sequence", "case", "sample")
TIME_NAMES = ("time", "timestamp", "t", "step", "seconds", "date", "datetime")
GROUP_NAMES = ("subject", "group", "person", "participant", "user", "patient")
KINDS_NAMES = (*LABEL_NAMES, "activity")


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
    cells = {role: strings(table[name]) for role, name in taken.items()}
    groups, times = rows_of(cells.get("id", [""] * table.height)), cells.get("time")
    if times is not None:
        places = _times(table[taken["time"]], path, first)
        sorted_ = _in_time(groups, places, times, path)
        if any(not np.array_equal(groups[name], rows) for name, rows in sorted_.items()):
            notes.append(f"put rows in the order of {taken['time']!r}")
        groups = sorted_
    names, rows = list(groups), list(groups.values())
    told = {
        role: _one_each(cells.get(role), rows, names, role, str(path))
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


def _numbers(column: pl.Series, path: Path, first: int) -> Floats:
    """Return a column as numbers, NaN where nothing stands."""
    found, odd = numbers(column)
    if odd.any():
        row = int(np.argmax(odd))
        raise DataError(
            f"{path}: line {row + first} has {str(column[row])!r} in the column {column.name!r}; "
            "expected a number: correct it, or name the channels with --channels"
        )
    return found


def _times(column: pl.Series, path: Path, first: int) -> Floats:
    """Return times as numbers; dates are told by their seconds."""
    if column.dtype == pl.String:
        plain = column.cast(pl.Float64, strict=False)
        column = _dates(column) if plain.is_null().all() else plain
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


def _in_time(
    groups: Mapping[str, Rows], places: Floats, times: list[str], path: Path
) -> dict[str, Rows]:
    """Return the rows of each recording in the order of their times.

    Args:
        groups: The rows of each, as they come.
        places: The times of all rows as numbers.
        times: The same as written.
        path: Of the table.
    """
    found = {}
    for key, rows in groups.items():
        found[key] = rows[np.argsort(places[rows], kind="stable")]
        where = f"{path}{f', recording {key!r}' if key else ''}"
        refuse_twice([times[row] for row in found[key]], places[found[key]], where)
    return found


def _one_each(
    column: list[str] | None, rows: list[Rows], names: list[str], role: str, source: str
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
