"""Components of a table: Salammbô's letters, PCA and SVD by their definitions, biplots."""

import json
import re
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_array, csr_matrix, random_array
from sklearn.base import clone
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from sestina import Components, TfIdf, biplot, load_table
from sestina.errors import DataError, OptionError
from sestina.vectors import map_picture
from sestina.vectors.plane import HUES, MOST_GROUPS, look

TABLES = arrays(
    np.float64,
    st.tuples(st.integers(2, 7), st.integers(2, 6)),
    elements=st.floats(0, 100, width=32),
).filter(lambda table: np.ptp(table, axis=0).any())


def salammbo():
    table = load_table("salammbo-letters")
    counts = table.drop("chapter", "language").to_numpy().astype(float)
    return counts, np.array(table["language"].to_list()), table.columns[2:]


# --- Salammbô --------------------------------------------------------------------------------


@pytest.mark.parametrize("standard", [False, True])
def test_french_and_english_stand_apart(standard):
    """EDAN95 [002]: 30 chapters × 40 letters; a single threshold on the first component is enough."""
    counts, language, _ = salammbo()
    assert counts.shape == (30, 40)
    components = Components(shares=True, standard=standard)
    first = components.fit_transform(counts)[:, 0]
    french, english = first[language == "fr"], first[language == "en"]
    low, high = sorted([french, english], key=np.mean)
    gap = high.min() - low.max()
    assert gap > 3 * max(french.std(), english.std())
    assert components.explained_[0] > 0.5
    plane = make_pipeline(Components(shares=True, standard=standard), LogisticRegression(C=1e6))
    assert plane.fit(counts[::2], language[::2]).score(counts[1::2], language[1::2]) == 1.0


def test_counts_as_they_are_show_the_length_of_a_chapter_first():
    counts, language, _ = salammbo()
    places = Components().fit_transform(counts)
    length = np.corrcoef(places[:, 0], counts.sum(axis=1))[0, 1]
    assert abs(length) > 0.95
    second = places[:, 1]
    assert LogisticRegression(C=1e6).fit(places, language).score(places, language) == 1.0
    assert (second[language == "fr"] > 0).all() != (second[language == "en"] > 0).all()


def test_letters_point_to_their_language():
    counts, language, letters = salammbo()
    drawn = biplot(counts, [f"{x} {n}" for n, x in enumerate(language)], letters)
    places = dict(zip(drawn.words, drawn.points.places, strict=True))
    side = np.sign(np.mean([places[w][0] for w in drawn.words[:15]]))  # French
    assert drawn.words[0].startswith("fr")
    for letter in "qéàêj":
        assert side * places[letter][0] > 0, letter
    for letter in "wkhyt":
        assert side * places[letter][0] < 0, letter


# --- by definition ---------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(TABLES)
def test_dense_tables_are_factored_as_by_scikit_learn(table):
    count = min(table.shape)
    ours, theirs = Components(components=count).fit(table), PCA(count).fit(table)
    scale = max(np.abs(table).max(), 1)
    np.testing.assert_allclose(ours.singular_values_, theirs.singular_values_, atol=1e-9 * scale)
    back = ours.transform(table) @ ours.directions_ + ours.mean_
    np.testing.assert_allclose(back, table, atol=1e-9 * scale)
    np.testing.assert_allclose(ours.directions_ @ ours.directions_.T, np.eye(count), atol=1e-9)
    largest = np.abs(ours.directions_).argmax(axis=1)
    assert (ours.directions_[np.arange(count), largest] > 0).all()
    assert ours.explained_.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("kind", [csr_array, csr_matrix])
def test_sparse_tables_are_factored_as_by_scikit_learn(kind):
    rng = np.random.default_rng(0)
    table = kind(random_array((60, 40), density=0.1, rng=rng, format="csr"))
    ours = Components(components=5).fit(table)
    theirs = TruncatedSVD(5, algorithm="arpack", random_state=0).fit(table)
    np.testing.assert_allclose(ours.singular_values_, theirs.singular_values_, rtol=1e-3)
    assert (ours.mean_ == 0).all()
    dense = Components(components=5, centre=False).fit(table.toarray())
    np.testing.assert_allclose(ours.singular_values_, dense.singular_values_, rtol=1e-3)
    np.testing.assert_allclose(
        np.abs(ours.transform(table)[:, 0]), np.abs(dense.transform(table.toarray())[:, 0]), atol=1e-2
    )  # fmt: skip


