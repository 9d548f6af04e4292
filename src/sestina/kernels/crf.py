"""Linear-chain conditional random fields: sums over all taggings, marginals, the best tagging.

A tagging y of T words scores Σ emissions[t, y_t] + Σ scores[y_{t−1}, y_t], where "tag" K, the
border of the sentence, stands before the first and behind the last word; −∞ forbids a pair
(Lafferty, McCallum and Pereira 2001). Sums are in float64 and in logarithms; a step is a product
with exp(scores), and only where that would underflow are the K² exponentials taken one by one. A
chunk is a few sentences, so that results do not depend on the number of threads.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import ir
from numba import carray, njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from sestina.kernels.compiled import Kernel
from sestina.kernels.memory import integer, number, write_integer
from sestina.kernels.parallel import run
from sestina.kernels.records import record
from sestina.kernels.workspace import address

SENTENCES = 4  # of a chunk
SMALL = 1e-250  # sums of exponentials below are formed anew, from logarithms

FIELDS = (
    # `batch` sentences of `steps` words at most, with `tags` tags
    "batch", "steps", "tags", "emissions", "lengths",
    # (K + 1, K + 1): logarithms, and exp of them less the highest; that one
    "scores", "factors", "highest",
    # scratch of a chunk: (T + 3, K)
    "scratch",
    # results; marginals 0 if not wanted
    "sums", "marginals", "counts", "best",
)  # fmt: skip
ARGUMENTS, arguments = record(FIELDS)


@intrinsic
def _doubles(typing: Any, place: Any) -> Any:
    """Return the pointer to float64 at an address."""
    kind = types.CPointer(types.float64)

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], ir.DoubleType().as_pointer())

    return kind(types.int64), build


@njit
def table(place, rows, columns):
    """Return the float64 matrix at an address."""
    return carray(_doubles(place), (rows, columns))


@njit
def highest_of(row, tags):
    """Return the highest of `tags` numbers."""
    top = -np.inf
    for k in range(tags):
        top = max(top, row[k])
    return top


@njit
def shares(row, out, tags):
    """Write exp(row − its highest) and return the highest."""
    top = highest_of(row, tags)
    for k in range(tags):
        out[k] = math.exp(row[k] - top)
    return top


@njit
def total_into(row, scores, column, tags):
    """Return log Σ exp(row + scores[:, column]) by logarithms."""
    top = -np.inf
    for k in range(tags):
        top = max(top, row[k] + scores[k, column])
    if top == -np.inf:
        return top
    total = 0.0
    for k in range(tags):
        total += math.exp(row[k] + scores[k, column] - top)
    return top + math.log(total)


@njit
def total_from(scores, line, row, tags):
    """Return log Σ exp(scores[line] + row) by logarithms."""
    top = -np.inf
    for k in range(tags):
        top = max(top, scores[line, k] + row[k])
    if top == -np.inf:
        return top
    total = 0.0
    for k in range(tags):
        total += math.exp(scores[line, k] + row[k] - top)
    return top + math.log(total)


@njit
def forwards(emissions, length, tags, tables, alphas, part):
    """Write the logarithms of sums over all ways to each tag of each word; return that of all.

    `tables` are scores, factors and the highest score; `part` is scratch, (K,).
    """
    scores, factors, highest = tables
    for k in range(tags):
        alphas[0, k] = scores[tags, k] + number(emissions + 4 * k)
    for t in range(1, length):
        top = shares(alphas[t - 1], part, tags)
        for k in range(tags):
            total = 0.0
            for j in range(tags):
                total += part[j] * factors[j, k]
            if total > SMALL:
                way = top + highest + math.log(total)
            else:
                way = total_into(alphas[t - 1], scores, k, tags)
            alphas[t, k] = way + number(emissions + 4 * (t * tags + k))
    return total_into(alphas[length - 1], scores, tags, tags)


@njit
def ways_back(tags, tables, following, sums, part):
    """Write the logarithms of sums over the ways from each tag; `part` gets exp(following) scaled.

    `following` are the next word's emissions plus the sums of ways from it.
    """
    scores, factors, highest = tables
    top = shares(following, part, tags)
    for j in range(tags):
        way = 0.0
        for k in range(tags):
            way += factors[j, k] * part[k]
        if way > SMALL:
            sums[j] = top + highest + math.log(way)
        else:
            sums[j] = total_from(scores, j, following, tags)


@njit
def add_pairs(tags, tables, alpha, following, rooms, counts):
    """Add the probabilities of two words' tags to `counts`.

    `alpha` are the first word's sums of ways to it; `rooms` what `ways_back` left: the ways from
    it, and exp(following) scaled.
    """
    scores, factors = tables[0], tables[1]
    right, left = rooms[1], rooms[2]
    shares(alpha, left, tags)
    total = 0.0
    for j in range(tags):
        for k in range(tags):
            total += left[j] * factors[j, k] * right[k]
    if total > SMALL:
        for j in range(tags):
            share = left[j] / total
            for k in range(tags):
                counts[j, k] += share * factors[j, k] * right[k]
        return
    for j in range(tags):
        left[j] = alpha[j] + rooms[0, j]
    whole = shares(left, right, tags)
    total = 0.0
    for j in range(tags):
        total += right[j]
    whole += math.log(total)
    for j in range(tags):
        for k in range(tags):
            counts[j, k] += math.exp(alpha[j] + scores[j, k] + following[k] - whole)


@njit
def normalised(alpha, beta, to, tags):
    """Write the probabilities of a word's tags from the sums of ways to and from each."""
    top = -np.inf
    for k in range(tags):
        top = max(top, alpha[k] + beta[k])
    total = 0.0
    for k in range(tags):
        to[k] = math.exp(alpha[k] + beta[k] - top)
        total += to[k]
    for k in range(tags):
        to[k] /= total


