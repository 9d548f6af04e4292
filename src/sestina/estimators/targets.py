"""Labels as users give them ↔ arrays that networks learn from."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import DataConversionWarning

from sestina.data.records import absent
from sestina.errors import DataError, counted

_MIXED = "the labels mix single ones and lists; give one manner"


class Labels:
    """The classes of a problem, learned from labels.

    Takes N labels (strings, numbers, booleans), N lists of labels, or an (N, K) array of 0 and 1.

    Attributes:
        classes: K class names in order.
        multi_label: Whether a row may have any number of labels.

    Raises:
        DataError: There are fewer than two classes, a label is missing, or the shape is wrong.
    """

    def __init__(self, y: Any) -> None:
        rows = _as_rows(y)
        self.indicator = isinstance(rows, np.ndarray) and rows.ndim == 2
        self.multi_label = self.indicator or isinstance(rows, list)
        if self.indicator:
            self.classes = np.arange(np.shape(rows)[1])
        elif isinstance(rows, list):
            self.classes = np.unique(np.array([label for row in rows for label in row]))
        else:
            self.classes = np.unique(rows)
        if len(self.classes) < 2:
            names = self.classes.tolist()
            came = (
                f"one class only: every label is {names[0]!r} (rows: {len(rows):,})"
                if names
                else "no label came"
            )
            raise DataError(f"{came}; a classifier needs at least two classes, so check the labels")

    @classmethod
    def restored(cls, classes: list[Any], multi_label: bool, indicator: bool) -> Labels:
        """Return labels with known classes, as a model folder keeps them."""
        self = cls.__new__(cls)
        self.classes = np.array(classes)
        self.multi_label, self.indicator = multi_label, indicator
        return self

    def encode(self, y: Any) -> NDArray[Any]:
        """Return class numbers (N,) int64, or indicators (N, K) float32.

        Raises:
            DataError: A label is not among the classes.
        """
        rows = _as_rows(y)
        self._check_kind(rows)
        if self.indicator:
            return np.asarray(rows, dtype=np.float32)
        number = {label: i for i, label in enumerate(self.classes.tolist())}
        try:
            if not self.multi_label:
                values = np.asarray(rows).tolist()
                return np.array([number[label] for label in values], dtype=np.int64)
            hot = np.zeros((len(rows), len(self.classes)), dtype=np.float32)
            for n, row in enumerate(rows):
                hot[n, [number[label] for label in np.asarray(row).tolist()]] = 1.0
        except KeyError as error:
            known = ", ".join(map(str, self.classes[:8]))
            raise DataError(
                f"the label {error.args[0]!r} did not occur in training, where the classes were "
                f"{known}{' …' if len(self.classes) > 8 else ''}; check the labels"
            ) from None
        return hot

    def _check_kind(self, rows: NDArray[Any] | list[Sequence[Any]]) -> None:
        """Raise unless labels are given in the same manner as those of the training."""
        if self.indicator:
            wanted = f"an (N, {len(self.classes)}) array of 0 and 1"
            good = isinstance(rows, np.ndarray) and rows.shape[1:] == self.classes.shape
        elif self.multi_label:
            wanted, good = "a list of labels per row", isinstance(rows, list)
        else:
            wanted, good = "one label per row", isinstance(rows, np.ndarray) and rows.ndim == 1
        if not good:
            raise DataError(f"the labels do not look like those of the training: expected {wanted}")

    def decode(self, codes: NDArray[Any]) -> Any:
        """Return labels for class numbers (N,), or lists of labels for indicators (N, K)."""
        if self.indicator:
            return codes.astype(int)
        if self.multi_label:
            return [self.classes[row.astype(bool)].tolist() for row in codes]
        return self.classes[codes]

    def weights(self, codes: NDArray[Any], wish: Any) -> NDArray[np.float32] | None:
        """Return a weight per class, (K,), for ``class_weight`` None, 'balanced' or a mapping.

        Raises:
            DataError: A class of the mapping is unknown.
        """
        if wish is None:
            return None
        if self.multi_label:
            present = np.maximum(codes.sum(axis=0), 1)
            balanced = (len(codes) - present) / present
        else:
            counts = np.maximum(np.bincount(codes, minlength=len(self.classes)), 1)
            balanced = len(codes) / (len(self.classes) * counts)
        if isinstance(wish, str):
            return np.asarray(balanced, dtype=np.float32)
        if not isinstance(wish, Mapping):
            raise DataError(f"class_weight={wish!r} is neither 'balanced' nor {{class: weight}}")
        unknown = set(wish) - set(self.classes.tolist())
        if unknown:
            raise DataError(f"class_weight names {sorted(map(str, unknown))}, which are no classes")
        wished = [wish.get(name, 1.0) for name in self.classes.tolist()]
        if not all(isinstance(one, Real) for one in wished):
            raise DataError(f"class_weight={wish!r}: weights are numbers")
        weights = np.array(wished, np.float32)
        if not (weights >= 0).all() or not weights.any():
            raise DataError(f"class_weight={wish!r}: weights are 0 or more, and not all of them 0")
        return weights


def _as_rows(y: Any) -> NDArray[Any] | list[Sequence[Any]]:
    """Return labels as an array (N,) or (N, K), or a list of label lists."""
    if hasattr(y, "toarray"):
        y = y.toarray()  # scikit-learn's sparse indicators
    if not hasattr(y, "__len__"):
        y = list(y)
    first = None if len(y) == 0 else y.iloc[0] if hasattr(y, "iloc") else y[0]
    several = isinstance(first, list | tuple | set)
    if several or not isinstance(y, np.ndarray) or y.dtype.kind in "fO":
        _refuse_absent(y)
    if several:
        return [[row] if isinstance(row, str) else list(row) for row in y]
    rows = _as_array(y)
    if rows.ndim == 2 and rows.shape[1] == 1:
        shape = "A column-vector y was passed when a 1d array was expected: pass y.ravel()"
        warnings.warn(shape, DataConversionWarning, stacklevel=2)
        rows = rows[:, 0]
    if rows.ndim not in (1, 2) or (rows.ndim == 2 and not np.isin(rows, (0, 1)).all()):
        raise DataError(
            f"labels of shape {rows.shape} are neither (N,) nor an (N, K) array of 0, 1"
        )
    if rows.dtype.kind == "f" and rows.ndim == 1 and (rows != np.floor(rows)).any():
        raise DataError(
            f"Unknown label type: continuous numbers such as {rows[rows != np.floor(rows)][0]:g}; "
            "classes are names or whole numbers"
        )
    if rows.dtype == object:
        rows = np.array(rows.tolist())
    return rows.astype(str) if rows.dtype == object else rows


def _as_array(labels: Any) -> NDArray[Any]:
    """Return labels as an array, refusing those of mixed kinds."""
    if isinstance(labels, list) and len({isinstance(label, str) for label in labels}) > 1:
        if any(isinstance(label, list | tuple | set) for label in labels):
            raise DataError(_MIXED)
        raise DataError("the labels mix strings and numbers; turn all of them into strings")
    try:
        return np.asarray(labels)
    except ValueError as error:
        raise DataError(_MIXED) from error


def _refuse_absent(labels: Any) -> None:
    """Raise where a label is None or NaN; NumPy would make a class named 'nan' of it."""
    missing = [n for n, label in enumerate(labels) if absent(label)]
    if missing:
        raise DataError(
            f"row {missing[0]} has no label; fill or drop it ({counted(len(missing), 'such row')})"
        )
