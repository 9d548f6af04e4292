"""Words and the rows of their vectors: what is kept of them, and how they are looked up."""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sestina.errors import DataError, counted
from sestina.vectors.quantise import Quantised
from sestina.vectors.rows import Matrix, Parts
from sestina.vectors.search import BLOCK, finite, units
from sestina.vectors.spelling import UnknownWord


class Lookup:
    """Words and one vector for each.

    What lies in memory is checked at once. What is memory-mapped or quantised is checked when it
    is read, so that a large file opens at once: a row when it is asked for, all rows in the
    first search, the words when the first is looked up.

    Args:
        words: V words. A list or tuple is kept as a tuple, any other sequence as it is.
        matrix: (V, D): an array, memory-mapped or not, or a quantised one. It must not change
            any more: a search keeps the norms of its rows.
        parts: What makes vectors of words without a row, such as fastText's n-grams.
        outputs: The words' vectors in the output layer, (V, D), which `predict_word` needs.
        counts: How often each word occurred, (V,), which weighs words in sentences.

    Raises:
        DataError: The counts differ, a word occurs twice or is no text, or a value is not finite.
    """

    def __init__(
        self,
        words: Iterable[str],
        matrix: Matrix | ArrayLike,
        *,
        parts: Parts | None = None,
        outputs: Matrix | None = None,
        counts: ArrayLike | None = None,
    ) -> None:
        self.words: Sequence[str] = _sequence(words)
        self.stored = _kept(matrix)
        self.parts = parts
        self.outputs = None if outputs is None else _kept(outputs)
        self.counts = None if counts is None else np.asarray(counts)
        self._check()

    def _check(self) -> None:
        """Refuse counts that differ and, of what lies in memory, equal words and wrong values."""
        size = len(self.words)
        if len(self.stored.shape) != 2 or len(self.stored) != size:
            raise DataError(
                f"{counted(size, 'word')} came with an array of shape "
                f"{self.stored.shape}; expected one row per word"
            )
        if self.outputs is not None and self.outputs.shape != self.stored.shape:
            raise DataError(
                f"the output vectors have the shape {self.outputs.shape}, the vectors "
                f"{self.stored.shape}; they must be alike"
            )
        if self.counts is not None and (self.counts.shape != (size,) or (self.counts < 0).any()):
            raise DataError(
                f"counts of shape {self.counts.shape} came with {counted(size, 'word')}; expected "
                "one number, 0 or more, for each word"
            )
        if isinstance(self.words, tuple):
            several(self.words)
            _ = self._ids  # made at once, because making it refuses a word that stands twice
        if _in_memory(self.stored):
            for start in range(0, size, BLOCK):
                finite(self.stored[start : start + BLOCK], self.words, start)

    @cached_property
    def _ids(self) -> dict[str, int]:
        """Row by word."""
        ids = {word: i for i, word in enumerate(self.words)}
        if len(ids) != len(self.words):
            word = next(word for i, word in enumerate(self.words) if ids[word] != i)
            raise DataError(f"the word {word!r} occurs twice among the vectors; keep one of them")
        return ids

    @cached_property
    def matrix(self) -> NDArray[np.float32]:
        """The vectors, (V, D) float32, read-only.

        `stored` is the matrix as it is kept; where that is not float32, the whole of it is
        converted here, once, and stays in memory.
        """
        return _locked(np.asarray(self.stored, dtype=np.float32))

    @property
    def dimensions(self) -> int:
        """D, the size of a vector."""
        return int(self.stored.shape[1])

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self._ids

    def __iter__(self) -> Iterator[str]:
        return iter(self.words)

    def __getitem__(self, word: str) -> NDArray[np.float32]:
        vector: NDArray[np.float32] = self._gather([word])[0]
        return vector

    def __repr__(self) -> str:
        return f"WordVectors({counted(len(self), 'word')} × {self.dimensions})"

    def ids_for(self, words: Iterable[str]) -> NDArray[np.int64]:
        """Return the row of each word, (N,), −1 where there is none.

        A word that is missing as written is looked up in lower case.
        """
        ids = [self._ids.get(word, self._ids.get(word.lower(), -1)) for word in several(words)]
        return np.array(ids, dtype=np.int64)

    def known(self, words: Iterable[str]) -> list[bool]:
        """Tell of each word, as it is written, whether it has a vector: a row, or one of parts."""
        return [word in self._ids or self._made(word) is not None for word in several(words)]

    def rows_for(self, words: Iterable[str]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return a vector per word, (N, D), zeros where there is none, and which were found, (N,).

        A word that is missing as written is looked up in lower case, then made of its parts
        where the vectors have some.
        """
        words = several(words)
        index = self.ids_for(words)
        found = index >= 0
        out = np.zeros((len(index), self.dimensions), dtype=np.float32)
        out[found] = self.stored[index[found]]
        finite(out, words)
        for i in np.flatnonzero(~found).tolist() if self.parts else ():
            vector = self._made(words[i])
            if vector is not None:
                out[i], found[i] = vector, True
        return out, found

    def _made(self, word: str) -> NDArray[np.float32] | None:
        """Return a vector made of a word's parts."""
        return self.parts.vector(word) if self.parts else None

    def _gather(self, words: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors (N, D) of words as they are written, rows first, then parts."""
        words = several(words)
        ids = np.array([self._ids.get(word, -1) for word in words], dtype=np.int64)
        out = np.zeros((len(ids), self.dimensions), dtype=np.float32)
        out[ids >= 0] = self.stored[ids[ids >= 0]]
        for i in np.flatnonzero(ids < 0).tolist():
            vector = self._made(words[i])
            if vector is None:
                raise UnknownWord(words[i], self._ids)
            out[i] = vector
        finite(out, words)
        return out

    def _units(self, words: Sequence[str]) -> NDArray[np.float64]:
        """Return vectors of length 1, (N, D)."""
        rows = units(self._gather(words))
        if not rows.any(axis=1).all():
            word = words[int(np.argmin(rows.any(axis=1)))]
            raise DataError(
                f"the vector of {word!r} is all zeros and points nowhere; drop the word"
            )
        return rows


def several(words: Iterable[str]) -> list[str]:
    """Return words as a list.

    Raises:
        DataError: One text came, whose letters would pass for words; or what is no text.
    """
    if isinstance(words, str):
        raise DataError(f"{words!r:.60} came where a list of words is expected; put it in brackets")
    words = list(words)
    for word in words:
        if not isinstance(word, str):
            raise DataError(f"{word!r:.60} is no word; expected text such as 'cat'")
    return words


def _sequence(words: Iterable[str]) -> Sequence[str]:
    """Return words as a tuple, but a sequence of its own kind, which may decode them, as it is."""
    if isinstance(words, Sequence) and not isinstance(words, list | str):
        return words
    return tuple(words)


def _kept(matrix: Any) -> Matrix:
    """Return a matrix as it is kept: float16, float32 or quantised, the first two read-only."""
    if isinstance(matrix, Quantised):
        return matrix
    try:
        with np.errstate(over="ignore"):  # infinity is refused later, with its word
            array = np.asarray(matrix)
            array = array if array.dtype == np.float16 else array.astype(np.float32, copy=False)
    except (TypeError, ValueError) as error:
        raise DataError(
            "the vectors are not all lists of numbers of one length; expected one row per word"
        ) from error
    return _locked(array)


def _locked(array: NDArray[Any]) -> NDArray[Any]:
    """Return a read-only view of an array."""
    view = array.view()
    view.flags.writeable = False
    return view


def _in_memory(matrix: Matrix) -> bool:
    """Tell whether a matrix lies in memory, and not in a file that is read on need."""
    base: Any = matrix
    while isinstance(base, np.ndarray):
        base = base.base
    return not isinstance(base, mmap.mmap | memoryview | Quantised)
