"""Tests of memory: what they ask for, who passes them, and how the laboratory judges that."""

import json
from dataclasses import replace

import numpy as np
import pytest

from sestina.cli.app import main
from sestina.data import recall, toy
from sestina.data.recall import COPIED, KINDS_OF_RECALL, SYMBOLS, Recall
from sestina.errors import DataError, OptionError
from sestina.lab import experiment as experiments
from sestina.lab import figures, parts
from sestina.lab.linear import LinearRecurrence
from sestina.lab.recall import DEV, TEST, TRAIN, Drawn, RecallTrial
from sestina.lab.run import Data, Laboratory


@pytest.mark.parametrize("kind", KINDS_OF_RECALL)
def test_draws_are_the_same_for_a_seed_and_others_for_another(kind):
    source = Recall(kind, 30)
    x, y = source.draw(8, TRAIN, 3)
    again, other = source.draw(8, TRAIN, 3), source.draw(8, TEST, 3)
    assert np.array_equal(x, again[0]) and np.array_equal(y, again[1])
    assert not np.array_equal(x, other[0])
    assert x.dtype == np.float32 and x.shape[::2] == (8, source.what.features)


def test_sums_are_those_of_the_two_marked_numbers():
    x, y = Recall("adding", 25).draw(200, 0)
    assert np.array_equal(x[..., 1].sum(axis=1), np.full(200, 2))
    assert (x[:, :12, 1].sum(axis=1) == 1).all()
    told = [row[row[:, 1] == 1, 0].sum() for row in x]
    assert np.allclose(y[:, 0], told)
    assert abs(np.square(y - 1).mean() - KINDS_OF_RECALL["adding"].chance) < 0.03


@pytest.mark.parametrize("length", [10, 11, 50, 400])
def test_order_is_told_by_the_two_signs(length):
    x, y = Recall("order", length).draw(200, 0)
    ids = x.argmax(axis=-1)
    signs = [row[row < 2] for row in ids]
    assert all(len(row) == 2 for row in signs)
    assert np.array_equal(y[:, 0], [2 * a + b for a, b in signs])
    assert set(y[:, 0]) == {0, 1, 2, 3}
    assert (ids[:, 0] == 6).all() and (ids[:, -1] == 7).all()


def test_copies_are_the_symbols_that_came_first():
    x, y = Recall("copy", 20).draw(50, 0)
    ids = x.argmax(axis=-1)
    assert x.shape == (50, 20 + 2 * COPIED, SYMBOLS + 2)
    assert np.array_equal(ids[:, :COPIED], y)
    assert (ids[:, COPIED:-COPIED] == SYMBOLS).all() and (ids[:, -COPIED] == SYMBOLS + 1).all()


@pytest.mark.parametrize(("kind", "length"), [("adding", 9), ("songs", 50)])
def test_what_there_is_not_is_refused(kind, length):
    with pytest.raises(DataError, match="expected one of adding, order, copy over 10 or more"):
        Recall(kind, length)


def trial(**options):
    usual = {"hidden": 24, "learning_rate": 0.02, "batch_size": 50, "epochs": 8, "patience": 1}
    return RecallTrial(**{**usual, **options})


def test_an_lstm_passes_and_stops_soon_after():
    source = Recall("adding", 12)
    net = trial().fit(Drawn(source, 1, TRAIN), Drawn(source, 300, DEV))
    found = net.figures(*source.draw(500, TEST))
    assert found["solved"] == 1 and found["squared_error"] < 0.01
    assert len(net.history_) <= 8 and net.history_[net.best_epoch_ - 1]["validation_solved"]


def test_answers_that_do_not_follow_stay_at_chance(monkeypatch):
    def shuffled(rng, count, length):
        x, y = recall.ordered(rng, count, length)
        return x, rng.permutation(y)

    kind = replace(KINDS_OF_RECALL["order"], draw=shuffled)
    monkeypatch.setitem(recall.KINDS_OF_RECALL, "order", kind)
    source = Recall("order", 10)
    net = trial(epochs=3).fit(Drawn(source, 1, TRAIN), Drawn(source, 200, DEV))
    found = net.figures(*source.draw(1000, TEST))
    assert abs(found["accuracy"] - 0.25) < 0.06 and found["solved"] == 0


