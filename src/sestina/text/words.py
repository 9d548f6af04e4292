"""Sentences that come as lists of words → numbers: words, words with vectors, characters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sestina.data.ragged import Ragged
from sestina.text.vocabulary import PAD, UNK, Vocabulary

Sentence = Sequence[str]


class WordOptions(Protocol):
    """What learning words asks for."""

    lowercase: bool
    vocabulary: int | None
    min_count: int
    characters: str | None


@dataclass(frozen=True)
class Numbered:
    """N sentences in numbers.

    Attributes:
        ids: Of each word its number, its number among words with pre-trained vectors, and that of
            its spelling: (sum of lengths, 3) int64.
        spellings: Characters of each different spelling; the first is empty, for padding.
        unknown: Words, running ones, that the vocabulary does not hold.
    """

    ids: Ragged
    spellings: Ragged
    unknown: int


@dataclass(frozen=True)
class Lexicon:
    """What is known of words.

    Attributes:
        words: Words of the training part, in lower case where `lowercase`.
        known: Words that have a pre-trained vector, as they are spelt there.
        characters: Characters of the training part.
        lowercase: Whether words are looked up in lower case.
    """

    words: Vocabulary
    known: Vocabulary
    characters: Vocabulary
    lowercase: bool

    @classmethod
    def learn(
        cls, sentences: Iterable[Sentence], options: WordOptions, known: Iterable[str] = ()
    ) -> tuple[Lexicon, Counter[str]]:
        """Return what the training part's words teach, and how often each word occurs there.

        Args:
            sentences: N lists of words.
            options: Which words and characters to keep.
            known: Words that have a pre-trained vector.
        """
        spelt = Counter(word for sentence in sentences for word in sentence)
        counts: Counter[str] = Counter()
        letters: Counter[str] = Counter()
        for word, number in spelt.items():
            counts[word.lower() if options.lowercase else word] += number
            if options.characters:
                for letter in word:
                    letters[letter] += number
        words = Vocabulary.from_counts(counts, options.vocabulary, options.min_count)
        unique = dict.fromkeys(word for word in known if word not in (PAD, UNK))
        found = Vocabulary([PAD, UNK, *unique])
        return cls(words, found, Vocabulary.from_counts(letters), options.lowercase), counts

    def has(self, word: str) -> bool:
        """Tell whether a word is in the vocabulary of the training part."""
        return (word.lower() if self.lowercase else word) in self.words

    def has_vector(self, word: str) -> bool:
        """Tell whether a word has a pre-trained vector, as spelt or else in lower case."""
        return word in self.known or word.lower() in self.known

    def numbers(self, sentences: Sequence[Sentence]) -> Numbered:
        """Return sentences in numbers; unknown words and characters are 1."""
        places: dict[str, int] = {}
        spelt = np.fromiter(
            (places.setdefault(word, len(places) + 1) for row in sentences for word in row),
            dtype=np.int64,
        )
        table = np.zeros((len(places) + 1, 3), np.int64)
        table[1:, 0] = self.words.encode(
            word.lower() if self.lowercase else word for word in places
        )
        table[1:, 1] = self._among_known(places)
        table[:, 2] = np.arange(len(table))
        offsets = np.cumsum([0, *map(len, sentences)], dtype=np.int64)
        values = table[spelt]
        letters = [self.characters.encode(word) for word in places] if self._spells else []
        empty = np.zeros(0, np.int32)
        spellings = Ragged.of([empty, *letters], empty)
        return Numbered(Ragged(values, offsets), spellings, int((values[:, 0] == 1).sum()))

    @property
    def _spells(self) -> bool:
        return len(self.characters) > 2

    def _among_known(self, words: Iterable[str]) -> NDArray[np.int64]:
        """Return the numbers of words among those with vectors, as spelt or else in lower case."""
        find = self.known
        found = [find[word] if word in find else find[word.lower()] for word in words]
        return np.array(found, np.int64)
