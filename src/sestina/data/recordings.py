"""Recordings: numbers of several channels over time, with their labels, groups and parts."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.data.records import Label, known_parts
from sestina.errors import DataError, counted

Values = NDArray[np.float32]


@dataclass(frozen=True)
class Recordings:
    """N recordings of C channels; what a source does not tell is None.

    Attributes:
        rows: Arrays (T_n, C); NaN where a value is missing.
        labels: N labels.
        parts: "train", "dev" or "test" of each.
        notes: What was guessed, skipped or put in order.
        source: Where they are from.
        names: What each recording is called.
        channels: What each channel is called.
        groups: What of each stays in one part, as the person.
        group_name: What a group is called: "subject".
        times: The time of each step, as the file has it, T_n of each recording.
    """

    rows: list[Values]
    labels: list[Label] | None = None
    parts: list[str] | None = None
    notes: tuple[str, ...] = ()
    source: str = ""
    names: list[str] | None = None
    channels: tuple[str, ...] = ()
    groups: list[str] | None = None
    group_name: str = "group"
    times: list[list[str]] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def multi_label(self) -> bool:
        """Whether a recording may have several labels: never."""
        return False

    @property
    def called(self) -> list[str]:
        """N names, by number from 1 where the source has none."""
        return self.names or [f"recording {n}" for n in range(1, len(self) + 1)]

    @property
    def wholes(self) -> list[Any]:
        """N hashables; recordings with equal ones stay in one part."""
        return self.groups or list(range(len(self)))

    @property
    def drawn_by(self) -> str:
        """How parts are drawn, in words."""
        return f"by {self.group_name}" if self.groups else "by label"

    @property
    def sums(self) -> list[str]:
        """SHA-256 of each recording's values, for a sum of all."""
        return [hashlib.sha256(row.tobytes()).hexdigest() for row in self.rows]

    def take(self, rows: Sequence[int]) -> Recordings:
        """Return the recordings at `rows`, sharing the arrays."""

        def at(values: list[Any] | None) -> Any:
            return None if values is None else [values[r] for r in rows]

        return replace(
            self,
            rows=at(self.rows),
            labels=at(self.labels),
            parts=at(self.parts),
            names=at(self.names),
            groups=at(self.groups),
            times=at(self.times),
        )

    def between(self, first: float, end: float) -> Recordings:
        """Return what lies between two shares of each recording's steps."""

        def cut(values: list[Any] | None) -> Any:
            if values is None:
                return None
            return [one[round(first * len(one)) : round(end * len(one))] for one in values]

        return replace(self, rows=cut(self.rows), times=cut(self.times))

    def part(self, name: str) -> Recordings:
        """Return the recordings of one part; none where the source names no parts."""
        return self.take([r for r, part in enumerate(self.parts or ()) if part == name])

    def followed_by(self, others: Iterable[Recordings], parts: list[str]) -> Recordings:
        """Return these recordings and others behind them, with new parts and these notes.

        Raises:
            DataError: Another has other channels.
        """
        all_ = [self, *others]
        for other in all_[1:]:
            same_channels(self, other)

        def joined(name: str) -> Any:
            lists = [getattr(one, name) for one in all_]
            return None if None in lists else [item for one in lists for item in one]

        return replace(
            self,
            rows=[row for one in all_ for row in one.rows],
            labels=joined("labels"),
            names=[name for one in all_ for name in one.called],
            groups=joined("groups"),
            times=joined("times"),
            parts=parts,
        )

    def label_counts(self) -> dict[str, int]:
        """Return how many recordings carry each label, most frequent first."""
        counts = Counter(str(label) for label in self.labels or ())
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def gap(self) -> str:
        """Return in words which value is missing first, and how many are; nothing if none is."""
        holes = [np.argwhere(np.isnan(row)) for row in self.rows]
        missing = sum(map(len, holes))
        if not missing:
            return ""
        n = next(n for n, found in enumerate(holes) if len(found))
        step, channel = (int(place) for place in holes[n][0])
        time = f"time {self.times[n][step]}" if self.times else f"step {step}"
        name = self.channels[channel] if self.channels else str(channel + 1)
        return (
            f"{counted(missing, 'value')} of {counted(sum(row.size for row in self.rows), 'value')}"
            f" missing, the first in {self.called[n]!r}, {time}, channel {name!r}"
        )


def as_values(numbers: NDArray[Any]) -> Values:
    """Return numbers as float32; `checked` refuses those too large for it, which are infinite."""
    with np.errstate(over="ignore"):
        return numbers.astype(np.float32)


def same_channels(one: Recordings, other: Recordings) -> None:
    """Refuse recordings whose channels are not those of others.

    Raises:
        DataError: They are not.
    """
    ours, theirs = ((r.channels, r.rows[0].shape[1]) for r in (one, other))
    if ours[1] != theirs[1] or (ours[0] and theirs[0] and ours[0] != theirs[0]):
        told = [f"{', '.join(names) or size}" for names, size in (ours, theirs)]
        raise DataError(
            f"{other.source} has the channels {told[1]}, {one.source} {told[0]}; give both the "
            "same, in the same order"
        )


def checked(found: Recordings, need_label: bool) -> Recordings:
    """Return recordings that can be used; the notes say how many were left out.

    Args:
        found: What was read.
        need_label: Whether those without a label are left out, and refused where none has one.

    Raises:
        DataError: There is none, or a value is infinite.
    """
    if need_label and found.labels is None:
        raise DataError(
            f"{found.source} has no labels to learn from or to compare with; name their column "
            "with --label, or add them"
        )
    empty = [n for n, row in enumerate(found.rows) if not len(row)]
    bare = [n for n, label in enumerate(found.labels or ()) if need_label and not label]
    notes = list(found.notes)
    for rows, why in ((empty, "without a step"), (bare, "without a label")):
        if rows:
            notes.append(f"skipped {counted(len(rows), 'recording')} {why}")
    left_out = {*empty, *bare}
    kept = found.take([n for n in range(len(found)) if n not in left_out])
    if not len(kept):
        raise DataError(
            f"{found.source}: no recording can be used ({'; '.join(notes) or 'it is empty'}); "
            "check the file and the columns"
        )
    for name, row in zip(kept.called, kept.rows, strict=True):
        if np.isinf(row).any():
            step, channel = (int(place) for place in np.argwhere(np.isinf(row))[0])
            raise DataError(
                f"{found.source}: {name!r} has a value infinite or beyond 3.4e38 at step {step}, "
                f"channel {channel + 1}; correct it, or leave the cell empty and fill it"
            )
    return replace(kept, parts=known_parts(kept.parts, found.source), notes=tuple(notes))
