"""The table in Markdown and in JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .contests import ROWS, Goal
from .results import Line, Spread

BEGIN, END = "<!-- recurrent layers: begin -->", "<!-- recurrent layers: end -->"
HEAD = "| work | Sestina | others | ratio (quartiles) | goal | reached |\n|---|---|---|---|---|---|"
INTRO = """\
Times are of one repetition, forward and backward, and medians over the rounds that count; \
quartiles in brackets. Every program runs in a process of its own, and each round times every \
program once, so that all see the same minutes. A ratio is taken within a round: the fastest \
other's time over ours where the goal is ≥, our time over the other's where it is ≤. The other \
that counts is bold. Rounds in which a fixed matrix product took more than 1.3 times its best \
are discarded; a line says noisy where that would leave fewer than three, and all count. All \
programs start from the same weights, and what they give is compared before \
anything is timed."""


def time(seconds: float) -> str:
    """Return a time with three digits and its unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= 0.9995 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


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
    reached = {None: "–", True: "yes", False: "**no**"}[line.reached]
    cells = (name, ours, ", ".join(others) or "–", _ratio(line.ratio), goal(line.goal), reached)
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def goal(goal: Goal) -> str:
    """Return a goal in short."""
    if goal.value is None:
        return "–"
    sign, unit = ("≥", "×") if goal.kind == "faster" else ("≤", "×")
    return f"{sign} {goal.value:g} {'s' if goal.kind == 'seconds' else unit}"


def _times(spread: Spread) -> str:
    return f"{time(spread.low)} – {time(spread.high)}"


def _ratio(ratio: Spread | None) -> str:
    if ratio is None:
        return "–"
    if ratio.low == ratio.high:
        return f"{ratio.median:.2f}×"
    return f"{ratio.median:.2f}× ({ratio.low:.2f} – {ratio.high:.2f})"


def title(number: int) -> str:
    """Return the heading of a row of the issue's table and the head of its table."""
    return f"### {number}. {ROWS[number].title}\n\n{HEAD}"


def markdown(results: Mapping[str, Any]) -> str:
    """Return the whole report; `results` is what `record` makes and the JSON file holds."""
    parts = ["## Recurrent layers", INTRO]
    for number, found in _ordered(results):
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
    """Return one row of the issue's table as JSON keeps it."""
    return {"when": when, "machine": machine, "lines": [asdict(one) for one in lines]}


def lines(results: Mapping[str, Any]) -> dict[int, list[Line]]:
    """Return the lines of every row."""
    return {number: [line(one) for one in found["lines"]] for number, found in _ordered(results)}


def read(folder: Path) -> dict[str, Any]:
    """Return earlier results in a folder, row → record."""
    file = folder / "results.json"
    return dict(json.loads(file.read_text("utf-8"))) if file.exists() else {}


def write(results: Mapping[str, Any], folder: Path) -> None:
    """Write results.json and table.md into a folder."""
    text = json.dumps(results, indent=1, ensure_ascii=False)
    (folder / "results.json").write_text(text + "\n", "utf-8")
    (folder / "table.md").write_text(markdown(results), "utf-8")


def publish(results: Mapping[str, Any], page: Path, picture: str) -> None:
    """Put the report between the markers of a page, at its end where it has none."""
    text = page.read_text("utf-8")
    if BEGIN not in text:
        text = f"{text.rstrip()}\n\n{BEGIN}\n{END}\n"
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    shown = f"![Speed-up over the fastest other program]({picture})"
    text = f"{before}{BEGIN}\n{markdown(results)}\n{shown}\n{END}{after}"
    page.write_text(text, "utf-8")


def _ordered(results: Mapping[str, Any]) -> list[tuple[int, Any]]:
    return sorted((int(number), found) for number, found in results.items())