@njit
def backwards(emissions, length, tags, tables, alphas, rooms, counts, to):
    """Write the probability of each tag of each word, and add those of neighbours to `counts`.

    `rooms` is scratch, (3, K), whose first row holds the sums of ways from each tag of a word.
    """
    scores = tables[0]
    beta = rooms[0]
    for k in range(tags):
        beta[k] = scores[k, tags]
    normalised(alphas[length - 1], beta, to[length - 1], tags)
    for k in range(tags):
        counts[k, tags] += to[length - 1, k]
    for t in range(length - 2, -1, -1):
        following = to[t]  # a place for the sum until the probabilities come
        for k in range(tags):
            following[k] = beta[k] + number(emissions + 4 * ((t + 1) * tags + k))
        ways_back(tags, tables, following, beta, rooms[1])
        add_pairs(tags, tables, alphas[t], following, rooms, counts)
        normalised(alphas[t], beta, to[t], tags)
    for k in range(tags):
        counts[tags, k] += to[0, k]


def sum_taggings(chunk, place):
    """Sum over all taggings of some sentences; with marginals if they are wanted."""
    a = arguments(place)
    tags, side = a.tags, a.tags + 1
    tables = (
        table(a.scores, side, side),
        table(a.factors, side, side),
        table(a.highest, 1, 1)[0, 0],
    )
    scratch = a.scratch + 8 * chunk * (a.steps + 3) * tags
    rooms, alphas = table(scratch, 3, tags), table(scratch + 24 * tags, a.steps, tags)
    sums = table(a.sums, a.batch, 1)
    counts = table(a.counts + 8 * chunk * side * side, side, side)
    for row in range(chunk * SENTENCES, min(chunk * SENTENCES + SENTENCES, a.batch)):
        length = integer(a.lengths + 8 * row)
        if length == 0:
            sums[row, 0] = 0.0
            continue
        emissions = a.emissions + 4 * row * a.steps * tags
        sums[row, 0] = forwards(emissions, length, tags, tables, alphas, rooms[0])
        if a.marginals:
            to = table(a.marginals + 8 * row * a.steps * tags, a.steps, tags)
            backwards(emissions, length, tags, tables, alphas, rooms, counts, to)


@njit
def best_way(emissions, length, tags, scores, ways, room):
    """Write to `ways` from which tag the best way to each tag comes; return the best last tag.

    `room` is scratch, (2, K), whose first row ends with the scores of whole taggings.
    """
    now, before = room[0], room[1]
    for k in range(tags):
        now[k] = scores[tags, k] + number(emissions + 4 * k)
    for t in range(1, length):
        for k in range(tags):
            before[k] = now[k]
        for k in range(tags):
            best = 0
            for j in range(1, tags):
                if before[j] + scores[j, k] > before[best] + scores[best, k]:
                    best = j
            ways[t, k] = best
            now[k] = before[best] + scores[best, k] + number(emissions + 4 * (t * tags + k))
    last = 0
    for k in range(tags):
        now[k] += scores[k, tags]
        if now[k] > now[last]:
            last = k
    return last


