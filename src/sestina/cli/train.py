"""sestina train classify: train a net beside its baselines, save it, report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from sestina.cli import show
from sestina.cli.inputs import (
    Encoding,
    Header,
    Json,
    LabelColumn,
    LabelSeparator,
    PathArgument,
    Seed,
    SplitColumn,
    TextColumn,
    records,
)
from sestina.cli.options import with_options
from sestina.config import EmbeddingOptions, EncoderOptions, TextOptions, TrainingOptions
from sestina.data.columns import Columns
from sestina.errors import OptionError

app = typer.Typer(no_args_is_help=True, help="Train a model and compare it with plain baselines.")


@app.callback()
def _verbs() -> None:
    """Keep `classify` a verb of its own while it is the only one."""


@app.command(
    epilog="Example: sestina train classify reviews.csv --encoder gru --bidirectional --out model"
)
@with_options(TextOptions, EmbeddingOptions, EncoderOptions, TrainingOptions)
def classify(
    path: PathArgument,
    out: Annotated[Path, typer.Option(help="Folder for the model.")],
    dev: Annotated[
        str | None,
        typer.Option(help="File for early stopping; else drawn from PATH.", rich_help_panel="Data"),
    ] = None,
    test: Annotated[
        str | None,
        typer.Option(help="File to test on; else drawn from PATH.", rich_help_panel="Data"),
    ] = None,
    text: TextColumn = None,
    label: LabelColumn = None,
    split: SplitColumn = None,
    encoding: Encoding = "utf-8",
    header: Header = True,
    label_separator: LabelSeparator = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the checkpoint in --out.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the model in --out.")
    ] = False,
    json: Json = False,
    seed: Seed = TrainingOptions.seed,
    options: dict[str, Any] = {},  # noqa: B006 - filled by with_options
) -> None:
    """Train a text classifier, compare it with its baselines, save and report it.

    PATH holds texts and labels: .csv, .tsv, .json, .jsonl, .parquet, fastText lines, one
    folder per class, or the name of a shipped data set.
    """
    from sestina.cli.job import Job

    if resume and overwrite:
        raise OptionError("--resume goes on, --overwrite starts anew; give one of them")
    how = {"encoding": encoding, "header": header, "label_separator": label_separator}
    columns = Columns(text, label, split)
    parts = {"dev": dev, "test": test}
    read = {name: records(file, columns, **how) for name, file in parts.items() if file}
    job = Job(path, out, records(path, columns, **how), read, {**options, "seed": seed})
    result = job.run(resume, overwrite)
    if json:
        show.as_json(result)
    else:
        job.show(result)
    if result["interrupted"]:
        show.say("Error: stopped by Ctrl-C; the best epoch is kept, go on with --resume")
        raise SystemExit(1)
