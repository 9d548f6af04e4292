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
from sestina.lab import figures, journal, parts
from sestina.lab.run import Data, Laboratory
from sestina.lab.settings import changed
from sestina.lab.sizes import at_lecture_sizes, compared
from sestina.lab.summary import against, cross_entropy

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
    wanted = {f"C{n}" for n in range(1, 18)} | {f"E{n}" for n in range(1, 8)}
    wanted |= {f"D{n}" for n in (1, 2, 3, 5, 6, 8, 9)} | {"B5", "F1", "F2", "F5", "F6"}
    assert rows == wanted
    assert [name for name in NAMES if "bridgenet" not in name][1] == "c1-perceptron" and NAMES[
        -1
    ] == "e7-forecast"


@pytest.mark.parametrize("name", NAMES)
def test_an_experiment_has_what_it_needs(name):
    one = experiments.get(name)
    assert one.title.endswith(".") and one.deck and all(one.networks.values())
    assert [config.unused(net) for net in one.build().values()] == [[]] * len(one.networks)
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
        (("[lecture]", "[members.a]\n[lecture]"), ["members has one network only"]),
        (("[lecture]", "[members.a]\nhiden = 3\n[lecture]"), ["'hiden'", "'hidden'"]),
        (("[lecture]", "[members]\na = 3\n[lecture]"), ["members.a=3", "not a table"]),
        (("[lecture]", '[members."a.b"]\n[members.c]\n[lecture]'), ["'a.b'", "has a dot"]),
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
    micro, macro = (f"{record['summary'][name]:.3f}" for name in ("micro_f1", "f1"))
    assert figures.more(record)["F1"].startswith(f"micro {micro}, macro {macro}; accuracy wants")


# Options set otherwise.


@pytest.mark.parametrize(
    ("setting", "name", "value"),
    [
        ("hidden=64", "hidden", 64),
        ("learning_rate=1e-2", "learning_rate", 0.01),
        ("bidirectional=true", "bidirectional", True),
        ("lowercase=False", "lowercase", False),
        ("widths=2,3", "widths", (2, 3)),
        ("dense=", "dense", ()),
        ("patience=none", "patience", None),
        ("vectors=a/b=c.txt", "vectors", "a/b=c.txt"),
        ("encoder=gru", "encoder", "gru"),
    ],
)
def test_a_setting_is_of_its_option_s_type(setting, name, value):
    start = experiments.read(SMALL, "small").with_options(dense=(4,))
    found, said = changed(start, [setting])
    assert found.options[name] == value and type(found.options[name]) is type(value)
    assert said == {name: list(value) if isinstance(value, tuple) else value}
    assert figures.changed({"changed": said}) == setting.replace("False", "false").replace(
        "1e-2", "0.01"
    )
    assert changed(found, [setting]) == (found, {})  # which is what it is already


@settings(deadline=None, max_examples=60)
@given(
    st.text(max_size=12),
    st.sampled_from([f.name for f in fields(experiments.TextClassifierOptions)]),
)
def test_any_setting_is_taken_or_refused_in_one_sentence(text, name):
    start = experiments.read(SMALL, "small")
    try:
        found, said = changed(start, [f"{name}={text}"])
    except OptionError as error:
        assert "\n" not in str(error) and "'small'" in str(error)
    else:
        assert set(said) <= {name}
        found.check()


@pytest.mark.parametrize(
    ("setting", "facts"),
    [
        ("hiden=64", ["'small'", "'hiden'", "did you mean 'hidden'"]),
        ("hidden", ["'hidden'", "not option=value", "--set hidden=64"]),
        ("=3", ["not option=value"]),
        ("hidden=many", ["hidden='many'", "not a whole number"]),
        ("hidden=0", ["hidden=0", "too small"]),
        ("widths=3,x", ["widths='3,x'", "not a tuple"]),
        ("bidirectional=yes", ["bidirectional='yes'", "True or False"]),
        ("encoder=meen", ["encoder='meen'", "did you mean 'mean'"]),
        ("seed=4", ["'small'", "--seed and --seeds"]),
        ("lstm.hidden=3", ["no network of it is called 'lstm'", "set hidden"]),
    ],
)
def test_a_setting_that_is_wrong_is_refused(setting, facts):
    with pytest.raises(OptionError) as caught:
        changed(experiments.read(SMALL, "small"), [setting])
    assert not [fact for fact in facts if fact not in str(caught.value)], caught.value


def test_vectors_are_set_where_there_are_such():
    without, said = changed(experiments.read(SMALL, "small"), [], "mine.txt")
    assert "vectors" not in without.options and said == {}
    found, said = changed(experiments.get("c13-best-from-scratch"), [], "mine.txt")
    assert found.options["vectors"] == "mine.txt" and said == {"vectors": "mine.txt"}


