"""A map of words as one HTML page to move about in, which refers to nothing outside itself."""

from __future__ import annotations

import json
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

import numpy as np

from sestina.errors import counted
from sestina.vectors.plane import HUES, WordMap, look, shown


def page(drawn: WordMap) -> bytes:
    """Return the page of a map: moved and zoomed, searched, with each word's neighbours."""
    folder = files("sestina.vectors")
    parts = ("map.html", "map.css", "map.js", "map_draw.js")
    frame, style, *scripts = ((folder / part).read_text("utf-8") for part in parts)
    # a "<" in the data could end the script that holds them
    data = json.dumps(_data(drawn), separators=(",", ":")).replace("<", "\\u003c")
    title = escape(shown(drawn.title))
    joined = "" if not drawn.arrows else f", {counted(len(drawn.arrows), 'arrow')}"
    what = f"{counted(len(drawn.words), drawn.noun)}{joined}"
    whole = Template(frame).substitute(
        title=title, what=what, noun=drawn.noun, basis=escape(drawn.basis),
        legend=_legend(drawn), style=style, script="\n".join(scripts), data=data,
    )  # fmt: skip
    return whole.encode()


def _legend(drawn: WordMap) -> str:
    """Return the groups with their marks as a list; nothing where there are none."""
    if not drawn.legend:
        return ""
    items = "".join(
        f'<li class="group-{look(n)[0]}"><svg viewBox="-1.2 -1.2 2.4 2.4" aria-hidden="true">'
        f'<path d="{look(n)[1]}"/></svg><bdi>{escape(shown(group))}</bdi> <i>{count:,}</i></li>'
        for n, (group, count) in enumerate(drawn.legend.items())
    )
    return f'<ul class="legend" aria-label="Groups">{items}</ul>'


def _data(drawn: WordMap) -> dict[str, Any]:
    """Return what the script draws; the longer side of the map is 1,000 long."""
    places = drawn.points.places
    centred = places - (places.min(axis=0) + places.max(axis=0)) / 2
    span = float(np.ptp(places, axis=0).max())
    scaled = np.round(centred * (1000 / span if span > 1e-9 else 0.0), 2)
    number = {word: n for n, word in enumerate(drawn.words)}
    group = {name: n for n, name in enumerate(drawn.legend)}
    return {
        "words": [shown(word) for word in drawn.words],
        "x": scaled[:, 0].tolist(),
        "y": scaled[:, 1].tolist(),
        "near": [
            [[shown(word), round(cosine, 3), number.get(word, -1)] for word, cosine in row]
            for row in drawn.neighbours
        ],
        "arrows": [list(arrow) for arrow in drawn.arrows],
        "noun": drawn.noun,
        "axes": drawn.axes,
        "hues": HUES,
        # name, colour and outline of each group; number of each word's group, -1 of none
        "groups": [[shown(name), *look(n)] for name, n in group.items()],
        "group": [-1 if name is None else group[name] for name in drawn.groups],
    }
