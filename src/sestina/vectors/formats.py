"""Files of word vectors → WordVectors: GloVe and word2vec text, and the shipped table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sestina.data import datasets
from sestina.data.tables import decode, read_bytes
from sestina.errors import DataError, counted, nearest
from sestina.vectors.table import WordVectors


def load(source: str | Path | WordVectors | Mapping[str, Any]) -> WordVectors:
    """Return the word vectors of a shipped name, a text file, a table, or a mapping word → vector.

    Raises:
        DataError: The name is unknown, or the file is damaged; the message names the line.
    """
    if isinstance(source, WordVectors):
        return source
    if isinstance(source, Mapping):
        return WordVectors(list(source), np.array(list(source.values()), dtype=np.float32))
    if isinstance(source, str) and source in datasets.names():
        return _read_shipped(source)
    if not isinstance(source, str | Path):
        raise DataError(
            f"vectors={type(source).__name__} cannot be read; give a shipped name such as "
            "'glove-50d', a text file, a mapping from words to vectors, or a matrix"
        )
    if not Path(source).exists() and not Path(source).suffix:
        shipped = [name for name in datasets.names() if datasets.get(name).task == "vectors"]
        raise DataError(f"there are no vectors {str(source)!r}{nearest(str(source), shipped)}")
    return read_text(Path(source))


def read_text(path: Path) -> WordVectors:
    """Read ``word x1 … xD`` lines (GloVe), after a first line ``V D`` or none (word2vec, fastText).

    Words may contain blanks: D numbers are split off from the right.

    Raises:
        DataError: A line has the wrong number of values, or the count of the first line is wrong.
    """
    lines = decode(read_bytes(path), path, "utf-8").rstrip("\n").split("\n")
    head = lines[0].split()
    headed = len(head) == 2 and all(part.isdigit() for part in head)
    size = int(head[1]) if headed else _dimensions(lines[0].rstrip().split(" "))
    if size < 1:
        raise DataError(f"{path}, line 1: {lines[0][:40]!r} is not a word followed by numbers")
    body = lines[1:] if headed else lines
    if headed and int(head[0]) != len(body):
        raise DataError(
            f"{path} promises {counted(int(head[0]), 'vector')} and holds {len(body):,}; "
            "it is truncated, or its first line is wrong"
        )
    words: dict[str, int] = {}
    matrix = np.empty((len(body), size), dtype=np.float32)
    for number, line in enumerate(body, 2 if headed else 1):
        word, *values = line.rstrip().rsplit(" ", size)
        if word in words:
            raise DataError(f"{path}, line {number}: the word {word!r} stands twice; drop one line")
        try:
            matrix[len(words)] = values if len(values) == size else []  # one value would be spread
        except ValueError:
            raise DataError(
                f"{path}, line {number}: expected a word and {counted(size, 'number')}, "
                f"got {line[:40]!r}; repair or drop the line"
            ) from None
        words[word] = len(words)
    return WordVectors(list(words), matrix)


def _dimensions(parts: list[str]) -> int:
    """Return how many numbers end a line that begins with a word."""
    count = 0
    for part in reversed(parts[1:]):
        try:
            float(part)
        except ValueError:
            break
        count += 1
    return count


def _read_shipped(name: str) -> WordVectors:
    if datasets.get(name).task != "vectors":
        raise DataError(f"{name!r} is a data set, not word vectors; the shipped ones: glove-50d")
    with np.load(datasets.path(name), allow_pickle=False) as file:
        return WordVectors(file["words"].tolist(), file["vectors"])
