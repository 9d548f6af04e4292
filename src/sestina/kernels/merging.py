"""Add the changes that chunks kept to themselves to the table, chunk by chunk.

A row that several chunks have changed gets a share of each change: of few nearly their sum, of many
their mean times five. The sum of many would overshoot, since each of them went as far as it saw
fit on its own; their mean would learn too slowly.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sestina.kernels.asking import AHEAD, LINE
from sestina.kernels.compiled import Kernel
from sestina.kernels.contexts import arguments
from sestina.kernels.memory import (
    integer,
    number,
    prefetch,
    prefetch_to_write,
    short,
    write_short,
)
from sestina.kernels.simd import BYTES, fill, fma, load, store

OVERLAP = 0.2


def shares(most: int) -> NDArray[np.float32]:
    """Return how much of each change of one row is taken, by their number, (`most` + 1,)."""
    changes = np.arange(1, most + 1)
    taken = (1 - (1 - OVERLAP) ** changes) / (OVERLAP * changes)
    return np.append(0, taken).astype(np.float32)


@njit
def count_changes(a, part):
    """Count how many chunks have changed each row of a part."""
    for chunk in range(a.chunks):
        s = a.scratch + chunk * a.scratch_size
        for slot in range(1, integer(s + a.at_used) + 1):
            row = integer(s + a.at_used + 8 * slot)
            if row & (a.parts - 1) == part:
                write_short(a.changed + 4 * row, short(a.changed + 4 * row) + 1)


@njit
def forget_changes(a, part):
    """Set those counts to zero again."""
    for chunk in range(a.chunks):
        s = a.scratch + chunk * a.scratch_size
        for slot in range(1, integer(s + a.at_used) + 1):
            row = integer(s + a.at_used + 8 * slot)
            if row & (a.parts - 1) == part:
                write_short(a.changed + 4 * row, 0)


@njit
def ask_for_change(a, s, slot, part):
    """Ask for a change, and for its row of the table, if the row is of a part."""
    row = integer(s + a.at_used + 8 * slot)
    if row & (a.parts - 1) == part:
        for at in range(0, a.row, LINE):
            prefetch_to_write(a.table + row * a.row + at)
            prefetch(s + a.at_changes + slot * a.row + at)


def merge_changes(part, address):
    """Add the changes of the rows of one part: those whose last bits are `part`."""
    a = arguments(address)
    count_changes(a, part)
    for chunk in range(a.chunks):
        s = a.scratch + chunk * a.scratch_size
        used = integer(s + a.at_used)
        for slot in range(1, used + 1):
            ask_for_change(a, s, min(slot + AHEAD, used), part)
            row = integer(s + a.at_used + 8 * slot)
            if row & (a.parts - 1) == part:
                share = fill(number(a.shares + 4 * short(a.changed + 4 * row)))
                to, change = a.table + row * a.row, s + a.at_changes + slot * a.row
                for at in range(0, a.row, BYTES):
                    store(to + at, fma(load(change + at), share, load(to + at)))
                write_short(s + a.at_slots + 4 * row, 0)
    forget_changes(a, part)


MERGE = Kernel(merge_changes)
