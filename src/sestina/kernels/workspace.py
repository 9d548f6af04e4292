"""Memory that is used over and over: fresh pages cost more than the arithmetic on them."""

from __future__ import annotations

import math
import weakref
from collections import deque
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.kernels.locks import Lock

ALIGNMENT = 64
KEPT = 1 << 30  # bytes that wait for the next use at most

_lock = Lock()
_free: list[NDArray[np.uint8]] = []
_returned: deque[NDArray[np.uint8]] = deque()  # a collection may give back while _lock is held


class Workspace:
    """Aligned float32 arrays in one block of memory, which returns to the pool when dropped."""

    def __init__(self, sizes: Sequence[int]) -> None:
        """Take room for arrays of `sizes` floats each."""
        starts = [0, *accumulate(-(-4 * size // ALIGNMENT) * ALIGNMENT for size in sizes)]
        block = _take(starts[-1] + 2 * ALIGNMENT)  # loads may pass an array's end
        first = -address(block) % ALIGNMENT
        self.arrays = [
            block[first + start : first + start + 4 * size].view(np.float32)
            for start, size in zip(starts, sizes, strict=False)
        ]
        self._release = weakref.finalize(self, _give_back, block)
        self._release.atexit = False

    def release(self) -> None:
        """Give the memory back before the workspace itself is dropped."""
        self._release()


def lend(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return an unfilled array whose memory returns to the pool when this very object is dropped.

    No view of it may live longer, which NumPy does not see to: it is meant to be handed to
    `torch.from_numpy` at once, since a tensor holds on to the object itself.
    """
    size = math.prod(shape)
    block = _take(4 * size + ALIGNMENT)
    first = -address(block) % ALIGNMENT
    array = block[first : first + 4 * size].view(np.float32).reshape(shape)
    weakref.finalize(array, _give_back, block).atexit = False
    return array


def address(array: NDArray[Any]) -> int:
    """Return where an array's first element lies."""
    return int(array.__array_interface__["data"][0])


def _take(size: int) -> NDArray[np.uint8]:
    """Return a block of at least `size` bytes: the smallest free one that is not far too large."""
    with _lock:
        _collect()
        fitting = [n for n, block in enumerate(_free) if size <= block.size <= 2 * size + 65536]
        if fitting:
            return _free.pop(min(fitting, key=lambda n: _free[n].size))
    return np.empty(size + size // 8, np.uint8)


def _give_back(block: NDArray[np.uint8]) -> None:
    """Keep a block for the next use."""
    _returned.append(block)
    if _lock.acquire(blocking=False):
        try:
            _collect()
        finally:
            _lock.release()


def _collect() -> None:
    """Make what was given back free; the oldest blocks go when there are too many."""
    while _returned:
        _free.append(_returned.popleft())
    while sum(one.size for one in _free) > KEPT:
        _free.pop(0)
