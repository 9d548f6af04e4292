"""How good forecasters are beside plain forecasts: backtests with an expanding window.

Letters: N forecasts, H steps ahead, C variables, Q quantiles.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from sestina import metrics
from sestina.errors import DataError, MissingExtra, OptionError, counted
from sestina.estimators.forecaster import SeriesForecaster
from sestina.estimators.forecasting import held_from
from sestina.estimators.histories import Floats, as_histories, as_known
from sestina.inspect.forecast_baselines import Fold, Plain, lag_regression, repeated, smoothing

MOST_SMOOTHED = 5000  # forecasts that smoothing makes, one by one, some hundred a second
NAMES = {"rnn": "SimpleRNN", "gru": "GRU", "lstm": "LSTM", "mingru": "minGRU", "minlstm": "minLSTM",
         "cnn": "CNN"}  # fmt: skip


@dataclass
class ForecastRung:
    """One model's showing over all folds.

    Attributes:
        name: What it is.
        put: Its forecasts, (N, H, C), one number each.
        bands: Their quantiles, (N, H, C, Q); None where none were asked for.
        figures: MASE, sMAPE, mean absolute error; with quantiles their loss and coverage.
        by_fold: MASE of each fold.
        parameters: Numbers it learned in the last fold.
        seconds: Seconds that the fits took.
    """

    name: str
    put: Floats
    bands: Floats | None
    figures: dict[str, float]
    by_fold: list[float]
    parameters: int
    seconds: float

    def summary(self) -> dict[str, Any]:
        """Return the figures as plain JSON values."""
        more = {"parameters": self.parameters, "seconds": round(self.seconds, 3)}
        return {**self.figures, "folds": self.by_fold, **more}


@dataclass
class Backtest:
    """What a backtest found.

    Attributes:
        rungs: The models, the net last.
        true: What was to be foretold, (N, H, C).
        units: What `metrics.mase` divides the errors of each by, (N, C).
        starts: Series and step at which each forecast begins, (N, 2).
        fold: Which fold each belongs to, (N,).
        said: How the folds were made, in words.
        notes: What was left out.
    """

    rungs: list[ForecastRung]
    true: Floats
    units: Floats
    starts: NDArray[np.int64]
    fold: NDArray[np.int64]
    said: str
    notes: list[str] = field(default_factory=list)


def forecaster_name(net: SeriesForecaster) -> str:
    """Return a short name of what a net is, such as ``2-layer GRU + linear``."""
    name = NAMES.get(net.encoder, net.encoder)
    name = f"bidirectional {name}" if net.bidirectional else name
    name = f"{net.layers}-layer {name}" if net.layers > 1 else name
    return name + (" + linear" if net.linear else "")


def backtest(
    net: SeriesForecaster,
    X: Any,
    covariates: Any = None,
    *,
    folds: int = 3,
    steps: int | None = None,
    stride: int = 1,
) -> Backtest:
    """Foretell the ends of series fold by fold, each time by models that know only what was before.

    The last `folds` × `steps` steps are foretold. Before each fold the net and the baselines are
    fitted on all that lies before it, an expanding window (Tashman 2000); then forecasts begin at
    every step of the fold whose horizon ends in it, each from all steps before.

    Args:
        net: Its options are taken; it is not changed.
        X: Series, as in `SeriesForecaster.fit`.
        covariates: What is known ahead.
        folds: Their number.
        steps: Steps of a fold; by default about a tenth of the shortest series.
        stride: Steps from one forecast's beginning to the next one's.

    Raises:
        DataError: The series are too short.
        OptionError: `folds`, `steps` or `stride` make no sense.
    """
    histories = as_histories(X)
    known = as_known(covariates, histories, 0, -1)
    shortest = min(map(len, histories))
    steps = fold_steps(net, histories) if steps is None else steps
    if min(folds, stride) < 1 or steps < net.horizon:
        raise OptionError(
            f"folds={folds}, steps={steps}, stride={stride}: expected a fold and a stride of 1 at "
            f"least, and steps of the horizon, {net.horizon}, at least"
        )
    if shortest <= folds * steps:
        raise DataError(
            f"the shortest series has {counted(shortest, 'step')}, and {counted(folds, 'fold')} of "
            f"{steps:,} would leave none to learn from; take fewer folds or a shorter horizon"
        )
    found = [
        _judged(net, _fold(histories, known, net, (folds - k) * steps, steps, stride))
        for k in range(folds)
    ]
    said = (
        f"{counted(folds, 'fold')} of {counted(steps, 'step')}, the last of each series; before "
        f"each, models are fitted on all that came before, and forecasts begin every "
        f"{'step' if stride == 1 else counted(stride, 'step')}"
    )
    return _joined(found, said, net)


def fold_steps(net: SeriesForecaster, histories: Sequence[Floats]) -> int:
    """Return the usual steps of a fold: a tenth of the shortest series, in whole horizons."""
    return net.horizon * max(1, min(map(len, histories)) // (10 * net.horizon))


def _fold(
    histories: Sequence[Floats],
    known: Sequence[Floats],
    net: SeriesForecaster,
    left: int,
    steps: int,
    stride: int,
) -> Fold:
    """Return the fold that begins `left` steps before the end of each series."""
    begins = [len(history) - left for history in histories]
    return Fold(
        [h[: b + steps] for h, b in zip(histories, begins, strict=True)],
        [row[: b + steps] for row, b in zip(known, begins, strict=True)],
        begins,
        [np.arange(b, b + steps - net.horizon + 1, stride) for b in begins],
        [metrics.naive_error(h[:b], net.season) for h, b in zip(histories, begins, strict=True)],
    )


@dataclass
class _Shown:
    """A model's forecasts of a fold."""

    name: str
    put: Floats
    bands: Floats | None
    parameters: int
    seconds: float


