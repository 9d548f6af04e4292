"""The second linear baseline: NB-SVM (Wang and Manning 2012)."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.special import expit, softmax

from sestina.config import TextOptions
from sestina.estimators.calibration import temperature, tempered
from sestina.inspect.baselines import Baseline, terms
from sestina.text.tokenise import Cut

STRENGTHS = (0.3, 1.0, 3.0)
SHARES = (0.25, 0.5, 1.0)  # of the SVM's own weights
NEVER = -10.0  # margin of a class that no training text has


@dataclass(frozen=True)
class Linear:
    """C linear classifiers on the same D terms: weights (C, D), biases (C,)."""

    weights: NDArray[np.float64]
    biases: NDArray[np.float64]

    def margins(self, table: csr_matrix) -> NDArray[np.float64]:
        """Map a table (N, D) → margins (N, C)."""
        return np.asarray(table @ self.weights.T + self.biases)


def log_count_ratios(
    table: csr_matrix, truth: NDArray[np.bool_], smoothing: float = 1.0
) -> NDArray[np.float64]:
    """Return log (p / ‖p‖₁) / (q / ‖q‖₁) of D terms for C classes, (C, D).

    p counts the texts of a class that hold the term, q the others, each plus `smoothing`.

    Args:
        table: Which terms each text holds, (N, D) of 0 and 1.
        truth: Which classes each text has, (N, C).
        smoothing: Added to all counts; the paper's α.
    """
    inside = np.asarray(table.T @ truth.astype(np.float64)).T
    p, q = smoothing + inside, smoothing + np.asarray(table.sum(axis=0)) - inside
    p, q = p / p.sum(axis=1, keepdims=True), q / q.sum(axis=1, keepdims=True)
    return np.asarray(np.log(p) - np.log(q))


def nb_svm(
    train: Sequence[str],
    codes: NDArray[Any],
    dev: Sequence[str],
    dev_codes: NDArray[Any],
    test: Sequence[str],
    options: TextOptions,
    cut: Cut | None = None,
) -> Baseline:
    """Return NB-SVM on which one- and two-token terms a text holds, one classifier per class.

    A term's column is its naive Bayes log-count ratio; a linear SVM learns on these columns, and
    its weights w become (1 − β) · mean |w| + β · w, between naive Bayes and the SVM. Other than
    in the paper a text's row has length 1 before the ratios come in, so that long texts weigh no
    more than short ones. It reads the same tokens as the net and learns from the same training
    part; its strength and β are those of `STRENGTHS` and `SHARES` that do best on the same dev
    part, on which margins become probabilities, too (by a temperature). `cut` is what cuts texts
    into the net's subwords.
    """
    from sklearn.feature_extraction.text import CountVectorizer

    started = time.perf_counter()
    counts = CountVectorizer(binary=True, **terms(options, codes, cut))
    table, dev_table = counts.fit_transform(train), _of_length_1(counts.transform(dev))
    truth = _columns(codes)
    found, best = None, -1.0
    for linear in _candidates(table, truth):
        guess = _probabilities(linear.margins(dev_table), codes)
        decided = guess > 0.5 if codes.ndim == 2 else guess.argmax(axis=1)
        if (share := float((decided == dev_codes).mean())) > best:
            found, best, dev_guess = linear, share, guess
    assert found is not None
    guess = _probabilities(found.margins(_of_length_1(counts.transform(test))), codes)
    probabilities = tempered(guess, temperature(dev_guess, dev_codes), codes.ndim == 2)
    seconds = time.perf_counter() - started
    return Baseline("NB-SVM", probabilities, found.weights.size, seconds)


def _of_length_1(table: csr_matrix) -> csr_matrix:
    from sklearn.preprocessing import normalize

    return normalize(table)


def _columns(codes: NDArray[Any]) -> NDArray[np.bool_]:
    """Return what each classifier is to tell, (N, C): one for two classes, else one per class."""
    if codes.ndim == 2:
        return codes > 0.5
    classes = [1] if codes.max() < 2 else np.arange(codes.max() + 1)
    return np.asarray(codes[:, None] == np.asarray(classes))


def _candidates(table: csr_matrix, truth: NDArray[np.bool_]) -> Iterator[Linear]:
    """Yield classifiers of each strength and share, weights back on the terms themselves."""
    ratios, table = log_count_ratios(table, truth), _of_length_1(table)
    for strength in STRENGTHS:
        fits = [
            _fitted(table, ratio, wanted, strength)
            for ratio, wanted in zip(ratios, truth.T, strict=True)
        ]
        own = np.array([weights for weights, _ in fits])
        biases = np.array([bias for _, bias in fits])
        level = np.abs(own).mean(axis=1, keepdims=True)
        for share in SHARES:
            yield Linear(ratios * ((1 - share) * level + share * own), biases)


def _fitted(
    table: csr_matrix, ratio: NDArray[np.float64], wanted: NDArray[np.bool_], strength: float
) -> tuple[NDArray[np.float64], float]:
    """Return weights on the scaled columns and the bias of one classifier."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.svm import LinearSVC

    if wanted.all() or not wanted.any():
        return np.zeros_like(ratio), -NEVER if wanted.all() else NEVER
    scaled = table.multiply(ratio).tocsr()
    # 0.1 is LIBLINEAR's own tolerance, which the authors used
    model = LinearSVC(C=strength, dual=True, tol=0.1, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the last iterate is compared on dev
        model.fit(scaled, wanted)
    return model.coef_[0], float(model.intercept_[0])


def _probabilities(margins: NDArray[np.float64], codes: NDArray[Any]) -> NDArray[np.float64]:
    """Return probabilities (N, K) that decide as margins (N, C) do."""
    if codes.ndim == 2:
        return np.asarray(expit(margins))
    if margins.shape[1] == 1:
        return np.hstack([expit(-margins), expit(margins)])
    return np.asarray(softmax(margins, axis=1))
