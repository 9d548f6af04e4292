"""The data sets that ship: whole, counted, described; a damaged copy is refused."""

import hashlib
import json
import shutil

import polars as pl
import pytest

from sestina.data import datasets
from sestina.data.describe import describe, quantiles
from sestina.data.tables import with_numbers
from sestina.errors import DataError

# rows; classes or sections, one of them with its count; parts
COUNTS = {
    "movie-snippets": (10_566, 2, ("neg", 5_325), {"train": 8_433, "dev": 1_120, "test": 1_013}),
    "languages": (1_759, 30, None, {"train": 1_411, "dev": 164, "test": 184}),
    "first-names": (32_478, 2, ("F", 20_904), {"train": 25_172, "dev": 3_638, "test": 3_668}),
    "brown-news": (9_371, 12, None, {}),
    "brown-news-files": (88, 3, None, {}),
    "verses-en-es": (11_822, 0, None, {"train": 10_234, "dev": 635, "test": 953}),
    "watch-har": (140, 7, None, {}),
    "el-nino": (732, 0, None, {}),
    "glove-50d": (15_000, 0, None, {}),
    "analogies": (19_544, 14, ("capital-common-countries", 506), {}),
    "wordsim353": (353, 0, None, {}),
    "salammbo-letters": (30, 2, ("fr", 15), {}),
    "weather": (14, 2, ("P", 9), {}),
}
TEXTS = ("movie-snippets", "languages", "first-names")


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """Read the shipped files from a copy that a test may damage."""
    folder = tmp_path / "shipped"
    folder.mkdir()
    for name in ("weather", "movie-snippets"):
        shutil.copy(datasets.path(name), folder)
        (folder / datasets.get(name).file).chmod(0o644)
    monkeypatch.setattr(datasets, "SHIPPED_FOLDER", folder)
    datasets.path.cache_clear()
    yield folder
    datasets.path.cache_clear()


def test_every_shipped_file_is_registered():
    shipped = {p.name for p in datasets.SHIPPED_FOLDER.iterdir() if not p.name.startswith(".")}
    assert {datasets.get(name).file for name in datasets.names()} == shipped - {"NOTICES.txt"}
    assert set(datasets.names()) == set(COUNTS)


def test_every_source_with_terms_of_its_own_is_credited():
    notices = (datasets.SHIPPED_FOLDER / "NOTICES.txt").read_text(encoding="utf-8")
    for name in datasets.names():
        assert datasets.get(name).file.replace("-files.tsv", ".conll.gz") in notices


@pytest.mark.parametrize("name", COUNTS)
def test_registry_states_what_is_there(name):
    entry = datasets.get(name)
    data = datasets.path(name).read_bytes()
    assert len(data) == entry.bytes < 2_000_000
    assert hashlib.sha256(data).hexdigest() == entry.sha256
    assert entry.rows == COUNTS[name][0]
    assert entry.licence and entry.source and entry.title


@pytest.mark.parametrize("name", COUNTS)
def test_describe_counts_what_is_there(name):
    rows, classes, one, parts = COUNTS[name]
    found = describe(name)
    assert json.loads(json.dumps(found)) == found
    assert found["rows"] == rows
    assert found["sha256"] == datasets.get(name).sha256
    per_class = found.get("per_class", {})
    assert len(per_class) == classes
    if one:
        assert per_class[one[0]] == one[1]
    if classes and name != "brown-news":  # there each token has a class
        assert sum(per_class.values()) == rows
    assert found.get("per_part", {}) == parts
    assert len(found["examples"]) == 3
    assert all(isinstance(e, str) and 0 < len(e) < 400 for e in found["examples"])
    for lengths in found["lengths"].values():
        assert list(lengths) == ["min", "25 %", "median", "75 %", "95 %", "max"]
        assert sorted(lengths.values()) == list(lengths.values())


@pytest.mark.parametrize("name", COUNTS)
def test_classes_of_the_registry_are_those_counted(name):
    if datasets.get(name).classes is not None:
        assert datasets.get(name).classes == len(describe(name)["per_class"])


