"""What the documentation shows is run: README, docstrings, the page of the command line."""

import doctest
import gzip
import importlib.metadata
import importlib.util
import json
import pkgutil
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

import sestina
from sestina.cli.app import main
from sestina.data import datasets

ROOT = Path(sestina.__file__).parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language, page=README):
    return re.findall(rf"```{language}\n(.*?)```", page, flags=re.DOTALL)


def run(code, name):
    exec(compile(code, name, "exec"), {})


def test_readme_python_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    classifier, vectors, swap = blocks("python")
    run(classifier, "README.md")
    accuracy, label = capsys.readouterr().out.split("\n")[:2]
    assert float(accuracy) > 0.7 and label == "['pos']"
    run(vectors, "README.md")
    assert "queen" in capsys.readouterr().out
    run(swap, "README.md")
    run(swap.replace("from sestina.nn import", "from torch.nn import"), "before the swap")


def test_page_of_the_layers_runs():
    page = (ROOT / "docs" / "layers.md").read_text(encoding="utf-8")
    run("\n".join(blocks("python", page)), "layers.md")


def commands(page):
    lines = [line for block in blocks("sh", page) for line in block.splitlines()]
    return [line for line in lines if line.startswith("sestina ")]


def run_command(line):
    with pytest.raises(SystemExit) as left:
        main(shlex.split(line)[1:])
    assert left.value.code == 0, line


def test_page_of_the_vectors_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "vectors.md").read_text(encoding="utf-8")
    run("\n".join(blocks("python", page)), "vectors.md")
    assert len(commands(page)) == 14
    for line in commands(page):
        run_command(line)


def test_page_of_classifying_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "classify.md").read_text(encoding="utf-8")
    run("\n".join(blocks("python", page)), "classify.md")
    assert float(re.search(r"(\S+) of 184 paragraphs", capsys.readouterr().out)[1]) > 0.97
    assert len(commands(page)) == 7
    for line in commands(page):
        run_command(line)


def test_page_of_classifying_subwords_runs(capsys):
    pytest.importorskip("tokenizers", reason="the extra 'subword' is not installed")
    page = (ROOT / "docs" / "classify.md").read_text(encoding="utf-8")
    run("\n".join(blocks("py", page)), "classify.md")
    assert float(capsys.readouterr().out.split()[0]) > 0.7


def test_page_of_tagging_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "tag.md").read_text(encoding="utf-8")
    run("\n".join(blocks("python", page)), "tag.md")
    assert float(re.search(r"(\S+) of all words", capsys.readouterr().out)[1]) > 0.9
    assert len(commands(page)) == 3
    for line in commands(page):
        run_command(line)


def test_page_of_translating_runs(tmp_path, monkeypatch, capsys):
    pytest.importorskip("sacrebleu", reason="the extra 'translate' is not installed")
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "translate.md").read_text(encoding="utf-8")
    run("\n".join(blocks("python", page)), "translate.md")
    said = capsys.readouterr().out
    assert float(re.search(r"(\S+) of the dates never seen", said)[1]) >= 0.98
    assert len(commands(page)) == 3
    for line in commands(page):
        run_command(line)


def test_page_of_translating_subwords_runs(capsys):
    pytest.importorskip("sacrebleu", reason="the extra 'translate' is not installed")
    pytest.importorskip("tokenizers", reason="the extra 'subword' is not installed")
    page = (ROOT / "docs" / "translate.md").read_text(encoding="utf-8")
    run("\n".join(blocks("py", page)), "translate.md")
    assert "chrf" in capsys.readouterr().out


def test_page_of_forecasting_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "forecast.md").read_text(encoding="utf-8")
    run("\n".join(blocks("python", page)), "forecast.md")
    said = capsys.readouterr().out
    assert float(re.search(r"error of a wave (\S+)", said)[1]) <= 0.06
    assert 0.9 < float(re.search(r"error of noise (\S+),", said)[1]) < 1.2
    assert "(1, 3, 2, 3)" in said and "beats last value" in said and said.endswith("True\n")
    assert len(commands(page)) == 4
    for line in commands(page):
        run_command(line)
    assert "2011-12,12," in capsys.readouterr().out


