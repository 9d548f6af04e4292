"""HTML's entities → the characters that they name."""

from __future__ import annotations

import html
import re

_NUMBERED = re.compile(r"&#0*(?=\d)(\d+)")
_BEYOND = 0x110000  # the first number that no character has


def unescape(text: str) -> str:
    """Return a text with entities such as ``&eacute;`` and ``&#233;`` as characters.

    That is Python's own `html.unescape`, which fails at a number of thousands of digits; as in
    browsers, a number that no character has becomes U+FFFD.
    """
    try:
        return html.unescape(text)
    except ValueError:
        return html.unescape(_NUMBERED.sub(_shortened, text))


def _shortened(match: re.Match[str]) -> str:
    digits = match[1]
    return f"&#{min(int(digits[:9]), _BEYOND)}"
