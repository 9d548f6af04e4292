"""Utterances as two devices heard them → twins of features, and what is said in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sestina.audio.features import LogMel
from sestina.audio.filterbank import Frames
from sestina.audio.speech import read_speech, read_twins
from sestina.audio.utterances import Utterance, Utterances
from sestina.data.records import Records
from sestina.data.split import row_parts
from sestina.errors import DataError, counted


@dataclass(frozen=True)
class Spoken:
    """N utterances in features.

    Attributes:
        rows: Who says what, and where it is heard.
        texts: What is said.
        frames: As it is heard, (T, D) each.
        clean: As it is heard nearby, as many frames; the same where only one device is read.
        near: Where it is heard nearby; the same rows where only one device is read.
        source: Where it is from.
        notes: What was guessed or left out.
    """

    rows: tuple[Utterance, ...]
    texts: list[str]
    frames: list[Frames]
    clean: list[Frames]
    near: tuple[Utterance, ...]
    source: str
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def called(self) -> list[str]:
        """The utterances' ids."""
        return [row.id for row in self.rows]

    @property
    def parts(self) -> list[str] | None:
        """The part of each; None where none is named. What has no name is in training."""
        named = [row.part for row in self.rows]
        return [part or "train" for part in named] if any(named) else None

    def take(self, numbers: Iterable[int]) -> Spoken:
        """Return some of them."""
        chosen = list(numbers)
        return replace(
            self,
            rows=tuple(self.rows[n] for n in chosen),
            texts=[self.texts[n] for n in chosen],
            frames=[self.frames[n] for n in chosen],
            clean=[self.clean[n] for n in chosen],
            near=tuple(self.near[n] for n in chosen),
        )

    def part(self, name: str) -> Spoken:
        """Return one part; empty where there is none of this name."""
        return self.take(n for n, part in enumerate(self.parts or ()) if part == name)

    def three(self, seed: int, dev_share: float) -> tuple[Spoken, Spoken, Spoken, str]:
        """Return train, dev and test, and how they came about; equal texts stay together.

        Raises:
            DataError: There are too few utterances.
        """
        records = Records(self.texts, None, self.parts, source=self.source)
        train, dev, test, said = row_parts(records, seed, dev_share)
        return self.take(train), self.take(dev), self.take(test), said


def spoken_twins(path: str | Path, maker: LogMel, clean: str, noisy: str) -> Spoken:
    """Return utterances of a folder as two devices heard them, in features.

    Args:
        path: A folder with several devices, as `read_twins` knows them.
        maker: Makes features of sounds.
        clean: The device nearby.
        noisy: The one far off.

    Raises:
        DataError: There is no such device, a sound cannot be read, nothing tells what is said, or
            twins say two different things.
    """
    near, far = read_twins(path, clean, noisy)
    kept = _transcribed(far)
    both = [(near.rows[n], far.rows[n]) for n in kept]
    _refuse_contradictions(both, near.source, far.source)
    heard = [_features([pair[side] for pair in both], maker) for side in (0, 1)]
    lengths = [min(len(one), len(other)) for one, other in zip(*heard, strict=True)]
    cut = sum(len(one) != len(other) for one, other in zip(*heard, strict=True))
    notes = [*dict.fromkeys((*near.notes, *far.notes)), *_left_out(far, kept)]
    if cut:
        notes.append(f"cut off the longer end of twins: {counted(cut, 'utterance')}")
    frames, shorter = (
        [row[:length] for row, length in zip(side, lengths, strict=True)]
        for side in (heard[1], heard[0])
    )
    nearby, rows = zip(*both, strict=True)
    texts = [row.text or "" for row in rows]
    source = f"{near.source}, {far.source}"
    return Spoken(rows, texts, frames, shorter, nearby, source, tuple(notes))


def spoken(
    path: str | Path, maker: LogMel, device: str | None = None, need_text: bool = True
) -> Spoken:
    """Return utterances of a folder or table as one device heard them, in features.

    Args:
        path: As `read_speech` knows it.
        maker: Makes features of sounds.
        device: Which of several.
        need_text: Whether to leave out what has no text, and refuse where nothing has.

    Raises:
        DataError: They cannot be read, or nothing tells what is said.
    """
    found = read_speech(path, device=device)
    kept = _transcribed(found) if need_text else list(range(len(found)))
    rows = tuple(found.rows[n] for n in kept)
    frames = _features(rows, maker)
    texts = [row.text or "" for row in rows]
    notes = (*found.notes, *_left_out(found, kept))
    return Spoken(rows, texts, frames, frames, rows, found.source, notes)


def _features(rows: Sequence[Utterance], maker: LogMel) -> list[Frames]:
    """Return the features of utterances, scaled by their speakers if that is asked for."""
    speakers, names = [row.speaker for row in rows], [row.where for row in rows]
    return maker.transform((row.sound() for row in rows), speakers, names)


def _transcribed(found: Utterances) -> list[int]:
    """Return which utterances have a text.

    Raises:
        DataError: None has.
    """
    kept = [n for n, row in enumerate(found) if (row.text or "").strip()]
    if not kept:
        raise DataError(f"{found.source} tells of no utterance what is said; give texts")
    return kept


def _refuse_contradictions(
    twins: Sequence[tuple[Utterance, Utterance]], near: str, far: str
) -> None:
    """Raise where twins have different texts, blanks aside; one that has none says nothing.

    Raises:
        DataError: Two have.
    """
    for pair in twins:
        one, other = (" ".join((row.text or "").split()) for row in pair)
        if one and one != other:
            raise DataError(
                f"{pair[1].id!r} is {one!r:.60} in {near} and {other!r:.60} in {far}; twins have "
                "one text, so mend one, or leave them out"
            )


def _left_out(found: Utterances, kept: Sequence[int]) -> list[str]:
    lost = len(found) - len(kept)
    return [f"left out {counted(lost, 'utterance')} without a text"] if lost else []
