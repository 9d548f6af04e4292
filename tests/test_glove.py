"""GloVe: its loss and gradients, its kernels against the reference, what it learns."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sestina import GloVe
from sestina.errors import DataError, OptionError, TrainingError
from sestina.kernels import cooccurrence as counting
from sestina.kernels import glove as kernel
from sestina.kernels import parallel
from sestina.kernels.compiled import Kernel
from sestina.kernels.memory import write_number
from sestina.kernels.reference_glove import Vectors, count, logarithm_and_weight
from sestina.kernels.simd import BYTES, LANES, inverse_root, load, store, total
from sestina.kernels.workspace import address
from sestina.vectors import cooccurrence, glove
from sestina.vectors.checkpoint import Checkpoint, State
from test_cooccurrence import corpus_of


def random_vectors(rng, vocabulary, dimensions):
    shapes = [(vocabulary, dimensions), (vocabulary,)] * 2
    return Vectors(tuple(rng.normal(0, 0.5, shape) for shape in shapes), rate=0.1)


def roots_and_sums(chunk, place):
    """Replace the vector at `place` by its inverse roots, and write their sum behind it."""
    roots = inverse_root(load(place))
    store(place, roots)
    write_number(place + BYTES, total(roots))


def test_inverse_roots_and_sums_of_vectors():
    rng, kernel_of_them = np.random.default_rng(0), Kernel(roots_and_sums)
    for _ in range(50):
        values = np.zeros(LANES + 1, np.float32)
        values[:LANES] = 10 ** rng.uniform(-35, 35, LANES)
        expected = values[:LANES].astype(float) ** -0.5
        parallel.run(kernel_of_them, 1, address(values))
        assert np.allclose(values[:LANES], expected, rtol=3e-7, atol=0)
        assert values[LANES] == pytest.approx(expected.sum(), rel=1e-6)


def test_gradients_are_those_of_the_loss():
    rng = np.random.default_rng(0)
    vectors, small = random_vectors(rng, 4, 3), 1e-6
    pair = (2, 1, 0.7, 0.4)  # word, context, log X, weight

    def loss():
        return 0.5 * pair[3] * vectors.difference(*pair[:3]) ** 2

    for values, (row, gradient) in zip(vectors.values, vectors.gradients(*pair), strict=True):
        found = np.zeros_like(values)
        for place in np.ndindex(values.shape):
            before = values[place]
            values[place] = before + small
            above = loss()
            values[place] = before - small
            found[place] = (above - loss()) / (2 * small)
            values[place] = before
        expected = np.zeros_like(values)
        expected[row] = gradient
        assert np.allclose(found, expected, atol=1e-9)


def dealt(ids, vocabulary, blocks, x_max=3.0, alpha=0.75):
    """Pairs in tiles, by the rows of the table: arrays, addresses, sizes and first pairs."""
    deep = -(-vocabulary // blocks)
    weights = cooccurrence.weights(3, harmonic=True)
    dealer = kernel.Dealer((blocks, deep), float(weights[0]), x_max, alpha)
    groups = [np.arange(block, vocabulary, blocks) for block in range(blocks)]
    rows = counting.count(ids, vocabulary, weights, groups)
    pairs, sizes = zip(*(dealer.deal(row, n) for n, row in enumerate(rows)), strict=True)
    sizes = np.array(sizes)
    before = np.cumsum(sizes, 1) - sizes
    tiles = np.array([address(some) for some in pairs])[:, None] + 16 * before
    return pairs, tiles, sizes, before


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 40), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_every_pair_stands_once_in_its_tile(vocabulary, blocks, seed):
    rng = np.random.default_rng(seed)
    ids = rng.integers(0, vocabulary, 200).astype(np.int32)
    ids[::17] = -1
    blocks = min(blocks, vocabulary)
    deep = -(-vocabulary // blocks)
    pairs, _, sizes, before = dealt(ids, vocabulary, blocks)
    x = count(ids, vocabulary, cooccurrence.weights(3, harmonic=True)) / 6
    found = np.zeros_like(x)
    for p, some in enumerate(pairs):
        for q in range(blocks):
            tile = some[before[p, q] : before[p, q] + sizes[p, q]]
            for side, block in (("word", p), ("context", q)):
                assert (tile[side] // deep == block).all()
            word, context = tile["word"] % deep * blocks + p, tile["context"] % deep * blocks + q
            found[word, context] += np.exp(tile["logarithm"])
            expected = logarithm_and_weight(x[word, context], 3.0, 0.75)
            assert np.allclose(tile["logarithm"], expected[0], atol=1e-6)
            assert np.allclose(tile["weight"], expected[1], rtol=1e-5)
    assert sizes.sum() == (x > 0).sum()
    assert np.allclose(found, x, rtol=1e-5)


def test_pairs_of_a_tile_are_shuffled_by_a_key():
    ids = np.random.default_rng(0).integers(0, 30, 2000).astype(np.int32)
    weights = cooccurrence.weights(3, harmonic=True)
    dealer = kernel.Dealer((1, 30), float(weights[0]), 3.0, 0.75)
    found = []
    for key in (5, 5, 6):
        (row,) = counting.count(ids, 30, weights, [np.arange(30)])
        found.append(dealer.deal(row, key)[0])
    assert np.array_equal(found[0], found[1]) and not np.array_equal(found[0], found[2])
    for pairs in found:
        assert len(pairs) > 500 and len(np.unique(pairs[["word", "context"]])) == len(pairs)
        assert 0.4 < (np.diff(pairs["word"]) > 0).mean() < 0.6


def test_large_counts_are_worked_out_like_small_ones():
    ids = np.array([0, 1] * 9000, np.int32)
    pairs, *_ = dealt(ids, 2, 1, x_max=1e5)
    x = count(ids, 2, cooccurrence.weights(3, harmonic=True)) / 6
    logarithms, weights = logarithm_and_weight(x, 1e5, 0.75)
    assert x.min() * 6 > kernel.Dealer.KNOWN
    pairs = [np.sort(pairs[0], order=["word", "context"])]
    assert np.allclose(pairs[0]["logarithm"], logarithms.ravel(), rtol=1e-6)
    assert np.allclose(pairs[0]["weight"], weights.ravel(), rtol=1e-5)


def vectors_of(table, dimensions):
    """The reference's arrays, in float64, from the kernel's table."""
    e, b = table[0, :, 0, :dimensions], table[0, :, 0, dimensions]
    w, c = table[1, :, 0, :dimensions], table[1, :, 0, dimensions + 1]
    return [part.astype(np.float64) for part in (e, b, w, c)]


@pytest.mark.parametrize("dimensions", [1, 6, 14, 15, 30, 47, 100])
def test_the_kernel_takes_the_steps_of_the_reference(dimensions):
    rng = np.random.default_rng(dimensions)
    ids = rng.integers(0, 11, 150).astype(np.int32)
    ids[::19] = -1
    pairs, tiles, sizes, before = dealt(ids, 11, 3)
    table = kernel.new_table(12, dimensions, 0.3, rng)
    reference = Vectors(tuple(vectors_of(table, dimensions)), rate=0.3)
    trainer = kernel.Trainer(table, tiles, sizes, 0.3)
    assert trainer.diagonals == 3 and trainer.pairs == sizes.sum()
    for shift in (1, 0, 2, 1, 2, 0):
        loss, seen = trainer.run(shift)
        expected = 0.0
        for p in range(3):
            q = (p + shift) % 3
            tile = pairs[p][before[p, q] : before[p, q] + sizes[p, q]]
            expected += reference.train(tile.tolist())
        assert loss == pytest.approx(expected, rel=1e-4)
        assert seen == sum(sizes[p, (p + shift) % 3] for p in range(3))
    for found, values in zip(vectors_of(table, dimensions), reference.values, strict=True):
        assert np.allclose(found, values, atol=3e-5)
    side = np.arange(2)
    assert (table[side, :, 0, dimensions + 1 - side] == 1).all()  # no step moves a one
    assert not table[:, :, 0, dimensions + 2 :].any()


def groups(rng, shuffled=False):
    """Sentences in which words of one group stand between the same neighbours."""
    sentences = []
    for _ in range(3000):
        group, other = rng.integers(3), rng.integers(3)
        of = [group, group, other if rng.random() < 0.3 else group]  # some chance meetings
        sentences.append([f"{s}{g}-{rng.integers(4)}" for s, g in zip("nwn", of, strict=True)])
    if shuffled:
        words = [word for sentence in sentences for word in sentence]
        rng.shuffle(words)
        sentences = [words[n : n + 3] for n in range(0, len(words), 3)]
    return corpus_of(sentences)


def share_of_neighbours(corpus, matrix):
    """How many of the w-words have one of their own group as the nearest w-word."""
    words = [n for n, word in enumerate(corpus.words) if word[0] == "w"]
    rows = matrix[words] / np.linalg.norm(matrix[words], axis=1, keepdims=True)
    likeness = rows @ rows.T
    np.fill_diagonal(likeness, -2)
    group = np.array([corpus.words[n].split("-")[0] for n in words])
    return (group == group[likeness.argmax(1)]).mean()


def test_words_that_share_contexts_become_neighbours():
    corpus = groups(np.random.default_rng(1))
    matrix = glove.train(corpus, dimensions=8, window=2, epochs=25, x_max=10)
    assert matrix.shape == (24, 8) and matrix.dtype == np.float32
    assert share_of_neighbours(corpus, matrix) == 1


def test_shuffled_text_stays_at_chance():
    shares = []
    for seed in range(6):
        corpus = groups(np.random.default_rng(seed), shuffled=True)
        matrix = glove.train(corpus, dimensions=8, window=2, epochs=25, x_max=10)
        shares.append(share_of_neighbours(corpus, matrix))
    assert np.mean(shares) < 0.55  # chance: 3 of 11


def zipf(tokens=20_000, seed=0):
    rng = np.random.default_rng(seed)
    words = (rng.pareto(1.0, tokens) * 20).astype(np.int64) % 700
    return corpus_of(np.array_split(words.tolist(), tokens // 20))


def test_same_bits_for_any_number_of_threads_and_any_memory(monkeypatch):
    monkeypatch.setattr(parallel, "LITTLE", 0)  # even little work goes to all threads
    corpus, found = zipf(), []
    try:
        for threads, memory in [(1, 1024), (2, 1024), (3, 0.2), (8, 0.1)]:
            parallel.set_threads(threads)
            found.append(glove.train(corpus, dimensions=20, epochs=1, memory=memory))
    finally:
        parallel.set_threads(None)
    for other in found[1:]:
        assert np.array_equal(found[0], other)
    assert not np.array_equal(found[0], glove.train(corpus, dimensions=20, epochs=1, seed=1))


def test_progress_tells_a_falling_loss():
    seen = []
    glove.train(zipf(), dimensions=10, epochs=3, progress=lambda *row: seen.append(row))
    counting = [row for row in seen if row[0] == 0]
    assert counting[-1] == (0, 1, 0)
    seen = seen[len(counting) :]
    epochs = [row[0] for row in seen]
    assert epochs == sorted(epochs) and set(epochs) == {1, 2, 3}
    ends = [row for row, after in zip(seen, [*seen[1:], (4,)], strict=True) if after[0] > row[0]]
    assert [share for _, share, _ in ends] == [1, 1, 1]
    assert ends[0][2] > ends[1][2] > ends[2][2] > 0


def test_an_interrupt_keeps_what_was_learnt():
    corpus, dimensions = zipf(), 10

    def stop(epoch, share, loss):
        if epoch == 2:
            raise KeyboardInterrupt

    early = glove.train(corpus, dimensions=dimensions, epochs=50, progress=stop)
    once = glove.train(corpus, dimensions=dimensions, epochs=1)
    assert early.shape == once.shape and np.isfinite(early).all()
    assert 0 < np.abs(early - once).max() < 1


def test_a_stopped_training_goes_on_to_the_same_bits(tmp_path):
    corpus, options = zipf(), {"dimensions": 10, "epochs": 3}
    corpus = dataclasses.replace(corpus, words=tuple(map(str, corpus.words)))
    whole = glove.train(corpus, **options)

    def stop(epoch, share, loss):
        if epoch == 2 and share > 0.5:
            raise KeyboardInterrupt

    def kept(resume, **changed):
        learner = GloVe(**{"window": 5, **options, **changed})
        return Checkpoint(tmp_path / "state", resume, learner, corpus)

    glove.train(corpus, **options, checkpoint=kept(False), progress=stop)
    state = State()
    resumed = glove.train(corpus, **options, checkpoint=kept(True), state=state)
    assert np.array_equal(resumed, whole)
    assert [row["epoch"] for row in state.history] == [1, 2, 3]
    with pytest.raises(OptionError, match="begun with window=5, now it is 3"):
        glove.train(corpus, **options, checkpoint=kept(True, window=3))


@pytest.mark.parametrize(
    ("sentences", "message"),
    [
        ([], "the corpus has no words"),
        ([["a"]], "no two words of the corpus stand within 5"),
        ([["a"], ["b"], ["a"]], "no two words of the corpus stand within 5"),
    ],
)
def test_corpora_without_pairs(sentences, message):
    with pytest.raises(DataError, match=message):
        glove.train(corpus_of(sentences))


@pytest.mark.parametrize("sentences", [[["a", "a"]], [["a", "b"]]])
def test_the_least_corpora(sentences):
    matrix = glove.train(corpus_of(sentences), dimensions=3, epochs=2)
    assert matrix.shape == (len(set(sentences[0])), 3) and np.isfinite(matrix).all()


@pytest.mark.parametrize(
    "option", ["dimensions", "window", "epochs", "rate", "x_max", "alpha", "memory"]
)
def test_options_must_be_positive(option):
    with pytest.raises(OptionError, match=f"{option}=0 came; expected"):
        glove.train(corpus_of([["a", "b"]]), **{option: 0})


def test_a_loss_that_is_not_finite_ends_the_training():
    with pytest.raises(TrainingError, match=r"not finite in epoch .*; lower the learning rate"):
        glove.train(zipf(2000), dimensions=10, rate=1e18, epochs=9)
