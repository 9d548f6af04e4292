"""Language models on the command line: trained, asked, measured."""

import io
import json
import os

import pytest

from sestina.cli.app import main
from sestina.cli.inputs import given_texts
from sestina.cli.tagged import texts_of

RING = "red orange yellow green blue indigo violet".split()
FAST = [
    "--epochs", "6", "--embedding", "12", "--hidden", "12", "--learning-rate", "0.03",
    "--batch-size", "8", "--dropout", "0", "--input-dropout", "0",
]  # fmt: skip


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "colours.txt"
    texts = [" ".join(RING[(n + k) % 7] for k in range(6 + n % 5)) for n in range(120)]
    path.write_text("\n".join([*texts, "", ""]) + "\n")
    return str(path)


@pytest.fixture(scope="module")
def model(lines, tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("cli") / "model")
    with pytest.raises(SystemExit) as left:
        main(["train", "generate", lines, "--out", folder, *FAST])
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


def test_train_prints_the_ladder_and_saves_the_model(run, lines, tmp_path):
    code, out, err = run("train", "generate", lines, "--out", str(tmp_path / "m"), *FAST)
    assert code == 0
    for name in ("unigrams", "Kneser–Ney 5-gram", "LSTM 12", "perplexity", "tokens/s"):
        assert name in out
    assert "tokens/s" in err and "dev ppl" in err and "drawn (10 %)" in err
    assert max(map(len, out.splitlines())) <= 80
    assert {p.name for p in (tmp_path / "m").iterdir()} == {
        "README.md", "config.json", "history.jsonl", "metrics.json", "model.safetensors",
        "report.html", "vocabulary.json",
    }  # fmt: skip


def test_json_of_a_training(run, lines, tmp_path):
    out_folder = str(tmp_path / "m")
    code, out, _ = run(
        "train", "generate", lines, "--out", out_folder, *FAST, "--running", "--seed", "3", "--json"
    )
    result = json.loads(out)
    assert code == 0 and result["task"] == "generate" and result["seed"] == 3
    promised = {
        "model",
        "parameters",
        "trainable_parameters",
        "epochs",
        "seconds",
        "metrics",
        "baseline",
    }
    assert promised <= set(result)
    assert set(result["baseline"]) == {"unigrams", "Kneser–Ney 5-gram"}
    assert 1 < result["metrics"]["perplexity"] < result["baseline"]["unigrams"]["perplexity"]
    assert result["tokens_per_second"] > 0
    code, _, err = run("train", "generate", lines, "--out", out_folder, *FAST)
    assert code == 1 and "holds a model; name another" in err
    code, _, err = run("train", "generate", lines, "--out", out_folder, "--resume", "--overwrite")
    assert code == 2 and "give one of them" in err


def test_train_writes_a_report(run, lines, tmp_path, monkeypatch):
    code, out, _ = run("train", "generate", lines, "--out", str(tmp_path / "m"), *FAST, "--json")
    result = json.loads(out)
    assert code == 0 and result["report"] == str(tmp_path / "m" / "report.html")
    grams, unigrams = result["verdicts"]
    assert grams.startswith("LSTM 12 ") and "Kneser–Ney 5-gram: its perplexity is" in grams
    assert unigrams.startswith("LSTM 12 beats unigrams: its perplexity is")
    page = (tmp_path / "m" / "report.html").read_text(encoding="utf-8")
    assert "What it writes" in page and "indigo" in page
    monkeypatch.setitem(__import__("sys").modules, "altair", None)
    code, out, err = run(
        "train", "generate", lines, "--out", str(tmp_path / "n"), *FAST, "--json", "--epochs", "1"
    )
    assert code == 0 and json.loads(out)["report"] is None and "no report: this needs" in err


def test_words_of_tagged_sentences(run, tmp_path):
    path = tmp_path / "tagged.conll"
    path.write_text(
        "\n\n".join("\n".join(f"{w} X" for w in RING[n % 7 :] + RING[: n % 7]) for n in range(60))
    )
    code, out, _ = run(
        "train", "generate", str(path), "--out", str(tmp_path / "m"), *FAST, "--json"
    )
    result = json.loads(out)
    assert code == 0 and sum(result["texts"].values()) == 60 and result["vocabulary"] == 10
    code, out, _ = run("evaluate", str(tmp_path / "m"), str(path), "--json")
    assert code == 0 and json.loads(out)["texts"] == 60


def test_brown_news_are_texts():
    reading = {"text": None, "label": None, "split": None, "encoding": "utf-8"}
    found = texts_of("brown-news", reading)
    assert len(found) == 9371 and set(found.parts) == {"train", "dev", "test"}
    assert found.texts[0].startswith("The Fulton County Grand Jury said Friday")


