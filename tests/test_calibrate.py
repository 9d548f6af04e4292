"""The verb calibrate, --undo of it and of find-threshold, and what becomes of older figures."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from sestina import TextClassifier, load, metrics
from sestina.cli.app import main
from sestina.errors import DataError
from sestina.estimators import calibration

FAST = {"encoder": "mean", "embedding": 8, "learning_rate": 0.05, "batch_size": 32, "seed": 1}
SHOWN = {"accuracy": 0.8, "interval": [0.7, 0.9], "f1": 0.8, "parameters": 9, "seconds": 1.0}
FACTS = {"name": "mean vector", "metrics": SHOWN, "baseline": {"majority class": SHOWN}}


def noisy(rows, seed, flipped=0.5, classes=("ham", "spam")):
    """Texts whose label a word tells, but for a share of them."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, len(classes), rows)
    texts = [f"word{c} text {' '.join(map(str, rng.integers(50, size=6)))}" for c in codes]
    lies = rng.random(rows) < flipped
    said = np.where(lies, rng.integers(0, len(classes), rows), codes)
    return texts, [classes[c] for c in said]


def topics(rows, seed):
    """Texts of up to three labels, told by words in most of their texts."""
    rng = np.random.default_rng(seed)
    truth = rng.random((rows, 3)) < [0.5, 0.4, 0.2]
    told = truth ^ (rng.random((rows, 3)) < 0.2)
    texts = [" ".join(["plain", *(f"topic{k}" for k in np.flatnonzero(row))]) for row in told]
    return texts, [[f"t{k}" for k in np.flatnonzero(row)] for row in truth]


@pytest.fixture(scope="module")
def sure():
    """A net that has learnt by heart, so that it is surer than it is right."""
    return TextClassifier(**FAST, epochs=30, validation_fraction=0.0).fit(*noisy(120, 1))


@pytest.fixture(scope="module")
def several():
    return TextClassifier(**FAST, epochs=10, validation_fraction=0.0).fit(*topics(300, 1))


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
def held(put):
    texts, labels = noisy(400, 4)
    rows = "".join(f"{text}\t{label}\n" for text, label in zip(texts, labels, strict=True))
    return put("held.tsv", "text\tlabel\n" + rows)


@pytest.fixture
def folder(sure, tmp_path):
    sure.save(tmp_path / "model", FACTS)
    return tmp_path / "model"


def facts(folder):
    return json.loads((folder / "metrics.json").read_text(encoding="utf-8"))


# In Python.


def copy_of(net, tmp_path):
    net.save(tmp_path / "copy")
    return load(tmp_path / "copy")


def test_what_the_fit_tells_is_so(sure, tmp_path):
    net, (texts, labels) = copy_of(sure, tmp_path), noisy(400, 4)
    codes = np.array([net.classes_.tolist().index(label) for label in labels])
    before = metrics.expected_calibration_error(net.predict_proba(texts), codes, bins=10)
    fit = net.fit_temperature(texts, labels).calibration_
    after = metrics.expected_calibration_error(net.predict_proba(texts), codes, bins=10)
    assert (fit.error_before, fit.error) == pytest.approx((before, after))
    assert fit.error < fit.error_before / 2
    assert (fit.rows, fit.decisions, fit.bins) == (400, 400, 10)
    assert (fit.temperature_before, fit.temperature) == (1.0, net.temperature_)
    again = net.fit_temperature(texts, labels).calibration_
    assert again.temperature_before == fit.temperature
    assert again.temperature == pytest.approx(fit.temperature, rel=0.02)
    assert sum(note.startswith("the temperature ") for note in net.notes_) == 1


def test_of_several_labels_each_decision_is_judged(several, tmp_path):
    net = copy_of(several, tmp_path)
    fit = net.fit_temperature(*topics(100, 2)).calibration_
    assert (fit.rows, fit.decisions) == (100, 300)


def test_undone_to_the_bit(sure, several, tmp_path):
    for name, one, make in (("sure", sure, noisy), ("several", several, topics)):
        net, texts = copy_of(one, tmp_path / name), make(200, 5)[0]
        plain, notes = net.predict_proba(texts), list(net.notes_)
        net.fit_temperature(*make(200, 4))
        assert not np.array_equal(net.predict_proba(texts), plain)
        assert net.undo_temperature() is net and net.temperature_ == 1.0
        assert np.array_equal(net.predict_proba(texts), plain) and net.notes_ == notes
        assert net.calibration_ is None and net.decision_notes() == []
        answers = list(net.predict(texts))
        net.find_threshold(*make(200, 4), measure="recall>=0.95")
        assert list(net.predict(texts)) != answers
        assert net.undo_thresholds() is net and list(net.predict(texts)) == answers


def test_thresholds_outlive_the_undoing_of_a_temperature(sure, several, tmp_path):
    for name, one, make in (("sure", sure, noisy), ("several", several, topics)):
        net, texts = copy_of(one, tmp_path / name), make(300, 5)[0]
        net.fit_temperature(*make(200, 4))
        net.find_threshold(*make(200, 4), measure="recall>=0.95")
        answers = list(net.predict(texts))
        net.undo_temperature()
        assert list(net.predict(texts)) == answers


