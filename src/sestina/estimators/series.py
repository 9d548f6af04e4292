"""SeriesClassifier: numeric sequences → labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sestina.data.ragged import Ragged
from sestina.errors import DataError, OptionError, counted
from sestina.estimators.base import SequenceClassifier
from sestina.nn.classifier import ClassifierNetwork
from sestina.nn.heads import Target
from sestina.shapes import as_series


@dataclass(eq=False, repr=False, kw_only=True)
class SeriesClassifier(SequenceClassifier):
    """Classify numeric sequences: N arrays of T steps × D features, T may vary (row C16).

    The options are those of `sestina.config`: `EncoderOptions` and `TrainingOptions`; the
    encoder "bag" is for texts only. Values are taken as they come: scale them first. The encoder
    "flatten" reads as many steps as the longest training series has; the end of a longer series
    is cut off, which `notes_` says of validation data and a `DataWarning` of new data.

    Attributes (after `fit`):
        n_features_in_: D.
        classes_: (K,) class labels.
    """

    _unit: ClassVar[str] = "series"

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that inputs are three-dimensional."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.two_d_array = False
        tags.classifier_tags.multi_label = True
        return tags

    def _learn(self, X: Any) -> Ragged:
        rows = as_series(X)
        self.n_features_in_ = rows[0].shape[1]
        self.steps_ = max(len(row) for row in rows)
        return Ragged.of(rows, np.empty((0, self.n_features_in_), np.float32))

    def _encode(self, X: Any) -> Ragged:
        rows = as_series(X)
        if rows[0].shape[1] != self.n_features_in_:
            raise DataError(
                f"the sequences have {counted(rows[0].shape[1], 'feature')}, those of the training "
                f"had {self.n_features_in_}"
            )
        return Ragged.of(rows, np.empty((0, self.n_features_in_), np.float32))

    def _cut_note(self, inputs: Ragged) -> str:
        cut = int((inputs.lengths > self.steps_).sum())
        if self.encoder != "flatten" or not cut:
            return ""
        return (
            f"cut {cut:,} of {counted(len(inputs), 'series', 'series')} to "
            f"{counted(self.steps_, 'step')}, the length of the longest in training; "
            "an encoder other than 'flatten' reads any length"
        )

    def _build(self, target: Target, fresh: bool) -> ClassifierNetwork:
        if self.encoder == "bag":
            raise OptionError("encoder='bag' counts tokens, which series have not; use 'mean'")
        return ClassifierNetwork(self, target, self.n_features_in_, self.steps_, None)

    def _state(self) -> dict[str, Any]:
        return {"n_features_in": self.n_features_in_, "steps": self.steps_}

    def _restore(self, state: dict[str, Any], files: dict[str, str]) -> None:
        self.n_features_in_, self.steps_ = state["n_features_in"], state["steps"]
