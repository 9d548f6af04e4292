"""sestina train classify: train a net beside its baselines, save it, report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from sestina import config
from sestina.cli import show
from sestina.cli.inputs import Json, PathArgument, Seed, records
from sestina.cli.options import with_options
from sestina.errors import OptionError

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
        config.EncoderOptions,
        config.TrainingOptions,
    ),
)
def classify(
    path: PathArgument,
    out: Annotated[Path, typer.Option(help="Folder for the model.")],
    reading: dict[str, Any],
    options: dict[str, Any],
    dev: Annotated[
        str | None, typer.Option(help="File for early stopping; else drawn from PATH.")
    ] = None,
    test: Annotated[str | None, typer.Option(help="File to test on; else drawn from PATH.")] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on from the checkpoint in --out; needs the same data, options and "
            "number of threads (OMP_NUM_THREADS).",
        ),
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the model in --out.")
    ] = False,
    json: Json = False,
    seed: Seed = config.TrainingOptions.seed,
) -> None:
    """Train a text classifier, compare it with its baselines, save and report it.

    PATH is a table (.csv .tsv .json .jsonl .parquet), fastText lines, news with
    topic codes (.xml .sgm .zip, or a folder of those), a folder with one folder
    of texts or .html pages per class, or the name of a shipped data set.
    """
    if resume and overwrite:
        raise OptionError("--resume goes on, --overwrite starts anew; give one of them")
    own = {name: records(file, reading) for name, file in (("dev", dev), ("test", test)) if file}
    data = records(path, reading)
    from sestina.cli.job import Job  # loads torch, for which a wrong path need not wait

    job = Job(path, out, data, own, {**options, "seed": seed})
    result = job.run(resume, overwrite)
    if json:
        show.as_json(result)
    else:
        job.show(result)
    if result["interrupted"]:
        show.say("Error: stopped by Ctrl-C; the best epoch is kept, go on with --resume")
        raise typer.Exit(1)
