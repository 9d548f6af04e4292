"""sestina train series and the verbs after it, from a table to a report."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sestina import load
from sestina.cli.app import main
from sestina.inspect.window_statistics import features
from test_series import waves

TRAIN = ["--hidden", "6", "--epochs", "15", "--learning-rate", "0.05", "--window", "8"]
TRAIN += ["--encoder", "gru", "--pool", "max"]


def table(path, count=40, gap=False, label=True, sep=","):
    """A long table of waves by ten people; some values left out."""
    x, y = waves(count, steps=14)
    rows = [sep.join(["id", "time", "left", "right", "subject"] + ["label"] * label)]
    for n in range(count):
        for t in range(14 - n % 4):
            left = "" if gap and t == 5 else f"{x[n, t, 0]:.4f}"
            cells = [f"r{n}", str(t), left, f"{x[n, t, 1]:.4f}", f"p{n // 2 % 10}"]
            rows.append(sep.join(cells + [y[n]] * label))
    path.write_text("\n".join(rows) + "\n")
    return str(path)


def run(*arguments, code=0):
    with pytest.raises(SystemExit) as left:
        main([str(one) for one in arguments])
    assert left.value.code == code
    return left


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("series")
    path = table(folder / "train.csv")
    run("train", "series", path, "--out", folder / "model", *TRAIN, "--validation-fraction", "0.2")
    return folder / "model"


def test_train_series_says_all_in_json(tmp_path, capsys):
    path = table(tmp_path / "t.csv", gap=True)
    run("train", "series", path, "--out", tmp_path / "m", *TRAIN, "--fill", "linear", "--json")
    shown = capsys.readouterr()
    result = json.loads(shown.out)
    assert result["task"] == "series" and result["channels"] == ["left", "right"]
    assert result["recordings"] == {"train": 28, "dev": 4, "test": 8}
    assert result["windows"]["test"] > result["recordings"]["test"]
    assert set(result["baseline"]) == {
        "majority class",
        "window statistics + logistic regression",
        "window statistics + gradient boosting",
    }
    assert result["parameters"] == result["trainable_parameters"] > 0
    assert "test drawn by subject (20 %, seed 0)" in shown.err
    assert (
        "40 values of 1,000 values missing, the first in 'r0', time 5, channel 'left'; fille"
        in (shown.err)
    )
    report = (tmp_path / "m" / "report.html").read_text(encoding="utf-8")
    assert "test recording" in report and "left" in report and "test text" not in report
    facts = json.loads((tmp_path / "m" / "metrics.json").read_text())
    wanted = "2 channels scaled (standard), gaps filled (linear), in windows of 8 steps"
    assert facts["reads"] == wanted


def test_gaps_are_refused_before_any_work(tmp_path, capsys):
    path = table(tmp_path / "t.csv", gap=True)
    run("train", "series", path, "--out", tmp_path / "m", *TRAIN, code=1)
    said = capsys.readouterr().err
    assert "the first in 'r0', time 5, channel 'left'; train with --fill forward, linear" in said
    assert not (tmp_path / "m").exists()


def test_the_model_is_asked_measured_and_told_of(model, tmp_path, capsys):
    new = table(tmp_path / "new.csv", count=8)
    capsys.readouterr()
    run("predict", model, "--file", new)
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [row[2] for row in rows] == [f"r{n}" for n in range(8)]
    assert [row[0] for row in rows] == ["falls", "rises"] * 4
    run("predict", model, "--file", table(tmp_path / "bare.csv", count=3, label=False), "--json")
    found = json.loads(capsys.readouterr().out)
    assert found["predictions"][1]["probabilities"]["rises"] > 0.5
    run("evaluate", model, new, "--json")
    found = json.loads(capsys.readouterr().out)
    assert found["recordings"] == 8 and found["metrics"]["accuracy"] == 1.0
    run("evaluate", model, new)
    assert "8 recordings" in capsys.readouterr().out.replace("\n", " ")
    run("info", model)
    assert "in windows of 8 steps" in capsys.readouterr().out.replace("\n", " ")
    run("gradients", model, new)
    assert "gru_after" in capsys.readouterr().out


def test_thresholds_and_temperature_of_a_model_of_series(model, tmp_path, capsys):
    own = tmp_path / "model"
    shutil.copytree(model, own)
    held = noisy(table(tmp_path / "held.csv", count=60))
    run("calibrate", own, held, "--json")
    fit = json.loads(capsys.readouterr().out)
    assert fit["recordings"] == fit["judged"] == 60 and "texts" not in fit
    assert fit["temperature"] > 1  # every fourth label is wrong
    run("evaluate", own, held, "--json")
    shown = json.loads(capsys.readouterr().out)["metrics"]
    assert shown["calibration_error"] == pytest.approx(fit["calibration_error"], abs=1e-4)
    run("find-threshold", own, held, "--measure", "recall>=0.9", "--positive", "rises", "--json")
    (row,) = json.loads(capsys.readouterr().out)["thresholds"]
    assert row["label"] == "rises" and row["recall"] >= 0.9 and row["present"] > 20
    run("predict", own, "--file", held)
    put = sum(line.startswith("rises") for line in capsys.readouterr().out.splitlines())
    assert put == row["put"]
    run("find-threshold", own, held, "--part", "dev")
    said = capsys.readouterr()
    assert "dev drawn by subject" in said.err and "recordings" in said.out.replace("\n", " ")
    run("find-threshold", own, "--undo")
    run("calibrate", own, "--undo")
    capsys.readouterr()
    run("info", own, "--json")
    facts = json.loads(capsys.readouterr().out)
    assert "threshold" not in facts and "calibration" not in facts
    assert load(own).decision_state() == {"temperature": 1.0, "thresholds": None}


def noisy(path):
    """Let every fourth recording of a table have the other label."""
    head, *rows = Path(path).read_text().splitlines()
    other = {"rises": "falls", "falls": "rises"}
    cells = [row.split(",") for row in rows]
    put = [[*c[:-1], other[c[-1]] if int(c[0][1:]) % 4 == 0 else c[-1]] for c in cells]
    Path(path).write_text("\n".join([head, *map(",".join, put)]) + "\n")
    return path


def test_what_a_model_of_series_cannot_read(model, tmp_path, capsys):
    run("predict", model, "some words", code=2)
    assert "reads series of numbers; give a file of them with --file" in capsys.readouterr().err
    path = table(tmp_path / "t.csv")
    run("evaluate", model, path, "--channels", "left", code=1)
    assert "has the channels left, and not right, which the model" in capsys.readouterr().err
    run("evaluate", model, table(tmp_path / "gap.csv", gap=True), code=1)
    assert "missing, the first in 'r0'" in capsys.readouterr().err
    run("calibrate", model, "movie-snippets", code=1)
    assert "does not hold recordings (it serves: classify)" in capsys.readouterr().err
    run("train", "series", "movie-snippets", "--out", tmp_path / "m", code=1)
    assert "does not hold recordings (it serves: classify)" in capsys.readouterr().err
    run("train", "classify", "watch-har", "--out", tmp_path / "m", code=1)
    run("train", "series", path, "--id", "who", "--out", tmp_path / "m", code=1)
    assert "has no column 'who'" in capsys.readouterr().err
    assert not (tmp_path / "m").exists()


def test_channels_are_known_by_their_names_whatever_their_order(model, tmp_path, capsys):
    path = table(tmp_path / "t.csv", count=8)
    other = tmp_path / "u.csv"
    lines = [line.split(",") for line in (tmp_path / "t.csv").read_text().splitlines()]
    more = [["extra" if n == 0 else str(n)] for n in range(len(lines))]
    turned = [[a, t, right, *one, left, *rest]
              for (a, t, left, right, *rest), one in zip(lines, more, strict=True)]  # fmt: skip
    other.write_text("\n".join(map(",".join, turned)))
    for verb in (["predict", model, "--file"], ["evaluate", model], ["gradients", model]):
        run(*verb, path)
        wanted = capsys.readouterr().out
        run(*verb, other)
        found = capsys.readouterr()
        assert found.out.replace("u.csv", "t.csv") == wanted
        assert "took the channels left, right, as the model was trained on them" in found.err
    other.write_text((tmp_path / "t.csv").read_text().replace("left,right", "up,down", 1))
    run("predict", model, "--file", other)
    said = capsys.readouterr().err.replace("\n", " ")
    assert "the model was trained on the channels left, right; took up, down for them" in said
    other.write_text((tmp_path / "t.csv").read_text().replace("left,right", "right,down", 1))
    run("predict", model, "--file", other, code=1)
    assert "and not left, which the model was trained on" in capsys.readouterr().err


def test_a_test_file_with_the_same_people_is_said(tmp_path, capsys):
    path = table(tmp_path / "t.csv")
    more = table(tmp_path / "test.tsv", count=6, sep="\t")
    run("train", "series", path, "--test", more, "--out", tmp_path / "m", *TRAIN)
    said = capsys.readouterr().err
    assert "careful: train and test share 2 subjects (p0, p1)" in said.replace("\n", " ")
    other = tmp_path / "other.csv"
    other.write_text((tmp_path / "t.csv").read_text().replace("right", "up", 1))
    run("train", "series", path, "--test", other, "--out", tmp_path / "m2", code=1)
    assert "has the channels left, up, " in capsys.readouterr().err


def test_help_does_not_wait_for_torch():
    code = (
        "import sys\nfrom sestina.cli.app import main\n"
        "try:\n    main(['train', 'series', '--help'])\n"
        "except SystemExit:\n    print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("False")


def test_statistics_of_a_window_are_what_they_say():
    t = np.arange(100) / 100
    slow, fast = np.sin(2 * np.pi * 2 * t), np.sin(2 * np.pi * 45 * t)
    window = np.stack([slow, fast], axis=1).astype(np.float32)
    (row,) = features([window])
    assert row.shape == (2 * (6 + 3 + 5 + 1) + 1,) and np.isfinite(row).all()
    assert np.allclose(row[:8], [0, 0, 0.5**0.5, 0.5**0.5, slow.min(), fast.min(), 1, fast.max()],
                       atol=1e-2)  # fmt: skip
    assert np.allclose(row[14:16], 0.5, atol=1e-3)  # energy of a sine
    assert 0.02 < row[18] < 0.05 and row[19] > 0.85  # zero crossings: 4 of 99, 90 of 99
    bands = row[20:30].reshape(5, 2)
    assert bands[:, 0].argmax() == 0 and bands[:, 1].argmax() == 4
    assert abs(row[30]) < 1e-6  # sines of two frequencies do not go together
    several = features([window, window[:7], window[:1], window[:0]])
    assert np.array_equal(several[0], row) and np.isfinite(several).all() and not several[3].any()
    assert np.isclose(features([np.stack([slow, -slow], axis=1)])[0, 30], -1)
