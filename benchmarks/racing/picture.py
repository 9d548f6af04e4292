"""One picture of all races: a dot per ratio, a tick where its goal lies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from sestina.inspect.charts import THEMES


class Dot(NamedTuple):
    """One ratio, or a goal alone."""

    row: str
    series: str
    ratio: float | None
    goal: float | None


def draw(dots: Sequence[Dot], series: Sequence[str], title: str, file: Path, step: int) -> None:
    """Write the picture as SVG; nothing where no race has been run.

    Args:
        dots: What is shown.
        series: Names of the colours, in their order.
        title: What a ratio is.
        file: Where the picture goes.
        step: Height of a dot's line.
    """
    import altair as alt

    if not dots:
        return
    values = [dot._asdict() for dot in dots]
    order = list(dict.fromkeys(dot.row for dot in dots))
    shown = [name for name in series if any(dot.series == name for dot in dots)]
    colours = alt.Scale(domain=shown, range=THEMES["light"]["series"][: len(shown)])
    across = alt.Scale(type="log", nice=False)
    axis = alt.Axis(values=[0.5, 1, 2, 3, 5, 10, 20, 30], format="~g")
    base = alt.Chart(alt.InlineData(values=values)).encode(
        y=alt.Y("row:N", title=None, sort=order, axis=alt.Axis(labelLimit=320)),
        yOffset=alt.YOffset("series:N", sort=shown),
        color=alt.Color("series:N", title=None, scale=colours, legend=alt.Legend(orient="top")),
    )
    ratio = alt.X("ratio:Q", title=title, scale=across, axis=axis)
    one = alt.Chart(alt.InlineData(values=[{"ratio": 1}])).mark_rule(strokeDash=[4, 3])
    goals = base.transform_filter("datum.goal != null")
    layers = [
        one.encode(x=ratio),
        goals.mark_tick(thickness=2, size=11).encode(x=alt.X("goal:Q", title=title, scale=across)),
        base.transform_filter("datum.ratio != null").mark_circle(size=42).encode(x=ratio),
    ]
    chart = alt.layer(*layers).properties(width=430, height=alt.Step(step))
    chart.configure(background="white", font="sans-serif").configure_view(stroke=None).save(file)
