"""sestina train classify: train a net beside its baselines, save it, report."""

from __future__ import annotations

from typing import Any

import typer

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
    records,
)
from sestina.cli.options import one_of, with_options

app = typer.Typer(no_args_is_help=True, help="Train a model and compare it with plain baselines.")


@app.command(
    epilog="Example: sestina train classify reviews.csv --encoder gru --bidirectional --out model"
)
@with_options(
    reading=(config.ReadingOptions,),
    options=(
        config.TextOptions,
        config.EmbeddingOptions,
        config.NgramOptions,
        config.FineTuningOptions,
        config.EncoderOptions,
        config.TrainingOptions,
    ),
)
def classify(
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
    """Train a text classifier, compare it with its baselines, save and report it.

    PATH is a table (.csv .tsv .json .jsonl .parquet), fastText lines, news with
    topic codes (.xml .sgm .zip, or a folder of those), a folder with one folder
    of texts or .html pages per class, or the name of a shipped data set.
    """
    one_of(resume, overwrite)
    own = {name: records(file, reading) for name, file in (("dev", dev), ("test", test)) if file}
    data = records(path, reading)
    from sestina.cli.job import Job, finish  # loads torch, for which a wrong path need not wait

    job = Job(path, out, data, own, {**options, "seed": seed})
    finish(job, resume, overwrite, json)
