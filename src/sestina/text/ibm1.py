"""IBM model 1: which word translates which, learnt from sentence pairs whose words are not aligned.

Letters: N pairs, C couples of a source word and a target word in one pair, K different couples.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from sestina.errors import DataError, OptionError, counted

Sentence = Sequence[str]
MOST = 20_000_000  # couples, which take 50 bytes each while it learns
NULL = ""  # the source word of target words that translate none


class _Couples(NamedTuple):
    """Every source word of a pair beside every target word of it."""

    sources: NDArray[np.int64]  # (K,) source word of each different couple
    targets: NDArray[np.int64]  # (K,) target word
    places: NDArray[np.int64]  # (C,) which of the different couples
    starts: NDArray[np.int64]  # where the couples of each target word of each pair begin
    sizes: NDArray[np.int64]  # how many they are


class IBM1:
    """P(target word | source word) by expectation maximisation; row E5's baseline.

    A target word comes from any of the pair's source words, or from none (NULL), with equal
    chances, and from a source word e it is f with probability t(f | e). From equal t on, each round
    shares every target word out among the source words by t, then takes t from the shares. Brown,
    Della Pietra, Della Pietra and Mercer, The mathematics of statistical machine translation,
    Computational Linguistics 19, 1993.

    Args:
        rounds: Rounds of expectation maximisation.
        null: Whether there is NULL.

    Attributes (after `fit`):
        log_likelihoods_: Of the target sides, before each round, (rounds,), but for a constant.
        n_parameters_: Different couples of words, K.
        pairs_: Pairs that it learnt from: the first of them whose couples fit into memory.
    """

    def __init__(self, rounds: int = 8, null: bool = True) -> None:
        if rounds < 1:
            raise OptionError(f"rounds={rounds} leaves nothing learnt; the least is 1")
        self.rounds, self.null = rounds, null

    def fit(self, sources: Sequence[Sentence], targets: Sequence[Sentence]) -> Self:
        """Learn from N pairs, lists of words; pairs with an empty side teach nothing.

        Raises:
            DataError: There are not as many of each, or none with words on both sides.
        """
        if len(sources) != len(targets):
            raise DataError(
                f"{counted(len(sources), 'sentence')} came with {len(targets):,} translations; "
                "expected one each"
            )
        pairs = [pair for pair in zip(sources, targets, strict=True) if pair[0] and pair[1]]
        if not pairs:
            raise DataError("no pair has words on both sides; give some")
        sizes = np.cumsum([(len(source) + 1) * len(target) for source, target in pairs])
        self.pairs_ = max(int(np.searchsorted(sizes, MOST, side="right")), 1)
        pairs = pairs[: self.pairs_]
        given = [[NULL, *source] if self.null else list(source) for source, _ in pairs]
        self._sources = {word: n for n, word in enumerate(dict.fromkeys(chain(*given)))}
        self._targets = list(dict.fromkeys(chain(*(target for _, target in pairs))))
        numbers = {word: n for n, word in enumerate(self._targets)}
        couples = _couples(
            [np.array([self._sources[word] for word in row]) for row in given],
            [np.array([numbers[word] for word in target]) for _, target in pairs],
        )
        self._chances = self._learnt(couples)
        order = np.lexsort((couples.targets, -self._chances, couples.sources))
        self._order = couples.targets[order]  # of each source word, the likeliest first
        self._chances = self._chances[order]
        self._ends = np.searchsorted(couples.sources[order], np.arange(len(self._sources) + 1))
        self.n_parameters_ = len(order)
        return self

    def _learnt(self, couples: _Couples) -> NDArray[np.float64]:
        """Return t of each different couple, (K,)."""
        chances = np.full(len(couples.sources), 1 / len(self._targets))
        self.log_likelihoods_: list[float] = []
        for _ in range(self.rounds):
            shares = chances[couples.places]
            totals = np.add.reduceat(shares, couples.starts)
            self.log_likelihoods_.append(float(np.log(totals / couples.sizes).sum()))
            shares /= np.repeat(totals, couples.sizes)
            counts = np.bincount(couples.places, shares, minlength=len(chances))
            chances = counts / np.bincount(couples.sources, counts)[couples.sources]
        return chances

    def translations(self, word: str) -> list[tuple[str, float]]:
        """Return the translations of a source word and their probabilities, the likeliest first."""
        number = self._sources.get(word)
        if number is None:
            return []
        here = slice(*self._ends[number : number + 2])
        names = (self._targets[n] for n in self._order[here].tolist())
        return list(zip(names, self._chances[here].tolist(), strict=True))

    def dictionary(self) -> dict[str, str]:
        """Return the likeliest translation of each source word."""
        first = self._order[self._ends[:-1]].tolist()
        names = zip(self._sources, first, strict=True)
        return {word: self._targets[n] for word, n in names if word != NULL}


def _couples(sources: list[NDArray[np.int64]], targets: list[NDArray[np.int64]]) -> _Couples:
    """Return the couples of N pairs; of each target word those with all source words together."""
    sizes = np.repeat([len(row) for row in sources], [len(row) for row in targets])
    starts = np.cumsum(sizes) - sizes
    begins = np.cumsum([0, *(len(row) for row in sources[:-1])])  # of each pair's source words
    origin = np.repeat(begins, [len(row) for row in targets]) - starts
    left = np.concatenate(sources)[np.arange(sizes.sum()) + np.repeat(origin, sizes)]
    right = np.repeat(np.concatenate(targets), sizes)
    width = int(right.max()) + 1
    keys, places = np.unique(left * width + right, return_inverse=True)
    return _Couples(keys // width, keys % width, places, starts, sizes)
