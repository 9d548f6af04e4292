"""Files that word vectors are judged by: analogy questions, and pairs of words with scores."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from sestina.data import datasets
from sestina.data.tables import read_bytes
from sestina.errors import DataError, counted

UNNAMED = "questions"  # the section of what stands above the first heading


class Question(NamedTuple):
    """a is to b as c is to d."""

    a: str
    b: str
    c: str
    d: str


class Pair(NamedTuple):
    """Two words, and people's score of how alike or related they are."""

    one: str
    other: str
    score: float


def read_analogies(source: str | Path = "analogies") -> dict[str, list[Question]]:
    """Return the questions of each section of a file as word2vec's ``questions-words.txt``.

    A line ``: name`` opens a section; every other line holds four words.

    Args:
        source: A file, perhaps .gz or .xz, or the shipped ``analogies``.

    Raises:
        DataError: The file holds no question, or a line of another kind; the message names it.
    """
    sections: dict[str, list[Question]] = {}
    name, path = UNNAMED, file_of(source)
    for number, line in _lines(path):
        if line.startswith(":"):
            name = line[1:].strip() or UNNAMED
            continue
        words = line.split()
        if len(words) != 4:
            raise DataError(
                f"{path}, line {number}: expected ': section' or four words, "
                f"got {line[:40]!r}; repair or drop the line"
            )
        sections.setdefault(name, []).append(Question(*words))
    if not sections:
        raise DataError(f"{path} holds no analogy question; expected lines of four words")
    return sections


def read_pairs(source: str | Path = "wordsim353") -> list[Pair]:
    """Return the pairs of a file of word similarities: WordSim-353, SimLex-999 and the like.

    The columns are parted by tabs, commas or blanks, as the first line shows. The first two hold
    the words; the score stands in the first column behind them that holds a number, so that
    SimLex-999 is read as it is distributed. A header and lines that begin with # are skipped.

    Args:
        source: A file, perhaps .gz or .xz, or the shipped ``wordsim353``.

    Raises:
        DataError: The file holds no pair, or a line that is none; the message names it.
    """
    path = file_of(source)
    lines = [(number, line) for number, line in _lines(path) if not line.startswith("#")]
    if not lines:
        raise DataError(f"{path} holds no pair of words; expected lines 'word1 word2 score'")
    separator = next((mark for mark in "\t," if mark in lines[0][1]), None)
    rows = [(number, _fields(line, separator)) for number, line in lines]
    if len(rows) > 1 and _score_column(rows[0][1]) is None:
        del rows[0]  # the header
    column = _score_column(rows[0][1])
    if column is None:
        raise DataError(
            f"{path}, line {rows[0][0]}: expected two words and a score, got "
            f"{' '.join(rows[0][1])[:40]!r}; part them by tabs, commas or blanks"
        )
    return [_pair(path, number, fields, column) for number, fields in rows]


def file_of(source: str | Path) -> Path:
    """Return the file of a shipped set for evaluating vectors, or the path as it is.

    Raises:
        DataError: The shipped set serves another purpose, or its file is damaged.
    """
    if not isinstance(source, str) or source not in datasets.names() or Path(source).exists():
        return Path(source)
    task = datasets.get(source).task
    if task != "evaluate vectors":
        raise DataError(
            f"{source!r} does not serve to evaluate word vectors (it serves: {task}); "
            "those that do are analogies and wordsim353"
        )
    return datasets.path(source)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the numbers and contents of the lines that are not blank."""
    data = read_bytes(path, or_empty=True)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where, byte = data.count(b"\n", 0, error.start) + 1, error.object[error.start]
        raise DataError(
            f"{path}, line {where}: byte 0x{byte:02x} is not UTF-8; save the file as UTF-8"
        ) from error
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, line.strip()


def _fields(line: str, separator: str | None) -> list[str]:
    fields = next(csv.reader([line])) if separator == "," else line.split(separator)
    return [field.strip() for field in fields]


def _score_column(fields: Sequence[str]) -> int | None:
    """Return the first column behind the two words that holds a number."""
    return next((n for n, field in enumerate(fields) if n > 1 and _number(field) is not None), None)


def _pair(path: Path, number: int, fields: Sequence[str], column: int) -> Pair:
    score = _number(fields[column]) if column < len(fields) else None
    if score is None or not (fields[0] and fields[1]):
        raise DataError(
            f"{path}, line {number}: expected two words and a number in column {column + 1}, got "
            f"{counted(len(fields), 'field')}: {' '.join(fields)[:40]!r}; repair or drop the line"
        )
    return Pair(fields[0], fields[1], score)


def _number(field: str) -> float | None:
    """Return a finite number, or None where the field holds something else."""
    try:
        value = float(field)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
