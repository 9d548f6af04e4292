"""Trainings that run away: stopped with the reason and a remedy, the best epoch kept and saved."""

import json
import re

import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError
from torch import nn

from sestina import (
    LanguageModel,
    SequenceTagger,
    SeriesClassifier,
    TextClassifier,
    Translator,
    optimise,
)
from sestina.cli.app import main
from sestina.config import TrainingOptions
from sestina.divergence import EXPLODED, FIRST, Divergence
from sestina.errors import Diverged
from sestina.optimise import Sample
from sestina.tally import KEPT, Tally

TINY = {"hidden": 4, "embedding": 4, "batch_size": 8, "epochs": 5}


@pytest.fixture
def broken(monkeypatch):
    """Let gradients be no numbers from a step on."""

    real = optimise.clip

    def after(steps):
        taken = []

        def clip(network, options):
            taken.append(1)
            return (float("nan"), False) if len(taken) > steps else real(network, options)

        monkeypatch.setattr(optimise, "clip", clip)

    return after


LASTING = 7  # steps that a loss must be far off for, to be one that has exploded


def labelled(reviews):
    return reviews


def tagged(reviews):
    rows = [text.split() for text in reviews[0]]
    return rows, [["A" if len(word) > 4 else "B" for word in row] for row in rows]


def paired(reviews):
    return reviews[0], [" ".join(reversed(text.split())) for text in reviews[0]]


def series(reviews):
    rng = np.random.default_rng(0)
    return rng.normal(size=(40, 9, 2)).astype(np.float32), [n % 2 for n in range(40)]


EVERY = {
    "classifier": (lambda: TextClassifier(**TINY), labelled),
    "series": (lambda: SeriesClassifier(hidden=4, batch_size=8, epochs=5), series),
    "tagger": (lambda: SequenceTagger(**TINY), tagged),
    "language": (lambda: LanguageModel(**TINY), lambda reviews: reviews[:1]),
    "translator": (lambda: Translator(**TINY, vocabulary=40), paired),
}


@pytest.mark.parametrize("name", EVERY)
def test_every_estimator_keeps_its_best_epoch(name, reviews, broken, tmp_path):
    build, data = EVERY[name]
    net = build()
    broken(12)  # five or six steps are an epoch
    with pytest.raises(Diverged, match="gradient's norm nan in epoch 3, step") as told:
        net.fit(*data(reviews))
    assert "is kept" in str(told.value) and str(told.value) in net.notes_
    assert len(net.history_) == net.n_iter_ == 2 and net.best_epoch_ in (1, 2)
    assert all(weight.isfinite().all() for weight in net.network_.parameters())
    net.save(tmp_path / "kept")


@pytest.mark.parametrize("name", EVERY)
def test_in_the_first_epoch_nothing_is_kept(name, reviews, broken):
    build, data = EVERY[name]
    net = build()
    broken(3)
    with pytest.raises(Diverged, match=r"epoch 1, step 4; lower learning_rate \(now"):
        net.fit(*data(reviews))
    with pytest.raises(NotFittedError):
        net.save("nowhere")


def test_a_checkpoint_of_a_run_that_diverged_is_that_of_its_last_epoch(reviews, broken, tmp_path):
    broken(12)
    with pytest.raises(Diverged) as first:
        TextClassifier(**TINY).fit(*reviews, checkpoint=tmp_path)
    broken(2)  # steps of the third epoch; resumed, it fails at the same place
    with pytest.raises(Diverged) as again:
        TextClassifier(**TINY).fit(*reviews, checkpoint=tmp_path, resume=True)
    assert str(first.value) == str(again.value)


def looked_at(losses, history=(), **options):
    """Return how many of the losses pass."""
    watch = Divergence(TrainingOptions(**options), history)
    for step, loss in enumerate(losses, 1):
        try:
            watch.look(step, loss, 1.0)
        except Diverged as told:
            return step, str(told)
    return len(losses), ""


def test_an_explosion_is_told():
    step, told = looked_at([0.7] * FIRST + [0.6, 30.0, *[9e5] * 20], clip_norm=None)
    assert step == FIRST + 2 + LASTING
    assert told == (
        f"the loss exploded from 0.7 to 9e+05 in epoch 1, step {step}; "
        "set clip_norm=1, or lower learning_rate (now 0.001)"
    )
    step, told = looked_at([1.0, *[1e4] * 20], [{"loss": 2.0}, {"loss": 1.0}])
    assert step == 1 + LASTING
    assert f"from 2 to 1e+04 in epoch 3, step {step}; lower learning_rate" in told


@pytest.mark.parametrize(
    "losses",
    [
        [5.0] * 30,
        [0.01, 0.01, 20.0, 900.0, 500.0, *[700.0] * 30],  # the first steps were no measure
        [0.7] * 20 + [500.0] + [0.6] * 20,  # a single strange batch
        [0.7] * 20 + [1e12] * (LASTING - 1) + [0.6] * 20,
        [0.0] * 20 + [0.9 * EXPLODED] * 40,
    ],
)
def test_what_is_no_explosion(losses):
    assert looked_at(losses) == (len(losses), "")


