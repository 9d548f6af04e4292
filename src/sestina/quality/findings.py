"""What a check of data finds: findings by severity, each with its sentence and examples."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sestina.errors import OptionError, nearest

KINDS = {
    "leaks": "error",
    "conflicting_labels": "error",
    "one_class": "error",
    "unseen_classes": "error",
    "unlabelled": "warning",
    "many_classes": "warning",
    "near_leaks": "warning",
    "duplicates": "warning",
    "near_duplicates": "warning",
    "joined_labels": "warning",
    "label_typos": "warning",
    "rare_classes": "warning",
    "imbalance": "warning",
    "empty": "warning",
    "lost_characters": "warning",
    "mojibake": "warning",
    "control_characters": "warning",
    "invisible_characters": "warning",
    "not_normalised": "warning",
    "no_labels": "note",
    "missing_classes": "note",
    "one_token": "note",
    "long": "note",
    "unknown_tokens": "note",
    "html_entities": "note",
    "html_tags": "note",
}
"""Every kind of finding with its severity, the most serious first."""

SEVERITIES = ("error", "warning", "note")
SHOWN = 100  # characters of an example
SEEN = 55  # of them, those that fit a line of the command
BEFORE = 20  # characters shown before what an example is about
# all but letters, marks and blanks that one sees: controls, U+FFFD, what has no width, surrogates
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u00ad\u200b\u2060\ufeff\ufffd\ud800-\udfff]")


@dataclass(frozen=True)
class Example:
    """Where a finding shows.

    Attributes:
        rows: Numbers of the rows, from 1; a header is no row.
        texts: What stands there, clipped: one text for all rows, or one for each.
        remark: What to see in it.
    """

    rows: tuple[int, ...]
    texts: tuple[str, ...]
    remark: str = ""


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes:
        kind: A key of `KINDS`.
        count: How many rows, or classes where it is about classes.
        sentence: What it is, how many, and what to do.
        examples: A few places.
        counts: The count by part or the like.
    """

    kind: str
    count: int
    sentence: str
    examples: tuple[Example, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def severity(self) -> str:
        """How serious it is: error, warning or note."""
        return KINDS[self.kind]


@dataclass(frozen=True)
class Check:
    """What was found in some data, the most serious first, and figures of them.

    Attributes:
        source: What was checked.
        rows: How many rows.
        facts: Parts, classes, lengths, vocabulary: figures that are there whatever was found.
        findings: What was found.
    """

    source: str
    rows: int
    facts: dict[str, Any]
    findings: tuple[Finding, ...]

    def __str__(self) -> str:
        if not self.findings:
            return f"{self.source}: nothing found"
        return "\n".join(f"{found.severity}: {found.sentence}" for found in self.findings)

    @property
    def counts(self) -> dict[str, int]:
        """The count of every kind of finding, 0 where there is none."""
        found = {finding.kind: finding.count for finding in self.findings}
        return {kind: found.get(kind, 0) for kind in KINDS}

    @property
    def severities(self) -> dict[str, int]:
        """How many findings there are of each severity."""
        found = [finding.severity for finding in self.findings]
        return {severity: found.count(severity) for severity in SEVERITIES}

    def finding(self, kind: str) -> Finding | None:
        """Return the finding of a kind, None where there is none.

        Raises:
            OptionError: There is no such kind.
        """
        if kind not in KINDS:
            raise OptionError(f"unknown kind of finding {kind!r}{nearest(kind, KINDS)}")
        return next((found for found in self.findings if found.kind == kind), None)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON values."""
        return {
            "source": self.source,
            "rows": self.rows,
            "severities": self.severities,
            "counts": self.counts,
            "facts": self.facts,
            "findings": [{"severity": f.severity, **asdict(f)} for f in self.findings],
        }


def ordered(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return findings by severity, those of one severity in the order of `KINDS`."""
    ranks = {kind: rank for rank, kind in enumerate(KINDS)}
    return tuple(sorted(findings, key=lambda found: ranks[found.kind]))


def shown(text: str, position: int = 0) -> str:
    r"""Return a text clipped, from a little before `position`, with signs one cannot see named.

    >>> shown("caf\ufffd  au lait")
    'caf\\ufffd au lait'
    """
    start = min(max(position - BEFORE, 0), max(len(text) - SEEN, 0))
    piece = " ".join(UNSEEN.sub(_named, text[start : start + 2 * SHOWN]).split())
    clipped = len(piece) > SHOWN or start + 2 * SHOWN < len(text)
    return ("… " if start else "") + piece[:SHOWN].rstrip() + (" …" if clipped else "")


def first_difference(one: str, other: str) -> int:
    """Return the first position at which two texts differ; where one is longer, its next one."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


def _named(match: re.Match[str]) -> str:
    sign = match.group()
    return " " if sign in "\t\n\r" else sign.encode("unicode_escape").decode()
