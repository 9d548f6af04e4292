"""SequenceFromVector: one feature vector → a sequence of tokens (one to many, row E6)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from sestina import config
from sestina.config import GivenOptions, LanguageTrainingOptions, WrittenOptions
from sestina.data import chunks
from sestina.data.ragged import Ragged
from sestina.data.split import held_out
from sestina.errors import DataError, OptionError, counted
from sestina.estimators import vector_training, written
from sestina.estimators.trained import Trained
from sestina.estimators.validation import pair_of
from sestina.estimators.vector_training import Pairs
from sestina.estimators.vector_writer import VectorWriter
from sestina.nn.from_vector import VectorNetwork
from sestina.text.attributes import Attributes, Table
from sestina.text.encode import Encoded, encode, in_ids, learn_vocabulary
from sestina.text.inputs import as_sequences
from sestina.text.parts import read_vocabulary
from sestina.text.vocabulary import EOS
from sestina.train import Problem, random_stream


@dataclass(eq=False, repr=False, kw_only=True)
class SequenceFromVector(
    WrittenOptions, GivenOptions, LanguageTrainingOptions, VectorWriter, Trained, BaseEstimator
):
    """Learn which sequence belongs to a vector: captions to images, names to a gender (row E6).

    The vector sets the first states of the recurrent layers and stands beside every token that
    they read. Training gives the network the true tokens before each one (teacher forcing), whole
    sequences at once. A sequence ends with EOS, which is foreseen like any token. The options are
    those of `sestina.config`: `WrittenOptions`, `StackOptions`, `GivenOptions` and
    `LanguageTrainingOptions`. All logarithms are natural.

    X is a table, (N, A): numbers, dense or sparse, or columns of which some hold strings, such as a
    data frame or lists of rows; each such symbol becomes a one-hot column. ``level="subword"``
    needs the extra `subword`, and strings.

    Attributes (after `fit`):
        vocabulary_: The `Vocabulary`, V tokens; with subwords it knows how texts are cut, too.
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
            resume: Go on from that checkpoint, where there is one.

        Raises:
            SestinaError: X or y, an option or the checkpoint cannot be used, or training failed;
                `Trained` says which error is which.
            KeyboardInterrupt: After Ctrl-C; fitted with the best epoch so far, if there is one.
        """
        started = self._begin()
        documents, self.lists_ = as_sequences(y)
        if self.lists_ and self.level == "subword":
            raise OptionError(
                "level='subword' learns parts of words from strings, but lists came, whose tokens "
                "are whole; take level='word'"
            )
        self.attributes_ = Attributes.learn(X)
        self.n_features_in_ = len(self.attributes_)
        vectors = self._vectors(X)
        _check_pairs(vectors, documents)
        kept, held = self._held_out(vectors, documents, validation)
        vectors, documents = vectors[kept], [documents[n] for n in kept]
        options = written.reading_of(self)
        self.vocabulary_, found = learn_vocabulary(documents, options)
        encoded = in_ids(found, self.vocabulary_, options)
        if encoded.empty == len(documents):
            raise DataError(
                f"no token in {counted(len(documents), 'sequence')}; give some with words"
            )
        self.tokens_, self.longest_ = len(encoded.ids.values), int(found.lengths.max())
        pairs = Pairs(vectors, self._framed(encoded))
        dev = None if held is None else self._encoded(*held)[0]
        with random_stream(self.seed, 0):
            self.network_ = self._network()
        self.notes_: list[str] = config.unused(self)
        self.notes_ += written.notes(encoded, self.network_, self)
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

    # How it judges sequences.

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

    def task(self, X: Any, y: Any = None) -> Problem:
        """Return what training would see of vectors and their sequences."""
        check_is_fitted(self, "network_")
        pairs, _, _ = self._encoded(self._vectors(X), y)
        return vector_training.problem(self.network_, self, pairs, None)

    def rows(self, y: Any) -> Ragged:
        """Return sequences in the ids that the model foresees; each row begins with EOS.

        A baseline that is to be compared with the model reads these too.
        """
        check_is_fitted(self, "vocabulary_")
        return self._framed(encode(as_sequences(y)[0], self.vocabulary_, written.reading_of(self)))

    # Vectors and sequences in and out.

    def _vectors(self, X: Any) -> Table:
        return self.attributes_.vectors(X, self.unknown)

    def _held_out(
        self, vectors: Table, documents: list[Any], validation: tuple[Any, Any] | None
    ) -> tuple[NDArray[np.int64], tuple[Table, Any] | None]:
        """Return the rows to train on, and the vectors and sequences to validate by."""
        every = np.arange(len(documents))
        if validation is not None:
            X, y = pair_of(validation, "vectors, sequences")
            return every, (self._vectors(X), y)
        if not self.validation_fraction:
            return every, None
        pairs = list(zip(vector_training.keys(vectors), map(_frozen, documents), strict=True))
        kept, held = held_out(pairs, self.validation_fraction, self.seed)
        return kept, (vectors[held], [documents[n] for n in held])

    def _encoded(self, vectors: Table, y: Any) -> tuple[Pairs, Encoded, list[Any]]:
        """Return pairs of vectors and ids, what is known of the sequences, and these, checked."""
        documents, lists = as_sequences(y)
        _check_pairs(vectors, documents)
        if lists != self.lists_:
            came, wanted = ("lists of tokens", "strings")[:: 1 if lists else -1]
            raise DataError(f"{came} came; expected {wanted}, as in training")
        encoded = encode(documents, self.vocabulary_, written.reading_of(self))
        return Pairs(vectors, self._framed(encoded)), encoded, documents

    def _framed(self, encoded: Encoded) -> Ragged:
        return chunks.framed(encoded.ids, self.vocabulary_[EOS])

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
        self.vocabulary_ = read_vocabulary(files["vocabulary.json"], self.level)
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