def test_a_record_says_what_was_changed_and_counts_apart():
    small = experiments.read(SMALL, "small")
    other, said = changed(small, ["embedding=4"])
    data, laboratory = Data.of("made", reviews()), Laboratory((0,), True, lambda line: None)
    plain, record = laboratory.run(small, data), laboratory.run(other, data, said)
    assert (plain["changed"], record["changed"]) == ({}, {"embedding": 4})
    assert record["options"]["embedding"] == 4 and figures.title(record) == "small, embedding=4"
    assert journal.newest([plain, record, plain]) == [plain, record]
    del plain["changed"]  # as older records have it
    assert journal.newest([plain, record]) == [plain, record] and figures.changed(plain) == ""


# Several networks.

PAIR = SMALL.replace(
    "[lecture]",
    '[members.mean]\n[members.other]\nencoder = "gru"\nembedding = 4\nhidden = 6\n[lecture]',
)


def test_members_have_options_of_their_own_beside_those_of_all():
    pair = experiments.read(PAIR, "pair")
    assert {name: net.encoder for name, net in pair.build(seed=3).items()} == {
        "mean": "mean",
        "other": "gru",
    }
    assert [net.embedding for net in pair.build().values()] == [8, 4]
    assert {net.epochs for net in pair.build().values()} == {12}
    assert [net.embedding for net in pair.with_options(embedding=5).build().values()] == [5, 5]
    total = (10_000 * 8 + 8 + 1) + (10_000 * 4 + 3 * ((4 + 6) * 6 + 6) + 6 + 1)
    assert at_lecture_sizes(pair) == {"total": total, "trainable": total}


def test_a_setting_of_one_member_or_of_all():
    pair = experiments.read(PAIR, "pair")
    found, said = changed(pair, ["other.hidden=3", "epochs=2"])
    assert [net.hidden for net in found.build().values()] == [32, 3]
    assert {net.epochs for net in found.build().values()} == {2}
    assert said == {"other.hidden": 3, "epochs": 2}
    with pytest.raises(OptionError, match="called 'othr'; did you mean 'other'"):
        changed(pair, ["othr.hidden=3"])
    with pytest.raises(OptionError, match="'hiden'; did you mean 'hidden'"):
        changed(pair, ["other.hiden=3"])
    found, said = changed(experiments.get("c13-ensemble"), [], "mine.txt")
    assert said == {"lstm.vectors": "mine.txt"}
    assert [net.vectors for net in found.build().values()] == ["mine.txt", None]


def test_members_are_averaged_and_told_one_by_one():
    said = []
    record = run(experiments.read(PAIR, "pair"), reviews(), said=said)
    assert json.loads(json.dumps(record)) == record
    assert record["summary"]["accuracy"] > 0.95 and "mean best epoch" in said[0]
    assert (
        record["options"]["other"]["encoder"] == "gru" and record["options"]["mean"]["epochs"] == 12
    )
    assert set(record["summary"]["members"]) == {"mean", "other"}
    for one in record["runs"]:
        nets = one["members"]
        assert one["parameters"] == sum(net["parameters"] for net in nets.values())
        assert one["history"] == [] and all(net["history"] for net in nets.values())
        # a convex loss: the average is no worse than its members on average
        assert one["loss"] <= sum(net["loss"] for net in nets.values()) / 2 + 1e-9
    lone = run(experiments.read(SMALL, "small"), reviews())
    alone = [one["members"]["mean"]["accuracy"] for one in record["runs"]]
    assert alone == [one["accuracy"] for one in lone["runs"]]  # trained as it is without company
    lost = run(experiments.read(PAIR, "pair"), reviews(noise=True))
    assert abs(lost["summary"]["accuracy"] - 0.5) < 0.2


def test_the_average_is_set_against_linear_models():
    sure, codes = np.eye(2)[[0, 0, 1, 1, 0, 1, 0, 1]], np.array([0, 0, 1, 1, 0, 1, 0, 1])
    wrong = {"a": np.zeros(8, np.bool_), "b": np.ones(8, np.bool_)}
    found = against([sure, sure], codes, [wrong, wrong])
    assert found["a"]["mcnemar_p"] == pytest.approx(2 / 2**8) and found["b"]["mcnemar_p"] == 1
    low, high = found["a"]["interval"]
    # Wilson's interval of none of 8, by hand: 0 to z² / (n + z²)
    assert low == pytest.approx(0) and high == pytest.approx(1.96**2 / (8 + 1.96**2), abs=1e-4)
    assert against([sure] * 2, codes, [wrong, {"a": wrong["b"], "b": wrong["b"]}]).keys() == {"b"}
    assert against([sure], codes, [{}]) == {}


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
