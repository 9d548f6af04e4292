"""CSV, TSV, JSON, JSONL and Parquet files → one polars table."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import lzma
import zlib
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import polars as pl

from sestina.errors import DataError

SEPARATORS = {".csv": ",", ".tsv": "\t"}
TABLES = (*SEPARATORS, ".jsonl", ".ndjson", ".json", ".parquet")
COMPRESSED = {".gz": gzip.decompress, ".xz": lzma.decompress}
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
AGAIN = " again"  # what a column name that occurs before gets at its end
END = "\0end"  # a last line of our own: a quotation mark left open swallows it


def kind_of(path: Path) -> str:
    """Return the file ending in lower case that tells the format, under any compression."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSED:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def read_bytes(path: Path, *, or_empty: bool = False) -> bytes:
    """Return the content of a file, decompressed where it ends in .gz or .xz.

    Raises:
        DataError: The file is missing, empty (unless `or_empty`), unreadable or damaged.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise DataError(
            f"there is no file {str(path)!r}; check the path, it is taken from {Path.cwd()}"
        ) from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    unpack = COMPRESSED.get(path.suffix.lower())
    try:
        data = unpack(data) if unpack and data else data
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise DataError(
            f"{path} is damaged or not compressed as its ending says ({error}); "
            "download or compress it again"
        ) from error
    if not or_empty and not data.removeprefix(codecs.BOM_UTF8).strip():
        raise DataError(f"{path} is empty; expected one text a line or a table with a header")
    return data


def decode(data: bytes, path: Path, encoding: str) -> str:
    """Return the bytes of a text file as a string.

    Raises:
        DataError: The bytes are not text in `encoding`; the message names the line.
    """
    try:
        codec = codecs.lookup(encoding).name
    except (LookupError, ValueError) as error:
        raise DataError(f"unknown encoding {encoding!r}; try utf-8, latin-1 or cp1252") from error
    mark = next((name for start, name in MARKS.items() if data.startswith(start)), None)
    if mark and codec == "utf-8":
        raise DataError(f"{path} is encoded as {mark}; add --encoding {mark}")
    if b"\0" in data[:8192] and not codec.startswith(("utf-16", "utf-32")):
        what = "a zip archive or an Excel file" if data.startswith(b"PK") else "a binary file"
        raise DataError(f"{path} is {what}; expected text, for instance .csv, or a .parquet file")
    try:
        return data.decode("utf-8-sig" if codec == "utf-8" else codec)
    except LookupError as error:
        raise DataError(
            f"{encoding!r} is no encoding of texts; try utf-8, latin-1 or cp1252"
        ) from error
    except UnicodeDecodeError as error:
        read = error.object  # without any byte order mark, so not always `data`
        raise DataError(
            f"{path} is not {encoding}: byte 0x{read[error.start]:02x} in line "
            f"{read.count(b'\n', 0, error.start) + 1}; name its encoding, for instance "
            f"--encoding {'latin-1' if codec == 'utf-8' else 'utf-8'}"
        ) from error


def lines_of(text: str) -> list[str]:
    """Return the lines of a text; only LF, CR LF and CR end one (`str.splitlines` knows ten more).

    A line break at the very end opens no further line.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines if lines[-1] else lines[:-1]


def read_table(path: Path, encoding: str, header: bool) -> pl.DataFrame:
    """Return a table; one without header has the columns "1", "2" and so on.

    CSV and TSV columns hold strings; those of other files may hold lists and numbers.

    Raises:
        DataError: The file is damaged, or a row does not fit.
    """
    kind = kind_of(path)
    data = read_bytes(path)
    try:
        if kind == ".parquet":
            return pl.read_parquet(io.BytesIO(data))
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        raise DataError(
            f"{path} is not a Parquet file, or a truncated one; download or write it again"
        ) from error
    text = decode(data, path, encoding)
    if kind in SEPARATORS:
        return _delimited(text, path, SEPARATORS[kind], header)
    return _objects(text, path, lines=kind != ".json")


