"""Plain forecasts: the last value, the value a season before, a regression on lags, smoothing.

Letters: N forecasts, T steps read, H steps ahead, C variables.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sestina.errors import MissingExtra
from sestina.estimators.forecasting import Lens, Windows, naive, parted, windows_of
from sestina.estimators.histories import Floats

STRENGTHS = (0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)  # penalties that the regression chooses from


@dataclass(frozen=True)
class Fold:
    """Series of which a model may know what comes before a step.

    Attributes:
        histories: The whole series, M arrays (T, C).
        known: What is known ahead, M arrays (T, K).
        begins: The first step of each that is not known.
        starts: Of each, the steps at which forecasts begin, none before that one.
        units: `metrics.naive_error` of each one's known part, (C,).
    """

    histories: Sequence[Floats]
    known: Sequence[Floats]
    begins: Sequence[int]
    starts: Sequence[NDArray[np.int64]]
    units: Sequence[Floats]

    def windows(self, starts: Sequence[NDArray[np.int64]] | None = None) -> Windows:
        """Return the windows at `starts`, by default the fold's own."""
        chosen = self.starts if starts is None else starts
        return windows_of(self.histories, self.known, chosen, self.units)


Ahead = Callable[[Fold, Sequence[NDArray[np.int64]]], Floats]
"""A fold and steps of each series → forecasts that begin there, (N, H, C)."""


@dataclass(frozen=True)
class Plain:
    """A fitted baseline.

    Attributes:
        name: What it is.
        ahead: What makes its forecasts.
        parameters: Numbers it learned.
        unseen: What made them before it had learned from the held-out end, by whose errors there
            its quantiles are made; None: it has not.
    """

    name: str
    ahead: Ahead
    parameters: int = 0
    unseen: Ahead | None = None


def repeated(season: int, horizon: int) -> Plain:
    """Return the forecast of the value a season before; a season of 1 is the last value."""

    def ahead(fold: Fold, starts: Sequence[NDArray[np.int64]]) -> Floats:
        windows = fold.windows(starts)
        past = windows.values[windows.starts[:, None] + np.arange(-season, 0)]
        return naive(past, season, horizon)

    return Plain("last value" if season == 1 else f"seasonal naive ({season})", ahead)


def lag_regression(fold: Fold, lens: Lens, held: Sequence[int], refit: bool = False) -> Plain:
    """Return a ridge regression from what a network reads to all steps ahead, penalty tuned.

    Args:
        fold: The series.
        lens: How the network reads them.
        held: Where the held-out end of each one's known part begins, by which it is tuned.
        refit: Whether it is then fitted once more, on the held-out end too.
    """
    from sklearn.linear_model import Ridge

    ends = fold.begins
    values, known = (
        [rows[:end] for rows, end in zip(kind, ends, strict=True)]
        for kind in (fold.histories, fold.known)
    )
    train, dev = parted(values, known, held, lens)
    x, y = _flat(train, lens)
    models = [Ridge(alpha).fit(x, y) for alpha in STRENGTHS]
    if len(dev):
        read, true = _flat(dev, lens)
        best = min(models, key=lambda model: float(np.abs(model.predict(read) - true).mean()))
    else:
        best = models[STRENGTHS.index(1.0)]
    count, first = best.coef_.size + np.size(best.intercept_), partial(_put, best, lens)
    if not refit:
        return Plain("linear on lags", first, count)
    again = Ridge(best.alpha).fit(*_flat(parted(values, known, ends, lens)[0], lens))
    return Plain("linear on lags", partial(_put, again, lens), count, first)


def _put(model: Any, lens: Lens, fold: Fold, starts: Sequence[NDArray[np.int64]]) -> Floats:
    """Return what a linear model foretells."""
    windows = fold.windows(starts)
    rows = np.arange(len(windows))
    _, frame = lens.batch(windows, rows)
    put = model.predict(_flat(windows, lens)[0])
    found = frame.outward(put.reshape(len(rows), lens.horizon, -1, 1))
    return np.asarray(found[..., 0])


