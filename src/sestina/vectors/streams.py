"""Files of word vectors are read and written block by block: plain, .gz or .xz."""

from __future__ import annotations

import gzip
import lzma
import os
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np
from numpy.typing import NDArray

from sestina.errors import DataError, counted
from sestina.store import replacing

BLOCK = 1 << 24  # bytes; large enough to be fast, small beside any matrix worth streaming
OPENERS: Mapping[str, Any] = {".gz": gzip.open, ".xz": lzma.open}
OTHERS = {
    b"PK\x03\x04": ("a zip archive", "unpack it and name the file inside"),
    b"\x1f\x8b": ("compressed by gzip", "let its name end in .gz"),
    b"\xfd7zXZ": ("compressed by xz", "let its name end in .xz"),
    b"BZh": ("compressed by bzip2", "unpack it first: bunzip2"),
    b"(\xb5/\xfd": ("compressed by zstd", "unpack it first: unzstd"),
    b"\x80\x02": ("objects of Python's", "write word2vec files with the program it is from"),
    b"\x80\x04": ("objects of Python's", "write word2vec files with the program it is from"),
    b"\xff\xfe": ("encoded as utf-16", "write it as UTF-8"),
    b"\xfe\xff": ("encoded as utf-16", "write it as UTF-8"),
}


class Stream:
    """The bytes of one file in turn, decompressed where its name ends in .gz or .xz.

    Raises:
        DataError: The file is missing, a folder, unreadable, empty, damaged or of another kind.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.compressed = path.suffix.lower() in OPENERS
        if path.is_dir():
            raise DataError(f"{path} is a folder; name a file of word vectors")
        try:
            self._raw = path.open("rb")
        except FileNotFoundError as error:
            raise DataError(
                f"there is no file {str(path.absolute())!r}; check the path and its ending"
            ) from error
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
        self.size = os.fstat(self._raw.fileno()).st_size
        self._file: BinaryIO = self._raw
        if self.compressed:
            self._file = OPENERS[path.suffix.lower()](self._raw)

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._raw.close()

    def read(self, size: int = BLOCK) -> bytes:
        """Return the next `size` bytes, fewer only at the end of the file."""
        try:
            return self._file.read(size)
        except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
            raise DataError(
                f"{self.path} is damaged or not compressed as its ending says ({error}); "
                "download or compress it again"
            ) from error

    def first(self, size: int = BLOCK) -> bytes:
        """Return the first block.

        Raises:
            DataError: There is none, or it begins as files of another kind do.
        """
        block = self.read(size)
        if not block:
            raise DataError(f"{self.path} is empty; expected words and their vectors")
        for start, (what, remedy) in OTHERS.items():
            if block.startswith(start):
                raise DataError(f"{self.path} is {what}; {remedy}")
        return block

    def refuse_compressed(self) -> None:
        """Raise where the file is compressed, though it is to be mapped into memory."""
        if self.compressed:
            raise DataError(f"{self.path} is compressed; unpack it first, so that it can be mapped")

    def expected(self, rows: int) -> int:
        """Return how many rows the file may hold, when `rows` came out of what is read so far."""
        return int(rows * self.size / max(self._raw.tell(), 1) * 1.03) + 16


class GrowingMatrix:
    """A matrix (V, D) float32 filled from the top, before V is known.

    Memory is taken for the rows expected, which the system hands out only as they are filled;
    nothing is taken because a file's first line promises it.
    """

    def __init__(self, dimensions: int) -> None:
        self._rows = np.empty((0, dimensions), dtype=np.float32)
        self._filled = 0

    def room(self, rows: int, expected: int) -> NDArray[np.float32]:
        """Return the next `rows` rows, to be filled; `expected` is a guess of all there will be."""
        before, self._filled = self._filled, self._filled + rows
        if self._filled > len(self._rows):
            more = max(self._filled, expected)
            larger = np.empty((more, self._rows.shape[1]), dtype=np.float32)
            larger[:before] = self._rows[:before]
            self._rows = larger
        return self._rows[before : self._filled]

    def filled(self) -> NDArray[np.float32]:
        """Return the rows filled so far."""
        return self._rows[: self._filled]


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """Yield a file to write into, compressed as the name says; all or nothing.

    Raises:
        SestinaError: The file cannot be written.
    """
    opener = OPENERS.get(path.suffix.lower(), open)
    with replacing(path) as partial, opener(partial, "wb") as file:
        yield file


def refuse_twice(path: Path, words: list[str], unit: str, first: int) -> None:
    """Raise where a word has two rows.

    Args:
        path: The file.
        words: Its words in order.
        unit: What rows are counted in: "line" or "vector".
        first: Number of the first one.

    Raises:
        DataError: A word stands twice; the message names the second place.
    """
    if len(set(words)) == len(words):
        return
    seen: set[str] = set()
    for number, word in enumerate(words, first):
        if word in seen:
            raise DataError(
                f"{path}, {unit} {number}: the word {word!r} stands twice; drop one {unit}"
            )
        seen.add(word)


def refuse_count(path: Path, promised: int, held: int) -> NoReturn:
    """Raise because a file does not hold as many vectors as its first line says.

    Raises:
        DataError: Always.
    """
    raise DataError(
        f"{path} promises {counted(promised, 'vector')} and holds {held:,}; "
        "it is truncated, or its first line is wrong"
    )
