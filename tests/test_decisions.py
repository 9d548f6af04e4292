"""Thresholds and temperatures of classifiers, their folders, and the verb find-threshold."""

import json

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sestina import SeriesClassifier, TextClassifier, load, metrics
from sestina.cli.app import main
from sestina.errors import DataError, ModelError, OptionError

FAST = {"encoder": "mean", "embedding": 8, "learning_rate": 0.02, "batch_size": 32, "seed": 1}


def noisy(rows, seed, flipped=0.2, classes=("ham", "spam")):
    """Texts whose label a word tells, but for a share of them."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, len(classes), rows)
    texts = [f"word{c} text {' '.join(map(str, rng.integers(50, size=6)))}" for c in codes]
    lies = rng.random(rows) < flipped
    said = np.where(lies, rng.integers(0, len(classes), rows), codes)
    return texts, [classes[c] for c in said]


def topics(rows, seed):
    """Texts of up to three labels, the last of them rare and told by a word in half of its texts."""
    rng = np.random.default_rng(seed)
    truth = rng.random((rows, 3)) < [0.5, 0.4, 0.1]
    told = truth.copy()
    told[:, 2] &= rng.random(rows) < 0.5
    told[:, 2] |= rng.random(rows) < 0.1
    texts = [" ".join(["plain words", *(f"topic{k}" for k in np.flatnonzero(row))]) for row in told]
    return texts, [[f"t{k}" for k in np.flatnonzero(row)] for row in truth]


RARE = "plain words topic2"


def indicators(labels):
    return np.array([[f"t{k}" in row for k in range(3)] for row in labels])


@pytest.fixture(scope="module")
def pair():
    """A net of two classes."""
    net = TextClassifier(**FAST, epochs=8, patience=None)
    return net.fit(*noisy(400, 1), validation=noisy(80, 2))


@pytest.fixture(scope="module")
def several():
    """A net of several labels."""
    net = TextClassifier(**FAST, epochs=20, patience=None)
    return net.fit(*topics(500, 1), validation=topics(100, 2))


def copy_of(net, tmp_path):
    net.save(tmp_path / "copy")
    return load(tmp_path / "copy")


def test_as_it_comes_one_half_and_the_most_probable_decide(pair, several):
    assert pair.thresholds_ is None and pair.temperature_ == 1.0 and pair.decision_notes() == []
    chances = pair.predict_proba(noisy(50, 3)[0])
    assert np.array_equal(pair.decide(chances), chances.argmax(axis=1))
    chances = several.predict_proba(topics(50, 3)[0])
    assert np.array_equal(several.decide(chances), chances > 0.5)


@pytest.mark.parametrize("label", [None, "spam", "ham"])
@pytest.mark.parametrize("measure", ["f1", "precision>=0.85", "recall>=0.95"])
def test_two_classes(pair, tmp_path, label, measure):
    net = copy_of(pair, tmp_path)
    texts, labels = noisy(300, 4)
    (row,) = net.find_threshold(texts, labels, measure, label=label)
    positive = label or "spam"
    assert row.label == positive
    put, has = net.predict(texts) == positive, np.array(labels) == positive
    assert row.put == put.sum() and row.present == has.sum()
    assert row.precision == pytest.approx((put & has).sum() / put.sum())
    assert row.recall == pytest.approx((put & has).sum() / has.sum())
    assert row.f1 >= row.default_f1 or measure != "f1"
    assert row.precision >= 0.85 or "precision" not in measure
    assert row.recall >= 0.95 or "recall" not in measure
    (note,) = net.decision_notes()
    assert note.startswith("spam is put where its probability is above 0.")


def test_a_folder_keeps_what_decides(pair, several, tmp_path):
    for name, one, data in (("pair", pair, noisy(200, 4)), ("several", several, topics(200, 4))):
        net = copy_of(one, tmp_path / name)
        net.find_threshold(*data)
        net.fit_temperature(*data)
        net.save(tmp_path / name / "model")
        again = load(tmp_path / name / "model")
        assert np.array_equal(again.thresholds_, net.thresholds_)
        assert again.temperature_ == net.temperature_ != 1.0
        assert np.array_equal(again.predict_proba(data[0]), net.predict_proba(data[0]))
        assert list(again.predict(data[0])) == list(net.predict(data[0]))
        assert again.score(*data) == net.score(*data)
        card = (tmp_path / name / "model" / "README.md").read_text()
        assert "robabilities are calibrated by the temperature" in card and "is put where" in card


def test_one_threshold_for_all_and_one_for_each(several, tmp_path):
    net = copy_of(several, tmp_path)
    held, fresh = topics(400, 5), topics(400, 6)
    before = metrics.classification(
        indicators(fresh[1]), net.decide(net.predict_proba(fresh[0])) > 0
    )
    (row,) = net.find_threshold(*held)
    assert row.label is None and len(set(net.thresholds_)) == 1
    assert row.f1 == pytest.approx(
        metrics.classification(indicators(held[1]), net.decide(net.predict_proba(held[0])) > 0)[
            "micro_f1"
        ]
    )
    assert row.f1 >= row.default_f1
    rows = net.find_threshold(*held, per_label=True)
    assert [row.label for row in rows] == ["t0", "t1", "t2"]
    after = metrics.classification(
        indicators(fresh[1]), net.decide(net.predict_proba(fresh[0])) > 0
    )
    assert after["f1"] > before["f1"] + 0.1  # the rare label is never above one half
    assert net.predict([RARE]) == [["t2"]] and several.predict([RARE]) == [[]]
    assert net.decision_notes()[0].count("t") >= 3


def test_fitting_anew_forgets(pair, tmp_path):
    net = copy_of(pair, tmp_path)
    net.find_threshold(*noisy(100, 4))
    net.fit_temperature(*noisy(100, 4))
    net.set_params(epochs=1).fit(*noisy(100, 5))
    assert net.thresholds_ is None and net.temperature_ == 1.0
    assert not hasattr(clone(net), "temperature_")


def test_the_temperature_of_a_net_that_learned_by_heart():
    data = noisy(120, 1, flipped=0.5, classes=("a", "b", "c"))
    held, fresh = (noisy(600, s, flipped=0.5, classes=("a", "b", "c")) for s in (2, 3))
    net = TextClassifier(**{**FAST, "learning_rate": 0.05}, epochs=30, validation_fraction=0.0)
    net.fit(*data)
    codes = np.array([net.classes_.tolist().index(name) for name in fresh[1]])
    before = net.predict_proba(fresh[0])
    answers = net.predict(fresh[0])
    assert net.fit_temperature(*held) is net and net.temperature_ > 1.5
    after = net.predict_proba(fresh[0])
    errors = [metrics.expected_calibration_error(p, codes) for p in (before, after)]
    assert errors[0] > 0.15 and errors[1] < 0.5 * errors[0]
    assert np.array_equal(net.predict(fresh[0]), answers)
    assert "expected calibration error from" in net.notes_[-1]
    once = net.temperature_
    assert net.fit_temperature(*held).temperature_ == pytest.approx(once, rel=0.01)


def test_the_option_calibrates_on_the_validation_part(several):
    parts = topics(300, 7), topics(100, 8)
    plain = TextClassifier(**FAST, epochs=3).fit(*parts[0], validation=parts[1])
    net = TextClassifier(**FAST, epochs=3, calibrate=True).fit(*parts[0], validation=parts[1])
    assert plain.temperature_ == 1.0 != net.temperature_
    assert plain.fit_temperature(*parts[1]).temperature_ == pytest.approx(net.temperature_)
    drawn = TextClassifier(**FAST, epochs=3, calibrate=True).fit(*parts[0])
    assert drawn.temperature_ != 1.0
    with pytest.raises(OptionError, match="calibrate=True needs a validation part"):
        TextClassifier(**FAST, calibrate=True, validation_fraction=0.0).fit(*parts[0])


def test_series_too():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(80, 5, 2)), [n % 2 for n in range(80)]
    net = SeriesClassifier(encoder="mean", epochs=2, calibrate=True).fit(x, y)
    (row,) = net.find_threshold(x, y, label=1)
    assert row.label == 1 and net.temperature_ != 1.0


def test_thresholds_move_with_the_temperature(pair, several, tmp_path):
    for name, one, make in (("pair", pair, noisy), ("several", several, topics)):
        net = copy_of(one, tmp_path / name)
        net.find_threshold(*make(300, 9), measure="recall>=0.9")
        answers, limits = list(net.predict(make(300, 10)[0])), net.thresholds_
        net.fit_temperature(*make(300, 9))
        assert not np.array_equal(limits, net.thresholds_)
        assert list(net.predict(make(300, 10)[0])) == answers


def test_refusals(pair, several, tmp_path):
    texts, labels = noisy(20, 1)
    with pytest.raises(OptionError, match="measure='best' is not known"):
        pair.find_threshold(texts, labels, "best")
    with pytest.raises(OptionError, match="per_label is for several labels"):
        pair.find_threshold(texts, labels, per_label=True)
    with pytest.raises(OptionError, match="there is no class 'spm'; did you mean 'spam'"):
        pair.find_threshold(texts, labels, label="spm")
    with pytest.raises(OptionError, match="is for two classes"):
        several.find_threshold(*topics(20, 1), label="t1")
    with pytest.raises(DataError, match="no threshold reaches precision>=1"):
        pair.find_threshold(["word0"] * 4, ["spam", "ham"] * 2, "precision>=1")
    with pytest.raises(DataError, match="did not occur in training"):
        pair.find_threshold(["a"], ["egg"])
    with pytest.raises(DataError, match="2 sequences came with 1 label"):
        pair.fit_temperature(["a", "b"], ["ham"])
    assert pair.thresholds_ is None and pair.temperature_ == 1.0
    three = TextClassifier(**FAST, epochs=1).fit(*noisy(60, 1, classes=("a", "b", "c")))
    with pytest.raises(OptionError, match="one of 3 classes is taken, the most probable"):
        three.find_threshold(*noisy(20, 2, classes=("a", "b", "c")))
    for verb in ("find_threshold", "fit_temperature"):
        with pytest.raises(NotFittedError):
            getattr(TextClassifier(), verb)(texts, labels)


@pytest.mark.parametrize(
    "state",
    [
        {"temperature": 0.0},
        {"temperature": -1},
        {"temperature": float("inf")},
        {"temperature": "warm"},
        {"thresholds": [0.5]},
        {"thresholds": [0.5, float("nan")]},
        {"thresholds": "high"},
        {"thresholds": 0.5},
    ],
)
def test_a_folder_with_nonsense_is_refused(pair, tmp_path, state):
    pair.save(tmp_path / "model")
    path = tmp_path / "model" / "config.json"
    head = json.loads(path.read_text())
    assert head["learned"]["decisions"] == {"temperature": 1.0, "thresholds": None}
    head["learned"]["decisions"] = state
    path.write_text(json.dumps(head))
    with pytest.raises(ModelError, match="does not fit this version"):
        load(tmp_path / "model")


def test_folders_of_earlier_versions_decide_as_usual(pair, tmp_path):
    pair.save(tmp_path / "model")
    path = tmp_path / "model" / "config.json"
    head = json.loads(path.read_text())
    del head["learned"]["decisions"], head["options"]["calibrate"]
    path.write_text(json.dumps(head))
    net = load(tmp_path / "model")
    assert net.temperature_ == 1.0 and net.thresholds_ is None and net.calibrate is False


@pytest.mark.parametrize("weight", ["balanced", {"t2": 8.0}])
def test_class_weights_find_more_of_a_rare_label(several, weight):
    net = TextClassifier(**FAST, epochs=20, patience=None, class_weight=weight)
    net.fit(*topics(500, 1), validation=topics(100, 2))
    texts, labels = topics(400, 3)
    found = [one.decide(one.predict_proba(texts))[:, 2] > 0 for one in (several, net)]
    has = indicators(labels)[:, 2]
    recalls = [(put & has).sum() / has.sum() for put in found]
    assert recalls[0] < 0.1 and recalls[1] > 0.35


# The command line.


def fasttext_lines(texts, labels):
    rows = [pair for pair in zip(texts, labels, strict=True) if pair[1]]
    return "".join(f"{' '.join(f'__label__{x}' for x in row)} {text}\n" for text, row in rows)


@pytest.fixture
def run(capsys):
    def call(*arguments):
        with pytest.raises(SystemExit) as left:
            main(list(map(str, arguments)))
        shown = capsys.readouterr()
        assert "Traceback" not in shown.err
        return left.value.code, shown.out, shown.err

    return call


@pytest.fixture
def spam(pair, tmp_path):
    shown = {"accuracy": 0.8, "interval": [0.7, 0.9], "f1": 0.8, "parameters": 9, "seconds": 1.0}
    pair.save(tmp_path / "spam", {"name": "mean vector", "metrics": shown, "baseline": {}})
    lines = ["text\tlabel", *map("\t".join, zip(*noisy(200, 4), strict=True))]
    (tmp_path / "held.tsv").write_text("\n".join(lines) + "\n")
    return tmp_path / "spam", tmp_path / "held.tsv"


def test_find_threshold_of_two_classes(run, spam):
    folder, held = spam
    before = run("evaluate", folder, held, "--json")[1]
    code, out, err = run("find-threshold", folder, held, "--measure", "precision>=0.85")
    assert code == 0 and "spam" in out and "threshold" in out
    assert "the data name no parts" in " ".join(err.split())
    assert max(map(len, out.splitlines())) <= 80
    head = json.loads((folder / "config.json").read_text())
    limit = head["learned"]["decisions"]["thresholds"][1]
    result = json.loads(run("evaluate", folder, held, "--json")[1])
    rows = {row["class"]: row for row in result["classes"]}
    assert rows["spam"]["precision"] >= 0.85
    assert result["decisions"] == [f"spam is put where its probability is above {limit:.3f}"]
    assert json.loads(before)["decisions"] == []
    code, out, _ = run("predict", folder, "--file", held, "--json")
    for row in json.loads(out)["predictions"]:
        assert (row["label"] == "spam") == (row["probabilities"]["spam"] > limit - 1e-6)
    assert "is put where its probability" in " ".join(run("info", folder)[1].split())
    card = (folder / "README.md").read_text()
    assert "measured before the model's thresholds changed" in card and "Spam is put where" in card


def test_json_of_find_threshold(run, spam):
    folder, held = spam
    code, out, err = run("find-threshold", folder, held, "--json", "--positive", "ham")
    result = json.loads(out)
    assert code == 0 and err
    assert result["task"] == "find-threshold" and result["measure"] == "f1"
    (row,) = result["thresholds"]
    assert row["label"] == "ham" and set(row) >= {
        "value",
        "precision",
        "recall",
        "f1",
        "default_f1",
    }
    kept = json.loads((folder / "metrics.json").read_text())
    assert kept["threshold"] == result and kept["name"] == "mean vector"


def test_find_threshold_of_several_labels(run, several, tmp_path):
    several.save(tmp_path / "m")
    (tmp_path / "held.txt").write_text(fasttext_lines(*topics(200, 4)))
    code, out, _ = run("find-threshold", tmp_path / "m", tmp_path / "held.txt")
    assert code == 0 and "all labels" in out
    code, out, _ = run("find-threshold", tmp_path / "m", tmp_path / "held.txt", "--per-label")
    assert code == 0 and all(f"t{k}" in out for k in range(3))
    assert max(map(len, out.splitlines())) <= 80
    code, out, _ = run("evaluate", tmp_path / "m", tmp_path / "held.txt")
    assert "micro F1" in out and "calibration error" in out and "labels are put where" in out
    assert max(map(len, out.splitlines())) <= 80
    code, out, _ = run("predict", tmp_path / "m", RARE)
    assert code == 0 and out.split("\t")[0] == "t2"


def test_the_dev_part_of_a_training_is_drawn_again(run, spam):
    folder, held = spam
    code, out, err = run("find-threshold", folder, held, "--part", "dev", "--json")
    assert code == 0 and json.loads(out)["texts"] == 16  # a tenth of what 40 test texts leave
    assert "test drawn by label (20 %, seed 1)" in err and "the part 'dev'" in err


def test_wrong_use_of_find_threshold(run, spam, tmp_path):
    folder, held = spam
    before = (folder / "config.json").read_bytes()
    assert run("find-threshold", folder, held, "--measure", "best")[0] == 2
    assert run("find-threshold", folder, held, "--per-label")[0] == 2
    assert run("find-threshold", folder, held, "--positive", "egg")[0] == 2
    code, _, err = run("find-threshold", folder, held, "--part", "devel")
    assert code == 1 and "no part 'devel'" in err
    assert run("find-threshold", tmp_path / "none", held)[0] == 1
    assert (folder / "config.json").read_bytes() == before


def test_calibrate_from_training_to_evaluation(run, tmp_path):
    lines = ["text\tlabel", *map("\t".join, zip(*noisy(300, 4, flipped=0.5), strict=True))]
    (tmp_path / "a.tsv").write_text("\n".join(lines) + "\n")
    fast = ["--encoder", "mean", "--epochs", "4", "--learning-rate", "0.05", "--calibrate"]
    code, _, err = run("train", "classify", tmp_path / "a.tsv", "--out", tmp_path / "m", *fast)
    assert code == 0 and "expected calibration error from" in " ".join(err.split())
    found = json.loads(run("evaluate", tmp_path / "m", tmp_path / "a.tsv", "--json")[1])["metrics"]
    assert 0 <= found["calibration_error"] <= 1 and 0 <= found["calibration_error_before"] <= 1
    assert "without the temperature" in run("evaluate", tmp_path / "m", tmp_path / "a.tsv")[1]


def test_many_classes_through_the_whole_path(run, tmp_path):
    names = [f"author {n}" for n in range(60)]
    rng = np.random.default_rng(0)
    rows = [
        f"{name}\tstyle{n} and {' '.join(map(str, rng.integers(90, size=5)))}"
        for n, name in enumerate(names)
        for _ in range(8)
    ]
    (tmp_path / "a.tsv").write_text("author\ttext\n" + "\n".join(rows) + "\n")
    fast = ["--encoder", "bag", "--hidden", "64", "--epochs", "15", "--learning-rate", "0.02"]
    code, out, _ = run(
        "train", "classify", tmp_path / "a.tsv", "--out", tmp_path / "m", *fast, "--json"
    )
    result = json.loads(out)
    assert code == 0 and len(result["classes"]) == 60 and result["report"]
    assert result["metrics"]["accuracy"] > 0.8
    code, out, _ = run("predict", tmp_path / "m", "style47")
    assert out.split("\t")[0] == "author 47"
