"""Coins that zoneout tosses, in NumPy: the definition; kernels toss the same ones in registers.

A coin is a function of a key, a row of the batch, a step and a unit, so that it is the same on the
way back, for any number of threads, and however rows are sorted. Of 32 bits of (key, row, step) by
`chance.draw`, and of the unit's number, a hash is made (Wellons 2018, lowbias32), of which 24 bits
are held against the share.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sestina.kernels.chance import GOLDEN

WHOLE = 1 << 24  # a share is so many parts of it
STRIDE, FIRST, SECOND = 0x9E3779B9, 0x7FEB352D, 0x846CA68B
SHIFTS = (16, 15, 16)

Numbers = NDArray[np.int64]


def parts_of(share: float) -> int:
    """Return a share as so many parts of `WHOLE`."""
    return round(share * WHOLE)


def tossed(key: int, part: int, steps: Numbers, units: int, share: float) -> NDArray[np.bool_]:
    """Return which units stay as they are.

    Args:
        key: Of the layer's call, from 0 to 2⁶³ − 1.
        part: Of the state: 0 for h, 1 for c.
        steps: (B, T), which step of its row, as it is read, stands where.
        units: H.
        share: Probability of True.

    Returns:
        (B, T, H).
    """
    rows = np.arange(len(steps), dtype=np.uint64)
    whose = _draw(np.array([key], np.uint64), np.array([part], np.uint64))
    bits = _draw(_draw(whose, rows)[:, None], steps.astype(np.uint64))
    places = np.arange(units, dtype=np.uint32) * np.uint32(STRIDE)
    hashed = bits.astype(np.uint32)[:, :, None] + places
    for shift, factor in zip(SHIFTS, (FIRST, SECOND, 1), strict=True):
        hashed = (hashed ^ (hashed >> np.uint32(shift))) * np.uint32(factor)
    return (hashed >> np.uint32(8)) < parts_of(share)


def _draw(keys: NDArray[np.uint64], places: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return what `chance.draw` does, of arrays."""
    x = keys + places * GOLDEN
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    result: NDArray[np.uint64] = x ^ (x >> np.uint64(31))
    return result
