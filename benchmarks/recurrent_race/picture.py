"""One picture of all races: a dot per shape, a tick where its goal lies."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sestina.inspect.charts import THEMES

from .contests import ROWS
from .results import Line
from .work import CELLS

RACES = (1, 2, 3, 4, 5, 7, 8, 9)
"""The rows whose ratios are speed-ups over other programs."""


def draw(lines: Mapping[int, list[Line]], file: Path) -> None:
    """Write the picture as SVG; nothing where no race has been run."""
    import altair as alt

    dots = [
        {
            "row": f"{number}. {ROWS[number].title}",
            "cell": CELLS[line.cell],
            "ratio": line.ratio.median if line.others else None,  # a summary has but its goal
            "goal": line.goal.value,
        }
        for number in RACES
        for line in lines.get(number, [])
        if line.ratio is not None
    ]
    if not dots:
        return
    order = list(dict.fromkeys(dot["row"] for dot in dots))
    colours = alt.Scale(domain=list(CELLS.values()), range=THEMES["light"]["series"][:3])
    across = alt.Scale(type="log", nice=False)
    axis = alt.Axis(values=[0.5, 1, 2, 3, 5, 10, 20, 30], format="~g")
    base = alt.Chart(alt.InlineData(values=dots)).encode(
        y=alt.Y("row:N", title=None, sort=order, axis=alt.Axis(labelLimit=320)),
        yOffset=alt.YOffset("cell:N", sort=list(CELLS.values())),
        color=alt.Color("cell:N", title=None, scale=colours, legend=alt.Legend(orient="top")),
    )
    title = "times as fast as the fastest other program"
    ratio = alt.X("ratio:Q", title=title, scale=across, axis=axis)
    one = alt.Chart(alt.InlineData(values=[{"ratio": 1}])).mark_rule(strokeDash=[4, 3])
    goals = base.transform_filter("datum.goal != null")
    layers = [
        one.encode(x=ratio),
        goals.mark_tick(thickness=2, size=11).encode(x=alt.X("goal:Q", title=title, scale=across)),
        base.transform_filter("datum.ratio != null").mark_circle(size=42).encode(x=ratio),
    ]
    chart = alt.layer(*layers).properties(width=430, height=alt.Step(15))
    chart.configure(background="white", font="sans-serif").configure_view(stroke=None).save(file)
