"""Connectionist temporal classification: frames' probabilities → symbols (Graves et al. 2006).

A path has one symbol or the blank in each frame; it stands for the symbols that are left when
repetitions are taken together and blanks are left out. Many paths stand for one sequence, whose
probability is their sum. Letters: T frames, K symbols with the blank.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.errors import DataError

Floats = NDArray[np.float64]


def collapse(path: Sequence[int] | NDArray[np.integer], blank: int = 0) -> list[int]:
    """Return the symbols that a path (T,) stands for."""
    steps = np.asarray(path, np.int64)
    new = np.ones(len(steps), bool)
    new[1:] = steps[1:] != steps[:-1]
    kept: list[int] = steps[new & (steps != blank)].tolist()
    return kept


def steps_needed(said: Sequence[Any] | NDArray[Any]) -> int:
    """Return the fewest frames that a path for symbols (L,) has: a blank parts equal ones."""
    return len(said) + sum(bool(one == other) for one, other in pairwise(said))


def greedy(logs: NDArray[np.floating], blank: int = 0) -> list[int]:
    """Return the symbols of the likeliest path, which need not be the likeliest symbols.

    Args:
        logs: Logarithms of probabilities, (T, K).
        blank: Which symbol it is.
    """
    return collapse(checked(logs, blank).argmax(axis=1), blank)


def checked(logs: NDArray[np.floating], blank: int) -> Floats:
    """Return logarithms of probabilities (T, K) in float64.

    Raises:
        DataError: They are none, or there is no such symbol as the blank.
    """
    table = np.asarray(logs, np.float64)
    if table.ndim != 2 or np.isnan(table).any() or (table > 1e-3).any():
        raise DataError(
            f"an array {table.shape} came; expected logarithms of probabilities (T, K), of which "
            "none is above 0 or NaN: take log_softmax"
        )
    if not 0 <= blank < table.shape[1]:
        raise DataError(f"blank={blank} is none of the {table.shape[1]} symbols, 0 and on")
    return table
