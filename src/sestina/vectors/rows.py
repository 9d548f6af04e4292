"""What a file of word vectors holds: words, a row for each, and what else is known of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


class Parts(Protocol):
    """Makes vectors of words that have no row of their own."""

    def vector(self, word: str) -> NDArray[np.float32] | None:
        """Return the vector (D,) of any word; None where nothing of it is known."""


class Matrix(Protocol):
    """V rows of D numbers: an array, memory-mapped or not, or one that is kept quantised."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(V, D)."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """What a row is made of when it is taken out."""

    def __len__(self) -> int:
        """V."""

    def __getitem__(self, key: Any, /) -> Any:
        """Return one row (D,) for a number, rows (N, D) for a slice or an array of numbers."""


class Rows(NamedTuple):
    """V words and their vectors.

    Attributes:
        words: V words, most frequent first where that is known.
        matrix: (V, D), float32 or float16; perhaps memory-mapped, perhaps quantised.
        parts: What makes vectors of other words, or None.
        outputs: The words' vectors in the output layer of the network that learnt them,
            (V, D), or None.
        counts: How often each word occurred in the corpus, (V,), or None.
    """

    words: Sequence[str]
    matrix: Matrix
    parts: Parts | None = None
    outputs: Matrix | None = None
    counts: NDArray[np.integer] | None = None
