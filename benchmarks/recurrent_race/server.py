"""A program's own process: it prepares work and times repetitions when its parent asks.

    python -m recurrent_race.server NAME

Requests and replies are JSON, one a line, on standard input and output; whatever the program
itself prints goes to standard error. Between requests the process sleeps in a read.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from importlib import import_module
from typing import Any

from racing.machine import THREADS

from .work import NotThere, Prepared, Work

LEAST_SECONDS = 0.05
"""Work that is shorter is repeated until a measurement takes this long."""


class Server:
    """What one process holds: the program, and the work that is prepared in it."""

    def __init__(self, side: Any) -> None:
        self.side = side
        self.threads = THREADS
        side.use_threads(THREADS)
        self.ready: dict[str, tuple[Work, Prepared, float]] = {}

    def prepare(self, slot: str, work: dict[str, Any]) -> dict[str, Any]:
        """Build a piece of work and run it twice, an epoch once; reply with its answer."""
        piece = Work(**work)
        self._use_threads(piece.threads)
        prepared = self.side.prepare(piece)
        for _ in range(1 if piece.task == "epoch" else 2):
            seconds = _timed(prepared, 1)
        self.ready[slot] = piece, prepared, seconds
        return {"answer": prepared.answer}

    def measure(self, slot: str) -> dict[str, Any]:
        """Time a repetition; short work is run once unseen, then several times over."""
        piece, prepared, seconds = self.ready[slot]
        self._use_threads(piece.threads)
        if seconds < LEAST_SECONDS:
            seconds = min(seconds, _timed(prepared, 1))
        times = max(1, math.ceil(LEAST_SECONDS / seconds))
        return {"seconds": _timed(prepared, times) / times / prepared.parts}

    def forget(self) -> dict[str, Any]:
        """Let go of all prepared work."""
        self.ready.clear()
        return {}

    def _use_threads(self, threads: int) -> None:
        if threads != self.threads:
            self.side.use_threads(threads)
            self.threads = threads


def _timed(prepared: Prepared, times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        prepared.run()
    return time.perf_counter() - start


def reply(server: Server, request: dict[str, Any]) -> dict[str, Any]:
    """Do what a request asks; trouble becomes the reply "absent" with its reason."""
    try:
        return dict(getattr(server, request.pop("do"))(**request))
    except NotThere as error:
        return {"absent": str(error)}
    except Exception as error:
        text = " ".join(str(error).split())
        return {"absent": f"{type(error).__name__}: {text[:160]}"}


def main(name: str) -> None:
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever the program prints must not stand among the replies
    try:
        side = import_module(f".sides.{name}", __package__)
    except ImportError as error:
        print(json.dumps({"absent": f"{error.name or error} is not installed"}), file=out)
        return
    server = Server(side)
    print(json.dumps({"versions": side.VERSIONS}), file=out)
    for line in sys.stdin:
        print(json.dumps(reply(server, json.loads(line))), file=out)


if __name__ == "__main__":
    main(sys.argv[1])
