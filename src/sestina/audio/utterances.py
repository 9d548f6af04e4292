"""Utterances: who says what, and in which part of which file it is heard."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sestina.audio.sound import Sound
from sestina.audio.sound_files import Channel, read_sound
from sestina.errors import DataError, counted

AMI_DEVICE = re.compile(r"^(AMI_[^_]+)_(?:H\d+|SDM\d*|MDM\d*)_")
"""How Kaldi's recipe for AMI begins an id: the meeting, then the microphone it is heard by."""


@dataclass(frozen=True)
class Utterance:
    """One utterance; its sound stays in its file until it is asked for.

    Attributes:
        id: What it is called; no two have the same.
        speaker: Who speaks.
        path: File of the sound, or a zip archive.
        text: What is said; None if that is not known.
        part: "train", "dev" or "test"; None if the source names no parts.
        member: The file's name inside of the archive.
        channel: Which of several channels, from 1, or "mean".
        start: Where it begins, in seconds.
        stop: Where it ends; None is the file's end.
    """

    id: str
    speaker: str
    path: Path
    text: str | None = None
    part: str | None = None
    member: str = ""
    channel: Channel = None
    start: float = 0.0
    stop: float | None = None

    @property
    def where(self) -> str:
        """Its file, behind that of the archive if it is in one."""
        return f"{self.path}:{self.member}" if self.member else str(self.path)

    def sound(self, rate: int | None = None) -> Sound:
        """Return what is heard, at `rate` samples a second or as the file has it.

        Raises:
            DataError: It cannot be read; the sentence names the file.
            MissingExtra: soundfile is not installed.
        """
        return read_sound(
            self.path, member=self.member, channel=self.channel, start=self.start,
            stop=self.stop, rate=rate,
        )  # fmt: skip


@dataclass(frozen=True)
class Utterances:
    """N utterances of one source.

    Attributes:
        rows: The utterances.
        source: Where they are from.
        notes: What was guessed or left out.
    """

    rows: tuple[Utterance, ...]
    source: str
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Utterance]:
        return iter(self.rows)

    def part(self, name: str) -> Utterances:
        """Return the utterances of one part; none where the source names no parts."""
        return replace(self, rows=tuple(row for row in self.rows if row.part == name))


def checked(rows: Sequence[Utterance], source: str, notes: Sequence[str] = ()) -> Utterances:
    """Return utterances that are told apart by their ids.

    Raises:
        DataError: There is none, or two have one id.
    """
    if not rows:
        raise DataError(f"{source} has no utterance; check the folder or the table")
    seen: set[str] = set()
    for row in rows:
        if row.id in seen:
            raise DataError(f"{source} has two utterances {row.id!r}; rename one, or leave it out")
        seen.add(row.id)
    return Utterances(tuple(rows), source, tuple(notes))


def paired(clean: Utterances, noisy: Utterances) -> tuple[Utterances, Utterances]:
    """Return what both heard, in the order of `clean`; notes tell what only one of them did.

    Twins have equal ids; of AMI's ids the microphone is left out first.

    Raises:
        DataError: They have no utterance in common.
    """
    others = {_of_any_device(row.id): row for row in noisy}
    twins = [(row, others[key]) for row in clean if (key := _of_any_device(row.id)) in others]
    if not twins:
        raise DataError(
            f"{clean.source} and {noisy.source} have no utterance in common: the first are "
            f"{clean.rows[0].id!r} and {noisy.rows[0].id!r}; expected equal ids"
        )
    found = []
    for column, whole in enumerate((clean, noisy)):
        alone = len(whole) - len(twins)
        lost = f"left out {counted(alone, 'utterance')} of {whole.source} without a twin"
        notes = [lost] if alone else []
        rows = tuple(pair[column] for pair in twins)
        found.append(Utterances(rows, whole.source, (*whole.notes, *notes)))
    return found[0], found[1]


def _of_any_device(name: str) -> str:
    return AMI_DEVICE.sub(r"\1_", name)
