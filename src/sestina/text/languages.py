"""A vocabulary, and how texts become its tokens: texts → ids, and ids → text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

from sestina.config import TextOptions
from sestina.text.detokenise import BLANK, Joiner
from sestina.text.encode import Encoded, cut_by, encode, in_ids, learn_vocabulary
from sestina.text.tokenise import tokeniser
from sestina.text.vocabulary import EOS, PAD, Vocabulary

WHOLE = 2**31  # texts are read to their ends


@dataclass(frozen=True)
class Language:
    """A vocabulary, and how texts become its tokens; every text ends with EOS.

    Attributes:
        vocabulary: V tokens.
        reading: How texts are cleaned and cut up, to their ends (`WHOLE`), with EOS.
    """

    vocabulary: Vocabulary
    reading: TextOptions

    @classmethod
    def learn(cls, texts: Iterable[str], reading: TextOptions) -> tuple[Self, Encoded]:
        """Return what texts teach, and these texts in ids.

        Raises:
            DataError: There is no word in the texts.
            OptionError: An option leaves no token, or no room for one.
        """
        vocabulary, found = learn_vocabulary(texts, reading)
        return cls(vocabulary, reading), in_ids(found, vocabulary, reading)

    def encode(self, texts: Sequence[str], most: int = WHOLE) -> Encoded:
        """Return texts in ids, each with EOS behind its first `most` tokens."""
        return encode(texts, self.vocabulary, replace(self.reading, max_tokens=most + 1))

    def cut(self, text: str) -> list[str]:
        """Return the tokens of a text as they stand there, unknown ones too."""
        return tokeniser(self.reading, cut_by(self.vocabulary, self.reading))(text)

    @property
    def end(self) -> int:
        """The id of EOS."""
        return self.vocabulary[EOS]

    def tokens(self, ids: Iterable[int]) -> list[str]:
        """Return the tokens of ids, without PAD and EOS."""
        names = self.vocabulary.tokens
        return [names[n] for n in ids if names[n] not in (PAD, EOS)]

    def joined(self, tokens: Iterable[str]) -> str:
        """Return tokens as running text."""
        if self.reading.level == "subword":
            return " ".join("".join(tokens).replace(BLANK, " ").split())
        join = Joiner(self.reading.level)
        return "".join(map(join, tokens)).strip()
