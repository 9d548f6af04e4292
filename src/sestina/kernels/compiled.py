"""Compile a kernel on first use and keep it on disk, so that a machine compiles it once.

The folder's name holds a digest of the kernels' own sources, so that no stale code is ever run.
Numba itself is loaded when the first kernel is asked for, not before.
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

_LOCK = threading.RLock()
_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}

waiting: Callable[[str], None] = lambda name: None  # noqa: E731
"""Called with a kernel's name before it is compiled, not when it is read from disk."""


def cache_folder() -> Path:
    """Return where compiled kernels of this version, machine width and Numba are kept."""
    import numba

    from sestina.kernels.simd import LANES

    digest = hashlib.sha256(f"{numba.__version__} {LANES} {sys.version}".encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return _base() / "sestina" / f"kernels-{digest.hexdigest()[:16]}"


def _base() -> Path:
    """Return the user's folder for caches.

    Not one that others can write: what Numba keeps there is code.
    """
    asked = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    if asked:
        return Path(asked)
    if sys.platform == "win32" and os.environ.get("LOCALAPPDATA"):
        return Path(os.environ["LOCALAPPDATA"])
    home = Path(os.path.expanduser("~"))
    return home / ("Library/Caches" if sys.platform == "darwin" else ".cache")


def _writable() -> Path | None:
    """Return the cache folder, made if need be; None where it cannot be written."""
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


@contextmanager
def _cached() -> Iterator[bool]:
    """Point Numba's cache to our folder meanwhile; yield whether there is one."""
    import numba

    before, folder = numba.config.CACHE_DIR, _writable()
    if folder is not None:
        numba.config.CACHE_DIR = str(folder)
    try:
        yield folder is not None
    finally:
        numba.config.CACHE_DIR = before


_functions: dict[Callable[..., Any], Any] = {}


def compiled(function: Callable[..., Any], signature: Any, **options: Any) -> Any:
    """Return `function` compiled for one signature, from memory, from disk or anew."""
    if function not in _functions:
        import numba

        with _LOCK, _cached() as cache:
            if function not in _functions:
                _tell(function.__name__)
                jit = numba.njit([signature], cache=cache, **_OPTIONS, **options)
                _functions[function] = jit(function)
    return _functions[function]


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
            self._compile()
        return self._address

    def _compile(self) -> None:
        import numba
        from numba import types

        with _LOCK, _cached() as cache:
            if self._address:
                return
            _tell(self.name)
            signature = types.void(types.int64, types.int64)
            self._compiled = numba.cfunc(signature, cache=cache, **_OPTIONS)(self.function)
            self._address = self._compiled.address
