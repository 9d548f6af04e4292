"""Token ids on disk: give words their final numbers, and leave out those that have none."""

from __future__ import annotations

import numpy as np
from numba import types
from numpy.typing import NDArray

from sestina.kernels.compiled import compiled


def renumber_tokens(ids, numbers, to, start, keep_empty):
    """Write numbers[i] for each id i of `ids` that has one, and −1 where a sentence ends.

    An empty sentence is left out unless `keep_empty`. Returns the place behind the last written.
    """
    written = start
    for n in range(ids.size):
        word = ids[n]
        if word >= 0:
            word = numbers[word]
            if word < 0:
                continue
        elif not keep_empty and (written == 0 or to[written - 1] < 0):
            continue
        to[written] = word
        written += 1
    return written


_short = types.int32[::1]
SIGNATURE = types.int64(_short, _short, _short, types.int64, types.boolean)


def renumber(
    ids: NDArray[np.int32],
    numbers: NDArray[np.int32],
    to: NDArray[np.int32],
    start: int,
    keep_empty: bool = False,
) -> int:
    """Give tokens their new numbers; return the place behind the last that was written.

    Args:
        ids: Old numbers, −1 at the ends of sentences.
        numbers: New number of each old one; −1 drops it.
        to: Written from place `start` on; may share the memory of `ids` if that begins no earlier.
        start: How much of `to` stands already.
        keep_empty: Keep the ends of sentences that have no words.
    """
    return int(compiled(renumber_tokens, SIGNATURE)(ids, numbers, to, start, keep_empty))
