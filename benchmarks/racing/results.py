"""Medians and quartiles, goals reached or not, and how both are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np


@dataclass(frozen=True)
class Goal:
    """What a ratio must reach.

    "faster": the best other's time over ours, at least. "slower": ours over the other's, at most.
    "seconds": our own time, at most.
    """

    kind: Literal["faster", "slower", "seconds"]
    value: float | None = None

    def __str__(self) -> str:
        if self.value is None:
            return "–"
        sign, unit = ("≥", "×") if self.kind == "faster" else ("≤", "×")
        return f"{sign} {self.value:g} {'s' if self.kind == 'seconds' else unit}"


@dataclass(frozen=True)
class Spread:
    """Median and quartiles."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Return the spread of some values."""
        low, median, high = (float(q) for q in np.quantile(values, [0.25, 0.5, 0.75]))
        return cls(median, low, high)


def judge(goal: Goal, value: float) -> bool | None:
    """Tell whether a ratio, or a time, reaches its goal; None without one."""
    if goal.value is None:
        return None
    return value >= goal.value if goal.kind == "faster" else value <= goal.value


def verdict(reached: bool | None) -> str:
    """Return a judgement in a word."""
    return {None: "–", True: "yes", False: "**no**"}[reached]


def time(seconds: float) -> str:
    """Return a time with three digits and its unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= 0.9995 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def ratio(found: Spread | None) -> str:
    """Return a ratio and its quartiles."""
    if found is None:
        return "–"
    if found.low == found.high:
        return f"{found.median:.2f}×"
    return f"{found.median:.2f}× ({found.low:.2f} – {found.high:.2f})"


def row(cells: Sequence[str]) -> str:
    """Return a line of a Markdown table."""
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def head(*names: str) -> str:
    """Return the head of a Markdown table."""
    return f"{row(names)}\n{'|---' * len(names)}|"
