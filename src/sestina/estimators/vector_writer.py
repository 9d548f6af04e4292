"""What a sequence from one vector is: the most probable one, drawn ones, token by token."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted

from sestina.config import StackOptions
from sestina.errors import DataError, OptionError
from sestina.estimators import vector_training, written
from sestina.estimators.completion import Completion, completions
from sestina.estimators.decoding import drawn, most_probable
from sestina.estimators.sampling import Sampler, most_tokens, seed_of
from sestina.estimators.token_stream import Given, TokenStream
from sestina.nn.from_vector import Decoder, VectorNetwork
from sestina.options import is_whole
from sestina.text.attributes import Attributes, Table
from sestina.text.detokenise import Joiner
from sestina.text.inputs import as_sequences
from sestina.text.languages import Language
from sestina.text.vocabulary import EOS, UNK, Vocabulary

BEAM = 5  # beginnings that are followed up, where no number is named
LONGER = 2  # a prediction may be so many times as long as the longest training sequence
ROWS = 256  # written side by side, at most
SCORES = 1 << 22  # of tokens at once, at most


class VectorWriter(StackOptions):
    """The part of a `SequenceFromVector` that writes; the model is its subclass."""

    network_: VectorNetwork
    vocabulary_: Vocabulary
    longest_: int
    lists_: bool
    attributes_: Attributes
    level: str
    seed: int

    @abstractmethod
    def _vectors(self, X: Any) -> Table:
        """Return X as the network takes it, (N, D)."""

    def predict(self, X: Any, beam: int | None = None, n: int | None = None) -> list[Any]:
        """Return the most probable sequence that a beam search finds for each vector.

        Args:
            X: (N, A), as in `fit`.
            beam: Beginnings that are followed up side by side; 5 if None.
            n: Tokens at most; twice those of the longest training sequence if None.

        Returns:
            N strings, or lists of tokens, as those of the training.
        """
        check_is_fitted(self, "network_")
        beam = BEAM if beam is None else beam
        if not is_whole(beam) or beam < 1:
            raise OptionError(f"beam={beam!r} leaves no hypothesis; give 1 or more")
        most = most_tokens(LONGER * max(self.longest_, 1) if n is None else n)
        return [
            self._written(ids)
            for decoder, _ in self._decoders(X, [], beam)
            for ids in most_probable(decoder, beam, most, self._end, self._never)
        ]

    def generate(
        self,
        X: Any,
        n: int = 100,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = None,
        prompt: Any = "",
    ) -> list[Any]:
        """Return a sequence drawn for each vector, token by token until EOS comes (row E3).

        UNK is rejected and drawn again. Row k is drawn with the seed `seed` + k, whatever stands in
        the other rows.

        Args:
            X: (N, A), as in `fit`.
            n: Tokens to draw, at most.
            temperature: Below 1 bolder, above 1 wilder; 0 takes the most probable token.
            top_k: Draw among so many of the most probable tokens.
            top_p: Draw among the fewest tokens that have this share together.
            seed: Of the draw; the model's own if None.
            prompt: How every sequence begins: a string, or a list of tokens where y held such.

        Returns:
            N strings, or lists of tokens, the prompt included.
        """
        check_is_fitted(self, "network_")
        sampler, most = Sampler(temperature, top_k, top_p), most_tokens(n)
        first = seed_of(self.seed if seed is None else seed)
        opening = self._opening(prompt)
        found = []
        for decoder, rows in self._decoders(X, opening, 1):
            chance = [np.random.default_rng(first + row) for row in rows]
            found += drawn(decoder, sampler, chance, most, self._end, self._never)
        return [self._written(ids, opening, prompt) for ids in found]

    def complete(
        self, x: Any, prefix: Any = "", n: int = 10, beginning: str = ""
    ) -> list[Completion]:
        """Return the n most probable words that follow, given a vector, with their probabilities.

        What a word is, is that of `LanguageModel.complete`; of lists of tokens, a token.

        Args:
            x: One row of X, (A,).
            prefix: The text so far: a string, or a list of tokens where y held such.
            n: How many words.
            beginning: Only words that begin so; not of characters or parts of words.

        Raises:
            DataError: x or the prefix cannot be used.
            OptionError: n is less than 1, or characters or parts of words have a `beginning`.
        """
        check_is_fitted(self, "network_")
        language = self._language()
        if self.lists_:  # what is in lists is whole, whatever the level
            language = replace(language, reading=replace(language.reading, level="word"))
        return completions(lambda text: self._fed(x, text), language, prefix, n, beginning)

    def score_tokens(self, x: Any, y: Any) -> list[tuple[str, float]]:
        """Return the tokens of one sequence, EOS behind them, and log P of each, given a vector.

        A token outside the vocabulary has the log P of UNK.

        Args:
            x: One row of X, (A,).
            y: A string, or a list of tokens where y held such.
        """
        check_is_fitted(self, "network_")
        text = y.rstrip() if isinstance(y, str) else y  # blanks at a text's end are none of it
        return self.stream(x).scored(self._opening(text))

    def stream(self, x: Any) -> TokenStream:
        """Return the beginning of a text that belongs to one vector: feed it token by token.

        Args:
            x: One row of X, (A,).
        """
        check_is_fitted(self, "network_")
        if isinstance(x, str):
            raise DataError(
                f"{x!r:.60} came; expected one row, such as {self.attributes_.example()}"
            )
        vectors = self._vectors([x] if isinstance(x, list | tuple) else np.asarray(x)[None])
        with torch.inference_mode():
            states, beside = self.network_.vector(vector_training.dense(vectors, np.arange(1)))
        each = [state if isinstance(state, tuple) else (state,) for state in states]
        first = [tuple(part[0].numpy() for part in parts) for parts in each]
        given = Given(first, beside[0].numpy())
        return TokenStream(self.network_, self.vocabulary_, self, running=False, given=given)

    # From vectors to decoders, from ids to sequences.

    @property
    def _end(self) -> int:
        return self.vocabulary_[EOS]

    @property
    def _never(self) -> list[int]:
        """Tokens that are never written."""
        return [self.vocabulary_[UNK]]

    def _decoders(
        self, X: Any, opening: Sequence[str], width: int
    ) -> Iterator[tuple[Decoder, range]]:
        """Yield decoders that have read an opening, and the rows of X that each is of.

        Args:
            X: Vectors.
            opening: Tokens that all begin with.
            width: Hypotheses of each that there will be.
        """
        vectors = self._vectors(X)
        ids = np.array([self._end, *(self.vocabulary_[token] for token in opening)], np.int64)
        size = int(np.clip(SCORES // (width * len(self.vocabulary_)), 1, ROWS))
        for start in range(0, vectors.shape[0], size):
            rows = range(start, min(start + size, vectors.shape[0]))
            some = vector_training.dense(vectors, np.array(rows))
            yield Decoder(self.network_, some, ids), rows

    def _opening(self, prompt: Any) -> list[str]:
        """Return the tokens of a prompt.

        Raises:
            DataError: It is not what the training's sequences are, or holds a mark.
        """
        if self.lists_ and not isinstance(prompt, str):
            return list(as_sequences([prompt])[0][0])
        if not isinstance(prompt, str) or (self.lists_ and prompt):
            wanted = "a list of tokens" if self.lists_ else "a string"
            raise DataError(f"{prompt!r:.60} came; expected {wanted}, the beginning of a sequence")
        return written.cut_prompt(prompt, self._language())

    def _language(self) -> Language:
        return Language(self.vocabulary_, written.reading_of(self))

    def _fed(self, x: Any, prompt: Any) -> TokenStream:
        """Return the stream of a vector that has read a prompt."""
        stream = self.stream(x)
        for token in self._opening(prompt):
            stream.advance(self.vocabulary_[token])
        return stream

    def _written(self, ids: Sequence[int], opening: Sequence[str] = (), prompt: Any = "") -> Any:
        """Return what the tokens of these ids are behind a prompt: a string, or a list of them."""
        tokens = [self.vocabulary_.tokens[token] for token in ids]
        if self.lists_:
            return [*opening, *tokens]
        join = Joiner(self.level)
        for known in opening:
            join(known)
        return written.opening(prompt, self.level) + "".join(map(join, tokens))
