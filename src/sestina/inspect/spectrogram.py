"""Spectrograms drawn: one picture of pixels between axes of time and of frequency.

Letters: T frames, M mel bands.
"""

from __future__ import annotations

import json
import struct
import zlib
from base64 import b64encode
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sestina.audio.filterbank import Frames, mel
from sestina.config import FrameOptions
from sestina.inspect.charts import sized
from sestina.inspect.vega import inline, library

if TYPE_CHECKING:
    from altair import LayerChart

Colours = NDArray[np.uint8]
COLOURS = ("#440154", "#3b528b", "#21918c", "#5ec962", "#fde725")
"""From quiet to loud: viridis, whose order can be seen without red and green, and in grey."""
DEPTH = 60.0  # decibels below the loudest place that have colours of their own
TICKS = (125, 250, 500, 1000, 2000, 4000, 8000, 16000)  # Hz
COLUMNS = 600  # of a picture at most, so that long sounds take no more room than short ones
HEIGHT = 210  # of a chart, in pixels; it is as wide as others


def spectrogram(levels: Frames, loudest: float, frames: FrameOptions) -> LayerChart:
    """Return the levels of a sound in mel bands as a chart, low frequencies below.

    Args:
        levels: (T, M), in decibels.
        loudest: The level that has the brightest colour, which several charts may share.
        frames: How the sound became frames.
    """
    alt = library()
    seconds = len(levels) * frames.hop / 1000
    places = {f"{hertz:,}": place_of(hertz, frames) for hertz in TICKS}
    shown = {name: place for name, place in places.items() if 0 <= place <= frames.bands}
    ends = [{"from": 0, "to": seconds, "low": 0, "high": frames.bands,
             "url": as_uri(png(pixels(levels, loudest)), "image/png")}]  # fmt: skip
    # the picture is stretched over the room that the axes leave, whatever their labels take
    whole = {"width": alt.expr("width"), "height": alt.expr("height")}
    picture = inline(ends).mark_image(aspect=False, align="left", baseline="top", **whole)
    time = alt.Axis(tickCount=6, grid=False)
    name = f"{json.dumps(list(shown))}[indexof({json.dumps([*shown.values()])}, datum.value)]"
    bands = alt.Axis(values=list(shown.values()), labelExpr=name, grid=False)
    room = inline(ends).mark_rect(opacity=0).encode(
        x=alt.X("from:Q", title="time (s)", axis=time, scale=alt.Scale(nice=False)),
        x2="to:Q",
        y=alt.Y("low:Q", title="Hz, mel scale", axis=bands, scale=alt.Scale(nice=False)),
        y2="high:Q",
    )  # fmt: skip
    drawn = picture.encode(x=alt.value(0), y=alt.value(0), url="url:N")
    return sized(alt.layer(drawn, room), HEIGHT)


def place_of(hertz: float, frames: FrameOptions) -> float:
    """Return where a frequency lies among M bands, 0 to M; half of M is within the middle one."""
    end = frames.rate / 2 if frames.high is None else frames.high
    low, high = (float(mel(edge)) for edge in (frames.low, end))
    # the corners of the triangles are evenly apart, and band m is highest at corner m + 1
    return (float(mel(hertz)) - low) * (frames.bands + 1) / (high - low) - 0.5


def pixels(levels: Frames, loudest: float) -> Colours:
    """Return the colour of each place, (M, T), 0 to 255, the highest band first.

    Of more than `COLUMNS` frames, neighbours share a column, which has their mean.

    Args:
        levels: (T, M), in decibels.
        loudest: The level that becomes 255; `DEPTH` below it all is 0.
    """
    columns = min(len(levels), COLUMNS)
    starts = np.arange(columns) * len(levels) // columns
    sizes = np.diff(starts, append=len(levels))[:, None]
    means = np.add.reduceat(levels, starts) / sizes
    share = np.clip((means - loudest) / DEPTH + 1, 0, 1)
    found: Colours = np.rint(255 * share).astype(np.uint8).T[::-1]
    return found


def png(picture: Colours) -> bytes:
    """Return numbers of colours, (rows, columns), as a PNG file with a palette (RFC 2083)."""
    rows, columns = picture.shape
    header = struct.pack(">2I5B", columns, rows, 8, 3, 0, 0, 0)  # 8 bits, palette
    lines = np.pad(picture, ((0, 0), (1, 0))).tobytes()  # before each its filter, none
    pieces = {
        b"IHDR": header,
        b"PLTE": palette().tobytes(),
        b"IDAT": zlib.compress(lines, 9),
        b"IEND": b"",
    }
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in pieces.items()
    )


def palette() -> Colours:
    """Return red, green and blue of 256 colours, (256, 3), in line between `COLOURS`."""
    stops = np.array([list(bytes.fromhex(colour[1:])) for colour in COLOURS])
    at = np.linspace(0, len(stops) - 1, 256)
    mixed = [np.interp(at, range(len(stops)), stops[:, light]) for light in range(3)]
    found: Colours = np.rint(np.stack(mixed, axis=1)).astype(np.uint8)
    return found


def as_uri(content: bytes, kind: str) -> str:
    """Return a file as an address that holds it, for pages that refer to nothing outside."""
    return f"data:{kind};base64,{b64encode(content).decode()}"
