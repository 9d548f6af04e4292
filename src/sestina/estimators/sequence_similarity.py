"""SequenceSimilarity: pairs of sequences → how alike they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from sestina import config
from sestina.config import SimilarityOptions, TextOptions
from sestina.data.ragged import Ragged, shuffled_batches, sorted_batches
from sestina.errors import DataError, counted
from sestina.estimators.pairing import as_labels, as_pairs, best_threshold, keys_of
from sestina.estimators.trained import Trained
from sestina.estimators.validation import drawn, pair_of
from sestina.nn.classifier import ClassifierNetwork
from sestina.nn.embedding import TokenEmbedding
from sestina.nn.heads import Target
from sestina.nn.siamese import alike, similarity_loss
from sestina.shapes import as_series
from sestina.text.encode import encode, in_ids, learn_vocabulary
from sestina.text.inputs import as_texts
from sestina.text.parts import read_vocabulary
from sestina.train import Problem, random_stream
from sestina.vectors.table import WordVectors

PREDICT_BATCH = 256


class PairBatch(NamedTuple):
    """B pairs as the network reads them: first all firsts, then all seconds."""

    x: Tensor  # (2 B, T) ids or (2 B, T, D)
    lengths: Tensor  # (2 B,)
    labels: Tensor  # (B,)


class Pairs(NamedTuple):
    """N pairs in numbers."""

    both: Ragged  # all firsts, then all seconds: 2 N sequences
    labels: NDArray[np.float32]  # (N,)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """By which pairs of like length are told, (N,)."""
        found: NDArray[np.int64] = self.both.lengths.reshape(2, -1).sum(axis=0)
        return found


@dataclass(eq=False, repr=False, kw_only=True)
class SequenceSimilarity(TextOptions, SimilarityOptions, Trained, BaseEstimator):
    """Tell how alike two texts, or two numeric sequences, are: a Siamese network (row C17).

    One encoder reads both sequences (Bromley et al. 1993); their vectors' cosine, or e to the minus
    L1 distance, is the similarity. The options are those of `sestina.config`: `TextOptions`,
    `SimilarityOptions` and `LearningOptions`.

    Attributes (after `fit`):
        texts_: Whether the sequences are texts.
        vocabulary_: The `Vocabulary` of texts; None of numeric sequences.
        n_features_in_: D of numeric sequences, of texts the size of a token's vector.
        threshold_: The similarity above which `predict` takes a pair for alike.

    Example:
        >>> from sestina import SequenceSimilarity
        >>> pairs = [("a good film", "good acting"), ("a bad film", "good acting")] * 20
        >>> net = SequenceSimilarity(encoder="mean", epochs=30, learning_rate=0.05)
        >>> net.fit(pairs, [1, 0] * 20).predict([("good", "good film"), ("bad", "good film")])
        array([ True, False])
    """

    _files: ClassVar[tuple[str, ...]] = ("vocabulary.json",)

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        validation: tuple[Any, Any] | None = None,
        checkpoint: str | Path | None = None,
        resume: bool = False,
    ) -> Self:
        """Train on N pairs.

        Args:
            X: Pairs of texts, or pairs of arrays (T, D).
            y: How alike each is: 1 or 0, or anything between with ``loss="regression"``.
            validation: Pairs and labels for early stopping; by default ``validation_fraction`` of
                X is held out, pairs with the same first sequence together.
            checkpoint: Folder for a checkpoint after each epoch.
            resume: Go on from that checkpoint, where there is one.

        Raises:
            SestinaError: X or y, an option or the checkpoint cannot be used, or training failed;
                `Trained` says which error is which.
            KeyboardInterrupt: After Ctrl-C; fitted with the best epoch so far, if there is one.
        """
        started = self._begin()
        self.notes_: list[str] = config.unused(self)
        firsts, seconds = as_pairs(X)
        labels = as_labels(y, len(firsts), self.loss == "contrastive")
        rows = list(zip(firsts, seconds, strict=True))
        if validation is None:
            rows, kept, held = drawn(rows, labels.tolist(), keys_of(firsts), self)
        else:
            kept, held = labels.tolist(), pair_of(validation, "pairs, labels")
        pairs = self._learn(rows, kept)
        dev = None if held is None else self._numbered(*held)
        with random_stream(self.seed, 0):
            self.network_ = self._build(fresh=True)
        parts = [pairs] if dev is None else [pairs, dev]
        run = self._train(
            lambda: self._problem(pairs, dev),
            lambda: self._options_and_data(
                [a for p in parts for a in (p.both.values, p.both.offsets, p.labels)]
            ),
            checkpoint,
            resume,
        )
        judged = parts[-1]
        self.threshold_ = best_threshold(self._found(judged), judged.labels)
        self._keep(run, started)
        return self

    # What it makes of sequences.

    def embed(self, X: Any) -> NDArray[np.float32]:
        """Return the vector of each of N sequences, (N, `size`)."""
        check_is_fitted(self, "network_")
        return self._vectors(self._encode(X))

    def similarity(self, a: Any, b: Any) -> NDArray[np.float64]:
        """Return how alike N sequences and N others are, (N,): by cosine −1 to 1, else 0 to 1.

        Raises:
            DataError: They are not as many, or no such sequences as it was trained on.
        """
        check_is_fitted(self, "network_")
        if len(a) != len(b):
            raise DataError(
                f"{counted(len(a), 'sequence')} came on one side, {len(b):,} on the other; give as "
                "many on both"
            )
        return self._alike(self.embed(a), self.embed(b))

    def predict(self, X: Any) -> NDArray[np.bool_]:
        """Return which of N pairs are alike: those above `threshold_`."""
        found: NDArray[np.bool_] = self.similarity(*as_pairs(X)) > self.threshold_
        return found

    def score(self, X: Any, y: Any) -> float:
        """Return the share of pairs rightly told alike or not; labels above 0.5 are alike."""
        check_is_fitted(self, "network_")
        put = self.predict(X)
        return float((put == (as_labels(y, len(put), False) > 0.5)).mean())

    def task(self, X: Any, y: Any = None) -> Problem:
        """Return what training would see of pairs and their labels."""
        check_is_fitted(self, "network_")
        return self._problem(self._numbered(X, y), None)

    # How a fit goes, step by step.

    def _learn(self, rows: list[tuple[Any, Any]], labels: list[float]) -> Pairs:
        """Learn what the sequences need; return the pairs in numbers."""
        firsts, seconds = as_pairs(rows)
        self.texts_ = isinstance(firsts[0], str)
        every = [*firsts, *seconds]
        if not self.texts_:
            self.vocabulary_ = None
            both = as_series(every)
            self.n_features_in_ = both[0].shape[1]
            self.steps_ = max(map(len, both))
            return Pairs(_ragged(both, self.n_features_in_), np.array(labels, np.float32))
        self.vocabulary_, found = learn_vocabulary(as_texts(every), self)
        encoded = in_ids(found, self.vocabulary_, self)
        self.steps_ = self.max_tokens
        if encoded.truncated:
            self.notes_.append(encoded.cut_note(self))
        return Pairs(encoded.ids, np.array(labels, np.float32))

    def _numbered(self, X: Any, y: Any) -> Pairs:
        """Return pairs in numbers, as those of the training."""
        firsts, seconds = as_pairs(X)
        labels = as_labels(y, len(firsts), self.loss == "contrastive")
        return Pairs(self._encode([*firsts, *seconds]), labels)

    def _encode(self, X: Any) -> Ragged:
        """Return sequences in numbers."""
        if self.vocabulary_ is not None:
            return encode(as_texts(X), self.vocabulary_, self).ids
        rows = as_series(X)
        if rows[0].shape[1] != self.n_features_in_:
            raise DataError(
                f"the sequences have {counted(rows[0].shape[1], 'feature')}, those of the training "
                f"had {self.n_features_in_}"
            )
        return _ragged(rows, self.n_features_in_)

    def _build(self, fresh: bool) -> ClassifierNetwork:
        """Return the network; `fresh` for training, otherwise its weights will be loaded."""
        table = None
        if self.vocabulary_ is not None:
            table = self._table() if fresh else TokenEmbedding(
                len(self.vocabulary_), self.n_features_in_, None, trainable=not self.frozen_
            )  # fmt: skip
        target = Target(self.size, multi_label=True)  # as many outputs as the vector has numbers
        return ClassifierNetwork(
            self, target, self.n_features_in_, self.steps_, table, self.token_dropout
        )

    def _table(self) -> TokenEmbedding:
        """Return the table to begin with: random, or made of the pre-trained vectors."""
        assert self.vocabulary_ is not None
        rows = None
        if self.vectors is not None:
            rows, found = WordVectors.load(self.vectors).rows_for(self.vocabulary_)
            rows[:2], found[:2] = 0.0, False  # PAD, and what is unknown
            known = counted(len(self.vocabulary_) - 2, "token")
            self.notes_.append(f"vectors: found {int(found.sum()):,} of {known}")
        self.n_features_in_ = self.embedding if rows is None else int(rows.shape[1])
        self.frozen_ = rows is not None and not self.fine_tune
        return TokenEmbedding(len(self.vocabulary_), self.n_features_in_, rows, not self.frozen_)

    def _problem(self, pairs: Pairs, dev: Pairs | None) -> Problem:
        """Return what the training loop needs: batches, loss, validation."""
        count = len(pairs.labels)
        self.network_.check_batch(2 * min(self.batch_size, count))

        def batches(epoch: int) -> Iterator[tuple[PairBatch, int]]:
            for rows in shuffled_batches(pairs.lengths, self.batch_size, self.seed, epoch):
                x, lengths = self._tensors(pairs.both, np.concatenate([rows, rows + count]))
                yield PairBatch(x, lengths, torch.from_numpy(pairs.labels[rows])), len(rows)

        def loss(batch: PairBatch) -> Tensor:
            one, two = self.network_(batch.x, batch.lengths).chunk(2)
            found = alike(one, two, self.measure)
            return similarity_loss(found, batch.labels, self.loss, self.margin)

        return Problem(
            network=self.network_,
            batches=batches,
            steps=-(-count // self.batch_size),
            loss=loss,
            kernels=self.network_.kernels(),
            validate=None if dev is None else lambda: self._validated(dev),
            unit="pairs",
        )

    def _validated(self, pairs: Pairs) -> dict[str, float]:
        """Return loss and mean distance to the labels of the network as it stands."""
        found = self._found(pairs)
        loss = similarity_loss(
            torch.from_numpy(found), torch.from_numpy(pairs.labels), self.loss, self.margin
        )
        return {"loss": float(loss), "error": float(np.abs(found - pairs.labels).mean())}

    def _found(self, pairs: Pairs) -> NDArray[np.float64]:
        return self._alike(*np.split(self._vectors(pairs.both), 2))

    def _alike(self, one: NDArray[np.float32], two: NDArray[np.float32]) -> NDArray[np.float64]:
        a, b = (torch.from_numpy(rows).double() for rows in (one, two))
        return np.asarray(alike(a, b, self.measure).numpy())

    def _vectors(self, inputs: Ragged) -> NDArray[np.float32]:
        out = np.empty((len(inputs), self.size), dtype=np.float32)
        with torch.inference_mode():
            for rows in sorted_batches(inputs.lengths, PREDICT_BATCH):
                out[rows] = self.network_(*self._tensors(inputs, rows)).numpy()
        return out

    def _tensors(self, inputs: Ragged, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Return a padded batch and its true lengths; a flatten encoder's has its fixed length."""
        x, lengths = inputs.padded(rows, self.network_.steps, self.network_.side)
        return torch.from_numpy(x), torch.from_numpy(lengths)

    # The model folder.

    def _facts(self) -> dict[str, Any]:
        return {"use": "model.similarity([…], […])"}

    def _texts(self) -> dict[str, str]:
        return {"vocabulary.json": "" if self.vocabulary_ is None else self.vocabulary_.to_json()}

    def _learned(self) -> dict[str, Any]:
        return {
            **super()._learned(),
            "texts": self.texts_,
            "features": self.n_features_in_,
            "frozen": getattr(self, "frozen_", False),
            "steps": self.steps_,
            "threshold": self.threshold_,
        }

    def _remember(
        self, learned: dict[str, Any], arrays: dict[str, NDArray[Any]], files: dict[str, str]
    ) -> None:
        """Become fitted again from what `_learned` returned, the weights and the text files."""
        self._recall(learned, files)
        self.texts_, self.frozen_ = bool(learned["texts"]), bool(learned["frozen"])
        self.n_features_in_, self.steps_ = int(learned["features"]), int(learned["steps"])
        self.threshold_ = float(learned["threshold"])
        words = files["vocabulary.json"]
        self.vocabulary_ = read_vocabulary(words, self.level) if self.texts_ else None
        self._take_weights(self._build(fresh=False), arrays)


def _ragged(rows: list[NDArray[np.float32]], features: int) -> Ragged:
    return Ragged.of(rows, np.empty((0, features), np.float32))
