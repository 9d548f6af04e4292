"""Texts → tokens: words, or characters."""

from __future__ import annotations

import re
from collections.abc import Callable

from sestina.config import TextOptions
from sestina.text.clean import MARKS, cleaner

# The contractions of English are parted as in the Penn Treebank, which pre-trained vectors expect
# (does|n't, it|'s); a run of letters and digits is a word; any other mark stands alone.
WORD = re.compile(
    r"[^\W\d_]+?(?=n['’]t\b)|n['’]t\b|['’](?:s|re|ve|ll|d|m)\b|\w+|[^\w\s]", re.IGNORECASE
)
MARK = re.compile("(" + "|".join(map(re.escape, MARKS)) + ")")

Tokeniser = Callable[[str], list[str]]


def words(text: str) -> list[str]:
    """Return the words and punctuation marks of a text, in order."""
    return WORD.findall(text.replace("’", "'"))


def characters(text: str) -> list[str]:
    """Return the characters of a text, in order; white space is one blank."""
    return list(" ".join(text.split()))


def tokeniser(options: TextOptions) -> Tokeniser:
    """Return the function text → tokens that `options` describe: first cleaned, then cut."""
    word = options.level == "word"
    cut: Tokeniser = words if word else characters
    if options.urls or options.digits == "token":
        cut = _around_marks(words if word else list)
    clean = cleaner(options)

    def tokenise(text: str) -> list[str]:
        return cut(clean(text))

    return tokenise


def _around_marks(cut: Tokeniser) -> Tokeniser:
    """Return a tokeniser that leaves the marks of cleaning whole; white space is one blank."""

    def tokenise(text: str) -> list[str]:
        tokens: list[str] = []
        for number, piece in enumerate(MARK.split(" ".join(text.split()))):
            tokens.extend([piece] if number % 2 else cut(piece))
        return tokens

    return tokenise
