"""Layer-normalised LSTM and GRU steps (Ba, Kiros and Hinton 2016; row D11).

N(v) = (v − mean) / √(variance + ε), over all the gates that it normalises together; d = γ ∘ N(W x)
+ b is formed of all steps beforehand, and reaches a step as a row of ready products.
LSTM: i, f, g, o as ever of d + γ ∘ N(U h), N over 4 H; c as ever; h = o ∘ tanh(γc ∘ N(c) + βc)
GRU:  r, z = σ(d + γ ∘ N(U h)), N over 2 H; n = tanh(d + r ∘ γ ∘ N(U h)); h = (1 − z) ∘ n + z ∘ h
Saved per row: i, f, g, o, then U h of each; n, r, z, then U h of r, z, n. Gradients likewise.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from sestina.kernels.memory import integer
from sestina.kernels.packing import gate_at
from sestina.kernels.recurrence import backward_with, forward_with
from sestina.kernels.sequence import (
    CHUNK,
    arguments,
    clear,
    clear_padding,
    copy_exactly,
    copy_padded,
    length_of,
    offset_of,
)
from sestina.kernels.simd import BYTES, fill, fma, load, sigmoid, store, tanh, total
from sestina.kernels.tiles import FLAT, get, new_tile, product, put

EPSILON = np.float32(1e-5)
ROWS = 64  # rows of W x that one chunk of work normalises


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
def _normal_back(a, row, d, gain, d_gain, blocks):
    """Replace blocks of U h by their gradients, from those of γ ∘ N(U h); add those of γ."""
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
        store(row + i, (pulled - level - value * slope) * fill(scale))


def _products_of(first: int, count: int) -> Any:
    """Return what writes U h of n rows to `count` saved blocks, which stand at `first`."""
    add = product(FLAT, tuple(range(count)), 4)

    @njit
    def products(a, n, used, saved):
        tile = new_tile()
        size = 4 * a.hidden_padded
        wide = size * a.blocks
        for unit in range(0, size, BYTES):
            u = a.u + count * unit * a.hidden
            for row in range(0, n, FLAT):
                for r in range(FLAT):
                    for gate in range(count):
                        put(tile, 4 * r + gate, fill(np.float32(0)))
                add(tile, used + row * size, size, 4, u, count * BYTES, a.hidden)
                for r in range(FLAT):
                    to = saved + (row + r) * wide + first * size + unit
                    for gate in range(count):
                        store(to + gate * size, get(tile, 4 * r + gate))

    return products


_products_of_lstm, _products_of_gru = _products_of(4, 4), _products_of(3, 3)


@njit
def _lstm(a, n, x, used, h, c, saved, h_next, c_next):
    _products_of_lstm(a, n, used, saved)
    size = 4 * a.hidden_padded
    for row in range(n):
        d, to = integer(x + 8 * row), saved + 8 * row * size
        mean, scale = _moments(a, to + 4 * size, 4)
        for i in range(0, 4 * size, BYTES):
            normal = _normal(to + 4 * size + i, mean, scale)
            value = fma(normal, load(a.gain + i), load(d + i))
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
def _shown_back(a, place, h_bar, d_c, cell, d_gains):
    """Write the gradient of o of a row over o, add to d_c what h pulls at c through N."""
    one, size = fill(np.float32(1)), 4 * a.hidden_padded
    share = one * fill(np.float32(1) / np.float32(a.hidden))
    mean, scale = _moments(a, cell, 1)
    first, second = fill(np.float32(0)), fill(np.float32(0))
    for unit in range(0, size, BYTES):
        normal, gain = _normal(cell + unit, mean, scale), load(a.cell_gain + unit)
        shown = tanh(fma(normal, gain, load(a.cell_bias + unit)))
        opened, dh = load(place + 3 * size + unit), load(h_bar + unit)
        pulled = dh * opened * (one - shown * shown)
        store(place + 3 * size + unit, dh * shown * opened * (one - opened))
        to = d_gains + unit
        store(to, fma(pulled, normal, load(to)))
        store(to + size, load(to + size) + pulled)
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
    """Return where the chunk, whose scratch `buffer` is in, adds up the gradients of γ and βc."""
    return a.d_gain + (buffer - a.scratch) // a.scratch_size * a.d_gain_size


@njit
def _lstm_back(a, n, saved, gates, used, h, c, d_h, d_c, buffer, mask):
    one, size = fill(np.float32(1)), 4 * a.hidden_padded
    d_gains = _share_of(a, buffer)
    for row in range(n):
        place, at = saved + 8 * row * size, row * size
        for unit in range(0, size, BYTES):
            taken = load(place + unit) * load(place + 2 * size + unit)
            value = fma(load(place + size + unit), load(c + at + unit), taken)
            store(buffer + unit, value)
        _shown_back(a, place, d_h + at, d_c + at, buffer, d_gains + 4 * size)
        for unit in range(0, size, BYTES):
            to = place + unit
            i, f, g, dc = load(to), load(to + size), load(to + 2 * size), load(d_c + at + unit)
            store(to, dc * g * i * (one - i))
            store(to + size, dc * load(c + at + unit) * f * (one - f))
            store(to + 2 * size, dc * i * (one - g * g))
            store(d_c + at + unit, dc * f)
        _normal_back(a, place + 4 * size, place, a.gain, d_gains, 4)
    clear(d_h, n * a.hidden_padded)


@njit
def _gru(a, n, x, used, h, c, saved, h_next, c_next):
    _products_of_gru(a, n, used, saved)
    size = 4 * a.hidden_padded
    for row in range(n):
        d, to = integer(x + 8 * row), saved + 6 * row * size
        mean, scale = _moments(a, to + 3 * size, 2)
        for i in range(0, 2 * size, BYTES):  # of d and saved gates n stands first, of γ last
            normal = _normal(to + 3 * size + i, mean, scale)
            store(to + size + i, sigmoid(fma(normal, load(a.gain + i), load(d + size + i))))
        mean, scale = _moments(a, to + 5 * size, 1)
        for unit in range(0, size, BYTES):
            inner = _normal(to + 5 * size + unit, mean, scale) * load(a.gain + 2 * size + unit)
            new = tanh(fma(load(to + size + unit), inner, load(d + unit)))
            store(to + unit, new)
            before = load(h + row * size + unit)
            store(h_next + row * size + unit, fma(load(to + 2 * size + unit), before - new, new))


@njit
def _gru_back(a, n, saved, gates, used, h, c, d_h, d_c, buffer, mask):
    one, size = fill(np.float32(1)), 4 * a.hidden_padded
    d_gains = _share_of(a, buffer)
    for row in range(n):
        place, at = saved + 6 * row * size, row * size
        mean, scale = _moments(a, place + 5 * size, 1)
        for unit in range(0, size, BYTES):
            to = place + unit
            new, reset, update = load(to), load(to + size), load(to + 2 * size)
            normal, dh = _normal(to + 5 * size, mean, scale), load(d_h + at + unit)
            d_new = dh * (one - update) * (one - new * new)
            inner = normal * load(a.gain + 2 * size + unit)
            store(to, d_new)
            store(to + size, d_new * inner * reset * (one - reset))
            store(to + 2 * size, dh * (load(h + at + unit) - new) * update * (one - update))
            store(d_h + at + unit, dh * update)
            store(buffer + unit, d_new * reset)
        _normal_back(a, place + 3 * size, place + size, a.gain, d_gains, 2)
        last = 2 * size
        _normal_back(a, place + 5 * size, buffer, a.gain + last, d_gains + last, 1)


def _inputs_of(groups: tuple[tuple[int, int], ...]) -> Any:
    """Return what forms d of `ROWS` rows of W x: `groups` of blocks, by first and count."""

    @njit
    def inputs(a, chunk):
        size, row = 4 * a.hidden_padded, 4 * a.w_blocks * a.hidden
        for r in range(chunk * ROWS, min(chunk * ROWS + ROWS, a.table_rows)):
            to = a.table + r * a.w_blocks * size
            _take_row(a, to, a.inputs + r * row)
            for first, count in groups:
                at = to + first * size
                mean, scale = _moments(a, at, count)
                gain, shift = a.x_gain + first * size, a.x_shift + first * size
                for i in range(0, count * size, BYTES):
                    store(
                        at + i, fma(_normal(at + i, mean, scale), load(gain + i), load(shift + i))
                    )

    return inputs


def _give_of(groups: tuple[tuple[int, int], ...]) -> Any:
    """Return what gives the gradients of W x of a chunk's rows, from those of d; and zeros."""

    @njit
    def give(a, chunk):
        first, rows = chunk * CHUNK, min(CHUNK, a.rows - chunk * CHUNK)
        size, row = 4 * a.hidden_padded, 4 * a.w_blocks * a.hidden
        saved = a.saved + integer(a.starts + 8 * chunk) * CHUNK * size * a.blocks
        own, d_gain = a.scratch + chunk * a.scratch_size, a.d_x_gain + chunk * a.d_gain_size
        clear_padding(a, a.d_inputs, a.steps * row, row, a.w_blocks * a.hidden, first, rows)
        for r in range(rows):
            for t in range(length_of(a, first + r)):
                at = offset_of(a, first + r, t, a.steps * row, row)
                place = saved + (t * CHUNK + r) * size * a.blocks
                _take_row(a, own, a.inputs + at)
                for block, count in groups:
                    of = block * size
                    _normal_back(a, own + of, place + of, a.x_gain + of, d_gain + of, count)
                for block in range(a.w_blocks):
                    to = a.d_inputs + at + 4 * gate_at(a.w_gates, block) * a.hidden
                    copy_exactly(to, own + block * size, a.hidden)

    return give


@njit
def _take_row(a, to, source):
    """Copy a row of W x (G·H,) to blocks of Hp, in the order of the cell."""
    for block in range(a.w_blocks):
        gate = gate_at(a.w_gates, block)
        place = to + 4 * block * a.hidden_padded
        copy_padded(place, source + 4 * gate * a.hidden, a.hidden, a.hidden_padded)


_OF_LSTM, _OF_GRU = ((0, 4),), ((0, 1), (1, 2))  # what is normalised together: all; n, and r with z
_lstm_inputs, _lstm_give = _inputs_of(_OF_LSTM), _give_of(_OF_LSTM)
_gru_inputs, _gru_give = _inputs_of(_OF_GRU), _give_of(_OF_GRU)
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


def normed_lstm_inputs(chunk, address):
    """Form d of some rows."""
    _lstm_inputs(arguments(address), chunk)


def normed_lstm_give(chunk, address):
    """Give the gradients of W x of a chunk's rows."""
    _lstm_give(arguments(address), chunk)


def normed_gru_inputs(chunk, address):
    """Form d of some rows."""
    _gru_inputs(arguments(address), chunk)


def normed_gru_give(chunk, address):
    """Give the gradients of W x of a chunk's rows."""
    _gru_give(arguments(address), chunk)
