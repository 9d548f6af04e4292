"""Charts of how models do: one function per chart, drawn as SVG for a light and for a dark page.

The functions return Altair charts that name roles ("main", "limit", …) rather than colours;
`svg` gives the roles the colours of a theme.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sestina.errors import MissingExtra
from sestina.inspect.vega import inline, library

if TYPE_CHECKING:
    from altair import LayerChart

    from sestina.inspect.evaluate import Rung
    from sestina.inspect.tag_ladder import TagRung

History = Sequence[Mapping[str, float]]
WIDTH, HEIGHT = 350, 230
# Okabe & Ito (2008), darkened or lightened until each colour stands out 3 : 1 from its page
THEMES: dict[str, dict[str, Any]] = {
    "light": {
        "ink": "#1c2126", "muted": "#586069", "line": "#d9dee3",
        "main": "#0067a5", "other": "#6b747d", "limit": "#b34700",
        "series": ["#0067a5", "#c25200", "#00805c", "#a8508a", "#7a6400", "#2f8fc4", "#1c2126"],
        "heat": ["#f0f4f8", "#3b78b8", "#0b2e5a"], "cold_ink": "#000000", "hot_ink": "#ffffff",
    },
    "dark": {
        "ink": "#e6e9ec", "muted": "#a4adb6", "line": "#363e47",
        "main": "#62b4ee", "other": "#99a3ad", "limit": "#ff9a57",
        "series": ["#62b4ee", "#ff9a57", "#3fc79a", "#e59ccb", "#e6cf4f", "#9bd0f5", "#e6e9ec"],
        "heat": ["#212830", "#3b78b8", "#bfe0ff"], "cold_ink": "#ffffff", "hot_ink": "#000000",
    },
}  # fmt: skip
MEASURES = {"span_f1": "span F1", "cer": "CER", "wer": "WER", "kd_error": "KD error",
            "dr_error": "DR error", "lstm3_error": "LSTM3 error"}  # fmt: skip
FALLING = ("loss", "perplexity", "cer", "wer", "error")  # ends of the names of what should fall
DASHES = [[1, 0], [7, 3], [2, 3], [9, 3, 2, 3], [4, 2], [12, 4]]


def ladder(rungs: Sequence[Rung | TagRung], main: str) -> LayerChart:
    """Return one row per model: its name, its accuracy as a dot, its 95 % interval as a bar."""
    alt = library()
    rows: list[dict[str, Any]] = [
        {
            "row": str(place),
            "name": shorten(rung.name, 40),
            "kind": "main" if rung.name == main else "other",
            "accuracy": rung.figures["accuracy"],
            "low": rung.figures["interval"][0],
            "high": rung.figures["interval"][1],
            "shown": f"{rung.figures['accuracy']:.3f}",
        }
        for place, rung in enumerate(rungs)
    ]
    low, high = min(row["low"] for row in rows), max(row["high"] for row in rows)
    room = max(0.01, 0.03 * (high - low))
    span = alt.Scale(domain=[max(0.0, low - room), min(1.0, high + room)], zero=False)
    y = alt.Y("row:N", axis=None, scale=alt.Scale(domain=[row["row"] for row in rows]))
    axis = alt.Axis(tickCount=5, format=".3~f", grid=False)
    x = alt.X("accuracy:Q", title="accuracy on the test part", scale=span, axis=axis)
    ends = alt.X("low:Q", title="accuracy on the test part", scale=span, axis=axis)
    layers = []
    for kind in {row["kind"]: None for row in rows}:
        some = inline([row for row in rows if row["kind"] == kind]).encode(y=y)
        layers += [
            some.mark_rule(style=kind, strokeWidth=3, yOffset=9).encode(x=ends, x2="high:Q"),
            some.mark_circle(style=kind, size=110, yOffset=9).encode(x=x),
            some.mark_text(style=f"{kind}_text", align="left", yOffset=-9).encode(
                x=alt.value(0), text="name:N"
            ),
            some.mark_text(style=f"{kind}_text", align="right", yOffset=-9).encode(
                x=alt.value("width"), text="shown:N"
            ),
        ]
    return sized(alt.layer(*layers), height=46 * len(rows) + 50)


def learned(history: History, best: int, what: str = "loss") -> LayerChart:
    """Return the training and validation loss, or `what`, by epoch; the best epoch is marked."""
    alt = library()
    rows: list[dict[str, Any]] = [
        {"epoch": row["epoch"], "value": row[key], "line": part}
        for key, part in ((what, "training"), (f"validation_{what}", "validation"))
        for row in history
        if key in row
    ]
    epochs = _epochs(history)
    lines = _lines(rows, ["training", "validation"], MEASURES.get(what, what), epochs)
    rule = _best_rule(best, epochs, low=not what.endswith(FALLING))
    return sized(alt.layer(*rule, *lines))


def accuracies(histories: Mapping[str, History], best: Mapping[str, int]) -> LayerChart:
    """Return the validation accuracy of one net or several by epoch, the best epochs ringed.

    Args:
        histories: Rows per epoch, by name of the net.
        best: The best epoch, by name of the net.
    """
    alt = library()
    names = dict(zip(histories, distinct(list(histories), 40), strict=True))
    rows: list[dict[str, Any]] = [
        {
            "epoch": row["epoch"],
            "value": row["validation_accuracy"],
            "line": names[name],
            "best": row["epoch"] == best[name],
        }
        for name, history in histories.items()
        for row in history
        if "validation_accuracy" in row
    ]
    epochs = max(map(_epochs, histories.values()))
    layers = _lines(rows, list(names.values()), "validation accuracy", epochs)
    ring = layers[0].mark_point(size=190, filled=False, strokeWidth=2, opacity=1)
    layers.append(ring.transform_filter(alt.datum.best))
    if len(histories) == 1:
        layers = [*_best_rule(next(iter(best.values())), epochs, low=True), *layers]
    return sized(alt.layer(*layers), HEIGHT + (18 * len(names) if len(names) > 1 else 0))


def confusion(counts: NDArray[np.int64], totals: NDArray[np.int64], names: list[str]) -> LayerChart:
    """Return the confusion matrix: counts as numbers, the share of the true class as colour.

    Args:
        counts: (K, K), true class by predicted class.
        totals: Texts of each true class, (K,), whatever they were taken for.
        names: K different class names.
    """
    alt = library()
    shares = counts / np.maximum(totals, 1)[:, None]
    rows = [
        {"true": names[i], "guess": names[j], "count": int(n), "share": float(shares[i, j])}
        for (i, j), n in np.ndenumerate(counts)
    ]
    digits = len(f"{counts.max(initial=0):,}")
    cell = max(min(110, 270 // len(names)), 10 + 7 * digits, 26)
    slanted = max(map(len, names)) * 7 > cell - 4
    place = alt.Scale(domain=names, paddingInner=0.06, paddingOuter=0)
    plain = {"ticks": False, "domain": False, "grid": False, "labelLimit": 150, "labelPadding": 6,
             "labelOverlap": False}  # fmt: skip
    top = alt.Axis(orient="top", labelAngle=-55 if slanted else 0,
                   labelAlign="left" if slanted else "center", **plain)  # fmt: skip
    base = inline(rows).encode(
        x=alt.X("guess:N", title="predicted class", scale=place, axis=top),
        y=alt.Y("true:N", title="true class", scale=place, axis=alt.Axis(**plain)),
    )
    colour = alt.Color("share:Q", scale=alt.Scale(domain=[0, 1], range="heatmap"), legend=None)
    layers = [base.mark_rect(cornerRadius=2).encode(color=colour)]
    for style, part in (("cold", alt.datum.share <= 0.5), ("hot", alt.datum.share > 0.5)):
        some = base.transform_filter(part & (alt.datum["count"] > 0))
        size = 15 if cell > 60 else 11
        marks = some.mark_text(style=style, fontSize=size)
        layers.append(marks.encode(text=alt.Text("count:Q", format=",")))
    side = cell * len(names)
    overhang = 5 * max(map(len, names)) - cell if slanted else 0  # of the last slanted name
    padding = {"left": 2, "top": 2, "bottom": 2, "right": max(2, overhang)}
    chart: LayerChart = alt.layer(*layers).properties(width=side, height=side, padding=padding)
    return chart


def decisions(rows: Sequence[Mapping[str, Any]], names: list[str]) -> LayerChart:
    """Return, per label of a multi-label problem, how often it was found, missed, or put in vain.

    Args:
        rows: "found", "missed" and "false" per label.
        names: As many different label names.
    """
    alt = library()
    kinds = {"found": "found", "missed": "missed", "false": "put wrongly"}
    values: list[dict[str, Any]] = [
        {"label": name, "kind": kind, "texts": row[key], "order": order}
        for name, row in zip(names, rows, strict=True)
        for order, (key, kind) in enumerate(kinds.items())
    ]
    x = alt.X("texts:Q", title="test texts", axis=alt.Axis(tickCount=5, format=",d", tickMinStep=1))
    side = alt.Axis(ticks=False, domain=False, grid=False, labelLimit=120)
    y = alt.Y("label:N", title=None, scale=alt.Scale(domain=names, padding=0.3), axis=side)
    colour = alt.Color("kind:N", title=None, scale=alt.Scale(domain=list(kinds.values())))
    bars = inline(values).mark_bar().encode(x=x, y=y, color=colour, order="order:Q")
    return sized(alt.layer(bars), height=28 * len(names) + 80)


def calibration(rows: Sequence[Mapping[str, float]], least: float) -> LayerChart:
    """Return the share of right answers by stated confidence, beside the diagonal of honesty.

    Args:
        rows: What `sestina.metrics.calibration` returns.
        least: The lowest confidence that can occur.
    """
    alt = library()
    axis = alt.Axis(tickCount=5, format="%")
    span = alt.Scale(domain=[least, 1], nice=False)
    x = alt.X("confidence:Q", title="confidence", scale=span, axis=axis)
    low = min(least, min((row["accuracy"] for row in rows), default=least))
    up = alt.Scale(domain=[math.floor(low * 10) / 10, 1])
    y = alt.Y("accuracy:Q", title="share that is right", scale=up, axis=axis)
    ends: list[dict[str, float]] = [{"confidence": end, "accuracy": end} for end in (least, 1.0)]
    base = inline([dict(row) for row in rows]).encode(x=x, y=y)
    size = alt.Size("count:Q", scale=alt.Scale(range=[45, 420], zero=True), legend=None)
    layers = [
        inline(ends).mark_line(style="guide").encode(x=x, y=y),
        base.mark_line(style="main"),
        base.mark_circle(style="main").encode(size=size),
    ]
    return sized(alt.layer(*layers), height=270)


def lengths(counts: NDArray[np.int64], limit: int) -> LayerChart:
    """Return a histogram of text lengths, with a line where texts are cut if it is near.

    Args:
        counts: Tokens of each text, (N,), N ≥ 1.
        limit: Tokens that are read of a text at most.
    """
    alt = library()
    width, last = length_bins(counts)
    texts = np.bincount(np.minimum(counts // width, last), minlength=last + 1)
    rows: list[dict[str, Any]] = [
        {"from": bar * width, "to": (bar + 1) * width, "texts": int(count)}
        for bar, count in enumerate(texts)
    ]
    end = (last + 1) * width
    near = limit <= 1.3 * end
    span = alt.Scale(domain=[0, max(end, 1.04 * limit) if near else end], nice=False)
    axis = alt.Axis(tickCount=6, format=",d", tickMinStep=1)
    x = alt.X("from:Q", title="tokens in a text", axis=axis, scale=span, bin="binned")
    y = alt.Y("texts:Q", title="training texts", axis=axis)
    layers = [inline(rows).mark_bar(style="main", binSpacing=1).encode(x=x, x2="to:Q", y=y)]
    if near:
        cut = inline([{"from": limit, "label": f"limit {limit:,}"}]).encode(x=x.bin(alt.Undefined))
        layers += _flag(cut, "limit", left=limit < 0.5 * end)
    return sized(alt.layer(*layers))


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

    It refers to nothing outside itself; fonts are left to the page.

    Raises:
        MissingExtra: vl-convert-python is not installed.
    """
    try:
        import vl_convert
    except ImportError as error:
        raise MissingExtra("vl-convert-python", "report") from error
    plain = chart.to_dict(validate=False)  # which takes a third of the time; the tests validate
    drawn: str = vl_convert.vegalite_to_svg(plain, config=style(THEMES[theme]))
    return re.sub(r"<[^>]*>", lambda tag: _plain_tag(tag[0]), drawn)


