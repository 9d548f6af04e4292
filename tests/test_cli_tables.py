"""data vectorise and data map through the real entry point."""

import json

import numpy as np
import pytest
from scipy.sparse import load_npz

from sestina import TfIdf, load_dataset
from sestina.cli.app import main


@pytest.fixture
def run(capsys):
    def call(*arguments):
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        shown = capsys.readouterr()
        return left.value.code, shown.out, shown.err

    return call


@pytest.fixture
def topics(put):
    lines = ["text,label", "a red car,cars", "a blue car,cars", "an apple,fruit"]
    return put("topics.csv", "\n".join(lines) + "\n")


def test_vectorise_writes_a_table_that_scipy_reads(run, topics, tmp_path):
    out = tmp_path / "table.npz"
    code, shown, _ = run("data", "vectorise", topics, "--kind", "tfidf", "--out", out)
    assert code == 0 and "6 of 6" not in shown
    assert all(len(line) <= 80 for line in shown.replace(str(out), "").splitlines())
    texts = ["a red car", "a blue car", "an apple"]
    bags = TfIdf().fit(texts)
    assert (load_npz(out) != bags.transform(texts)).nnz == 0
    with np.load(out, allow_pickle=False) as arrays:
        assert str(arrays["columns"]).split("\n") == list(bags.vocabulary_)
        assert arrays["labels"].tolist() == ["cars", "cars", "fruit"]


def test_terms_come_from_the_training_part(run, tmp_path):
    out = tmp_path / "names.npz"
    code, shown, _ = run(
        "data", "vectorise", "movie-snippets", "--out", out, "--min-count", "2", "--json"
    )
    found = json.loads(shown)
    assert code == 0 and found["texts"] == 10_566 and found["kind"] == "counts"
    assert 0.9 < found["coverage"]["known"] / found["coverage"]["terms"] < 1
    data = load_dataset("movie-snippets")
    with np.load(out, allow_pickle=False) as arrays:
        assert arrays["parts"].tolist() == data.parts
        assert len(str(arrays["columns"]).split("\n")) == found["columns"]
    code, _, err = run("data", "vectorise", "movie-snippets", "--out", out)
    assert code == 1 and "exists; name another file" in err


def test_hashing_says_its_collisions(run, topics, tmp_path):
    out = tmp_path / "hashed.npz"
    options = ["--kind", "hashing", "--buckets", "4", "--max-n", "2"]
    code, shown, _ = run("data", "vectorise", topics, "--out", out, *options, "--json")
    found = json.loads(shown)
    assert code == 0 and found["columns"] == 4 and load_npz(out).shape == (3, 4)
    assert found["collisions"]["sharing"] > 0
    assert "share their bucket with another" in found["collisions"]["words"]
    code, shown, _ = run("data", "vectorise", topics, "--out", out, *options, "--overwrite")
    assert code == 0 and "in 4 buckets" in " ".join(shown.split())


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--kind", "tf-idf"], "--kind 'tf-idf' is unknown; did you mean 'tfidf'"),
        (["--buckets", "4"], "--kind counts has no option --buckets; leave it out"),
        (["--kind", "tfidf", "--formula", "lectures"], "formula='lectures' is unknown; did you"),
        (["--min-n", "3"], "n-grams of 3 to 1 tokens make no sense"),
        (["--out", "table.csv"], "end its name in .npz"),
    ],
)
def test_wrong_use_of_vectorise(run, topics, tmp_path, more, sentence):
    code, out, err = run("data", "vectorise", topics, "--out", tmp_path / "t.npz", *more)
    assert (code, out) == (2, "") and sentence in err and len(err.splitlines()) == 1
    assert not (tmp_path / "t.npz").exists()


