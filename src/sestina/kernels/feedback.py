"""An LSTM over a fed-back state, let in by a gate that sees the LSTM itself (BridgeNet, row F3).

g_t = σ(z_t + V h_{t−1}), where z_t = ω_x x_t + ω_s s_t + b is formed before; u_t = g_t ∘ s_t;
i, f, o = σ(W u + U h + b), n = tanh(W u + U h + b); c = f ∘ c + i ∘ n; h = o ∘ tanh(c).
Kim, El-Khamy and Lee (2017), arXiv 1710.10224. A chunk is `CHUNK` sequences, or those of a lower
tile where there are no more, all steps of which run side by side; what stands behind a sequence's
end is not to be read. W (4H, S), U (4H, H), V (S, H); S and H are padded to multiples of `PAD`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sestina.kernels.compiled import Kernel
from sestina.kernels.memory import integer
from sestina.kernels.parallel import run
from sestina.kernels.products import add_outer, add_sum, multiply_chunk, pack_left, pack_strip
from sestina.kernels.records import record
from sestina.kernels.sequence import BLOCK, CHUNK, PAD, clear
from sestina.kernels.simd import BYTES, LANES, fill, fma, load, sigmoid, store, tanh
from sestina.kernels.tiles import FLAT, HALF
from sestina.kernels.workspace import address

FIELDS = (
    "steps", "rows", "lengths", "inputs", "hidden", "inputs_padded", "hidden_padded",
    # by chunk, step and row: z, s, g and u (Sp,); the gates i, f, n, o (4, Hp)
    "z", "s", "gate", "let_in", "gates",
    # h and c, one step more, of which the first is 0: (Hp,)
    "history", "cells",
    # packed: V (H, S), W (S, 4H), U (H, 4H), and for the way back (4H, S), (4H, H), (S, H)
    "v", "w", "u", "bias", "w_back", "u_back", "v_back",
    # gradients: of h (Hp,) and of z, s (Sp,); each chunk's share of those of the weights
    "d_out", "d_z", "d_s", "shares", "share_size",
    "scratch", "scratch_size", "counts",
)  # fmt: skip
ARGUMENTS, arguments = record(FIELDS)


@njit
def _let_in(a, z, s, gate, let_in, room):
    """Write g and u = g ∘ s of a step's rows; V h stands at `room`."""
    for i in range(0, 4 * a.rows * a.inputs_padded, BYTES):
        g = sigmoid(load(z + i) + load(room + i))
        store(gate + i, g)
        store(let_in + i, g * load(s + i))


@njit
def _cell(a, gates, other, c, c_next, h_next):
    """Write gates and states of a step's rows; W u stands at `gates`, U h at `other`."""
    size = 4 * a.hidden_padded
    for row in range(a.rows):
        for unit in range(0, size, BYTES):
            at, place = row * size + unit, 4 * row * size + unit
            total = place  # of the four gates, (4, Hp)
            i = sigmoid(load(gates + total) + load(other + total) + load(a.bias + unit))
            total += size
            f = sigmoid(load(gates + total) + load(other + total) + load(a.bias + size + unit))
            total += size
            n = tanh(load(gates + total) + load(other + total) + load(a.bias + 2 * size + unit))
            total += size
            o = sigmoid(load(gates + total) + load(other + total) + load(a.bias + 3 * size + unit))
            state = fma(f, load(c + at), i * n)
            store(gates + place, i)
            store(gates + place + size, f)
            store(gates + place + 2 * size, n)
            store(gates + place + 3 * size, o)
            store(c_next + at, state)
            store(h_next + at, o * tanh(state))


