"""CSV, TSV, JSON, JSONL and Parquet files → one polars table."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import lzma
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import polars as pl

from sestina.data import json_tables
from sestina.errors import DataError, counted

SEPARATORS = {".csv": ",", ".tsv": "\t"}
TABLES = (*SEPARATORS, ".jsonl", ".ndjson", ".json", ".parquet")
COMPRESSED = (".gz", ".xz")
PIECE = 1 << 24  # bytes that are decompressed at once
LARGE, SWOLLEN = 1 << 30, 200  # bytes, and times as many as the file has: what no texts grow to
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# encodings of names and of program text: they cannot say every text, or make half characters
NO_TEXT = ("idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7")
NUMBERS: tuple[tuple[type[pl.DataType], str], ...] = (
    (pl.Int64, r"^-?(0|[1-9]\d{0,17})$"),
    (pl.Float64, r"^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$"),
)
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
            f"there is no file {str(path.absolute())!r}; check the path and its ending"
        ) from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    try:
        data = _unpacked(data, path) if data else data
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise DataError(
            f"{path} is damaged or not compressed as its ending says ({error}); "
            "download or compress it again"
        ) from error
    if not or_empty and not data.removeprefix(codecs.BOM_UTF8).strip():
        wanted = "a table with a header" if kind_of(path) in SEPARATORS else "one text a line"
        raise DataError(f"{path} is empty; expected {wanted}")
    return data


def _unpacked(data: bytes, path: Path) -> bytes:
    kind = path.suffix.lower()
    if kind not in COMPRESSED:
        return data
    packed = io.BytesIO(data)
    file = gzip.GzipFile(fileobj=packed) if kind == ".gz" else lzma.LZMAFile(packed)
    pieces: list[bytes] = []
    size = 0
    while piece := file.read(PIECE):
        size += len(piece)
        refuse_swollen(size, len(data), path)
        pieces.append(piece)
    return b"".join(pieces)


def refuse_swollen(size: int, packed: int, path: Path) -> None:
    """Raise where a file of `packed` bytes grows so much that it must be meant to fill the memory.

    Raises:
        DataError: It does.
    """
    if size > max(LARGE, SWOLLEN * packed):
        raise DataError(
            f"{path} has {counted(packed, 'byte')} and unpacks to more than {size - 1:,}, as files "
            "made to fill the memory do; if you trust it, unpack it yourself"
        )


def decode(data: bytes, path: Path, encoding: str) -> str:
    """Return the bytes of a text file as a string.

    Raises:
        DataError: The bytes are not text in `encoding`; the message names the line.
    """
    try:
        codec = codecs.lookup(encoding).name
    except (LookupError, ValueError) as error:
        raise DataError(f"unknown encoding {encoding!r}; try utf-8, latin-1 or cp1252") from error
    if codec in NO_TEXT:
        raise DataError(f"{encoding!r} is no encoding of texts; try utf-8, latin-1 or cp1252")
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
        line = read.count(b"\n", 0, error.start) + 1
        other = "latin-1" if codec == "utf-8" else "utf-8"
        raise DataError(
            f"{path} is not {encoding}: byte 0x{read[error.start]:02x} in line {line}; "
            f"name its encoding, for instance --encoding {other}"
        ) from error


def with_numbers(table: pl.DataFrame) -> pl.DataFrame:
    """Return a table with columns of strings that are all numbers as numbers.

    A column with a number that begins with a needless 0 stays: those are names, as in "01".
    """
    kinds: dict[Any, Any] = {}
    for name in table.columns:
        if table.schema[name] == pl.String and table[name].null_count() < table.height:
            found = next((k for k, form in NUMBERS if table[name].str.contains(form).all()), None)
            kinds |= {} if found is None else {name: found}
    return table.cast(kinds) if kinds else table


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
    if kind == ".json":
        return json_tables.from_json(text, str(path))
    return json_tables.from_lines(text, str(path))


def _delimited(text: str, path: Path, separator: str, header: bool) -> pl.DataFrame:
    """Read CSV (quotes guard separators) or TSV (a quotation mark is a character like others)."""
    rows = _rows(text, path, separator)
    first = next(rows, None)
    if first is None:
        raise DataError(f"{path} has no rows; expected a table with a header")
    names = _header(first[1], path) if header else [str(n + 1) for n in range(len(first[1]))]
    columns: list[list[str | None]] = [[] for _ in names]
    for line, row in rows if header else chain([first], rows):
        if len(row) > len(names) and any(row[len(names) :]):
            advice = "quote texts with commas" if separator == "," else "take tabs out of texts"
            raise DataError(
                f"{path}: line {line} has {counted(len(row), 'field')}, the "
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
    lines = chain(io.StringIO(text, newline=""), [END])
    if separator == ",":
        reader = csv.reader(lines)
    else:
        reader = csv.reader(lines, delimiter=separator, quoting=csv.QUOTE_NONE)
    line = 1
    for row in reader:
        alone = row == [END] and reader.line_num == line
        if row and row[-1].endswith(END) and not alone:
            raise DataError(
                f"{path}: line {line} opens a quotation mark that nothing closes; "
                'write a quotation mark inside a quoted text twice ("")'
            )
        if row and not alone:
            yield line, row
        line = reader.line_num + 1


def _header(names: Sequence[str], path: Path) -> list[str]:
    """Return column names without white space around them; an empty one gets its number."""
    found = [name.strip() or f"column {number}" for number, name in enumerate(names, 1)]
    twice = next((name for name, count in Counter(found).items() if count > 1), None)
    if twice:
        raise DataError(f"{path}: two columns are named {twice!r}; rename one of them")
    return found
