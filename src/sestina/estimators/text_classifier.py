"""TextClassifier: texts → labels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from sestina.config import RECURRENT, EmbeddingOptions, NgramOptions, TextOptions
from sestina.data.ragged import Ragged
from sestina.errors import DataError, OptionError, counted
from sestina.estimators import ngrams
from sestina.estimators.base import SequenceClassifier
from sestina.estimators.step_stream import StepStream, refuse
from sestina.nn.averages import HashedEmbedding
from sestina.nn.classifier import ClassifierNetwork
from sestina.nn.embedding import TokenEmbedding
from sestina.nn.heads import Target
from sestina.text.encode import Encoded, cut_up, encode, in_ids, learn_vocabulary
from sestina.text.inputs import as_texts
from sestina.text.parts import read_vocabulary
from sestina.text.vocabulary import START
from sestina.vectors.table import WordVectors


@dataclass(eq=False, repr=False, kw_only=True)
class TextClassifier(TextOptions, EmbeddingOptions, NgramOptions, SequenceClassifier):
    """Classify texts with a neural network: lectures' rows C2–C12.

    The options are those of `sestina.config`: `TextOptions`, `EmbeddingOptions`,
    `EncoderOptions` and `TrainingOptions`. Parameter counts follow Keras (one bias per gate).
    Texts of any length may come, empty ones too. ``level="subword"`` needs the extra `subword`.

    Attributes (after `fit`):
        vocabulary_: The `Vocabulary`; with subwords it knows how texts are cut, too.
        classes_: (K,) class labels.
        found_: Tokens of the vocabulary that the pre-trained vectors hold.
        buckets_: Hashed n-grams that have a vector, where `word_ngrams` or `max_n` ask for them.

    Example:
        >>> from sestina import TextClassifier
        >>> texts = ["a fine film", "a dull film", "fine acting", "dull acting"] * 5
        >>> labels = ["good", "bad", "good", "bad"] * 5
        >>> net = TextClassifier(encoder="mean", epochs=60, learning_rate=0.05, seed=1)
        >>> str(net.fit(texts, labels).predict(["fine"])[0])
        'good'
    """

    _unit: ClassVar[str] = "texts"
    _files: ClassVar[tuple[str, ...]] = ("vocabulary.json",)

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that inputs are one-dimensional lists of strings."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.classifier_tags.multi_label = True
        return tags

    def _learn(self, X: Any) -> Ragged:
        self._refuse_vectors_of_words()
        self.vocabulary_, found = learn_vocabulary(as_texts(X), self)
        encoded = in_ids(found, self.vocabulary_, self)
        if self._hashes():
            numbers = ngrams.OpenVocabulary(self.vocabulary_)
            encoded = in_ids(found, numbers, self)
            grams = ngrams.hashed(encoded.ids, numbers, self)
            self.buckets_ = grams.frequent()
            encoded = ngrams.extended(encoded, grams, self.buckets_, numbers)
        self._note(encoded)
        return encoded.ids

    def _encode(self, X: Any) -> Ragged:
        if not self._hashes():
            return encode(as_texts(X), self.vocabulary_, self).ids
        numbers = ngrams.OpenVocabulary(self.vocabulary_)
        encoded = in_ids(cut_up(as_texts(X), self.vocabulary_, self), numbers, self)
        grams = ngrams.hashed(encoded.ids, numbers, self)
        return ngrams.extended(encoded, grams, self.buckets_, numbers).ids

    def _hashes(self) -> bool:
        """Tell whether n-grams have rows beside the tokens."""
        return self.encoder == "mean" and ngrams.wanted(self)

    def _groups(self, X: Any) -> list[Any]:
        return list(as_texts(X))

    def _build(self, target: Target, fresh: bool) -> ClassifierNetwork:
        size, embedding = len(self.vocabulary_), None
        if self.encoder != "bag":
            embedding = self._fresh_embedding() if fresh else self._empty_embedding()
            size = self.vector_size_
        steps, lost = self.max_tokens, self.token_dropout
        return ClassifierNetwork(self, target, size, steps, embedding, lost)

    def _empty_embedding(self) -> TokenEmbedding:
        """Return the table of a saved model, whose weights will be loaded."""
        return self._embedding(None)

    def _embedding(self, table: NDArray[np.float32] | None) -> TokenEmbedding:
        tokens, size = len(self.vocabulary_), self.vector_size_
        if not self._hashes():
            return TokenEmbedding(tokens, size, table, trainable=not self.frozen_)
        return HashedEmbedding(tokens, size, table, not self.frozen_, self.buckets_)

    def _fresh_embedding(self) -> TokenEmbedding:
        """Return the table to begin with: random, or made of the pre-trained vectors."""
        table = None if self.vectors is None else self._table()
        self.vector_size_ = int(self.embedding if table is None else table.shape[1])
        self.frozen_ = table is not None and not self.fine_tune
        if self._hashes() and self.frozen_:
            raise OptionError(
                "hashed n-grams have no pre-trained vectors and must be trained; set "
                "fine_tune=True, or word_ngrams=1 and max_n=0"
            )
        return self._embedding(table)

    def _table(self) -> NDArray[np.float32]:
        """Return pre-trained vectors by token id, (V, D); zeros for PAD and words not found."""
        if isinstance(self.vectors, np.ndarray | list):
            self.found_ = len(self.vectors)
            return _as_matrix(self.vectors, len(self.vocabulary_))
        table, found = WordVectors.load(self.vectors).rows_for(self.vocabulary_)
        table[:2], found[:2] = 0.0, False  # PAD, and what is unknown
        self.found_ = int(found.sum())
        known = len(self.vocabulary_) - 2
        name = self.vectors if isinstance(self.vectors, str | Path) else "vectors"
        self.notes_.append(
            f"{name}: found {self.found_:,} of {counted(known, 'token')} "
            f"({self.found_ / max(known, 1):.1%}); the others start at zero"
        )
        if not self.found_:
            tokens = counted(known, "token")
            raise DataError(f"{name}: none of the {tokens} has a vector; wrong language?")
        return table

    def _refuse_vectors_of_words(self) -> None:
        """Raise where parts of words would be looked up among vectors of words."""
        given = self.vectors is not None and not isinstance(self.vectors, np.ndarray | list)
        if self.level == "subword" and self.encoder != "bag" and given:
            raise OptionError(
                "vectors has vectors of words, while level='subword' reads parts of words; "
                "leave vectors out, or set level='word'"
            )

    def stream(self) -> StepStream[str]:
        """Return a text's beginning: feed a token, get P of each class by what has come, (K,).

        After the tokens of a whole text the probabilities are those of `predict_proba`. A stream
        goes on beyond `max_tokens`.

        Raises:
            OptionError: The model looks at a text as a whole.
        """
        check_is_fitted(self, "network_")
        refuse(
            [
                (self.encoder not in RECURRENT, f"encoder={self.encoder!r} reads a text as a whole;"
                 f" train with one of {', '.join(RECURRENT)}"),
                (self.bidirectional, "bidirectional=True reads a text from its end, too; train "
                 "with bidirectional=False"),
                (self.mark_end, "mark_end=True puts EOS behind a text, whose end a stream does not "
                 "know; train without it"),
            ]
        )  # fmt: skip
        network, target = self.network_, self._target()
        table = network.embedding.weight.detach().numpy()  # (V, D)

        def vector(token: str) -> NDArray[np.float32]:
            if not isinstance(token, str):
                raise DataError(f"{token!r:.60} ({type(token).__name__}) came; expected a token")
            found: NDArray[np.float32] = table[self.vocabulary_[token]]
            return found

        def shares(state: NDArray[np.float32]) -> NDArray[np.float64]:
            with torch.inference_mode():
                logits = network.head(torch.from_numpy(state)[None])
            found: NDArray[np.float64] = self._tempered(target.probabilities(logits).numpy())[0]
            return found

        before = [START] if self.mark_start else []
        return StepStream(network.encoder.cell, vector, shares, self.pool, before)

    def reading(self) -> str:
        """Return in words what the network reads: kind and number of its tokens."""
        check_is_fitted(self, "vocabulary_")
        size = f"a vocabulary of {len(self.vocabulary_):,}, learnt from the training texts"
        if self.level == "subword":
            return f"parts of words ({self.subword_method}): {size}"
        return f"{self.level}s: {size}"

    def _note(self, encoded: Encoded) -> None:
        """Say once what was cut, empty or unknown in the training texts."""
        if encoded.truncated:
            self.notes_.append(encoded.cut_note(self))
        if encoded.empty:
            self.notes_.append(
                f"no token in {encoded.empty:,} of {counted(len(encoded.ids), 'text')}"
            )
        if encoded.unknown:
            self.notes_.append(
                f"{encoded.unknown / encoded.tokens:.1%} of the running tokens are outside the "
                f"vocabulary of {len(self.vocabulary_):,}"
            )

    def _state(self) -> dict[str, Any]:
        return {
            "vector_size": getattr(self, "vector_size_", 0),
            "frozen": getattr(self, "frozen_", False),
            "found": getattr(self, "found_", 0),
            "hashed": len(getattr(self, "buckets_", ())),
        }

    def _texts(self) -> dict[str, str]:
        return {"vocabulary.json": self.vocabulary_.to_json()}

    def _restore(self, state: dict[str, Any], files: dict[str, str]) -> None:
        self.vocabulary_ = read_vocabulary(files["vocabulary.json"], self.level)
        self.vector_size_ = state["vector_size"]
        self.frozen_ = state["frozen"]
        self.found_ = state["found"]
        # the network's buffer is this very memory, into which the model's buckets are loaded
        self.buckets_ = np.zeros(state.get("hashed", 0), np.int64)


def _as_matrix(vectors: Any, tokens: int) -> NDArray[np.float32]:
    """Return a matrix of vectors, one per token id, (V, D) float32.

    Raises:
        DataError: It is not such a matrix of finite numbers.
    """
    try:
        matrix = np.array(vectors, dtype=np.float32)
    except ValueError as error:
        raise DataError(f"vectors is not a matrix of numbers: {error}") from error
    if matrix.ndim != 2 or len(matrix) != tokens or not matrix.shape[1]:
        raise DataError(
            f"vectors has shape {matrix.shape}, the vocabulary {counted(tokens, 'token')}; "
            "give one row per token, or WordVectors"
        )
    if not np.isfinite(matrix).all():
        raise DataError("vectors has a NaN or infinite value; fill or drop it first")
    return matrix
