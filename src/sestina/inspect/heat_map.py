"""Attention drawn: which tokens of the source each token of a translation looks at."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sestina.inspect.vega import inline, library

if TYPE_CHECKING:
    from altair import LayerChart

CELL, LETTER = 24, 7  # pixels of a token's cell, and of a letter of its name
SHOWN = 40  # tokens a side


def attention(weights: NDArray[Any], target: Sequence[str], source: Sequence[str]) -> LayerChart:
    """Return the weights as a grid: a row for each token of the translation, source tokens above.

    Args:
        weights: (T, S), 0 to 1. Of more than 40 tokens a side, the first are drawn.
        target: T tokens.
        source: S tokens.
    """
    alt = library()
    weights = np.asarray(weights)[:SHOWN, :SHOWN]
    rows = [
        {"target": int(t), "source": int(s), "weight": round(float(weight), 3)}
        for (t, s), weight in np.ndenumerate(weights)
    ]
    base = inline(rows).encode(
        x=_places("source", source[: weights.shape[1]], {"orient": "top", "labelAngle": -55,
                                                         "labelAlign": "left"}),
        y=_places("target", target[: weights.shape[0]], {}),
    )  # fmt: skip
    scale = alt.Scale(domain=[0, 1], range="heatmap")
    cells = base.mark_rect().encode(color=alt.Color("weight:Q", scale=scale, legend=None))
    overhang = LETTER * max((len(name) for name in source[-6:]), default=0) // 2
    chart: LayerChart = alt.layer(cells).properties(
        width=CELL * weights.shape[1],
        height=CELL * weights.shape[0],
        padding={"left": 2, "top": 2, "bottom": 2, "right": max(2, overhang)},
    )
    return chart


def _places(axis: str, names: Sequence[str], more: dict[str, Any]) -> Any:
    """Return an axis of places that shows their tokens, of which several may be the same."""
    alt = library()
    shown = [name if name.strip() else "␣" for name in names]
    plain = {"ticks": False, "domain": False, "grid": False, "labelLimit": 120,
             "labelPadding": 6, "labelOverlap": False}  # fmt: skip
    told = alt.Axis(
        labelExpr=f"{json.dumps(shown, ensure_ascii=False)}[datum.value]",
        title=None,
        **plain,
        **more,
    )
    scale = alt.Scale(domain=list(range(len(names))), paddingInner=0.06, paddingOuter=0)
    channel = alt.X if axis == "source" else alt.Y
    return channel(f"{axis}:O", axis=told, scale=scale)
