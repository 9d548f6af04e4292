"""Nothing that comes from texts, labels or words may steer the terminal that shows it."""

import io
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sestina import TextClassifier
from sestina.cli import show
from sestina.cli.app import main

EVIL = "\x1b[2J\x1b]0;title\x07\x9b31m"
STEERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        with pytest.raises(SystemExit) as left:
            main([*map(str, arguments)])
        shown = capsys.readouterr()
        assert not STEERS.search(shown.out), repr(shown.out)
        assert not STEERS.search(shown.err), repr(shown.err)
        return left.value.code, shown.out, shown.err

    return call


def test_a_title_may_be_wider_than_its_table(capsys):
    show.facts("a title of its own", {"n": 1})
    show.table("another [b]", ("n",), [("2",)])
    assert capsys.readouterr().out.split("\n") == [
        "a title of its own", "n  1", "another [b]", "n", "2", "",
    ]  # fmt: skip


@pytest.mark.parametrize("width", [100, 80, 77, 60, 54])
def test_narrow_tables_cut_no_number(capsys, monkeypatch, width):
    monkeypatch.setattr(show.out, "_width", width)
    heads = ("model", "accuracy", "95 % interv.", "span F1", "parameters")
    names = ("window + logistic regression of words", "net")
    show.table("", heads, [(name, "0.912", "0.927–1.000", "1.000", 12345678) for name in names])
    lines = capsys.readouterr().out.splitlines()
    words = " ".join(lines).split()
    assert max(map(len, lines)) <= width
    assert words.count("0.927–1.000") == words.count("12,345,678") == words.count("1.000") == 2
    assert {"accuracy", "interv.", "span", "F1", "parameters", "logistic", "net"} <= set(words)
    whole = [line for line in lines if line.startswith(names[0])]
    assert len(whole) == (width >= 80), "a name is folded before it has to be"


def test_brackets_are_shown_as_they_are(capsys):
    show.facts("a [b]", {"one": "[b]x", "several": ["[b]x", "y[/b]"], "named": {"n": "[b]x"}})
    assert capsys.readouterr().out.split("\n") == [
        "a [b]", "one      [b]x", "several  [b]x, y[/b]", "named    n [b]x", "",
    ]  # fmt: skip


@pytest.fixture
def model(tmp_path):
    texts = [f"{'fine' if n % 2 else 'dull'} film {n}" for n in range(40)]
    net = TextClassifier(encoder="mean", epochs=2, seed=0)
    net.fit(texts, [f"b{EVIL}" if n % 2 else "a" for n in range(40)]).save(tmp_path / "m")
    return tmp_path / "m"


@pytest.fixture
def table(put):
    rows = [f"{EVIL} film {n},{f'b{EVIL}' if n % 2 else 'a'}\n" for n in range(40)]
    return put("evil.csv", "text,label\n" + "".join(rows) + f"fine,c{EVIL}\nfine,a\n")


@settings(max_examples=200)
@given(st.text())
def test_harmless_changes_control_signs_only(text):
    shown = show.harmless(text)
    assert len(shown) == len(text) and not STEERS.search(shown)
    assert all(a == b or (STEERS.match(a) and b == "�") for a, b in zip(text, shown, strict=True))


def test_predictions(run, model):
    code, out, _ = run("predict", model, f"fine {EVIL} film")
    assert code == 0 and "�[2J" in out
    code, out, _ = run("predict", model, f"fine {EVIL} film", "--json")
    (row,) = json.loads(out)["predictions"]
    assert row["text"] == f"fine {EVIL} film" and f"b{EVIL}" in row["probabilities"]


def test_labels_in_tables_sentences_and_errors(run, model, table):
    code, out, _ = run("data", "check", table)
    assert code == 0 and "�" in out
    code, out, _ = run("data", "check", table, "--json")
    assert f"b{EVIL}" in json.loads(out)["facts"]["classes"]
    code, out, _ = run("info", model)
    assert code == 0
    code, _, err = run("evaluate", model, table)
    assert code == 1 and err
    code, _, err = run("train", "classify", table, "--out", "new", "--label", f"labl{EVIL}")
    assert code == 1 and "no column" in err


def test_sentences(run, put):
    code, out, _ = run("data", "sentences", put("a.txt", f"One {EVIL} here. Two there."))
    assert code == 0 and out.splitlines()[1] == "Two there."


def test_verbs_write_through_show():
    folder = Path(show.__file__).parent
    loose = [
        p.name for p in folder.glob("*.py") if re.search(r"stdout\.write", p.read_text("utf-8"))
    ]
    assert loose == ["show.py"]


def test_styles_still_reach_a_terminal(monkeypatch):
    kind = type(show.out)
    console = kind(file=io.StringIO(), force_terminal=True, color_system="standard", width=80)
    console.print(f"[bold]{EVIL}[/bold] plain")
    written = console.file.getvalue()
    assert "\x1b[1m" in written and "\x1b[2J" not in written and "\x07" not in written
