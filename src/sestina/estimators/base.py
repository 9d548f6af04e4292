"""What all sequence classifiers share: fit, predict, score, save, load."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from sestina import config
from sestina.config import TrainingOptions
from sestina.data.ragged import Ragged, shuffled_batches, sorted_batches
from sestina.data.split import stratified
from sestina.errors import DataError, DataWarning, OptionError, counted
from sestina.estimators.decisions import NOTHING_HELD_OUT, Decisions
from sestina.estimators.targets import Labels
from sestina.estimators.trained import Trained
from sestina.estimators.validation import pair_of
from sestina.nn.heads import Target
from sestina.optimise import Layers
from sestina.train import Problem, random_stream

PREDICT_BATCH = 256
Batch = tuple[Tensor, Tensor, Tensor]


@dataclass(eq=False, repr=False, kw_only=True)
class SequenceClassifier(TrainingOptions, Decisions, Trained, ClassifierMixin, BaseEstimator):
    """Base of the estimators that put one label, or several, on a sequence.

    A subclass turns what users give into ragged arrays (`_learn`, `_encode`) and builds the
    network for them (`_build`).

    Attributes (after `fit`):
        classes_: (K,) class labels.
        network_: The torch module.
        history_: One row per epoch.
        best_epoch_: The epoch whose weights are kept, from 1.
        seconds_: Seconds that `fit` took.
        temperature_: What logits are divided by; 1 unless fitted.
        thresholds_: What a class's probability must exceed, (K,); None for 0.5 or the highest.
        notes_: What was cut, unknown, empty or found, in sentences.
    """

    _unit: ClassVar[str] = "sequences"

    @abstractmethod
    def _learn(self, X: Any) -> Ragged:
        """Learn what the inputs need (a vocabulary, …) from training data; return them ragged."""

    @abstractmethod
    def _encode(self, X: Any) -> Ragged:
        """Return new inputs ragged."""

    @abstractmethod
    def _build(self, target: Target, fresh: bool) -> Any:
        """Return the network; `fresh` for training, otherwise its weights will be loaded."""

    @abstractmethod
    def _state(self) -> dict[str, Any]:
        """Return what the subclass learned, as plain JSON values."""

    @abstractmethod
    def _restore(self, state: dict[str, Any], files: dict[str, str]) -> None:
        """Put back what `_state` returned and the files that `_texts` wrote."""

    def _pieces(self, X: Any, y: Any) -> tuple[Any, Any]:
        """Return what the network sees of sequences, with a label each: mostly they themselves."""
        return X, y

    def _layers(self) -> Layers | None:
        """Return the network's weights by layer, where they are not all trained alike."""
        return None

    def _beginnings(self) -> dict[str, str]:
        """Return sums of the weights that options name, which a resumed run must share."""
        return {}

    def _cut_note(self, inputs: Ragged) -> str:
        """Return in words what the network cuts off sequences of `_encode`; mostly nothing."""
        return ""

    def reading(self) -> str:
        """Return in words what the network reads, for the model card; mostly nothing."""
        return ""

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        groups: Sequence[Any] | None = None,
        validation: tuple[Any, Any] | None = None,
        checkpoint: str | Path | None = None,
        resume: bool = False,
    ) -> Self:
        """Train on N sequences and their labels.

        Args:
            X: N sequences.
            y: N labels, N lists of labels, or an (N, K) array of 0 and 1.
            groups: N persons, places, …; a drawn validation part shares none with what is trained
                on. By default only equal texts stay together.
            validation: Sequences and labels for early stopping; by default
                ``validation_fraction`` of X, drawn by label, is held out.
            checkpoint: Folder for a checkpoint after each epoch.
            resume: Go on from that checkpoint, where there is one.

        Raises:
            SestinaError: X or y, an option or the checkpoint cannot be used, or training failed;
                `Trained` says which error is which.
            KeyboardInterrupt: After Ctrl-C; fitted with the best epoch so far, if there is one.
        """
        started = self._begin()
        self._decide_as_usual()
        X, y = paired(X, y)
        self.notes_: list[str] = config.unused(self)
        self._labels = Labels(y)
        self.classes_ = self._labels.classes
        X, y, validation = self._held_out(X, y, validation, groups)
        X, y = self._pieces(X, y)
        inputs, codes = self._learn(X), self._labels.encode(y)
        target = Target(len(self.classes_), self._labels.multi_label)
        dev = None
        if validation is not None:
            dev = self._encoded(*paired(*pair_of(validation, "sequences, labels")))
        if dev is not None and (cut := self._cut_note(dev[0])):
            self.notes_.append(f"validation: {cut}")
        if self.calibrate and dev is None:
            raise OptionError(NOTHING_HELD_OUT)
        with random_stream(self.seed, 0):
            self.network_ = self._build(target, fresh=True)
        run = self._train(
            lambda: self._problem(target, inputs, codes, dev),
            lambda: self._identity(inputs, codes, dev),
            checkpoint,
            resume,
        )
        if self.calibrate and validation is not None:
            held, labels = paired(*pair_of(validation, "sequences, labels"))
            self._calibrate(self._untempered(held), self._labels.encode(labels))
        self._keep(run, started)
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability of each class, (N, K); rows sum to 1 unless multi-label.

        Warns:
            DataWarning: The end of a sequence is cut off, because "flatten" has a fixed length.
        """
        check_is_fitted(self, "network_")
        return self._tempered(self._untempered(X))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy: the share of sequences whose label, or every label, is right."""
        check_is_fitted(self, "network_")
        right = self._right(*self._judged(X, y))
        return float(np.average(right, weights=sample_weight))

    def _facts(self) -> dict[str, Any]:
        return {
            "classes": self.classes_.tolist(),
            "reads": self.reading(),
            "decisions": self.decision_notes(),
        }

    def _learned(self) -> dict[str, Any]:
        """Return what `fit` found out, as plain JSON values."""
        return {
            "classes": self.classes_.tolist(),
            "multi_label": self._labels.multi_label,
            "indicator": self._labels.indicator,
            **super()._learned(),
            "decisions": self.decision_state(),
            **self._state(),
        }

    def _remember(
        self, learned: dict[str, Any], arrays: dict[str, NDArray[Any]], files: dict[str, str]
    ) -> None:
        """Become fitted again from what `_learned` returned, the weights and the text files."""
        self._labels = Labels.restored(
            learned["classes"], learned["multi_label"], learned["indicator"]
        )
        self.classes_ = self._labels.classes
        self._recall(learned, files)
        self._restore(learned, files)
        self._restore_decisions(learned.get("decisions", {}))
        if isinstance(self.class_weight, dict):  # JSON has turned its keys into strings
            classes = {str(label): label for label in self.classes_.tolist()}
            self.class_weight = {classes.get(k, k): w for k, w in self.class_weight.items()}
        self._take_weights(self._build(self._target(), fresh=False), arrays)

    # How a fit goes, step by step.

    def _held_out(
        self, X: Any, y: Any, validation: tuple[Any, Any] | None, groups: Sequence[Any] | None
    ) -> tuple[Any, Any, tuple[Any, Any] | None]:
        """Return training inputs and labels, and the validation part, drawn if none was given."""
        if groups is not None and len(groups) != len(X):
            raise DataError(
                f"{counted(len(X), 'sequence')} came with {counted(len(groups), 'group')}; "
                "expected one each"
            )
        if validation is not None or not self.validation_fraction:
            return X, y, validation
        codes = self._labels.encode(y)
        several = codes.ndim == 2
        strata: list[Any] = [
            [str(k) for k in np.flatnonzero(row)] if several else str(row) for row in codes
        ]
        together = self._groups(X) if groups is None else list(groups)
        kept, held = stratified(together, strata, self.validation_fraction, self.seed)
        return at(X, kept), at(y, kept), (at(X, held), at(y, held))

    def _groups(self, X: Any) -> list[Any]:
        """Return a hashable per sequence; those with equal ones stay in one part."""
        return list(range(len(X)))

    def _encoded(self, X: Any, y: Any) -> tuple[Ragged, NDArray[Any]]:
        X, y = self._pieces(X, y)
        return self._encode(X), self._labels.encode(y)

    def _problem(
        self,
        target: Target,
        inputs: Ragged,
        codes: NDArray[Any],
        dev: tuple[Ragged, NDArray[Any]] | None,
    ) -> Problem:
        """Return what the training loop needs: batches, loss, validation."""
        self.network_.check_batch(min(self.batch_size, len(inputs)))
        goal = torch.from_numpy(codes)
        weights = self._labels.weights(codes, self.class_weight)
        per_class = None if weights is None else torch.from_numpy(weights)

        def batches(epoch: int) -> Iterator[tuple[Batch, int]]:
            for rows in shuffled_batches(inputs.lengths, self.batch_size, self.seed, epoch):
                x, lengths = self._tensors(inputs, rows)
                yield (x, lengths, goal[torch.from_numpy(rows)]), len(rows)

        return Problem(
            network=self.network_,
            batches=batches,
            steps=-(-len(inputs) // self.batch_size),
            loss=lambda batch: self._loss(target, per_class, batch),
            kernels=self.network_.kernels(),
            validate=None if dev is None else lambda: self._validated(target, *dev),
            unit=self._unit,
            layers=self._layers(),
        )

    def _loss(self, target: Target, per_class: Tensor | None, batch: Batch) -> Tensor:
        """Return the mean loss of a batch, whose classes count as `per_class` (K,) says."""
        x, lengths, wanted = batch
        return target.loss(self.network_(x, lengths), wanted, per_class)

    def task(self, X: Any, y: Any = None) -> Problem:
        """Return what training would see of sequences and their labels."""
        check_is_fitted(self, "network_")
        return self._problem(self._target(), *self._encoded(*paired(X, y)), None)

    def _validated(self, target: Target, inputs: Ragged, codes: NDArray[Any]) -> dict[str, float]:
        """Return loss and accuracy of the network as it stands."""
        total = right = 0.0
        with torch.inference_mode():
            for rows in sorted_batches(inputs.lengths, PREDICT_BATCH):
                logits = self.network_(*self._tensors(inputs, rows))
                wanted = torch.from_numpy(codes[rows])
                total += float(target.loss(logits, wanted, None)) * len(rows)
                decided = self._right(target.probabilities(logits).numpy(), codes[rows])
                right += int(decided.sum())
        return {"loss": total / len(inputs), "accuracy": right / len(inputs)}

    def _tensors(self, inputs: Ragged, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Return a padded batch and its true lengths; a flatten encoder's has its fixed length."""
        x, lengths = inputs.padded(rows, self.network_.steps, self.network_.side)
        return torch.from_numpy(x), torch.from_numpy(lengths)

    def _untempered(self, X: Any) -> NDArray[np.float64]:
        """Return what `predict_proba` does, before the temperature; warn of what is cut off."""
        inputs = self._encode(X)
        if cut := self._cut_note(inputs):
            warnings.warn(cut, DataWarning, stacklevel=3)
        return self._probabilities(inputs)

    def _probabilities(self, inputs: Ragged) -> NDArray[np.float64]:
        """Return probabilities (N, K) before the temperature."""
        out = np.empty((len(inputs), len(self.classes_)), dtype=np.float64)
        with torch.inference_mode():
            for rows in sorted_batches(inputs.lengths, PREDICT_BATCH):
                logits = self.network_(*self._tensors(inputs, rows))
                out[rows] = self._chances(logits)
        return out

    def _shares(self, state: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return P of each class of what the head reads, (F,) → (K,), before the temperature."""
        with torch.inference_mode():
            logits = self.network_.head.row_by_row(torch.from_numpy(state)[None])
        found: NDArray[np.float64] = self._chances(logits)[0]
        return found

    def _tempered_shares(self, state: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return P of each class of what the head reads, (F,) → (K,)."""
        found: NDArray[np.float64] = self._tempered(self._shares(state)[None])[0]
        return found

    def _chances(self, logits: Tensor) -> NDArray[np.float64]:
        """Return the probabilities (B, K) that logits stand for, before the temperature."""
        table: NDArray[np.float64] = self._target().probabilities(logits).numpy()
        return table

    def _judged(self, X: Any, y: Any) -> tuple[NDArray[np.float64], NDArray[Any]]:
        check_is_fitted(self, "network_")
        X, y = paired(X, y)
        return self.predict_proba(X), self._labels.encode(y)

    def _target(self) -> Target:
        return Target(len(self.classes_), self._labels.multi_label)

    def _identity(
        self, inputs: Ragged, codes: NDArray[Any], dev: tuple[Ragged, NDArray[Any]] | None
    ) -> dict[str, Any]:
        """Return what a resumed run must share: the options but for the epochs, and the data."""
        parts = [(inputs, codes), *([] if dev is None else [dev])]
        arrays = [a for ragged, goal in parts for a in (ragged.values, ragged.offsets, goal)]
        return self._options_and_data(arrays, **self._beginnings())


def paired(X: Any, y: Any) -> tuple[Any, Any]:
    """Return inputs and labels of equal, non-zero number."""
    if isinstance(X, str | bytes):
        raise DataError("one string came; expected a list, for instance ['…']")
    if y is None:
        raise DataError("requires y to be passed, but the target y is None; give one label each")
    X, y = _sized(X), _sized(y.toarray() if hasattr(y, "toarray") else y)
    if len(X) != len(y):
        raise DataError(
            f"{counted(len(X), 'sequence')} came with {counted(len(y), 'label')}; expected one each"
        )
    if len(X) == 0:
        raise DataError("no sequences came; give one at least")
    return X, y


def _sized(rows: Any) -> Any:
    """Return rows as they are if they can be counted, else as an array or a list."""
    one = isinstance(rows, Mapping) or getattr(rows, "ndim", 1) == 0
    if one or not any(hasattr(rows, name) for name in ("__len__", "__array__", "__iter__")):
        raise DataError(f"{rows!r:.60} came; expected a list of sequences, or one of their labels")
    if hasattr(rows, "__len__"):
        return rows
    return np.asarray(rows) if hasattr(rows, "__array__") else list(rows)


def at(rows: Any, index: NDArray[np.int64]) -> Any:
    """Return the rows at `index` of an array, a series or a list."""
    if hasattr(rows, "iloc"):
        return rows.iloc[index]
    if isinstance(rows, np.ndarray):
        return rows[index]
    return [rows[int(n)] for n in index]
