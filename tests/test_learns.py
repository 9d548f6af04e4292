"""Networks learn what they can, do not learn what they cannot, and find nothing in noise."""

from functools import partial

import numpy as np
import pytest
from scipy.stats import binom

from sestina import SeriesClassifier, TextClassifier
from sestina.config import ENCODERS
from sestina.data import toy

FAST = {
    "embedding": 8, "hidden": 16, "epochs": 40, "learning_rate": 0.02, "batch_size": 50,
    "patience": 8, "max_tokens": 20,
}  # fmt: skip
TRAIN, TEST = 600, 500


ADJACENT = partial(toy.order, gap=0)


def accuracy(task, length, encoder, train=TRAIN, **options):
    """Return the share right on fresh texts after training."""
    net = TextClassifier(**{**FAST, **options}, encoder=encoder)
    return net.fit(*task(train, length, seed=1)).score(*task(TEST, length, seed=2))


def at_chance(share):
    """Tell whether a share of `TEST` coin throws may come out like this, once in ten thousand."""
    low, high = binom.ppf([5e-5, 1 - 5e-5], TEST, 0.5) / TEST
    return low <= share <= high


@pytest.mark.parametrize("encoder", ENCODERS)
def test_every_encoder_sees_a_word(encoder):
    assert accuracy(toy.presence, 8, encoder) >= 0.95


@pytest.mark.parametrize("encoder", ["flatten", "cnn", "rnn", "gru", "lstm"])
def test_readers_see_order(encoder):
    assert accuracy(ADJACENT, 8, encoder) >= 0.95


@pytest.mark.parametrize("encoder", ["bag", "mean"])
def test_bags_and_means_cannot_see_order(encoder):
    assert at_chance(accuracy(ADJACENT, 8, encoder))


@pytest.mark.parametrize(
    "options",
    [
        {"pool": "max"},
        {"pool": "mean"},
        {"bidirectional": True},
        {"layers": 2},
        {"bidirectional": True, "layers": 2, "pool": "max"},
    ],
    ids=lambda o: "-".join(map(str, o)),
)
def test_variants_of_a_reader_see_order(options):
    assert accuracy(ADJACENT, 8, "gru", **options) >= 0.95


@pytest.mark.parametrize("normalise", ["layer", "batch"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_normalised_readers_see_order_and_nothing_in_noise(normalise, bidirectional):
    options = {"normalise": normalise, "bidirectional": bidirectional}
    assert accuracy(ADJACENT, 8, "lstm", **options) >= 0.95
    assert at_chance(accuracy(toy.noise, 8, "lstm", epochs=8, **options))


@pytest.mark.parametrize("encoder", ["gru", "lstm"])
def test_gates_remember_the_first_word(encoder):
    assert accuracy(partial(toy.order, gap=18), 20, encoder) >= 0.95


def test_narrow_windows_cannot_join_distant_words():
    share = accuracy(partial(toy.order, gap=12), 40, "cnn", max_tokens=40)
    assert share < 0.75  # where the padding beside an end is in sight, it may tell


@pytest.mark.parametrize("optimiser", ["rmsprop", "sgd"])
def test_other_optimisers_learn(optimiser):
    rate = {"rmsprop": 0.01, "sgd": 0.5}[optimiser]
    options = {"optimiser": optimiser, "learning_rate": rate, "momentum": 0.9}
    assert accuracy(ADJACENT, 8, "lstm", **options) >= 0.95


@pytest.mark.parametrize("encoder", ["rnn", "gru", "lstm"])
def test_recurrence_counts(encoder):
    """Parity of three words: no sum of word scores can tell it."""
    options = {"train": 200, "validation_fraction": 0.0}
    assert accuracy(toy.parity, 3, encoder, **options) >= 0.95
    assert accuracy(toy.parity, 3, "mean", **options) <= 0.9


@pytest.mark.parametrize("encoder", ENCODERS)
def test_nothing_is_learned_from_noise(encoder):
    assert at_chance(accuracy(toy.noise, 8, encoder, epochs=8))


def test_characters_can_be_learned():
    share = accuracy(ADJACENT, 8, "gru", level="character", epochs=60)
    assert share >= 0.95


def as_series(texts):
    """Return one-hot letters in place of words, (N, T, 26)."""
    places = np.array([[ord(word) - ord("a") for word in text.split()] for text in texts])
    return np.eye(26, dtype=np.float32)[places]


def letters(*arguments, **options):
    texts, labels = toy.order(*arguments, **options)
    return as_series(texts), labels


@pytest.mark.parametrize("encoder", ["flatten", "cnn", "rnn", "gru", "lstm"])
def test_series_too(encoder):
    options = {name: FAST[name] for name in FAST if name not in ("embedding", "max_tokens")}
    net = SeriesClassifier(**options, encoder=encoder).fit(*letters(TRAIN, 8, gap=0, seed=1))
    assert net.score(*letters(TEST, 8, gap=0, seed=2)) >= 0.95


def test_the_toys_are_what_they_say():
    for task in (toy.presence, toy.order, toy.parity, toy.noise):
        texts, labels = task(200, 6, seed=3)
        assert len(texts) == len(labels) == 200 and len(set(labels)) == 2
        assert {len(text.split()) for text in texts} == {6}
        assert task(200, 6, seed=3) == (texts, labels) != task(200, 6, seed=4)
    for gap in (0, 2, 4, None):
        texts, labels = toy.order(50, 6, gap=gap)
        for text, label in zip(texts, labels, strict=True):
            words = text.split()
            x, y = words.index("x"), words.index("y")
            assert words.count("x") == words.count("y") == 1
            assert (x < y) == (label == "x")
            assert gap is None or abs(x - y) == gap + 1
    texts, labels = toy.scenes(seed=1)
    assert len(set(texts)) == len({tuple(row) for row in labels}) == len(texts) == 360
    assert toy.scenes(seed=1) == (texts, labels) != toy.scenes(seed=2)
    for text, (number, *more) in zip(texts, labels, strict=True):
        first, *words = text.split()
        assert toy.NUMBERS.index(first) == int(number) - 1
        assert words == [*more[:-1], more[-1] + "s" * (number != "1")]
    texts, labels = toy.presence(50, 6)
    assert all(("x" in t.split()) == (n == "yes") for t, n in zip(texts, labels, strict=True))
