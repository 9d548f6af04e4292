"""Which tokens of a corpus a chunk trains on, in whose company: subsampling, windows, negatives.

A corpus is int32 word numbers with −1 after each sentence. Whether a token is kept, how wide its
window is and which negatives it meets depend on a key and its place in the corpus alone, so that
pairs are the same however the corpus is cut into chunks.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from sestina.kernels.chance import below, draw, high, low
from sestina.kernels.memory import integer, short, write_integer, write_short
from sestina.kernels.records import record

BLOCK = 64  # centers whose hidden rows are trained beside the table, and added to it at their end
GROUP = 4  # centers that share negatives where contexts are averaged

FIELDS = (
    # the corpus: spans: the first token and the end of each chunk of this run
    "ids", "tokens", "spans", "documents", "key", "keep", "window", "back_only",
    # outputs: the noise as an alias table; or each word's path, codes in the lowest bit
    "negatives", "noise", "vocabulary", "path_starts", "path",
    # rows of the table: words or their parts, then outputs, then documents
    "table", "row", "size", "first_output", "first_document", "bag_starts", "bags",
    # rows that all threads change all the time: nodes near the root; a block trains a copy
    "first_hot", "hot",
    # one learning rate and one pair (loss, pairs) a chunk
    "rates", "losses", "most_outputs", "shared", "frozen",
    # memory of a chunk, and where things stand in it
    "scratch", "scratch_size", "room",
    "at_ids", "at_bits", "at_sentences", "at_hidden", "at_before", "at_outputs", "at_rows",
    "at_targets", "at_weights", "at_gradients", "at_means", "at_d_means", "at_spare",
    "at_places_out", "at_windows", "at_own", "at_own_weights",
    "at_hot", "at_hot_before",
    # private sums of changes, where threads must not meet: row → slot + 1; slots: rows
    "rows", "at_slots", "at_used", "at_changes", "changed", "shares", "chunks", "parts",
)  # fmt: skip
ARGUMENTS, arguments = record(FIELDS)


@njit
def kept(a, place, bits):
    """Tell whether the token at `place`, which is a word, survives subsampling.

    High bits decide here, low ones in `reach`: both are spared a draw of their own.
    """
    word = short(a.ids + 4 * place)
    return high(bits) <= short(a.keep + 4 * word)


@njit
def reach(a, bits):
    """Return how many words on each side a token sees: 1 … window."""
    if a.back_only:
        return 1
    return 1 + ((low(bits) * a.window) >> 31)


@njit
def negative(a, bits, number):
    """Return the word that is drawn as negative `number`, from 1."""
    drawn = draw(bits, np.uint64(number))
    word = below(drawn, a.vocabulary)
    if low(drawn) <= short(a.noise + 8 * word):
        return word
    return short(a.noise + 8 * word + 4)


@njit
def add_word(a, s, n, place, base, sentence):
    """List the word at `place` as number n of the chunk, if it is kept; return the next number.

    Its bits are the key of all that is random about it.
    """
    bits = draw(np.uint64(a.key), place - base)
    if not kept(a, place, bits):
        return n
    write_short(s + a.at_ids + 4 * n, short(a.ids + 4 * place))
    write_integer(s + a.at_bits + 8 * n, np.int64(bits))
    write_short(s + a.at_sentences + 4 * n, sentence)
    return n + 1


@njit
def bits_of(a, s, i):
    """Return the bits of the i-th word that is listed."""
    return np.uint64(integer(s + a.at_bits + 8 * i))


@njit
def walk(a, s, chunk):
    """List the kept words of a chunk, and those of its neighbours that stand in its windows.

    Returns the number of words listed, the first center and the end of the centers.
    """
    if a.rows:
        write_integer(s + a.at_used, 0)
    start, stop = integer(a.spans + 16 * chunk), integer(a.spans + 16 * chunk + 8)
    base = start if a.frozen else 0  # a text to infer is the same wherever it stands
    place, before = start, 0
    while before < a.window and place > 0 and short(a.ids + 4 * place - 4) >= 0:
        place -= 1
        before += kept(a, place, draw(np.uint64(a.key), place - base))
    n, sentence = 0, integer(a.documents + 8 * chunk)
    for early in range(place, start):
        n = add_word(a, s, n, early, base, sentence)
    first = n
    for place in range(start, stop):
        if short(a.ids + 4 * place) < 0:
            sentence += 1
        else:
            n = add_word(a, s, n, place, base, sentence)
    last, place = n, stop
    while n < last + a.window and place < a.tokens and short(a.ids + 4 * place) >= 0:
        n = add_word(a, s, n, place, base, sentence)
        place += 1
    return n, first, last


@njit
def window_of(a, s, i, n):
    """Return the first word that center i sees and the end of those: neighbours in its sentence."""
    wide = reach(a, bits_of(a, s, i))
    sentence, left = short(s + a.at_sentences + 4 * i), max(i - wide, 0)
    while short(s + a.at_sentences + 4 * left) != sentence:
        left += 1
    if a.back_only:
        return left, i + 1
    right = min(i + wide, n - 1)
    while short(s + a.at_sentences + 4 * right) != sentence:
        right -= 1
    return left, right + 1
