"""The letters of array shapes, and the checks of sequences and states at the border.

B batch, T time, D features in, H hidden units, V vocabulary, K classes, N sequences.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.errors import DataError, counted


def as_series(sequences: Any, gaps: bool = False) -> list[NDArray[np.float32]]:
    """Return N sequences as float32 arrays of shape (T_n, D), all with the same D.

    Args:
        sequences: An array of shape (N, T, D) or a list of arrays of shape (T_n, D).
        gaps: Whether NaN may stand for a missing value.

    Raises:
        DataError: The shapes do not fit, there is no sequence, or a value is NaN or infinite.
    """
    try:
        each = iter(sequences)
    except TypeError as error:
        raise DataError(
            f"{sequences!r:.60} came in place of sequences; expected an array (N, T, D) or a list "
            "of (T, D) arrays"
        ) from error
    rows = [_as_array(row, n) for n, row in enumerate(each)]
    if not rows:
        raise DataError("no sequences came; expected an array (N, T, D) or a list of (T, D) arrays")
    features = rows[0].shape[1]
    for n, row in enumerate(rows):
        if row.shape[1] != features:
            raise DataError(
                f"sequence {n} has {counted(row.shape[1], 'feature')}, the first has {features}; "
                "every sequence needs the same"
            )
        bad = np.isinf(row) if gaps else ~np.isfinite(row)
        if bad.any():
            step, feature = (int(place) for place in np.argwhere(bad)[0])
            value = "an infinite" if gaps else "a NaN or infinite"
            raise DataError(
                f"sequence {n} has {value} value at step {step}, feature {feature}; fill or drop "
                "it first (in float32, which ends at 3.4e38)"
            )
    return rows


def as_state(arrays: Any) -> list[NDArray[Any]]:
    """Return the arrays of a stream's state, whose shapes the stream knows.

    Raises:
        DataError: They are no list of arrays of finite numbers.
    """
    try:
        found = [np.asarray(array) for array in arrays]
    except (TypeError, ValueError) as error:
        raise DataError(
            f"a state came as {arrays!r:.60} ({type(arrays).__name__}); expected its arrays"
        ) from error
    for array in found:
        if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
            raise DataError(
                "a state holds what is no finite number; expected the arrays that a stream's state "
                "gave, of an .npz file [file[name] for name in file]"
            )
    return found


def _as_array(row: Any, n: int) -> NDArray[np.float32]:
    try:
        if np.iscomplexobj(row):
            raise TypeError("it is complex; give its real and imaginary parts as two features")
        with np.errstate(over="ignore"):  # what is too large becomes infinite, which is refused
            array = np.asarray(row, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise DataError(f"sequence {n} is not an array of numbers: {error}") from error
    if array.ndim != 2 or not array.shape[1]:
        raise DataError(
            f"sequence {n} has shape {array.shape}; expected (T, D), steps by features: put a "
            "single sequence into a list, and give one feature a column of its own, x[:, None]"
        )
    return array
