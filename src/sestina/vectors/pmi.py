"""Vectors by counting: pointwise mutual information and a truncated SVD, nothing learned by steps.

Levy, Goldberg and Dagan 2015 show that skip-gram with negative sampling does much the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from sestina.errors import DataError, OptionError, counted
from sestina.vectors import cooccurrence
from sestina.vectors.corpus import Corpus
from sestina.vectors.spill import Spill

_GROUP = 1 << 23  # pairs that are worked on at once


def train(
    corpus: Corpus,
    *,
    dimensions: int = 100,
    window: int = 5,
    shift: float = 1.0,
    smoothing: float = 0.75,
    positive: bool = True,
    power: float = 1.0,
    seed: int = 0,
    memory: float = cooccurrence.MEMORY,
    folder: Path | None = None,
) -> NDArray[np.float32]:
    """Return a vector for each word, (V, D): the rows of U Σ^power of the matrix of `association`.

    Args:
        corpus: Sentences of word numbers.
        dimensions: D.
        window: Words on each side.
        shift: As in `association`; so are the next two.
        smoothing: Of frequent contexts.
        positive: Whether negative association counts as none.
        power: 1 as in textbooks; 0.5 or 0 give the first singular values less weight, which often
            serves likeness better (Levy, Goldberg and Dagan 2015).
        seed: Of the randomised SVD (Halko, Martinsson and Tropp 2011).
        memory: Megabytes that counting may take.
        folder: Where counts go that do not fit; None: where the system keeps what is temporary.

    Raises:
        DataError: No two words stand near each other, or none more often than by chance.
        OptionError: There are more dimensions than words, or an option is out of its range.
    """
    words = len(corpus.words)
    if not 1 <= dimensions <= words:
        raise OptionError(
            f"dimensions={dimensions} came with {counted(words, 'word')}; "
            "expected at least 1 and no more than words"
        )
    if not power >= 0:
        raise OptionError(f"power={power} came; expected a number of at least 0")
    from sklearn.utils.extmath import randomized_svd
    from threadpoolctl import threadpool_limits

    table = association(
        corpus,
        window=window,
        shift=shift,
        smoothing=smoothing,
        positive=positive,
        memory=memory,
        folder=folder,
    )
    if not table.count_nonzero():
        raise DataError(
            "no two words of the corpus stand together more often than by chance; "
            "lower the shift, or give more text"
        )
    with threadpool_limits(1, "blas"):  # several threads' sums would round in another order
        # scikit-learn's seeds have 32 bits
        left, values, _ = randomized_svd(table, dimensions, random_state=seed % 2**32)
    vectors: NDArray[np.float32] = (left * values**power).astype(np.float32)
    return vectors


def association(
    corpus: Corpus,
    *,
    window: int = 5,
    shift: float = 1.0,
    smoothing: float = 0.75,
    positive: bool = True,
    memory: float = cooccurrence.MEMORY,
    folder: Path | None = None,
) -> csr_array:
    """Return the pointwise mutual information of words and contexts, (V, V) sparse float32.

    The value of w and c is log2(N · C(w, c) / (C(w) · C(c))) − log2(shift), where C(w, c) counts
    how often they stand near each other, C(w) and C(c) are its sums over one of them, and N that
    over both. Pairs that never do are left out, as zeros. Counting takes 8 bytes a distinct pair of
    words, whatever `memory`, and the table at its end once more 8 bytes a pair that stays.

    Args:
        corpus: Sentences of word numbers.
        window: Words on each side.
        shift: k of shifted PMI, which plays the part of the negatives of skip-gram.
        smoothing: Exponent of C(c) in the chance of a context, C(c)^α / Σ C^α; 1 for none.
        positive: Whether values below zero are left out: (shifted) positive PMI.
        memory: Megabytes that counting may take.
        folder: Where counts go that do not fit; None: where the system keeps what is temporary.

    Raises:
        DataError: No two words stand near each other.
        OptionError: An option is out of its range.
    """
    for name, value in {"window": window, "shift": shift, "smoothing": smoothing}.items():
        if not value > 0:
            raise OptionError(f"{name}={value} came; expected a number above 0")
    with Spill(folder) as spill:
        stretches = list(_logarithms(corpus, window, spill, memory))
    sums = np.concatenate([stretch.sums for stretch in stretches])
    with np.errstate(divide="ignore"):  # a word without neighbours has no entry
        of_words = np.log2(sums) + np.log2(shift)
        of_contexts = np.log2(sums**smoothing / (sums**smoothing).sum())
    starts = [np.zeros(1, np.int64)]
    for number, (here, rows, contexts, logarithms) in enumerate(stretches):
        lengths = np.diff(rows)
        values = logarithms - np.repeat(of_words[: len(lengths)], lengths) - of_contexts[contexts]
        of_words = of_words[len(lengths) :]
        kept = values > 0 if positive else np.ones(len(values), bool)
        starts.append(starts[-1][-1] + np.concatenate([[0], np.cumsum(kept)])[rows[1:]])
        values = values[kept].astype(np.float32)
        stretches[number] = _Stretch(here, rows, contexts[kept], values)
    return csr_array(
        (
            np.concatenate([stretch.values for stretch in stretches]),
            np.concatenate([stretch.contexts for stretch in stretches]),
            np.concatenate(starts),
        ),
        shape=(len(sums), len(sums)),
    )


class _Stretch(NamedTuple):
    """Rows of some consecutive words: their sums, where they begin, contexts and values."""

    sums: NDArray[np.float64]
    starts: NDArray[np.int64]
    contexts: NDArray[np.int32]
    values: NDArray[np.float32]


def _logarithms(corpus: Corpus, window: int, spill: Spill, memory: float) -> Iterator[_Stretch]:
    """Yield the sums of rows, exact, and log2 of all counts."""
    ones = cooccurrence.weights(window, harmonic=False)
    groups = cooccurrence.groups(corpus, window, _GROUP)
    for rows in cooccurrence.rows(corpus, ones, groups, spill, memory):
        sums = np.diff(np.concatenate([[0], np.cumsum(rows.counts)])[rows.starts])
        logarithms = np.log2(rows.counts, dtype=np.float32)
        yield _Stretch(sums.astype(float), rows.starts, rows.contexts.copy(), logarithms)
