"""The kernels of word2vec against their reference, threads, chunks and private changes."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sestina.kernels import compiled, contexts, word2vec
from sestina.kernels import reference_word2vec as reference
from sestina.kernels.compiled import Kernel
from sestina.kernels.huffman import paths
from sestina.kernels.noise import MOST, alias_table
from sestina.kernels.parallel import limited
from sestina.kernels.reference_word2vec import Reference
from sestina.kernels.skipgram import SKIPGRAM
from sestina.kernels.word2vec import Net, Settings, Trainer, new_table

KEY = 0x1234567890ABCDEF
METHODS = ("skipgram", "cbow", "dbow", "dm")


def corpus(rng, words=40, tokens=700):
    shares = 1 / np.arange(1, words + 1)
    ids = rng.choice(words, tokens, p=shares / shares.sum()).astype(np.int32)
    ids[rng.random(tokens) < 0.08] = -1
    ids[-1] = -1
    return ids


def net_for(rng, ids, method, dimensions, tree=False, bags=False, words=40):
    counts = -np.sort(-(np.bincount(ids[ids >= 0], minlength=words) + 1))
    documents = int((ids < 0).sum()) if method in ("dbow", "dm") else 0
    inputs = words + (15 if bags else 0)
    outputs = words - tree
    table = new_table(inputs + outputs + documents, dimensions)
    table[:, :dimensions] = rng.normal(0, 0.3, (len(table), dimensions))
    starts, path = paths(counts) if tree else (None, None)
    sizes = rng.integers(1, 5, words)
    return Net(
        table=table,
        first_output=inputs,
        first_document=inputs + outputs if documents else 0,
        keep=(rng.random(words) * MOST).astype(np.int32),
        noise=None if tree else alias_table(counts**0.75),
        path_starts=starts,
        path=path,
        bag_starts=np.concatenate([[0], np.cumsum(sizes)]) if bags else None,
        bags=rng.integers(0, inputs, sizes.sum()).astype(np.int32) if bags else None,
    )


def chunks(ids, size):
    firsts = np.arange(0, len(ids), size)
    documents = np.array([(ids[:first] < 0).sum() for first in firsts])
    return np.column_stack([firsts, np.minimum(firsts + size, len(ids))]), documents


def kernel(method, net, options, ids, size, rate=0.05):
    spans, documents = chunks(ids, size)
    trainer = Trainer("cbow" if method == "dm" else method, net, options, size, len(documents))
    rates = np.full(len(documents), rate, np.float32)
    return trainer.run(ids, spans, documents, rates, KEY)


@pytest.mark.parametrize("tree", [False, True])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("dimensions", "window", "negatives", "bags"),
    [(16, 5, 5, False), (100, 2, 1, False), (7, 1, 12, True), (33, 9, 5, True)],
)
def test_the_kernels_compute_what_the_reference_does(
    method, tree, dimensions, window, negatives, bags
):
    rng = np.random.default_rng(dimensions + window)
    ids = corpus(rng)
    net = net_for(rng, ids, method, dimensions, tree, bags)
    before = net.table.copy()
    options = Settings(window=window, negatives=negatives, shared=max(8, negatives))
    with limited(1):
        loss, pairs = kernel(method, net, options, ids, 256)
    got = net.table.copy()
    net.table = before.astype(np.float64)
    oracle = Reference(net, options, ids, KEY)
    for start in range(0, len(ids), 256):
        oracle.method("cbow" if method == "dm" else method)(start, min(start + 256, len(ids)), 0.05)
    assert np.abs(got - oracle.table).max() < 2e-5
    assert np.abs(got - before).max() > 1e-3
    assert pairs > 0
    assert loss > 0
    assert not got[:, dimensions:].any()


def test_the_reference_has_the_sizes_of_the_kernels():
    assert (reference.BLOCK, reference.GROUP) == (contexts.BLOCK, contexts.GROUP)


@pytest.mark.parametrize("tree", [False, True])
@pytest.mark.parametrize("method", METHODS)
def test_the_first_loss_is_that_of_guessing(method, tree):
    """With outputs of zero every fork has σ = ½, so that each pair of n outputs loses n · ln 2."""
    rng = np.random.default_rng(2)
    ids = corpus(rng, tokens=4000)
    net = net_for(rng, ids, method, 16, tree)
    last = net.first_document or len(net.table)
    net.table[net.first_output : last] = 0
    with limited(1):
        loss, pairs = kernel(method, net, Settings(), ids, 256, rate=1e-6)
    outputs = loss / pairs / math.log(2)
    if tree:
        lengths = np.diff(net.path_starts)
        assert lengths.min() < outputs < lengths.max()
    else:
        assert 5 < outputs <= 6.001  # a negative that is the word itself does not count


@pytest.mark.parametrize("tree", [False, True])
@pytest.mark.parametrize("method", METHODS)
def test_one_private_chunk_is_as_one_that_writes_at_once(method, tree):
    rng = np.random.default_rng(4)
    ids = corpus(rng, tokens=500)
    net = net_for(rng, ids, method, 20, tree, method in ("skipgram", "cbow"))
    start, tables = net.table.copy(), []
    for private in (False, True):
        net.table[:] = start
        with limited(2):
            kernel(method, net, Settings(private=private), ids, 1000)
        tables.append(net.table.copy())
    assert np.abs(tables[0] - tables[1]).max() < 2e-5
    assert np.abs(tables[0] - start).max() > 1e-3


def test_of_two_like_changes_most_is_taken():
    """Two chunks of one sentence each change the same rows alike, as far as no draw differs."""
    ids = np.array([0, 1, -1] * 2, np.int32)
    net = net_for(np.random.default_rng(0), ids, "skipgram", 16)
    net.keep[:] = MOST
    net.noise = alias_table(np.eye(len(net.keep))[-1])  # the last word, always
    start, changes = net.table.copy(), []
    for tokens in (3, 6):
        net.table[:] = start
        spans = np.array([[0, 3], [3, 6]])[: tokens // 3]
        count = len(spans)
        trainer = Trainer("skipgram", net, Settings(window=1, private=True), 3, 2)
        rates = np.full(count, 1e-3, np.float32)
        trainer.run(ids, spans, np.arange(count), rates, KEY)
        changes.append(net.table - start)
    share = (1 - 0.8**2) / (0.2 * 2)
    moved = np.abs(changes[0]) > 1e-6
    assert moved.any()
    assert changes[1][moved] / changes[0][moved] == pytest.approx(2 * share, rel=0.02)


def test_a_trainer_has_compiled_before_it_runs(monkeypatch):
    """So that the words a second of the first use are those of every other."""
    rng = np.random.default_rng(0)
    ids = corpus(rng)
    net = net_for(rng, ids, "skipgram", 16)
    monkeypatch.setitem(word2vec.KERNELS, "skipgram", Kernel(SKIPGRAM.function))
    monkeypatch.setattr(word2vec, "MERGE", Kernel(word2vec.MERGE.function))
    monkeypatch.setattr(compiled, "_functions", {})
    trainer = Trainer("skipgram", net, Settings(private=True), 256, 4)
    monkeypatch.setattr(compiled, "_made", lambda name, make: pytest.fail(f"{name} is compiled"))
    spans, documents = chunks(ids, 256)
    trainer.run(ids, spans, documents, np.full(len(documents), 0.05, np.float32), KEY)


def test_one_word_of_context_is_the_word_before():
    rng = np.random.default_rng(3)
    ids = corpus(rng)
    net = net_for(rng, ids, "skipgram", 24)
    before, options = net.table.copy(), Settings(back_only=True)
    with limited(1):
        kernel("skipgram", net, options, ids, 256)
    got, net.table = net.table, before.astype(np.float64)
    oracle = Reference(net, options, ids, KEY)
    assert all(len(around) <= 1 for _, _, around in oracle.windows(0, len(ids)))
    for start in range(0, len(ids), 256):
        oracle.skipgram(start, min(start + 256, len(ids)), 0.05)
    assert np.abs(got - oracle.table).max() < 2e-5


@settings(max_examples=30, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6), size=st.sampled_from([64, 100, 256, 999]))
def test_windows_do_not_depend_on_chunks(seed, size):
    """With a rate so small that order does not matter, cuts leave no trace."""
    rng = np.random.default_rng(seed)
    ids = corpus(rng, tokens=400)
    net = net_for(rng, ids, "skipgram", 16)
    start = net.table.copy()
    changes = []
    for one in (size, 1000):
        net.table[:] = start
        with limited(1):
            kernel("skipgram", net, Settings(), ids, one, rate=3e-5)
        changes.append(net.table - start)
    # one pair more or less makes 4.5e-6, order as much in one seed of 6,000 only
    assert np.abs(changes[0] - changes[1]).max() < 3e-6
    assert np.abs(changes[0]).max() > 1e-6


@pytest.mark.parametrize("method", METHODS)
def test_private_changes_give_the_same_bits_for_any_number_of_threads(method):
    rng = np.random.default_rng(5)
    ids = corpus(rng, tokens=6000)
    net = net_for(rng, ids, method, 20)
    start, tables = net.table.copy(), []
    for threads in (1, 2, 3, 8):
        net.table[:] = start
        with limited(threads):
            kernel(method, net, Settings(private=True), ids, 256)
        tables.append(net.table.copy())
    assert all(np.array_equal(tables[0], table) for table in tables[1:])
    assert np.abs(tables[0] - start).max() > 1e-3


@pytest.mark.parametrize("method", ["dbow", "dm"])
def test_frozen_training_changes_documents_only_and_wherever_they_stand(method):
    rng = np.random.default_rng(7)
    one = np.array([3, 1, 4, 1, 5, 9, 2, 6, -1], np.int32)
    other = np.array([8, 9, 7, 9, 3, -1], np.int32)
    ids = np.concatenate([one, other, one])
    net = net_for(rng, ids, method, 16)
    net.keep[:] = MOST
    net.table[net.first_document :] = net.table[net.first_document]
    before = net.table.copy()
    ends = np.cumsum([len(one), len(other), len(one)])
    spans = np.column_stack([[0, *ends[:-1]], ends])
    trainer = Trainer("cbow" if method == "dm" else method, net, Settings(frozen=True), 9, 3)
    trainer.run(ids, spans, np.arange(3), np.full(3, 0.1, np.float32), KEY)
    first, second, third = net.table[net.first_document : net.first_document + 3]
    assert np.array_equal(net.table[: net.first_document], before[: net.first_document])
    assert np.array_equal(first, third)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, before[-1])


def test_gradients_are_those_of_the_loss():
    rng = np.random.default_rng(1)
    hidden, outputs = rng.normal(size=(3, 5)), rng.normal(size=(4, 5))
    targets = rng.integers(0, 2, (3, 4)).astype(float)
    weights = rng.random((3, 4))
    g = reference.gradients(hidden, outputs, targets, weights)
    for array, slope in ((hidden, g @ outputs), (outputs, g.T @ hidden)):
        for place in np.ndindex(array.shape):
            array[place] += 1e-6
            above = reference.loss(hidden, outputs, targets, weights)
            array[place] -= 2e-6
            below = reference.loss(hidden, outputs, targets, weights)
            array[place] += 1e-6
            assert slope[place] == pytest.approx(-(above - below) / 2e-6, abs=1e-7)


def test_alias_tables_draw_by_weight():
    weights = np.array([5.0, 1.0, 0.0, 3.0, 1.0])
    table = alias_table(weights)
    shares = np.zeros(5)
    for word, (threshold, other) in enumerate(table):
        share = (int(threshold) + 1) / 2**31
        shares[word] += share / 5
        shares[other] += (1 - share) / 5
    assert shares == pytest.approx(weights / weights.sum(), abs=1e-8)


@given(st.lists(st.integers(1, 1000), min_size=2, max_size=60))
@settings(max_examples=50, deadline=None)
def test_paths_are_those_of_a_huffman_tree(counts):
    counts = np.array(sorted(counts, reverse=True))
    starts, path = paths(counts)
    lengths = np.diff(starts)
    assert (0.5**lengths).sum() == pytest.approx(1)  # a full binary tree
    waiting = counts.tolist()
    cost = 0
    while len(waiting) > 1:
        waiting.sort()
        joined = waiting.pop(0) + waiting.pop(0)
        cost += joined
        waiting.append(joined)
    assert (counts * lengths).sum() == cost
    codes = {tuple(path[a:b]) for a, b in itertools.pairwise(starts)}
    assert len(codes) == len(counts)
    assert all(path[a] >> 1 == len(counts) - 2 for a in starts[:-1])
