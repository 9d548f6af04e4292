"""Random numbers by counter: each is a function of a key and a place, in whatever order.

SplitMix64 (Steele, Lea and Flood 2014): a counter times the golden ratio, then a mixing of bits.
"""

from __future__ import annotations

import numpy as np
from numba import njit

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_30, _27, _31, _32, _33 = (np.uint64(n) for n in (30, 27, 31, 32, 33))
_LOW = np.uint64(0x7FFFFFFF)


@njit
def draw(key, place):
    """Return the 64 random bits of `place`; those of a draw serve as key of further ones."""
    x = key + np.uint64(place) * GOLDEN
    x = (x ^ (x >> _30)) * _FIRST
    x = (x ^ (x >> _27)) * _SECOND
    return x ^ (x >> _31)


@njit
def high(bits):
    """Return 31 of the bits, as an integer from 0 to 2³¹ − 1."""
    return np.int64(bits >> _33)


@njit
def low(bits):
    """Return 31 other bits."""
    return np.int64(bits & _LOW)


@njit
def below(bits, count):
    """Return an integer from 0 to `count` − 1, by the bits of `high`; `count` is below 2³¹."""
    return (high(bits) * count) >> 31


def mixed(*numbers: int) -> int:
    """Return 64 bits that depend on all of some numbers, in plain Python: the key of a run."""
    bits = 0
    for number in numbers:
        bits = (bits + number * int(GOLDEN) + 1) & 0xFFFFFFFFFFFFFFFF
        bits = ((bits ^ (bits >> 30)) * int(_FIRST)) & 0xFFFFFFFFFFFFFFFF
        bits = ((bits ^ (bits >> 27)) * int(_SECOND)) & 0xFFFFFFFFFFFFFFFF
        bits ^= bits >> 31
    return bits
