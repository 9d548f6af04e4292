"""Words in context, and sentences: vectors made of language models' layers (row B5)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sestina.data.ragged import Ragged, sorted_batches
from sestina.errors import DataError, OptionError
from sestina.estimators.contexts import Contexts
from sestina.text.inputs import as_documents

BATCH = 64
LAYERS = ("mean", "top")


class InContext(TransformerMixin, BaseEstimator):
    """Base of the transformers that read sentences with language models.

    Attributes (after `fit`):
        depth_: L: the words' own vectors, if they are as long as a state, and the recurrent layers.
        features_: F: units of a layer, of both models together.

    Attributes (after `transform`):
        unknown_: Words outside the models' vocabulary, which read as UNK.
    """

    models: Any

    def fit(self, X: object = None, y: object = None) -> Self:
        """Open the models; nothing is learnt.

        Args:
            X: Not used; scikit-learn passes it.
            y: Not used.

        Raises:
            SestinaError: A model cannot be read, two do not go together, or an option is unknown.
        """
        self._contexts = Contexts.of(self.models, "models")
        self._module = self._contexts.module()
        self.depth_, self.features_ = self._module.depth, self._module.features
        return self

    def _ids(self, X: Any) -> Ragged:
        check_is_fitted(self, "depth_")
        documents = as_documents(X)
        if not documents:
            raise DataError("no sentences came; give one at least")
        ids = self._contexts.ids(documents)
        self.unknown_ = int((ids.values == 1).sum())
        return ids

    def _read(self, ids: Ragged) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Yield the number of each sentence and its words' layers (T, L, F), in any order."""
        with torch.inference_mode():
            for rows in sorted_batches(ids.lengths, BATCH):
                x, lengths = map(torch.from_numpy, ids.padded(rows))
                found = self._module.layers(x, lengths).numpy()
                for row, layers, length in zip(rows.tolist(), found, lengths.tolist(), strict=True):
                    yield row, layers[:length].copy()


class ContextualVectors(InContext):
    """Sentences → a vector for every layer of every word, each of which knows its context.

    What stands before a word makes one half of its vectors, what stands behind it the other: the
    layers of two language models, one of which was trained with ``backwards=True`` (Peters et al.
    2018, ELMo; row B5). One model alone gives its half.

    Args:
        models: A `LanguageModel` of words or its folder, a list of two, or a folder that holds
            two, forward/ and backward/.

    Attributes (after `fit`):
        depth_: L: the words' own vectors, if they are as long as a state, and the recurrent layers.
        features_: F: units of a layer, of both models together.

    Attributes (after `transform`):
        unknown_: Words outside the models' vocabulary, which read as UNK.

    Example:
        >>> from sestina import ContextualVectors, LanguageModel
        >>> texts = ["a bank lends money", "the bank of the river"] * 20
        >>> tiny = {"embedding": 8, "hidden": 8, "epochs": 1, "batch_size": 4}
        >>> forward = LanguageModel(**tiny).fit(texts)
        >>> backward = LanguageModel(**tiny, backwards=True).fit(texts)
        >>> first, second = ContextualVectors([forward, backward]).fit_transform(texts[:2])
        >>> first.shape, second.shape, bool((first[1] == second[1]).all())
        ((4, 2, 16), (5, 2, 16), False)
    """

    def __init__(self, models: Any) -> None:
        self.models = models

    def transform(self, X: Any) -> list[NDArray[np.float32]]:
        """Return the layers of the words of N sentences, N arrays (T, L, F).

        Args:
            X: Lists of words, or texts, which are cut into words.

        Raises:
            DataError: X is no list of those.
        """
        ids = self._ids(X)
        out: list[Any] = [None] * len(ids)
        for row, layers in self._read(ids):
            out[row] = layers
        return out


class ContextualSentenceVectors(InContext):
    """Sentences → one vector each: the mean over their words of the words in context (row B5).

    A scikit-learn transformer, as `SentenceVectors` is for vectors of words without context.

    Args:
        models: As for `ContextualVectors`.
        layer: What is taken of a word's layers: their ``"mean"``, or the ``"top"`` one.

    Attributes (after `fit`):
        depth_: L.
        features_: F.

    Attributes (after `transform`):
        unknown_: Words outside the models' vocabulary, which read as UNK.
        empty_: Sentences without a word, which became zeros.
    """

    def __init__(self, models: Any, *, layer: str = "mean") -> None:
        self.models = models
        self.layer = layer

    def fit(self, X: object = None, y: object = None) -> Self:
        """Open the models; nothing is learnt.

        Args:
            X: Not used; scikit-learn passes it.
            y: Not used.

        Raises:
            SestinaError: A model cannot be read, two do not go together, or `layer` is unknown.
        """
        if self.layer not in LAYERS:
            raise OptionError(f"layer={self.layer!r} is unknown; known are {', '.join(LAYERS)}")
        return super().fit(X, y)

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Return a vector for each of N sentences, (N, F).

        Args:
            X: Texts, which are cut into words, or lists of words.

        Raises:
            DataError: X is no list of those.
        """
        ids = self._ids(X)
        self.empty_ = int((ids.lengths == 0).sum())
        out = np.zeros((len(ids), self.features_), np.float32)
        for row, layers in self._read(ids):
            if len(layers):
                words = layers[:, -1] if self.layer == "top" else layers.mean(axis=1)
                out[row] = words.mean(axis=0)
        return out
