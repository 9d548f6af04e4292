"""How good models are on test texts, and whether a difference between two is real."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina import metrics
from sestina.data.records import Records
from sestina.estimators.base import SequenceClassifier
from sestina.estimators.targets import Labels
from sestina.inspect import baselines


@dataclass(frozen=True)
class Rung:
    """One model's showing on N test texts.

    Attributes:
        name: What the model is.
        probabilities: (N, K).
        right: Which texts it got (entirely) right, (N,).
        figures: accuracy, interval (95 %, Wilson's), f1 (macro), …
        parameters: Numbers it learned.
        seconds: Seconds it took to fit.
        history: One row per epoch; empty for a baseline.
    """

    name: str
    probabilities: NDArray[np.float64]
    right: NDArray[np.bool_]
    figures: dict[str, Any]
    parameters: int
    seconds: float
    history: Sequence[Mapping[str, float]] = field(default_factory=tuple)

    def summary(self) -> dict[str, Any]:
        """Return the figures as plain JSON values."""
        return {
            **self.figures,
            "parameters": self.parameters,
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True)
class Ladder:
    """Baselines and nets on one test part, weakest idea first.

    Attributes:
        rungs: The models' showings.
        classes: K class names.
        codes: True classes, (N,), or indicators (N, K).
        texts: The N test texts.
    """

    rungs: list[Rung]
    classes: list[Any]
    codes: NDArray[Any]
    texts: Sequence[str]

    def rung(self, name: str) -> Rung:
        """Return the rung of that name."""
        return next(rung for rung in self.rungs if rung.name == name)


def judged(
    name: str,
    probabilities: NDArray[np.float64],
    codes: NDArray[Any],
    *,
    parameters: int,
    seconds: float,
    history: Sequence[Mapping[str, float]] = (),
) -> Rung:
    """Return the rung of a model that gave `probabilities` (N, K) where `codes` were true."""
    if codes.ndim == 2:
        decided: NDArray[Any] = (probabilities > 0.5).astype(codes.dtype)
    else:
        decided = probabilities.argmax(axis=1)
    right = metrics.correct(codes, decided)
    figures: dict[str, Any] = dict(metrics.classification(codes, decided))
    figures["interval"] = list(metrics.accuracy_interval(right))
    return Rung(name, probabilities, right, figures, parameters, seconds, history)


def climb(
    nets: Mapping[str, SequenceClassifier], train: Records, dev: Records, test: Records
) -> Ladder:
    """Return the ladder of the majority class, TF-IDF + logistic regression, and fitted nets.

    All nets must have been fitted on `train`, with `dev` for early stopping.
    """
    first = next(iter(nets.values()))
    labels: Labels = first._labels
    codes, dev_codes = labels.encode(train.labels), labels.encode(dev.labels)
    truth = labels.encode(test.labels)
    plain = [
        baselines.majority(labels, codes, len(test)),
        baselines.tfidf_regression(train.texts, codes, dev.texts, dev_codes, test.texts, first),
    ]
    rungs = [
        judged(b.name, b.probabilities, truth, parameters=b.parameters, seconds=b.seconds)
        for b in plain
    ]
    rungs += [
        judged(
            name,
            net.predict_proba(test.texts),
            truth,
            parameters=net.n_parameters_,
            seconds=net.seconds_,
            history=net.history_,
        )
        for name, net in nets.items()
    ]
    return Ladder(rungs, labels.classes.tolist(), truth, test.texts)


def verdict(ladder: Ladder, name: str, other: str) -> str:
    """Return one plain sentence: whether a model beats another, and whether that is proven."""
    one, two = ladder.rung(name), ladder.rung(other)
    points = 100 * (one.figures["accuracy"] - two.figures["accuracy"])
    p = metrics.mcnemar(one.right, two.right)
    if points == 0:
        return f"{name} and {other} are equally accurate on the test part."
    verb = "beats" if points > 0 else "loses to"
    shown = "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
    proof = "" if p < 0.05 else ", which may be chance"
    sentence = f"{name} {verb} {other} by {abs(points):.1f} points (McNemar {shown}{proof})."
    if points > 0:
        return sentence
    return f"{sentence} Use {other}, or give the net more data or other options."
