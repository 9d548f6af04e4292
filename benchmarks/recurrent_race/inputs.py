"""Weights and inputs from fixed seeds, the same numbers for every program."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .work import GATES, Array, Work

MEAN_LENGTH, SPREAD_OF_LOGS, SHORTEST = 211, 0.65, 10


class Texts(NamedTuple):
    """Labelled texts of token ids, padded with zeros after their ends."""

    tokens: Array  # (N, T) int64
    lengths: Array  # (N,) int64
    labels: Array  # (N,) float32, 0 or 1


def weights(work: Work) -> dict[str, Array]:
    """Return a recurrent layer's weights under PyTorch's names and in its layout."""
    draw = np.random.default_rng(1)
    bound, rows = work.hidden**-0.5, GATES[work.cell] * work.hidden
    out = {}
    for layer in range(work.layers):
        inputs = work.features if layer == 0 else work.directions * work.hidden
        for suffix in ("", "_reverse")[: work.directions]:
            for name, shape in {
                "weight_ih": (rows, inputs),
                "weight_hh": (rows, work.hidden),
                "bias_ih": (rows,),
                "bias_hh": (rows,),
            }.items():
                values = draw.uniform(-bound, bound, shape).astype(np.float32)
                out[f"{name}_l{layer}{suffix}"] = values
    return out


def sequences(work: Work) -> Array:
    """Return a batch of inputs (B, T, D), standard normal."""
    shape = (work.batch, work.steps, work.features)
    return np.random.default_rng(2).standard_normal(shape, dtype=np.float32)


def output_weights(work: Work) -> Array:
    """Return what every output is multiplied by in the loss, (B, T, directions · H)."""
    shape = (work.batch, work.steps, work.directions * work.hidden)
    return np.random.default_rng(3).standard_normal(shape, dtype=np.float32)


def network(work: Work) -> dict[str, Array]:
    """Return the weights around the recurrent layer: embedding (V, E) and dense (1, H), (1,)."""
    draw = np.random.default_rng(4)
    table = draw.uniform(-0.05, 0.05, (work.vocabulary, work.features)).astype(np.float32)
    table[0] = 0.0
    bound = (6 / (work.hidden + 1)) ** 0.5
    dense = draw.uniform(-bound, bound, (1, work.hidden)).astype(np.float32)
    return {"embedding": table, "dense": dense, "bias": np.zeros(1, np.float32)}


def texts(work: Work) -> Texts:
    """Return the texts of an epoch: uniform tokens and full rows, or real-like ones."""
    draw = np.random.default_rng(5)
    shape = (work.texts, work.steps)
    labels = draw.integers(0, 2, work.texts).astype(np.float32)
    if not work.ragged:
        full = np.full(work.texts, work.steps, np.int64)
        return Texts(draw.integers(1, work.vocabulary, shape), full, labels)
    chances = 1 / np.arange(1, work.vocabulary)
    tokens = draw.choice(work.vocabulary - 1, shape, p=chances / chances.sum()) + 1
    lengths = _lengths(draw.standard_normal(work.texts), work.steps)
    tokens[np.arange(work.steps) >= lengths[:, None]] = 0
    return Texts(tokens, lengths, labels)


def _lengths(normal: Array, most: int) -> Array:
    """Return log-normal lengths, cut at `most`, whose mean is that of IMDb's reviews so cut."""

    def cut(median: float) -> Array:
        lengths = median * np.exp(SPREAD_OF_LOGS * normal)
        return np.clip(np.rint(lengths), SHORTEST, most).astype(np.int64)

    low, high = float(SHORTEST), float(most)
    for _ in range(40):
        median = (low + high) / 2
        low, high = (median, high) if cut(median).mean() < MEAN_LENGTH else (low, median)
    return cut(low)