@dataclass
class _Judged:
    """All models' forecasts of a fold."""

    fold: Fold
    models: list[_Shown]
    notes: list[str]

    def true(self, horizon: int) -> Floats:
        windows = self.fold.windows()
        return windows.true(np.arange(len(windows)), horizon)


def _judged(net: SeriesForecaster, fold: Fold) -> _Judged:
    """Fit a net and the baselines on a fold's known part, and let them foretell the rest."""
    begins = fold.begins
    known = [row[:begin] for row, begin in zip(fold.known, begins, strict=True)]
    past = [history[:begin] for history, begin in zip(fold.histories, begins, strict=True)]
    fitted: SeriesForecaster = clone(net)
    fitted.fit(past, covariates=known if known[0].shape[1] else None)
    share = net.validation_fraction or 0.1
    held = held_from(past, fitted.context_, net.horizon, share)
    notes: list[str] = []
    makers: list[Callable[[], Plain]] = [lambda: repeated(1, net.horizon)]
    if net.season > 1:
        makers.append(lambda: repeated(net.season, net.horizon))
    makers.append(lambda: lag_regression(fold, fitted.lens_, held, net.refit))
    count = sum(map(len, fold.starts)) * fitted.n_variables_
    if count <= MOST_SMOOTHED:
        makers.insert(-1, lambda: smoothing(fold, net.season, net.horizon))
    else:
        notes.append(f"no exponential smoothing: {count:,} forecasts would take too long")
    models = []
    for make in makers:
        try:
            models.append(_plain(make, fold, held, net))
        except MissingExtra as error:
            notes.append(f"no exponential smoothing: {error}")
    return _Judged(fold, [*models, _own(fitted, fold)], notes)


def measured(
    net: SeriesForecaster,
    histories: Sequence[Floats],
    known: Sequence[Floats],
    begins: Sequence[int],
) -> list[ForecastRung]:
    """Return how a fitted net foretells series from a step on, beside forecasts that need no fit.

    Args:
        net: It is taken as it is.
        histories: M series (T, C).
        known: What is known ahead, (T, K) each.
        begins: Of each, the first step at which a forecast begins.

    Raises:
        DataError: No series is long enough.
    """
    starts = [
        np.arange(begin, len(history) - net.horizon + 1)
        for begin, history in zip(begins, histories, strict=True)
    ]
    if not sum(map(len, starts)):
        raise DataError(
            "no series is long enough to be foretold: that takes "
            f"{counted(net.context_ + net.horizon, 'step')}"
        )
    # of the steps before, or of all where these are few
    scale = [h[:b] if 2 * b >= len(h) else h for h, b in zip(histories, begins, strict=True)]
    units = [metrics.naive_error(history, net.season) for history in scale]
    fold = Fold(histories, known, begins, starts, units)
    season = [repeated(net.season, net.horizon)] if net.season > 1 else []
    shown = [
        _Shown(one.name, one.ahead(fold, starts), None, 0, 0.0)
        for one in [repeated(1, net.horizon), *season]
    ]
    windows = fold.windows()
    true = windows.true(np.arange(len(windows)), net.horizon)
    return [_rung([one], [true], [windows.units], net) for one in (*shown, _own(net, fold))]


