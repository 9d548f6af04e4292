"""Text files of word vectors: word2vec's, GloVe's, fastText's .vec; a word and D numbers a line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sestina.errors import DataError, counted
from sestina.vectors.rows import Rows
from sestina.vectors.streams import (
    BLOCK,
    GrowingMatrix,
    Stream,
    refuse_count,
    refuse_twice,
    writing,
)

BOM = b"\xef\xbb\xbf"
BLANK, NEWLINE, FILLER = b" \n_"
DECIMAL = re.compile(r" [-+]?\d*\.\d+(e[-+]?\d+)?$", re.IGNORECASE)
ROWS = 8192  # written at a time


@dataclass(frozen=True)
class _Shape:
    """What the first line says: size of vectors, their number if stated, number of first row."""

    path: Path
    size: int
    promised: int | None

    @property
    def first(self) -> int:
        return 1 if self.promised is None else 2

    def refuse(self, number: int, line: str | bytes) -> DataError:
        shown = line if isinstance(line, str) else line.decode("utf-8", "replace")
        return DataError(
            f"{self.path}, line {number}: expected a word and {counted(self.size, 'number')}, "
            f"got {shown[:40]!r}; repair or drop the line"
        )


def read(path: Path) -> Rows:
    """Read lines ``word x1 … xD``, after a first line ``V D`` (word2vec, fastText) or none (GloVe).

    Words may hold blanks: D numbers are split off from the right. The file passes by in blocks, so
    that little more memory is needed than for the matrix, (V, D) float32.

    Raises:
        DataError: The file is damaged; the message names the line and what to do.
    """
    words: list[str] = []
    with Stream(path) as stream:
        blocks = _blocks(stream)
        shape, block = _begin(path, next(blocks))
        matrix = GrowingMatrix(shape.size)
        empty = 0  # empty lines are borne at the end of a file only
        for lines in chain([block], blocks):
            body = lines.rstrip(b"\n")
            if not body:
                empty += len(lines)
                continue
            if empty:
                raise shape.refuse(shape.first + len(words), "")
            empty = len(lines) - len(body) - 1
            new, values = _parse(body + b"\n", shape, shape.first + len(words))
            words += new
            matrix.room(len(new), stream.expected(len(words)))[:] = values
    if shape.promised is not None and shape.promised != len(words):
        refuse_count(path, shape.promised, len(words))
    refuse_twice(path, words, "line", shape.first)
    return Rows(words, matrix.filled())


def _blocks(stream: Stream) -> Iterator[bytes]:
    """Yield the file in blocks of whole lines, which end with their last number and a newline."""
    rest, data = b"", stream.first()
    while data:
        cut = data.rfind(b"\n") + 1
        if cut:
            yield _plain(rest + data[:cut])
            rest = data[cut:]
        else:
            rest += data
            if len(rest) > 4 * BLOCK:
                raise DataError(
                    f"{stream.path} holds {len(rest):,} bytes without the end of a line; "
                    "expected a word and its numbers a line"
                )
        data = stream.read()
    if rest:
        yield _plain(rest + b"\n")


def _plain(lines: bytes) -> bytes:
    """Return lines without carriage returns and blanks at their ends (word2vec.c writes these)."""
    if b"\r" in lines:  # far quicker to look for than two bytes
        lines = lines.replace(b"\r\n", b"\n")
    text = np.frombuffer(lines, dtype=np.uint8)
    if (text[np.flatnonzero(text == NEWLINE) - 1] == BLANK).any():
        while b" \n" in lines:
            lines = lines.replace(b" \n", b"\n")
    return lines


def _begin(path: Path, block: bytes) -> tuple[_Shape, bytes]:
    """Return the shape, and the first block's lines of vectors."""
    block = block.removeprefix(BOM)
    line, _, body = block.partition(b"\n")
    parts = line.split()
    if len(parts) == 2 and all(part.isdigit() and len(part) < 18 for part in parts):
        shape, block = _Shape(path, int(parts[1]), int(parts[0])), body
    else:
        shape = _Shape(path, _dimensions(line.split(b" ")), None)
    if shape.size < 1:
        what = "a binary file" if b"\0" in line else repr(line[:40].decode("utf-8", "replace"))
        raise DataError(
            f"{path}, line 1: {what} is not a word followed by numbers; "
            "expected a text file of word vectors"
        )
    return shape, block


def _dimensions(parts: list[bytes]) -> int:
    """Return how many numbers end a line that begins with a word."""
    count = 0
    for part in reversed(parts[1:]):
        try:
            float(part)
        except ValueError:
            break
        count += 1
    return count