def test_shares_and_deviations_are_those_of_the_columns():
    counts, _, _ = salammbo()
    dense = Components(shares=True, standard=True, components=3).fit(counts)
    shares = counts / counts.sum(axis=1, keepdims=True)
    scaled = (shares - shares.mean(axis=0)) / shares.std(axis=0)
    np.testing.assert_allclose(dense.scaled(counts), scaled, atol=1e-9)
    expected = np.linalg.svd(scaled, compute_uv=False)[:3]
    np.testing.assert_allclose(dense.singular_values_, expected)
    sparse = Components(shares=True, standard=True, components=3).fit(csr_array(counts))
    np.testing.assert_allclose(sparse.deviation_, dense.deviation_, atol=1e-12)
    plain = Components(shares=True, standard=True, components=3, centre=False).fit(counts)
    np.testing.assert_allclose(sparse.singular_values_, plain.singular_values_, rtol=1e-6)


def test_a_large_sparse_table_is_not_filled():
    rng = np.random.default_rng(1)
    columns = rng.integers(0, 100_000, 60_000).astype(np.int32)
    starts = np.arange(0, 60_001, 3)
    table = csr_array((np.ones(60_000), columns, starts), shape=(20_000, 100_000))
    tracemalloc.start()
    places = Components(components=2).fit_transform(table)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert places.shape == (20_000, 2)
    assert peak < 100e6  # dense: 16 GB


def test_the_same_seed_gives_the_same_bits():
    table = random_array((50, 30), density=0.2, rng=np.random.default_rng(2), format="csr")
    one, other = (Components(components=3, seed=7).fit_transform(table) for _ in range(2))
    assert np.array_equal(one, other)


def test_texts_in_a_plane():
    texts = ["red car fast", "blue car fast", "sweet apple pie", "sour apple pie"] * 3
    places = make_pipeline(TfIdf(), Components(components=2)).fit_transform(texts)
    cars, pies = places[::4], places[2::4]
    assert places.shape == (12, 2)
    assert np.linalg.norm(cars - pies, axis=1).min() > 0.1


def test_no_structure_no_large_component():
    rng = np.random.default_rng(3)
    found = Components(components=2).fit(rng.normal(size=(400, 20)))
    assert found.explained_[0] < 0.1


# --- manners ---------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"standard": True}, {"shares": True}, {"centre": False}])
def test_check_estimator(options):
    results = check_estimator(Components(**options), on_skip=None, on_fail=None)
    failed = {r["check_name"]: r["exception"] for r in results if r["status"] == "failed"}
    assert failed == {}


def test_clone_and_not_fitted():
    assert clone(Components(shares=True)).shares is True
    for ask in ("transform", "scaled"):
        with pytest.raises(NotFittedError):
            getattr(Components(), ask)([[1.0]])
    assert Components().fit(np.eye(3)).get_feature_names_out().tolist() == [
        "component1", "component2",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "table", "kind", "sentence"),
    [
        (
            {"components": 3},
            np.eye(2),
            OptionError,
            "components=3 came with .*; ask for 2 or fewer",
        ),
        ({"components": 0}, np.eye(2), OptionError, "components=0 is too small"),
        ({"centre": True}, csr_array(np.eye(2)), OptionError, "centre=True fills a sparse"),
        ({"shares": True}, -np.eye(2), DataError, "Negative values in data .*; give counts"),
    ],
)
def test_bad_input(options, table, kind, sentence):
    with pytest.raises(kind, match=sentence):
        Components(**options).fit(table)


def test_a_row_without_counts_has_no_shares():
    table = np.array([[0, 0], [1, 3], [2, 2]])
    for given_ in (table, csr_array(table)):
        found = Components(shares=True, centre=False).fit(given_)
        assert found.transform(given_)[0].tolist() == [0, 0]


# --- biplots ---------------------------------------------------------------------------------


def test_a_biplot_is_a_map():
    counts, language, letters = salammbo()
    drawn = biplot(counts, [f"{x}{n}" for n, x in enumerate(language)], letters, title="Salammbô")
    assert len(drawn.words) == 30 + 1 + 40
    assert drawn.words[30] == "0" and drawn.points.places[30].tolist() == [0, 0]
    assert drawn.arrows == tuple((30, 31 + n) for n in range(40))
    assert drawn.basis.startswith("first two principal components, across and up: ")
    assert drawn.axes[0].startswith("first component, 78 %") and drawn.axes[1].endswith(" %")
    assert all(word.startswith("fr") for word, _ in drawn.neighbours[0])
    assert drawn.neighbours[30] == ()
    reach = np.linalg.norm(drawn.points.places, axis=1)
    assert reach[31:].max() == pytest.approx(0.9 * reach[:30].max())


