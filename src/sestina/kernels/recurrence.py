"""One chunk of sequences through all its steps, forward and back: what every cell shares.

A cell gives two functions over n packed rows: a step, and a step back that turns what the step
saved into gradients of the gates. Everything is packed and padded; see `sequence`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from sestina.kernels.memory import integer, write_integer
from sestina.kernels.products import add_outer, add_sum, multiply_chunk, pack_left, pack_strip
from sestina.kernels.sequence import (
    BLOCK,
    CHUNK,
    add_output_gradients,
    ask_for_inputs,
    clear,
    clear_padding,
    give_input_gradients,
    give_outputs,
    give_states,
    length_of,
    now_active,
    still_active,
    take_inputs,
    take_masked,
    take_states,
)
from sestina.kernels.simd import BYTES, load, store
from sestina.kernels.zoneout import hold, join, part


@njit
def _through_states(a, n, gates, d_h, buffer, mask):
    """Add to d_h (n, Hp) what reaches the states before through U, if there is one."""
    if not a.u_blocks:
        return
    size = 4 * a.hidden_padded
    gates, count = gates + a.u_first * size, a.u_blocks * a.hidden_padded
    row = size * a.blocks
    multiply_chunk(
        buffer, size, gates, row, n, a.u_back, count, a.hidden_padded, buffer + a.at_spare
    )
    for i in range(0, n * size, BYTES):
        through = load(buffer + i)
        if mask:
            through = through * load(mask + i)
        store(d_h + i, load(d_h + i) + through)


@njit
def _through_inputs(a, n, place, gates, scratch):
    """Form the gradients of the inputs of one step, n rows."""
    row, wide, size = 4 * a.features_padded, a.features_padded, 4 * a.hidden_padded
    d_x = scratch + a.at_d_inputs + place * CHUNK * row
    count, spare = a.w_blocks * a.hidden_padded, scratch + a.at_buffer + a.at_spare
    multiply_chunk(d_x, row, gates, size * a.blocks, n, a.w_back, count, wide, spare)


@njit
def _add_weights(a, chunk, saved, gates, states, scratch, steps):
    """Add a block of steps to the chunk's gradients: W (Dp, G, Hp), U (Hp, G, Hp), biases."""
    size = 4 * a.hidden_padded
    row, step = size * a.blocks, CHUNK * size * a.blocks
    gates_row, x_row = size * a.w_blocks, 4 * a.features_padded
    u_first, u_end = a.u_first * size, (a.u_first + a.u_blocks) * size
    d_w = a.d_weights + chunk * a.d_weights_size
    d_u = d_w + gates_row * a.features_padded
    d_bias = d_u + gates_row * a.hidden_padded
    counts, strip = scratch + a.at_counts, scratch + a.at_strip
    left_h = scratch + a.at_left
    left_x, left_inner = left_h + BLOCK * CHUNK * size, scratch + a.at_inner
    total = pack_left(left_h, states, size, CHUNK * size, a.hidden, counts, steps)
    if a.features:
        inputs = scratch + a.at_inputs
        pack_left(left_x, inputs, x_row, CHUNK * x_row, a.features, counts, steps)
    inner = 0 < a.u_blocks < a.w_blocks  # reset before the product: r ∘ h stands behind the gates
    if inner:
        pack_left(left_inner, saved + gates_row, row, step, a.hidden, counts, steps)
    for column in range(0, max(gates_row, u_end), BYTES):
        pack_strip(strip, gates + column, row, step, counts, steps)
        add_sum(d_bias + column, strip, total)
        if a.features and column < gates_row:
            add_outer(d_w + column, gates_row, a.features, left_x, strip, total)
        if u_first <= column < u_end:
            add_outer(d_u + column - u_first, gates_row, a.hidden, left_h, strip, total)
        elif inner:
            place = d_u + a.u_blocks * size + column
            add_outer(place, gates_row, a.hidden, left_inner, strip, total)


def forward_with(step: Any) -> Any:
    """Return the compiled run of one chunk through a cell.

    `step` is ``(a, n, x, used, h, c, saved, h_next, c_next)``: it reads n rows of inputs, of states
    as they enter products, and of states; it writes what `step_back` needs and the next states.
    """

    @njit
    def run_forward(a, chunk):
        none, whole = np.int64(0), np.int64(CHUNK)  # no literals, for which Numba compiles anew
        first, n = chunk * CHUNK, min(CHUNK, a.rows - chunk * CHUNK)
        start, steps = integer(a.starts + 8 * chunk), length_of(a, first)
        slot = 4 * CHUNK * a.hidden_padded
        h, c = a.history + (start + chunk) * slot, a.cells + (start + chunk) * slot
        saved = a.saved + start * slot * a.blocks
        inputs = a.scratch + chunk * a.scratch_size
        width = CHUNK * (8 if a.table else 4 * a.features_padded)
        masked = inputs + BLOCK * CHUNK * max(4 * a.features_padded, 8)
        if a.out:
            clear_padding(a, a.out, a.out_row, a.out_step, a.hidden, first, n)
        take_states(a, h, first, none, n, a.h0)
        take_states(a, h, first, n, whole, none)
        if a.cells:
            take_states(a, c, first, none, n, a.c0)
            take_states(a, c, first, n, whole, none)
        for t in range(steps + 1):
            active = still_active(a, first, n, t)
            give_states(a, a.hn, first, active, n, h)
            if a.cells:
                give_states(a, a.cn, first, active, n, c)
            n = active
            if t == steps:
                break
            place = t % BLOCK
            if place == 0:
                take_inputs(a, inputs, first, n, t)
            ask_for_inputs(a, first, n, t - place + BLOCK, place)
            used = take_masked(a, masked, first, n, h)
            on = slot if a.keep or t % 2 == 0 else -slot
            step(a, n, inputs + place * width, used, h, c, saved, h + on, c + on)
            hold(a, first, n, t, h, c, h + on, c + on)
            h, c = h + on, c + on
            if a.out:
                give_outputs(a, first, n, t, h)
            if a.keep:
                saved += slot * a.blocks

    return run_forward


