"""When each symbol was said: forced alignment of frames with what is known to be said.

Letters: T frames, K symbols, L of which are said.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sestina.errors import DataError, OptionError, counted
from sestina.kernels.line import best_line
from sestina.recognition.ctc import checked, steps_needed

Numbers = NDArray[np.int64]


class Aligned(NamedTuple):
    """An alignment.

    Attributes:
        symbols: The symbol of each frame, (T,); of CTC also blanks.
        places: Which of the L symbols each frame is of, (T,); −1 in a blank.
        score: log P of this path.
    """

    symbols: Numbers
    places: Numbers
    score: float


def align_ctc(
    logs: NDArray[np.floating], symbols: Sequence[int] | Numbers, blank: int = 0
) -> Aligned:
    """Return the likeliest of the paths that stand for a sequence of symbols.

    Args:
        logs: Logarithms of probabilities, natural, (T, K).
        symbols: What is said, (L,), without blanks.
        blank: Which symbol it is.

    Raises:
        DataError: There are too few frames, an unknown symbol or a blank in what is said, or no
            path is possible.
    """
    table = checked(logs, blank)
    said = _said(symbols, table)
    if (said == blank).any():
        raise DataError(f"what is said holds the blank, {blank}; leave it out")
    _refuse_short(table, steps_needed(said))
    line = np.full(2 * len(said) + 1, blank, np.int64)
    line[1::2] = said
    leap = np.full(len(line), -np.inf)
    leap[3::2] = np.where(said[1:] != said[:-1], 0.0, -np.inf)
    free = np.zeros(len(line))
    way, score = best_line(table[:, line], free, free, leap, starts=2, ends=2)
    _refuse_impossible(score)
    return Aligned(line[way], np.where(way % 2, way // 2, -1), score)


def align_states(
    logs: NDArray[np.floating], states: Sequence[int] | Numbers, stay: float = 0.5
) -> Aligned:
    """Return the likeliest frames of states that follow one another, each for a frame or more.

    So the hybrid recognisers of the paper get their labels: HMM states of the clean sound.

    Args:
        logs: Logarithms of P(frame | state), or of P(state | frame) / P(state), (T, K).
        states: Those of what is said, in their order, (L,).
        stay: Probability of staying in a state for a further frame, between 0 and 1.

    Raises:
        DataError: There are too few frames, an unknown state, or no path is possible.
        OptionError: `stay` is no such probability.
    """
    table = np.asarray(logs, np.float64)
    if table.ndim != 2 or np.isnan(table).any():
        raise DataError(f"an array {table.shape} came; expected numbers (T, K), none of them NaN")
    if not 0 < stay < 1:
        raise OptionError(f"stay={stay!r} makes no sense; give a share above 0 and below 1")
    said = _said(states, table)
    if not len(said):
        raise DataError("no state is said; give one or more")
    _refuse_short(table, len(said))
    moves = (np.full(len(said), worth) for worth in (np.log(stay), np.log1p(-stay), -np.inf))
    way, score = best_line(table[:, said], *moves)
    _refuse_impossible(score)
    return Aligned(said[way], way, score)


def spans(places: Numbers, count: int) -> list[tuple[int, int]]:
    """Return the first frame of each of L symbols, and the one behind its last.

    Args:
        places: Of an alignment, (T,).
        count: L.
    """
    at = [np.flatnonzero(places == place) for place in range(count)]
    return [(int(frames[0]), int(frames[-1]) + 1) for frames in at]


def _said(symbols: Sequence[int] | Numbers, table: NDArray[np.float64]) -> Numbers:
    """Return what is said as numbers below K.

    Raises:
        DataError: One is not.
    """
    said = np.asarray(symbols, np.int64).reshape(-1)
    wrong = said[(said < 0) | (said >= table.shape[1])]
    if len(wrong):
        raise DataError(f"{wrong[0]} is said, which is none of the {table.shape[1]} symbols")
    return said


def _refuse_short(table: NDArray[np.float64], least: int) -> None:
    """Raise where there is no frame, or fewer than what is said needs.

    Raises:
        DataError: There are fewer.
    """
    if len(table) < max(least, 1):
        raise DataError(
            f"{counted(len(table), 'frame')} came, and what is said needs {max(least, 1)}; leave "
            "the utterance out, or skip fewer frames"
        )


def _refuse_impossible(score: float) -> None:
    if score == -np.inf:
        raise DataError("no path is possible: some symbol has probability 0 in every place for it")
