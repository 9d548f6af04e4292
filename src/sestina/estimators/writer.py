"""What a language model writes: texts drawn token by token, and words completed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sestina.errors import DataError, OptionError
from sestina.estimators import written
from sestina.estimators.completion import Completion, completions
from sestina.estimators.sampling import Sampler, most_tokens, seed_of
from sestina.estimators.token_stream import TokenStream
from sestina.text.detokenise import Joiner
from sestina.text.languages import Language
from sestina.text.vocabulary import EOS, UNK, Vocabulary


class Writer:
    """The part of a language model that writes; the model is its subclass."""

    vocabulary_: Vocabulary
    level: str
    backwards: bool
    seed: int

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
        """Yield what `generate` puts behind the prompt, token by token.

        Raises:
            OptionError: An option makes no sense, or the model reads backwards.
        """
        check_is_fitted(self, "network_")
        self._refuse_backwards()
        sampler = Sampler(temperature, top_k, top_p)
        generator = np.random.default_rng(seed_of(self.seed if seed is None else seed))
        return self._drawn(prompt, most_tokens(n), sampler, generator)

    def opening(self, prompt: str) -> str:
        """Return a prompt as a text begins with it: a word that follows brings its own blank."""
        return written.opening(prompt, self.level)

    def tokens(self, text: str) -> list[str]:
        """Return the tokens of a text, in order, as the model reads them; UNK as it is spelt."""
        if not isinstance(text, str):
            raise DataError(f"{text!r:.60} came; expected one text")
        return self._language().cut(text)

    def complete(self, prefix: str, n: int = 10, beginning: str = "") -> list[Completion]:
        """Return the n most probable words that follow, with their probabilities (row B10).

        A word model gives the next word, UNK and EOS left out. A model of characters or of parts
        of words goes on with the word that the prefix ends in, if it does, to its end; the
        probability is that of the characters to come, and with parts, of the whole word.

        Args:
            prefix: The text so far.
            n: How many words.
            beginning: Only words that begin so; of a word model.

        Raises:
            OptionError: n is less than 1, a model of other tokens is given a `beginning`, or the
                model reads backwards.
        """
        self._refuse_backwards()
        return completions(self._fed, self._language(), prefix, n, beginning)

    def _refuse_backwards(self) -> None:
        if self.backwards:
            raise OptionError(
                "this model reads texts from their ends, so that it cannot tell what follows; "
                "train one without backwards"
            )

    def _drawn(
        self, prompt: str, n: int, sampler: Sampler, generator: np.random.Generator
    ) -> Iterator[str]:
        stream, join = self._fed(prompt), Joiner(self.level)
        for known in written.cut_prompt(prompt, self._language()):
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
        for token in written.cut_prompt(prompt, self._language()):
            stream.advance(self.vocabulary_[token])
        return stream

    def _language(self) -> Language:
        check_is_fitted(self, "vocabulary_")
        return Language(self.vocabulary_, written.reading_of(self))
