"""Batch-normalised LSTM steps (Cooijmans et al. 2017, Recurrent batch normalization; row D11).

i, f, g, o as ever of γx ∘ N(W x) + γh ∘ N(U h) + b; N(v) = (v − mean) / √(variance + ε), over the
rows that run at a step, for every unit of every gate by itself, W x and U h apart; c and h as ever.

Rows are sorted by falling length, and all go through a step together, since its statistics are of
all of them. A chunk of work is one vector's units of one step, all rows: whatever those units need
of it, they find there; between steps the states meet. W x comes ready-made. Rows of all steps lie
one after the other (N of them), behind the B rows before the first step.
Of the gates only U h is saved, for each vector of units all N rows. The way back computes the gates
anew, which is faster than to read them, and leaves the gradients of W x and U h where both stood.
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
ROW = 4 * BYTES  # of what is saved
FIELDS = (
    "rows", "steps", "hidden", "hidden_padded", "panels",  # B, T, H, Hp, Hp / LANES
    "starts", "order",  # where each step's rows begin, (T + 1,); which row of the batch each is
    "zone", "zone_key", "zone_h", "zone_c", "mask",  # as of `sequence`; dropout's (B, Hp)
    # W x (N, 4 H); U for steps and for steps back; γx, γh, b (3, 4, Hp)
    "inputs", "u", "u_back", "gains",
    # of W x and U h (T, 2, 4, Hp); which steps have them from outside, (T,)
    "means", "variances", "given",
    "history", "used", "cells",  # h, h as it enters products, c: (B + N, Hp)
    "saved", "saved_rows",  # U h, then its gradients: (panels, N and more rows, 4, LANES)
    # gradients: outputs (N, H), final states (B, Hp); of states, by panels (panels, B, LANES)
    "d_out", "d_hn", "d_cn", "d_h", "d_c",
    "d_gates",  # of one step, (panels, B, 4, LANES)
    "d_gains",  # (3, 4, Hp)
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
                store(saved + (row + r) * ROW + gate * BYTES, get(tile, 4 * r + gate))
    for row in range(whole, n):
        for gate in range(4):
            put(tile, gate, fill(np.float32(0)))
        _add_one(tile, used + row * size, size, 4, u, 4 * BYTES, a.hidden)
        for gate in range(4):
            store(saved + row * ROW + gate * BYTES, get(tile, gate))


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
def _saved(a, step, panel):
    """Return where U h of a step's first row stands."""
    return a.saved + (panel * a.saved_rows + _start(a, step)) * ROW


@njit
def _inverse(variance_at):
    """Return 1 / √(variance + ε)."""
    return quotient(fill(np.float32(1)), root(load(variance_at) + fill(EPSILON)))


@njit
def _take_norms(a, step, panel, norms, means):
    """Write what W x and U h are scaled by and what is added, (3, 4), and their means, (2, 4)."""
    size, at = 4 * a.hidden_padded, panel * BYTES
    for gate in range(4):
        of_x = (8 * step + gate) * size + at
        of_u = of_x + 4 * size
        gain = a.gains + gate * size + at
        by_x = load(gain) * _inverse(a.variances + of_x)
        by_u = load(gain + 4 * size) * _inverse(a.variances + of_u)
        mean_x, mean_u = load(a.means + of_x), load(a.means + of_u)
        put(norms, gate, by_x)
        put(norms, 4 + gate, by_u)
        put(norms, 8 + gate, load(gain + 8 * size) - mean_x * by_x - mean_u * by_u)
        put(means, gate, mean_x)
        put(means, 4 + gate, mean_u)


@njit
def _gate(norms, gate, x, u):
    """Return a gate before its activation."""
    return fma(u, get(norms, 4 + gate), fma(x, get(norms, gate), get(norms, 8 + gate)))


def batch_normed_forward(chunk, address):
    """Take all rows through one step, one vector's units."""
    a = arguments(address)
    step, panel = chunk // a.panels, chunk % a.panels
    first, n = _start(a, step), _start(a, step + 1) - _start(a, step)
    size, row, at = 4 * a.hidden_padded, 16 * a.hidden, panel * BYTES
    count = min(a.hidden - panel * LANES, LANES)
    saved, inputs = _saved(a, step, panel), a.inputs + first * row + at
    old, new = _before(a, step) * size + at, (a.rows + first) * size + at
    _multiply(a, n, a.used + old - at, panel, saved)
    if not integer(a.given + 8 * step):
        of_x = 8 * step * size + at
        of_u, apart = of_x + 4 * size, 4 * a.hidden
        _measure(n, inputs, row, apart, count, a.means + of_x, a.variances + of_x, size)
        _measure(n, saved, ROW, BYTES, LANES, a.means + of_u, a.variances + of_u, size)
    norms, means, gates, one = new_tile(), new_tile(), new_tile(), fill(np.float32(1))
    _take_norms(a, step, panel, norms, means)
    for r in range(n):
        for gate in range(4):
            x = load_first(inputs + r * row + 4 * gate * a.hidden, count)
            put(gates, gate, _gate(norms, gate, x, load(saved + r * ROW + gate * BYTES)))
        before = load(a.cells + old + r * size)
        c = fma(sigmoid(get(gates, 1)), before, sigmoid(get(gates, 0)) * tanh(get(gates, 2)))
        h = sigmoid(get(gates, 3)) * tanh(c)
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
    size = 4 * a.hidden_padded
    u = a.u_back + panel * a.panels * ROW * LANES
    for other in range(a.panels):
        if other != panel:
            _ask(_saved(a, step, other), n * ROW)
    for row in range(0, n, TALL):
        for r in range(TALL):
            put(tile, r, fill(np.float32(0)))
        for other in range(a.panels):
            left = _saved(a, step, other) + row * ROW
            _add_tall(tile, left, ROW, 4, u + other * ROW * LANES, BYTES, 4 * LANES)
        for r in range(TALL):
            if row + r < n:
                through, place = get(tile, r), d_h + (row + r) * BYTES
                if a.mask:
                    through = through * load(a.mask + (row + r) * size + panel * BYTES)
                store(place, load(place) + through)


