"""Vectors of words from their character n-grams, hashed into buckets as fastText does.

Bojanowski, Grave, Joulin and Mikolov, Enriching Word Vectors with Subword Information, TACL 2017.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

OFFSET, PRIME = np.uint32(2166136261), np.uint32(16777619)  # 32-bit FNV-1a
CONTINUED = 0b10  # the two highest bits of a byte of UTF-8 that does not begin a character
Array = NDArray[np.int64]
WORDS = 1024  # summed up at a time


class Subwords:
    """Rows of n-grams, from which vectors of any word are made.

    Attributes:
        matrix: A row per kept bucket, (R, D); perhaps memory-mapped.
        least: Characters of the shortest n-grams.
        most: Characters of the longest.
        buckets: How many buckets n-grams are hashed into.
        numbers: Bucket of each row, (R,) int64, rising; None where row and bucket are the same.
    """

    def __init__(
        self,
        matrix: NDArray[np.floating],
        least: int,
        most: int,
        buckets: int,
        numbers: Array | None = None,
    ) -> None:
        self.matrix, self.least, self.most = matrix, least, most
        self.buckets, self.numbers = buckets, numbers

    def vector(self, word: str) -> NDArray[np.float32] | None:
        """Return the mean of the rows of a word's n-grams, (D,); None where there is none.

        An n-gram whose bucket is not kept does not count, as in fastText's pruned models.
        """
        sums, counts = self.sums([word])
        if not counts[0]:
            return None
        vector: NDArray[np.float32] = sums[0] / np.float32(counts[0])
        return vector

    def sums(self, words: Sequence[str]) -> tuple[NDArray[np.float32], Array]:
        """Return the sum of the rows of each word's n-grams, (N, D), and their number, (N,)."""
        out = np.zeros((len(words), self.matrix.shape[1]), dtype=np.float32)
        counts = np.zeros(len(words), dtype=np.int64)
        for start in range(0, len(words), WORDS):
            owner, rows = self._rows(words[start : start + WORDS])
            some = np.bincount(owner, minlength=min(WORDS, len(words) - start))
            counts[start : start + WORDS] = some
            filled = np.flatnonzero(some)
            if len(filled):
                begins = np.searchsorted(owner, filled)
                parts = self.matrix[rows].astype(np.float32, copy=False)
                with np.errstate(over="ignore", invalid="ignore"):  # a file's NaN: refused later
                    out[start + filled] = np.add.reduceat(parts, begins, axis=0)
        return out, counts

    def only(self, words: Sequence[str]) -> Subwords:
        """Return the rows of the buckets that occur in `words`.

        The others were never trained: they hold the random numbers that training began with.
        """
        _, numbers = ngrams(words, self.least, self.most, self.buckets)
        kept, rows = np.unique(numbers), None
        if self.numbers is not None:
            kept = np.intersect1d(kept, self.numbers, assume_unique=True)
            rows = np.searchsorted(self.numbers, kept)
        matrix = self.matrix[kept if rows is None else rows]
        return Subwords(matrix, self.least, self.most, self.buckets, kept)

    def _rows(self, words: Sequence[str]) -> tuple[Array, Array]:
        """Return the word, rising, and the row of each n-gram that has one."""
        owner, numbers = ngrams(words, self.least, self.most, self.buckets)
        if self.numbers is None:
            return owner, numbers
        if not len(self.numbers):
            return owner[:0], numbers[:0]
        at = np.searchsorted(self.numbers, numbers)
        found = self.numbers[np.minimum(at, len(self.numbers) - 1)] == numbers
        return owner[found], at[found]


def ngrams(words: Sequence[str], least: int, most: int, buckets: int) -> tuple[Array, Array]:
    """Return for each character n-gram its word, rising, and its bucket, both (N,).

    A word stands between < and >, which are not n-grams by themselves; an n-gram that occurs
    twice in a word counts twice. Within a word they go from left to right, the short ones first.
    """
    text, begins, widths, owner, last = _characters(words)
    everywhere = np.arange(len(begins))
    first = np.append(-1, last)[owner] + 1  # first character of each character's word
    end = last[owner]
    hashes = np.full(len(begins), OFFSET)
    at = everywhere  # characters where an n-gram of the present length begins
    found = [(at[:0], hashes[:0])]
    for length in range(1, most + 1):
        at = at[at + length - 1 <= end[at]]
        if not len(at):
            break
        reached = at + length - 1
        hashes[at] = _hashed(hashes[at], text, begins[reached], widths[reached])
        if length >= least:
            lone = (length == 1) & ((at == first[at]) | (at == end[at]))
            found.append((at[~lone], hashes[at[~lone]]))
    places = np.concatenate([place for place, _ in found])
    order = np.argsort(places, kind="stable")
    numbers = np.concatenate([number for _, number in found])[order].astype(np.int64)
    return owner[places[order]], numbers % max(buckets, 1)


def _characters(
    words: Sequence[str],
) -> tuple[NDArray[np.uint8], Array, Array, Array, Array]:
    """Return the bytes of all <words>, and of each character the first byte, width and word.

    Last comes the number of each word's last character.
    """
    pieces = [f"<{word}>".encode(errors="surrogatepass") for word in words]
    text = np.frombuffer(b"".join(pieces), dtype=np.uint8)
    begins = np.flatnonzero(text >> 6 != CONTINUED)
    widths = np.diff(begins, append=len(text))
    stops = np.cumsum([len(piece) for piece in pieces], dtype=np.int64)
    last = np.searchsorted(begins, stops) - 1
    owner = np.searchsorted(last, np.arange(len(begins)))
    return text, begins, widths, owner, last


def _hashed(
    hashes: NDArray[np.uint32],
    text: NDArray[np.uint8],
    begins: Array,
    widths: Array,
) -> NDArray[np.uint32]:
    """Return FNV-1a hashes carried on over one more character each.

    Bytes beyond 127 enter as negative numbers, which set all higher bits too: a slip of fastText's
    that its files rely on.
    """
    for byte in range(int(widths.max(initial=0))):
        wide = widths > byte
        signed = text[begins[wide] + byte].astype(np.int8).astype(np.int32).view(np.uint32)
        hashes[wide] = (hashes[wide] ^ signed) * PRIME
    return hashes
