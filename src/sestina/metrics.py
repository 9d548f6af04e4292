"""Figures of merit, thin over the libraries that own them, and how sure one can be of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.errors import MissingExtra
from sestina.spans import spans_of

BINS = 10  # groups of like confidence, for the calibration error


def classification(true: NDArray[Any], predicted: NDArray[Any]) -> dict[str, float]:
    """Return accuracy and macro F1 of labels (N,) or of label indicators (N, K).

    For indicators, accuracy is the share of rows whose labels are all right, and micro F1 and
    the share of single decisions that are right are added.
    """
    from sklearn.metrics import f1_score

    if true.ndim == 2:
        return {
            "accuracy": float((true == predicted).all(axis=1).mean()),
            "f1": float(f1_score(true, predicted, average="macro", zero_division=0)),
            "micro_f1": float(f1_score(true, predicted, average="micro", zero_division=0)),
            "label_accuracy": float((true == predicted).mean()),
        }
    return {
        "accuracy": float((true == predicted).mean()),
        "f1": float(f1_score(true, predicted, average="macro", zero_division=0)),
    }


def correct(true: NDArray[Any], predicted: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which of N rows are entirely right."""
    right: NDArray[np.bool_] = true == predicted
    return np.all(right, axis=1) if right.ndim == 2 else right


def span_scores(
    true: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]
) -> dict[str, Any]:
    """Return precision, recall and F1 of spans, counted as the conlleval script does.

    A span is right where start, end and kind are; without any span a share is 0. "kinds" holds
    the same for each kind, with "support", the number of true spans.

    Args:
        true: Tags of N sentences, such as B-PER I-PER O.
        predicted: Tags that a model put, as many.
    """
    wanted = {(n, *span) for n, tags in enumerate(true) for span in spans_of(tags)}
    found = {(n, *span) for n, tags in enumerate(predicted) for span in spans_of(tags)}
    kinds = sorted({span[3] for span in wanted | found})
    per_kind = {
        kind: _shares(
            {span for span in wanted if span[3] == kind},
            {span for span in found if span[3] == kind},
        )
        for kind in kinds
    }
    return {**_shares(wanted, found), "kinds": per_kind}


def _shares(wanted: set[Any], found: set[Any]) -> dict[str, float]:
    right = len(wanted & found)
    precision, recall = right / max(len(found), 1), right / max(len(wanted), 1)
    f1 = 2 * right / max(len(found) + len(wanted), 1)
    return {"precision": precision, "recall": recall, "f1": f1, "support": len(wanted)}


def perplexity(mean: float) -> float:
    """Return e to the mean loss of a token, natural; ∞ where that is more than a number holds."""
    return math.exp(mean) if mean < 700 else math.inf


def translation(true: Sequence[str], put: Sequence[str]) -> dict[str, float]:
    """Return how near translations come to the true ones: chrF and BLEU, 0 to 100, and "exact".

    chrF (Popović 2015) and BLEU (Papineni et al. 2002) as sacrebleu computes them with its usual
    settings (Post 2018), over all sentences together; "exact" is the share that is the same but
    for white space.

    Args:
        true: N translations wanted, one reference each.
        put: N translations that were made.

    Raises:
        MissingExtra: sacrebleu is not installed.
    """
    scores = sacrebleu()
    same = [one.split() == other.split() for one, other in zip(true, put, strict=True)]
    return {
        "chrf": float(scores.CHRF().corpus_score(list(put), [list(true)]).score),
        "bleu": float(scores.BLEU(force=True).corpus_score(list(put), [list(true)]).score),
        "exact": float(np.mean(same)),
    }


def sacrebleu() -> Any:
    """Return the metrics of the package sacrebleu.

    Raises:
        MissingExtra: It is not installed.
    """
    try:
        from sacrebleu import metrics
    except ImportError as error:
        raise MissingExtra("sacrebleu", "translate") from error
    return metrics


def accuracy_interval(right: NDArray[np.bool_], level: float = 0.95) -> tuple[float, float]:
    """Return the score interval of an accuracy (Wilson 1927).

    N answers, right or wrong, are a binomial sample. The score interval covers the truth about as
    often as it says for small N and near 0 and 1 too (Brown, Cai & DasGupta 2001), where the
    bootstrap's shrinks, to a point when all answers are right or all are wrong.

    Args:
        right: Which of N predictions are right.
        level: Coverage.
    """
    from scipy.stats import binomtest

    if len(right) == 0:
        return float("nan"), float("nan")
    found = binomtest(int(right.sum()), len(right)).proportion_ci(level, method="wilson")
    return float(found.low), float(found.high)


