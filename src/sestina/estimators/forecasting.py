"""Series in windows: what is read of the past, by what it is scaled, what follows it.

Letters: N windows, T steps, H steps ahead, C variables, K known ahead, Q quantiles or one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sestina.estimators.histories import Floats
from sestina.metrics import naive_error
from sestina.signals import Scaling

FEW = 0.1  # of the usual size of windows: what quieter ones are divided by


class WindowBatch(NamedTuple):
    """Windows as the network reads them."""

    x: Tensor  # (B, T, C + K) float32, scaled
    future: Tensor  # (B, H, K) float32, scaled
    true: Tensor  # (B, H, C) float32, scaled; NaN where it is not known yet


@dataclass(frozen=True)
class Frame:
    """By what windows are scaled, all of it from their past.

    Attributes:
        center: What is taken off, (B, 1, C).
        scale: What the rest is divided by, (B, 1, C).
        base: What a forecast is told as a difference from, (B, H, C).
    """

    center: Floats
    scale: Floats
    base: Floats

    def outward(self, found: NDArray[Any]) -> Floats:
        """Return scaled forecasts (B, H, C, Q) in the units of the series."""
        told: Floats = self.base[..., None] + self.scale[..., None] * found.astype(np.float64)
        return told


@dataclass(frozen=True)
class Lens:
    """How windows are read.

    Attributes:
        context: T.
        horizon: H.
        season: Steps of a season.
        scaling: "standard", "mean-absolute", "training" or None.
        differences: Whether forecasts are differences from the naive one.
        values: The level of the training part, and the least that values are divided by, (C,).
        known: Mean and deviation of what is known ahead in training, (K,).
    """

    context: int
    horizon: int
    season: int
    scaling: str | None
    differences: bool
    values: Scaling
    known: Scaling

    def frame(self, past: Floats) -> Frame:
        """Return by what windows of the past (B, T, C) are scaled."""
        center = np.zeros_like(past[:, :1])
        if self.scaling == "standard":
            center = past.mean(axis=1, keepdims=True)
        elif self.scaling == "training":
            center = center + self.values.centre
        size = np.maximum(sizes(past, self.scaling), self.values.spread)[:, None]
        base = np.broadcast_to(center, (len(past), self.horizon, past.shape[2]))
        if self.differences:
            base = naive(past, self.season, self.horizon)
        return Frame(center, size, base)

    def batch(self, windows: Windows, rows: NDArray[np.int64]) -> tuple[WindowBatch, Frame]:
        """Return some windows as the network reads them, and by what they are scaled."""
        index = windows.starts[rows][:, None] + np.arange(-self.context, self.horizon)
        values, known = windows.values[index], windows.known[index]
        frame = self.frame(values[:, : self.context])
        known = self.known.apply(known)
        past = (values[:, : self.context] - frame.center) / frame.scale
        true = (values[:, self.context :] - frame.base) / frame.scale
        x = np.concatenate([past, known[:, : self.context]], axis=2)
        arrays = (x, known[:, self.context :], true)
        return WindowBatch(*(torch.from_numpy(a.astype(np.float32)) for a in arrays)), frame


@dataclass(frozen=True)
class Windows:
    """Series laid end to end, and where in them forecasts begin.

    Attributes:
        values: (S, C); NaN where they are not known yet.
        known: What is known ahead, (S, K).
        starts: The first step foretold of each window, (N,).
        units: `naive_error` of each window's series, (N, C).
    """

    values: Floats
    known: Floats
    starts: NDArray[np.int64]
    units: Floats

    def __len__(self) -> int:
        return len(self.starts)

    def true(self, rows: NDArray[np.int64], horizon: int) -> Floats:
        """Return what follows some windows, (B, H, C)."""
        found: Floats = self.values[self.starts[rows][:, None] + np.arange(horizon)]
        return found

    def arrays(self) -> Iterator[NDArray[Any]]:
        """Yield all that they consist of."""
        yield from (self.values, self.known, self.starts)


def windows_of(
    histories: Sequence[Floats],
    known: Sequence[Floats],
    starts: Sequence[NDArray[np.int64]],
    units: Sequence[Floats],
) -> Windows:
    """Return windows of several series.

    Args:
        histories: M arrays (T, C).
        known: M arrays (T, K).
        starts: Of each series, the first steps that its windows foretell.
        units: Of each series, its `naive_error`, (C,).
    """
    offsets = np.cumsum([0, *(len(history) for history in histories)])
    places = [place + offset for place, offset in zip(starts, offsets[:-1], strict=True)]
    each = [np.broadcast_to(u, (len(p), len(u))) for u, p in zip(units, places, strict=True)]
    return Windows(
        np.concatenate(histories), np.concatenate(known), np.concatenate(places),
        np.concatenate(each),
    )  # fmt: skip


def held_from(histories: Sequence[Floats], context: int, horizon: int, share: float) -> list[int]:
    """Return the step from which on each series is held out for validation.

    Validation windows foretell a share of a series' steps, the last ones, the horizon at least.
    Where that would leave no window to train on, nothing of the series is held out.
    """
    found = []
    for history in histories:
        begin = len(history) - (max(horizon, round(share * len(history))) if share else 0)
        found.append(begin if begin - horizon >= context else len(history))
    return found


def parted(
    histories: Sequence[Floats], known: Sequence[Floats], begins: Sequence[int], lens: Lens
) -> tuple[Windows, Windows]:
    """Return the windows to train on, and those to validate by.

    What training windows foretell ends before the first step that a validation window does.

    Args:
        histories: M arrays (T, C).
        known: M arrays (T, K).
        begins: Those of `held_from`.
        lens: How windows are read.
    """
    units = [naive_error(h[:b], lens.season) for h, b in zip(histories, begins, strict=True)]
    first = [np.arange(lens.context, begin - lens.horizon + 1) for begin in begins]
    late = [
        np.arange(begin, len(history) - lens.horizon + 1)
        for history, begin in zip(histories, begins, strict=True)
    ]
    train, dev = (windows_of(histories, known, starts, units) for starts in (first, late))
    return train, dev


def naive(past: Floats, season: int, horizon: int) -> Floats:
    """Return the value a season before each step ahead, (B, H, C), of pasts (B, T, C)."""
    ahead = past.shape[1] - season + np.arange(horizon) % season
    found: Floats = past[:, ahead]
    return found


def sizes(past: Floats, scaling: str | None) -> Floats:
    """Return how large the values of windows (B, T, C) are, (B, C); 0 where that is not asked."""
    found: Floats = np.zeros((past.shape[0], past.shape[2]))
    if scaling == "standard":
        found = past.std(axis=1)
    elif scaling == "mean-absolute":
        found = np.abs(past).mean(axis=1)
    return found


def level_of(histories: Sequence[Floats], context: int, scaling: str | None) -> Scaling:
    """Return the level of all steps with "training", and the least that windows are divided by.

    That is a share of what quiet windows have, since one that stands still would make every later
    change look endless; the deviation of all steps with "training", and 1 without scaling.
    """
    if scaling in (None, "training"):
        return Scaling.fitted(histories, "none" if scaling is None else "standard")
    pieces = [
        history[start : start + context]
        for history in histories
        for start in range(0, len(history) - context + 1, context)
    ]
    windows = sizes(np.stack(pieces), scaling)
    quiet = [np.quantile(c[c > 0], 0.1) if (c > 0).any() else 1 / FEW for c in windows.T]
    return Scaling(np.zeros(len(quiet)), FEW * np.array(quiet))
