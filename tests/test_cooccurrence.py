"""Counts of word pairs: equal to counting by hand, whatever memory and threads there are."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sestina.errors import DataError, OptionError
from sestina.kernels import cooccurrence as kernel
from sestina.kernels import parallel
from sestina.kernels.reference_glove import count
from sestina.vectors import cooccurrence
from sestina.vectors.corpus import Corpus
from sestina.vectors.spill import Spill

TINY = 1e-5  # megabytes: two tokens a part


def corpus_of(sentences):
    """A corpus of lists of words."""
    often = Counter(word for sentence in sentences for word in sentence)
    words = sorted(often, key=lambda word: (-often[word], word))
    number = {word: n for n, word in enumerate(words)}
    ids = [n for sentence in sentences for n in [*(number[word] for word in sentence), -1]]
    counts = np.array([often[word] for word in words], np.int64)
    return Corpus(tuple(words), counts, np.array(ids, np.int32), len(sentences), int(counts.sum()))


def dense(stretches, vocabulary):
    """The matrix that groups of rows are; each word must come once, and contexts rise."""
    table = np.zeros((vocabulary, vocabulary), np.int64)
    seen = []
    for stretch in stretches:
        seen.extend(stretch.words.tolist())
        for n, word in enumerate(stretch.words):
            row = slice(stretch.starts[n], stretch.starts[n + 1])
            contexts = stretch.contexts[row]
            assert (np.diff(contexts) > 0).all() and (stretch.counts[row] > 0).all()
            table[word, contexts] = stretch.counts[row]
    assert sorted(seen) == list(range(vocabulary))
    return table


def counted(corpus, window, harmonic=True, groups=None, memory=cooccurrence.MEMORY):
    """All counts of a corpus."""
    groups = groups or [np.arange(len(corpus.words))]
    with Spill() as spill:
        weights = cooccurrence.weights(window, harmonic)
        stretches = list(cooccurrence.rows(corpus, weights, groups, spill, memory))
        return dense(stretches, len(corpus.words))


sentences = st.lists(st.lists(st.sampled_from("abcdefg"), max_size=9), min_size=1, max_size=8)


@settings(deadline=None)
@given(sentences, st.integers(1, 12), st.booleans(), st.data())
def test_counts_are_those_by_hand(texts, window, harmonic, data):
    corpus = corpus_of(texts)
    vocabulary = len(corpus.words)
    weights = cooccurrence.weights(window, harmonic)
    expected = count(corpus.ids, vocabulary, weights)
    order = data.draw(st.permutations(range(vocabulary)))
    cuts = data.draw(st.lists(st.integers(0, vocabulary), max_size=3).map(sorted))
    groups = np.split(np.array(order, np.int64), cuts)
    for memory in (cooccurrence.MEMORY, TINY):
        if expected.any():
            assert np.array_equal(counted(corpus, window, harmonic, groups, memory), expected)
        else:
            with pytest.raises(DataError, match=f"no two words .* within {window} of each other"):
                counted(corpus, window, harmonic, groups, memory)


@pytest.mark.parametrize("vocabulary", [1, 63, 64, 65, 1023, 1024, 1025, 5000])
def test_any_number_of_words(vocabulary):
    rng = np.random.default_rng(vocabulary)
    ids = rng.integers(-1, vocabulary, 3000).astype(np.int32)
    ids[:2] = vocabulary - 1
    weights = cooccurrence.weights(3, harmonic=True)
    found = dense(kernel.count(ids, vocabulary, weights, [np.arange(vocabulary)]), vocabulary)
    assert np.array_equal(found, count(ids, vocabulary, weights))


def test_same_counts_for_any_number_of_threads_and_any_memory(monkeypatch):
    monkeypatch.setattr(parallel, "LITTLE", 0)  # even little work goes to all threads
    rng = np.random.default_rng(0)
    words = (rng.pareto(1.0, 20_000) * 20).astype(np.int64) % 900
    corpus = corpus_of(np.array_split(words.tolist(), 700))
    found = []
    try:
        for threads, memory in [(1, 1024), (2, 1024), (3, 0.2), (8, 0.07)]:
            parallel.set_threads(threads)
            found.append(counted(corpus, 5, memory=memory))
    finally:
        parallel.set_threads(None)
    assert found[0].sum() > 20_000 * 60
    for other in found[1:]:
        assert np.array_equal(found[0], other)


def test_a_window_ends_with_its_sentence_and_counts_both_sides():
    corpus = corpus_of([["a", "b", "c"], ["c", "a"]])
    found = counted(corpus, 2) / 2
    a, b, c = (corpus.words.index(word) for word in "abc")
    assert found[a, b] == found[b, a] == found[b, c] == 1
    assert found[a, c] == found[c, a] == 0.5 + 1
    assert not np.diag(found).any()


def test_a_word_beside_itself_counts_from_both_places():
    assert counted(corpus_of([["a", "a"]]), 1).tolist() == [[2]]


@pytest.mark.parametrize("window", [1, 2, 5, 10, 18])
def test_weights_are_exact_shares(window):
    weights = cooccurrence.weights(window, harmonic=True)
    assert [weights[0] / weight for weight in weights] == list(range(1, window + 1))
    assert cooccurrence.weights(window, harmonic=False).tolist() == [1] * window


def test_weights_of_wide_windows_are_nearly_exact():
    weights = cooccurrence.weights(500, harmonic=True)
    assert np.allclose(weights[0] / weights, np.arange(1, 501), rtol=2e-6)
    assert math.log2(weights[0]) == 28


def test_groups_have_some_number_of_pairs_at_most():
    corpus = corpus_of([list("aaaabbbccd"), list("aab")])
    most = np.minimum(4 * corpus.counts, 4)
    for pairs in (1, 4, 8, 9, 100):
        groups = cooccurrence.groups(corpus, 2, pairs)
        assert np.concatenate(groups).tolist() == [0, 1, 2, 3]
        assert all(len(group) == 1 or most[group].sum() <= pairs for group in groups)
    assert len(groups) == 1


def test_memory_must_be_positive():
    corpus = corpus_of([["a", "b"]])
    with pytest.raises(OptionError, match="memory=0 came; expected megabytes above 0"):
        counted(corpus, 1, memory=0)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    corpus = corpus_of([["a", "b"]] * 9)
    weights = cooccurrence.weights(1, harmonic=False)
    with Spill(tmp_path / "none") as spill, pytest.raises(DataError) as caught:
        list(cooccurrence.rows(corpus, weights, [np.arange(2)], spill, TINY))
    message = str(caught.value)
    assert "none" in message and "name another folder" in message and "\n" not in message


def test_nothing_is_left_on_disk(tmp_path):
    corpus = corpus_of([["a", "b"]] * 9)
    weights = cooccurrence.weights(1, harmonic=False)
    with Spill(tmp_path) as spill:
        list(cooccurrence.rows(corpus, weights, [np.arange(2)], spill, TINY))
        assert list(tmp_path.iterdir())
    assert not list(tmp_path.iterdir())
