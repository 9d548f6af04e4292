"""--given: the columns of a table, or the values, that texts are written from."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import polars as pl
import typer

from sestina.cli.inputs import given_texts, records
from sestina.cli.show import say
from sestina.data import datasets
from sestina.data.records import Records
from sestina.data.tables import TABLES, kind_of, read_table, with_numbers
from sestina.errors import DataError, OptionError, counted, nearest

if TYPE_CHECKING:
    from sestina.text.attributes import Attributes  # which loads scikit-learn

GivenColumns = Annotated[
    str,
    typer.Option(
        "--given",
        help="Columns of PATH, parted by commas, that each text is written from: numbers, or "
        "symbols, which become one-hot.",
        rich_help_panel="Data",
    ),
]
GivenValues = Annotated[
    str,
    typer.Option(
        "--given", help="Values to write from, parted by commas, of a model trained with --given."
    ),
]


def parted(text: str) -> list[str]:
    """Return what commas part; a name or value with a comma stands between quotation marks."""
    return [part.strip() for part in next(csv.reader([text], skipinitialspace=True), [])]


def pairs(path: str, reading: dict[str, Any], names: Sequence[str]) -> tuple[Records, pl.DataFrame]:
    """Return N texts, and the columns of these names of the rows that they stand in, (N, A).

    Rows without a text, or without one of the values, are left out, and their number is said.

    Raises:
        DataError: PATH is no table, has no such column, or cannot be read.
        OptionError: A column is named twice, or is that of the texts.
    """
    if twice := [name for n, name in enumerate(names) if name in names[:n]]:
        raise OptionError(f"--given names the column {twice[0]!r} twice; name each once")
    table = _columns(path, reading, names)
    found = records(path, reading, need_label=False)
    if own := [name for name in names if [v or "" for v in table[name].to_list()] == found.texts]:
        raise OptionError(f"--given names the column of the texts, {own[0]!r}; leave it out")
    table = _values(table)
    gaps = table.select(pl.any_horizontal(pl.all().is_null())).to_series().to_list()
    kept = [n for n, text in enumerate(found.texts) if text.strip() and not gaps[n]]
    if len(kept) < len(found):
        say(f"left out {counted(len(found) - len(kept), 'row')} without a text or a value")
    if not kept:
        raise DataError(f"{path}: no row has a text and {', '.join(names)}; check the columns")
    return found.take(kept), table[kept]


def of_part(found: Records, table: pl.DataFrame, chosen: Records) -> tuple[pl.DataFrame, list[str]]:
    """Return the columns and texts of a part of records: `chosen` is all of them, or one part."""
    if len(chosen) == len(found):
        return table, found.texts
    name = (chosen.parts or [""])[0]
    rows = [n for n, part in enumerate(found.parts or ()) if part == name]
    return table[rows], chosen.texts


def values_of(attributes: Attributes, given: str, said: str = "--given") -> list[Any]:
    """Return the row (A,) that values are, parted by commas.

    Args:
        attributes: Of the model.
        given: The values.
        said: Where they stand, for a message.

    Raises:
        OptionError: There are too few or too many, or one is not what its column holds.
    """
    parts = parted(given)
    if len(parts) != len(attributes):
        came = counted(len(parts), "value") if parts else "nothing"
        raise OptionError(
            f"{said} has {came}; the model writes from {attributes}: give a value for each, "
            "parted by commas"
        )
    row: list[Any] = []
    for n, (part, known) in enumerate(zip(parts, attributes.symbols, strict=True)):
        if known is None:
            try:
                row.append(float(part))
            except ValueError:
                raise OptionError(
                    f"{said}: {attributes.name(n)} is {part!r}; expected a number"
                ) from None
            continue
        if part not in known:
            raise OptionError(
                f"{said}: {attributes.name(n)} is {part!r}, which is unknown{nearest(part, known)}"
            )
        row.append(part)
    return row


def written_from(
    net: Any, texts: list[str] | None, file: str | None, reading: dict[str, Any], beam: int | None
) -> Iterator[list[dict[str, Any]]]:
    """Yield rows of values, and the text most probably written from each, chunk by chunk.

    Args:
        net: A `SequenceFromVector`.
        texts: Rows of values, parted by commas; without any, lines of standard input.
        file: A table with the model's columns instead.
        reading: How it is read.
        beam: Beginnings that are followed up side by side; the usual number if None.
    """
    for rows in _rows(net, texts, file, reading):
        found = zip(rows, net.predict(rows, beam), strict=True)
        yield [{"given": row, "text": joined(text)} for row, text in found]


def _rows(
    net: Any, texts: list[str] | None, file: str | None, reading: dict[str, Any]
) -> Iterator[list[list[Any]]]:
    """Yield rows of values from arguments, a table or standard input, in chunks."""
    known: Attributes = net.attributes_
    if file and not texts:
        yield [list(row) for row in _values(_columns(file, reading, names_of(net))).iter_rows()]
        return
    number = 0
    for chunk in given_texts(texts, file, reading):
        yield [values_of(known, line, f"row {number + n}") for n, line in enumerate(chunk, 1)]
        number += len(chunk)


def joined(text: str | list[str]) -> str:
    """Return what a `SequenceFromVector` wrote as one string; tokens of lists parted by blanks."""
    return text if isinstance(text, str) else " ".join(text)


def names_of(net: Any) -> tuple[str, ...]:
    """Return the columns that a model writes texts from.

    Raises:
        DataError: They had no names in training.
    """
    names: tuple[str, ...] = net.attributes_.names
    if not names:
        raise DataError(
            "the model was trained on a table without column names, so that none of a file can "
            "be told; use it from Python"
        )
    return names


def _values(table: pl.DataFrame) -> pl.DataFrame:
    """Return columns as the model takes them: numbers, symbols, and gaps where cells are empty."""
    return with_numbers(table.with_columns(pl.col(pl.String).replace("", None)))


def _columns(path: str, reading: dict[str, Any], names: Sequence[str]) -> pl.DataFrame:
    """Return some columns of a table.

    Raises:
        DataError: It has no such columns, or is no table.
    """
    table = _table(path, reading)
    unknown = next((name for name in names if name not in table.columns), None)
    if unknown is not None:
        raise DataError(f"{path} has no column {unknown!r}{nearest(unknown, table.columns)}")
    return table.select(names)


def _table(path: str, reading: dict[str, Any]) -> pl.DataFrame:
    """Return all columns of a table, or of a shipped data set."""
    file = Path(path)
    if path in datasets.names() and not file.exists():
        return datasets.table(path)
    if file.is_dir() or kind_of(file) not in TABLES:
        raise DataError(
            f"{path} is no table; --given wants one with columns of that name ({', '.join(TABLES)})"
        )
    return read_table(file, reading["encoding"], reading["header"])
