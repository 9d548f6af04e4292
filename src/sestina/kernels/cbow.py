"""Continuous bag of words: the mean of the words around a center predicts it.

Mikolov and others 2013; with the document's row in the mean it is PV-DM (Le and Mikolov 2014).
`GROUP` centers in a row share their negatives, so that the work is matrix-shaped here too.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from sestina.kernels.compiled import Kernel
from sestina.kernels.contexts import BLOCK, GROUP, arguments, bits_of, negative, walk, window_of
from sestina.kernels.embedding import (
    add_to_hidden,
    add_to_outputs,
    ask_for,
    clear_gradients,
    clear_row,
    fetch,
    fetch_outputs,
    gradients,
    list_outputs,
    loss_of,
    place_of,
    weigh,
)
from sestina.kernels.memory import integer, number, short, write_integer, write_number
from sestina.kernels.simd import BYTES, fill, load, store
from sestina.kernels.skipgram import WATCHED, give_hidden, take_hidden


@njit
def mean_of(a, s, i, from_, n, to):
    """Write the mean of the hidden rows around center i; return how many there are."""
    left, right = window_of(a, s, i, n)
    count = right - left - 1
    clear_row(s + a.at_spare, a.row)
    if a.first_document:
        fetch(a, s, s + a.at_spare, a.first_document + short(s + a.at_sentences + 4 * i))
        count += 1
    share = fill(np.float32(1) / np.float32(max(count, 1)))
    rows = s + a.at_hidden - from_ * a.row
    for at in range(0, a.row, BYTES):
        total = load(s + a.at_spare + at)
        for row in range(rows + left * a.row + at, rows + i * a.row + at, a.row):
            total = total + load(row)
        for row in range(rows + (i + 1) * a.row + at, rows + right * a.row + at, a.row):
            total = total + load(row)
        store(to + at, total * share)
    return count


@njit
def spread_mean(a, s, i, from_, n, change):
    """Add the change of a mean to each row that it was taken over."""
    left, right = window_of(a, s, i, n)
    if not a.frozen:
        rows = s + a.at_hidden - from_ * a.row
        for at in range(0, a.row, BYTES):
            more = load(change + at)
            for row in range(rows + left * a.row + at, rows + i * a.row + at, a.row):
                store(row, load(row) + more)
            for row in range(rows + (i + 1) * a.row + at, rows + right * a.row + at, a.row):
                store(row, load(row) + more)
    if a.first_document:
        place = place_of(a, s, a.first_document + short(s + a.at_sentences + 4 * i))
        for at in range(0, a.row, BYTES):
            store(place + at, load(place + at) + load(change + at))


@njit
def list_group(a, s, i, g, side):
    """List the outputs of g centers: themselves, then the negatives that all of them meet."""
    rows = s + a.at_rows + side * 8 * a.most_outputs
    for j in range(g):
        write_integer(rows + 8 * j, a.first_output + short(s + a.at_ids + 4 * (i + j)))
    bits = bits_of(a, integer(s + a.at_places + 8 * i))
    for k in range(a.shared):
        write_integer(rows + 8 * (g + k), a.first_output + negative(a, bits, k + 1))
    for j in range(g + a.shared):
        ask_for(a, s, integer(rows + 8 * j))


@njit
def weigh_group(a, s, i, g, side, rate):
    """Write the targets and weights of a group, a row for each center."""
    rows = s + a.at_rows + side * 8 * a.most_outputs
    shared = rate * np.float32(a.negatives) / np.float32(a.shared)
    for j in range(g):
        targets = s + a.at_targets + 4 * j * a.most_outputs
        weights = s + a.at_weights + 4 * j * a.most_outputs
        own = integer(rows + 8 * j)
        for c in range(a.most_outputs):
            write_number(targets + 4 * c, np.float32(0))
            counts = g <= c < g + a.shared and integer(rows + 8 * c) != own
            write_number(weights + 4 * c, shared if counts else np.float32(0))
        write_number(targets + 4 * j, np.float32(1))
        write_number(weights + 4 * j, rate)


@njit
def train_group(a, s, i, g, from_, n, side, rate):
    """Train g centers on their common outputs; return where targets and weights stand."""
    rows, m = s + a.at_rows + side * 8 * a.most_outputs, g + a.shared
    weigh_group(a, s, i, g, side, rate)
    for j in range(g):
        if mean_of(a, s, i + j, from_, n, s + a.at_means + j * a.row) == 0:
            clear_row(s + a.at_weights + 4 * j * a.most_outputs, 4 * a.most_outputs)
    fetch_outputs(a, s, rows, m)
    gradients(a, s, s + a.at_means, g, m, s + a.at_targets, s + a.at_weights, 4 * a.most_outputs)
    finish(a, s, i, g, m, from_, n, rows)


@njit
def finish(a, s, i, g, m, from_, n, rows):
    """Give the gradients of g means to outputs and contexts."""
    for r in range(g, g + 3):
        clear_gradients(a, s, r, m)
    if not a.frozen:
        add_to_outputs(a, s, s + a.at_means, g, m, rows)
    clear_row(s + a.at_d_means, GROUP * a.row)
    add_to_hidden(a, s, s + a.at_d_means, g, m)
    for j in range(g):
        spread_mean(a, s, i + j, from_, n, s + a.at_d_means + j * a.row)


@njit
def train_path(a, s, i, from_, n, rate):
    """Train one center on its Huffman path; return the number of outputs, 0 without contexts."""
    rows, targets, weights = s + a.at_rows, s + a.at_targets, s + a.at_weights
    if mean_of(a, s, i, from_, n, s + a.at_means) == 0:
        return 0
    word, place = short(s + a.at_ids + 4 * i), integer(s + a.at_places + 8 * i)
    m = list_outputs(a, s, word, place, rows, targets)
    weigh(targets, weights, m, rate)
    fetch_outputs(a, s, rows, m)
    gradients(a, s, s + a.at_means, 1, m, targets, weights, 0)
    finish(a, s, i, 1, m, from_, n, rows)
    return m


def train_cbow(chunk, address):
    """Train on all centers of one chunk."""
    a = arguments(address)
    s = a.scratch + chunk % a.room * a.scratch_size
    rate = number(a.rates + 4 * chunk)
    n, first, last = walk(a, s, chunk)
    loss, pairs = 0.0, 0
    targets, weights, apart = s + a.at_targets, s + a.at_weights, 4 * a.most_outputs
    for start in range(first, last, BLOCK):
        stop = min(start + BLOCK, last)
        from_, to = max(start - a.window, 0), min(stop + a.window, n)
        take_hidden(a, s, from_, to)
        if a.path:
            for i in range(start, stop):
                m = train_path(a, s, i, from_, n, rate)
                if i % WATCHED == 0 and m:
                    loss += loss_of(a, s, 1, m, targets, weights, 0, rate)
                    pairs += 1
        else:
            list_group(a, s, start, min(GROUP, stop - start), 0)
            for i in range(start, stop, GROUP):
                g, side = min(GROUP, stop - i), (i - start) // GROUP & 1
                if i + GROUP < stop:
                    list_group(a, s, i + GROUP, min(GROUP, stop - i - GROUP), 1 - side)
                train_group(a, s, i, g, from_, n, side, rate)
                if (i - start) % (GROUP * 8) == 0:
                    loss += loss_of(a, s, g, g + a.shared, targets, weights, apart, rate)
                    for j in range(g):
                        pairs += number(weights + j * apart + 4 * j) > 0
        if not a.frozen:
            give_hidden(a, s, from_, to)
    write_number(a.losses + 8 * chunk, np.float32(loss))
    write_number(a.losses + 8 * chunk + 4, np.float32(pairs))


CBOW = Kernel(train_cbow)
