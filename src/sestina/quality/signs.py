"""Signs that went wrong on the way: lost, read in a wrong encoding, invisible, left from HTML."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from sestina.errors import counted
from sestina.quality.findings import Example, Finding, first_difference, shown

# what bytes 0x80 to 0xBF, which only follow others in UTF-8, look like in Latin-1 and cp1252
_LATER = bytes(range(0x80, 0xC0))
_FOLLOW = re.escape(_LATER.decode("latin-1") + _LATER.decode("cp1252", errors="ignore"))
_TAGS = (
    "a|b|blockquote|body|br|code|div|em|font|h[1-6]|head|hr|html|i|img|li|ol|p|pre|script|span|"
    "strong|style|sub|sup|table|td|th|tr|u|ul"
)
CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][\da-fA-F]{1,6}|[a-zA-Z][a-zA-Z\d]{1,30});")
TAG = re.compile(rf"</?(?:{_TAGS})(?:\s[^<>]*)?/?>", re.IGNORECASE)
LOST = re.compile("\ufffd")
INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")
# Ã© for é, â€™ for ’, Ð¿Ñ€ for пр, ðŸ˜ for a picture, ï»¿ for a byte order mark
MOJIBAKE = re.compile(
    f"[ÂÃ][{_FOLLOW}]|â[\x80-\x84€„][{_FOLLOW}]|(?:[ÐÑ][{_FOLLOW}]){{2}}|ð[\x9fŸ][{_FOLLOW}]"
    "|ï»¿|ï¿½"
)
NO_ASCII = (("lost_characters", LOST), ("mojibake", MOJIBAKE), ("invisible_characters", INVISIBLE))

SENTENCES = {
    "lost_characters": "{} with U+FFFD, which stands for a character that was lost in decoding; "
    "read the source again in its own encoding (--encoding)",
    "mojibake": "{} with UTF-8 that was read as Latin-1 or cp1252 ({}); decode the source as UTF-8",
    "control_characters": "{} with control characters ({}); remove them, "
    "or read the source in its own encoding (--encoding)",
    "invisible_characters": "{} with invisible signs such as a byte order mark, a zero-width "
    "space or a soft hyphen ({}); remove them, for they make equal words differ",
    "html_entities": "{} with HTML entities such as {}; Sestina reads them as the signs they "
    "name, unless told --no-html",
    "html_tags": "{} with HTML tags such as {}; <br> is read as a blank, "
    "other tags become words, so remove those",
}


@dataclass
class _Hits:
    count: int = 0
    sample: str = ""
    examples: list[Example] = field(default_factory=list)


def check_signs(texts: Sequence[str], most: int) -> list[Finding]:
    """Return what is found about the signs in texts.

    Args:
        texts: N texts.
        most: Examples of each finding.
    """
    hits = {kind: _Hits() for kind in SENTENCES}
    abnormal, composed = _Hits(), 0
    for row, text in enumerate(texts):
        for kind, match in _odd(text):
            _note(hits[kind], row, text, match, most)
        if text.isascii():
            continue
        if not unicodedata.is_normalized("NFC", text):
            _note(abnormal, row, text, None, most)
        elif not unicodedata.is_normalized("NFD", text):
            composed += 1
    found = [
        Finding(
            kind,
            hit.count,
            SENTENCES[kind].format(counted(hit.count, "row"), shown(hit.sample)),
            tuple(hit.examples),
        )
        for kind, hit in hits.items()
        if hit.count
    ]
    return [*found, *([_not_normalised(abnormal, composed)] if abnormal.count else [])]


def _odd(text: str) -> list[tuple[str, re.Match[str]]]:
    """Return the first sign of each kind that a text should not hold."""
    found = [] if text.isprintable() else [("control_characters", CONTROLS.search(text))]
    if "&" in text:
        known = (m for m in ENTITY.finditer(text) if html.unescape(m[0]) != m[0])
        found.append(("html_entities", next(known, None)))
    if "<" in text:
        found.append(("html_tags", TAG.search(text)))
    if not text.isascii():
        found += [(kind, pattern.search(text)) for kind, pattern in NO_ASCII]
    return [(kind, match) for kind, match in found if match]


def _note(hits: _Hits, row: int, text: str, match: re.Match[str] | None, most: int) -> None:
    hits.count += 1
    if not hits.sample and match:
        hits.sample = match[0]
    if len(hits.examples) < most:
        position = (
            match.start() if match else first_difference(text, unicodedata.normalize("NFC", text))
        )
        hits.examples.append(Example((row + 1,), (shown(text, position),)))


def _not_normalised(hits: _Hits, composed: int) -> Finding:
    others = f" ({composed:,} are in it)" if composed else ""
    return Finding(
        "not_normalised",
        hits.count,
        f"{counted(hits.count, 'row')} with accented letters out of Unicode's normal form NFC"
        f"{others}, so that equal words differ; pass texts through "
        "unicodedata.normalize('NFC', text)",
        tuple(hits.examples),
        {"in normal form": composed},
    )
