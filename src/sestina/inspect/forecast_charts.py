"""Charts of forecasts: beside the truth, and how errors grow with the steps ahead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sestina.inspect.charts import DASHES
from sestina.inspect.vega import inline, library

if TYPE_CHECKING:
    from altair import LayerChart

Floats = NDArray[np.float64]
WIDTH, HEIGHT = 720, 260


def beside_truth(
    truth: Sequence[tuple[int, float]],
    forecasts: Mapping[str, Sequence[tuple[int, float]]],
    band: Sequence[tuple[int, float, float]] = (),
) -> LayerChart:
    """Return a stretch of a series, and what models foretold of it.

    Args:
        truth: Steps and values.
        forecasts: Steps and values foretold, by the model's name.
        band: Steps, and the lowest and highest quantile foretold of each.
    """
    lines = {"truth": truth, **forecasts}
    rows: list[dict[str, Any]] = [
        {"step": step, "value": value, "line": name}
        for name, points in lines.items()
        for step, value in points
    ]
    edges: list[dict[str, Any]] = [{"step": s, "value": a, "high": b} for s, a, b in band]
    x, y = _axes("step of the series", "value")
    layers = []
    if edges:
        area = inline(edges).mark_area(opacity=0.22, style="main").encode(x=x, y=y, y2="high:Q")
        layers.append(area)
    return _sized([*layers, *_lines(rows, list(lines), x, y)])


def by_step(errors: Mapping[str, Floats]) -> LayerChart:
    """Return the mean error of each step ahead, a line for each model.

    Args:
        errors: (H,) by the model's name.
    """
    rows: list[dict[str, Any]] = [
        {"step": step, "value": float(value), "line": name}
        for name, row in errors.items()
        for step, value in enumerate(row, 1)
    ]
    x, y = _axes("steps ahead", "scaled error (MASE)")
    return _sized(_lines(rows, list(errors), x, y))


def _axes(across: str, up: str) -> tuple[Any, Any]:
    alt = library()
    whole = alt.Axis(tickCount=8, format=",d", tickMinStep=1, grid=False)
    span = alt.Scale(zero=False, nice=False)
    x = alt.X("step:Q", title=across, axis=whole, scale=span)
    y = alt.Y("value:Q", title=up, scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=5))
    return x, y


def _lines(rows: list[dict[str, Any]], names: list[str], x: Any, y: Any) -> list[Any]:
    """Return one line per name, told apart by colour and by dashes."""
    alt = library()
    legend = alt.Legend(columns=3, symbolType="stroke", symbolSize=400)
    colours = alt.Scale(domain=names)
    dashes = alt.Scale(domain=names, range=[DASHES[n % len(DASHES)] for n in range(len(names))])
    base = inline(rows).encode(
        x=x, y=y, color=alt.Color("line:N", title=None, scale=colours, legend=legend)
    )
    dash = alt.StrokeDash("line:N", title=None, scale=dashes, legend=legend)
    return [base.mark_line().encode(strokeDash=dash)]


def _sized(layers: list[Any]) -> LayerChart:
    fit = {"type": "fit", "contains": "padding"}
    alt = library()
    sized: LayerChart = alt.layer(*layers).properties(width=WIDTH, height=HEIGHT, autosize=fit)
    return sized
