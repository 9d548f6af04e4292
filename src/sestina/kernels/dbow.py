"""PV-DBOW: a document's row predicts each of its words (Le and Mikolov 2014)."""

from __future__ import annotations

import numpy as np
from numba import njit

from sestina.kernels.asking import ask_for_outputs
from sestina.kernels.compiled import Kernel
from sestina.kernels.contexts import GROUP, arguments, walk
from sestina.kernels.embedding import (
    add_to_hidden,
    add_to_outputs,
    clear_rest,
    fetch,
    fetch_outputs,
    give_row,
    gradients,
    list_outputs,
    loss_of,
    weigh,
)
from sestina.kernels.memory import number, short, write_number
from sestina.kernels.simd import BYTES, load, store
from sestina.kernels.skipgram import WATCHED


@njit
def group_end(a, s, i, last):
    """Return the end of a group of at most `GROUP` words of one document."""
    end = i + 1
    document = short(s + a.at_sentences + 4 * i)
    while end < min(i + GROUP, last) and short(s + a.at_sentences + 4 * end) == document:
        end += 1
    return end


@njit
def train_words(a, s, i, end, rate):
    """Train a document's row on some of its words; return the number of outputs."""
    m, rows, targets = 0, s + a.at_rows, s + a.at_targets
    for j in range(i, end):
        m += list_outputs(a, s, j, rows + 8 * m, targets + 4 * m)
    ask_for_outputs(a, s, rows, m)
    weigh(targets, s + a.at_weights, m, rate)
    fetch_outputs(a, s, rows, m)
    document = a.first_document + short(s + a.at_sentences + 4 * i)
    hidden, before = s + a.at_hidden, s + a.at_before
    fetch(a, s, hidden, document)
    for at in range(0, a.row, BYTES):
        store(before + at, load(hidden + at))
    gradients(a, s, hidden, 1, m, targets, s + a.at_weights, 0)
    clear_rest(a, s, 1)
    if not a.frozen:
        add_to_outputs(a, s, hidden, 1, m, rows)
    add_to_hidden(a, s, hidden, 1, m)
    give_row(a, s, document, hidden, before)
    return m


def train_dbow(chunk, address):
    """Train on all words of one chunk."""
    a = arguments(address)
    s = a.scratch + chunk % a.room * a.scratch_size
    rate = number(a.rates + 4 * chunk)
    _, first, last = walk(a, s, chunk)
    loss, pairs, i = 0.0, 0, first
    while i < last:
        end = group_end(a, s, i, last)
        m = train_words(a, s, i, end, rate)
        if (i - first) % WATCHED < GROUP:
            loss += loss_of(a, s, 1, m, s + a.at_targets, s + a.at_weights, 0, rate)
            pairs += end - i
        i = end
    write_number(a.losses + 8 * chunk, np.float32(loss))
    write_number(a.losses + 8 * chunk + 4, np.float32(pairs))


DBOW = Kernel(train_dbow)
