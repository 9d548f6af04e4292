"""ARFF files of recordings: an attribute for each step, or one that holds all channels."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sestina.data.number_lists import numbers, side_by_side, told_lines
from sestina.data.recordings import Recordings, Values
from sestina.data.tables import decode, read_bytes
from sestina.errors import DataError, counted

NUMERIC = ("numeric", "real", "integer")
ATTRIBUTE = re.compile(r"@attribute\s+('[^']*'|\"[^\"]*\"|\S+)\s+(.+)", re.IGNORECASE)
FIELD = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"|([^,]*)")
STEP_BREAK = "\\n"  # between channels of a relational value, as two signs


@dataclass
class Head:
    """What the lines before the data say.

    Attributes:
        steps: How many numeric attributes there are; 0 with a relational one.
        classes: What the nominal attribute may be; None where there is none.
    """

    steps: int = 0
    relational: bool = False
    classes: list[str] | None = None
    label_first: bool = False


def read_arff(path: Path, encoding: str) -> Recordings:
    """Read an ARFF file: univariate (a numeric attribute for each step) or relational.

    A relational value holds the channels, parted by the two signs backslash and n, and the values
    of each, parted by commas, as the archives of time series have them. The one nominal attribute
    is the label; a ? is a missing value.

    Raises:
        DataError: A line is not as the attributes say; it is named.
    """
    lines = told_lines(decode(read_bytes(path), path, encoding), ("%",))
    head = _head(lines, path)
    rows: list[Values] = []
    labels: list[str] = []
    wanted = (1 if head.relational else head.steps) + (head.classes is not None)
    for line, text in lines:
        fields = _fields(text)
        if len(fields) != wanted:
            raise DataError(
                f"{path}: line {line} has {counted(len(fields), 'field')}, the attributes are "
                f"{wanted}; quote a value that has commas in it"
            )
        if head.classes is not None:
            label = fields.pop(0 if head.label_first else -1)
            labels.append(_label(label, head.classes, path, line))
        channels = fields[0].split(STEP_BREAK) if head.relational else [",".join(fields)]
        rows.append(side_by_side([numbers(c, ",", path, line) for c in channels], path, line))
        if rows[-1].shape[1] != rows[0].shape[1]:
            raise DataError(
                f"{path}: line {line} has {counted(rows[-1].shape[1], 'channel')}, the first line "
                f"of data {rows[0].shape[1]}; expected the same"
            )
    return Recordings(rows, None if head.classes is None else [*labels], source=str(path))


def _head(lines: Iterator[tuple[int, str]], path: Path) -> Head:
    head, inside = Head(), False
    for line, text in lines:
        key = text.split()[0].lower()
        if key == "@data":
            if not head.steps and not head.relational:
                break
            return head
        if key == "@end":
            inside = False
        if key != "@attribute" or inside:
            continue
        found = ATTRIBUTE.fullmatch(text)
        kind = found[2].strip() if found else ""
        if kind.lower() == "relational":
            head.relational = inside = True
        elif kind.split()[0].lower() in NUMERIC if kind else False:
            head.steps += 1
        elif kind.startswith("{") and kind.endswith("}") and head.classes is None:
            head.classes = [field.strip() for field in _fields(kind[1:-1])]
            head.label_first = not head.steps and not head.relational
        else:
            raise DataError(
                f"{path}: line {line} has an attribute that is neither numeric, relational nor the "
                "one of the labels ({a,b}); take it out"
            )
    raise DataError(
        f"{path} has no @attribute of numbers before @data; expected a univariate or relational "
        "ARFF file"
    )


def _fields(text: str) -> list[str]:
    """Return the fields of a line, parted by commas outside of quotation marks."""
    found, place = [], 0
    while place <= len(text):
        match = FIELD.match(text, place + len(text[place:]) - len(text[place:].lstrip()))
        assert match is not None  # its last choice takes anything
        found.append(next(group for group in match.groups() if group is not None).strip())
        end = text.find(",", match.end())
        if end < 0:
            break
        place = end + 1
    return found


def _label(label: str, classes: list[str], path: Path, line: int) -> str:
    if label == "?":
        return ""
    if label not in classes:
        raise DataError(
            f"{path}: line {line} has the label {label[:40]!r}, which the attribute does not name; "
            f"expected one of {', '.join(classes[:12])}"
        )
    return label
