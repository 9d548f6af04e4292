"""Word2vec's arithmetic: hidden rows meet output rows, their products meet targets.

For hidden rows H and output rows O the loss is Σ −w · log σ(±H·Oᵀ), + where the target is 1:
negative sampling, and each fork of a Huffman path (Mikolov and others 2013). One set of negatives
serves all words of a window (Ji and others 2016), which makes the work three matrix products.

Rows of the table are read and changed in place. Where threads must not meet, a chunk keeps its
changes to itself: they are added to the table afterwards, chunk by chunk.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sestina.kernels.contexts import bits_of, negative
from sestina.kernels.memory import (
    integer,
    number,
    short,
    write_integer,
    write_number,
    write_short,
)
from sestina.kernels.scores import HALF, dots, load_halves, store_halves
from sestina.kernels.simd import BYTES, fill, load, sigmoid, store
from sestina.kernels.tiles import get, new_tile, product, put

ROWS = 4  # of a tile that adds to rows of memory
_dot = dots(2, HALF)


# --- rows of the table ----------------------------------------------------------------------


@njit
def clear_row(place, size):
    """Write `size` bytes of zeros."""
    for at in range(0, size, BYTES):
        store(place + at, fill(np.float32(0)))


@njit
def place_of(a, s, row):
    """Return where changes of a row go: the table, a copy, or the chunk's own sum of changes."""
    if a.first_hot <= row < a.first_hot + a.hot:
        return s + a.at_hot + (row - a.first_hot) * a.row
    if not a.rows:
        return a.table + row * a.row
    slot = short(s + a.at_slots + 4 * row)
    if slot == 0:
        slot = integer(s + a.at_used) + 1
        write_integer(s + a.at_used, slot)
        write_integer(s + a.at_used + 8 * slot, row)
        write_short(s + a.at_slots + 4 * row, slot)
        clear_row(s + a.at_changes + slot * a.row, a.row)
    return s + a.at_changes + slot * a.row


@njit
def fetch(a, s, to, row):
    """Copy a row of the table, as the chunk sees it."""
    source, changes = a.table + row * a.row, 0
    if a.first_hot <= row < a.first_hot + a.hot:
        source = s + a.at_hot + (row - a.first_hot) * a.row
    elif a.rows:
        slot = short(s + a.at_slots + 4 * row)
        if slot:
            changes = s + a.at_changes + slot * a.row
    if changes:
        for at in range(0, a.row, BYTES):
            store(to + at, load(source + at) + load(changes + at))
    else:
        for at in range(0, a.row, BYTES):
            store(to + at, load(source + at))


@njit
def fetch_word(a, s, to, spare, word):
    """Write the hidden row of a word: its own, or the mean of its parts' rows."""
    if not a.bags:
        fetch(a, s, to, word)
        return
    first, last = integer(a.bag_starts + 8 * word), integer(a.bag_starts + 8 * word + 8)
    fetch(a, s, to, short(a.bags + 4 * first))
    for part in range(first + 1, last):
        fetch(a, s, spare, short(a.bags + 4 * part))
        for at in range(0, a.row, BYTES):
            store(to + at, load(to + at) + load(spare + at))
    share = fill(np.float32(1) / np.float32(last - first))
    for at in range(0, a.row, BYTES):
        store(to + at, load(to + at) * share)


@njit
def give_row(a, s, row, now, before):
    """Add what a copy has changed to its row."""
    place = place_of(a, s, row)
    for at in range(0, a.row, BYTES):
        store(place + at, load(place + at) + (load(now + at) - load(before + at)))


@njit
def give_word(a, s, word, now, before):
    """Add what a word's hidden row has changed to its row, or to each of its parts'."""
    if not a.bags:
        give_row(a, s, word, now, before)
        return
    for part in range(integer(a.bag_starts + 8 * word), integer(a.bag_starts + 8 * word + 8)):
        give_row(a, s, short(a.bags + 4 * part), now, before)


@njit
def add_to_word(a, s, word, change):
    """Add a change to a word's hidden row, or to each of its parts'."""
    if not a.bags:
        add_to_row(a, s, word, change)
        return
    for part in range(integer(a.bag_starts + 8 * word), integer(a.bag_starts + 8 * word + 8)):
        add_to_row(a, s, short(a.bags + 4 * part), change)


