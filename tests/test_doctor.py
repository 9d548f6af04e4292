"""The doctor: right on planted illnesses, silent on the healthy."""

import json

import numpy as np
import pytest
import torch

from sestina import SeriesClassifier, SeriesForecaster, TextClassifier
from sestina.cli.app import main
from sestina.inspect.doctor import findings, heard
from sestina.inspect.gradients import gradients, reaches
from sestina.nn import GRU, LSTM, SimpleRNN

D, H, T = 2, 8, 60


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(2)


def rnn(rate, activation="relu", **more):
    """A layer that adds up its inputs and forgets at a rate."""
    layer = SimpleRNN(D, H, batch_first=True, activation=activation, **more)
    with torch.no_grad():
        for name, weight in layer.named_parameters():
            weight.zero_()
            if name.startswith("weight_hh"):
                weight.copy_(rate * torch.eye(H))
            elif name.startswith("weight_ih"):
                weight.fill_(0.1)
    return layer


def lstm(**biases):
    """A layer of random weights, the biases of some gates set."""
    layer = LSTM(D, H, batch_first=True)
    with torch.no_grad():
        for number, gate in enumerate(("input", "forget", "candidate", "output")):
            layer.bias_ih_l0[number * H : (number + 1) * H] = biases.get(gate, 0.0)
    return layer


def examined(layer, steps=T, history=()):
    def last_state():
        _, final = layer(torch.ones(3, steps, D))
        return (final[0] if isinstance(final, tuple) else final).sum()

    return findings(reaches(layer, last_state), history)


def steady(**last):
    rows = [{"loss": 1.0 - 0.05 * n, "gradient_jump": 1.0, "clipped": 0.0} for n in range(5)]
    return [*rows, {**rows[-1], **last}]


ILL = {
    "forgets": (lambda: examined(rnn(0.3)), "layer 1: gradients reach 4 steps back, sequences"),
    "forgets backwards": (
        lambda: examined(rnn(0.5, bidirectional=True))[1:], "backwards: gradients reach 7 steps",
    ),
    "forgets above": (
        lambda: examined(rnn(0.2, num_layers=2))[1:], "layer 2: gradients reach 3 steps back",
    ),
    "gates forget": (
        lambda: examined(lstm(forget=-6.0)), "steps back, sequences have 60; take pool=max or mean",
    ),
    "explodes": (lambda: examined(rnn(1.5)), f"gradients grow {1.5**59:,.0f} times over 59 steps"),
    "gates explode": (lambda: examined(wild_gru()), "times over"),
    "dead": (lambda: examined(dead()), "88% of the units are 0 at every step"),
    "says nothing": (
        lambda: examined(lstm(forget=6.0, output=-9.0)), "the output gate is shut in 100%",
    ),
    "reads nothing": (
        lambda: examined(lstm(forget=6.0, input=-9.0)), "the input gate is shut in 100%",
    ),
    "jumps": (
        lambda: examined(rnn(1.0), history=steady(gradient_jump=400.0, gradient_jump_step=812)),
        "the gradient's norm jumped 400 times at step 812; clip it",
    ),
    "clipped": (
        lambda: examined(rnn(1.0), history=[{"loss": 0.7, "clipped": 1.0}] * 3),
        "100% of the steps were clipped",
    ),
}  # fmt: skip
WELL = {
    "identity": lambda: examined(rnn(1.0)),
    "slow": lambda: examined(rnn(0.98)),
    "few steps": lambda: examined(rnn(0.3), steps=8),
    "remembers": lambda: examined(lstm(forget=6.0)),
    "steady": lambda: examined(rnn(1.0), history=steady()),
    "jumps and is clipped": lambda: examined(
        rnn(1.0), history=steady(gradient_jump=400.0, gradient_jump_step=812, clipped=0.1)
    ),
    "clipped, and learns": lambda: examined(
        rnn(1.0), history=[{"loss": 1.0 - 0.1 * n, "clipped": 1.0} for n in range(5)]
    ),
    "of an older version": lambda: examined(rnn(1.0), history=[{"loss": 1.0}, {"loss": 0.9}]),
}


def wild_gru():
    layer = GRU(D, H, batch_first=True, reset=None)
    with torch.no_grad():
        layer.weight_hh_l0[H:] = 4 * torch.eye(H)
        layer.weight_ih_l0.zero_()
        layer.bias_ih_l0[:H] = -3.0
        layer.bias_ih_l0[H:] = 0.0
        layer.bias_hh_l0.zero_()
    return layer


def dead():
    layer = rnn(1.0)
    with torch.no_grad():
        layer.weight_ih_l0[1:] = -0.1
    return layer


@pytest.mark.parametrize("name", ILL)
def test_an_illness_is_told(name):
    examine, sentence = ILL[name]
    told = examine()
    assert [one for one in told if sentence in one], told
    if name not in ("gates forget", "gates explode", "says nothing", "reads nothing"):
        assert len(told) == 1, told