def shorten(text: object, most: int) -> str:
    """Return a text on one line, cut with an ellipsis where it is longer than `most`."""
    line = " ".join(str(text).split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def distinct(texts: Sequence[object], most: int) -> list[str]:
    """Return short names that all differ: cut at the end, else inside, else numbered."""
    names = [shorten(text, most) for text in texts]
    if len(set(names)) < len(names):
        whole = [shorten(text, 10**6) for text in texts]
        head, tail = most - most // 3 - 1, most // 3
        names = [f"{n[:head]}…{n[-tail:]}" if len(n) > most else n for n in whole]
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return out


def sized(chart: Any, height: int = HEIGHT) -> LayerChart:
    """Return a chart of a fixed outer size, axes and legend included."""
    fit = {"type": "fit", "contains": "padding"}
    sized: LayerChart = chart.properties(width=WIDTH, height=height, autosize=fit)
    return sized


def _lines(rows: list[dict[str, Any]], names: list[str], title: str, epochs: int) -> list[Any]:
    """Return one line with dots per name, told apart by colour and by dashes."""
    alt = library()
    names = [name for name in names if any(row["line"] == name for row in rows)]
    columns = 2 if max(map(len, names), default=0) < 20 else 1
    legend = alt.Legend(columns=columns, symbolType="stroke", symbolSize=400)
    colours = alt.Scale(domain=names)
    colour = alt.Color("line:N", title=None, scale=colours, legend=legend if names[1:] else None)
    dashes = alt.Scale(domain=names, range=[DASHES[n % len(DASHES)] for n in range(len(names))])
    dash = alt.StrokeDash("line:N", title=None, scale=dashes, legend=legend if names[1:] else None)
    y = alt.Y("value:Q", title=title, scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=5))
    base = inline(rows).encode(x=_epoch_axis(epochs), y=y, color=colour)
    return [base.mark_circle(size=28, opacity=1), base.mark_line().encode(strokeDash=dash)]


