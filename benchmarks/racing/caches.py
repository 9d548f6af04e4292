"""How near two cores are to each other: a number in memory that they raise by turns."""

from __future__ import annotations

import math
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

COUNT = 5_000
"""How often each core has its turn."""
GLANCE = 2_500
"""So often while a program runs, which shall not notice."""
SPINS = 1_000
"""A core waits so many times the turns in all; then the other must have been taken from us."""
OVER = 1 << 40


@intrinsic
def _raised(typing: Any, address: Any, by: Any) -> Any:
    """Raise the integer at an address, for all threads at once; return it as it was."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = builder.inttoptr(args[0], ir.IntType(64).as_pointer())
        return builder.atomic_rmw("add", place, args[1], "seq_cst")

    return types.int64(types.int64, types.int64), build


@njit(nogil=True)
def _play(address: int, side: int, count: int) -> bool:
    spins = 0
    for turn in range(count):
        while True:
            found = _raised(address, 0)
            if found == 2 * turn + side:
                break
            spins += 1
            if found >= OVER or spins > SPINS * count:
                _raised(address, OVER)
                return False
        _raised(address, 1)
    return True


def handing_over(pool: ThreadPoolExecutor, count: int = COUNT) -> float:
    """Return the seconds that a number takes from one core to another.

    Cores with a common cache take some 40 billionths of a second, others several times as long;
    infinity says that another program had one of the cores.
    """
    numbers = np.zeros(24, np.int64)  # a line of memory of its own lies within
    address = numbers.ctypes.data + 64 - numbers.ctypes.data % 64
    start = time.perf_counter()
    played = list(pool.map(lambda side: _play(address, side, count), range(2)))
    return (time.perf_counter() - start) / count / 2 if all(played) else math.inf
