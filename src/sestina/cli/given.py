"""--given: the columns of a table, or the values, that texts are written from."""

from __future__ import annotations

import csv
import io
import math
import numbers
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import polars as pl
import typer

from sestina.cli.inputs import given_texts, records
from sestina.cli.show import say
from sestina.data import datasets
from sestina.data.records import Records
from sestina.data.tables import TABLES, kind_of, read_table, with_numbers
from sestina.errors import DataError, OptionError, SestinaError, counted, nearest

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

LARGEST = float(np.finfo(np.float32).max)  # networks hold no larger numbers


def parted(text: str) -> list[str]:
    """Return what commas part; a name or value with a comma stands between quotation marks."""
    return [part.strip() for part in next(csv.reader([text], skipinitialspace=True), [])]


def as_given(row: Sequence[Any]) -> str:
    """Return values as `parted` takes them, quoted for a shell where they need it."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(row)
    return shlex.quote(line.getvalue())


def pairs(path: str, reading: dict[str, Any], names: Sequence[str]) -> tuple[Records, pl.DataFrame]:
    """Return N texts, and the columns of these names of the rows that they stand in, (N, A).

    Rows without a text, or without one of the values, are left out, and their number is said.

    Raises:
        DataError: PATH is no table, has no such column, or cannot be read.
        OptionError: A column is named twice, or is that of the texts.
    """
    found, table, kept = _with_texts(path, reading, names)
    return found.take(kept), with_numbers(table)[kept]


def pairs_of(net: Any, path: str, reading: dict[str, Any]) -> tuple[Records, list[list[Any]]]:
    """Return N texts, and the rows (N, A) that a model takes of the table that they stand in.

    Raises:
        DataError: PATH is no table, a value is not what its column holds, or as `pairs` says.
    """
    found, table, kept = _with_texts(path, reading, names_of(net))
    rows = [checked(net, table.row(n), f"row {n + 1}", DataError) for n in kept]
    return found.take(kept), rows


def _with_texts(
    path: str, reading: dict[str, Any], names: Sequence[str]
) -> tuple[Records, pl.DataFrame, list[int]]:
    """Return texts, the columns of these names, and which rows have all of it."""
    if twice := [name for n, name in enumerate(names) if name in names[:n]]:
        raise OptionError(f"--given names the column {twice[0]!r} twice; name each once")
    table = _columns(path, reading, names)
    found = records(path, reading, need_label=False)
    if own := [name for name in names if [v or "" for v in table[name].to_list()] == found.texts]:
        raise OptionError(f"--given names the column of the texts, {own[0]!r}; leave it out")
    gaps = table.select(pl.any_horizontal(pl.all().is_null())).to_series().to_list()
    kept = [n for n, text in enumerate(found.texts) if text.strip() and not gaps[n]]
    if len(kept) < len(found):
        say(f"left out {counted(len(found) - len(kept), 'row')} without a text or a value")
    if not kept:
        raise DataError(f"{path}: no row has a text and {', '.join(names)}; check the columns")
    return found, table, kept


def of_part(
    found: Records, rows: list[list[Any]], chosen: Records
) -> tuple[list[list[Any]], list[str]]:
    """Return the rows and texts of a part of records: `chosen` is all of them, or one part."""
    if len(chosen) == len(found):
        return rows, found.texts
    name = (chosen.parts or [""])[0]
    picked = [row for row, part in zip(rows, found.parts or (), strict=True) if part == name]
    return picked, chosen.texts


def values_of(net: Any, given: str, said: str = "--given") -> list[Any]:
    """Return the row (A,) that values are, parted by commas.

    Args:
        net: A `SequenceFromVector`.
        given: The values.
        said: Where they stand, for a message.

    Raises:
        OptionError: There are too few or too many, or one is not what its column holds.
    """
    parts, known = parted(given), net.attributes_
    if len(parts) != len(known):
        came = counted(len(parts), "value") if parts else "nothing"
        raise OptionError(
            f"{said} has {came}; the model writes from {known}: give a value for each, "
            "parted by commas"
        )
    return checked(net, parts, said, OptionError)


def checked(net: Any, values: Sequence[Any], said: str, error: type[SestinaError]) -> list[Any]:
    """Return a row (A,) as a model takes it: numbers, and symbols that it knows.

    Args:
        net: A `SequenceFromVector`; whether it takes unknown symbols is an option of it.
        values: A of them, numbers perhaps as strings; None is a gap.
        said: Where they stand, for a message.
        error: What is raised where one is not what its column holds.
    """
    known: Attributes = net.attributes_
    row: list[Any] = []
    for n, (value, symbols) in enumerate(zip(values, known.symbols, strict=True)):
        what = f"{said}: {known.name(n)} is {'empty' if value is None else repr(value)}"
        if symbols is None:
            row.append(_number(value))
            if not abs(row[n]) <= LARGEST:
                raise error(f"{what}; expected a finite number")
            continue
        if value not in symbols and (value is None or net.unknown == "error"):
            raise error(
                f"{what}{', which is unknown' * (value is not None)}{nearest(str(value), symbols)}"
            )
        row.append(value)
    return row


def _number(value: Any) -> float:
    """Return a number, perhaps from a string; NaN for what is none."""
    if not isinstance(value, str | numbers.Real):
        return math.nan
    try:
        return float(value)
    except ValueError:
        return math.nan


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
    if file and not texts:
        table = _columns(file, reading, names_of(net))
        yield [
            checked(net, row, f"row {n}", DataError) for n, row in enumerate(table.iter_rows(), 1)
        ]
        return
    number = 0
    for chunk in given_texts(texts, file, reading):
        yield [values_of(net, line, f"row {number + n}") for n, line in enumerate(chunk, 1)]
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


def _columns(path: str, reading: dict[str, Any], names: Sequence[str]) -> pl.DataFrame:
    """Return some columns of a table; what is empty is a gap.

    Raises:
        DataError: It has no such columns, or is no table.
    """
    table = _table(path, reading)
    unknown = next((name for name in names if name not in table.columns), None)
    if unknown is not None:
        raise DataError(f"{path} has no column {unknown!r}{nearest(unknown, table.columns)}")
    return table.select(names).with_columns(pl.col(pl.String).replace("", None))


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
