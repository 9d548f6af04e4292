"""Baselines that stand beside every net: majority class, TF-IDF + logistic regression."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.config import TextOptions
from sestina.errors import DataWarning
from sestina.estimators.targets import Labels
from sestina.text.tokenise import Cut, tokeniser

STRENGTHS = (0.3, 1.0, 3.0, 10.0, 30.0)
MANY, WEIGHTS = 100, 10_000_000  # classes of which all together have so many weights at most


@dataclass(frozen=True)
class Baseline:
    """A fitted baseline's showing.

    Attributes:
        name: What it is.
        probabilities: (N, K) for the test texts.
        parameters: Numbers it learned.
        seconds: Seconds to fit, its choice of strength included.
    """

    name: str
    probabilities: NDArray[np.float64]
    parameters: int
    seconds: float


def majority(labels: Labels, codes: NDArray[Any], rows: int) -> Baseline:
    """Return the baseline that always answers the most frequent class, or set of labels.

    Its probabilities are the classes' frequencies in the training part; for several labels, the
    most frequent set of them is certain.
    """
    started = time.perf_counter()
    if labels.multi_label:
        sets, counts = np.unique(codes, axis=0, return_counts=True)
        shares = sets[counts.argmax()].astype(np.float64)
    else:
        shares = np.bincount(codes, minlength=len(labels.classes)) / len(codes)
    table = np.tile(shares, (rows, 1))
    return Baseline("majority class", table, len(shares), time.perf_counter() - started)


def terms(options: TextOptions, codes: NDArray[Any], cut: Cut | None = None) -> dict[str, Any]:
    """Return what scikit-learn's vectorisers shall read: one- and two-token terms of our tokens.

    Where tokens are characters, terms have one to four. With more than 100 classes only the most
    frequent terms are read, so many that memory and time suffice.

    Args:
        options: How texts are cleaned and cut up.
        codes: Classes of the training texts, (N,), or indicators (N, K).
        cut: What `text.encode.cut_by` returns, which subwords need.
    """
    classes = _classes(codes)
    return {
        "max_features": max(WEIGHTS // classes, 1_000) if classes > MANY else None,
        "tokenizer": tokeniser(options, cut),
        "token_pattern": None,
        "lowercase": False,
        "ngram_range": (1, 4) if options.level == "character" else (1, 2),
        "dtype": np.float32,
    }


def _classes(codes: NDArray[Any]) -> int:
    return int(codes.shape[1] if codes.ndim == 2 else codes.max() + 1)


def tfidf_regression(
    train: Sequence[str],
    codes: NDArray[Any],
    dev: Sequence[str],
    dev_codes: NDArray[Any],
    test: Sequence[str],
    options: TextOptions,
    cut: Cut | None = None,
) -> Baseline:
    """Return TF-IDF of one- and two-token terms + logistic regression.

    It reads the same tokens as the net and learns from the same training part; the strength of
    its L2 penalty is the one of `STRENGTHS` that does best on the same dev part. `cut` is what
    cuts texts into the net's subwords. With more than 100 classes there is one regression for each
    against all others, and not one for all.

    Warns:
        DataWarning: There are so many classes that only the most frequent terms are read.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    started = time.perf_counter()
    read = terms(options, codes, cut)
    weigh = TfidfVectorizer(sublinear_tf=True, **read)
    table, dev_table = weigh.fit_transform(train), weigh.transform(dev)
    if table.shape[1] == read["max_features"]:
        warnings.warn(
            f"with {_classes(codes):,} classes the linear models read only the {table.shape[1]:,} "
            "most frequent terms",
            DataWarning,
            stacklevel=2,
        )
    best = best_regression(table, codes, dev_table, dev_codes)
    probabilities = class_shares(best, weigh.transform(test), codes)
    return Baseline(
        "TF-IDF + logistic regression",
        probabilities,
        table.shape[1] * (probabilities.shape[1] if probabilities.shape[1] > 2 else 1),
        time.perf_counter() - started,
    )


def best_regression(
    table: Any,
    codes: NDArray[Any],
    dev_table: Any,
    dev_codes: NDArray[Any],
    strengths: Sequence[float] = STRENGTHS,
) -> Any:
    """Return the logistic regression on a table (N, F) that does best on the dev part's.

    `strengths` are those of its L2 penalty to choose from, inverse; codes are classes (N,), or
    indicators (N, K).
    """
    fits = [_fitted(table, codes, strength) for strength in strengths]
    scores = [
        (class_shares(fit, dev_table, dev_codes) > 0.5) == (dev_codes > 0.5)
        if codes.ndim == 2
        else fit.predict(dev_table) == dev_codes
        for fit in fits
    ]
    return fits[int(np.argmax([score.mean() for score in scores]))]


def _fitted(table: Any, codes: NDArray[Any], strength: float) -> Any:
    from sklearn.dummy import DummyClassifier
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier

    model: Any = LogisticRegression(C=strength, max_iter=1000)
    if codes.ndim == 2:
        model = OneVsRestClassifier(model)
    elif _classes(codes) > MANY:  # all in one, each step costs as many sums as there are weights
        model = OneVsRestClassifier(LogisticRegression(C=strength, solver="liblinear"))
    elif len(np.unique(codes)) < 2:
        model = DummyClassifier(strategy="prior")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the last iterate is compared on dev
        warnings.filterwarnings("ignore", "Label .* is present in all")
        return model.fit(table, codes)


def class_shares(model: Any, table: Any, codes: NDArray[Any]) -> NDArray[np.float64]:
    """Return probabilities (N, K), with zeros for classes that the training part lacks."""
    found: NDArray[np.float64] = np.asarray(model.predict_proba(table), dtype=np.float64)
    if codes.ndim == 2:
        return found
    out = np.zeros((found.shape[0], int(model.classes_.max()) + 1))
    out[:, model.classes_] = found
    return out