def test_undoing_needs_a_fitted_model():
    for verb in ("undo_temperature", "undo_thresholds"):
        with pytest.raises(NotFittedError):
            getattr(TextClassifier(), verb)()


@pytest.mark.parametrize(
    ("measured", "now", "said"),
    [
        ((1.0, None), (1.0, None), ""),
        ((1.5, [0.4, 0.6]), (1.5, [0.4, 0.6]), ""),
        ((1.0, None), (1.0, [0.4, 0.6]), "accuracy and F1"),
        ((1.0, [0.4, 0.6]), (1.0, None), "accuracy and F1"),
        ((1.0, [0.4, 0.6]), (1.0, [0.3, 0.7]), "accuracy and F1"),
        ((1.0, None), (2.0, None), "the calibration error"),
        ((1.0, None), (2.0, [0.5, 0.5]), "accuracy and F1"),
    ],
)
def test_which_figures_are_outdated(measured, now, said):
    states = [{"temperature": t, "thresholds": limits} for t, limits in (measured, now)]
    found = calibration.outdated(*states)
    assert found.startswith(said) and bool(found) == bool(said)


def test_thresholds_that_moved_with_a_temperature_decide_as_before():
    limits = np.array([0.3, 0.7])
    moved = calibration.tempered(limits, 2.0, True)
    found = calibration.outdated(
        {"temperature": 1.5, "thresholds": limits.tolist()},
        {"temperature": 3.0, "thresholds": moved.tolist()},
    )
    assert found == "the calibration error was measured before the model's temperature changed"


# The command line.


def test_calibrate_and_back(run, folder, held):
    plain = run("predict", folder, "--file", held)[1]
    was = facts(folder)
    code, out, err = run("calibrate", folder, held)
    assert code == 0 and max(map(len, out.splitlines())) <= 80
    text = " ".join(out.split())
    assert "the same 400 texts, in 10 bins" in text and "calibration error" in text
    assert "the data name no parts" in " ".join(err.split())
    assert run("predict", folder, "--file", held)[1] != plain
    found = json.loads(run("evaluate", folder, held, "--json")[1])["metrics"]
    kept = facts(folder)["calibration"]
    assert found["calibration_error"] == pytest.approx(kept["calibration_error"])
    assert found["calibration_error_before"] == pytest.approx(kept["calibration_error_before"])
    code, out, _ = run("calibrate", folder, "--undo")
    words = " ".join(out.split())  # which are wrapped where the path is long
    assert code == 0 and "temperature undone" in words and "as trained" in words
    assert run("predict", folder, "--file", held)[1] == plain and facts(folder) == was
    code, out, err = run("calibrate", folder, "--undo")
    assert code == 0 and not out and "no temperature to undo" in " ".join(err.split())


def test_json_of_calibrate(run, folder, held):
    code, out, _ = run("calibrate", folder, held, "--json", "--seed", "3")
    result = json.loads(out)
    assert code == 0 and result["task"] == "calibrate" and result == facts(folder)["calibration"]
    assert result["texts"] == result["judged"] == 400 and result["bins"] == 10
    assert result["temperature_before"] == 1.0 < result["temperature"]
    assert result["calibration_error"] < result["calibration_error_before"] / 2
    code, out, _ = run("calibrate", folder, held)
    assert f"before {result['temperature']:.3f}" in out
    code, out, _ = run("calibrate", folder, "--undo", "--json")
    result = json.loads(out)
    assert result == {"task": "calibrate", "model": str(folder), "undone": True, "decisions": []}
    assert json.loads(run("calibrate", folder, "--undo", "--json")[1])["undone"] is False


def test_the_dev_part_of_a_training_is_drawn_again(run, folder, held):
    code, out, err = run("calibrate", folder, held, "--part", "dev", "--json")
    assert code == 0 and json.loads(out)["texts"] == 32  # a tenth of what 80 test texts leave
    assert "test drawn by label" in err and "fitting the temperature on the part 'dev'" in err


def test_calibrate_of_several_labels(run, several, put, tmp_path):
    several.save(tmp_path / "m", FACTS)
    rows = [pair for pair in zip(*topics(150, 3), strict=True) if pair[1]]
    lines = [f"{' '.join(f'__label__{x}' for x in labels)} {text}\n" for text, labels in rows]
    code, out, _ = run("calibrate", tmp_path / "m", put("held.txt", "".join(lines)))
    assert code == 0 and f"{3 * len(rows)} decisions on {len(rows)} texts" in " ".join(out.split())
    assert max(map(len, out.splitlines())) <= 80


