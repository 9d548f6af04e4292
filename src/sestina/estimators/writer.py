"""What a language model writes: texts drawn token by token, and words completed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sestina.config import TextOptions
from sestina.errors import DataError, OptionError
from sestina.estimators.completion import Completion, next_tokens, whole_words
from sestina.estimators.sampling import Sampler
from sestina.estimators.token_stream import TokenStream
from sestina.text.detokenise import Joiner
from sestina.text.tokenise import tokeniser
from sestina.text.vocabulary import EOS, UNK, Vocabulary


class Writer:
    """The part of a language model that writes; the model is its subclass."""

    vocabulary_: Vocabulary
    level: str
    seed: int

    @abstractmethod
    def _reading(self) -> TextOptions:
        """Return how texts are read, in the terms of `text.encode`."""

    @abstractmethod
    def stream(self) -> TokenStream:
        """Return a text's beginning."""

    def generate(
        self,
        prompt: str = "",
        n: int = 100,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = None,
    ) -> str:
        """Return the prompt and what follows it, until EOS comes (rows E3 and E4).

        UNK is rejected and drawn again.

        Args:
            prompt: How the text begins.
            n: Tokens to draw, at most.
            temperature: Below 1 bolder, above 1 wilder; 0 takes the most probable token.
            top_k: Draw among so many of the most probable tokens.
            top_p: Draw among the fewest tokens that have this share together.
            seed: Of the draw; the model's own if None.
        """
        pieces = "".join(self.pieces(prompt, n, temperature, top_k, top_p, seed))
        return self.opening(prompt) + pieces

    def pieces(
        self,
        prompt: str = "",
        n: int = 100,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = None,
    ) -> Iterator[str]:
        """Yield what `generate` puts behind the prompt, token by token."""
        check_is_fitted(self, "network_")
        sampler = Sampler(temperature, top_k, top_p)
        if n < 0:
            raise OptionError(f"n={n!r} makes no sense; give the number of tokens to draw")
        generator = np.random.default_rng(self.seed if seed is None else seed)
        return self._drawn(prompt, n, sampler, generator)

    def opening(self, prompt: str) -> str:
        """Return a prompt as a text begins with it: a word that follows brings its own blank."""
        return prompt.rstrip() if self.level == "word" else prompt

    def complete(self, prefix: str, n: int = 10, beginning: str = "") -> list[Completion]:
        """Return the n most probable words that follow, with their probabilities (row B10).

        A word model gives the next word, UNK and EOS left out. A character model goes on with the
        word that the prefix ends in, if it does, to its end.

        Args:
            prefix: The text so far.
            n: How many words.
            beginning: Only words that begin so; of a word model.

        Raises:
            OptionError: n is less than 1, or a character model is given a `beginning`.
        """
        stream = self._fed(prefix)
        if n < 1:
            raise OptionError(f"n={n!r} makes no sense; give the number of words wanted")
        if self.level == "word":
            return next_tokens(stream, self.vocabulary_, n, beginning)
        if beginning:
            raise OptionError("a character model takes a word's beginning at the prefix's end")
        return whole_words(stream, self.vocabulary_, self._cut(prefix), n)

    def _drawn(
        self, prompt: str, n: int, sampler: Sampler, generator: np.random.Generator
    ) -> Iterator[str]:
        stream, join = self._fed(prompt), Joiner(self.level)
        for known in self._cut(prompt):
            join(known)
        unknown, end = self.vocabulary_[UNK], self.vocabulary_[EOS]
        for _ in range(n):
            token = sampler.draw(stream.log_probabilities, generator, [unknown])
            if token == end:
                return
            yield join(self.vocabulary_.tokens[token])
            stream.advance(token)

    def _fed(self, prompt: str) -> TokenStream:
        """Return a stream that has read a prompt."""
        if not isinstance(prompt, str):
            raise DataError(f"{prompt!r:.60} came; expected a string, the beginning of a text")
        stream = self.stream()
        for token in self._cut(prompt):
            stream.advance(self.vocabulary_[token])
        return stream

    def _cut(self, prompt: str) -> list[str]:
        """Return the tokens of a prompt; a blank at its end is one for a character model."""
        tokens = tokeniser(self._reading())(prompt)
        if self.level == "character" and tokens and prompt[-1].isspace():
            tokens.append(" ")
        return tokens
