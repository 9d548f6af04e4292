"""Means of rows, their gradients and Adam's step again in plain NumPy: definition and oracle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
Numbers = NDArray[np.integer]


def average(table: Array, ids: Numbers, lengths: Numbers) -> Array:
    """Return the mean of each text's rows, (B, D); zeros for an empty text."""
    out = np.zeros((len(ids), table.shape[1]), table.dtype)
    for text, length in enumerate(lengths):
        if length:
            out[text] = table[ids[text, :length]].mean(0)
    return out


def gradient(d_means: Array, ids: Numbers, lengths: Numbers, rows: int) -> Array:
    """Return the gradient of the whole table, (R, D), of that of the means (B, D)."""
    out = np.zeros((rows, d_means.shape[1]), d_means.dtype)
    for text, length in enumerate(lengths):
        for row in ids[text, :length]:
            out[row] += d_means[text] / length
    return out


def adam(
    table: Array,
    means: tuple[Array, Array],
    rows: Numbers,
    gradients: Array,
    rate: float,
    decays: tuple[float, float],
    epsilon: float,
    step: int,
) -> None:
    """Take Adam's step for some rows, in place."""
    first, second = means
    one, two = decays
    first[rows] = one * first[rows] + (1 - one) * gradients
    second[rows] = two * second[rows] + (1 - two) * gradients**2
    spread = np.sqrt(second[rows] / (1 - two**step)) + epsilon
    table[rows] -= rate * first[rows] / (1 - one**step) / spread
