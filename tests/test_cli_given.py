"""One to many on the command line: trained, asked, measured, refused."""

import io
import json
import shlex
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from sestina import SequenceFromVector
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


def words(shown):
    """What was printed, without the line breaks that depend on the length of paths."""
    return " ".join(shown.split())


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
    assert "try sestina generate" in words(shown) and "--given cat" in words(shown)
    assert max(map(len, shown.splitlines())) <= 80
    assert "left out 1 row without a text or a value" in err
    page = (tmp_path / "m" / "report.html").read_text()
    for said in ("Value by value", "What it writes", "animal cat", "Tokens per second"):
        assert said in page
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


def test_predict_takes_rows_of_values(run, model, table, tmp_path, monkeypatch):
    assert run("predict", model, "cat,3", '"a, b",2')[:2] == (0, "meow meow meow\nmoo moo\n")
    lines = b"dog,1\ncat,2\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines)))
    assert run("predict", model, "--beam", "2")[:2] == (0, "woof\nmeow meow\n")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines)))
    result = json.loads(run("predict", model, "--json")[1])
    assert result["task"] == "predict" and result["predictions"] == [
        {"given": ["dog", 1.0], "text": "woof"}, {"given": ["cat", 2.0], "text": "meow meow"},
    ]  # fmt: skip
    rows = tmp_path / "rows.csv"
    rows.write_text("times,note,animal\n3,x,cat\n1,y,dog\n")
    assert run("predict", model, "--file", str(rows))[:2] == (0, "meow meow meow\nwoof\n")
    code, _, err = run("predict", model, "cat,3", "cow,1")
    assert code == 2 and "row 2: animal is 'cow', which is unknown" in err
    rows.write_text("animal\ncat\n")
    code, _, err = run("predict", model, "--file", str(rows))
    assert code == 1 and "has no column 'times'" in err
    rows.write_text("animal,times\ncat,1\n,2\n")
    code, _, err = run("predict", model, "--file", str(rows))
    assert code == 1 and "row 2: animal is empty; known are a, b, cat, dog" in err
    rows.write_text("animal,times\ncat,1\ncat,x\n")
    code, _, err = run("predict", model, "--file", str(rows))
    assert code == 1 and "row 2: times is 'x'; expected a finite number" in err
    rows.write_text("text,animal,times\nmeow,,1\nmeow,cat,2\nmoo,cow,2\n")
    code, _, err = run("evaluate", model, str(rows))
    assert code == 1 and "row 3: animal is 'cow', which is unknown; " in err


def test_lines_are_answered_as_they_come(model):
    """The next line is written only when the last one's answer has been read."""
    process = subprocess.Popen(
        [sys.executable, "-c", "import sestina.cli.inputs as i; i.CHUNK = 1\n"
         "from sestina.cli.app import main; main()", "predict", model],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    for line, text in (("cat,2", "meow meow"), ("dog,1", "woof")):
        process.stdin.write(line + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == text + "\n"
    process.stdin.close()
    process.stdout.close()
    assert process.wait(timeout=60) == 0


def test_complete_and_score_from_values(run, model):
    result = json.loads(run("complete", model, "moo", "--given", '"a, b",2', "--json")[1])
    assert result["completions"][0]["text"] == "moo"
    code, out, _ = run("complete", model, "", "--given", "dog,3", "-n", "1")
    assert code == 0 and "woof" in out
    right, wrong = (
        json.loads(run("score", model, "meow meow", "--given", given, "--json")[1])["scores"][0]
        for given in ("cat,2", "cat,4")
    )
    assert -0.7 < right["log_probability"] and wrong["log_probability"] < -1
    for verb in ("complete", "score"):
        code, _, err = run(verb, model, "moo")
        assert code == 2 and "--given has nothing; the model writes from" in err


def test_evaluate_and_info(run, model, table):
    code, out, _ = run("evaluate", model, table)
    assert code == 0 and "24 texts" in words(out) and "perplexity" in out
    metrics = json.loads(run("evaluate", model, table, "--json")[1])["metrics"]
    assert 1 < metrics["perplexity"] < 1.3 and metrics["unknown"] == 0
    code, out, _ = run("info", model)
    assert code == 0 and "SequenceFromVector" in out and "vectors mixed up" in out
    assert "vectors of animal (a, b, cat, dog), times" in words(out)
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
        (["--unknown", "zeros"], 2, "--unknown does nothing without --given; leave it out"),
        (["--no-standard"], 2, "--standard does nothing without --given; leave it out"),
    ],
)
def test_trainings_that_do_not_do(run, table, tmp_path, arguments, status, sentence):
    code, _, err = run("train", "generate", table, "--out", str(tmp_path / "m"), *arguments)
    assert code == status and sentence in err
    assert not (tmp_path / "m").exists()


