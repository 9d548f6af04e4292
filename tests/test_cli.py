"""The command line through its real entry point: what it prints, writes and returns."""

import io
import json
import os
import random
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest

from sestina.cli import app
from sestina.cli.app import main
from sestina.errors import DataWarning

GOOD, BAD = "warm lovely bright fine".split(), "cold dull grey poor".split()
FAST = ["--encoder", "mean", "--epochs", "3", "--learning-rate", "0.03", "--embedding", "8"]


def reviews(count=80, seed=0):
    rng = random.Random(seed)
    rows = []
    for n in range(count):
        words = GOOD if n % 2 else BAD
        text = " ".join([rng.choice(words), "film number", str(n), rng.choice(words)])
        rows.append((text, "good one" if n % 2 else "bad one"))
    return rows


def write_csv(path, rows, header="text,label"):
    lines = [header, *(f'"{text}","{label}"' for text, label in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


@pytest.fixture
def table(tmp_path):
    return write_csv(tmp_path / "reviews.csv", reviews())


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli")
    data = write_csv(folder / "reviews.csv", reviews())
    with pytest.raises(SystemExit) as left:
        main(["train", "classify", data, "--out", str(folder / "model"), *FAST])
    assert left.value.code == 0
    return str(folder / "model")


@pytest.fixture
def run(capsys):
    def call(*arguments):
        with pytest.raises(SystemExit) as left:
            main(list(arguments))
        shown = capsys.readouterr()
        assert "Traceback" not in shown.err
        return left.value.code, shown.out, shown.err

    return call


def test_data_list_and_show(run):
    code, out, _ = run("data", "list")
    assert code == 0 and "movie-snippets" in out
    code, out, _ = run("data", "list", "--json")
    assert {s["name"] for s in json.loads(out)["datasets"]} >= {"movie-snippets", "glove-50d"}
    code, out, _ = run("data", "show", "movie-snippets", "--json")
    shown = json.loads(out)
    assert shown["per_class"] == {"neg": 5325, "pos": 5241} and len(shown["examples"]) == 3
    code, _, err = run("data", "show", "movie-snipets")
    assert code == 1 and "did you mean 'movie-snippets'?" in err


def test_a_shipped_data_set_says_which_columns_it_does_not_heed(run):
    code, _, err = run("data", "check", "movie-snippets", "--label", "kind", "--split", "part")
    assert code in (0, 1) and "without effect: --label, --split" in err
    assert "without effect" not in run("data", "check", "movie-snippets")[2]


def test_train_prints_the_ladder_and_saves_the_model(run, table, tmp_path):
    out_folder = tmp_path / "model"
    code, out, err = run("train", "classify", table, "--out", str(out_folder), *FAST)
    assert code == 0
    names = ("majority class", "TF-IDF + logistic regression", "NB-SVM", "mean vector")
    for line in (*names, "McNemar"):
        assert line in out
    assert "took column 'text' as the text" in err and "epoch   1/3" in err
    assert max(map(len, out.splitlines())) <= 80
    kept = {p.name for p in out_folder.iterdir()}
    assert kept == {
        "README.md",
        "config.json",
        "history.jsonl",
        "metrics.json",
        "model.safetensors",
        "report.html",
        "vocabulary.json",
    }


def test_json_has_the_promised_keys_and_nothing_else_on_stdout(run, table, tmp_path):
    code, out, err = run("train", "classify", table, "--out", str(tmp_path / "m"), "--json", *FAST)
    result = json.loads(out)
    assert code == 0 and err
    assert {
        "task",
        "model",
        "parameters",
        "trainable_parameters",
        "epochs",
        "seconds",
        "metrics",
        "baseline",
    } <= set(result)
    assert result["epochs"] == 3 and result["task"] == "classify"
    low, high = result["metrics"]["interval"]
    assert low <= result["metrics"]["accuracy"] <= high


def test_predict_from_arguments_file_and_standard_input(run, model, tmp_path, monkeypatch):
    code, out, _ = run("predict", model, "lovely bright film", "dull grey film 😀", "")
    rows = [line.split("\t") for line in out.splitlines()]
    assert code == 0 and [row[0] for row in rows[:2]] == ["good one", "bad one"]
    assert rows[1][2] == "dull grey film 😀" and 0.5 <= float(rows[0][1]) <= 1
    (tmp_path / "new.txt").write_text("lovely film\n\npoor film\n", encoding="utf-8")
    code, out, err = run("predict", model, "--file", str(tmp_path / "new.txt"))
    answers = [line.split("\t")[0] for line in out.splitlines()]
    assert len(answers) == 3 and answers[::2] == ["good one", "bad one"]
    assert "1 row with an empty text" in err
    monkeypatch.setattr(sys, "stdin", io.StringIO("fine film\npoor film\n"))
    code, out, _ = run("predict", model, "--json")
    found = json.loads(out)["predictions"]
    assert [row["label"] for row in found] == ["good one", "bad one"]
    assert abs(sum(found[0]["probabilities"].values()) - 1) < 1e-5


def test_piped_tables_end_without_blanks(run, model, table):
    for command in (["data", "list"], ["info", model], ["evaluate", model, table]):
        _, out, _ = run(*command)
        lines = out.splitlines()
        assert len(lines) > 3 and lines == [line.rstrip() for line in lines]


def test_one_text_is_no_texts(run, model, tmp_path):
    data = write_csv(tmp_path / "one.csv", reviews(1))
    _, out, _ = run("evaluate", model, data)
    assert ":1text" in "".join(out.split())  # the line may be broken anywhere


def test_cuts_are_said_by_predict_and_evaluate(run, table, model, tmp_path):
    folder = str(tmp_path / "m")
    code, _, err = run("train", "classify", table, "--out", folder, *FAST, "--max-tokens", "4")
    assert code == 0 and "cut 58 of 58 texts to 4 tokens" in err
    code, _, err = run("predict", folder, "fine film", "one two three four five")
    assert code == 0 and "cut 1 of 2 texts to 4 tokens" in err
    code, _, err = run("evaluate", folder, table)
    assert code == 0 and "cut 80 of 80 texts to 4 tokens" in err
    assert "cut" not in run("evaluate", model, table)[2]


def test_warnings_are_remarks(run, monkeypatch):
    def warns(*_, **__):
        for _ in range(2):
            warnings.warn("cut 2 of 3 series to 5 steps", DataWarning, stacklevel=1)

    monkeypatch.setattr(app, "app", warns)
    assert run("predict") == (0, "", "cut 2 of 3 series to 5 steps\n" * 2)


def test_options_that_do_nothing_are_told(run, table, tmp_path):
    more = ["--widths", "2,3", "--layers", "2", "--pool", "last"]
    code, out, err = run(
        "train", "classify", table, "--out", str(tmp_path / "m"), *FAST, *more, "--json"
    )
    wanted = [
        "layers does nothing with encoder='mean', only with rnn, gru, lstm, mingru, minlstm",
        "widths does nothing with encoder='mean', only with cnn",
    ]
    assert code == 0 and [line for line in err.splitlines() if "does nothing" in line] == wanted
    assert json.loads(out)["notes"][-2:] == wanted


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--min-count", "1000"], ["min_count=1000 leaves no token", "'film', occurs 58 times"]),
        (["--encoder", "flatten", "--max-tokens", "1000000000"], [" 64.0 GB", "lower max_tokens"]),
        (["--clip-norm", "-1"], ["clip_norm=-1.0 is too small", "0 on the command line"]),
    ],
)
def test_options_that_cannot_be_met_are_one_sentence(
    run, table, tmp_path, monkeypatch, more, words
):
    monkeypatch.setattr("sestina.nn.classifier.machine_memory", lambda: 16e9)
    code, out, err = run("train", "classify", table, "--out", str(tmp_path / "m"), *FAST, *more)
    said = next(line for line in err.splitlines() if line.startswith("Error: "))
    assert code == 2 and not out and all(word in said for word in words), err


