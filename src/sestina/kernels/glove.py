"""GloVe's steps (Pennington, Socher and Manning 2014): pairs of rows, AdaGrad, no two in conflict.

The loss is Σ f(X)·(e·w + b + b′ − log X)², f(X) = min(1, X/x_max)^α. Words and contexts are dealt
to P blocks like cards, w to block w mod P, so that pairs fall into P × P tiles. Tiles of one
diagonal share no row: they run on any number of threads with the same bits (stratified gradient
descent, Gemulla and others 2011), and a tile's rows stay in the cache. A tile is like any other:
it has frequent words and rare ones, and its pairs are shuffled once.

A row is a vector, its bias and a one, or a one and its bias, so that the product of a word's and
a context's row has both biases in it. Squared gradients stand behind.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sestina.kernels.chance import below, draw
from sestina.kernels.compiled import Kernel
from sestina.kernels.cooccurrence import Counts
from sestina.kernels.memory import (
    integer,
    number,
    prefetch_to_write,
    short,
    write_integer,
    write_number,
    write_short,
)
from sestina.kernels.parallel import ready, run
from sestina.kernels.records import record
from sestina.kernels.simd import (
    BYTES,
    LANES,
    fill,
    fma,
    inverse_root,
    load,
    store,
    total,
)
from sestina.kernels.workspace import address, lend

LINE = 64  # bytes
AHEAD = 3  # pairs whose rows are asked for before they are trained
SLICES = 8  # of the rows that are dealt at once
FIXED = 1e30  # squared gradient of a one, which no step then moves

PAIR = np.dtype([("word", "i4"), ("context", "i4"), ("logarithm", "f4"), ("weight", "f4")])
"""A pair of words with log X and f(X)."""
_SIZE = PAIR.itemsize

FIELDS = (
    # rows of counts that are dealt to the tiles of a block of words; slice → its first row
    "slices", "words", "starts", "contexts", "counts", "table_of_counts", "looked_up",
    "blocks", "deep", "places", "pairs", "key",
    # logarithm and weight: of count / scale
    "factors",
    # training: tile → address, number of pairs; the blocks of words in the order of this run
    "tiles", "sizes", "shift", "order", "losses",
    "table", "contexts_at", "row", "half", "rate",
)  # fmt: skip
ARGUMENTS, arguments = record(FIELDS)

Numbers = NDArray[np.int64]


# --- pairs into tiles -----------------------------------------------------------------------


@njit
def place_of(a, word):
    """Return the row of a word: blocks stand one behind the other, `deep` rows each."""
    return word % a.blocks * a.deep + word // a.blocks


@njit
def _dealt(a, slice_, write):
    """Walk over some rows; count the pairs of each block of contexts, or write them there."""
    places = a.places + 8 * slice_ * a.blocks
    for row in range(integer(a.slices + 8 * slice_), integer(a.slices + 8 * slice_ + 8)):
        word = place_of(a, integer(a.words + 8 * row))
        for n in range(integer(a.starts + 8 * row), integer(a.starts + 8 * row + 8)):
            context = short(a.contexts + 4 * n)
            block = places + 8 * (context % a.blocks)
            place = integer(block)
            write_integer(block, place + 1)
            if write:
                pair = a.pairs + _SIZE * place
                write_short(pair, word)
                write_short(pair + 4, place_of(a, context))
                _write_logarithm(a, pair, integer(a.counts + 8 * n))


@njit
def _write_logarithm(a, pair, count):
    """Write log X and f(X) of a count; those of small ones are looked up."""
    if count < a.looked_up:
        entry = a.table_of_counts + 8 * count
        write_number(pair + 8, number(entry))
        write_number(pair + 12, number(entry + 4))
        return
    x = count / number(a.factors)
    write_number(pair + 8, np.float32(math.log(x)))
    share = min(x / number(a.factors + 4), 1.0)
    write_number(pair + 12, np.float32(share ** number(a.factors + 8)))


def count_pairs(slice_, address):
    """Count the pairs of one slice of rows in each block of contexts."""
    _dealt(arguments(address), slice_, False)


def deal_pairs(slice_, address):
    """Write the pairs of one slice of rows to their tiles."""
    _dealt(arguments(address), slice_, True)


def shuffle_tile(block, address):
    """Bring the pairs of one tile into a random order (Fisher and Yates)."""
    a = arguments(address)
    first = a.pairs
    if block:
        first += _SIZE * integer(a.places + 8 * (block - 1))
    size = (a.pairs + _SIZE * integer(a.places + 8 * block) - first) // _SIZE
    key = draw(np.uint64(a.key), block)
    for n in range(size - 1, 0, -1):
        one, other = first + _SIZE * n, first + _SIZE * below(draw(key, n), n + 1)
        for at in (0, 8):
            value = integer(one + at)
            write_integer(one + at, integer(other + at))
            write_integer(other + at, value)


# --- training -------------------------------------------------------------------------------


@njit
def ask_for(place, size):
    """Ask for a row ahead of its use."""
    for at in range(0, size, LINE):
        prefetch_to_write(place + at)


@njit
def product(a, word, context):
    """Return the product of a word's row and a context's: e·w + b + b′."""
    one, two = fill(np.float32(0)), fill(np.float32(0))
    even = a.half // (2 * BYTES) * (2 * BYTES)
    for at in range(0, even, 2 * BYTES):
        one = fma(load(word + at), load(context + at), one)
        two = fma(load(word + at + BYTES), load(context + at + BYTES), two)
    if even < a.half:
        one = fma(load(word + even), load(context + even), one)
    return total(one + two)


@njit
def step(a, word, context, slope):
    """Move both rows against their gradients, `slope` times the other's row, as AdaGrad does."""
    slope = fill(slope)
    for at in range(0, a.half, BYTES):
        w, c = load(word + at), load(context + at)
        squares_w, squares_c = load(word + a.half + at), load(context + a.half + at)
        d_w, d_c = slope * c, slope * w
        store(word + at, w - d_w * inverse_root(squares_w))
        store(context + at, c - d_c * inverse_root(squares_c))
        store(word + a.half + at, fma(d_w, d_w, squares_w))
        store(context + a.half + at, fma(d_c, d_c, squares_c))


