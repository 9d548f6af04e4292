"""Temperature: probabilities made as sure as they are right, by one number (Guo et al. 2017)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_softmax, logit, softmax

from sestina import metrics

LEAST = 1e-16  # probabilities nearer to 0 or 1 are taken as this near
COLDEST, HOTTEST = 0.05, 100.0
NOTE = "the temperature "  # how the sentence on it begins


@dataclass(frozen=True)
class Calibration:
    """How the fit of a temperature went, measured on the very sequences it was fitted on.

    Attributes:
        temperature: The temperature there is now.
        temperature_before: The one there was; 1 where there was none.
        error: The expected calibration error with it.
        error_before: The expected calibration error before.
        rows: Sequences, N.
        decisions: Answers that were judged: N, or N · K with several labels.
        bins: Groups of like confidence.
    """

    temperature: float
    temperature_before: float
    error: float
    error_before: float
    rows: int
    decisions: int
    bins: int = metrics.BINS

    def __str__(self) -> str:
        """Return a sentence."""
        return (
            f"{NOTE}{self.temperature:.3f}, fitted on held-out data (rows: {self.rows:,}), takes "
            f"their expected calibration error from {self.error_before:.3f} to {self.error:.3f}"
        )


def fitted(
    probabilities: NDArray[np.float64], codes: NDArray[Any], before: float = 1.0
) -> Calibration:
    """Return the fit of a temperature on top of one that there was before.

    Args:
        probabilities: (N, K), with the temperature that there was.
        codes: True classes, (N,), or indicators (N, K).
        before: That temperature.
    """
    factor = temperature(probabilities, codes)
    after = tempered(probabilities, factor, codes.ndim == 2)
    errors = [metrics.expected_calibration_error(p, codes) for p in (probabilities, after)]
    return Calibration(before * factor, before, errors[1], errors[0], len(codes), codes.size)


def outdated(measured: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Return in words which figures of a model do not hold any more; nothing where all hold.

    Args:
        measured: `Decisions.decision_state` when they were measured.
        now: The same of today.
    """
    told = []
    if not _same_thresholds(measured, now):
        told.append("accuracy and F1 were measured before the model's thresholds changed")
    if not math.isclose(measured["temperature"], now["temperature"], rel_tol=1e-9):
        told.append("the calibration error was measured before the model's temperature changed")
    return "; ".join(told)


def _same_thresholds(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether thresholds decide alike: a temperature moves them with the probabilities."""
    if one["thresholds"] is None or other["thresholds"] is None:
        return one["thresholds"] is other["thresholds"]
    mine, others = (
        tempered(np.array(state["thresholds"]), 1 / state["temperature"], True)
        for state in (one, other)
    )
    return mine.shape == others.shape and np.allclose(mine, others, rtol=0, atol=1e-9)


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
