"""sestina data map: rows and columns of a table in one plane."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from sestina import store
from sestina.cli import show
from sestina.cli.inputs import Json, Overwrite, UnusedSeed
from sestina.data import columns, datasets
from sestina.data.tables import read_table, with_numbers
from sestina.errors import DataError, counted, nearest

MOST_GUESSED = 12  # groups in a column that is taken for labels unasked

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
Group = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Colour the rows by this column; guessed where it is plain, as one of labels is.",
    ),
]


def map_(
    table: Table,
    out: Out,
    group: Group = None,
    shares: Shares = True,
    standard: Standard = True,
    overwrite: Overwrite = False,
    json: Json = False,
    seed: UnusedSeed = 0,
) -> None:
    """Draw a table of numbers in a plane: rows as points, columns as arrows.

    The plane is that of the first two principal components. Columns that hold
    no numbers name the rows. Where a column holds labels, rows are coloured by
    it, and a legend tells the colours.
    """
    from sestina.vectors import maps
    from sestina.vectors.biplot import biplot

    for path in out:
        maps.writer_for(path)
        store.refuse_existing(Path(path), overwrite)
    whole = _read(table)
    group = _group(table, whole, group)
    groups = None if group is None else _as_groups(whole[group])
    numbers, names = _split(table, whole, group)
    title = f"{Path(table).name}: rows and columns"
    drawn = biplot(
        numbers.to_numpy(), names, numbers.columns, groups=groups, shares=shares,
        standard=standard, title=title,
    )  # fmt: skip
    for path in out:
        maps.write(drawn, path)
    result = {
        "task": "data map",
        "rows": len(names),
        "columns": numbers.width,
        "group": group,
        "groups": drawn.legend,
        "explained": drawn.points.explained,
        "files": out,
    }
    if json:
        show.as_json(result)
        return
    show.facts(
        title,
        {
            "rows": len(names),
            "columns": numbers.width,
            "coloured by": "" if group is None else f"{group}: {', '.join(drawn.legend)}",
            "placed by": drawn.basis,
            "written": out,
        },
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
    found = read_table(Path(table), "utf-8", header=True)
    found = with_numbers(found.with_columns(pl.col(pl.String).replace("", None)))
    for name, value in _nearly_numbers(found).items():
        show.say(f"column {name!r} holds {value!r}, which is no number: it names the rows")
    return found


def _nearly_numbers(table: pl.DataFrame) -> dict[str, str]:
    """Return columns that are mostly numbers, each with a value that is none."""
    found = {}
    for column in table.select(pl.selectors.string()):
        values = column.drop_nulls()
        others = values.filter(values.cast(pl.Float64, strict=False).is_null())
        if 0 < len(others) < len(values) / 2:
            found[column.name] = others[0]
    return found


def _group(name: str, table: pl.DataFrame, asked: str | None) -> str | None:
    """Return the column to colour by: that asked for, one named as labels are, or one like them.

    Like labels are words of which there are few, and each stands twice or more on average.

    Raises:
        DataError: The column asked for is missing.
    """
    if asked is not None:
        if asked not in table.columns:
            raise DataError(f"{name} has no column {asked!r}{nearest(asked, table.columns)}")
        return asked
    words = table.select(pl.selectors.string()).columns
    named = columns.label_of([*words, *table.select(pl.selectors.numeric()).columns])
    for column in words if named is None else [named]:
        different = table[column].n_unique()
        if 1 < different <= MOST_GUESSED and 2 * different <= table.height:
            return column
    return None


def _as_groups(column: pl.Series) -> list[str]:
    return ["(none)" if value is None else str(value) for value in column.to_list()]


def _split(name: str, table: pl.DataFrame, group: str | None) -> tuple[pl.DataFrame, list[str]]:
    """Return the columns of numbers but that of the groups, and the names of the rows.

    Raises:
        DataError: There are less than two columns of numbers, or a number is missing.
    """
    numbers = (table if group is None else table.drop(group)).select(pl.selectors.numeric())
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
    names = [" ".join(filter(None, row)) for row in words.rows()]
    if len(set(names)) < table.height:
        names = [f"{n} {row}".strip() for n, row in enumerate(names or [""] * table.height, 1)]
    return numbers, names
