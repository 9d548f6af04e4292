"""The list of a folder of utterances heard from a distance: one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sestina.audio.utterances import Utterance, Utterances, checked
from sestina.data.tables import decode, read_bytes
from sestina.errors import DataError

MANIFEST = "manifest.jsonl"
CLEAN, SINGLE, BEAM = "clean", "sdm", "mdm"
DEVICES = (CLEAN, SINGLE, BEAM)
"""As the sound was; by one distant microphone; by several of them and a beam."""

Entry = dict[str, Any]


def as_lines(entries: Sequence[Entry]) -> str:
    """Return the content of a manifest."""
    return "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)


def read_manifest(folder: Path, device: str) -> Utterances:
    """Return a folder's utterances as one of `DEVICES` heard them.

    Raises:
        DataError: The manifest is missing or damaged; the line is named.
    """
    path = folder / MANIFEST
    rows = []
    # not `splitlines`, for which a line ends at signs that a text may hold, U+2028 and others
    lines = decode(read_bytes(path), path, "utf-8").removesuffix("\n").split("\n")
    for number, line in enumerate(lines, 1):
        try:
            told = json.loads(line)
            names = [told[key] for key in ("id", "speaker", device)]
            texts = [told.get(key) for key in ("text", "part")]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            names, texts = [None], []
        if not all(isinstance(name, str) for name in names) or not all(
            text is None or isinstance(text, str) for text in texts
        ):
            raise DataError(
                f"{path}: line {number} is not as `sestina data distance` writes it; make the "
                "folder anew"
            )
        rows.append(Utterance(names[0], names[1], folder / names[2], *texts))
    return checked(rows, f"{folder} ({device})")
