"""CSV, TSV, JSON, JSONL and Parquet files → one polars table of strings."""

from __future__ import annotations

import csv
import gzip
import io
import json
import lzma
import zlib
from pathlib import Path

import polars as pl

from sestina.errors import DataError

TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet")
COMPRESSED = {".gz": gzip.decompress, ".xz": lzma.decompress}
MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def kind_of(path: Path) -> str:
    """Return the file ending in lower case that tells the format, under any compression."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSED:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def read_bytes(path: Path) -> bytes:
    """Return the content of a file, decompressed where it ends in .gz or .xz.

    Raises:
        DataError: The file is missing, empty, unreadable or damaged.
    """
    try:
        data = path.read_bytes()
        unpack = COMPRESSED.get(path.suffix.lower())
        data = unpack(data) if unpack else data
    except FileNotFoundError as error:
        raise DataError(f"there is no file {str(path)!r}") from error
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    if not data.strip():
        raise DataError(f"{path} is empty; expected one text a line or a table with a header")
    return data


def decode(data: bytes, path: Path, encoding: str) -> str:
    """Return the bytes of a text file as a string.

    Raises:
        DataError: The bytes are not text in `encoding`; the message names the line.
    """
    mark = MARKS.get(data[:2])
    if mark and encoding == "utf-8":
        raise DataError(f"{path} is encoded as {mark}; add --encoding {mark}")
    if b"\0" in data[:8192] and not encoding.lower().startswith(("utf-16", "utf-32")):
        raise DataError(f"{path} is a binary file; expected text, or a .parquet file")
    try:
        return data.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except LookupError as error:
        raise DataError(f"unknown encoding {encoding!r}; try utf-8, latin-1 or cp1252") from error
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{path} is not {encoding}: byte 0x{data[error.start]:02x} in line {line}; "
            "name its encoding, for instance --encoding latin-1"
        ) from error


def read_table(path: Path, encoding: str, header: bool) -> pl.DataFrame:
    """Return a table; one without header has the columns 1, 2 and so on.

    Raises:
        DataError: The file is damaged, or a row does not fit.
    """
    kind = kind_of(path)
    data = read_bytes(path)
    try:
        if kind == ".parquet":
            return pl.read_parquet(io.BytesIO(data))
        text = decode(data, path, encoding)
        del data
        if kind == ".json":
            return pl.DataFrame(json.loads(text), infer_schema_length=None)
        if kind in (".jsonl", ".ndjson"):
            return pl.read_ndjson(io.StringIO(text), infer_schema_length=None)
        return _read_delimited(text, "\t" if kind == ".tsv" else ",", header)
    except (pl.exceptions.PolarsError, ValueError, TypeError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path}: {_where(path, kind, encoding) or _first_line(error)}") from error


def _read_delimited(text: str, separator: str, header: bool) -> pl.DataFrame:
    """Read CSV, where quotes guard separators, or TSV, where they are characters like others."""
    table = pl.read_csv(
        io.BytesIO(text.encode()),
        separator=separator,
        has_header=header,
        quote_char='"' if separator == "," else None,
        infer_schema=False,
        null_values=None,
    )
    return table if header else table.rename({n: n.removeprefix("column_") for n in table.columns})


def _where(path: Path, kind: str, encoding: str) -> str:
    """Return what is wrong in which line of a file that polars refused; empty if we see nothing."""
    if kind == ".parquet":
        return "not a Parquet file, or a truncated one"
    text = decode(read_bytes(path), path, encoding)
    if kind in (".jsonl", ".ndjson"):
        for number, line in enumerate(text.splitlines(), 1):
            try:
                row = json.loads(line) if line.strip() else {}
            except ValueError as error:
                return f"line {number} is not JSON ({error})"
            if not isinstance(row, dict):
                return f'line {number} is not a JSON object such as {{"text": …, "label": …}}'
        return ""
    if kind == ".json":
        return "expected a JSON list of objects with the same keys"
    return _uneven_row(text, "\t" if kind == ".tsv" else ",")


def _uneven_row(text: str, separator: str) -> str:
    csv.field_size_limit(2**31 - 1)
    quotes = '"' if separator == "," else None
    rows = csv.reader(io.StringIO(text), delimiter=separator, quotechar=quotes)
    wanted = len(next(rows, []))
    for row in rows:
        if len(row) > wanted:
            return f"line {rows.line_num} has {len(row)} fields, the header has {wanted}"
    return ""


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
