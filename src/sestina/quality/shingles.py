"""Texts → their shingles (runs of characters) → MinHash keys, which near duplicates share.

Two texts agree in one MinHash value with a chance that is the Jaccard index of their shingles
(Broder 1997). Values are combined four by four into keys, so that texts that are little alike
rarely share one, and texts that are much alike nearly always share several (Leskovec, Rajaraman
and Ullman, Mining of Massive Datasets, chapter 3).
"""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BANDS, VALUES = 20, 4  # keys of a text, MinHash values in a key
SMALLEST, LARGEST = 5, 20  # characters in a shingle
SPARSE = 100  # possible shingles for each one that a text has, at least
SAMPLE = 2_000  # texts whose characters are counted
# raw output of a bit generator is the same in every version of NumPy
_DRAWN = np.random.PCG64(0x5E57).random_raw(2 * BANDS * VALUES)
_FACTORS = (_DRAWN[: BANDS * VALUES] >> np.uint64(32)).astype(np.uint32) | np.uint32(1)
_SUMMANDS = (_DRAWN[BANDS * VALUES :] >> np.uint64(32)).astype(np.uint32)
_STEP, _MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)
_COMBINE = np.uint32(0x01000193)


def normalised(text: str) -> str:
    """Return a text as near duplicates are sought: lower case, single blanks, one normal form."""
    text = " ".join(text.lower().split())
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def shingle_size(texts: Sequence[str]) -> int:
    """Return how many characters a shingle must have that texts do not share most by chance.

    Five do for texts of a few thousand characters in any script; long texts, and texts over a
    small alphabet such as DNA, need more.
    """
    sample = texts[:: max(len(texts) // SAMPLE, 1)]
    counts = Counter[str]()
    for text in sample:
        counts.update(text[:SAMPLE])
    shares = np.fromiter(counts.values(), np.float64)
    shares = shares / max(shares.sum(), 1)
    entropy = float(-(shares * np.log(shares)).sum())
    length = float(np.quantile([len(text) for text in sample], 0.95)) if sample else 0.0
    needed = math.log(SPARSE * max(length, 1)) / max(entropy, 0.1)
    return int(min(max(math.ceil(needed), SMALLEST), LARGEST))


def shingles(text: str, size: int) -> set[str]:
    """Return the set of a text's shingles."""
    return {text[i : i + size] for i in range(len(text) - size + 1)}


def jaccard(one: str, other: str, size: int) -> float:
    """Return the Jaccard index of two texts' shingles: those they share of those either has.

    >>> jaccard("abcdef", "abcdeg", 5)
    0.3333333333333333
    """
    if one == other:
        return 1.0
    first, second = shingles(one, size), shingles(other, size)
    shared = len(first & second)
    return shared / max(len(first) + len(second) - shared, 1)


def minhash_keys(texts: Sequence[str], size: int) -> NDArray[np.uint32]:
    """Return the MinHash keys of texts, (N, `BANDS`).

    Args:
        texts: N normalised texts of `size` characters or more.
        size: Characters in a shingle.
    """
    hashes, starts = _hashes(texts, size)
    keys = np.zeros((BANDS, len(texts)), np.uint32)
    permuted = np.empty_like(hashes)
    for number in range(BANDS * VALUES):
        np.multiply(hashes, _FACTORS[number], out=permuted)
        np.add(permuted, _SUMMANDS[number], out=permuted)
        key = keys[number // VALUES]
        key ^= np.minimum.reduceat(permuted, starts)
        key *= _COMBINE
    return np.ascontiguousarray(keys.T)


def _hashes(texts: Sequence[str], size: int) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return the hashes of all shingles, text by text, and where each text's begin, (N,)."""
    joined = "".join(texts).encode("utf-32-le", "surrogatepass")
    codes = np.frombuffer(joined, "<u4").astype(np.uint64)
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    total = len(codes) - size + 1
    hashes = np.zeros(total, np.uint64)
    for i in range(size):
        hashes *= _STEP
        hashes += codes[i : i + total]
    hashes ^= hashes >> np.uint64(32)
    hashes *= _MIX
    inside = np.ones(total, np.bool_)  # not across the border of two texts
    inside[(np.cumsum(lengths)[:-1, None] - np.arange(1, size)).ravel()] = False
    starts = np.cumsum(lengths - size + 1) - (lengths - size + 1)
    return (hashes[inside] >> np.uint64(32)).astype(np.uint32), starts
