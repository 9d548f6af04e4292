"""From probabilities to labels: the temperature, the thresholds, and where they come from."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from sestina import metrics
from sestina.errors import DataError, OptionError, nearest
from sestina.estimators import calibration, thresholds
from sestina.estimators.calibration import Calibration
from sestina.estimators.targets import Labels
from sestina.estimators.thresholds import Measure, Threshold

MOST_NAMED = 12  # labels whose thresholds are told one by one
NOTHING_HELD_OUT = (
    "calibrate=True needs a validation part to fit the temperature on; give one, or a "
    "validation_fraction above 0"
)


class Decisions:
    """What a classifier does with its probabilities.

    As it comes it takes the most probable class, or every label above 0.5. `find_threshold` sets
    other thresholds, `fit_temperature` and the option `calibrate` a temperature; both are kept
    in the model folder, and `undo_thresholds` and `undo_temperature` take them off again.

    Attributes:
        calibration_: How the fit of the temperature went; None where none was fitted, or where
            the model was loaded since.
    """

    classes_: NDArray[Any]
    temperature_: float
    thresholds_: NDArray[np.float64] | None
    calibration_: Calibration | None
    notes_: list[str]
    _labels: Labels

    @abstractmethod
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability of each class, (N, K)."""

    @abstractmethod
    def _judged(self, X: Any, y: Any) -> tuple[NDArray[np.float64], NDArray[Any]]:
        """Return the probabilities and the codes of labelled sequences."""

    def predict(self, X: Any) -> Any:
        """Return the class of each sequence, (N,); lists of labels if multi-label.

        It is the most probable one, unless a threshold was found that decides.
        """
        probabilities = self.predict_proba(X)
        return self._labels.decode(self.decide(probabilities))

    def labels_of(self, probabilities: NDArray[np.float64]) -> list[Any]:
        """Return the label that each row of probabilities (N, K) decides for, as plain values."""
        labels = self._labels.decode(self.decide(probabilities))
        plain: list[Any] = labels.tolist() if isinstance(labels, np.ndarray) else labels
        return plain

    def decide(self, probabilities: NDArray[np.float64]) -> NDArray[Any]:
        """Turn probabilities (N, K) into class numbers (N,), or indicators (N, K)."""
        limits = self.thresholds_
        if self._labels.multi_label:
            above = probabilities > (thresholds.DEFAULT if limits is None else limits)
            return above.astype(np.float32)
        best: NDArray[Any] = probabilities.argmax(axis=1)
        return best if limits is None else (probabilities[:, 1] > limits[1]).astype(best.dtype)

    def find_threshold(
        self,
        X: Any,
        y: Any,
        measure: str = "f1",
        *,
        per_label: bool = False,
        label: Any = None,
    ) -> list[Threshold]:
        """Find, on held-out sequences, the thresholds that decisions are made by from now on.

        Args:
            X: N sequences that were not trained on.
            y: Their labels.
            measure: What to reach: ``f1`` (the best), ``precision>=P`` (with the highest recall
                there is) or ``recall>=R`` (with the highest precision).
            per_label: With several labels: a threshold for each, instead of one for all.
            label: With two classes: the one that the measure is of; by default the second.

        Returns:
            How each threshold does on these sequences: one row, or one per label.

        Raises:
            DataError: X or y cannot be used, or no threshold reaches what is wanted.
            OptionError: The measure is not known, or nothing can be decided by a threshold,
                because there are more than two classes of which one is taken.
        """
        check_is_fitted(self, "network_")
        wish = Measure.of(measure)
        if not self._labels.multi_label:
            self._check_two_classes(per_label)
            positive = self._number(label)
            chances, codes = self._judged(X, y)
            scores, truth = chances[:, positive], codes == positive
            value = thresholds.best(scores, truth, wish)
            self.thresholds_ = np.full(2, 1 - value)
            self.thresholds_[positive] = value
            return [thresholds.showing(scores, truth, value, self.classes_.tolist()[positive])]
        if label is not None:
            raise OptionError(f"label={label!r} is for two classes; with several, use per_label")
        chances, codes = self._judged(X, y)
        names: list[object] = self.classes_.tolist()
        found = thresholds.for_labels(chances, codes > 0.5, wish, names, per_label)
        self.thresholds_, rows = found
        return rows

    def fit_temperature(self, X: Any, y: Any) -> Self:
        """Fit, on held-out sequences, the temperature that probabilities get from now on.

        Decisions stay as they are; thresholds move with the probabilities.

        Args:
            X: N sequences that were not trained on.
            y: Their labels.

        Raises:
            DataError: X or y cannot be used.
        """
        self._calibrate(*self._judged(X, y))
        return self

    def undo_thresholds(self) -> Self:
        """Decide again as it comes: by the most probable class, or by 0.5 for every label."""
        check_is_fitted(self, "network_")
        self.thresholds_ = None
        return self

    def undo_temperature(self) -> Self:
        """Give probabilities again as they come; decisions stay as they are, thresholds move."""
        check_is_fitted(self, "network_")
        self._move_thresholds(1 / self.temperature_)
        self.temperature_, self.calibration_ = 1.0, None
        self._note_temperature()
        return self

    def decision_state(self) -> dict[str, Any]:
        """Return temperature and thresholds as plain JSON values."""
        limits = self.thresholds_
        return {
            "temperature": self.temperature_,
            "thresholds": None if limits is None else limits.tolist(),
        }

    def decision_notes(self) -> list[str]:
        """Return in sentences what differs from the usual: temperature, thresholds."""
        said = []
        if self.temperature_ != 1.0:
            said.append(f"probabilities are calibrated by the temperature {self.temperature_:.3f}")
        if self.thresholds_ is not None:
            names, limits = self.classes_.tolist(), self.thresholds_.tolist()
            if not self._labels.multi_label:
                said.append(f"{names[1]!s} is put where its probability is above {limits[1]:.3f}")
            elif len(set(limits)) == 1:
                said.append(f"a label is put where its probability is above {limits[0]:.3f}")
            elif len(limits) > MOST_NAMED:
                span = f"{min(limits):.3f} to {max(limits):.3f}"
                said.append(f"each label is put above a probability of its own, {span}")
            else:
                each = ", ".join(
                    f"{name} {limit:.3f}" for name, limit in zip(names, limits, strict=True)
                )
                said.append(f"labels are put where their probabilities are above: {each}")
        return said

    def _check_two_classes(self, per_label: bool) -> None:
        if len(self.classes_) > 2:
            raise OptionError(
                f"one of {len(self.classes_)} classes is taken, the most probable; a threshold "
                "decides between two classes, or for each of several labels"
            )
        if per_label:
            raise OptionError("per_label is for several labels; with two classes, name a label")

    def _number(self, label: Any) -> int:
        """Return the number of a class, given by name, or as the command line writes it."""
        names = self.classes_.tolist()
        if label is None:
            return 1
        if label in names:
            return int(names.index(label))
        written = [str(name) for name in names]
        if str(label) in written:
            return written.index(str(label))
        raise OptionError(f"there is no class {label!r}{nearest(str(label), written)}")

    def _right(self, probabilities: NDArray[Any], codes: NDArray[Any]) -> NDArray[np.bool_]:
        return metrics.correct(codes, self.decide(probabilities))

    def _decide_as_usual(self) -> None:
        self.temperature_, self.thresholds_, self.calibration_ = 1.0, None, None

    def _tempered(self, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        return calibration.tempered(probabilities, self.temperature_, self._labels.multi_label)

    def _calibrate(self, probabilities: NDArray[np.float64], codes: NDArray[Any]) -> None:
        """Multiply the temperature by the one that these probabilities (N, K) want."""
        found = calibration.fitted(probabilities, codes, self.temperature_)
        self._move_thresholds(found.temperature / found.temperature_before)
        self.temperature_, self.calibration_ = found.temperature, found
        self._note_temperature()

    def _move_thresholds(self, factor: float) -> None:
        """Move thresholds as the probabilities move whose logits are divided by `factor`."""
        if self.thresholds_ is not None:
            self.thresholds_ = calibration.tempered(self.thresholds_, factor, True)

    def _note_temperature(self) -> None:
        """Note how the last fit of a temperature went, instead of earlier ones."""
        self.notes_ = [note for note in self.notes_ if not note.startswith(calibration.NOTE)]
        if self.calibration_ is not None:
            self.notes_.append(str(self.calibration_))

    def _restore_decisions(self, state: dict[str, Any]) -> None:
        """Put back what `decision_state` returned; folders of earlier versions have none.

        Raises:
            DataError: It is no temperature, or not a threshold for each class.
        """
        self._decide_as_usual()
        self.temperature_ = float(state.get("temperature", 1.0))
        limits = state.get("thresholds")
        if not 0 < self.temperature_ < np.inf:
            raise DataError(f"its temperature is {self.temperature_}, which is none")
        if limits is not None:
            self.thresholds_ = np.asarray(limits, dtype=np.float64)
            if self.thresholds_.shape != self.classes_.shape or np.isnan(self.thresholds_).any():
                raise DataError("it has not a threshold for each class")