@njit
def _pull(a, n, step, panel, norms, means, sums):
    """Write the gates' gradients of n rows, and replace those of states by what passes by.

    Sums those of a gate, and their products with W x and U h less their means: (3, 4).
    """
    one, zero, size = fill(np.float32(1)), fill(np.float32(0)), 4 * a.hidden_padded
    count, row = min(a.hidden - panel * LANES, LANES), 16 * a.hidden
    inputs, saved = a.inputs + _start(a, step) * row + panel * BYTES, _saved(a, step, panel)
    cells = a.cells + _before(a, step) * size + panel * BYTES
    given = a.d_out + 4 * (_start(a, step) * a.hidden + panel * LANES)
    d_gates = a.d_gates + panel * a.rows * ROW
    d_h, d_c = a.d_h + panel * a.rows * BYTES, a.d_c + panel * a.rows * BYTES
    gates, pulled = new_tile(), new_tile()
    for part in range(12):
        put(sums, part, zero)
    for r in range(n):
        for gate in range(4):
            x = load_first(inputs + r * row + 4 * gate * a.hidden, count)
            put(gates, gate, _gate(norms, gate, x, load(saved + r * ROW + gate * BYTES)))
        i, f = sigmoid(get(gates, 0)), sigmoid(get(gates, 1))
        g, o = tanh(get(gates, 2)), sigmoid(get(gates, 3))
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
        put(pulled, 0, dc * g * i * (one - i))
        put(pulled, 1, dc * before * f * (one - f))
        put(pulled, 2, dc * i * (one - g * g))
        put(pulled, 3, dh * squashed * o * (one - o))
        store(d_h + r * BYTES, kept_h)
        store(d_c + r * BYTES, fma(dc, f, kept_c))
        for gate in range(4):
            d_gate = get(pulled, gate)
            x = load_first(inputs + r * row + 4 * gate * a.hidden, count) - get(means, gate)
            u = load(saved + r * ROW + gate * BYTES) - get(means, 4 + gate)
            store(d_gates + r * ROW + gate * BYTES, d_gate)
            put(sums, gate, get(sums, gate) + d_gate)
            put(sums, 4 + gate, fma(d_gate, x, get(sums, 4 + gate)))
            put(sums, 8 + gate, fma(d_gate, u, get(sums, 8 + gate)))


@njit
def _add_to(place, value):
    store(place, load(place) + value)


@njit
def _through_norm(n, d_gates, values, row, count, by, slope, shift):
    """Write the gradients of a gate's W x or U h over their n values."""
    for r in range(n):
        place = values + r * row
        value = fma(load_first(place, count), slope, shift)
        store_first(place, fma(load(d_gates + r * ROW), by, value), count)


@njit
def _through_norms(a, n, step, panel, norms, means, sums):
    """Write the gradients of W x and U h of n rows over their values; add those of γx, γh, b."""
    size, row, at = 4 * a.hidden_padded, 16 * a.hidden, panel * BYTES
    count = min(a.hidden - panel * LANES, LANES)
    share = fill(np.float32(0 if integer(a.given + 8 * step) else 1) / np.float32(n))
    for gate in range(4):
        d_gates = a.d_gates + panel * a.rows * ROW + gate * BYTES
        x = a.inputs + _start(a, step) * row + 4 * gate * a.hidden + at
        of_x = (8 * step + gate) * size + at
        inverse_x = _inverse(a.variances + of_x)
        inverse_u = _inverse(a.variances + of_x + 4 * size)
        level = get(sums, gate)
        of_gain_x, of_gain_u = get(sums, 4 + gate) * inverse_x, get(sums, 8 + gate) * inverse_u
        to = a.d_gains + gate * size + at
        _add_to(to, of_gain_x)
        _add_to(to + 4 * size, of_gain_u)
        _add_to(to + 8 * size, level)
        # (d − mean(d) − x̂ · mean(d · x̂)) · γ / √(variance + ε), over x
        zero, level = fill(np.float32(0)), level * share
        by_x, by_u = get(norms, gate), get(norms, 4 + gate)
        slope_x = zero - of_gain_x * share * inverse_x * by_x
        slope_u = zero - of_gain_u * share * inverse_u * by_u
        shift_x = zero - level * by_x - get(means, gate) * slope_x
        shift_u = zero - level * by_u - get(means, 4 + gate) * slope_u
        u = _saved(a, step, panel) + gate * BYTES
        _through_norm(n, d_gates, x, row, count, by_x, slope_x, shift_x)
        _through_norm(n, d_gates, u, ROW, LANES, by_u, slope_u, shift_u)


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
        norms, means, sums = new_tile(), new_tile(), new_tile()
        _take_norms(a, step, panel, norms, means)
        _pull(a, n, step, panel, norms, means, sums)
        _through_norms(a, n, step, panel, norms, means, sums)