def test_page_of_the_language_models_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    run("\n".join(blocks("python", page)), "language.md")
    assert len(commands(page)) == 5
    for line in commands(page):
        run_command(line)


def test_page_of_the_subword_models_runs():
    pytest.importorskip("tokenizers", reason="the extra 'subword' is not installed")
    page = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    run("\n".join(blocks("py", page)), "language.md")


@pytest.fixture
def few_names(tmp_path, monkeypatch):
    """Of the shipped first names every tenth; the figures of the page are those of all."""
    head, *rows = gzip.decompress(datasets.path("first-names").read_bytes()).splitlines(True)
    file = tmp_path / "first-names.tsv.gz"
    file.write_bytes(gzip.compress(b"".join([head, *rows[::10]])))
    monkeypatch.setattr(datasets, "path", {"first-names": file}.__getitem__)


def test_page_of_the_names_runs(tmp_path, monkeypatch, capsys, few_names):
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "names.md").read_text(encoding="utf-8")
    run("\n".join(blocks("python", page)), "names.md")
    right, count = re.search(r"(\S+) of (\d+) names", capsys.readouterr().out).groups()
    assert float(right) > 0.75 and int(count) > 300
    assert len(commands(page)) == 9
    for line in commands(page):
        run_command(line)
    assert "\tHeather\n" in capsys.readouterr().out


def test_page_of_the_music_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "music.md").read_text(encoding="utf-8")
    run("\n".join(blocks("python", page)), "music.md")
    shown = capsys.readouterr().out
    found = re.search(r"(\d+) of 20 tunes are new; (\d+)% of bars", shown)
    assert int(found[1]) >= 5 and int(found[2]) >= 70
    lines = (tmp_path / "tune.abc").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "X:1" and lines[-1].startswith("G2 ") and lines[-1].endswith("]")


def test_page_of_pre_training_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "pretrain.md").read_text(encoding="utf-8")
    run("\n".join(blocks("python", page)), "pretrain.md")
    shown = capsys.readouterr().out
    rates = [
        float(re.search(rf"{name} (\S+?),?\n", shown)[1])
        for name in ("nothing", "pre-trained", "linear")
    ]
    assert rates[0] < 0.8 and min(rates[1:]) > 0.9
    assert re.search(r"^begins as a .* 6 more begin", shown, flags=re.MULTILINE)
    assert len(commands(page)) == 6
    for line in commands(page):
        run_command(line)


def test_page_of_the_gradients_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "gradients.md").read_text(encoding="utf-8")
    run("\n".join(blocks("python", page)), "gradients.md")
    last, most = capsys.readouterr().out.splitlines()
    assert re.match(r"last 0\.[45]\d? \['encoder.cell, layer 1: gradients reach 1\d steps", last)
    assert re.match(r"max (1\.0|0\.9\d?) \[\]", most)
    assert len(commands(page)) == 4
    for line in commands(page):
        run_command(line)
    assert "nothing wrong was found" in capsys.readouterr().out


@pytest.fixture
def short_watch(tmp_path, monkeypatch):
    """Of the shipped watch's steps every second; the figures of the page are those of all."""
    with np.load(datasets.path("watch-har")) as arrays:
        found = dict(arrays)
    rows = [row[::2] for row in np.split(found["data"], np.cumsum(found["lengths"])[:-1])]
    found |= {"data": np.concatenate(rows), "lengths": np.array([len(row) for row in rows])}
    np.savez(tmp_path / "watch-har.npz", **found)
    where = {"watch-har": tmp_path / "watch-har.npz"}
    monkeypatch.setattr(datasets, "path", where.__getitem__)


def test_page_of_the_series_runs(tmp_path, monkeypatch, capsys, short_watch):
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "series.md").read_text(encoding="utf-8")
    walks, watch = blocks("python", page)
    run(walks, "series.md")
    assert len(commands(page)) == 9
    for line in commands(page):
        run_command(line)
    found = json.loads((tmp_path / "walks" / "metrics.json").read_text(encoding="utf-8"))
    assert found["metrics"]["accuracy"] > 0.9 > found["baseline"]["majority class"]["accuracy"]
    capsys.readouterr()
    run(watch, "series.md")
    shown = capsys.readouterr().out
    assert float(re.search(r"(\S+) of the recordings of two people", shown)[1]) > 0.4
    assert shown.rstrip().endswith(" True")


