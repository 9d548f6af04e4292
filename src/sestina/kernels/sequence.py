"""What a chunk of sequences is to every cell: its arguments, and moving rows in and out of it.

A chunk is `CHUNK` rows of a batch sorted by falling length; it runs for as many steps as its own
longest row has. Rows that have ended are left out step by step: the active rows are the first n.
All addresses and strides are in bytes. In workspaces, D and H are padded to multiples of `PAD`.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba import njit, types
from numba.extending import intrinsic

from sestina.kernels.memory import integer, prefetch, write_integer
from sestina.kernels.simd import BYTES, LANES, fill, load, load_first, store, store_first

CHUNK = 16
PAD = 16
BLOCK = 8  # steps whose inputs are taken, and whose weight gradients are added up, together
LINE = 64  # bytes
ASKED = 256  # bytes of a row to ask for ahead; the machine itself goes on from there

FIELDS = (
    # the batch: rows sorted by falling length; starts: chunk → its first step in the workspaces
    "rows", "steps", "features", "features_padded", "hidden", "hidden_padded",
    "order", "lengths", "starts", "reverse", "keep", "relu",
    # units that stay: by coins of a key or in expectation; how many of 2²⁴ parts
    "zone", "zone_key", "zone_h", "zone_c",
    # input (B, T, D), or row numbers (B, T) of a table of ready products (U, G · Hp)
    "x", "x_row", "x_step", "table", "input_mask", "hidden_mask",
    # weights in PyTorch's layout; their gates by H-blocks, four bits each (`layouts.digits`)
    "input_weights", "hidden_weights", "input_bias", "hidden_bias", "w_gates", "u_gates", "apart",
    # packed weights; blocks: H-blocks saved per row, of which W's stand first, U's at u_first
    "w", "u", "bias", "u_bias", "w_inner", "u_inner", "w_back", "u_back", "u_inner_back",
    "blocks", "w_blocks", "u_first", "u_blocks",
    # states (B, H), outputs (B, T, H)
    "h0", "c0", "hn", "cn", "out", "out_row", "out_step",
    # workspaces
    "saved", "history", "cells", "scratch", "scratch_size",
    # where things stand in a chunk's scratch, backward; at_spare counts from at_buffer
    "at_cells", "at_buffer", "at_spare", "at_counts", "at_strip", "at_left", "at_inner", "at_gates",
    "at_masked", "at_inputs", "at_d_inputs", "at_kept",
    # of normalised layers: scales of U h and of c, shifts of c, ones for real units; of W x
    "gain", "cell_gain", "cell_bias", "real", "d_gain", "d_gain_size",
    "x_gain", "x_shift",
    # gradients
    "d_hn", "d_cn", "d_h0", "d_c0", "d_out", "d_out_row", "d_out_step",
    "d_x", "d_x_row", "d_x_step",
    # each chunk's share of the weights' gradients, and their sums in PyTorch's layout
    "chunks", "d_weights", "d_weights_size",
    "d_input_weights", "d_hidden_weights", "d_input_bias", "d_hidden_bias",
    # folded inputs: the table's rows (U, D), where each is used, their gradients
    "given_table", "inputs", "table_rows", "table_features", "table_features_padded",
    "table_scratch", "uses", "ends", "d_products", "d_inputs", "d_given_table", "d_table_weights",
)  # fmt: skip
ARGUMENTS = np.dtype([(name, np.int64) for name in FIELDS])
RECORD = ARGUMENTS.itemsize


@intrinsic
def arguments(typing: Any, address: Any) -> Any:
    """Return the record of arguments at `address`."""
    record = numba.from_dtype(ARGUMENTS)

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], context.get_value_type(record))

    return record(types.int64), build


@njit
def streaming(address, layer):
    """Return the record of one layer of a stream; the layers' records are neighbours."""
    return arguments(address + layer * RECORD)


@njit
def length_of(a, row):
    """Return the length of a sorted row."""
    return integer(a.lengths + 8 * row)


@njit
def still_active(a, first, n, step):
    """Return how many rows from `first` have more than `step` steps; no more than n do."""
    while n > 0 and length_of(a, first + n - 1) <= step:
        n -= 1
    return n


@njit
def now_active(a, first, n, rows, step):
    """Return how many of `rows` rows from `first` have more than `step` steps; n or more do."""
    while n < rows and length_of(a, first + n) > step:
        n += 1
    return n


@njit
def clear(to, count):
    """Write `count` zeros, a multiple of `LANES`."""
    for i in range(0, 4 * count, BYTES):
        store(to + i, fill(np.float32(0)))


@njit
def multiply_into(to, factor, count):
    """Multiply `count` floats in place, a multiple of `PAD`."""
    for i in range(0, 4 * count, BYTES):
        store(to + i, load(to + i) * load(factor + i))


@njit
def copy_padded(to, source, count, padded):
    """Copy `count` floats, and zeros up to `padded`."""
    for i in range(0, padded, LANES):
        store(to + 4 * i, load_first(source + 4 * i, count - i))


@njit
def copy_exactly(to, source, count):
    """Copy `count` floats from a padded row and write nothing behind them."""
    whole = count // LANES * LANES
    for i in range(0, 4 * whole, BYTES):
        store(to + i, load(source + i))
    if whole < count:
        store_first(to + 4 * whole, load(source + 4 * whole), count - whole)


