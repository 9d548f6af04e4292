"""The search for nearest rows against brute force; quantised matrices and what they lose."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sestina import WordVectors
from sestina.errors import DataError, OptionError
from sestina.vectors import quantise, search
from sestina.vectors.halves import widened
from sestina.vectors.search import Best, Search, likeness, units


@pytest.fixture(scope="module")
def glove():
    return WordVectors.load("glove-50d")


def brute(matrix, queries, n):
    """All cosines in float64; equal ones in the order of the rows; zeros have cosine 0."""
    cosines = units(queries) @ units(matrix).T
    ids = np.argsort(-cosines, axis=1, kind="stable")[:, :n]
    return ids, np.take_along_axis(cosines, ids, 1)


@given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.integers(1, 60),
    columns=st.integers(1, 6),
    queries=st.sampled_from([1, 2, 9, 20]),
    n=st.integers(1, 70),
    block=st.sampled_from([1, 3, 16, 64]),
    dtype=st.sampled_from([np.float16, np.float32]),
)
@settings(max_examples=80, deadline=None)
def test_nearest_rows_by_brute_force(seed, rows, columns, queries, n, block, dtype):
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(rows, columns)).astype(dtype)
    matrix[rng.random(rows) < 0.1] = 0
    asked = units(rng.normal(size=(queries, columns)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "BLOCK", block)
        patch.setattr(search, "QUERIES", 8)
        ids, cosines = Search(range(rows), matrix).nearest(asked[:, None], n)
    expected, exact = brute(matrix, asked, n)
    beyond = brute(matrix, asked, n + 1)[1]
    assert ids.shape == (queries, min(n, rows))
    assert np.allclose(cosines, exact, atol=1e-12)
    if not np.isclose(beyond[:, 1:], beyond[:, :-1], rtol=0, atol=1e-12).any():
        assert np.array_equal(ids, expected)


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 5, 64]), st.sampled_from([1, 30]))
@settings(max_examples=30, deadline=None)
def test_equal_rows_stand_in_their_order(seed, block, queries):
    rng = np.random.default_rng(seed)
    matrix = rng.integers(-1, 2, size=(40, 2)).astype(np.float32)
    asked = np.tile(units(np.array([[1.0, 2.0]])), (queries, 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "BLOCK", block)
        ids, _ = Search(range(40), matrix).nearest(asked[:, None], 25)
    assert np.array_equal(ids, brute(matrix, asked, 25)[0])


@given(
    st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=9), min_size=1, max_size=4),
    st.integers(1, 12),
)
@settings(deadline=None)
def test_best_is_that_of_all_blocks_together(blocks, keep):
    best, start = Best(np.empty((1, 0), np.int64), np.empty((1, 0))), 0
    for block in blocks:
        best = best.joined(np.array([block], float), start, keep)
        start += len(block)
    whole = np.concatenate(blocks)
    assert best.ids[0].tolist() == np.argsort(-whole, kind="stable")[:keep].tolist()


def test_an_answer_does_not_depend_on_company(glove):
    words = ["frog", "car", "king", *glove.words[100:120]]
    together = glove.neighbours(words, n=7)
    assert together == [glove.neighbours(word, n=7) for word in words]
    assert together[0] == glove.neighbours(["frog"], n=7)[0]
    by_vector = glove.neighbours(glove["frog"], n=8)
    assert by_vector[0] == ("frog", pytest.approx(1, abs=1e-12))
    assert by_vector[1:] == together[0]
    assert glove.neighbours(np.stack([glove["frog"]] * 2), n=8) == [by_vector] * 2
    assert glove.neighbours([]) == []


def test_all_other_words_when_more_are_asked_for():
    vectors = WordVectors(["a", "b", "c"], [[1, 0], [0, 1], [-1, 0]])
    assert vectors.neighbours("a", n=50) == [("b", 0.0), ("c", -1.0)]


def test_extreme_lengths_do_not_disturb():
    vectors = WordVectors(
        ["a", "big", "small", "zero"], [[1, 0], [1e30, 0], [1e-30, 1e-30], [0, 0]]
    )
    found = dict(vectors.neighbours("a"))
    assert found == {
        "big": pytest.approx(1),
        "small": pytest.approx(np.sqrt(0.5), abs=1e-6),
        "zero": 0,
    }


def test_a_search_takes_little_memory(tmp_path, monkeypatch):
    np.save(tmp_path / "m.npy", np.random.default_rng(0).normal(size=(20_000, 50)).astype("f2"))
    matrix = np.load(tmp_path / "m.npy", mmap_mode="r")
    monkeypatch.setattr(search, "BLOCK", 512)
    finder, asked = Search(range(20_000), matrix), units(matrix[:200])
    tracemalloc.start()
    try:
        finder.nearest(asked[:, None], 10)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4e6  # the matrix in float32 is 4 MB, all cosines would be 16 MB


def test_every_half_is_widened_exactly():
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16)
    finite = halves[np.isfinite(halves)]
    assert len(finite) == 63_488
    made = widened(finite)
    assert made.dtype == np.float32
    assert np.array_equal(made.view(np.int32), finite.astype(np.float32).view(np.int32))
    table = finite.reshape(64, -1)[::3, 5:900]
    assert np.array_equal(widened(table), table.astype(np.float32))


matrices = st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 40), st.integers(1, 11))


@given(matrices)
@settings(max_examples=40, deadline=None)
def test_int8_keeps_every_number_to_half_a_step(how):
    seed, rows, columns = how
    matrix = np.random.default_rng(seed).normal(size=(rows, columns)).astype(np.float32)
    kept = quantise.restore(quantise.compress(matrix, "int8"))
    step = np.abs(matrix).max(axis=1, initial=0, keepdims=True) / 127
    assert kept.shape == matrix.shape and len(kept) == rows
    assert (np.abs(kept[:] - matrix) <= step * 0.501).all()


def test_int8_of_the_smallest_numbers_is_zero():
    kept = quantise.restore(quantise.compress(np.array([[1e-44, 0], [1, 2]], np.float32), "int8"))
    assert kept[0].tolist() == [0, 0]


@given(matrices, st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_few_different_rows_survive_product_quantisation(how, part):
    seed, rows, columns = how  # fewer rows than centres: nothing is lost
    matrix = np.random.default_rng(seed).normal(size=(rows, columns)).astype(np.float32)
    kept = quantise.restore(quantise.compress(matrix, "pq", part=part))
    assert kept.shape == matrix.shape
    assert np.allclose(kept[:], matrix, atol=5e-3)  # distances² are known to float32 rounding


@pytest.mark.parametrize("kind", quantise.KINDS)
def test_quantised_matrices_are_indexed_as_arrays(kind):
    matrix = np.random.default_rng(0).normal(size=(300, 7)).astype(np.float32)
    matrix[5] = 0
    kept = quantise.restore(quantise.compress(matrix, kind))
    whole = kept[:]
    assert whole.dtype == np.float32 and not whole[5].any()
    assert np.array_equal(np.asarray(kept), whole)
    for key in (3, np.int64(299), slice(2, 9, 3), np.array([7, 7, 0]), [[1, 2], [3, 4]]):
        assert np.array_equal(kept[key], whole[key])
    with pytest.raises(IndexError):
        kept[300]


@pytest.mark.parametrize(
    ("kind", "size", "cosine", "overlap"), [("int8", 0.28, 0.9999, 0.97), ("pq", 0.11, 0.96, 0.6)]
)
def test_what_quantisation_costs_on_shipped_vectors(glove, kind, size, cosine, overlap):
    arrays = quantise.compress(glove.matrix, kind)
    kept = quantise.restore(arrays)
    assert kept.nbytes < size * glove.matrix.nbytes
    left = likeness(glove.matrix, kept, sample=200)
    assert left.cosine > cosine and left.overlap > overlap
    vectors = WordVectors(glove.words, kept)
    assert vectors.matrix.dtype == np.float32 and "car" in vectors
    assert vectors.analogy(["king", "woman"], ["man"], n=1)[0][0] == "queen"
    assert {"truck", "cars"} <= {word for word, _ in vectors.neighbours("car", n=5)}
    assert likeness(glove.matrix, glove.matrix, sample=20) == (pytest.approx(1), 1)


def test_same_seed_same_codes():
    matrix = np.random.default_rng(3).normal(size=(2_000, 4)).astype(np.float32)
    one, two, other = (quantise.compress(matrix, "pq", seed=seed) for seed in (1, 1, 2))
    assert all(np.array_equal(one[name], two[name]) for name in one)
    assert not np.array_equal(one["codebooks"], other["codebooks"])


def changed(kind="pq", **arrays):
    whole = quantise.compress(np.random.default_rng(0).normal(size=(9, 6)), kind) | arrays
    return {name: array for name, array in whole.items() if array is not None}


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        (lambda: changed(norms=None), "lack the array 'norms'"),
        (lambda: changed("int8", codes=None), "lack the array 'codes'"),
        (lambda: changed(codes=np.zeros((9, 2), np.int32)), "'codes' .* is int32 with 2 axes"),
        (lambda: changed(norms=np.zeros(8, np.float32)), "9 codes and norms of 8 rows"),
        (lambda: changed("int8", scales=np.zeros(1, np.float32)), "9 codes and scales of 1 row"),
        (lambda: changed(dimensions=np.array([9])), "9 dimensions do not fit"),
        (lambda: changed(dimensions=np.array([4])), "4 dimensions do not fit"),
        (lambda: changed(codebooks=np.zeros((2, 255, 4), np.float32)), "do not fit together"),
    ],
)
def test_damaged_quantised_arrays(arrays, sentence):
    with pytest.raises(DataError, match=sentence):
        quantise.restore(arrays())


def test_wrong_quantisation():
    matrix = np.ones((3, 2), np.float32)
    with pytest.raises(OptionError, match=r"no quantisation 'int4'; did you mean 'int8'\?"):
        quantise.compress(matrix, "int4")
    with pytest.raises(OptionError, match="part=0 makes no sense"):
        quantise.compress(matrix, "pq", part=0)
    matrix[1, 1] = np.nan
    for kind in quantise.KINDS:
        with pytest.raises(DataError, match="NaN or infinite value; it cannot be quantised"):
            quantise.compress(matrix, kind)
    with pytest.raises(DataError, match="cannot be compared"):
        likeness(matrix, matrix[:2])
    with pytest.raises(DataError, match="all vectors are zeros"):
        likeness(np.zeros((3, 2)), np.ones((3, 2)))
