"""Layer-normalised steps in plain NumPy, any float type: the definition.

Ba, Kiros and Hinton (2016), Layer normalization; row D11.

Letters: A rows, D features in, H hidden, G gates; d (A, G·H) is γ ∘ N(W x) + b.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sestina.kernels.cells import Array, Weights

EPSILON = 1e-5
State = tuple[Array, ...]


def normalised(values: Array, hidden: int) -> Array:
    """Normalise all of an LSTM's gates (A, 4 H), or c (A, H), as one; a GRU's r, z and n apart."""
    if values.shape[1] == 3 * hidden:
        both = values[:, : 2 * hidden], values[:, 2 * hidden :]
        return np.concatenate([normalised(part, part.shape[1]) for part in both], axis=1)
    mean = values.mean(axis=1, keepdims=True)
    variance = values.var(axis=1, keepdims=True)
    result: Array = (values - mean) / np.sqrt(variance + EPSILON)
    return result


def driven(x: Array, weights: Weights, gain: Array) -> Array:
    """Return d of inputs (A, D)."""
    hidden = weights.hidden.shape[1]
    result: Array = normalised(x @ weights.input.T, hidden) * gain + weights.input_bias
    return result


def step(d: Array, state: State, weight: Array, gains: Sequence[Array]) -> State:
    """Return the state after one step.

    Args:
        d: (A, G·H), G in PyTorch's order.
        state: (h, c) of an LSTM, (h,) of a GRU, (A, H) each.
        weight: U (G·H, H).
        gains: γ of U h (G·H,); of an LSTM γ and β of c, too, (H,) each.
    """
    hidden = weight.shape[1]
    u = normalised(state[0] @ weight.T, hidden) * gains[0]
    if len(state) == 2:
        _, c = lstm(d + u, state[1])
        shown = np.tanh(normalised(c, hidden) * gains[1] + gains[2])
        return _sigmoid((d + u)[:, 3 * hidden :]) * shown, c
    gates = 2 * hidden
    r, z = np.split(_sigmoid(d[:, :gates] + u[:, :gates]), 2, axis=1)
    n = np.tanh(d[:, gates:] + r * u[:, gates:])
    return ((1 - z) * n + z * state[0],)


def lstm(sums: Array, c: Array) -> State:
    """Return h and c after a step, (A, H) each, of what its gates get, (A, 4 H)."""
    i, f, g, o = np.split(sums, 4, axis=1)
    c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
    return _sigmoid(o) * np.tanh(c), c


def batch_normalised(
    driven: Array,
    running: Sequence[int],
    weight: Array,
    gains: Sequence[Array],
    state: State,
) -> list[State]:
    """Return the states after each step of an LSTM that normalises over rows, in training.

    Cooijmans et al. (2017), Recurrent batch normalization; row D11: c is not normalised.

    Args:
        driven: W x of rows by falling length, (A, T, 4 H).
        running: How many of them, the first ones, have each step, (T,); two at least.
        weight: U (4 H, H).
        gains: γ of W x, γ of U h, and b, (4 H,) each.
        state: h and c before, (A, H); those of rows that do not run stay.
    """
    found = []
    for t, rows in enumerate(running):
        parts = driven[:rows, t], state[0][:rows] @ weight.T
        x, u = ((v - v.mean(axis=0)) / np.sqrt(v.var(axis=0) + EPSILON) for v in parts)
        after = lstm(x * gains[0] + u * gains[1] + gains[2], state[1][:rows])
        state = tuple(np.concatenate([a, b[rows:]]) for a, b in zip(after, state, strict=True))
        found.append(state)
    return found


def _sigmoid(x: Array) -> Array:
    result: Array = 0.5 + 0.5 * np.tanh(0.5 * x)
    return result
