"""What verbs do with recordings: read them, refuse what is missing, say what models put."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from sestina.cli.inputs import found_at
from sestina.cli.show import say
from sestina.config import SeriesReadingOptions
from sestina.data import datasets
from sestina.data.recordings import Recordings
from sestina.data.series_files import read_series
from sestina.errors import DataError, OptionError, counted

READ = tuple(SeriesReadingOptions.__dataclass_fields__)
CHUNK = 256  # recordings that are answered together
FEW = 50


def recordings(path: str, reading: Mapping[str, Any], need_label: bool = True) -> Recordings:
    """Return the recordings at a path or of a shipped data set; what was guessed is said.

    Args:
        path: What the user gave.
        reading: Values of `sestina.config.SeriesReadingOptions`, and perhaps others.
        need_label: Whether to refuse data without labels.

    Raises:
        DataError: There is no such path or data set, or it cannot be read.
    """
    how = {name: reading[name] for name in READ}
    read_file = partial(read_series, need_label=need_label, **how)
    return found_at(path, datasets.recordings, read_file, how)


def refuse_gaps(found: Recordings, fill: str | None) -> None:
    """Say which values are missing; refuse them unless they will be filled.

    Raises:
        DataError: Some are, and nothing fills them.
    """
    gap = found.gap()
    if gap and fill is None:
        raise DataError(
            f"{found.source}: {gap}; train with --fill forward, linear or value, or correct the "
            "data"
        )
    if gap:
        say(f"{Path(found.source).name}: {gap}; filled ({fill})")


def suited(found: Recordings, net: Any, channels: Sequence[str]) -> Recordings:
    """Return recordings as a model reads them: its channels, in its order.

    Args:
        found: What was read.
        net: The model.
        channels: What its channels were called in training; none where nothing tells.

    Raises:
        DataError: They have other channels, or gaps that the model does not fill.
    """
    found = _by_name(found, channels)
    ours = found.rows[0].shape[1]
    if ours != net.n_features_in_:
        raise DataError(
            f"{found.source} has {counted(ours, 'channel')} "
            f"({', '.join(found.channels[:12]) or 'without names'}), the model was trained on "
            f"{', '.join(channels[:12]) or net.n_features_in_}; name them with --channels"
        )
    refuse_gaps(found, net.fill)
    return found


def _by_name(found: Recordings, channels: Sequence[str]) -> Recordings:
    """Return the channels of these names in this order; all, where no name is known.

    Raises:
        DataError: Some have these names, and others are not there.
    """
    ours = found.channels
    if not channels or not ours or tuple(channels) == ours:
        return found
    missing = [name for name in channels if name not in ours]
    if len(missing) == len(channels) == len(ours):
        say(
            f"careful: the model was trained on the channels {', '.join(channels[:12])}; took "
            f"{', '.join(ours[:12])} for them, in this order"
        )
        return found
    if missing:
        raise DataError(
            f"{found.source} has the channels {', '.join(ours[:12])}, and not "
            f"{', '.join(missing[:12])}, which the model was trained on; add or rename them, or "
            "name its channels with --channels"
        )
    say(f"took the channels {', '.join(channels[:12])}, as the model was trained on them")
    places = [ours.index(name) for name in channels]
    return replace(found, rows=[row[:, places] for row in found.rows], channels=tuple(channels))


def labelled(net: Any, found: Recordings) -> Iterator[list[dict[str, Any]]]:
    """Yield name, label and probabilities of recordings, chunk by chunk."""
    names = [str(name) for name in net.classes_]
    for start in range(0, len(found), CHUNK):
        part = found.take(range(start, min(start + CHUNK, len(found))))
        table = net.predict_proba(part.rows)
        rows = zip(part.called, net.labels_of(table), table, strict=True)
        yield [
            {
                "recording": name,
                "label": label,
                "probability": round(float(shares[names.index(str(label))]), 6),
                "probabilities": dict(
                    zip(names, (round(float(share), 6) for share in shares), strict=True)
                ),
            }
            for name, label, shares in rows
        ]


def line(row: Mapping[str, Any]) -> str:
    """Return a line of label, probability and name of a recording, parted by tabs."""
    told = (str(row["label"]), f"{row['probability']:.4f}", row["recording"])
    return "\t".join(" ".join(piece.split()) for piece in told) + "\n"


def given_recordings(
    texts: Sequence[str] | None, file: str | None, reading: Mapping[str, Any]
) -> Recordings:
    """Return the recordings of a file, for a model of series.

    Raises:
        OptionError: There are texts, or no file.
    """
    if texts or not file:
        raise OptionError(
            "this model reads series of numbers; give a file of them with --file, or feed samples "
            "one by one from Python with stream()"
        )
    return recordings(file, reading, need_label=False)


def doubts(train: Recordings, test: Recordings) -> list[str]:
    """Return what makes the test figures doubtful: people seen in training, or too few series."""
    found = []
    shared = sorted(set(train.groups or ()) & set(test.groups or ()))
    if shared:
        found.append(
            f"careful: train and test share {counted(len(shared), train.group_name)} "
            f"({', '.join(shared[:5])}{' …' if shared[5:] else ''}), so the figures are too good"
        )
    if not train.groups:
        found.append(
            "careful: nothing says which recordings are of one person or place, so both parts may "
            "hold the same; name it with --group"
        )
    if len(test) < FEW:
        found.append(f"careful: the test part is too small to prove anything (rows: {len(test)})")
    return found
