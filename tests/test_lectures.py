"""The lectures' parameter counts, to the last one, through the estimator that a user calls."""

import numpy as np
import pytest

from sestina import SeriesClassifier, TextClassifier

WORDS = 9_998  # with PAD and UNK, a vocabulary of 10,000


@pytest.fixture(scope="module")
def texts():
    words = [f"w{n}" for n in range(WORDS)]
    return [" ".join(words[n::40]) for n in range(40)] + ["w1 w2", "w3 w4"]


def fitted(texts, **options):
    net = TextClassifier(epochs=1, vocabulary=10_000, validation_fraction=0.0, **options)
    net.fit(texts, [n % 2 for n in range(len(texts))])
    assert len(net.vocabulary_) == 10_000
    return net


def without_head(net):
    return net.n_parameters_ - net.parameter_counts_["head"]


def test_c2_multi_hot(texts):
    assert fitted(texts, encoder="bag", hidden=16, dense=(16,)).n_parameters_ == 160_305


def test_c3_flatten_20_words(texts):
    net = fitted(texts, encoder="flatten", embedding=8, max_tokens=20)
    assert net.n_parameters_ == 10_000 * 8 + 20 * 8 + 1


def test_c4_and_c5_flatten_100_words(texts):
    shape = {"encoder": "flatten", "max_tokens": 100, "dense": (16,)}
    assert fitted(texts, embedding=300, **shape).n_parameters_ == 3_480_033
    frozen = fitted(texts, vectors=np.ones((10_000, 300), np.float32), **shape)
    assert frozen.n_trainable_parameters_ == 480_033
    assert frozen.n_parameters_ == 3_480_033


def test_c7_simple_rnn(texts):
    assert without_head(fitted(texts, encoder="rnn", embedding=32, hidden=32)) == 322_080


def test_c8_four_stacked(texts):
    net = fitted(texts, encoder="rnn", embedding=32, hidden=32, layers=4)
    assert without_head(net) == 328_320


def test_c9_simple_rnn_16(texts):
    assert fitted(texts, encoder="rnn", embedding=16, hidden=16).n_parameters_ == 160_545


@pytest.mark.parametrize(("encoder", "gates"), [("lstm", 4), ("gru", 3)])
def test_c10_c11_one_bias_per_gate(texts, encoder, gates):
    net = fitted(texts, encoder=encoder, embedding=16, hidden=16, bidirectional=True)
    one_way = gates * ((16 + 16) * 16 + 16)
    assert net.parameter_counts_ == {"embedding": 160_000, "encoder": 2 * one_way, "head": 33}


def test_c16_human_activity():
    series = np.random.default_rng(0).normal(size=(12, 128, 9))
    net = SeriesClassifier(
        encoder="lstm", hidden=32, l2=0.005, batch_size=1500, epochs=1, validation_fraction=0.0
    )
    net.fit(series, [n % 6 for n in range(12)])
    assert net.parameter_counts_ == {"encoder": 5_376, "head": 198}
    assert net.n_parameters_ == 5_574