def mcnemar(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Return the exact two-sided McNemar p-value that two models err equally often (McNemar 1947).

    Args:
        one: Which of N predictions of one model are right.
        other: The same of the other model, for the same rows.
    """
    from scipy.stats import binomtest

    only_one, only_other = int((one & ~other).sum()), int((other & ~one).sum())
    if only_one + only_other == 0:
        return 1.0
    return float(binomtest(only_one, only_one + only_other, 0.5).pvalue)


def confidences(
    probabilities: NDArray[np.float64], codes: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return how sure a model is of what it holds likeliest, and where it is right in that.

    Args:
        probabilities: (N, K).
        codes: True classes, (N,), or indicators (N, K).

    Returns:
        Two arrays, (N,); with indicators one entry for each single decision, (N · K,).
    """
    if codes.ndim == 2:
        sure = np.maximum(probabilities, 1 - probabilities).ravel()
        return sure, ((probabilities > 0.5) == (codes > 0.5)).ravel()
    return probabilities.max(axis=1), probabilities.argmax(axis=1) == codes


def calibration(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], bins: int = BINS
) -> list[dict[str, float]]:
    """Return, per bin of confidence, its mean, the share that is right, and the count."""
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    rows = []
    for index in range(bins):
        inside = place == index
        if inside.any():
            rows.append(
                {
                    "confidence": float(confidence[inside].mean()),
                    "accuracy": float(right[inside].mean()),
                    "count": float(inside.sum()),
                }
            )
    return rows


def calibration_error(rows: list[dict[str, float]]) -> float:
    """Return the expected calibration error of the bins of `calibration` (Naeini et al. 2015)."""
    total = sum(row["count"] for row in rows)
    gaps = sum(row["count"] * abs(row["confidence"] - row["accuracy"]) for row in rows)
    return gaps / total if total else float("nan")


def expected_calibration_error(
    probabilities: NDArray[np.float64], codes: NDArray[Any], bins: int = BINS
) -> float:
    """Return how far a model's confidence lies from the share that is right, on average.

    Args:
        probabilities: (N, K).
        codes: True classes, (N,), or indicators (N, K).
        bins: Groups of like confidence.
    """
    return calibration_error(calibration(*confidences(probabilities, codes), bins))


def naive_error(values: NDArray[np.float64], season: int = 1) -> NDArray[np.float64]:
    """Return the mean absolute step of values (T, C) over a season, (C,): the unit of `mase`.

    A variable that repeats itself but for rounding, or a series no longer than a season, has 1.
    """
    steps = np.abs(values[season:] - values[:-season])
    found = steps.mean(axis=0) if len(steps) else np.zeros(values.shape[1])
    return np.where(found > 1e-12 * np.abs(values).mean(axis=0), found, 1.0)


def mase(true: NDArray[np.float64], put: NDArray[np.float64], units: NDArray[np.float64]) -> float:
    """Return the mean absolute scaled error of forecasts (Hyndman and Koehler 2006).

    1 is the error that the seasonal naive forecast has one season ahead in the past of the series.

    Args:
        true: Values, (N, H, C).
        put: Forecasts of them, (N, H, C).
        units: `naive_error` of the past that each was made from, (N, C).
    """
    return float((np.abs(true - put) / units[:, None]).mean())


def smape(true: NDArray[np.float64], put: NDArray[np.float64]) -> float:
    """Return the symmetric mean absolute percentage error, 0 to 200 (Makridakis 1993; M4).

    Args:
        true: Values, of any shape.
        put: Forecasts of them; where both are 0 there is no error.
    """
    size = np.abs(true) + np.abs(put)
    return float(200 * (np.abs(true - put) / np.where(size > 0, size, 1.0)).mean())


def quantile_loss(
    true: NDArray[np.float64], put: NDArray[np.float64], quantiles: Sequence[float]
) -> float:
    """Return the mean pinball loss (Koenker and Bassett 1978), in the units of the values.

    Args:
        true: Values, (…).
        put: Their quantiles, (…, Q).
        quantiles: Which ones, Q.
    """
    gaps, q = true[..., None] - put, np.asarray(quantiles)
    return float(np.maximum(q * gaps, (q - 1) * gaps).mean())


def coverage(true: NDArray[np.float64], put: NDArray[np.float64]) -> float:
    """Return the share of values (…) between the first and last of their quantiles (…, Q)."""
    return float(((put[..., 0] <= true) & (true <= put[..., -1])).mean())
