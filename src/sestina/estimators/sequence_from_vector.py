"""SequenceFromVector: one feature vector → a sequence of tokens (one to many, row E6)."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from sestina import config
from sestina.config import GivenOptions, LanguageTrainingOptions, StackOptions, WrittenOptions
from sestina.data import chunks
from sestina.data.split import stratified
from sestina.errors import DataError, OptionError, counted
from sestina.estimators import vector_training, written
from sestina.estimators.decoding import drawn, most_probable
from sestina.estimators.sampling import Sampler
from sestina.estimators.token_stream import Given, TokenStream
from sestina.estimators.trained import Trained
from sestina.estimators.vector_training import Pairs
from sestina.nn.from_vector import Decoder, VectorNetwork
from sestina.text.attributes import Attributes, Table
from sestina.text.detokenise import Joiner
from sestina.text.encode import Encoded, encode, in_ids, learn_vocabulary
from sestina.text.inputs import as_sequences
from sestina.text.vocabulary import EOS, UNK, Vocabulary
from sestina.train import random_stream

LONGER = 2  # a prediction may be so many times as long as the longest training sequence
ROWS = 256  # written side by side, at most
SCORES = 1 << 22  # of tokens at once, at most


@dataclass(eq=False, repr=False, kw_only=True)
class SequenceFromVector(
    WrittenOptions, StackOptions, GivenOptions, LanguageTrainingOptions, Trained, BaseEstimator
):
    """Learn which sequence belongs to a vector: captions to images, names to a gender (row E6).

    The vector sets the first states of the recurrent layers and stands beside every token that
    they read. Training gives the network the true tokens before each one (teacher forcing), whole
    sequences at once. A sequence ends with EOS, which is foreseen like any token. The options are
    those of `sestina.config`: `WrittenOptions`, `StackOptions`, `GivenOptions` and
    `LanguageTrainingOptions`. All logarithms are natural.

    X is a table, (N, A): numbers, dense or sparse, or columns of which some hold strings, such as a
    data frame or lists of rows; each such symbol becomes a one-hot column.

    Attributes (after `fit`):
        vocabulary_: The `Vocabulary`, V tokens.
        attributes_: What the columns of X are.
        n_features_in_: A.
        tokens_: Tokens trained on, EOS included.
        longest_: Tokens of the longest training sequence.
        lists_: Whether sequences are lists of tokens, not strings.

    Example:
        >>> from sestina import SequenceFromVector
        >>> X, y = [["cat"], ["dog"]] * 20, ["meow", "woof woof"] * 20
        >>> net = SequenceFromVector(hidden=16, embedding=8, learning_rate=0.03, dropout=0)
        >>> net.set_params(input_dropout=0, validation_fraction=0).fit(X, y).predict([["dog"]])
        ['woof woof']
    """

    _files: ClassVar[tuple[str, ...]] = ("vocabulary.json",)

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that X is a table, perhaps sparse or with symbols, and needs a y."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.target_tags.required = True
        return tags

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        validation: tuple[Any, Any] | None = None,
        checkpoint: str | Path | None = None,
        resume: bool = False,
    ) -> Self:
        """Train on N vectors and the sequence of each.

        Args:
            X: (N, A) numbers or symbols.
            y: N strings, or N lists of tokens.
            validation: Vectors and sequences for early stopping; by default `validation_fraction`
                of the pairs is drawn and held out, equal pairs together.
            checkpoint: Folder for a checkpoint after each epoch.
            resume: Go on from the checkpoint, where there is one; it wants the same data, options
                and number of threads.

        Raises:
            DataError: X or y cannot be used.
            OptionError: An option makes no sense, or the checkpoint is of another run.
            TrainingError: The loss is not finite any more.
            KeyboardInterrupt: After Ctrl-C; the estimator is then fitted with the best weights
                so far, if an epoch was finished.
        """
        started = time.perf_counter()
        self.__dict__.pop("network_", None)  # a fit that fails leaves nothing fitted
        config.check(self)
        documents, self.lists_ = as_sequences(y)
        self.attributes_ = Attributes.learn(X)
        self.n_features_in_ = len(self.attributes_)
        vectors = self._vectors(X)
        _check_pairs(vectors, documents)
        kept, held = self._held_out(vectors, documents, validation)
        vectors, documents = vectors[kept], [documents[n] for n in kept]
        options = written.reading_of(self)
        self.vocabulary_, found = learn_vocabulary(documents, options)
        encoded = in_ids(found, self.vocabulary_, options)
        self.notes_: list[str] = written.notes(encoded, len(self.vocabulary_), self)
        self.tokens_, self.longest_ = len(encoded.ids.values), int(found.lengths.max())
        pairs = self._pairs(vectors, encoded)
        dev = None if held is None else self._encoded(*held)[0]
        with random_stream(self.seed, 0):
            self.network_ = self._network()
        if self.standard:
            self.network_.vector.standardise(*vector_training.measures(vectors))
        parts = [pairs] if dev is None else [pairs, dev]
        run = self._train(
            lambda: vector_training.problem(self.network_, self, pairs, dev),
            lambda: self._options_and_data([array for part in parts for array in part.arrays()]),
            checkpoint,
            resume,
        )
        self._keep(run, started)
        return self

    # What it makes of vectors.

    def predict(self, X: Any, beam: int = 5, n: int | None = None) -> list[Any]:
        """Return the most probable sequence that a beam search finds for each vector.

        Args:
            X: (N, A), as in `fit`.
            beam: Hypotheses that are followed up; 1 takes the most probable token each time.
            n: Tokens at most; twice those of the longest training sequence if None.

        Returns:
            N strings, or lists of tokens, as those of the training.
        """
        check_is_fitted(self, "network_")
        if beam < 1:
            raise OptionError(f"beam={beam!r} leaves no hypothesis; give 1 or more")
        most = _most(LONGER * max(self.longest_, 1) if n is None else n)
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
        sampler, most, first = Sampler(temperature, top_k, top_p), _most(n), seed
        if first is None:
            first = self.seed
        opening = self._opening(prompt)
        found = []
        for decoder, rows in self._decoders(X, opening, 1):
            chance = [np.random.default_rng(first + row) for row in rows]
            found += drawn(decoder, sampler, chance, most, self._end, self._never)
        return [self._written(ids, opening, prompt) for ids in found]

    def stream(self, x: Any) -> TokenStream:
        """Return the beginning of a text that belongs to one vector: feed it token by token.

        Args:
            x: One row of X, (A,).
        """
        check_is_fitted(self, "network_")
        vectors = self._vectors([x] if isinstance(x, list | tuple) else np.asarray(x)[None])
        with torch.inference_mode():
            states, beside = self.network_.vector(vector_training.dense(vectors, np.arange(1)))
        each = [state if isinstance(state, tuple) else (state,) for state in states]
        first = [tuple(part[0].numpy() for part in parts) for parts in each]
        given = Given(first, beside[0].numpy())
        return TokenStream(self.network_, self.vocabulary_, self, running=False, given=given)

    def score_sequences(self, X: Any, y: Any) -> NDArray[np.float64]:
        """Return log P of each sequence, given its vector, (N,): of its tokens and of EOS."""
        check_is_fitted(self, "network_")
        return -vector_training.losses(self.network_, self._encoded(self._vectors(X), y)[0])

    def score(self, X: Any, y: Any) -> float:
        """Return the mean log P of a token given the vector: minus the log of the perplexity.

        A higher one is better, as scikit-learn wants it of a score, and 0 is the best there is. It
        tells near misses from far ones, which a share of exact answers does not.
        """
        return -math.log(self.perplexity(X, y))

    def perplexity(self, X: Any, y: Any) -> float:
        """Return e to the mean of −log P of a token, given the vectors; EOS and UNK are tokens."""
        return self.figures(X, y)["perplexity"]

    def figures(self, X: Any, y: Any) -> dict[str, float]:
        """Return perplexity, tokens and the share unknown; of strings bits per character, too.

        Args:
            X: (N, A), as in `fit`.
            y: N strings, or lists of tokens.
        """
        check_is_fitted(self, "network_")
        pairs, encoded, documents = self._encoded(self._vectors(X), y)
        total = float(vector_training.losses(self.network_, pairs).sum())
        size = 0 if self.lists_ else written.characters(documents, self)
        return written.figures(total, encoded, size)

    # Vectors and sequences in and out.

    @property
    def _end(self) -> int:
        return self.vocabulary_[EOS]

    @property
    def _never(self) -> list[int]:
        """Tokens that are never written."""
        return [self.vocabulary_[UNK]]

    def _vectors(self, X: Any) -> Table:
        return self.attributes_.vectors(X, self.unknown)

    def _held_out(
        self, vectors: Table, documents: list[Any], validation: tuple[Any, Any] | None
    ) -> tuple[NDArray[np.int64], tuple[Table, Any] | None]:
        """Return the rows to train on, and the vectors and sequences to validate by."""
        every = np.arange(len(documents))
        if validation is not None:
            if not (isinstance(validation, tuple) and len(validation) == 2):
                raise DataError("validation is not a pair (vectors, sequences)")
            return every, (self._vectors(validation[0]), validation[1])
        if not self.validation_fraction:
            return every, None
        pairs = list(zip(vector_training.keys(vectors), map(_frozen, documents), strict=True))
        kept, held = stratified(pairs, [""] * len(pairs), self.validation_fraction, self.seed)
        return kept, (vectors[held], [documents[n] for n in held])

    def _encoded(self, vectors: Table, y: Any) -> tuple[Pairs, Encoded, list[Any]]:
        """Return pairs of vectors and ids, what is known of the sequences, and these, checked."""
        documents, lists = as_sequences(y)
        _check_pairs(vectors, documents)
        if lists != self.lists_:
            came, wanted = ("lists of tokens", "strings")[:: 1 if lists else -1]
            raise DataError(f"{came} came; expected {wanted}, as in training")
        encoded = encode(documents, self.vocabulary_, written.reading_of(self))
        return self._pairs(vectors, encoded), encoded, documents

    def _pairs(self, vectors: Table, encoded: Encoded) -> Pairs:
        return Pairs(vectors, chunks.framed(encoded.ids, self._end))

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
        """Return the tokens of a prompt."""
        if self.lists_ and not isinstance(prompt, str):
            return [str(token) for token in prompt]
        if not isinstance(prompt, str) or (self.lists_ and prompt):
            wanted = "a list of tokens" if self.lists_ else "a string"
            raise DataError(f"{prompt!r:.60} came; expected {wanted}, the beginning of a sequence")
        return written.cut_prompt(prompt, written.reading_of(self))

    def _written(self, ids: Sequence[int], opening: Sequence[str] = (), prompt: Any = "") -> Any:
        """Return what the tokens of these ids are behind a prompt: a string, or a list of them."""
        tokens = [self.vocabulary_.tokens[token] for token in ids]
        if self.lists_:
            return [*opening, *tokens]
        join = Joiner(self.level)
        for known in opening:
            join(known)
        return written.opening(prompt, self.level) + "".join(map(join, tokens))

    # The model folder.

    def _network(self) -> VectorNetwork:
        return VectorNetwork(self, len(self.vocabulary_), self.attributes_.features)

    def _facts(self) -> dict[str, Any]:
        return {
            "vocabulary": len(self.vocabulary_),
            "tokens": self.tokens_,
            "reads": f"vectors of {self.attributes_}",
            "use": f"model.generate([{self.attributes_.example()!r}])",
        }

    def _texts(self) -> dict[str, str]:
        return {"vocabulary.json": self.vocabulary_.to_json()}

    def _learned(self) -> dict[str, Any]:
        return {
            **super()._learned(),
            "tokens": self.tokens_,
            "longest": self.longest_,
            "lists": self.lists_,
            "attributes": self.attributes_.to_json(),
        }

    def _remember(
        self, learned: dict[str, Any], arrays: dict[str, NDArray[Any]], files: dict[str, str]
    ) -> None:
        """Become fitted again from what `_learned` returned, the weights and the text files."""
        self.vocabulary_ = Vocabulary.from_json(files["vocabulary.json"])
        self.tokens_, self.longest_ = learned["tokens"], learned["longest"]
        self.lists_ = learned["lists"]
        self.attributes_ = Attributes.from_json(learned["attributes"])
        self.n_features_in_ = len(self.attributes_)
        self._recall(learned, files)
        with random_stream(self.seed, 0):
            network = self._network()
        self._take_weights(network, arrays)


def _check_pairs(vectors: Table, documents: Sequence[Any]) -> None:
    """Raise unless there is a sequence for each vector, and one at least."""
    if vectors.shape[0] != len(documents):
        raise DataError(
            f"{counted(vectors.shape[0], 'vector')} came with "
            f"{counted(len(documents), 'sequence')}; expected a sequence for each vector"
        )
    if not documents:
        raise DataError("no sequence came; give one at least")


def _frozen(document: Any) -> Any:
    return document if isinstance(document, str) else tuple(document)


def _most(n: int) -> int:
    """Return the most tokens to write."""
    if n < 0:
        raise OptionError(f"n={n!r} makes no sense; give the most tokens to write, 0 or more")
    return n
