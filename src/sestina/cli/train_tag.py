"""sestina train tag: a tagger of words beside its baselines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from sestina import config
from sestina.cli import show
from sestina.cli.inputs import Json, PathArgument, Seed
from sestina.cli.options import with_options
from sestina.cli.tagged import tagged
from sestina.errors import OptionError


@with_options(
    columns=(config.TaggedOptions,), options=(config.TaggerOptions, config.LearningOptions)
)
def tag(
    path: PathArgument,
    out: Annotated[Path, typer.Option(help="Folder for the model.")],
    columns: dict[str, Any],
    options: dict[str, Any],
    dev: Annotated[
        str | None, typer.Option(help="File for early stopping; else drawn from PATH.")
    ] = None,
    test: Annotated[str | None, typer.Option(help="File to test on; else drawn from PATH.")] = None,
    encoding: Annotated[
        str, typer.Option(help="Encoding of text files.", rich_help_panel="Data")
    ] = config.ReadingOptions.encoding,
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
    """Train a tagger of words, compare it with its baselines, save it.

    PATH is a file of CoNLL columns, of CoNLL-U (.conllu) or of JSON lines with
    "tokens" or "text" and "spans" (.jsonl), or the name of a shipped data set.
    """
    from sestina.cli.tag_job import TagJob

    if resume and overwrite:
        raise OptionError("--resume goes on, --overwrite starts anew; give one of them")
    files = {name: file for name, file in (("dev", dev), ("test", test)) if file}
    own = {name: tagged(file, columns, encoding) for name, file in files.items()}
    data = tagged(path, columns, encoding)
    job = TagJob(path, out, data, own, {**options, "seed": seed})
    result = job.run(resume, overwrite)
    if json:
        show.as_json(result)
    else:
        job.show(result)
    if result["interrupted"]:
        show.say("Error: stopped by Ctrl-C; the best epoch is kept, go on with --resume")
        raise typer.Exit(1)