def _plain(
    make: Callable[[], Plain], fold: Fold, held: Sequence[int], net: SeriesForecaster
) -> _Shown:
    """Return what a baseline foretells; its quantiles are those of its errors on the held end."""
    started = time.perf_counter()
    plain = make()
    seconds = time.perf_counter() - started
    put, bands = plain.ahead(fold, fold.starts), None
    if net.quantiles:
        late = [np.arange(h, b - net.horizon + 1) for h, b in zip(held, fold.begins, strict=True)]
        windows = fold.windows(late)
        put_late = (plain.unseen or plain.ahead)(fold, late)
        missed = windows.true(np.arange(len(windows)), net.horizon) - put_late
        errors = np.quantile(missed, np.sort(net.quantiles), axis=0)  # (Q, H, C)
        bands = put[..., None] + np.moveaxis(errors, 0, -1)
    return _Shown(plain.name, put, bands, plain.parameters, seconds)


def _own(net: SeriesForecaster, fold: Fold) -> _Shown:
    """Return what a fitted net foretells."""
    found = net.foretell(fold.windows())
    bands = found if net.quantiles else None
    return _Shown(forecaster_name(net), net.point(found), bands, net.n_parameters_, net.seconds_)


def _joined(found: Sequence[_Judged], said: str, net: SeriesForecaster) -> Backtest:
    """Return all folds as one."""
    true = [one.true(net.horizon) for one in found]
    units = [one.fold.windows().units for one in found]
    starts = [
        np.array([(n, t) for n, places in enumerate(one.fold.starts) for t in places])
        for one in found
    ]
    common = [m.name for m in found[0].models if all(m.name in _names(one) for one in found)]
    rungs = [
        _rung([one.models[_names(one).index(name)] for one in found], true, units, net)
        for name in common
    ]
    fold = np.repeat(np.arange(len(found)), [len(row) for row in true])
    notes = list(dict.fromkeys(note for one in found for note in one.notes))
    return Backtest(
        rungs,
        np.concatenate(true),
        np.concatenate(units),
        np.concatenate(starts),
        fold,
        said,
        notes,
    )


def _names(one: _Judged) -> list[str]:
    return [model.name for model in one.models]


def _rung(
    shown: Sequence[_Shown], true: Sequence[Floats], units: Sequence[Floats], net: SeriesForecaster
) -> ForecastRung:
    """Return a model's showing over all folds."""
    put = np.concatenate([one.put for one in shown])
    bands = None
    if all(one.bands is not None for one in shown) and net.quantiles:
        bands = np.concatenate([one.bands for one in shown if one.bands is not None])
    figures = forecast_figures(np.concatenate(true), put, bands, np.concatenate(units), net)
    each = [metrics.mase(t, one.put, u) for t, one, u in zip(true, shown, units, strict=True)]
    seconds = sum(one.seconds for one in shown)
    return ForecastRung(shown[0].name, put, bands, figures, each, shown[-1].parameters, seconds)


def forecast_figures(
    true: Floats, put: Floats, bands: Floats | None, units: Floats, net: SeriesForecaster
) -> dict[str, float]:
    """Return the figures of forecasts (N, H, C), with their quantiles (N, H, C, Q) if any."""
    figures = {
        "mase": metrics.mase(true, put, units),
        "smape": metrics.smape(true, put),
        "mae": float(np.abs(true - put).mean()),
    }
    if bands is not None:
        figures["quantile_loss"] = metrics.quantile_loss(true, bands, sorted(net.quantiles))
    if bands is not None and len(net.quantiles) > 1:
        figures["coverage"] = metrics.coverage(true, bands)
        figures["coverage_wanted"] = max(net.quantiles) - min(net.quantiles)
    return figures


def forecast_verdict(rungs: Sequence[ForecastRung], name: str, other: str) -> str:
    """Return one sentence: whether a forecaster beats another, by how much, in how many folds."""
    one, two = (next(rung for rung in rungs if rung.name == who) for who in (name, other))
    mine, theirs = one.figures["mase"], two.figures["mase"]
    if mine == theirs:
        return f"{name} and {other} err as much: MASE {mine:.3f}."
    verb = "beats" if mine < theirs else "loses to"
    share = abs(1 - mine / theirs) if theirs else float("inf")
    wins = sum(a < b for a, b in zip(one.by_fold, two.by_fold, strict=True))
    return (
        f"{name} {verb} {other} by {share:.0%}: MASE {mine:.3f} against {theirs:.3f}, better in "
        f"{wins} of {counted(len(one.by_fold), 'fold')}."
    )
