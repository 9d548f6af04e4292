"""The report of a trained forecaster: one HTML page that needs neither network nor scripts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sestina.data.timeline import Timeline
from sestina.errors import counted
from sestina.estimators.forecaster import SeriesForecaster
from sestina.inspect import forecast_charts, page, sections
from sestina.inspect.forecast_ladder import Backtest, ForecastRung
from sestina.inspect.gradient_page import reaches_of, section
from sestina.inspect.sections import Told

if TYPE_CHECKING:
    from altair import LayerChart

MOST_STEPS = 240  # of a series that are drawn
NONE = "–"


def render_forecasts(net: SeriesForecaster, found: Backtest, data: Timeline, told: Told) -> str:
    """Return the report as an HTML page.

    Args:
        net: The forecaster, trained on all.
        found: The backtest.
        data: The series.
        told: Data, options and verdicts.

    Raises:
        MissingExtra: altair or vl-convert-python is not installed.
    """
    own = found.rungs[-1]
    lede = (
        f"How well {page.name(own.name)} foretells {counted(net.horizon, 'step')} of "
        f"{counted(len(data), 'series', 'series')}, beside plain forecasts: "
        f"{counted(len(found.true), 'forecast')} by models that knew only what was before."
    )
    measures = {"mase": "Scaled error on the last steps, held out while training. Lower is better."}
    curves = sections.learning(net.history_, net.best_epoch_, "windows", measures)
    reaches = reaches_of(net, data.values, data.past() if net.n_known_ else None)
    parts = [
        ("short", "In short", sections.short(_tiles(found.rungs), told.verdicts)),
        ("data", "What was trained on what", sections.data(told.data, told.options, told.helps)),
        ("ladder", "The ladder", _ladder(found)),
        ("drawn", "Forecasts beside the truth", _drawn(net, found, data)),
        ("steps", "How errors grow", _by_step(found)),
        ("learning", "How it learned", curves),
        ("gradients", "How far gradients reach", section(reaches, net.history_)),
    ]
    return page.whole(told.title, lede, parts)


def _tiles(rungs: Sequence[ForecastRung]) -> list[tuple[str, str, str]]:
    *plain, own = rungs
    best = min(plain, key=lambda rung: rung.figures["mase"])
    tiles = [
        ("MASE", _three(own.figures["mase"]), "1: the naive error of the past"),
        ("Best baseline", _three(best.figures["mase"]), f"MASE: {best.name}"),
        ("sMAPE", f"{own.figures['smape']:.1f}", "of 200; symmetric percentage error"),
    ]
    if "coverage" in own.figures:
        wanted = f"of true values in a band that should hold {own.figures['coverage_wanted']:.0%}"
        tiles.append(("Coverage", f"{own.figures['coverage']:.0%}", wanted))
    tiles.append(("Parameters", f"{own.parameters:,}", "numbers it learned"))
    tiles.append(("Time to fit", page.seconds(own.seconds), "seconds, all folds"))
    return tiles


def _ladder(found: Backtest) -> str:
    bands = "quantile_loss" in found.rungs[-1].figures
    more = ["Quantile loss", "Coverage"] if bands else []
    folds = [f"Fold {n + 1}" for n in range(len(found.rungs[-1].by_fold))]
    heads = ["Model", "MASE", "sMAPE", "Error", *more, *folds, "Parameters", "Seconds"]
    rows = [
        [page.name(rung.name), _three(rung.figures["mase"]), f"{rung.figures['smape']:.1f}",
         f"{rung.figures['mae']:.4g}",
         *([f"{rung.figures['quantile_loss']:.4g}", _share(rung)] if bands else []),
         *map(_three, rung.by_fold), f"{rung.parameters:,}", page.seconds(rung.seconds)]
        for rung in found.rungs
    ]  # fmt: skip
    table = page.table(
        f"All models on {counted(len(found.true), 'forecast')}", heads, rows,
        main=len(rows) - 1,
    )  # fmt: skip
    how = (
        "MASE: the mean absolute error, divided by that of repeating the last season in the past; "
        "below 1 is better than that. sMAPE: errors as a share of the values, 0 to 200. Error: "
        f"mean absolute, in the units of the values. Folds: MASE of each. {page.text(found.said)}."
    )
    if bands:
        how += (
            " Quantile loss: lower is better. Coverage: the share of true values between the "
            "lowest and highest quantile; those of plain forecasts come from their past errors."
        )
    return table + page.note(how)


def _share(rung: ForecastRung) -> str:
    return f"{rung.figures['coverage']:.0%}" if "coverage" in rung.figures else NONE


def _drawn(net: SeriesForecaster, found: Backtest, data: Timeline) -> str:
    """Return the first variable of the first series, its forecasts laid end to end."""
    own, best = _own_and_best(found)
    name = data.columns.values[0] + (f" of {data.ids[0]}" if data.ids[0] else "")
    shaded = " The band lies between the lowest and the highest quantile." if net.quantiles else ""
    return page.figure(
        f"{name}: forecasts of {counted(net.horizon, 'step')}, one behind the other",
        drawing(net, found, data),
        f"{name} at the end of the series, with the forecasts of {own.name} and of {best.name}.",
        f"Each forecast knows only what comes before its first step.{shaded}",
        alone=True, fixed=True,
    )  # fmt: skip


def _own_and_best(found: Backtest) -> tuple[ForecastRung, ForecastRung]:
    """Return the net's showing and that of the best plain forecast."""
    *plain, own = found.rungs
    return own, min(plain, key=lambda rung: rung.figures["mase"])


def drawing(net: SeriesForecaster, found: Backtest, data: Timeline) -> LayerChart:
    """Return a chart of forecasts laid end to end beside the truth, of the first variable.

    Args:
        net: The forecaster.
        found: Its backtest.
        data: The series; the first one is drawn.
    """
    horizon, values = net.horizon, data.values[0][:, 0]
    rows = {int(t): n for n, (series, t) in enumerate(found.starts) if series == 0}
    last = max(rows)
    first = max(min(rows), last + horizon - MOST_STEPS)
    begins = [begin for begin in range(last, first - 1, -horizon) if begin in rows][::-1]
    places = [(begin + k, rows[begin], k) for begin in begins for k in range(horizon)]
    own, best = _own_and_best(found)
    lines = {
        rung.name: [(t, float(rung.put[n, k, 0])) for t, n, k in places] for rung in (own, best)
    }
    bands = own.bands
    band = [] if bands is None else [
        (t, float(bands[n, k, 0, 0]), float(bands[n, k, 0, -1])) for t, n, k in places
    ]  # fmt: skip
    steps = range(max(begins[0] - 2 * horizon, 0), last + horizon)
    truth = [(t, float(values[t])) for t in steps]
    return forecast_charts.beside_truth(truth, lines, band)


def _by_step(found: Backtest) -> str:
    """Return the error of each step ahead, by model."""
    errors = {
        rung.name: (np.abs(found.true - rung.put) / found.units[:, None]).mean(axis=(0, 2))
        for rung in found.rungs
    }
    said = "; ".join(f"{name}: {row[0]:.3f} to {row[-1]:.3f}" for name, row in errors.items())
    return page.figure(
        "Error by step ahead", forecast_charts.by_step(errors), f"From the first step on: {said}.",
        "Forecasts that only repeat a season are as wrong at every step of it.", alone=True,
        fixed=True,
    )  # fmt: skip


def _three(value: float) -> str:
    return f"{value:.3f}"