def _delimited(text: str, path: Path, separator: str, header: bool) -> pl.DataFrame:
    """Read CSV (quotes guard separators) or TSV (a quotation mark is a character like others)."""
    rows = _rows(text, path, separator)
    first = next(rows, None)
    if first is None:
        raise DataError(f"{path} has no rows; expected a table with a header")
    names = _unique(first[1]) if header else [str(n + 1) for n in range(len(first[1]))]
    columns: list[list[str | None]] = [[] for _ in names]
    for line, row in rows if header else chain([first], rows):
        if len(row) > len(names) and any(row[len(names) :]):
            advice = "quote texts that hold commas" if separator == "," else "take tabs out of texts"
            raise DataError(
                f"{path}: line {line} has {len(row)} fields, the "
                f"{'header' if header else 'first line'} has {len(names)}; {advice}"
            )
        for n, column in enumerate(columns):
            column.append(row[n] if n < len(row) else None)
    return pl.DataFrame(
        [pl.Series(name, column, pl.String) for name, column in zip(names, columns, strict=True)]
    )


def _rows(text: str, path: Path, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the first line's number and the fields of each row; empty lines are no rows."""
    csv.field_size_limit(2**31 - 1)  # a text may be long; Python's default is 128 kB
    quoting = csv.QUOTE_MINIMAL if separator == "," else csv.QUOTE_NONE
    lines = chain(io.StringIO(text, newline=""), [END])
    reader = csv.reader(lines, delimiter=separator, quoting=quoting)
    line = 1
    for row in reader:
        if row and row[-1].endswith(END) and row != [END]:
            raise DataError(
                f"{path}: line {line} opens a quotation mark that nothing closes; "
                'write a quotation mark inside a quoted text twice ("")'
            )
        if row and row != [END]:
            yield line, row
        line = reader.line_num + 1


def _unique(names: Sequence[str]) -> list[str]:
    """Return column names without white space around them; empty and repeated ones are renamed."""
    found: dict[str, None] = {}
    for number, name in enumerate(names, 1):
        name = name.strip() or f"column {number}"
        while name in found:
            name += AGAIN
        found[name] = None
    return list(found)


def _objects(text: str, path: Path, *, lines: bool) -> pl.DataFrame:
    """Read JSON: objects one a line, a list of them, or one object of columns."""
    if lines:
        return _from_rows(list(_json_lines(text, path)))
    try:
        content = json.loads(text)
    except ValueError as error:
        if text.lstrip().startswith("{") and "\n" in text.strip():
            return _from_rows(list(_json_lines(text, path)))  # JSONL under the name of JSON
        raise DataError(f"{path} is not JSON ({error}); expected a list of objects") from error
    if isinstance(content, list) and content and all(isinstance(row, dict) for row in content):
        return _from_rows(content)
    if isinstance(content, dict):  # columns, as pandas writes them, or a single row
        columns = [list(v.values()) if isinstance(v, dict) else v for v in content.values()]
        if not any(isinstance(column, list) for column in columns):
            return _from_rows([content])
        if all(isinstance(column, list) for column in columns) and len(
            {len(column) for column in columns}
        ) == 1:
            return pl.DataFrame([_series(k, v) for k, v in zip(content, columns, strict=True)])
    raise DataError(
        f'{path}: expected a JSON list of objects such as [{{"text": "…", "label": "…"}}], '
        "or one object of columns of equal length"
    )


def _json_lines(text: str, path: Path) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines_of(text), 1):
        if not line.strip():
            continue
        expected = 'expected one object a line, such as {"text": "…", "label": "…"}'
        try:
            row = json.loads(line)
        except ValueError as error:
            raise DataError(f"{path}: line {number} is not JSON ({error}); {expected}") from error
        if not isinstance(row, dict):
            raise DataError(f"{path}: line {number} is not a JSON object; {expected}")
        yield row


def _from_rows(rows: list[dict[str, Any]]) -> pl.DataFrame:
    names = dict.fromkeys(key for row in rows for key in row)
    return pl.DataFrame([_series(name, [row.get(name) for row in rows]) for name in names])


def _series(name: str, values: list[Any]) -> pl.Series:
    """Return JSON values as a column of lists, of floats, or else of strings."""
    kinds = {type(value) for value in values} - {type(None)}
    if dict in kinds:
        return pl.Series(name, values, dtype=pl.Object)
    if list in kinds:  # a lone value is a list of one
        rows = [v if v is None or isinstance(v, list) else [v] for v in values]
        strings = [None if row is None else [_plain(v) for v in row] for row in rows]
        return pl.Series(name, strings, dtype=pl.List(pl.String))
    if float in kinds and kinds <= {int, float}:
        return pl.Series(name, values, dtype=pl.Float64, strict=False)
    return pl.Series(name, [_plain(value) for value in values], dtype=pl.String)


def _plain(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)
