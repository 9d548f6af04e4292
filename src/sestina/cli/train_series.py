"""sestina train series: a classifier of numeric sequences beside its baselines."""

from __future__ import annotations

from typing import Any

from sestina import config
from sestina.cli.inputs import (
    Anew,
    DevFile,
    Json,
    ModelFolder,
    PathArgument,
    Resume,
    Seed,
    TestFile,
)
from sestina.cli.options import one_of, with_options
from sestina.cli.recorded import recordings


@with_options(
    reading=(config.SeriesReadingOptions,),
    options=(
        config.SignalOptions,
        config.ConvolutionOptions,
        config.EncoderOptions,
        config.TrainingOptions,
    ),
)
def series(
    path: PathArgument,
    out: ModelFolder,
    reading: dict[str, Any],
    options: dict[str, Any],
    dev: DevFile = None,
    test: TestFile = None,
    resume: Resume = False,
    overwrite: Anew = False,
    json: Json = False,
    seed: Seed = config.TrainingOptions.seed,
) -> None:
    """Train a classifier of numeric sequences beside its baselines, save and report it.

    PATH is a table with a row for each step (.csv .tsv .jsonl .parquet), a .ts
    file of aeon or sktime, an .arff file, arrays (.npz), a folder with the
    layout of UCI HAR, or the name of a shipped data set. Where the data tell
    the person (--group), none is in two parts.
    """
    one_of(resume, overwrite)
    files = {name: file for name, file in (("dev", dev), ("test", test)) if file}
    own = {name: recordings(file, reading) for name, file in files.items()}
    data = recordings(path, reading)
    from sestina.cli.job import finish  # both load torch, for which a wrong path need not wait
    from sestina.cli.series_job import SeriesJob

    job = SeriesJob(path, out, data, own, {**options, "seed": seed})
    finish(job, resume, overwrite, json)
