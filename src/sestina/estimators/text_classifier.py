"""TextClassifier: texts → labels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from sestina import config
from sestina.config import (
    ONE_HOT,
    EmbeddingOptions,
    EncoderOptions,
    FineTuningOptions,
    NgramOptions,
    TextOptions,
)
from sestina.data import chunks
from sestina.data.ragged import Ragged
from sestina.errors import DataError, OptionError, counted
from sestina.estimators import ngrams, pretraining
from sestina.estimators.base import SequenceClassifier
from sestina.estimators.contexts import Contexts, contexts_for
from sestina.estimators.language_model import LanguageModel
from sestina.estimators.step_stream import StepStream, looks_ahead, refuse
from sestina.estimators.trained import weights_digest
from sestina.nn.averages import HashedEmbedding
from sestina.nn.classifier import ClassifierNetwork
from sestina.nn.embedding import TokenEmbedding
from sestina.nn.heads import Target
from sestina.optimise import Layers
from sestina.text.encode import Encoded, cut_up, encode, in_ids, learn_vocabulary
from sestina.text.inputs import as_texts
from sestina.text.parts import read_vocabulary
from sestina.text.scan import Numbered
from sestina.text.transformer import of_texts
from sestina.text.vocabulary import EOS, START, Vocabulary
from sestina.vectors.table import WordVectors

MOST_ONE_HOT = 4_096  # tokens with one-hot vectors, a matrix of 64 MB


@dataclass(eq=False, repr=False, kw_only=True)
class TextClassifier(
    TextOptions,
    EmbeddingOptions,
    NgramOptions,
    FineTuningOptions,
    EncoderOptions,
    SequenceClassifier,
):
    """Classify texts with a neural network: lectures' rows C2–C13.

    The options are those of `sestina.config`: `TextOptions`, `EmbeddingOptions`, `NgramOptions`,
    `FineTuningOptions`, `EncoderOptions` and `TrainingOptions`. With `pretrained` the embedding and
    the recurrent layers begin as a language model's, and texts are read as that reads them; with
    `contextual` words have the layers of language models, which stand still, mixed for vectors,
    beside pre-trained ones where `vectors` names some. Parameter counts follow Keras (one bias
    per gate). Texts of any length may come, empty ones too. ``level="subword"`` needs the extra
    `subword`.

    Attributes (after `fit`):
        vocabulary_: The `Vocabulary`; with subwords it knows how texts are cut, too.
        classes_: (K,) class labels.
        found_: Tokens of the vocabulary that the pre-trained vectors hold, `vector_words` apart.
        buckets_: Hashed n-grams that have a vector, where `word_ngrams` or `max_n` ask for them.
        direction_: "forwards" or "backwards", as the language model that it began as reads; None
            without one.
        contexts_: The language models that words have their vectors of; None without.

    Example:
        >>> from sestina import TextClassifier
        >>> texts = ["a fine film", "a dull film", "fine acting", "dull acting"] * 5
        >>> labels = ["good", "bad", "good", "bad"] * 5
        >>> net = TextClassifier(encoder="mean", epochs=60, learning_rate=0.05, seed=1)
        >>> str(net.fit(texts, labels).predict(["fine"])[0])
        'good'
    """

    _unit: ClassVar[str] = "texts"
    _settled: ClassVar[dict[str, tuple[str, ...]]] = {  # what language models settle
        "pretrained": ("vocabulary", "min_count"),
        "contextual": ("vocabulary", "min_count", "embedding"),
    }
    _files: ClassVar[tuple[str, ...]] = ("vocabulary.json",)

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that inputs are one-dimensional lists of strings."""
        tags = of_texts(super().__sklearn_tags__())
        tags.classifier_tags.multi_label = True
        return tags

    def _learn(self, X: Any) -> Ragged:
        self._given = self._given_vectors()
        self.vocabulary_, found = self._cut(as_texts(X))
        self._add_words()
        encoded = in_ids(found, self.vocabulary_, self)
        if self._hashes():
            numbers = ngrams.OpenVocabulary(self.vocabulary_)
            encoded = in_ids(found, numbers, self)
            grams = ngrams.hashed(encoded.ids, numbers, self)
            self.buckets_ = grams.frequent()
            encoded = ngrams.extended(encoded, grams, self.buckets_, numbers)
        self._note(encoded)
        return self._laid(encoded.ids)

    def _cut(self, texts: list[str]) -> tuple[Vocabulary, Numbered]:
        """Return the texts' vocabulary, or that of language models, and the texts cut up."""
        start, contexts = self._language_model(texts), self._contexts(texts)
        self._start, self.contexts_, self.direction_ = start, contexts, None
        known: Vocabulary | None = None if contexts is None else contexts.vocabulary
        if start is not None:
            self.direction_ = "backwards" if start.backwards else "forwards"
            known = start.vocabulary_
        if known is None:
            return learn_vocabulary(texts, self)
        for name, idle in self._settled.items():
            if getattr(self, name) is not None:
                changed = (
                    other for other in idle if getattr(self, other) != getattr(type(self), other)
                )
                self.notes_ += [f"{other} does nothing with {name}" for other in changed]
        return known, cut_up(texts, known, self)

    def _language_model(self, texts: list[str]) -> LanguageModel | None:
        """Return the language model to begin as; None for none."""
        return pretraining.model_for(self)

    def _contexts(self, texts: list[str]) -> Contexts | None:
        """Return what reads words in context; None for nothing."""
        return contexts_for(self)

    def _laid(self, ids: Ragged) -> Ragged:
        """Return texts as the language model reads them that this one began as, if any."""
        if self.direction_ is None:
            return ids
        ids = ids.turned() if self.direction_ == "backwards" else ids
        return chunks.framed(ids, self.vocabulary_[EOS])

    def _encode(self, X: Any) -> Ragged:
        if not self._hashes():
            return self._laid(encode(as_texts(X), self.vocabulary_, self).ids)
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
        contextual = None
        if self.contexts_ is not None:
            contextual, self.contexts_ = self.contexts_.parted()
        if self.encoder != "bag":
            embedding = self._fresh_embedding() if fresh else self._empty_embedding()
            size = self.vector_size_ + (0 if contextual is None else contextual.features)
        steps, lost = self.max_tokens, self.token_dropout
        network = ClassifierNetwork(self, target, size, steps, embedding, lost, contextual)
        if fresh and self._start is not None:
            pretraining.take_over(network, self._start)
        self._start = self._given = None
        return network

    def _empty_embedding(self) -> TokenEmbedding | None:
        """Return the table of a saved model, whose weights will be loaded."""
        return self._embedding(None) if self.vector_size_ else None

    def _embedding(self, table: NDArray[np.float32] | None) -> TokenEmbedding:
        tokens, size = len(self.vocabulary_), self.vector_size_
        if not self._hashes():
            return TokenEmbedding(tokens, size, table, trainable=not self.frozen_)
        return HashedEmbedding(tokens, size, table, not self.frozen_, self.buckets_)

    def _fresh_embedding(self) -> TokenEmbedding | None:
        """Return the table to begin with: random, or made of the pre-trained vectors.

        Words that have contextual vectors have none but pre-trained ones beside them.
        """
        table = None if self.vectors is None else self._table()
        if table is None and self.contexts_ is not None:
            self.vector_size_, self.frozen_ = 0, False
            return None
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
        if self.vectors == ONE_HOT:
            self.found_ = len(self.vocabulary_) - 1
            return _one_hot(len(self.vocabulary_))
        assert self._given is not None
        table, found = self._given.rows_for(self.vocabulary_)
        table[:2], found[:2] = 0.0, False  # PAD, and what is unknown
        known = len(self.vocabulary_) - self._added - 2
        self.found_ = int(found.sum()) - self._added
        name = self.vectors if isinstance(self.vectors, str | Path) else "vectors"
        self.notes_.append(
            f"{name}: found {self.found_:,} of {counted(known, 'token')} "
            f"({self.found_ / max(known, 1):.1%}); the others start at zero"
        )
        if not self.found_:
            tokens = counted(known, "token")
            raise DataError(f"{name}: none of the {tokens} has a vector; wrong language?")
        return table

    def _layers(self) -> Layers | None:
        if self.encoder not in config.RECURRENT or not (self.layer_decay > 1 or self.unfreeze):
            return None
        return Layers(self.network_.by_layer(), self.layer_decay, self.unfreeze)

    def _beginnings(self) -> dict[str, str]:
        network: ClassifierNetwork = self.network_
        parts = {
            "vectors": network.embedding,
            "pretrained": None if self.direction_ is None else network,
            "contextual": network.contextual,
        }
        return {
            name: weights_digest(part)
            for name, part in parts.items()
            if part is not None and getattr(self, name) is not None
        }

    def _given_vectors(self) -> WordVectors | None:
        """Return the vectors of words to look tokens up among; None where there are no such.

        Raises:
            OptionError: Parts of words would be looked up among them.
        """
        own = isinstance(self.vectors, np.ndarray | list) or self.vectors == ONE_HOT
        if self.vectors is None or own or self.encoder == "bag":
            return None
        if self.level == "subword":
            raise OptionError(
                "vectors has vectors of words, while level='subword' reads parts of words; "
                "leave vectors out, or set level='word'"
            )
        return WordVectors.load(self.vectors)

    def _add_words(self) -> None:
        """Let the first words that have vectors stand behind the vocabulary, where asked for."""
        own, self._added = self.vocabulary_, 0
        if self.vector_words and self._given is None:
            self.notes_.append("vector_words does nothing without vectors of words")
        elif self.vector_words and self._given is not None:
            words = dict.fromkeys(self._given.words[: self.vector_words])
            self.vocabulary_ = Vocabulary([*own, *(word for word in words if word not in own)])
            self._added = len(self.vocabulary_) - len(own)
            self.notes_.append(f"knows {counted(self._added, 'word')} more, by their vectors")

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
                *looks_ahead(self, "text"),
                (self.contextual is not None or self.network_.embedding is None, "it has no table "
                 "of its tokens' vectors; train with such vectors, and without contextual"),
                (self.direction_ is not None, "it began as a language model, which reads "
                 "whole texts; train without pretrained"),
                (self.mark_end, "mark_end=True puts EOS behind a text, whose end a stream does not "
                 "know; train without it"),
            ]
        )  # fmt: skip
        network = self.network_
        table = network.embedding.weight.detach().numpy()  # (V, D)

        def vector(token: str) -> NDArray[np.float32]:
            if not isinstance(token, str):
                raise DataError(f"{token!r:.60} ({type(token).__name__}) came; expected a token")
            found: NDArray[np.float32] = table[self.vocabulary_[token]]
            return found

        before = [START] if self.mark_start else []
        return StepStream(network.encoder.cell, vector, self._tempered_shares, self.pool, before)

    def reading(self) -> str:
        """Return in words what the network reads: kind and number of its tokens."""
        check_is_fitted(self, "vocabulary_")
        own = self.direction_ is None and self.contexts_ is None
        origin = "learnt from the training texts" if own else "that of a language model"
        size = f"a vocabulary of {len(self.vocabulary_):,}, {origin}"
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
            "direction": self.direction_,
            "contexts": None if self.contexts_ is None else self.contexts_.state(),
        }

    def _texts(self) -> dict[str, str]:
        return {"vocabulary.json": self.vocabulary_.to_json()}

    def _restore(self, state: dict[str, Any], files: dict[str, str]) -> None:
        self.vocabulary_ = read_vocabulary(files["vocabulary.json"], self.level)
        self.vector_size_ = state["vector_size"]
        self.frozen_ = state["frozen"]
        self.found_ = state["found"]
        self.direction_ = state.get("direction")
        self.contexts_ = Contexts.restored(state.get("contexts"), self.vocabulary_)
        self._start = self._given = None
        # the network's buffer is this very memory, into which the model's buckets are loaded
        self.buckets_ = np.zeros(state.get("hashed", 0), np.int64)


def _one_hot(tokens: int) -> NDArray[np.float32]:
    """Return one-hot vectors (V, V − 1): a column for each token but PAD, UNK included (row A3).

    Raises:
        OptionError: They would take gigabytes.
    """
    if tokens > MOST_ONE_HOT:
        raise OptionError(
            f"vectors='one-hot' makes a matrix of {tokens:,} × {tokens - 1:,}; set vocabulary to "
            f"{MOST_ONE_HOT:,} or less, or leave vectors out: trained ones do the same with less"
        )
    return np.eye(tokens, dtype=np.float32)[:, 1:]


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
