"""Matrix products in register tiles: what the steps of all cells are made of.

A packed matrix (K, N), N a multiple of `PAD`, lies in panels of one vector's columns, K rows one
after the other. Addresses and strides are in bytes.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from sestina.kernels.simd import BYTES, LANES, fill, integer, load, store
from sestina.kernels.tiles import TALL, get, new_tile, product, put

FAR = 4096  # bytes between rows from which on they fall on the same lines of a first-level cache

_add = product(TALL, (0,), 1)
_add_four, _add_single = product(1, (0, 1, 2, 3), 4), product(1, (0,), 1)


@njit
def multiply(to, to_row, a, a_row, rows, packed, count, columns):
    """Write A (rows, count) · packed (count, columns); rows are rounded up to a whole tile."""
    tile = new_tile()
    for done in range(0, 4 * columns, BYTES):
        for row in range(0, rows, TALL):
            for r in range(TALL):
                put(tile, r, fill(np.float32(0)))
            _add(tile, a + row * a_row, a_row, 4, packed + done * count, BYTES, count)
            for r in range(TALL):
                store(to + (row + r) * to_row + done, get(tile, r))


@njit
def multiply_chunk(to, to_row, a, a_row, rows, packed, count, columns, spare):
    """Do the same for up to `CHUNK` rows, brought together at `spare` first if they are far apart.

    Far rows compete for one place in the cache. `spare` has room for `CHUNK` rows of `count`
    floats and a vector.
    """
    if a_row >= FAR:
        near = 4 * count + BYTES
        for row in range(rows):
            for i in range(0, 4 * count, BYTES):
                store(spare + row * near + i, load(a + row * a_row + i))
        multiply(to, to_row, spare, near, rows, packed, count, columns)
    else:
        multiply(to, to_row, a, a_row, rows, packed, count, columns)


@njit
def pack_left(to, a, a_row, a_step, size, counts, steps):
    """Pack A[s, r, m], rows r < counts[s] of each step s, for `add_outer`; return their number.

    Panels of `TALL` columns m lie one after the other, their rows side by side, so that no two
    rows compete for a place in the cache.
    """
    total = 0
    for s in range(steps):
        total += integer(counts + 8 * s)
    for panel in range(0, 4 * size, BYTES):
        place = to + panel * total
        for s in range(steps):
            for r in range(integer(counts + 8 * s)):
                store(place, load(a + s * a_step + r * a_row + panel))
                place += BYTES
    return total


@njit
def add_outer(to, to_row, size, left, total, b, b_row, b_step, columns, counts, steps, strip):
    """Add Σ A[s, r, m] · B[s, r, n] to a (size, columns) matrix, A packed at `left`.

    `to` is padded, so that `size` may be rounded up to a whole tile. `strip` is scratch for one
    vector of every row.
    """
    tile = new_tile()
    for column in range(0, 4 * columns, BYTES):
        place = strip
        for s in range(steps):
            for r in range(integer(counts + 8 * s)):
                store(place, load(b + s * b_step + r * b_row + column))
                place += BYTES
        for m in range(0, size, TALL):
            place = to + m * to_row + column
            for r in range(TALL):
                put(tile, r, load(place + r * to_row))
            _add(tile, left + 4 * m * total, 4, BYTES, strip, BYTES, total)
            for r in range(TALL):
                store(place + r * to_row, get(tile, r))


@njit
def add_rows(to, one, b, b_row, b_step, columns, counts, steps):
    """Add Σ B[s, r], rows r < counts[s] of each step s, to one row; at `one` stands 1.0."""
    tile = new_tile()
    column = 0
    while column < columns:
        width = 4 if columns - column >= 4 * LANES else 1
        place = to + 4 * column
        for i in range(width):
            put(tile, i, load(place + i * BYTES))
        for s in range(steps):
            n = integer(counts + 8 * s)
            if width == 4:
                _add_four(tile, one, 0, 0, b + s * b_step + 4 * column, b_row, n)
            else:
                _add_single(tile, one, 0, 0, b + s * b_step + 4 * column, b_row, n)
        for i in range(width):
            store(place + i * BYTES, get(tile, i))
        column += width * LANES
