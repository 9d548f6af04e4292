"""Memory that is used over and over: fresh pages cost more than the arithmetic on them."""

from __future__ import annotations

import math
from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.kernels.locks import Lock

ALIGNMENT = 64
KEPT = 2 << 30  # bytes that wait for the next use at most

Block = NDArray[np.uint8]

_lock = Lock()
_free: list[Block] = []
_returned: deque[Block] = deque()  # a collection may give back while _lock is held


class Workspace:
    """An aligned piece of memory, which returns to the pool when dropped.

    Attributes:
        address: Where it starts. Loads may pass its end by `ALIGNMENT` bytes.
    """

    def __init__(self, size: int) -> None:
        """Take room for `size` bytes."""
        self._block: Block | None = None  # should taking fail
        self._block = _take(size + 2 * ALIGNMENT)
        self.address = -(-address(self._block) // ALIGNMENT) * ALIGNMENT

    def release(self) -> None:
        """Give the memory back before the workspace itself is dropped."""
        block, self._block = self._block, None
        if block is not None:
            _give_back(block)

    __del__ = release


class _Lent(Workspace):
    """A workspace that NumPy takes for an array."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(4 * math.prod(shape))
        place = (self.address, False)
        self.__array_interface__ = {"data": place, "shape": shape, "typestr": "=f4", "version": 3}


def lend(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return an unfilled array whose memory returns to the pool with its last view."""
    return np.asarray(_Lent(shape))


def address(memory: Any) -> int:
    """Return where an array's, or a tensor's, first element lies."""
    if isinstance(memory, np.ndarray):
        return int(memory.__array_interface__["data"][0])
    return int(memory.data_ptr())


def _take(size: int) -> Block:
    """Return a block of at least `size` bytes: the smallest free one that is not far too large."""
    with _lock:
        _collect()
        best = -1
        for n, block in enumerate(_free):
            if size <= block.size <= 2 * size + 65536 and (
                best < 0 or block.size < _free[best].size
            ):
                best = n
        if best >= 0:
            return _free.pop(best)
    return np.empty(size + size // 8, np.uint8)


def _give_back(block: Block) -> None:
    """Keep a block for the next use."""
    _returned.append(block)
    if _lock.acquire(blocking=False):
        try:
            _collect()
        finally:
            _lock.release()


def _collect() -> None:
    """Make what was given back free; the oldest blocks go when there are too many."""
    if not _returned:
        return
    while _returned:
        _free.append(_returned.popleft())
    while sum(one.size for one in _free) > KEPT:
        _free.pop(0)
