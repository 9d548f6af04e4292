"""SequenceTagger: sentences → a tag for every word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from sestina import config, metrics, spans
from sestina.config import TaggerOptions
from sestina.data.ragged import Ragged, shuffled_batches, sorted_batches
from sestina.errors import DataError, counted
from sestina.estimators import tagging
from sestina.estimators.contexts import Contexts
from sestina.estimators.step_stream import StepStream, refuse
from sestina.estimators.tagging import Tagged
from sestina.estimators.targets import Labels
from sestina.estimators.trained import Trained, weights_digest
from sestina.estimators.validation import drawn, pair_of
from sestina.nn.embedding import TokenEmbedding
from sestina.nn.tagger import TaggerNetwork
from sestina.text.inputs import as_sentences
from sestina.text.vocabulary import PAD, UNK, Vocabulary
from sestina.text.words import Lexicon, Numbered
from sestina.train import Problem, random_stream
from sestina.vectors.table import WordVectors

PREDICT_BATCH = 256


@dataclass(eq=False, repr=False, kw_only=True)
class SequenceTagger(TaggerOptions, Trained, BaseEstimator):
    """Put a tag on every word: parts of speech, names, bases of DNA; rows E2 and E3.

    The options are those of `sestina.config`: `TaggerOptions` and `LearningOptions`. A sentence is
    a list of words, of any length, empty ones too; its tags are a list as long. Where tags mark
    spans (B-PER I-PER O), which may follow which is kept to.

    Attributes (after `fit`):
        classes_: (K,) tags.
        lexicon_: Words, words with pre-trained vectors, and characters that are known.
        scheme_: "bio", "bioes", or None where tags do not mark spans or break their scheme.
        contexts_: The language models that words have vectors in context of; None without.

    Example:
        >>> from sestina import SequenceTagger
        >>> sentences = [["the", "cat", "sleeps"], ["a", "dog", "sees", "the", "cat"]] * 10
        >>> tags = [["DET", "NOUN", "VERB"], ["DET", "NOUN", "VERB", "DET", "NOUN"]] * 10
        >>> net = SequenceTagger(hidden=8, epochs=30, learning_rate=0.02, seed=1)
        >>> net.fit(sentences, tags).predict([["a", "cat", "sees", "the", "dog"]])
        [['DET', 'NOUN', 'VERB', 'DET', 'NOUN']]
    """

    _unit: ClassVar[str] = "sentences"
    _files: ClassVar[tuple[str, ...]] = tagging.FILES

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        validation: tuple[Any, Any] | None = None,
        checkpoint: str | Path | None = None,
        resume: bool = False,
    ) -> Self:
        """Train on N sentences and their tags.

        Args:
            X: N lists of words.
            y: N lists of tags, one tag for each word.
            validation: Sentences and tags for early stopping; by default ``validation_fraction``
                of the sentences is held out, equal ones together.
            checkpoint: Folder for a checkpoint after each epoch.
            resume: Go on from that checkpoint, where there is one.

        Raises:
            SestinaError: X or y, an option or the checkpoint cannot be used, or training failed;
                `Trained` says which error is which.
            KeyboardInterrupt: After Ctrl-C; fitted with the best epoch so far, if there is one.
        """
        started = self._begin()
        X, y = tagging.paired(X, y)
        self.notes_ = [*config.unused(self), *tagging.idle(self)]
        X, y, held = self._held_out(X, y, validation)
        self._labels = self._known_tags(y, held)
        self.classes_ = self._labels.classes
        self.scheme_ = tagging.scheme(self, [*y, *(held[1] if held else [])], self.notes_)
        tagging.check_best_by(self, self._spans, held is not None)
        counts, vectors = self._learn(X)
        data = self._tagged(X, y)
        self._note(data.words)
        dev = None if held is None else self._tagged(*held)
        with random_stream(self.seed, 0):
            self.network_ = self._build(vectors, tagging.lost(self, self.lexicon_.words, counts))
        run = self._train(
            lambda: self._problem(data, dev),
            lambda: self._identity(data, dev),
            checkpoint,
            resume,
        )
        self._keep(run, started)
        return self

    def predict(self, X: Any) -> list[list[Any]]:
        """Return the tags of each sentence: those of the best tagging as a whole."""
        return [self.classes_[row].tolist() for row in self._decoded(self._numbers(X))]

    def predict_proba(self, X: Any) -> list[NDArray[np.float64]]:
        """Return the probability of each tag of each word, N arrays (T, K)."""
        data = self._numbers(X)
        out: list[Any] = [None] * len(data.ids)
        with torch.inference_mode():
            for rows, batch in self._batches(data):
                shares = self.network_.tags.marginals(self.network_(batch), batch.lengths)
                for row, table, length in zip(rows, shares, batch.lengths.tolist(), strict=True):
                    out[row] = table[:length].copy()
        return out

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy: the share of words whose tag is right.

        Args:
            X: N lists of words.
            y: N lists of tags.
            sample_weight: (N,) weights of the sentences, each of whose words counts so much.
        """
        check_is_fitted(self, "network_")
        X, y = tagging.paired(X, y)
        right = tagging.right(y, self.predict(X))
        words = np.repeat(
            np.ones(len(X)) if sample_weight is None else sample_weight, [len(row) for row in X]
        )
        return float(np.average(right, weights=words)) if len(right) else float("nan")

    def stream(self) -> StepStream[str]:
        """Return a sentence's beginning: feed a word, get P of each of its tags, (K,).

        The probabilities are those of `predict_proba`, in the order of `classes_`.

        Raises:
            OptionError: The model looks at the words that follow.
        """
        check_is_fitted(self, "network_")
        refuse(
            [
                (self.bidirectional, "bidirectional=True reads a sentence from its end, too; "
                 "train with bidirectional=False and crf=False"),
                (self.crf, "crf=True tags sentences as a whole; train with crf=False"),
                (self.contextual is not None, "contextual language models read sentences as a "
                 "whole; train without"),
            ]
        )  # fmt: skip
        return tagging.word_stream(self.network_, self.lexicon_)

    def evaluate(self, X: Any, y: Any) -> dict[str, Any]:
        """Return the figures of sentences whose tags are known.

        "accuracy" of words with its 95 % "interval", "f1" (macro, of the tags), the accuracy and
        number of words "seen" in training and "unseen"; where tags mark spans, "span_f1" and
        "spans": precision, recall, F1 and support, of all and by kind.
        """
        check_is_fitted(self, "network_")
        X, y = tagging.paired(X, y)
        return tagging.figures(y, self.predict(X), self.seen(X))

    def seen(self, X: Any) -> NDArray[np.bool_]:
        """Return which words of N sentences, laid end to end, the training part held."""
        check_is_fitted(self, "network_")
        words = chain.from_iterable(as_sentences(X))
        return np.fromiter((self.lexicon_.has(word) for word in words), np.bool_)

    def decision_notes(self) -> list[str]:
        """Return sentences on how it decides, where that is not the usual way."""
        if self.scheme_ is None:
            return []
        return [f"tags keep to the scheme {self.scheme_.upper()}: what it forbids is never put"]

    # How a fit goes, step by step.

    def _held_out(
        self, X: list[Any], y: list[Any], validation: Any
    ) -> tuple[Any, Any, tuple[Any, Any] | None]:
        """Return training sentences and tags, and the validation part, drawn if none was given."""
        if validation is not None:
            return X, y, tagging.paired(*pair_of(validation, "sentences, tags"))
        return drawn(X, y, [tuple(sentence) for sentence in X], self)

    def _known_tags(self, y: Any, held: tuple[Any, Any] | None) -> Labels:
        """Return the tags of both parts; those that only the validation part has are noted."""
        tags = list(chain.from_iterable(y))
        others = [] if held is None else list(chain.from_iterable(held[1]))
        if not tags:
            raise DataError("all sentences are empty; give some with words in them")
        if len({*tags, *others}) < 2:
            raise DataError(
                f"every word has the tag {tags[0]!r}; a tagger needs two tags at least, so check "
                "which column they are read from"
            )
        if missing := sorted(set(map(str, others)) - set(map(str, tags))):
            names = ", ".join(map(repr, missing[:5])) + (", …" if missing[5:] else "")
            self.notes_.append(
                f"validation: {counted(len(missing), 'tag')} that the training part lacks: {names}"
            )
        return Labels([*tags, *others])

    def _learn(self, X: Any) -> tuple[Counter[str], NDArray[np.float32] | None]:
        """Learn the words; return their counts and the pre-trained vectors, (V, D)."""
        self.contexts_ = None if self.contextual is None else Contexts.of(self.contextual)
        vectors = None if self.vectors is None else WordVectors.load(self.vectors)
        known = () if vectors is None else vectors.words[: self.vector_words]
        self.lexicon_, counts = Lexicon.learn(X, self, known)
        self.vector_size_ = 0 if vectors is None else vectors.dimensions
        if vectors is None:
            return counts, None
        table, _ = vectors.rows_for(self.lexicon_.known)
        table[:2] = 0.0  # PAD, and what is unknown
        name = str(self.vectors) if isinstance(self.vectors, str | Path) else "vectors"
        tagging.check_found(set(chain.from_iterable(X)), self.lexicon_, name, self.notes_)
        return counts, table

    def _build(
        self, vectors: NDArray[np.float32] | None, lost: NDArray[np.float32] | None
    ) -> TaggerNetwork:
        """Return the network, with `vectors` to begin with, or weights that will be loaded."""
        known = None
        if self.vector_size_:
            size = len(self.lexicon_.known)
            known = TokenEmbedding(size, self.vector_size_, vectors, trainable=self.fine_tune)
        words = TokenEmbedding(len(self.lexicon_.words), self.embedding, None, trainable=True)
        letters = len(self.lexicon_.characters)
        allowed = tagging.allowed(self.classes_, self.scheme_)
        contextual = None
        if self.contexts_ is not None:
            contextual, self.contexts_ = self.contexts_.parted()
        return TaggerNetwork(self, allowed, words, known, letters, lost, contextual)

    def _numbers(self, X: Any) -> Numbered:
        check_is_fitted(self, "network_")
        return self._in_numbers(as_sentences(X))

    def _in_numbers(self, X: Any) -> Numbered:
        return tagging.in_context(self.lexicon_.numbers(X), self.contexts_, X)

    def _tagged(self, X: Any, y: Any) -> Tagged:
        """Return sentences and their tags in numbers."""
        words = self._in_numbers(X)
        flat = list(chain.from_iterable(y))
        codes = self._labels.encode(flat) if flat else np.zeros(0, np.int64)
        return Tagged(words, Ragged(codes, words.ids.offsets))

    def task(self, X: Any, y: Any = None) -> Problem:
        """Return what training would see of sentences and their tags."""
        check_is_fitted(self, "network_")
        return self._problem(self._tagged(X, y), None)

    def _problem(self, data: Tagged, dev: Tagged | None) -> Problem:
        """Return what the training loop needs: batches, loss, validation."""

        def batches(epoch: int) -> Iterator[tuple[Any, int]]:
            lengths = data.words.ids.lengths
            for rows in shuffled_batches(lengths, self.batch_size, self.seed, epoch):
                yield (tagging.batch(data.words, rows), data.goal(rows)), len(rows)

        def loss(batch: Any) -> Tensor:
            found: Tensor = self.network_.loss(*batch)
            return found

        return Problem(
            network=self.network_,
            batches=batches,
            steps=-(-len(data.words.ids) // self.batch_size),
            loss=loss,
            kernels=self.network_.kernels(),
            validate=None if dev is None else lambda: self._validated(dev),
            rank=tagging.RANKS[self.best_by],
            unit=self._unit,
        )

    @property
    def _spans(self) -> bool:
        """Whether the tags mark spans."""
        return spans.scheme_of(self.classes_.tolist()) is not None

    def _validated(self, dev: Tagged) -> dict[str, float]:
        """Return loss and accuracy of the network as it stands, both by word, and F1 of spans."""
        total, right, words = 0.0, 0, max(len(dev.tags.values), 1)
        true: list[list[Any]] = []
        found: list[list[Any]] = []
        with torch.inference_mode():
            for rows, batch in self._batches(dev.words):
                emissions, goal = self.network_(batch), dev.goal(rows)
                total += float(self.network_.tags.loss(emissions, goal, batch.lengths))
                put = self.network_.tags.decode(emissions, batch.lengths)
                real = np.arange(put.shape[1]) < batch.lengths.numpy()[:, None]
                right += int((put == goal.numpy())[real].sum())
                true += tagging.named(goal.numpy(), batch.lengths, self.classes_)
                found += tagging.named(put, batch.lengths, self.classes_)
        figures = {"loss": total / words, "accuracy": right / words}
        if self._spans:
            figures["span_f1"] = metrics.span_scores(true, found)["f1"]
        return figures

    def _decoded(self, data: Numbered) -> list[NDArray[np.int64]]:
        """Return the best tagging of each sentence, N arrays (T,)."""
        out: list[Any] = [None] * len(data.ids)
        with torch.inference_mode():
            for rows, batch in self._batches(data):
                put = self.network_.tags.decode(self.network_(batch), batch.lengths)
                for row, tags, length in zip(rows, put, batch.lengths.tolist(), strict=True):
                    out[row] = tags[:length]
        return out

    @staticmethod
    def _batches(data: Numbered) -> Iterator[tuple[NDArray[np.int64], Any]]:
        """Yield all sentences in batches of like length."""
        for rows in sorted_batches(data.ids.lengths, PREDICT_BATCH):
            yield rows, tagging.batch(data, rows)

    def _note(self, data: Numbered) -> None:
        """Say once what was empty or unknown in the training sentences."""
        if empty := int((data.ids.lengths == 0).sum()):
            self.notes_.append(
                f"no word in {empty:,} of {counted(len(data.ids), 'training sentence')}"
            )
        if data.unknown:
            self.notes_.append(
                f"{data.unknown / len(data.ids.values):.1%} of the running words are outside the "
                f"vocabulary of {len(self.lexicon_.words):,}"
            )

    def _identity(self, data: Tagged, dev: Tagged | None) -> dict[str, Any]:
        """Return what a resumed run must share: the options but for the epochs, and the data."""
        arrays = [a for part in (data, dev) if part is not None for a in part.arrays()]
        parts = {"vectors": self.network_.known, "contextual": self.network_.contextual}
        sums = {name: weights_digest(part) for name, part in parts.items() if part is not None}
        return self._options_and_data(arrays, **sums)

    # The model folder.

    def _facts(self) -> dict[str, Any]:
        return {"classes": self.classes_.tolist(), "decisions": self.decision_notes()}

    def _learned(self) -> dict[str, Any]:
        return {
            "classes": self.classes_.tolist(),
            "scheme": self.scheme_,
            "vector_size": self.vector_size_,
            "contexts": None if self.contexts_ is None else self.contexts_.state(),
            **super()._learned(),
        }

    def _texts(self) -> dict[str, str]:
        found, contexts = self.lexicon_, self.contexts_
        none = Vocabulary([PAD, UNK])
        more = none if contexts is None else contexts.vocabulary
        parts = (found.words, found.known, found.characters, more)
        return {name: part.to_json() for name, part in zip(self._files, parts, strict=True)}

    def _remember(
        self, learned: dict[str, Any], arrays: dict[str, NDArray[Any]], files: dict[str, str]
    ) -> None:
        self._recall(learned, files)
        self._labels = Labels.restored(learned["classes"], False, False)
        self.classes_, self.scheme_ = self._labels.classes, learned["scheme"]
        self.vector_size_ = int(learned["vector_size"])
        words, known, letters, more = (Vocabulary.from_json(files[name]) for name in self._files)
        self.contexts_ = Contexts.restored(learned.get("contexts"), more)
        self.lexicon_ = Lexicon(words, known, letters, self.lowercase)
        self._take_weights(self._build(None, None), arrays)
