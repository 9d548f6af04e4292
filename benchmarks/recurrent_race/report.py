"""The table in Markdown and in JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from racing.pages import ordered
from racing.results import Goal, Spread, head, ratio, time, verdict
from racing.results import row as in_a_table

from .contests import ROWS
from .results import Line

MARKER = "recurrent layers"
HEAD = head("work", "Sestina", "others", "ratio (quartiles)", "goal", "reached")
INTRO = """\
Times are of one repetition, forward and backward, and medians over the rounds that count; \
quartiles in brackets. Every program runs in a process of its own, and each round times every \
program once, so that all see the same minutes. A ratio is taken within a round: the fastest \
other's time over ours where the goal is ≥, our time over the other's where it is ≤. The other \
that counts is bold. Rounds in which a fixed matrix product took more than 1.3 times its best \
are discarded; a line says noisy where that would leave fewer than three, and all count. All \
programs start from the same weights, and what they give is compared before \
anything is timed."""


def row(line: Line) -> str:
    """Return a line of the table."""
    ours = f"{time(line.ours.median)} ({_times(line.ours)})" if line.ours else "–"
    others = []
    for name, spread in line.others.items():
        shown = f"{name} {time(spread.median)}"
        others.append(f"**{shown}**" if name == line.best else shown)
    rounds = [f"{line.discarded} rounds discarded"] if line.discarded else []
    notes = "; ".join([*line.notes, *rounds])
    name = f"{line.name} *({notes})*" if notes else line.name
    shown = (ratio(line.ratio), str(line.goal), verdict(line.reached))
    return in_a_table((name, ours, ", ".join(others) or "–", *shown))


def _times(spread: Spread) -> str:
    return f"{time(spread.low)} – {time(spread.high)}"


def title(number: int) -> str:
    """Return the heading of a row of the goals' table and the head of its table."""
    return f"### {number}. {ROWS[number].title}\n\n{HEAD}"


def markdown(results: Mapping[str, Any]) -> str:
    """Return the whole report; `results` is what `record` makes and the JSON file holds."""
    parts = ["## Recurrent layers", INTRO]
    for number, found in ordered(results):
        about = f"Measured {found['when']} on {found['machine']}."
        table = "\n".join([title(number), *(row(line(fields)) for fields in found["lines"])])
        parts += [table, about]
    return "\n\n".join(parts) + "\n"


def line(fields: Mapping[str, Any]) -> Line:
    """Return a line as it was before it became JSON."""

    def spread(values: Mapping[str, float] | None) -> Spread | None:
        return None if values is None else Spread(**values)

    others = {name: Spread(**values) for name, values in fields["others"].items()}
    parts = {
        "goal": Goal(**fields["goal"]),
        "ours": spread(fields["ours"]),
        "ratio": spread(fields["ratio"]),
        "others": others,
        "notes": tuple(fields["notes"]),
    }
    return Line(**{**fields, **parts})


def record(lines: Iterable[Line], when: str, machine: str) -> dict[str, Any]:
    """Return one row of the goals' table as JSON keeps it."""
    return {"when": when, "machine": machine, "lines": [asdict(one) for one in lines]}


def lines(results: Mapping[str, Any]) -> dict[int, list[Line]]:
    """Return the lines of every row."""
    return {number: [line(one) for one in found["lines"]] for number, found in ordered(results)}
