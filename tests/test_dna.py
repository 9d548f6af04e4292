"""DNA by a known grammar: a tagger comes near the best that is possible, and learns no noise."""

import random
from itertools import pairwise

import numpy as np
import pytest

from sestina import SequenceTagger
from sestina.data import toy
from sestina.kernels import crf

OPTIONS = {
    "encoder": "gru", "hidden": 16, "embedding": 8, "crf": False, "dropout": 0.0,
    "rare_dropout": 0.0, "learning_rate": 0.01, "batch_size": 32, "epochs": 10,
    "validation_fraction": 0.0, "seed": 1,
}  # fmt: skip
TRAIN, TEST = toy.islands(400, 60, seed=1), toy.islands(300, 60, seed=2)


def best_possible(sentences, tags):
    """The accuracy of the tag of highest probability under the grammar itself, base by base."""
    bases = np.array([[toy.BASES.index(base) for base in row] for row in sentences])
    emissions = np.log(toy.ISLAND_BASES.T[bases]).astype(np.float32)  # (N, T, 2)
    scores = np.zeros((3, 3))
    scores[:2, :2], scores[2, :2] = np.log(toy.ISLAND_FOLLOWS), np.log(toy.ISLAND_STARTS)
    lengths = np.full(len(bases), bases.shape[1])
    shares = crf.sums(np.ascontiguousarray(emissions), lengths, scores).marginals
    true = np.array([[toy.ISLAND_TAGS.index(tag) for tag in row] for row in tags])
    return (shares.argmax(axis=2) == true).mean()


def test_the_grammar_is_as_it_says():
    sentences, tags = toy.islands(2_000, 50, seed=3)
    flat, bases = "".join(map("".join, tags)), "".join(map("".join, sentences))
    assert len(sentences) == 2_000 and {len(row) for row in sentences} == {50}
    assert flat.count("+") / len(flat) == pytest.approx(1 / 3, abs=0.02)
    pairs = [a + b for row in tags for a, b in pairwise(row)]
    left = pairs.count("-+") / (pairs.count("-+") + pairs.count("--"))
    assert left == pytest.approx(toy.ISLAND_FOLLOWS[0, 1], abs=0.005)
    inside = [base for base, tag in zip(bases, flat, strict=True) if tag == "+"]
    shares = [inside.count(base) / len(inside) for base in toy.BASES]
    assert shares == pytest.approx(toy.ISLAND_BASES[1].tolist(), abs=0.01)
    assert toy.islands(5, 9, seed=3) == toy.islands(5, 9, seed=3) != toy.islands(5, 9, seed=4)


def test_a_tagger_comes_near_the_best_that_is_possible():
    best = best_possible(*TEST)
    assert 0.75 < best < 0.95  # neither hopeless nor plain
    found = SequenceTagger(**OPTIONS).fit(*TRAIN).score(*TEST)
    assert best - 0.02 < found <= best + 0.005


def test_each_base_alone_tells_less():
    flat = [base for row in TEST[0] for base in row]
    true = np.array([tag for row in TEST[1] for tag in row])
    alone = np.where(np.isin(flat, list("CG")), "+", "-")
    assert (alone == true).mean() < best_possible(*TEST) - 0.05


def test_shuffled_labels_teach_nothing():
    rng = random.Random(0)
    tags = [rng.sample(row, len(row)) for row in TRAIN[1]]
    flat = [tag for row in tags for tag in row]
    rng.shuffle(flat)
    dealt = [flat[60 * n : 60 * n + 60] for n in range(len(tags))]
    net = SequenceTagger(**{**OPTIONS, "epochs": 3}).fit(TRAIN[0], dealt)
    other = rng.choices("-+", weights=[2, 1], k=60 * len(TEST[0]))
    wanted = [other[60 * n : 60 * n + 60] for n in range(len(TEST[0]))]
    usual = other.count("-") / len(other)
    assert abs(net.score(TEST[0], wanted) - usual) < 0.02
