"""Many sequences of unequal length in one array, and the batches that training draws from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

POOL = 32  # batches' worth of rows that are sorted by length together while training


@dataclass(frozen=True)
class Ragged:
    """N sequences laid end to end.

    Attributes:
        values: Items of all sequences, (sum of lengths, …); token ids are (sum,), series (sum, D).
        offsets: Where each sequence starts, and the end: (N + 1,).
    """

    values: NDArray[Any]
    offsets: NDArray[np.int64]

    @classmethod
    def of(cls, sequences: Sequence[NDArray[Any]], like: NDArray[Any]) -> Ragged:
        """Lay `sequences` end to end; `like` (0, …) gives their type and item shape."""
        lengths = [len(sequence) for sequence in sequences]
        values = np.concatenate([like, *sequences]).astype(like.dtype, copy=False)
        return cls(values, np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Length of each sequence, (N,)."""
        return np.diff(self.offsets)

    def row(self, n: int) -> NDArray[Any]:
        """Return sequence `n`, a view."""
        return self.values[self.offsets[n] : self.offsets[n + 1]]

    def turned(self) -> Ragged:
        """Return every sequence from its end to its beginning."""
        lasts = np.repeat(self.offsets[:-1] + self.offsets[1:] - 1, self.lengths)
        return Ragged(self.values[lasts - np.arange(len(self.values))], self.offsets)

    def take(self, rows: NDArray[np.int64]) -> Ragged:
        """Return the sequences at `rows`, laid end to end anew."""
        return Ragged.of([self.row(int(n)) for n in rows], self.values[:0])

    def padded(
        self, rows: NDArray[np.int64], length: int | None = None, side: str = "post"
    ) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Return the sequences at `rows` as one zero-padded array (B, T, …) and their lengths (B,).

        Args:
            rows: Which sequences, (B,).
            length: T; by default that of the longest row, and at least 1. The end of a longer
                row is cut off.
            side: Side that the padding stands on, "pre" or "post".
        """
        lengths = self.lengths[rows]
        steps = int(max(lengths.max(initial=0), 1)) if length is None else length
        lengths = np.minimum(lengths, steps)
        index = self.offsets[rows][:, None] + np.arange(steps)  # (B, T)
        if side == "pre":
            index -= (steps - lengths)[:, None]
            real = np.arange(steps) >= (steps - lengths)[:, None]
        else:
            real = np.arange(steps) < lengths[:, None]
        out = np.zeros((len(rows), steps, *self.values.shape[1:]), self.values.dtype)
        out[real] = self.values[index[real]]
        return out, lengths


def shuffled_batches(
    lengths: NDArray[np.int64], size: int, seed: int, epoch: int
) -> Iterator[NDArray[np.int64]]:
    """Yield the rows of one epoch in random batches of like length.

    Rows are shuffled, then sorted by length within pools of `POOL` batches, so that a batch
    carries little padding; the batches' own order is random. The draw depends on `seed` and
    `epoch` alone, so that training resumed at any epoch sees the same batches.
    """
    rng = np.random.default_rng([seed, epoch, 0xBA7C])
    order = rng.permutation(len(lengths))
    batches: list[NDArray[np.int64]] = []
    for start in range(0, len(order), size * POOL):
        pool = order[start : start + size * POOL]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches.extend(pool[i : i + size] for i in range(0, len(pool), size))
    for index in rng.permutation(len(batches)):
        yield batches[index]


def sorted_batches(lengths: NDArray[np.int64], size: int) -> Iterator[NDArray[np.int64]]:
    """Yield all rows in batches of like length, for prediction."""
    order = np.argsort(lengths, kind="stable")
    for start in range(0, len(order), size):
        yield from alike(lengths, order[start : start + size])


def alike(lengths: NDArray[np.int64], rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Yield rows in groups, none of which has more padding than steps.

    A group ends before the first row that would make it so; hence one long sequence does not make
    its whole batch as long.

    Args:
        lengths: Of all sequences, (N,).
        rows: Which are wanted, (B,); they come by length.
    """
    rows = rows[np.argsort(lengths[rows], kind="stable")]
    steps = np.cumsum(lengths[rows])  # (B,), of the rows so far
    padded = lengths[rows] * np.arange(1, len(rows) + 1)
    longer = np.flatnonzero(padded > 2 * steps)
    if len(longer) == 0:
        yield rows
        return
    yield rows[: longer[0]]
    yield from alike(lengths, rows[longer[0] :])