def test_map_of_a_shipped_table(run, tmp_path):
    out = tmp_path / "letters.html"
    code, shown, _ = run("data", "map", "salammbo-letters", "--out", out, "--json")
    found = json.loads(shown)
    assert code == 0 and (found["rows"], found["columns"]) == (30, 40)
    assert 0.5 < found["explained"][0] < 1
    assert (found["group"], found["groups"]) == ("language", {"fr": 15, "en": 15})
    assert "01 fr" in out.read_text(encoding="utf-8")
    code, shown, _ = run("data", "map", "salammbo-letters", "--out", out, "--overwrite")
    assert code == 0 and "principal components" in " ".join(shown.split())
    assert "language: fr, en" in shown and max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize(
    ("content", "options", "group", "columns"),
    [
        ("a,b,kind\n1,2,x\n3,1,y\n2,2,x\n1,1,y\n", [], "kind", 2),  # few words, often
        ("a,b,kind\n1,2,x\n3,1,y\n2,2,z\n1,1,y\n", [], None, 2),  # rather names
        ("a,b,c,label\n1,2,1,0\n3,1,2,1\n2,2,3,0\n1,1,4,1\n", [], "label", 3),  # numbers
        ("a,b,target\n1,2,5\n3,1,6\n2,2,7\n1,1,8\n", [], None, 3),  # what is to be foretold
        ("a,b,kind\n1,2,x\n3,1,y\n2,2,z\n1,1,y\n", ["--group", "kind"], "kind", 2),
        ("a,b,c\n1,2,5\n3,1,5\n2,2,6\n1,1,6\n", ["--group", "c"], "c", 2),
    ],
)
def test_rows_are_coloured_by_their_labels(run, put, tmp_path, content, options, group, columns):
    data, out = put("t.csv", content), tmp_path / "m.html"
    code, shown, _ = run("data", "map", data, "--out", out, "--json", *options)
    found = json.loads(shown)
    assert code == 0 and (found["group"], found["columns"]) == (group, columns)
    assert ('class="legend"' in out.read_text(encoding="utf-8")) is (group is not None)


def test_a_column_of_groups_that_cannot_be(run, put, tmp_path):
    out = tmp_path / "m.html"
    code, _, err = run("data", "map", "salammbo-letters", "--group", "langage", "--out", out)
    assert code == 1 and "has no column 'langage'; did you mean 'language'" in err
    rows = "".join(f"{n},{n * n % 7},k{n}\n" for n in range(30))
    code, _, err = run("data", "map", put("t.csv", f"a,b,k\n{rows}"), "--group", "k", "--out", out)
    assert code == 1 and "30 different groups came; a legend has room for 24" in err
    assert not out.exists()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("name,a\nx,1\ny,2\n", "has 1 column of numbers; a map needs two or more"),
        ("name,a,b\nx,1,2\n", "(1, 2) has no plane"),
        ("name,a,b\nx,1,2\ny,,3\n", "column 'a' has a gap, or a value that is not finite"),
        ("name,a,b\nx,1,-2\ny,3,3\n", "Negative values"),
        ("name,a,b\nx,1,1e999\ny,3,3\n", "column 'b' has a gap, or a value that is not finite"),
    ],
)
def test_tables_without_a_plane(run, put, tmp_path, content, sentence):
    code, out, err = run("data", "map", put("t.csv", content), "--out", tmp_path / "m.html")
    assert (code, out) == (1, "") and sentence in err and "\n" not in err.strip()


def test_no_such_table(run, tmp_path):
    out = tmp_path / "m.html"
    code, _, err = run("data", "map", "salambo-letters", "--out", out)
    assert code == 1 and "no file or data set 'salambo-letters'; did you mean 'salammbo" in err
    code, _, err = run("data", "map", "movie-snippets", "--out", out)
    assert code == 1 and "of numbers; a map needs two or more" in err
    code, _, err = run("data", "map", "analogies", "--out", out)
    assert code == 1 and "'analogies' is no table (it serves: evaluate vectors)" in err


def test_rows_of_one_name_are_numbered(run, put, tmp_path):
    data, out = put("t.csv", "kind,a,b\nx,1,2.5\nx,2,1\ny,3,3e2\n"), tmp_path / "m.html"
    assert run("data", "map", data, "--out", out)[0] == 0
    assert '"1 x","2 x","3 y"' in out.read_text(encoding="utf-8")


def test_a_column_left_out_for_one_value_is_said(run, put, tmp_path):
    data, out = put("t.csv", "a,b,c\n1,2,3\n4,5,n/a\n2,2,1\n"), tmp_path / "m.html"
    code, shown, err = run("data", "map", data, "--out", out, "--json")
    assert code == 0 and json.loads(shown)["columns"] == 2
    assert err.strip() == "column 'c' holds 'n/a', which is no number: it names the rows"
    data = put("u.csv", "name,a,b\n,1,2\nx,3,1\ny,2,2\n")
    code, _, err = run("data", "map", data, "--out", tmp_path / "u.html")
    assert (code, err) == (0, "") and '"","x","y"' in (tmp_path / "u.html").read_text("utf-8")


def test_too_many_rows_for_a_picture(run, put, tmp_path):
    rows = "".join(f"{n},{n % 7},{n % 11}\n" for n in range(5_001))
    data = put("t.csv", "name,a,b\n" + rows)
    code, _, err = run("data", "map", data, "--out", tmp_path / "m.html")
    assert code == 1 and "a picture of 5,001 rows and" in " ".join(err.split())
