"""Matrices of word vectors in a quarter of float32's memory (int8) or a fifteenth (pq), and back.

int8 keeps a byte for each number and a scale for each row. Product quantisation (Jégou, Douze and
Schmid 2011) cuts every row, scaled to length 1, into parts of a few numbers and keeps for each
part the number of the nearest of 256 centres, found by k-means, and for each row its length.

What that loses, `sestina.vectors.search.likeness` measures. Of the shipped vectors (15,000 × 50,
1,000 words drawn with seed 0) int8 keeps a mean cosine of 0.99998 and 98.8 % of the 10 nearest
words, pq one of 0.966 and 67 %, and with parts of 2 numbers instead of 4, 0.997 and 89 %.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.errors import DataError, OptionError, counted, nearest
from sestina.vectors.rows import Matrix

KINDS = ("int8", "pq")
PART = 4  # numbers for which product quantisation keeps one byte
CENTRES = 256
BLOCK = 8_192  # rows in float32 at a time
SAMPLE = 20_000  # rows that k-means learns from
CACHED = 512  # points whose distances to all centres fit into the second-level cache
ROUNDS = 10  # of k-means; ten more changed the neighbours by less than one in a hundred


class Quantised(ABC):
    """A matrix (V, D) that is kept in few bytes; what is taken out of it is float32.

    Attributes:
        arrays: What it is kept in.
        shape: (V, D).
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]], shape: tuple[int, int]) -> None:
        self.arrays = dict(arrays)
        self.shape = shape
        self.dtype = np.dtype(np.float32)

    @property
    def nbytes(self) -> int:
        """Bytes it takes."""
        return sum(array.nbytes for array in self.arrays.values())

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[:], dtype=dtype)

    @abstractmethod
    def __getitem__(self, key: Any) -> NDArray[np.float32]:
        """Return rows, or one, in float32, as an array's rows are taken."""


class ByteRows(Quantised):
    """Rows of int8 with a scale each."""

    def __getitem__(self, key: Any) -> NDArray[np.float32]:
        scales = np.asarray(self.arrays["scales"][key])
        rows: NDArray[np.float32] = self.arrays["codes"][key] * scales[..., None]
        return rows


class ProductRows(Quantised):
    """Rows of numbers of centres."""

    def __getitem__(self, key: Any) -> NDArray[np.float32]:
        codes, books = self.arrays["codes"][key], self.arrays["codebooks"]
        places = codes + CENTRES * np.arange(len(books))
        parts = np.take(books.reshape(-1, books.shape[2]), places, axis=0)
        parts *= np.asarray(self.arrays["norms"][key])[..., None, None]
        whole = parts.reshape(*codes.shape[:-1], books.shape[0] * books.shape[2])
        rows: NDArray[np.float32] = whole[..., : self.shape[1]]
        return rows


def compress(
    matrix: Matrix, kind: str, *, part: int = PART, seed: int = 0
) -> dict[str, NDArray[Any]]:
    """Return the arrays that keep a matrix (V, D) quantised; `restore` reads them.

    Args:
        matrix: (V, D) finite numbers.
        kind: ``"int8"``: ``codes`` (V, D) int8 and ``scales`` (V,) float32. ``"pq"``: ``codes``
            (V, S) uint8, ``codebooks`` (S, 256, part) float32, ``norms`` (V,) float32 and
            ``dimensions`` (1,) int64, where S = ⌈D / part⌉.
        part: Numbers for which product quantisation keeps one byte.
        seed: Draws the rows that k-means learns from and begins with; the result depends on
            nothing else, neither on the number of threads.

    Raises:
        OptionError: The kind is unknown, or `part` is less than 1.
        DataError: A value is not finite.
    """
    if kind not in KINDS:
        raise OptionError(f"there is no quantisation {kind!r}{nearest(kind, KINDS)}")
    if part < 1:
        raise OptionError(f"part={part} makes no sense; it must be 1 or more")
    return _bytes(matrix) if kind == "int8" else _products(matrix, part, seed)


def restore(arrays: Mapping[str, NDArray[Any]]) -> Quantised:
    """Return the matrix that `compress` made these arrays of; nothing is unpacked yet.

    Raises:
        DataError: An array is missing, or its shape or type is wrong.
    """
    if "scales" in arrays:
        _check(arrays, {"codes": ("int8", 2), "scales": ("float32", 1)}, "scales")
        rows, columns = arrays["codes"].shape
        return ByteRows(arrays, (rows, columns))
    kinds = {"codes": ("uint8", 2), "codebooks": ("float32", 3), "norms": ("float32", 1)}
    _check(arrays, kinds | {"dimensions": ("int64", 1)}, "norms")
    rows, pieces = arrays["codes"].shape
    books, columns = arrays["codebooks"].shape, int(arrays["dimensions"].sum())
    if books[:2] != (pieces, CENTRES) or not books[2] * (pieces - 1) < columns <= books[2] * pieces:
        raise DataError(
            f"quantised vectors with codes of {counted(pieces, 'part')}, codebooks of shape "
            f"{books} and {counted(columns, 'dimension')} do not fit together; write them again"
        )
    return ProductRows(arrays, (rows, columns))


