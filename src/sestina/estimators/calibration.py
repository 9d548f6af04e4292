"""Temperature: probabilities made as sure as they are right, by one number (Guo et al. 2017)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_softmax, logit, softmax

LEAST = 1e-16  # probabilities nearer to 0 or 1 are taken as this near
COLDEST, HOTTEST = 0.05, 100.0


def tempered(
    probabilities: NDArray[np.float64], temperature: float, multi_label: bool
) -> NDArray[np.float64]:
    """Return probabilities (N, K) whose logits are divided by a temperature.

    Above 1 they become less sure, below 1 surer; which class is most probable, or on which side
    of 0.5 a label lies, stays as it was. Temperatures one after the other multiply.
    """
    if temperature == 1.0:
        return probabilities
    if multi_label:
        return np.asarray(expit(_log_odds(probabilities) / temperature))
    return np.asarray(softmax(_logs(probabilities) / temperature, axis=1))


def temperature(probabilities: NDArray[np.float64], codes: NDArray[Any]) -> float:
    """Return the temperature that makes held-out labels most likely.

    One more row is counted of which nothing is known, all classes alike: with few rows, all of
    them right, no temperature would be low enough otherwise (the thought is Platt's, 1999).

    Args:
        probabilities: (N, K).
        codes: True classes, (N,), or indicators (N, K).
    """
    several = codes.ndim == 2
    scores = _log_odds(probabilities) if several else _logs(probabilities)

    def cost(log_temperature: float) -> float:
        scaled = scores * math.exp(-log_temperature)
        if several:
            yes, no = -np.logaddexp(0.0, -scaled), -np.logaddexp(0.0, scaled)
            known, blind = np.where(codes > 0.5, yes, no).sum(axis=1), (yes + no).sum(axis=1) / 2
        else:
            logs = log_softmax(scaled, axis=1)
            known, blind = logs[np.arange(len(codes)), codes], logs.mean(axis=1)
        return -float(known.sum() + blind.mean()) / (len(codes) + 1)

    span = (math.log(COLDEST), math.log(HOTTEST))
    found = minimize_scalar(cost, bounds=span, method="bounded", options={"xatol": 1e-5})
    return float(math.exp(found.x))


def _logs(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.log(np.clip(probabilities, np.finfo(np.float64).tiny, None)))


def _log_odds(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(logit(np.clip(probabilities, LEAST, 1 - LEAST)))
