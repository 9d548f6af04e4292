"""The machine that races are run on: its cores, its name, and what every program is told."""

from __future__ import annotations

import os
import platform
from pathlib import Path

THREADS = 2
"""Threads of every program."""


def one_core_per_thread() -> str:
    """Keep this process and its children to so many cores where the system can; name them."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
    return f"{THREADS} cores of {_processor()}"


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    if facts.exists():
        for fact in facts.read_text("utf-8").splitlines():
            if fact.startswith("model name"):
                return fact.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def environment(passive: bool, **more: str) -> dict[str, str]:
    """Return the processes' environment: each program's own defaults, but for the threads.

    Args:
        passive: Let OpenMP's waiting threads sleep instead of spinning for a while. By default
            they spin, which is faster where nothing else runs and many times slower elsewhere.
        **more: Other variables.
    """
    kept = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    counts = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
    kept.update({name: str(THREADS) for name in counts})
    if passive:
        kept["OMP_WAIT_POLICY"] = "passive"
    return kept | more