@njit
def add_to_row(a, s, row, change):
    """Add a change to a row of the table."""
    place = place_of(a, s, row)
    for at in range(0, a.row, BYTES):
        store(place + at, load(place + at) + load(change + at))


@njit
def take_hot(a, s):
    """Copy the rows that every thread changes all the time, twice, as `take_hidden` does."""
    first, size = a.table + a.first_hot * a.row, a.hot * a.row
    for at in range(0, size, BYTES):
        value = load(first + at)
        store(s + a.at_hot + at, value)
        store(s + a.at_hot_before + at, value)


@njit
def give_hot(a, s):
    """Add what the copies have changed to the table."""
    first, size = a.table + a.first_hot * a.row, a.hot * a.row
    for at in range(0, size, BYTES):
        change = load(s + a.at_hot + at) - load(s + a.at_hot_before + at)
        store(first + at, load(first + at) + change)


# --- outputs and their targets --------------------------------------------------------------


@njit
def list_outputs(a, s, i, rows, targets):
    """List the output rows of center i and their targets, and return their number.

    A negative that is the word itself stands under a target of −1 and does not count.
    """
    word, m = short(s + a.at_ids + 4 * i), 0
    if a.path:
        first, last = integer(a.path_starts + 8 * word), integer(a.path_starts + 8 * word + 8)
        for at in range(first, last):
            node = short(a.path + 4 * at)
            write_integer(rows + 8 * m, a.first_output + (node >> 1))
            write_number(targets + 4 * m, np.float32(1 - (node & 1)))
            m += 1
    else:
        bits = bits_of(a, s, i)
        write_integer(rows, a.first_output + word)
        write_number(targets, np.float32(1))
        for m in range(1, 1 + a.negatives):
            drawn = negative(a, bits, m)
            write_integer(rows + 8 * m, a.first_output + drawn)
            write_number(targets + 4 * m, np.float32(-1 if drawn == word else 0))
        m = 1 + a.negatives
    return m


@njit
def weigh(targets, weights, m, rate):
    """Write the weight of each target, zero where it does not count and up to a whole vector."""
    whole = (m + HALF - 1) // HALF * HALF
    for n in range(m, whole):
        write_number(targets + 4 * n, np.float32(-1))
    for n in range(whole):
        counts = number(targets + 4 * n) >= 0
        write_number(weights + 4 * n, rate if counts else np.float32(0))


# --- the three products ---------------------------------------------------------------------


@njit
def gradients(a, s, hidden, n, m, targets, weights, apart):
    """Write G = (target − σ(H·Oᵀ)) · weight, (n, m) in rows of `most_outputs` floats.

    `apart` is the distance between the targets of two hidden rows, 0 where they share them.
    """
    outputs, to, row = s + a.at_outputs, s + a.at_gradients, 4 * a.most_outputs
    for r in range(0, n, 2):
        for c in range(0, m, HALF):
            score = _dot(hidden + r * a.row, a.row, outputs + c * a.row, a.row, a.size)
            at = r * apart + 4 * c
            target = load_halves(targets + at, targets + at + apart)
            weight = load_halves(weights + at, weights + at + apart)
            g = (target - sigmoid(score)) * weight
            store_halves(to + r * row + 4 * c, to + (r + 1) * row + 4 * c, g)


@njit
def clear_gradients(a, s, row):
    """Write zeros over one row of G."""
    clear_row(s + a.at_gradients + 4 * row * a.most_outputs, 4 * a.most_outputs)


