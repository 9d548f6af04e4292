"""Texts → a sparse table of terms, tokens or n-grams, and how often each stands in each text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack

from sestina.config import TermOptions, check
from sestina.errors import DataError
from sestina.text.clean import cleaner, sets_marks
from sestina.text.inputs import as_documents
from sestina.text.ngrams import BETWEEN, check_lengths
from sestina.text.scan import Numbered, numbered
from sestina.text.transformer import TextTransformer

Longs = NDArray[np.int64]


class Level(NamedTuple):
    """The different runs of n tokens.

    Attributes:
        left: Number of each run's first n − 1 tokens, one level below, (U,).
        right: Number of its last token, (U,).
    """

    left: Longs
    right: Longs


class Terms:
    """The terms of N texts: U different ones, numbered, and their counts.

    Attributes:
        table: (N, U) sparse float32: how often each term stands in each text.
    """

    def __init__(self, documents: Sequence[Any], options: TermOptions) -> None:
        found = numbered(documents, cleaner(options), options.tokens, sets_marks(options))
        self._tokens = found.tokens
        self._between = "" if options.tokens == "characters" else BETWEEN
        self._levels, tables = _levels(found, options.max_n)
        kept = tables[options.min_n - 1 :]
        self._shortest, self._sizes = options.min_n, [table.shape[1] for table in kept]
        self.table = kept[0] if len(kept) == 1 else csr_array(hstack(kept, format="csr"))

    def names(self, numbers: Longs | None = None) -> list[str]:
        """Return terms by their numbers, in increasing order; all if None."""
        if numbers is None:
            numbers = np.arange(sum(self._sizes))
        names: list[str] = []
        for place, size in enumerate(self._sizes):
            some = numbers[(numbers >= 0) & (numbers < size)]
            names += self._runs(some, self._shortest + place)
            numbers = numbers - size
        return names

    def _runs(self, numbers: Longs, length: int) -> list[str]:
        if length == 1:
            return [self._tokens[number] for number in numbers.tolist()]
        level = self._levels[length - 2]
        lefts = self._runs(level.left[numbers], length - 1)
        rights = level.right[numbers].tolist()
        return [
            left + self._between + self._tokens[right]
            for left, right in zip(lefts, rights, strict=True)
        ]


def _levels(found: Numbered, longest: int) -> tuple[list[Level], list[csr_array]]:
    """Number the runs of 2, 3, … tokens; return them, and the tables of all lengths."""
    texts = len(found.lengths)
    ids = found.ids.astype(np.int64) if longest > 1 else found.ids
    owner = np.repeat(np.arange(texts, dtype=np.int32), found.lengths) if longest > 1 else ids[:0]
    lengths, runs, places = found.lengths, ids, np.arange(len(owner))
    levels, tables = [], [_counted(ids, lengths, len(found.tokens))]
    for size in range(2, longest + 1):
        ends = places + size - 1  # of runs that begin at `places`
        inside = ends < len(ids)
        inside[inside] = owner[places[inside]] == owner[ends[inside]]
        places = places[inside]
        keys = runs[inside] * len(found.tokens) + ids[ends[inside]]
        different, runs = np.unique(keys, return_inverse=True)
        levels.append(Level(*np.divmod(different, max(len(found.tokens), 1))))
        lengths = np.maximum(lengths - 1, 0)
        tables.append(_counted(runs, lengths, len(different)))
    return levels, tables


def _counted(ids: NDArray[np.integer], lengths: Longs, width: int) -> csr_array:
    """Return how often each number stands in each text, (N, width)."""
    starts = np.concatenate([[0], np.cumsum(lengths)])
    ones = np.ones(len(ids), np.float32)
    kind = np.int32 if max(len(ids), width) < 2**31 else np.int64
    table = csr_array((ones, ids.astype(kind), starts.astype(kind)), shape=(len(lengths), width))
    table.sum_duplicates()
    return table


def moved(table: csr_array, places: NDArray[np.integer], width: int) -> csr_array:
    """Return a table with columns elsewhere; those of place −1 are left out, equal ones added.

    Args:
        table: (N, U).
        places: New column of each, (U,).
        width: V, columns of the new table.
    """
    columns = places[table.indices]
    kept = columns >= 0
    starts = np.concatenate([[0], np.cumsum(kept)])[table.indptr]
    out = csr_array(
        (
            table.data[kept],
            columns[kept].astype(table.indices.dtype),
            starts.astype(table.indptr.dtype),
        ),
        shape=(table.shape[0], width),
    )
    out.sum_duplicates()
    return out


class TermTransformer(TextTransformer):
    """Base of what turns texts into tables of terms; its options are `TermOptions`."""

    def _terms(self, X: Any, training: bool = False) -> Terms:
        """Return the terms of texts.

        Raises:
            DataError: There is no text to learn from, or something is no text.
            OptionError: An option makes no sense.
        """
        check(self)
        check_lengths(self.min_n, self.max_n)
        documents = as_documents(X)
        if training and not documents:
            raise DataError("no texts came; expected a list of at least one")
        return Terms(documents, self)
