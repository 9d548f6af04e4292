"""The rows of a matrix that lie in the direction of a query: blocks of products, never V × V."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sestina.errors import DataError, OptionError
from sestina.vectors.halves import widened
from sestina.vectors.rows import Matrix

BLOCK = 8_192  # rows of the matrix at a time
QUERIES = 512  # asked at a time; with BLOCK they bound the memory of a search: 16 MB of cosines
FEW = 8  # vectors, up to which BLAS is of no use
SPARE = 16  # rows kept beyond those asked for until their cosines are known to the last bit

Floats = NDArray[np.floating[Any]]
Combine = Callable[[Floats], Floats]


def finite(block: Floats, words: Sequence[object], start: int = 0) -> None:
    """Refuse rows (N, D) with a value that is not finite; they belong to the words from `start`.

    Raises:
        DataError: It names the first such word.
    """
    whole = np.isfinite(block).all(axis=1)
    if not whole.all():
        word = words[start + int(np.argmin(whole))]
        raise DataError(f"the vector of {word!r} has a NaN or infinite value; remove or repair it")


def check_number(n: int) -> None:
    """Refuse a number of answers that is not whole, or below 1: an `OptionError`."""
    if not isinstance(n, Integral) or n < 1:
        raise OptionError(f"n={n!r} makes no sense; ask for a whole number, 1 or more")


def units(rows: Any) -> NDArray[np.float64]:
    """Return rows (N, D) scaled to length 1; zeros stay zeros."""
    wide = np.asarray(rows, dtype=np.float64)
    norms = np.linalg.norm(wide, axis=-1, keepdims=True)
    scaled: NDArray[np.float64] = wide / np.where(norms > 0, norms, 1)
    return scaled


def single(cosines: Floats) -> Floats:
    """Return the cosines with queries of one vector: (Q, 1, N) → (Q, N)."""
    return cosines[:, 0]


class Search:
    """Finds the rows of a matrix with the highest cosines to queries.

    The matrix may be float16 or float32, memory-mapped or quantised: rows become float32 by
    blocks. The first search reads it once to learn the rows' norms, which are kept.

    Args:
        words: V words, for messages.
        matrix: (V, D).
    """

    def __init__(self, words: Sequence[object], matrix: Matrix) -> None:
        self._words = words
        self._matrix = matrix

    @cached_property
    def inverses(self) -> NDArray[np.float32]:
        """1 / norm of each row, (V,); 0 for rows of zeros, whose cosines are then 0.

        Raises:
            DataError: A value is not finite.
        """
        out = np.zeros(len(self._matrix), dtype=np.float32)
        for start in range(0, len(out), BLOCK):
            block = np.asarray(self._matrix[start : start + BLOCK], dtype=np.float32)
            norms = np.sqrt(np.einsum("nd,nd->n", block, block, dtype=np.float64))
            if not np.isfinite(norms).all():
                finite(block, self._words, start)
            known = norms > np.finfo(np.float32).tiny
            out[start : start + BLOCK][known] = 1 / norms[known]
        return out

    def nearest(
        self, queries: NDArray[np.float64], n: int, combine: Combine = single
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the n rows of the highest scores, and these: (Q, n) each, the highest first.

        Equal scores stand in the order of the rows. An answer does not depend on the other
        queries: its scores are computed again in float64.

        Args:
            queries: (Q, m, D): Q queries of m vectors of length 1.
            n: How many rows; all V where there are fewer.
            combine: Makes scores (Q, N) of the cosines (Q, m, N) with N rows.

        Raises:
            OptionError: `n` is less than 1.
            DataError: A value of the matrix is not finite.
        """
        check_number(n)
        count, each, _ = queries.shape
        n = min(n, len(self._matrix))
        ids = np.empty((count, n), dtype=np.int64)
        scores = np.empty((count, n))
        step = max(1, QUERIES * BLOCK // (each * max(BLOCK, n + SPARE)))
        for start in range(0, count, step):
            part = slice(start, start + step)
            ids[part], scores[part] = self._nearest(queries[part], n, combine)
        return ids, scores

    def _nearest(
        self, queries: NDArray[np.float64], n: int, combine: Combine
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        count, each, size = queries.shape
        asked = queries.reshape(-1, size).astype(np.float32)
        best = Best(np.empty((count, 0), np.int64), np.empty((count, 0), np.float32))
        inverses = self.inverses
        for start in range(0, len(self._matrix), BLOCK):
            cosines = _products(asked, self._block(start))
            cosines *= inverses[start : start + BLOCK]
            scores = combine(cosines.reshape(count, each, -1))
            best = best.joined(scores, start, n + SPARE)
        exact = self._exact(queries, best.ids, combine)
        order = np.lexsort((best.ids, -exact))[:, :n]
        return np.take_along_axis(best.ids, order, 1), np.take_along_axis(exact, order, 1)

    def _exact(
        self, queries: NDArray[np.float64], ids: NDArray[np.int64], combine: Combine
    ) -> NDArray[np.float64]:
        """Return the scores (Q, K) of rows ids (Q, K) in float64, a few columns at a time."""
        out = np.empty(ids.shape)
        step = max(1, BLOCK // len(queries))
        for start in range(0, ids.shape[1], step):
            part = slice(start, start + step)
            rows = np.asarray(self._matrix[ids[:, part]], dtype=np.float64)
            norms = np.sqrt(np.einsum("qkd,qkd->qk", rows, rows))
            norms[self.inverses[ids[:, part]] == 0] = np.inf
            cosines = np.einsum("qmd,qkd->qmk", queries, rows) / norms[:, None]
            out[:, part] = combine(cosines.clip(-1, 1))
        return out

    def _block(self, start: int) -> NDArray[np.float32]:
        """Return rows from `start` on, all of whose values `inverses` has found to be finite."""
        rows = self._matrix[start : start + BLOCK]
        return widened(rows) if rows.dtype == np.float16 else np.asarray(rows, dtype=np.float32)


def _products(asked: NDArray[np.float32], rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the products (M, N) of vectors (M, D) with rows (N, D).

    Few vectors are read with the rows at the speed of memory, by one thread: BLAS took twice as
    long, and on a busy machine ten times, for its threads wait for each other at every block.
    """
    if len(asked) > FEW:
        many: NDArray[np.float32] = asked @ rows.T
        return many
    out = np.empty((len(asked), len(rows)), dtype=np.float32)
    for vector, products in zip(asked, out, strict=True):
        np.einsum("nd,d->n", rows, vector, out=products)
    return out


class Best(NamedTuple):
    """The rows found so far, (Q, K), and their scores; sorted by falling score, then by row."""

    ids: NDArray[np.int64]
    scores: Floats

    def joined(self, scores: Floats, start: int, keep: int) -> Best:
        """Return the best `keep` of these and of the rows from `start` on, scores (Q, N).

        Only what beats the last of those kept is sorted: most blocks hold little of it.
        """
        count, width = scores.shape
        if self.ids.shape[1] == keep:
            better = scores > self.scores[:, -1:]
        elif width > keep:
            better = scores >= np.partition(scores, width - keep, axis=1)[:, [width - keep]]
        else:
            better = np.ones(scores.shape, dtype=np.bool_)
        found = np.flatnonzero(better)
        if not len(found):
            return self
        held = self.ids.shape[1]
        query = np.concatenate([np.repeat(np.arange(count), held), found // width])
        ids = np.concatenate([self.ids.ravel(), found % width + start])
        merged = np.concatenate([self.scores.ravel(), scores.ravel()[found]])
        order = np.lexsort((ids, -merged, query))
        first = np.searchsorted(query[order], np.arange(count))
        chosen = order[first[:, None] + np.arange(min(keep, held + width))]
        return Best(ids[chosen], merged[chosen])


class Likeness(NamedTuple):
    """How much of a matrix another one, quantised for instance, keeps.

    Attributes:
        cosine: Mean cosine between a row of the one and the same row of the other.
        overlap: Mean share of a row's nearest rows that are its nearest in the other too.
    """

    cosine: float
    overlap: float


def likeness(
    one: Matrix, other: Matrix, *, sample: int = 1_000, n: int = 10, seed: int = 0
) -> Likeness:
    """Compare two matrices (V, D) of the same words on a sample of their rows.

    Args:
        one: The original.
        other: What is left of it.
        sample: How many rows to compare; rows of zeros are left out.
        n: Nearest rows of each that are compared.
        seed: Draws the sample.

    Raises:
        DataError: The shapes differ, or all rows are zeros.
    """
    if one.shape != other.shape:
        raise DataError(f"matrices of shapes {one.shape} and {other.shape} cannot be compared")
    searches = [Search(range(len(matrix)), matrix) for matrix in (one, other)]
    usable = np.flatnonzero((searches[0].inverses > 0) & (searches[1].inverses > 0))
    if not len(usable):
        raise DataError("all vectors are zeros in one of the matrices; there is nothing to compare")
    chosen = np.random.default_rng(seed).permutation(usable)[:sample]
    ours, theirs = (units(matrix[chosen]) for matrix in (one, other))
    found = [
        search.nearest(rows[:, None], n + 1)[0]
        for search, rows in zip(searches, (ours, theirs), strict=True)
    ]
    shares = [
        len({*a[a != row][:n]} & {*b[b != row][:n]}) / max(1, min(n, len(one) - 1))
        for row, a, b in zip(chosen, *found, strict=True)
    ]
    return Likeness(float((ours * theirs).sum(axis=1).mean()), float(np.mean(shares)))
