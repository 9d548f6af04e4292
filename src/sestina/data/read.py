"""Files → records: tables, news stories, pages, fastText files, lines, one folder per class."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from sestina.data import keras_imdb
from sestina.data.columns import Columns, find
from sestina.data.markup import PAGES, page_text
from sestina.data.records import PARTS, Label, Records, joined_labels, without_gaps
from sestina.data.stories import STORIES, XML, read_stories, story_text
from sestina.data.tables import SEPARATORS, TABLES, decode, kind_of, read_bytes, read_table
from sestina.errors import DataError, OptionError, counted

FASTTEXT = "__label__"
NOT_TEXT = (pl.List, pl.Array, pl.Struct, pl.Binary, pl.Object)
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
    .xml, .sgm and .zip hold news stories, whose topic codes are lists of labels (`stories`); an
    .html page is one text; other files hold one text a line, with labels where the first line has
    a word that starts with ``__label__`` (fastText's format). A folder holds news stories, or one
    folder of texts or pages per class, under ``train`` and ``test`` where it has parts (the layout
    of aclImdb), or Keras' imdb.npz and imdb_word_index.json; where no labels are needed, a folder
    of texts or pages alone will do. Files may be compressed (.gz, .xz).

    Args:
        path: File or folder.
        columns: Names of a table's columns; guessed where None, and the guess is noted.
        encoding: Encoding of text files; a page or XML file that names its own goes before UTF-8.
        header: Whether a CSV or TSV file starts with column names; without, name columns 1, 2, ….
        label_separator: What parts several labels in one cell; None means one label a row.
        need_label: Whether to refuse data without labels; if not, rows without one stay.

    Raises:
        DataError: The data cannot be read so; the message says where and what to do.
        OptionError: `label_separator` is empty.
    """
    if label_separator == "":
        raise OptionError("label_separator is empty; give what parts labels, for instance '|'")
    path = Path(path)
    if kind_of(path) == ".npz" or (path / keras_imdb.ARRAYS).is_file():
        records = keras_imdb.read(path / keras_imdb.ARRAYS if path.is_dir() else path)
    elif path.is_dir():
        records = (
            _read_stories(path, encoding, need_label)
            or (None if need_label else _read_flat(path, encoding))
            or _read_folder(path, encoding)
        )
    elif kind_of(path) in TABLES:
        records = _read_columns(path, columns or Columns(), encoding, header, need_label)
    elif kind_of(path) in STORIES:
        records = read_stories([path], path, encoding, need_label)
    elif kind_of(path) in PAGES:
        records = Records([_text(path, encoding)], source=str(path))
    else:
        records = _read_lines(path, encoding)
    if need_label and records.labels is None:
        raise DataError(
            f"{path} has texts but no labels; give a table (.csv, .tsv, .jsonl, .parquet), "
            "fastText lines (__label__x text), news with topic codes, or one folder per class"
        )
    return without_gaps(_split_labels(records, label_separator), need_label)


def _read_columns(
    path: Path, columns: Columns, encoding: str, header: bool, need_label: bool
) -> Records:
    table = read_table(path, encoding, header)
    delimited = header and kind_of(path) in SEPARATORS
    found = find(table.columns, columns, str(path), need_label, delimited)
    labels = _labels(table[found.label], path) if found.label is not None else None
    split = _strings(table[found.split], path) if found.split is not None else None
    notes = list(found.notes)
    if split and columns.split is None and not any(p.strip().lower() in PARTS for p in split):
        split = None  # a part of something else
        notes[-1] = f"column {found.split!r} names no train, dev and test: not used as the split"
    return Records(_strings(table[found.text], path), labels, split, tuple(notes), str(path))


def _strings(column: pl.Series, path: Path) -> list[str]:
    kind = "objects" if column.dtype == pl.Object else str(column.dtype)
    if column.dtype.is_float():
        column = column.fill_nan(None)  # what is missing, not a text "NaN"
    if not isinstance(column.dtype, NOT_TEXT):
        try:
            return column.cast(pl.String).fill_null("").to_list()
        except pl.exceptions.PolarsError:
            pass
    raise DataError(
        f"{path}: column {column.name!r} holds {kind}, expected strings or numbers; "
        "name another column, or convert it first"
    )


def _labels(column: pl.Series, path: Path) -> list[Label]:
    if isinstance(column.dtype, pl.List | pl.Array) and not isinstance(
        column.dtype.inner, NOT_TEXT
    ):
        lists = column.cast(pl.List(pl.String)).to_list()
        return [
            "" if row is None else [label.strip() for label in row if label and label.strip()]
            for row in lists
        ]
    if column.dtype.is_float():
        column = column.fill_nan(None)
        if ((column.drop_nulls() % 1 == 0) & (column.drop_nulls().abs() < 2**53)).all():
            column = column.cast(pl.Int64)  # 1.0 and 0.0 are the labels 1 and 0
    return [label.strip() for label in _strings(column, path)]


def _split_labels(records: Records, separator: str | None) -> Records:
    """Return records with cells of several labels parted, and no label twice in a row.

    Raises:
        DataError: The labels are rows of 0 and 1, which name nothing.
    """
    if records.labels is None:
        return records
    labels = records.labels
    if not records.multi_label:
        if separator is None:
            return _with_hint(records)
        labels = [str(label).split(separator) for label in labels]
    _refuse_indicators([row for row in labels if isinstance(row, list)], records.source)
    return replace(records, labels=[_once(row) for row in labels])


def _once(row: Label) -> Label:
    """Return each label of a list of them once; a single one, or none, as it is."""
    if isinstance(row, str):
        return row
    return list(dict.fromkeys(filter(None, map(str.strip, row))))


