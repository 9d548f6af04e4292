"""Cleaning before texts are cut up: one small function for each option (lectures' row A1).

Each takes a text and returns it changed; `cleaner` puts together those that options ask for.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from sestina.config import CleaningOptions
from sestina.data.entities import unescape

URL, NUMBER = "<url>", "<number>"  # tokens of their own, which no tokeniser takes apart
MARKS = (URL, NUMBER)

Cleaner = Callable[[str], str]

_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
# a number may be grouped and have a decimal part (1,000.50); x2 and 3rd are words
_NUMBER = re.compile(r"(?<!\w)\d+(?:[.,]\d+)*(?!\w)")
# up to the last character that is no punctuation, so that the full stop after it stays
_ADDRESS = re.compile(
    r"(?<!\w)(?:(?:https?|ftp)://|www\.)[^\s<>\"“”«»]*[^\s<>\"“”«».,;:!?…'’()\[\]{}]", re.IGNORECASE
)
_ACCENT = re.compile("[\u0300-\u036f]")  # Latin, Greek, Cyrillic; vowel signs elsewhere are letters


def breaks(text: str) -> str:
    """Return a text with each ``<br />`` as a blank."""
    return _BREAK.sub(" ", text) if "<" in text else text


def entities(text: str) -> str:
    """Return a text with HTML entities as the characters they name: ``&amp;`` is ``&``."""
    return unescape(text) if "&" in text else text


def html(text: str) -> str:
    """Return a text with ``<br />`` as a blank and HTML entities as the characters they name."""
    return entities(breaks(text))


def urls(text: str) -> str:
    """Return a text with each web address as ``<url>``."""
    return _ADDRESS.sub(URL, text) if "://" in text or "ww." in text.lower() else text


def lowercase(text: str) -> str:
    """Return a text in lower case."""
    return text.lower()


def accents(text: str) -> str:
    """Return a text without the accents above and below letters: ``é`` is ``e``, ``ø`` stays."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", _ACCENT.sub("", unicodedata.normalize("NFD", text)))


def zeros(text: str) -> str:
    """Return a text with every digit as 0, so that numbers differ by their form alone."""
    return _DIGIT.sub("0", text)


def numbers(text: str) -> str:
    """Return a text with every number as ``<number>``; digits within words stay."""
    return _NUMBER.sub(NUMBER, text)


def sets_marks(options: CleaningOptions) -> bool:
    """Tell whether cleaning puts marks in, which are tokens of their own."""
    return options.urls or options.digits == "token"


def cleaner(options: CleaningOptions) -> Cleaner:
    """Return the function text → text that `options` describe; its steps follow a fixed order."""
    steps: list[Cleaner] = []
    if options.html:
        steps.append(html)
    elif options.entities:
        steps.append(entities)
    if options.urls:  # before accents and digits are taken out of addresses
        steps.append(urls)
    if options.lowercase:
        steps.append(lowercase)
    if options.accents:
        steps.append(accents)
    if options.digits:
        steps.append({"zero": zeros, "token": numbers}[options.digits])

    def clean(text: str) -> str:
        for step in steps:
            text = step(text)
        return text

    return clean
