"""Rows of attributes → one vector each: numbers as they are, symbols one-hot (row A3)."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeAlias

import numpy as np
import polars as pl
from scipy.sparse import csr_array, hstack, issparse

from sestina.errors import DataError, counted
from sestina.text.one_hot import OneHot

Table: TypeAlias = Any
"""Vectors (N, D) float32: an array, or a csr_array."""
LISTED = 5  # names that a message gives


@dataclass(frozen=True)
class Attributes:
    """The columns of a table that is turned into vectors.

    Attributes:
        names: Names of the A columns; empty where the table had none.
        symbols: The symbols of each column, in order; None where it holds numbers.
    """

    names: tuple[str, ...]
    symbols: tuple[tuple[str, ...] | None, ...]

    @classmethod
    def learn(cls, X: Any) -> Self:
        """Return the columns of a table: an array, sparse or not, lists of rows, a data frame.

        A column holds numbers, or strings, which are symbols.

        Raises:
            DataError: It is no table, or a column holds both, or something else.
        """
        table = _opened(X)
        if not isinstance(table, dict):
            return cls((), (None,) * table.shape[1])
        found = []
        for name, column in table.items():
            strings = {value for value in column if isinstance(value, str)}
            other = next((value for value in column if not isinstance(value, str)), None)
            if strings and other is not None:
                raise DataError(
                    f"{_said(name)} holds {min(strings)!r} and {other!r}; expected numbers only, "
                    "or strings only"
                )
            found.append(tuple(sorted(strings)) if strings else None)
        names = tuple(name for name in table if isinstance(name, str))
        return cls(names, tuple(found))

    def __len__(self) -> int:
        return len(self.symbols)

    @property
    def features(self) -> int:
        """Numbers of a row's vector, D."""
        return sum(1 if known is None else len(known) for known in self.symbols)

    def __str__(self) -> str:
        return ", ".join(
            self.name(n)
            + ("" if known is None else f" ({', '.join(known[:LISTED])}{_more(known)})")
            for n, known in enumerate(self.symbols[:LISTED])
        ) + _more(self.symbols)

    def vectors(self, X: Any, unknown: str = "error") -> Table:
        """Return the vectors of N rows, (N, D) float32; sparse where X is, or holds symbols.

        Args:
            X: N rows, as `learn` takes them.
            unknown: Whether an unknown symbol is an "error" or "zeros".

        Raises:
            DataError: The columns are not those learnt, a symbol is unknown, or a value is no
                finite number.

        Warns:
            DataWarning: Symbols are unknown, and become zeros; how many.
        """
        table = _opened(X)
        if not isinstance(table, dict):
            if table.shape == (0, 0):  # of an empty list
                table = np.zeros((0, len(self)))
            self._check_width(table.shape[1])
            if any(self.symbols):
                table = dict(enumerate(table.toarray().T if issparse(table) else table.T))
            else:
                return self._finite(table)
        columns = self._ordered(table)
        parts = [self._part(n, column, unknown) for n, column in enumerate(columns)]
        if not any(self.symbols):
            dense: Table = np.hstack(parts)
            return dense
        return csr_array(hstack([csr_array(part) for part in parts]))

    def example(self) -> list[Any]:
        """Return a row that `vectors` takes."""
        return [0.0 if known is None else known[0] for known in self.symbols]

    def to_json(self) -> dict[str, Any]:
        """Return the columns as plain JSON values."""
        return {"names": self.names, "symbols": self.symbols}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Return the columns that `to_json` wrote."""
        symbols = [None if known is None else tuple(known) for known in values["symbols"]]
        return cls(tuple(values["names"]), tuple(symbols))

    def name(self, n: int) -> str:
        """Return the name of a column, or its number in words."""
        return self.names[n] if self.names else f"column {n}"

    def _check_width(self, width: int) -> None:
        if width != len(self):
            raise DataError(
                f"rows of {counted(width, 'value')} came; expected {len(self)}, as in training: "
                f"{self}"
            )

    def _ordered(self, table: dict[Any, list[Any]]) -> list[list[Any]]:
        """Return the columns in the order of training."""
        self._check_width(len(table))
        named = self.names and all(isinstance(name, str) for name in table)
        if named and set(table) != set(self.names):
            raise DataError(
                f"the columns are {', '.join(list(table)[:LISTED])}; expected, as in training, "
                f"{', '.join(self.names)}"
            )
        return [table[name] for name in self.names] if named else list(table.values())

    def _part(self, n: int, column: Sequence[Any], unknown: str) -> Any:
        """Return what a column gives: (N, 1), or with symbols (N, S) sparse."""
        known = self.symbols[n]
        if known is None:
            for row, value in enumerate(column):
                if not isinstance(value, numbers.Real):
                    raise DataError(
                        f"row {row}: {self.name(n)} is {value!r:.60}; expected a number"
                    )
            return self._finite(np.array(column, np.float64)[:, None], n)
        for row, value in enumerate(column):
            if not isinstance(value, str):
                raise DataError(
                    f"row {row}: {self.name(n)} is {value!r:.60}; expected a string, one of "
                    f"{', '.join(known[:LISTED])}{_more(known)}"
                )
        if not len(column):
            return csr_array((0, len(known)), dtype=np.float32)
        encoder = OneHot(categories=[list(known)], unknown=unknown)
        encoder.fit(pl.DataFrame({self.name(n): list(known[:1])}))
        return encoder.transform(pl.DataFrame({self.name(n): list(column)}))

    def _finite(self, table: Any, first: int = 0) -> Table:
        """Return numbers as float32, the first column being that of this number.

        Raises:
            DataError: One is NaN, or larger than float32 holds.
        """
        with np.errstate(over="ignore"):
            found: Table = table.astype(np.float32)
        if issparse(found):
            found.sum_duplicates()  # so that equal rows are equal in memory
        if np.isfinite(found.data if issparse(found) else found).all():
            return found
        dense = found.toarray() if issparse(found) else found
        row, column = (int(n) for n in np.argwhere(~np.isfinite(dense))[0])
        value = float(table[row, column])
        what = "NaN" if math.isnan(value) else f"{value:g}"
        raise DataError(
            f"row {row}: {self.name(first + column)} is {what}; expected a finite number: fill "
            "in what is missing, or drop the row"
        )


def _opened(X: Any) -> Any:
    """Return a table of numbers (N, A) as an array, sparse or not; any other by its columns."""
    if issparse(X):
        return _checked(csr_array(X))
    if hasattr(X, "columns"):
        return {str(name): list(X[name]) for name in X.columns}
    if not isinstance(X, np.ndarray):
        if isinstance(X, str | bytes) or not hasattr(X, "__iter__"):
            raise DataError(f"{X!r:.60} came; expected a table, a row of features a sequence")
        rows = [list(row) if _is_row(row) else row for row in X]
        widths = {len(row) if isinstance(row, list) else -1 for row in rows}
        if len(widths) > 1 or -1 in widths:
            raise DataError(
                "rows of unlike lengths came, or none; expected a table, (N, A): the same "
                "features for each sequence"
            )
        if not rows:
            return np.zeros((0, 0))
        if any(isinstance(value, str) for row in rows for value in row):
            return dict(enumerate(map(list, zip(*rows, strict=True))))
        X = np.array(rows)
    if X.ndim != 2:
        raise DataError(
            f"an array of shape {X.shape} came; expected a table, (N, A): a row of features a "
            "sequence (one feature: X.reshape(-1, 1))"
        )
    return _checked(X) if X.dtype.kind in "biuf" else dict(enumerate(X.T.tolist()))


def _is_row(row: Any) -> bool:
    return hasattr(row, "__iter__") and not isinstance(row, str | bytes)


def _checked(table: Any) -> Any:
    if not table.shape[1]:
        raise DataError("a table without columns came; expected a feature at least")
    return table


def _said(name: str | int) -> str:
    return name if isinstance(name, str) else f"column {name}"


def _more(names: Sequence[Any]) -> str:
    return " …" if len(names) > LISTED else ""
