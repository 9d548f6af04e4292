"""Forecasters on the command line: train, predict, evaluate, info, gradients, and the report."""

import csv
import io
import json
import math
import re

import numpy as np
import pytest

from sestina import load
from sestina.cli.app import main

FAST = ["--horizon", "4", "--context", "12", "--hidden", "6", "--epochs", "3", "--folds", "2"]


@pytest.fixture
def run(capsys):
    def call(*arguments):
        with pytest.raises(SystemExit) as left:
            main(list(map(str, arguments)))
        shown = capsys.readouterr()
        assert "Traceback" not in shown.err
        return left.value.code, shown.out, shown.err

    return call


def written(path, months=120, shift=0.0):
    rows = [
        f"{2000 + n // 12}-{n % 12 + 1:02d},{10 + math.sin(n * math.pi / 6) + shift:.4f}"
        for n in range(months)
    ]
    path.write_text("\n".join(["month,x", *rows]) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("forecast")
    with pytest.raises(SystemExit) as left:
        main(["train", "forecast", str(written(folder / "a.csv")), "--out", str(folder / "m"),
              "--season", "12", "--quantiles", "0.1,0.9", *FAST])  # fmt: skip
    assert left.value.code == 0
    return folder


def test_train_says_it_in_json(run, tmp_path):
    data = written(tmp_path / "a.csv")
    code, out, err = run("train", "forecast", data, "--out", tmp_path / "m", "--json", *FAST)
    assert code == 0 and "took column 'x' as what is foretold" in err
    found = json.loads(out)
    assert found["task"] == "forecast" and not found["interrupted"]
    assert found["until"] == {"": "2009-12"} and found["steps"] == 120
    assert {"last value", "linear on lags"} <= set(found["baseline"])
    assert {"mase", "smape", "mae", "folds"} <= set(found["metrics"])
    assert len(found["metrics"]["folds"]) == 2
    assert len(found["verdicts"]) == len(found["baseline"])


def test_predict_goes_on(run, trained):
    code, out, _ = run("predict", trained / "m", "--file", trained / "a.csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0 and [row["time"] for row in rows] == [f"2010-0{n}" for n in range(1, 5)]
    assert [*rows[0]] == ["time", "step", "x 0.1", "x 0.9"]
    values = np.array([[float(line.split(",")[1])] for line in (trained / "a.csv").read_text().split()[1:]])  # fmt: skip
    put = load(trained / "m").predict(values)[0, :, 0]
    found = [[float(row["x 0.1"]), float(row["x 0.9"])] for row in rows]
    assert np.allclose(found, put, atol=1e-3)
    code, out, _ = run("predict", trained / "m", "--file", trained / "a.csv", "--json")
    assert len(json.loads(out)["predictions"]) == 4
    code, _, err = run("predict", trained / "m", "some text")
    assert code == 2 and "--file" in err


def test_evaluate_takes_what_is_new(run, trained, tmp_path):
    code, out, err = run("evaluate", trained / "m", trained / "a.csv", "--json")
    found = json.loads(out)
    assert code == 0 and "careful" in err and found["forecasts"] == 105
    later = written(tmp_path / "later.csv", months=135)
    code, out, err = run("evaluate", trained / "m", later, "--json")
    found = json.loads(out)
    assert "careful" not in err and found["forecasts"] == 12 and "after" in found["said"]
    assert found["baseline"]["seasonal naive (12)"]["mae"] < 1e-3 < found["metrics"]["mae"] < 1
    code, out, _ = run("evaluate", trained / "m", later)
    assert code == 0 and "this model" in out and "MASE" in out
    sooner = written(tmp_path / "sooner.csv", months=100)
    _, _, err = run("evaluate", trained / "m", sooner)
    said = " ".join(err.split())
    assert "careful: these series end at 2008-04, and the model was trained up to 2009-12" in said


def test_info_and_gradients(run, trained):
    code, out, _ = run("info", trained / "m")
    assert code == 0 and "backtest" in out and "the last 12 steps of 1 variable" in out
    assert "MASE" in (trained / "m" / "README.md").read_text(encoding="utf-8")
    code, out, _ = run("gradients", trained / "m", trained / "a.csv", "--json")
    assert code == 0 and json.loads(out)["layers"][0]["length"] == 12


def test_the_report_draws_forecasts(trained):
    pytest.importorskip("vl_convert", reason="the extra 'report' is not installed")
    page = (trained / "m" / "report.html").read_text(encoding="utf-8")
    for part in ("Forecasts beside the truth", "Error by step ahead", "seasonal naive (12)"):
        assert part in page
    assert page.count("<svg") >= 6 and not re.search(r"<script|https?://(?!www\.w3)", page)


def test_columns_are_remembered(run, tmp_path):
    rows = [f"{shop},{day},{day % 7},{day % 7 == 0:d}" for shop in "ab" for day in range(80)]
    path = tmp_path / "shops.csv"
    path.write_text("\n".join(["shop,day,sold,sale", *rows]) + "\n", encoding="utf-8")
    how = ["--id", "shop", "--time", "day", "--covariates", "sale"]
    code, _, err = run("train", "forecast", path, "--out", tmp_path / "m", *how, *FAST)
    assert code == 0, err
    code, _, err = run("predict", tmp_path / "m", "--file", path)
    assert (
        code == 1
        and "known ahead of 0 steps behind the last value, and the model foretells 4" in err
    )
    ahead = [f"{shop},{day},,{day % 7 == 0:d}" for shop in "ab" for day in range(80, 84)]
    path.write_text("\n".join(["shop,day,sold,sale", *rows, *ahead]) + "\n", encoding="utf-8")
    code, out, _ = run("predict", tmp_path / "m", "--file", path)
    assert code == 0 and out.splitlines()[1].startswith("a,80,1,")
    assert len(out.splitlines()) == 9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("weather",), "does not hold values over time"),
        (("nothing.csv",), "there is no file"),
        (("el-nino", "--quantiles", "a"), "such as 0.1,0.5,0.9"),
        (("el-nino", "--values", "salt"), "no column 'salt'"),
        (("el-nino", "--folds", "60"), "fewer folds"),
        (("el-nino", "--season", "200", "--context", "24"), "season"),
    ],
)
def test_wrong_use_is_one_sentence(run, tmp_path, arguments, message):
    code, _, err = run("train", "forecast", *arguments, "--out", tmp_path / "m")
    assert code in (1, 2) and message in " ".join(err.split())
    assert not (tmp_path / "m").exists()
