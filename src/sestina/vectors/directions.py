"""Directions in a space of word vectors: what pairs of words such as man and woman differ by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    vector, explained = component(differences)
    left_out = [
        float(differences[p] @ component(np.delete(differences, p, axis=0))[0]) / lengths[p]
        for p in range(len(chosen) if len(chosen) > 1 else 0)
    ]
    return Direction(
        tuple(chosen), vector.astype(np.float32), explained, np.array(left_out), lookup
    )


def component(differences: Rows64) -> tuple[Rows64, float]:
    """Return the first principal component of differences (P, D), (D,), and the share it explains.

    The differences are not centred, for what they have in common is what is sought; the sign is
    that of their sum.
    """
    _, lengths, rows = np.linalg.svd(differences, full_matrices=False)
    vector = rows[0]
    places = differences @ vector
    forward = places.sum() if abs(places.sum()) > 1e-9 * np.abs(places).sum() else places[0]
    share: Any = lengths[0] ** 2 / (lengths**2).sum()
    return np.copysign(1.0, forward) * vector, float(share)
