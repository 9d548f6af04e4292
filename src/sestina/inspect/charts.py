"""Charts of how models do: one function per chart, drawn as SVG for a light and for a dark page.

The functions return Altair charts that name roles ("main", "limit", …) rather than colours;
`svg` gives the roles the colours of a theme.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sestina.errors import MissingExtra

if TYPE_CHECKING:
    from altair import LayerChart

    from sestina.inspect.evaluate import Rung

History = Sequence[Mapping[str, float]]
WIDTH, HEIGHT = 350, 230
# Okabe & Ito (2008), darkened or lightened until each colour stands out 3 : 1 from its page
THEMES: dict[str, dict[str, Any]] = {
    "light": {
        "ink": "#1c2126", "muted": "#586069", "line": "#d9dee3",
        "main": "#0067a5", "other": "#6b747d", "limit": "#b34700",
        "series": ["#0067a5", "#c25200", "#00805c", "#a8508a", "#7a6400", "#2f8fc4", "#1c2126"],
        "heat": ["#f0f4f8", "#3b78b8", "#0b2e5a"], "cold_ink": "#14181c", "hot_ink": "#ffffff",
    },
    "dark": {
        "ink": "#e6e9ec", "muted": "#a4adb6", "line": "#363e47",
        "main": "#62b4ee", "other": "#99a3ad", "limit": "#ff9a57",
        "series": ["#62b4ee", "#ff9a57", "#3fc79a", "#e59ccb", "#e6cf4f", "#9bd0f5", "#e6e9ec"],
        "heat": ["#212830", "#3b78b8", "#bfe0ff"], "cold_ink": "#ffffff", "hot_ink": "#0d1116",
    },
}  # fmt: skip
DASHES = [[1, 0], [7, 3], [2, 3], [9, 3, 2, 3], [4, 2], [12, 4], [1, 4]]


def ladder(rungs: Sequence[Rung], main: str) -> LayerChart:
    """Return one row per model: its name, its accuracy as a dot, its 95 % interval as a bar."""
    alt = _altair()
    rows = [
        {
            "model": str(place),
            "name": shorten(rung.name, 44),
            "kind": "main" if rung.name == main else "other",
            "accuracy": rung.figures["accuracy"],
            "low": rung.figures["interval"][0],
            "high": rung.figures["interval"][1],
            "shown": f"{rung.figures['accuracy']:.3f}",
        }
        for place, rung in enumerate(rungs)
    ]
    low, high = min(row["low"] for row in rows), max(row["high"] for row in rows)
    room = max(0.01, 0.05 * (high - low))
    span = [max(0.0, low - room), min(1.0, high + room)]
    y = alt.Y("model:N", sort=None, axis=None)
    x = alt.X(
        "accuracy:Q", title="accuracy on the test part",
        scale=alt.Scale(domain=span, nice=True, zero=False), axis=alt.Axis(tickCount=5),
    )
    layers = []
    for kind in ("other", "main"):
        some = _table(rows).transform_filter(alt.datum.kind == kind)
        layers += [
            some.mark_rule(style=kind, strokeWidth=3, yOffset=9).encode(y=y, x=x.title(None),
                                                                      x2="high:Q").encode(x="low:Q"),
            some.mark_circle(style=kind, size=110, opacity=1, yOffset=9).encode(y=y, x=x),
        ]
        for field, place, side in (("name", 0, "left"), ("shown", "width", "right")):
            layers.append(
                some.mark_text(style=f"{kind}_text", align=side, yOffset=-9)
                .encode(y=y, x=alt.value(place), text=f"{field}:N")
            )
    return _sized(alt.layer(*layers), height=46 * len(rows) + 46)


def losses(history: History, best: int) -> LayerChart:
    """Return the training and validation loss by epoch, with the best epoch marked."""
    alt = _altair()
    rows = [
        {"epoch": row["epoch"], "value": row[key], "part": part}
        for key, part in (("loss", "training"), ("validation_loss", "validation"))
        for row in history
        if key in row
    ]
    value = alt.Y("value:Q", title="loss", scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=5))
    lines = _lines(rows, "part", ["training", "validation"], len(history), value)
    return _sized(alt.layer(_best_rule(best, len(history)), lines))


def accuracies(histories: Mapping[str, History], best: Mapping[str, int]) -> LayerChart:
    """Return the validation accuracy of one net or several by epoch; the best epochs have rings.

    Args:
        histories: Rows per epoch, by name of the net.
        best: The best epoch, by name of the net.
    """
    alt = _altair()
    names = dict(zip(histories, unique([shorten(name, 40) for name in histories]), strict=True))
    rows = [
        {"epoch": row["epoch"], "value": row["validation_accuracy"], "net": names[name],
         "best": row["epoch"] == best[name]}
        for name, history in histories.items()
        for row in history
        if "validation_accuracy" in row
    ]
    value = alt.Y(
        "value:Q", title="validation accuracy", scale=alt.Scale(zero=False),
        axis=alt.Axis(tickCount=5),
    )
    longest = max(map(len, histories.values()))
    layers = [_lines(rows, "net", list(names.values()), longest, value)]
    layers.append(
        _table(rows).transform_filter(alt.datum.best)
        .mark_point(size=150, filled=False, strokeWidth=2, opacity=1)
        .encode(x=_epochs(longest), y=value, color=alt.Color("net:N", sort=None, legend=None))
    )
    if len(histories) == 1:
        layers.insert(0, _best_rule(next(iter(best.values())), longest))
    return _sized(alt.layer(*layers).resolve_legend(color="independent"),
                  height=HEIGHT + (20 * len(names) if len(names) > 1 else 0))


def confusion(counts: NDArray[np.int64], totals: NDArray[np.int64], names: list[str]) -> LayerChart:
    """Return the confusion matrix: counts as numbers, the share of the true class as colour.

    Args:
        counts: (K, K), true class by predicted class.
        totals: Texts of each true class, (K,), whatever they were taken for.
        names: K different class names.
    """
    alt = _altair()
    rows = [
        {"true": i, "guess": j, "count": int(n), "share": float(n / max(totals[i], 1))}
        for (i, j), n in np.ndenumerate(counts)
    ]
    widest = len(f"{counts.max(initial=0):,}")
    cell = max(min(110, 260 // len(names)), 11 + 7 * widest, 24)
    place = alt.Scale(domain=list(range(len(names))), paddingInner=0.06, paddingOuter=0)
    label = {"labelExpr": f"{names!r}[datum.value]" if False else _label_expression(names)}
    slanted = max(map(len, names)) * 7 > cell
    top = alt.Axis(orient="top", ticks=False, domain=False, grid=False, labelLimit=160,
                   labelAngle=-45 if slanted else 0, labelAlign="left" if slanted else "center",
                   labelOverlap=False, labelPadding=5, **label)
    side = alt.Axis(ticks=False, domain=False, grid=False, labelLimit=160, labelOverlap=False, **label)
    base = _table(rows).encode(
        x=alt.X("guess:O", title="predicted", scale=place, axis=top),
        y=alt.Y("true:O", title="true", scale=place, axis=side),
    )
    colour = alt.Color("share:Q", scale=alt.Scale(domain=[0, 1], range="heatmap"), legend=None)
    layers = [base.mark_rect(cornerRadius=2).encode(color=colour)]
    for style, part in (("cold", alt.datum.share <= 0.5), ("hot", alt.datum.share > 0.5)):
        some = base.transform_filter(part & (alt.datum["count"] > 0))
        layers.append(some.mark_text(style=style).encode(text=alt.Text("count:Q", format=",")))
    return alt.layer(*layers).properties(width=cell * len(names), height=cell * len(names))


def decisions(rows: Sequence[Mapping[str, Any]], names: list[str]) -> LayerChart:
    """Return, per label of a multi-label problem, how often it was found, missed, or put in vain.

    Args:
        rows: "found", "missed" and "false" per label.
        names: As many different label names.
    """
    alt = _altair()
    kinds = {"found": "found", "missed": "missed", "false": "put wrongly"}
    values = [
        {"label": name, "kind": kind, "texts": row[key], "order": order}
        for name, row in zip(names, rows, strict=True)
        for order, (key, kind) in enumerate(kinds.items())
    ]
    legend = alt.Legend(title=None, columns=3)
    bars = _table(values).mark_bar(height={"band": 0.7}).encode(
        x=alt.X("texts:Q", title="texts", axis=alt.Axis(tickCount=5, format=",d", tickMinStep=1)),
        y=alt.Y("label:N", sort=names, title=None, axis=alt.Axis(ticks=False, domain=False)),
        color=alt.Color("kind:N", sort=list(kinds.values()), legend=legend),
        order="order:Q",
    )
    return _sized(alt.layer(bars), height=26 * len(names) + 70)


def calibration(rows: Sequence[Mapping[str, float]], least: float) -> LayerChart:
    """Return the share of right answers by stated confidence, beside the diagonal of honesty.

    Args:
        rows: What `sestina.metrics.calibration` returns.
        least: The lowest confidence that can occur.
    """
    alt = _altair()
    axis = alt.Axis(tickCount=5, format="%")
    span = alt.Scale(domain=[least, 1], nice=False)
    x = alt.X("confidence:Q", title="confidence", scale=span, axis=axis)
    low = min(least, min((row["accuracy"] for row in rows), default=least))
    y = alt.Y("accuracy:Q", title="share that is right",
              scale=alt.Scale(domain=[math.floor(low * 10) / 10, 1]), axis=axis)
    ends = [{"confidence": least, "accuracy": least}, {"confidence": 1, "accuracy": 1}]
    base = _table([dict(row) for row in rows]).encode(x=x, y=y)
    size = alt.Size("count:Q", scale=alt.Scale(range=[45, 420], zero=True), legend=None)
    return _sized(alt.layer(
        _table(ends).mark_line(style="guide").encode(x=x, y=y),
        base.mark_line(style="main", strokeWidth=2),
        base.mark_circle(style="main", opacity=1).encode(size=size),
    ), height=270)


def lengths(counts: NDArray[np.int64], limit: int) -> LayerChart:
    """Return a histogram of text lengths, with a line where texts are cut if it is near.

    Args:
        counts: Tokens of each text, (N,), N ≥ 1.
        limit: Tokens that are read of a text at most.
    """
    alt = _altair()
    width, last = length_bins(counts)
    place = np.minimum(counts // width, last)
    texts = np.bincount(place, minlength=last + 1)
    rows = [{"from": n * width, "to": (n + 1) * width, "texts": int(k)} for n, k in enumerate(texts)]
    end = (last + 1) * width
    shown = limit <= 1.3 * end
    x = alt.X("from:Q", title="tokens in a text", axis=alt.Axis(tickCount=6, format=",d"),
              scale=alt.Scale(domain=[0, max(end, 1.04 * limit) if shown else end], nice=False))
    y = alt.Y("texts:Q", title="training texts", axis=alt.Axis(tickCount=5, format=",d", tickMinStep=1))
    layers = [_table(rows).mark_bar(style="main", binSpacing=1).encode(x=x, x2="to:Q", y=y)]
    if shown:
        early = limit < 0.5 * end
        cut = _table([{"from": limit, "label": f"cut after {limit:,}"}])
        layers += [
            cut.mark_rule(style="limit").encode(x=x),
            cut.mark_text(style="limit_text", align="left" if early else "right", yOffset=-8,
                          dx=4 if early else -4).encode(x=x, y=alt.value(0), text="label:N"),
        ]
    return _sized(alt.layer(*layers))


def length_bins(counts: NDArray[np.int64]) -> tuple[int, int]:
    """Return the width of a bar of the histogram, in tokens, and the number of its last bar.

    The last bar gathers the longest half per cent of the texts where they lie far out.
    """
    longest = int(counts.max())
    usual = math.ceil(float(np.quantile(counts, 0.995)))
    if longest > 1.3 * usual:
        longest = usual
    width = max(1, math.ceil((longest + 1) / 32))
    return width, longest // width


def svg(chart: LayerChart, theme: str) -> str:
    """Return a chart as an SVG element for the "light" or the "dark" page.

    It refers to nothing outside itself, and its size is the least at which it is meant to be read.

    Raises:
        MissingExtra: vl-convert-python is not installed.
    """
    try:
        import vl_convert
    except ImportError as error:
        raise MissingExtra("vl-convert-python", "report") from error
    drawn: str = vl_convert.vegalite_to_svg(chart.to_dict(), config=_config(THEMES[theme]))
    drawn = re.sub(r' (?:xmlns(?::\w+)?|version|class|pointer-events|aria-\w+|role)="[^"]*"', "", drawn)
    drawn = re.sub(r'<path d="[^"]*"(?: display="none"| opacity="1")*/>', "", drawn)
    drawn = re.sub(r' (?:opacity="1"|font-family="[^"]*")', "", drawn)
    return re.sub(r"(\d\.\d\d)\d+", r"\1", drawn)


def shorten(text: object, most: int) -> str:
    """Return a text on one line, cut with an ellipsis where it is longer than `most`."""
    line = " ".join(str(text).split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def unique(names: Sequence[str]) -> list[str]:
    """Return the names with a number behind each that occurred before."""
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return out


def _altair() -> ModuleType:
    try:
        import altair
    except ImportError as error:
        raise MissingExtra("altair", "report") from error
    return altair