def _epochs(history: History) -> int:
    """Return the number of the last epoch: a long history may tell of some epochs only."""
    return int(history[-1]["epoch"]) if history else 0


def _epoch_axis(epochs: int) -> Any:
    alt = library()
    epochs = max(epochs, 1)  # none is done where the first one diverged
    step, first = math.ceil(epochs / 8), 1
    if step > 10:  # many epochs: round numbers, such as 200, 400, …
        unit = 10 ** (len(str(step)) - 1)
        first = step = next(unit * n for n in (1, 2, 5, 10) if unit * n >= step)
    ticks = alt.Axis(values=list(range(first, epochs + 1, step)), format="d", grid=False)
    span = alt.Scale(domain=[0.7, epochs + 0.3], nice=False, zero=False)
    return alt.X("epoch:Q", title="epoch", axis=ticks, scale=span)


def _best_rule(best: int, epochs: int, low: bool = False) -> list[Any]:
    """Return a line at the best epoch and what it is, at the bottom where curves end high."""
    flag = inline([{"epoch": best, "label": f"best: epoch {best}"}]).encode(x=_epoch_axis(epochs))
    return _flag(flag, "limit", left=best <= (epochs + 1) / 2, low=low)


def _flag(base: Any, style: str, left: bool, low: bool = False) -> list[Any]:
    """Return a vertical line with its label at an end, to the right of it where it stands left."""
    alt = library()
    label = base.mark_text(
        style=f"{style}_text", align="left" if left else "right", dx=5 if left else -5,
        dy=-9 if low else 7,
    )  # fmt: skip
    end = alt.value("height" if low else 0)
    return [base.mark_rule(style=style), label.encode(y=end, text="label:N")]