def _parse(lines: bytes, shape: _Shape, first: int) -> tuple[list[str], NDArray[np.float32]]:
    """Return the words and vectors of some lines, the first of which has the number `first`."""
    text = np.frombuffer(lines, dtype=np.uint8)
    ends = np.flatnonzero(text == NEWLINE)
    starts = np.concatenate([[0], ends[:-1] + 1])
    blanks = np.flatnonzero(text == BLANK)
    after = np.searchsorted(blanks, ends)  # how many blanks stand before a line's end
    within = np.diff(after, prepend=0)
    if (within < shape.size).any():
        row = int(np.argmax(within < shape.size))
        raise shape.refuse(first + row, lines[starts[row] : ends[row]])
    stops = blanks[after - shape.size]
    words = _words(lines, starts, stops, shape, first)
    inner = np.flatnonzero(within > shape.size)
    if len(inner):  # blanks inside words must not part fields
        text = text.copy()
        for row in inner.tolist():
            if _misread(words[row]):
                raise shape.refuse(first + row, lines[starts[row] : ends[row]])
            text[blanks[after[row] - within[row] : after[row] - shape.size]] = FILLER
        lines = text.tobytes()
    values = _numbers(lines, len(ends), shape.size)
    if values is None:
        values = _line_by_line(lines, shape, first)
    finite = np.isfinite(values).all(axis=1)
    if not finite.all():
        row = int(np.argmin(finite))
        raise DataError(
            f"{shape.path}, line {first + row}: the vector of {words[row]!r} has a NaN or "
            "infinite value; repair or drop the line"
        )
    return words, values


def _words(
    lines: bytes, starts: NDArray[np.intp], stops: NDArray[np.intp], shape: _Shape, first: int
) -> list[str]:
    pieces = [lines[a:b] for a, b in zip(starts.tolist(), stops.tolist(), strict=True)]
    words = []
    try:
        for piece in pieces:
            words.append(piece.decode())
    except UnicodeDecodeError as error:
        raise DataError(
            f"{shape.path}, line {first + len(words)}: byte 0x{error.object[error.start]:02x} of "
            "the word is not UTF-8; write the file as UTF-8, or drop the line"
        ) from error
    return words


def _misread(word: str) -> bool:
    """Tell whether a word with blanks looks as if a line held a number or a blank too many."""
    return bool(DECIMAL.search(word)) or (word.endswith(" ") and bool(word.strip(" ")))


def _numbers(lines: bytes, rows: int, size: int) -> NDArray[np.float32] | None:
    """Return the numbers behind the words, (rows, size); None where one cannot be read."""
    numbers = {str(n): pl.Float32 for n in range(1, size + 1)}
    try:
        table = pl.read_csv(
            lines,
            has_header=False,
            separator=" ",
            quote_char=None,
            schema={"word": pl.String, **numbers},
            columns=list(range(1, size + 1)),
        )
    except pl.exceptions.PolarsError:
        return None
    if len(table) != rows or any(column.null_count() for column in table):
        return None
    return table.to_numpy()


def _line_by_line(lines: bytes, shape: _Shape, first: int) -> NDArray[np.float32]:
    """Return the same, slowly; the line at fault is named."""
    rows = lines[:-1].split(b"\n")
    values = np.empty((len(rows), shape.size), dtype=np.float32)
    for row, line in enumerate(rows):
        try:
            numbers = [float(number) for number in line.rsplit(b" ", shape.size)[1:]]
        except ValueError:
            raise shape.refuse(first + row, line) from None
        with np.errstate(over="ignore"):  # what overflows is refused as infinite
            values[row] = numbers
    return values


def write(path: Path, rows: Rows, *, header: bool = True) -> None:
    """Write a word and its numbers a line, with as many digits as give the same float32 again.

    Args:
        path: File; one that ends in .gz or .xz is compressed.
        rows: Words and matrix (V, D).
        header: Begin with a line ``V D``, as word2vec and fastText do; GloVe does not.

    Raises:
        DataError: A word cannot stand in such a file.
        SestinaError: The file cannot be written.
    """
    count, size = rows.matrix.shape
    if not header and count:
        _refuse_headless(path, rows.words[0], size)
    with writing(path) as file:
        if header:
            file.write(f"{count} {size}\n".encode())
        for start in range(0, count, ROWS):
            words = list(rows.words[start : start + ROWS])
            bad = next((word for word in words if "\n" in word or _misread(word)), None)
            if bad is not None:
                raise DataError(
                    f"the word {bad!r} would be misread in a text file such as {path}, where a "
                    "blank and a line end part values; write .safetensors"
                )
            values = np.asarray(rows.matrix[start : start + ROWS], dtype=np.float32)
            table = pl.DataFrame(values, schema=[str(n) for n in range(size)], orient="row")
            table.insert_column(0, pl.Series("word", words, dtype=pl.String)).write_csv(
                file, include_header=False, separator=" ", quote_style="never"
            )


def _refuse_headless(path: Path, word: str, size: int) -> None:
    """Raise where the first line would tell another size of the vectors."""
    line = f"{word}{' 0' * size}".encode()
    if _begin(path, line) != (_Shape(path, size, None), line):
        raise DataError(
            f"without a header, {path} would be misread from its first word {word!r}; "
            "write it with a header"
        )
