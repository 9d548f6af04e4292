"""LSTM steps (Hochreiter and Schmidhuber 1997; forget gate: Gers et al. 2000; row D2).

i, f, o = σ(W x + U h + b), g = tanh(W x + U h + b); c = f ∘ c + i ∘ g; h = o ∘ tanh(c).
Saved per row: i, f, g, o, each (Hp,); their gradients stand in the same order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from sestina.kernels.memory import integer
from sestina.kernels.recurrence import backward_with, forward_with, stream_with
from sestina.kernels.sequence import arguments, streaming
from sestina.kernels.simd import BYTES, fill, fma, load, sigmoid, store, tanh
from sestina.kernels.tiles import FLAT, get, new_tile, product, put


def _step_of(rows: int) -> Any:
    """Return the step that takes `rows` rows at a time."""
    add = product(rows, (0, 1, 2, 3), 4)

    @njit
    def step(a, n, x, used, h, c, saved, h_next, c_next):
        """Run one step of n rows."""
        tile = new_tile()
        size, x_size = 4 * a.hidden_padded, 4 * a.features_padded
        for unit in range(0, size, BYTES):
            w, u = a.w + 4 * unit * a.features, a.u + 4 * unit * a.hidden
            for row in range(0, n, rows):
                for r in range(rows):
                    start = integer(x + 8 * (row + r)) if a.table else a.bias
                    for gate in range(4):
                        put(tile, 4 * r + gate, load(start + gate * size + unit))
                add(tile, x + row * x_size, x_size, 4, w, 4 * BYTES, a.features)
                add(tile, used + row * size, size, 4, u, 4 * BYTES, a.hidden)
                for r in range(rows):
                    at = (row + r) * size + unit
                    i, f = sigmoid(get(tile, 4 * r)), sigmoid(get(tile, 4 * r + 1))
                    g, o = tanh(get(tile, 4 * r + 2)), sigmoid(get(tile, 4 * r + 3))
                    state = fma(f, load(c + at), i * g)
                    store(c_next + at, state)
                    store(h_next + at, o * tanh(state))
                    if a.keep:
                        place = saved + 4 * (row + r) * size + unit
                        store(place, i)
                        store(place + size, f)
                        store(place + 2 * size, g)
                        store(place + 3 * size, o)

    return step


@njit
def _step_back(a, n, saved, gates, used, h, c, d_h, d_c, buffer, mask):
    """Write the gradients of the gates of n rows; no gradient of h passes by them."""
    one, zero = fill(np.float32(1)), fill(np.float32(0))
    size = 4 * a.hidden_padded
    for row in range(n):
        for unit in range(0, size, BYTES):
            at, place = row * size + unit, saved + 4 * row * size + unit
            to = gates + 4 * row * size + unit
            i, f = load(place), load(place + size)
            g, o = load(place + 2 * size), load(place + 3 * size)
            dh, before = load(d_h + at), load(c + at)
            squashed = tanh(fma(f, before, i * g))
            dc = fma(dh * o, one - squashed * squashed, load(d_c + at))
            store(to, dc * g * i * (one - i))
            store(to + size, dc * before * f * (one - f))
            store(to + 2 * size, dc * i * (one - g * g))
            store(to + 3 * size, dh * squashed * o * (one - o))
            store(d_c + at, dc * f)
            store(d_h + at, zero)


_forward, _backward = forward_with(_step_of(FLAT)), backward_with(_step_back)
_stream = stream_with(_step_of(1))


def lstm_forward(chunk, address):
    """Run a chunk through all its steps."""
    _forward(arguments(address), chunk)


def lstm_backward(chunk, address):
    """Run a chunk back through all its steps."""
    _backward(arguments(address), chunk)


def lstm_stream(chunk, address):
    """Run one step of one sequence."""
    _stream(streaming(address, chunk))
