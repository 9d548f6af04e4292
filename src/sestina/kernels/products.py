"""Matrix products in register tiles: what the steps of all cells are made of.

A packed matrix (K, N), N a multiple of `PAD`, lies in panels of one vector's columns, K rows one
after the other. Addresses and strides are in bytes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from sestina.kernels.memory import integer
from sestina.kernels.simd import BYTES, fill, load, store
from sestina.kernels.tiles import FLAT, HALF, TALL, get, new_tile, panel_product, product, put

FAR = 4096  # bytes between rows from which on they fall on the same lines of a first-level cache

_add = product(TALL, (0,), 1)


def _multiplying(high: int, wide: int) -> Any:
    """Return a compiled product that takes `high` rows and `wide` panels at a time.

    ``size`` bytes of a row are columns, a multiple of those panels' bytes.
    """
    add = panel_product(high, wide)

    @njit
    def multiply_so(to, to_row, a, a_row, rows, packed, count, size):
        tile = new_tile()
        for done in range(0, size, wide * BYTES):
            for row in range(0, rows, high):
                for at in range(high * wide):
                    put(tile, at, fill(np.float32(0)))
                left, right = a + row * a_row, packed + done * count
                add(tile, left, a_row, 4, right, BYTES, count, BYTES * count)
                for r in range(high):
                    for n in range(wide):
                        place = to + (row + r) * to_row + done + n * BYTES
                        store(place, get(tile, wide * r + n))

    return multiply_so


_few, _few_last = _multiplying(FLAT, 4), _multiplying(FLAT, 1)
_some, _some_last = _multiplying(HALF, 2), _multiplying(HALF, 1)
_many = _multiplying(TALL, 1)


@njit
def multiply(to, to_row, a, a_row, rows, packed, count, columns):
    """Write A (rows, count) · packed (count, columns); rows are rounded up to a whole tile.

    A tile has `FLAT` rows, `HALF` or `TALL`, as few as will do. The rows of A behind the last, up
    to a whole tile, are cleared: whatever stood there might be denormal, of which processors make
    products fifty times slower.
    """
    high = FLAT if rows <= FLAT else HALF if rows <= HALF else TALL
    for row in range(rows, (rows + high - 1) // high * high):
        for i in range(0, 4 * count, BYTES):
            store(a + row * a_row + i, fill(np.float32(0)))
    size = 4 * columns
    if rows <= FLAT:
        whole = size // (4 * BYTES) * (4 * BYTES)
        rest = packed + whole * count
        _few(to, to_row, a, a_row, rows, packed, count, whole)
        _few_last(to + whole, to_row, a, a_row, rows, rest, count, size - whole)
    elif rows <= HALF:
        whole = size // (2 * BYTES) * (2 * BYTES)
        rest = packed + whole * count
        _some(to, to_row, a, a_row, rows, packed, count, whole)
        _some_last(to + whole, to_row, a, a_row, rows, rest, count, size - whole)
    else:
        _many(to, to_row, a, a_row, rows, packed, count, size)


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
def pack_strip(to, b, b_row, b_step, counts, steps):
    """Bring one vector of every row of B together, as `pack_left` does with A."""
    for s in range(steps):
        for r in range(integer(counts + 8 * s)):
            store(to, load(b + s * b_step + r * b_row))
            to += BYTES


@njit
def add_outer(to, to_row, size, left, strip, total):
    """Add Σ A[k, m] · B[k], k < total, to one vector's columns of a matrix of `size` rows.

    `to` is padded, so that `size` may be rounded up to a whole tile.
    """
    tile = new_tile()
    for m in range(0, size, TALL):
        place = to + m * to_row
        for r in range(TALL):
            put(tile, r, load(place + r * to_row))
        _add(tile, left + 4 * m * total, 4, BYTES, strip, BYTES, total)
        for r in range(TALL):
            store(place + r * to_row, get(tile, r))


@njit
def add_sum(to, strip, total):
    """Add Σ B[k], k < total, to one vector; four sums run side by side."""
    one, two = load(to), fill(np.float32(0))
    three, four = two, two
    whole = total // 4 * 4 * BYTES
    for k in range(0, whole, 4 * BYTES):
        one = one + load(strip + k)
        two = two + load(strip + k + BYTES)
        three = three + load(strip + k + 2 * BYTES)
        four = four + load(strip + k + 3 * BYTES)
    for k in range(whole, total * BYTES, BYTES):
        one = one + load(strip + k)
    store(to, (one + two) + (three + four))
