"""Rows of the table are asked for before they are used, a few at a time between the products.

A core waits for some ten lines of memory at a time: whatever is asked for beyond that holds up what
follows. So the outputs of a center are asked for in parts while the one before it is trained, and
the words of a block one by one while the block before is.
"""

from __future__ import annotations

from numba import njit

from sestina.kernels.contexts import BLOCK
from sestina.kernels.memory import integer, prefetch, prefetch_to_write, short

LINE = 64  # bytes
PARTS = 3  # in which outputs are asked for
AHEAD = 6  # words whose rows are asked for before they are read or changed


@njit
def ask_for(a, s, row):
    """Ask for a row of the table, and for where its changes stand, ahead of their use."""
    place = a.table + row * a.row
    if a.rows:
        prefetch(s + a.at_slots + 4 * row)
        for at in range(0, a.row, LINE):
            prefetch(place + at)
    else:
        for at in range(0, a.row, LINE):
            prefetch_to_write(place + at)


@njit
def ask_for_word(a, s, word):
    """Ask for the rows that `fetch_word` reads."""
    if not a.bags:
        ask_for(a, s, word)
        return
    for part in range(integer(a.bag_starts + 8 * word), integer(a.bag_starts + 8 * word + 8)):
        ask_for(a, s, short(a.bags + 4 * part))


@njit
def ask_for_words(a, s, first, last):
    """Ask for the rows of some of the words that are listed."""
    for i in range(first, last):
        ask_for_word(a, s, short(s + a.at_ids + 4 * i))


@njit
def ask_for_next(a, s, i, count, n):
    """Ask for the rows of the next block, `count` words at center i; n words are listed.

    Not where words have many parts: so many rows leave no room for others; see `ask_to_take`.
    """
    if not a.bags:
        first = i + BLOCK + a.window
        ask_for_words(a, s, first, min(first + count, n))


@njit
def ask_for_first(a, s, first, n):
    """Ask for the rows of the first block of a chunk, whose first center is `first`."""
    if not a.bags:
        ask_for_words(a, s, max(first - a.window, 0), min(first + BLOCK + a.window, n))


@njit
def ask_to_take(a, s, i, last):
    """Ask for a row that is read soon after that of word i, unless it has been asked for."""
    if a.bags:
        ask_for_words(a, s, i + AHEAD, min(i + AHEAD + 1, last))


@njit
def ask_to_give(a, s, i, last):
    """Ask for a row that is changed soon after that of word i: other threads may have it by now."""
    if not a.rows and not a.bags:
        ask_for_words(a, s, i + AHEAD, min(i + AHEAD + 1, last))


@njit
def ask_for_part(a, s, rows, m, part):
    """Ask for a part of m output rows: for number `part` and every `PARTS`th from there."""
    for n in range(part, m, PARTS):
        row = integer(rows + 8 * n)
        if not a.first_hot <= row < a.first_hot + a.hot:
            ask_for(a, s, row)


@njit
def ask_for_outputs(a, s, rows, m):
    """Ask for m output rows at once."""
    for part in range(PARTS):
        ask_for_part(a, s, rows, m, part)
