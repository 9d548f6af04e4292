"""Batch-normalised LSTM steps (Cooijmans et al. 2017, Recurrent batch normalization; row D11).

i, f, g, o as ever of γx ∘ N(W x) + γh ∘ N(U h) + b; N(v) = (v − mean) / √(variance + ε), over the
rows that run at a step, for every unit of every gate by itself, W x and U h apart; c and h as ever.

Rows are sorted by falling length, and all go through a step together, since its statistics are of
all of them. A chunk of work is one vector's units of one step, all rows: whatever those units need
of it, they find there; between steps the states meet. W x comes ready-made. Rows of all steps lie
one after the other (N of them), behind the B rows before the first step.
Saved per row and vector of units: i, f, g, o, then U h of each; side by side for a step's rows.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from sestina.kernels.memory import integer, prefetch
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
    sigmoid,
    store,
    store_first,
    tanh,
)
from sestina.kernels.tiles import FLAT, TALL, get, new_tile, product, put
from sestina.kernels.zoneout import C, H, staying

EPSILON = np.float32(1e-5)
LINE = 64  # bytes that cores pass on at once
ROW = 8 * BYTES  # of what is saved
FIELDS = (
    "rows", "steps", "hidden", "hidden_padded", "panels",  # B, T, H, Hp, Hp / LANES
    "starts", "order",  # where each step's rows begin, (T + 1,); which row of the batch each is
    "zone", "zone_key", "zone_h", "zone_c", "mask",  # as of `sequence`; dropout's (B, Hp)
    # W x (N, 4 H); U for steps and for steps back; γx, γh, b (3, 4, Hp)
    "inputs", "u", "u_back", "gains",
    # of W x and U h (T, 2, 4, Hp); which steps have them from outside, (T,)
    "means", "variances", "given",
    "history", "used", "cells", "saved",  # h, h as it enters products, c: (B + N, Hp)
    # gradients: outputs (N, H), final states (B, Hp); of states, by panels (panels, B, LANES)
    "d_out", "d_hn", "d_cn", "d_h", "d_c",
    "d_gates",  # of one step, (panels, B, 4, LANES)
    # of U h of this step and the next, (2, panels, B rounded up, 4, LANES)
    "pulled", "pulled_size", "pulled_rows",
    "d_inputs", "d_products", "d_gains",  # (N, 4 H) both; (3, 4, Hp)
)  # fmt: skip
ARGUMENTS, arguments = record(FIELDS)

_add, _add_one = product(FLAT, (0, 1, 2, 3), 4), product(1, (0, 1, 2, 3), 4)
_add_tall = product(TALL, (0,), 1)


@njit
def _start(a, step):
    """Return the number of a step's first row among all steps' rows; of step T that is N."""
    return integer(a.starts + 8 * step)


@njit
def _before(a, step):
    """Return the number of the row of states that a step's first row begins with."""
    return a.rows + _start(a, step - 1) if step > 0 else step - step


@njit
def _ask(place, size):
    """Ask for memory that other threads wrote: one line after the other takes far longer."""
    for at in range(0, size, LINE):
        prefetch(place + at)


@njit
def _multiply(a, n, used, panel, saved):
    """Save U h of n rows, one vector's units of each gate."""
    tile = new_tile()
    size, u = 4 * a.hidden_padded, a.u + 4 * BYTES * panel * a.hidden
    whole = n - n % FLAT
    _ask(used, n * size)  # other threads wrote most of it
    for row in range(0, whole, FLAT):
        for i in range(4 * FLAT):
            put(tile, i, fill(np.float32(0)))
        _add(tile, used + row * size, size, 4, u, 4 * BYTES, a.hidden)
        for r in range(FLAT):
            for gate in range(4):
                store(saved + (row + r) * ROW + (4 + gate) * BYTES, get(tile, 4 * r + gate))
    for row in range(whole, n):
        for gate in range(4):
            put(tile, gate, fill(np.float32(0)))
        _add_one(tile, used + row * size, size, 4, u, 4 * BYTES, a.hidden)
        for gate in range(4):
            store(saved + row * ROW + (4 + gate) * BYTES, get(tile, gate))


@njit
def _measure(n, values, row, apart, count, means, variances, size):
    """Write means and variances of a vector's units of four gates over n rows.

    Values are summed as they differ from the first row's, by which no more than n roundings of
    the variance are lost; the gates side by side, since a sum waits for its own last addition.
    """
    sums, share = new_tile(), fill(np.float32(1) / np.float32(n))
    for i in range(8):
        put(sums, i, fill(np.float32(0)))
    for r in range(1, n):
        for gate in range(4):
            first = load_first(values + gate * apart, count)
            value = load_first(values + r * row + gate * apart, count) - first
            put(sums, gate, get(sums, gate) + value)
            put(sums, 4 + gate, fma(value, value, get(sums, 4 + gate)))
    for gate in range(4):
        mean = get(sums, gate) * share
        store(means + gate * size, load_first(values + gate * apart, count) + mean)
        store(variances + gate * size, get(sums, 4 + gate) * share - mean * mean)


