"""Tags of spans, such as B-PER I-PER O: what spans they mean, and which tag may follow which.

Schemes: "bio" (B- begins a span, I- goes on, O is outside; also called IOB2) and "bioes" (E- ends a
span, S- is one alone). Spans are (start, end, kind), end exclusive.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Span = tuple[int, int, str]
SPAN_TAG = re.compile(r"[BIES]-.+", re.DOTALL)
OUTSIDE = "O"


def parted(tag: str) -> tuple[str, str]:
    """Return the letter of a tag and its kind: B-PER is B and PER, O is O and nothing."""
    letter, _, kind = tag.partition("-")
    return letter, kind


def scheme_of(tags: Iterable[Any]) -> str | None:
    """Return the scheme that distinct tags are written in; None where they do not mark spans."""
    names = set(tags) - {OUTSIDE}
    if not names or not all(isinstance(tag, str) and SPAN_TAG.fullmatch(tag) for tag in names):
        return None
    letters = {tag[0] for tag in names}
    return "bioes" if letters & {"E", "S"} else "bio"


def may_follow(scheme: str, one: str | None, other: str | None) -> bool:
    """Tell whether a scheme allows a tag after another; None is the border of the sentence."""
    (before, kind), (letter, other_kind) = parted(one or OUTSIDE), parted(other or OUTSIDE)
    if scheme == "bio":
        return letter != "I" or (before in ("B", "I") and kind == other_kind)
    if before in ("B", "I"):
        return letter in ("I", "E") and kind == other_kind
    return letter not in ("I", "E")


def allowed(classes: Sequence[str], scheme: str) -> NDArray[np.bool_]:
    """Return which tag may follow which, (K + 1, K + 1).

    Row K tells what may begin a sentence, column K what may end it.
    """
    names: list[str | None] = [*classes, None]
    table = [[may_follow(scheme, one, other) for other in names] for one in names]
    return np.array(table, dtype=np.bool_)


def can_always_end(table: NDArray[np.bool_]) -> bool:
    """Tell whether sentences of every length have a way through: a tag that may stand anywhere."""
    inner = table.diagonal()[:-1]
    return bool((inner & table[-1, :-1] & table[:-1, -1]).any())


def first_offence(sentences: Iterable[Sequence[str]], scheme: str) -> tuple[int, int] | None:
    """Return where the tags of sentences first break a scheme: (sentence, word), or None."""
    for n, tags in enumerate(sentences):
        for place, (one, other) in enumerate(pairwise([None, *tags, None])):
            if not may_follow(scheme, one, other):
                return n, min(place, len(tags) - 1)
    return None


def spans_of(tags: Sequence[str]) -> list[Span]:
    """Return the spans that tags mean, read as the conlleval script of CoNLL-2000 does.

    Tags that break their scheme are read too: an I- or E- that continues nothing begins a span,
    and a span ends where the next one begins.
    """
    found: list[Span] = []
    start, open_kind, before = -1, "", OUTSIDE
    for n, tag in enumerate(tags):
        letter, kind = parted(tag)
        begins = letter in ("B", "S") or (
            letter in ("I", "E") and (before not in ("B", "I") or kind != open_kind)
        )
        if start >= 0 and (begins or letter == OUTSIDE):
            found.append((start, n, open_kind))
            start = -1
        if begins:
            start, open_kind = n, kind
        before = letter
    if start >= 0:
        found.append((start, len(tags), open_kind))
    return found


def tags_of(spans: Iterable[Span], length: int, scheme: str = "bio") -> list[str]:
    """Return the tags of a sentence of `length` words; later spans overwrite earlier ones."""
    tags = [OUTSIDE] * length
    for start, end, kind in spans:
        letters = ["B"] + ["I"] * (end - start - 1)
        if scheme == "bioes":
            letters = ["S"] if end - start == 1 else [*letters[:-1], "E"]
        tags[start:end] = [f"{letter}-{kind}" for letter in letters]
    return tags
