"""Count which words stand near which: the rows of a word × word matrix, one word after the other.

The places where each word stands are listed once. A word's row then is the sum of the windows
around its places, in an accumulator of V integers, and is read off through two levels of bits, in
the order of its contexts. Weights are integers, whose sums do not depend on their order: the
counts are the same for any number of threads and however the corpus is cut into parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from sestina.kernels.compiled import Kernel
from sestina.kernels.memory import (
    integer,
    prefetch,
    short,
    write_integer,
    write_short,
)
from sestina.kernels.parallel import run
from sestina.kernels.records import record
from sestina.kernels.workspace import address, lend

SLICES = 8  # of a corpus, whose words are listed at once
CHUNKS = 16  # of the rows that are counted at once
AHEAD = 12  # places that are asked for before they are read
LEVEL = 10  # 2¹⁰ contexts share a mark

FIELDS = (
    # the corpus from some place on, tokens before and from there; slice → its first place
    "ids", "before", "tokens", "slices",
    # how often each slice has each word; where each word's places begin, and what they are
    "histograms", "vocabulary", "starts", "places",
    # weights of distances 1 … window
    "window", "weights",
    # runs to be merged, three addresses each: starts, contexts, counts
    "runs", "merged",
    # which words' rows, chunk → its first; row → where it goes; how long it became
    "words", "bounds", "rows", "lengths", "contexts", "counts", "closed",
    # memory of a chunk: sums, bits, marks
    "scratch", "scratch_size", "at_bits", "at_marks", "marks",
)  # fmt: skip
ARGUMENTS, arguments = record(FIELDS)

Numbers = NDArray[np.int64]
Shorts = NDArray[np.int32]


@intrinsic
def _lowest(typing: Any, bits: Any) -> Any:
    """Return the number of the lowest bit that is set; there is one."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), build


# --- where each word stands -----------------------------------------------------------------


def count_words(number, address):
    """Count the words of one slice of the corpus."""
    a = arguments(address)
    histogram = a.histograms + 8 * number * a.vocabulary
    for place in range(integer(a.slices + 8 * number), integer(a.slices + 8 * number + 8)):
        word = short(a.ids + 4 * place)
        if word >= 0:
            write_integer(histogram + 8 * word, integer(histogram + 8 * word) + 1)


def list_places(number, address):
    """List the places of one slice's words; the histogram says where each word's next goes."""
    a = arguments(address)
    histogram = a.histograms + 8 * number * a.vocabulary
    for place in range(integer(a.slices + 8 * number), integer(a.slices + 8 * number + 8)):
        word = short(a.ids + 4 * place)
        if word >= 0:
            to = integer(histogram + 8 * word)
            write_integer(histogram + 8 * word, to + 1)
            write_short(a.places + 4 * to, place)


# --- a row ----------------------------------------------------------------------------------


@njit
def add(a, s, context, weight):
    """Add a weight to the sum of a context, and set its bit and its mark."""
    sum_, bits = s + 8 * context, s + a.at_bits + 8 * (context >> 6)
    write_integer(sum_, integer(sum_) + weight)
    write_integer(bits, integer(bits) | (1 << (context & 63)))
    write_integer(s + a.at_marks + 8 * (context >> LEVEL), 1)


@njit
def add_window(a, s, place):
    """Add the words around a place, up to the ends of its sentence."""
    for distance in range(1, min(a.window, place + a.before) + 1):
        context = short(a.ids + 4 * (place - distance))
        if context < 0:
            break
        add(a, s, context, integer(a.weights + 8 * distance - 8))
    for distance in range(1, min(a.window, a.tokens - 1 - place) + 1):
        context = short(a.ids + 4 * (place + distance))
        if context < 0:
            break
        add(a, s, context, integer(a.weights + 8 * distance - 8))


@njit
def give_bits(s, bits, base, contexts, counts, n):
    """Write the contexts of 64 bits and their sums, and make these zero again."""
    while bits != 0:
        context = base + _lowest(bits)
        bits &= bits - 1
        write_short(contexts + 4 * n, context)
        write_integer(counts + 8 * n, integer(s + 8 * context))
        write_integer(s + 8 * context, 0)
        n += 1
    return n


