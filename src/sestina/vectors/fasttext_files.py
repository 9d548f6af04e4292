"""fastText's .bin and .ftz files, read: words, their n-grams' rows, quantised ones too.

Bojanowski and others, TACL 2017; Joulin and others, FastText.zip, arXiv 1612.03651.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sestina.errors import DataError, counted
from sestina.vectors.rows import Rows
from sestina.vectors.streams import Stream, refuse_twice
from sestina.vectors.subwords import Subwords

MAGIC = struct.pack("<i", 793712314)
VERSIONS = (11, 12)
SUPERVISED = 3
CODES = 256  # centroids a sub-vector is chosen from: a byte
END_OF_SENTENCE = "</s>"  # has no n-grams
ROWS = 65536  # made of codes at a time


def is_fasttext(path: Path) -> bool:
    """Tell whether a file begins as fastText's models do.

    Raises:
        DataError: The file cannot be read.
    """
    with Stream(path) as stream:
        return stream.read(4) == MAGIC


def read(path: Path) -> Rows:
    """Read a model of version 11 or 12, dense (.bin) or quantised (.ftz).

    A word's row is what fastText gives for it: the mean of its own input row and those of its
    n-grams. The rows of n-grams stay in the file, memory-mapped, and make vectors of other words.

    Raises:
        DataError: The file is damaged or of another version; the message names the byte.
    """
    file = _Bytes(path)
    if file.raw(4) != MAGIC:
        raise DataError(
            f"{path} is no model of fastText's, or an old one without a version; "
            "convert it with today's fastText, or give its .vec file"
        )
    version = file.integer("i")
    if version not in VERSIONS:
        raise DataError(
            f"{path} has version {version} of fastText's format; 11 and 12 can be read: "
            "give its .vec file instead"
        )
    options = _options(file, version)
    words, buckets_kept = _dictionary(file)
    quantised = bool(file.integer("B"))
    matrix = _quantised(file) if quantised else _dense(file)
    return _rows(path, options, words, buckets_kept, matrix)


class _Options(NamedTuple):
    size: int
    buckets: int
    least: int
    most: int


class _Bytes:
    """A memory-mapped file, taken from the left."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with Stream(path) as stream:  # says what is wrong with the path
            stream.refuse_compressed()
            stream.first(len(MAGIC))
        with path.open("rb") as file:
            self.data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.at = 0

    def truncated(self, needed: int) -> DataError:
        return DataError(
            f"{self.path}, byte {self.at}: {needed:,} bytes should follow, {self.left:,} do; "
            "it is truncated or damaged: download it again"
        )

    @property
    def left(self) -> int:
        return len(self.data) - self.at

    def raw(self, count: int) -> bytes:
        if not 0 <= count <= self.left:
            raise self.truncated(count)
        self.at += count
        return self.data[self.at - count : self.at]

    def integer(self, kind: str) -> int:
        return int(struct.unpack(f"<{kind}", self.raw(struct.calcsize(f"<{kind}")))[0])

    def array(self, kind: str, *shape: int) -> NDArray[Any]:
        """Return the next numbers, still in the file; nothing is read."""
        count = int(np.prod(shape, dtype=object))
        size = count * np.dtype(kind).itemsize
        if min(shape) < 0:
            raise DataError(
                f"{self.path}, byte {self.at}: a table of {shape} numbers is announced; "
                "the file is damaged: download it again"
            )
        if size > self.left or max(shape) > max(self.left, 1):
            raise self.truncated(max(size, *shape))
        out = np.frombuffer(self.data, dtype=kind, count=count, offset=self.at).reshape(shape)
        self.at += size
        return out


def _options(file: _Bytes, version: int) -> _Options:
    """Return those of the twelve options and one number that matter here."""
    size, _, _, _, _, _, _, model, buckets, least, most, _, _ = struct.unpack("<12id", file.raw(56))
    if version == 11 and model == SUPERVISED:
        most = 0  # such models had no n-grams of characters
    return _Options(size, buckets, max(least, 1), most)


def _dictionary(file: _Bytes) -> tuple[list[str], tuple[NDArray[Any], NDArray[Any]] | None]:
    """Return the words, and which row each kept bucket has; None where all buckets are kept."""
    entries, count, _ = (file.integer("i") for _ in range(3))
    _, pruned = file.integer("q"), file.integer("q")
    if not 0 <= count <= entries or entries * 10 > file.left:  # an entry takes 10 bytes or more
        raise DataError(
            f"{file.path} promises {counted(count, 'word')} in {entries:,} entries, which "
            f"{file.left:,} bytes cannot hold; it is truncated or damaged: download it again"
        )
    words: list[str] = []
    find, data, at = file.data.find, file.data, file.at
    for number in range(entries):
        end = find(b"\0", at)
        if end < 0 or end + 10 > len(data):
            file.at = at
            raise file.truncated(file.left + 1)
        if number < count:
            words.append(_decoded(file.path, data[at:end], number))
        at = end + 10  # the zero, a count of eight bytes, a type of one
    file.at = at
    refuse_twice(file.path, words, "word", 1)
    if pruned < 0:
        return words, None
    pairs = file.array("<i4", pruned, 2)
    return words, (pairs[:, 0].astype(np.int64), pairs[:, 1].astype(np.int64))


