"""A race: every round runs every program once, so that all see the same machine minutes."""

from __future__ import annotations

import math
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from racing.results import Goal, Spread, judge
from racing.rounds import Calibration, interleave

from .job import Failed, Job, Ran
from .programs import Program
from .rows import OURS, Race

PRODUCTS = 9
"""Calibration products between two runs; their median counts."""
PATIENCE, PAUSE = 240.0, 3.0
"""Seconds that a run waits for a quiet machine at most, and between two looks."""
REPEATS = 2
"""How often a run is repeated at most that ended on a disturbed machine."""

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
        """Run a program; return what it did and the slower calibration, before and after it."""
        for _ in range(1 + REPEATS):
            before = self._settled()
            ran = program.run(job, folder)
            unrest = max(before, self._disturbance())
            if self.calibration.quiet(unrest):
                break
        return ran, unrest

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
        product = median(self.calibration.run() for _ in range(PRODUCTS))
        return product if self.calibration.near() else math.inf


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