@njit
def give_row(a, s, row):
    """Write a row, and leave no trace of it in the chunk's memory."""
    to = integer(a.rows + 8 * row)
    contexts, counts = a.contexts + 4 * to, a.counts + 8 * to
    n = 0
    for mark in range(a.marks):
        if integer(s + a.at_marks + 8 * mark):
            write_integer(s + a.at_marks + 8 * mark, 0)
            for group in range(mark << (LEVEL - 6), (mark + 1) << (LEVEL - 6)):
                bits = integer(s + a.at_bits + 8 * group)
                if bits != 0:
                    write_integer(s + a.at_bits + 8 * group, 0)
                    n = give_bits(s, bits, group << 6, contexts, counts, n)
    write_integer(a.lengths + 8 * row, n)


def count_rows(chunk, address):
    """Count the rows of one chunk of words."""
    a = arguments(address)
    s = a.scratch + chunk * a.scratch_size
    for row in range(integer(a.bounds + 8 * chunk), integer(a.bounds + 8 * chunk + 8)):
        word = integer(a.words + 8 * row)
        last = integer(a.starts + 8 * word + 8)
        for n in range(integer(a.starts + 8 * word), last):
            if n + AHEAD < last:
                prefetch(a.ids + 4 * short(a.places + 4 * (n + AHEAD)))
            add_window(a, s, short(a.places + 4 * n))
        give_row(a, s, row)


def merge_rows(chunk, address):
    """Add up the rows that several parts have counted for one chunk of words."""
    a = arguments(address)
    s = a.scratch + chunk * a.scratch_size
    for row in range(integer(a.bounds + 8 * chunk), integer(a.bounds + 8 * chunk + 8)):
        word = integer(a.words + 8 * row)
        for part in range(a.merged):
            of = a.runs + 24 * part
            starts, contexts, counts = integer(of), integer(of + 8), integer(of + 16)
            for n in range(integer(starts + 8 * word), integer(starts + 8 * word + 8)):
                add(a, s, short(contexts + 4 * n), integer(counts + 8 * n))
        give_row(a, s, row)


def close_up(chunk, address):
    """Move rows together, from the first to the last, so that no room is left between them."""
    a = arguments(address)
    to = 0
    for n in range(a.closed):
        row = integer(a.rows + 8 * n)
        for of in range(row, row + integer(a.lengths + 8 * n)):
            write_short(a.contexts + 4 * to, short(a.contexts + 4 * of))
            write_integer(a.counts + 8 * to, integer(a.counts + 8 * of))
            to += 1


COUNT_WORDS, LIST_PLACES = Kernel(count_words), Kernel(list_places)
COUNT_ROWS, MERGE_ROWS = Kernel(count_rows), Kernel(merge_rows)
CLOSE_UP = Kernel(close_up)


# --- arrays in, arrays out ------------------------------------------------------------------


class Counts(NamedTuple):
    """Rows of the matrix: what stands near some words.

    Attributes:
        words: Whose rows they are, (n,) int64.
        starts: Where each word's row begins, and the end of the last, (n + 1,) int64.
        contexts: Word numbers, rising within a row, int32.
        counts: Sums of weights, int64.
    """

    words: Numbers
    starts: Numbers
    contexts: Shorts
    counts: Numbers


def _shared_out(work: Numbers) -> Numbers:
    """Return bounds of `CHUNKS` chunks of consecutive rows with about equal work."""
    done = np.cumsum(work)
    shares = work.sum() * np.arange(1, CHUNKS) // CHUNKS
    inner = np.searchsorted(done, shares)
    return np.concatenate([[0], inner, [len(work)]]).astype(np.int64)


