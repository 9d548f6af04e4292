"""sestina train forecast: a forecaster beside plain forecasts, backtested."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from sestina import config
from sestina.cli.forecasts import columns_of, timeline
from sestina.cli.inputs import Anew, Json, ModelFolder, PathArgument, Resume, Seed
from sestina.cli.options import one_of, with_options


@with_options(
    columns=(config.TimelineOptions,),
    options=(config.ForecastOptions, config.ForecastTrainingOptions),
)
def forecast(
    path: PathArgument,
    out: ModelFolder,
    columns: dict[str, Any],
    options: dict[str, Any],
    encoding: Annotated[
        str, typer.Option(help="Encoding of text files.", rich_help_panel="Data")
    ] = config.ReadingOptions.encoding,
    folds: Annotated[int, typer.Option(min=1, help="Folds of the backtest.")] = 3,
    stride: Annotated[
        int, typer.Option(min=1, help="Steps from one forecast of the backtest to the next.")
    ] = 1,
    resume: Resume = False,
    overwrite: Anew = False,
    json: Json = False,
    seed: Seed = config.LearningOptions.seed,
) -> None:
    """Train a forecaster, backtest it beside plain forecasts, save and report it.

    PATH is a table (.csv .tsv .json .jsonl .parquet) with a row for each step
    and columns for the time and the values, or the name of a shipped data set.
    """
    one_of(resume, overwrite)
    data = timeline(path, columns_of(columns), encoding)
    from sestina.cli.forecast_job import ForecastJob  # loads torch, for which a wrong path
    from sestina.cli.job import finish  # need not wait

    job = ForecastJob(path, out, data, {**options, "seed": seed}, folds, stride)
    finish(job, resume, overwrite, json)