def train_tile(chunk, address):
    """Train on all pairs of one tile."""
    a = arguments(address)
    block = integer(a.order + 8 * chunk)
    tile = block * a.blocks + (block + a.shift) % a.blocks
    pair, size = integer(a.tiles + 8 * tile), integer(a.sizes + 8 * tile)
    contexts = a.contexts_at
    rate, loss = number(a.rate), 0.0
    for n in range(size):
        if n + AHEAD < size:
            ask_for(contexts + short(pair + AHEAD * _SIZE + 4) * a.row, a.row)
        word, context = a.table + short(pair) * a.row, contexts + short(pair + 4) * a.row
        difference = product(a, word, context) - number(pair + 8)
        weighted = number(pair + 12) * difference
        loss += weighted * difference
        step(a, word, context, rate * weighted)
        pair += _SIZE
    write_number(a.losses + 4 * block, np.float32(loss))


COUNT_PAIRS, DEAL_PAIRS = Kernel(count_pairs), Kernel(deal_pairs)
SHUFFLE_TILE, TRAIN_TILE = Kernel(shuffle_tile), Kernel(train_tile)


# --- arrays in, arrays out ------------------------------------------------------------------


def _filled(**fields: Any) -> NDArray[Any]:
    made = np.zeros((), ARGUMENTS)
    for name, value in fields.items():
        made[name] = address(value) if isinstance(value, np.ndarray) else value
    return made


class Dealer:
    """Deals rows of counts to tiles.

    Args:
        shape: Blocks P of words and of contexts, and words of a block at most.
        scale: What a count of 1 is in the counts.
        x_max: From which X on the weight is 1.
        alpha: Exponent of the weight.
    """

    KNOWN = 1 << 14  # counts whose logarithm and weight are worked out once

    def __init__(self, shape: tuple[int, int], scale: float, x_max: float, alpha: float) -> None:
        self._blocks, self._deep = shape
        self._factors = np.array([scale, x_max, alpha], np.float32)
        x = np.arange(1, self.KNOWN) / scale
        self._known = np.zeros((self.KNOWN, 2), np.float32)
        self._known[1:] = np.transpose([np.log(x), np.minimum(x / x_max, 1) ** alpha])

    def deal(self, counts: Counts, key: int) -> tuple[NDArray[Any], Numbers]:
        """Return the pairs of a block of words, tile by tile, and how many each tile has, (P,).

        Pairs name rows of the table; their order in a tile depends on `key`, 64 bits.
        """
        blocks, rows = self._blocks, len(counts.words)
        pairs = lend((4 * len(counts.contexts),)).view(PAIR)
        places = np.zeros((SLICES, blocks), np.int64)
        slices = np.searchsorted(
            counts.starts, np.linspace(0, len(pairs), SLICES + 1).astype(np.int64)
        ).astype(np.int64)
        slices[0], slices[-1] = 0, rows
        fields = _filled(
            slices=slices,
            words=counts.words,
            starts=counts.starts,
            contexts=counts.contexts,
            counts=counts.counts,
            table_of_counts=self._known,
            looked_up=self.KNOWN,
            blocks=blocks,
            deep=self._deep,
            key=np.uint64(key).astype(np.int64),
            places=places,
            pairs=pairs,
            factors=self._factors,
        )
        run(COUNT_PAIRS, SLICES, address(fields), 8.0 * len(pairs))
        sizes = places.sum(0)
        ends = np.cumsum(places.T.ravel()).reshape(blocks, SLICES).T
        places[:] = ends - places
        run(DEAL_PAIRS, SLICES, address(fields), 8.0 * len(pairs))
        fields["places"] = address(places[-1])  # by now the ends of tiles
        run(SHUFFLE_TILE, blocks, address(fields), 8.0 * len(pairs))
        return pairs, sizes


