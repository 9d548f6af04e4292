"""How near two cores are to each other: a number in memory that they raise by turns."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

COUNT = 5_000
"""How often each core has its turn."""


@intrinsic
def _raised(typing: Any, address: Any, by: Any) -> Any:
    """Raise the integer at an address, for all threads at once; return it as it was."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = builder.inttoptr(args[0], ir.IntType(64).as_pointer())
        return builder.atomic_rmw("add", place, args[1], "seq_cst")

    return types.int64(types.int64, types.int64), build


@njit(nogil=True)
def _play(address: int, side: int, count: int) -> None:
    for turn in range(count):
        while _raised(address, 0) != 2 * turn + side:
            pass
        _raised(address, 1)


def handing_over(pool: ThreadPoolExecutor) -> float:
    """Return the seconds that a number takes from one core to another.

    Cores with a common cache take some 40 billionths of a second, others several times as long.
    """
    numbers = np.zeros(24, np.int64)  # a line of memory of its own lies within
    address = numbers.ctypes.data + 64 - numbers.ctypes.data % 64
    start = time.perf_counter()
    list(pool.map(lambda side: _play(address, side, COUNT), range(2)))
    return (time.perf_counter() - start) / COUNT / 2
