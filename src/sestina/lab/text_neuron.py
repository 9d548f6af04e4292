"""One neuron on bags of words (row C1), trained and judged as the laboratory does networks."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from sestina import config
from sestina.config import BagOptions, PerceptronOptions, SigmoidNeuronOptions, TextNeuronOptions
from sestina.errors import DataError, counted
from sestina.estimators.neuron import Neuron, Perceptron, SigmoidNeuron
from sestina.estimators.targets import Labels
from sestina.text.bags import Counts, MultiHot

BAGS: dict[str, type[Counts]] = {"multi-hot": MultiHot, "counts": Counts}
NEURONS: dict[str, tuple[type[Neuron], type]] = {
    "step": (Perceptron, PerceptronOptions),
    "sigmoid": (SigmoidNeuron, SigmoidNeuronOptions),
}
POINTS = 40  # epochs of a long history that are kept: what a curve can show


@dataclass(eq=False, repr=False, kw_only=True)
class TextNeuron(TextNeuronOptions):
    """A bag of words into a `Perceptron` or a `SigmoidNeuron`.

    In a scikit-learn Pipeline, `MultiHot` or `Counts` and the neuron are the same; here the neuron
    also sees held-out texts, so that its learning curve is that of a network.

    Attributes (after `fit`):
        history_: One row per epoch, of some 40 epochs at most: epoch, accuracy,
            validation_accuracy, and of the sigmoid neuron loss and validation_loss. A perceptron's
            accuracy is that of its answers while it learned, as its errors are.
        best_epoch_: The epoch whose weights are kept; see `Neuron.fit`.
        n_parameters_, n_trainable_parameters_: A weight per term, and the bias.
        notes_: How many of the running terms have a weight.
        seconds_: Time of `fit`.
    """

    @property
    def level(self) -> str:
        """What the linear models beside it shall cut texts into."""
        return "character" if self.tokens == "characters" else "word"

    def fit(
        self,
        texts: Sequence[str],
        labels: Sequence[Any],
        validation: tuple[Sequence[str], Sequence[Any]],
    ) -> Self:
        """Learn from N texts and their labels, and keep the epoch that answers others best.

        Raises:
            DataError: There are not exactly two classes, or no term is left.
            OptionError: An option makes no sense.
        """
        config.check(self)
        _refuse_more_than_two(labels)
        started = time.perf_counter()
        self._bags = BAGS[self.bag](**config.to_dict(self, BagOptions))
        table, held = self._bags.fit_transform(texts), self._bags.transform(validation[0])
        kind, known = NEURONS[self.activation]
        self._neuron = kind(**_shared(self, known)).fit(
            table, np.asarray(labels), (held, np.asarray(validation[1]))
        )
        self.seconds_ = time.perf_counter() - started
        self.best_epoch_ = self._neuron.best_epoch_
        shown = _some(self._neuron.n_iter_, self.best_epoch_)
        self.history_ = [
            _shares(self._neuron.history_[n - 1], len(texts), len(validation[0])) for n in shown
        ]
        self.n_parameters_ = self.n_trainable_parameters_ = len(self._neuron.weights_) + 1
        self.notes_ = [str(self._bags.coverage(texts))]
        return self

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the probability of each class, (N, 2); a step's answers are certain."""
        table = self._bags.transform(texts)
        if isinstance(self._neuron, SigmoidNeuron):
            return self._neuron.predict_proba(table)
        fires = self._neuron.decision_function(table) > 0
        return np.column_stack([~fires, fires]).astype(np.float64)


def _refuse_more_than_two(labels: Sequence[Any]) -> None:
    known = Labels(labels)
    if known.multi_label:
        raise DataError("a text may have several labels; one neuron tells two classes apart")
    if len(known.classes) > 2:
        raise DataError(
            "one neuron tells two classes apart, and there are "
            f"{counted(len(known.classes), 'class', 'classes')}; take data of two, or another "
            "experiment"
        )


def _shared(options: TextNeuronOptions, kind: type) -> dict[str, Any]:
    """Return those options that a neuron's class `kind` of options has too."""
    wanted = config.to_dict(kind())
    return {name: value for name, value in config.to_dict(options).items() if name in wanted}


def _some(epochs: int, best: int) -> list[int]:
    """Return the numbers of epochs to keep: evenly apart, the first, the last and the best."""
    evenly = np.linspace(1, epochs, min(epochs, POINTS)).round().astype(int).tolist()
    return sorted({*evenly, best})


def _shares(row: dict[str, float], trained: int, held: int) -> dict[str, float]:
    """Return a row of a neuron's history with accuracies instead of numbers of errors."""
    out = {name: value for name, value in row.items() if not name.endswith("errors")}
    out["accuracy"] = 1 - row["errors"] / trained
    out["validation_accuracy"] = 1 - row["validation_errors"] / held
    return out
