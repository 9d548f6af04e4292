"""Word2vec's kernels again in plain Python and NumPy: the definition and the oracle.

One chunk at a time, in the order in which one thread takes them. Everything that is random comes
from the same counters (`chance`), so that tables can be compared number by number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK, GROUP = 64, 4
_MASK = 2**64 - 1
_GOLDEN, _FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB

Array = NDArray[np.floating]


def draw(key: int, place: int) -> int:
    """Return the 64 random bits of a place."""
    x = (key + place * _GOLDEN) & _MASK
    x = ((x ^ (x >> 30)) * _FIRST) & _MASK
    x = ((x ^ (x >> 27)) * _SECOND) & _MASK
    return x ^ (x >> 31)


def sigmoid(x: Array) -> Array:
    """Return 1 / (1 + exp(−x))."""
    return np.asarray(1 / (1 + np.exp(-x)))


def loss(hidden: Array, outputs: Array, targets: Array, weights: Array) -> float:
    """Return Σ −w log σ(±H·Oᵀ), + where the target is 1; what `gradients` descends."""
    scores = hidden @ outputs.T
    signs = np.where(targets == 1, 1.0, -1.0)
    return float((weights * np.log1p(np.exp(-signs * scores))).sum())


def gradients(hidden: Array, outputs: Array, targets: Array, weights: Array) -> Array:
    """Return G (n, m): the loss falls fastest where H changes by G·O and O by Gᵀ·H."""
    return np.asarray((targets - sigmoid(hidden @ outputs.T)) * weights)


class Reference:
    """A training of one net; the arguments are those of the kernels.

    Args:
        net: A `sestina.kernels.word2vec.Net`; its table is changed, in its own type.
        settings: A `sestina.kernels.word2vec.Settings`; `private` is not looked at.
        ids: The corpus.
        key: Of the random choices.
    """

    def __init__(self, net: Any, settings: Any, ids: NDArray[np.int32], key: int) -> None:
        self.net, self.settings, self.ids, self.key = net, settings, ids, key
        self.table: Array = net.table

    # --- the corpus ---

    def kept(self, place: int) -> bool:
        """Tell whether a token survives subsampling."""
        bits = draw(self.key, place)
        return bits >> 33 <= int(self.net.keep[self.ids[place]])

    def reach(self, place: int) -> int:
        """Return how many words on each side a token sees."""
        if self.settings.back_only:
            return 1
        bits = draw(self.key, place) & 0x7FFFFFFF
        return 1 + int((bits * self.settings.window) >> 31)

    def negative(self, place: int, number: int) -> int:
        """Return a negative of a token."""
        bits = draw(draw(self.key, place), number)
        word = ((bits >> 33) * len(self.net.keep)) >> 31
        threshold, other = self.net.noise[word]
        return word if bits & 0x7FFFFFFF <= threshold else int(other)

    def sentences(self) -> Iterator[tuple[int, list[int]]]:
        """Yield the number and the places of the kept tokens of each sentence."""
        places: list[int] = []
        number = 0
        for place, word in enumerate(self.ids):
            if word < 0:
                yield number, places
                places, number = [], number + 1
            elif self.kept(place):
                places.append(place)

    def windows(self, start: int, stop: int) -> list[tuple[int, int, list[int]]]:
        """Return sentence, place and neighbours' places of each center between two places."""
        found = []
        for number, places in self.sentences():
            for i, place in enumerate(places):
                if start <= place < stop:
                    wide = self.reach(place)
                    left = places[max(i - wide, 0) : i]
                    right = [] if self.settings.back_only else places[i + 1 : i + 1 + wide]
                    found.append((number, place, left + right))
        return found

    # --- rows ---

    def rows(self, word: int) -> NDArray[np.integer]:
        """Return the rows whose mean is a word."""
        if self.net.bags is None:
            return np.array([word])
        start, end = self.net.bag_starts[word : word + 2]
        return np.asarray(self.net.bags[start:end])

    def outputs(self, place: int) -> tuple[list[int], list[float], list[bool]]:
        """Return the output rows of a center, their targets, and whether they count."""
        word, first = int(self.ids[place]), self.net.first_output
        if self.net.path is not None:
            path = self.net.path[self.net.path_starts[word] : self.net.path_starts[word + 1]]
            nodes, codes = path >> 1, path & 1
            return (
                [int(first + n) for n in nodes],
                [float(1 - c) for c in codes],
                [True] * len(path),
            )
        drawn = [self.negative(place, n) for n in range(1, 1 + self.settings.negatives)]
        return (
            [first + word, *(first + n for n in drawn)],
            [1.0] + [0.0] * len(drawn),
            [True, *(n != word for n in drawn)],
        )

    # --- the methods ---

    def skipgram(self, start: int, stop: int, rate: float) -> None:
        """Train a chunk."""
        centers = self.windows(start, stop)
        for first in range(0, len(centers), BLOCK):
            block = centers[first : first + BLOCK]
            copies: dict[int, Array] = {}
            for _, place, around in block:
                for other in (place, *around):
                    copies.setdefault(other, self.table[self.rows(int(self.ids[other]))].mean(0))
            before = {place: copy.copy() for place, copy in copies.items()}
            for _, place, around in block:
                if around:
                    self._window(copies, place, around, rate)
            for place, copy in sorted(copies.items()):
                for row in self.rows(int(self.ids[place])):
                    self.table[row] += copy - before[place]

    def _window(self, copies: dict[int, Array], place: int, around: list[int], rate: float) -> None:
        rows, targets, counts = self.outputs(place)
        hidden = np.array([copies[other] for other in around])
        g = gradients(hidden, self.table[rows], np.array(targets), rate * np.array(counts))
        change = g @ self.table[rows]
        np.add.at(self.table, rows, g.T @ hidden)
        for other, row in zip(around, change, strict=True):
            copies[other] = copies[other] + row

    def cbow(self, start: int, stop: int, rate: float) -> None:
        """Train a chunk; with documents it is PV-DM."""
        centers = self.windows(start, stop)
        size = 1 if self.net.path is not None else GROUP
        for first in range(0, len(centers), BLOCK):
            block = centers[first : first + BLOCK]
            copies: dict[int, Array] = {}
            for _, place, around in block:
                for other in (place, *around):
                    copies.setdefault(other, self.table[self.rows(int(self.ids[other]))].mean(0))
            changes = {place: np.zeros_like(copy) for place, copy in copies.items()}
            for at in range(0, len(block), size):
                self._group(copies, changes, block[at : at + size], rate)
            if not self.settings.frozen:
                for place, change in sorted(changes.items()):
                    for row in self.rows(int(self.ids[place])):
                        self.table[row] += change

    def _group(
        self,
        copies: dict[int, Array],
        changes: dict[int, Array],
        group: list[tuple[int, int, list[int]]],
        rate: float,
    ) -> None:
        means, some = [], []
        for number, _, around in group:
            rows = [copies[other] for other in around]
            if self.net.first_document:
                rows.append(self.table[self.net.first_document + number])
            some.append(bool(rows))
            means.append(np.mean(rows, 0) if rows else np.zeros_like(self.table[0]))
        outputs, targets, weights = self._group_outputs(group, rate)
        weights *= np.array(some)[:, None]
        g = gradients(np.array(means), self.table[outputs], targets, weights)
        change = g @ self.table[outputs]
        if not self.settings.frozen:
            np.add.at(self.table, outputs, g.T @ np.array(means))
        for (number, _, around), row in zip(group, change, strict=True):
            for other in around:
                changes[other] = changes[other] + row
            if self.net.first_document:
                self.table[self.net.first_document + number] += row

    def _group_outputs(
        self, group: list[tuple[int, int, list[int]]], rate: float
    ) -> tuple[list[int], Array, Array]:
        if self.net.path is not None:
            rows, labels, _ = self.outputs(group[0][1])
            return rows, np.array([labels], float), np.full((1, len(rows)), rate)
        first, shared = self.net.first_output, self.settings.shared
        own = [first + int(self.ids[place]) for _, place, _ in group]
        drawn = [first + self.negative(group[0][1], n + 1) for n in range(shared)]
        weights = np.zeros((len(group), len(group) + shared))
        for j, row in enumerate(own):
            weights[j, j] = rate
            part = rate * self.settings.negatives / shared
            weights[j, len(group) :] = [part * (other != row) for other in drawn]
        targets = np.eye(len(group), len(group) + shared)
        return own + drawn, targets, weights

    def dbow(self, start: int, stop: int, rate: float) -> None:
        """Train a chunk."""
        centers = self.windows(start, stop)
        at = 0
        while at < len(centers):
            number = centers[at][0]
            end = at
            while end < min(at + GROUP, len(centers)) and centers[end][0] == number:
                end += 1
            parts = [self.outputs(place) for _, place, _ in centers[at:end]]
            rows = [row for part in parts for row in part[0]]
            targets = np.array([target for part in parts for target in part[1]])
            counts = np.array([count for part in parts for count in part[2]])
            document = self.net.first_document + number
            hidden = self.table[[document]]
            g = gradients(hidden, self.table[rows], targets, rate * counts)
            change = g @ self.table[rows]
            if not self.settings.frozen:
                np.add.at(self.table, rows, g.T @ hidden)
            self.table[document] += change[0]
            at = end

    def method(self, name: str) -> Callable[[int, int, float], None]:
        """Return the method of a kernel's name."""
        return {"skipgram": self.skipgram, "cbow": self.cbow, "dbow": self.dbow}[name]