def _with_hint(records: Records) -> Records:
    """Return records with a note where labels look like several in one cell."""
    sign, several = joined_labels(map(str, records.labels or ()))
    if not sign:
        return records
    hint = f"labels such as {several[0]!r} look like several in one; if they are, add "
    return replace(records, notes=(*records.notes, f"{hint}--label-separator {sign!r}"))


def _refuse_indicators(rows: Sequence[list[str]], source: str) -> None:
    width = len(rows[0])
    if all(len(row) == width and {"0", "1"}.issuperset(row) for row in rows) and any(
        len(set(row)) < width for row in rows
    ):
        raise DataError(
            f"{source}: the labels are rows of {counted(width, 'number')}, 0 or 1; expected the "
            'names of the labels that a row has, such as ["sport", "money"], so write those'
        )


def _read_lines(path: Path, encoding: str) -> Records:
    text = decode(read_bytes(path), path, encoding)
    # only LF, CR LF and CR end a line here; str.splitlines would cut texts at ten more signs
    lines = [line.removesuffix("\n") for line in io.StringIO(text, newline=None)]
    first = next((line for line in lines if line.strip()), "")
    if not any(word.startswith(FASTTEXT) for word in first.split()):
        return Records(lines, source=str(path))
    texts, labels = [], []
    for line in lines:
        words = line.split()
        marks = [word for word in words if word.startswith(FASTTEXT) and word != FASTTEXT]
        texts.append(" ".join(word for word in words if not word.startswith(FASTTEXT)))
        labels.append([mark.removeprefix(FASTTEXT) for mark in marks])
    if all(len(label) <= 1 for label in labels):
        single: list[Label] = ["".join(label) for label in labels]
        return Records(texts, single, source=str(path))
    return Records(texts, list(labels), source=str(path))


def _read_stories(path: Path, encoding: str, need_label: bool) -> Records | None:
    """Return the news stories of a folder; None where it holds rather something else."""
    names = [p for p in path.rglob("*") if not _hidden(p.relative_to(path))]
    if not any(kind_of(p) in STORIES for p in names):
        return None
    inside = sorted(p for p in names if p.is_file())
    files = [file for file in inside if kind_of(file) in STORIES]
    if len(files) <= sum(p.parent != path and kind_of(p) not in STORIES for p in inside):
        return None  # most files in its folders are texts of classes
    found = read_stories(files, path, encoding, need_label)
    if need_label and found.labels is None:
        return None  # folders tell the labels
    others = [file.name for file in inside if kind_of(file) not in STORIES]
    notes = list(found.notes)
    if others:
        shown = ", ".join(others[:3]) + (", …" if len(others) > 3 else "")
        notes.insert(0, f"left out {counted(len(others), 'file')} without stories: {shown}")
    return Records(found.texts, found.labels, found.parts, tuple(notes), found.source)


def _read_flat(path: Path, encoding: str) -> Records | None:
    """Return the pages and .txt files of a folder without folders in it, a text each; or None."""
    files = [file for file in _files(path) if kind_of(file) in (*PAGES, ".txt")]
    if not files or _subfolders(path):
        return None
    left = len(_files(path)) - len(files)
    notes = (f"left out {counted(left, 'file')} other than .html and .txt",) if left else ()
    return Records([_text(f, encoding) for f in files], notes=notes, source=str(path))


def _hidden(path: Path) -> bool:
    return any(name.startswith((".", "__MACOSX")) for name in path.parts)


def _text(path: Path, encoding: str) -> str:
    """Return the text of a file: of a page or an XML file without its markup."""
    data = read_bytes(path, or_empty=True)
    if kind_of(path) in PAGES:
        return page_text(data, path, encoding)
    if kind_of(path) in XML:
        return story_text(data, path, encoding)
    return decode(data, path, encoding)


def _read_folder(path: Path, encoding: str) -> Records:
    folders = _subfolders(path)
    parts = [folder for folder in folders if folder.name.lower() in PARTS]
    notes = [f"left out folder {f.name!r}" for f in folders if parts and f not in parts]
    texts: list[str] = []
    labels: list[Label] = []
    split: list[str] = []
    for part in parts or [path]:
        notes.extend(f"left out file {f.name!r}, which is in no class" for f in _files(part))
        for folder in _subfolders(part):
            if folder.name in IGNORED:
                notes.append(f"left out {part.name}/{folder.name} (texts without a label)")
                continue
            notes.extend(
                f"left out folder {part.name}/{folder.name}/{f.name}" for f in _subfolders(folder)
            )
            for file in _files(folder):
                texts.append(_text(file, encoding))
                labels.append(folder.name)
                split.append(part.name)
    if not texts:
        raise DataError(_no_classes(path))
    return Records(texts, labels, split if parts else None, tuple(notes), str(path))


def _no_classes(path: Path) -> str:
    tables = [file.name for file in _files(path) if kind_of(file) in TABLES]
    instead = f"; or give one of its files: {', '.join(tables[:5])}" if tables else ""
    return (
        f"{path} has no text files in folders; expected one folder per class, as in "
        f"{path.name}/pos/1.txt or {path.name}/train/pos/1.txt{instead}"
    )


def _subfolders(path: Path) -> list[Path]:
    return [p for p in _entries(path) if p.is_dir()]


def _files(folder: Path) -> list[Path]:
    return [p for p in _entries(folder) if p.is_file()]


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(p for p in folder.iterdir() if not p.name.startswith("."))
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {error.strerror or error}") from error
