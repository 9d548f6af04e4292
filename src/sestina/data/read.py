"""Files → records: tables, fastText files, plain lines, and one folder per class."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from sestina.data.columns import Columns, find
from sestina.data.records import PARTS, Label, Records, without_gaps
from sestina.data.tables import TABLES, decode, kind_of, read_bytes, read_table
from sestina.errors import DataError

FASTTEXT = "__label__"
IGNORED = ("unsup",)  # aclImdb's reviews without a rating


def read(
    path: str | Path,
    columns: Columns | None = None,
    *,
    encoding: str = "utf-8",
    header: bool = True,
    label_separator: str | None = None,
    need_label: bool = True,
) -> Records:
    """Read texts, and labels where there are any, from a file or a folder.

    The format is told by the file's ending: .csv, .tsv, .json, .jsonl and .parquet are tables;
    other files hold one text a line, with labels where the first line starts with ``__label__``
    (fastText's format). A folder holds one folder of text files per class, under ``train`` and
    ``test`` where it has parts (the layout of aclImdb). Files may be compressed (.gz, .xz).

    Args:
        path: File or folder.
        columns: Names of a table's columns; guessed where None, and the guess is noted.
        encoding: Encoding of text files.
        header: Whether a CSV or TSV file starts with column names; without, name columns 1, 2, ….
        label_separator: What parts several labels in one cell; None means one label a row.
        need_label: Whether to refuse data without labels.

    Raises:
        DataError: The data cannot be read so; the message says where and what to do.
    """
    path = Path(path)
    if path.is_dir():
        records = _read_folder(path, encoding)
    elif kind_of(path) in TABLES:
        records = _read_columns(path, columns or Columns(), encoding, header, need_label)
    else:
        records = _read_lines(path, encoding)
    if need_label and records.labels is None:
        raise DataError(
            f"{path} has texts but no labels; give a table (.csv, .tsv, .jsonl, .parquet), "
            "fastText lines (__label__x text) or one folder per class"
        )
    return without_gaps(_split_labels(records, label_separator))


def _read_columns(
    path: Path, columns: Columns, encoding: str, header: bool, need_label: bool
) -> Records:
    table = read_table(path, encoding, header)
    found = find(table.columns, columns, str(path), need_label)
    labels: list[Label] | None = None
    if found.label is not None:
        labels = _labels(table[found.label])
    return Records(
        _strings(table[found.text]),
        labels,
        _strings(table[found.split]) if found.split else None,
        found.notes,
        str(path),
    )


def _strings(column: pl.Series) -> list[str]:
    if isinstance(column.dtype, pl.List | pl.Struct | pl.Binary):
        raise DataError(f"column {column.name!r} holds {column.dtype}; expected texts")
    return column.cast(pl.String).fill_null("").to_list()


def _labels(column: pl.Series) -> list[Label]:
    if isinstance(column.dtype, pl.List):
        return column.cast(pl.List(pl.String)).fill_null([]).to_list()
    if column.dtype.is_float() and (column.drop_nulls() % 1 == 0).all():
        column = column.cast(pl.Int64)  # 1.0 and 0.0 are the labels 1 and 0
    return [label.strip() for label in _strings(column)]


def _split_labels(records: Records, separator: str | None) -> Records:
    if separator is None or records.labels is None or records.multi_label:
        return records
    parted: list[Label] = [
        [piece.strip() for piece in str(label).split(separator) if piece.strip()]
        for label in records.labels
    ]
    return Records(records.texts, parted, records.parts, records.notes, records.source)


def _read_lines(path: Path, encoding: str) -> Records:
    lines = decode(read_bytes(path), path, encoding).splitlines()
    first = next((line for line in lines if line.strip()), "")
    if not first.startswith(FASTTEXT):
        return Records(lines, source=str(path))
    texts, labels = [], []
    for line in lines:
        words = line.split()
        marks = [word for word in words if word.startswith(FASTTEXT)]
        texts.append(" ".join(word for word in words if not word.startswith(FASTTEXT)))
        labels.append([mark.removeprefix(FASTTEXT) for mark in marks])
    if all(len(label) <= 1 for label in labels):
        single: list[Label] = ["".join(label) for label in labels]
        return Records(texts, single, source=str(path))
    return Records(texts, list(labels), source=str(path))


def _read_folder(path: Path, encoding: str) -> Records:
    folders = _subfolders(path)
    parts = [folder for folder in folders if folder.name.lower() in PARTS]
    notes = [f"left out folder {f.name!r}" for f in folders if parts and f not in parts]
    texts: list[str] = []
    labels: list[Label] = []
    split: list[str] = []
    for part in parts or [path]:
        for folder in _subfolders(part):
            if folder.name in IGNORED:
                notes.append(f"left out {part.name}/{folder.name} (texts without a label)")
                continue
            for file in _text_files(folder):
                texts.append(decode(file.read_bytes() or b"\n", file, encoding))
                labels.append(folder.name)
                split.append(part.name)
    if not texts:
        raise DataError(
            f"{path} has no text files in folders; expected one folder per class, as in "
            f"{path.name}/pos/1.txt or {path.name}/train/pos/1.txt"
        )
    return Records(texts, labels, split if parts else None, tuple(notes), str(path))


def _subfolders(path: Path) -> list[Path]:
    return sorted(p for p in path.iterdir() if p.is_dir() and not p.name.startswith("."))


def _text_files(folder: Path) -> Iterable[Path]:
    return sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith("."))
