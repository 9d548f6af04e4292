"""Files of aeon and sktime (.ts): a line for each recording, its channels parted by colons."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sestina.data.number_lists import numbers, side_by_side, told_lines
from sestina.data.recordings import Recordings, Values
from sestina.data.tables import decode, read_bytes
from sestina.errors import DataError

STAMPED = re.compile(r"\(([^()]*)\)")


class Head(NamedTuple):
    """What the lines before the data say."""

    classes: list[str] | None  # None where there are no labels
    stamps: bool  # whether a value stands beside its time: (0.5,1.25)


def read_ts(path: Path, encoding: str) -> Recordings:
    """Read a .ts file: lines of @key value, @data, then a line for each recording.

    With times, (time,value) pairs are put in the order they stand in, and times are left out.

    Raises:
        DataError: A line is not as the lines before @data say; it is named.
    """
    lines = told_lines(decode(read_bytes(path), path, encoding), ("#", "%"))
    head = _head(lines, path)
    rows: list[Values] = []
    labels: list[str] = []
    for line, text in lines:
        fields = text.split(":")
        if head.classes is not None:
            labels.append(_label(fields.pop().strip(), head.classes, path, line))
        rows.append(side_by_side([_values(f, head.stamps, path, line) for f in fields], path, line))
        if rows[-1].shape[1] != rows[0].shape[1]:
            raise DataError(
                f"{path}: line {line} has {rows[-1].shape[1]} channels parted by colons, the first "
                f"has {rows[0].shape[1]}; expected the same (the last field is the label)"
            )
    notes = ("left the times out; steps are taken as they stand",) if head.stamps else ()
    return Recordings(
        rows, None if head.classes is None else [*labels], notes=notes, source=str(path)
    )


def _head(lines: Iterator[tuple[int, str]], path: Path) -> Head:
    classes: list[str] | None = None
    stamps, line = False, 0
    for line, text in lines:
        key, *values = text.split()
        match key.lower():
            case "@data":
                return Head(classes, stamps)
            case "@classlabel":
                classes = values[1:] if values and values[0].lower() == "true" else None
            case "@targetlabel" if values and values[0].lower() == "true":
                raise DataError(
                    f"{path}: line {line} says that each series has a number to foresee, and not a "
                    "class; give a file with @classLabel true"
                )
            case "@timestamps":
                stamps = bool(values) and values[0].lower() == "true"
            case _ if not key.startswith("@"):
                break
    raise DataError(
        f"{path} has no line @data before its recordings (line {line or 1}); expected a .ts file "
        "of aeon or sktime"
    )


def _label(label: str, classes: list[str], path: Path, line: int) -> str:
    """Return a label that the file names, or that is none."""
    if label in ("", "?"):
        return ""
    if classes and label not in classes:
        raise DataError(
            f"{path}: line {line} ends in {label[:40]!r}, which @classLabel does not name; "
            f"expected one of {', '.join(classes[:12])} behind the last colon"
        )
    return label


def _values(field: str, stamps: bool, path: Path, line: int) -> Values:
    if not stamps:
        return numbers(field, ",", path, line)
    pairs = [pair.rpartition(",")[2] for pair in STAMPED.findall(field)]
    if not pairs:
        raise DataError(
            f"{path}: line {line} has no (time,value) pairs, which @timeStamps true promises; "
            "write @timeStamps false where values stand alone"
        )
    return numbers(",".join(pairs), ",", path, line)
