"""Folded inputs: where x is a lookup in a table, the table's products with W are formed once.

Z = table · W + b is (U, G·Hp) for the U distinct rows of a batch; a step then reads Z instead of
multiplying x. Backward, the gates' gradients are added up by table row, in the order of the batch.
"""

from __future__ import annotations

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from sestina.kernels.arguments import Arguments
from sestina.kernels.compiled import Kernel, compiled
from sestina.kernels.memory import integer, write_integer
from sestina.kernels.packing import give_weights
from sestina.kernels.parallel import run
from sestina.kernels.plans import plan
from sestina.kernels.products import add_outer, multiply, pack_left, pack_strip
from sestina.kernels.sequence import (
    CHUNK,
    PAD,
    arguments,
    clear,
    copy_exactly,
    copy_padded,
    length_of,
    offset_of,
)
from sestina.kernels.simd import BYTES, load, store

Array = NDArray[np.float32]

BLOCK_ROWS = 128  # table rows of a chunk of work
TABLE_SCRATCH = 4 * (PAD + 2 * BLOCK_ROWS * PAD)


def table_products(chunk, address):
    """Write Z of one block of table rows."""
    a = arguments(address)
    columns = a.w_blocks * a.hidden_padded
    first = chunk * BLOCK_ROWS
    rows = min(BLOCK_ROWS, a.table_rows - first)
    features, wide = a.table_features, a.table_features_padded
    to, inputs = a.table + first * 4 * columns, a.inputs + first * 4 * wide
    for r in range(rows):
        source = a.given_table + 4 * (first + r) * features
        copy_padded(inputs + 4 * r * wide, source, features, wide)
    multiply(to, 4 * columns, inputs, 4 * wide, rows, a.w, features, columns)
    for r in range(rows):
        for i in range(0, 4 * columns, BYTES):
            place = to + r * 4 * columns + i
            store(place, load(place) + load(a.bias + i))


def count_uses(chunk, address):
    """List where each table row was used: addresses of saved steps, grouped by row, in order.

    `uses` (N,) are the addresses, `ends` (U + 1,) where each row's group ends.
    """
    a = arguments(address)
    for number in range(a.table_rows + 1):
        write_integer(a.ends + 8 * number, 0)
    for row in range(a.rows):
        for t in range(length_of(a, row)):
            place = a.ends + 8 * integer(a.x + offset_of(a, row, t, a.x_row, a.x_step))
            write_integer(place, integer(place) + 1)
    total = 0
    for number in range(a.table_rows + 1):
        total += integer(a.ends + 8 * number)
        write_integer(a.ends + 8 * number, total)
    _list_uses(a)


@njit
def _list_uses(a):
    """Fill the groups from their ends, the last use first; `ends` become starts."""
    size = 4 * a.blocks * a.hidden_padded
    for row in range(a.rows - 1, -1, -1):
        chunk = row // CHUNK
        start = a.saved + (integer(a.starts + 8 * chunk) * CHUNK + row % CHUNK) * size
        for t in range(length_of(a, row) - 1, -1, -1):
            place = a.ends + 8 * integer(a.x + offset_of(a, row, t, a.x_row, a.x_step))
            at = integer(place) - 1
            write_integer(place, at)
            write_integer(a.uses + 8 * at, start + t * CHUNK * size)


def sum_uses(chunk, address):
    """Write the gradients of one block of Z's rows, then those of the table's rows."""
    a = arguments(address)
    columns = a.w_blocks * a.hidden_padded
    first = chunk * BLOCK_ROWS
    last = min(first + BLOCK_ROWS, a.table_rows)
    for number in range(first, last):
        place = a.d_products + number * 4 * columns
        clear(place, columns)
        for use in range(integer(a.ends + 8 * number), integer(a.ends + 8 * number + 8)):
            source = integer(a.uses + 8 * use)
            for i in range(0, 4 * columns, BYTES):
                store(place + i, load(place + i) + load(source + i))
    if a.d_given_table:
        features, wide = a.table_features, a.table_features_padded
        d_inputs, products = a.d_inputs + first * 4 * wide, a.d_products + first * 4 * columns
        multiply(d_inputs, 4 * wide, products, 4 * columns, last - first, a.w_back, columns, wide)
        for r in range(last - first):
            to = a.d_given_table + 4 * (first + r) * features
            copy_exactly(to, d_inputs + 4 * r * wide, features)


