"""Experiments that were stopped: what is kept of them, and that going on gives the same record."""

import csv
import json

import numpy as np
import pytest

from sestina import store, train
from sestina.cli.app import main
from sestina.data.recordings import Recordings
from sestina.lab import experiment as experiments
from sestina.lab.run import Data, Laboratory, identity_of
from sestina.lab.teachers import Teachers
from sestina.lab.unfinished import FOLDER, Unfinished
from test_lab import SMALL, reviews

NAME = "c9-simple-rnn-16"


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = reviews()
    with (tmp_path / "films.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["text", "label", "part"])
        table.writerows(zip(rows.texts, rows.labels, rows.parts, strict=True))

    def call(*arguments):
        with pytest.raises(SystemExit) as left:
            main(["lab", "run", *arguments])
        shown = capsys.readouterr()
        assert "Traceback" not in shown.err
        return left.value.code, shown.out, " ".join(shown.err.split())

    return call


def stopping(monkeypatch, method, at):
    """Have Ctrl-C come at some calls of a method, counted from 1; return the seeds of all calls."""
    whole, seeds = getattr(Laboratory, method), []

    def counted(self, *given):
        seeds.append(given[-1])
        if len(seeds) in at:
            raise KeyboardInterrupt
        return whole(self, *given)

    monkeypatch.setattr(Laboratory, method, counted)
    return seeds


def worth(record):
    """What of a record does not hang on when it was made, and how fast."""
    record = json.loads(json.dumps(record))
    for run in record["runs"]:
        for key in ("seconds", "seconds_in_all", "history", "members"):
            run.pop(key, None)
    for key in ("seconds", "seconds_sd"):
        record["summary"].pop(key)
    return {key: value for key, value in record.items() if key != "date"}


def only_record(folder):
    (path,) = folder.glob("*.json")
    return json.loads(path.read_text())


def test_seeds_that_are_done_are_kept_and_give_the_same_record(run, tmp_path, monkeypatch):
    how = (NAME, "--data", "films.csv", "--seeds", "3", "--set", "epochs=2")
    assert run(*how, "--results", "whole")[0] == 0
    assert not (tmp_path / "whole" / FOLDER).exists()
    seeds = stopping(monkeypatch, "_one", {3})
    code, _, err = run(*how)
    said = "was stopped by Ctrl-C; 2 seeds of it are kept: go on with --resume"
    assert code == 1 and f"{NAME} {said}" in err and seeds == [0, 1, 2]
    assert len([*(tmp_path / "lab-results" / FOLDER).iterdir()]) == 2
    code, _, err = run(*how, "--resume")
    assert code == 0 and seeds == [0, 1, 2, 2] and err.count("; of a run before") == 2
    assert not (tmp_path / "lab-results" / FOLDER).exists()
    folders = (tmp_path / "whole", tmp_path / "lab-results")
    whole, again = (worth(only_record(folder)) for folder in folders)
    assert again == whole


def test_what_has_its_record_is_not_run_again(run, tmp_path, monkeypatch):
    how = ("--data", "films.csv", "--seeds", "1", "--set", "epochs=1")
    seeds = stopping(monkeypatch, "_one", {2})
    code, _, err = run(NAME, "c10-lstm-16", *how)
    assert code == 1 and "1 record of those before it are in lab-results: go on with" in err
    (record,) = (tmp_path / "lab-results").glob("*.json")
    left = (
        tmp_path / "lab-results" / FOLDER / f"{json.loads(record.read_text())['identity']}--seed-0"
    )
    left.parent.mkdir(exist_ok=True)
    left.touch()
    code, out, err = run(NAME, "c10-lstm-16", *how, "--resume", "--json")
    found = json.loads(out)["experiments"]
    assert code == 0 and f"{NAME}: has its record" in err and len(seeds) == 3
    assert [one["experiment"] for one in found] == [NAME, "c10-lstm-16"]
    assert len([*(tmp_path / "lab-results").glob("*.json")]) == 2
    assert not left.parent.exists()
    assert run(NAME, *how, "--resume", "--set", "hidden=8")[0] == 0  # another experiment
    assert run(NAME, *how)[0] == 0 and len(seeds) == 5  # nobody asked to go on


def test_seeds_of_other_options_or_data_are_not_taken(run, tmp_path, monkeypatch):
    how = (NAME, "--data", "films.csv", "--set", "epochs=1")
    seeds = stopping(monkeypatch, "_one", {2})
    assert run(*how, "--seeds", "2")[0] == 1
    assert run(*how, "--seeds", "1", "--resume", "--set", "hidden=8")[0] == 0
    text = (tmp_path / "films.csv").read_text()
    (tmp_path / "films.csv").write_text(text.replace("dull", "dim"))
    assert run(*how, "--seeds", "1", "--resume")[0] == 0
    assert seeds == [0, 1, 0, 0]


def test_a_damaged_seed_is_told(run, tmp_path, monkeypatch):
    how = (NAME, "--data", "films.csv", "--seeds", "2", "--set", "epochs=1")
    stopping(monkeypatch, "_one", {2})
    assert run(*how)[0] == 1
    (path,) = (tmp_path / "lab-results" / FOLDER).iterdir()
    path.write_bytes(path.read_bytes()[:100])
    code, _, err = run(*how, "--resume")
    assert code == 1 and path.name in err and "truncated" in err


def test_a_note_that_is_no_seed_s_is_told(run, tmp_path, monkeypatch):
    how = (NAME, "--data", "films.csv", "--seeds", "2", "--set", "epochs=1")
    stopping(monkeypatch, "_one", {2})
    assert run(*how)[0] == 1
    (path,) = (tmp_path / "lab-results" / FOLDER).iterdir()
    store.write_arrays(path, {"table": np.ones(1)}, ["other"])
    code, _, err = run(*how, "--resume")
    assert code == 1 and "is no seed's; delete it" in err


def test_a_test_of_memory_that_is_stopped_is_no_seed(run, tmp_path, monkeypatch):
    rows, whole = [], train._epoch

    def epoch(*given):
        rows.append(given)
        if len(rows) == 4:
            raise KeyboardInterrupt
        whole(*given)

    monkeypatch.setattr(train, "_epoch", epoch)
    how = ("d1-adding-rnn", "--seeds", "2", "--set", "epochs=2", "--set", "steps=2")
    code, _, err = run(*how)
    assert code == 1 and "stopped by Ctrl-C; 1 seed of it is kept" in err
    assert run(*how, "--resume")[0] == 0 and len(rows) == 4 + 2
    runs = only_record(tmp_path / "lab-results")["runs"]
    assert [len(one["history"]) for one in runs] == [2, 2]


def test_groups_of_another_column_are_another_experiment(tmp_path):
    one = experiments.get("bridgenet-watch-r0-baseline")
    rows = [np.ones((9, 2)) * n for n in range(4)]
    made = [
        Data.of("made", Recordings(rows, list("abab"), groups=groups))
        for groups in (list("xxyy"), list("xyxy"))
    ]
    assert made[0].sha256 == made[1].sha256
    assert identity_of(one, made[0]) != identity_of(one, made[1])


def test_a_folder_that_cannot_be_made_is_told_before_the_run(run, tmp_path):
    (tmp_path / "lab-results").mkdir()
    (tmp_path / "lab-results" / FOLDER).write_text("a file")
    code, _, err = run(NAME, "--data", "films.csv", "--seeds", "1")
    assert code == 1 and "is a file; choose another place" in err and "seed 0" not in err


def test_a_quick_run_keeps_nothing(run, tmp_path, monkeypatch):
    stopping(monkeypatch, "_one", {1})
    code, _, err = run(NAME, "--data", "films.csv", "--quick")
    assert code == 1 and "stopped by Ctrl-C, nothing is kept" in err
    assert not (tmp_path / "lab-results" / FOLDER).exists()
    code, _, err = run(NAME, "--data", "films.csv", "--quick", "--resume")
    assert code == 2 and "leave out --resume" in err
    one = ("--data", "films.csv", "--seeds", "1", "--set", "epochs=1")
    assert run(NAME, *one, "--quick")[0] == 0
    code, _, err = run(NAME, *one, "--resume")
    assert code == 0 and "has its record" not in err


def test_a_teacher_is_kept_for_the_run_that_goes_on(run, tmp_path, monkeypatch):
    from sestina.estimators.bridge import BridgeClassifier

    small = [f"--set={option}" for option in ("epochs=1", "hidden=4", "reduced=4", "window=16")]
    how = ("bridgenet-watch-r0-kd", "--seeds", "1", *small)
    assert run(*how, "--results", "whole")[0] == 0
    whole, taught = BridgeClassifier.fit, []

    def fit(self, clean, *given, **more):
        taught.append(clean is not None)
        if len(taught) == 2:
            raise KeyboardInterrupt
        return whole(self, clean, *given, **more)

    monkeypatch.setattr(BridgeClassifier, "fit", fit)
    code, _, err = run(*how)
    assert code == 1 and "stopped by Ctrl-C; 1 teacher is kept: go on with --resume" in err
    (kept,) = (tmp_path / "lab-results" / FOLDER).iterdir()
    weights = next(kept.glob("*.safetensors"))
    content = weights.read_bytes()
    weights.write_bytes(content[:-9])
    code, _, err = run(*how, "--resume")
    assert code == 1 and f"the teacher in lab-results/{FOLDER}/{kept.name} is damaged" in err
    weights.write_bytes(content)
    assert run(*how, "--resume")[0] == 0 and taught == [False, True, True]
    assert not (tmp_path / "lab-results" / FOLDER).exists()
    folders = (tmp_path / "whole", tmp_path / "lab-results")
    one, again = (worth(only_record(folder)) for folder in folders)
    assert again == one


def test_teachers_and_seeds_of_another_run_are_left_to_it(tmp_path):
    class Net:
        def save(self, folder):
            folder.mkdir(parents=True)

    kept = Unfinished(tmp_path)
    for name in ("own", "other"):
        kept.keep_teacher(name, Net())
    Teachers(kept, known={"own": None}).forget()
    assert [kept.has_teacher(name) for name in ("own", "other")] == [False, True]
    assert Teachers(kept, known={"own": None}).in_words() == "" and kept.left_over() == ""
    kept.keep("small--1", 3, ({"seed": 3}, {}))
    assert "has 1 seed of runs that did not end" in kept.left_over()
    Teachers(Unfinished(tmp_path, resume=True)).forget()
    assert kept.has_teacher("other")  # that seed's
    kept.forget("small--1")
    Teachers(Unfinished(tmp_path, resume=True)).forget()
    assert not (tmp_path / FOLDER).exists()


def test_a_seed_below_0_is_refused(run):
    code, _, err = run("bridgenet-watch-r0-baseline", "--seed", "-3")
    assert code == 2 and "seed=-3 is too small: the least is 0" in err


@pytest.mark.parametrize(
    ("name", "setting", "reason"),
    [
        ("c9-simple-rnn-16", "twins=0.5", "twins changes nothing here: it is of recordings"),
        ("c9-simple-rnn-16", "tests=later", "tests changes nothing here: it is of recordings"),
        ("bridgenet-watch-r0-kd", "training_texts=9", "training_texts changes nothing here"),
    ],
)
def test_what_changes_nothing_is_refused(run, name, setting, reason):
    code, _, err = run(name, "--set", setting)
    assert code == 2 and reason in err


def test_an_identity_is_of_options_and_data():
    small = experiments.read(SMALL, "small")
    data, other = (Data.of("made", reviews(count)) for count in (40, 44))
    pairs = ((small, data), (small, other), (small.with_options(epochs=3), data))
    names = [identity_of(*pair) for pair in pairs]
    assert len(set(names)) == 3 and all(name.startswith("small--") for name in names)
    assert identity_of(small, Data.of("called otherwise", reviews(40))) == names[0]


def test_teachers_of_other_labels_are_others(tmp_path):
    one = experiments.get("bridgenet-watch-r0-kd").with_options(epochs=1, hidden=4, reduced=4)
    rng = np.random.default_rng(0)
    rows = [rng.normal(size=(64, 2)) + n % 2 for n in range(40)]
    labels, keys = ["a" if n % 2 else "b" for n in range(40)], []
    for said in (labels, labels[::-1]):
        lab = Laboratory((0,), True, lambda line: None)
        lab.run(one, Data.of("made", Recordings(rows, said)))
        keys += lab.teachers.known
    assert len(set(keys)) == 2