def test_a_linear_recurrence_that_explodes_is_stopped():
    rng = np.random.default_rng(0)
    X = 30 * rng.normal(size=(64, 40, 1)).astype(np.float32)
    y = (X.sum(axis=(1, 2)) > 0).astype(int)
    net = SeriesClassifier(
        encoder="rnn", activation="relu", recurrent_initializer="identity", hidden=8,
        optimiser="sgd", learning_rate=3.0, clip_norm=None, epochs=9, batch_size=8,
    )  # fmt: skip
    with pytest.raises(Diverged, match=r"set clip_norm=1, or lower learning_rate \(now 3\)"):
        net.fit(X, y)


def test_the_tally_of_an_epoch():
    tally = Tally()
    norms = [1.0, 2.0, 9.0, 3.0]
    for step, norm in enumerate(norms):
        tally.add(loss=step, size=2 if step == 3 else 1, norm=norm, cut=norm > 2.5)
    row = tally.row()
    assert row["loss"] == (0 + 1 + 2 + 2 * 3) / 5 and tally.done == 5
    assert row["gradient_norm"] == sum(norms) / 4 and row["gradient_median"] == 2.5
    assert (row["gradient_peak"], row["gradient_jump"], row["clipped"]) == (9.0, 0.0, 0.5)
    assert set(Tally().row().values()) == {0.0}


def jump(norms, **how):
    tally = Tally(**how)
    for norm in norms:
        tally.add(1.0, 1, norm, False)
    row = tally.row()
    return row["gradient_jump"], row["gradient_jump_step"]


def test_a_jump_is_measured_against_the_norms_before():
    steady = [0.5] * 20
    assert jump([*steady, 200.0, *steady]) == (400.0, 21)
    assert jump([*steady, 200.0], before=791) == (400.0, 812)
    assert jump([*steady, 200.0], history=[{"gradient_median": 2.0}]) == (100.0, 21)
    assert jump([200.0, *steady]) == (0.0, 0)  # a start is no jump
    assert jump([2.0**-n for n in range(40)]) == (0.0, 0)  # nor is settling down
    assert jump([*steady, 2.0, *steady]) == (0.0, 0)
    assert jump([0.0] * 20 + [1.0])[1] == 21


def test_a_tally_takes_no_more_memory_for_more_steps():
    tally = Tally()
    for step in range(50_000):
        tally.add(1.0, 1, float(step), False)
    assert len(tally._kept) <= KEPT
    assert tally.row()["gradient_median"] == pytest.approx(25_000, rel=0.01)


def test_how_far_weights_move():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(300, 40), nn.Linear(40, 2))
    network[1].weight.requires_grad_(False)
    sample = Sample(network)
    assert sample.moved() == 0
    with torch.no_grad():
        network[0].weight.mul_(1.1)
        network[1].weight.mul_(9.0)  # frozen ones do not count
        network[0].bias.add_(9.0)  # nor biases
    assert sample.moved() == pytest.approx(0.1, rel=1e-4)
    assert Sample(nn.BatchNorm1d(3)).moved() == 0


def test_the_command_line_keeps_the_best_epoch(reviews, broken, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = "".join(f'"{text}",{label}\n' for text, label in zip(*reviews, strict=True))
    (tmp_path / "r.csv").write_text("text,label\n" + rows)
    broken(9)
    command = ["train", "classify", "r.csv", "--out", "m", "--batch-size", "8", "--json"]
    with pytest.raises(SystemExit) as left:
        main(command)
    shown = capsys.readouterr()
    told = json.loads(shown.out)
    assert left.value.code == 1 and "Traceback" not in shown.err
    assert shown.err.splitlines()[-1] == f"Error: {told['stopped']}" and not told["interrupted"]
    assert re.match(r"the loss became .* in epoch \d, step \d; lower .* is kept$", told["stopped"])
    files = {path.name for path in (tmp_path / "m").iterdir()}
    assert "model.safetensors" in files and "checkpoint.safetensors" not in files
    assert told["stopped"] in (tmp_path / "m" / "metrics.json").read_text()
    with pytest.raises(SystemExit) as left:
        main(["predict", "m", "a lovely film"])
    assert left.value.code == 0


def test_the_command_line_without_an_epoch_leaves_no_folder(
    reviews, broken, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    rows = "".join(f'"{text}",{label}\n' for text, label in zip(*reviews, strict=True))
    (tmp_path / "r.csv").write_text("text,label\n" + rows)
    broken(1)
    with pytest.raises(SystemExit) as left:
        main(["train", "classify", "r.csv", "--out", "m", "--batch-size", "8"])
    assert left.value.code == 1 and not (tmp_path / "m").exists()
    assert "in epoch 1, step 2; lower learning_rate" in capsys.readouterr().err
