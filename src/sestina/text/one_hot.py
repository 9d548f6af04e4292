"""One-hot vectors: of symbolic attributes, of the words or characters of a text (row A3)."""

from __future__ import annotations

import string
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sestina.config import OneHotOptions, OneHotTokensOptions, check
from sestina.errors import DataError, DataWarning, OptionError, counted, nearest
from sestina.text.clean import cleaner, sets_marks
from sestina.text.inputs import as_documents
from sestina.text.scan import Numbered, numbered
from sestina.text.transformer import TextTransformer

NAME_LETTERS = (*string.ascii_uppercase, *string.ascii_lowercase, "-", "'", ",", "END")
"""The 56 letters of first names in Hennebert and Melchior [004]; there, the print of the one after
the hyphen is lost but for its quotation marks, and an apostrophe is what names need."""

LISTED = 5  # unknown tokens, or columns, that a message names


@dataclass(eq=False, repr=False, kw_only=True)
class OneHot(OneHotOptions, TransformerMixin, BaseEstimator):
    """Turn symbolic attributes into columns of 0 and 1: EDAN95 [002], row A3.

    Every value of every attribute has a column; in each row, each attribute has exactly one 1.
    The work is scikit-learn's `OneHotEncoder`'s; names of columns and messages are ours.

    Attributes (after `fit`):
        categories_: The values of each attribute, in the order of their columns.
        n_features_in_: Attributes.

    Example:
        >>> from sestina import OneHot
        >>> table = OneHot().fit([["sunny", "hot"], ["rain", "mild"]])
        >>> " ".join(table.get_feature_names_out(["outlook", "temperature"]))
        'outlook=rain outlook=sunny temperature=hot temperature=mild'
        >>> table.transform([["rain", "hot"]]).toarray().astype(int).tolist()
        [[1, 0, 1, 0]]
    """

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that values are symbols, and that the table is float32."""
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = []
        return tags

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the values of each attribute.

        Args:
            X: A table of N rows × A attributes: lists, an array, or a data frame.
            y: Not used; scikit-learn passes it.

        Raises:
            OptionError: An option makes no sense, or the categories do not fit the table.
            ValueError: It is no table.
        """
        from sklearn.preprocessing import OneHotEncoder

        check(self)
        if isinstance(self.categories, str):
            raise OptionError(
                f"categories={self.categories!r} came; expected a list of values for each column"
            )
        self.encoder_ = OneHotEncoder(
            categories="auto" if self.categories is None else [list(c) for c in self.categories],
            handle_unknown="ignore",
            dtype=np.float32,
            feature_name_combiner=_named,
        ).fit(_plain(X))
        self.categories_ = self.encoder_.categories_
        self.n_features_in_ = self.encoder_.n_features_in_
        if hasattr(X, "columns"):
            self.feature_names_in_ = np.array([str(name) for name in X.columns], dtype=object)
        return self

    def transform(self, X: Any) -> csr_array:
        """Return the columns of rows, (N, sum of the attributes' values) sparse float32.

        Raises:
            NotFittedError: `fit` was not called before.
            DataError: A value is unknown, unless ``unknown="zeros"``, or a data frame has not the
                columns of the training.

        Warns:
            DataWarning: Values are unknown; how many.
        """
        check_is_fitted(self, "encoder_")
        self._check_columns(X)
        rows = _plain(X)
        table = csr_array(self.encoder_.transform(rows))
        missing = self.n_features_in_ - np.diff(table.indptr)
        if missing.any():
            self._say_unknown(rows, missing)
        return table

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return names of the columns such as ``outlook=sunny``.

        Raises:
            NotFittedError: `fit` was not called before.
        """
        check_is_fitted(self, "encoder_")
        if input_features is None:
            input_features = getattr(self, "feature_names_in_", None)
        names: NDArray[np.object_] = self.encoder_.get_feature_names_out(input_features)
        return names

    def _check_columns(self, X: Any) -> None:
        """Raise where a data frame has not the columns of the training, in their order."""
        known = getattr(self, "feature_names_in_", None)
        if known is None or not hasattr(X, "columns"):
            return
        names = [str(name) for name in X.columns]
        if names != known.tolist():
            raise DataError(
                f"the columns are {', '.join(names[:LISTED])}{' …' if names[LISTED:] else ''}; "
                f"expected {', '.join(known[:LISTED])}{' …' if len(known) > LISTED else ''}, "
                "in the order of training"
            )

    def _say_unknown(self, rows: Any, missing: NDArray[np.integer]) -> None:
        table = np.asarray(rows, dtype=object)
        row = int(np.flatnonzero(missing)[0])
        column = next(
            n for n, known in enumerate(self.categories_) if table[row, n] not in known.tolist()
        )
        names = getattr(self, "feature_names_in_", [f"column {n}" for n in range(len(table[row]))])
        known = [str(value) for value in self.categories_[column].tolist()]
        what = f"row {row}: {names[column]} is {table[row, column]!r}, which is unknown"
        if self.unknown == "error":
            raise DataError(
                f"{what}{nearest(str(table[row, column]), known)}; correct it, or set "
                "unknown='zeros'"
            )
        warnings.warn(
            f"{counted(int(missing.sum()), 'value')} unknown, which become zeros; {what}",
            DataWarning,
            stacklevel=3,
        )


@dataclass(eq=False, repr=False, kw_only=True)
class OneHotTokens(OneHotTokensOptions, TextTransformer):
    """Turn each text into a sequence of one-hot vectors, one a token: row A3.

    Of characters as in Hennebert and Melchior's names [004], whose alphabet is
    `sestina.text.one_hot.NAME_LETTERS`; of words as in Chollet's notebook [002] and P9120 [003].
    What comes out is what `SeriesClassifier` reads, with ``scaling="none"``. An alphabet of many
    words asks for ``sparse=True``; to train on words, `TextClassifier` needs no such vectors.

    Attributes (after `fit`):
        alphabet_: The V tokens, in the order of the columns.

    Example:
        >>> from sestina import OneHotTokens
        >>> letters = OneHotTokens(end="END").fit(["abba"])
        >>> letters.transform(["ab"])[0].astype(int).tolist()
        [[0, 1, 0], [0, 0, 1], [1, 0, 0]]
        >>> letters.alphabet_
        ('END', 'a', 'b')
    """

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the alphabet, or check the one given.

        Args:
            X: N texts, or lists of tokens.
            y: Not used; scikit-learn passes it.

        Raises:
            DataError: There is no token, or something is no text.
            OptionError: An option makes no sense, or a token stands twice in the alphabet.
        """
        check(self)
        marks = [] if self.end is None else [self.end]
        if self.alphabet is None:
            self.alphabet_ = tuple(sorted({*self._numbered(X).tokens, *marks}))
        else:
            self.alphabet_ = tuple(self.alphabet)
        if not self.alphabet_:
            raise DataError("there is no token in the texts; give texts, or an alphabet")
        if len(set(self.alphabet_)) < len(self.alphabet_):
            raise OptionError("a token stands twice in the alphabet; name each once")
        if not {*marks} <= {*self.alphabet_}:
            raise OptionError(f"end={self.end!r} is not in the alphabet; add it there")
        return self

    def transform(self, X: Any) -> list[Any]:
        """Return for each text its vectors, (T, V) float32: arrays, or with `sparse` CSR.

        Raises:
            NotFittedError: `fit` was not called before.
            DataError: A token is not in the alphabet, unless ``unknown="zeros"``.

        Warns:
            DataWarning: Tokens are not in the alphabet; how many.
        """
        check_is_fitted(self, "alphabet_")
        found = self._numbered(X)
        places = {token: column for column, token in enumerate(self.alphabet_)}
        columns = np.array([places.get(token, -1) for token in found.tokens], np.int64)
        self._say_unknown(found, columns)
        columns = columns[found.ids] if len(found.ids) else columns[:0]
        table = _unit_rows(columns, len(self.alphabet_))
        ends = np.cumsum(found.lengths)
        cut = [
            table[int(end - length) : int(end)]
            for end, length in zip(ends, found.lengths, strict=True)
        ]
        return cut if self.sparse else [rows.toarray() for rows in cut]

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the alphabet, (V,).

        Raises:
            NotFittedError: `fit` was not called before.
        """
        check_is_fitted(self, "alphabet_")
        return np.array(self.alphabet_, dtype=object)

    def _numbered(self, X: Any) -> Numbered:
        found = numbered(as_documents(X), cleaner(self), self.tokens, sets_marks(self))
        return found if self.end is None else _with_end(found, self.end)

    def _say_unknown(self, found: Numbered, columns: NDArray[np.int64]) -> None:
        strange = [t for t, column in zip(found.tokens, columns, strict=True) if column < 0]
        if not strange:
            return
        named = ", ".join(map(repr, strange[:LISTED])) + (" …" if strange[LISTED:] else "")
        if self.unknown == "error":
            raise DataError(
                f"{counted(len(strange), 'token')} not in the alphabet: {named}; add to it, or set "
                "unknown='zeros'"
            )
        count = int((columns[found.ids] < 0).sum())
        warnings.warn(
            f"{count:,} of {counted(len(found.ids), 'token')} not in the alphabet, which become "
            f"zeros: {named}",
            DataWarning,
            stacklevel=3,
        )


def _named(attribute: str, value: Any) -> str:
    return f"{attribute}={value}"


def _plain(X: Any) -> Any:
    """Return a table as an array of objects, unless it is one already."""
    if hasattr(X, "columns") and hasattr(X, "to_numpy"):
        return np.asarray(X.to_numpy(), dtype=object)
    if isinstance(X, list | tuple) and X and isinstance(X[0], list | tuple):
        widths = {len(row) for row in X}
        if len(widths) > 1:
            raise DataError(
                f"rows have {min(widths)} to {max(widths)} values; expected a table, with the same "
                "attributes in each row"
            )
        return np.array(X, dtype=object)
    return X


def _unit_rows(columns: NDArray[np.int64], width: int) -> csr_array:
    """Return a 1 a row, in the columns given; none where that is −1: (M, width)."""
    known = columns >= 0
    starts = np.concatenate([[0], np.cumsum(known)])
    ones = np.ones(int(known.sum()), np.float32)
    return csr_array((ones, columns[known], starts), shape=(len(columns), width))


def _with_end(found: Numbered, end: str) -> Numbered:
    """Return the same texts with a token behind each."""
    tokens: Sequence[str] = found.tokens
    tokens = [*tokens, *([] if end in tokens else [end])]
    ids = np.insert(found.ids, np.cumsum(found.lengths), tokens.index(end)).astype(np.int32)
    return Numbered(list(tokens), ids, found.lengths + 1)