@njit
def _inverse(variance_at):
    """Return 1 / √(variance + ε)."""
    return quotient(fill(np.float32(1)), root(load(variance_at) + fill(EPSILON)))


@njit
def _gates(a, n, step, panel, inputs, saved):
    """Save the gates of n rows, from W x and U h; measure both first, unless that is given."""
    size, row = 4 * a.hidden_padded, 16 * a.hidden
    count = min(a.hidden - panel * LANES, LANES)
    at = panel * BYTES
    if not integer(a.given + 8 * step):
        of_x = 8 * step * size + at
        of_u, u = of_x + 4 * size, saved + 4 * BYTES
        x = inputs + at
        _measure(n, x, row, 4 * a.hidden, count, a.means + of_x, a.variances + of_x, size)
        _measure(n, u, ROW, BYTES, LANES, a.means + of_u, a.variances + of_u, size)
    for gate in range(4):
        x, u = inputs + 4 * gate * a.hidden + at, saved + (4 + gate) * BYTES
        of_x = (8 * step + gate) * size + at
        of_u = of_x + 4 * size
        gain = a.gains + gate * size + at
        by_x = load(gain) * _inverse(a.variances + of_x)
        by_u = load(gain + 4 * size) * _inverse(a.variances + of_u)
        shift = load(gain + 8 * size) - load(a.means + of_x) * by_x - load(a.means + of_u) * by_u
        for r in range(n):
            value = fma(load_first(x + r * row, count), by_x, shift)
            value = fma(load(u + r * ROW), by_u, value)
            store(saved + r * ROW + gate * BYTES, tanh(value) if gate == 2 else sigmoid(value))


def batch_normed_forward(chunk, address):
    """Take all rows through one step, one vector's units."""
    a = arguments(address)
    step, panel = chunk // a.panels, chunk % a.panels
    first, n = _start(a, step), _start(a, step + 1) - _start(a, step)
    size, at = 4 * a.hidden_padded, panel * BYTES
    saved = a.saved + (first * a.panels + panel * n) * ROW
    old, new = _before(a, step) * size + at, (a.rows + first) * size + at
    _multiply(a, n, a.used + old - at, panel, saved)
    _gates(a, n, step, panel, a.inputs + 16 * first * a.hidden, saved)
    one = fill(np.float32(1))
    for r in range(n):
        i, f = load(saved + r * ROW), load(saved + r * ROW + BYTES)
        g, o = load(saved + r * ROW + 2 * BYTES), load(saved + r * ROW + 3 * BYTES)
        before = load(a.cells + old + r * size)
        c = fma(f, before, i * g)
        h = o * tanh(c)
        if a.zone_h:
            stays = staying(a, r, step, H, panel * LANES, a.zone_h)
            h = fma(one - stays, h, stays * load(a.history + old + r * size))
        if a.zone_c:
            stays = staying(a, r, step, C, panel * LANES, a.zone_c)
            c = fma(one - stays, c, stays * before)
        store(a.cells + new + r * size, c)
        store(a.history + new + r * size, h)
        if a.mask:
            store(a.used + new + r * size, h * load(a.mask + r * size + at))


@njit
def _through_states(a, n, step, panel, d_h):
    """Add to d_h of n rows what reaches them through U from a step."""
    tile = new_tile()
    size, wide = 4 * a.hidden_padded, 4 * BYTES
    pulled = a.pulled + step % 2 * a.pulled_size
    u = a.u_back + panel * a.panels * wide * LANES
    for other in range(a.panels):
        if other != panel:
            _ask(pulled + other * a.pulled_rows * wide, n * wide)
    for row in range(0, n, TALL):
        for r in range(TALL):
            put(tile, r, fill(np.float32(0)))
        for other in range(a.panels):
            left = pulled + (other * a.pulled_rows + row) * wide
            _add_tall(tile, left, wide, 4, u + other * wide * LANES, BYTES, 4 * LANES)
        for r in range(TALL):
            if row + r < n:
                through, place = get(tile, r), d_h + (row + r) * BYTES
                if a.mask:
                    through = through * load(a.mask + (row + r) * size + panel * BYTES)
                store(place, load(place) + through)


