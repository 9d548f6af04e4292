"""Which texts are nearly the same: keys propose pairs, the Jaccard index itself decides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from sestina.quality.shingles import BANDS, jaccard, minhash_keys, normalised, shingle_size

LEAST = 20  # shingles; shorter texts are only compared as a whole
AT_ONCE = 1 << 17  # characters whose keys are found together, so that they stay in the cache
WINDOW = 8  # texts with one key are compared with so many that follow
AGREE = 2  # keys that a pair must share
BUDGET = 100_000_000  # characters to compare, at most: some 20 seconds
PAIRS = 1 << 18  # pairs whose keys are compared together

Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True)
class Families:
    """Texts by their likeness.

    Attributes:
        numbers: The family of each text, (N,); near duplicates, and near duplicates of those,
            have the same number, so that two of a family may be less alike.
        pairs: Near duplicates themselves, (M, 2), the first before the second: as many as link
            every family together.
        size: Characters in a shingle.
        complete: Whether all likely pairs were compared. With very many texts that are half
            alike the search ends early, and there may be more near duplicates.
    """

    numbers: NDArray[np.int64]
    pairs: NDArray[np.int64]
    size: int
    complete: bool


def near_duplicates(texts: Sequence[str], similar: float) -> Families:
    """Return the families of texts whose shingles have a Jaccard index of `similar` or more.

    Texts are compared without regard to case and to how much white space there is. Texts of fewer
    than 20 shingles are near duplicates only where they are then equal. Time and memory grow with
    the number of texts, not with that of pairs; the same texts give the same families.

    Args:
        texts: N texts.
        similar: The least Jaccard index. Of pairs at 0.7 three in 100 are overlooked, at 0.8 one
            in 2,000, at 0.9 one in millions.
    """
    size = shingle_size(texts)
    whole, rows, keys = _keys(texts, size)
    search = _Search(texts, size, similar, rows, keys)
    left, right = search.pairs()
    links = [*whole, *zip(rows[left].tolist(), rows[right].tolist(), strict=True)]
    pairs = np.sort(np.array(links, np.int64).reshape(-1, 2), axis=1)
    return Families(_families(links, len(texts)), pairs, size, search.budget > 0)


def _keys(
    texts: Sequence[str], size: int
) -> tuple[list[tuple[int, int]], NDArray[np.int64], NDArray[np.uint32]]:
    """Return pairs of equal short texts; the rows of the others, (M,), and their keys."""
    whole: list[tuple[int, int]] = []
    short: dict[str, int] = {}
    rows: list[int] = []
    found: list[NDArray[np.uint32]] = [np.empty((0, BANDS), np.uint32)]
    waiting: list[str] = []
    characters = 0
    for row, text in enumerate(texts):
        plain = normalised(text)
        if len(plain) < size + LEAST - 1:
            first = short.setdefault(plain, row)
            if first != row:
                whole.append((first, row))
            continue
        rows.append(row)
        waiting.append(plain)
        characters += len(plain)
        if characters >= AT_ONCE:
            found.append(minhash_keys(waiting, size))
            waiting, characters = [], 0
    if waiting:
        found.append(minhash_keys(waiting, size))
    return whole, np.array(rows, np.int64), np.concatenate(found)


class _Search:
    """The search for pairs among texts with keys.

    Attributes:
        budget: Characters that may still be compared.
    """

    def __init__(
        self,
        texts: Sequence[str],
        size: int,
        similar: float,
        rows: NDArray[np.int64],
        keys: NDArray[np.uint32],
    ) -> None:
        self.budget = BUDGET
        self._texts, self._size, self._similar = texts, size, similar
        self._rows, self._keys = rows, keys
        self._unlike: set[tuple[int, int]] = set()

    def pairs(self) -> Pairs:
        """Return pairs of near duplicates, as many as link every family together."""
        links: list[tuple[int, int]] = []
        families = np.arange(len(self._rows))
        for band in range(BANDS):
            for left, right in self._candidates(band):
                apart = families[left] != families[right]  # nothing to learn from the others
                alike = self._alike(left[apart], right[apart])
                if alike:
                    links += alike
                    families = _families(links, len(families))
        both = np.array(links, np.int64).reshape(-1, 2)
        return both[:, 0], both[:, 1]

    def _candidates(self, band: int) -> Iterator[Pairs]:
        """Yield pairs that share a key.

        Of the texts with one key, those that share another stand next to each other, so that even
        a key of many texts proposes the likely pairs, and few more.
        """
        keys = self._keys[:, band]
        other = self._keys[:, (band + 1) % BANDS]
        order = np.argsort(keys.astype(np.uint64) << np.uint64(32) | other, kind="stable")
        keys = keys[order]
        for distance in range(1, WINDOW + 1):
            same = np.flatnonzero(keys[distance:] == keys[:-distance])
            for start in range(0, len(same), PAIRS):
                some = same[start : start + PAIRS]
                left, right = order[some], order[some + distance]
                agree = (self._keys[left] == self._keys[right]).sum(axis=1) >= AGREE
                yield left[agree], right[agree]

    def _alike(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> list[tuple[int, int]]:
        """Return those pairs whose Jaccard index is high enough."""
        found = []
        for one, other in zip(left.tolist(), right.tolist(), strict=True):
            pair = (min(one, other), max(one, other))
            if pair in self._unlike or self.budget <= 0:
                continue
            first, second = (self._texts[self._rows[n]] for n in pair)
            self.budget -= len(first) + len(second)
            index = jaccard(normalised(first), normalised(second), self._size)
            if index >= self._similar:
                found.append(pair)
            else:
                self._unlike.add(pair)
        return found


def _families(links: Sequence[tuple[int, int]], count: int) -> NDArray[np.int64]:
    """Return the number of each text's family, (count,), where linked texts are of one."""
    if not links:
        return np.arange(count)
    pairs = np.array(links, np.int64).reshape(-1, 2)
    weights = np.ones(len(pairs), np.bool_)
    graph = coo_array((weights, (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    numbers: NDArray[np.int64] = connected_components(graph, directed=False)[1].astype(np.int64)
    return numbers
