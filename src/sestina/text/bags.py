"""Texts → bags of words: multi-hot vectors, counts, TF-IDF (rows A4 and A6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.utils.validation import check_is_fitted

from sestina.config import BagOptions, TfIdfOptions
from sestina.errors import DataError, counted
from sestina.text.terms import Terms, TermTransformer, moved


class Coverage(NamedTuple):
    """How much of some texts a bag of words can see.

    Attributes:
        terms: Terms in the texts, repeats included.
        known: Those that have a column.
    """

    terms: int
    known: int

    def __str__(self) -> str:
        share = self.known / max(self.terms, 1)
        return f"{self.known:,} of {counted(self.terms, 'term')} have a column ({share:.1%})"


@dataclass(eq=False, repr=False, kw_only=True)
class Counts(BagOptions, TermTransformer):
    """Count the terms of each text: the word × document table of EDAN95 [002], row A4.

    The options are those of `sestina.config.BagOptions`. Texts may also be lists of tokens, for
    instance those of `Subwords`. Columns stand in the order of the alphabet. Terms that the
    training texts lack have none; `coverage` says how many those are.

    Attributes (after `fit`):
        vocabulary_: Column of each term.

    Example:
        >>> from sestina import Counts
        >>> texts = ["Chrysler plans new investments in Latin America.",
        ...          "Chrysler plans major investments in Mexico."]
        >>> bags = Counts().fit(texts)
        >>> " ".join(bags.get_feature_names_out())
        'america chrysler in investments latin major mexico new plans'
        >>> bags.transform(texts).toarray().astype(int).tolist()
        [[1, 1, 1, 1, 1, 0, 0, 1, 1], [0, 1, 1, 1, 0, 1, 1, 0, 1]]
    """

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn which terms there are.

        Args:
            X: N texts, or lists of tokens.
            y: Not used; scikit-learn passes it.

        Raises:
            DataError: There is no text, something is no text, or no term is left.
            OptionError: An option makes no sense.
        """
        self._learn(self._terms(X, training=True))
        return self

    def fit_transform(self, X: Any, y: Any = None) -> csr_array:
        """Learn which terms there are, and return the table of the same texts, (N, V).

        Raises:
            DataError: As `fit`.
            OptionError: As `fit`.
        """
        terms = self._terms(X, training=True)
        places = self._learn(terms)
        return self._weighed(moved(terms.table, places, len(self.vocabulary_)), _sums(terms))

    def transform(self, X: Any) -> csr_array:
        """Return the table of texts, (N, V) sparse float32.

        Raises:
            NotFittedError: `fit` was not called before.
            DataError: Something is no text.
        """
        check_is_fitted(self, "vocabulary_")
        terms = self._terms(X)
        return self._weighed(self._known(terms), _sums(terms))

    def coverage(self, X: Any) -> Coverage:
        """Return how many of the terms of texts have a column, repeats counted.

        Raises:
            NotFittedError: `fit` was not called before.
            DataError: Something is no text.
        """
        check_is_fitted(self, "vocabulary_")
        terms = self._terms(X)
        return Coverage(int(_sums(terms).sum()), int(_sum(self._known(terms).data)))

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the terms by column, (V,).

        Raises:
            NotFittedError: `fit` was not called before.
        """
        check_is_fitted(self, "vocabulary_")
        return np.array(list(self.vocabulary_), dtype=object)

    def _known(self, terms: Terms) -> csr_array:
        """Return the counts of the terms that have a column, (N, V)."""
        find, names = self.vocabulary_.get, terms.names()
        places = np.fromiter((find(name, -1) for name in names), np.int64, len(names))
        return moved(terms.table, places, len(self.vocabulary_))

    def _learn(self, terms: Terms) -> NDArray[np.int64]:
        """Set which terms have columns; return the column of each term of the texts, or −1."""
        totals = np.bincount(
            terms.table.indices, weights=terms.table.data, minlength=terms.table.shape[1]
        )
        kept = np.flatnonzero(totals >= self.min_count)
        if not len(kept):
            raise DataError(
                f"no term is left of {counted(int(totals.sum()), 'term')} "
                f"with min_count={self.min_count}; give more text or lower min_count"
            )
        if self.vocabulary is not None and len(kept) > self.vocabulary:
            least = np.partition(totals[kept], -self.vocabulary)[-self.vocabulary]
            kept = kept[totals[kept] >= least]
        names = terms.names(kept)
        order = sorted(range(len(names)), key=names.__getitem__)
        if self.vocabulary is not None and len(order) > self.vocabulary:  # ties at its end
            frequent = sorted(order, key=lambda n: -totals[kept[n]])[: self.vocabulary]
            order = sorted(frequent, key=names.__getitem__)
        self.vocabulary_ = {names[n]: column for column, n in enumerate(order)}
        places = np.full(len(totals), -1)
        places[kept[order]] = np.arange(len(order))
        return places

    def _weighed(self, table: csr_array, sums: NDArray[np.float64]) -> csr_array:
        """Return the values of a table of counts.

        Args:
            table: (N, V), to be kept or changed.
            sums: Terms of each text, those without a column included, (N,).
        """
        return table


@dataclass(eq=False, repr=False, kw_only=True)
class MultiHot(Counts):
    """Mark which terms each text has, 0 or 1: multi-hot vectors of Chen [001], row A4.

    Options and attributes are those of `Counts`.

    Example:
        >>> from sestina import MultiHot
        >>> MultiHot().fit_transform(["so, so good", "bad"]).toarray().tolist()
        [[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]]
    """

    def _weighed(self, table: csr_array, sums: NDArray[np.float64]) -> csr_array:
        table.data[:] = 1
        return table


@dataclass(eq=False, repr=False, kw_only=True)
class TfIdf(TfIdfOptions, Counts):
    """Weigh the terms of each text by how rare they are elsewhere: row A6.

    With ``formula="lecture"``, as in EDAN95 [002]: the value of term i in text j is
    t_ij / Σ_i t_ij · log(N / n_i), the sum over all terms of the text, log the natural one, N
    the training texts and n_i those with the term. A term that every text has is worth 0.

    With ``formula="scikit-learn"``, what its `TfidfVectorizer` gives by default: t_ij ·
    (log((1 + N) / (1 + n_i)) + 1), then each text divided by its Euclidean length.

    Other options are those of `Counts`.

    Attributes (after `fit`):
        vocabulary_: Column of each term.
        idf_: The factor of each column, (V,).

    Example:
        >>> from sestina import TfIdf
        >>> table = TfIdf().fit_transform(["red red car", "blue car"])
        >>> [[f"{value:.3f}" for value in row] for row in table.toarray()]  # log(2) · 2/3, · 1/2
        [['0.000', '0.000', '0.462'], ['0.347', '0.000', '0.000']]
    """

    def _learn(self, terms: Terms) -> NDArray[np.int64]:
        places = super()._learn(terms)
        columns = places[terms.table.indices]
        found = np.bincount(columns[columns >= 0], minlength=len(self.vocabulary_))
        texts = terms.table.shape[0]
        if self.formula == "lecture":
            self.idf_ = np.log(texts / found)
        else:
            self.idf_ = np.log((1 + texts) / (1 + found)) + 1
        return places

    def _weighed(self, table: csr_array, sums: NDArray[np.float64]) -> csr_array:
        values = table.data * self.idf_[table.indices]
        rows = np.diff(table.indptr)
        if self.formula == "lecture":
            values /= np.repeat(np.maximum(sums, 1), rows)
        else:
            owner = np.repeat(np.arange(len(rows)), rows)
            squares = np.bincount(owner, weights=values**2, minlength=len(rows))
            values /= np.sqrt(squares)[owner]
        table.data = values.astype(np.float32)
        table.eliminate_zeros()
        return table


def _sums(terms: Terms) -> NDArray[np.float64]:
    """Return how many terms each text has, (N,)."""
    starts = terms.table.indptr
    running = np.concatenate([[0.0], np.cumsum(terms.table.data, dtype=np.float64)])
    sums: NDArray[np.float64] = running[starts[1:]] - running[starts[:-1]]
    return sums


def _sum(values: NDArray[np.float32]) -> float:
    return float(values.sum(dtype=np.float64))
