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
from sestina.estimators.text_classifier import TextClassifier
from sestina.inspect import baselines
from sestina.inspect.nb_svm import nb_svm
from sestina.text.encode import cut_by


@dataclass(frozen=True)
class Rung:
    """One model's showing on N test texts.

    Attributes:
        name: What the model is.
        probabilities: (N, K).
        decided: Classes it put, (N,), or indicators (N, K).
        right: Which texts it got (entirely) right, (N,).
        figures: accuracy, interval (95 %, Wilson's), f1 (macro), calibration_error, …
        parameters: Numbers it learned.
        seconds: Seconds it took to fit.
        history: One row per epoch; empty for a baseline.
    """

    name: str
    probabilities: NDArray[np.float64]
    decided: NDArray[Any]
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
        texts: The N test texts, or what is shown in their place.
        unit: What the models judge: "text".
    """

    rungs: list[Rung]
    classes: list[Any]
    codes: NDArray[Any]
    texts: Sequence[str]
    unit: str = "text"

    @property
    def plain(self) -> list[Rung]:
        """The baselines."""
        return [rung for rung in self.rungs if not rung.history]

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
    decided: NDArray[Any] | None = None,
) -> Rung:
    """Return the rung of a model that gave `probabilities` (N, K) where `codes` were true.

    `decided` are the classes it put, (N,), or indicators (N, K); by default the most probable
    class, or every label above 0.5.
    """
    if decided is None:
        several = codes.ndim == 2
        decided = probabilities > 0.5 if several else probabilities.argmax(axis=1)
        decided = decided.astype(codes.dtype)
    right = metrics.correct(codes, decided)
    figures: dict[str, Any] = dict(metrics.classification(codes, decided))
    figures["interval"] = list(metrics.accuracy_interval(right))
    figures["calibration_error"] = metrics.expected_calibration_error(probabilities, codes)
    return Rung(name, probabilities, decided, right, figures, parameters, seconds, history)


def judged_baseline(one: baselines.Baseline, codes: NDArray[Any]) -> Rung:
    """Return the rung of a fitted baseline where `codes` are true."""
    return judged(
        one.name, one.probabilities, codes, parameters=one.parameters, seconds=one.seconds
    )


def judged_net(
    name: str, net: SequenceClassifier, texts: Sequence[Any], codes: NDArray[Any]
) -> Rung:
    """Return the rung of a fitted net on texts, or series, where `codes` are true."""
    probabilities = net.predict_proba(texts)
    return judged(
        name,
        probabilities,
        codes,
        parameters=net.n_parameters_,
        seconds=net.seconds_,
        history=net.history_,
        decided=net.decide(probabilities),
    )


def climb(
    nets: Mapping[str, TextClassifier], train: Records, dev: Records, test: Records
) -> Ladder:
    """Return the ladder of the majority class, two linear models, and fitted nets.

    The linear models are TF-IDF + logistic regression and NB-SVM. All nets must have been fitted
    on `train`, with `dev` for early stopping.
    """
    first = next(iter(nets.values()))
    labels: Labels = first._labels
    codes, dev_codes = labels.encode(train.labels), labels.encode(dev.labels)
    truth = labels.encode(test.labels)
    cut = cut_by(first.vocabulary_, first)
    linear = (train.texts, codes, dev.texts, dev_codes, test.texts, first, cut)
    plain = [
        baselines.majority(labels, codes, len(test)),
        baselines.tfidf_regression(*linear),
        nb_svm(*linear),
    ]
    rungs = [judged_baseline(one, truth) for one in plain]
    rungs += [judged_net(name, net, test.texts, truth) for name, net in nets.items()]
    return Ladder(rungs, labels.classes.tolist(), truth, test.texts)


def verdict(ladder: Ladder, name: str, other: str) -> str:
    """Return one plain sentence: whether a model beats another, and whether that is proven."""
    one, two = ladder.rung(name), ladder.rung(other)
    points = 100 * (one.figures["accuracy"] - two.figures["accuracy"])
    p = metrics.mcnemar(one.right, two.right)
    if abs(points) < 0.05:  # of which no more than 0.0 would be seen
        return f"{name} and {other} are equally accurate on the test part."
    verb = "beats" if points > 0 else "loses to"
    shown = "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
    proof = "" if p < 0.05 else ", which may be chance"
    sentence = f"{name} {verb} {other} by {abs(points):.1f} points (McNemar {shown}{proof})."
    if points > 0:
        return sentence
    return f"{sentence} Use {other}, or give the net more data or other options."
