"""A series classifier in the middle of a series: samples come one by one, as from a sensor.

Letters: C channels, S steps of a window, K classes, H the states' size, L layers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.config import SignalOptions
from sestina.errors import DataError, counted
from sestina.estimators.step_stream import Shares, State, StepStream, Vector
from sestina.shapes import as_state
from sestina.signals import Scaling, stride


class SampleStream:
    """What a fitted classifier says of a series so far, after every sample.

    It is what `predict_proba` says of the samples so far as one series, to the bit. Of a model
    that cuts windows that is the mean over those that are full, and the one that ends now.

    Args:
        steps: The network, at a series' beginning.
        scaling: Of its channels.
        options: How gaps are filled and windows cut.
        tempered: P of classes, (1, K) → the same after the temperature.
    """

    def __init__(
        self,
        steps: StepStream[Vector],
        scaling: Scaling,
        options: SignalOptions,
        tempered: Callable[[Shares], Shares],
    ) -> None:
        self._tempered = tempered
        self._steps, self._scaling, self._options = steps, scaling, options
        self._channels = len(scaling.centre)
        self._beginning: State = steps.state
        self._put: Vector = np.full(self._channels, options.fill_value, np.float32)
        self._last: Vector
        self._count: int
        self._window: Vector  # (≤ S, C)
        self._sums: Shares
        self.state = None

    @property
    def probabilities(self) -> Shares:
        """P of each class after what has come, (K,)."""
        now = self._steps.probabilities
        full, ends = self._full()
        sums, windows = (self._sums, full) if ends else (self._sums + now, full + 1)
        found: Shares = self._tempered((sums / windows if full else now)[None])[0]
        return found

    def feed(self, sample: Any) -> Shares:
        """Go one sample on, (C,), NaN where a value is missing; return P of each class, (K,).

        Raises:
            DataError: It is no such sample, or a value is missing and the model fills none.
        """
        scaled = self._scaling.apply(self._known(sample))
        size = self._options.window
        self._count += 1
        if size is not None:
            self._window = np.concatenate([self._window, scaled[None]])[-size:]
        if size is None or self._count <= size:
            self._steps.take(scaled)
        else:  # no window that is under way ends here: this one is read anew
            self._steps.state = self._beginning
            for before in self._window:
                self._steps.take(before)
        if self._full()[1]:
            self._sums = self._sums + self._steps.probabilities
        return self.probabilities

    def _full(self) -> tuple[int, bool]:
        """Return how many windows have been full, and whether the last of them ends now."""
        size = self._options.window
        if size is None or self._count < size:
            return 0, False
        windows, more = divmod(self._count - size, stride(self._options))
        return windows + 1, not more

    def _known(self, sample: Any) -> Vector:
        """Return a sample without gaps, (C,)."""
        try:
            values = np.asarray(sample, dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise DataError(f"{sample!r:.60} came; expected numbers, one a channel") from error
        if values.shape != (self._channels,) or np.isinf(values).any():
            raise DataError(
                f"a sample of shape {values.shape} came; expected ({self._channels},), a finite "
                "number for each channel"
            )
        missing = np.isnan(values)
        if missing.any() and self._options.fill is None:
            raise DataError(
                f"channel {int(np.argmax(missing)) + 1} has no value; train with fill='forward' or "
                "'value', or fill it yourself"
            )
        forward = self._options.fill == "forward"
        known = np.where(missing, self._last if forward else self._put, values)
        self._last = known.astype(np.float32)
        return self._last

    @property
    def state(self) -> State:
        """Where the stream stands, a copy, to be kept (as by `numpy.savez`) and put back.

        The last sample (C,), the number of samples, the samples of the window (≤ S, C), the sum
        over full windows (K,), then the state of the network; None is a series' beginning.
        """
        own = (self._last, np.array(self._count), self._window, self._sums)
        return (*(array.copy() for array in own), *self._steps.state)

    @state.setter
    def state(self, arrays: Sequence[Any] | None) -> None:
        """Go to where a stream of this model stood.

        Raises:
            DataError: It is not a state of this model.
        """
        if arrays is None:
            classes = len(self._steps.probabilities)
            empty: NDArray[np.float32] = np.empty((0, self._channels), np.float32)
            arrays = [self._put, np.array(0), empty, np.zeros(classes), *self._beginning]
        found = as_state(arrays)
        if len(found) < 4 or found[1].shape or found[1] < 0:
            raise DataError(
                f"a state of {counted(len(found), 'array')} came; expected what a stream's state "
                "gave"
            )
        count = int(found[1])
        kept = min(count, self._options.window or 0)
        wanted = [(self._channels,), (), (kept, self._channels), self._steps.probabilities.shape]
        came = [array.shape for array in found[:4]]
        if came != wanted:
            raise DataError(f"a state of shapes {came} came; this model's is {wanted}")
        self._steps.state = found[4:]
        self._last, self._window = (found[n].astype(np.float32) for n in (0, 2))
        self._count, self._sums = count, found[3].astype(np.float64)