class _Rows:
    """Runs a kernel that writes rows, for one group of words after the other."""

    def __init__(self, kernel: Kernel, vocabulary: int, **fields: int) -> None:
        self._kernel, self._vocabulary = kernel, vocabulary
        marks = (vocabulary + (1 << LEVEL) - 1) >> LEVEL
        at_bits = 8 * (marks << LEVEL)
        at_marks = at_bits + 8 * (marks << (LEVEL - 6))
        size = at_marks + 64 * -(-8 * marks // 64)
        self._memory = np.zeros(CHUNKS * size // 8, np.int64)
        self._record = np.zeros((), ARGUMENTS)
        self.fill(
            vocabulary=vocabulary,
            scratch=address(self._memory),
            scratch_size=size,
            at_bits=at_bits,
            at_marks=at_marks,
            marks=marks,
            **fields,
        )

    def fill(self, **fields: int) -> None:
        """Set fields of the record."""
        for name, value in fields.items():
            self._record[name] = value

    def run(self, kernel: Kernel, chunks: int, work: float) -> None:
        """Run a kernel on the record."""
        run(kernel, chunks, address(self._record), work)

    def of(self, words: Numbers, most: Numbers, work: Numbers) -> Counts:
        """Return the rows of some words.

        Args:
            words: Their numbers.
            most: Bounds of the rows' lengths, (V,).
            work: Additions that a row takes, roughly, (V,).
        """
        words = np.ascontiguousarray(words, np.int64)
        most, work = most[words], work[words]
        rows = np.concatenate([[0], np.cumsum(most)]).astype(np.int64)
        lengths = np.zeros(len(words), np.int64)
        contexts = lend((int(rows[-1]),)).view(np.int32)
        counts = lend((2 * int(rows[-1]),)).view(np.int64)
        bounds = _shared_out(work + most + (self._vocabulary >> LEVEL))
        self.fill(
            bounds=address(bounds),
            words=address(words),
            rows=address(rows),
            lengths=address(lengths),
            contexts=address(contexts),
            counts=address(counts),
            closed=len(words),
        )
        self.run(self._kernel, CHUNKS, 4.0 * float(work.sum()))
        self.run(CLOSE_UP, 1, 0.0)
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        return Counts(words, starts, contexts[: starts[-1]], counts[: starts[-1]])


def count(
    ids: Shorts,
    vocabulary: int,
    weights: Numbers,
    groups: Iterable[Numbers],
    part: tuple[int, int] | None = None,
) -> Iterator[Counts]:
    """Count the words around each word, one group of words after the other.

    Args:
        ids: Word numbers with −1 after each sentence, (N,) int32.
        vocabulary: V.
        weights: What a neighbour counts at distances 1 … window, integers.
        groups: Word numbers.
        part: First place and end of those whose windows are counted, fewer than 2³¹; all if None.

    Yields:
        The rows of a group's words: X[i, j] = Σ weights[d − 1] over all places of i,
        and of j at distance d on either side in the same sentence.
    """
    first, last = part or (0, len(ids))
    slices = np.linspace(0, last - first, SLICES + 1).astype(np.int64)
    histograms = np.zeros((SLICES, vocabulary), np.int64)
    weights = np.ascontiguousarray(weights, np.int64)
    rows = _Rows(
        COUNT_ROWS,
        vocabulary,
        ids=address(ids) + 4 * first,
        before=first,
        tokens=len(ids) - first,
        slices=address(slices),
        histograms=address(histograms),
        window=len(weights),
        weights=address(weights),
    )
    rows.run(COUNT_WORDS, SLICES, 8.0 * len(ids))
    often = histograms.sum(0)
    starts = np.concatenate([[0], np.cumsum(often)]).astype(np.int64)
    before = np.cumsum(histograms, 0) - histograms
    histograms[:] = starts[:-1] + before
    places = np.empty(max(int(starts[-1]), 1), np.int32)
    rows.fill(starts=address(starts), places=address(places))
    rows.run(LIST_PLACES, SLICES, 8.0 * len(ids))
    visits = 2 * len(weights) * often
    for words in groups:
        yield rows.of(words, np.minimum(visits, vocabulary), visits)


def merge(runs: Sequence[Counts], vocabulary: int, groups: Iterable[Numbers]) -> Iterator[Counts]:
    """Add up what several parts of a corpus have counted; each run has the rows of all words.

    Args:
        runs: What `count` gave for each part, joined; perhaps memory-mapped.
        vocabulary: V.
        groups: As in `count`.
    """
    places = np.array([[address(array) for array in run[1:]] for run in runs], np.int64)
    rows = _Rows(MERGE_ROWS, vocabulary, runs=address(places), merged=len(runs))
    lengths = np.sum([np.diff(run.starts) for run in runs], axis=0)
    for words in groups:
        yield rows.of(words, np.minimum(lengths, vocabulary), lengths)
