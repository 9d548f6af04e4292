"""sestina train bridge and the verbs after it, from clean recordings and their twins."""

import json

import numpy as np
import pytest

from sestina.cli.bridge_job import check_twins
from sestina.data.series_files import read_series
from sestina.errors import DataError
from sestina.progress import Reporter
from test_cli_series import run, table

SMALL = "--hidden 6 --reduced 6 --filters 4 --filter-width 3 --layers 1 --feedback-layers 1".split()
SMALL += "--epochs 3 --learning-rate 0.02 --validation-fraction 0.2 --window 8".split()


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    return table(tmp_path_factory.mktemp("bridge") / "clean.csv")


@pytest.fixture(scope="module")
def model(clean, tmp_path_factory):
    out = tmp_path_factory.mktemp("bridge") / "model"
    run("train", "bridge", clean, "--out", out, *SMALL, "--denoise", "0.5", "--lost", "0.2")
    return out


def noisy_of(clean, path, drop=None):
    """The same table, noise on its values; the rows of one recording left out, or its last."""
    rng, rows = np.random.default_rng(0), []
    with open(clean) as lines:
        head, *steps = lines.read().splitlines()
    for step in steps:
        name, time, left, right, *rest = step.split(",")
        values = [f"{float(v) + rng.normal():.4f}" for v in (left, right)]
        rows.append(",".join([name, time, *values, *rest]))
    if drop == "recording":
        rows = [row for row in rows if not row.startswith("r3,")]
    if drop == "step":
        rows.pop()
    path.write_text("\n".join([head, *rows]) + "\n")
    return str(path)


def test_it_says_all_in_json(clean, tmp_path, capsys):
    noisy = noisy_of(clean, tmp_path / "noisy.csv")
    run("train", "bridge", clean, "--noisy", noisy, "--out", tmp_path / "m", *SMALL, "--json")
    shown = capsys.readouterr()
    result = json.loads(shown.out)
    assert result["task"] == "bridge" and result["recursions"] == 0
    assert (
        not [*(tmp_path / "m").rglob("checkpoint*")] and not (tmp_path / "m" / "teacher").exists()
    )
    assert result["noise"].startswith("twins from") and "noisy.csv" in result["noise"]
    assert set(result["bridge_errors"]) == {"kd", "dr", "lstm3"}
    assert 0 <= result["teacher"]["accuracy"] <= 1
    assert "window statistics + logistic regression" in result["baseline"]


def test_the_report_tells_of_bridges_and_twins(model):
    page = (model / "report.html").read_text()
    assert "twins made: noise at -5 dB" in page and "on the clean twins: accuracy" in page
    assert "twins made" in (model / "README.md").read_text()
    for told in ("Bridge between the reduced features", "A test recording and its twin",
                 "recursive network, KD+DR+LSTM3", "denoise"):  # fmt: skip
        assert told in page
    assert "<script" not in page


def test_the_verbs_of_series_take_it(model, clean, tmp_path, capsys):
    run("predict", model, "--file", clean)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 40 and lines[0].split("\t")[2] == "r0"
    run("evaluate", model, clean, "--json")
    assert json.loads(capsys.readouterr().out)["recordings"] == 40
    run("info", model)
    assert "BridgeClassifier" in capsys.readouterr().out
    run("gradients", model, clean, "--json")
    assert json.loads(capsys.readouterr().out)["layers"]


