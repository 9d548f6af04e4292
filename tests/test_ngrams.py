"""Hashed n-grams beside tokens: which there are, and what a classifier learns by them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sestina import TextClassifier, load
from sestina.config import NgramOptions, TextOptions
from sestina.errors import OptionError
from sestina.estimators import ngrams
from sestina.text.encode import encode, learn


def grams_of(texts, **given):
    options = NgramOptions(**given)
    vocabulary, _ = learn(texts, TextOptions())
    numbers = ngrams.OpenVocabulary(vocabulary)
    ids = encode(texts, numbers, TextOptions()).ids
    found = ngrams.hashed(ids, numbers, options)
    return [sorted(found.buckets[found.texts == n].tolist()) for n in range(len(texts))]


@settings(max_examples=50, deadline=None)
@given(lengths=st.lists(st.integers(0, 6), min_size=1, max_size=8), most=st.integers(1, 4))
def test_a_text_has_so_many_runs_of_tokens(lengths, most):
    texts = [" ".join(["w"] * length) for length in lengths]
    counts = [len(found) for found in grams_of(["w", *texts], word_ngrams=most)[1:]]
    assert counts == [sum(max(n - k + 1, 0) for k in range(2, most + 1)) for n in lengths]


def test_equal_runs_have_equal_buckets_and_order_matters():
    ab, ba, xab, split = grams_of(["a b", "b a", "x a b", "a . b"], word_ngrams=2)
    assert ab != ba
    assert set(ab) < set(xab)
    assert not set(ab) & set(split)


def test_runs_do_not_depend_on_the_other_texts():
    alone = grams_of(["one two three"], word_ngrams=3)[0]
    assert grams_of(["four", "two one", "one two three"], word_ngrams=3)[2] == alone


def test_parts_are_fasttexts():
    from sestina.vectors.subwords import ngrams as parts

    _, numbers = parts(["walking", "fast"], 3, 5, 1000)
    assert grams_of(["walking fast"], min_n=3, max_n=5, buckets=1000)[0] == sorted(numbers)


def made(rng, count, first, second):
    """Texts whose label says which of two words comes first; every word is in every text."""
    labels = rng.integers(0, 2, count)
    filler = [f"w{n}" for n in range(20)]
    pairs = [(first, second), (second, first)]
    texts = [
        " ".join([*rng.choice(filler, 4), *pairs[label], *rng.choice(filler, 4)])
        for label in labels
    ]
    return texts, labels


def test_order_is_learnt_with_runs_only():
    rng = np.random.default_rng(0)
    texts, labels = made(rng, 600, "up", "down")
    options = {"encoder": "mean", "epochs": 15, "learning_rate": 0.03, "patience": None, "seed": 0}
    plain = TextClassifier(**options).fit(texts[:400], labels[:400])
    runs = TextClassifier(**options, word_ngrams=2).fit(texts[:400], labels[:400])
    assert runs.score(texts[400:], labels[400:]) > 0.97
    assert 0.35 < plain.score(texts[400:], labels[400:]) < 0.65
    noise = TextClassifier(**options, word_ngrams=2).fit(texts[:400], rng.permutation(labels[:400]))
    assert 0.35 < noise.score(texts[400:], labels[400:]) < 0.65


def test_parts_tell_of_unknown_words():
    rng = np.random.default_rng(1)

    def words(count):
        stems = ["".join(rng.choice(list("bdgklmnprst"), 5)) for _ in range(count)]
        labels = rng.integers(0, 2, count)
        return [
            s + ("ation" if one else "ingly") for s, one in zip(stems, labels, strict=True)
        ], labels

    net = TextClassifier(encoder="mean", max_n=4, epochs=20, learning_rate=0.02, seed=0)
    net.fit(*words(300))
    texts, labels = words(200)
    assert not set(texts) & set(net.vocabulary_.tokens)
    assert net.score(texts, labels) > 0.97


@pytest.mark.parametrize("optimiser", ["adam", "rmsprop", "sgd"])
def test_a_model_comes_back_from_its_folder(tmp_path, optimiser):
    texts, labels = made(np.random.default_rng(2), 60, "up", "down")
    net = TextClassifier(encoder="mean", word_ngrams=2, max_n=3, epochs=2, optimiser=optimiser)
    net.fit(texts, labels).save(tmp_path / "model")
    again = load(tmp_path / "model")
    unseen = ["up down w1 quite unknown", ""]
    assert np.array_equal(net.predict_proba(unseen), again.predict_proba(unseen))
    assert np.array_equal(net.buckets_, again.buckets_)


def test_a_resumed_run_has_the_same_bits(tmp_path):
    texts, labels = made(np.random.default_rng(3), 80, "up", "down")
    options = {"encoder": "mean", "word_ngrams": 2, "patience": None, "seed": 4}
    whole = TextClassifier(**options, epochs=4).fit(texts, labels)
    TextClassifier(**options, epochs=2).fit(texts, labels, checkpoint=tmp_path)
    rest = TextClassifier(**options, epochs=4).fit(texts, labels, checkpoint=tmp_path, resume=True)
    assert np.array_equal(whole.predict_proba(texts), rest.predict_proba(texts))


def test_a_long_step_is_clipped():
    texts, labels = made(np.random.default_rng(5), 60, "up", "down")
    net = TextClassifier(encoder="mean", word_ngrams=2, epochs=1, clip_norm=1e-3).fit(texts, labels)
    assert net.history_[0]["clipped"] == 1


def test_frozen_vectors_and_ngrams_exclude_each_other():
    texts, labels = made(np.random.default_rng(6), 20, "good", "bad")
    with pytest.raises(OptionError, match="fine_tune=True"):
        TextClassifier(encoder="mean", word_ngrams=2, vectors="glove-50d").fit(texts, labels)


def test_ngrams_do_nothing_for_other_encoders():
    texts, labels = made(np.random.default_rng(7), 20, "good", "bad")
    net = TextClassifier(encoder="bag", word_ngrams=2, epochs=1).fit(texts, labels)
    assert any("word_ngrams does nothing" in note for note in net.notes_)
