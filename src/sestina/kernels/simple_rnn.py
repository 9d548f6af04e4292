"""SimpleRNN steps (Elman 1990; row D1): h = f(W x + U h + b), f tanh or ReLU.

Nothing is saved but h, and with zoneout f( ) itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from sestina.kernels.memory import integer
from sestina.kernels.recurrence import backward_with, forward_with, stream_with
from sestina.kernels.sequence import CHUNK, arguments, streaming
from sestina.kernels.simd import BYTES, fill, load, store, tanh, where_positive
from sestina.kernels.tiles import TALL, get, new_tile, product, put


def _step_of(rows: int) -> Any:
    """Return the step that takes `rows` rows at a time."""
    add = product(rows, (0,), 1)

    @njit
    def step(a, n, x, used, h, c, saved, h_next, c_next):
        """Run one step of n rows."""
        tile = new_tile()
        size, x_size = 4 * a.hidden_padded, 4 * a.features_padded
        for unit in range(0, size, BYTES):
            w, u = a.w + unit * a.features, a.u + unit * a.hidden
            for row in range(0, n, rows):
                for r in range(rows):
                    start = integer(x + 8 * (row + r)) if a.table else a.bias
                    put(tile, r, load(start + unit))
                add(tile, x + row * x_size, x_size, 4, w, BYTES, a.features)
                add(tile, used + row * size, size, 4, u, BYTES, a.hidden)
                for r in range(rows):
                    sums = get(tile, r)
                    state = where_positive(sums, sums) if a.relu else tanh(sums)
                    store(h_next + (row + r) * size + unit, state)
                    if a.zone and a.keep:  # h will be another
                        store(saved + (row + r) * size + unit, state)

    return step


@njit
def _step_back(a, n, saved, gates, used, h, c, d_h, d_c, buffer, mask):
    """Write the gradients of the sums of n rows; no gradient of h passes by them."""
    one, zero = fill(np.float32(1)), fill(np.float32(0))
    size = 4 * a.hidden_padded
    values = saved if a.zone else h + CHUNK * size
    for at in range(0, n * size, BYTES):
        dh, state = load(d_h + at), load(values + at)
        if a.relu:
            store(gates + at, where_positive(state, dh))
        else:
            store(gates + at, dh * (one - state * state))
        store(d_h + at, zero)


_forward, _backward = forward_with(_step_of(TALL)), backward_with(_step_back)
_stream = stream_with(_step_of(1))


def simple_rnn_forward(chunk, address):
    """Run a chunk through all its steps."""
    _forward(arguments(address), chunk)


def simple_rnn_backward(chunk, address):
    """Run a chunk back through all its steps."""
    _backward(arguments(address), chunk)


def simple_rnn_stream(chunk, address):
    """Run one step of one sequence."""
    _stream(streaming(address, chunk))
