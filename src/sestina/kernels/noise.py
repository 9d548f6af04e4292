"""Alias tables: one draw from any distribution by one random number (Walker 1977, Vose 1991)."""

from __future__ import annotations

import numpy as np
from numba import types
from numpy.typing import NDArray

from sestina.kernels.compiled import compiled

MOST = 2**31 - 1


def pair_up(shares, thresholds, others, waiting):
    """Fill thresholds and aliases from shares (V,), whose mean is 1; `waiting` (V,) is scratch."""
    few, many = 0, shares.size
    for word in range(shares.size):
        others[word] = word
        if shares[word] < 1:
            waiting[few] = word
            few += 1
        else:
            many -= 1
            waiting[many] = word
    while few > 0 and many < shares.size:
        few -= 1
        small, large = waiting[few], waiting[many]
        thresholds[small], others[small] = shares[small], large
        shares[large] -= 1 - shares[small]
        if shares[large] < 1:
            many += 1
            waiting[few] = large
            few += 1


_doubles, _numbers = types.float64[::1], types.int64[::1]
_SIGNATURE = types.void(_doubles, _doubles, _numbers, _numbers)


def alias_table(weights: NDArray[np.floating]) -> NDArray[np.int32]:
    """Return the alias table (V, 2) of weights (V,): a 31-bit threshold, and another word.

    A draw takes word v with equal chances, and its other where 31 bits exceed the threshold.
    """
    shares = np.asarray(weights, np.float64) * (len(weights) / np.sum(weights, dtype=np.float64))
    thresholds, others = np.ones(len(shares)), np.empty(len(shares), np.int64)
    compiled(pair_up, _SIGNATURE)(shares, thresholds, others, np.empty(len(shares), np.int64))
    table = np.empty((len(shares), 2), np.int32)
    table[:, 0] = np.minimum(thresholds * 2**31, MOST)
    table[:, 1] = others
    return table