@njit
def clear_rest(a, s, n):
    """Write zeros over the rows of G behind the first n, up to the end of a tile."""
    for row in range(n, (n + ROWS - 1) // ROWS * ROWS):
        clear_gradients(a, s, row)


def _hidden_adder(rows):
    """Return a function that adds G·O to some hidden rows; rows is a power of two."""
    pair, single = product(rows, (0, 1), 2), product(rows, (0,), 1)

    @njit
    def add(a, place, g, row, outputs, m):
        tile = new_tile()
        for at in range(0, a.row, 2 * BYTES):
            if at + BYTES < a.row:
                for r in range(rows):
                    put(tile, 2 * r, load(place + at + r * a.row))
                    put(tile, 2 * r + 1, load(place + at + r * a.row + BYTES))
                pair(tile, g, row, 4, outputs + at, a.row, m)
                for r in range(rows):
                    store(place + at + r * a.row, get(tile, 2 * r))
                    store(place + at + r * a.row + BYTES, get(tile, 2 * r + 1))
            else:
                for r in range(rows):
                    put(tile, r, load(place + at + r * a.row))
                single(tile, g, row, 4, outputs + at, a.row, m)
                for r in range(rows):
                    store(place + at + r * a.row, get(tile, r))

    return add


def _output_adder(rows):
    """Return a function that adds Gᵀ·H to the output rows at some of `at_places_out`."""
    pair, single = product(rows, (0, 1), 2), product(rows, (0,), 1)

    @njit
    def add(a, s, hidden, g, row, n):
        tile, zero = new_tile(), fill(np.float32(0))
        for at in range(0, a.row, 2 * BYTES):
            for r in range(2 * rows):
                put(tile, r, zero)
            if at + BYTES < a.row:
                pair(tile, g, 4, row, hidden + at, a.row, n)
                for r in range(rows):
                    place = integer(s + a.at_places_out + 8 * r) + at
                    store(place, load(place) + get(tile, 2 * r))
                    store(place + BYTES, load(place + BYTES) + get(tile, 2 * r + 1))
            else:
                single(tile, g, 4, row, hidden + at, a.row, n)
                for r in range(rows):
                    place = integer(s + a.at_places_out + 8 * r) + at
                    store(place, load(place) + get(tile, r))

    return add


_add_to_hidden, _add_to_two_hidden = _hidden_adder(ROWS), _hidden_adder(2)
_add_to_outputs, _add_to_two_outputs = _output_adder(ROWS), _output_adder(2)


@njit
def add_to_hidden(a, s, hidden, n, m):
    """Add G·O to n hidden rows; rows up to the end of a tile have a G of zero, or are spare."""
    row = 4 * a.most_outputs
    for first in range(0, n, ROWS):
        place, g = hidden + first * a.row, s + a.at_gradients + first * row
        if n - first <= 2:
            _add_to_two_hidden(a, place, g, row, s + a.at_outputs, m)
        else:
            _add_to_hidden(a, place, g, row, s + a.at_outputs, m)


@njit
def add_to_outputs(a, s, hidden, n, m, rows):
    """Add Gᵀ·H to the m output rows; the last tile is filled up with a spare one."""
    row = 4 * a.most_outputs
    for c in range(0, m, ROWS):
        for r in range(ROWS):
            place = s + a.at_spare
            if c + r < m:
                place = place_of(a, s, integer(rows + 8 * (c + r)))
            write_integer(s + a.at_places_out + 8 * r, place)
        g = s + a.at_gradients + 4 * c
        if m - c <= 2:
            _add_to_two_outputs(a, s, hidden, g, row, n)
        else:
            _add_to_outputs(a, s, hidden, g, row, n)


@njit
def fetch_outputs(a, s, rows, m):
    """Copy the output rows to one place."""
    for n in range(m):
        fetch(a, s, s + a.at_outputs + n * a.row, integer(rows + 8 * n))


@njit
def loss_of_one(weight, g):
    """Return −w · log σ(±score) of a pair, from its weight and its gradient."""
    if weight > 0:
        return -weight * math.log(max(1.0 - abs(g) / weight, 1e-7))
    return 0.0


@njit
def loss_of(a, s, n, m, targets, weights, apart, rate):
    """Return the sum of −w · log σ(±score) over all pairs, from their gradients.

    A weight here is w times the learning rate.
    """
    total = 0.0
    for r in range(n):
        for c in range(m):
            weight = number(weights + r * apart + 4 * c)
            g = number(s + a.at_gradients + 4 * (r * a.most_outputs + c))
            total += loss_of_one(weight, g)
    return total / rate
