"""Conditional random fields: the kernel against its reference, and both against enumeration."""

from itertools import pairwise, product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp, softmax

from sestina.kernels import crf
from sestina.kernels import reference_crf as reference
from sestina.kernels.parallel import limited
from sestina.nn.crf import CRF, Independent


def problem(rng, sentences, steps, tags, spread=1.0, forbidden=0.0):
    emissions = rng.normal(scale=spread, size=(sentences, steps, tags)).astype(np.float32)
    scores = rng.normal(scale=spread, size=(tags + 1, tags + 1)).astype(np.float32).astype(float)
    banned = rng.random(scores.shape) < forbidden
    banned[0, 0] = banned[-1, 0] = banned[0, -1] = False  # tag 0 may stand anywhere
    scores[banned] = -np.inf
    return emissions, rng.integers(0, steps + 1, sentences), scores


def enumerated(emissions, scores):
    """Return log Σ, marginals, expected pairs and the best score by trying every tagging."""
    steps, tags = emissions.shape
    ways = [np.array(way, int) for way in product(range(tags), repeat=steps)]
    found = np.array([reference.score(emissions, way, scores) for way in ways])
    shares = softmax(found)
    marginals, counts = np.zeros((steps, tags)), np.zeros(scores.shape)
    for way, share in zip(ways, shares, strict=True):
        marginals[np.arange(steps), way] += share
        path = [tags, *way, tags]
        for one, other in pairwise(path):
            counts[one, other] += share
    return logsumexp(found), marginals, counts, found.max()


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    steps=st.integers(1, 4),
    tags=st.integers(1, 4),
    forbidden=st.sampled_from([0.0, 0.5]),
)
def test_the_reference_is_what_enumeration_gives(seed, steps, tags, forbidden):
    rng = np.random.default_rng(seed)
    emissions, _, scores = problem(rng, 1, steps, tags, forbidden=forbidden)
    whole, marginals, counts, best = enumerated(emissions[0].astype(float), scores)
    assert reference.log_partition(emissions[0].astype(float), scores) == pytest.approx(whole)
    got = reference.gradients(emissions[0].astype(float), scores)
    assert got[0] == pytest.approx(marginals) and got[1] == pytest.approx(counts)
    way, reached = reference.viterbi(emissions[0].astype(float), scores)
    assert reached == pytest.approx(best)
    assert reference.score(emissions[0].astype(float), way, scores) == pytest.approx(best)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    sentences=st.integers(1, 12),
    steps=st.integers(1, 20),
    tags=st.integers(1, 9),
    spread=st.sampled_from([0.1, 1.0, 30.0, 1000.0]),
    forbidden=st.sampled_from([0.0, 0.4]),
)
def test_the_kernel_is_the_reference(seed, sentences, steps, tags, spread, forbidden):
    rng = np.random.default_rng(seed)
    emissions, lengths, scores = problem(rng, sentences, steps, tags, spread, forbidden)
    found = crf.sums(emissions, lengths, scores)
    plain = crf.sums(emissions, lengths, scores, marginals=False)
    best, reached = crf.viterbi(emissions, lengths, scores)
    assert np.array_equal(plain.log_partition, found.log_partition) and plain.counts is None
    counts = np.zeros_like(scores)
    for n, length in enumerate(lengths):
        row = emissions[n, :length].astype(float)
        assert found.log_partition[n] == pytest.approx(reference.log_partition(row, scores))
        marginals, pairs = reference.gradients(row, scores)
        assert found.marginals[n, :length] == pytest.approx(marginals, abs=1e-9)
        assert not found.marginals[n, length:].any() and not best[n, length:].any()
        counts += pairs
        way, score = reference.viterbi(row, scores)
        assert np.array_equal(best[n, :length], way) and reached[n] == pytest.approx(score)
    assert found.counts == pytest.approx(counts, abs=1e-8)


def test_gradients_are_those_of_finite_differences():
    rng = np.random.default_rng(0)
    emissions, _, scores = problem(rng, 1, 5, 3)
    row = emissions[0].astype(float)
    marginals, counts = reference.gradients(row, scores)
    for got, at in ((marginals, row), (counts, scores)):
        for place in np.ndindex(at.shape):
            ends = []
            for step in (1e-5, -1e-5):
                at[place] += step
                ends.append(reference.log_partition(row, scores))
                at[place] -= step
            assert got[place] == pytest.approx((ends[0] - ends[1]) / 2e-5, abs=1e-8)