def test_to_diverge_is_to_fail():
    source = Recall("adding", 40)
    wild = {"activation": "relu", "recurrent_initializer": "he", "clip_norm": None}
    net = trial(encoder="rnn", learning_rate=5.0, optimiser="sgd", **wild)
    net.fit(Drawn(source, 1, TRAIN), Drawn(source, 50, DEV))
    assert net.best_epoch_ == 0 and len(net.notes_) == 1 and "lower learning_rate" in net.notes_[0]
    assert net.figures(*source.draw(100, TEST))["solved"] == 0


def test_the_same_seed_gives_the_same_bits():
    source = Recall("copy", 10)
    nets = [
        trial(epochs=1, steps=3, encoder="gru").fit(Drawn(source, 1, TRAIN), Drawn(source, 20, DEV))
        for _ in range(2)
    ]
    one, other = (net.answers(source.draw(5, TEST)[0], COPIED) for net in nets)
    assert one.shape == (5, COPIED, SYMBOLS) and np.array_equal(one, other)


@pytest.mark.parametrize("radius", [0.9, 1.0, 1.1])
def test_gradients_of_a_linear_recurrence_are_powers_of_its_radius(radius):
    net = LinearRecurrence(radius=radius, steps=60, seed=2).fit()
    assert np.allclose(net.norms_, radius ** np.arange(60.0), rtol=1e-3)


def test_a_verb_agrees_with_the_first_noun_only():
    texts, labels = toy.agreement(400, 9, seed=3)
    nouns = [[word for word in text.split() if word.rstrip("s") in toy.NOUNS] for text in texts]
    plural = np.array([[noun.endswith("s") for noun in row] for row in nouns])
    right = np.array([label == "sleep" for label in labels])
    assert plural.shape == (400, 4) and {len(text.split()) for text in texts} == {11}
    assert np.array_equal(plural[:, 0], right)
    assert all(abs((plural[:, n] == right).mean() - 0.5) < 0.1 for n in (1, 2, 3))


def run(name, data, seeds=(0, 1), quick=False):
    one = experiments.get(name)
    said = []
    record = Laboratory(seeds, quick, said.append).run(one, Data.of(data, parts.TOYS[data].make()))
    assert json.loads(json.dumps(record)) == record
    return record, said


def test_the_laboratory_tells_the_share_of_seeds_that_pass():
    record, said = run("d9-adding-np-rnn", "toy-adding-50", quick=True)
    assert figures.headline(record) == "passed 0.00 ± 0.00"
    assert record["summary"]["baselines"]["without memory"] == [0.0, 0.0]
    assert record["summary"]["beside"]["squared_error"]["without memory"][0] == 1 / 6
    assert "mean squared error" in said[0]


@pytest.mark.parametrize(("name", "told"), [("below", -4.53), ("one", 0.0), ("above", 4.10)])
def test_the_laboratory_measures_gradients_that_vanish_stay_and_explode(name, told):
    record, _ = run(f"d6-eigenvalue-{name}", "nothing")
    assert abs(record["summary"]["gradient"] - told) < 0.01
    (known,) = record["summary"]["baselines"].values()
    assert abs(known[0] - told) < 0.01


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("d8-order-irnn", "--data", "songs.csv"), "this experiment draws its own data; known are"),
        (("d8-order-irnn", "--data", "toy-islands"), "wants made sequences to remember"),
        (("c2-multi-hot", "--data", "toy-copy-50"), "toy-copy-50 holds made sequences to remember"),
        (("d6-eigenvalue-one", "--set", "radius=-1"), "radius"),
    ],
)
def test_what_does_not_fit_is_told_in_a_sentence(arguments, sentence, capsys, tmp_path):
    with pytest.raises(SystemExit) as left:
        main(["lab", "run", *arguments, "--results", str(tmp_path)])
    err = capsys.readouterr().err
    assert left.value.code in (1, 2) and sentence in err and "Traceback" not in err


def test_options_are_checked():
    source = Recall("adding", 10)
    with pytest.raises(OptionError, match="hidden"):
        trial(hidden=0).fit(Drawn(source, 1, TRAIN), Drawn(source, 20, DEV))
