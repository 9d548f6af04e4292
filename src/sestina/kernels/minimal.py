"""minGRU and minLSTM steps (Feng et al. 2024, Were RNNs all we needed?; row D4), without U.

Gates see x alone, so that a step is h = a ∘ h + b of numbers that are known before the state is:
minGRU:  z = σ(W x + b), n = W x + b; h = (1 − z) ∘ h + z ∘ n; saved: z, n
minLSTM: f, i = σ(W x + b), n = W x + b; h = (f ∘ h + i ∘ n) / (f + i); saved: f, i, n
The gradients of the gates' sums stand in the same order. The paper scans over time in parallel;
here rows and units are side by side, and steps follow one another in registers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from sestina.kernels.memory import integer
from sestina.kernels.recurrence import backward_with, forward_with, stream_with
from sestina.kernels.sequence import arguments, streaming
from sestina.kernels.simd import BYTES, at_least, fill, fma, load, quotient, sigmoid, store
from sestina.kernels.tiles import FLAT, HALF, get, new_tile, product, put

LOWEST = np.float32(-60)  # sums of f and i below it count as it, lest both gates be 0


def _gru(rows: int) -> Any:
    """Return minGRU's step that takes `rows` rows at a time."""
    add = product(rows, (0, 1), 2)

    @njit
    def step(a, n, x, used, h, c, saved, h_next, c_next):
        tile, one = new_tile(), fill(np.float32(1))
        size, x_size = 4 * a.hidden_padded, 4 * a.features_padded
        for unit in range(0, size, BYTES):
            w = a.w + 2 * unit * a.features
            for row in range(0, n, rows):
                for r in range(rows):
                    start = integer(x + 8 * (row + r)) if a.table else a.bias
                    for gate in range(2):
                        put(tile, 2 * r + gate, load(start + gate * size + unit))
                add(tile, x + row * x_size, x_size, 4, w, 2 * BYTES, a.features)
                for r in range(rows):
                    at = (row + r) * size + unit
                    update, new = sigmoid(get(tile, 2 * r)), get(tile, 2 * r + 1)
                    store(h_next + at, fma(one - update, load(h + at), update * new))
                    if a.keep:
                        place = saved + 2 * (row + r) * size + unit
                        store(place, update)
                        store(place + size, new)

    return step


@njit
def _gru_back(a, n, saved, gates, used, h, c, d_h, d_c, buffer, mask):
    one = fill(np.float32(1))
    size = 4 * a.hidden_padded
    for row in range(n):
        for unit in range(0, size, BYTES):
            at, place = row * size + unit, saved + 2 * row * size + unit
            to = gates + 2 * row * size + unit
            update, new, dh = load(place), load(place + size), load(d_h + at)
            store(to, dh * (new - load(h + at)) * update * (one - update))
            store(to + size, dh * update)
            store(d_h + at, dh * (one - update))


def _lstm(rows: int) -> Any:
    """Return minLSTM's step that takes `rows` rows at a time."""
    add = product(rows, (0, 1, 2), 4)

    @njit
    def step(a, n, x, used, h, c, saved, h_next, c_next):
        tile, lowest = new_tile(), fill(LOWEST)
        size, x_size = 4 * a.hidden_padded, 4 * a.features_padded
        for unit in range(0, size, BYTES):
            w = a.w + 3 * unit * a.features
            for row in range(0, n, rows):
                for r in range(rows):
                    start = integer(x + 8 * (row + r)) if a.table else a.bias
                    for gate in range(3):
                        put(tile, 4 * r + gate, load(start + gate * size + unit))
                add(tile, x + row * x_size, x_size, 4, w, 3 * BYTES, a.features)
                for r in range(rows):
                    at = (row + r) * size + unit
                    forget = sigmoid(at_least(get(tile, 4 * r), lowest))
                    take = sigmoid(at_least(get(tile, 4 * r + 1), lowest))
                    new = get(tile, 4 * r + 2)
                    mixed = fma(forget, load(h + at), take * new)
                    store(h_next + at, quotient(mixed, forget + take))
                    if a.keep:
                        place = saved + 3 * (row + r) * size + unit
                        store(place, forget)
                        store(place + size, take)
                        store(place + 2 * size, new)

    return step


@njit
def _lstm_back(a, n, saved, gates, used, h, c, d_h, d_c, buffer, mask):
    one = fill(np.float32(1))
    size = 4 * a.hidden_padded
    for row in range(n):
        for unit in range(0, size, BYTES):
            at, place = row * size + unit, saved + 3 * row * size + unit
            to = gates + 3 * row * size + unit
            forget, take, new = load(place), load(place + size), load(place + 2 * size)
            dh, whole = load(d_h + at), forget + take
            kept, taken = quotient(forget, whole), quotient(take, whole)
            apart = dh * (load(h + at) - new) * kept * taken
            store(to, apart * (one - forget))
            store(to + size, apart * (take - one))
            store(to + 2 * size, dh * taken)
            store(d_h + at, dh * kept)


_gru_forward_chunk, _gru_backward_chunk = forward_with(_gru(HALF)), backward_with(_gru_back)
_lstm_forward_chunk, _lstm_backward_chunk = forward_with(_lstm(FLAT)), backward_with(_lstm_back)
_gru_stream_step, _lstm_stream_step = stream_with(_gru(1)), stream_with(_lstm(1))


def mingru_forward(chunk, address):
    """Run a chunk through all its steps."""
    _gru_forward_chunk(arguments(address), chunk)


def mingru_backward(chunk, address):
    """Run a chunk back through all its steps."""
    _gru_backward_chunk(arguments(address), chunk)


def mingru_stream(chunk, address):
    """Run one step of one sequence."""
    _gru_stream_step(streaming(address, chunk))


def minlstm_forward(chunk, address):
    """Run a chunk through all its steps."""
    _lstm_forward_chunk(arguments(address), chunk)


def minlstm_backward(chunk, address):
    """Run a chunk back through all its steps."""
    _lstm_backward_chunk(arguments(address), chunk)


def minlstm_stream(chunk, address):
    """Run one step of one sequence."""
    _lstm_stream_step(streaming(address, chunk))
