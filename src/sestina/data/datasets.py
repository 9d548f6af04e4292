"""Shipped data sets by their names, read once their files were found to be whole."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import cache
from pathlib import Path

import polars as pl

from sestina.data.columns import Columns
from sestina.data.names import family_parts
from sestina.data.parallel import Pairs, read_pairs
from sestina.data.read import read
from sestina.data.recordings import Recordings
from sestina.data.records import Records
from sestina.data.registry import SHIPPED, DataSet
from sestina.data.series_files import read_series
from sestina.data.tables import SEPARATORS, kind_of, read_table, with_numbers
from sestina.data.tagged import TaggedSentences, fixed_parts, read_tagged
from sestina.data.timeline import Timeline, TimelineColumns, read_timeline
from sestina.errors import DataError, nearest

SHIPPED_FOLDER = Path(__file__).parent / "shipped"


def names() -> list[str]:
    """Return the names of the shipped data sets."""
    return list(SHIPPED)


def get(name: str) -> DataSet:
    """Return the data set of that name.

    Raises:
        DataError: There is none.
    """
    if name not in SHIPPED:
        raise DataError(f"there is no data set {name!r}{nearest(name, SHIPPED)}")
    return SHIPPED[name]


@cache
def path(name: str) -> Path:
    """Return the file of a data set, once its SHA-256 was checked.

    Raises:
        DataError: There is no such data set, or its file is missing or damaged.
    """
    entry = get(name)
    file = SHIPPED_FOLDER / entry.file
    try:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise DataError(_damaged(file, error.strerror or "unreadable")) from error
    if digest != entry.sha256:
        raise DataError(_damaged(file, "its SHA-256 differs"))
    return file


def records(name: str) -> Records:
    """Return the texts and labels of a shipped data set that serves to classify.

    Raises:
        DataError: There is no such data set, it is damaged, or it serves another task.
    """
    entry = get(name)
    if entry.text is None or entry.label is None:
        usable = [e.name for e in SHIPPED.values() if e.text is not None]
        raise DataError(
            f"{name!r} does not hold labelled texts (it serves: {entry.task}); "
            f"those that do are {', '.join(usable)}"
        )
    found = read(path(name), Columns(entry.text, entry.label, entry.split))
    parts = family_parts(found.texts) if entry.names else found.parts
    return Records(found.texts, found.labels, parts, found.notes, name)


def tagged(name: str) -> TaggedSentences:
    """Return the sentences and tags of a shipped data set, with parts by a sum of each sentence.

    Raises:
        DataError: There is no such data set, it is damaged, or its words have no tags.
    """
    if get(name).task != "tag":
        usable = [e.name for e in SHIPPED.values() if e.task == "tag"]
        raise DataError(
            f"{name!r} does not hold tagged sentences (it serves: {get(name).task}); "
            f"those that do are {', '.join(usable)}"
        )
    found = read_tagged(path(name))
    return replace(found, parts=fixed_parts(found.sentences), source=name)


def recordings(name: str) -> Recordings:
    """Return the recordings and labels of a shipped data set.

    Raises:
        DataError: There is no such data set, it is damaged, or it serves another task.
    """
    if get(name).task != "series":
        usable = [e.name for e in SHIPPED.values() if e.task == "series"]
        raise DataError(
            f"{name!r} does not hold recordings (it serves: {get(name).task}); those that do are "
            f"{', '.join(usable)}"
        )
    return replace(read_series(path(name)), source=name)


def pairs(name: str) -> Pairs:
    """Return the sentences and translations of a shipped data set, in fixed parts by group.

    Raises:
        DataError: There is no such data set, it is damaged, or it serves another task.
    """
    sides = get(name).sides
    if sides is None:
        usable = [e.name for e in SHIPPED.values() if e.sides is not None]
        raise DataError(
            f"{name!r} does not hold sentences and their translations (it serves: "
            f"{get(name).task}); those that do are {', '.join(usable)}"
        )
    found = read_pairs(path(name), sides.source, sides.target, group=sides.group)
    parts = [
        "test" if group in sides.test else "dev" if group in sides.dev else "train"
        for group in found.groups or ()
    ]
    return replace(found, parts=parts, source=name)


def timeline(name: str, columns: TimelineColumns, ahead: int = 0) -> Timeline:
    """Return the series of a shipped data set that serves to forecast.

    Args:
        name: Of the data set.
        columns: Which of its columns are what.
        ahead: Steps behind the last for which a calendar is told, too.

    Raises:
        DataError: There is no such data set, it is damaged, or it serves another task.
    """
    if get(name).task != "forecast":
        usable = [e.name for e in SHIPPED.values() if e.task == "forecast"]
        raise DataError(
            f"{name!r} does not hold values over time (it serves: {get(name).task}); "
            f"those that do are {', '.join(usable)}"
        )
    found = read_timeline(path(name), columns, ahead=ahead)
    return replace(found, source=name, notes=())


def table(name: str) -> pl.DataFrame:
    """Return a shipped data set that is a table, with whole numbers as numbers.

    Raises:
        DataError: There is no such data set, it is damaged, or it is no table.
    """
    entry = get(name)
    if kind_of(Path(entry.file)) not in SEPARATORS:
        tables = [e.name for e in SHIPPED.values() if kind_of(Path(e.file)) in SEPARATORS]
        raise DataError(
            f"{name!r} is no table (it serves: {entry.task}); those that are: {', '.join(tables)}"
        )
    return with_numbers(read_table(path(name), "utf-8", header=True))


def _damaged(file: Path, reason: str) -> str:
    return (
        f"the shipped file {file} is damaged ({reason}); "
        "reinstall with: pip install --force-reinstall sestina"
    )
