"""Compile a kernel on first use and keep it on disk, so that a machine compiles it once.

The folder's name holds a digest of the kernels' own sources, so that no stale code is ever run.
"""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numba
from numba import types

from sestina.kernels.simd import LANES

LOCK = threading.RLock()
OPTIONS = {"nogil": True, "error_model": "numpy"}

waiting: Callable[[str], None] = lambda name: None  # noqa: E731
"""Called with a kernel's name before it is compiled, not when it is read from disk."""


def cache_folder() -> Path:
    """Return where compiled kernels of this version, machine width and Numba are kept."""
    digest = hashlib.sha256(f"{numba.__version__} {LANES} {sys.version}".encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return _base() / "sestina" / f"kernels-{digest.hexdigest()[:16]}"


def _base() -> Path:
    """Return the user's folder for caches."""
    asked = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    if asked:
        return Path(asked)
    if sys.platform == "win32" and os.environ.get("LOCALAPPDATA"):
        return Path(os.environ["LOCALAPPDATA"])
    return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")


@contextmanager
def _cached() -> Iterator[bool]:
    """Point Numba's cache to our folder meanwhile; yield whether it can be written."""
    before = numba.config.CACHE_DIR
    try:
        folder = cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
        numba.config.CACHE_DIR = str(folder)
        yield os.access(folder, os.W_OK)
    except OSError:
        yield False
    finally:
        numba.config.CACHE_DIR = before


_functions: dict[Callable[..., Any], Any] = {}


def compiled(function: Callable[..., Any], signature: Any, **options: Any) -> Any:
    """Return `function` compiled for one signature, from memory, from disk or anew."""
    ready = _functions.get(function)
    if ready is None:
        with LOCK, _cached() as cache:
            _tell(function.__name__)
            ready = numba.njit([signature], cache=cache, **OPTIONS, **options)(function)
            _functions[function] = ready
    return ready


def _tell(name: str) -> None:
    """Call `waiting` if nothing on disk has this name."""
    if not any(cache_folder().rglob(f"*.{name}-*.nbi")):
        waiting(name)


class Kernel:
    """A chunk function ``f(chunk, arguments)``, both int64, compiled when its address is asked for.

    Args:
        function: Plain Python function; `arguments` is the address of its record of arguments.
    """

    def __init__(self, function: Callable[[int, int], None]) -> None:
        self.function = function
        self.name = function.__name__
        self._address = 0
        self._compiled: Any = None  # keeps the machine code alive

    @property
    def address(self) -> int:
        """Where the machine code starts."""
        if not self._address:
            with LOCK, _cached() as cache:
                _tell(self.name)
                self._compiled = numba.cfunc(
                    types.void(types.int64, types.int64), cache=cache, **OPTIONS
                )(self.function)
                self._address = self._compiled.address
        return self._address
