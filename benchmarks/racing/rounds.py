"""Interleaved rounds: every program once a round, so that all see the same machine minutes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

from .caches import COUNT, handing_over
from .machine import THREADS

SETTLE = 0.02
"""Seconds before each measurement in which the last program's spinning threads fall asleep."""
WARM = 0.05
"""Seconds of products before the one that is timed: woken threads may share a core for a while."""
NOISY = 1.3
"""A round is discarded where the calibration product took so many times its best."""
FAR = 2.5
"""Cores are far from each other that take so many times the best to hand a number over."""
TAKEN = 8.0
"""Beyond so many times the best, one of them was taken from us meanwhile."""
LOOKS = 4
NEAREST = 60e-9
"""Seconds that two cores with a common cache take; a run that begins while ours are far from each
other would not know how near they can be."""

T = TypeVar("T")


class Calibration:
    """A fixed matrix product on each core, whose time tells how disturbed the machine is.

    Its best is that of one core alone: where both cores are one in truth, as on a shared machine
    they can be for minutes, both together are always slower than that.
    """

    def __init__(self, size: int = 640) -> None:
        self.best, self._nearest = float("inf"), NEAREST
        self._pool = ThreadPoolExecutor(THREADS)
        square = np.random.default_rng(0).standard_normal((size, size), dtype=np.float32)
        self._factors = [(square, square.T.copy(), square.copy()) for _ in range(THREADS)]
        for _ in range(20):
            self.run(1)
            self.run()
            self.near()

    def run(self, cores: int = THREADS) -> float:
        """Return the seconds of one product on every core at once, everything else asleep."""
        time.sleep(SETTLE)
        with threadpool_limits(1):
            seconds, warm = self._product(cores), time.perf_counter() + WARM
            while time.perf_counter() < warm:
                seconds = self._product(cores)
        self.best = min(self.best, seconds)
        return seconds

    def _product(self, cores: int) -> float:
        start = time.perf_counter()
        list(self._pool.map(lambda f: np.matmul(f[0], f[1], out=f[2]), self._factors[:cores]))
        return time.perf_counter() - start

    def near(self, count: int = COUNT) -> bool | None:
        """Tell whether the cores have a cache in common, as they do not always on a shared machine.

        Threads that change the same rows are several times slower without. None: other programs
        have the cores, it cannot be told.
        """
        seconds = math.inf
        for _ in range(LOOKS):
            seconds = min(seconds, handing_over(self._pool, count))
            if seconds <= FAR * self._nearest:
                self._nearest = min(self._nearest, seconds)
                return True
        if seconds > TAKEN * self._nearest:
            return None
        self._nearest = min(self._nearest, seconds)
        return False

    def resign(self) -> None:
        """Take cores that were never near for such as never are."""
        if self._nearest == NEAREST:
            self._nearest = min(handing_over(self._pool) for _ in range(LOOKS))

    def quiet(self, seconds: float) -> bool:
        """Tell whether a product that took so long was not disturbed."""
        return seconds <= NOISY * self.best


@dataclass
class Counted(Generic[T]):
    """What the rounds gave that count."""

    turns: list[T]
    discarded: int = 0
    noisy: bool = False
    """Too many rounds were disturbed; all of them count."""


def interleave(
    turn: Callable[[], tuple[float, T]], rounds: int, most: int, calibration: Calibration
) -> Counted[T]:
    """Run rounds until enough of them were quiet.

    Args:
        turn: Runs every program once; returns the round's slowest calibration and its times.
        rounds: Rounds that shall count.
        most: Rounds at most, discarded ones included.
        calibration: What tells a disturbed round.
    """
    done: list[tuple[float, T]] = []
    kept: list[T] = []
    while len(kept) < rounds and len(done) < most:
        done.append(turn())
        kept = [times for noise, times in done if calibration.quiet(noise)]
    noisy = len(kept) < min(3, rounds)
    counted = [times for _, times in done] if noisy else kept
    return Counted(counted, len(done) - len(counted), noisy)
