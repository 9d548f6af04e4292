"""Trainings with a planted illness, which the doctor names, and healthy ones, where it is silent."""

import numpy as np
import pytest
import torch

from sestina import LanguageModel, SequenceTagger, SeriesClassifier, TextClassifier
from sestina.errors import Diverged
from sestina.inspect import answers
from sestina.inspect.doctor import findings
from sestina.inspect.gradients import gradients

FAST = {"hidden": 12, "batch_size": 16, "patience": None}
RAW = {"scaling": "none"}  # series as they come, so that what is planted stays


def told(net, X, y=None):
    """Return all that the doctor says of a fitted model."""
    return findings(gradients(net, X, y), net.history_) + answers.findings(net, X, y)


def drift(count=160, steps=20, seed=0):
    """Series whose class is the sign of their mean: easy for every cell."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, count)
    X = rng.normal(size=(count, steps, 2)) + (2 * y - 1)[:, None, None]
    return X.astype(np.float32), y


def first_step(count=200, steps=60, seed=0):
    """Series whose class is the sign of their first step, and noise behind it."""
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(count, steps, 1)).astype(np.float32), rng.integers(0, 2, count)
    X[:, 0, 0] = 2.0 * y - 1
    return X, y


def noise(count=160, steps=20, seed=0):
    """Series whose class cannot be told."""
    X, _ = drift(count, steps, seed)
    return X, np.random.default_rng(seed + 1).integers(0, 2, count)


def series(data, **options):
    return SeriesClassifier(**{**FAST, **RAW, **options}).fit(*data), *data


def exploding():
    """A linear recurrence whose eigenvalues are 1.4."""
    net, X, y = series(drift(), encoder="rnn", activation="relu", epochs=1)
    with torch.no_grad():
        cell = net.network_.encoder.cell
        cell.weight_hh_l0.copy_(1.4 * torch.eye(12))
        cell.weight_ih_l0.abs_()
        cell.bias_ih_l0.fill_(3.0)
    return told(net, X, y)


def vanishing():
    return told(*series(first_step(), encoder="rnn", epochs=6, learning_rate=5e-3))


def dead():
    """ReLU units that a large step has pushed below 0."""
    net, X, y = series(drift(), encoder="rnn", activation="relu", epochs=2)
    with torch.no_grad():
        net.network_.encoder.cell.bias_ih_l0[:9] = -50.0
    return told(net, X, y)


def unscaled():
    """Inputs in the thousands, which no gate can bear."""
    X, y = noise()
    return told(*series((5000 * X, y), encoder="lstm", epochs=2))


def too_fast():
    """A rate that rises to a hundred, and the loss with it."""
    net, X, y = series(
        first_step(steps=10), encoder="rnn", optimiser="sgd", learning_rate=100.0, warm_up=0.9,
        clip_norm=None, epochs=5,
    )  # fmt: skip
    return told(net, X, y)


def too_slow():
    return told(*series(drift(), encoder="gru", learning_rate=1e-7, clip_norm=None, epochs=4))


def jumping():
    """A series in another unit, under both labels, in a training without clipping."""
    X, y = drift(count=640)
    X[17] *= 1e4
    X[18], y[18] = X[17], 1 - y[17]
    net = SeriesClassifier(
        **FAST, **RAW, encoder="rnn", activation="relu", optimiser="sgd", learning_rate=1e-4,
        clip_norm=None, epochs=1, validation_fraction=0.0,
    ).fit(X, y)  # fmt: skip
    return told(net, *drift())


def overclipped():
    return told(*series(drift(), encoder="gru", clip_norm=1e-5, optimiser="sgd", epochs=3))


def by_heart():
    net, X, y = series(
        noise(count=60), encoder="gru", hidden=48, learning_rate=0.02, epochs=40, batch_size=8,
        validation_fraction=0.4,
    )  # fmt: skip
    return told(net, X, y)


def deaf():
    """A net whose states no longer reach its output."""
    net, X, y = series(drift(), encoder="gru", epochs=1)
    with torch.no_grad():
        net.network_.head.layers[-1].weight.zero_()
    return told(net, X, y)


def one_sided():
    """A net that gives one class to all."""
    net, X, y = series(drift(), encoder="gru", epochs=1, learning_rate=1e-4)
    with torch.no_grad():
        net.network_.head.layers[-1].bias[-1] = 2.0
    return told(net, X, y)


ILL = {
    exploding: "gradients grow",
    vanishing: "steps back, sequences have 60; take an lstm or gru",
    dead: "% of the units are 0 at every step; lower the learning rate",
    unscaled: "of all steps, so that no gradient passes them; scale the inputs",
    too_fast: "the training loss rose from",
    too_slow: "an epoch at most, and the loss stayed at 0.7",
    jumping: "the gradient's norm jumped",
    overclipped: "raise clip_norm, by which all steps are clipped, or the learning rate",
    by_heart: "it learns by heart after epoch",
    deaf: "160 sequences get the same probabilities",
    one_sided: "it answers '1' to 100% of 160 sequences, where 5",
}


@pytest.mark.parametrize("plant", ILL, ids=lambda plant: plant.__name__)
def test_a_planted_illness_is_named(plant):
    found = plant()
    assert [one for one in found if ILL[plant] in one], found


def test_a_learning_rate_that_kills_stops_the_training():
    with pytest.raises(Diverged, match="lower learning_rate"):
        series(
            drift(), encoder="rnn", activation="relu", optimiser="sgd", learning_rate=1e9,
            clip_norm=None, epochs=3,
        )  # fmt: skip


def tagged(seed):
    rng = np.random.default_rng(seed)
    rows = [[f"w{n}" for n in rng.integers(0, 30, 12)] for _ in range(120)]
    return rows, [["A" if int(word[1:]) % 2 else "B" for word in row] for row in rows]


def texts(seed):
    rng = np.random.default_rng(seed)
    return [" ".join("abcdef"[(n + k) % 6] * 2 for k in range(15)) for n in rng.integers(0, 6, 120)]


def healthy_classifier(seed):
    rows, _ = tagged(seed)
    y = ["odd" if int(row[3][1:]) % 2 else "even" for row in rows]
    pairs = zip(rows, y, strict=True)
    X = [" ".join([*row[:3], "good" if label == "odd" else "bad"]) for row, label in pairs]
    net = TextClassifier(**FAST, encoder="gru", epochs=8, learning_rate=0.01, seed=seed)
    return net.fit(X, y), X, y


WELL = {
    "lstm, series": lambda seed: series(
        drift(seed=seed), encoder="lstm", epochs=8, learning_rate=0.01, seed=seed
    ),
    "relu rnn, series": lambda seed: series(
        drift(seed=seed), encoder="rnn", activation="relu", recurrent_initializer="identity",
        epochs=6, learning_rate=3e-3, seed=seed,
    ),
    "gru, texts": healthy_classifier,
    "lstm, tags": lambda seed: (
        SequenceTagger(**FAST, epochs=6, learning_rate=0.02, seed=seed).fit(*tagged(seed)),
        *tagged(seed),
    ),
    "language": lambda seed: (
        LanguageModel(**FAST, epochs=6, learning_rate=0.02, seed=seed).fit(texts(seed)),
        texts(seed),
    ),
    "gru that cannot learn, series": lambda seed: series(
        noise(count=600, seed=seed), encoder="gru", epochs=3, hidden=4, seed=seed
    ),
}  # fmt: skip


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", WELL)
def test_the_doctor_is_silent_on_healthy_runs(name, seed):
    assert told(*WELL[name](seed)) == []
