"""Word and character error rates, and how sure one can be of them.

Letters: N utterances.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sestina.errors import DataError, counted
from sestina.recognition.symbols import symbols_in

Counts = NDArray[np.int64]
Pair = tuple[str | None, str | None]  # a true token and what stands for it
DRAWS = 2000  # of a bootstrap


@dataclass(frozen=True)
class Errors:
    """What must be changed in N utterances to make them the true ones, (N,) each.

    Attributes:
        substituted: Tokens that stand for others.
        deleted: Tokens that are missing.
        inserted: Tokens too many.
        tokens: True ones.
    """

    substituted: Counts
    deleted: Counts
    inserted: Counts
    tokens: Counts

    @property
    def all(self) -> Counts:
        """Errors of each utterance, (N,)."""
        return self.substituted + self.deleted + self.inserted

    @property
    def rate(self) -> float:
        """Errors of all utterances, divided by their true tokens; it may exceed 1."""
        return float(self.all.sum() / self.tokens.sum())


def word_errors(true: Sequence[str], put: Sequence[str]) -> Errors:
    """Return the errors of words, which blanks part; their `rate` is the word error rate, WER.

    As few as possible are counted for each utterance (Levenshtein 1966); the sums are those of the
    package jiwer. Capitals and marks count: make texts alike first.

    Args:
        true: What was said, N texts.
        put: What was recognised.

    Raises:
        DataError: There are not as many of both, or nothing was said at all.
    """
    return symbol_errors(true, put, "word")


def character_errors(true: Sequence[str], put: Sequence[str]) -> Errors:
    """Return the errors of characters; their `rate` is the character error rate, CER.

    Several blanks count as one, and those around a text not at all.

    Args:
        true: What was said, N texts.
        put: What was recognised.

    Raises:
        DataError: There are not as many of both, or nothing was said at all.
    """
    return symbol_errors(true, put, "character")


def symbol_errors(true: Sequence[str], put: Sequence[str], level: str) -> Errors:
    """Return the errors of the symbols that texts have at a level; of phones the rate is PER.

    Args:
        true: What was said, N texts.
        put: What was recognised.
        level: "character" counts as `character_errors` does, "word" as `word_errors`.

    Raises:
        DataError: There are not as many of both, or nothing was said at all.
    """
    wanted, found = ([symbols_in(text, level) for text in side] for side in (true, put))
    return _errors(wanted, found, level)


def aligned_words(true: str, put: str) -> list[Pair]:
    """Return the words of a text beside what was recognised for them, as `word_errors` counts.

    Args:
        true: What was said.
        put: What was recognised.

    Returns:
        Pairs in order; (a word, None) is one that is missing, (None, a word) one too many.
    """
    return _aligned(true.split(), put.split())


def rate_interval(errors: Errors, level: float = 0.95, seed: int = 0) -> tuple[float, float]:
    """Return the interval of a rate, by drawing utterances anew (Bisani and Ney 2004).

    Args:
        errors: Of N utterances.
        level: Coverage.
        seed: Of the draws.
    """
    drawn = _drawn(len(errors.tokens), seed)
    return _middle(_rates(errors, drawn), level)


def gain_interval(
    base: Errors, other: Errors, level: float = 0.95, seed: int = 0
) -> tuple[float, float]:
    """Return the interval of the relative improvement of one recogniser upon another.

    The improvement is 1 − rate / rate of the base: 0.084 means 8.4 per cent fewer errors. Both
    judge the same utterances, which are drawn together; where the interval lies above 0, the
    improvement is hardly chance. Nothing is an improvement on no error: then it is NaN.

    Args:
        base: Errors of the one that is to be improved upon.
        other: Those of the other, for the same N utterances.
        level: Coverage.
        seed: Of the draws.

    Raises:
        DataError: They are not of the same utterances.
    """
    if not np.array_equal(base.tokens, other.tokens):
        raise DataError(
            f"errors of {counted(len(base.tokens), 'utterance')} and of "
            f"{len(other.tokens):,} others came; expected the same utterances in the same order"
        )
    if not base.rate:
        return math.nan, math.nan
    drawn = _drawn(len(base.tokens), seed)
    before, after = _rates(base, drawn), _rates(other, drawn)
    return _middle(1 - after / np.where(before > 0, before, np.nan), level)


def _drawn(count: int, seed: int) -> Counts:
    """Return how often each of N utterances is drawn in each bootstrap sample, (draws, N)."""
    rng = np.random.default_rng([seed, 0xB007])
    return rng.multinomial(count, np.full(count, 1 / count), size=DRAWS)


def _rates(errors: Errors, drawn: Counts) -> NDArray[np.float64]:
    rates: NDArray[np.float64] = (drawn @ errors.all) / np.maximum(drawn @ errors.tokens, 1)
    return rates


def _middle(values: NDArray[np.float64], level: float) -> tuple[float, float]:
    low, high = np.nanquantile(values, ((1 - level) / 2, (1 + level) / 2))
    return float(low), float(high)


def _errors(true: list[list[str]], put: list[list[str]], unit: str) -> Errors:
    if len(true) != len(put):
        raise DataError(
            f"{counted(len(true), 'true text')} and {counted(len(put), 'recognised one')} came; "
            "give one for each"
        )
    if not any(true):
        raise DataError(f"the true texts hold no {unit}, so there is no rate; give some")
    table = np.array([_edits(*pair) for pair in zip(true, put, strict=True)], np.int64)
    counts = np.array([len(one) for one in true], np.int64)
    return Errors(table[:, 0], table[:, 1], table[:, 2], counts)


def _edits(true: list[str], put: list[str]) -> tuple[int, int, int]:
    """Return how many tokens are substituted, deleted and inserted."""
    pairs = _aligned(true, put)
    deleted = sum(found is None for _, found in pairs)
    inserted = sum(wanted is None for wanted, _ in pairs)
    wrong = sum(wanted != found for wanted, found in pairs)
    return wrong - deleted - inserted, deleted, inserted


def _aligned(true: list[str], put: list[str]) -> list[Pair]:
    """Return which recognised token stands for which true one.

    Of ways with equally few errors that with most substitutions is told, from the end on.
    """
    numbers = {token: n for n, token in enumerate({*true, *put})}
    wanted, found = (np.array([numbers[t] for t in one], np.int64) for one in (true, put))
    steps = np.arange(len(put) + 1)
    table = np.empty((len(true) + 1, len(put) + 1), np.int64)  # fewest edits of beginnings
    table[0] = steps
    for row, token in enumerate(wanted, 1):
        table[row] = table[row - 1] + 1  # deleted
        kept = table[row - 1, :-1] + (found != token)
        table[row, 1:] = np.minimum(table[row, 1:], kept)
        # inserted: the least of all before, plus one for each step from there
        table[row] = np.minimum.accumulate(table[row] - steps) + steps
    pairs: list[Pair] = []
    row, column = len(true), len(put)
    while row or column:
        wrong = int(row > 0 and column > 0 and wanted[row - 1] != found[column - 1])
        if row and column and table[row, column] == table[row - 1, column - 1] + wrong:
            row, column = row - 1, column - 1
            pairs.append((true[row], put[column]))
        elif row and table[row, column] == table[row - 1, column] + 1:
            row -= 1
            pairs.append((true[row], None))
        else:
            column -= 1
            pairs.append((None, put[column]))
    return pairs[::-1]
