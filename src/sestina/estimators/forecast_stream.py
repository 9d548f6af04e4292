"""A forecaster that gets a series sample by sample: the last steps, and what follows them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.errors import DataError, counted
from sestina.shapes import as_state

Floats = NDArray[np.float64]


class ForecastStream:
    """A forecaster in the middle of a series; it begins with nothing.

    Forecasts are those of `SeriesForecaster.predict` for the series so far, to the bit. A window
    is scaled by its own steps, so that each step reads the last T anew: its time does not grow.

    Args:
        ahead: Values (T, C) and what is known ahead (T + H, K) → the forecast (H, C) or (H, C, Q).
        context: T.
        variables: C.
        known: K.
        horizon: H.
    """

    def __init__(
        self,
        ahead: Callable[[Floats, Floats], Floats],
        context: int,
        variables: int,
        known: int,
        horizon: int,
    ) -> None:
        self._ahead, self._shapes = ahead, ((context, variables), (context, known))
        self._horizon = horizon
        self._values, self._known = (np.empty((0, width)) for _, width in self._shapes)

    def feed(self, sample: Any, covariates: Any = None) -> Floats | None:
        """Take one step and return what follows it, (H, C) or (H, C, Q).

        Before T steps have come it is None.

        Args:
            sample: The step's values, (C,), or a number where C is 1.
            covariates: What is known of this step and the H that follow, (1 + H, K).

        Raises:
            DataError: It is no step of such a series.
        """
        (context, variables), (_, count) = self._shapes
        values = _finite(sample, "a sample").reshape(-1)
        if len(values) != variables:
            raise DataError(
                f"a sample of {counted(len(values), 'value')} came; the model's series have "
                f"{counted(variables, 'variable')}"
            )
        known = np.empty((1 + self._horizon, 0))
        if count or covariates is not None:
            known = _finite(covariates, "the covariates of a sample")
        if known.shape != (1 + self._horizon, count):
            raise DataError(
                f"covariates of shape {known.shape} came; expected {(1 + self._horizon, count)}: "
                f"this step and the {self._horizon:,} ahead by columns"
            )
        self._values = np.concatenate([self._values, values[None]])[-context:]
        self._known = np.concatenate([self._known, known[:1]])[-context:]
        if len(self._values) < context:
            return None
        return self._ahead(self._values, np.concatenate([self._known, known[1:]]))

    @property
    def state(self) -> tuple[Floats, Floats] | None:
        """The steps so far, T at most, (t, C), and what was known of them, (t, K).

        A copy, to be kept (for instance by `numpy.savez`) and put back; None is the beginning.
        """
        return self._values.copy(), self._known.copy()

    @state.setter
    def state(self, arrays: Sequence[Any] | None) -> None:
        """Go to where a stream of this model stood.

        Raises:
            DataError: It is not a state of this model.
        """
        if arrays is None:
            arrays = [np.empty((0, width)) for _, width in self._shapes]
        arrays = as_state(arrays)
        came = [array.shape for array in arrays]
        steps = min(came[0][0], self._shapes[0][0]) if came and came[0] else 0
        wanted = [(steps, width) for _, width in self._shapes]
        if came != wanted:
            raise DataError(f"a state of shapes {came} came; this model's is such as {wanted}")
        self._values, self._known = (np.array(array, np.float64) for array in arrays)


def _finite(values: Any, what: str) -> Floats:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{what} is {values!r:.60}; expected numbers") from error
    if not np.isfinite(array).all():
        raise DataError(f"{what} holds a missing or infinite value; fill it first")
    return array
