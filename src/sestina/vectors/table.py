"""WordVectors: V words and their vectors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from sestina.errors import DataError, counted


class WordVectors:
    """Words and one vector for each.

    Attributes:
        words: V words.
        matrix: Their vectors, (V, D) float32.

    Raises:
        DataError: The counts differ, a word occurs twice, or a value is not finite.
    """

    def __init__(self, words: Sequence[str], matrix: NDArray[np.floating]) -> None:
        self.words = tuple(words)
        self.matrix = np.asarray(matrix, dtype=np.float32)
        self._ids = {word: i for i, word in enumerate(self.words)}
        if self.matrix.ndim != 2 or len(self.matrix) != len(self.words):
            raise DataError(
                f"{counted(len(self.words), 'word')} came with an array of shape "
                f"{self.matrix.shape}; expected one row per word"
            )
        if len(self._ids) != len(self.words):
            raise DataError("a word occurs twice among the vectors; keep one of them")
        if not np.isfinite(self.matrix).all():
            row = int(np.argwhere(~np.isfinite(self.matrix))[0, 0])
            raise DataError(f"the vector of {self.words[row]!r} has a NaN or infinite value")

    @property
    def dimensions(self) -> int:
        """D, the size of a vector."""
        return int(self.matrix.shape[1])

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self._ids

    def __getitem__(self, word: str) -> NDArray[np.float32]:
        try:
            vector: NDArray[np.float32] = self.matrix[self._ids[word]]
        except KeyError:
            raise KeyError(f"{word!r} has no vector") from None
        return vector

    def __repr__(self) -> str:
        return f"WordVectors({counted(len(self), 'word')} × {self.dimensions})"

    def rows_for(self, words: Iterable[str]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return a vector per word, (N, D), zeros where there is none, and which were found, (N,).

        A word that is missing as written is looked up in lower case.
        """
        ids = [self._ids.get(word, self._ids.get(word.lower(), -1)) for word in words]
        index = np.array(ids, dtype=np.int64)
        found = index >= 0
        out = np.zeros((len(index), self.dimensions), dtype=np.float32)
        out[found] = self.matrix[index[found]]
        return out, found
