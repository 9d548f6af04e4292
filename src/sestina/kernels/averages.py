"""Means of rows of a table, and their way back: only the rows of a batch are touched.

A text is the mean of the rows of its tokens and hashed n-grams (Joulin, Grave, Bojanowski and
Mikolov, Bag of Tricks for Efficient Text Classification, 2017). The table may have millions of
rows; a batch reads and changes a few thousand. Each row's gradient is summed by one thread, in the
order of the batch: the same bits for any number of threads.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from sestina.kernels.compiled import Kernel, compiled
from sestina.kernels.memory import integer, prefetch, short
from sestina.kernels.parallel import run
from sestina.kernels.records import record
from sestina.kernels.simd import (
    BYTES,
    LANES,
    fill,
    fma,
    load,
    load_first,
    quotient,
    root,
    store,
    store_first,
)
from sestina.kernels.workspace import address

Array = NDArray[np.float32]
Shorts = NDArray[np.int32]
Numbers = NDArray[np.int64]

TEXTS, ROWS = 8, 64  # of a chunk
AHEAD = 4  # rows between asking for one and adding it

FIELDS = (
    # rows of `size` floats; `batch` texts of `steps` row numbers at most
    "table", "size", "batch", "ids", "steps", "lengths", "means",
    # distinct rows; where each one's uses begin; the text of each use; gradients
    "distinct", "starts", "uses", "d_means", "sums", "count",
    # Adam: its two means, and the constants as vectors
    "first", "second", "constants",
)  # fmt: skip
ARGUMENTS, arguments = record(FIELDS)


@njit
def clear(to, size):
    """Write `size` zeros."""
    whole = size // LANES * LANES
    for at in range(0, 4 * whole, BYTES):
        store(to + at, fill(np.float32(0)))
    if whole < size:
        store_first(to + 4 * whole, fill(np.float32(0)), size - whole)


@njit
def add(to, row, size):
    """Add a row of `size` floats to another."""
    whole = size // LANES * LANES
    for at in range(0, 4 * whole, BYTES):
        store(to + at, load(to + at) + load(row + at))
    if whole < size:
        at, left = 4 * whole, size - whole
        store_first(to + at, load_first(to + at, left) + load_first(row + at, left), left)


@njit
def scale(to, factor, size):
    """Multiply a row of `size` floats."""
    whole, factors = size // LANES * LANES, fill(factor)
    for at in range(0, 4 * whole, BYTES):
        store(to + at, load(to + at) * factors)
    if whole < size:
        at, left = 4 * whole, size - whole
        store_first(to + at, load_first(to + at, left) * factors, left)


@njit
def ask_for(row, size):
    """Ask for a row ahead of its use."""
    for at in range(0, 4 * size, 64):
        prefetch(row + at)


def average_texts(chunk, place):
    """Write the means of some texts."""
    a = arguments(place)
    for text in range(chunk * TEXTS, min(chunk * TEXTS + TEXTS, a.batch)):
        ids, to = a.ids + 4 * text * a.steps, a.means + 4 * text * a.size
        length = integer(a.lengths + 8 * text)
        clear(to, a.size)
        for t in range(length):
            if t + AHEAD < length:
                ask_for(a.table + 4 * a.size * short(ids + 4 * (t + AHEAD)), a.size)
            add(to, a.table + 4 * a.size * short(ids + 4 * t), a.size)
        if length > 1:
            scale(to, np.float32(1) / np.float32(length), a.size)


def sum_rows(chunk, place):
    """Write the gradients of some distinct rows: the sum of those of the texts that use them."""
    a = arguments(place)
    for number in range(chunk * ROWS, min(chunk * ROWS + ROWS, a.count)):
        to = a.sums + 4 * number * a.size
        clear(to, a.size)
        for use in range(integer(a.starts + 8 * number), integer(a.starts + 8 * number + 8)):
            add(to, a.d_means + 4 * a.size * integer(a.uses + 8 * use), a.size)


@njit
def adam_step(a, row, gradient, at, left):
    """Move `left` floats of a row, `LANES` at most."""
    keep, fresh = load(a.constants), load(a.constants + BYTES)
    keep_square, fresh_square = load(a.constants + 2 * BYTES), load(a.constants + 3 * BYTES)
    rate, unbias, small = (
        load(a.constants + 4 * BYTES),
        load(a.constants + 5 * BYTES),
        load(a.constants + 6 * BYTES),
    )
    first, second, to = a.first + row + at, a.second + row + at, a.table + row + at
    if left >= LANES:
        g = load(gradient + at)
        m = fma(load(first), keep, g * fresh)
        v = fma(load(second), keep_square, g * g * fresh_square)
        store(first, m)
        store(second, v)
        store(to, load(to) - rate * quotient(m, fma(root(v), unbias, small)))
    else:
        g = load_first(gradient + at, left)
        m = fma(load_first(first, left), keep, g * fresh)
        v = fma(load_first(second, left), keep_square, g * g * fresh_square)
        store_first(first, m, left)
        store_first(second, v, left)
        value = load_first(to, left) - rate * quotient(m, fma(root(v), unbias, small))
        store_first(to, value, left)


def move_rows(chunk, place):
    """Take Adam's step for some distinct rows."""
    a = arguments(place)
    last = min(chunk * ROWS + ROWS, a.count)
    for number in range(chunk * ROWS, last):
        if number + 1 < last:
            following = 4 * a.size * integer(a.distinct + 8 * number + 8)
            for block in (a.table, a.first, a.second):
                ask_for(block + following, a.size)
        row = 4 * a.size * integer(a.distinct + 8 * number)
        for at in range(0, a.size, LANES):
            adam_step(a, row, a.sums + 4 * number * a.size, 4 * at, a.size - at)