@njit
def offset_of(a, row, step, row_stride, step_stride):
    """Return where a sorted row stands at its `step`, in an array (B, T, …) of these strides."""
    time = length_of(a, row) - 1 - step if a.reverse else step
    return integer(a.order + 8 * row) * row_stride + time * step_stride


@njit
def steps_in_block(a, row, begin):
    """Return how many steps of a block a sorted row has."""
    return max(min(BLOCK, length_of(a, row) - begin), 0)


@njit
def take_inputs(a, to, first, n, begin):
    """Pack x of n rows at a block's steps, (BLOCK, CHUNK, Dp), times its mask.

    Or the addresses of their rows in the table, (BLOCK, CHUNK), those of no row its first one's.
    What is no step of a row is cleared: tiles read it, and denormals would make them slow.
    """
    size = 4 * a.features_padded
    for r in range(CHUNK):
        count = steps_in_block(a, first + r, begin) if r < n else 0
        for s in range(count):
            at = offset_of(a, first + r, begin + s, a.x_row, a.x_step)
            if a.table:
                place = a.table + integer(a.x + at) * 4 * a.w_blocks * a.hidden_padded
                write_integer(to + 8 * (s * CHUNK + r), place)
            else:
                place = to + (s * CHUNK + r) * size
                copy_padded(place, a.x + at, a.features, a.features_padded)
                if a.input_mask:
                    mask = a.input_mask + (first + r) * size
                    multiply_into(place, mask, a.features_padded)
        for s in range(count, BLOCK):
            if a.table:
                write_integer(to + 8 * (s * CHUNK + r), a.table)
            else:
                clear(to + (s * CHUNK + r) * size, a.features_padded)


@njit
def ask_for_inputs(a, first, n, begin, place):
    """Ask for x of two rows in the block from `begin`, at `place` in the block before its use."""
    if begin < 0 or not a.features:
        return
    for r in range(2 * place, min(2 * place + 2, n)):
        for s in range(steps_in_block(a, first + r, begin)):
            at = a.x + offset_of(a, first + r, begin + s, a.x_row, a.x_step)
            for i in range(0, min(4 * a.features, ASKED), LINE):
                prefetch(at + i)


@njit
def take_masked(a, to, first, n, h):
    """Return the address of the states that enter products: h itself, or masked copies at `to`."""
    if not a.hidden_mask:
        return h
    size = 4 * a.hidden_padded
    for r in range(n):
        mask = a.hidden_mask + (first + r) * size
        for i in range(r * size, (r + 1) * size, BYTES):
            store(to + i, load(h + i) * load(mask + i - r * size))
    clear(to + n * size, (CHUNK - n) * a.hidden_padded)
    return to


@njit
def take_states(a, to, first, begin, end, source):
    """Pack states (B, H) of the rows from `begin` to `end`; zeros where there is no source."""
    size = 4 * a.hidden_padded
    for r in range(begin, end):
        if source:
            at = 4 * integer(a.order + 8 * (first + r)) * a.hidden
            copy_padded(to + r * size, source + at, a.hidden, a.hidden_padded)
        else:
            clear(to + r * size, a.hidden_padded)


@njit
def give_states(a, to, first, begin, end, source):
    """Copy packed rows from `begin` to `end` to states (B, H)."""
    for r in range(begin, end):
        at = 4 * integer(a.order + 8 * (first + r)) * a.hidden
        copy_exactly(to + at, source + 4 * r * a.hidden_padded, a.hidden)


@njit
def give_outputs(a, first, n, step, h):
    """Copy n packed states to where they stand in the outputs."""
    for r in range(n):
        at = offset_of(a, first + r, step, a.out_row, a.out_step)
        copy_exactly(a.out + at, h + 4 * r * a.hidden_padded, a.hidden)


@njit
def clear_padding(a, to, row_stride, step_stride, count, first, rows):
    """Write zeros to all steps beyond the ends of `rows` rows of an array (B, T, count)."""
    for r in range(rows):
        row = to + integer(a.order + 8 * (first + r)) * row_stride
        for t in range(length_of(a, first + r), a.steps):
            for i in range(0, count, LANES):
                store_first(row + t * step_stride + 4 * i, fill(np.float32(0)), count - i)


@njit
def add_output_gradients(a, d_h, buffer, first, n, step):
    """Add the outputs' gradients of n rows to those of their states."""
    for r in range(n):
        at = offset_of(a, first + r, step, a.d_out_row, a.d_out_step)
        copy_padded(buffer, a.d_out + at, a.hidden, a.hidden_padded)
        place = d_h + 4 * r * a.hidden_padded
        for i in range(0, 4 * a.hidden_padded, BYTES):
            store(place + i, load(place + i) + load(buffer + i))


@njit
def give_input_gradients(a, d_x, first, n, begin):
    """Copy a block's gradients of n rows' inputs, times the mask, to where they stand."""
    size = 4 * a.features_padded
    for r in range(n):
        for s in range(steps_in_block(a, first + r, begin)):
            place = d_x + (s * CHUNK + r) * size
            if a.input_mask:
                multiply_into(place, a.input_mask + (first + r) * size, a.features_padded)
            at = offset_of(a, first + r, begin + s, a.d_x_row, a.d_x_step)
            copy_exactly(a.d_x + at, place, a.features)