def test_same_bits_for_any_number_of_threads():
    emissions, lengths, scores = problem(np.random.default_rng(1), 90, 60, 12)
    found = []
    for threads in (1, 2, 3, 8):
        with limited(threads):
            sums = crf.sums(emissions, lengths, scores)
            best = crf.viterbi(emissions, lengths, scores)
        found.append((sums.log_partition, sums.marginals, sums.counts, *best))
    for one in found[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(found[0], one, strict=True))


def test_padding_and_company_change_nothing():
    emissions, _, scores = problem(np.random.default_rng(2), 6, 9, 5)
    lengths = np.array([9, 3, 0, 1, 5, 2])
    wide = np.full((6, 20, 5), 1e30, np.float32)
    for n, length in enumerate(lengths):
        wide[n, :length] = emissions[n, :length]
    one, other = crf.sums(emissions, lengths, scores), crf.sums(wide, lengths, scores)
    assert np.array_equal(one.log_partition, other.log_partition)
    assert np.array_equal(one.marginals, other.marginals[:, :9])
    alone = crf.sums(emissions[4:5], lengths[4:5], scores)
    assert np.array_equal(alone.marginals[0], one.marginals[4])
    assert one.log_partition[2] == 0


def test_no_sentences_at_all():
    found = crf.sums(np.zeros((0, 3, 2), np.float32), np.zeros(0, np.int64), np.zeros((3, 3)))
    assert found.marginals.shape == (0, 3, 2) and not found.counts.any()
    assert crf.viterbi(np.zeros((0, 3, 2), np.float32), np.zeros(0, np.int64), np.zeros((3, 3)))[
        0
    ].shape == (0, 3)


def layer(kind, tags, seed=0):
    torch.manual_seed(seed)
    made = kind(tags)
    if kind is CRF:
        torch.nn.init.normal_(made.scores)
    return made, torch.randn(4, 6, tags, requires_grad=True), torch.tensor([6, 0, 3, 1])


@pytest.mark.parametrize("kind", [CRF, Independent])
def test_the_loss_is_that_of_the_definition_and_so_are_its_gradients(kind):
    head, emissions, lengths = layer(kind, 3)
    tags = torch.randint(3, (4, 6))
    loss = head.loss(emissions, tags, lengths)
    (2 * loss).backward()
    scores = head.scores if kind is CRF else torch.zeros(4, 4)

    def wanted(values, table):
        total = 0.0
        for row, length, way in zip(values, lengths.tolist(), tags.numpy(), strict=True):
            total += reference.log_partition(row[:length], table)
            total -= reference.score(row[:length], way[:length], table)
        return total

    values, table = (part.detach().double().numpy().copy() for part in (emissions, scores))
    assert loss.item() == pytest.approx(wanted(values, table), rel=1e-6)
    parts = [(emissions.grad, values)] + ([(head.scores.grad, table)] if kind is CRF else [])
    for got, at in parts:
        for place in np.ndindex(at.shape):
            ends = []
            for step in (1e-5, -1e-5):
                at[place] += step
                ends.append(wanted(values, table))
                at[place] -= step
            assert got[place].item() == pytest.approx((ends[0] - ends[1]) / 1e-5, abs=1e-4)


def test_forbidden_pairs_are_never_put_and_get_no_gradient():
    allowed = np.ones((4, 4), bool)
    allowed[0, 1] = allowed[3, 2] = False  # 1 not after 0, no sentence begins with 2
    for head in (CRF(3, allowed), Independent(3, allowed)):
        emissions = torch.zeros(1, 4, 3)
        emissions[0, 0, 0] = emissions[0, 1, 1] = emissions[0, 2, 0] = emissions[0, 3, 1] = 0.4
        emissions[0, 0, 2] = 5.0
        best = head.decode(emissions, torch.tensor([4]))[0].tolist()
        assert best[0] != 2 and (0, 1) not in list(pairwise(best))
    head = CRF(3, allowed)
    head.loss(
        torch.randn(2, 4, 3), torch.tensor([[0, 0, 2, 1]] * 2), torch.tensor([4, 4])
    ).backward()
    assert head.scores.grad[0, 1] == 0 and head.scores.grad[3, 2] == 0 != head.scores.grad[3, 0]


@pytest.mark.parametrize("kind", [CRF, Independent])
def test_marginals_sum_to_one(kind):
    head, emissions, lengths = layer(kind, 5)
    shares = head.marginals(emissions.detach(), lengths)
    real = np.arange(6) < lengths.numpy()[:, None]
    assert shares.sum(2) == pytest.approx(real.astype(float)) and (shares >= 0).all()
