"""Ctrl-C between two steps of a training, not within one.

Python raises it wherever it is. Where that is a `__del__` or a callback, the exception is printed
and forgotten; elsewhere it may leave a step half done.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def held() -> Iterator[Callable[[], None]]:
    """Keep Ctrl-C until the function that this gives is called, which then raises it.

    A second one is raised at once. In threads other than the main one, and where something else
    than Python's own handler is in place, nothing changes.
    """
    came: list[int] = []

    def keep(number: int, frame: Any) -> None:
        if came:
            raise KeyboardInterrupt
        came.append(number)

    def look() -> None:
        if came:
            raise KeyboardInterrupt

    ours = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if ours:
        signal.signal(signal.SIGINT, keep)
    try:
        yield look
        look()
    finally:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def finishing(finish: Callable[[], None]) -> Iterator[None]:
    """Call a function at the end of the block, after Ctrl-C too, but not after an error."""
    try:
        yield
    except KeyboardInterrupt:
        finish()
        raise
    finish()
