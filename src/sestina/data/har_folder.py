"""The folder layout of UCI HAR: Inertial Signals of windows, their activities and subjects."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sestina.data.number_lists import numbers
from sestina.data.recordings import Recordings, Values
from sestina.data.tables import decode, read_bytes
from sestina.errors import DataError, counted

SIGNALS = "Inertial Signals"
PARTS = ("train", "test")


def is_har(folder: Path) -> bool:
    """Tell whether a folder has this layout."""
    return any((folder / part / SIGNALS).is_dir() for part in PARTS)


def read_har(folder: Path, encoding: str = "utf-8") -> Recordings:
    """Read train/ and test/, with Inertial Signals/*_PART.txt, y_PART.txt and subject_PART.txt.

    A file of signals is a channel; a line of it is a window, its values parted by blanks. The
    names of activities are taken from activity_labels.txt, where there is one.

    Raises:
        DataError: A file is missing, or does not fit the others; line and file are named.
    """
    names = _activities(folder / "activity_labels.txt", encoding)
    rows: list[Values] = []
    labels: list[str] = []
    groups: list[str] = []
    parts: list[str] = []
    channels: tuple[str, ...] = ()
    for part in PARTS:
        if not (folder / part / SIGNALS).is_dir():
            continue
        files = sorted((folder / part / SIGNALS).glob(f"*_{part}.txt"))
        found = tuple(file.name.removesuffix(f"_{part}.txt") for file in files)
        if not found or (channels and found != channels):
            raise DataError(
                f"{folder / part / SIGNALS} has the signals {', '.join(found) or '(none)'}; "
                f"expected {', '.join(channels) or f'files such as body_acc_x_{part}.txt'}"
            )
        channels = found
        windows = _windows(files, encoding)
        rows += windows
        marks = _marks(folder / part / f"y_{part}.txt", len(windows), encoding)
        labels += [names.get(mark, mark) for mark in marks]
        groups += _marks(folder / part / f"subject_{part}.txt", len(windows), encoding)
        parts += [part] * len(windows)
    return Recordings(
        rows, [*labels], parts, (), str(folder), None, channels, groups, "subject"
    )  # fmt: skip


def _lines(path: Path, encoding: str) -> list[str]:
    return decode(read_bytes(path), path, encoding).splitlines()


def _activities(path: Path, encoding: str) -> dict[str, str]:
    if not path.is_file():
        return {}
    pairs = [line.split(maxsplit=1) for line in _lines(path, encoding) if line.strip()]
    return {pair[0]: pair[-1].strip() for pair in pairs}


def _windows(files: list[Path], encoding: str) -> list[Values]:
    """Return the windows of all channels, (T, C) each."""
    found: list[list[Values]] = []
    for file in files:
        lines = _lines(file, encoding)
        found.append([numbers(text, None, file, n) for n, text in enumerate(lines, 1)])
        for n, (own, first) in enumerate(zip(found[-1], found[0], strict=False), 1):
            if len(own) != len(first):
                raise DataError(
                    f"{file}: line {n} has {counted(len(own), 'number')}, that of "
                    f"{files[0].name} {len(first)}; copy the file anew"
                )
        if len(found[-1]) != len(found[0]):
            raise DataError(_other_size(file, len(found[-1]), len(found[0])))
    return [np.stack(window, axis=1) for window in zip(*found, strict=True)]


def _marks(path: Path, windows: int, encoding: str) -> list[str]:
    """Return the mark of each window."""
    marks = [line.strip() for line in _lines(path, encoding)]
    if len(marks) != windows:
        raise DataError(_other_size(path, len(marks), windows))
    if "" in marks:
        raise DataError(f"{path}: line {marks.index('') + 1} is empty; expected a number")
    return marks


def _other_size(path: Path, lines: int, windows: int) -> str:
    return (
        f"{path} has {counted(lines, 'line')}, where there are {counted(windows, 'window')}; "
        "expected one for each: copy the file anew"
    )
