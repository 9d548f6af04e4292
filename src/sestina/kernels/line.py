"""The best way through states in a line, a state a frame: Viterbi's algorithm.

A way begins in one of the first states and ends in one of the last; from a frame to the next it
stays, goes one state on, or leaps over one (Viterbi 1967; Rabiner 1989, left-to-right models).
Letters: T frames, S states.
"""

from __future__ import annotations

import numpy as np
from numba import types
from numpy.typing import NDArray

from sestina.kernels.compiled import compiled

Floats = NDArray[np.float64]


def walk_line(scores, stay, step, leap, starts, ends, back, way):
    """Write the best way, (T,), and return its score; −∞ where there is none.

    Of equally good ones the way that stays longer is taken, seen from the end. `back` is scratch,
    (T, S).
    """
    frames, states = scores.shape
    now, before = np.full(states, -np.inf), np.empty(states)
    for s in range(min(starts, states)):
        now[s] = scores[0, s]
    for t in range(1, frames):
        before[:] = now
        for s in range(states):
            best, came = before[s] + stay[s], 0
            if s >= 1 and before[s - 1] + step[s] > best:
                best, came = before[s - 1] + step[s], 1
            if s >= 2 and before[s - 2] + leap[s] > best:
                best, came = before[s - 2] + leap[s], 2
            now[s] = best + scores[t, s]
            back[t, s] = came
    last = states - 1
    for s in range(max(states - ends, 0), states):
        if now[s] >= now[last]:
            last = s
    total = now[last]
    for t in range(frames - 1, -1, -1):
        way[t] = last
        last -= back[t, last] if t else 0
    return total


_row = types.float64[::1]
_SIGNATURE = types.float64(
    types.float64[:, ::1], _row, _row, _row, types.int64, types.int64,
    types.int8[:, ::1], types.int64[::1],
)  # fmt: skip


def best_line(
    scores: Floats, stay: Floats, step: Floats, leap: Floats, *, starts: int = 1, ends: int = 1
) -> tuple[NDArray[np.int64], float]:
    """Return the best way, the state of each frame, (T,), and its score; −∞ where there is none.

    Args:
        scores: What a state is worth in a frame, (T, S), with T and S 1 or more.
        stay: What it is worth to stay in a state, (S,).
        step: To come into it from the one before.
        leap: To come into it from the one before that; −∞ where that is forbidden.
        starts: In how many of the first states a way may begin.
        ends: In how many of the last it may end.
    """
    table, *moves = (np.ascontiguousarray(one, np.float64) for one in (scores, stay, step, leap))
    way = np.zeros(len(table), np.int64)
    kernel = compiled(walk_line, _SIGNATURE)
    return way, float(kernel(table, *moves, starts, ends, np.zeros(table.shape, np.int8), way))
