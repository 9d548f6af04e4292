"""How often words of a corpus stand near each other, counted in bounded memory.

A corpus whose places do not fit is counted part by part; each part's rows go to disk in the order
of the words, and are then added up word by word.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sestina.errors import DataError, OptionError
from sestina.kernels import cooccurrence as kernel
from sestina.kernels.cooccurrence import Counts
from sestina.vectors.corpus import Corpus
from sestina.vectors.spill import Spill

MEMORY = 1024
"""Megabytes that counting may take, beside a few arrays of one number a word."""
_FINEST = 1 << 28  # what a neighbour counts at most, so that sums of 10⁹ tokens stay integers
_WHOLE = 23  # window whose distances have no common multiple below that
_PER_TOKEN = 4  # bytes of a listed place
_PER_PAIR = 12  # bytes of a context and its count


def weights(window: int, harmonic: bool) -> NDArray[np.int64]:
    """Return what a neighbour at distances 1 … window counts, as integers.

    They are 1, or 1 / distance times the least number that makes all of them whole, up to a window
    of 22; times 2²⁸, rounded, above.
    """
    if not harmonic:
        return np.ones(window, np.int64)
    scale = min(math.lcm(*range(1, min(window, _WHOLE) + 1)), _FINEST)
    return np.array([round(scale / distance) for distance in range(1, window + 1)], np.int64)


def groups(corpus: Corpus, window: int, pairs: int) -> list[NDArray[np.int64]]:
    """Return groups of consecutive words that have some number of pairs at most.

    A single word may have more: as many as there are words.
    """
    most = np.minimum(2 * window * corpus.counts, len(corpus.words))
    bounds, taken = [0], 0
    for word, pairs_of_word in enumerate(most.tolist()):
        if taken + pairs_of_word > pairs and taken:
            bounds.append(word)
            taken = 0
        taken += pairs_of_word
    return np.split(np.arange(len(corpus.words)), bounds[1:])


def rows(
    corpus: Corpus,
    distances: NDArray[np.int64],
    words: Sequence[NDArray[np.int64]],
    spill: Spill,
    memory: float = MEMORY,
) -> Iterator[Counts]:
    """Count what stands near each word, one group of words after the other.

    The counts are the same whatever the memory and the number of threads.

    Args:
        corpus: Sentences of word numbers.
        distances: What a neighbour counts at distances 1 … window, from `weights`.
        words: Groups of word numbers, each word in one of them.
        spill: Takes what does not fit.
        memory: Megabytes.

    Raises:
        DataError: No two words stand near each other, or the disk is full.
        OptionError: `memory` is not positive.
    """
    if not memory > 0:
        raise OptionError(f"memory={memory} came; expected megabytes above 0, such as {MEMORY}")
    part = max(int(memory * 2**20) // (4 * _PER_TOKEN), 1)
    part = min(part, 2**31 - 1)
    vocabulary, found = len(corpus.words), 0
    if len(corpus.ids) <= part:
        stretches = kernel.count(corpus.ids, vocabulary, distances, words)
    else:
        own = groups(corpus, len(distances), max(int(memory * 2**20) // (4 * _PER_PAIR), 1))
        runs = list(_runs(corpus, distances, own, spill, part))
        stretches = kernel.merge(runs, vocabulary, words)
    for stretch in stretches:
        found += len(stretch.contexts)
        yield stretch
    if not found:
        raise DataError(
            f"no two words of the corpus stand within {len(distances)} of each other in a "
            "sentence; lower min_count, or give longer sentences"
        )


def _runs(
    corpus: Corpus,
    distances: NDArray[np.int64],
    own: list[NDArray[np.int64]],
    spill: Spill,
    part: int,
) -> Iterator[Counts]:
    """Count each part of a corpus, and yield its rows, which lie on disk."""
    for number, first in enumerate(range(0, len(corpus.ids), part)):
        last = min(first + part, len(corpus.ids))
        starts = [np.zeros(1, np.int64)]
        for stretch in kernel.count(
            corpus.ids, len(corpus.words), distances, own, part=(first, last)
        ):
            starts.append(stretch.starts[1:] + starts[-1][-1])
            spill.append(f"contexts-{number}", stretch.contexts)
            spill.append(f"counts-{number}", stretch.counts)
        yield Counts(
            np.arange(len(corpus.words)),
            np.concatenate(starts),
            spill.mapped(f"contexts-{number}", np.dtype(np.int32)),
            spill.mapped(f"counts-{number}", np.dtype(np.int64)),
        )
