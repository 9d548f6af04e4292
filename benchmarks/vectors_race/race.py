"""A race: every round runs every program once, so that all see the same machine minutes."""

from __future__ import annotations

import math
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Self

from racing.caches import GLANCE
from racing.results import Goal, Spread, judge
from racing.rounds import Calibration, interleave

from .job import Failed, Job, Ran
from .programs import Program
from .rows import OURS, Race

PRODUCTS = 9
"""Calibration products between two runs; their median counts."""
PATIENCE, PAUSE = 240.0, 3.0
"""Seconds that a run waits for a quiet machine at most, and between two looks."""
LOOK = 2.0
"""Seconds between two looks, while a run lasts, whether both cores have a cache in common."""
DISTURBED = 0.1
"""A run is disturbed where at more than this share of the looks they had not."""
BUDGET = 120.0
"""Seconds in which a disturbed run is begun once more; the least disturbed one counts."""

Times = dict[str, Ran]
Judge = Callable[[Path], dict[str, float]]


@dataclass(frozen=True)
class Line:
    """One line of a table."""

    name: str
    goal: Goal
    speed: Spread | None = None
    """Words a second."""
    whole: Spread | None = None
    """Seconds of the whole run."""
    ratio: Spread | None = None
    """Over rounds, as the goal defines it."""
    reached: bool | None = None


@dataclass
class Finished:
    """What a race gave."""

    turns: list[Times]
    """The rounds that count."""
    absent: dict[str, str]
    """Entry → why it did not run."""
    notes: tuple[str, ...] = ()
    """Sentences about the rounds."""
    quality: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    """Entry → measure → value, a mapping for each seed."""


@dataclass
class Track:
    """What all races are run on.

    Attributes:
        programs: By name.
        calibration: What tells a disturbed round.
        rounds: Rounds that shall count.
        seeds: In so many of the first rounds vectors are judged.
        judge: What judges a file of vectors; None where nobody asked.
        spare: So many rounds can be discarded.
    """

    programs: Mapping[str, Program]
    calibration: Calibration
    rounds: int
    seeds: int = 0
    judge: Judge | None = None
    spare: int = 2

    def run(self, race: Race, text: Path) -> Finished:
        """Run a race on a text."""
        absent = {
            name: missing
            for name, entry in race.entries.items()
            if (missing := self.programs[entry.program].missing)
        }
        found = Finished([], absent, quality={name: [] for name in race.entries})
        done = 0

        def turn() -> tuple[float, Times]:
            nonlocal done
            done += 1
            return self._turn(race, text, done, found)

        rounds = max(self.rounds, self.seeds)
        counted = interleave(turn, rounds, rounds + self.spare, self.calibration)
        found.turns = counted.turns
        if counted.noisy:
            found.notes = ("Noisy: too many rounds were disturbed, and all count.",)
        elif counted.discarded:
            found.notes = (f"{counted.discarded} disturbed: not counted.",)
        return found

    def _turn(self, race: Race, text: Path, number: int, found: Finished) -> tuple[float, Times]:
        """Run every entry once; return the slowest calibration of the round, and the times."""
        noise, times = 0.0, {}
        for name, entry in race.entries.items():
            if name in found.absent:
                continue
            with tempfile.TemporaryDirectory() as folder:
                job = race.job_of(name, str(text), seed=number)
                try:
                    times[name], unrest = self._run(self.programs[entry.program], job, Path(folder))
                except Failed as error:
                    found.absent[name] = str(error)
                    continue
                noise = max(noise, unrest)
                shown = f"round {number}: {name} {times[name].training:.1f} s"
                print(shown, file=sys.stderr, flush=True)
                if self.judge and number <= self.seeds:
                    found.quality[name].append(self.judge(times[name].vectors))
        return noise, times

    def _run(self, program: Program, job: Job, folder: Path) -> tuple[Ran, float]:
        """Run a program until a run is not disturbed; return the least disturbed and how much."""
        tries: list[tuple[float, Ran]] = []
        until = time.monotonic() + BUDGET
        while True:
            place = folder / str(len(tries))
            place.mkdir()
            before = self._settled()
            with Looks(self.calibration) as looks:
                ran = program.run(job, place)
            calm = looks.far <= DISTURBED and self.calibration.quiet(max(before, self._product()))
            tries.append((looks.far, ran))
            if calm:
                return ran, before
            if time.monotonic() > until:
                return min(tries, key=lambda one: one[0])[1], math.inf

    def _settled(self) -> float:
        """Wait for a quiet machine; return the calibration then, or when patience ended."""
        until = time.monotonic() + PATIENCE
        while not self.calibration.quiet(unrest := self._disturbance()):
            if time.monotonic() > until:
                self.calibration.resign()
                break
            time.sleep(PAUSE)
        return unrest

    def _disturbance(self) -> float:
        """Return the calibration, or infinity where the cores have no cache in common."""
        product = self._product()
        return math.inf if self.calibration.near() is False else product

    def _product(self) -> float:
        return median(self.calibration.run() for _ in range(PRODUCTS))


class Looks:
    """Looks now and then, in a thread of its own, whether both cores have a cache in common.

    Attributes:
        far: Share of the looks at which they had not; known once the looks are over.
    """

    def __init__(self, calibration: Calibration) -> None:
        self.far = 0.0
        self._calibration, self._over = calibration, threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *ended: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        found: list[bool] = []
        while not self._over.wait(LOOK):
            near = self._calibration.near(GLANCE)
            if near is not None:
                found.append(near)
        self.far = 1 - sum(found) / len(found) if found else 0.0


def lines(race: Race, found: Finished, tokens: int) -> list[Line]:
    """Judge what a race gave: ratios are taken within rounds, then their median."""
    out = []
    for name, entry in race.entries.items():
        ours, theirs = series(found, OURS, race.whole), series(found, name, race.whole)
        if not theirs or name in found.absent:
            continue
        ratio = None
        if name != OURS and ours:
            ratio = Spread.of([their / our for their, our in zip(theirs, ours, strict=True)])
        rates = speeds(theirs, tokens * (1 if race.whole else race.job.epochs))
        whole = Spread.of([turn[name].whole for turn in found.turns])
        reached = None if ratio is None else judge(entry.goal, ratio.median)
        out.append(Line(name, entry.goal, rates, whole, ratio, reached))
    return out


def series(found: Finished, name: str, whole: bool = False) -> list[float]:
    """Return an entry's seconds, round by round."""
    runs = [turn[name] for turn in found.turns if name in turn]
    return [run.whole if whole else run.training for run in runs]


def speeds(seconds: Sequence[float], words: int) -> Spread:
    """Return the words a second."""
    return Spread.of([words / value for value in seconds])