def padded(dimensions: int) -> int:
    """Return the floats of a row with its bias and its one, squared gradients apart."""
    return -(-(dimensions + 2) // LANES) * LANES


def new_table(
    rows: int, dimensions: int, rate: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return random rows of words, then of contexts: (2, R, 2, S), values and squared gradients.

    The squares begin at 1, those of biases at rate²: their first steps are of size 1, as in the
    authors' program of today.
    """
    size = padded(dimensions)
    table = lend((2, rows, 2, size))
    table[:, :, 0] = 0
    start = rng.random((2, rows, dimensions + 1), np.float32) - np.float32(0.5)
    start /= dimensions
    table[:, :, 0, :dimensions] = start[:, :, :dimensions]
    table[:, :, 1] = 1
    for side in (0, 1):  # the bias of one stands where the other has its one
        table[side, :, 0, dimensions + side] = start[side, :, dimensions]
        table[side, :, 1, dimensions + side] = rate**2
        table[side, :, 0, dimensions + 1 - side] = 1
        table[side, :, 1, dimensions + 1 - side] = FIXED
    return table


def vectors(
    table: NDArray[np.float32], shape: tuple[int, int], words: int, dimensions: int
) -> NDArray[np.float32]:
    """Return the mean of each word's two vectors, (V, D), in the order of the words."""
    blocks, deep = shape
    mean = table[:, :, 0, :dimensions].mean(0)
    dealt = mean.reshape(blocks, deep, dimensions).transpose(1, 0, 2)
    found: NDArray[np.float32] = dealt.reshape(-1, dimensions)[:words]
    return found


class Trainer:
    """Trains a table on tiles of pairs, one diagonal at a time.

    Args:
        table: (2, R, 2, S), changed in place.
        tiles: Where the pairs of each tile begin, (P, P) addresses.
        sizes: How many there are, (P, P).
        rate: The learning rate.

    Attributes:
        diagonals: P.
        pairs: Of all tiles.
    """

    def __init__(
        self, table: NDArray[np.float32], tiles: Numbers, sizes: Numbers, rate: float
    ) -> None:
        size = table.shape[3]
        self._sizes, self._half = sizes, size
        self.diagonals, self.pairs = len(sizes), int(sizes.sum())
        self._rate = np.array([rate], np.float32)
        self._losses = np.zeros(len(sizes), np.float32)
        self._kept = table, tiles  # addresses do not keep them alive
        self._fields = _filled(
            tiles=tiles,
            sizes=sizes,
            blocks=len(sizes),
            losses=self._losses,
            table=table,
            contexts_at=address(table[1]),
            row=8 * size,
            half=4 * size,
            rate=self._rate,
        )
        ready(TRAIN_TILE)

    def run(self, shift: int) -> tuple[float, int]:
        """Train on tiles (p, p + shift mod P); return the sum of their losses and their pairs."""
        blocks = len(self._sizes)
        words = np.arange(blocks)
        sizes = self._sizes[words, (words + shift) % blocks]
        pairs = int(sizes.sum())
        order = np.argsort(-sizes, kind="stable").astype(np.int64)  # the largest begin
        self._fields["shift"], self._fields["order"] = shift, address(order)
        run(TRAIN_TILE, blocks, address(self._fields), 20.0 * self._half * pairs)
        return float(self._losses.sum(dtype=np.float64)), pairs
