"""Texts that occur again: copies, copies with other labels, near copies, leaks between parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sestina.config import CheckOptions
from sestina.data.records import Records
from sestina.errors import counted
from sestina.quality.findings import Example, Finding, first_difference, shown
from sestina.quality.near_duplicates import Families, near_duplicates
from sestina.quality.shingles import jaccard, normalised

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]
PARTS = ("train", "dev", "test")
PAIRS = (("train", "test"), ("train", "dev"), ("dev", "test"))  # the first may leak to the second
PARTNERS = 16  # rows that an example is compared with


def check_repeats(records: Records, options: CheckOptions) -> list[Finding]:
    """Return what is found about texts that occur again, or nearly so.

    Args:
        records: Texts; empty ones are passed over.
        options: `near`, `similar` and `examples` matter here.
    """
    texts = records.texts
    filled = np.array([bool(text.strip()) for text in texts], np.bool_)
    first = first_rows(texts)
    part = part_codes(records)
    found = [
        _duplicates(records, first, filled, options.examples),
        _conflicts(records, first, filled, options.examples),
        _leaks(records, first, part, filled, options.examples),
    ]
    if options.near:
        units = np.flatnonzero(filled & (first == np.arange(len(texts))))  # each text once
        families = near_duplicates([texts[row] for row in units], options.similar)
        family = np.full(len(texts), -1, np.int64)
        family[units] = families.numbers
        family = family[first]
        # a family of one text, however often it occurs, is none
        family[~np.isin(family, _several(families.numbers))] = -1
        near = _Near(records, first, family, units[families.pairs], families, options)
        found += [near.duplicates(), near.leaks(part)]
    return [finding for finding in found if finding]


def first_rows(texts: Sequence[str]) -> Rows:
    """Return the first row with the same text, (N,)."""
    seen: dict[str, int] = {}
    rows = (seen.setdefault(text, row) for row, text in enumerate(texts))
    return np.fromiter(rows, np.int64, len(texts))


def part_codes(records: Records) -> Rows:
    """Return 0, 1, 2 for rows of train, dev, test, (N,); all are in training without parts."""
    if records.parts is None:
        return np.zeros(len(records), np.int64)
    codes = {name: code for code, name in enumerate(PARTS)}
    return np.fromiter((codes[part] for part in records.parts), np.int64, len(records))


def _several(numbers: Rows) -> Rows:
    """Return the numbers that occur more than once."""
    found, counts = np.unique(numbers, return_counts=True)
    return found[counts > 1]


def _groups(numbers: Rows, rows: Rows) -> Iterator[Rows]:
    """Yield rows that have the same number, groups by their first row."""
    order = rows[np.argsort(numbers[rows], kind="stable")]
    cuts = np.flatnonzero(np.diff(numbers[order])) + 1
    groups = np.split(order, cuts) if len(order) else []
    yield from sorted(groups, key=lambda group: int(group[0]))


def _label(records: Records, row: int) -> str:
    label = (records.labels or [""] * (row + 1))[row]
    return label if isinstance(label, str) else ", ".join(sorted(set(label))) or "(none)"


def _duplicates(records: Records, first: Rows, filled: Mask, most: int) -> Finding | None:
    again = np.flatnonzero(filled & (first != np.arange(len(first))))
    if not len(again):
        return None
    groups = np.unique(first[again])
    members = np.flatnonzero(np.isin(first, groups[:most]))
    examples = [
        Example(tuple((group + 1).tolist()), (shown(records.texts[group[0]]),))
        for group in _groups(first, members)
    ]
    return Finding(
        "duplicates",
        len(again),
        f"{counted(len(again), 'row')} with the text of an earlier row "
        f"({counted(len(groups), 'text')} in all); drop them, unless they are meant to count twice",
        tuple(examples),
    )


def _conflicts(records: Records, first: Rows, filled: Mask, most: int) -> Finding | None:
    if records.labels is None:
        return None
    members = np.flatnonzero(filled & np.isin(first, _several(first)))
    unlike = [
        group
        for group in _groups(first, members)
        if len({_label(records, row) for row in group.tolist()}) > 1
    ]
    if not unlike:
        return None
    rows = sum(len(group) for group in unlike)
    examples = [
        Example(
            tuple((group + 1).tolist()),
            (shown(records.texts[group[0]]),),
            " / ".join(dict.fromkeys(_label(records, row) for row in group.tolist())),
        )
        for group in unlike[:most]
    ]
    return Finding(
        "conflicting_labels",
        len(unlike),
        f"{counted(len(unlike), 'text')} with different labels in different rows "
        f"({counted(rows, 'row')} in all); decide for one label, or drop the rows",
        tuple(examples),
    )


def _crossing(numbers: Rows, part: Rows, passed: Mask) -> Iterator[tuple[str, str, Rows]]:
    """Yield pairs of parts, and the rows of the second whose number is in the first too."""
    for source, target in PAIRS:
        there = np.unique(numbers[passed & (part == PARTS.index(source))])
        rows = np.flatnonzero(passed & (part == PARTS.index(target)) & np.isin(numbers, there))
        if len(rows):
            yield source, target, rows


def _leaks(records: Records, first: Rows, part: Rows, filled: Mask, most: int) -> Finding | None:
    counts: dict[str, int] = {}
    examples: list[Example] = []
    for source, target, rows in _crossing(first, part, filled):
        counts[f"{target} in {source}"] = len(rows)
        there = part == PARTS.index(source)
        for row in rows[: most - len(examples)].tolist():
            other = int(np.flatnonzero(there & (first == first[row]))[0])
            text = shown(records.texts[row])
            examples.append(Example((other + 1, row + 1), (text,), f"{source}, {target}"))
    if not counts:
        return None
    said = ", ".join(f"{number:,} {where}" for where, number in counts.items())
    return Finding(
        "leaks",
        sum(counts.values()),
        f"Texts of one part stand in another too ({said}), which flatters the scores; "
        "drop them from the part that is trained on",
        tuple(examples),
        counts,
    )


class _Near:
    """Near duplicates, told as findings."""

    def __init__(
        self,
        records: Records,
        first: Rows,
        family: Rows,
        pairs: Rows,
        found: Families,
        options: CheckOptions,
    ) -> None:
        self._records, self._first, self._family = records, first, family
        self._found, self._options = found, options
        self._partners: dict[int, list[int]] = {}  # rows that a row was found to be like
        for one, other in pairs.tolist():
            self._partners.setdefault(one, []).append(other)
            self._partners.setdefault(other, []).append(one)
        self._how = (
            f"pairs have {options.similar:.0%} of their {found.size}-character shingles in common, "
            "and groups are chains of pairs"
        )
        self._more = "" if found.complete else "; there may be more, the search was cut short"

    def duplicates(self) -> Finding | None:
        """Return the finding of rows that nearly repeat another."""
        rows = np.flatnonzero(self._family >= 0)
        if not len(rows):
            return None
        groups = list(_groups(self._family, rows))
        firsts = [int(group[0]) for group in groups[: self._options.examples]]
        examples = [self._example(row, min(self._partners[row])) for row in firsts]
        unlike = self._unlike(groups)
        labels = f", {unlike:,} of them with different labels" if unlike else ""
        return Finding(
            "near_duplicates",
            len(rows),
            f"{counted(len(rows), 'row')} nearly alike in {counted(len(groups), 'group')}{labels} "
            f"({self._how}{self._more}); keep one of each, or keep them in one part",
            tuple(examples),
            {"groups": len(groups), "groups with different labels": unlike},
        )

    def leaks(self, part: Rows) -> Finding | None:
        """Return the finding of rows that nearly repeat one of another part."""
        counts: dict[str, int] = {}
        examples: list[Example] = []
        for source, target, found in _crossing(self._family, part, self._family >= 0):
            there = part == PARTS.index(source)
            rows = found[~np.isin(self._first[found], self._first[there])]  # copies are leaks
            if not len(rows):
                continue
            counts[f"{target} in {source}"] = len(rows)
            for row in rows[: self._options.examples - len(examples)].tolist():
                other = self._nearest(row, there)
                examples.append(self._example(other, row, f"{source}, {target}"))
        if not counts:
            return None
        said = ", ".join(f"{number:,} {where}" for where, number in counts.items())
        return Finding(
            "near_leaks",
            sum(counts.values()),
            f"Texts of one part stand nearly so in another ({said}; {self._how}{self._more}); "
            "keep such texts in one part",
            tuple(examples),
            counts,
        )

    def _nearest(self, row: int, there: Mask) -> int:
        """Return the row of another part that a row is most like."""
        found = [n for n in self._partners[int(self._first[row])] if there[n]][:PARTNERS]
        if not found:  # only through others, or through a copy of one
            family = np.flatnonzero(there & (self._family == self._family[row]))
            found = family[:PARTNERS].tolist()
        return max(found, key=lambda n: (self._index(n, row), -n))

    def _unlike(self, groups: Sequence[Rows]) -> int:
        """Return how many groups hold different labels."""
        if self._records.labels is None:
            return 0
        labels = ({_label(self._records, row) for row in group.tolist()} for group in groups)
        return sum(len(different) > 1 for different in labels)

    def _index(self, one: int, other: int) -> float:
        texts = self._records.texts
        return jaccard(normalised(texts[one]), normalised(texts[other]), self._found.size)

    def _example(self, one: int, other: int, where: str = "") -> Example:
        texts = self._records.texts[one], self._records.texts[other]
        position = first_difference(*texts)
        index = self._index(one, other)
        said = f"Jaccard index {index:.2f}"
        if index < self._options.similar:
            said += ", alike through others"
        return Example(
            (one + 1, other + 1),
            tuple(shown(text, position) for text in texts),
            f"{where}: {said}" if where else said,
        )