def style(theme: Mapping[str, Any]) -> dict[str, Any]:
    """Return Vega-Lite's configuration for a theme."""
    text = {"fontSize": 12.5, "baseline": "middle"}
    return {
        "aria": False,
        "background": None,
        "font": "sans-serif",
        "padding": 2,
        "view": {"stroke": None},
        "axis": {
            "labelColor": theme["muted"], "titleColor": theme["muted"], "labelFontSize": 12,
            "titleFontSize": 12, "titleFontWeight": "normal", "titlePadding": 8,
            "gridColor": theme["line"], "domainColor": theme["other"], "tickColor": theme["other"],
        },
        "axisY": {"domain": False, "ticks": False, "labelPadding": 6},
        "legend": {
            "orient": "top", "labelColor": theme["ink"], "labelFontSize": 12, "labelLimit": 310,
            "symbolStrokeWidth": 2.5, "symbolSize": 140, "columnPadding": 18, "offset": 8,
        },
        "range": {"category": theme["series"], "heatmap": theme["heat"]},
        "line": {"strokeWidth": 2.2},
        "style": {
            "main": {"color": theme["main"], "opacity": 1},
            "other": {"color": theme["other"], "opacity": 1},
            "main_text": {"color": theme["main"], "fontWeight": "bold", **text},
            "other_text": {"color": theme["ink"], **text},
            "limit": {"color": theme["limit"], "strokeDash": [4, 3], "strokeWidth": 2},
            "limit_text": {"color": theme["limit"], **text, "fontSize": 12},
            "guide": {"color": theme["other"], "strokeDash": [5, 4], "strokeWidth": 1.5},
            "cold": {"color": theme["cold_ink"], **text},
            "hot": {"color": theme["hot_ink"], **text},
        },
    }  # fmt: skip


def _plain_tag(tag: str) -> str:
    """Return an SVG tag without what a page does not need; nothing for shapes that are not seen."""
    tag = re.sub(r' (?:xmlns(?::\w+)?|version|class|pointer-events|aria-\w+|role)="[^"]*"', "", tag)
    tag = re.sub(r' (?:opacity="1"|font-family="[^"]*")', "", tag)
    tag = re.sub(r"(\d\.\d\d)\d+", r"\1", tag)
    unseen = tag.startswith("<path") and "fill=" not in tag and "stroke=" not in tag
    return "" if unseen or 'display="none"' in tag else tag
