"""Cut text into words and number them: what `text.tokenise.words` does, compiled.

Text is UTF-8 bytes. A word of ASCII letters between blanks or marks, as most are, is found eight
bytes at once; the rules are for all others.
"""

from __future__ import annotations

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from sestina.kernels.compiled import compiled
from sestina.kernels.lexicon import (
    SPARE,
    TABLES,
    Lexicon,
    add,
    first_bytes,
    hash_of,
    known,
    places,
    slot_of,
)
from sestina.kernels.memory import eight_bytes, prefetch, trailing_zeros

MARK, SPACE, OTHER, LETTER, SIGN = range(5)
"""What a character is: a mark, white space, a digit or underscore, a letter, a sign that goes on
with a word but begins none."""

WORDS, BLANKS, TOKENS = range(3)
"""Where words end: as in `text.tokenise.words`, marks left out; at white space alone; as in
`text.tokenise.words`, each mark a word of its own."""

TOGETHER = 32  # words that are cut before the first is looked up, so that memory has time

_NEWLINE, _BLANK, _APOSTROPHE = 10, 32, 39
_EACH = np.uint64(0x0101010101010101)
_CASE, _LOW, _HIGH = (_EACH * np.uint64(byte) for byte in (0x20, 0x7F, 0x80))
_FROM_A, _AFTER_Z = (_EACH * np.uint64(0x80 - byte) for byte in (0x61, 0x7B))


@njit
def character(text, i):
    """Return the code point at byte i of valid UTF-8, and the byte behind it."""
    first = np.int64(text[i])
    if first < 0x80:
        return first, i + 1
    if first < 0xE0:
        return (first & 0x1F) << 6 | text[i + 1] & 0x3F, i + 2
    if first < 0xF0:
        return (first & 0x0F) << 12 | (text[i + 1] & 0x3F) << 6 | text[i + 2] & 0x3F, i + 3
    middle = (text[i + 1] & 0x3F) << 12 | (text[i + 2] & 0x3F) << 6
    return (first & 0x07) << 18 | middle | text[i + 3] & 0x3F, i + 4


@njit
def kind_at(text, i, classes):
    """Return the class of the character at byte i and the byte behind it; the end is a mark."""
    if i >= text.size:
        return MARK, i
    point, following = character(text, i)
    return classes[point], following


@njit
def ends_here(text, i, classes):
    """Tell whether nothing stands at byte i that goes on with a word."""
    kind, _ = kind_at(text, i, classes)
    return kind < OTHER


@njit
def is_letter(text, i, small):
    """Tell whether the byte at i is an ASCII letter, given as its small form."""
    return i < text.size and (text[i] | 0x20) == small


@njit
def contraction(text, i, classes):
    """Return the end of 's, 're, 've, 'll, 'd or 'm at byte i, an apostrophe; 0: there is none."""
    for small in (115, 100, 109):
        if is_letter(text, i + 1, small) and ends_here(text, i + 2, classes):
            return i + 2
    for small, smaller in ((114, 101), (118, 101), (108, 108)):
        both = is_letter(text, i + 1, small) and is_letter(text, i + 2, smaller)
        if both and ends_here(text, i + 3, classes):
            return i + 3
    return 0


@njit
def run_end(text, i, classes):
    """Return the end of a run of letters, digits, underscores and signs, and of its letters."""
    letters = -1
    while True:
        kind, following = kind_at(text, i, classes)
        if kind != LETTER and letters < 0:
            letters = i
        if kind < OTHER:
            return i, letters
        i = following


@njit
def blank_end(text, i, classes):
    """Return the end of a run of characters that are not white space."""
    while i < text.size:
        kind, following = kind_at(text, i, classes)
        if kind == SPACE:
            break
        i = following
    return i


@njit
def next_word(text, i, classes, mode):
    """Return where a word at byte i ends; i itself: none begins there."""
    kind, _ = kind_at(text, i, classes)
    if mode == BLANKS:
        return blank_end(text, i, classes)
    if text[i] == _APOSTROPHE:
        return max(contraction(text, i, classes), i)
    if kind < OTHER or kind == SIGN:
        return i
    end, letters = run_end(text, i, classes)
    negated = (
        end < text.size
        and text[end] == _APOSTROPHE
        and is_letter(text, end - 1, 110)
        and is_letter(text, end + 1, 116)
        and ends_here(text, end + 2, classes)
    )
    if negated and end - 1 == i:
        return end + 2  # n't itself
    if negated and letters >= end - 1:
        return end - 1  # what n't follows
    return end