def sum_table_weights(chunk, address):
    """Write the gradient of W for one block of input features: tableᵀ · dZ."""
    a = arguments(address)
    columns, row = a.w_blocks * a.hidden_padded, 4 * a.table_features_padded
    to = a.d_table_weights + chunk * CHUNK * 4 * columns
    count = a.table_scratch + chunk * TABLE_SCRATCH
    strip = count + 4 * PAD
    left = strip + 4 * BLOCK_ROWS * PAD
    clear(to, CHUNK * columns)
    for first in range(0, a.table_rows, BLOCK_ROWS):
        write_integer(count, min(BLOCK_ROWS, a.table_rows - first))
        source = a.inputs + first * row + 4 * chunk * CHUNK
        total = pack_left(left, source, row, 0, CHUNK, count, 1)
        right = a.d_products + first * 4 * columns
        for column in range(0, 4 * columns, BYTES):
            pack_strip(strip, right + column, 4 * columns, 0, count, 1)
            add_outer(to + column, 4 * columns, CHUNK, left, strip, total)
    give_weights(a, to, a.w_gates, a.d_input_weights, chunk * CHUNK, a.table_features)


TABLE_PRODUCTS, COUNT_USES = Kernel(table_products), Kernel(count_uses)
SUM_USES, SUM_TABLE_WEIGHTS = Kernel(sum_uses), Kernel(sum_table_weights)


def find_distinct(ids, lengths, places, distinct, rows):
    """Number tokens (B, T) by their first occurrence; return how many there are.

    Returns −1 at an id outside the vocabulary, with that id in ``distinct[0]``.

    `places` (V,) are zeros before and numbers + 1 after; `distinct` gets a token for each number,
    `rows` (B, T) a number for each token, 0 beyond the ends.
    """
    count = 0
    for b in range(ids.shape[0]):
        for t in range(lengths[b]):
            token = ids[b, t]
            if token < 0 or token >= places.size:
                distinct[0] = token
                return -1
            if places[token] == 0:
                distinct[count] = token
                count += 1
                places[token] = count
            rows[b, t] = places[token] - 1
        rows[b, lengths[b] :] = 0
    return count


_numbers, _matrix = types.int64[::1], types.int64[:, ::1]
DISTINCT = types.int64(types.int64[:, :], _numbers, types.int32[::1], _numbers, _matrix)


def distinct_tokens(
    ids: NDArray[np.int64], lengths: NDArray[np.int64] | None, vocabulary: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the distinct tokens (U,) of ids (B, T) within their lengths, and each one's row there.

    Raises:
        IndexError: An id is not in the vocabulary.
    """
    batch, steps = ids.shape
    if lengths is None:
        lengths = np.full(batch, steps)
    places = np.zeros(vocabulary, np.int32)
    distinct, rows = (
        np.empty(max(min(vocabulary, ids.size), 1), np.int64),
        np.empty(ids.shape, np.int64),
    )
    count = compiled(find_distinct, DISTINCT)(ids, lengths, places, distinct, rows)
    if count < 0:
        raise IndexError(
            f"token ids should lie between 0 and {vocabulary - 1}, the rows of the table; "
            f"got {distinct[0]}"
        )
    return distinct[:count], rows


def set_table(a: Arguments, table: Array) -> None:
    """Form the products of a table (U, D) with W, and let x name their rows."""
    blocks = -(-len(table) // BLOCK_ROWS)
    rows, columns = blocks * BLOCK_ROWS, a["w_blocks"] * a["hidden_padded"]
    rooms = {"inputs": rows * a["table_features_padded"], "table": rows * columns}
    a.follow(plan({"table_rows": len(table)}, rooms))
    a.set(given_table=np.ascontiguousarray(table))
    run(TABLE_PRODUCTS, blocks, a.address)


def give_gradients(a: Arguments, d_table: Array | None) -> None:
    """Write the gradients of W and, if wanted, of the table (U, D)."""
    blocks, wide = -(-a["table_rows"] // BLOCK_ROWS), a["table_features_padded"]
    rows, columns = blocks * BLOCK_ROWS, a["w_blocks"] * a["hidden_padded"]
    rooms = {
        "ends": 2 * (a["table_rows"] + 1),  # int64
        "uses": 2 * a.steps,
        "d_products": rows * columns,
        "d_inputs": 0 if d_table is None else rows * wide,
        "d_table_weights": wide * columns,
        "table_scratch": wide // CHUNK * TABLE_SCRATCH // 4,
    }
    a.follow(plan({}, rooms))
    a.set(d_given_table=d_table)
    run(COUNT_USES, 1, a.address)
    run(SUM_USES, blocks, a.address)
    run(SUM_TABLE_WEIGHTS, wide // CHUNK, a.address)
