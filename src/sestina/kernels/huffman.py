"""Huffman trees: frequent words get short paths from the root (Morin and Bengio 2005)."""

from __future__ import annotations

import numpy as np
from numba import types
from numpy.typing import NDArray

from sestina.kernels.compiled import compiled


def grow_tree(counts, parents, codes, totals):
    """Join the two rarest nodes until one is left.

    `counts` (V,) fall; `parents` and `codes` (2V − 1,) are those of the words, then of the inner
    nodes in the order in which they are made; `totals` (V − 1,) are the inner nodes' counts.
    """
    words = counts.size
    rarest, oldest = words - 1, 0
    for made in range(words - 1):
        for code in (0, 1):
            word_is_rarer = rarest >= 0 and (oldest >= made or counts[rarest] <= totals[oldest])
            if word_is_rarer:
                node, count = rarest, counts[rarest]
                rarest -= 1
            else:
                node, count = words + oldest, totals[oldest]
                oldest += 1
            parents[node], codes[node] = words + made, code
            totals[made] = count if code == 0 else totals[made] + count


def walk_tree(parents, codes, starts, path):
    """Write each word's path from the root, inner node · 2 + code; `path` empty: only `starts`."""
    words, root = starts.size - 1, parents.size - 1
    for word in range(words):
        if path.size == 0:
            steps, node = 0, word
            while node != root:
                node = parents[node]
                steps += 1
            starts[word + 1] = starts[word] + steps
        else:
            node = word
            for at in range(starts[word + 1] - 1, starts[word] - 1, -1):
                path[at] = (parents[node] - words) * 2 + codes[node]
                node = parents[node]


_numbers, _short = types.int64[::1], types.int32[::1]
_GROW = types.void(*[_numbers] * 4)
_WALK = types.void(_numbers, _numbers, _numbers, _short)


def paths(counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return where each word's path begins, (V + 1,), and all paths, inner node · 2 + code.

    Args:
        counts: Of the words, falling, (V,), V ≥ 2. Inner nodes are 0 … V − 2, the root V − 2.
    """
    words = len(counts)
    parents, codes = np.zeros(2 * words - 1, np.int64), np.zeros(2 * words - 1, np.int64)
    counts = np.ascontiguousarray(counts, np.int64)
    compiled(grow_tree, _GROW)(counts, parents, codes, np.zeros(words - 1, np.int64))
    starts = np.zeros(words + 1, np.int64)
    walk = compiled(walk_tree, _WALK)
    walk(parents, codes, starts, np.empty(0, np.int32))
    path = np.empty(starts[-1], np.int32)
    walk(parents, codes, starts, path)
    return starts, path
