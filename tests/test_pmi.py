"""Pointwise mutual information: tables worked out by hand, and what its vectors know."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from sestina.errors import DataError, OptionError
from sestina.kernels.reference_glove import count
from sestina.vectors import pmi
from test_cooccurrence import TINY, corpus_of
from test_glove import groups, share_of_neighbours

# pairs on one side: a b four times, a c once, b c once; twelve on both
TOY = [["a", "b"]] * 4 + [["a", "c"], ["c", "b"]]


def by_words(corpus, table):
    dense = table.toarray()
    return {
        one + other: dense[i, j]
        for i, one in enumerate(corpus.words)
        for j, other in enumerate(corpus.words)
    }


def test_a_table_by_hand():
    corpus = corpus_of(TOY)
    found = by_words(corpus, pmi.association(corpus, smoothing=1, positive=False))
    # N = 12, C(a) = C(b) = 5, C(c) = 2
    expected = {"ab": np.log2(12 * 4 / 25), "ac": np.log2(12 / 10), "bc": np.log2(12 / 10)}
    for pair, value in expected.items():
        assert found[pair] == pytest.approx(value, abs=1e-6)
        assert found[pair[::-1]] == pytest.approx(value, abs=1e-6)
    assert found["aa"] == found["bb"] == found["cc"] == 0


def test_shift_smoothing_and_the_positive_part_by_hand():
    corpus = corpus_of(TOY)
    found = by_words(corpus, pmi.association(corpus, smoothing=0.5, shift=1.5, positive=False))
    chance = np.sqrt(2) / (2 * np.sqrt(5) + np.sqrt(2))  # of context c
    assert found["ac"] == pytest.approx(np.log2(1 / (5 * chance) / 1.5), abs=1e-6)
    assert found["ca"] == pytest.approx(
        np.log2(1 / (2 * np.sqrt(5) / (2 * np.sqrt(5) + np.sqrt(2))) / 1.5), abs=1e-6
    )
    table = pmi.association(corpus, smoothing=1, shift=1.5)
    found = by_words(corpus, table)
    assert found["ab"] == pytest.approx(np.log2(12 * 4 / 25 / 1.5), abs=1e-6)
    assert found["ac"] == 0 and table.nnz == 2


sentences = st.lists(st.lists(st.sampled_from("abcdef"), max_size=8), min_size=1, max_size=6)


@settings(deadline=None, max_examples=50)
@given(
    sentences,
    st.integers(1, 4),
    st.sampled_from([0.5, 0.75, 1.0]),
    st.sampled_from([1.0, 2.0]),
    st.booleans(),
)
def test_any_table_is_that_of_the_formula(texts, window, smoothing, shift, positive):
    corpus = corpus_of(texts)
    x = count(corpus.ids, len(corpus.words), np.ones(window, np.int64)).astype(float)
    options = {
        "window": window,
        "smoothing": smoothing,
        "shift": shift,
        "positive": positive,
    }
    if not x.any():
        with pytest.raises(DataError):
            pmi.association(corpus, **options)
        return
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = x.sum(0) ** smoothing / (x.sum(0) ** smoothing).sum()
        expected = np.log2(x / x.sum(1)[:, None] / chance) - np.log2(shift)
    expected[x == 0] = 0
    if positive:
        expected = np.maximum(expected, 0)
    for memory in (1024, TINY):
        found = pmi.association(corpus, memory=memory, **options)
        assert np.allclose(found.toarray(), expected, atol=2e-6)


def test_vectors_are_the_rows_of_the_decomposition():
    corpus = groups(np.random.default_rng(1))
    table = pmi.association(corpus, window=2).toarray()
    left, values, _ = np.linalg.svd(table)
    for power in (0, 0.5, 1):
        found = pmi.train(corpus, dimensions=3, window=2, power=power)
        expected = left[:, :3] * values[:3] ** power
        assert found.dtype == np.float32
        assert np.allclose(found @ found.T, expected @ expected.T, atol=1e-3)


def test_all_dimensions_keep_all_of_the_table():
    corpus = corpus_of(TOY)
    table = pmi.association(corpus, smoothing=1).toarray()
    found = pmi.train(corpus, dimensions=3, smoothing=1)
    assert np.allclose(found @ found.T, table @ table.T, atol=1e-5)


def test_same_vectors_whatever_the_memory():
    corpus = groups(np.random.default_rng(2))
    one, other = (pmi.train(corpus, dimensions=5, memory=memory) for memory in (1024, 0.05))
    assert np.array_equal(one, other)


def test_words_that_share_contexts_become_neighbours_unless_shuffled():
    corpus = groups(np.random.default_rng(1))
    assert share_of_neighbours(corpus, pmi.train(corpus, dimensions=6, window=2)) == 1
    shares = []
    for seed in range(6):
        corpus = groups(np.random.default_rng(seed), shuffled=True)
        shares.append(share_of_neighbours(corpus, pmi.train(corpus, dimensions=6, window=2)))
    assert np.mean(shares) < 0.55  # chance: 3 of 11


@pytest.mark.parametrize(
    ("sentences", "message"),
    [
        ([["a"], ["b"]], "no two words of the corpus stand within 5"),
        ([["a", "a"]], "more often than by chance"),
    ],
)
def test_corpora_without_association(sentences, message):
    with pytest.raises(DataError, match=message):
        pmi.train(corpus_of(sentences), dimensions=1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dimensions": 4}, "dimensions=4 came with 3 words; expected .* no more than words"),
        ({"dimensions": 0}, "dimensions=0 came with 3 words; expected at least 1"),
        ({"dimensions": 1, "window": 0}, "window=0 came; expected a number above 0"),
        ({"dimensions": 1, "shift": 0}, "shift=0 came"),
        ({"dimensions": 1, "smoothing": 0}, "smoothing=0 came"),
        ({"dimensions": 1, "power": -1}, "power=-1 came; expected a number of at least 0"),
    ],
)
def test_options_out_of_range(options, message):
    with pytest.raises(OptionError, match=message):
        pmi.train(corpus_of(TOY), **options)


def test_the_same_bits_however_many_threads_blas_has():
    rng = np.random.default_rng(0)
    corpus = corpus_of([[f"w{n}" for n in rng.zipf(1.2, 50) % 2000] for _ in range(2000)])
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads, "blas"):
            found.append(pmi.train(corpus, dimensions=100))
    assert np.array_equal(found[0], found[1])
