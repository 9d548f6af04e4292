"""Taggers on the command line: train, evaluate, predict, info."""

import json

import pytest

from sestina.cli.app import main
from sestina.data.conll import write_conll

ROWS = (
    [
        ["Ann", "saw", "New", "York"],
        ["Rome", "fell"],
        ["Bob", "left", "Rome"],
        ["Rome", "saw", "Ann"],
    ],
    [
        ["B-PER", "O", "B-LOC", "I-LOC"],
        ["B-LOC", "O"],
        ["B-PER", "O", "B-LOC"],
        ["B-LOC", "O", "B-PER"],
    ],
)
FAST = [
    "--epochs", "8", "--hidden", "8", "--embedding", "8", "--learning-rate", "0.05",
    "--batch-size", "8",
]  # fmt: skip


@pytest.fixture
def run(capsys):
    def call(*arguments):
        with pytest.raises(SystemExit) as left:
            main(list(map(str, arguments)))
        shown = capsys.readouterr()
        assert "Traceback" not in shown.err
        return left.value.code, shown.out, shown.err

    return call


def written(path):
    sentences = [[*words, f"n{n}"] for n in range(15) for words in ROWS[0]]
    tags = [[*row, "O"] for _ in range(15) for row in ROWS[1]]
    write_conll(path, sentences, tags)
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tag")
    with pytest.raises(SystemExit) as left:
        main(
            [
                "train",
                "tag",
                str(written(folder / "names.conll")),
                "--out",
                str(folder / "m"),
                *FAST,
            ]
        )
    assert left.value.code == 0
    return folder / "m"


def test_train_says_it_in_json(run, tmp_path):
    data = written(tmp_path / "names.conll")
    code, out, err = run("train", "tag", data, "--out", tmp_path / "m", "--json", *FAST)
    assert code == 0 and "dev acc" in err
    found = json.loads(out)
    assert found["task"] == "tag" and found["scheme"] == "bio" and not found["interrupted"]
    assert found["parameters"] == found["trainable_parameters"] > 0
    assert 0.9 < found["metrics"]["span_f1"] <= 1.0
    assert set(found["baseline"]) == {"usual tag of a word", "window + logistic regression"}
    assert len(found["verdicts"]) == 2 and sum(found["sentences"].values()) == 60
    code, _, err = run("train", "tag", data, "--out", tmp_path / "m", *FAST)
    assert code == 1 and "holds a model" in err


def test_train_prints_a_ladder(run, tmp_path):
    data = written(tmp_path / "names.conll")
    code, out, _ = run(
        "train", "tag", data, "--dev", data, "--test", data, "--out", tmp_path / "m", *FAST
    )
    assert code == 0 and "span F1" in out and "usual tag of a word" in out
    assert all(
        len(line) <= 80
        for line in out.splitlines()
        if str(tmp_path) not in line and "beats" not in line
    )


def test_evaluate(run, trained):
    data = trained.parent / "names.conll"
    code, out, _ = run("evaluate", trained, data, "--json")
    found = json.loads(out)
    assert code == 0 and found["sentences"] == 60 and found["words"] == 240
    assert found["metrics"]["span_f1"] == found["metrics"]["spans"]["f1"] > 0.9
    assert {row["class"] for row in found["classes"]} == {"B-LOC", "B-PER", "I-LOC", "O"}
    code, out, _ = run("evaluate", trained, data)
    assert code == 0 and "kind of span" in out and "LOC" in out and "seen words" in out
    code, _, err = run("evaluate", trained, data, "--tag-column", "9")
    assert code == 1 and "line 1" in err and "expected 9" in err


def test_predict(run, trained, put, monkeypatch):
    code, out, _ = run("predict", trained, "Ann saw Rome", "Rome")
    assert code == 0 and out == "Ann\tB-PER\nsaw\tO\nRome\tB-LOC\n\nRome\tB-LOC\n\n"
    code, out, _ = run("predict", trained, "Ann saw Rome", "--json")
    assert json.loads(out)["predictions"] == [
        {
            "tokens": ["Ann", "saw", "Rome"],
            "tags": ["B-PER", "O", "B-LOC"],
            "spans": [[0, 1, "PER"], [2, 3, "LOC"]],
        }
    ]
    for name, text in (
        ("a.conll", "Ann\nsaw\n"),
        ("a.jsonl", '{"text": "Ann saw"}'),
        ("a.txt", "Ann saw"),
    ):
        code, out, _ = run("predict", trained, "--file", put(name, text))
        assert (code, out) == (0, "Ann\tB-PER\nsaw\tO\n\n")


def test_info(run, trained):
    code, out, _ = run("info", trained)
    assert code == 0 and "SequenceTagger" in out and "scheme BIO" in out
    assert {"accuracy", "span", "F1", "seconds"} <= set(out.split()), "heads are whole"


def test_one_sentence_is_too_few(run, tmp_path):
    (tmp_path / "one.conll").write_text("a X\n" * 50)
    code, _, err = run("train", "tag", tmp_path / "one.conll", "--out", tmp_path / "m", *FAST)
    assert code == 1 and "1 sentence of one wording" in err and "an empty line ends" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("train", "tag", "brown-newz", "--out", "x"), "did you mean 'brown-news'"),
        (("train", "tag", "movie-snippets", "--out", "x"), "does not hold tagged sentences"),
        (
            ("find-threshold", "{model}", "{data}"),
            "holds a SequenceTagger, which tags words; ask it with",
        ),
    ],
)
def test_wrong_data(run, trained, arguments, said):
    values = {"model": trained, "data": trained.parent / "names.conll"}
    code, _, err = run(*(argument.format(**values) for argument in arguments))
    assert code == 1 and said in " ".join(err.split())
