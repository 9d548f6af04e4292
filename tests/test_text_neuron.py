"""One neuron on bags of words, as the laboratory trains it (row C1)."""

import json
import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sestina import Counts, MultiHot, Perceptron, SigmoidNeuron
from sestina.data.records import Records
from sestina.errors import DataError, OptionError
from sestina.lab import experiment as experiments
from sestina.lab import figures, markdown, report
from sestina.lab.run import Data, Laboratory
from sestina.lab.text_neuron import TextNeuron, _some

GOOD, BAD = "warm lovely bright fine".split(), "cold dull grey poor".split()
EPOCHS = {"c1-perceptron": 30, "c1-sigmoid-neuron": 400}
NAMES = list(EPOCHS)


def reviews(count=240, noise=False, seed=7):
    rng = random.Random(seed)
    labels = ["pos" if n % 2 else "neg" for n in range(count)]
    texts = [
        " ".join([*rng.choices(GOOD if label == "pos" else BAD, k=2), "film", str(n), "!"])
        for n, label in enumerate(labels)
    ]
    if noise:
        rng.shuffle(labels)
    return texts, labels


def run(name, noise=False, seeds=(0,)):
    texts, labels = reviews(noise=noise)
    parts = ["train"] * 120 + ["dev"] * 40 + ["test"] * 80
    laboratory = Laboratory(seeds, False, lambda line: None)
    few = experiments.get(name).with_options(epochs=EPOCHS[name])
    return laboratory.run(few, Data.of("made", Records(texts, labels, parts)))


@pytest.fixture(scope="module")
def records():
    return {name: run(name, seeds=(0, 1)) for name in NAMES}


@pytest.mark.parametrize("bag", ["multi-hot", "counts"])
@pytest.mark.parametrize("activation", ["step", "sigmoid"])
def test_it_is_the_bag_and_the_neuron(bag, activation):
    texts, labels = reviews(60)
    held = reviews(20, seed=8)
    ours = TextNeuron(bag=bag, activation=activation, epochs=12, learning_rate=0.5, seed=3)
    ours.fit(texts, labels, held)
    bags = {"multi-hot": MultiHot(), "counts": Counts()}[bag]
    table = bags.fit_transform(texts)
    neuron = (
        Perceptron(epochs=12, learning_rate=0.5, seed=3)
        if activation == "step"
        else SigmoidNeuron(epochs=12, learning_rate=0.5)
    )
    neuron.fit(table, labels, (bags.transform(held[0]), held[1]))
    assert ours.n_parameters_ == len(bags.vocabulary_) + 1
    assert ours.best_epoch_ == neuron.best_epoch_
    given_ = ours.predict_proba(held[0])
    assert (
        neuron.classes_[given_.argmax(axis=1)].tolist()
        == neuron.predict(bags.transform(held[0])).tolist()
    )
    np.testing.assert_allclose(given_.sum(axis=1), 1)
    for row, errors in zip(ours.history_, neuron.history_, strict=True):
        assert row["accuracy"] == pytest.approx(1 - errors["errors"] / 60)
        assert row["validation_accuracy"] == pytest.approx(1 - errors["validation_errors"] / 20)
        assert row.get("loss") == errors.get("loss")
    assert ("loss" in ours.history_[0]) is (activation == "sigmoid")


def test_a_step_is_certain():
    texts, labels = reviews(60)
    table = TextNeuron(epochs=5).fit(texts, labels, (texts, labels)).predict_proba(texts)
    assert set(table.ravel().tolist()) == {0.0, 1.0}


def test_the_vocabulary_and_its_notes():
    texts, labels = ["a good film", "a bad film", "a good one", "a bad one"], [1, 0, 1, 0]
    found = TextNeuron(vocabulary=3, epochs=3).fit(texts, labels, (texts, labels))
    assert found.n_parameters_ == found.n_trainable_parameters_ == 4
    assert found.notes_ == ["8 of 12 terms have a column (66.7%)"]
    assert found.level == "word" and TextNeuron(tokens="characters").level == "character"


@given(st.integers(1, 3000), st.data())
def test_of_a_long_history_some_epochs_are_kept(epochs, data):
    best = data.draw(st.integers(1, epochs))
    found = _some(epochs, best)
    assert found[0] == 1 and found[-1] == epochs and best in found and len(found) <= 41
    assert all(one < other for one, other in pairwise(found))
    if epochs <= 40:
        assert found == list(range(1, epochs + 1))


def test_more_than_two_classes_are_refused():
    texts = ["a", "b", "c"]
    with pytest.raises(DataError, match="two classes apart, and there are 3 classes; take data"):
        TextNeuron().fit(texts, ["x", "y", "z"], (texts, ["x", "y", "z"]))
    with pytest.raises(DataError, match="a text may have several labels; one neuron tells two"):
        TextNeuron().fit(texts, [["x"], ["x", "y"], ["y"]], (texts, [["x"]] * 3))
    with pytest.raises(OptionError, match="activation='relu' is unknown"):
        TextNeuron(activation="relu").fit(texts, [0, 1, 1], (texts, [0, 1, 1]))


@pytest.mark.parametrize("name", NAMES)
def test_structure_is_learned_and_noise_is_not(name, records):
    found = records[name]
    assert found["summary"]["accuracy"] > 0.95
    assert abs(run(name, noise=True)["summary"]["accuracy"] - 0.5) < 0.2


def test_records_of_neurons(records):
    step, sigmoid = (records[name] for name in NAMES)
    for record in (step, sigmoid):
        assert json.loads(json.dumps(record)) == record
        assert (record["parameters"]["total"], record["parameters"]["match"]) == (10_001, None)
        assert "TF-IDF + logistic regression" in record["summary"]["baselines"]
        assert record["runs"][0]["parameters"] == len(set(GOOD + BAD)) + 120 + 2 + 1  # film, !
    assert step["summary"]["loss"] is None and step["runs"][0]["loss"] is None
    assert figures.loss(step) == "–" and figures.losses(step) == ""
    assert 0 < sigmoid["summary"]["loss"] < 0.5
    one, other = sigmoid["runs"]  # nothing is left to chance
    assert one["loss"] == other["loss"] and sigmoid["summary"]["accuracy_sd"] == 0
    history = sigmoid["runs"][0]["history"]
    assert len(history) <= 41 and history[-1]["epoch"] == 400


def test_pages_show_how_a_neuron_learned(records):
    found, known = list(records.values()), [experiments.get(name) for name in NAMES]
    page = markdown.page(found, known, "sestina lab report")
    assert "Accuracy by epoch, seed 0, best epoch" in page and ", highest " in page
    assert "Loss by epoch (4" in page and "of 400 shown), seed 0" in page
    row = next(line for line in page.splitlines() if line.startswith("| C1 | `c1-perceptron`"))
    assert "| 10,001 |" in row and row.count("| – |") >= 1
    pytest.importorskip("vl_convert")
    html = report.render(found, known)
    assert "<h3>Accuracy, seed 0</h3>" in html and "<h3>Loss, seed 0</h3>" in html
    assert html.count("<svg") == 2 * 2 * 2
    assert ">400<" in html  # the last epoch stands at the axis
