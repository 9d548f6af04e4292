"""Word vectors in a .safetensors file, opened by mapping it into memory.

Tensors: ``matrix`` (V, D), or what it consists of when it is quantised; ``words``, all words in
UTF-8 end to end, and ``offsets`` (V + 1,), where each begins; perhaps ``outputs`` (V, D) and
``counts`` (V,); for vectors of unseen words ``parts`` (R, D) and ``buckets`` (R,).
"""

from __future__ import annotations

import json
import mmap
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from sestina.errors import DataError, OptionError, counted, nearest
from sestina.store import write_arrays
from sestina.vectors.quantise import KINDS, Quantised, compress, restore
from sestina.vectors.rows import Matrix, Rows
from sestina.vectors.streams import Stream
from sestina.vectors.subwords import Subwords

FORMAT, VERSION = "sestina vectors", 1
DOCUMENTS = "sestina doc2vec"  # models of documents, which `Doc2Vec` reads and writes
DTYPES: dict[str, np.dtype[np.floating]] = {name: np.dtype(name) for name in ("float32", "float16")}
STORED: dict[str, np.dtype[Any]] = {
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "I64": np.dtype("<i8"),
    "I8": np.dtype("i1"),
    "U8": np.dtype("u1"),
}
QUANTISED = "matrix/"  # before the names of what a quantised matrix consists of


class StoredWords(Sequence[str]):
    """V words, decoded when they are asked for.

    Args:
        text: All words in UTF-8, end to end, (N,) uint8.
        offsets: Where each word begins, and N, (V + 1,) int64.
    """

    def __init__(self, text: NDArray[np.uint8], offsets: NDArray[np.int64]) -> None:
        self._text, self._offsets = text, offsets

    def __len__(self) -> int:
        return len(self._offsets) - 1

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            return [self[n] for n in range(*place.indices(len(self)))]
        number = range(len(self))[place]  # counts from the end too, and refuses what is beyond
        return str(self._text[self._offsets[number] : self._offsets[number + 1]].data, "utf-8")

    def __iter__(self) -> Iterator[str]:
        text, bounds = self._text.tobytes(), self._offsets.tolist()
        return (text[a:b].decode() for a, b in pairwise(bounds))

    def __eq__(self, other: object) -> bool:
        return tuple(self) == tuple(other) if isinstance(other, Sequence) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))


def read(path: Path) -> Rows:
    """Open a file that `write` wrote; the matrix and the words stay in it, memory-mapped.

    What is in the header and among the words is checked, what is in the matrix is not: that would
    read all of it.

    Raises:
        DataError: The file is missing, truncated, foreign or newer than this version.
    """
    arrays, note = _mapped(path)
    text, offsets = arrays.get("words"), arrays.get("offsets")
    matrix = arrays.get("matrix", _quantised(path, arrays))
    if note.get("format") != FORMAT or matrix is None or text is None or offsets is None:
        raise _foreign(path, arrays, note)
    if note.get("version") != VERSION:
        raise DataError(
            f"{path} has version {note.get('version')} of the format, this Sestina reads "
            f"{VERSION}; update with: pip install --upgrade sestina"
        )
    if not _fits(matrix, text, offsets):
        raise DataError(f"{path}: its words and its matrix do not fit each other; copy it again")
    outputs, counts = arrays.get("outputs"), arrays.get("counts")
    for other, shape in ((outputs, matrix.shape), (counts, (len(matrix),))):
        if other is not None and other.shape != shape:
            raise DataError(f"{path}: its tables do not fit each other; copy it again")
    words = StoredWords(text, offsets)
    return Rows(words, matrix, _subwords(path, arrays, note, matrix.shape[1]), outputs, counts)


def _foreign(path: Path, arrays: Mapping[str, NDArray[Any]], note: Mapping[str, Any]) -> DataError:
    """Return the error for a file that holds something else."""
    if note.get("format") == DOCUMENTS:
        return DataError(
            f"{path} is a whole model of doc2vec; ask it with `sestina vectors infer`, or in "
            "Python: Doc2Vec.load has vectors_ of words and documents_, which save writes"
        )
    held = ", ".join(sorted(arrays)) or "nothing"
    return DataError(
        f"{path} holds {held} and no word vectors of Sestina's; "
        "name a file that `sestina vectors` or WordVectors.save wrote"
    )


