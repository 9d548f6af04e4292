"""From times to lines of the table: medians, quartiles, ratios, goals reached or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import geometric_mean

import numpy as np
from racing.results import Goal, Spread, judge

from .contests import Contest
from .rounds import Measured
from .work import CELLS

TOLERANCE = 1e-5
"""Answers of two programs may differ by so much, relative where they exceed one."""
GRID: dict[str, float] = {"rnn": 9.0, "gru": 9.0, "lstm": 2.8}
GRID_LEAST = 1.7


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    name: str
    cell: str
    goal: Goal
    ours: Spread | None = None
    others: dict[str, Spread] = field(default_factory=dict)
    best: str | None = None
    """Which of the others counts: the one with the shortest median."""
    ratio: Spread | None = None
    """Over rounds, as the goal defines it."""
    reached: bool | None = None
    """None where there is no goal, or nothing to compare."""
    rounds: int = 0
    discarded: int = 0
    notes: tuple[str, ...] = ()


def line(contest: Contest, measured: Measured) -> Line:
    """Judge what a contest gave: ratios are taken within rounds, then their median."""
    notes = [f"{name}: {why}" for name, why in measured.absent.items()]
    seconds = {name: times for name, times in measured.seconds.items() if times}
    ours = seconds.pop(contest.ours, None)
    if ours is None or not seconds:
        return Line(contest.name, contest.cell, contest.goal, notes=tuple(notes))
    others = {name: Spread.of(times) for name, times in seconds.items()}
    best = min(others, key=lambda name: others[name].median)
    ratios = np.array(seconds[best]) / np.array(ours)
    if contest.goal.kind == "slower":
        ratios = 1 / ratios
    ratio = Spread.of([float(value) for value in ratios])
    reached = judge(contest.goal, ratio.median)
    if measured.noisy:
        notes.append("noisy")
    if not measured.difference <= TOLERANCE:
        notes.append(f"answers differ by {measured.difference:.1g}")
        reached = False
    return Line(
        contest.name,
        contest.cell,
        contest.goal,
        Spread.of(ours),
        others,
        best,
        ratio,
        reached,
        len(ours),
        measured.discarded,
        tuple(notes),
    )


def summaries(lines: Sequence[Line]) -> list[Line]:
    """Return two lines per cell over the grid against torch: geometric mean and least ratio."""
    out = []
    for cell, name in CELLS.items():
        ratios = [one.ratio.median for one in lines if one.cell == cell and one.ratio]
        if not ratios:
            continue
        for what, value, least in (
            ("geometric mean", geometric_mean(ratios), GRID[cell]),
            ("least", min(ratios), GRID_LEAST),
        ):
            goal, spread = Goal("faster", least), Spread.of([value])
            named = f"{name}, {what} of {len(ratios)}"
            out.append(Line(named, cell, goal, ratio=spread, reached=judge(goal, value)))
    return out
