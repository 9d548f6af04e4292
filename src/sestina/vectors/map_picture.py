"""A map of words as a PNG picture: points, arrows, and as many names as there is room for."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sestina.errors import MissingExtra, counted
from sestina.vectors.plane import WordMap, look, shown

WIDTH, TALLEST, FLATTEST, MARGIN = 1100, 1000, 400, 44  # pixels, before the scale
SCALE = 2
FONT, FONT_OF_ARROWS = 11, 13
HEAD = 9  # length of an arrow's head
PAPER, INK, MUTED, POINT, GOAL = "#ffffff", "#1c2126", "#586069", "#0067a5", "#b34700"
GROUPS = ("#0067a5", "#b34700", "#00755a", "#a03d84", "#7a6400", "#5c656e")
NARROW, WIDE = set("iljtfr.,:;'|!()[] I"), set("mwMW@%")


Places = NDArray[np.float64]
Box = tuple[float, float, float, float]


class Label(NamedTuple):
    """A name and where it stands: its left end and the middle of its height, in pixels."""

    word: int
    text: str
    x: float
    y: float


def png(drawn: WordMap) -> bytes:
    """Return a map as a PNG file.

    Both axes have the same scale, so that directions are true.

    Raises:
        MissingExtra: Altair or vl-convert-python is not installed.
    """
    try:
        import vl_convert
    except ImportError as error:
        raise MissingExtra("vl-convert-python", "report") from error
    data: bytes = vl_convert.vegalite_to_png(_spec(drawn), scale=SCALE)
    return data


def labels(
    places: Places,
    names: Sequence[str],
    size: float,
    frame: tuple[float, float],
    arrows: Sequence[tuple[int, int]] = (),
) -> list[Label]:
    """Return names that overlap neither each other nor the edges, the first ones first.

    Where there is a choice they do not cover points or arrows either.

    Args:
        places: Points in pixels, (N, 2), y downwards.
        names: N names.
        size: Of the font, in pixels.
        frame: Width and height of the picture.
        arrows: From which point to which.
    """
    taken, covered = Boxes(size), _obstacles(places, arrows, size)
    out = []
    for word, (name, (x, y)) in enumerate(zip(names, places.tolist(), strict=True)):
        width = text_width(name, size)
        around = [
            (left, middle - 0.6 * size, left + width, middle + 0.6 * size)
            for left, middle in _around(x, y, width, size)
        ]
        inside = [b for b in around if min(b) >= 0 and b[2] <= frame[0] and b[3] <= frame[1]]
        free = [box for box in inside if taken.free(box)]
        best = next((box for box in free if covered.free(box)), free[0] if free else None)
        if best is not None:
            taken.add(best)
            out.append(Label(word, name, best[0], (best[1] + best[3]) / 2))
    return out


class Boxes:
    """Rectangles (left, top, right, bottom), found by the cells of a grid that they touch.

    Args:
        size: Height of a cell; best that of a usual rectangle.
    """

    def __init__(self, size: float) -> None:
        self._size = size
        self._cells: dict[tuple[int, int], list[Box]] = {}

    def free(self, box: Box) -> bool:
        """Tell whether a rectangle overlaps none of those that were added."""
        return not any(
            box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3]
            for cell in self._touched(box)
            for other in self._cells.get(cell, ())
        )

    def add(self, box: Box) -> None:
        """Take in a rectangle."""
        for cell in self._touched(box):
            self._cells.setdefault(cell, []).append(box)

    def _touched(self, box: Box) -> Iterator[tuple[int, int]]:
        left, top, right, bottom = box
        across, down = 4 * self._size, self._size
        for row in range(math.floor(top / down), math.floor(bottom / down) + 1):
            for column in range(math.floor(left / across), math.floor(right / across) + 1):
                yield row, column


def text_width(text: str, size: float) -> float:
    """Return about how many pixels a text takes in a usual sans-serif font, rather too many."""
    return size * sum(map(_sign_width, text))


def _sign_width(sign: str) -> float:
    if unicodedata.combining(sign):
        return 0.0
    if sign in NARROW:
        return 0.36
    if sign in WIDE:
        return 0.95
    if unicodedata.east_asian_width(sign) in "WF":
        return 1.05
    return 0.74 if sign.isupper() else 0.6


def _around(x: float, y: float, width: float, size: float) -> Iterable[tuple[float, float]]:
    """Yield where the name of a point may stand: right, left, above, below, and aslant."""
    gap, step = 0.5 * size, 0.95 * size
    right, left, centre = x + gap, x - gap - width, x - width / 2
    yield from ((right, y), (left, y), (centre, y - step), (centre, y + step))
    yield from ((right, y - step), (right, y + step), (left, y - step), (left, y + step))


def _obstacles(places: Places, arrows: Sequence[tuple[int, int]], size: float) -> Boxes:
    """Return points as squares, and arrows as rows of small ones."""
    covered = Boxes(size)
    for x, y in places.tolist():
        covered.add((x - 3, y - 3, x + 3, y + 3))
    for tail, goal in arrows:
        steps = int(np.hypot(*(places[goal] - places[tail])) / 5)
        for x, y in np.linspace(places[tail], places[goal], steps + 1)[2:-1].tolist():
            covered.add((x - 2, y - 2, x + 2, y + 2))
    return covered


def _spec(drawn: WordMap) -> dict[str, Any]:
    try:
        import altair as alt
    except ImportError as error:
        raise MissingExtra("altair", "report") from error
    places, frame = _pixels(drawn.points.places)
    size = FONT_OF_ARROWS if drawn.arrows else FONT
    named = labels(places, [shown(word) for word in drawn.words], size, frame, drawn.arrows)
    colours = _colours(drawn)
    inks = colours if drawn.arrows or drawn.groups else [INK] * len(colours)
    base = _at([{**at._asdict(), "ink": inks[at.word]} for at in named], frame)
    font = {"align": "left", "baseline": "middle", "fontSize": size}
    halo = base.mark_text(**font, color=PAPER, stroke=PAPER, strokeWidth=3, strokeJoin="round")
    names = base.mark_text(**font).encode(text="text:N", color=alt.Color("ink:N", scale=None))
    layers = [
        *_arrows(places, drawn.arrows, frame),
        halo.encode(text="text:N"),
        *_points(drawn, places, colours, frame),
        names,
    ]
    if drawn.axes:
        layers.append(_captions(drawn.axes, frame))
    title = alt.TitleParams(
        shown(drawn.title), subtitle=_note(drawn, len(named)), anchor="start", fontSize=20,
        subtitleFontSize=13, subtitleColor=MUTED, color=INK, offset=14, limit=WIDTH,
    )  # fmt: skip
    chart = alt.layer(*layers).properties(width=frame[0], height=frame[1], title=title, padding=24)
    found: dict[str, Any] = chart.configure(
        background=PAPER, font="sans-serif", view=alt.ViewConfig(stroke=None)
    ).to_dict()
    return found


def _colours(drawn: WordMap) -> list[str]:
    """Return the colour of each word: its group's, or else that of what it is, (N,)."""
    if drawn.groups:
        colour = {name: GROUPS[look(n)[0]] for n, name in enumerate(drawn.legend)}
        return [INK if name is None else colour[name] for name in drawn.groups]
    goals = {goal for _, goal in drawn.arrows}
    return [GOAL if n in goals else POINT for n in range(len(drawn.words))]


