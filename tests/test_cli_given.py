"""One to many on the command line: trained, asked, measured, refused."""

import json

import pytest

from sestina.cli.app import main

FAST = [
    "--epochs", "12", "--embedding", "12", "--hidden", "16", "--learning-rate", "0.03",
    "--batch-size", "8", "--dropout", "0", "--input-dropout", "0",
]  # fmt: skip
SOUNDS = {"cat": "meow", "dog": "woof", "a, b": "moo"}


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "sounds.csv"
    lines = ["animal,times,split,text"]
    for n in range(240):
        animal, times = list(SOUNDS)[n % 3], n // 3 % 4 + 1
        part = {8: "dev", 9: "test"}.get(n % 10, "train")
        lines.append(f'"{animal}",{times},{part},{" ".join([SOUNDS[animal]] * times)}')
    path.write_text("\n".join([*lines, "cat,,train,meow", "cat,2,test,"]) + "\n")
    return str(path)


@pytest.fixture(scope="module")
def model(table, tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("cli") / "model")
    with pytest.raises(SystemExit) as left:
        main(["train", "generate", table, "--given", "animal,times", "--out", folder, *FAST])
    assert left.value.code == 0
    return folder


@pytest.fixture
def run(capsys):
    def call(*arguments):
        with pytest.raises(SystemExit) as left:
            main(list(arguments))
        shown = capsys.readouterr()
        assert "Traceback" not in shown.err
        return left.value.code, shown.out, shown.err

    return call


def test_train_prints_the_ladder_and_saves_the_model(run, table, tmp_path):
    out = str(tmp_path / "m")
    code, shown, err = run("train", "generate", table, "--given", "animal", "--out", out, *FAST)
    assert code == 0
    for name in ("unigrams", "Kneser–Ney 5-gram", "LSTM 16, vectors mixed up", "given animal"):
        assert name in shown
    assert "try       sestina generate" in shown and "--given cat" in shown
    assert max(map(len, shown.splitlines())) <= 80
    assert "left out 1 row without a text or a value" in err
    assert "193 train, 24 dev, 24 test texts: dev and test as given" in err


def test_json_of_a_training(run, table, tmp_path):
    out = str(tmp_path / "m")
    code, shown, _ = run(
        "train", "generate", table, "--given", "times,animal", "--out", out, *FAST, "--json",
        "--seed", "3",
    )  # fmt: skip
    result = json.loads(shown)
    assert code == 0 and result["task"] == "generate" and result["seed"] == 3
    assert result["given"] == ["times", "animal"] and result["name"] == "LSTM 16"
    assert set(result["baseline"]) == {
        "unigrams", "Kneser–Ney 5-gram", "LSTM 16, vectors mixed up",
    }  # fmt: skip
    assert result["metrics"]["perplexity"] > 1


def test_generate(run, model):
    code, out, _ = run("generate", model, "--given", "cat,3", "--temperature", "0")
    assert (code, out) == (0, "meow meow meow\n")
    code, out, _ = run(
        "generate", model, "--given", '"a, b",2', "--temperature", "0", "--prompt", "moo"
    )
    assert (code, out) == (0, "moo moo\n")
    code, out, _ = run(
        "generate", model, "--given", "dog,1", "--texts", "4", "--seed", "5", "--temperature", "3"
    )
    again = run(
        "generate", model, "--given", "dog,1", "--texts", "3", "--seed", "6", "--temperature", "3"
    )[1]
    assert len(out.splitlines()) == 4 and out.splitlines()[1:] == again.splitlines()
    out = run("generate", model, "--given", "dog,2", "--temperature", "0", "--json")[1]
    result = json.loads(out)
    assert result["texts"] == ["woof woof"] and result["given"] == "dog,2" and result["seed"] == 0


def test_evaluate_and_info(run, model, table):
    code, out, _ = run("evaluate", model, table)
    assert code == 0 and "24 texts" in out and "perplexity" in out
    metrics = json.loads(run("evaluate", model, table, "--json")[1])["metrics"]
    assert 1 < metrics["perplexity"] < 1.3 and metrics["unknown"] == 0
    code, out, _ = run("info", model)
    assert code == 0 and "SequenceFromVector" in out and "vectors mixed up" in out
    assert "vectors of animal (a, b, cat, dog), times" in " ".join(out.split())
    assert max(map(len, out.splitlines())) <= 80


def test_a_shipped_table_in_its_parts(run, tmp_path):
    out = str(tmp_path / "m")
    code, _, err = run(
        "train", "generate", "first-names", "--given", "gender", "--level", "character",
        "--epochs", "1", "--hidden", "8", "--embedding", "4", "--batch-size", "500", "--out", out,
        "--json",
    )  # fmt: skip
    assert code == 0 and "dev and test as given" in err
    code, _, err = run("evaluate", out, "first-names")
    assert code == 0 and "evaluating on the part 'test'" in err


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["--given", "animals"], 1, "has no column 'animals'; did you mean 'animal'?"),
        (["--given", "animal,animal"], 2, "--given names the column 'animal' twice; name each"),
        (["--given", "animal,text"], 2, "--given names the column of the texts, 'text'; leave"),
        (["--given", "animal", "--backwards"], 2, "--backwards does nothing with --given"),
        (["--given", "animal", "--running"], 2, "--running does nothing with --given"),
        (["--given", "animal", "--tbptt", "9"], 2, "--tbptt does nothing with --given"),
        (["--given", "animal", "--scheme", "windows"], 2, "--scheme does nothing with --given"),
    ],
)
def test_trainings_that_do_not_do(run, table, tmp_path, arguments, status, sentence):
    code, _, err = run("train", "generate", table, "--out", str(tmp_path / "m"), *arguments)
    assert code == status and sentence in err
    assert not (tmp_path / "m").exists()


def test_what_is_no_table_is_refused(run, tmp_path):
    lines = tmp_path / "lines.txt"
    lines.write_text("a\nb\n")
    code, _, err = run(
        "train", "generate", str(lines), "--given", "a", "--out", str(tmp_path / "m")
    )
    assert code == 1 and "is no table; --given wants one with columns of that name" in err


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("", "--given has nothing; the model writes from animal (a, b, cat, dog), times: give"),
        ("cat", "--given has 1 value; the model writes from animal"),
        ("cow,1", "--given: animal is 'cow', which is unknown"),
        ("cat,two", "--given: times is 'two'; expected a number"),
    ],
)
def test_values_that_do_not_do(run, model, given, sentence):
    code, _, err = run("generate", model, "--given", given)
    assert code == 2 and sentence in err


def test_other_verbs_name_the_right_ones(run, model, table, tmp_path):
    for verb, rest in (("predict", ["cat"]), ("complete", ["moo"]), ("score", ["moo"])):
        code, _, err = run(verb, model, *rest)
        assert code == 1 and "holds a SequenceFromVector, which writes texts; ask it with" in err
    plain = str(tmp_path / "plain")
    run("train", "generate", table, "--out", plain, *FAST, "--epochs", "1")
    code, _, err = run("generate", plain, "--given", "cat")
    assert code == 2 and "was trained without --given; leave it out" in err