def _decoded(path: Path, word: bytes, number: int) -> str:
    try:
        return word.decode()
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}, word {number + 1}: byte 0x{word[error.start]:02x} is not UTF-8; "
            "train again on text in UTF-8, or give its .vec file in UTF-8"
        ) from error


def _dense(file: _Bytes) -> NDArray[np.float32]:
    return file.array("<f4", file.integer("q"), file.integer("q"))


def _quantised(file: _Bytes) -> NDArray[np.float32]:
    """Return the rows that product quantisation holds as codes, at full precision."""
    with_norms = bool(file.integer("B"))
    count, size, held = file.integer("q"), file.integer("q"), file.integer("i")
    parts = held // max(count, 1)
    codes = file.array("u1", count, parts)
    centroids = _centroids(file)
    if sum(part.shape[1] for part in centroids) != size or len(centroids) != parts:
        raise DataError(
            f"{file.path}, byte {file.at}: {counted(len(centroids), 'codebook')} cannot make rows "
            f"of {counted(size, 'number')}; the file is damaged: download it again"
        )
    out = np.empty((count, size), dtype=np.float32)
    for start in range(0, count, ROWS):
        block = codes[start : start + ROWS]
        chosen = [part[block[:, n]] for n, part in enumerate(centroids)]
        out[start : start + ROWS] = np.concatenate(chosen, axis=1)
    if with_norms:
        norm_codes = file.array("u1", count)
        norms = _centroids(file)
        if len(norms) != 1:
            raise DataError(
                f"{file.path}, byte {file.at}: lengths of rows have {len(norms)} tables instead of "
                "one; the file is damaged: download it again"
            )
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused later
            out *= norms[0][norm_codes, :1]
    return out


def _centroids(file: _Bytes) -> list[NDArray[np.float32]]:
    """Return a table (256, width) for each sub-vector; the last may be narrower."""
    size, parts, width, last = (file.integer("i") for _ in range(4))
    if min(size, parts, width, last) < 1 or (parts - 1) * width + last != size:
        raise DataError(
            f"{file.path}, byte {file.at}: {parts} sub-vectors of {width}, the last of {last}, "
            f"do not make {size} numbers; the file is damaged: download it again"
        )
    if 4 * CODES * size > file.left:
        raise file.truncated(4 * CODES * size)
    widths = [width] * (parts - 1) + [last]
    return [file.array("<f4", CODES, one) for one in widths]


def _rows(
    path: Path,
    options: _Options,
    words: list[str],
    kept: tuple[NDArray[np.int64], NDArray[np.int64]] | None,
    matrix: NDArray[np.float32],
) -> Rows:
    count = len(words)
    needed = count + (options.buckets if kept is None else int(kept[1].max(initial=-1)) + 1)
    with_parts = options.most > 0 and options.buckets > 0
    lost = kept is not None and kept[1].min(initial=0) < 0
    if (
        lost
        or options.size < 1
        or matrix.shape[1] != options.size
        or len(matrix) < (needed if with_parts else count)
    ):
        raise DataError(
            f"{path} has a matrix of {matrix.shape[0]:,} × {matrix.shape[1]:,} for "
            f"{counted(count, 'word')} of {counted(options.size, 'number')} and "
            f"{counted(options.buckets, 'bucket')}; the file is damaged: download it again"
        )
    if not with_parts or (kept is not None and not len(kept[0])):
        own = np.ascontiguousarray(matrix[:count])
        _refuse_not_finite(path, words, own)
        return Rows(words, own)
    rows, numbers = matrix[count:needed], None
    if kept is not None:
        order = np.argsort(kept[0], kind="stable")
        rows, numbers = matrix[count + kept[1][order]], kept[0][order]
    parts = Subwords(rows, options.least, options.most, options.buckets, numbers)
    sums, counts = parts.sums(words)
    if END_OF_SENTENCE in words:
        at = words.index(END_OF_SENTENCE)
        sums[at], counts[at] = 0, 0
    with np.errstate(over="ignore", invalid="ignore"):
        sums += matrix[:count]
        sums /= (counts + 1).astype(np.float32)[:, None]
    _refuse_not_finite(path, words, sums)
    return Rows(words, sums, parts)


def _refuse_not_finite(path: Path, words: list[str], matrix: NDArray[np.float32]) -> None:
    finite = np.isfinite(matrix).all(axis=1)
    if not finite.all():
        word = words[int(np.argmin(finite))]
        raise DataError(
            f"{path}: the vector of {word!r} has a NaN or infinite value; train or download it "
            "again"
        )
