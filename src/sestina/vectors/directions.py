"""Directions in a space of word vectors: what pairs of words such as man and woman differ by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from sestina.errors import DataError

Rows64 = NDArray[np.float64]
Lookup = Callable[[Sequence[str]], Rows64]


@dataclass(frozen=True, eq=False)
class Direction:
    """The first principal component of the differences of P pairs of words.

    It is what Bolukbasi and others (2016) call a direction, gender in their case.

    Attributes:
        pairs: P pairs of words; the direction leads from the first ones to the second ones.
        vector: The direction, (D,), of length 1.
        explained: Share of the differences' squared lengths that lies along it, 0 … 1.
        left_out: Cosine of each pair's difference with the direction of all other pairs, (P,);
            empty for one pair.
    """

    pairs: tuple[tuple[str, str], ...]
    vector: NDArray[np.float32]
    explained: float
    left_out: Rows64
    _lookup: Lookup = field(repr=False)

    @property
    def agreement(self) -> float | None:
        """Share of the pairs that the direction of all others leads the right way; or None.

        A pair that points the same way by chance counts as well as any: expect one half of
        pairs that have nothing in common.
        """
        return float((self.left_out > 0).mean()) if len(self.left_out) else None

    def along(self, words: Sequence[str]) -> list[tuple[str, float]]:
        """Return words with the cosine of each with the direction, the lowest first.

        Raises:
            DataError: A word has no vector.
        """
        places = self._lookup(words) @ self.vector
        order = np.argsort(places, kind="stable")
        return [(words[i], float(places[i])) for i in order]


def learn(pairs: Sequence[Sequence[str]], lookup: Lookup) -> Direction:
    """Return the direction of pairs of words.

    Args:
        pairs: P pairs of words.
        lookup: Returns vectors of length 1, (N, D), of N words.

    Raises:
        DataError: There is no pair, one is not of two words, or its words have equal vectors.
    """
    chosen = []
    for pair in pairs:
        if isinstance(pair, str) or len(pair) != 2:
            raise DataError(f"{pair!r} is not a pair of words; expected pairs as ('man', 'woman')")
        chosen.append((pair[0], pair[1]))
    if not chosen:
        raise DataError("no pair of words came; a direction needs one or, better, several")
    first, second = (lookup([pair[side] for pair in chosen]) for side in (0, 1))
    differences = second - first
    lengths = np.linalg.norm(differences, axis=1)
    if not lengths.all():
        pair = chosen[int(np.argmin(lengths))]
        raise DataError(f"the words of the pair {pair!r} have equal vectors; drop the pair")
    with threadpool_limits(1, "blas"):  # threads would wait for each other at every small step
        vector, explained = component(differences)
        left_out = without_one(differences) / lengths if len(chosen) > 1 else np.empty(0)
    return Direction(tuple(chosen), vector.astype(np.float32), explained, left_out, lookup)


def component(differences: Rows64) -> tuple[Rows64, float]:
    """Return the first principal component of differences (P, D), (D,), and the share it explains.

    The differences are not centred, for what they have in common is what is sought; the sign is
    that of their sum.
    """
    _, lengths, rows = np.linalg.svd(differences, full_matrices=False)
    share: Any = lengths[0] ** 2 / (lengths**2).sum()
    return _sign(differences @ rows[0]) * rows[0], float(share)


def without_one(differences: Rows64) -> Rows64:
    """Return the product of each difference (P, D) with the `component` of all others, (P,).

    A component of many rows is an eigenvector of their products, (D, D), from which a row is
    quickly taken out; of less than D rows it lies in the space of R dimensions that they span.
    """
    from scipy.linalg import eigh

    if len(differences) < differences.shape[1]:
        differences = differences @ np.linalg.svd(differences, full_matrices=False)[2].T
    products, last = differences.T @ differences, differences.shape[1] - 1
    out = np.empty(len(differences))
    for place, row in enumerate(differences):
        vector = eigh(products - np.outer(row, row), subset_by_index=[last, last])[1][:, 0]
        places = differences @ vector
        out[place] = places[place] * _sign(np.delete(places, place))
    return out


def _sign(places: Rows64) -> float:
    """Return 1 or −1: which way differences lead on the whole, by their places (P,)."""
    forward = places.sum() if abs(places.sum()) > 1e-9 * np.abs(places).sum() else places[0]
    return float(np.copysign(1.0, forward))
