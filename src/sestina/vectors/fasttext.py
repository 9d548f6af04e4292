"""FastText: word vectors made of the vectors of a word's parts, so that unseen words have one too.

Bojanowski, Grave, Joulin and Mikolov, Enriching Word Vectors with Subword Information, 2017.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sestina.config import FastTextOptions
from sestina.errors import OptionError
from sestina.interrupt import finishing
from sestina.kernels.word2vec import Net, Settings
from sestina.vectors.base import VectorsEstimator
from sestina.vectors.corpus import Corpus
from sestina.vectors.subwords import Subwords, ngrams
from sestina.vectors.table import WordVectors
from sestina.vectors.training import Run, begin, shared_settings

BLOCK = 4096  # words whose parts are listed, or added up, at once


@dataclass(eq=False, repr=False, kw_only=True)
class FastText(FastTextOptions, VectorsEstimator):
    """Word vectors with subwords (row B4 of the lectures).

    A word is the mean of a row of its own and of the rows of its character n-grams, of `min_n` to
    `max_n` characters between < and >, hashed into buckets by FNV-1a. Only buckets that occur in
    the corpus take memory. With ``max_n=0`` words have no parts.

    Example:
        >>> sentences = [["walking", "slowly"], ["walked", "slowly"]] * 50
        >>> model = FastText(dimensions=8, min_count=1, epochs=2).fit(sentences)
        >>> model.vectors_["walks"].shape  # not in the corpus
        (8,)
    """

    def _check(self) -> None:
        if 0 < self.max_n < self.min_n:
            raise OptionError(
                f"min_n={self.min_n} is more than max_n={self.max_n}; give min_n ≤ max_n, "
                "or max_n=0 for words without parts"
            )

    def _learn(self, corpus: Corpus, checkpoint: Path | None, resume: bool) -> None:
        starts, bags, numbers = parts_of(corpus.words, self.min_n, self.max_n, self.buckets)
        net = begin(corpus, self, inputs=len(corpus.words) + len(numbers), spread=1.0)
        if self.max_n:
            net.bag_starts, net.bags = starts, bags
        settings = Settings(**shared_settings(self))
        run = Run(self.method, net, settings, corpus, self)
        self.history_ = run.state.history
        with finishing(lambda: self._keep(corpus, net, numbers)):
            run.train(checkpoint, resume)

    def _keep(self, corpus: Corpus, net: Net, numbers: NDArray[np.int64]) -> None:
        """Set `vectors_`: the words' means, and the rows of their n-grams for unseen ones."""
        words, size = len(corpus.words), self.dimensions
        table = net.table[:, :size]
        parts = None
        if net.bags is None or net.bag_starts is None:
            matrix = table[:words].copy()
        else:
            matrix = means(table, net.bag_starts, net.bags)
            rows = table[words : words + len(numbers)].copy()
            parts = Subwords(rows, self.min_n, self.max_n, self.buckets, numbers)
        outputs = None
        if self.output == "negative":
            outputs = table[net.first_output : net.first_output + words].copy()
        self.vectors_ = WordVectors(
            corpus.words, matrix, parts=parts, outputs=outputs, counts=corpus.counts
        )


def parts_of(
    words: tuple[str, ...], least: int, most: int, buckets: int
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]:
    """Return the rows that each word is the mean of: its own, and those of its n-grams.

    Returns:
        Where each word's rows begin in the list, (V + 1,); the list, in which row V + i is that of
        the i-th bucket; the buckets that occur, (R,), rising.
    """
    lists = []
    for start in range(0, len(words) if most else 0, BLOCK):
        owner, number = ngrams(words[start : start + BLOCK], least, most, buckets)
        lists.append((owner + start, number))
    owners = np.concatenate([o for o, _ in lists]) if lists else np.empty(0, np.int64)
    found = np.concatenate([n for _, n in lists]) if lists else np.empty(0, np.int64)
    numbers, rows = np.unique(found, return_inverse=True)
    sizes = np.bincount(owners, minlength=len(words)) + 1
    starts = np.concatenate([[0], np.cumsum(sizes)])
    bags = np.empty(starts[-1], np.int32)
    bags[starts[:-1]] = np.arange(len(words))
    own = np.ones(len(bags), np.bool_)
    own[starts[:-1]] = False
    bags[own] = len(words) + rows  # owners rise, so that the n-grams stand in order
    return starts, bags, numbers


def means(
    table: NDArray[np.float32], starts: NDArray[np.int64], bags: NDArray[np.int32]
) -> NDArray[np.float32]:
    """Return the mean of each word's rows, (V, D)."""
    words = len(starts) - 1
    out = np.empty((words, table.shape[1]), np.float32)
    for first in range(0, words, BLOCK):
        last = min(first + BLOCK, words)
        begins = starts[first:last] - starts[first]
        rows = table[bags[starts[first] : starts[last]]]
        out[first:last] = np.add.reduceat(rows, begins, axis=0)
    out /= np.diff(starts).astype(np.float32)[:, None]
    return out
