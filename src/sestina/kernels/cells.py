"""What the recurrent kernels and their reference speak of: cells, weights, gradients.

Letters: B batch, T time, D features in, H hidden, G gates (blocks of H rows of a weight).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from numpy.typing import NDArray

Array = NDArray[Any]

GATES = {
    "rnn_tanh": 1,  # h = tanh(W x + U h + b)
    "rnn_relu": 1,  # h = max(0, W x + U h + b)
    "gru_after": 3,  # r, z, n; n = tanh(W x + b + r ∘ (U h + c)); h = (1 − z) ∘ n + z ∘ h
    "gru_before": 3,  # r, z, n; n = tanh(W x + b + U (r ∘ h) + c)
    "gru_simple": 2,  # z, n; n = tanh(W x + b + U h + c): the update gate alone
    "lstm": 4,  # i, f, g, o; c = f ∘ c + i ∘ g; h = o ∘ tanh(c)
    "mingru": 2,  # z, n; n = W x + b; h = (1 − z) ∘ h + z ∘ n; z, and f and i below, without U
    "minlstm": 3,  # f, i, n; n = W x + b; h = (f ∘ h + i ∘ n) / (f + i)
}
"""Cell → G; gates stand in PyTorch's order, blocks of H rows."""

BLIND = ("mingru", "minlstm")
"""Cells whose gates do not see the state: their U has no rows."""

STATES = {cell: 2 if cell == "lstm" else 1 for cell in GATES} | {"lstm_normed": 2, "gru_normed": 1}
"""Cell → arrays in a state: (h,), or (h, c)."""


class Weights(NamedTuple):
    """A cell's weights in PyTorch's layout: arrays, or tensors, which are arrays to kernels."""

    input: Any  # W (G·H, D)
    hidden: Any  # U (G·H, H); (0, H) where gates do not see the state
    input_bias: Any  # b (G·H,)
    hidden_bias: Any  # c (G·H,)


class Zone(NamedTuple):
    """How much of a state stays as it was, at each step (Krueger et al. 2016)."""

    hidden: float  # share of h
    cell: float  # share of an LSTM's c
    key: int | None  # of the coins that say which units, 0 to 2⁶³ − 1; None: in expectation


class Gradients(NamedTuple):
    """Gradients of a loss with respect to what went into a cell."""

    input: Array  # (B, T, D); zeros at padding
    weights: Weights
    state: tuple[Array, ...]  # one (B, H) for each array of the initial state
