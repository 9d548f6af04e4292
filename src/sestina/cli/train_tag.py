"""sestina train tag: a tagger of words beside its baselines."""

from __future__ import annotations

from typing import Annotated, Any

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
)
from sestina.cli.options import one_of, with_options
from sestina.cli.tagged import tagged


@with_options(
    columns=(config.TaggedOptions,), options=(config.TaggerOptions, config.LearningOptions)
)
def tag(
    path: PathArgument,
    out: ModelFolder,
    columns: dict[str, Any],
    options: dict[str, Any],
    dev: DevFile = None,
    test: TestFile = None,
    encoding: Annotated[
        str, typer.Option(help="Encoding of text files.", rich_help_panel="Data")
    ] = config.ReadingOptions.encoding,
    resume: Resume = False,
    overwrite: Anew = False,
    json: Json = False,
    seed: Seed = config.LearningOptions.seed,
) -> None:
    """Train a tagger of words, compare it with its baselines, save and report it.

    PATH is a file of CoNLL columns, of CoNLL-U (.conllu) or of JSON lines with
    "tokens" or "text" and "spans" (.jsonl), or the name of a shipped data set.
    """
    one_of(resume, overwrite)
    files = {name: file for name, file in (("dev", dev), ("test", test)) if file}
    own = {name: tagged(file, columns, encoding) for name, file in files.items()}
    data = tagged(path, columns, encoding)
    from sestina.cli.job import finish  # both load torch, for which a wrong path need not wait
    from sestina.cli.tag_job import TagJob

    job = TagJob(path, out, data, own, {**options, "seed": seed})
    finish(job, resume, overwrite, json)