def _flat(windows: Windows, lens: Lens) -> tuple[Floats, Floats]:
    """Return what is read of windows, (N, T · (C + K) + H · K), and what follows, (N, H · C)."""
    batch, _ = lens.batch(windows, np.arange(len(windows)))
    x = np.concatenate([batch.x.flatten(1).numpy(), batch.future.flatten(1).numpy()], axis=1)
    return x.astype(np.float64), batch.true.flatten(1).numpy().astype(np.float64)


def smoothing(fold: Fold, season: int, horizon: int) -> Plain:
    """Return exponential smoothing of each variable (Holt 1957, Winters 1960) by statsmodels.

    With and without a damped trend and an additive season, whichever has the lowest AICc on the
    known part. Its parameters and first states stay those of that part.

    Raises:
        MissingExtra: statsmodels is not installed.
    """
    try:
        from statsmodels.tsa.holtwinters import ExponentialSmoothing
    except ImportError as error:
        raise MissingExtra("statsmodels", "series") from error
    fitted = [
        [_smoothed(ExponentialSmoothing, column, season) for column in history[:begin].T]
        for history, begin in zip(fold.histories, fold.begins, strict=True)
    ]

    def ahead(fold: Fold, starts: Sequence[NDArray[np.int64]]) -> Floats:
        rows = [
            [
                _go_on(ExponentialSmoothing, model, column[:start], horizon)
                for model, column in zip(models, history.T, strict=True)
            ]
            for models, history, places in zip(fitted, fold.histories, starts, strict=True)
            for start in places
        ]
        return np.array(rows).swapaxes(1, 2)

    learnt = (np.size(value) for models in fitted for model in models for value in model.numbers())
    return Plain("exponential smoothing", ahead, sum(learnt))


class _Smoothed(NamedTuple):
    """Parameters and first states of exponential smoothing, by statsmodels' names for them."""

    how: dict[str, Any]  # which parts it has
    start: dict[str, Any]
    rates: dict[str, Any]

    def numbers(self) -> list[Any]:
        """Return all that was learned."""
        return [*self.start.values(), *self.rates.values()]


def _smoothed(kind: Any, values: Floats, season: int) -> _Smoothed:
    """Return the smoothing of lowest AICc of one variable's values (T,)."""
    cycles: list[dict[str, Any]] = [{}]
    if season > 1 and len(values) >= 2 * season:
        cycles.append({"seasonal": "add", "seasonal_periods": season})
    trends: list[dict[str, Any]] = [{}, {"trend": "add", "damped_trend": True}]
    choices = [trend | cycle for trend in trends for cycle in cycles]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that an optimum is flat: the AICc judges
        models = [kind(values, initialization_method="estimated", **how).fit() for how in choices]
    scores = [model.aicc if np.isfinite(model.aicc) else np.inf for model in models]
    best = int(np.argmin(scores))
    how, told = choices[best], models[best].params
    parts = ["level", *(["trend"] if "trend" in how else [])]
    start = {f"initial_{part}": told[f"initial_{part}"] for part in parts}
    rates = {f"smoothing_{part}": told[f"smoothing_{part}"] for part in parts}
    if "trend" in how:
        rates["damping_trend"] = told["damping_trend"]
    if "seasonal" in how:
        start["initial_seasonal"] = told["initial_seasons"]
        rates["smoothing_seasonal"] = told["smoothing_seasonal"]
    return _Smoothed(how, start, rates)


def _go_on(kind: Any, model: _Smoothed, values: Floats, horizon: int) -> Floats:
    """Return what follows values (t,), (H,)."""
    again = kind(values, initialization_method="known", **model.start, **model.how)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that nothing was optimised, as is wanted
        return np.asarray(again.fit(optimized=False, **model.rates).forecast(horizon), np.float64)
