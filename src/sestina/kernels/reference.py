"""Recurrent cells in plain NumPy, any float type: the definition, and the kernels' oracle.

Each cell is two functions over one step, forward and back; one loop each way carries them over a
ragged batch. All arrays of a call have the same float type, and so has all that comes out.

Letters: B batch, T time, D features in, H hidden, G gates (blocks of H rows of a weight), A rows
active at a step: those that are longer. W, b and U, c: weights and biases of input and state.

Sources:
    rnn_tanh, rnn_relu: Elman (1990), Finding structure in time.
    gru_before: Cho et al. (2014), Learning phrase representations using RNN encoder–decoder;
        gru_after is PyTorch's, which resets after the product with U; gru_simple never resets.
    lstm: Hochreiter and Schmidhuber (1997), Long short-term memory, with a forget gate.
    mingru, minlstm: Feng et al. (2024), Were RNNs all we needed?, without logarithms.
    Masks, one per sequence: Gal and Ghahramani (2016), A theoretically grounded application of
        dropout in recurrent neural networks.
    Units that stay: Krueger et al. (2016), Zoneout.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sestina.kernels.cells import STATES, Array, Gradients, Weights

State = tuple[Array, ...]  # (h,), or (h, c); a gradient of a state has the same form


class Step(NamedTuple):
    """What one step read and found, for its active rows."""

    time: int
    rows: Array  # (A,) which rows of the batch are active
    input: Array  # (A, D) x_t ∘ input mask
    hidden: Array  # (A, H) h_{t−1} ∘ hidden mask: what U multiplies
    before: State  # (A, H) each: the state that the step found
    found: State  # (A, H) each: gates, slopes and what else the cell's way back needs
    stays: State  # (A, H) each: shares of the state that stay; none without zoneout


class Pull(NamedTuple):
    """Gradients with respect to what one step of a cell read."""

    wx: Array  # (A, G·H) of W x + b
    hidden: Array  # (A, H) of h ∘ hidden mask, through the product with U
    hidden_weight: Array  # (G·H, H) of U
    hidden_bias: Array  # (G·H,) of c
    state: State  # (A, H) each: of the state, past that product


Forward = Callable[[Array, Array, State, Weights], tuple[State, State]]
"""(W x + b, h ∘ hidden mask, state, weights) → the new state, and what the way back needs."""

Back = Callable[[State, Step, Weights], Pull]
"""(Gradient of the new state, step, weights) → gradients of what the step read."""


class Tape(NamedTuple):
    """A forward run, step by step in the order it was read."""

    cell: str
    x: Array  # (B, T, D)
    weights: Weights
    input_mask: Array | None  # (B, D)
    hidden_mask: Array | None  # (B, H)
    steps: list[Step]


def forward(
    cell: str,
    x: Array,
    weights: Weights,
    state: State | None = None,
    *,
    lengths: Array | None = None,
    reverse: bool = False,
    input_mask: Array | None = None,
    hidden_mask: Array | None = None,
    stays: State = (),
) -> tuple[Array, State, Tape]:
    """Run a cell over a ragged batch.

    Row b takes `lengths[b]` steps. What stands beyond them is never looked at; outputs are zero
    there, and a row without steps ends in its initial state.

    Args:
        cell: A key of `cells.GATES`.
        x: (B, T, D) inputs.
        weights: The cell's weights.
        state: (B, H) arrays, as many as `cells.STATES` says; zeros by default.
        lengths: (B,) whole numbers from 0 to T; T by default.
        reverse: Read row b from step lengths[b] − 1 down to 0. The output at t is the state
            after x_t was read, the final state the one after x_0.
        input_mask: (B, D), scaled; multiplies every x_t.
        hidden_mask: (B, H), scaled; multiplies h_{t−1} where it enters the product with U, and
            nowhere else: neither the h that a GRU keeps nor the LSTM's c.
        stays: (B, T, H) for each part of the state: its share m that stays as it was,
            s_t = m ∘ s_{t−1} + (1 − m) ∘ what the cell makes; the cell's h is made of its own c.

    Returns:
        Outputs (B, T, H), the final state, and the tape for `backward`.
    """
    batch, time, _ = x.shape
    units = weights.hidden.shape[1]
    advance, _ = CELLS[cell]
    lengths = np.full(batch, time) if lengths is None else np.asarray(lengths)
    if state is None:
        state = (np.zeros((batch, units), x.dtype),) * STATES[cell]
    now = tuple(part.copy() for part in state)  # the caller's arrays stay as they are
    outputs = np.zeros((batch, time, units), x.dtype)
    steps = []
    times = range(int(lengths.max(initial=0)))
    for t in reversed(times) if reverse else times:
        rows = np.flatnonzero(lengths > t)  # the same test in both directions
        before = tuple(part[rows] for part in now)
        inputs = _masked(x[rows, t], input_mask, rows)  # (A, D)
        hidden = _masked(before[0], hidden_mask, rows)  # (A, H)
        wx = _product(inputs, weights.input, weights.input_bias)  # (A, G·H)
        after, found = advance(wx, hidden, before, weights)
        held = tuple(part[rows, t] for part in stays)
        if held:
            after = tuple(
                m * old + (1 - m) * new for m, old, new in zip(held, before, after, strict=True)
            )
        for part, new in zip(now, after, strict=True):
            part[rows] = new
        outputs[rows, t] = after[0]
        steps.append(Step(t, rows, inputs, hidden, before, found, held))
    return outputs, now, Tape(cell, x, weights, input_mask, hidden_mask, steps)


def backward(tape: Tape, d_outputs: Array | None = None, d_final: State | None = None) -> Gradients:
    """Go back through a forward run, last step first.

    Args:
        tape: What `forward` returned.
        d_outputs: (B, T, H) gradient of the loss with respect to the outputs; zeros by default.
            What stands beyond a row's length is never looked at.
        d_final: (B, H) arrays, the same of the final state; zeros by default.

    Returns:
        Gradients with respect to inputs, weights and initial state. Those of masks are not kept.
    """
    x, weights = tape.x, tape.weights
    _, pull_back = CELLS[tape.cell]
    if d_final is None:
        d_final = (np.zeros((len(x), weights.hidden.shape[1]), x.dtype),) * STATES[tape.cell]
    d_now = tuple(part.copy() for part in d_final)  # (B, H) each
    d_x = np.zeros_like(x)
    d_weights = Weights(*(np.zeros_like(weight) for weight in weights))
    for step in reversed(tape.steps):
        rows = step.rows
        d_h, *d_rest = (part[rows] for part in d_now)
        if d_outputs is not None:
            d_h += d_outputs[rows, step.time]  # of a copy: indexing by rows makes one
        d_state: State = (d_h, *d_rest)
        d_held = tuple(m * d for m, d in zip(step.stays, d_state, strict=False))
        if d_held:
            d_state = tuple(d - held for d, held in zip(d_state, d_held, strict=True))
        pull = pull_back(d_state, step, weights)
        d_input, d_w, d_b = _product_back(pull.wx, step.input, weights.input)
        d_x[rows, step.time] = _masked(d_input, tape.input_mask, rows)
        d_step = Weights(d_w, pull.hidden_weight, d_b, pull.hidden_bias)
        for total, part in zip(d_weights, d_step, strict=True):
            total[...] += part
        d_kept, *d_others = pull.state  # h is read twice: kept as it is, and through U
        d_h = d_kept + _masked(pull.hidden, tape.hidden_mask, rows)
        for part, new in zip(d_now, (d_h, *d_others), strict=True):
            part[rows] = new
        for part, held in zip(d_now, d_held, strict=False):
            part[rows] += held
    return Gradients(d_x, d_weights, d_now)


def _masked(values: Array, mask: Array | None, rows: Array) -> Array:
    """Multiply values of the active rows by their masks."""
    return values if mask is None else values * mask[rows]


def _product(values: Array, weight: Array, bias: Array) -> Array:
    return values @ weight.T + bias


def _product_back(d: Array, values: Array, weight: Array) -> tuple[Array, Array, Array]:
    """Return the gradients of what `_product` read: values, weight, bias."""
    return d @ weight, d.T @ values, d.sum(axis=0)


def _sum(wx: Array, hidden: Array, weights: Weights) -> Array:
    return wx + _product(hidden, weights.hidden, weights.hidden_bias)


def _sum_back(d: Array, step: Step, kept: State, weights: Weights) -> Pull:
    """Go back through W x + b + U h + c, where `d` (A, G·H) is the gradient of that sum."""
    return Pull(d, *_product_back(d, step.hidden, weights.hidden), kept)


def _sigmoid(x: Array) -> Array:
    small = np.exp(-np.abs(x))  # at most 1: nothing overflows, nothing cancels
    return np.where(x >= 0, 1 / (1 + small), small / (1 + small))


def _sigmoid_back(d: Array, gate: Array) -> Array:
    slope: Array = gate * (1 - gate)
    return d * slope


def _tanh_back(d: Array, value: Array) -> Array:
    slope: Array = 1 - value * value
    return d * slope


def _rnn_tanh(wx: Array, hidden: Array, _: State, weights: Weights) -> tuple[State, State]:
    h = np.tanh(_sum(wx, hidden, weights))
    return (h,), (1 - h * h,)


def _rnn_relu(wx: Array, hidden: Array, _: State, weights: Weights) -> tuple[State, State]:
    h = np.maximum(_sum(wx, hidden, weights), 0)
    return (h,), (h > 0,)  # the kink at 0 counts as flat


def _rnn_back(d_state: State, step: Step, weights: Weights) -> Pull:
    d_sum = d_state[0] * step.found[0]  # times the slope
    return _sum_back(d_sum, step, (np.zeros_like(d_sum),), weights)


def _gru_simple(wx: Array, hidden: Array, state: State, weights: Weights) -> tuple[State, State]:
    z, n = np.split(_sum(wx, hidden, weights), 2, axis=1)
    z, n = _sigmoid(z), np.tanh(n)
    return ((1 - z) * n + z * state[0],), (z, n)


def _gru_simple_back(d_state: State, step: Step, weights: Weights) -> Pull:
    z, n = step.found
    d_z, d_n, d_kept = _blend_back(d_state[0], step.before[0], z, n)
    return _sum_back(np.hstack([d_z, d_n]), step, (d_kept,), weights)


def _gru_after(wx: Array, hidden: Array, state: State, weights: Weights) -> tuple[State, State]:
    product = _product(hidden, weights.hidden, weights.hidden_bias)
    (x_r, x_z, x_n), (u_r, u_z, u_n) = (np.split(a, 3, axis=1) for a in (wx, product))
    r, z = _sigmoid(x_r + u_r), _sigmoid(x_z + u_z)
    n = np.tanh(x_n + r * u_n)
    return ((1 - z) * n + z * state[0],), (r, z, n, u_n)


def _gru_after_back(d_state: State, step: Step, weights: Weights) -> Pull:
    r, z, n, u_n = step.found
    d_z, d_n, d_kept = _blend_back(d_state[0], step.before[0], z, n)
    d_r = _sigmoid_back(d_n * u_n, r)
    pull = _sum_back(np.hstack([d_r, d_z, d_n * r]), step, (d_kept,), weights)
    return pull._replace(wx=np.hstack([d_r, d_z, d_n]))  # W x + b is not reset


def _gru_before(wx: Array, hidden: Array, state: State, weights: Weights) -> tuple[State, State]:
    gates = 2 * hidden.shape[1]  # rows of r and z; those of n follow
    product = _product(hidden, weights.hidden[:gates], weights.hidden_bias[:gates])
    r, z = np.split(_sigmoid(wx[:, :gates] + product), 2, axis=1)
    reset = _product(r * hidden, weights.hidden[gates:], weights.hidden_bias[gates:])
    n = np.tanh(wx[:, gates:] + reset)
    return ((1 - z) * n + z * state[0],), (r, z, n)


def _gru_before_back(d_state: State, step: Step, weights: Weights) -> Pull:
    r, z, n = step.found
    gates = 2 * step.hidden.shape[1]
    d_z, d_n, d_kept = _blend_back(d_state[0], step.before[0], z, n)
    d_reset, d_u_n, d_c_n = _product_back(d_n, r * step.hidden, weights.hidden[gates:])
    d_rz = np.hstack([_sigmoid_back(d_reset * step.hidden, r), d_z])  # (A, 2H)
    d_hidden, d_u_rz, d_c_rz = _product_back(d_rz, step.hidden, weights.hidden[:gates])
    return Pull(
        wx=np.hstack([d_rz, d_n]),
        hidden=d_hidden + d_reset * r,
        hidden_weight=np.vstack([d_u_rz, d_u_n]),
        hidden_bias=np.hstack([d_c_rz, d_c_n]),
        state=(d_kept,),
    )


def _blend_back(d: Array, h: Array, z: Array, n: Array) -> tuple[Array, Array, Array]:
    """Go back through (1 − z) ∘ n + z ∘ h, and the sigmoid of z and the tanh of n; then h."""
    return _sigmoid_back(d * (h - n), z), _tanh_back(d * (1 - z), n), d * z


def _lstm(wx: Array, hidden: Array, state: State, weights: Weights) -> tuple[State, State]:
    i, f, g, o = np.split(_sum(wx, hidden, weights), 4, axis=1)
    i, f, g, o = _sigmoid(i), _sigmoid(f), np.tanh(g), _sigmoid(o)
    c = f * state[1] + i * g
    shown = np.tanh(c)
    return (o * shown, c), (i, f, g, o, shown)


def _lstm_back(d_state: State, step: Step, weights: Weights) -> Pull:
    i, f, g, o, shown = step.found
    d_h, d_c = d_state
    d_c = d_c + _tanh_back(d_h * o, shown)  # c is read twice: as it is, and through h
    d_i, d_f = _sigmoid_back(d_c * g, i), _sigmoid_back(d_c * step.before[1], f)
    d_g, d_o = _tanh_back(d_c * i, g), _sigmoid_back(d_h * shown, o)
    kept = (np.zeros_like(d_h), d_c * f)  # h is read through U alone
    return _sum_back(np.hstack([d_i, d_f, d_g, d_o]), step, kept, weights)


def _mingru(wx: Array, _: Array, state: State, weights: Weights) -> tuple[State, State]:
    z, n = np.split(wx + weights.hidden_bias, 2, axis=1)
    z = _sigmoid(z)
    return ((1 - z) * state[0] + z * n,), (z, n)


def _mingru_back(d_state: State, step: Step, weights: Weights) -> Pull:
    (z, n), d = step.found, d_state[0]
    d_z = _sigmoid_back(d * (n - step.before[0]), z)
    return _unseen_back(np.hstack([d_z, d * z]), d * (1 - z), weights)


def _minlstm(wx: Array, _: Array, state: State, weights: Weights) -> tuple[State, State]:
    f, i, n = np.split(wx + weights.hidden_bias, 3, axis=1)
    f, i = (_sigmoid(np.maximum(gate, -60)) for gate in (f, i))  # lest both be 0
    return ((f * state[0] + i * n) / (f + i),), (f, i, n)


def _minlstm_back(d_state: State, step: Step, weights: Weights) -> Pull:
    (f, i, n), d = step.found, d_state[0]
    kept, taken = f / (f + i), i / (f + i)
    d_kept = d * (step.before[0] - n) * kept * taken
    d_sums = np.hstack([d_kept * (1 - f), -d_kept * (1 - i), d * taken])
    return _unseen_back(d_sums, d * kept, weights)


def _unseen_back(d: Array, kept: Array, weights: Weights) -> Pull:
    """Go back through W x + b + c, where U has no rows; `kept` is the gradient of h."""
    return Pull(d, np.zeros_like(kept), np.zeros_like(weights.hidden), d.sum(axis=0), (kept,))


CELLS: dict[str, tuple[Forward, Back]] = {
    "rnn_tanh": (_rnn_tanh, _rnn_back),
    "rnn_relu": (_rnn_relu, _rnn_back),
    "gru_after": (_gru_after, _gru_after_back),
    "gru_before": (_gru_before, _gru_before_back),
    "gru_simple": (_gru_simple, _gru_simple_back),
    "lstm": (_lstm, _lstm_back),
    "mingru": (_mingru, _mingru_back),
    "minlstm": (_minlstm, _minlstm_back),
}
"""Cell → its step forward and its step back."""