def test_undo_of_find_threshold(run, folder, held):
    plain, was = run("predict", folder, "--file", held)[1], facts(folder)
    run("find-threshold", folder, held, "--measure", "recall>=0.95")
    assert run("predict", folder, "--file", held)[1] != plain
    code, out, _ = run("find-threshold", folder, "--undo", "--json")
    result = json.loads(out)
    assert code == 0 and result["task"] == "find-threshold" and result["undone"] is True
    assert run("predict", folder, "--file", held)[1] == plain and facts(folder) == was
    code, out, err = run("find-threshold", folder, "--undo")
    assert code == 0 and "no thresholds to undo" in " ".join(err.split())


def test_old_figures_are_marked_until_they_hold_again(run, folder, held):
    assert "outdated" not in facts(folder)
    run("find-threshold", folder, held)
    now = facts(folder)
    assert now["outdated"].startswith("accuracy and F1 were measured before the model's thresholds")
    assert now["metrics"] == SHOWN and now["measured_with"]["thresholds"] is None
    assert "Careful: accuracy and F1" in " ".join(run("info", folder)[1].split())
    run("calibrate", folder, held)
    now = facts(folder)
    assert "thresholds changed; the calibration error" in now["outdated"]
    assert "Careful: accuracy and F1" in (folder / "README.md").read_text(encoding="utf-8")
    run("find-threshold", folder, "--undo")
    assert facts(folder)["outdated"].startswith("the calibration error was measured before")
    assert "threshold" not in facts(folder) and "calibration" in facts(folder)
    run("calibrate", folder, "--undo")
    assert not {"outdated", "measured_with", "calibration"} & set(facts(folder))
    assert "Careful" not in (folder / "README.md").read_text(encoding="utf-8")


def test_folders_without_figures_and_of_earlier_versions(run, sure, tmp_path, held):
    sure.save(tmp_path / "bare")
    run("find-threshold", tmp_path / "bare", held)
    assert not {"outdated", "measured_with"} & set(facts(tmp_path / "bare"))
    early = copy_of(sure, tmp_path)
    early.find_threshold(*noisy(100, 4))
    early.save(tmp_path / "early", {**FACTS, "threshold": {"measure": "f1"}})
    run("calibrate", tmp_path / "early", held)
    assert "accuracy and F1 were measured before" in facts(tmp_path / "early")["outdated"]
    run("find-threshold", tmp_path / "early", "--undo")
    run("calibrate", tmp_path / "early", "--undo")
    assert "outdated" not in facts(tmp_path / "early")


@pytest.mark.parametrize("verb", ["calibrate", "find-threshold"])
def test_wrong_use(run, folder, held, tmp_path, verb):
    before = (folder / "config.json").read_bytes()
    code, _, err = run(verb, folder)
    assert code == 2 and "PATH is missing; name labelled data, or give --undo" in err
    for more in ([held], ["--part", "dev"]):
        code, _, err = run(verb, folder, "--undo", *more)
        assert code == 2 and "--undo takes the model folder alone" in " ".join(err.split())
    code, _, err = run(verb, folder, held, "--part", "devel")
    assert code == 1 and "no part 'devel'" in err
    assert run(verb, tmp_path / "none", held)[0] == run(verb, tmp_path / "none", "--undo")[0] == 1
    assert (folder / "config.json").read_bytes() == before


def test_find_threshold_undo_goes_alone(run, folder):
    for more in (["--per-label"], ["--positive", "ham"], ["--measure", "recall>=0.9"]):
        assert run("find-threshold", folder, "--undo", *more)[0] == 2


def test_data_that_do_not_do(run, folder, put):
    strange = put("strange.tsv", "text\tlabel\na b\tegg\nc d\tham\n")
    code, _, err = run("calibrate", folder, strange)
    assert code == 1 and "did not occur in training" in " ".join(err.split())
    code, _, err = run("calibrate", folder, put("plain.tsv", "text\na b\nc d\n"))
    assert code == 1 and "label" in err


def test_one_class_only_is_no_trouble(sure, tmp_path):
    net = copy_of(sure, tmp_path)
    fit = net.fit_temperature(["word1 text 3"] * 5, ["spam"] * 5).calibration_
    assert np.isfinite([fit.temperature, fit.error]).all() and fit.temperature > 0
    with pytest.raises(DataError, match="no sequences came"):
        net.fit_temperature([], [])


def test_it_says_where_the_error_rose(run, folder, held, monkeypatch):
    found = calibration.Calibration(1.5, 1.0, error=0.2, error_before=0.1, rows=400, decisions=400)
    monkeypatch.setattr(calibration, "fitted", lambda *_: found)
    code, _, err = run("calibrate", folder, held)
    assert code == 0 and "the calibration error rose" in " ".join(err.split())
    for same in (0.1, 0.1 + 1e-9):  # what is shown did not rise
        monkeypatch.setattr(calibration, "fitted", lambda *_, e=same: replace(found, error=e))
        assert "rose" not in run("calibrate", folder, held)[2]
    run("calibrate", folder, "--undo")
    monkeypatch.undo()
    assert "rose" not in run("calibrate", folder, held)[2]