@njit
def _pull(a, n, step, panel, saved, d_gates, d_h, d_c):
    """Write the gates' gradients of n rows, and replace those of states by what passes by."""
    one, zero, size = fill(np.float32(1)), fill(np.float32(0)), 4 * a.hidden_padded
    count = min(a.hidden - panel * LANES, LANES)
    cells = a.cells + _before(a, step) * size + panel * BYTES
    given = a.d_out + 4 * (_start(a, step) * a.hidden + panel * LANES)
    for r in range(n):
        place, to = saved + r * ROW, d_gates + 4 * r * BYTES
        i, f = load(place), load(place + BYTES)
        g, o = load(place + 2 * BYTES), load(place + 3 * BYTES)
        dh, dc, before = load(d_h + r * BYTES), load(d_c + r * BYTES), load(cells + r * size)
        if a.d_out:
            dh = dh + load_first(given + 4 * r * a.hidden, count)
        kept_h, kept_c = zero, zero
        if a.zone_h:
            kept_h = dh * staying(a, r, step, H, panel * LANES, a.zone_h)
        if a.zone_c:
            kept_c = dc * staying(a, r, step, C, panel * LANES, a.zone_c)
        dh = dh - kept_h
        squashed = tanh(fma(f, before, i * g))
        dc = fma(dh * o, one - squashed * squashed, dc - kept_c)
        store(to, dc * g * i * (one - i))
        store(to + BYTES, dc * before * f * (one - f))
        store(to + 2 * BYTES, dc * i * (one - g * g))
        store(to + 3 * BYTES, dh * squashed * o * (one - o))
        store(d_h + r * BYTES, kept_h)
        store(d_c + r * BYTES, fma(dc, f, kept_c))


@njit
def _add_to(place, value):
    store(place, load(place) + value)


@njit
def _through_norms(a, n, step, panel, gate, saved, d_gates):
    """Write the gradients of W x and U h of a gate, n rows; add those of γx, γh and b."""
    size, row, at = 4 * a.hidden_padded, 16 * a.hidden, panel * BYTES
    count = min(a.hidden - panel * LANES, LANES)
    place = 16 * _start(a, step) * a.hidden + 4 * gate * a.hidden + at
    of_x = (8 * step + gate) * size + at
    of_u = of_x + 4 * size
    by_x, by_u = _inverse(a.variances + of_x), _inverse(a.variances + of_u)
    mean_x, mean_u = load(a.means + of_x), load(a.means + of_u)
    zero = fill(np.float32(0))
    level, slope_x, slope_u = zero, zero, zero
    for r in range(n):
        pulled = load(d_gates + (4 * r + gate) * BYTES)
        x = (load_first(a.inputs + place + r * row, count) - mean_x) * by_x
        u = (load(saved + r * ROW + (4 + gate) * BYTES) - mean_u) * by_u
        level = level + pulled
        slope_x, slope_u = fma(pulled, x, slope_x), fma(pulled, u, slope_u)
    gain, to = a.gains + gate * size + at, a.d_gains + gate * size + at
    _add_to(to, slope_x)
    _add_to(to + 4 * size, slope_u)
    _add_to(to + 8 * size, level)
    share = zero if integer(a.given + 8 * step) else fill(np.float32(1) / np.float32(n))
    level, slope_x, slope_u = level * share, slope_x * share, slope_u * share
    scale_x, scale_u = load(gain) * by_x, load(gain + 4 * size) * by_u
    near = a.pulled + step % 2 * a.pulled_size + (panel * a.pulled_rows * 4 + gate) * BYTES
    for r in range(n):
        pulled = load(d_gates + (4 * r + gate) * BYTES) - level
        x = (load_first(a.inputs + place + r * row, count) - mean_x) * by_x
        u = (load(saved + r * ROW + (4 + gate) * BYTES) - mean_u) * by_u
        store_first(a.d_inputs + place + r * row, (pulled - x * slope_x) * scale_x, count)
        for_u = (pulled - u * slope_u) * scale_u
        store_first(a.d_products + place + r * row, for_u, count)
        store(near + 4 * r * BYTES, for_u)


def batch_normed_backward(chunk, address):
    """Take all rows back through one step, one vector's units; beyond the first, to the start."""
    a = arguments(address)
    step, panel = a.steps - 1 - chunk // a.panels, chunk % a.panels
    d_h = a.d_h + panel * a.rows * BYTES
    d_c = a.d_c + panel * a.rows * BYTES
    size, at = 4 * a.hidden_padded, panel * BYTES
    n = _start(a, step + 1) - _start(a, step) if step >= 0 else a.rows
    later = _start(a, step + 2) - _start(a, step + 1) if step + 1 < a.steps else step - step
    for r in range(later, n):
        store(d_h + r * BYTES, load(a.d_hn + r * size + at))
        store(d_c + r * BYTES, load(a.d_cn + r * size + at))
    _through_states(a, later, step + 1, panel, d_h)
    if step >= 0:
        first = _start(a, step)
        saved = a.saved + (first * a.panels + panel * n) * ROW
        d_gates = a.d_gates + 4 * panel * a.rows * BYTES
        _pull(a, n, step, panel, saved, d_gates, d_h, d_c)
        for gate in range(4):
            _through_norms(a, n, step, panel, gate, saved, d_gates)
