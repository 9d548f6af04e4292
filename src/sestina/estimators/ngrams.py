"""Hashed n-grams beside tokens: runs of tokens, and parts of words, as further ids of a text.

Joulin, Grave, Bojanowski and Mikolov, Bag of Tricks for Efficient Text Classification, 2017. Order
within a text is of no account, since the mean encoder averages all of them.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sestina.config import NgramOptions
from sestina.data.ragged import Ragged
from sestina.text.encode import Encoded
from sestina.text.vocabulary import EOS, PAD, START, UNK, Vocabulary
from sestina.vectors.subwords import ngrams

LEAST_TEXTS = 2  # an n-gram of one text tells that text only
STEP = np.uint64(116049371)  # of the hash of a run; as in fastText
WORDS = 4096  # whose parts are hashed at once

Numbers = NDArray[np.int64]


def wanted(options: NgramOptions) -> bool:
    """Tell whether there are n-grams to hash."""
    return options.word_ngrams > 1 or options.max_n > 0


class OpenVocabulary:
    """A vocabulary that gives tokens it does not know the next numbers, as they come."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.known = len(vocabulary)
        self._ids = {token: n for n, token in enumerate(vocabulary)}

    def __getitem__(self, token: str) -> int:
        return self._ids.get(token, 1)

    @property
    def tokens(self) -> list[str]:
        """All tokens, by number."""
        return list(self._ids)

    def encode(self, tokens: Iterable[str]) -> NDArray[np.int32]:
        """Return the numbers of tokens, (T,)."""
        number = self._ids.setdefault
        return np.fromiter((number(token, len(self._ids)) for token in tokens), dtype=np.int32)


@dataclass(frozen=True)
class Hashed:
    """The hashed n-grams of some texts.

    Attributes:
        texts: Text of each n-gram, (N,).
        buckets: Its bucket, (N,).
    """

    texts: Numbers
    buckets: Numbers

    def frequent(self) -> Numbers:
        """Return the buckets of n-grams that occur in `LEAST_TEXTS` texts or more, rising."""
        pairs = np.unique(self.buckets << 32 | self.texts)  # of one number, which sorts fast
        buckets, counts = np.unique(pairs >> 32, return_counts=True)
        kept: Numbers = buckets[counts >= LEAST_TEXTS]
        return kept


def hashed(ids: Ragged, vocabulary: OpenVocabulary, options: NgramOptions) -> Hashed:
    """Return the n-grams of texts whose tokens were numbered by an open vocabulary."""
    texts = np.repeat(np.arange(len(ids)), ids.lengths)
    tokens = vocabulary.tokens
    found = [_runs(ids.values, texts, tokens, options)]
    if options.max_n:
        found.append(_parts(ids.values, texts, tokens, options))
    return Hashed(*(np.concatenate(arrays) for arrays in zip(*found, strict=True)))


def _runs(
    ids: NDArray[np.int32], texts: Numbers, tokens: list[str], options: NgramOptions
) -> tuple[Numbers, Numbers]:
    """Return text and bucket of each run of 2 … `word_ngrams` tokens."""
    real = _words(tokens)
    checks = (zlib.crc32(token.encode(errors="surrogatepass")) for token in tokens)
    sums = np.fromiter(checks, np.uint64, len(tokens))
    run, whole = sums[ids], real[ids]
    owners, buckets = [texts[:0]], [np.empty(0, np.int64)]
    for length in range(2, options.word_ngrams + 1):
        last = length - 1
        end = max(len(ids) - last, 0)
        run = run[:end] * STEP + sums[ids[last:]]
        whole = whole[:end] & real[ids[last:]]
        inside = whole & (texts[:end] == texts[last:])
        owners.append(texts[:end][inside])
        buckets.append((_mixed(run[inside]) % np.uint64(options.buckets)).astype(np.int64))
    return np.concatenate(owners), np.concatenate(buckets)


def _words(tokens: list[str]) -> NDArray[np.bool_]:
    """Return which tokens are words rather than marks."""
    return np.array([token not in (PAD, UNK, START, EOS) for token in tokens])


def _mixed(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return keys whose every bit depends on all bits (the finish of SplitMix64)."""
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))


def _parts(
    ids: NDArray[np.int32], texts: Numbers, tokens: list[str], options: NgramOptions
) -> tuple[Numbers, Numbers]:
    """Return text and bucket of each part of each token."""
    lists = []
    for start in range(0, len(tokens), WORDS):
        some = tokens[start : start + WORDS]
        owner, buckets = ngrams(some, options.min_n, options.max_n, options.buckets)
        lists.append((owner + start, buckets))
    owners = np.concatenate([owner for owner, _ in lists])
    parts = np.concatenate([buckets for _, buckets in lists])
    sizes = np.bincount(owners, minlength=len(tokens))
    starts = np.concatenate([[0], np.cumsum(sizes)])
    counts = (sizes * _words(tokens))[ids]
    ends = np.cumsum(counts)
    within = np.arange(int(counts.sum())) - np.repeat(ends - counts, counts)
    return np.repeat(texts, counts), parts[np.repeat(starts[ids], counts) + within]


def extended(
    encoded: Encoded, grams: Hashed, buckets: Numbers, vocabulary: OpenVocabulary
) -> Encoded:
    """Return texts in ids of a table: known tokens, then those of their n-grams that have a row.

    Args:
        encoded: Texts whose tokens were numbered by `vocabulary`.
        grams: Their n-grams.
        buckets: Those that have a row, rising; the n-th stands at known tokens + n.
        vocabulary: Unknown tokens become UNK.
    """
    ids, known = encoded.ids, vocabulary.known
    unknown = ids.values >= known
    at = np.searchsorted(buckets, grams.buckets)
    found = np.zeros(len(at), np.bool_)
    if len(buckets):
        found = buckets[np.minimum(at, len(buckets) - 1)] == grams.buckets
    owners = np.repeat(np.arange(len(ids)), ids.lengths)
    values = np.concatenate([np.where(unknown, 1, ids.values), known + at[found]])
    texts = np.concatenate([owners, grams.texts[found]])
    order = np.argsort(texts, kind="stable")
    lengths = np.bincount(texts, minlength=len(ids))
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    rows = Ragged(values[order].astype(np.int32), offsets)
    return replace(encoded, ids=rows, unknown=int(unknown.sum()))
