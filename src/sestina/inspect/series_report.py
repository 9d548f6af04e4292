"""What the report of a trained classifier of series tells beside its ladder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sestina.data.recordings import Recordings
from sestina.errors import counted
from sestina.estimators.series import SeriesClassifier
from sestina.inspect import page
from sestina.inspect.evaluate import Ladder
from sestina.inspect.gradient_page import reaches_of
from sestina.inspect.report import render_ladder
from sestina.inspect.sections import Told, changed_options, encoder_name, helps, run_told

MOST_CHANNELS = 40


def series_name(net: SeriesClassifier) -> str:
    """Return a short name of what a net is, such as ``convolutions + bidirectional LSTM``."""
    return ("convolutions + " if net.filters else "") + encoder_name(net)


def render_series(
    ladder: Ladder,
    main: str,
    net: SeriesClassifier,
    parts: tuple[Recordings, Recordings, Recordings],
    told: tuple[str, str, Sequence[str], Sequence[str]],
) -> str:
    """Return the report as an HTML page.

    Args:
        ladder: The models' showings on the test part.
        main: Name of the net in it.
        net: The net.
        parts: Train, dev and test.
        told: Name of the data, how the parts came about, verdicts, notes.

    Raises:
        MissingExtra: altair or vl-convert-python is not installed.
    """
    facts = facts_of(net, main, parts, told)
    last = ("recordings", "The recordings", _recordings(net, parts[0]))
    reaches = reaches_of(net, parts[2].rows, parts[2].labels)
    return render_ladder(ladder, main, facts, reaches, last)


def facts_of(
    net: Any,
    main: str,
    parts: Sequence[Recordings],
    told: tuple[str, str, Sequence[str], Sequence[str]],
) -> Told:
    """Return what a report tells of the data and the net; see `render_series`."""
    title, said, verdicts, notes = told
    train, run = parts[0], run_told(net)
    sizes = ", ".join(
        f"{len(part):,} {name}" for name, part in zip(("train", "dev", "test"), parts, strict=True)
    )
    data = {
        "data": title,
        "recordings": f"{sizes}: {said}",
        "labels": ", ".join(f"\u2068{k}\u2069 {v:,}" for k, v in train.label_counts().items()),
        "noticed": "; ".join(notes),
        "reads": net.reading(),
        **{**run, "network": f"{main}: {run['network']}"},
    }
    return Told(title, data, list(verdicts), changed_options(net), helps(net))


def _recordings(net: SeriesClassifier, train: Recordings) -> str:
    """Return how long recordings are, and what their channels are like."""
    lengths = [len(row) for row in train.rows]
    pieces, _ = net.cut(train.rows)
    tiles = [
        ("Recordings", f"{len(train):,}", "to train on"),
        ("Steps", f"{round(float(np.median(lengths))):,}", f"half have fewer; at most "
         f"{max(lengths):,}"),
    ]  # fmt: skip
    if net.window is not None:
        tiles.append(("Windows", f"{len(pieces):,}", f"of {counted(net.window, 'step')}"))
    values = np.concatenate(train.rows).astype(np.float64)
    names = train.channels or tuple(f"channel {n + 1}" for n in range(values.shape[1]))
    rows = [
        [page.name(name), *(f"{number:.4g}" for number in _middle(values[:, n])),
         f"{int(np.isnan(values[:, n]).sum()):,}"]
        for n, name in enumerate(names[:MOST_CHANNELS])
    ]  # fmt: skip
    heads = ["Channel", "Mean", "Deviation", "Least", "Largest", "Missing"]
    few = f" Listed are the first {MOST_CHANNELS}." if names[MOST_CHANNELS:] else ""
    how = "Of the training part, before any scaling." + few
    return page.tiles(tiles) + page.table("Channels", heads, rows) + page.note(how)


def _middle(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[float, ...]:
    known = values[~np.isnan(values)]
    if not len(known):
        return (float("nan"),) * 4
    return float(known.mean()), float(known.std()), float(known.min()), float(known.max())
