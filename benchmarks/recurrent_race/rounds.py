"""Interleaved rounds: every program once a round, so that all see the same machine minutes."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from .contests import Contest
from .program import Program
from .work import THREADS, difference

SETTLE = 0.02
"""Seconds before each measurement in which the last program's spinning threads fall asleep."""
NOISY = 1.3
"""A round is discarded where the calibration product took so many times its best."""


class Calibration:
    """A fixed matrix product on each core, whose time tells how disturbed the machine is."""

    def __init__(self, size: int = 640) -> None:
        self.best = float("inf")
        self._pool = ThreadPoolExecutor(THREADS)
        square = np.random.default_rng(0).standard_normal((size, size), dtype=np.float32)
        self._factors = [(square, square.T.copy(), square.copy()) for _ in range(THREADS)]
        for _ in range(20):
            self.run()

    def run(self) -> float:
        """Return the seconds of one product on every core at once, everything else asleep."""
        time.sleep(SETTLE)
        with threadpool_limits(1):
            start = time.perf_counter()
            list(self._pool.map(lambda f: np.matmul(f[0], f[1], out=f[2]), self._factors))
            seconds = time.perf_counter() - start
        self.best = min(self.best, seconds)
        return seconds


@dataclass
class Measured:
    """What the rounds of a contest gave."""

    seconds: dict[str, list[float]]
    """Entry → its times in the rounds that count, round by round."""
    absent: dict[str, str]
    """Entry → why it did not run."""
    discarded: int = 0
    noisy: bool = False
    """Too many rounds were disturbed; all of them count."""
    difference: float = 0.0
    """Largest difference between our answer and another's."""


def measure(
    contest: Contest,
    programs: dict[str, Program],
    rounds: int,
    most: int,
    calibration: Calibration,
) -> Measured:
    """Prepare every entry, warm it up, and time it in interleaved rounds.

    Args:
        contest: What runs.
        programs: The processes, by the names that entries have for them.
        rounds: Rounds that shall count.
        most: Rounds at most, discarded ones included.
        calibration: What tells a disturbed round.
    """
    absent, answers = {}, {}
    for program in programs.values():
        program.ask("forget")
    for name, entry in contest.entries.items():
        got = programs[entry.program].ask("prepare", slot=name, work=asdict(entry.work))
        if "absent" in got:
            absent[name] = got["absent"]
        else:
            answers[name] = got["answer"]
    if contest.ours in absent or len(answers) < 2:
        return Measured({}, absent)
    comparable = [answers[name] for name in contest.same & answers.keys()]
    apart = max(difference(answers[contest.ours], answer) for answer in comparable)
    done: list[tuple[float, dict[str, float]]] = []
    kept: list[dict[str, float]] = []
    while len(kept) < rounds and len(done) < most:
        done.append(_round(contest, programs, list(answers), absent, calibration))
        kept = [times for noise, times in done if noise <= NOISY * calibration.best]
    noisy = len(kept) < min(3, rounds)
    counted = [times for _, times in done] if noisy else kept
    names = [name for name in answers if name not in absent]
    seconds = {name: [times[name] for times in counted] for name in names}
    return Measured(seconds, absent, len(done) - len(counted), noisy, apart)


def _round(
    contest: Contest,
    programs: dict[str, Program],
    names: list[str],
    absent: dict[str, str],
    calibration: Calibration,
) -> tuple[float, dict[str, float]]:
    """Time every entry once; return the slowest calibration of the round, and the times."""
    noise, times = 0.0, {}
    for name in names:
        if name in absent:
            continue
        noise = max(noise, calibration.run())
        entry = contest.entries[name]
        got = programs[entry.program].ask("measure", slot=name)
        if "absent" in got:
            absent[name] = got["absent"]
        else:
            times[name] = got["seconds"] / entry.divide_by
    return max(noise, calibration.run()), times
