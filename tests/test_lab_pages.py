"""The laboratory's verbs and pages: what is printed, kept and drawn, on all three sources."""

import json
import random
import re
import shutil
from pathlib import Path

import pytest

from sestina.cli.app import main
from sestina.lab import experiment, figures
from sestina.lab.run import Laboratory
from test_keras_imdb import put_imdb

DOCS = Path(__file__).parent.parent / "docs"
GOOD, BAD = "warm lovely bright fine".split(), "cold dull grey poor".split()


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        with pytest.raises(SystemExit) as left:
            main(["lab", *arguments])
        shown = capsys.readouterr()
        assert "Traceback" not in shown.err
        return left.value.code, shown.out, shown.err

    return call


def texts(count, seed):
    rng = random.Random(seed)
    kinds = ["pos" if n % 2 else "neg" for n in range(count)]
    return [
        (" ".join([rng.choice(GOOD if k == "pos" else BAD), "film", f"n{n}"]), k)
        for n, k in enumerate(kinds)
    ]


@pytest.fixture
def acl(tmp_path):
    for part, seed in (("train", 1), ("test", 2)):
        for n, (text, kind) in enumerate(texts(160, seed)):
            file = tmp_path / "aclImdb" / part / kind / f"{n}_{9 if kind == 'pos' else 2}.txt"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text.replace("film", "film<br /><br />"), encoding="utf-8")
    (tmp_path / "aclImdb" / "train" / "unsup").mkdir()
    (tmp_path / "aclImdb" / "train" / "unsup" / "0_0.txt").write_text("a film")
    (tmp_path / "aclImdb" / "imdb.vocab").write_text("film\n")
    return str(tmp_path / "aclImdb")