def test_evaluate_and_info(run, model, table):
    code, out, _ = run("evaluate", model, table, "--json")
    result = json.loads(out)
    assert code == 0 and result["texts"] == 80 and result["metrics"]["accuracy"] > 0.9
    assert {row["class"] for row in result["classes"]} == {"good one", "bad one"}
    code, out, _ = run("evaluate", model, table)
    assert "precision" in out and max(map(len, out.splitlines())) <= 80
    code, out, _ = run("info", model)
    assert code == 0 and "TextClassifier" in out and "majority class" in out
    code, out, _ = run("info", model, "--json")
    assert json.loads(out)["options"]["encoder"] == "mean"


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["data", "list", "--nonsense"],
        ["train", "classify"],
        ["train", "classify", "x.csv", "--out", "m", "--resume", "--overwrite"],
        ["train", "classify", "TABLE", "--out", "m", "--encoder", "lsmt"],
        ["train", "classify", "TABLE", "--out", "m", "--dense", "a,b"],
        ["train", "classify", "TABLE", "--out", "m", "--epochs", "-1"],
    ],
)
def test_wrong_use_is_exit_code_2(run, table, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*[table if a == "TABLE" else a for a in arguments])
    assert code == 2 and err and not out
    assert not (tmp_path / "m").exists()


