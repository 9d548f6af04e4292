"""Compile a kernel on first use and keep it on disk, so that a machine compiles it once.

The folder's name holds a digest of the kernels' own sources, so that no stale code is ever run.
Numba itself is loaded when the first kernel is asked for, not before.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sestina.kernels.locks import Lock

_lock = Lock()
_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}


def say_nothing(name: str) -> None:
    """Let a kernel be compiled in silence."""


waiting: Callable[[str], None] = say_nothing
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
def _keeping(folder: Path) -> Iterator[None]:
    """Point Numba's cache to a folder meanwhile, and number functions from a random start.

    Numba tells functions of one name and signature apart by a number that counts from 1 in every
    process. Code kept by two processes would share such names, and a third process, which loads
    both, would run one's in place of the other's.
    """
    import numba
    from numba.core.bytecode import FunctionIdentity

    before, count = numba.config.CACHE_DIR, FunctionIdentity._unique_ids
    numba.config.CACHE_DIR = str(folder)
    FunctionIdentity._unique_ids = itertools.count(secrets.randbits(60))
    try:
        yield
    finally:
        numba.config.CACHE_DIR, FunctionIdentity._unique_ids = before, count


@contextmanager
def _optimising_little() -> Iterator[None]:
    """Have LLVM do the least: kernels name their vectors and tiles themselves.

    They are ready a fifth sooner, and as fast.
    """
    import numba

    before = numba.config.OPT
    numba.config.OPT = type(before)(1)
    try:
        yield
    finally:
        numba.config.OPT = before


def _made(name: str, make: Callable[[bool], Any]) -> Any:
    """Return what ``make(cache)`` gives: from the cache, from a fresh one if broken, or without.

    Errors of the kernel itself are raised.
    """
    from numba.core.errors import NumbaError

    for _ in range(2):
        folder = _writable()
        if folder is None:
            break
        if not any(folder.rglob(f"*.{name}-*.nbi")):
            waiting(name)
        try:
            with _keeping(folder), _optimising_little():
                return make(True)
        except NumbaError:  # the kernel's own fault, not the cache's
            raise
        except OSError:  # a full disk, say: what is kept there is good
            break
        except Exception:  # what Numba reads a torn file with may raise anything
            shutil.rmtree(folder, ignore_errors=True)
    waiting(name)
    with _optimising_little():
        return make(False)


_functions: dict[Callable[..., Any], Any] = {}


def compiled(function: Callable[..., Any], signature: Any, **options: Any) -> Any:
    """Return `function` compiled for one signature, from memory, from disk or anew."""
    if function not in _functions:
        import numba

        def make(cache: bool) -> Any:
            return numba.njit([signature], cache=cache, **_OPTIONS, **options)(function)

        with _lock:
            if function not in _functions:
                _functions[function] = _made(function.__name__, make)
    return _functions[function]


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

        signature = types.void(types.int64, types.int64)

        def make(cache: bool) -> Any:
            return numba.cfunc(signature, cache=cache, **_OPTIONS)(self.function)

        with _lock:
            if not self._address:
                self._compiled = _made(self.name, make)
                self._address = self._compiled.address