def _points(
    drawn: WordMap, places: Places, colours: Sequence[str], frame: tuple[float, float]
) -> list[Any]:
    """Return the points: of groups in their shapes, with a legend; others as circles."""
    import altair as alt

    rows = [{"x": x, "y": y, "ink": colours[n]} for n, (x, y) in enumerate(places.tolist())]
    groups = drawn.groups or [None] * len(rows)
    bare = [row for row, name in zip(rows, groups, strict=True) if name is None]
    dots = _at(bare, frame).mark_circle(size=22, opacity=0.75)
    layers = [dots.encode(color=alt.Color("ink:N", scale=None))] if bare else []
    if drawn.legend:
        legend = alt.Legend(title=None, orient="top", columns=6, labelFontSize=13, symbolSize=90,
                            symbolOpacity=1)  # fmt: skip
        names = [f"{shown(name)} ({count:,})" for name, count in drawn.legend.items()]
        written = dict(zip(drawn.legend, names, strict=True))
        looks = [look(n) for n in range(len(names))]
        colour = alt.Scale(domain=names, range=[GROUPS[hue] for hue, _ in looks])
        shape = alt.Scale(domain=names, range=[outline for _, outline in looks])
        marked = [
            {**row, "group": written[name]}
            for row, name in zip(rows, groups, strict=True)
            if name is not None
        ]
        marks = _at(marked, frame).mark_point(filled=True, size=80, opacity=1)
        layers.append(
            marks.encode(
                color=alt.Color("group:N", scale=colour, legend=legend),
                shape=alt.Shape("group:N", scale=shape, legend=legend),
            )
        )
    return layers


