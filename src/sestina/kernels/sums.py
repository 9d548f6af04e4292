"""Sums over windows of words in constant time, whatever their width.

A block of centers keeps P, the sums of the hidden rows up to each word: those between two words
are a difference of two. A change that shall reach all rows between two words is added to a list
of differences, D, where they begin and subtracted where they end; when the block is done, the sum
of D up to a word is what its row has to change by. Hidden rows thus stand still within a block.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from sestina.kernels.asking import ask_to_give, ask_to_take
from sestina.kernels.contexts import window_of
from sestina.kernels.embedding import add_to_word, clear_row, fetch, fetch_word
from sestina.kernels.memory import integer, short, write_integer
from sestina.kernels.simd import BYTES, fill, fma, load, store


@njit
def take_sums(a, s, first, last):
    """Write P of the hidden rows of listed words, (last − first + 1) rows, and an empty D."""
    clear_row(s + a.at_hidden, a.row)
    clear_row(s + a.at_before, a.row)
    for i in range(first, last):
        ask_to_take(a, s, i, last)
        below = s + a.at_hidden + (i - first) * a.row
        above = below + a.row
        fetch_word(a, s, above, s + a.at_spare, short(s + a.at_ids + 4 * i))
        for at in range(0, a.row, BYTES):
            store(above + at, load(above + at) + load(below + at))
        clear_row(s + a.at_before + (i - first + 1) * a.row, a.row)


@njit
def mean_of(a, s, i, from_, n, j):
    """Write the mean of the rows around center i, and of its document, as the j-th of a group.

    Returns how many there are. The window is noted for `spread_mean`.
    """
    left, right = window_of(a, s, i, n)
    first, end = (left - from_) * a.row, (right - from_) * a.row
    write_integer(s + a.at_windows + 16 * j, first)
    write_integer(s + a.at_windows + 16 * j + 8, end)
    count = right - left - 1 + (a.first_document > 0)
    share = fill(np.float32(1) / np.float32(max(count, 1)))
    sums, to = s + a.at_hidden, s + a.at_means + j * a.row
    own = sums + (i - from_) * a.row
    for at in range(0, a.row, BYTES):
        before = load(own + at) - load(sums + first + at)
        after = load(sums + end + at) - load(own + a.row + at)
        store(to + at, (before + after) * share)
    if a.first_document:
        fetch(a, s, s + a.at_spare, a.first_document + short(s + a.at_sentences + 4 * i))
        for at in range(0, a.row, BYTES):
            store(to + at, fma(load(s + a.at_spare + at), share, load(to + at)))
    return count


@njit
def spread_mean(a, s, change, j):
    """Add the change of the j-th mean of a group to D, for all rows of its window."""
    differences = s + a.at_before
    first = differences + integer(s + a.at_windows + 16 * j)
    end = differences + integer(s + a.at_windows + 16 * j + 8)
    for at in range(0, a.row, BYTES):
        value = load(change + at)
        store(first + at, load(first + at) + value)
        store(end + at, load(end + at) - value)


@njit
def give_sums(a, s, first, last, start, stop):
    """Add to the table what the rows have to change by: sums of D.

    A center's own change, which its row is spared, is a row of `at_d_means`.
    """
    running = s + a.at_spare
    clear_row(running, a.row)
    for i in range(first, last):
        ask_to_give(a, s, i, last)
        change = s + a.at_before + (i - first) * a.row
        spared = s + a.at_d_means + (i - start) * a.row
        if start <= i < stop:
            for at in range(0, a.row, BYTES):
                value = load(running + at) + load(change + at)
                store(running + at, value)
                store(change + at, value - load(spared + at))
        else:
            for at in range(0, a.row, BYTES):
                value = load(running + at) + load(change + at)
                store(running + at, value)
                store(change + at, value)
        add_to_word(a, s, short(s + a.at_ids + 4 * i), change)
