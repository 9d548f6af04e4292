"""Vectors of sentences: the mean, and SIF against its paper's formulas."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sestina import SentenceVectors, WordVectors
from sestina.errors import DataError, OptionError

FLAT = WordVectors(["up", "upward", "left", "zero"], [[0, 1], [0.1, 1], [-1, 0], [0, 0]])


@pytest.fixture(scope="module")
def glove():
    return WordVectors.load("glove-50d")


def test_mean_sentence_vectors():
    model = SentenceVectors(FLAT, method="mean")
    made = model.fit_transform(["Up left unknown", [], ["up"], "unknown"])
    assert made.tolist() == [[-0.5, 0.5], [0, 0], [0, 1], [0, 0]]
    assert model.unknown_ == 2 and model.empty_ == 2
    assert model.transform([["left"]]).tolist() == [[-1, 0]]
    assert model.transform([]).shape == (0, 2)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_sif_is_that_of_its_paper(seed):
    rng = np.random.default_rng(seed)
    words, counts = [f"w{i}" for i in range(9)], rng.integers(1, 100, 9)
    vectors = WordVectors(words, rng.normal(size=(9, 4)) + 1, counts=counts)
    sentences = [rng.choice(words, rng.integers(1, 6)).tolist() for _ in range(7)]
    weight = dict(zip(words, 0.01 / (0.01 + counts / counts.sum()), strict=True))
    plain = np.array([sum(weight[w] * vectors[w] for w in s) / len(s) for s in sentences])
    common = np.linalg.svd(plain)[2][0]
    model = SentenceVectors(vectors, a=0.01)
    made = model.fit_transform(sentences)
    assert np.allclose(made, plain - np.outer(plain @ common, common), atol=1e-5)
    assert np.allclose(made @ model.component_, 0, atol=1e-5)
    assert np.allclose(model.fit(sentences).transform(sentences[:2]), made[:2], atol=1e-6)


def test_sif_tells_likeness_better_than_the_mean(glove):
    texts = [
        "the dog slept on the floor of the house",
        "a puppy is sleeping in the kitchen",
        "the price of the oil on the market fell",
        "markets saw crude prices decline",
    ]

    def contrast(model):
        rows = model.fit_transform(texts)
        rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        like = rows @ rows.T
        return like[0, 1] + like[2, 3] - like[0, 2] - like[1, 3]

    sif = SentenceVectors(glove, frequencies="zipf")
    assert contrast(sif) > contrast(SentenceVectors(glove, method="mean")) + 0.3


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "came without counts.*frequencies='zipf'"),
        ({"method": "sum"}, "no method 'sum'"),
        ({"frequencies": "guess"}, "frequencies='guess' is unknown"),
        ({"a": 0, "frequencies": "zipf"}, "a=0 makes no sense"),
    ],
)
def test_wrong_sentence_options(options, sentence):
    with pytest.raises((DataError, OptionError), match=sentence):
        SentenceVectors(FLAT, **options).fit(["up"])


def test_sentences_that_cannot_be_learnt():
    model = SentenceVectors(FLAT, method="mean")
    with pytest.raises(NotFittedError):
        model.transform(["up"])
    with pytest.raises(DataError, match="none of the words of 1 sentence has a vector"):
        model.fit(["nothing known"])
    with pytest.raises(DataError, match="one string came; expected a list of texts"):
        model.fit("up left")
    with pytest.raises(DataError, match="text 0 is None"):
        model.fit([None])
    silent = WordVectors(["a"], [[1.0]], counts=[0])
    with pytest.raises(DataError, match="counts of the words are all 0"):
        SentenceVectors(silent).fit(["a"])


def test_a_pipeline_with_a_classifier():
    texts, labels = ["up up", "left", "up", "left left"] * 5, [1, 0, 1, 0] * 5
    line = make_pipeline(SentenceVectors(FLAT, method="mean"), LogisticRegression())
    assert clone(line).fit(texts, labels).score(texts, labels) == 1
    assert clone(line).named_steps["sentencevectors"].vectors is FLAT  # not a copy
    named = SentenceVectors("glove-50d", frequencies="zipf").fit_transform(["a good film", "bad"])
    assert named.shape == (2, 50)
