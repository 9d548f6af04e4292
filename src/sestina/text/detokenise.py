"""Tokens → running text: where blanks stand between words and marks.

The tokeniser does not keep blanks, so that these are the usual ones, by rules; no blank stands
beside a hyphen or a slash.
"""

from __future__ import annotations

import re

BLANK = "▁"  # stands for the blank before a word, in parts of words
CLOSING = frozenset(".,;:!?)]}%…»”’'")
OPENING = frozenset("([{«“‘`$£€#@¿¡")
BETWEEN = frozenset("-/–")
# what `tokenise.words` takes off a word's end
ENDING = re.compile(r"n['’]t|['’](?:s|d|m|re|ve|ll)", re.IGNORECASE)


class Joiner:
    """Puts tokens together, one after another.

    Args:
        level: Of the tokens: "word", "character" or "subword".
    """

    def __init__(self, level: str = "word") -> None:
        self._level = level
        self._glued = True  # whether what comes stands beside what was
        self._open = False  # whether a straight quotation mark waits for its second

    def __call__(self, token: str) -> str:
        """Return what a token adds to the text."""
        if self._level == "character":
            return token
        if self._level == "subword":
            text = token.replace(BLANK, " ")
            first, self._glued = self._glued, False
            return text.removeprefix(" ") if first else text
        quote = token == '"'
        apart = not self._glued and not self._joins(token)
        if quote:
            apart = not self._glued and not self._open
            self._open = not self._open
        self._glued = token in OPENING or token in BETWEEN or (quote and self._open)
        return f" {token}" if apart else token

    def _joins(self, token: str) -> bool:
        return token in CLOSING or token in BETWEEN or ENDING.fullmatch(token) is not None
