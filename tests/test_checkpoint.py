"""Runs that were killed go on as if nothing had happened, or say why they cannot."""

import json
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch

from sestina import TextClassifier
from sestina.errors import ModelError, OptionError, SestinaError
from sestina.store import CHECKPOINT, read_arrays, write_arrays

KINDS = {
    "adam": {},
    "rmsprop": {"optimiser": "rmsprop"},
    "sgd": {"optimiser": "sgd", "momentum": 0.9},
}
BASE = {
    "encoder": "gru", "embedding": 6, "hidden": 5, "batch_size": 8, "epochs": 4,
    "learning_rate": 0.02, "dropout": 0.4, "input_dropout": 0.2, "layers": 2,
}  # fmt: skip
VICTIM = """
import json, os, signal, sys
from sestina import TextClassifier
from sestina.progress import Reporter

def step(self, epoch, number, *figures):
    if (epoch, number) == (2, 3):
        os.kill(os.getpid(), signal.SIGKILL)

Reporter.step = step
options, texts, labels, folder = json.load(sys.stdin)
TextClassifier(**options).fit(texts, labels, checkpoint=folder)
"""


@pytest.fixture(scope="module")
def killed(reviews, tmp_path_factory):
    """Folders of runs that `kill -9` ended in their second epoch, by optimiser; side by side."""
    place = tmp_path_factory.mktemp("killed")
    runs = {}
    for name, options in KINDS.items():
        run = subprocess.Popen([sys.executable, "-c", VICTIM], stdin=subprocess.PIPE, text=True)
        with run.stdin as pipe:
            json.dump([{**BASE, **options}, *reviews, str(place / name)], pipe)
        runs[name] = run
    for run in runs.values():
        assert run.wait(timeout=60) == -signal.SIGKILL
    return place


@pytest.fixture
def begun(reviews, tmp_path):
    """A folder with the checkpoint of a finished run of two epochs."""
    TextClassifier(**{**BASE, "epochs": 2}).fit(*reviews, checkpoint=tmp_path)
    return tmp_path


def resumed(folder, reviews, **options):
    return TextClassifier(**{**BASE, **options}).fit(*reviews, checkpoint=folder, resume=True)


def same(one, other):
    pair = one.network_.state_dict(), other.network_.state_dict()
    return all(torch.equal(pair[0][name], pair[1][name]) for name in pair[0])


def losses(net):
    return [(row["loss"], row["validation_loss"]) for row in net.history_]


@pytest.mark.parametrize("name", KINDS)
def test_killed_and_resumed_is_the_same_to_the_bit(killed, reviews, name):
    _, note = read_arrays(killed / name / CHECKPOINT)
    assert len(note["history"]) == 1
    whole = TextClassifier(**{**BASE, **KINDS[name]}).fit(*reviews)
    net = resumed(killed / name, reviews, **KINDS[name])
    assert losses(net) == losses(whole)
    assert net.best_epoch_ == whole.best_epoch_
    assert same(net, whole)


def test_more_epochs_may_be_asked_for(begun, reviews):
    whole = TextClassifier(**BASE).fit(*reviews)
    net = resumed(begun, reviews, verbose=True)
    assert losses(net) == losses(whole) and same(net, whole)


def test_the_best_so_far_is_remembered_apart_from_the_last(reviews, tmp_path):
    texts, labels = reviews
    parts = (texts[8:], labels[8:]), (texts[:8], ["good", "bad"] * 4)  # cannot be learned
    options = {**BASE, "patience": None, "epochs": 6}
    whole = TextClassifier(**options).fit(*parts[0], validation=parts[1])
    begun = TextClassifier(**{**options, "epochs": 4})
    begun.fit(*parts[0], validation=parts[1], checkpoint=tmp_path)
    assert whole.best_epoch_ == begun.best_epoch_ < 4
    net = TextClassifier(**options)
    net.fit(*parts[0], validation=parts[1], checkpoint=tmp_path, resume=True)
    assert losses(net) == losses(whole) and same(net, whole)
    assert net.best_epoch_ == whole.best_epoch_
    with pytest.raises(OptionError, match="begun with data="):
        net.fit(*parts[0], validation=(texts[:8], labels[:8]), checkpoint=tmp_path, resume=True)


def test_finished_runs_stay_as_they_are(begun, reviews):
    whole = TextClassifier(**{**BASE, "epochs": 2}).fit(*reviews)
    assert same(resumed(begun, reviews, epochs=2), whole)
    assert same(resumed(begun, reviews, epochs=1), whole)


def test_without_resume_it_starts_anew(begun, reviews):
    net = TextClassifier(**{**BASE, "epochs": 1}).fit(*reviews, checkpoint=begun)
    assert len(net.history_) == 1
    assert len(read_arrays(begun / CHECKPOINT)[1]["history"]) == 1


def test_resume_without_a_checkpoint_starts_anew(reviews, tmp_path):
    assert len(resumed(tmp_path / "new", reviews, epochs=1).history_) == 1
    assert (tmp_path / "new" / CHECKPOINT).exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hidden", 7),
        ("learning_rate", 0.03),
        ("dropout", 0.0),
        ("optimiser", "sgd"),
        ("seed", 1),
        ("max_tokens", 3),
        ("dense", (4,)),
        ("patience", 9),
        ("vectors", "glove-50d"),
    ],
)
def test_other_options_are_refused_by_name(begun, reviews, name, value):
    with pytest.raises(OptionError, match=f"cannot resume .*begun with {name}="):
        resumed(begun, reviews, **{name: value})


def test_other_data_are_refused(begun, reviews):
    texts, labels = reviews
    for other in ((texts[::-1], labels[::-1]), (texts, labels[::-1]), (texts[:-2], labels[:-2])):
        with pytest.raises(OptionError, match="begun with data="):
            resumed(begun, other)
    net = TextClassifier(**BASE)
    with pytest.raises(OptionError, match="begun with data="):
        net.fit(texts, labels, validation=(texts[:4], labels[:4]), checkpoint=begun, resume=True)


def test_other_vectors_are_refused(reviews, tmp_path):
    table = {"warm": [1.0, 0.0], "cold": [0.0, 1.0]}
    options = {**BASE, "epochs": 1, "encoder": "mean"}
    TextClassifier(**options, vectors=table).fit(*reviews, checkpoint=tmp_path)
    assert len(resumed(tmp_path, reviews, **options, vectors=table).history_) == 1
    with pytest.raises(OptionError, match="begun with vectors="):
        resumed(tmp_path, reviews, **options, vectors={**table, "cold": [0.5, 1.0]})


@pytest.mark.parametrize("change", ["cut", "foreign", "other network", "no identity"])
def test_damaged_checkpoints_are_refused(begun, reviews, change):
    path = begun / CHECKPOINT
    data = path.read_bytes()
    arrays, note = read_arrays(path)
    if change == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif change == "foreign":
        path.write_bytes(b"something else")
    elif change == "other network":
        write_arrays(path, {"weights/x": np.ones(2)}, note)
    else:
        write_arrays(path, arrays, {})
    with pytest.raises(ModelError, match="delete it and train again"):
        resumed(begun, reviews)


def test_a_file_in_the_place_of_the_folder(reviews, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SestinaError, match="cannot write"):
        TextClassifier(**BASE).fit(*reviews, checkpoint=tmp_path / "file")
