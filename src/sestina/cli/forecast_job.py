"""One training job of a forecaster: backtest, fit on all, save, report."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sestina.cli import show
from sestina.cli.job import (
    Ending,
    claim,
    ending_of,
    keep,
    run_facts,
    show_end,
    untrained,
    write_report,
)
from sestina.data.timeline import Timeline
from sestina.errors import SestinaError, counted
from sestina.estimators.forecaster import SeriesForecaster
from sestina.inspect.forecast_ladder import Backtest, backtest, forecast_verdict
from sestina.inspect.forecast_report import render_forecasts
from sestina.inspect.sections import Told, changed_options, helps, run_told


@dataclass
class ForecastJob:
    """What to train on and where to put it.

    Attributes:
        path: What the user called the data.
        out: Folder for the model.
        data: The series at `path`.
        options: Options of `SeriesForecaster`.
        folds: Folds of the backtest.
        stride: Steps from one of its forecasts to the next.
    """

    path: str
    out: Path
    data: Timeline
    options: dict[str, Any]
    folds: int
    stride: int

    def run(self, resume: bool, overwrite: bool) -> dict[str, Any]:
        """Do the job and return what ``--json`` prints; "stopped" says why it ended early, if so.

        Raises:
            SestinaError: The data, an option or the folder does not do; nothing was lost.
            KeyboardInterrupt: Ctrl-C before the first epoch was finished.
        """
        net, data = untrained(SeriesForecaster, self.options), self.data
        known = data.past() if data.known[0].shape[1] else None
        claim(self.out, resume, overwrite)
        show.say(f"backtest of {counted(self.folds, 'fold')}, then a training on all steps")
        try:
            found = backtest(net, data.values, known, folds=self.folds, stride=self.stride)
        except SestinaError:
            with suppress(OSError):  # there is something in it
                self.out.rmdir()
            raise
        ending = ending_of(net, data.values, covariates=known, checkpoint=self.out, resume=resume)
        notes = [*found.notes, *net.notes_]
        for note in notes:
            show.say(note)
        result = self._result(net, found, ending)
        result["notes"] = [*data.notes, *notes]
        steps = counted(sum(map(len, data.values)), "step")
        series = counted(len(data), "series", "series")
        sizes = f"{self.path}: {series} of together {steps}"
        keep(net, self.out, {**result, "data": f"{sizes}, all trained on after a backtest: "
                             f"{found.said}"}, ending)  # fmt: skip
        told = self._told(net, result, f"{sizes}. Backtest: {found.said}")
        result["report"] = write_report(self.out, lambda: render_forecasts(net, found, data, told))
        return result

    def _result(self, net: SeriesForecaster, found: Backtest, ending: Ending) -> dict[str, Any]:
        *plain, own = found.rungs
        data = self.data
        ends = [times[len(v) - 1] for times, v in zip(data.times, data.values, strict=True)]
        return {
            "task": "forecast",
            "model": str(self.out),
            "name": own.name,
            "encoder": net.encoder,
            "series": len(data),
            "steps": sum(map(len, data.values)),
            "horizon": net.horizon,
            "context": net.context_,
            "columns": asdict(data.columns),
            "until": dict(zip(data.ids, ends, strict=True)),
            **run_facts(net),
            "forecasts": len(found.true),
            "backtest": found.said,
            "metrics": own.summary(),
            "baseline": {rung.name: rung.summary() for rung in plain},
            "verdicts": [
                forecast_verdict(found.rungs, own.name, rung.name) for rung in reversed(plain)
            ],
            **ending._asdict(),
        }

    def _told(self, net: SeriesForecaster, result: dict[str, Any], said: str) -> Told:
        """Return what the report tells beside its figures."""
        columns = self.data.columns
        facts = {
            "data": said,
            "foretold": ", ".join(columns.values),
            "known ahead": ", ".join([*columns.covariates, *(["calendar"] * columns.calendar)]),
            "reads": f"the last {counted(net.context_, 'step')}, foretells {net.horizon:,}",
            "noticed": "; ".join(result["notes"]),
            **run_told(net),
        }
        return Told(self.path, facts, result["verdicts"], changed_options(net), helps(net))

    def show(self, result: dict[str, Any]) -> None:
        """Print the ladder, the verdicts and where things lie."""
        title = (
            f"{self.path}: {counted(result['forecasts'], 'forecast')} of "
            f"{counted(result['horizon'], 'step')} in {counted(self.folds, 'fold')}, seed "
            f"{result['seed']}"
        )
        try_ = f"predict {self.out} --file {self.path}"
        show_end(result, title, try_, ladder=show.forecasts)
