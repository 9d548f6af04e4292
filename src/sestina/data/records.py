"""Records: texts with their labels and parts, and what was noticed while reading them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sestina.errors import DataError, counted

Label = str | list[str]

PARTS = {
    "train": "train",
    "training": "train",
    "dev": "dev",
    "valid": "dev",
    "val": "dev",
    "validation": "dev",
    "development": "dev",
    "test": "test",
    "testing": "test",
}

JOINING = ("|", ";", ",", "/", "+")  # what people part several labels in one cell by


@dataclass(frozen=True)
class Records:
    """N texts; `labels` and `parts` are as long as `texts`, or None where the source has none.

    A label is a string, or a list of strings where one text may have several.
    `parts` holds "train", "dev" or "test". `notes` says what was guessed, skipped or merged.
    """

    texts: list[str]
    labels: list[Label] | None = None
    parts: list[str] | None = None
    notes: tuple[str, ...] = ()
    source: str = ""

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def multi_label(self) -> bool:
        """Whether a text may have several labels."""
        return self.labels is not None and any(isinstance(x, list) for x in self.labels)

    @property
    def wholes(self) -> list[str]:
        """N hashables; records with equal ones stay in one part."""
        return self.texts

    @property
    def drawn_by(self) -> str:
        """How parts are drawn, in words."""
        return "by label"

    def take(self, rows: Sequence[int]) -> Records:
        """Return the records at `rows`, sharing the strings."""
        return Records(
            [self.texts[r] for r in rows],
            None if self.labels is None else [self.labels[r] for r in rows],
            None if self.parts is None else [self.parts[r] for r in rows],
            self.notes,
            self.source,
        )

    def part(self, name: str) -> Records:
        """Return the records of one part; none where the source names no parts."""
        return self.take([r for r, part in enumerate(self.parts or ()) if part == name])

    def with_lists(self) -> Records:
        """Return the records with a list of labels for each text, as where it may have several."""
        if self.labels is None or all(isinstance(label, list) for label in self.labels):
            return self
        lists: list[Label] = [
            label if isinstance(label, list) else [label] if label else [] for label in self.labels
        ]
        return replace(self, labels=lists)

    def followed_by(self, others: Iterable[Records], parts: list[str]) -> Records:
        """Return these records and others behind them, with new parts and these notes.

        Where any may have several labels, all get lists of them: a file of fastText lines whose
        texts happen to have one label each is read as if they could not.
        """
        rows = [self, *others]
        if any(one.multi_label for one in rows):
            rows = [one.with_lists() for one in rows]
        texts = [text for one in rows for text in one.texts]
        labels = [label for one in rows for label in one.labels or ()]
        return replace(self, texts=texts, labels=labels, parts=parts)

    def label_counts(self) -> dict[str, int]:
        """Return how many texts carry each label, most frequent first."""
        counts: Counter[str] = Counter()
        for label in self.labels or ():
            counts.update([label] if isinstance(label, str) else label)
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def absent(value: Any) -> bool:
    """Tell whether a value is None or NaN, by which libraries mark what is missing."""
    return value is None or (isinstance(value, float | np.floating) and math.isnan(value))


def joined_labels(labels: Iterable[str]) -> tuple[str, list[str]]:
    """Return the sign by which labels look like several in one, and those labels.

    They do where two or more are made of labels that stand alone, too.

    >>> joined_labels(["sport", "money", "sport|money", "money|sport", "a|b"])
    ('|', ['sport|money', 'money|sport'])
    """
    known = list(dict.fromkeys(labels))
    alone = set(known)
    for sign in JOINING:
        several = [label for label in known if sign in label]
        found = [name for name in several if {piece.strip() for piece in name.split(sign)} <= alone]
        if len(found) > 1:
            return sign, found
    return "", []


def without_gaps(records: Records, need_label: bool = True) -> Records:
    """Return the records that can be learned from; the notes say how many were left out.

    Args:
        records: What was read.
        need_label: Whether rows serve to learn. If not, every row stays, so that there is one
            answer for each, and empty texts are only counted.

    Raises:
        DataError: No row can be used, or the parts have unknown names.
    """
    empty = {r for r, text in enumerate(records.texts) if not text or not text.strip()}
    unlabelled = {
        r
        for r, label in enumerate(records.labels or ())
        if need_label and r not in empty and label == ""
    }
    notes = list(records.notes)
    if empty:
        verb = "skipped {} with" if need_label else "{} with"
        notes.append(f"{verb.format(counted(len(empty), 'row'))} an empty text")
    if unlabelled:
        notes.append(f"skipped {counted(len(unlabelled), 'row')} without a label")
    kept = [r for r in range(len(records)) if r not in empty and r not in unlabelled]
    if not kept:
        raise DataError(
            f"{records.source}: no row has {'both text and label' if need_label else 'a text'} "
            f"({'; '.join(notes) or 'it is empty'}); check the file and the column names"
        )
    left = records.take(kept) if need_label and len(kept) < len(records) else records
    parts = known_parts(left.parts, records.source)
    return Records(left.texts, left.labels, parts, tuple(notes), records.source)


def known_parts(parts: list[str] | None, source: str) -> list[str] | None:
    """Return parts under the names that we have for them.

    Raises:
        DataError: One has an unknown name.
    """
    if parts is None:
        return None
    names = {name: PARTS.get(name.strip().lower()) for name in set(parts)}
    unknown = sorted(name for name, part in names.items() if part is None)
    if unknown:
        raise DataError(
            f"{source}: the split column has the values "
            f"{', '.join(map(repr, unknown[:5]))}; expected train, dev (or valid) and test: "
            "correct them, or rename the column so that it is not taken"
        )
    return [names[name] or "" for name in parts]
