"""The text that all programs read: cut into words once, of any length."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sestina.vectors import corpus

from .job import MIN_COUNT

BLOCK = 1 << 20  # ids at once


@dataclass(frozen=True)
class Text:
    """Lower-case tokens parted by blanks, a sentence a line."""

    path: Path
    tokens: int
    sentences: int
    words: tuple[str, ...]
    """Those that occur often enough to have a vector, the most frequent first."""


def prepare(source: Path, folder: Path) -> Text:
    """Cut a text into words, as Sestina does, and write them to a file.

    Raises:
        DataError: The text cannot be read.
    """
    read = corpus.read(source, folder / "ids", min_count=1)
    path = folder / "text"
    names = [*read.words, "\n"]  # −1 ends a sentence
    with path.open("w", encoding="utf-8") as file:
        for start in range(0, len(read.ids), BLOCK):
            block = read.ids[start : start + BLOCK].tolist()
            line = " ".join(map(names.__getitem__, block)).replace(" \n", "\n")
            file.write(line.replace("\n ", "\n") + ("" if block[-1] < 0 else " "))
    frequent = int(np.count_nonzero(read.counts >= MIN_COUNT))
    read.close()
    (folder / "ids").unlink()
    return Text(path, read.read, read.sentences, read.words[:frequent])


def of_length(text: Text, tokens: int, path: Path) -> int:
    """Write the first `tokens` of a text, all of it over and over where it is shorter.

    Returns:
        Tokens written: those of whole sentences.
    """
    written = 0
    with path.open("wb") as file:
        for line in _repeated(text.path):
            if written >= tokens:
                return written
            file.write(line)
            written += line.count(b" ") + 1
    return written


def _repeated(path: Path) -> Iterator[bytes]:
    while True:
        with path.open("rb") as file:
            yield from file
