"""Layer-normalised LSTM and GRU steps (Ba, Kiros and Hinton 2016; row D11).

N(v) = (v − mean) / √(variance + ε), over all the gates that it normalises together.
d = γx ∘ N(W x) + b, u = γ ∘ N(U h): N over 4 H of an LSTM; of a GRU over 2 H of r and z, and n.
LSTM: i, f, g, o as ever of d + u; c as ever; h = o ∘ tanh(γc ∘ N(c) + βc)
GRU:  r, z = σ(d + u); n = tanh(d + r ∘ u); h = (1 − z) ∘ n + z ∘ h
Saved per row: i, f, g, o, then U h of each, then W x; n, r, z, then U h of r, z, n, then W x of n,
r, z. Gradients of W x stand first, of U h behind them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from sestina.kernels.recurrence import backward_with, forward_with
from sestina.kernels.sequence import arguments, clear
from sestina.kernels.simd import BYTES, fill, fma, load, sigmoid, store, tanh, total
from sestina.kernels.tiles import FLAT, get, new_tile, product, put

EPSILON = np.float32(1e-5)


@njit
def _moments(a, row, blocks):
    """Return the mean of `blocks` blocks of a row, and 1 / √(variance + ε); padding is zeros."""
    size, count = 4 * a.hidden_padded, np.float32(blocks * a.hidden)
    sums = fill(np.float32(0))
    for i in range(0, blocks * size, BYTES):
        sums = sums + load(row + i)
    mean = total(sums) / count
    middle, squares = fill(mean), fill(np.float32(0))
    for i in range(0, blocks * size, BYTES):
        apart = load(row + i) - middle
        squares = fma(apart, apart, squares)
    padding = np.float32(blocks * (a.hidden_padded - a.hidden)) * mean * mean
    variance = max((total(squares) - padding) / count, np.float32(0))
    return mean, np.float32(1) / np.sqrt(variance + EPSILON)


@njit
def _normal(place, mean, scale):
    """Return a vector normalised."""
    return (load(place) - fill(mean)) * fill(scale)


@njit
def _normal_back(a, row, d, gain, d_gain, to, blocks):
    """Write the gradients of blocks v, from those of γ ∘ N(v), to `to`; add those of γ."""
    size, share = 4 * a.hidden_padded, np.float32(1) / np.float32(blocks * a.hidden)
    mean, scale = _moments(a, row, blocks)
    one, other = fill(np.float32(0)), fill(np.float32(0))
    for i in range(0, blocks * size, BYTES):
        value, pulled = _normal(row + i, mean, scale), load(d + i)
        store(d_gain + i, fma(pulled, value, load(d_gain + i)))
        pulled = pulled * load(gain + i)
        one, other = one + pulled, fma(pulled, value, other)
    level, slope = fill(total(one) * share), fill(total(other) * share)
    for i in range(0, blocks * size, BYTES):
        value = _normal(row + i, mean, scale)
        pulled = load(d + i) * load(gain + i)
        store(to + i, (pulled - level - value * slope) * fill(scale))


def _products_of(count: int) -> Any:
    """Return what writes a product of n rows, of `count` gates, to saved blocks from `first`."""
    add = product(FLAT, tuple(range(count)), 4)

    @njit
    def products(a, n, left, left_row, packed, depth, saved, first):
        tile = new_tile()
        size = 4 * a.hidden_padded
        wide = size * a.blocks
        for unit in range(0, size, BYTES):
            right = packed + count * unit * depth
            for row in range(0, n, FLAT):
                for r in range(FLAT):
                    for gate in range(count):
                        put(tile, 4 * r + gate, fill(np.float32(0)))
                add(tile, left + row * left_row, left_row, 4, right, count * BYTES, depth)
                for r in range(FLAT):
                    to = saved + (row + r) * wide + first * size + unit
                    for gate in range(count):
                        store(to + gate * size, get(tile, 4 * r + gate))

    return products


_four, _three = _products_of(4), _products_of(3)


@njit
def _lstm(a, n, x, used, h, c, saved, h_next, c_next):
    size = 4 * a.hidden_padded
    _four(a, n, used, size, a.u, a.hidden, saved, 4)
    _four(a, n, x, 4 * a.features_padded, a.w, a.features, saved, 8)
    for row in range(n):
        to = saved + 12 * row * size
        mean, scale = _moments(a, to + 4 * size, 4)
        mean_x, scale_x = _moments(a, to + 8 * size, 4)
        for i in range(0, 4 * size, BYTES):
            d = fma(
                _normal(to + 8 * size + i, mean_x, scale_x), load(a.x_gain + i), load(a.x_shift + i)
            )
            value = fma(_normal(to + 4 * size + i, mean, scale), load(a.gain + i), d)
            store(to + i, tanh(value) if 2 * size <= i < 3 * size else sigmoid(value))
        for unit in range(0, size, BYTES):
            taken = load(to + unit) * load(to + 2 * size + unit)
            forget = load(to + size + unit)
            store(c_next + row * size + unit, fma(forget, load(c + row * size + unit), taken))
        mean, scale = _moments(a, c_next + row * size, 1)
        for unit in range(0, size, BYTES):
            normal = _normal(c_next + row * size + unit, mean, scale)
            shown = tanh(fma(normal, load(a.cell_gain + unit), load(a.cell_bias + unit)))
            store(h_next + row * size + unit, load(to + 3 * size + unit) * shown)


@njit
def _shown_back(a, opened, h_bar, d_c, cell, d_gains, to):
    """Write the gradient of o of a row to `to`, add to d_c what h pulls at c through N."""
    one, size = fill(np.float32(1)), 4 * a.hidden_padded
    share = one * fill(np.float32(1) / np.float32(a.hidden))
    mean, scale = _moments(a, cell, 1)
    first, second = fill(np.float32(0)), fill(np.float32(0))
    for unit in range(0, size, BYTES):
        normal, gain = _normal(cell + unit, mean, scale), load(a.cell_gain + unit)
        shown = tanh(fma(normal, gain, load(a.cell_bias + unit)))
        o, dh = load(opened + unit), load(h_bar + unit)
        pulled = dh * o * (one - shown * shown)
        store(to + unit, dh * shown * o * (one - o))
        of_gain = d_gains + unit
        store(of_gain, fma(pulled, normal, load(of_gain)))
        store(of_gain + size, load(of_gain + size) + pulled)
        pulled = pulled * gain
        store(h_bar + unit, pulled)  # of N(c): dh is not wanted any more
        first, second = first + pulled, fma(pulled, normal, second)
    level = fill(total(first)) * share
    slope = fill(total(second)) * share
    for unit in range(0, size, BYTES):
        normal = _normal(cell + unit, mean, scale)
        pulled = (load(h_bar + unit) - level - normal * slope) * fill(scale)
        store(d_c + unit, fma(pulled, load(a.real + unit), load(d_c + unit)))


@njit
def _share_of(a, buffer):
    """Return where the chunk, whose scratch `buffer` is in, adds up gradients of scales.

    They are those of γ by the blocks of U, of γc and βc, then of γx and of b by the blocks of W.
    """
    return a.d_gain + (buffer - a.scratch) // a.scratch_size * a.d_gain_size


@njit
def _add_blocks(to, source, count):
    """Add `count` bytes of floats."""
    for i in range(0, count, BYTES):
        store(to + i, load(to + i) + load(source + i))


@njit
def _lstm_back(a, n, saved, gates, used, h, c, d_h, d_c, buffer, mask):
    one, size = fill(np.float32(1)), 4 * a.hidden_padded
    d_gains = _share_of(a, buffer)
    of_x = d_gains + 6 * size
    for row in range(n):
        place, at = saved + 12 * row * size, row * size
        to = gates + 12 * row * size
        for unit in range(0, size, BYTES):
            taken = load(place + unit) * load(place + 2 * size + unit)
            value = fma(load(place + size + unit), load(c + at + unit), taken)
            store(buffer + unit, value)
        cell, opened = d_gains + 4 * size, place + 3 * size
        _shown_back(a, opened, d_h + at, d_c + at, buffer, cell, to + 3 * size)
        for unit in range(0, size, BYTES):
            of, dc = place + unit, load(d_c + at + unit)
            i, f, g = load(of), load(of + size), load(of + 2 * size)
            store(to + unit, dc * g * i * (one - i))
            store(to + size + unit, dc * load(c + at + unit) * f * (one - f))
            store(to + 2 * size + unit, dc * i * (one - g * g))
            store(d_c + at + unit, dc * f)
        _add_blocks(of_x + 4 * size, to, 4 * size)
        _normal_back(a, place + 4 * size, to, a.gain, d_gains, to + 4 * size, 4)
        _normal_back(a, place + 8 * size, to, a.x_gain, of_x, to, 4)
    clear(d_h, n * a.hidden_padded)


@njit
def _gru(a, n, x, used, h, c, saved, h_next, c_next):
    size = 4 * a.hidden_padded
    _three(a, n, used, size, a.u, a.hidden, saved, 3)
    _three(a, n, x, 4 * a.features_padded, a.w, a.features, saved, 6)
    for row in range(n):
        to = saved + 9 * row * size
        u, of_x = to + 3 * size, to + 7 * size
        mean, scale = _moments(a, u, 2)
        mean_x, scale_x = _moments(a, of_x, 2)
        gain, shift = a.x_gain + size, a.x_shift + size
        for i in range(0, 2 * size, BYTES):  # of W's blocks n stands first, of U's last
            d = fma(_normal(of_x + i, mean_x, scale_x), load(gain + i), load(shift + i))
            store(to + size + i, sigmoid(fma(_normal(u + i, mean, scale), load(a.gain + i), d)))
        u, of_x, gain = to + 5 * size, to + 6 * size, a.gain + 2 * size
        mean, scale = _moments(a, u, 1)
        mean_x, scale_x = _moments(a, of_x, 1)
        for unit in range(0, size, BYTES):
            normal = _normal(of_x + unit, mean_x, scale_x)
            d = fma(normal, load(a.x_gain + unit), load(a.x_shift + unit))
            inner = _normal(u + unit, mean, scale) * load(gain + unit)
            new = tanh(fma(load(to + size + unit), inner, d))
            store(to + unit, new)
            before = load(h + row * size + unit)
            store(h_next + row * size + unit, fma(load(to + 2 * size + unit), before - new, new))


@njit
def _gru_back(a, n, saved, gates, used, h, c, d_h, d_c, buffer, mask):
    one, size = fill(np.float32(1)), 4 * a.hidden_padded
    d_gains = _share_of(a, buffer)
    of_x = d_gains + 5 * size
    for row in range(n):
        place, to, at = saved + 9 * row * size, gates + 9 * row * size, row * size
        u = place + 5 * size
        mean, scale = _moments(a, u, 1)
        for unit in range(0, size, BYTES):
            of = place + unit
            new, reset, update = load(of), load(of + size), load(of + 2 * size)
            normal, dh = _normal(u + unit, mean, scale), load(d_h + at + unit)
            d_new = dh * (one - update) * (one - new * new)
            inner = normal * load(a.gain + 2 * size + unit)
            store(to + unit, d_new)
            store(to + size + unit, d_new * inner * reset * (one - reset))
            d_update = dh * (load(h + at + unit) - new) * update * (one - update)
            store(to + 2 * size + unit, d_update)
            store(d_h + at + unit, dh * update)
            store(buffer + unit, d_new * reset)
        _add_blocks(of_x + 3 * size, to, 3 * size)
        last, both = 2 * size, to + size
        _normal_back(a, place + 3 * size, both, a.gain, d_gains, to + 3 * size, 2)
        _normal_back(a, u, buffer, a.gain + last, d_gains + last, to + 5 * size, 1)
        _normal_back(a, place + 6 * size, to, a.x_gain, of_x, to, 1)
        _normal_back(a, place + 7 * size, both, a.x_gain + size, of_x + size, both, 2)


_lstm_chunk, _lstm_chunk_back = forward_with(_lstm), backward_with(_lstm_back)
_gru_chunk, _gru_chunk_back = forward_with(_gru), backward_with(_gru_back)


def normed_lstm_forward(chunk, address):
    """Run a chunk through all its steps."""
    _lstm_chunk(arguments(address), chunk)


def normed_lstm_backward(chunk, address):
    """Run a chunk back through all its steps."""
    _lstm_chunk_back(arguments(address), chunk)


def normed_gru_forward(chunk, address):
    """Run a chunk through all its steps."""
    _gru_chunk(arguments(address), chunk)


def normed_gru_backward(chunk, address):
    """Run a chunk back through all its steps."""
    _gru_chunk_back(arguments(address), chunk)
