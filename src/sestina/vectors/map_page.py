"""A map of words as one HTML page to move about in, which refers to nothing outside itself."""

from __future__ import annotations

import json
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

import numpy as np

from sestina.errors import counted
from sestina.vectors.plane import WordMap, shown


def page(drawn: WordMap) -> bytes:
    """Return the page of a map: moved and zoomed, searched, with each word's neighbours."""
    folder = files("sestina.vectors")
    kinds = ("html", "css", "js")
    frame, style, script = ((folder / f"map.{kind}").read_text("utf-8") for kind in kinds)
    # a "<" in the data could end the script that holds them
    data = json.dumps(_data(drawn), separators=(",", ":")).replace("<", "\\u003c")
    title = escape(shown(drawn.title))
    joined = "" if not drawn.arrows else f", {counted(len(drawn.arrows), 'arrow')}"
    what = f"{counted(len(drawn.words), drawn.noun)}{joined}"
    whole = Template(frame).substitute(
        title=title, what=what, noun=drawn.noun, basis=escape(drawn.basis),
        style=style, script=script, data=data,
    )  # fmt: skip
    return whole.encode()


def _data(drawn: WordMap) -> dict[str, Any]:
    """Return what the script draws; the longer side of the map is 1,000 long."""
    places = drawn.points.places
    centred = places - (places.min(axis=0) + places.max(axis=0)) / 2
    span = float(np.ptp(places, axis=0).max())
    scaled = np.round(centred * (1000 / span if span > 1e-9 else 0.0), 2)
    number = {word: n for n, word in enumerate(drawn.words)}
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
    }
