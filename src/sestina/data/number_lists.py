"""Lines of numbers parted by a sign → arrays; ? and NaN are missing values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sestina.errors import DataError, counted

GAPS = ("?", "", "nan", "na")


def told_lines(text: str, comments: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """Yield number, from 1, and text of each line that is neither empty nor a comment."""
    for line, raw in enumerate(text.splitlines(), 1):
        if (found := raw.strip()) and not found.startswith(comments):
            yield line, found


def numbers(text: str, sign: str | None, path: Path, line: int) -> NDArray[np.float32]:
    """Return the numbers of a text, (T,), NaN where one is missing.

    Args:
        text: The numbers.
        sign: What parts them; None: white space.
        path: Of the file, for messages.
        line: Of the file, from 1.

    Raises:
        DataError: A piece is no number.
    """
    pieces = text.split(sign)
    try:
        return np.array(pieces, dtype=np.float32)
    except ValueError:
        return np.array([_number(piece.strip(), path, line) for piece in pieces], np.float32)


def _number(piece: str, path: Path, line: int) -> float:
    if piece.lower() in GAPS:
        return float("nan")
    try:
        return float(piece)
    except ValueError as error:
        raise DataError(
            f"{path}: line {line} has {piece[:40]!r} where a number is expected; correct it, or "
            "write ? where a value is missing"
        ) from error


def side_by_side(
    channels: Sequence[NDArray[np.float32]], path: Path, line: int
) -> NDArray[np.float32]:
    """Return channels of T values each as one array (T, C).

    Raises:
        DataError: They are of unequal length.
    """
    lengths = [len(channel) for channel in channels]
    if len(set(lengths)) > 1:
        other = next(n for n, length in enumerate(lengths) if length != lengths[0])
        raise DataError(
            f"{path}: line {line} has {counted(lengths[0], 'step')} of channel 1 and "
            f"{lengths[other]} of channel {other + 1}; expected as many of each: write ? where a "
            "value is missing"
        )
    return np.stack(channels, axis=1)
