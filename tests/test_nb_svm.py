"""The linear baselines: NB-SVM by hand, on what can be learned, on noise; its place in the ladder."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from sestina import TextClassifier
from sestina.config import TextOptions
from sestina.data import toy
from sestina.data.records import Records
from sestina.inspect.baselines import tfidf_regression
from sestina.inspect.evaluate import climb, verdict
from sestina.inspect.nb_svm import NEVER, Linear, _candidates, _columns, log_count_ratios, nb_svm

NAMES = ["majority class", "TF-IDF + logistic regression", "NB-SVM", "net"]


def told(task, **options):
    """Return NB-SVM's probabilities on fresh texts, and the truth."""
    parts = [task(n, 8, seed=seed, **options) for n, seed in ((300, 1), (100, 2), (400, 3))]
    texts = [texts for texts, _ in parts]
    names = sorted(set(parts[0][1]))
    codes = [np.array([names.index(label) for label in labels]) for _, labels in parts]
    found = nb_svm(texts[0], codes[0], texts[1], codes[1], texts[2], TextOptions())
    return found, codes[2]


def test_ratios_by_hand():
    """Two texts of the class hold the first term, one of the others; smoothing adds one to each."""
    table = csr_matrix(np.array([[1, 0], [1, 1], [1, 0], [0, 1]], dtype=np.float32))
    truth = np.array([[True], [True], [False], [False]])
    wanted = [np.log((3 / 5) / (2 / 4)), np.log((2 / 5) / (2 / 4))]
    assert log_count_ratios(table, truth) == pytest.approx(np.array([wanted]))
    assert log_count_ratios(table, ~truth) == pytest.approx(-np.array([wanted]))


def test_ratios_of_terms_that_tell_nothing_are_zero():
    table = csr_matrix(np.ones((4, 3), dtype=np.float32))
    truth = np.array([[True], [True], [False], [False]])
    assert np.abs(log_count_ratios(table, truth)).max() < 1e-12


def test_weights_go_from_naive_bayes_to_the_svm():
    rng = np.random.default_rng(0)
    table = csr_matrix((rng.random((60, 8)) < 0.4).astype(np.float32))
    truth = (table[:, [0]].toarray() + (rng.random((60, 1)) < 0.1)) > 0.5
    ratios = log_count_ratios(table, truth)
    quarter, half, whole = list(_candidates(table, truth))[3:6]
    own = whole.weights / ratios
    level = np.abs(own).mean()
    assert half.weights == pytest.approx(ratios * (0.5 * level + 0.5 * own))
    assert quarter.weights == pytest.approx(ratios * (0.75 * level + 0.25 * own))
    assert quarter.biases == half.biases == whole.biases


def test_one_classifier_for_two_classes_else_one_each():
    assert _columns(np.array([0, 1, 1])).tolist() == [[False], [True], [True]]
    assert _columns(np.array([0, 2, 1])).tolist() == np.eye(3, dtype=bool)[[0, 2, 1]].tolist()
    assert _columns(np.array([[1.0, 0.0], [1.0, 1.0]])).tolist() == [[True, False], [True, True]]


def test_margins_of_a_class_without_texts():
    table = csr_matrix(np.eye(3, dtype=np.float32))
    truth = np.array([[True, False, True], [False, False, True], [True, False, True]])
    first = next(_candidates(table, truth))
    assert isinstance(first, Linear)
    margins = first.margins(table)
    assert (margins[:, 1] == NEVER).all() and (margins[:, 2] == -NEVER).all()


def test_it_sees_words_and_neighbours():
    for task, options in ((toy.presence, {}), (toy.order, {"gap": 0})):
        found, truth = told(task, **options)
        assert (found.probabilities.argmax(axis=1) == truth).mean() >= 0.95
        assert np.allclose(found.probabilities.sum(axis=1), 1.0)


def test_it_finds_nothing_in_noise():
    found, truth = told(toy.noise)
    assert 0.4 < (found.probabilities.argmax(axis=1) == truth).mean() < 0.6
    assert found.probabilities.max() < 0.9  # the temperature says so, too


def records(task, rows, seed):
    texts, labels = task(rows, 8, seed=seed)
    return Records(texts, labels)


def test_its_place_in_the_ladder():
    train, dev, test = (records(toy.presence, n, s) for n, s in ((300, 1), (60, 2), (200, 3)))
    net = TextClassifier(encoder="mean", epochs=2, seed=0)
    net.fit(train.texts, train.labels, validation=(dev.texts, dev.labels))
    ladder = climb({"net": net}, train, dev, test)
    assert [rung.name for rung in ladder.rungs] == NAMES
    assert [rung.name for rung in ladder.plain] == NAMES[:3]
    again = climb({"net": net}, train, dev, test)
    for one, other in zip(ladder.rungs, again.rungs, strict=True):
        assert np.array_equal(one.probabilities, other.probabilities)
    rung = ladder.rung("NB-SVM")
    assert rung.figures["accuracy"] >= 0.95 and rung.seconds > 0
    assert rung.parameters == ladder.rung(NAMES[1]).parameters  # the same terms
    assert set(rung.summary()) >= {"interval", "calibration_error", "parameters", "seconds"}
    assert "NB-SVM" in verdict(ladder, "net", "NB-SVM")


def topics(rows, seed):
    """Texts of one to three of four topics, each told by a word; the last is rare."""
    rng = np.random.default_rng(seed)
    truth = rng.random((rows, 4)) < [0.5, 0.4, 0.3, 0.08]
    fill = "some words that all texts hold".split()
    texts = [
        " ".join(rng.permutation([*fill, *(f"topic{k}" for k in np.flatnonzero(row))]))
        for row in truth
    ]
    labels = [[f"t{k}" for k in np.flatnonzero(row)] for row in truth]
    return Records(texts, labels)


def test_several_labels_and_many_classes():
    train, dev, test = topics(300, 1), topics(80, 2), topics(200, 3)
    net = TextClassifier(encoder="mean", epochs=1, seed=0)
    net.fit(train.texts, train.labels, validation=(dev.texts, dev.labels))
    found = climb({"net": net}, train, dev, test).rung("NB-SVM").figures
    assert found["label_accuracy"] >= 0.98 and found["micro_f1"] >= 0.95
    names = [f"class {n}" for n in range(30)]
    rng = np.random.default_rng(0)
    parts = []
    for rows in (600, 90, 300):
        codes = np.r_[np.arange(30), rng.integers(0, 30, rows - 30)]
        parts.append(([f"word{c} other {rng.integers(9)} words" for c in codes], codes))
    (a, x), (b, y), (c, z) = parts
    guess = nb_svm(a, x, b, y, c, TextOptions()).probabilities
    assert guess.shape == (300, len(names)) and (guess.argmax(axis=1) == z).mean() > 0.98


def test_characters_are_terms_of_one_to_four():
    train = ["abcd", "dcba"] * 20
    codes = np.array([0, 1] * 20)
    options = TextOptions(level="character")
    found = nb_svm(train, codes, train, codes, ["xxabcdx", "xdcbax"], options)
    assert found.probabilities.argmax(axis=1).tolist() == [0, 1]
    assert found.parameters == 4 + 2 * (3 + 2 + 1)


def test_a_label_that_all_texts_have_is_no_warning():
    texts, rows = ["warm day", "cold day"] * 20, np.array([[1, 1], [1, 0]] * 20, np.float32)
    found = tfidf_regression(texts, rows, texts, rows, texts, TextOptions())
    assert (found.probabilities[:, 0] == 1).all()