def spoil(folder, kind):
    path = folder / "data.csv"
    if kind == "missing":
        return str(folder / "nothing.csv"), "there is no file"
    if kind == "unknown name":
        return "movie-snipets", "did you mean 'movie-snippets'?"
    if kind == "empty":
        path.write_bytes(b"")
        return str(path), "is empty"
    if kind == "binary":
        path.write_bytes(bytes(range(256)) * 9)
        return str(path), "binary file"
    if kind == "one row":
        return write_csv(path, reviews(1)), "at least two classes"
    if kind == "one class":
        return write_csv(path, [(f"text {n}", "a") for n in range(9)]), "at least two classes"
    if kind == "no label column":
        return write_csv(
            path, [(t, f'{n}","{n}') for n, (t, _) in enumerate(reviews(9))], "text,a,b"
        ), "--label COLUMN"
    if kind == "latin-1":
        path.write_bytes("text,label\ncafé,a\nthé,b\n".encode("latin-1"))
        return str(path), "--encoding latin-1"
    if kind == "plain lines":
        (folder / "data.txt").write_text("one\ntwo\n")
        return str(folder / "data.txt"), "no labels"
    path.write_text("text,label\n ,a\n,b\n")
    return str(path), "no row has both text and label"


@pytest.mark.parametrize(
    "kind",
    [
        "missing",
        "unknown name",
        "empty",
        "binary",
        "one row",
        "one class",
        "no label column",
        "latin-1",
        "plain lines",
        "all empty",
    ],
)
def test_bad_data_is_one_sentence_and_exit_code_1(run, tmp_path, kind):
    path, expected = spoil(tmp_path, kind)
    code, out, err = run("train", "classify", path, "--out", str(tmp_path / "m"), *FAST)
    assert code == 1 and not out
    assert expected in " ".join(err.split())
    assert not (tmp_path / "m").exists(), "nothing may be left behind"


def test_wrong_column_names_the_nearest(run, table, tmp_path):
    code, _, err = run("train", "classify", table, "--label", "lable", "--out", str(tmp_path / "m"))
    assert code == 1 and "did you mean 'label'?" in err


