"""Skip-gram: the words around a center, each on its own, predict it (Mikolov and others 2013).

A chunk copies the hidden rows of `BLOCK` centers and of their neighbours, trains the copies, and
adds what they have changed to the table.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from sestina.kernels.asking import (
    ask_for_first,
    ask_for_next,
    ask_for_part,
    ask_to_give,
    ask_to_take,
)
from sestina.kernels.compiled import Kernel
from sestina.kernels.contexts import BLOCK, arguments, walk, window_of
from sestina.kernels.embedding import (
    add_to_hidden,
    add_to_outputs,
    clear_gradients,
    clear_rest,
    fetch_outputs,
    fetch_word,
    give_hot,
    give_word,
    gradients,
    list_outputs,
    loss_of,
    take_hot,
    weigh,
)
from sestina.kernels.memory import number, short, write_number
from sestina.kernels.simd import BYTES, load, store

WATCHED = 32  # the loss is that of one window in so many


@njit
def take_hidden(a, s, first, last):
    """Copy the hidden rows of listed words, twice: to be trained, and to be compared."""
    for i in range(first, last):
        ask_to_take(a, s, i, last)
        now = s + a.at_hidden + (i - first) * a.row
        fetch_word(a, s, now, s + a.at_spare, short(s + a.at_ids + 4 * i))
        before = s + a.at_before + (i - first) * a.row
        for at in range(0, a.row, BYTES):
            store(before + at, load(now + at))


@njit
def give_hidden(a, s, first, last):
    """Add what the copies have changed to the table."""
    for i in range(first, last):
        ask_to_give(a, s, i, last)
        offset = (i - first) * a.row
        now, before = s + a.at_hidden + offset, s + a.at_before + offset
        give_word(a, s, short(s + a.at_ids + 4 * i), now, before)


@njit
def train_window(a, s, i, from_, left, right, m, following, rate):
    """Train one window on its m outputs, and ask for those of the center that follows meanwhile."""
    rows, targets = lists_of(a, s, i)
    asked, _ = lists_of(a, s, i + 1)
    weights, n = s + a.at_weights, right - left
    hidden = s + a.at_hidden + (left - from_) * a.row
    weigh(targets, weights, m, rate)
    fetch_outputs(a, s, rows, m)
    ask_for_part(a, s, asked, following, 0)
    gradients(a, s, hidden, n, m, targets, weights, 0)
    if left <= i < right:
        clear_gradients(a, s, i - left)
    clear_rest(a, s, n)
    ask_for_part(a, s, asked, following, 1)
    add_to_outputs(a, s, hidden, n, m, rows)
    ask_for_part(a, s, asked, following, 2)
    add_to_hidden(a, s, hidden, n, m)
    return targets, weights


@njit
def lists_of(a, s, i):
    """Return where the rows and the targets of center i are listed: by turns at two places."""
    side = i & 1
    return s + a.at_rows + side * 8 * a.most_outputs, s + a.at_targets + side * 4 * a.most_outputs


@njit
def outputs_of(a, s, i, last):
    """List the outputs of a center, if there is one, and return their number."""
    rows, targets = lists_of(a, s, i)
    return list_outputs(a, s, i, rows, targets) if i < last else 0


def train_skipgram(chunk, address):
    """Train on all windows of one chunk."""
    a = arguments(address)
    s = a.scratch + chunk % a.room * a.scratch_size
    rate = number(a.rates + 4 * chunk)
    n, first, last = walk(a, s, chunk)
    loss, pairs, m = 0.0, 0, outputs_of(a, s, first, last)
    ask_for_first(a, s, first, n)
    for start in range(first, last, BLOCK):
        stop = min(start + BLOCK, last)
        from_, to = max(start - a.window, 0), min(stop + a.window, n)
        take_hidden(a, s, from_, to)
        take_hot(a, s)
        for i in range(start, stop):
            ask_for_next(a, s, i, 1, n)
            following = outputs_of(a, s, i + 1, last)
            left, right = window_of(a, s, i, n)
            if right - left > 1 or left < i:
                targets, weights = train_window(a, s, i, from_, left, right, m, following, rate)
                if i % WATCHED == 0:
                    loss += loss_of(a, s, right - left, m, targets, weights, 0, rate)
                    pairs += right - left - (right > i)
            m = following
        give_hidden(a, s, from_, to)
        give_hot(a, s)
    write_number(a.losses + 8 * chunk, np.float32(loss))
    write_number(a.losses + 8 * chunk + 4, np.float32(pairs))


SKIPGRAM = Kernel(train_skipgram)
