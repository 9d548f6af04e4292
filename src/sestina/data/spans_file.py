"""JSONL of spans: a sentence a line, {"tokens": […], "spans": [[start, end, "PER"], …]}.

With "tokens" a span counts words; with "text" instead it counts characters, and the text is cut
into runs of letters and digits, and single marks. Ends are exclusive. Instead of spans there may be
"tags", a string for each of the "tokens". A line without either has no tags.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from sestina.errors import DataError, counted
from sestina.spans import spans_of, tags_of
from sestina.store import write_text

LINES = (".jsonl", ".ndjson")
TOKEN = re.compile(r"\w+|[^\w\s]")
SHAPE = '{"tokens": ["Ann", "left"], "spans": [[0, 1, "PER"]]}'


def read_spans(lines: Sequence[str], path: Path) -> tuple[list[list[str]], list[list[str]] | None]:
    """Return words and tags of JSON lines, BIO where spans are given; None where no line has any.

    Raises:
        DataError: A line is not as above, or spans overlap or cut a word; the message names it.
    """
    sentences, tags, tagged = [], [], False
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        place = f"{path}, line {number}"
        row = _object(line, place)
        words, spans = _words(row, place)
        sentences.append(words)
        tags.append(_tags(row, words, place) or tags_of(_apart(spans, place), len(words)))
        tagged = tagged or "spans" in row or "tags" in row
    return sentences, tags if tagged else None


def _object(line: str, place: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{place} is not JSON ({error}); expected {SHAPE}") from error
    if not isinstance(row, dict) or not ({"tokens", "text"} & set(row)):
        raise DataError(f"{place} has neither tokens nor text; expected {SHAPE}")
    return row


def _words(row: dict[str, Any], place: str) -> tuple[list[str], list[tuple[int, int, str]]]:
    """Return the words of a row and its spans in words."""
    listed = row.get("spans") or []
    if not isinstance(listed, list):
        raise DataError(f"{place}: its spans are {listed!r:.60}, not a list; expected {SHAPE}")
    spans = [_span(span, place) for span in listed]
    if "tokens" in row:
        words = row["tokens"]
        if not isinstance(words, list) or not all(isinstance(w, str) and w for w in words):
            raise DataError(f"{place}: its tokens are not a list of strings; expected {SHAPE}")
        for start, end, _ in spans:
            if end > len(words):
                raise DataError(
                    f"{place}: the span [{start}, {end}] goes beyond its "
                    f"{counted(len(words), 'token')}; ends are exclusive, counted from 0"
                )
        return words, spans
    if not isinstance(row["text"], str):
        raise DataError(f"{place}: its text is not a string; expected {SHAPE}")
    found = list(TOKEN.finditer(row["text"]))
    starts, ends = [m.start() for m in found], [m.end() for m in found]
    return [m.group() for m in found], [_in_words(span, starts, ends, place) for span in spans]


def _tags(row: dict[str, Any], words: list[str], place: str) -> list[str] | None:
    """Return the tags of a row that has some."""
    tags = row.get("tags")
    if tags is None:
        return None
    if "tokens" not in row or row.get("spans"):
        raise DataError(f"{place} has tags; they stand beside tokens, and without spans")
    if not isinstance(tags, list) or not all(isinstance(tag, str) and tag for tag in tags):
        raise DataError(f"{place}: its tags are {tags!r:.60}; expected a list of strings")
    if len(tags) != len(words):
        raise DataError(
            f"{place} has {counted(len(words), 'token')} and {counted(len(tags), 'tag')}; expected "
            "one tag for each token"
        )
    return tags


def _span(span: Any, place: str) -> tuple[int, int, str]:
    good = isinstance(span, list) and len(span) == 3 and isinstance(span[2], str) and span[2]
    if not good or not all(isinstance(n, int) and not isinstance(n, bool) for n in span[:2]):
        raise DataError(f'{place}: the span {span!r:.60} is not [start, end, "KIND"]')
    start, end, kind = span
    if not 0 <= start < end:
        raise DataError(f"{place}: the span [{start}, {end}] holds nothing; ends are exclusive")
    return start, end, kind


def _in_words(
    span: tuple[int, int, str], starts: list[int], ends: list[int], place: str
) -> tuple[int, int, str]:
    """Return a span of characters as one of words."""
    start, end, kind = span
    first, last = bisect_left(starts, start), bisect_right(ends, end)
    if not first < last or starts[first] != start or ends[last - 1] != end:
        raise DataError(
            f"{place}: the characters [{start}, {end}] of {kind} are not whole words; a span "
            "begins and ends with a word or mark"
        )
    return first, last, kind


def _apart(spans: list[tuple[int, int, str]], place: str) -> list[tuple[int, int, str]]:
    spans = sorted(spans)
    for one, other in pairwise(spans):
        if other[0] < one[1]:
            raise DataError(
                f"{place}: the spans {list(one)} and {list(other)} overlap; a word has one tag"
            )
    return spans


def write_spans(
    path: str | Path, sentences: Sequence[Sequence[str]], tags: Sequence[Sequence[str]]
) -> None:
    """Write sentences and the spans that their tags mean as JSONL, with "tokens" and "spans".

    Args:
        path: The file; it is written under another name first.
        sentences: N lists of words.
        tags: N lists of tags, BIO or BIOES.
    """
    rows = (
        {"tokens": list(words), "spans": [list(span) for span in spans_of(row)]}
        for words, row in zip(sentences, tags, strict=True)
    )
    write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