def test_a_biplot_as_page_and_picture(tmp_path):
    counts, _, letters = salammbo()
    rows = [f"chapter {n}" for n in range(30)]
    biplot(counts, rows, letters, tmp_path / "map.html", title="Salammbô")
    page = (tmp_path / "map.html").read_text(encoding="utf-8")
    assert (
        "71 points, 40 arrows" in page
        and "Move to a point" in page
        and "$" not in page.split("<script")[0]
    )
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])
    assert data["noun"] == "point" and len(data["words"]) == 71
    pytest.importorskip("vl_convert")
    biplot(counts, rows, letters, tmp_path / "map.png")
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")


def in_groups(count=2, rows=30):
    """Rows and columns of noise, the rows in so many groups by turns."""
    table = np.random.default_rng(0).integers(1, 9, (rows, 5))
    return biplot(
        table, [f"r{n}" for n in range(rows)], list("abcde"), groups=[f"g{n % count}" for n in range(rows)]
    )  # fmt: skip


def test_french_and_english_have_colours_of_their_own(tmp_path):
    counts, language, letters = salammbo()
    rows = [f"{x}{n}" for n, x in enumerate(language)]
    drawn = biplot(counts, rows, letters, tmp_path / "map.html", groups=language.tolist())
    assert drawn.groups == (*language, *[None] * 41) and drawn.legend == {"fr": 15, "en": 15}
    page = (tmp_path / "map.html").read_text(encoding="utf-8")
    legend = re.search(r'<ul class="legend".*?</ul>', page, re.DOTALL)[0]
    assert re.findall(r'class="(group-\d)".*?<bdi>(\w+)</bdi> <i>(\d+)</i>', legend) == [
        ("group-0", "fr", "15"), ("group-1", "en", "15"),
    ]  # fmt: skip
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])
    assert [name for name, _, _ in data["groups"]] == ["fr", "en"]
    assert data["group"] == [0 if x == "fr" else 1 for x in language] + [-1] * 41
    assert [page.count(f"--group-{n}:") for n in range(data["hues"])] == [2] * data["hues"]


def test_groups_in_a_picture():
    pytest.importorskip("altair")
    spec = map_picture._spec(in_groups(3))
    marks = [one for one in spec["layer"] if "shape" in one["encoding"]]
    (marks,) = marks
    for channel in ("color", "shape"):
        scale = marks["encoding"][channel]["scale"]
        assert scale["domain"] == ["g0 (10)", "g1 (10)", "g2 (10)"]
        assert len(set(scale["range"])) == 3 and marks["encoding"][channel]["legend"]
    assert len(spec["datasets"][marks["data"]["name"]]) == 30
    pytest.importorskip("vl_convert")
    assert map_picture.png(in_groups(24)).startswith(b"\x89PNG")


def test_each_group_looks_different():
    looks = [look(n) for n in range(MOST_GROUPS)]
    assert len(set(looks)) == MOST_GROUPS
    assert len({hue for hue, _ in looks[:HUES]}) == len({shape for _, shape in looks[:HUES]}) == 6
    assert len(set(map_picture.GROUPS)) == HUES
    assert all(contrast(colour) >= 4.5 for colour in map_picture.GROUPS)  # names are in it too


def contrast(colour):
    """Of a colour on white (WCAG 2.1)."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 1.05 / (np.dot(linear, [0.2126, 0.7152, 0.0722]) + 0.05)


def test_groups_that_do_not_fit():
    with pytest.raises(DataError, match="1 group came with 2 rows; give one to each"):
        biplot([[1, 2], [2, 1]], ["a", "b"], ["c", "d"], groups=["x"])
    with pytest.raises(DataError, match="25 different groups came; a legend has room for 24"):
        in_groups(25)


def test_names_that_rows_and_columns_share():
    drawn = biplot([[1, 2], [3, 1], [2, 2]], ["a", "0", "x"], ["a", "b"])
    assert drawn.words == ("a (row)", "0 (row)", "x", "0", "a", "b")


@pytest.mark.parametrize(
    ("table", "rows", "columns", "kind", "sentence"),
    [
        ([[1, 2], [2, 1]], ["a"], ["b", "c"], DataError, r"\(2, 2\) came with the names of 1 row "),
        ([[1, 2]], ["a"], ["b", "c"], DataError, r"\(1, 2\) has no plane"),
        ([[1, 2], [2, 1]], ["a", "a"], ["b", "c"], OptionError, "same name; make them differ"),
        ([[1, -2], [2, 1]], ["a", "d"], ["b", "c"], DataError, "Negative values"),
    ],
)
def test_bad_tables(table, rows, columns, kind, sentence):
    with pytest.raises(kind, match=sentence):
        biplot(table, rows, columns)


def test_a_biplot_does_not_fill_a_large_sparse_table():
    table = random_array((6_000, 1_000_000), density=1e-6, rng=np.random.default_rng(0))
    with pytest.raises(DataError, match="6,000 rows and 1,000,000 columns shows nothing"):
        biplot(table, range(6_000), range(1_000_000))
