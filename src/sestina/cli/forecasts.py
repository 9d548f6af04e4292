"""What verbs do with forecasters: read tables of values over time, foretell, measure."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from sestina.cli import show
from sestina.cli.inputs import found_at, model_of
from sestina.cli.judging import facts_of
from sestina.data import datasets
from sestina.data.moments import moments_of, next_times
from sestina.data.timeline import Timeline, TimelineColumns, read_timeline
from sestina.errors import DataError, counted


def columns_of(options: Mapping[str, Any]) -> TimelineColumns:
    """Return which columns are what, from values of `sestina.config.TimelineOptions`."""
    several = {name: _names(options[name]) for name in ("values", "covariates")}
    return TimelineColumns(**{**options, **several})


def timeline(
    path: str, columns: TimelineColumns, encoding: str = "utf-8", ahead: int = 0
) -> Timeline:
    """Return the series of a table or a shipped data set; what was noted is said.

    Raises:
        DataError: There is no such path or data set, or it cannot be read.
    """
    return found_at(
        path,
        partial(datasets.timeline, columns=columns, ahead=ahead),
        partial(read_timeline, columns=columns, encoding=encoding, ahead=ahead),
    )


def model_and_series(model: str, path: str, ahead: bool) -> tuple[Any, Timeline]:
    """Return a forecaster, and series read by the columns that it was trained on.

    Args:
        model: Its folder.
        path: What the user gave.
        ahead: Whether what is known of the steps ahead is wanted, too.

    Raises:
        SestinaError: Either cannot be read.
    """
    net = model_of(model, "SeriesForecaster")
    told = facts_of(model).get("columns")
    if told is None:
        raise DataError(
            f"{model!r} was trained from Python and names no columns; use it from there"
        )
    tuples = {name: tuple(told[name]) for name in ("values", "covariates")}
    columns = TimelineColumns(**{**told, **tuples})
    return net, timeline(path, columns, ahead=net.horizon if ahead else 0)


def foretold(model: str, file: str) -> Iterator[list[dict[str, Any]]]:
    """Yield the steps that follow each series of a file, one row a step."""
    net, found = model_and_series(model, file, ahead=True)
    for n, name in enumerate(found.ids):
        size, horizon = len(found.values[n]), net.horizon
        known = found.known[n][: size + horizon] if net.n_known_ else None
        if known is not None and len(known) < size + horizon:
            raise DataError(
                f"{found.source} tells what is known ahead of {counted(len(known) - size, 'step')} "
                f"behind the last value, and the model foretells {horizon:,}; add rows with "
                f"{', '.join(map(repr, found.columns.covariates))} and without values"
            )
        put = net.predict([found.values[n]], None if known is None else [known])[0]
        written = found.times[n][size : size + horizon]
        moments = found.moments[n]
        written += next_times(found.times[n], moments, horizon - len(written))
        yield [
            {**({"id": name} if found.columns.id else {}), "time": time, "step": step}
            | _named(net, found.columns.values, row)
            for step, (time, row) in enumerate(zip(written, put, strict=True), 1)
        ]


def as_csv() -> Callable[[Mapping[str, Any]], str]:
    """Return what writes rows as CSV, the first below a line of names."""
    begun: list[bool] = []

    def line(row: Mapping[str, Any]) -> str:
        head = [] if begun else [_csv(row)]
        begun.append(True)
        cells = [f"{cell:.6g}" if isinstance(cell, float) else cell for cell in row.values()]
        return "".join([*head, _csv(cells)])

    return line


def _csv(cells: Iterable[Any]) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerow(cells)
    return file.getvalue()


def _named(net: Any, names: tuple[str, ...], row: Any) -> dict[str, float]:
    """Return a forecast (C,) or (C, Q) by the names of its columns."""
    if not net.quantiles:
        return {name: float(value) for name, value in zip(names, row, strict=True)}
    return {
        f"{name} {q:g}": float(value)
        for name, values in zip(names, row, strict=True)
        for q, value in zip(sorted(net.quantiles), values, strict=True)
    }


def measure(model: str, net: Any, path: str, found: Timeline, json: bool) -> None:
    """Print the figures of a forecaster on series, beside those of plain forecasts.

    Forecasts begin at every step after the training's last, or at every step of other series.
    """
    from sestina.inspect.forecast_ladder import measured

    begins, said = _begins(net, found, facts_of(model).get("until", {}))
    rungs = measured(net, found.values, found.past(), begins)
    *plain, own = rungs
    if json:
        show.as_json(
            {"task": "evaluate", "model": model, "data": path, "series": len(found),
             "forecasts": len(own.put), "said": said, "metrics": own.summary(),
             "baseline": {rung.name: rung.summary() for rung in plain}}
        )  # fmt: skip
        return
    title = f"{model} on {path}: {counted(len(own.put), 'forecast')} {said}"
    shown = {rung.name: rung.summary() for rung in plain}
    show.forecasts(title, {**shown, "this model": own.summary()})


def _begins(net: Any, found: Timeline, until: Mapping[str, str]) -> tuple[list[int], str]:
    """Return the step of each series from which on it is foretold, and how that came about."""
    first = [net.context_] * len(found)
    for n, (name, times) in enumerate(zip(found.ids, found.times, strict=True)):
        if until.get(name) in times:
            first[n] = max(times.index(until[name]) + 1, net.context_)
    room = [len(v) - net.horizon - begin for v, begin in zip(found.values, first, strict=True)]
    if max(room) >= 0 and any(begin > net.context_ for begin in first):
        return first, "of steps after the training"
    if any(begin > net.context_ for begin in first):
        show.say(
            "careful: the model was trained on these series up to their end, so the figures are "
            "too good; those of the training's backtest are not"
        )
    elif before := _before(found, until):
        show.say(
            f"careful: these series end at {before[0]}, and the model was trained up to "
            f"{before[1]}; if it was on these, the figures are too good"
        )
    return [net.context_] * len(found), "of all steps"


def _before(found: Timeline, until: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the end of the first series that is over before the training's was, and that one."""
    for name, times, values in zip(found.ids, found.times, found.values, strict=True):
        ends = [times[len(values) - 1], until.get(name, "")] if len(values) else []
        moments = moments_of(ends)
        if len(moments) and moments[0] < moments[1]:
            return ends[0], ends[1]
    return None


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())