def feedback_forward(chunk, place):
    """Run a chunk through all its steps."""
    a = arguments(place)
    s_row, h_row = 4 * a.inputs_padded, 4 * a.hidden_padded
    s_step, h_step = a.rows * s_row, a.rows * h_row
    at = chunk * a.steps
    z, s, gate = a.z + at * s_step, a.s + at * s_step, a.gate + at * s_step
    let_in, gates = a.let_in + at * s_step, a.gates + 4 * at * h_step
    h, c = a.history + (at + chunk) * h_step, a.cells + (at + chunk) * h_step
    room = a.scratch + chunk * a.scratch_size
    spare = room + max(s_step, 4 * h_step)
    clear(h, h_step // 4)
    clear(c, h_step // 4)
    for _ in range(integer(a.lengths + 8 * chunk)):
        units = a.hidden_padded
        multiply_chunk(room, s_row, h, h_row, a.rows, a.v, units, a.inputs_padded, spare)
        _let_in(a, z, s, gate, let_in, room)
        wide = 4 * h_row
        multiply_chunk(gates, wide, let_in, s_row, a.rows, a.w, a.inputs_padded, 4 * units, spare)
        multiply_chunk(room, wide, h, h_row, a.rows, a.u, units, 4 * units, spare)
        _cell(a, gates, room, c, c + h_step, h + h_step)
        z, s, gate, let_in = z + s_step, s + s_step, gate + s_step, let_in + s_step
        gates, h, c = gates + 4 * h_step, h + h_step, c + h_step


@njit
def _cell_back(a, gates, c, d_h, d_c):
    """Turn the gates of a step's rows into the gradients of their sums; d_c goes a step back."""
    one = fill(np.float32(1))
    size = 4 * a.hidden_padded
    for row in range(a.rows):
        for unit in range(0, size, BYTES):
            at, place = row * size + unit, gates + 4 * row * size + unit
            i, f = load(place), load(place + size)
            n, o = load(place + 2 * size), load(place + 3 * size)
            dh, before = load(d_h + at), load(c + at)
            squashed = tanh(fma(f, before, i * n))
            dc = fma(dh * o, one - squashed * squashed, load(d_c + at))
            store(place, dc * n * i * (one - i))
            store(place + size, dc * before * f * (one - f))
            store(place + 2 * size, dc * i * (one - n * n))
            store(place + 3 * size, dh * squashed * o * (one - o))
            store(d_c + at, dc * f)


@njit
def _gate_back(a, s, gate, d_u, d_z, d_s):
    """Write the gradients of z and s of a step's rows."""
    one = fill(np.float32(1))
    for i in range(0, 4 * a.rows * a.inputs_padded, BYTES):
        g, du = load(gate + i), load(d_u + i)
        store(d_s + i, du * g)
        store(d_z + i, du * load(s + i) * g * (one - g))


@njit
def _add_weights(a, share, gates, let_in, d_z, h, room, steps):
    """Add a block of steps to the chunk's share: W (Sp, 4, Hp), U (Hp, 4, Hp), V (Hp, Sp), b."""
    s_row, h_row = 4 * a.inputs_padded, 4 * a.hidden_padded
    wide = 4 * h_row
    d_w, d_u = share, share + wide * a.inputs_padded
    d_v = d_u + wide * a.hidden_padded
    d_bias = d_v + s_row * a.hidden_padded
    left_u, left_h = room, room + BLOCK * a.rows * s_row
    strip = left_h + BLOCK * a.rows * h_row
    total = pack_left(left_u, let_in, s_row, a.rows * s_row, a.inputs, a.counts, steps)
    pack_left(left_h, h, h_row, a.rows * h_row, a.hidden, a.counts, steps)
    for column in range(0, wide, BYTES):
        pack_strip(strip, gates + column, wide, a.rows * wide, a.counts, steps)
        add_sum(d_bias + column, strip, total)
        add_outer(d_w + column, wide, a.inputs, left_u, strip, total)
        add_outer(d_u + column, wide, a.hidden, left_h, strip, total)
    for column in range(0, s_row, BYTES):
        pack_strip(strip, d_z + column, s_row, a.rows * s_row, a.counts, steps)
        add_outer(d_v + column, s_row, a.hidden, left_h, strip, total)


@njit
def _add(to, more, more_too, size):
    """Write the sum of two arrays of `size` bytes."""
    for i in range(0, size, BYTES):
        store(to + i, load(more + i) + load(more_too + i))


def feedback_backward(chunk, place):
    """Run a chunk back through all its steps; gradients take the place of its gates."""
    a = arguments(place)
    s_row, h_row = 4 * a.inputs_padded, 4 * a.hidden_padded
    s_step, h_step = a.rows * s_row, a.rows * h_row
    first, steps = chunk * a.steps, integer(a.lengths + 8 * chunk)
    d_h = a.scratch + chunk * a.scratch_size
    d_c, through, d_u = d_h + h_step, d_h + 2 * h_step, d_h + 3 * h_step
    room = d_u + s_step
    share = a.shares + chunk * a.share_size
    clear(d_h, 2 * h_step // 4)  # and d_c
    clear(share, a.share_size // 4)
    wide, units = 4 * h_row, a.hidden_padded
    for t in range(steps - 1, -1, -1):
        at, states = first + t, (first + chunk + t) * h_step
        gates, d_z, s = a.gates + 4 * at * h_step, a.d_z + at * s_step, a.s + at * s_step
        _add(d_h, d_h, a.d_out + at * h_step, h_step)
        _cell_back(a, gates, a.cells + states, d_h, d_c)
        multiply_chunk(d_u, s_row, gates, wide, a.rows, a.w_back, 4 * units, a.inputs_padded, room)
        _gate_back(a, s, a.gate + at * s_step, d_u, d_z, a.d_s + at * s_step)
        multiply_chunk(d_h, h_row, gates, wide, a.rows, a.u_back, 4 * units, units, room)
        multiply_chunk(through, h_row, d_z, s_row, a.rows, a.v_back, a.inputs_padded, units, room)
        _add(d_h, d_h, through, h_step)
        if t % BLOCK == 0:
            let_in, count = a.let_in + at * s_step, min(BLOCK, steps - t)
            _add_weights(a, share, gates, let_in, d_z, a.history + states, room, count)


FORWARD, BACKWARD = Kernel(feedback_forward), Kernel(feedback_backward)

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Weights:
    """W (4H, S), U (4H, H) and b (4H,), their gates i, f, n, o, and V (S, H)."""

    w: Floats
    u: Floats
    v: Floats
    bias: Floats


@dataclass(frozen=True)
class Passed:
    """What a pass forward leaves for the way back, (chunks, T, rows, …)."""

    values: NDArray[Any]
    arrays: tuple[NDArray[Any], ...]
    weights: Weights
    batch: int
    history: Floats


def forward(z: Floats, s: Floats, lengths: NDArray[np.int64], weights: Weights) -> Passed:
    """Run B sequences; `outputs` reads h from what is returned.

    Args:
        z: ω_x x + ω_s s + b, (B, T, S).
        s: The state that is fed back, (B, T, S).
        lengths: (B,).
        weights: W, U, V and b.
    """
    batch, steps, inputs = s.shape
    hidden, chunks, rows = weights.v.shape[1], -(-batch // CHUNK), _rows(batch)
    wide, units = _padded(inputs), _padded(hidden)
    values = np.zeros((), ARGUMENTS)
    values["steps"], values["rows"] = steps, rows
    values["inputs"], values["hidden"] = inputs, hidden
    values["inputs_padded"], values["hidden_padded"] = wide, units
    shape = (chunks, steps, rows)
    arrays: dict[str, NDArray[Any]] = {
        "lengths": np.maximum.reduceat(lengths, np.arange(0, batch, CHUNK)),
        "z": _in_chunks(z, wide),
        "s": _in_chunks(s, wide),
        "gate": np.empty((*shape, wide), np.float32),
        "let_in": np.empty((*shape, wide), np.float32),
        "gates": np.empty((*shape, 4, units), np.float32),
        "history": np.empty((chunks, steps + 1, rows, units), np.float32),
        "cells": np.empty((chunks, steps + 1, rows, units), np.float32),
        "v": _panels(weights.v.T, units, wide),
        "w": _panels(_by_gate(weights.w, units).T, wide, 4 * units),
        "u": _panels(_by_gate(weights.u, units).T, units, 4 * units),
        "bias": _by_gate(weights.bias[:, None], units).ravel(),
        "scratch": np.empty((chunks, _forward_room(wide, units)), np.float32),
    }
    _launch(FORWARD, values, arrays)
    kept = {name: arrays[name] for name in ("lengths", "s", "gate", "let_in", "gates", "cells")}
    return Passed(values, tuple(kept.values()), weights, batch, arrays["history"])


def outputs(passed: Passed) -> Floats:
    """Return h of every step, (B, T, H); what stands behind a sequence's end means nothing."""
    return _from_chunks(passed.history[:, 1:], passed.batch, int(passed.values["hidden"]))


def backward(passed: Passed, d_out: Floats) -> tuple[Floats, Floats, Weights]:
    """Return the gradients of z and s, (B, T, S), and of the weights, from those of h.

    `d_out` (B, T, H) must be 0 behind a sequence's end.
    """
    values, weights = passed.values, passed.weights
    wide, units = int(values["inputs_padded"]), int(values["hidden_padded"])
    hidden, inputs = int(values["hidden"]), int(values["inputs"])
    names = ("lengths", "s", "gate", "let_in", "gates", "cells")
    arrays: dict[str, NDArray[Any]] = dict(zip(names, passed.arrays, strict=True))
    chunks = len(arrays["s"])
    parts = (4 * units * wide, 4 * units * units, units * wide, 4 * units)
    arrays |= {
        "history": passed.history,
        "gates": arrays["gates"].copy(),  # they are written over
        "w_back": _panels(_by_gate(weights.w, units), 4 * units, wide),
        "u_back": _panels(_by_gate(weights.u, units), 4 * units, units),
        "v_back": _panels(weights.v, wide, units),
        "d_out": _in_chunks(d_out, units),
        "d_z": np.zeros_like(arrays["s"]),
        "d_s": np.zeros_like(arrays["s"]),
        "shares": np.empty((chunks, sum(parts)), np.float32),
        "scratch": np.empty((chunks, _backward_room(wide, units)), np.float32),
        "counts": np.full(BLOCK, int(values["rows"]), np.int64),
    }
    values["share_size"] = 4 * sum(parts)
    _launch(BACKWARD, values, arrays)
    w, u, v, bias = np.split(arrays["shares"].sum(axis=0), np.cumsum(parts)[:-1])
    gradients = Weights(
        w=_by_unit(w.reshape(wide, 4, units)[:inputs], hidden),
        u=_by_unit(u.reshape(units, 4, units)[:hidden], hidden),
        v=np.ascontiguousarray(v.reshape(units, wide)[:hidden, :inputs].T),
        bias=bias.reshape(4, units)[:, :hidden].reshape(-1),
    )
    d_z, d_s = (_from_chunks(arrays[name], passed.batch, inputs) for name in ("d_z", "d_s"))
    return d_z, d_s, gradients


def _launch(kernel: Kernel, values: NDArray[Any], arrays: dict[str, NDArray[Any]]) -> None:
    for name, array in arrays.items():
        values[name] = address(array)
    chunks, steps = arrays["s"].shape[:2]
    wide, units = int(values["inputs_padded"]), int(values["hidden_padded"])
    values["scratch_size"] = 4 * arrays["scratch"].shape[1]
    work = 2.0 * chunks * steps * arrays["s"].shape[2] * units * (4 * units + 5 * wide)
    run(kernel, chunks, address(values), work)


def _forward_room(wide: int, units: int) -> int:
    """Return the floats of a chunk's scratch: sums of a step, and rows brought together."""
    return max(CHUNK * wide, 4 * CHUNK * units) + CHUNK * (max(wide, units) + LANES) + PAD


def _backward_room(wide: int, units: int) -> int:
    """Return the floats of a chunk's scratch: gradients of states, and packed blocks."""
    packed = BLOCK * CHUNK * (wide + units + LANES)
    return CHUNK * (3 * units + wide) + max(packed, CHUNK * (4 * units + LANES)) + PAD


def _rows(batch: int) -> int:
    """Return how many sequences a chunk has room for."""
    return next(rows for rows in (FLAT, HALF, CHUNK) if batch <= rows or rows == CHUNK)


def _padded(count: int) -> int:
    return -(-count // PAD) * PAD


def _in_chunks(rows: Floats, padded: int) -> Floats:
    """Return rows (B, T, N) as (chunks, T, rows, padded)."""
    batch, steps, count = rows.shape
    many = _rows(batch)
    out = np.zeros((-(-batch // CHUNK) * many, steps, padded), np.float32)
    out[:batch, :, :count] = rows
    parts = out.reshape(-1, many, steps, padded).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(parts)


def _from_chunks(parts: Floats, batch: int, count: int) -> Floats:
    """Return (chunks, T, rows, padded) as rows (B, T, N)."""
    chunks, steps, many = parts.shape[:3]
    rows = parts.transpose(0, 2, 1, 3)[..., :count].reshape(chunks * many, steps, count)
    return np.ascontiguousarray(rows[:batch])


def _by_gate(weight: Floats, units: int) -> Floats:
    """Return W (4H, K) with each gate's rows padded, (4Hp, K)."""
    gates = weight.reshape(4, -1, weight.shape[1])
    out = np.zeros((4, units, weight.shape[1]), np.float32)
    out[:, : gates.shape[1]] = gates
    return out.reshape(4 * units, -1)


def _by_unit(sums: Floats, hidden: int) -> Floats:
    """Return sums (K, 4, Hp) as W (4H, K)."""
    return np.ascontiguousarray(sums[:, :, :hidden].transpose(1, 2, 0).reshape(4 * hidden, -1))


def _panels(matrix: Floats, rows: int, columns: int) -> Floats:
    """Return a matrix, padded to (rows, columns), in panels as `products` reads them."""
    out = np.zeros((rows, columns), np.float32)
    out[: matrix.shape[0], : matrix.shape[1]] = matrix
    panels = out.reshape(rows, columns // LANES, LANES).transpose(1, 0, 2)
    return np.ascontiguousarray(panels)
