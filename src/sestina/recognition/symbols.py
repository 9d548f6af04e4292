"""What a text is cut into, at the level of characters or of words, and put together again."""

from __future__ import annotations

from collections.abc import Iterable


def symbols_in(text: str, level: str) -> list[str]:
    """Return the symbols of a text: its characters, several blanks as one, or its words.

    Args:
        text: What is said.
        level: "character", or "word": what blanks part, so phones, too, as in "AH B IY".
    """
    words = text.split()
    return words if level == "word" else [*" ".join(words)]


def text_of(symbols: Iterable[str], level: str) -> str:
    """Return the text that symbols write, several blanks as one.

    Args:
        symbols: Characters, or words.
        level: Which of both they are, as `symbols_in` has it.
    """
    return " ".join((" " if level == "word" else "").join(symbols).split())
