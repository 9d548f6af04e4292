"""What classifiers of numeric sequences share: channels scaled, gaps filled, windows cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from sestina.config import SignalOptions
from sestina.data.ragged import Ragged
from sestina.errors import DataError, counted
from sestina.estimators.base import SequenceClassifier, at
from sestina.shapes import as_series
from sestina.signals import Scaling, Values, Windows, filled


@dataclass(eq=False, repr=False, kw_only=True)
class WindowedClassifier(SignalOptions, SequenceClassifier):
    """Base of the classifiers of series (T, C).

    Attributes (after `fit`):
        n_features_in_: C.
        steps_: Steps of the longest window in training.
        scaling_: What is taken off each channel, and what it is divided by.
    """

    _unit: ClassVar[str] = "series"

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that inputs are three-dimensional."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.two_d_array = False
        tags.classifier_tags.multi_label = True
        return tags

    def cut(self, X: Any) -> tuple[list[Values], Windows]:
        """Return the M windows (S, C) of N series, not yet scaled, and where they are from.

        Raises:
            DataError: X is no such series, or a value is missing and `fill` is None.
        """
        rows = filled(as_series(X, gaps=self.fill is not None), self)
        windows = Windows.of([len(row) for row in rows], self)
        return windows.cut(rows), windows

    def _untempered(self, X: Any) -> NDArray[np.float64]:
        """Return the mean over each series' windows, (N, K); the temperature is put on that."""
        pieces, windows = self.cut(X)
        return windows.averaged(super()._untempered(pieces))

    def _pieces(self, X: Any, y: Any) -> tuple[list[Values], Any]:
        pieces, windows = self.cut(X)
        return pieces, at(y, windows.owners)

    def _learn(self, X: Sequence[Values]) -> Ragged:
        self.n_features_in_ = X[0].shape[1]
        self.steps_ = max(len(row) for row in X)
        self.scaling_ = Scaling.fitted(X, self.scaling)
        return self._ragged(X)

    def _encode(self, X: Sequence[Values]) -> Ragged:
        if X[0].shape[1] != self.n_features_in_:
            raise DataError(
                f"the sequences have {counted(X[0].shape[1], 'feature')}, those of the training "
                f"had {self.n_features_in_}"
            )
        return self._ragged(X)

    def _ragged(self, rows: Sequence[Values]) -> Ragged:
        ragged = Ragged.of(rows, np.empty((0, self.n_features_in_), np.float32))
        return Ragged(self.scaling_.apply(ragged.values), ragged.offsets)

    def reading(self) -> str:
        """Return in words what the network reads: channels, scaling, windows."""
        cut = "" if self.window is None else f", in windows of {counted(self.window, 'step')}"
        fill = "" if self.fill is None else f", gaps filled ({self.fill})"
        scaled = "as they come" if self.scaling == "none" else f"scaled ({self.scaling})"
        return f"{counted(self.n_features_in_, 'channel')} {scaled}{fill}{cut}"

    def _chances(self, logits: Tensor) -> NDArray[np.float64]:
        # one by one, since a library's exp of many numbers rounds the last few of them otherwise
        return np.concatenate(
            [super(WindowedClassifier, self)._chances(row) for row in logits.split(1)]
        )

    def _state(self) -> dict[str, Any]:
        return {
            "n_features_in": self.n_features_in_,
            "steps": self.steps_,
            "scaling": self.scaling_.state(),
        }

    def _restore(self, state: dict[str, Any], files: dict[str, str]) -> None:
        self.n_features_in_, self.steps_ = state["n_features_in"], state["steps"]
        self.scaling_ = Scaling.restored(state["scaling"], self.n_features_in_)
