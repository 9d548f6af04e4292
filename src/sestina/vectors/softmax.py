"""Word2vec with the full softmax, in plain NumPy: one-word context, CBOW and skip-gram.

It is the network of the lectures (one-hot input, a hidden layer without activation, softmax over
all words), after Rong, word2vec Parameter Learning Explained, 2014. Every step computes all V
outputs, so it is for teaching and for small vocabularies.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from sestina.config import Word2VecOptions
from sestina.errors import TrainingError
from sestina.interrupt import held
from sestina.progress import Reporter
from sestina.vectors.corpus import Corpus
from sestina.vectors.training import LEAST_RATE, refuse_lone_words, thresholds

MOST_WORDS = 20_000
BATCH = 64  # examples whose gradients are added up
Array = NDArray[np.float32]
Numbers = NDArray[np.int64]
Example = tuple[int, list[int], int]


class Softmax:
    """A training with the full softmax.

    Attributes:
        inputs: Vectors of the words, (V, D).
        outputs: Their weights in the output layer, (V, D).
        history: One row per finished epoch; loss is the cross-entropy in nats.
    """

    def __init__(self, corpus: Corpus, options: Word2VecOptions) -> None:
        self._corpus, self._options = corpus, options
        self._rng = np.random.default_rng(options.seed)
        shape = (len(corpus.words), options.dimensions)
        self.inputs: Array = self._rng.random(shape, np.float32) - np.float32(0.5)
        self.inputs /= np.float32(shape[1])
        self.outputs: Array = np.zeros(shape, np.float32)
        self.history: list[dict[str, float]] = []

    def train(self) -> None:
        """Train all epochs, on one thread: sums of several would round in any order.

        Raises:
            DataError: No two words stand in one sentence.
            TrainingError: The loss is not finite any more.
            KeyboardInterrupt: After Ctrl-C, between two steps.
        """
        options, tokens = self._options, self._corpus.read
        reporter = Reporter(options.verbose, options.epochs, tokens, "words")
        one, rough = threadpool_limits(1, "blas"), np.errstate(over="ignore", invalid="ignore")
        with one, rough, held() as look, reporter:
            refuse_lone_words(self._corpus)
            for epoch in range(1, options.epochs + 1):
                started, loss, examples = time.perf_counter(), 0.0, 0
                for share, contexts, counts, targets in self._batches():
                    rate = 1 - (epoch - 1 + share) / options.epochs
                    rate = options.learning_rate * max(rate, LEAST_RATE)
                    loss += self._step(contexts, counts, targets, np.float32(rate))
                    examples += len(targets)
                    done = int(share * tokens)
                    reporter.step(epoch, done, loss / examples, done, started)
                    look()
                if not np.isfinite(loss):
                    raise TrainingError(
                        f"the loss is not finite any more with learning_rate="
                        f"{options.learning_rate:g}; lower it"
                    )
                seconds = time.perf_counter() - started
                row = {
                    "epoch": float(epoch),
                    "loss": loss / max(examples, 1),
                    "sequences_per_second": tokens / max(seconds, 1e-9),
                    "seconds": seconds,
                }
                self.history.append(row)
                reporter.epoch(row, best=False)

    def _step(self, contexts: Numbers, counts: Array, targets: Numbers, rate: np.float32) -> float:
        """Take one step of gradient descent on a batch; return the sum of its losses.

        Args:
            contexts: Words (B, C) whose mean is the input; −1 is none.
            counts: How many each example has, (B, 1).
            targets: Words to be predicted, (B,).
            rate: Learning rate.
        """
        there = (contexts >= 0)[..., None]
        hidden = (self.inputs[contexts] * there).sum(1) / counts  # (B, D)
        scores = hidden @ self.outputs.T  # (B, V)
        scores -= scores.max(1, keepdims=True)
        chances = np.exp(scores)
        chances /= chances.sum(1, keepdims=True)
        every = np.arange(len(targets))
        loss = -np.log(np.maximum(chances[every, targets], 1e-30)).sum(dtype=np.float64)
        chances[every, targets] -= 1
        d_hidden = chances @ self.outputs / counts
        self.outputs -= rate * (chances.T @ hidden)
        parts = np.broadcast_to(rate * d_hidden[:, None], (*contexts.shape, hidden.shape[1]))
        there = contexts >= 0
        np.subtract.at(self.inputs, contexts[there], parts[there])
        return float(loss)

    def _batches(self) -> Iterator[tuple[float, Numbers, Array, Numbers]]:
        """Yield the share of the corpus before a batch, and its contexts, counts and targets."""
        examples = self._examples()
        while batch := list(islice(examples, BATCH)):
            share = batch[0][0] / len(self._corpus.ids)
            yield (share, *_packed([example[1:] for example in batch]))

    def _examples(self) -> Iterator[Example]:
        """Yield the place of each center; words of context; a word to be predicted."""
        ids, keep = self._corpus.ids, thresholds(self._corpus.counts, self._options.subsample)
        start = 0
        for end in np.flatnonzero(ids < 0).tolist():
            chances = self._rng.integers(0, 2**31, end - start)
            kept = np.flatnonzero(chances <= keep[ids[start:end]])
            yield from self._of_sentence(start + kept, ids[start:end][kept])
            start = end + 1

    def _of_sentence(self, places: Numbers, words: NDArray[np.int32]) -> Iterator[Example]:
        """Yield the examples of a sentence, which may be a whole corpus."""
        wide = self._rng.integers(1, self._options.window + 1, len(words))
        for i, (place, word) in enumerate(zip(places.tolist(), words.tolist(), strict=True)):
            if self._options.method == "one-word":
                if i:
                    yield place, [int(words[i - 1])], word
                continue
            around = [
                *words[max(i - wide[i], 0) : i].tolist(),
                *words[i + 1 : i + 1 + wide[i]].tolist(),
            ]
            if self._options.method == "cbow":
                if around:
                    yield place, around, word
            else:
                for other in around:
                    yield place, [other], word


def _packed(examples: list[tuple[list[int], int]]) -> tuple[Numbers, Array, Numbers]:
    """Return contexts (B, C), padded with −1, their counts (B, 1), and targets (B,)."""
    longest = max(len(contexts) for contexts, _ in examples)
    packed = np.full((len(examples), longest), -1)
    for row, (contexts, _) in zip(packed, examples, strict=True):
        row[: len(contexts)] = contexts
    counts = (packed >= 0).sum(1, keepdims=True).astype(np.float32)
    return packed, counts, np.array([target for _, target in examples])