def _quantised(path: Path, arrays: Mapping[str, NDArray[Any]]) -> Quantised | None:
    """Return the matrix of a file that keeps it quantised."""
    parts = {
        name.removeprefix(QUANTISED): array
        for name, array in arrays.items()
        if name.startswith(QUANTISED)
    }
    try:
        return restore(parts) if parts else None
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def _mapped(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return the tensors of a safetensors file, mapped, and the note in its header."""
    from safetensors import SafetensorError, safe_open

    with Stream(path) as stream:  # says what is wrong with the path
        stream.refuse_compressed()
    try:
        with safe_open(path, framework="numpy") as checked:  # sizes and places of all tensors
            note = json.loads((checked.metadata() or {}).get("note", "{}"))
    except (SafetensorError, ValueError, OSError) as error:
        with Stream(path) as stream:  # asked now only: a sound file may begin with any size
            stream.first(8)
        raise DataError(
            f"{path} is truncated or no safetensors file ({error}); copy it again"
        ) from error
    with path.open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    start = 8 + int.from_bytes(data[:8], "little")
    arrays = {}
    for name, facts in json.loads(data[8:start]).items():
        kind = STORED.get(facts.get("dtype"))
        if kind is not None and name != "__metadata__":
            begin, end = facts["data_offsets"]
            count = (end - begin) // kind.itemsize
            flat = np.frombuffer(data, dtype=kind, count=count, offset=start + begin)
            arrays[name] = flat.reshape(facts["shape"])
    return arrays, note if isinstance(note, dict) else {}


def _fits(matrix: Matrix, text: NDArray[Any], offsets: NDArray[Any]) -> bool:
    """Tell whether words and matrix belong together, and every word is UTF-8."""
    if len(matrix.shape) != 2 or offsets.shape != (len(matrix) + 1,) or text.ndim != 1:
        return False
    if matrix.dtype.kind != "f" or offsets.dtype.kind != "i" or text.dtype != np.uint8:
        return False
    if offsets[0] != 0 or offsets[-1] != len(text) or (offsets[1:] < offsets[:-1]).any():
        return False
    begins = text[offsets[:-1][offsets[1:] > offsets[:-1]]]
    try:
        str(text.data, "utf-8")
    except UnicodeDecodeError:
        return False
    return not (begins >> 6 == 0b10).any()  # none begins within a character


def _subwords(
    path: Path, arrays: dict[str, NDArray[Any]], note: dict[str, Any], size: int
) -> Subwords | None:
    matrix, numbers = arrays.get("parts"), arrays.get("buckets")
    facts: Any = note.get("subwords")
    if matrix is None and numbers is None and facts is None:
        return None
    if matrix is None or numbers is None or not _fit(matrix, numbers, facts, size):
        raise DataError(f"{path}: the rows of n-grams do not fit each other; copy it again")
    return Subwords(matrix, facts["least"], facts["most"], facts["buckets"], numbers)


def _fit(matrix: NDArray[Any], numbers: NDArray[Any], facts: Any, size: int) -> bool:
    """Tell whether the rows of n-grams, their buckets and the note about them belong together."""
    if numbers.ndim != 1 or numbers.dtype.kind != "i" or (numbers[1:] <= numbers[:-1]).any():
        return False
    if matrix.shape != (len(numbers), size) or matrix.dtype.kind != "f":
        return False
    if not isinstance(facts, dict):
        return False
    least, most, buckets = (
        fact if isinstance(fact := facts.get(name), int) else -1
        for name in ("least", "most", "buckets")
    )
    return 1 <= least < 2**31 and 0 <= most < 2**31 and 1 <= buckets < 2**31


def write(path: Path, rows: Rows, *, dtype: str = "float32") -> None:
    """Write words, matrix, n-gram rows, outputs and counts; float16 halves the file.

    "int8" and "pq" keep the matrix quantised (see `quantise` for what is lost), and the others as
    float16.

    Of the n-gram rows those are written that occur in the words (see `Subwords.only`).

    Raises:
        OptionError: `dtype` is unknown.
        DataError: A value is too large for float16, or what makes vectors of unseen words is not
            `Subwords`.
        SestinaError: The file cannot be written.
    """
    if dtype not in (*DTYPES, *KINDS):
        raise OptionError(f"dtype={dtype!r} is unknown{nearest(dtype, (*DTYPES, *KINDS))}")
    pieces = [word.encode() for word in rows.words]
    offsets = np.zeros(len(pieces) + 1, dtype=np.int64)
    np.cumsum([len(piece) for piece in pieces], out=offsets[1:])
    small = dtype if dtype in DTYPES else "float16"
    arrays: dict[str, NDArray[Any]] = {
        **_tables(rows, dtype, small),
        "words": np.frombuffer(b"".join(pieces), dtype=np.uint8),
        "offsets": offsets,
    }
    note: dict[str, Any] = {"format": FORMAT, "version": VERSION}
    if rows.parts is not None:
        if not isinstance(rows.parts, Subwords):
            raise DataError(
                f"{type(rows.parts).__name__} cannot be stored in {path}; expected Subwords or None"
            )
        parts = rows.parts.only(rows.words)
        arrays["parts"] = _as(parts.matrix, small)
        arrays["buckets"] = np.asarray(parts.numbers)
        facts = {"least": parts.least, "most": parts.most, "buckets": parts.buckets}
        note["subwords"] = facts
    write_arrays(path, arrays, note)


def _tables(rows: Rows, dtype: str, small: str) -> dict[str, NDArray[Any]]:
    """Return the matrix in its type or quantised, and what else there is about each word."""
    if dtype in DTYPES:
        tables = {"matrix": _as(rows.matrix, dtype)}
    else:
        found = compress(rows.matrix, dtype)
        tables = {QUANTISED + name: array for name, array in found.items()}
    if rows.outputs is not None:
        tables["outputs"] = _as(rows.outputs, small)
    if rows.counts is not None:
        tables["counts"] = np.asarray(rows.counts, dtype=np.int64)
    return tables


def _as(matrix: Matrix, dtype: str) -> NDArray[np.floating]:
    """Return a matrix in the type to be stored.

    Raises:
        DataError: A value is beyond what the type holds.
    """
    largest = float(np.finfo(DTYPES[dtype]).max)
    with np.errstate(over="ignore"):
        out: NDArray[np.floating] = np.asarray(matrix, dtype=DTYPES[dtype])
    if out.dtype != matrix.dtype and not np.isfinite(out).all():
        row = int(np.argmin(np.isfinite(out).all(axis=1)))
        raise DataError(
            f"row {row} of {counted(len(out), 'row')} has a value beyond {largest:,.0f}, the most "
            f"that {dtype} holds; use float32"
        )
    return out