@pytest.fixture
def keras(tmp_path):
    rows = {part: texts(160, seed) for part, seed in (("train", 1), ("test", 2))}
    words = sorted({w for found in rows.values() for text, _ in found for w in text.split()})
    index = {word: rank for rank, word in enumerate(words, 1)}
    lists = {k: [[index[w] for w in text.split()] for text, _ in v] for k, v in rows.items()}
    lists = {k: [row + [1] * (n % 2) for n, row in enumerate(v)] for k, v in lists.items()}
    codes = {k: [int(kind == "pos") for _, kind in v] for k, v in rows.items()}
    return str(
        put_imdb(
            tmp_path / "keras", lists["train"], lists["test"], codes["train"], codes["test"], index
        )
    )


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "own.csv"
    lines = [f'"{text}","{kind}"' for text, kind in texts(300, 3)]
    path.write_text("review,sentiment\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def test_list(run):
    code, out, _ = run("list")
    assert code == 0 and max(map(len, out.splitlines())) <= 80
    assert all(name in out for name in experiment.names())
    code, out, _ = run("list", "--json")
    found = {one["name"]: one for one in json.loads(out)["experiments"]}
    assert found["c9-simple-rnn-16"]["lecture"]["parameters"] == 160_545
    assert found["c9-simple-rnn-16"]["options"]["encoder"] == "rnn"


@pytest.mark.parametrize("source", ["acl", "keras", "table"])
def test_the_same_experiments_run_on_all_sources(run, source, request):
    path = request.getfixturevalue(source)
    names = ["c1-perceptron", "c1-sigmoid-neuron", "c2-multi-hot", "c9-simple-rnn-16",
             "c5-200-texts-random"]  # fmt: skip
    code, out, err = run("run", *names, "--quick", "--json", "--data", path)
    result = json.loads(out)
    assert code == 0 and [one["experiment"] for one in result["experiments"]] == names
    for one in result["experiments"]:
        match = None if one["row"] == "C1" else True  # the lecture counts no neuron's weights
        assert one["parameters"]["match"] is match and one["data"]["name"] == path
        assert one["data"]["classes"] == 2 and f"{one['experiment']}: seed 0 (1 of 1)" in err
    assert len({one["data"]["sha256"] for one in result["experiments"]}) == 1


def test_one_experiment_is_told_in_full(run, table, tmp_path):
    (tmp_path / "own.toml").write_text(
        'title = "Mine."\nrow = "C9"\n[options]\nencoder = "mean"\nepochs = 8\nembedding = 8\n'
        'learning_rate = 0.03\n[lecture]\naccuracy = 0.8\nsaid = "test"\n'
    )
    code, out, _ = run("run", "own.toml", "--data", table, "--seeds", "2", "--text", "review",
                       "--label", "sentiment")  # fmt: skip
    assert code == 0 and max(map(len, out.splitlines())) <= 80
    for fact in ("over 2 seeds", "0.80 (test)", "averaged", "TF-IDF", "records lab-results"):
        assert fact in " ".join(out.split()), fact
    assert re.search(r"record +own--own\.csv--\w+\.json\n", out) and "quick" not in out
    assert "the lecture gives no count" in " ".join(out.split())
    assert len(list((tmp_path / "lab-results").glob("own--own.csv--*.json"))) == 1


def test_an_experiment_of_one_s_own_needs_no_row_and_no_deck(run, table, tmp_path):
    (tmp_path / "own.toml").write_text(
        f'title = "Mine."\ndata = "{table}"\n[options]\nencoder = "mean"\nepochs = 1\n'
    )
    code, out, err = run("run", "own.toml", "--quick", "--vectors", "none.txt")
    assert code == 0 and out.startswith("own: Mine.\n")
    assert "own reads no pre-trained vectors: --vectors changes nothing" in err
    assert run("report")[0] == 0
    page = (tmp_path / "lab-results" / "lectures.md").read_text(encoding="utf-8")
    assert f"\n## `own` on {table}\n\nMine.\n" in page


def test_several_experiments_are_told_in_a_table(run, table):
    code, out, _ = run(
        "run", "c3-embedding-flatten", "c9-simple-rnn-16", "--quick", "--data", table
    )
    assert code == 0 and max(map(len, out.splitlines())) <= 80
    assert re.search(r"c9-simple-rnn-16 +0\.\d{3} +0\.8073 +160,545 match", out)
    assert "2 experiments in" in out and "a quick run's figures are worth nothing" in out
    code, out, _ = run("run", *["c3-embedding-flatten"] * 2, "--quick", "--data", table)
    assert code == 0 and "1 experiment in" in out


def test_options_set_otherwise_are_recorded_and_shown(run, table, tmp_path):
    own = ["c9-simple-rnn-16", "--quick", "--data", table]
    assert run("run", *own)[0] == 0
    code, out, _ = run("run", *own, "--set", "hidden=8", "--set", "pool=max")
    assert code == 0 and "changed" in out and "hidden=8, pool=max" in out
    assert max(map(len, out.splitlines())) <= 80
    code, out, _ = run("run", *own, "c2-multi-hot", "--set", "hidden=8")
    assert code == 0 and max(map(len, out.splitlines())) <= 80
    assert "c9-simple-rnn-16, hidden=8" in " ".join(out.split())
    code, out, _ = run("run", *own, "--set", "hidden=8", "--json")
    (one,) = json.loads(out)["experiments"]
    assert one["changed"] == {"hidden": 8} and one["options"]["hidden"] == 8
    assert json.loads((tmp_path / one["record"]).read_text())["changed"] == {"hidden": 8}
    assert run("report", "--out", "pages")[0] == 0
    page = (tmp_path / "pages" / "lectures.md").read_text(encoding="utf-8")
    assert "`c9-simple-rnn-16` with `hidden=8, pool=max` (quick)" in page
    html = (tmp_path / "pages" / "lectures.html").read_text(encoding="utf-8")
    assert "c9-simple-rnn-16, hidden=8</h2>" in html and "<td>hidden=8</td>" in html
    code, _, err = run("run", *own, "--set", "hiden=8")
    assert code == 2 and "did you mean 'hidden'" in err and "c9-simple-rnn-16" in err
    code, _, err = run("run", "c1-perceptron", "--set", "hidden=8", "--data", table)
    assert code == 2 and "unknown option 'hidden'" in err


def test_several_networks_are_told_together_and_alone(run, table, tmp_path):
    (tmp_path / "pair.toml").write_text(
        'title = "Two."\nrow = "C13"\n[options]\nepochs = 8\nembedding = 8\nlearning_rate = 0.03\n'
        '[members.mean]\nencoder = "mean"\n[members.cnn]\nencoder = "cnn"\nhidden = 4\n'
    )
    code, out, err = run("run", "pair.toml", "--data", table, "--seeds", "2")
    assert code == 0 and max(map(len, out.splitlines())) <= 80
    said = " ".join(out.split())
    assert re.search(r"each alone mean [01]\.\d{3} ± 0\.\d{3}, cnn [01]\.\d{3}", said), said
    assert re.search(r"NB-SVM [01]\.\d{3} \(0\.\d{3}–[01]\.\d{3}\)", said), said
    assert re.search(r"by chance TF-IDF \+ logistic regression p [=<] [01]\.\d{3}", said), said
    assert "mean best epoch" in err and "cnn best epoch" in err
    code, _, _ = run("report", "--out", "pages")
    page = (tmp_path / "pages" / "lectures.md").read_text(encoding="utf-8")
    assert "Loss by epoch, seed 0, mean, best epoch" in page
    assert "Loss by epoch, seed 0, cnn, best epoch" in page
    html = (tmp_path / "pages" / "lectures.html").read_text(encoding="utf-8")
    assert html.count("<svg") == 2 * 2 and "Loss, seed 0, cnn" in html


def test_wrong_use_is_one_sentence(run, table):
    code, _, err = run("run")
    assert code == 2 and "name one experiment or more, or give --all" in err
    code, _, err = run("run", "c2-multi-hot", "--all")
    assert code == 2
    code, _, err = run("run", "c9-simple-rn-16")
    assert code == 1 and "did you mean 'c9-simple-rnn-16'" in err
    code, _, err = run("run", "C10")
    assert code == 1 and "did you mean c10-lstm-16 or c10-lstm-32?" in err
    code, _, err = run("run", "reviews")
    assert code == 1 and err.endswith("no experiment 'reviews'; see: sestina lab list\n")
    code, _, err = run("run", "c14-topics")
    assert code == 1 and "give yours: sestina lab run c14-topics --data PATH" in err
    code, _, err = run("run", "c5-200-texts-random", "--data", table)
    assert code == 1 and "needs 125 of each of 2 classes" in err
    code, _, err = run("report")
    assert code == 1 and "run an experiment first" in err
    code, _, err = run("report", "--out", "x", "--markdown", "y.md")
    assert code == 2


def test_all_goes_on_where_one_cannot_be_run(run, table, monkeypatch):
    names = ["c2-multi-hot", "c5-200-texts-random", "c14-topics"]
    monkeypatch.setattr(experiment, "names", lambda: names)
    code, out, err = run("run", "--all", "--seeds", "1", "--data", table, "--json")
    result = json.loads(out)
    assert code == 1
    assert [one["experiment"] for one in result["experiments"]] == ["c2-multi-hot"]
    assert [one["experiment"] for one in result["skipped"]] == ["c14-topics"]
    assert [one["experiment"] for one in result["failed"]] == ["c5-200-texts-random"]
    assert "c14-topics: skipped" in err and "c5-200-texts-random: failed" in err


def test_all_gives_reviews_to_experiments_on_reviews_only(run, table, monkeypatch):
    monkeypatch.setattr(experiment, "names", lambda: ["c2-multi-hot", "c14-languages"])
    code, out, _ = run("run", "--all", "--quick", "--data", table, "--json")
    done = {one["experiment"]: one["data"]["name"] for one in json.loads(out)["experiments"]}
    assert code == 0 and done == {"c2-multi-hot": table, "c14-languages": "languages"}


def test_pages_have_the_table_and_the_curves(run, table, tmp_path):
    names = ["c9-simple-rnn-16", "c2-multi-hot"]
    assert run("run", *names, "--quick", "--data", table)[0] == 0
    assert run("run", names[1], "--quick", "--data", table)[0] == 0
    code, out, _ = run("report", "--out", "pages", "--json")
    result = json.loads(out)
    assert code == 0 and (result["records"], result["experiments"]) == (3, 2)
    html = (tmp_path / "pages" / "lectures.html").read_text(encoding="utf-8")
    assert html.count("<svg") == 2 * 2 * 2  # loss and accuracy, light and dark, two experiments
    for fact in ("160,305 match", "0.8073", "not run yet", "All records", "Validation accuracy"):
        assert fact in html, fact
    assert not re.search(r"(?:src|href)=\"http", html)
    page = (tmp_path / "pages" / "lectures.md").read_text(encoding="utf-8")
    assert "Written by `sestina lab report --out pages`." in page
    assert re.search(r"\| C2 \| `c2-multi-hot` \(quick\) \|.*160,305 match \| 1 \|", page)
    assert "| C8 | `c8-four-simple-rnns` | not run yet |" in page
    assert re.search(r"training +[▁-█]{2}  0\.\d+ → ", page)
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    assert {row.count("|") for row in rows} == {13} and len(rows) == len(experiment.names()) + 1


def test_what_diverged_at_once_has_its_page(run, tmp_path):
    for record in (DOCS / "lab-records").glob("d8-copy-irnn--toy-copy-400*.json"):
        history = json.loads(record.read_text())["runs"][0]["history"]
        assert [row["epoch"] for row in history] == [0]
        (tmp_path / "lab-results").mkdir()
        shutil.copy(record, tmp_path / "lab-results")
    assert run("report")[0] == 0
    html = (tmp_path / "lab-results" / "lectures.html").read_text(encoding="utf-8")
    assert "d8-copy-irnn" in html and html.count("<svg")


def test_markdown_alone(run, table, tmp_path):
    assert run("run", "c2-multi-hot", "--quick", "--data", table, "--results", "r")[0] == 0
    code, out, _ = run("report", "--results", "r", "--markdown", "docs/lectures.md")
    assert code == 0 and "lectures.md" in out
    page = (tmp_path / "docs" / "lectures.md").read_text(encoding="utf-8")
    assert "`sestina lab report --results r --markdown docs/lectures.md`" in page
    assert not list(tmp_path.rglob("*.html"))


def test_page_of_the_documentation_is_what_its_command_writes(run, tmp_path):
    page = DOCS / "lectures.md"
    command = "sestina lab report --results docs/lab-records --markdown docs/lectures.md"
    shutil.copytree(DOCS / "lab-records", tmp_path / "docs" / "lab-records")
    assert run(*command.split()[2:])[0] == 0
    written = (tmp_path / "docs" / "lectures.md").read_text(encoding="utf-8")
    assert f"`{command}`" in written
    assert page.read_text(encoding="utf-8") == written, f"run: {command}"


def test_curves_and_figures():
    assert figures.curve([1, 2, 3], 1, 3) == "▁▅█"
    assert figures.curve([2, 2], 2, 2) == "▁▁" and figures.curve([9, 0], 1, 3) == "█▁"
    assert figures.spread(0.75, 0.0123) == "0.750 ± 0.012" and figures.spread(None, None) == "–"
    assert (figures.lecture(0.88), figures.lecture(0.8033)) == ("0.88", "0.8033")


def test_a_folder_that_cannot_be_written_is_told_before_the_run(run, table, tmp_path):
    (tmp_path / "full").write_text("a file")
    code, _, err = run("run", "c2-multi-hot", "--quick", "--data", table, "--results", "full/x")
    assert code == 1 and "cannot write" in err and "seed 0" not in err


def test_ctrl_c_says_what_is_kept(run, table, monkeypatch):
    whole = Laboratory.run

    def stopped(self, chosen, *more):
        if chosen.name == "c9-simple-rnn-16":
            raise KeyboardInterrupt
        return whole(self, chosen, *more)

    monkeypatch.setattr(Laboratory, "run", stopped)
    names = ["c2-multi-hot", "c9-simple-rnn-16"]
    code, _, err = run("run", *names, "--quick", "--data", table)
    said = "c9-simple-rnn-16 was stopped by Ctrl-C; 1 record of those before it are in lab-results"
    assert code == 1 and said in " ".join(err.split())
    code, _, err = run("run", names[1], "--quick", "--data", table)
    assert code == 1 and "stopped by Ctrl-C, nothing is kept" in " ".join(err.split())
