"""GloVe (Pennington, Socher and Manning 2014): vectors whose products are logarithms of counts."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.errors import DataError, OptionError, TrainingError
from sestina.kernels.glove import PAIR, Dealer, Trainer, new_table, vectors
from sestina.kernels.workspace import address
from sestina.vectors import cooccurrence
from sestina.vectors.checkpoint import Checkpoint, State
from sestina.vectors.corpus import Corpus
from sestina.vectors.spill import Spill

Progress = Callable[[int, float, float], None]
"""Called with the epoch, the share of it that is done, and its mean loss so far.

Before the first epoch words are counted: that is epoch 0, and its loss is 0."""

_FEWEST, _MOST = 16, 256  # blocks of words
_DEEP = 1 << 10  # words of a block, whose rows a core's cache holds


def train(
    corpus: Corpus,
    *,
    dimensions: int = 100,
    window: int = 5,
    epochs: int = 15,
    rate: float = 0.05,
    x_max: float = 100.0,
    alpha: float = 0.75,
    seed: int = 0,
    memory: float = cooccurrence.MEMORY,
    folder: Path | None = None,
    checkpoint: Checkpoint | None = None,
    state: State | None = None,
    progress: Progress | None = None,
) -> NDArray[np.float32]:
    """Return a vector for each word, (V, D): the mean of its vectors as word and as context.

    The bits do not depend on the number of threads, nor on `memory`. A KeyboardInterrupt, also one
    that `progress` raises, ends the training early; the vectors are then those so far.

    Args:
        corpus: Sentences of word numbers.
        dimensions: D.
        window: Words on each side; one at distance d counts 1 / d.
        epochs: How often each pair of words is met.
        rate: AdaGrad's first learning rate. Gradients are multiplied by it before they are
            squared, as in the authors' program, so that it falls slowly; biases begin with 1.
        x_max: The count from which on a pair has the full weight.
        alpha: Exponent of the weight below.
        seed: Of the first vectors and of the order of the pairs.
        memory: Megabytes for counts and pairs; more goes to disk. The vectors and their squared
            gradients, 16 · V · (D + 2) bytes, come on top.
        folder: Where that is; None: where the system keeps what is temporary.
        checkpoint: For the table and the state; None: they are not saved.
        state: How far the training has come; parts of an epoch are diagonals of tiles.
        progress: Called many times an epoch.

    Raises:
        DataError: No two words stand near each other, or the disk is full.
        OptionError: An option is not positive.
        TrainingError: The loss is not finite.
    """
    _check(dimensions=dimensions, window=window, epochs=epochs, rate=rate, x_max=x_max, alpha=alpha)
    shape, state = blocks(len(corpus.words)), state or State()
    distances = cooccurrence.weights(window, harmonic=True)
    with Spill(folder) as spill:
        pairs = _Pairs(spill, int(memory * 2**20) // 2)
        dealer = Dealer(shape, float(distances[0]), x_max, alpha)
        dealt = [np.arange(block, len(corpus.words), shape[0]) for block in range(shape[0])]
        rng = np.random.default_rng((seed, 0))
        for counts in cooccurrence.rows(corpus, distances, dealt, spill, memory):
            pairs.add(*dealer.deal(counts, int(rng.integers(2**63))))
            if progress is not None:
                progress(0, pairs.blocks / shape[0], 0.0)
        table = new_table(math.prod(shape), dimensions, rate, rng)
        trainer = Trainer(table, *pairs.tiles(), rate)
        if checkpoint is not None:
            checkpoint.load(table, state)
        with suppress(KeyboardInterrupt):  # every step is whole: a kernel is not interrupted
            while state.epoch < epochs:
                _epoch(trainer, state, seed, corpus.read, progress)
                if checkpoint is not None and state.epoch < epochs:
                    checkpoint.save(table, state)
        if checkpoint is not None:
            checkpoint.save(table, state)
    return vectors(table, shape, len(corpus.words), dimensions)


def _check(**options: float) -> None:
    for name, value in options.items():
        if not value > 0:
            raise OptionError(f"{name}={value} came; expected a number above 0")


def blocks(words: int) -> tuple[int, int]:
    """Return into how many blocks words are dealt, and how many words a block has at most.

    Raises:
        DataError: There are none.
    """
    if not words:
        raise DataError("the corpus has no words; lower min_count, or give more text")
    count = min(max(words // _DEEP, _FEWEST), _MOST, words)
    return count, -(-words // count)


class _Pairs:
    """The pairs of all tiles: in memory up to a limit, then on disk."""

    def __init__(self, spill: Spill, limit: int) -> None:
        self._spill, self._left = spill, limit
        self._kept: list[NDArray[Any] | int] = []  # what is on disk: where it begins there
        self._sizes: list[NDArray[np.int64]] = []
        self._spilt = 0

    def add(self, pairs: NDArray[Any], sizes: NDArray[np.int64]) -> None:
        """Take the pairs of a block of words, tile by tile."""
        self._sizes.append(sizes)
        self._left -= pairs.nbytes
        if self._left >= 0:
            self._kept.append(pairs)
        else:
            self._spill.append("pairs", pairs)
            self._kept.append(self._spilt)
            self._spilt += pairs.nbytes

    @property
    def blocks(self) -> int:
        """How many blocks of words were taken."""
        return len(self._kept)

    def tiles(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the address of each tile, and how many pairs it has, both (P, P)."""
        self._mapped = self._spill.mapped("pairs", PAIR)
        base, sizes = address(self._mapped), np.array(self._sizes)
        first = [base + one if isinstance(one, int) else address(one) for one in self._kept]
        before = np.cumsum(sizes, 1) - sizes
        return np.array(first)[:, None] + PAIR.itemsize * before, sizes


def _epoch(
    trainer: Trainer, state: State, seed: int, words: int, progress: Progress | None
) -> None:
    """Train what is left of the present epoch."""
    epoch, started = state.epoch + 1, time.perf_counter()
    shifts = np.random.default_rng((seed, epoch)).permutation(trainer.diagonals)
    first = state.part
    for shift in shifts[first:]:
        state.add(*trainer.run(int(shift)))
        state.part += 1
        if progress is not None and state.pairs < trainer.pairs:
            progress(epoch, state.pairs / trainer.pairs, state.mean)
    if not np.isfinite(state.loss):
        raise TrainingError(f"GloVe's loss is not finite in epoch {epoch}; lower the learning rate")
    words = words * (len(shifts) - first) // len(shifts)
    row = state.end_epoch(words, time.perf_counter() - started)
    if progress is not None:
        progress(epoch, 1.0, row["loss"])
