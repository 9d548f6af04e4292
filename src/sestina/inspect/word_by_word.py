"""The baseline beside every translator: each word by itself, as the training pairs teach it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Self

from sestina.text.detokenise import Joiner
from sestina.text.ibm1 import IBM1
from sestina.text.tokenise import words


class WordByWord:
    """Every word becomes its likeliest translation by IBM model 1, in the order of the source.

    Words and marks are learnt in lower case; a capital stays one, an unknown word stays as it is.

    Attributes (after `fit`):
        n_parameters_: Couples of words that it knows.
        seconds_: Seconds that `fit` took.
    """

    name = "word by word (IBM model 1)"

    def fit(self, sources: Sequence[str], targets: Sequence[str]) -> Self:
        """Learn from sentences and their translations.

        Raises:
            DataError: None has words.
        """
        started = time.perf_counter()
        sides = [[words(text.lower()) for text in side] for side in (sources, targets)]
        model = IBM1().fit(*sides)
        self._dictionary = model.dictionary()
        self.n_parameters_ = model.n_parameters_
        self.seconds_ = time.perf_counter() - started
        return self

    def predict(self, sources: Sequence[str]) -> list[str]:
        """Return translations of N sentences."""
        return ["".join(map(Joiner(), map(self._translated, words(text)))) for text in sources]

    def _translated(self, word: str) -> str:
        found = self._dictionary.get(word.lower(), word)
        return found[:1].upper() + found[1:] if word[:1].isupper() else found
