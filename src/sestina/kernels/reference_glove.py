"""What the kernels of GloVe compute, in plain NumPy, one pair at a time: definition and oracle."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]


def count(ids: NDArray[np.int32], vocabulary: int, weights: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return X, (V, V): X[i, j] = Σ weights[d − 1] over i and j at distance d in one sentence."""
    counts = np.zeros((vocabulary, vocabulary), np.int64)
    for place, word in enumerate(ids):
        for distance, weight in enumerate(weights, 1):
            after = ids[place : place + distance + 1]
            if len(after) == distance + 1 and (after >= 0).all():
                counts[word, after[-1]] += weight
                counts[after[-1], word] += weight
    return counts


def logarithm_and_weight(x: Array, x_max: float, alpha: float) -> tuple[Array, Array]:
    """Return log X and f(X) = min(1, X / x_max)^α."""
    return np.log(x), np.minimum(x / x_max, 1) ** alpha


@dataclass
class Vectors:
    """Vectors e (V, D) and biases b (V,) of words, w and b′ of contexts, and their squares.

    Attributes:
        values: e, b, w, b′.
        rate: r, AdaGrad's first learning rate of vectors; that of biases is 1.
        squares: Of the same shapes: 1, r² for biases, and the sums of squared (r · gradient).
    """

    values: tuple[Array, Array, Array, Array]
    rate: float
    squares: tuple[Array, Array, Array, Array] = field(init=False)

    def __post_init__(self) -> None:
        e, b, w, c = (np.ones_like(value) for value in self.values)
        self.squares = e, self.rate**2 * b, w, self.rate**2 * c

    def difference(self, word: int, context: int, logarithm: float) -> float:
        """Return e·w + b + b′ − log X."""
        e, b, w, c = self.values
        return float(e[word] @ w[context] + b[word] + c[context] - logarithm)

    def gradients(
        self, word: int, context: int, logarithm: float, weight: float
    ) -> list[tuple[int, Any]]:
        """Return the row and the gradient of ½ f(X)·(e·w + b + b′ − log X)² of each array."""
        slope = weight * self.difference(word, context, logarithm)
        e, _, w, _ = self.values
        d_e, d_w = slope * w[context], slope * e[word]
        return [(word, d_e), (word, slope), (context, d_w), (context, slope)]

    def train(self, pairs: Iterable[tuple[int, int, float, float]]) -> float:
        """Take AdaGrad's step for one pair after the other and return Σ f(X)·(…)².

        A gradient g moves its value by −r · g / √square; (r · g)² is then added to the square.
        """
        loss = 0.0
        for word, context, logarithm, weight in pairs:
            loss += weight * self.difference(word, context, logarithm) ** 2
            moves = self.gradients(word, context, logarithm, weight)
            for values, squares, (row, gradient) in zip(
                self.values, self.squares, moves, strict=True
            ):
                values[row] -= self.rate * gradient / np.sqrt(squares[row])
                squares[row] += (self.rate * gradient) ** 2
        return loss