AVERAGE, SUM, MOVE = Kernel(average_texts), Kernel(sum_rows), Kernel(move_rows)


def group_uses(ids, lengths, places, distinct, starts, uses):
    """Group the texts of a batch by the rows they use; return how many distinct rows there are.

    Returns −1 at an id outside the table, with that id in ``distinct[0]``.

    `places` (R,) are zeros before and after; `distinct` gets the rows by first use; the texts of
    the n-th are ``uses[starts[n] : starts[n + 1]]``, in order.
    """
    count = total = 0
    for b in range(ids.shape[0]):
        for t in range(lengths[b]):
            row = ids[b, t]
            if row < 0 or row >= places.size:
                for n in range(count):
                    places[distinct[n]] = 0
                distinct[0] = row
                return -1
            if places[row] == 0:
                distinct[count] = row
                starts[count] = 0
                count += 1
                places[row] = count
            starts[places[row] - 1] += 1
            total += 1
    ends = 0
    for n in range(count):
        ends += starts[n]
        starts[n] = ends
    starts[count] = total
    for b in range(ids.shape[0] - 1, -1, -1):
        for t in range(lengths[b] - 1, -1, -1):
            n = places[ids[b, t]] - 1
            starts[n] -= 1
            uses[starts[n]] = b
    for n in range(count):
        places[distinct[n]] = 0
    return count


_numbers = types.int64[::1]
_GROUP = types.int64(types.int32[:, ::1], _numbers, types.int32[::1], _numbers, _numbers, _numbers)


@dataclass(frozen=True)
class Uses:
    """Which rows a batch uses.

    Attributes:
        rows: The U distinct rows, by their first use, (U,).
        starts: Where each one's texts begin in `texts`, (U + 1,).
        texts: Text of each use, (sum of lengths,).
    """

    rows: Numbers
    starts: Numbers
    texts: Numbers


def average(table: Array, ids: Shorts, lengths: Numbers) -> Array:
    """Return the mean of each text's rows, (B, D); zeros for an empty text.

    Args:
        table: (R, D), contiguous.
        ids: Row numbers, (B, T), contiguous; they are not checked.
        lengths: How many of them count, (B,).
    """
    means = np.empty((len(ids), table.shape[1]), np.float32)
    record = np.zeros((), ARGUMENTS)
    record["table"], record["size"], record["batch"] = address(table), table.shape[1], len(ids)
    record["ids"], record["steps"] = address(ids), ids.shape[1]
    record["lengths"], record["means"] = address(lengths), address(means)
    chunks = -(-len(ids) // TEXTS)
    run(AVERAGE, chunks, address(record), 4.0 * ids.size * table.shape[1])
    return means


def group(ids: Shorts, lengths: Numbers, places: Shorts) -> Uses:
    """Return which rows a batch uses, and by which texts.

    Args:
        ids: Row numbers, (B, T).
        lengths: How many of them count, (B,).
        places: A zero for each row of the table, (R,); zeros again afterwards.

    Raises:
        IndexError: An id is not in the table.
    """
    most = int(lengths.sum())
    rows, starts = np.empty(max(most, 1), np.int64), np.zeros(most + 1, np.int64)
    texts = np.empty(most, np.int64)
    count = compiled(group_uses, _GROUP)(ids, lengths, places, rows, starts, texts)
    if count < 0:
        raise IndexError(f"ids should lie between 0 and {len(places) - 1}; got {rows[0]}")
    return Uses(rows[:count], starts[: count + 1], texts)


def sums(uses: Uses, d_texts: Array) -> Array:
    """Return the sum of each distinct row's gradients, (U, D), in the order of the batch.

    Args:
        uses: Which rows the batch uses.
        d_texts: What each text gives to each of its rows, (B, D), contiguous.
    """
    out = np.empty((len(uses.rows), d_texts.shape[1]), np.float32)
    record = np.zeros((), ARGUMENTS)
    record["size"], record["count"] = d_texts.shape[1], len(uses.rows)
    record["starts"], record["uses"] = address(uses.starts), address(uses.texts)
    record["d_means"], record["sums"] = address(d_texts), address(out)
    chunks, work = -(-len(uses.rows) // ROWS), 4.0 * len(uses.texts) * d_texts.shape[1]
    run(SUM, chunks, address(record), work)
    return out


def adam(
    table: Array,
    means: tuple[Array, Array],
    rows: Numbers,
    gradients: Array,
    rate: float,
    decays: tuple[float, float],
    epsilon: float,
    step: int,
) -> None:
    """Take Adam's step (Kingma and Ba 2015) for some rows, in place; the others keep still.

    Args:
        table: (R, D), contiguous.
        means: Running means of the gradients and of their squares, like the table.
        rows: Distinct rows, (U,).
        gradients: Theirs, (U, D), contiguous.
        rate: Step size.
        decays: β₁ and β₂.
        epsilon: ε.
        step: Number of the step, from 1, that the means are unbiased for.
    """
    one, two = decays
    unbias = 1 / math.sqrt(1 - two**step)
    values = [one, 1 - one, two, 1 - two, rate / (1 - one**step), unbias, epsilon]
    constants = np.repeat(np.array(values, np.float32), LANES)
    record = np.zeros((), ARGUMENTS)
    record["table"], record["size"], record["count"] = address(table), table.shape[1], len(rows)
    record["first"], record["second"] = address(means[0]), address(means[1])
    record["distinct"], record["sums"] = address(rows), address(gradients)
    record["constants"] = address(constants)
    run(MOVE, -(-len(rows) // ROWS), address(record), 40.0 * gradients.size)
