"""Rows of tokens → what a language model reads, and the tokens that it must foresee.

Letters: N rows, B of them in a batch, T steps, M tokens foreseen. A row begins with the token that
ends a text, so that a text's first token is foreseen too.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sestina.data.ragged import Ragged

Numbers = NDArray[np.int64]


class Chunk(NamedTuple):
    """Some steps of some rows.

    Attributes:
        inputs: Tokens read, (B, T), zeros behind a row's end.
        lengths: Steps that each row has in this chunk, (B,); 0 for one that has ended.
        places: Which of the B · T steps foresee a token, (M,).
        targets: The tokens that they should foresee, (M,).
        rows: The row that each is of, (M,).
        fresh: Whether rows begin here; if not, they go on from the chunk before.
    """

    inputs: Numbers
    lengths: Numbers
    places: Numbers
    targets: Numbers
    rows: Numbers
    fresh: bool


def framed(texts: Ragged, end: int) -> Ragged:
    """Return texts, each of which ends with the token `end`, as rows that begin with it too."""
    offsets = texts.offsets + np.arange(len(texts) + 1)
    values = np.full(offsets[-1], end, texts.values.dtype)
    inside = np.ones(len(values), bool)
    inside[offsets[:-1]] = False
    values[inside] = texts.values
    return Ragged(values, offsets)


def joined(texts: Ragged, end: int) -> Ragged:
    """Return texts, each of which ends with the token `end`, as one row."""
    values = np.concatenate([np.array([end], texts.values.dtype), texts.values])
    return Ragged(values, np.array([0, len(values)], np.int64))


def pieces(row: Ragged, count: int, shift: int = 0) -> Ragged:
    """Cut a single row into rows of about equal length, each of which begins where one ends.

    Args:
        row: A `joined` row.
        count: Rows to make, at most as many as there are tokens to foresee.
        shift: Turn the row round by so many tokens first, so that it is cut elsewhere.
    """
    circle = np.roll(row.values[1:], -shift)
    whole = np.concatenate([circle[-1:], circle])
    cuts = np.linspace(0, len(circle), count + 1).astype(np.int64)
    return Ragged.of([whole[a : b + 1] for a, b in pairwise(cuts)], whole[:0])


def overlapping(row: Ragged, count: int, before: int) -> tuple[Ragged, Numbers]:
    """Cut a single row into rows that can be read side by side, as if one after another.

    Returns:
        The rows, each but the first with up to `before` tokens more at its beginning, and how many
        tokens of each are there to be read only, (count,).
    """
    cuts = np.linspace(0, len(row.values) - 1, count + 1).astype(np.int64)
    starts = np.maximum(cuts[:-1] - before, 0)
    rows = [row.values[a : b + 1] for a, b in zip(starts, cuts[1:], strict=True)]
    return Ragged.of(rows, row.values[:0]), cuts[:-1] - starts


def chunks(
    rows: Ragged, index: Numbers, steps: int, skip: Numbers | None = None
) -> Iterator[Chunk]:
    """Yield the rows at `index`, `steps` tokens at a time: truncated back-propagation (row D5).

    Args:
        rows: All rows.
        index: Which of them, (B,).
        steps: T at most.
        skip: Tokens at the beginning of each row of `rows` that are read, but not foreseen.
    """
    lengths = rows.lengths[index] - 1
    idle = np.zeros(len(index), np.int64) if skip is None else skip[index]
    for start in range(0, int(lengths.max(initial=0)), steps):
        left = np.clip(lengths - start, 0, steps)
        step = np.arange(int(left.max()))
        real = step < left[:, None]  # (B, T)
        at = np.where(real, rows.offsets[index][:, None] + start + step, 0)
        wanted = real & (start + step >= idle[:, None])
        inputs = np.where(real, rows.values[at], 0).astype(np.int64)
        yield Chunk(
            inputs,
            left,
            np.flatnonzero(wanted),
            rows.values[at[wanted] + 1].astype(np.int64),
            index[np.nonzero(wanted)[0]],
            fresh=start == 0,
        )


def foreseen(rows: Ragged) -> Numbers:
    """Return where in the rows' values the tokens stand that are to be foreseen: all but firsts."""
    inside = np.ones(len(rows.values), bool)
    inside[rows.offsets[:-1]] = False
    return np.flatnonzero(inside)


def windows(rows: Ragged, targets: Numbers, steps: int) -> Chunk:
    """Return the tokens at `targets`, and the `steps` tokens of its row before each (row E4).

    Args:
        rows: All rows.
        targets: Places in the rows' values, of `foreseen`, (B,).
        steps: Tokens of a window; there are fewer where a row begins.
    """
    owners = np.searchsorted(rows.offsets, targets, side="right") - 1
    lengths = np.minimum(targets - rows.offsets[owners], steps)
    step = np.arange(int(lengths.max(initial=1)))
    real = step < lengths[:, None]
    at = np.where(real, (targets - lengths)[:, None] + step, 0)
    return Chunk(
        np.where(real, rows.values[at], 0).astype(np.int64),
        lengths,
        np.arange(len(targets)) * len(step) + lengths - 1,
        rows.values[targets].astype(np.int64),
        owners,
        fresh=True,
    )
