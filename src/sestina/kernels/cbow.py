"""Continuous bag of words: the mean of the words around a center predicts it.

Mikolov and others 2013; with the document's row in the mean it is PV-DM (Le and Mikolov 2014).
`GROUP` centers in a row share their negatives, so that the work is matrix-shaped here too.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from sestina.kernels.asking import ask_for_first, ask_for_next, ask_for_outputs, ask_for_part
from sestina.kernels.compiled import Kernel
from sestina.kernels.contexts import BLOCK, GROUP, arguments, bits_of, negative, walk
from sestina.kernels.embedding import (
    add_to_hidden,
    add_to_outputs,
    add_to_row,
    clear_rest,
    clear_row,
    fetch_outputs,
    give_hot,
    gradients,
    list_outputs,
    loss_of,
    loss_of_one,
    place_of,
    take_hot,
    weigh,
)
from sestina.kernels.memory import integer, number, short, write_integer, write_number
from sestina.kernels.scores import HALF
from sestina.kernels.simd import BYTES, fill, fma, load, sigmoid, store, total
from sestina.kernels.skipgram import WATCHED
from sestina.kernels.sums import give_sums, mean_of, spread_mean, take_sums


@njit
def rows_of(a, s, side):
    """Return where the output rows of a group are listed, by turns at two places."""
    return s + a.at_rows + side * 8 * a.most_outputs


@njit
def list_group(a, s, i, stop, side):
    """List the outputs of a group: negatives that all its centers meet, then themselves.

    Returns how many centers the group has, up to `stop`: none where it begins behind.
    """
    rows, g = rows_of(a, s, side), min(GROUP, stop - i)
    if g <= 0:
        return 0
    bits = bits_of(a, s, i)
    for k in range(a.shared):
        write_integer(rows + 8 * k, a.first_output + negative(a, bits, k + 1))
    for j in range(g):
        own = a.first_output + short(s + a.at_ids + 4 * (i + j))
        write_integer(rows + 8 * (a.shared + j), own)
    return g


@njit
def weigh_group(a, s, g, rows, rate):
    """Write the weights of a group, a row for each center: of the negatives, then of itself.

    A negative that is the center itself does not count.
    """
    share = fill(rate * np.float32(a.negatives) / np.float32(a.shared))
    size, own = 4 * a.most_outputs, rows + 8 * a.shared
    whole = (a.shared + HALF - 1) // HALF * HALF
    for j in range(g):
        weights = s + a.at_weights + j * size
        for at in range(0, size, BYTES):
            store(weights + at, share)
        for c in range(a.shared, whole):
            write_number(weights + 4 * c, np.float32(0))
        write_number(s + a.at_own_weights + 4 * j, rate)
    for j in range(g):
        for c in range(a.shared):
            if integer(rows + 8 * c) == integer(own + 8 * j):
                write_number(s + a.at_weights + j * size + 4 * c, np.float32(0))


@njit
def own_gradients(a, s, g, changes):
    """Write the gradient of each center's own output, and what it changes in the mean."""
    outputs = s + a.at_outputs + a.shared * a.row
    for j in range(g):
        mean, output, score = s + a.at_means + j * a.row, outputs + j * a.row, fill(np.float32(0))
        for at in range(0, a.row, BYTES):
            score = fma(load(mean + at), load(output + at), score)
        write_number(s + a.at_own + 4 * j, total(score))
    one = fill(np.float32(1))
    up = (one - sigmoid(load(s + a.at_own))) * load(s + a.at_own_weights)
    store(s + a.at_own, up)
    for j in range(g):
        up = fill(number(s + a.at_own + 4 * j))
        for at in range(0, a.row, BYTES):
            store(changes + j * a.row + at, up * load(outputs + j * a.row + at))


@njit
def add_to_own(a, s, g, rows):
    """Add its gradient times its mean to each center's own output."""
    for j in range(g):
        place = place_of(a, s, integer(rows + 8 * (a.shared + j)))
        up, mean = fill(number(s + a.at_own + 4 * j)), s + a.at_means + j * a.row
        for at in range(0, a.row, BYTES):
            store(place + at, fma(up, load(mean + at), load(place + at)))


@njit
def loss_of_own(a, s, g):
    """Return the loss of the centers' own outputs, times the learning rate."""
    loss = 0.0
    for j in range(g):
        loss += loss_of_one(number(s + a.at_own_weights + 4 * j), number(s + a.at_own + 4 * j))
    return loss


