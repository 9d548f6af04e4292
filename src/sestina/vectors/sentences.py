"""Vectors of sentences, made of their words' vectors: the mean, or the weighted mean called SIF."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sestina.errors import DataError, OptionError, counted, nearest
from sestina.text.inputs import as_documents
from sestina.text.tokenise import words as tokens_of
from sestina.vectors.table import WordVectors

Sentences = Iterable[str | Sequence[str]]
METHODS = ("mean", "sif")
FREQUENCIES = ("counts", "zipf")


class SentenceVectors(TransformerMixin, BaseEstimator):
    """Sentences → vectors: scikit-learn's transformer, for pipelines with its classifiers.

    ``"mean"`` is the mean of a sentence's word vectors. ``"sif"`` (smooth inverse frequency;
    Arora, Liang and Ma 2017) weighs each word by a / (a + p(word)) and then takes out of every
    sentence what lies along the first singular vector of all of them, which `fit` learns.

    Args:
        vectors: The words' vectors: a `WordVectors`, or what `WordVectors.load` takes.
        method: ``"mean"`` or ``"sif"``.
        a: SIF's weight; its authors recommend 0.001 … 0.0001.
        frequencies: Where p(word) is from: ``"counts"``, those the vectors carry; or ``"zipf"``,
            1 / rank, scaled to sum to 1, for vectors that stand by falling frequency of their
            words, as nearly all published ones do.

    Attributes (after `fit`):
        component_: SIF's first singular vector, (D,); zeros for the mean.

    Attributes (after `transform`):
        unknown_: Tokens that had no vector and were left out.
        empty_: Sentences without a known token, which became zeros.

    Example:
        >>> vectors = WordVectors(["up", "left"], [[0, 1], [1, 0]])
        >>> SentenceVectors(vectors, method="mean").fit_transform(["up left", "up up"]).tolist()
        [[0.5, 0.5], [0.0, 1.0]]
    """

    def __init__(
        self,
        vectors: str | Path | WordVectors,
        *,
        method: str = "sif",
        a: float = 1e-3,
        frequencies: str = "counts",
    ) -> None:
        self.vectors = vectors
        self.method = method
        self.a = a
        self.frequencies = frequencies

    def fit(self, sentences: Sentences, y: object = None) -> Self:
        """Learn what all sentences have in common; the mean learns nothing.

        Args:
            sentences: Texts, which are cut into words, or lists of tokens.
            y: Not used; scikit-learn passes it.

        Raises:
            OptionError: An option has an unknown value, or `a` is not above 0.
            DataError: No sentence has a word that is known; or SIF finds no counts.
        """
        self.fit_transform(sentences)
        return self

    def transform(self, sentences: Sentences) -> NDArray[np.float32]:
        """Return a vector per sentence, (N, D).

        Raises:
            NotFittedError: `fit` was not called before.
        """
        check_is_fitted(self, "component_")
        return self._without_common(self._means(sentences))

    def fit_transform(self, sentences: Sentences, y: object = None) -> NDArray[np.float32]:
        """Return what `transform` does after `fit`, reading the sentences once."""
        self._check()
        self._table = WordVectors.load(self.vectors)
        self._weights = None
        if self.method == "sif":
            self._weights = _weights(self._table, self.a, self.frequencies)
        means = self._means(sentences)
        self._learn(means)
        return self._without_common(means)

    def _check(self) -> None:
        if self.method not in METHODS:
            hint = nearest(str(self.method), METHODS)
            raise OptionError(f"there is no method {self.method!r}{hint}")
        if self.frequencies not in FREQUENCIES:
            hint = nearest(str(self.frequencies), FREQUENCIES)
            raise OptionError(f"frequencies={self.frequencies!r} is unknown{hint}")
        if not self.a > 0:
            raise OptionError(f"a={self.a} makes no sense; it must be above 0, 0.001 as a rule")

    def _learn(self, means: NDArray[np.float32]) -> None:
        if not means.any():
            raise DataError(
                f"none of the words of {counted(len(means), 'sentence')} has a vector; "
                "is it the same language, and in lower case where the vectors are?"
            )
        self.component_ = np.zeros(means.shape[1], dtype=np.float32)
        if self.method == "sif":
            wide = means.astype(np.float64)
            vector = np.linalg.eigh(wide.T @ wide)[1][:, -1]
            self.component_[:] = vector * np.copysign(1, (wide @ vector).sum())

    def _without_common(self, means: NDArray[np.float32]) -> NDArray[np.float32]:
        return means - np.outer(means @ self.component_, self.component_)

    def _means(self, sentences: Sentences) -> NDArray[np.float32]:
        """Return the (weighted) mean of the vectors of each sentence's known words, (N, D)."""
        lists = [tokens_of(s) if isinstance(s, str) else s for s in as_documents(sentences)]
        known: dict[str, int] = {}
        numbers = [known.setdefault(token, len(known)) for tokens in lists for token in tokens]
        rows, found = self._table.rows_for(known)
        weights = found.astype(np.float64)
        if self._weights is not None:
            ids = self._table.ids_for(known)
            weights[ids >= 0] = self._weights[ids[ids >= 0]]  # made of parts: rare, weight 1
        columns = np.array(numbers, dtype=np.int64)
        starts = np.concatenate([[0], np.cumsum([len(tokens) for tokens in lists])]).astype(
            np.int64
        )
        present = csr_matrix((found[columns] * 1.0, columns, starts), (len(lists), len(known)))
        lengths = present.sum(axis=1).A1
        self.unknown_ = len(columns) - int(lengths.sum())
        self.empty_ = int((lengths == 0).sum())
        sums = present @ (rows * weights[:, None])
        means: NDArray[np.float64] = sums / np.maximum(lengths, 1)[:, None]
        return means.astype(np.float32)


def _weights(vectors: WordVectors, a: float, frequencies: str) -> NDArray[np.float64]:
    """Return a / (a + p) of every word, (V,)."""
    if frequencies == "zipf":
        often: NDArray[np.float64] = 1 / np.arange(1, len(vectors) + 1)
    elif vectors.counts is None:
        raise DataError(
            "these vectors came without counts of their words, which SIF weighs them by; take "
            "frequencies='zipf' if the most frequent words stand first, or method='mean'"
        )
    else:
        often = np.asarray(vectors.counts, dtype=np.float64)
    if not often.sum() > 0:
        raise DataError("the counts of the words are all 0, so that SIF cannot weigh them")
    weights: NDArray[np.float64] = a / (a + often / often.sum())
    return weights
