"""Sums over all taggings and the best one again in plain NumPy: the definition and the oracle."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


def score(emissions: Array, tags: NDArray[np.integer], scores: Array) -> float:
    """Return the score of one tagging (T,) of emissions (T, K) with scores (K + 1, K + 1)."""
    border = emissions.shape[1]
    if not len(tags):
        return 0.0
    path = [border, *tags.tolist(), border]
    pairs = sum(scores[one, other] for one, other in pairwise(path))
    return float(emissions[np.arange(len(tags)), tags].sum() + pairs)


def log_partition(emissions: Array, scores: Array) -> float:
    """Return the logarithm of the sum of exp(score) over all taggings; 0 of an empty sentence."""
    if not len(emissions):
        return 0.0
    return float(np.logaddexp.reduce(_forwards(emissions, scores)[-1] + scores[:-1, -1]))


def _forwards(emissions: Array, scores: Array) -> Array:
    """Return log sums over the ways to each tag, its emission included, (T, K)."""
    alphas = np.empty_like(emissions)
    alphas[0] = scores[-1, :-1] + emissions[0]
    for t in range(1, len(emissions)):
        ways = alphas[t - 1][:, None] + scores[:-1, :-1]
        alphas[t] = np.logaddexp.reduce(ways, axis=0) + emissions[t]
    return alphas


def gradients(emissions: Array, scores: Array) -> tuple[Array, Array]:
    """Return those of `log_partition`: marginals (T, K), expected pairs (K + 1, K + 1)."""
    marginals, counts = np.zeros_like(emissions), np.zeros_like(scores)
    if not len(emissions):
        return marginals, counts
    alphas, whole = _forwards(emissions, scores), log_partition(emissions, scores)
    beta = scores[:-1, -1]
    for t in range(len(emissions) - 1, -1, -1):
        marginals[t] = np.exp(alphas[t] + beta - whole)
        if t:
            following = beta + emissions[t]
            pairs = alphas[t - 1][:, None] + scores[:-1, :-1] + following
            counts[:-1, :-1] += np.exp(pairs - whole)
            beta = np.logaddexp.reduce(scores[:-1, :-1] + following, axis=1)
    counts[-1, :-1], counts[:-1, -1] = marginals[0], marginals[-1]
    return marginals, counts


def viterbi(emissions: Array, scores: Array) -> tuple[NDArray[np.int64], float]:
    """Return the best tagging (T,) and its score; of equals the first tag is taken."""
    if not len(emissions):
        return np.zeros(0, np.int64), 0.0
    best, back = scores[-1, :-1] + emissions[0], []
    for row in emissions[1:]:
        ways = best[:, None] + scores[:-1, :-1]
        back.append(ways.argmax(axis=0))
        best = ways.max(axis=0) + row
    best = best + scores[:-1, -1]
    tags = [int(best.argmax())]
    for ways_back in reversed(back):
        tags.append(int(ways_back[tags[-1]]))
    return np.array(tags[::-1], np.int64), float(best.max())