@njit
def train_group(a, s, i, g, following, side, from_, n, rate, changes):
    """Train g centers, each on itself and on the negatives that they share.

    The outputs of the group that follows, if it has centers, are asked for meanwhile.
    """
    rows, asked, apart = rows_of(a, s, side), rows_of(a, s, 1 - side), 4 * a.most_outputs
    more = a.shared + following if following else 0
    weigh_group(a, s, g, rows, rate)
    for j in range(g):
        if mean_of(a, s, i + j, from_, n, j) == 0:
            clear_row(s + a.at_weights + j * apart, apart)
            write_number(s + a.at_own_weights + 4 * j, np.float32(0))
    fetch_outputs(a, s, rows, a.shared + g)
    ask_for_part(a, s, asked, more, 0)
    gradients(a, s, s + a.at_means, g, a.shared, s + a.at_targets, s + a.at_weights, apart)
    ask_for_part(a, s, asked, more, 1)
    own_gradients(a, s, g, changes)
    ask_for_part(a, s, asked, more, 2)
    if not a.frozen:
        add_to_own(a, s, g, rows)
    finish(a, s, i, g, a.shared, rows, changes)


@njit
def finish(a, s, i, g, m, rows, changes):
    """Give the gradients of g means to m outputs, to contexts and to documents."""
    clear_rest(a, s, g)
    if not a.frozen:
        add_to_outputs(a, s, s + a.at_means, g, m, rows)
    add_to_hidden(a, s, changes, g, m)
    for j in range(g):
        change = changes + j * a.row
        if not a.frozen:
            spread_mean(a, s, change, j)
        if a.first_document:
            add_to_row(a, s, a.first_document + short(s + a.at_sentences + 4 * (i + j)), change)


@njit
def train_path(a, s, i, from_, n, rate, changes):
    """Train one center on its Huffman path; return the number of outputs, 0 without contexts."""
    rows, targets, weights = s + a.at_rows, s + a.at_targets, s + a.at_weights
    clear_row(changes, a.row)
    if mean_of(a, s, i, from_, n, 0) == 0:
        return 0
    m = list_outputs(a, s, i, rows, targets)
    ask_for_outputs(a, s, rows, m)
    weigh(targets, weights, m, rate)
    fetch_outputs(a, s, rows, m)
    gradients(a, s, s + a.at_means, 1, m, targets, weights, 0)
    finish(a, s, i, 1, m, rows, changes)
    return m


@njit
def train_paths(a, s, start, stop, from_, n, rate):
    """Train the centers of a block on their paths; return the loss and how many it is of."""
    loss, pairs = 0.0, 0
    for i in range(start, stop):
        ask_for_next(a, s, i, 1, n)
        m = train_path(a, s, i, from_, n, rate, s + a.at_d_means + (i - start) * a.row)
        if i % WATCHED == 0 and m:
            loss += loss_of(a, s, 1, m, s + a.at_targets, s + a.at_weights, 0, rate)
            pairs += 1
    return loss, pairs


@njit
def train_groups(a, s, start, stop, from_, n, rate):
    """Train the centers of a block in groups; return the loss and how many it is of."""
    targets, weights, apart = s + a.at_targets, s + a.at_weights, 4 * a.most_outputs
    loss, pairs, side = 0.0, 0, 0
    g = list_group(a, s, start, stop, side)
    ask_for_outputs(a, s, rows_of(a, s, side), a.shared + g)
    for i in range(start, stop, GROUP):
        ask_for_next(a, s, i, g, n)
        following = list_group(a, s, i + GROUP, stop, 1 - side)
        changes = s + a.at_d_means + (i - start) * a.row
        train_group(a, s, i, g, following, side, from_, n, rate, changes)
        if (i - start) % (GROUP * 8) == 0:
            loss += loss_of(a, s, g, a.shared, targets, weights, apart, rate)
            loss += loss_of_own(a, s, g) / rate
            for j in range(g):
                pairs += number(s + a.at_own_weights + 4 * j) > 0
        g, side = following, 1 - side
    return loss, pairs


def train_cbow(chunk, address):
    """Train on all centers of one chunk."""
    a = arguments(address)
    s = a.scratch + chunk % a.room * a.scratch_size
    rate = number(a.rates + 4 * chunk)
    n, first, last = walk(a, s, chunk)
    loss, pairs = 0.0, 0
    ask_for_first(a, s, first, n)
    for start in range(first, last, BLOCK):
        stop = min(start + BLOCK, last)
        from_, to = max(start - a.window, 0), min(stop + a.window, n)
        take_sums(a, s, from_, to)
        take_hot(a, s)
        if a.path:
            more, others = train_paths(a, s, start, stop, from_, n, rate)
        else:
            more, others = train_groups(a, s, start, stop, from_, n, rate)
        loss += more
        pairs += others
        if not a.frozen:
            give_sums(a, s, from_, to, start, stop)
            give_hot(a, s)
    write_number(a.losses + 8 * chunk, np.float32(loss))
    write_number(a.losses + 8 * chunk + 4, np.float32(pairs))


CBOW = Kernel(train_cbow)
