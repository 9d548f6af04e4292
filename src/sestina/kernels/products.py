"""Matrix products in register tiles: what the steps of all cells are made of.

A packed matrix (K, N), N a multiple of `PAD`, lies in panels of one vector's columns, K rows one
after the other. Addresses and strides are in bytes.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from sestina.kernels.simd import BYTES, fill, integer, load, store
from sestina.kernels.tiles import TALL, get, new_tile, product, put

_add = product(TALL, (0,), 1)


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
def add_outer(to, to_row, size, a, a_row, a_step, b, b_row, b_step, columns, counts, steps):
    """Add Σ A[s, r, m] · B[s, r, n], steps s, rows r < counts[s], to a (size, columns) matrix.

    A and `to` are padded, so that `size` may be rounded up to a whole tile.
    """
    tile = new_tile()
    for column in range(0, 4 * columns, BYTES):
        for m in range(0, size, TALL):
            place = to + m * to_row + column
            for r in range(TALL):
                put(tile, r, load(place + r * to_row))
            for s in range(steps):
                n = integer(counts + 8 * s)
                _add(tile, a + s * a_step + 4 * m, 4, a_row, b + s * b_step + column, b_row, n)
            for r in range(TALL):
                store(place + r * to_row, get(tile, r))


@njit
def add_rows(to, b, b_row, b_step, columns, counts, steps):
    """Add Σ B[s, r] over steps s and rows r < counts[s] to one row of `columns` floats."""
    for column in range(0, 4 * columns, BYTES):
        total = load(to + column)
        for s in range(steps):
            for r in range(integer(counts + 8 * s)):
                total = total + load(b + s * b_step + r * b_row + column)
        store(to + column, total)