def test_generate(run, model):
    code, out, _ = run(
        "generate", model, "--prompt", "red orange", "--n", "3", "--temperature", "0"
    )
    assert (code, out) == (0, "red orange yellow green blue\n")
    code, out, _ = run(
        "generate", model, "--texts", "3", "--seed", "5", "--top-k", "4", "--top-p", "0.9"
    )
    again = run("generate", model, "--texts", "2", "--seed", "6", "--top-k", "4", "--top-p", "0.9")[
        1
    ]
    assert len(out.splitlines()) == 3 and out.splitlines()[1:] == again.splitlines()
    code, out, _ = run(
        "generate", model, "--prompt", "red", "-n", "2", "--temperature", "0", "--json"
    )
    result = json.loads(out)
    assert result["texts"] == ["red orange yellow"] and result["seed"] == 0
    code, _, err = run("generate", model, "--temperature", "-1")
    assert code == 2 and "temperature=-1.0 makes no sense" in err


def test_complete(run, model):
    code, out, _ = run("complete", model, "red orange", "-n", "2")
    assert code == 0 and "yellow" in out and len(out.splitlines()) == 3
    out = run("complete", model, "red", "--beginning", "o", "--json")[1]
    (found,) = json.loads(out)["completions"]
    assert found["text"] == "orange" and 0.5 < found["probability"] <= 1
    code, out, err = run("complete", model, "red", "--beginning", "zz")
    assert (code, out) == (0, "") and "no word that begins with 'zz'" in err


def test_one_long_line_wants_running(run, tmp_path):
    (tmp_path / "book.txt").write_text("red orange yellow " * 300)
    code, _, err = run("train", "generate", str(tmp_path / "book.txt"), "--out", "nowhere")
    assert code == 1 and "1 text of 1 wording" in err and "--running" in err


def test_a_seed_below_zero(run, model):
    code, _, err = run("generate", model, "--seed", "-1")
    assert code == 2 and "seed=-1 makes no sense" in err


def test_lines_of_a_pipe_are_answered_as_they_come(monkeypatch):
    reading, writing = os.pipe()
    with open(reading, encoding="utf-8") as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        chunks = given_texts(None, None, {})
        os.write(writing, "é\nb".encode("utf-8-sig"))
        assert next(chunks) == ["é"]
        os.write(writing, b" c\r\n\nd")
        assert next(chunks) == ["b c", ""]
        os.close(writing)
        assert [*chunks] == [["d"]]


def test_score(run, model, lines, monkeypatch, tmp_path):
    code, out, _ = run("score", model, "red orange yellow", "yellow orange red")
    good, bad = (float(line.split("\t")[0]) for line in out.splitlines())
    assert code == 0 and bad < good < 0
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"red orange yellow\n")))
    assert run("score", model)[1] == out.splitlines(keepends=True)[0]
    scores = json.loads(run("score", model, "--file", lines, "--json")[1])["scores"]
    assert len(scores) >= 120 and scores[0]["log_probability"] < 0
    (tmp_path / "a.conll").write_text("red X\norange Y\nyellow X\n")
    assert run("score", model, "--file", str(tmp_path / "a.conll"))[1] == out.splitlines(True)[0]
    code, _, err = run("score", model, "red", "--file", lines)
    assert code == 2 and "give texts or --file, not both" in err


def test_evaluate_and_info(run, model, lines):
    code, out, _ = run("evaluate", model, lines)
    assert code == 0 and "perplexity" in out and "bits per character" in out
    metrics = json.loads(run("evaluate", model, lines, "--json")[1])["metrics"]
    assert 1 < metrics["perplexity"] < 4 and metrics["unknown"] == 0
    code, out, _ = run("info", model)
    assert code == 0 and "LanguageModel" in out and "Kneser–Ney 5-gram" in out
    assert json.loads(run("info", model, "--json")[1])["facts"]["vocabulary"] == 10


def test_models_of_another_kind(run, model, lines, tmp_path):
    code, _, err = run("predict", model, "red")
    assert (
        code == 1 and "holds a LanguageModel, which puts no labels; ask it with sestina gen" in err
    )
    table = tmp_path / "t.csv"
    table.write_text(
        "text,label\n" + "\n".join(f"{RING[n % 7]} {n},{'ab'[n % 2]}" for n in range(60))
    )
    folder = str(tmp_path / "c")
    run("train", "classify", str(table), "--out", folder, "--encoder", "mean", "--epochs", "1")
    code, _, err = run("generate", folder)
    assert code == 1 and "holds a TextClassifier, which writes nothing" in err
