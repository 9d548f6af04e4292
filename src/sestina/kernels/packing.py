"""From PyTorch's layout of weights to packed ones, and from packed gradients back.

Packed for a step, W (G·H, K) lies as (Hp / LANES, K, G, LANES): all gates of the same units meet in
registers. For a step back it lies as (Kp / LANES, G·Hp, LANES), its transpose's panels.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from sestina.kernels.compiled import Kernel
from sestina.kernels.memory import number, write_number
from sestina.kernels.sequence import PAD, arguments
from sestina.kernels.simd import BYTES, LANES, fill, load, load_first, store, store_first


@njit
def gate_at(gates, block):
    """Return PyTorch's gate in a block."""
    return gates >> 4 * block & 15


@njit
def _interleave(to, weight, hidden, columns, gates, first, count, panel):
    """Pack one vector's units of `count` blocks from `first` for a step: (K, count, LANES)."""
    for block in range(count):
        row = weight + 4 * gate_at(gates, first + block) * hidden * columns
        for lane in range(LANES):
            unit = panel * LANES + lane
            place = to + 4 * (block * LANES + lane)
            for k in range(columns):
                value = number(row + 4 * (unit * columns + k)) if unit < hidden else np.float32(0)
                write_number(place + k * count * BYTES, value)


@njit
def _transpose(to, weight, hidden, columns, gates, first, count, high, panel):
    """Pack one vector's units of `count` blocks from `first` for a step back."""
    wide = -(-columns // PAD) * PAD
    for block in range(count):
        row = weight + 4 * gate_at(gates, first + block) * hidden * columns
        for unit in range(panel * LANES, (panel + 1) * LANES):
            place = to + (block * high + unit) * BYTES
            for column in range(0, wide, LANES):
                value = fill(np.float32(0))
                if unit < hidden:
                    value = load_first(
                        row + 4 * (unit * columns + column), min(columns - column, LANES)
                    )
                store(place + column * count * high * 4, value)


@njit
def _add_biases(a, panel):
    """Pack one vector's units of the biases, b + c, and apart from them c where r multiplies it."""
    first = panel * LANES
    count = max(min(a.hidden - first, LANES), 0)
    own = gate_at(a.u_gates, a.u_blocks - 1) if a.apart else -1
    for block in range(a.w_blocks):
        gate = gate_at(a.w_gates, block)
        at = 4 * (gate * a.hidden + first)
        value, more = load_first(a.input_bias + at, count), load_first(a.hidden_bias + at, count)
        if gate == own:
            store(a.u_bias + 4 * first, more)
        else:
            value = value + more
        store(a.bias + 4 * (block * a.hidden_padded + first), value)


def pack_forward(chunk, address):
    """Pack one vector's units of all weights for steps forward: W, U, their blocks for r ∘ h."""
    a = arguments(address)
    inner = min(a.u_inner, 1)
    none = inner - inner  # no literal, for which Numba would compile functions anew
    for job in range(2 + 2 * inner):
        if job % 2 == 0:
            weight, columns, gates = a.input_weights, a.features, a.w_gates
            to, first, count = a.w, inner, a.w_blocks - inner
        else:
            weight, columns, gates = a.hidden_weights, a.hidden, a.u_gates
            to, first, count = a.u, none, a.u_blocks
        if job == 2:
            to, first, count = a.w_inner, none, inner
        elif job == 3:
            to, first, count = a.u_inner, a.u_blocks, inner
        to += BYTES * chunk * count * columns
        _interleave(to, weight, a.hidden, columns, gates, first, count, chunk)
    for block in range(a.w_blocks if a.table_features else 0):  # each by itself
        to = a.w + (4 * block * a.hidden_padded + BYTES * chunk) * a.table_features
        one, columns = none + 1, a.table_features
        _interleave(to, a.input_weights, a.hidden, columns, a.w_gates, block, one, chunk)
    _add_biases(a, chunk)


def pack_backward(chunk, address):
    """Pack one vector's units of all weights for steps back."""
    a = arguments(address)
    weight, gates, columns = a.input_weights, a.w_gates, max(a.features, a.table_features)
    to, first, count = a.w_back, chunk - chunk, a.w_blocks
    for job in range(2 + min(a.u_inner, 1)):
        if job > 0:
            weight, gates, columns = a.hidden_weights, a.u_gates, a.hidden
            to, count = a.u_back, a.u_blocks
        if job == 2:
            to, first, count = a.u_inner_back, a.u_blocks, a.w_blocks - a.u_blocks
        _transpose(to, weight, a.hidden, columns, gates, first, count, a.hidden_padded, chunk)


@njit
def give_weights(a, sums, gates, to, first, columns):
    """Write the gradients for `PAD` columns of W, (PAD, G, Hp), to where PyTorch has them."""
    row = 4 * a.w_blocks * a.hidden_padded
    count = min(columns - first, PAD)
    for block in range(a.w_blocks):
        gate = gate_at(gates, block)
        for unit in range(a.hidden):
            source = sums + 4 * (block * a.hidden_padded + unit)
            place = to + 4 * ((gate * a.hidden + unit) * columns + first)
            for k in range(count):
                write_number(place + 4 * k, number(source + k * row))


@njit
def _give_biases(a, sums):
    """Write the gradients of the biases, (blocks, Hp), to where PyTorch has them."""
    own = gate_at(a.u_gates, a.u_blocks - 1) if a.apart else -1
    for block in range(a.w_blocks):
        gate = gate_at(a.w_gates, block)
        other = a.blocks - 1 if gate == own else block
        for first in range(0, a.hidden, LANES):
            at, count = 4 * (gate * a.hidden + first), min(a.hidden - first, LANES)
            value = load(sums + 4 * (block * a.hidden_padded + first))
            store_first(a.d_input_bias + at, value, count)
            value = load(sums + 4 * (other * a.hidden_padded + first))
            store_first(a.d_hidden_bias + at, value, count)


def sum_shares(chunk, address):
    """Add up all shares of `PAD` inputs' or units' weights, or of the biases; write the sums."""
    a = arguments(address)
    row, rows = 4 * a.w_blocks * a.hidden_padded, a.features_padded + a.hidden_padded
    begin = chunk * PAD * row
    end = begin + PAD * row if chunk * PAD < rows else a.d_weights_size
    for i in range(a.d_weights + begin, a.d_weights + end, BYTES):
        total = fill(np.float32(0))
        for share in range(a.chunks):
            total = total + load(i + share * a.d_weights_size)
        store(i, total)
    sums, first = a.d_weights + begin, chunk * PAD
    if first < a.features_padded:
        give_weights(a, sums, a.w_gates, a.d_input_weights, first, a.features)
    elif first < rows and a.u_blocks:
        first -= a.features_padded
        give_weights(a, sums, a.u_gates, a.d_hidden_weights, first, a.hidden)
    elif first >= rows:
        _give_biases(a, sums)


PACK_FORWARD, PACK_BACKWARD = Kernel(pack_forward), Kernel(pack_backward)
SUM_SHARES = Kernel(sum_shares)