def stream_with(step: Any) -> Any:
    """Return the compiled run of one step of one sequence; `step` takes one row at a time.

    The next h and c stand side by side in scratch until both are known. Where the layer has `out`,
    h + x goes there (a residual connection).
    """

    @njit
    def run_stream(a):
        h_next, c_next = a.scratch, a.scratch + 4 * a.hidden_padded
        step(a, 1, a.x, a.history, a.history, a.cells, a.saved, h_next, c_next)
        none = np.int64(0)
        hold(a, none, none + 1, none, a.history, a.cells, h_next, c_next)
        for i in range(0, 4 * a.hidden_padded, BYTES):
            store(a.history + i, load(h_next + i))
            store(a.cells + i, load(c_next + i))
            if a.out:
                store(a.out + i, load(h_next + i) + load(a.x + i))

    return run_stream


def backward_with(step_back: Any) -> Any:
    """Return the compiled run of one chunk back through a cell.

    `step_back` is ``(a, n, saved, gates, used, h, c, d_h, d_c, buffer, mask)``. From what was saved
    it writes the gradients of the gates (perhaps to the same place), and replaces d_c by that of
    the step before, and d_h by what reaches the step before without passing through U. Gates'
    gradients stay in a block of scratch, in the cache, unless a table's rows are to collect them.
    """

    @njit
    def run_backward(a, chunk):
        first, rows = chunk * CHUNK, min(CHUNK, a.rows - chunk * CHUNK)
        start, steps = integer(a.starts + 8 * chunk), length_of(a, first)
        size = 4 * a.hidden_padded
        slot = CHUNK * size
        history, cells = a.history + (start + chunk) * slot, a.cells + (start + chunk) * slot
        saved = a.saved + start * slot * a.blocks
        scratch = a.scratch + chunk * a.scratch_size
        d_h, d_c, buffer = scratch, scratch + a.at_cells, scratch + a.at_buffer
        mask = a.hidden_mask + first * size if a.hidden_mask else 0
        if a.d_x:
            clear_padding(a, a.d_x, a.d_x_row, a.d_x_step, a.features, first, rows)
        clear(a.d_weights + chunk * a.d_weights_size, a.d_weights_size // 4)
        none = n = np.int64(0)
        for t in range(steps - 1, -1, -1):
            active = now_active(a, first, n, rows, t)
            take_states(a, d_h, first, n, active, a.d_hn)
            take_states(a, d_c, first, n, active, a.d_cn)
            n, place = active, t % BLOCK
            if a.features and (place == BLOCK - 1 or t == steps - 1):
                take_inputs(a, scratch + a.at_inputs, first, rows, t - place)
            ask_for_inputs(a, first, rows, t - place - BLOCK, place)
            if a.d_out:
                add_output_gradients(a, d_h, buffer, first, n, t)
            here, h = saved + t * slot * a.blocks, history + t * slot
            used = take_masked(a, scratch + a.at_masked + place * slot, first, n, h)
            gates = here if a.table else scratch + a.at_gates + place * slot * a.blocks
            part(a, first, n, t, d_h, d_c, scratch + a.at_kept)
            step_back(a, n, here, gates, used, h, cells + t * slot, d_h, d_c, buffer, mask)
            _through_states(a, n, gates, d_h, buffer, mask)
            join(a, n, d_h, d_c, scratch + a.at_kept)
            if a.d_x:
                _through_inputs(a, n, place, gates, scratch)
            write_integer(scratch + a.at_counts + 8 * place, n)
            if place == 0:
                if a.d_x:
                    give_input_gradients(a, scratch + a.at_d_inputs, first, n, t)
                states = scratch + a.at_masked if a.hidden_mask else h
                _add_weights(a, chunk, here, gates, states, scratch, min(BLOCK, steps - t))
        take_states(a, d_h, first, n, rows, a.d_hn)
        take_states(a, d_c, first, n, rows, a.d_cn)
        give_states(a, a.d_h0, first, none, rows, d_h)
        if a.cells:
            give_states(a, a.d_c0, first, none, rows, d_c)

    return run_backward
