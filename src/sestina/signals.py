"""Numeric sequences made ready for a network: missing values filled, channels scaled, windows cut.

Letters: N sequences of T_n steps and C channels; M windows of S steps. Nothing here knows what is
learnt of the values, so that classifying and forecasting begin alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.config import SignalOptions
from sestina.data.gaps import lines_between, value_before
from sestina.errors import DataError

Values = NDArray[np.float32]
TINY = 1e-12  # of a channel's largest value; a spread below this share of it is rounding


@dataclass(frozen=True)
class Scaling:
    """What is taken off each channel, and what the rest is divided by, (C,) each."""

    centre: NDArray[np.float64]
    spread: NDArray[np.float64]

    @classmethod
    def fitted(cls, rows: Sequence[NDArray[Any]], kind: str) -> Scaling:
        """Return the scaling that sequences (T_n, C) of a training part ask for.

        Args:
            rows: The sequences.
            kind: "standard" (mean, standard deviation), "robust" (median, distance between the
                quartiles), "range" (least to 0, largest to 1) or "none".
        """
        values = np.concatenate(rows).astype(np.float64)
        channels = values.shape[1]
        if kind == "none" or not len(values):
            return cls(np.zeros(channels), np.ones(channels))
        if kind == "standard":
            centre, spread = values.mean(axis=0), values.std(axis=0)
        elif kind == "robust":
            low, centre, high = np.quantile(values, (0.25, 0.5, 0.75), axis=0)
            spread = high - low
        else:
            centre = values.min(axis=0)
            spread = values.max(axis=0) - centre
        least = TINY * np.abs(values).max(axis=0)
        return cls(centre, np.where(spread > least, spread, 1.0))

    def apply(self, values: NDArray[Any]) -> Values:
        """Return values (…, C) scaled; each depends on itself alone, so one step is as many."""
        return ((values - self.centre) / self.spread).astype(np.float32)

    def undone(self, values: NDArray[Any]) -> Values:
        """Return scaled values (…, C) as they were."""
        return (values * self.spread + self.centre).astype(np.float32)

    def state(self) -> dict[str, list[float]]:
        """Return it as plain JSON values."""
        return {"centre": self.centre.tolist(), "spread": self.spread.tolist()}

    @classmethod
    def restored(cls, state: dict[str, list[float]], channels: int) -> Scaling:
        """Return what `state` returned.

        Raises:
            ValueError: It does not fit `channels`.
        """
        found = cls(*(np.array(state[name], np.float64) for name in ("centre", "spread")))
        shapes = {found.centre.shape, found.spread.shape}
        finite = np.isfinite(found.centre).all() and np.isfinite(found.spread).all()
        if shapes != {(channels,)} or not finite or (found.spread <= 0).any():
            raise ValueError("the scaling of its channels is damaged")
        return found


def filled(rows: Sequence[Values], options: SignalOptions) -> list[Values]:
    """Return sequences (T_n, C) without missing values, as the option `fill` asks.

    "forward" only looks back, so that a stream does the same; before a channel's first value, and
    everywhere with "value", stands `fill_value`. "linear" goes on flat beyond the first and the
    last value.

    Raises:
        DataError: A channel of a sequence has no value for "linear" to begin from.
    """
    if options.fill is None:
        return list(rows)
    return [
        _filled(row, options.fill, options.fill_value, n) if np.isnan(row).any() else row
        for n, row in enumerate(rows)
    ]


def _filled(row: Values, how: str, value: float, n: int) -> Values:
    missing = np.isnan(row)  # (T, C)
    if how == "value":
        return np.where(missing, np.float32(value), row)
    if how == "forward":
        return value_before(row, value)
    empty = np.flatnonzero(missing.all(axis=0))
    if len(empty):
        raise DataError(
            f"sequence {n} has no value at all in channel {empty[0] + 1}, so no line can be "
            "drawn; leave the sequence or the channel out, or fill with 'value'"
        )
    return lines_between(row)


@dataclass(frozen=True)
class Windows:
    """Where windows of N sequences begin and end.

    Attributes:
        owners: Which sequence each window is of, (M,), rising.
        starts: Its first step, (M,).
        stops: The step behind its last one, (M,).
        sequences: N.
    """

    owners: NDArray[np.int64]
    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    sequences: int

    @classmethod
    def of(cls, lengths: Sequence[int], options: SignalOptions) -> Windows:
        """Return the windows of sequences of these lengths; without `window`, each is whole."""
        places = [window_places(length, options) for length in lengths]
        owners = np.repeat(np.arange(len(places)), [len(one) for one in places])
        flat = [pair for one in places for pair in one]
        starts, stops = (np.array([pair[k] for pair in flat], np.int64) for k in (0, 1))
        return cls(owners, starts, stops, len(places))

    def cut(self, rows: Sequence[Values]) -> list[Values]:
        """Return the windows of sequences, (S, C) each, views."""
        places = zip(self.owners.tolist(), self.starts, self.stops, strict=True)
        return [rows[n][start:stop] for n, start, stop in places]

    def averaged(self, table: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the mean over each sequence's windows of their rows, (M, K) → (N, K).

        They are added one by one in their order, as a stream adds them.
        """
        sums = np.zeros((self.sequences, table.shape[1]))
        np.add.at(sums, self.owners, table)
        return sums / np.bincount(self.owners, minlength=self.sequences)[:, None]


def stride(options: SignalOptions) -> int:
    """Return how many steps behind a window the next one begins."""
    assert options.window is not None
    return max(1, round(options.window * (1 - options.overlap)))


def window_places(length: int, options: SignalOptions) -> list[tuple[int, int]]:
    """Return first step, and step behind the last, of each window of `length` steps.

    Windows begin every `stride` steps. Where the last does not reach the sequence's end, one more
    does that ends there, so that no step is left out. A shorter sequence is one window.
    """
    size = options.window
    if size is None or length <= size:
        return [(0, length)]
    starts = list(range(0, length - size + 1, stride(options)))
    if starts[-1] + size < length:
        starts.append(length - size)
    return [(start, start + size) for start in starts]