def test_describe_measures_each_kind_in_its_own_unit():
    brown = describe("brown-news")
    assert brown["tokens"] == sum(brown["per_class"].values()) == 202_862
    assert brown["lengths"]["tokens"]["min"] >= 1
    assert brown["examples"][0].startswith("The/DET Fulton/NOUN County/NOUN")
    watch = describe("watch-har")
    assert (watch["channels"], watch["subjects"]) == (["ax", "ay", "az", "wx", "wy", "wz"], 10)
    assert watch["lengths"]["steps"]["min"] <= 122_083 / 140 <= watch["lengths"]["steps"]["max"]
    verses = describe("verses-en-es")["lengths"]
    assert set(verses) == {"words of en", "words of es"}
    assert max(side["max"] for side in verses.values()) <= 20
    assert describe("glove-50d")["dimensions"] == 50
    assert set(describe("first-names")["lengths"]) == {"words", "characters"}
    assert describe("analogies")["examples"][0] == "Athens : Greece = Baghdad : Iraq"


def test_quantiles_are_lengths_that_occur():
    assert quantiles([3]) == dict.fromkeys(("min", "25 %", "median", "75 %", "95 %", "max"), 3)
    assert list(quantiles([*range(1, 101), 1_000]).values()) == [1, 26, 51, 76, 96, 1_000]


@pytest.mark.parametrize("name", TEXTS)
def test_records(name):
    found = datasets.records(name)
    rows, classes, _, parts = COUNTS[name]
    assert len(found) == rows
    assert len(found.label_counts()) == classes
    assert found.notes == ()  # nothing guessed, nothing skipped
    assert found.source == name
    assert {part: found.parts.count(part) for part in set(found.parts or ())} == parts


@pytest.mark.parametrize("name", sorted(set(COUNTS) - set(TEXTS)))
def test_records_only_of_labelled_texts(name):
    with pytest.raises(DataError) as caught:
        datasets.records(name)
    task = datasets.get(name).task
    assert f"{name!r} does not hold labelled texts (it serves: {task})" in str(caught.value)
    assert "movie-snippets, languages, first-names" in str(caught.value)


@pytest.mark.parametrize("ask", [datasets.get, datasets.path, datasets.records, describe])
def test_unknown_name(ask):
    with pytest.raises(DataError, match="no data set 'movie-snipets'; did you mean 'movie-snip"):
        ask("movie-snipets")
    with pytest.raises(DataError, match="'imdb'; known are analogies, brown-news"):
        ask("imdb")


@pytest.mark.parametrize("damage", ["changed", "cut", "emptied", "gone"])
def test_a_damaged_copy_is_refused(copy, damage):
    for name in ("weather", "movie-snippets"):
        file = copy / datasets.get(name).file
        data = bytearray(file.read_bytes())
        if damage == "changed":
            data[len(data) // 2] ^= 1
        file.write_bytes({"cut": data[:-1], "emptied": b""}.get(damage, data))
        if damage == "gone":
            file.unlink()
        for ask in (datasets.path, describe):
            with pytest.raises(DataError) as caught:
                ask(name)
            assert f"{file} is damaged" in str(caught.value)
            assert "pip install --force-reinstall sestina" in str(caught.value)


def test_a_sum_is_checked_once_a_process(copy, monkeypatch):
    first = datasets.path("weather")
    monkeypatch.setattr(hashlib, "sha256", None)
    assert datasets.path("weather") == first == copy / "weather.tsv"


def test_tables_have_numbers_where_all_are_numbers():
    letters = datasets.table("salammbo-letters")
    assert letters.shape == (30, 42)
    assert letters["chapter"].to_list()[:2] == ["01", "02"]  # names, not numbers
    assert letters["language"].dtype == pl.String
    assert {letters[name].dtype for name in letters.columns[2:]} == {pl.Int64}
    assert letters["a"].to_list()[0] == 2_503
    assert datasets.table("weather")["windy"].to_list()[:2] == ["false", "true"]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "-20", "0"], pl.Int64),
        (["1", "2.5", "3e2", "-0.1"], pl.Float64),
        (["1", None], pl.Int64),
        (["1", ""], pl.String),
        (["01", "2"], pl.String),
        (["1", "x"], pl.String),
        ([None, None], pl.String),
        (["9" * 30], pl.Float64),
    ],
)
def test_which_columns_are_numbers(cells, kind):
    table = pl.DataFrame({"a": pl.Series(cells, dtype=pl.String)})
    assert with_numbers(table)["a"].dtype == kind


def test_what_is_no_table():
    with pytest.raises(DataError, match=r"'watch-har' is no table \(it serves: series\); those th"):
        datasets.table("watch-har")
