"""Language models of the house as what a prefix search asks: log P(word | words before it)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sestina.data.ragged import Ragged
from sestina.recognition.prefix_search import WordScore
from sestina.text.vocabulary import EOS, UNK, Vocabulary

UNSEEN = 1e-6  # how likely each unknown word is, of all that are unknown
KEPT = 256  # beginnings of texts whose next tokens stay known


class Grams(Protocol):
    """What knows log P of every token of rows but their first ones, as `KneserNey` does."""

    def log_probabilities(self, rows: Ragged) -> NDArray[np.float64]:
        """Return them, laid end to end."""


class Stream(Protocol):
    """A language model in the middle of a text, as `LanguageModel.stream()` gives it."""

    state: Any

    @property
    def log_probabilities(self) -> NDArray[np.float64]:
        """Log P of each token coming next, (V,)."""

    def advance(self, token: int) -> None:
        """Go one token on, given by its id."""


def of_grams(grams: Grams, vocabulary: Vocabulary, order: int = 5) -> WordScore:
    """Return the score of words by n-grams over rows that begin with EOS.

    An unknown word has the probability of UNK times `UNSEEN`, since UNK stands for many.

    Args:
        grams: Fitted on rows of the vocabulary's ids.
        vocabulary: With EOS.
        order: Tokens of the longest n-grams; words further back are not asked for.
    """

    def score(word: str, before: tuple[str, ...]) -> float:
        kept = before[-(order - 1) :] if order > 1 else ()
        begun = [EOS] if len(kept) == len(before) else []
        ids = vocabulary.encode([*begun, *kept, word]).astype(np.int64)
        logs = grams.log_probabilities(Ragged.of([ids], np.empty(0, np.int64)))
        return float(logs[-1]) + _unseen(word, vocabulary)

    return _remembered(score)


def of_stream(
    begin: Callable[[], Stream],
    vocabulary: Vocabulary,
    tokens: Callable[[str], Sequence[str]] = str.split,
) -> WordScore:
    """Return the score of words by a language model that reads token by token.

    Args:
        begin: Gives a stream at the beginning of a text, as `LanguageModel.stream` does.
        vocabulary: The model's.
        tokens: How the model cuts a text, as `LanguageModel.tokens`; a word of several counts as
            all of them.
    """

    @lru_cache(maxsize=KEPT)
    def after(read: tuple[str, ...]) -> tuple[Any, NDArray[np.float64]]:
        """Return a stream's state after tokens, and log P of what comes next."""
        stream = begin()
        if read:
            stream.state = after(read[:-1])[0]
            stream.advance(vocabulary[read[-1]])
        return stream.state, stream.log_probabilities

    def score(word: str, before: tuple[str, ...]) -> float:
        read = len(tokens(" ".join(before)))
        every = tuple(tokens(" ".join([*before, word])))
        return sum(
            float(after(every[:n])[1][vocabulary[every[n]]]) + _unseen(every[n], vocabulary)
            for n in range(read, len(every))
        )

    return _remembered(score)


def _unseen(word: str, vocabulary: Vocabulary) -> float:
    return 0.0 if word in vocabulary and word != UNK else float(np.log(UNSEEN))


def _remembered(score: WordScore) -> WordScore:
    """Return a score that keeps its answers: a search asks the same again and again."""
    known: dict[tuple[str, tuple[str, ...]], float] = {}

    def asked(word: str, before: tuple[str, ...]) -> float:
        if (word, before) not in known:
            known[word, before] = score(word, before)
        return known[word, before]

    return asked
