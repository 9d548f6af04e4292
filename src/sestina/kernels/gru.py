"""GRU steps (Cho et al. 2014; row D3): reset after the product, before it, or none.

r, z = σ(W x + U h + b); h = (1 − z) ∘ n + z ∘ h, where n is
after:  tanh(W x + b + r ∘ (U h + c)),  as cuDNN and PyTorch have it; saved: n, r, z, U h + c
before: tanh(W x + U (r ∘ h) + b),      as the paper has it; saved: n, r, z, r ∘ h
none:   tanh(W x + U h + b);            saved: z, n
The gradients of the gates' sums stand in the same order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from sestina.kernels.memory import integer
from sestina.kernels.products import multiply_chunk
from sestina.kernels.recurrence import backward_with, forward_with, stream_with
from sestina.kernels.sequence import arguments, streaming
from sestina.kernels.simd import BYTES, fill, fma, load, sigmoid, store, tanh
from sestina.kernels.tiles import FLAT, HALF, TALL, get, new_tile, product, put


@njit
def _mix(z, n, h):
    """Return (1 − z) ∘ n + z ∘ h."""
    return fma(z, h - n, n)


@njit
def _start(a, x, row):
    """Return where the sums of a row start from: its table row, or the biases."""
    return integer(x + 8 * row) if a.table else a.bias


def _after(rows: int) -> Any:
    """Return the step, reset after the product, that takes `rows` rows at a time."""
    add_inputs, add_states = product(rows, (0, 1, 2), 4), product(rows, (1, 2, 3), 4)

    @njit
    def step(a, n, x, used, h, c, saved, h_next, c_next):
        tile = new_tile()
        size, x_size = 4 * a.hidden_padded, 4 * a.features_padded
        for unit in range(0, size, BYTES):
            w, u = a.w + 3 * unit * a.features, a.u + 3 * unit * a.hidden
            for row in range(0, n, rows):
                for r in range(rows):
                    start = _start(a, x, row + r)
                    for gate in range(3):
                        put(tile, 4 * r + gate, load(start + gate * size + unit))
                    put(tile, 4 * r + 3, load(a.u_bias + unit))
                add_inputs(tile, x + row * x_size, x_size, 4, w, 3 * BYTES, a.features)
                add_states(tile, used + row * size, size, 4, u, 3 * BYTES, a.hidden)
                for r in range(rows):
                    at = (row + r) * size + unit
                    reset, update = sigmoid(get(tile, 4 * r + 1)), sigmoid(get(tile, 4 * r + 2))
                    inner = get(tile, 4 * r + 3)
                    new = tanh(fma(reset, inner, get(tile, 4 * r)))
                    store(h_next + at, _mix(update, new, load(h + at)))
                    if a.keep:
                        place = saved + 4 * (row + r) * size + unit
                        store(place, new)
                        store(place + size, reset)
                        store(place + 2 * size, update)
                        store(place + 3 * size, inner)

    return step


@njit
def _step_back_after(a, n, saved, gates, used, h, c, d_h, d_c, buffer, mask):
    one = fill(np.float32(1))
    size = 4 * a.hidden_padded
    for row in range(n):
        for unit in range(0, size, BYTES):
            at, place = row * size + unit, saved + 4 * row * size + unit
            to = gates + 4 * row * size + unit
            new, reset = load(place), load(place + size)
            update, inner = load(place + 2 * size), load(place + 3 * size)
            dh = load(d_h + at)
            d_new = dh * (one - update) * (one - new * new)
            store(to, d_new)
            store(to + size, d_new * inner * reset * (one - reset))
            store(to + 2 * size, dh * (load(h + at) - new) * update * (one - update))
            store(to + 3 * size, d_new * reset)
            store(d_h + at, dh * update)


def _gates_before(rows: int) -> Any:
    """Return what saves r, z and r ∘ h, `rows` rows at a time."""
    add = product(rows, (0, 1), 2)

    @njit
    def gates(a, n, x, used, saved):
        tile = new_tile()
        size, x_size = 4 * a.hidden_padded, 4 * a.features_padded
        for unit in range(0, size, BYTES):
            w, u = a.w + 2 * unit * a.features, a.u + 2 * unit * a.hidden
            for row in range(0, n, rows):
                for r in range(rows):
                    start = _start(a, x, row + r)
                    for gate in range(2):
                        put(tile, 2 * r + gate, load(start + (gate + 1) * size + unit))
                add(tile, x + row * x_size, x_size, 4, w, 2 * BYTES, a.features)
                add(tile, used + row * size, size, 4, u, 2 * BYTES, a.hidden)
                for r in range(rows):
                    place = saved + 4 * (row + r) * size + unit
                    reset = sigmoid(get(tile, 2 * r))
                    store(place + size, reset)
                    store(place + 2 * size, sigmoid(get(tile, 2 * r + 1)))
                    store(place + 3 * size, reset * load(used + (row + r) * size + unit))

    return gates


def _candidate_before(rows: int) -> Any:
    """Return what saves n, made of r ∘ h, and writes the next h, `rows` rows at a time."""
    add = product(rows, (0,), 1)

    @njit
    def candidate(a, n, x, h, saved, h_next):
        tile = new_tile()
        size, x_size = 4 * a.hidden_padded, 4 * a.features_padded
        for unit in range(0, size, BYTES):
            w, u = a.w_inner + unit * a.features, a.u_inner + unit * a.hidden
            for row in range(0, n, rows):
                for r in range(rows):
                    put(tile, r, load(_start(a, x, row + r) + unit))
                add(tile, x + row * x_size, x_size, 4, w, BYTES, a.features)
                add(tile, saved + (4 * row + 3) * size, 4 * size, 4, u, BYTES, a.hidden)
                for r in range(rows):
                    at, place = (row + r) * size + unit, saved + 4 * (row + r) * size + unit
                    new = tanh(get(tile, r))
                    store(place, new)
                    store(h_next + at, _mix(load(place + 2 * size), new, load(h + at)))

    return candidate


def _before(rows: int, more_rows: int) -> Any:
    """Return the step, reset before the product; rows at a time for the gates, and for n."""
    gates, candidate = _gates_before(rows), _candidate_before(more_rows)

    @njit
    def step(a, n, x, used, h, c, saved, h_next, c_next):
        gates(a, n, x, used, saved)
        candidate(a, n, x, h, saved, h_next)

    return step


@njit
def _step_back_before(a, n, saved, gates, used, h, c, d_h, d_c, buffer, mask):
    one = fill(np.float32(1))
    size = 4 * a.hidden_padded
    for row in range(n):
        for unit in range(0, size, BYTES):
            at, place = row * size + unit, saved + 4 * row * size + unit
            to = gates + 4 * row * size + unit
            new, update, dh = load(place), load(place + 2 * size), load(d_h + at)
            store(to, dh * (one - update) * (one - new * new))
            store(to + 2 * size, dh * (load(h + at) - new) * update * (one - update))
            store(d_h + at, dh * update)
    hidden, spare = a.hidden_padded, buffer + a.at_spare
    multiply_chunk(buffer, size, gates, 4 * size, n, a.u_inner_back, hidden, hidden, spare)
    for row in range(n):
        for unit in range(0, size, BYTES):
            at, place = row * size + unit, saved + 4 * row * size + unit
            reset, through = load(place + size), load(buffer + at)  # of r ∘ h
            store(
                gates + (4 * row + 1) * size + unit,
                through * load(used + at) * reset * (one - reset),
            )
            through = through * reset
            if mask:
                through = through * load(mask + at)
            store(d_h + at, load(d_h + at) + through)


def _simple(rows: int) -> Any:
    """Return the step, update gate alone, that takes `rows` rows at a time."""
    add_two = product(rows, (0, 1), 2)

    @njit
    def step(a, n, x, used, h, c, saved, h_next, c_next):
        tile = new_tile()
        size, x_size = 4 * a.hidden_padded, 4 * a.features_padded
        for unit in range(0, size, BYTES):
            w, u = a.w + 2 * unit * a.features, a.u + 2 * unit * a.hidden
            for row in range(0, n, rows):
                for r in range(rows):
                    start = _start(a, x, row + r)
                    for gate in range(2):
                        put(tile, 2 * r + gate, load(start + gate * size + unit))
                add_two(tile, x + row * x_size, x_size, 4, w, 2 * BYTES, a.features)
                add_two(tile, used + row * size, size, 4, u, 2 * BYTES, a.hidden)
                for r in range(rows):
                    at = (row + r) * size + unit
                    update, new = sigmoid(get(tile, 2 * r)), tanh(get(tile, 2 * r + 1))
                    store(h_next + at, _mix(update, new, load(h + at)))
                    if a.keep:
                        place = saved + 2 * (row + r) * size + unit
                        store(place, update)
                        store(place + size, new)

    return step


@njit
def _step_back_simple(a, n, saved, gates, used, h, c, d_h, d_c, buffer, mask):
    one = fill(np.float32(1))
    size = 4 * a.hidden_padded
    for row in range(n):
        for unit in range(0, size, BYTES):
            at, place = row * size + unit, saved + 2 * row * size + unit
            to = gates + 2 * row * size + unit
            update, new, dh = load(place), load(place + size), load(d_h + at)
            store(to, dh * (load(h + at) - new) * update * (one - update))
            store(to + size, dh * (one - update) * (one - new * new))
            store(d_h + at, dh * update)


_forward_after, _backward_after = forward_with(_after(FLAT)), backward_with(_step_back_after)
_forward_before = forward_with(_before(HALF, TALL))
_backward_before = backward_with(_step_back_before)
_forward_simple, _backward_simple = forward_with(_simple(HALF)), backward_with(_step_back_simple)
_stream_after, _stream_before = stream_with(_after(1)), stream_with(_before(1, 1))
_stream_simple = stream_with(_simple(1))


def gru_after_forward(chunk, address):
    """Run a chunk, reset after the product."""
    _forward_after(arguments(address), chunk)


def gru_after_backward(chunk, address):
    """Run a chunk back, reset after the product."""
    _backward_after(arguments(address), chunk)


def gru_before_forward(chunk, address):
    """Run a chunk, reset before the product."""
    _forward_before(arguments(address), chunk)


def gru_before_backward(chunk, address):
    """Run a chunk back, reset before the product."""
    _backward_before(arguments(address), chunk)


def gru_simple_forward(chunk, address):
    """Run a chunk, update gate alone."""
    _forward_simple(arguments(address), chunk)


def gru_simple_backward(chunk, address):
    """Run a chunk back, update gate alone."""
    _backward_simple(arguments(address), chunk)


def gru_after_stream(chunk, address):
    """Run one step of one sequence."""
    _stream_after(streaming(address, chunk))


def gru_before_stream(chunk, address):
    """Run one step of one sequence."""
    _stream_before(streaming(address, chunk))


def gru_simple_stream(chunk, address):
    """Run one step of one sequence."""
    _stream_simple(streaming(address, chunk))
