"""Texts → integer sequences of one length, padded and cut: row A7."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from sestina.config import TextOptions, check
from sestina.errors import DataError
from sestina.text.encode import Encoded, encode, learn
from sestina.text.inputs import as_texts
from sestina.text.transformer import TextTransformer


@dataclass(eq=False, repr=False, kw_only=True)
class IntegerSequences(TextOptions, TextTransformer):
    """Turn texts into rows of token numbers, all of the same length: row A7.

    PAD is 0, UNK 1, then START and EOS where asked for, then the most frequent tokens. Chen [001]
    keeps the first 100 words and pads after them: ``max_tokens=100``; P9120 [003] keeps the last
    T and pads before them: ``max_tokens=T, truncate="pre", pad="pre"``. `TextClassifier` does all
    this itself, and without padding.

    The options are those of `sestina.config.TextOptions`.

    Attributes (after `fit`):
        vocabulary_: The `Vocabulary`.

    Example:
        >>> from sestina import IntegerSequences
        >>> numbers = IntegerSequences(max_tokens=3, pad="pre").fit(["a dull, dull film"])
        >>> numbers.vocabulary_.tokens[2:]
        ('dull', ',', 'a', 'film')
        >>> numbers.transform(["a fine film", "dull"]).tolist()
        [[4, 1, 5], [0, 0, 2]]
    """

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the vocabulary.

        Args:
            X: N texts.
            y: Not used; scikit-learn passes it.

        Raises:
            DataError: There is no text, or something is no text.
            OptionError: An option makes no sense, or leaves no room for a token.
        """
        self._learn(X)
        return self

    def fit_transform(self, X: Any, y: Any = None) -> NDArray[np.int32]:
        """Learn the vocabulary, and return the numbers of the same texts, (N, max_tokens).

        Raises:
            DataError: As `fit`.
            OptionError: As `fit`.
        """
        return self._padded(self._learn(X))

    def transform(self, X: Any) -> NDArray[np.int32]:
        """Return the token numbers of texts, (N, max_tokens) int32.

        Raises:
            NotFittedError: `fit` was not called before.
            DataError: Something is no text.
        """
        return self._padded(self.encoded(X))

    def encoded(self, X: Any) -> Encoded:
        """Return texts as ragged numbers, and how many were cut, unknown or empty.

        Raises:
            NotFittedError: `fit` was not called before.
            DataError: Something is no text.
        """
        check_is_fitted(self, "vocabulary_")
        return encode(as_texts(X), self.vocabulary_, self)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return names of the places, (max_tokens,)."""
        return np.array([f"token{n}" for n in range(1, self.max_tokens + 1)], dtype=object)

    def _learn(self, X: Any) -> Encoded:
        check(self)
        texts = as_texts(X)
        if not texts:
            raise DataError("no texts came; expected a list of at least one")
        self.vocabulary_, found = learn(texts, self)
        return found

    def _padded(self, found: Encoded) -> NDArray[np.int32]:
        rows, _ = found.ids.padded(np.arange(len(found.ids)), self.max_tokens, self.pad)
        return rows
