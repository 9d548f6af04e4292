"""Charts of gradients over time: curves on logarithmic axes, eigenvalues, gates, norms by epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sestina.inspect.charts import DASHES, HEIGHT, History, sized
from sestina.inspect.vega import inline, library

if TYPE_CHECKING:
    from altair import LayerChart

Floats = NDArray[np.float64]

FLOOR = 1e-10  # what is less counts as nothing, and is not drawn
POINTS = 160  # of a curve
EIGENVALUES = 160  # of a layer that are drawn, the largest ones
SIDE = 300  # of the complex plane, in pixels
TICKS = 6  # of a logarithmic axis
AROUND = 72  # points of the unit circle


def over_time(
    curves: Mapping[str, Floats], what: str, mark: float | None = None, log: bool = True
) -> LayerChart:
    """Return norms by steps back from the last.

    Args:
        curves: (T,) each, of as many steps as they have, by name.
        what: Is drawn.
        mark: A norm to draw a line at.
        log: Whether on a logarithmic axis.
    """
    alt = library()
    rows: list[dict[str, Any]] = [
        {"back": k, "norm": float(values[k]), "line": name}
        for name, values in curves.items()
        for k in _some(len(values))
        if math.isfinite(values[k]) and values[k] > FLOOR
    ]
    steps = max((len(values) for values in curves.values()), default=1)
    axis = alt.Axis(tickCount=6, tickMinStep=1, format="d", grid=False)
    span = alt.Scale(domain=[0, max(steps - 1, 1)], nice=False)
    x = alt.X("back:Q", title="steps back from the last", axis=axis, scale=span)
    y = alt.Y("norm:Q", title=what, scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=5))
    if log:
        y = _log_axis(what, [row["norm"] for row in rows] + ([] if mark is None else [mark]))
    lines = inline(rows).mark_line().encode(x=x, y=y, **_told_apart(list(curves)))
    rule = inline([{"norm": mark}]).mark_rule(style="guide").encode(y=y)
    return sized(alt.layer(*([] if mark is None else [rule]), lines), _height(curves))


def spectrum(values: Mapping[str, NDArray[np.complex128]]) -> LayerChart:
    """Return eigenvalues in the complex plane, beside the unit circle.

    Args:
        values: (H,) of each gate.
    """
    alt = library()
    most = math.ceil(EIGENVALUES / max(len(values), 1))
    rows = [
        {"re": value.real, "im": value.imag, "line": name}
        for name, some in values.items()
        for value in sorted(some.tolist(), key=abs, reverse=True)[:most]
    ]
    edge = 1.1 * max([1.0, *(abs(complex(row["re"], row["im"])) for row in rows)])
    angles = [2 * math.pi * n / AROUND for n in range(AROUND + 1)]
    circle = [{"re": math.cos(a), "im": math.sin(a), "order": n} for n, a in enumerate(angles)]
    span = alt.Scale(domain=[-edge, edge], nice=False)
    axis = alt.Axis(tickCount=5, format=".3~g")
    x = alt.X("re:Q", title="real part", scale=span, axis=axis)
    y = alt.Y("im:Q", title="imaginary part", scale=span, axis=axis)
    ring = inline(circle).mark_line(style="guide").encode(x=x, y=y, order="order:Q")
    legend = alt.Legend(columns=4, symbolType="circle") if len(values) > 1 else None
    colour = alt.Color("line:N", title=None, scale=alt.Scale(domain=list(values)), legend=legend)
    points = inline(rows).mark_circle(size=34, opacity=0.75).encode(x=x, y=y, color=colour)
    chart: LayerChart = alt.layer(ring, points).properties(width=SIDE, height=SIDE)
    return chart


def gates(values: Mapping[str, Floats]) -> LayerChart:
    """Return how often gates have which values, as steps.

    Args:
        values: Shares of equal parts of 0 to 1, of each gate.
    """
    alt = library()
    rows = [
        {"value": n / len(shares), "share": float(shares[min(n, len(shares) - 1)]), "line": name}
        for name, shares in values.items()
        for n in range(len(shares) + 1)  # the last again, for the end of its step
    ]
    axis = alt.Axis(values=[0, 0.25, 0.5, 0.75, 1], format="%", grid=False)
    x = alt.X("value:Q", title="a gate's value", axis=axis, scale=alt.Scale(domain=[0, 1]))
    y = alt.Y("share:Q", title="share of all steps", axis=alt.Axis(tickCount=5, format="%"))
    lines = inline(rows).mark_line(interpolate="step-after")
    return sized(alt.layer(lines.encode(x=x, y=y, **_told_apart(list(values)))), _height(values))


def norms(history: History) -> LayerChart:
    """Return the gradient's norm by epoch, its mean and its largest, on a logarithmic axis."""
    alt = library()
    names = {"gradient_norm": "mean", "gradient_peak": "largest step"}
    rows: list[dict[str, Any]] = [
        {"epoch": row["epoch"], "norm": row[key], "line": name}
        for key, name in names.items()
        for row in history
        if row.get(key, 0.0) > FLOOR
    ]
    axis = alt.Axis(tickCount=min(8, len(history)), tickMinStep=1, format="d", grid=False)
    span = alt.Scale(domain=[0.7, len(history) + 0.3], nice=False, zero=False)
    x = alt.X("epoch:Q", title="epoch", axis=axis, scale=span)
    y = _log_axis("norm", [row["norm"] for row in rows])
    base = inline(rows).encode(x=x, y=y, **_told_apart(list(names.values())))
    return sized(alt.layer(base.mark_line(), base.mark_circle(size=28, opacity=1)))


def _some(length: int) -> list[int]:
    """Return which points of a curve are drawn: both ends, and evenly between them."""
    return sorted({round(k) for k in np.linspace(0, length - 1, min(length, POINTS))})


def _log_axis(what: str, values: Sequence[float]) -> Any:
    """Return an axis from a power of ten to another, with ticks at such powers alone."""
    alt = library()
    low = math.floor(math.log10(min(values, default=1.0)))
    high = max(math.ceil(math.log10(max(values, default=1.0))), low + 1)
    ticks = [10.0**n for n in range(low, high + 1, math.ceil((high - low) / TICKS))]
    scale = alt.Scale(type="log", domain=[10.0**low, 10.0**high], nice=False)
    return alt.Y("norm:Q", title=what, scale=scale, axis=alt.Axis(values=ticks, format="~g"))


def _told_apart(names: list[str]) -> dict[str, Any]:
    """Return the encoding of lines by colour and dashes, with a legend where there are several."""
    alt = library()
    columns = 2 if max(map(len, names), default=0) < 20 else 1
    legend = alt.Legend(columns=columns, symbolType="stroke", symbolSize=400)
    shown = {"title": None, "legend": legend if names[1:] else None}
    dashes = [DASHES[n % len(DASHES)] for n in range(len(names))]
    return {
        "color": alt.Color("line:N", scale=alt.Scale(domain=names), **shown),
        "strokeDash": alt.StrokeDash(
            "line:N", scale=alt.Scale(domain=names, range=dashes), **shown
        ),
    }


def _height(names: Mapping[str, Any]) -> int:
    """Return the height of a chart with room for its legend."""
    columns = 2 if max(map(len, names), default=0) < 20 else 1
    return HEIGHT + (18 * math.ceil(len(names) / columns) if len(names) > 1 else 0)
