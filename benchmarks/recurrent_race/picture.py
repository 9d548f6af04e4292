"""One picture of all races: a dot per shape, a tick where its goal lies."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from racing import picture

from .contests import ROWS
from .results import Line
from .work import CELLS

RACES = (1, 2, 3, 4, 5, 7, 8, 9)
"""The rows whose ratios are speed-ups over other programs."""


def draw(lines: Mapping[int, list[Line]], file: Path) -> None:
    """Write the picture as SVG; nothing where no race has been run."""
    dots = [
        picture.Dot(
            row=f"{number}. {ROWS[number].title}",
            series=CELLS[line.cell],
            ratio=line.ratio.median if line.others else None,  # a summary has but its goal
            goal=line.goal.value,
        )
        for number in RACES
        for line in lines.get(number, [])
        if line.ratio is not None
    ]
    title = "times as fast as the fastest other program"
    picture.draw(dots, list(CELLS.values()), title, file, step=15)
