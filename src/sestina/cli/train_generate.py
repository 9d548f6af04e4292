"""sestina train generate: a language model beside n-grams."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from sestina import config
from sestina.cli import show
from sestina.cli.inputs import Json, PathArgument, Seed, records
from sestina.cli.options import with_options
from sestina.errors import OptionError


@with_options(
    reading=(config.ReadingOptions,),
    options=(config.LanguageTextOptions, config.LanguageOptions, config.LanguageTrainingOptions),
)
def generate(
    path: PathArgument,
    out: Annotated[Path, typer.Option(help="Folder for the model.")],
    reading: dict[str, Any],
    options: dict[str, Any],
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
    seed: Seed = config.LearningOptions.seed,
) -> None:
    """Train a language model, compare it with n-grams, save it.

    PATH is a text file, one text a line, a table with a column of texts, a folder
    of texts, or the name of a shipped data set. Labels do not matter. With
    --running the lines are one text, as a book's are, and its end is the test.
    """
    from sestina.cli.language_job import LanguageJob

    if resume and overwrite:
        raise OptionError("--resume goes on, --overwrite starts anew; give one of them")
    found = records(path, reading, need_label=False)
    job = LanguageJob(path, out, found, {**options, "seed": seed})
    result = job.run(resume, overwrite)
    if json:
        show.as_json(result)
    else:
        job.show(result)
    if result["interrupted"]:
        show.say("Error: stopped by Ctrl-C; the best epoch is kept, go on with --resume")
        raise typer.Exit(1)