def _check(
    arrays: Mapping[str, NDArray[Any]], kinds: Mapping[str, tuple[str, int]], per_row: str
) -> None:
    """Refuse arrays that are missing, of another type, or of another number of rows."""
    for name, (dtype, axes) in kinds.items():
        if name not in arrays:
            raise DataError(f"quantised vectors lack the array {name!r}; write them again")
        if arrays[name].dtype != dtype or arrays[name].ndim != axes:
            raise DataError(
                f"the array {name!r} of quantised vectors is {arrays[name].dtype} with "
                f"{counted(arrays[name].ndim, 'axis', 'axes')}; expected {dtype} with {axes}; "
                "write them again"
            )
    if len(arrays["codes"]) != len(arrays[per_row]):
        raise DataError(
            f"quantised vectors hold {len(arrays['codes']):,} codes and {per_row} of "
            f"{counted(len(arrays[per_row]), 'row')}; write them again"
        )


def _blocks(matrix: Matrix) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Yield some rows after others, in float32."""
    for start in range(0, len(matrix), BLOCK):
        rows = slice(start, min(start + BLOCK, len(matrix)))
        block = np.asarray(matrix[rows], dtype=np.float32)
        if not np.isfinite(block).all():
            raise DataError("a vector has a NaN or infinite value; it cannot be quantised")
        yield rows, block


def _bytes(matrix: Matrix) -> dict[str, NDArray[Any]]:
    codes = np.empty(matrix.shape, dtype=np.int8)
    scales = np.empty(len(matrix), dtype=np.float32)
    for rows, block in _blocks(matrix):
        largest = np.abs(block).max(axis=1, initial=0)
        scales[rows] = largest / 127
        # the scale of numbers near the smallest of float32 is 0, and so are they then
        codes[rows] = np.rint(block / np.where(scales[rows] > 0, scales[rows], 1)[:, None])
    return {"codes": codes, "scales": scales}


def _products(matrix: Matrix, part: int, seed: int) -> dict[str, NDArray[Any]]:
    size, columns = matrix.shape
    pieces = -(-columns // part)
    rng = np.random.default_rng(seed)
    sample = np.sort(rng.choice(size, min(size, SAMPLE), replace=False))
    taken = _units(np.asarray(matrix[sample], dtype=np.float32), pieces, part)[0]
    books = np.stack([_centres(taken[:, piece], rng) for piece in range(pieces)])
    codes = np.empty((size, pieces), dtype=np.uint8)
    norms = np.empty(size, dtype=np.float32)
    for rows, block in _blocks(matrix):
        units, norms[rows] = _units(block, pieces, part)
        for piece, book in enumerate(books):
            codes[rows, piece] = _nearest(units[:, piece], book)
    dimensions = np.array([columns], dtype=np.int64)
    return {"codes": codes, "codebooks": books, "norms": norms, "dimensions": dimensions}


def _units(
    block: NDArray[np.float32], pieces: int, part: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return rows of length 1 cut into parts, (N, pieces, part), zeros behind; and their norms."""
    norms = np.linalg.norm(block, axis=1)
    units = np.zeros((len(block), pieces * part), dtype=np.float32)
    units[:, : block.shape[1]] = block / np.where(norms > 0, norms, 1)[:, None]
    return units.reshape(len(block), pieces, part), norms


def _centres(points: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Return 256 centres (256, part) of points (N, part) by k-means (Lloyd 1982).

    Where fewer points differ than there are centres, they are the centres, and the rest is zeros.
    """
    distinct = np.unique(points, axis=0)
    if len(distinct) <= CENTRES:
        return np.pad(distinct, ((0, CENTRES - len(distinct)), (0, 0)))
    centres = rng.permutation(distinct)[:CENTRES]
    for _ in range(ROUNDS):
        owner = _nearest(points, centres)
        members = np.bincount(owner, minlength=CENTRES)
        held = members > 0  # a centre without points stays where it is
        sums = [np.bincount(owner, column, minlength=CENTRES) for column in points.T]
        centres[held] = (np.stack(sums, axis=1)[held] / members[held, None]).astype(np.float32)
    return centres


def _nearest(points: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.intp]:
    """Return the number of the nearest centre (K, part) to each point (N, part)."""
    # |p − c|² is |p|² + 2 (|c|²/2 − p·c); BLAS' threads would wait for each other at each p·c
    halves = (centres * centres).sum(axis=1) / 2
    columns = np.ascontiguousarray(centres.T)
    owner = np.empty(len(points), dtype=np.intp)
    for start in range(0, len(points), CACHED):
        some = slice(start, start + CACHED)
        products = np.einsum("nd,dk->nk", points[some], columns)
        np.argmax(np.subtract(products, halves, out=products), axis=1, out=owner[some])
    return owner