def test_folders_that_must_not_be_lost(run, table, model, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("work of years")
    code, _, err = run("train", "classify", table, "--out", str(tmp_path / "mine"), *FAST)
    assert code == 1 and "holds other files" in " ".join(err.split())
    before = (Path(model) / "config.json").read_bytes()
    code, _, err = run("train", "classify", table, "--out", model, *FAST)
    assert code == 1 and "--overwrite" in err
    assert (Path(model) / "config.json").read_bytes() == before
    code, _, err = run("train", "classify", table, "--out", table, *FAST)
    assert code == 1 and "is a file" in err
    code, _, err = run("train", "classify", table, "--out", "/proc/nothing/model", *FAST)
    assert code == 1 and "cannot write" in err


def test_one_long_text_and_emoji_labels(run, tmp_path):
    rows = [
        *((text, "😀" if "good" in label else "😡 very") for text, label in reviews(40)),
        ("word " * 200_000, "😀"),
    ]
    data = write_csv(tmp_path / "long.csv", rows)
    code, _, _ = run("train", "classify", data, "--out", str(tmp_path / "m"), *FAST)
    assert code == 0
    code, out, _ = run("predict", str(tmp_path / "m"), "lovely bright")
    assert out.split("\t")[0] == "😀"


def test_models_that_are_none(run, tmp_path):
    for folder, expected in (
        (tmp_path / "none", "there is no model folder"),
        (tmp_path, "is not a model folder"),
    ):
        code, _, err = run("predict", str(folder), "text")
        assert code == 1 and expected in " ".join(err.split())


def start(arguments, cwd):
    command = [sys.executable, "-m", "sestina", *arguments]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        command, cwd=cwd, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def wait_for(process, words):
    seen = []
    while line := process.stderr.readline():
        seen.append(line)
        if words in line:
            return
    raise AssertionError("".join(seen))


SLOW = [
    "--encoder",
    "gru",
    "--epochs",
    "6",
    "--dropout",
    "0.3",
    "--batch-size",
    "4",
    "--patience",
    "0",
]


def test_killed_and_resumed_gives_the_same_bits(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = write_csv(tmp_path / "reviews.csv", reviews(400))
    assert run("train", "classify", data, "--out", "whole", *SLOW)[0] == 0
    broken = ["train", "classify", data, "--out", "broken", *SLOW]
    process = start(broken, tmp_path)
    wait_for(process, "epoch   2/6")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert (tmp_path / "broken" / "checkpoint.safetensors").exists()
    code, _, err = run(*broken)
    assert "--resume" in err and code == 1
    code, _, err = run(*broken, "--resume")
    assert code == 0 and "resumed after epoch" in err
    one, other = (tmp_path / name / "model.safetensors" for name in ("whole", "broken"))
    assert one.read_bytes() == other.read_bytes()
    assert not (tmp_path / "broken" / "checkpoint.safetensors").exists()


def test_ctrl_c_before_the_first_epoch_says_so(tmp_path):
    data = write_csv(tmp_path / "reviews.csv", reviews(600))
    process = start(["train", "classify", data, "--out", "m", "--hidden", "900"], tmp_path)
    wait_for(process, "test texts")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1 and "Traceback" not in err and "stopped by Ctrl-C" in err


def test_ctrl_c_keeps_the_best_so_far(run, tmp_path):
    data = write_csv(tmp_path / "reviews.csv", reviews(600))
    process = start(
        [
            "train",
            "classify",
            data,
            "--out",
            "m",
            *SLOW[:2],
            "--epochs",
            "500",
            "--patience",
            "0",
            "--batch-size",
            "4",
        ],
        tmp_path,
    )
    wait_for(process, "epoch   2/500")
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1 and "Traceback" not in err
    assert "stopped by Ctrl-C" in err and "majority class" in out
    code, out, _ = run("predict", str(tmp_path / "m"), "lovely film")
    assert code == 0 and out


def test_train_texts_in_the_test_part_are_told(run, table, tmp_path):
    code, out, err = run(
        "train",
        "classify",
        table,
        "--test",
        table,
        "--json",
        "--validation-fraction",
        "0.25",
        "--out",
        str(tmp_path / "m"),
        *FAST,
    )
    assert code == 0 and "careful: the training part holds 60 of 80 test texts" in err
    assert json.loads(out)["texts"] == {"train": 60, "dev": 20, "test": 80}


def test_several_labels_through_the_whole_path(run, tmp_path):
    path = tmp_path / "topics.txt"
    lines = [
        f"__label__{'warm' if n % 2 else 'cold'} {'__label__odd' if n % 2 else ''} "
        f"{'lovely bright' if n % 2 else 'grey dull'} day {n}"
        for n in range(80)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    folder = str(tmp_path / "m")
    code, out, _ = run("train", "classify", str(path), "--out", folder, *FAST, "--epochs", "20")
    assert code == 0 and "all of its labels" in out
    code, out, _ = run("predict", folder, "lovely bright day")
    assert out.split("\t")[0] == "odd|warm"
    code, out, _ = run("evaluate", folder, str(path), "--json")
    assert json.loads(out)["metrics"]["label_accuracy"] > 0.9


def test_broken_bytes_on_standard_input(model):
    process = subprocess.run(
        [sys.executable, "-m", "sestina", "predict", model],
        input=b"fine \xff film\n",
        capture_output=True,
        check=False,
    )
    assert process.returncode == 1 and b"standard input is not UTF-8" in process.stderr


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "cp1252"])
def test_output_that_the_terminal_s_encoding_lacks(encoding, tmp_path):
    data = tmp_path / "a.csv"
    data.write_text('text,label\n"gut 😀 –",ja\n"gut 😀 –",nein\n', encoding="utf-8")
    for more in ([], ["--json"]):
        process = subprocess.run(
            [sys.executable, "-m", "sestina", "data", "check", str(data), *more],
            env={**os.environ, "PYTHONIOENCODING": encoding},
            capture_output=True,
            check=False,
        )
        assert process.returncode == 0 and b"Traceback" not in process.stderr, process.stderr
        if more:
            assert "😀" in json.dumps(json.loads(process.stdout), ensure_ascii=False)


def test_a_file_whose_name_is_no_utf_8(tmp_path):
    path = os.fsencode(tmp_path) + b"/\xff.csv"
    with open(path, "w", encoding="utf-8") as file:
        file.write("text,label\na b,x\na b,x\nc d,y\n")
    for more in ([], ["--json"]):
        process = subprocess.run(
            [sys.executable, "-m", "sestina", "data", "check", path, *more],
            capture_output=True,
            check=False,
        )
        assert process.returncode == 0 and b"Traceback" not in process.stderr, process.stderr
        assert b"udcff.csv" in process.stdout


def test_a_byte_order_mark_on_standard_input_is_no_text(model):
    process = subprocess.run(
        [sys.executable, "-m", "sestina", "predict", model],
        input="\ufefflovely film\nlovely film\n".encode(),
        capture_output=True,
        check=True,
    )
    one, other = process.stdout.decode().splitlines()
    assert one == other


def test_a_fit_that_fails_leaves_no_empty_folder(run, table, tmp_path):
    out = tmp_path / "deep" / "m"
    code, _, err = run(
        "train",
        "classify",
        table,
        "--out",
        str(out),
        *FAST,
        "--vectors",
        str(tmp_path / "none.txt"),
    )
    assert code == 1 and "none.txt" in err and not out.exists()
    out.mkdir()
    (out / "notes").touch()
    assert (
        run("train", "classify", table, "--out", str(out), *FAST, "--vectors", "none.txt")[0] == 1
    )
    assert (out / "notes").exists()
