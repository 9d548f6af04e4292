"""PATH of a command → records: a file, a folder, or the name of a shipped data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from sestina.cli.show import say
from sestina.data import datasets
from sestina.data.columns import Columns
from sestina.data.read import read
from sestina.data.records import Records
from sestina.errors import DataError, nearest

PathArgument = Annotated[
    str, typer.Argument(metavar="PATH", help="File, folder, or name of a shipped data set.")
]
TextColumn = Annotated[
    str | None, typer.Option("--text", help="Column of the texts.", rich_help_panel="Data")
]
LabelColumn = Annotated[
    str | None, typer.Option("--label", help="Column of the labels.", rich_help_panel="Data")
]
SplitColumn = Annotated[
    str | None,
    typer.Option("--split", help="Column that names train, dev and test.", rich_help_panel="Data"),
]
Encoding = Annotated[str, typer.Option(help="Encoding of text files.", rich_help_panel="Data")]
Header = Annotated[
    bool,
    typer.Option(
        "--header/--no-header",
        help="CSV and TSV begin with column names; without, columns are 1, 2, …",
        rich_help_panel="Data",
    ),
]
LabelSeparator = Annotated[
    str | None,
    typer.Option(
        help="Parts several labels in one cell, for instance '|'.", rich_help_panel="Data"
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Seed = Annotated[int, typer.Option(help="Seed of every random number.")]
UnusedSeed = Annotated[
    int, typer.Option("--seed", help="Taken by every verb; this one draws nothing.", hidden=True)
]


def records(path: str, columns: Columns | None = None, **how: Any) -> Records:
    """Return the records at a path or of a shipped data set; what was guessed or skipped is said.

    Raises:
        DataError: There is no such path or data set, or it cannot be read.
    """
    if Path(path).exists() or Path(path).suffix or "/" in path:
        found = read(path, columns, **how)
    elif path in datasets.names():
        found = datasets.records(path)
    else:
        raise DataError(
            f"there is no file, folder or data set {path!r}{nearest(path, datasets.names())}"
        )
    for note in found.notes:
        say(f"{path}: {note}")
    return found
