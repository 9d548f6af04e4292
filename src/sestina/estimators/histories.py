"""Series as users give them, and what is known ahead of them: checked, as arrays.

Letters: M series, T steps, C variables, K known ahead.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.errors import DataError, counted

Floats = NDArray[np.float64]
LARGEST = 1e150  # value of a series


def as_histories(series: Any, what: str = "series") -> list[Floats]:
    """Return series as float64 arrays (T, C), all with the same C.

    Takes one series, an array (T,) or (T, C), or several: an array (M, T, C) or a list of arrays.

    Raises:
        DataError: It is none of these, or a value is missing or infinite.
    """
    rows = [_numbers(row, f"{what} {n}") for n, row in enumerate(_several(series, what))]
    if not rows:
        raise DataError(f"no {what} came; expected an array (T,) or (T, C), or a list of such")
    for n, row in enumerate(rows):
        if row.shape[1] != rows[0].shape[1]:
            raise DataError(
                f"{what} {n} has {counted(row.shape[1], 'variable')}, the first has "
                f"{rows[0].shape[1]}; every one needs the same"
            )
        if not np.isfinite(row).all():
            step = int(np.argwhere(~np.isfinite(row))[0, 0])
            raise DataError(
                f"{what} {n} has a missing or infinite value at step {step} (from 0); fill it, for "
                "instance with the value before, or cut the series there"
            )
        if np.abs(row).max() > LARGEST:
            raise DataError(
                f"{what} {n} has values up to {np.abs(row).max():.3g}; expected {LARGEST:.0e} at "
                "most, so that their squares are numbers, too: divide all by what they are large by"
            )
    return rows


def _several(series: Any, what: str) -> list[Any]:
    """Return a list of series, of one too."""
    if isinstance(series, str | bytes) or not hasattr(series, "__len__"):
        raise DataError(f"{series!r:.60} came; expected {what} as arrays (T,) or (T, C)")
    if isinstance(series, list | tuple):
        single = all(np.ndim(item) == 0 for item in series)
        return [series] if series and single else list(series)
    array = np.asarray(series)
    if array.ndim not in (1, 2, 3):
        raise DataError(f"{what} came with shape {array.shape}; expected (T,), (T, C) or (M, T, C)")
    return list(array) if array.ndim == 3 else [array]


def _numbers(row: Any, name: str) -> Floats:
    try:
        if np.iscomplexobj(row):
            raise TypeError("it is complex; give its real and imaginary parts as two variables")
        array = np.asarray(row, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name} is not an array of numbers: {error}") from error
    if array.ndim not in (1, 2) or not array.size:
        raise DataError(f"{name} has shape {array.shape}; expected (T,) or (T, C), steps first")
    return array[:, None] if array.ndim == 1 else array


def as_known(covariates: Any, histories: Sequence[Floats], more: int, count: int) -> list[Floats]:
    """Return what is known ahead, an array (T + `more`, K) for each series; K is 0 without any.

    Args:
        covariates: What came, or None.
        histories: The series, (T, C) each.
        more: Steps behind the series that it must tell of too.
        count: The K that it must have; negative where any will do.

    Raises:
        DataError: It does not go with the series.
    """
    if covariates is None and count > 0:
        raise DataError(
            f"no covariates came; the model was trained with {counted(count, 'column')} of them"
        )
    if covariates is None:
        return [np.empty((len(history) + more, 0)) for history in histories]
    known = as_histories(covariates, "covariates")
    if len(known) != len(histories):
        raise DataError(
            f"covariates came for {counted(len(known), 'series', 'series')}, of "
            f"{counted(len(histories), 'series', 'series')}; give an array for each"
        )
    if count >= 0 and known[0].shape[1] != count:
        raise DataError(
            f"the covariates have {counted(known[0].shape[1], 'column')}, those of the training "
            f"had {count}"
        )
    for n, (row, history) in enumerate(zip(known, histories, strict=True)):
        if len(row) != len(history) + more:
            ahead = f" and the {more:,} ahead" if more else ""
            raise DataError(
                f"covariates {n} have {counted(len(row), 'step')}; expected "
                f"{len(history) + more:,}, those of the series{ahead}"
            )
    return known


def lengths_noted(
    lengths: Sequence[int], begins: Sequence[int], context: int, horizon: int, share: float
) -> list[str]:
    """Return what is to say of series that are too short; raise where too few are left.

    Args:
        lengths: Steps of each.
        begins: From which step on each is held out.
        context: Steps that are read.
        horizon: Steps that are foretold.
        share: Of the steps that should be held out; 0 where none should.

    Raises:
        DataError: None is long enough, or none to hold out its end.
    """
    need, notes = context + horizon, []
    short = sum(length < need for length in lengths)
    read = f"a window: {context:,} to read and {horizon:,} to foretell"
    if short == len(lengths):
        raise DataError(
            f"the longest series has {counted(max(lengths), 'step')}; expected {need:,} at "
            f"least for {read}; lower context or horizon"
        )
    if short:
        of = counted(len(lengths), "series", "series")
        notes.append(f"left out {short:,} of {of}, too short for {read}")
    kept = [pair for pair in zip(lengths, begins, strict=True) if pair[0] >= need]
    whole = sum(length == begin for length, begin in kept)
    if share and whole == len(kept):
        raise DataError(
            "no series is long enough to hold out its end for early stopping: that takes "
            f"{counted(need + horizon, 'step')}; lower context or horizon, give "
            "validation series, or set validation_fraction=0"
        )
    if share and whole:
        notes.append(
            f"{counted(whole, 'series', 'series')} too short to hold out an end are wholly "
            "trained on"
        )
    return notes
