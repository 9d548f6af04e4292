"""Means of rows: kernels against their reference, and torch's own optimisers."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sestina.kernels import averages
from sestina.kernels import reference_averages as reference
from sestina.kernels.parallel import limited
from sestina.nn.averages import HashedEmbedding


def batch(rng, texts, steps, rows):
    ids = rng.integers(0, rows, (texts, steps)).astype(np.int32)
    return ids, rng.integers(0, steps + 1, texts)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    texts=st.integers(1, 40),
    steps=st.integers(1, 30),
    rows=st.integers(1, 200),
    size=st.integers(1, 70),
)
def test_means_and_sums_are_the_references(seed, texts, steps, rows, size):
    rng = np.random.default_rng(seed)
    ids, lengths = batch(rng, texts, steps, rows)
    table = rng.normal(size=(rows, size)).astype(np.float32)
    d_means = rng.normal(size=(texts, size)).astype(np.float32)
    means = averages.average(table, ids, lengths)
    assert means == pytest.approx(reference.average(table.astype(float), ids, lengths), abs=1e-5)
    places = np.zeros(rows, np.int32)
    uses = averages.group(ids, lengths, places)
    assert not places.any()
    assert len(set(uses.rows.tolist())) == len(uses.rows)
    sums = averages.sums(uses, d_means / np.maximum(lengths, 1)[:, None].astype(np.float32))
    whole = np.zeros((rows, size))
    whole[uses.rows] = sums
    wanted = reference.gradient(d_means.astype(float), ids, lengths, rows)
    assert whole == pytest.approx(wanted, abs=1e-4)


def test_gradient_is_that_of_finite_differences():
    rng = np.random.default_rng(0)
    ids, lengths = batch(rng, 5, 4, 6)
    table, weights = rng.normal(size=(6, 3)), rng.normal(size=(5, 3))
    got = reference.gradient(weights, ids, lengths, 6)
    for place in np.ndindex(table.shape):
        ends = []
        for step in (1e-6, -1e-6):
            moved = table.copy()
            moved[place] += step
            ends.append((reference.average(moved, ids, lengths) * weights).sum())
        assert got[place] == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-6)


def test_same_bits_for_any_number_of_threads():
    rng = np.random.default_rng(1)
    ids, lengths = batch(rng, 300, 50, 400)
    d = rng.normal(size=(300, 33)).astype(np.float32)
    uses = averages.group(ids, lengths, np.zeros(400, np.int32))
    found = []
    for threads in (1, 2, 3, 8):
        with limited(threads):
            found.append(averages.sums(uses, d))
    assert all(np.array_equal(found[0], one) for one in found[1:])


@pytest.mark.parametrize("size", [1, 16, 33])
def test_adam_for_rows_is_torchs_sparse_adam(size):
    rng = np.random.default_rng(2)
    start = rng.normal(size=(20, size)).astype(np.float32)
    weight = torch.nn.Parameter(torch.from_numpy(start.copy()))
    theirs = torch.optim.SparseAdam([weight], lr=0.01)
    ours, again = start.copy(), start.astype(float)
    means = (np.zeros_like(start), np.zeros_like(start))
    exact = (np.zeros_like(again), np.zeros_like(again))
    for step in range(1, 6):
        rows = rng.permutation(20)[:7]
        gradients = rng.normal(size=(7, size)).astype(np.float32)
        averages.adam(ours, means, rows, gradients, 0.01, (0.9, 0.999), 1e-8, step)
        reference.adam(again, exact, rows, gradients, 0.01, (0.9, 0.999), 1e-8, step)
        with torch.sparse.check_sparse_tensor_invariants():
            places, values = torch.from_numpy(rows)[None], torch.from_numpy(gradients)
            weight.grad = torch.sparse_coo_tensor(places, values, start.shape)
            theirs.step()
    assert ours == pytest.approx(again, abs=1e-6)
    assert ours == pytest.approx(weight.detach().numpy(), abs=2e-5)  # torch strays from the exact


def test_an_id_outside_the_table_is_told_and_leaves_no_trace():
    places = np.zeros(3, np.int32)
    with pytest.raises(IndexError, match="between 0 and 2; got 7"):
        averages.group(np.array([[1, 7]], np.int32), np.array([2]), places)
    assert not places.any()


@pytest.mark.parametrize("rowwise", [False, True])
def test_the_module_gives_torchs_gradient(rowwise):
    torch.manual_seed(0)
    table = HashedEmbedding(5, 4, None, True, np.array([3, 9]))
    table.rowwise = rowwise
    ids, lengths = torch.tensor([[1, 2, 6], [5, 5, 0], [0, 0, 0]]), torch.tensor([3, 2, 0])
    weights = torch.randn(3, 4)
    (table.mean(ids, lengths) * weights).sum().backward()
    plain = table.weight.detach().clone().requires_grad_()
    means = torch.stack([plain[[1, 2, 6]].mean(0), plain[[5, 5]].mean(0), torch.zeros(4)])
    (means * weights).sum().backward()
    got = table.weight.grad
    if rowwise:
        assert got is None
        got = torch.zeros_like(plain)
        got[torch.from_numpy(table.touched[0])] = table.touched[1]
    assert torch.allclose(got, plain.grad, atol=1e-6)
