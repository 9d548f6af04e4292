"""Texts → tokens: words, or characters."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from sestina.config import TextOptions

# The contractions of English are parted as in the Penn Treebank, which pre-trained vectors expect
# (does|n't, it|'s); a run of letters and digits is a word; any other mark stands alone.
WORD = re.compile(
    r"[^\W\d_]+?(?=n['’]t\b)|n['’]t\b|['’](?:s|re|ve|ll|d|m)\b|\w+|[^\w\s]", re.IGNORECASE
)
BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)

Tokeniser = Callable[[str], list[str]]


def words(text: str) -> list[str]:
    """Return the words and punctuation marks of a text, in order."""
    return WORD.findall(text.replace("’", "'"))


def characters(text: str) -> list[str]:
    """Return the characters of a text, in order; white space is one blank."""
    return list(" ".join(text.split()))


def cleaned(text: str) -> str:
    """Return a text with ``<br />`` as a blank and HTML entities as the characters they name."""
    if "<" in text:
        text = BREAK.sub(" ", text)
    return html.unescape(text) if "&" in text else text


def tokeniser(options: TextOptions) -> Tokeniser:
    """Return the function text → tokens that `options` describe."""
    cut = words if options.level == "word" else characters

    def tokenise(text: str) -> list[str]:
        if options.html:
            text = cleaned(text)
        return cut(text.lower() if options.lowercase else text)

    return tokenise