@njit
def letters_at(address):
    """Count the ASCII letters at an address, before the first other byte, up to eight."""
    eight = eight_bytes(address)
    small = (eight | _CASE) & _LOW
    # the highest bit of each byte tells: no sum carries into the next byte
    letters = (small + _FROM_A) & ~(small + _AFTER_Z) & ~eight & _HIGH
    return trailing_zeros(letters ^ _HIGH) >> 3


@njit
def plain_end(text, i, classes, mode):
    """Return the end of a word of ASCII letters to which no rule applies; i if it is none."""
    end, more = i, 8
    while more == 8:
        more = letters_at(text.ctypes.data + end)
        end += more
    if end >= text.size:
        return i
    behind = np.int64(text[end])
    if behind >= 0x80 or behind == _APOSTROPHE:
        return i
    kind = classes[behind]
    return end if kind == SPACE or (kind == MARK and mode != BLANKS) else i


@njit
def cut(text, i, classes, mode, table, words):
    """List words and line ends from byte i on, and ask for their entries in the table.

    Returns how many were listed, where the rest of the text begins, and the words' bytes.
    """
    listed, letters = 0, 0
    while i < text.size and listed < words.shape[0]:
        if text[i] == _BLANK:
            i += 1
            continue
        if text[i] == _NEWLINE:
            words[listed, 1] = 0
            listed += 1
            i += 1
            continue
        end = plain_end(text, i, classes, mode)
        if end == i:
            end = next_word(text, i, classes, mode)
        if end == i:
            kind, following = kind_at(text, i, classes)
            if kind == SPACE or mode != TOKENS:
                i = following
                continue
            end = following
        address, size = text.ctypes.data + i, end - i
        key = first_bytes(address, size)
        value = hash_of(key, address, size)
        prefetch(table.ctypes.data + 8 * slot_of(value, table))
        words[listed, 0], words[listed, 1] = address, size
        words[listed, 2], words[listed, 3] = np.int64(key), np.int64(value)
        letters += size
        listed += 1
        i = end
    return listed, i, letters


def scan_text(text, classes, mode, words, table, hashes, starts, arena, counts, sizes, out):
    """Write the numbers of a text's words, −1 for a line's end; return the byte where it stopped.

    It stops early where `table`, `arena` or `out` might not hold the next words. `sizes` are the
    numbers of words known, and of numbers written. `SPARE` bytes behind the text, none of them a
    letter, are read.
    """
    i, written, most = 0, 0, words.shape[0]
    at = places(table, starts, arena, counts)
    while i < text.size and 4 * (sizes[0] + most) < table.size and written + most <= out.size:
        listed, end, letters = cut(text, i, classes, mode, table, words)
        if starts[sizes[0]] + letters + SPARE > arena.size:
            break
        for n in range(listed):
            out[written + n] = -1
            if words[n, 1]:
                address, size, key = words[n, 0], words[n, 1], words[n, 2]
                value = np.uint64(words[n, 3])
                word = known(address, size, key, value, at)
                if word < 0:
                    word = add(
                        address, size, key, value,
                        table, hashes, starts, arena, counts, sizes,
                    )  # fmt: skip
                out[written + n] = word
        i, written = end, written + listed
    sizes[1] = written
    return i


_SIGNATURE = types.int64(
    types.Array(types.uint8, 1, "C", readonly=True), types.uint8[::1], types.int64,
    types.int64[:, ::1], *TABLES, types.int32[::1],
)  # fmt: skip


class Scanner(Lexicon):
    """Words in the order of their first occurrence, their counts, and texts as their numbers.

    Args:
        classes: What each code point is, (0x110000,) uint8.
        mode: `WORDS`, `BLANKS` or `TOKENS`.
    """

    def __init__(self, classes: NDArray[np.uint8], mode: int) -> None:
        super().__init__()
        self._classes, self._mode = classes, mode

    def scan(self, text: bytes) -> NDArray[np.int32]:
        """Return the numbers of the words of a text, −1 at each line's end."""
        kernel, words = compiled(scan_text, _SIGNATURE), np.empty((TOGETHER, 4), np.int64)
        rest, parts = np.frombuffer(text + bytes(SPARE), np.uint8)[:-SPARE], []
        out = np.empty(len(text) + TOGETHER, np.int32)
        while rest.size:
            done = kernel(rest, self._classes, self._mode, words, *self.arrays, out)
            parts.append(out[: self._sizes[1]].copy())
            rest = rest[done:]
            if rest.size:  # it wants room for more words, perhaps very long ones
                self.grow(TOGETHER, min(rest.size, 1 << 20) if done else rest.size)
        return np.concatenate(parts) if parts else out[:0]