def test_page_of_the_speech_runs(tmp_path, monkeypatch, capsys):
    pytest.importorskip("soundfile", reason="the extra 'audio' is not installed")
    pytest.importorskip("pyroomacoustics", reason="the extra 'audio' is not installed")
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "speech.md").read_text(encoding="utf-8")
    clips, *others = blocks("python", page)
    names = {}
    exec(compile(clips, "speech.md", "exec"), names)
    assert len(commands(page)) == 4
    for line in commands(page):
        run_command(line)
    exec(compile("\n".join(others), "speech.md", "exec"), names)
    said = capsys.readouterr().out
    rates = {
        (name, how): float(rate)
        for name, how, rate in re.findall(r"(\w+) +(greedy|with words) +WER (\S+)", said)
    }
    assert len(rates) == 6 and rates["clean", "greedy"] < 0.05
    assert rates["sdm", "greedy"] > 0.3  # far off it is hard
    assert rates["mdm", "with words"] <= rates["sdm", "with words"] < rates["sdm", "greedy"]
    assert int(re.search(r"words take away (\S+)%", said)[1]) > 0


def test_page_of_similarity_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "similarity.md").read_text(encoding="utf-8")
    run("\n".join(blocks("python", page)), "similarity.md")
    shown = capsys.readouterr().out
    assert float(re.search(r"(\S+) of the pairs of languages", shown)[1]) > 0.8
    assert float(re.search(r"(\S+) of the pairs of other people", shown)[1]) > 0.8
    assert len(commands(page)) == 2
    for line in commands(page):
        run_command(line)


def test_page_of_the_texts_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "text.md").read_text(encoding="utf-8")
    run("\n".join(blocks("python", page)), "text.md")
    assert len(commands(page)) == 3
    for line in commands(page):
        run_command(line)


def test_page_of_the_subwords_runs(tmp_path, monkeypatch):
    pytest.importorskip("tokenizers", reason="the extra 'subword' is not installed")
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "text.md").read_text(encoding="utf-8")
    run("\n".join(blocks("py", page)), "text.md")


def test_readme_shell_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert len(commands(README)) == 10
    for line in commands(README):
        run_command(line)
    assert "pos\t" in capsys.readouterr().out


def test_no_page_has_a_gap():
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"^[A-Z]{4,}$|TODO", text, flags=re.MULTILINE), page


def test_make_targets_of_the_readme_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"make (\w+)", README):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target


def test_links_lead_somewhere():
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        for link in re.findall(r"\]\((?!http)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_page_of_the_command_line_is_today_s():
    spec = importlib.util.spec_from_file_location("write_cli", ROOT / "docs" / "write_cli.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text(encoding="utf-8") == module.page(), "run docs/write_cli.py"


def test_resume_says_what_it_needs():
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    section = page.partition("## sestina train classify")[2].partition("\n## ")[0]
    (row,) = (line for line in section.splitlines() if line.startswith("| `--resume`"))
    assert "same data, options and number of threads" in row


def test_docstring_examples():
    count = 0
    for found in pkgutil.walk_packages(sestina.__path__, "sestina."):
        if found.name == "sestina.__main__":
            continue
        result = doctest.testmod(importlib.import_module(found.name))
        assert not result.failed, found.name
        count += result.attempted
    assert count >= 5


def test_version_is_stated_once():
    page = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert sestina.__version__ in page or "Unreleased" in page
    assert importlib.metadata.version("sestina") == sestina.__version__


def test_page_of_the_bridges_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "bridgenet.md").read_text(encoding="utf-8")
    run("\n".join(blocks("python", page)), "bridgenet.md")
    told = capsys.readouterr().out
    rates = dict(re.findall(r"^(student|teacher|.*taught:) (\S+)$", told, re.MULTILINE))
    assert float(rates["student"]) > 0.7 and float(rates["teacher"]) > 0.9
    assert float(rates["mistyped reviews, taught:"]) > 0.53
    assert len(commands(page)) == 2
    for line in commands(page):
        run_command(line)
    shown = capsys.readouterr()
    assert "twins from noisy.csv" in shown.err
    assert float(re.search(r"^this model +(\S+)", shown.out, re.MULTILINE).group(1)) > 0.7