def _captions(axes: tuple[str, str], frame: tuple[float, float]) -> Any:
    """Return what lies across, written below the middle of the frame, and what lies up, beside."""
    import altair as alt

    rows = [
        {"x": frame[0] / 2, "y": frame[1] + 12, "text": axes[0], "turn": 0},
        {"x": -12, "y": frame[1] / 2, "text": axes[1], "turn": 270},
    ]
    written = _at(rows, frame).mark_text(color=MUTED, fontSize=13)
    return written.encode(text="text:N", angle=alt.Angle("turn:Q", scale=None))


def _note(drawn: WordMap, named: int) -> str:
    every = len(drawn.words)
    some = f"; room for the names of {named:,} of {counted(every, drawn.noun)}"
    return drawn.basis + ("" if named == every else some)


def _pixels(
    places: NDArray[np.float64],
) -> tuple[NDArray[np.float64], tuple[float, float]]:
    """Return points in pixels, y downwards, and the size of a frame around them."""
    low, span = places.min(axis=0), np.ptp(places, axis=0)
    room = np.array([WIDTH, TALLEST]) - 2 * MARGIN
    spread = span > 1e-9  # equal points differ by rounding alone
    scale = float((room[spread] / span[spread]).min(initial=1e9))
    height = max(FLATTEST, math.ceil(span[1] * scale) + 2 * MARGIN)
    frame = (float(WIDTH), float(height))
    centred = (places - low - span / 2) * scale * np.array([1.0, -1.0])
    return centred + np.array(frame) / 2, frame


def _arrows(
    places: Places, arrows: Sequence[tuple[int, int]], frame: tuple[float, float]
) -> list[Any]:
    """Return lines from points to points, and their heads, which end before the goal."""
    lines, heads = [], []
    for tail, goal in arrows:
        way = places[goal] - places[tail]
        length = float(np.hypot(*way))
        if length < 2 * HEAD:
            continue  # the two points all but coincide
        step = way / length
        (x, y), (x2, y2) = places[tail] + 4 * step, places[goal] - (HEAD / 2 + 4) * step
        lines.append({"x": x, "y": y, "x2": x2, "y2": y2})
        heads.append({"x": x2, "y": y2, "turn": math.degrees(math.atan2(step[0], -step[1]))})
    if not lines:
        return []
    import altair as alt

    turn = alt.Angle("turn:Q", scale=None)
    line = _at(lines, frame).mark_rule(color=MUTED, strokeWidth=1.3, opacity=0.7)
    head = _at(heads, frame).mark_point(
        shape="triangle", filled=True, color=MUTED, size=HEAD**2 * 0.6, opacity=1
    )
    return [line.encode(x2="x2:Q", y2="y2:Q"), head.encode(angle=turn)]


def _at(rows: Sequence[dict[str, Any]], frame: tuple[float, float]) -> Any:
    """Return a chart of rows whose x and y are pixels of the frame, y downwards."""
    import altair as alt

    across = alt.Scale(domain=[0, frame[0]], nice=False, zero=False)
    down = alt.Scale(domain=[frame[1], 0], nice=False, zero=False)
    return alt.Chart(alt.InlineData(values=list(rows))).encode(
        x=alt.X("x:Q", axis=None, scale=across), y=alt.Y("y:Q", axis=None, scale=down)
    )
