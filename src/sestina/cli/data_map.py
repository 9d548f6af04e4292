"""sestina data map: rows and columns of a table in one plane."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from sestina import store
from sestina.cli import show
from sestina.cli.inputs import Json, Overwrite, UnusedSeed
from sestina.data import datasets
from sestina.data.tables import read_table, with_numbers
from sestina.errors import DataError, counted, nearest

Table = Annotated[
    str, typer.Argument(metavar="TABLE", help="CSV, TSV or Parquet file, or a shipped table.")
]
Out = Annotated[
    list[str],
    typer.Option(
        help="File to write: .html to move about in, .png to look at. May be given repeatedly."
    ),
]
Shares = Annotated[
    bool, typer.Option("--shares/--no-shares", help="Divide each row by its sum first.")
]
Standard = Annotated[
    bool,
    typer.Option("--standard/--no-standard", help="Divide each column by its standard deviation."),
]


def map_(
    table: Table,
    out: Out,
    shares: Shares = True,
    standard: Standard = True,
    overwrite: Overwrite = False,
    json: Json = False,
    seed: UnusedSeed = 0,
) -> None:
    """Draw a table of numbers in a plane: rows as points, columns as arrows.

    The plane is that of the first two principal components. Columns that hold
    no numbers name the rows.
    """
    from sestina.vectors import maps
    from sestina.vectors.biplot import biplot

    for path in out:
        maps.writer_for(path)
        store.refuse_existing(Path(path), overwrite)
    numbers, names = _split(table, _read(table))
    title = f"{Path(table).name}: rows and columns"
    drawn = biplot(
        numbers.to_numpy(), names, numbers.columns, shares=shares, standard=standard, title=title
    )
    for path in out:
        maps.write(drawn, path)
    result = {
        "task": "data map",
        "rows": len(names),
        "columns": numbers.width,
        "explained": drawn.points.explained,
        "files": out,
    }
    if json:
        show.as_json(result)
        return
    show.facts(
        title,
        {"rows": len(names), "columns": numbers.width, "placed by": drawn.basis, "written": out},
    )


def _read(table: str) -> pl.DataFrame:
    """Return a shipped table, or that in a file.

    Raises:
        DataError: There is no such table, or it cannot be read.
    """
    if table in datasets.names() and not Path(table).exists():
        return datasets.table(table)
    if not Path(table).exists() and not Path(table).suffix:
        raise DataError(f"there is no file or data set {table!r}{nearest(table, datasets.names())}")
    return with_numbers(read_table(Path(table), "utf-8", header=True))


def _split(name: str, table: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Return the columns of numbers, and the names of the rows.

    Raises:
        DataError: There are less than two columns of numbers, or a number is missing.
    """
    numbers = table.select(pl.selectors.numeric())
    if numbers.width < 2:
        raise DataError(
            f"{name} has {counted(numbers.width, 'column')} of numbers; a map needs two or more"
        )
    gaps = [c.name for c in numbers if c.null_count() or not c.cast(pl.Float64).is_finite().all()]
    if gaps:
        raise DataError(
            f"{name}: column {gaps[0]!r} has a gap, or a value that is not finite; fill it, or "
            "leave the row out"
        )
    words = table.select(pl.selectors.string())
    names = [" ".join(map(str, row)) for row in words.rows()]
    if len(set(names)) < table.height:
        names = [f"{n} {row}".strip() for n, row in enumerate(names or [""] * table.height, 1)]
    return numbers, names
