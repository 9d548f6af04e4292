"""sestina data distance: speech as microphones far off hear it, and its clean twins."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from sestina import config
from sestina.cli import show
from sestina.cli.inputs import Json, Seed
from sestina.cli.options import with_options
from sestina.progress import counting

Source = Annotated[
    Path,
    typer.Argument(
        metavar="IN", help="Table of files and texts, or a folder as Kaldi or AMI has it."
    ),
]
Audio = Annotated[
    Path | None, typer.Option(help="Folder or zip archive of a table's sounds, if not beside it.")
]
Device = Annotated[
    str | None, typer.Option(help="Where several devices listened: the one nearby, as ihm.")
]
Text = Annotated[str | None, typer.Option(help="Column of a table with what is said.")]
Speaker = Annotated[str | None, typer.Option(help="Column of a table with who speaks.")]
Encoding = Annotated[str, typer.Option(help="Of the table, or of the folder's lists.")]
Workers = Annotated[
    int, typer.Option(min=0, help="Processes that share the work; 0: as many as cores.")
]
Replace = Annotated[bool, typer.Option("--overwrite", help="Replace a folder written before.")]
MEASURED = ("rt60", "distance", "snr")


@with_options(distance=(config.DistanceOptions,))
def distance(
    source: Source,
    out: Annotated[Path, typer.Option(help="Folder for the sounds and their manifest.")],
    distance: dict[str, Any],
    audio: Audio = None,
    device: Device = None,
    text: Text = None,
    speaker: Speaker = None,
    encoding: Encoding = "utf-8",
    workers: Workers = 0,
    overwrite: Replace = False,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Let speech be heard from a distance: simulated rooms, noise, microphones.

    For every utterance a room, a distance, an echo (RT60), a noise and its
    loudness are drawn, by the seed and the utterance's id alone. The folder gets
    three sounds of each that begin together: clean, by one distant microphone
    (sdm), and by a beam of several (mdm); manifest.jsonl tells what was drawn.
    """
    from sestina.audio.distant_folder import write_distant
    from sestina.audio.speech import read_speech
    from sestina.audio.speech_table import SpeechColumns

    options = config.DistanceOptions(**distance)
    found = read_speech(
        source, device=device, audio=audio, columns=SpeechColumns(text=text, speaker=speaker),
        encoding=encoding,
    )  # fmt: skip
    for note in found.notes:
        show.say(f"{source.name}: {note}")
    started = time.perf_counter()
    with counting(not json, f"{{}} of {len(found):,} heard") as count:
        entries = write_distant(
            found, out, options, seed=seed, workers=workers or os.cpu_count() or 1,
            overwrite=overwrite, count=count,
        )  # fmt: skip
    result = _result(entries) | {"took": round(time.perf_counter() - started, 1), "out": str(out)}
    if json:
        show.as_json(result)
        return
    show.facts(
        str(out),
        {
            "utterances": result["utterances"],
            "parts": show.counts(result["parts"]),
            "minutes": result["seconds"] / 60,
            "noises": show.counts(result["noises"]),
            **{f"{name}, median": result[name] for name in MEASURED},
            "seconds taken": result["took"],
        },
    )


def _result(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """Return counts, and medians of what was drawn."""
    return {
        "task": "data distance",
        "utterances": len(entries),
        "seconds": round(sum(entry["seconds"] for entry in entries), 1),
        "parts": _counts(entry["part"] or "whole" for entry in entries),
        "noises": _counts(entry["noise"] for entry in entries),
        **{name: _middle([entry[name] for entry in entries]) for name in MEASURED},
    }


def _middle(values: list[float]) -> float:
    return round(float(np.median(values)), 3)


def _counts(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))
