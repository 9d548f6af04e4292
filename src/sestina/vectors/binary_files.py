"""word2vec's binary files: a line ``V D``, then a word, a blank and D float32 for each vector.

word2vec.c writes a newline after each vector, gensim none; both are read, the former is written.
Vectors begin at any byte, so that such a file cannot be memory-mapped; .safetensors can.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sestina.errors import DataError, counted
from sestina.vectors.rows import Rows
from sestina.vectors.streams import (
    GrowingMatrix,
    Stream,
    refuse_count,
    refuse_twice,
    writing,
)

LONGEST = 1 << 16  # bytes of a word; without a blank so far on, the file is another one
ROWS = 8192  # written at a time


def read(path: Path) -> Rows:
    """Read a binary file of word2vec.c's or gensim's kind, perhaps compressed.

    Raises:
        DataError: The file is damaged; the message names the vector or byte and what to do.
    """
    with Stream(path) as stream:
        promised, size, rest = _head(stream)
        return Rows(*_vectors(stream, promised, size, rest))


def _head(stream: Stream) -> tuple[int, int, bytes]:
    """Return V, D and the bytes read beyond the first line."""
    block = stream.first()
    line = block[: block.find(b"\n", 0, 64) + 1]
    parts = line.split()
    if len(parts) != 2 or not all(part.isdigit() and len(part) < 18 for part in parts):
        raise DataError(
            f"{stream.path} is no word2vec binary file: it begins with {block[:20]!r}, not with "
            "two numbers; if it is text, let its name end in .txt"
        )
    promised, size = map(int, parts)
    least = promised * (1 + 4 * size)  # bytes: a blank and the numbers
    held = stream.size - len(line)
    if size < 1 or (not stream.compressed and least > held):
        raise DataError(
            f"{stream.path} promises {counted(promised, 'vector')} of {counted(size, 'number')}, "
            f"which take {least:,} bytes or more, and holds {held:,}; "
            "it is truncated, or its first line is wrong"
        )
    return promised, size, block[len(line) :]


def _vectors(
    stream: Stream, promised: int, size: int, rest: bytes
) -> tuple[list[str], NDArray[np.float32]]:
    words: list[str] = []
    matrix = GrowingMatrix(size)
    width = 4 * size
    while len(words) < promised:
        pieces, starts, end = _whole(rest, width, promised - len(words))
        if not pieces:
            more = stream.read()
            _refuse_end(stream.path, rest, more, len(words), promised)
            rest += more
            continue
        words += _decoded(stream.path, pieces, len(words))
        room = matrix.room(len(pieces), min(promised, stream.expected(len(words))))
        for row, start in zip(room, starts, strict=True):
            row[:] = np.frombuffer(rest, dtype="<f4", count=size, offset=start)
        _refuse_not_finite(stream.path, room, words)
        rest = rest[end:] + stream.read()
    if rest.strip(b"\n"):
        raise DataError(
            f"{stream.path} holds more than the {counted(promised, 'vector')} of "
            f"{counted(size, 'number')} that its first line promises; correct that line"
        )
    refuse_twice(stream.path, words, "vector", 1)
    return words, matrix.filled()


def _whole(block: bytes, width: int, wanted: int) -> tuple[list[bytes], list[int], int]:
    """Return the words of the whole vectors in a block, where their numbers start, and the end."""
    words: list[bytes] = []
    starts: list[int] = []
    at = 0
    while len(words) < wanted:
        begin = at + (block[at : at + 1] == b"\n")
        blank = block.find(b" ", begin)
        if blank < 0 or blank + 1 + width > len(block):
            break
        words.append(block[begin:blank])
        starts.append(blank + 1)
        at = blank + 1 + width
    return words, starts, at


def _refuse_end(path: Path, rest: bytes, more: bytes, held: int, promised: int) -> None:
    if b" " not in rest[:LONGEST] and len(rest) >= LONGEST:
        raise DataError(
            f"{path}, vector {held + 1}: no blank ends its word; the file is damaged, or the size "
            "on its first line is wrong"
        )
    if not more:
        refuse_count(path, promised, held)


def _decoded(path: Path, pieces: list[bytes], before: int) -> list[str]:
    words: list[str] = []
    try:
        for piece in pieces:
            words.append(piece.decode())
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}, vector {before + len(words) + 1}: byte 0x{error.object[error.start]:02x} of "
            "the word is not UTF-8; the file is damaged, or the size on its first line is wrong"
        ) from error
    return words


def _refuse_not_finite(path: Path, rows: NDArray[np.float32], words: list[str]) -> None:
    finite = np.isfinite(rows).all(axis=1)
    if not finite.all():
        number = len(words) - len(rows) + int(np.argmin(finite))
        raise DataError(
            f"{path}, vector {number + 1}: the vector of {words[number]!r} has a NaN or infinite "
            "value; train or download it again"
        )


def write(path: Path, rows: Rows) -> None:
    """Write a file as word2vec.c does, which gensim and fastText read too.

    Args:
        path: File; one that ends in .gz or .xz is compressed.
        rows: Words and matrix (V, D).

    Raises:
        DataError: A word cannot stand in such a file.
        SestinaError: The file cannot be written.
    """
    count, size = rows.matrix.shape
    with writing(path) as file:
        file.write(f"{count} {size}\n".encode())
        for start in range(0, count, ROWS):
            values = np.asarray(rows.matrix[start : start + ROWS], dtype="<f4")
            for word, row in zip(rows.words[start : start + ROWS], values, strict=True):
                if " " in word or word.startswith("\n"):
                    raise DataError(
                        f"the word {word!r} would be misread in a binary file such as {path}, "
                        "where a blank ends a word; write .safetensors"
                    )
                file.write(b"%b %b\n" % (word.encode(), row.tobytes()))