def test_symbols_that_look_like_numbers(run, tmp_path):
    """A file may hold only some of a column's symbols, and these may all be digits."""
    rows, out = tmp_path / "rows.csv", str(tmp_path / "m")
    lines = ["kind,text", *(f"{kind},{'la ' * n}" for n in range(1, 9) for kind in ("1", "2b"))]
    rows.write_text("\n".join(lines))
    train = ["train", "generate", str(rows), "--given", "kind", "--out", out, "--epochs", "1"]
    assert run(*train)[0] == 0
    rows.write_text("kind,text\n1,la\n")
    assert run("predict", out, "--file", str(rows))[0] == 0
    assert run("evaluate", out, str(rows))[0] == 0


def test_unknown_symbols_become_zeros_where_the_model_says_so(run, tmp_path):
    net = SequenceFromVector(unknown="zeros", hidden=4, embedding=4, epochs=1)
    net.fit(pl.DataFrame({"kind": ["a", "b"] * 20}), [f"la {n}" for n in range(40)])
    net.save(tmp_path / "m")
    code, _, err = run("predict", str(tmp_path / "m"), "c")
    assert code == 0 and "1 value unknown, which become zeros; row 0: kind is 'c'" in words(err)


def test_values_that_only_the_test_part_has(run, tmp_path):
    """They are told before the training, not when its figures are wanted."""
    rows, out = tmp_path / "rows.csv", tmp_path / "m"
    lines = [f"{'ab'[n % 2]},{('train', 'dev')[n % 5 == 0]},la {n}" for n in range(40)]
    rows.write_text("\n".join(["kind,split,text", *lines, "c,test,la la", "d,test,la la"]))
    train = ["train", "generate", str(rows), "--given", "kind", "--out", str(out), "--epochs", "1"]
    code, _, err = run(*train)
    assert code == 1 and "kind is 'c' in the dev or test part only" in err and "epoch" not in err
    assert "(2 such values); give more texts of it, or --unknown zeros" in err and not out.exists()
    assert run(*train, "--unknown", "zeros")[0] == 0


def test_the_hint_can_be_typed_as_it_stands(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = Path("rows.csv")
    town = '"Ely, near King\'s Lynn"'
    rows.write_text("town,times,text\n" + "".join(f"{town},3,{'la ' * n}\n" for n in range(1, 30)))
    shown = run("train", "generate", str(rows), "--given", "town,times", "--out", "m",
                "--epochs", "1")[1]  # fmt: skip
    command = words(shown).split("try sestina ")[1]
    assert run(*shlex.split(command))[0] == 0


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
        ("cat,two", "--given: times is 'two'; expected a finite number"),
        ("cat,nan", "--given: times is 'nan'; expected a finite number"),
        ("cat,1e39", "--given: times is '1e39'; expected a finite number"),
    ],
)
def test_values_that_do_not_do(run, model, given, sentence):
    code, _, err = run("generate", model, "--given", given)
    assert code == 2 and sentence in err


def test_other_verbs_name_the_right_ones(run, model, table, tmp_path):
    code, _, err = run("calibrate", model, table, "--label", "animal")
    assert code == 1 and "holds a SequenceFromVector, which writes texts from values; ask" in err
    plain = str(tmp_path / "plain")
    run("train", "generate", table, "--out", plain, *FAST, "--epochs", "1")
    for verb, rest in (("generate", []), ("complete", ["moo"]), ("score", ["moo"])):
        code, _, err = run(verb, plain, *rest, "--given", "cat")
        assert code == 2 and "was trained without --given; leave it out" in err