@pytest.mark.parametrize("name", WELL)
def test_the_healthy_are_left_alone(name):
    assert WELL[name]() == []


def long_series(count, seed):
    """Series whose class is the sign of their first step."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(count, 40, 1)).astype(np.float32) * 0.1
    y = rng.integers(0, 2, count)
    X[:, 0, 0] = 2 * y - 1
    return X, y


def test_a_net_that_has_learnt_to_keep_a_thing_is_well():
    X, y = long_series(300, 0)
    net = SeriesClassifier(
        encoder="lstm", hidden=16, epochs=30, learning_rate=0.01, batch_size=32, patience=None
    ).fit(X, y)
    assert net.score(*long_series(100, 1)) > 0.95
    (reach,) = gradients(net, *long_series(64, 2))
    assert heard(reach) < 20  # it keeps the sign whatever comes: its own gradients vanish, too
    assert findings([reach], net.history_) == []


def test_a_matrix_that_begins_at_zero_does_not_hide_a_learning_rate_too_low():
    wave = np.sin(np.arange(200) * 2 * np.pi / 12)
    net = SeriesForecaster(horizon=2, context=24, hidden=4, epochs=4, learning_rate=1e-7)
    net.fit(wave)  # its linear part begins at 0
    assert max(row["moved"] for row in net.history_) < 1e-3
    assert [one for one in findings([], net.history_) if "the weights moved by 2e-06 of" in one]
    net.set_params(learning_rate=1e-2).fit(wave)
    assert max(row["moved"] for row in net.history_) > 0.01
    assert findings([], net.history_) == []


def test_models_in_training_mode_stay_so():
    texts, labels = [f"{n} good film" for n in range(40)], ["a", "b"] * 20
    net = TextClassifier(encoder="gru", epochs=1, dropout=0.5).fit(texts, labels)
    before = net.predict_proba(texts)
    net.network_.train()
    one, two = (gradients(net, texts, labels)[0] for _ in range(2))
    assert net.network_.training and np.array_equal(one.loss, two.loss)
    net.network_.eval()
    assert np.array_equal(before, net.predict_proba(texts))


@pytest.fixture(scope="module")
def model(tmp_path_factory, reviews):
    folder = tmp_path_factory.mktemp("gradients")
    TextClassifier(encoder="rnn", hidden=6, epochs=2).fit(*reviews).save(folder / "m")
    rows = zip(*reviews, strict=True)
    table = folder / "reviews.csv"
    table.write_text("text,label\n" + "".join(f'"{text}",{label}\n' for text, label in rows))
    TextClassifier(encoder="mean", epochs=1).fit(*reviews).save(folder / "mean")
    return folder


@pytest.fixture
def run(capsys, model, monkeypatch):
    def call(*arguments):
        monkeypatch.chdir(model)
        with pytest.raises(SystemExit) as left:
            main(list(arguments))
        shown = capsys.readouterr()
        return left.value.code, shown.out, shown.err

    return call


def test_the_command_line(run):
    code, out, _ = run("gradients", "m", "reviews.csv")
    assert code == 0 and "encoder.cell, layer 1" in out and "nothing wrong was found" in out
    assert max(map(len, out.splitlines())) <= 80
    code, out, _ = run("gradients", "m", "reviews.csv", "--json")
    told = json.loads(out)
    (layer,) = told["layers"]
    assert code == 0 and told["findings"] == [] and layer["cell"] == "rnn_tanh"
    assert layer["jacobian"][0] == 1 and len(layer["loss"]) == len(layer["jacobian"])
    assert len(layer["steps"]) == len(layer["jacobian"]) - 1 and told["page"] is None
    (values,) = layer["spectrum"].values()
    assert len(values) == layer["units"] and all(len(pair) == 2 for pair in values)
    assert max(abs(complex(*pair)) for pair in values) == layer["radius"]["candidate"]


def test_the_page(run, model):
    pytest.importorskip("altair")
    code, out, _ = run("gradients", "m", "reviews.csv", "--page", "g.html")
    html = (model / "g.html").read_text()
    assert code == 0 and "page  g.html" in out and html.count("<figure") == 5
    assert "Nothing wrong was found." in html and "eigenvalues" in html and "http" not in html
    code, _, err = run("gradients", "m", "reviews.csv", "--page", "g.html")
    assert code == 1 and "'g.html' exists" in err
    code, out, _ = run("gradients", "m", "reviews.csv", "--page", "g.html", "--overwrite", "--json")
    assert code == 0 and json.loads(out)["page"] == "g.html"


def test_the_command_line_refuses(run):
    code, _, err = run("gradients", "mean", "reviews.csv")
    assert code == 1 and "'mean' has no recurrent layers" in err
    assert run("gradients", "none", "reviews.csv")[0] == 1