def find_best(chunk, place):
    """Find the best tagging of some sentences (Viterbi 1967); of equals the first tag is taken."""
    a = arguments(place)
    tags = a.tags
    scores = table(a.scores, tags + 1, tags + 1)
    scratch = a.scratch + 8 * chunk * (a.steps + 3) * tags
    room, ways = table(scratch, 2, tags), table(scratch + 24 * tags, a.steps, tags)
    sums = table(a.sums, a.batch, 1)
    for row in range(chunk * SENTENCES, min(chunk * SENTENCES + SENTENCES, a.batch)):
        length = integer(a.lengths + 8 * row)
        sums[row, 0] = 0.0
        if length:
            emissions = a.emissions + 4 * row * a.steps * tags
            tag = best_way(emissions, length, tags, scores, ways, room)
            sums[row, 0] = room[0, tag]
            for t in range(length - 1, -1, -1):
                write_integer(a.best + 8 * (row * a.steps + t), tag)
                if t:
                    tag = int(ways[t, tag])


SUM, BEST = Kernel(sum_taggings), Kernel(find_best)

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Sums:
    """What summing over all taggings gives.

    Attributes:
        log_partition: Logarithm of the sum of exp(score) over all taggings, (B,).
        marginals: Probability of each tag of each word, (B, T, K), zeros beyond the lengths; None
            if not wanted.
        counts: Expected number of each pair of neighbours in the batch, (K + 1, K + 1); or None.
    """

    log_partition: Doubles
    marginals: Doubles | None
    counts: Doubles | None


def sums(emissions: Floats, lengths: Numbers, scores: Doubles, marginals: bool = True) -> Sums:
    """Sum over all taggings.

    Args:
        emissions: (B, T, K), contiguous.
        lengths: How many words of each row count, (B,).
        scores: (K + 1, K + 1); −∞ where a pair is forbidden. Some tagging must be allowed.
        marginals: Whether marginals and counts are wanted.
    """
    batch, steps, tags = emissions.shape
    scores = np.ascontiguousarray(scores)
    values, chunks = _record(emissions, lengths, scores)
    finite = np.isfinite(scores)
    highest = np.array([scores[finite].max(initial=-np.inf) if finite.any() else 0.0])
    factors = np.exp(scores - highest)
    values["factors"], values["highest"] = address(factors), address(highest)
    scratch = np.empty((chunks, steps + 3, tags))
    log_partition = np.empty(batch)
    values["scratch"], values["sums"] = address(scratch), address(log_partition)
    counts, shares_of = None, None
    if marginals:
        counts, shares_of = np.zeros((chunks, tags + 1, tags + 1)), np.zeros(emissions.shape)
        values["counts"], values["marginals"] = address(counts), address(shares_of)
    work = (20.0 if marginals else 6.0) * batch * steps * tags * (tags + 8)
    run(SUM, chunks, address(values), work)
    return Sums(log_partition, shares_of, None if counts is None else counts.sum(axis=0))


def viterbi(emissions: Floats, lengths: Numbers, scores: Doubles) -> tuple[Numbers, Doubles]:
    """Return the best tagging of each sentence, (B, T) with zeros beyond, and its score, (B,).

    Args:
        emissions: (B, T, K), contiguous.
        lengths: How many words of each row count, (B,).
        scores: (K + 1, K + 1); −∞ where a pair is forbidden.
    """
    batch, steps, tags = emissions.shape
    scores = np.ascontiguousarray(scores)
    values, chunks = _record(emissions, lengths, scores)
    scratch = np.empty((chunks, steps + 3, tags))
    best = np.zeros((batch, steps), np.int64)
    reached = np.empty(batch)
    values["scratch"], values["best"] = address(scratch), address(best)
    values["sums"] = address(reached)
    run(BEST, chunks, address(values), 4.0 * batch * steps * tags * tags)
    return best, reached


def _record(emissions: Floats, lengths: Numbers, scores: Doubles) -> tuple[NDArray[Any], int]:
    """Return the record of what both kernels read, and the number of chunks."""
    values = np.zeros((), ARGUMENTS)
    values["batch"], values["steps"], values["tags"] = emissions.shape
    values["emissions"], values["lengths"] = address(emissions), address(lengths)
    values["scores"] = address(scores)
    return values, -(-len(emissions) // SENTENCES)
