"""Thresholds on probabilities: the one that gives the best F1, or a wanted precision or recall."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sestina.errors import DataError, OptionError, counted

DEFAULT = 0.5
WISH = re.compile(r"(precision|recall)\s*>=\s*([0-9.]+)")


@dataclass(frozen=True)
class Measure:
    """What a threshold shall achieve: the best F1, or at least so much precision or recall."""

    name: str
    least: float = 0.0

    @classmethod
    def of(cls, text: str) -> Measure:
        """Return the measure that ``f1``, ``precision>=0.9`` or ``recall>=0.9`` names.

        Raises:
            OptionError: It is none of these, or the number is not above 0 and at most 1.
        """
        plain = str(text).strip().lower()
        if plain == "f1":
            return cls("f1")
        found = WISH.fullmatch(plain)
        try:
            wish = cls(found[1], float(found[2])) if found else None
        except ValueError:
            wish = None
        if wish is None or not 0 < wish.least <= 1:
            raise OptionError(
                f"measure={text!r} is not known; give 'f1', or 'precision>=P' or 'recall>=R' with "
                "a number above 0 and at most 1"
            )
        return wish

    def __str__(self) -> str:
        return self.name if self.name == "f1" else f"{self.name}>={self.least:g}"


@dataclass(frozen=True)
class Threshold:
    """A threshold and its showing: a label is put where its probability is above `value`.

    Attributes:
        label: The label, or None for one threshold for all.
        value: The threshold.
        precision: Of the decisions for the label, the share that is right; 0 if there are none.
        recall: Of those that have the label, the share that was found.
        f1: 2 · precision · recall / (precision + recall).
        put: Decisions for the label.
        present: How many there should have been.
        default_f1: F1 of the default threshold, 0.5.
    """

    label: object
    value: float
    precision: float
    recall: float
    f1: float
    put: int
    present: int
    default_f1: float


def showing(
    scores: NDArray[np.float64], truth: NDArray[np.bool_], value: float, label: object = None
) -> Threshold:
    """Return how the threshold `value` does on probabilities (N,) of a label that `truth` has."""
    put = scores > value
    hits, present = int((put & truth).sum()), int(truth.sum())
    usual = scores > DEFAULT
    return Threshold(
        label=label,
        value=float(value),
        precision=hits / max(int(put.sum()), 1),
        recall=hits / max(present, 1),
        f1=_f1(hits, int(put.sum()), present),
        put=int(put.sum()),
        present=present,
        default_f1=_f1(int((usual & truth).sum()), int(usual.sum()), present),
    )


def _f1(hits: int, put: int, present: int) -> float:
    return 2 * hits / max(put + present, 1)


def best(scores: NDArray[np.float64], truth: NDArray[np.bool_], measure: Measure) -> float:
    """Return the threshold on probabilities (N,) that does best by a measure.

    Thresholds lie halfway between neighbouring probabilities. With ``precision>=p`` the one of
    the highest recall is taken among those that reach p, and the other way round; of equally good
    ones that nearest to 0.5.

    Raises:
        DataError: No row has the label, or no threshold reaches what is wanted.
    """
    present, rows = int(truth.sum()), counted(len(truth), "decision")
    if not present:
        raise DataError(f"none of these {rows} should be for the label; give data that have it")
    values, hits, put = _cuts(scores, truth)
    precision, recall = hits / put, hits / present
    f1 = 2 * hits / (put + present)
    first, second = {
        "f1": (f1, f1),
        "precision": (recall, precision),
        "recall": (precision, recall),
    }[measure.name]
    reached = {"f1": f1, "precision": precision, "recall": recall}[measure.name]
    good = np.flatnonzero(reached >= measure.least)
    if not len(good):
        raise DataError(
            f"no threshold reaches {measure} on these {rows}: the highest {measure.name} is "
            f"{reached.max(initial=0.0):.3f}; ask for less, or train a better model"
        )
    near = -np.abs(values - DEFAULT)
    order = np.lexsort((near[good], second[good], first[good]))
    return float(values[good[order[-1]]])


def _cuts(
    scores: NDArray[np.float64], truth: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Return all thresholds that differ in what they let through, with the hits and the count."""
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order], np.cumsum(truth[order], dtype=np.int64)
    after = np.append(ranked[1:], 0.0)
    ends = np.flatnonzero((ranked > after) & (ranked > 0))  # equal ones pass together
    above, below = ranked[ends], after[ends]
    middle = below + (above - below) / 2
    values = np.where(middle < above, middle, below)  # neighbours in float64 have no middle
    return values, hits[ends], ends + 1


def for_labels(
    probabilities: NDArray[np.float64],
    truth: NDArray[np.bool_],
    measure: Measure,
    labels: list[object],
    per_label: bool,
) -> tuple[NDArray[np.float64], list[Threshold]]:
    """Return a threshold for each of K labels, (K,), and rows that tell how they do.

    One for all is the best over all decisions at once (so the best micro F1). With `per_label`
    each has its own ("SCut", Yang 2001); a label that no row has, or that cannot reach what is
    wanted, gets the one for all.

    Args:
        probabilities: (N, K).
        truth: Which labels each row has, (N, K).
        measure: What is wanted.
        labels: K names.
        per_label: Whether each label gets its own.

    Raises:
        DataError: No threshold for all reaches what is wanted.
    """
    common = best(probabilities.ravel(), truth.ravel(), measure)
    values = np.full(len(labels), common)
    if not per_label:
        return values, [showing(probabilities.ravel(), truth.ravel(), common)]
    for k in range(len(labels)):
        try:
            values[k] = best(probabilities[:, k], truth[:, k], measure)
        except DataError:
            continue  # it keeps the one for all, and its row shows what that achieves
    return values, [
        showing(probabilities[:, k], truth[:, k], values[k], label)
        for k, label in enumerate(labels)
    ]
