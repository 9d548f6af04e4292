"""Labels of dev, test or new texts that no training text has, and files of one label a text."""

import json

import pytest

from sestina.cli.app import main
from sestina.data.records import Records
from sestina.data.split import learnt, three_parts, unknown_labels
from sestina.errors import DataError

FAST = ["--encoder", "mean", "--epochs", "20", "--learning-rate", "0.03", "--embedding", "8"]


def parted(labels):
    rows = len(labels)
    parts = ["test" if n % 4 == 3 else "train" for n in range(rows)]
    return Records([f"text {n}" for n in range(rows)], labels, parts, source="topics")


def test_of_one_label_a_text_such_data_are_refused():
    data = parted(["a", "b", "a", "b", "a", "b", "a", "new"] * 10)
    with pytest.raises(DataError) as caught:
        three_parts(data, 0)
    assert str(caught.value) == (
        "topics: 10 rows of dev or test have a label that no row of train has ('new'); move some "
        "of them to train, or leave them out"
    )


def test_of_several_labels_those_are_left_out_and_said():
    data = parted([["a"], ["b"], ["a", "b"], ["a", "new"], ["b"], ["a"], [], ["c"]] * 10)
    train, dev, test, said = three_parts(data, 0)
    assert (
        "left out of dev and test 2 labels ('c', 'new'), given 20 times, that train lacks" in said
    )
    assert test.labels == [["a"], []] * 10
    assert {name for part in (train, dev) for row in part.labels for name in row} == {"a", "b"}
    assert len(train) + len(dev) + len(test) == 80


def test_what_is_known_stays_the_same_object():
    data = parted([["a"], ["b"]] * 4)
    assert learnt(data, {"a", "b"}) is data and not unknown_labels([data], {"a", "b"})
    assert data.with_lists() is data
    assert Records(["x", "y", "z"], ["a", "", ["b"]]).with_lists().labels == [["a"], [], ["b"]]
    assert Records(["x"]).with_lists().labels is None


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        with pytest.raises(SystemExit) as left:
            main(list(arguments))
        shown = capsys.readouterr()
        assert "Traceback" not in shown.err
        return left.value.code, shown.out, shown.err

    return call


def lines(path, rows):
    path.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path.name


def topics(count, several):
    rows = []
    for n in range(count):
        warm = n % 2
        labels = "__label__warm" if warm else "__label__cold"
        labels += " __label__odd" if warm and several else ""
        rows.append(f"{labels} {'lovely bright' if warm else 'grey dull'} day {n}")
    return rows


def test_a_test_file_with_a_new_class_is_refused_before_training(run, tmp_path):
    data = lines(tmp_path / "a.txt", topics(80, several=False))
    test = lines(tmp_path / "t.txt", ["__label__warm a lovely day", "__label__mild so so"])
    code, _, err = run("train", "classify", data, "--test", test, "--out", "m", *FAST)
    assert code == 1 and "no row of train has ('mild')" in err
    assert "epoch" not in err and not (tmp_path / "m").exists()


def test_files_whose_texts_happen_to_have_one_label_each(run, tmp_path):
    data = lines(tmp_path / "a.txt", topics(80, several=True))
    test = lines(tmp_path / "t.txt", [*topics(20, several=False), "__label__mild so so"])
    code, out, err = run("train", "classify", data, "--test", test, "--out", "m", *FAST, "--json")
    assert code == 0 and "left out of dev and test 1 label ('mild'), given 1 time" in err
    assert json.loads(out)["texts"]["test"] == 21 and json.loads(out)["multi_label"] is True
    code, out, err = run("evaluate", "m", test, "--json")
    assert code == 0 and json.loads(out)["metrics"]["label_accuracy"] > 0.7
    assert "left out 1 label ('mild'), given 1 time, that the model does not know" in err
    code, out, _ = run("find-threshold", "m", test, "--json")
    assert code == 0 and json.loads(out)["texts"] == 21