def test_a_run_whose_teacher_was_stopped_goes_on(clean, tmp_path, capsys, monkeypatch):
    out, whole = tmp_path / "m", tmp_path / "whole"
    run("train", "bridge", clean, "--out", whole, *SMALL)
    told = capsys.readouterr().err
    assert told.index("first its teacher") < told.index("epoch") < told.index("now the student")
    stopped = iter([None, KeyboardInterrupt()])  # after the teacher's second epoch

    def line(reporter, row, best):
        if (stop := next(stopped)) is not None:
            raise stop

    with monkeypatch.context() as patched:
        patched.setattr(Reporter, "epoch", line)
        run("train", "bridge", clean, "--out", out, *SMALL, code=1)
    assert [path.name for path in out.iterdir()] == ["teacher"]
    run("train", "bridge", clean, "--out", out, *SMALL, code=1)
    assert "go on with --resume" in capsys.readouterr().err
    run("train", "bridge", clean, "--out", out, *SMALL, "--resume")
    assert "has no checkpoint" not in capsys.readouterr().err
    assert not (out / "teacher").exists()
    name = "model.safetensors"
    assert (out / name).read_bytes() == (whole / name).read_bytes()


def test_without_bridges_there_is_no_teacher(clean, tmp_path, capsys):
    plain = ["--kd", "0", "--dr", "0", "--lstm3", "0", "--json"]
    run("train", "bridge", clean, "--out", tmp_path / "m", *SMALL, *plain)
    result = json.loads(capsys.readouterr().out)
    assert "teacher" not in result and result["name"].endswith("no teacher")


@pytest.mark.parametrize(("drop", "said"), [("recording", "no twin of 'r3'"), ("step", "steps in")])
def test_twins_that_do_not_fit_are_refused(clean, tmp_path, capsys, drop, said):
    noisy = noisy_of(clean, tmp_path / "noisy.csv", drop)
    run("train", "bridge", clean, "--noisy", noisy, "--out", tmp_path / "m", *SMALL, code=1)
    assert said in capsys.readouterr().err and not (tmp_path / "m").exists()


def test_twins_of_another_label_are_refused_and_other_times_told(clean, tmp_path, capsys):
    noisy_of(clean, tmp_path / "noisy.csv")
    head, *lines = (tmp_path / "noisy.csv").read_text().splitlines()
    cells = [line.split(",") for line in lines]

    def checked(rows):
        (tmp_path / "other.csv").write_text("\n".join([head, *(",".join(row) for row in rows)]))
        check_twins(read_series(clean), read_series(tmp_path / "other.csv"))

    labels = sorted({row[-1] for row in cells})
    other = [[*row[:-1], labels[row[-1] == labels[0]]] if row[0] == "r3" else row for row in cells]
    with pytest.raises(DataError, match=r"'r3' is .* twins have one label"):
        checked(other)
    checked([[row[0], str(int(row[1]) + 100), *row[2:]] for row in cells])
    told = " ".join(capsys.readouterr().err.split())
    assert "40 recordings of" in told and "have other times than their twins, 'r0' among" in told
    checked(cells)
    assert not capsys.readouterr().err


def test_twins_are_given_or_made(clean, tmp_path, capsys):
    given = ("train", "bridge", clean, "--noisy", clean, "--out", tmp_path / "m", *SMALL)
    run(*given, "--lost", "0.2", code=2)
    assert "--lost makes twins, and --noisy gives them" in capsys.readouterr().err


def test_gaps_of_twins_are_named(clean, tmp_path, capsys):
    noisy = noisy_of(clean, tmp_path / "noisy.csv")
    lines = (tmp_path / "noisy.csv").read_text().splitlines()
    name, time, _, *rest = lines[1].split(",")
    (tmp_path / "noisy.csv").write_text(
        "\n".join([lines[0], ",".join([name, time, "", *rest]), *lines[2:]])
    )
    given = ("train", "bridge", clean, "--noisy", noisy, "--out", tmp_path / "m", *SMALL)
    run(*given, code=1)
    told = capsys.readouterr().err
    assert "missing" in told and repr(name) in told and not (tmp_path / "m").exists()


def test_amounts_that_make_no_sense_are_refused(clean, tmp_path, capsys):
    run("train", "bridge", clean, "--out", tmp_path / "m", *SMALL, "--lost", "1.5", code=2)
    assert "lost" in capsys.readouterr().err
