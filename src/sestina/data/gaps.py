"""Missing values of a sequence: the value before, or a line to the next one.

Letters: T steps, C channels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def value_before(values: NDArray[Any], first: float) -> NDArray[Any]:
    """Return values (T, C) with each gap holding what stands before it.

    Args:
        values: NaN or infinite where there is no value.
        first: What stands in a gap that nothing is before.
    """
    gaps = ~np.isfinite(values)
    last = np.maximum.accumulate(np.where(gaps, -1, np.arange(len(values))[:, None]), axis=0)
    known = np.take_along_axis(values, np.maximum(last, 0), axis=0)
    return np.where(last < 0, values.dtype.type(first), known)


def lines_between(values: NDArray[Any]) -> NDArray[Any]:
    """Return values (T, C) with lines drawn over gaps, flat beyond the first and the last value.

    A channel without any value stays as it is.
    """
    gaps, steps, out = ~np.isfinite(values), np.arange(len(values)), values.copy()
    for channel in np.flatnonzero(gaps.any(axis=0) & ~gaps.all(axis=0)):
        gap = gaps[:, channel]
        out[gap, channel] = np.interp(steps[gap], steps[~gap], values[~gap, channel])
    return out
