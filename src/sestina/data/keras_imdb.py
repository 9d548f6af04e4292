"""The IMDb reviews as Keras keeps them: imdb.npz, and imdb_word_index.json beside it."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from sestina.data.object_arrays import lists_of_numbers
from sestina.data.records import Label, Records
from sestina.data.tables import decode, read_bytes, refuse_swollen
from sestina.errors import DataError, counted

ARRAYS, INDEX = "imdb.npz", "imdb_word_index.json"
PAD, START, UNKNOWN, FIRST = 0, 1, 2, 3  # the numbers that Keras' load_data gives
CLASSES = ("neg", "pos")  # 0 and 1, named as the folders of aclImdb are


def read(path: Path) -> Records:
    """Return the reviews as texts: their words, parted by blanks.

    The file holds each review as a list of numbers, a word's rank by frequency from 1. Those that
    `load_data` gives begin with START (1) and are 3 higher; both are read. Words are lower-case
    and without punctuation, as in Keras' file.

    Args:
        path: imdb.npz, with imdb_word_index.json in the same folder.

    Raises:
        DataError: A file is missing or damaged, or holds anything but lists of whole numbers.
    """
    arrays = _arrays(path)
    words = _words(path.parent / INDEX)
    texts: list[str] = []
    labels: list[Label] = []
    parts: list[str] = []
    notes: list[str] = []
    rows_of = {p: _rows(arrays[f"x_{p}"], f"{path} (x_{p})") for p in ("train", "test")}
    marked = all(row and row[0] == START for rows in rows_of.values() for row in rows)
    for part, rows in rows_of.items():
        codes = _codes(arrays[f"y_{part}"], len(rows), f"{path} (y_{part})")
        found, note = _texts(rows, words, marked, f"{path} (x_{part})")
        texts += found
        labels += [CLASSES[code] for code in codes]
        parts += [part] * len(found)
        if note:
            notes.append(f"{part}: {note}")
    return Records(texts, labels, parts, tuple(notes), str(path))


def _arrays(path: Path) -> dict[str, bytes]:
    """Return the bytes of the four arrays."""
    names = [f"{kind}_{part}" for part in ("train", "test") for kind in "xy"]
    try:
        packed = read_bytes(path)
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            sizes = [member.file_size for member in archive.infolist()]
            refuse_swollen(sum(sizes), len(packed), path)
            held = archive.namelist()
            missing = [name for name in names if f"{name}.npy" not in held]
            if missing:
                raise DataError(
                    f"{path} has no array {missing[0]!r}; expected Keras' imdb.npz, with "
                    f"{', '.join(names)}; other data go into a CSV or one folder per class"
                )
            return {name: archive.read(f"{name}.npy") for name in names}
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError) as error:
        raise DataError(f"{path} is no .npz file, or a damaged one; download it again") from error


def _words(path: Path) -> dict[int, str]:
    """Return the words by their rank."""
    text = decode(read_bytes(path), path, "utf-8")
    try:
        index = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is not JSON ({error}); download it again") from error
    if not isinstance(index, dict) or not all(type(rank) is int for rank in index.values()):
        raise DataError(f"{path} does not map words to whole numbers; download it again")
    return {rank: word for word, rank in index.items()}


def _rows(data: bytes, source: str) -> Sequence[Sequence[int]]:
    """Return the numbers of every review."""
    try:
        stream = io.BytesIO(data)
        version = npy.read_magic(stream)
        header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, kind = header(stream)
    except ValueError as error:
        raise DataError(f"{source} is damaged: {error}") from error
    if kind.hasobject:
        return lists_of_numbers(data[stream.tell() :], source)
    if len(shape) == 2 and kind.kind in "iu":  # texts of equal length
        rows: list[list[int]] = _plain(data, source).tolist()
        return rows
    raise DataError(
        f"{source} has {kind} of shape {shape}; expected one list of whole numbers a review"
    )


def _plain(data: bytes, source: str) -> NDArray[Any]:
    try:
        array: NDArray[Any] = npy.read_array(io.BytesIO(data))
    except (ValueError, MemoryError) as error:  # its header may state any size
        raise DataError(f"{source} is no plain array: {error}") from error
    return array


def _codes(data: bytes, rows: int, source: str) -> list[int]:
    codes = _plain(data, source)
    if codes.shape != (rows,) or not np.isin(codes, (0, 1)).all():
        raise DataError(f"{source} is not one 0 or 1 for each of {counted(rows, 'review')}")
    return [int(code) for code in codes]


def _texts(
    rows: Sequence[Sequence[int]], words: dict[int, str], marked: bool, source: str
) -> tuple[list[str], str]:
    """Return the reviews, and a note on words that were left out; `marked` ones have START."""
    shift = FIRST if marked else 0
    marks = (PAD, START, UNKNOWN) if marked else (PAD,)
    name = {rank + shift: word for rank, word in words.items()} | dict.fromkeys(marks, "")
    try:
        texts = [" ".join(filter(None, map(name.__getitem__, row))) for row in rows]
    except KeyError as error:
        raise DataError(
            f"{source} has the number {error.args[0]}, which {INDEX} gives no word; the two files "
            "do not belong together"
        ) from None
    lost = sum(row.count(UNKNOWN) for row in rows) if marked else 0
    return texts, f"left out {counted(lost, 'word')} that had no number" if lost else ""
