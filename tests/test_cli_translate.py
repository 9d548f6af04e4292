"""Translators on the command line: train, evaluate, predict, info, and the report."""

import io
import json
import re
import sys

import pytest

from sestina.cli.app import main
from sestina.data import toy

pytest.importorskip("sacrebleu", reason="the extra 'translate' is not installed")

FAST = [
    "--level", "word", "--epochs", "8", "--hidden", "16", "--embedding", "16",
    "--learning-rate", "0.02", "--dropout", "0", "--input-dropout", "0",
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


def written(path, count=400):
    sources, targets = toy.reversals(count, 4, seed=1)
    rows = dict(zip(sources, targets, strict=True)).items()
    path.write_text("".join(f"{a}\t{b}\n" for a, b in [("en", "ne"), *rows]), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("translate")
    with pytest.raises(SystemExit) as left:
        main(["train", "translate", str(written(folder / "a.tsv")), "--out", str(folder / "m"),
              "--source", "en", *FAST])  # fmt: skip
    assert left.value.code == 0
    return folder / "m"


def test_train_says_it_in_json(run, tmp_path):
    data = written(tmp_path / "a.tsv")
    code, out, err = run("train", "translate", data, "--out", tmp_path / "m", "--json", *FAST)
    assert code == 0 and "dev ppl" in err and "took column 'ne' as the target" in err
    found = json.loads(out)
    assert found["task"] == "translate" and not found["interrupted"] and found["level"] == "word"
    assert found["parameters"] == found["trainable_parameters"] > 0
    assert set(found["baseline"]) == {"word by word (IBM model 1)"}
    assert {"chrf", "bleu", "exact", "perplexity", "seconds"} <= set(found["metrics"])
    assert 0 <= found["metrics"]["chrf"] <= 100 and len(found["verdicts"]) == 1
    assert set(found["examples"][0]) == {"text", "reference", "translation"}
    assert sum(found["pairs"].values()) == len(data.read_text().splitlines()) - 1
    assert (tmp_path / "m" / "report.html").exists()
    assert not list((tmp_path / "m").glob("*checkpoint*"))
    code, _, err = run("train", "translate", data, "--out", tmp_path / "m", *FAST)
    assert code == 1 and "holds a model" in err


def test_train_prints_a_ladder(run, tmp_path):
    data = written(tmp_path / "a.tsv", 120)
    code, out, _ = run(
        "train", "translate", data, "--dev", data, "--test", data, "--out", tmp_path / "m",
        *FAST, "--epochs", "1", "--attention", "none",
    )  # fmt: skip
    assert code == 0 and "chrF" in out and "LSTM without attention" in out
    assert "reference" in out and "translation" in out
    lines = [line for line in out.splitlines() if str(tmp_path) not in line]
    assert all(len(line) <= 80 for line in lines if "beats" not in line and "loses" not in line)


def test_evaluate(run, trained):
    data = trained.parent / "a.tsv"
    code, out, _ = run("evaluate", trained, data, "--json", "--beam", "2")
    found = json.loads(out)
    assert code == 0 and found["pairs"] > 100 and found["beam"] == 2
    assert found["metrics"]["chrf"] > 20
    code, out, _ = run("evaluate", trained, data, "--source", "en", "--target", "ne")
    assert code == 0 and "beam of 5" in out and "BLEU" in out
    code, _, err = run("evaluate", trained, data, "--source", "fr")
    assert code == 1 and "has no column 'fr'" in err


def test_predict(run, trained, monkeypatch, put):
    code, out, _ = run("predict", trained, "a b", "c")
    assert code == 0 and len(out.splitlines()) == 2
    first = out
    code, out, _ = run("predict", trained, "a b", "--json")
    assert json.loads(out)["predictions"] == [{"text": "a b", "translation": first.splitlines()[0]}]
    monkeypatch.setattr(sys, "stdin", io.StringIO("a b\nc\n"))
    assert run("predict", trained)[1] == first
    assert run("predict", trained, "--file", put("a.txt", "a b\nc\n"))[1] == first


def test_info_and_card(run, trained):
    code, out, _ = run("info", trained)
    assert code == 0 and "Translator" in out and "chrF" in out and "word by word" in out
    card = (trained / "README.md").read_text(encoding="utf-8")
    assert re.search(r"\| this model \| \d+\.\d \| \d+\.\d \| \d+\.\d% \|", card)


def test_the_report_holds_all_it_shows(trained):
    page = (trained / "report.html").read_text(encoding="utf-8")
    for heading in ("In short", "The ladder", "How it learned", "How far gradients reach",
                    "Some translations", "What it looks at"):  # fmt: skip
        assert f">{heading}</h2>" in page
    assert page.count("<svg") >= 2 * 2 and "word by word (IBM model 1)" in page
    assert not re.search(r'(?:src|href)="(?!#)', page)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("train", "translate", "verses-en-ez", "--out", "x"), "did you mean 'verses-en-es'"),
        (("train", "translate", "weather", "--out", "x"), "does not hold sentences and their"),
        (("find-threshold", "{model}", "{data}"), "holds a Translator, which translates; ask it"),
        (("generate", "{model}"), "holds a Translator, which translates; ask it"),
        (("train", "translate", "{data}", "--out", "x", "--attention", "soft"), "is unknown"),
    ],
)
def test_wrong_use(run, trained, arguments, said, tmp_path, monkeypatch):
    values = {"model": trained, "data": trained.parent / "a.tsv"}
    monkeypatch.chdir(tmp_path)
    code, _, err = run(*(argument.format(**values) for argument in arguments))
    assert code in (1, 2) and said in " ".join(err.split())
    assert not (tmp_path / "x").exists()


def test_without_its_package_training_does_not_begin(run, trained, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    out = tmp_path / "m"
    code, _, err = run("train", "translate", trained.parent / "a.tsv", "--out", out, *FAST)
    assert code == 1 and "pip install 'sestina[translate]'" in " ".join(err.split())
    assert not out.exists()
