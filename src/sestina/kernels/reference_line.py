"""The best way through states in a line again in plain NumPy: the definition and the oracle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def score(
    way: NDArray[np.integer], scores: Floats, stay: Floats, step: Floats, leap: Floats,
    starts: int = 1, ends: int = 1,
) -> float:  # fmt: skip
    """Return the score of one way (T,); −∞ if it is none."""
    moves = np.diff(way)
    if way[0] >= starts or way[-1] < scores.shape[1] - ends or not np.isin(moves, (0, 1, 2)).all():
        return -np.inf
    worth = np.stack([stay, step, leap])[moves, way[1:]]
    return float(scores[np.arange(len(way)), way].sum() + worth.sum())


def best_line(
    scores: Floats, stay: Floats, step: Floats, leap: Floats, starts: int = 1, ends: int = 1
) -> float:
    """Return the score of the best way."""
    states = scores.shape[1]
    now = np.where(np.arange(states) < starts, scores[0], -np.inf)
    gone = np.full(2, -np.inf)
    for row in scores[1:]:
        padded = np.concatenate([gone, now])
        ways = np.stack([now + stay, padded[1:-1] + step, padded[:-2] + leap])
        now = ways.max(axis=0) + row
    return float(now[max(states - ends, 0) :].max())
