"""A word that has no vector, and the known words that are spelled like it."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from itertools import islice

from sestina.errors import DataError

COMPARED = 5_000  # words; difflib takes some 10 µs for each


class UnknownWord(DataError, KeyError):
    """A word has no vector; caught as `KeyError` too, as of any mapping."""

    __str__ = Exception.__str__  # KeyError's would put the sentence in quotation marks

    def __init__(self, word: str, known: Collection[str]) -> None:
        near = like(word, known)
        hint = (
            f"; did you mean {' or '.join(map(repr, near))}?"
            if near
            else "; ask another word, or vectors of fastText, which have one for every word"
        )
        super().__init__(f"{word!r} has no vector{hint}")


def like(word: str, known: Collection[str]) -> list[str]:
    """Return up to three known words spelled like `word`: in another case, or nearly so.

    Only words that share its first or last letter and nearly its length are compared, and of
    those the first few thousand, which are the most frequent ones in most files.
    """
    cases = {word.lower(), word.capitalize(), word.upper()} - {word}
    if found := sorted(form for form in cases if form in known):
        return found
    if not word:
        return []
    small = word.lower()
    sizes = range(len(word) - 1, len(word) + 2)
    alike = (k for k in known if len(k) in sizes and (k[0] == small[0] or k[-1] == small[-1]))
    near = get_close_matches(small, islice(alike, COMPARED), n=9, cutoff=0.75)
    swapped = sorted(near, key=lambda k: (sorted(k) != sorted(small), k[0] != small[0]))
    return swapped[:3]
