"""The laboratory: experiments as files, their sizes, runs, and the records of them."""

import json
import random
from dataclasses import fields, replace
from importlib import import_module

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sestina import config
from sestina.data.read import read
from sestina.data.records import Records
from sestina.errors import DataError, OptionError
from sestina.lab import experiment as experiments
from sestina.lab import journal, parts
from sestina.lab.judges import cross_entropy
from sestina.lab.run import Data, Laboratory
from sestina.lab.sizes import at_lecture_sizes, compared

NAMES = experiments.names()
SMALL = """
title = "A small one."
row = "C2"
seeds = 2
[options]
encoder = "mean"
embedding = 8
learning_rate = 0.03
epochs = 12
[lecture]
accuracy = 0.9
"""


def reviews(count=240, noise=False, parted=True):
    rng = random.Random(7)
    good, bad = "warm lovely bright fine".split(), "cold dull grey poor".split()
    labels = ["good" if n % 2 else "bad" for n in range(count)]
    texts = [
        f"{rng.choice(good if label == 'good' else bad)} film {n}, {rng.choice('abcdef')}"
        for n, label in enumerate(labels)
    ]
    if noise:
        rng.shuffle(labels)
    which = ["train", "train", "dev", "test"]
    return Records(texts, labels, [which[n // 2 % 4] for n in range(count)] if parted else None)


def run(experiment, records, seeds=(0, 1), quick=False, said=None):
    say = (lambda line: None) if said is None else said.append
    return Laboratory(seeds, quick, say).run(experiment, Data.of("made", records))


# Experiments as files.


def test_every_row_of_the_lectures_is_there():
    rows = {experiments.get(name).row for name in NAMES}
    assert rows == {f"C{n}" for n in range(1, 15)} | {f"E{n}" for n in range(1, 5)}
    assert NAMES[0] == "c1-perceptron" and NAMES[-1] == "e4-characters-windows"


@pytest.mark.parametrize("name", NAMES)
def test_an_experiment_has_what_it_needs(name):
    one = experiments.get(name)
    assert one.title.endswith(".") and one.deck and one.options
    assert not config.unused(one.build())
    assert compared(one)["match"] in (True, None)
    assert (one.lecture.accuracy is None) or one.lecture.said


COUNTS = {  # of the decks, to the last one; without the output layer where they leave it out
    "c2-multi-hot": (160_305, 160_305),
    "c4-flatten-random": (3_480_033, 3_480_033),
    "c5-flatten-pretrained": (3_480_033, 480_033),
    "c5-200-texts-pretrained": (3_480_033, 480_033),
    "c7-simple-rnn": (322_080, 322_080),
    "c8-four-simple-rnns": (328_320, 328_320),
    "c9-simple-rnn-16": (160_545, 160_545),
    # not stated there, worked out by hand
    "c1-perceptron": (10_000 + 1, 10_001),
    "c1-sigmoid-neuron": (10_000 + 1, 10_001),
    "c3-embedding-flatten": (80_000 + 160 + 1, 80_161),
    "c6-glove-200-texts": (1_000_000 + 10_000 * 32 + 32 + 33, 320_065),
    "c10-lstm-16": (160_000 + 4 * (32 * 16 + 16) + 17, 162_129),
}


@pytest.mark.parametrize("name", COUNTS)
def test_parameters_at_the_lecture_s_sizes(name):
    total, trainable = COUNTS[name]
    assert at_lecture_sizes(experiments.get(name)) == {"total": total, "trainable": trainable}


def test_a_count_that_differs_is_told():
    one = experiments.get("c2-multi-hot")
    assert compared(one)["match"] is True
    assert compared(one.with_options(hidden=17))["match"] is False
    assert compared(replace(one, lecture=experiments.Lecture()))["match"] is None


def test_options_are_those_of_the_estimator():
    for name, (place, kind) in experiments.ESTIMATORS.items():
        estimator = getattr(import_module(place), name)
        assert {f.name: f.default for f in fields(kind)} == {
            f.name: f.default for f in fields(estimator)
        }


@pytest.mark.parametrize(
    ("change", "facts"),
    [
        (("embedding = 8", "embeding = 8"), ["'small'", "'embeding'", "did you mean 'embedding'"]),
        (("accuracy = 0.9", "acuracy = 0.9"), ["'acuracy'", "did you mean 'accuracy'"]),
        (('row = "C2"', 'rwo = "C2"'), ["'rwo'", "did you mean 'row'"]),
        (('"mean"', '"meen"'), ["encoder='meen'", "did you mean 'mean'"]),
        (("seeds = 2", "seeds = 0"), ["seeds=0", "too small"]),
        (("accuracy = 0.9", "accuracy = 90"), ["accuracy=90", "too large"]),
        (("seeds = 2", 'estimator = "LSTM"'), ["estimator='LSTM'", "TextClassifier"]),
        (("epochs = 12", 'epochs = "many"'), ["epochs='many'", "not a whole number"]),
        (("[options]", "options = 3\n[other]"), ["options=3", "not a table"]),
    ],
)
def test_a_file_that_is_wrong_is_refused(change, facts):
    with pytest.raises(OptionError) as caught:
        experiments.read(SMALL.replace(*change), "small")
    assert not [fact for fact in facts if fact not in str(caught.value)], caught.value


def test_files_that_are_missing_or_no_toml(put, tmp_path):
    with pytest.raises(DataError, match="did you mean 'c2-multi-hot'"):
        experiments.get("c2-multihot")
    with pytest.raises(DataError, match="cannot be read as an experiment: No such file"):
        experiments.get(str(tmp_path / "none.toml"))
    for line in ("dense = 16", 'widths = "345"', "dense = true"):
        with pytest.raises(OptionError, match="is not a tuple of whole numbers"):
            experiments.read(SMALL.replace("[options]", f"[options]\n{line}"), "own")
    with pytest.raises(DataError, match="'bad' is not TOML"):
        experiments.get(str(put("bad.toml", "title = ")))
    own = experiments.get(str(put("own.toml", SMALL)))
    assert (own.name, own.options["epochs"], own.lecture.accuracy) == ("own", 12, 0.9)
    none = experiments.read(SMALL + "", "x").with_options(patience=None)
    assert (
        experiments.read(SMALL.replace("epochs = 12", 'patience = "none"'), "x").options["patience"]
        is none.options["patience"]
    )


# Which texts are used.


@settings(deadline=None, max_examples=50)
@given(st.integers(8, 60), st.integers(0, 5))
def test_a_draw_is_balanced_and_its_parts_are_apart(texts, seed):
    train = reviews(200, parted=False)
    few, held = parts.drawn(train, texts, seed)
    assert set(few.label_counts().values()) == {texts // 2}
    assert set(held.label_counts().values()) == {texts // 8}
    assert not set(few.texts) & set(held.texts)
    assert parts.drawn(train, texts, seed)[0].texts == few.texts
    assert parts.drawn(train, texts, seed + 1)[0].texts != few.texts


def test_a_draw_that_cannot_be_made_is_refused():
    train = reviews(40, parted=False)
    with pytest.raises(DataError, match="needs 125 of each of 2 classes, and one has 20"):
        parts.drawn(train, 200, 0)
    with pytest.raises(DataError, match="take other data"):
        parts.drawn(train, 4, 0)
    several = Records(train.texts, [[label] for label in train.labels])
    with pytest.raises(DataError, match="may have several labels"):
        parts.drawn(several, 8, 0)


def test_a_quick_split_has_all_classes_and_no_unknown_ones():
    labels = [f"class {n % 40}" for n in range(1000)]
    which = ["dev" if n % 10 == 0 else "test" if n % 10 == 5 else "train" for n in range(1000)]
    texts = [f"text {n}" for n in range(1000)]
    with pytest.raises(
        DataError, match="100 rows of dev or test have a label that no row of train"
    ):
        parts.split(Records(texts, labels, which), 0.1, quick=True)
    several = Records(texts, [[label, "text"] for label in labels], which)
    (train, dev, test), said = parts.split(several, 0.1, quick=True)
    assert len(train) <= 240 and len(train.label_counts()) == 33  # 41 less those of dev and test
    assert {name for part in (dev, test) for row in part.labels for name in row} == {"text"}
    assert "few texts" in said and "left out of dev and test 8 labels" in said


def test_no_text_that_is_trained_on_is_held_out():
    texts = [f"text {n % 30}" for n in range(120)]  # each four times
    labels = ["a" if n % 30 < 15 else "b" for n in range(120)]
    for seed in range(20):
        few, held = parts.drawn(Records(texts, labels), 8, seed)
        assert len(held) == 2 and not set(few.texts) & set(held.texts)


def test_the_sum_is_of_what_was_read(put):
    rows = "\n".join(f"{text},{label}" for text, label in (("a b", "x"), ("c", "y"), ("d", "x")))
    one = read(put("one.csv", "text,label\n" + rows))
    other = read(put("other.tsv", "text\tlabel\n" + rows.replace(",", "\t")))
    assert parts.digest(one) == parts.digest(other) != parts.digest(one.take([1, 0, 2]))


# Runs.


def test_a_run_learns_structure_and_stays_at_chance_on_noise():
    small, said = experiments.read(SMALL, "small"), []
    record = run(small, reviews(), said=said)
    assert record["summary"]["accuracy"] > 0.95 and record["summary"]["ensemble"] > 0.95
    assert record["summary"]["loss"] < 0.3
    assert [line.split(":")[1].strip()[:6] for line in said] == ["seed 0", "seed 1"]
    lost = run(small, reviews(noise=True))
    assert abs(lost["summary"]["accuracy"] - 0.5) < 0.2 and lost["summary"]["loss"] > 0.6


def test_a_record_says_all_that_the_figures_rest_on():
    record = run(experiments.read(SMALL, "small"), reviews())
    assert json.loads(json.dumps(record)) == record
    data = record["data"]
    assert (data["name"], data["train"], data["dev"], data["test"]) == ("made", 120, 60, 60)
    assert data["sha256"] == parts.digest(reviews())
    assert record["seeds"] == [0, 1] and record["options"]["embedding"] == 8
    assert record["options"]["hidden"] == 32  # defaults are told too
    assert set(record["versions"]) == {"sestina", "python", "numpy", "torch"}
    first, second = record["runs"]
    assert len(first["history"]) <= 12 and "validation_loss" in first["history"][0]
    mean = (first["accuracy"] + second["accuracy"]) / 2
    assert record["summary"]["accuracy"] == pytest.approx(mean)
    assert "TF-IDF + logistic regression" in record["summary"]["baselines"]
    assert first["parameters"] == first["trainable"] > 8


def test_the_same_seed_gives_the_same_figures():
    small = experiments.read(SMALL, "small")
    one, two = (run(small, reviews(), seeds=(3,), quick=True)["runs"][0] for _ in range(2))
    assert one["loss"] == two["loss"] and one["accuracy"] == two["accuracy"]
    other = run(small, reviews(), seeds=(4,), quick=True)
    assert other["runs"][0]["loss"] != one["loss"]
    assert other["summary"]["accuracy_sd"] is None and "ensemble" not in other["summary"]
    assert other["quick"] and len(other["runs"][0]["history"]) == 2


def test_linear_models_are_fitted_once_for_the_same_texts():
    laboratory = Laboratory((0, 1), False, lambda line: None)
    small, data = experiments.read(SMALL, "small"), Data.of("made", reviews())
    laboratory.run(small, data)
    assert len(laboratory.baselines) == 1
    drawing = replace(small, training_texts=40)
    record = laboratory.run(drawing, data)
    assert len(laboratory.baselines) == 3  # each seed has drawn its own texts
    assert (record["data"]["train"], record["data"]["dev"]) == (40, 10)


def test_a_vector_file_and_several_labels(put):
    several = reviews()
    several = replace(
        several, labels=[[x, "film"] if n % 3 else [x] for n, x in enumerate(several.labels)]
    )
    record = run(experiments.get("c14-topics"), several, seeds=(0,), quick=True)
    assert record["data"]["classes"] == 3 and "micro_f1" in record["runs"][0]


def test_cross_entropy_of_worked_examples():
    table = np.array([[0.5, 0.5], [0.1, 0.9], [1.0, 0.0]])
    assert cross_entropy(table[:2], np.array([0, 1])) == pytest.approx(-np.log([0.5, 0.9]).mean())
    assert cross_entropy(table[2:], np.array([1])) == pytest.approx(-np.log(1e-7))
    hot = np.array([[1.0, 0.0]])
    assert cross_entropy(np.array([[0.8, 0.3]]), hot) == pytest.approx(-np.log([0.8, 0.7]).mean())


# Records on disk.


def fresh(name="small", date="2030-01-02T03:04:05+00:00", sha="ab", quick=False):
    inner = {part: dict.fromkeys(keys) for part, keys in journal.INNER.items()}
    inner["data"] |= {"name": "a/b c.csv", "sha256": sha}
    return {
        "format": journal.FORMAT, "format_version": 1, "experiment": name, "row": "C2",
        "title": "A small one.", "date": date, "quick": quick, "versions": {},
        "runs": [dict.fromkeys(journal.OF_RUN)], **inner,
    }  # fmt: skip


def test_a_second_run_adds_a_record(tmp_path):
    paths = [journal.keep(tmp_path / "new", fresh()) for _ in range(3)]
    assert [path.name for path in paths] == [
        "small--b-c.csv--20300102T030405.json",
        "small--b-c.csv--20300102T030405-2.json",
        "small--b-c.csv--20300102T030405-3.json",
    ]
    assert len(journal.read(tmp_path / "new")) == 3
    assert not list((tmp_path / "new").glob("*.partial"))


def test_the_newest_full_record_counts():
    old, new = fresh(date="2029"), fresh(date="2031")
    quick, only = fresh(date="2032", quick=True), fresh(sha="cd", date="2028", quick=True)
    assert journal.newest([only, old, new, quick]) == [only, new]
    assert journal.newest([quick, new]) == [new]


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        ("{", "is no record of the laboratory"),
        ("[]", "move it out of the folder"),
        ('{"format": "sestina lab record", "format_version": 9}', "update Sestina"),
        ('{"format": "sestina lab record", "format_version": 1}', "lacks 'experiment'"),
    ],
)
def test_a_damaged_record_is_refused(put, tmp_path, content, fact):
    put("records/a.json", content)
    with pytest.raises(DataError, match=fact):
        journal.read(tmp_path / "records")


@pytest.mark.parametrize(
    ("part", "value", "fact"),
    [
        ("summary", {}, "lacks 'summary: accuracy'"),
        ("data", "movie-snippets", "lacks 'data: name'"),
        ("runs", [], "lacks 'runs'"),
        ("runs", [{"seed": 0}], "lacks 'runs 0: parameters'"),
    ],
)
def test_a_record_with_a_gap_is_refused(put, tmp_path, part, value, fact):
    put("records/a.json", json.dumps(fresh() | {part: value}))
    with pytest.raises(DataError, match=fact):
        journal.read(tmp_path / "records")


def test_no_records_yet(tmp_path):
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(DataError, match="run an experiment first: sestina lab run"):
            journal.read(folder)
