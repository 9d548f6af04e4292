"""Maps of word vectors: points, names that do not overlap, pages that hold all they show."""

import json
import re
import struct
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sestina.cli.app import main
from sestina.errors import DataError, DataWarning, MissingExtra, OptionError, SestinaError
from sestina.vectors import map_page, map_picture, maps
from sestina.vectors.map_picture import Boxes, labels, text_width
from sestina.vectors.plane import project, shown
from sestina.vectors.subwords import Subwords
from sestina.vectors.table import WordVectors

PAIRS = [("king", "queen"), ("man", "woman"), ("boy", "girl")]


@pytest.fixture(scope="module")
def glove():
    return WordVectors.load("glove-50d")


@pytest.fixture
def royals():
    """Pairs that differ by the same step to the left and down, so that maps must be turned."""
    base = np.random.default_rng(0).standard_normal((3, 6)) * 0.1 + 5
    rows = [row for start in base for row in (start, start - np.array([2, 1, 0, 0, 0, 0]))]
    return WordVectors([word for pair in PAIRS for word in pair], np.array(rows))


def rows(count, size, seed=0):
    return np.random.default_rng(seed).standard_normal((count, size)).astype(np.float32)


@given(st.integers(2, 40), st.integers(2, 12), st.integers(0, 99))
@settings(max_examples=50, deadline=None)
def test_pca_is_that_of_scikit_learn_with_one_sign(count, size, seed):
    from sklearn.decomposition import PCA

    vectors = rows(count, size, seed)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    known = PCA(2).fit(unit)
    found = project(vectors * np.arange(1, count + 1)[:, None])  # lengths do not matter
    assume(np.ptp(known.explained_variance_) > 1e-6)
    assert np.allclose(np.abs(found.places), np.abs(known.transform(unit)), atol=1e-4)
    assert found.explained == pytest.approx(known.explained_variance_ratio_, abs=1e-4)
    directions = np.linalg.lstsq(unit - unit.mean(axis=0), found.places, rcond=None)[0].T
    if count > size:  # else the directions are not determined by the points
        largest = np.abs(directions).argmax(axis=1)
        assert (directions[[0, 1], largest] > 0).all()


@pytest.mark.parametrize(
    "vectors", [rows(1, 5), rows(5, 1), np.zeros((4, 3)), np.ones((4, 3)), rows(2, 2)]
)
def test_pca_at_the_borders(vectors):
    found = project(vectors)
    assert found.places.shape == (len(vectors), 2) and np.isfinite(found.places).all()
    assert all(0 <= share <= 1 + 1e-9 for share in found.explained)


def test_tsne_keeps_neighbours_together_and_repeats():
    centres = rows(3, 20, 1) * 4
    vectors = np.vstack([centre + rows(15, 20, n) * 0.3 for n, centre in enumerate(centres)])
    found = project(vectors, "tsne", seed=3)
    assert found.explained is None and found.places.shape == (45, 2)
    assert np.array_equal(found.places, project(vectors, "tsne", seed=3).places)
    away = np.linalg.norm(found.places[:, None] - found.places[None], axis=2)
    np.fill_diagonal(away, np.inf)
    assert (away.argmin(axis=1) // 15 == np.arange(45) // 15).all()


@pytest.mark.parametrize("count", [4, 7])
def test_tsne_of_few_or_equal_words(count):
    for vectors in (rows(count, 3), np.ones((count, 3)), rows(count, 1)):
        assert np.isfinite(project(vectors, "tsne").places).all()


def test_methods_that_cannot_be():
    with pytest.raises(OptionError, match="t-SNE needs 4 words or more, there are 3 words"):
        project(rows(3, 4), "tsne")
    with pytest.raises(OptionError, match="method='tsn' is unknown; did you mean 'tsne'"):
        project(rows(3, 4), "tsn")


def test_the_most_frequent_words_with_their_neighbours(glove):
    drawn = maps.word_map(glove, top=50, neighbours=3)
    assert drawn.words == glove.words[:50] and drawn.points.places.shape == (50, 2)
    unit = glove.matrix / np.linalg.norm(glove.matrix, axis=1, keepdims=True)
    for word, near in zip(drawn.words[::10], drawn.neighbours[::10], strict=True):
        cosines = unit @ unit[glove.words.index(word)]
        best = [glove.words[n] for n in np.argsort(-cosines)[:4] if glove.words[n] != word]
        assert [name for name, _ in near] == best[:3]
        assert near[0][1] == pytest.approx(np.sort(cosines)[-2], abs=1e-5)
    assert len(maps.word_map(glove, ["king"], neighbours=0).neighbours[0]) == 0
    small = WordVectors(["a", "b"], np.eye(2))
    assert len(maps.word_map(small).words) == 2


def test_chosen_words_and_what_is_near_them(glove):
    drawn = maps.word_map(glove, ["frog", "Paris", "frog"], near=4)
    assert drawn.words[:2] == ("frog", "paris") and len(drawn.words) == 10
    assert "snake" in drawn.words and "france" in drawn.words
    with pytest.warns(DataWarning, match="2 words of 3 left out, having no vector: 'zzz', 'yyy'"):
        drawn = maps.word_map(glove, ["frog", "zzz", "yyy"])
    assert drawn.left_out == ("zzz", "yyy") and drawn.words == ("frog",)


def test_words_that_only_their_parts_give_a_vector_are_drawn():
    parts = Subwords(rows(40, 5, seed=1), 2, 3, 40)
    vectors = WordVectors(["up", "down", "left"], rows(3, 5), parts=parts)
    drawn = maps.word_map(vectors, ["Down", "upwards"])
    assert drawn.words == ("down", "upwards") and drawn.left_out == ()
    assert maps.direction_map(vectors, [("up", "upwards")]).arrows == ((0, 1),)
    with pytest.raises(DataError, match="'frog' came where a list of words is expected"):
        maps.word_map("glove-50d", "frog")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"top": 0}, "top=0 makes no sense"),
        ({"near": -1}, "near=-1"),
        ({"neighbours": -1}, "neighbours=-1"),
        ({"near": 3}, "near=3 goes with words"),
    ],
)
def test_numbers_that_make_no_sense(glove, options, message):
    with pytest.raises(OptionError, match=message):
        maps.word_map(glove, **options)


def test_nothing_to_draw_and_too_much(glove, monkeypatch):
    for words in ([], ["zzz"], [f"zzz{n}" for n in range(20)]):
        with pytest.raises(DataError, match="no word is left to draw"):
            maps.word_map(glove, words)
    with pytest.raises(DataError, match="'zzz9' and 10 more"):
        maps.word_map(glove, [f"zzz{n}" for n in range(20)])
    monkeypatch.setattr(maps, "MOST", 5)
    with pytest.raises(OptionError, match="a map of 6 words cannot be read; ask for 5"):
        maps.word_map(glove, top=6)


def test_pairs_that_differ_alike_are_parallel_arrows(royals):
    drawn = maps.direction_map(royals, PAIRS)
    assert [(drawn.words[a], drawn.words[b]) for a, b in drawn.arrows] == PAIRS
    ways = np.array([drawn.points.places[b] - drawn.points.places[a] for a, b in drawn.arrows])
    unit = ways / np.linalg.norm(ways, axis=1, keepdims=True)
    assert (unit @ unit.T > 0.99).all()
    assert (ways.sum(axis=0) >= 0).all()  # to the right and up


def test_arrows_share_words_and_lack_some(royals, tmp_path):
    with pytest.warns(DataWarning, match="1 pair of 3 left out, having no vector: 'nun'"):
        drawn = maps.direction_map(royals, [("king", "queen"), ("Queen", "man"), ("king", "nun")])
    assert drawn.words == ("king", "queen", "man") and drawn.arrows == ((0, 1), (1, 2))
    assert drawn.left_out == ("nun",)
    assert maps.direction_map(royals, [("king", "king")]).arrows == ((0, 0),)
    maps.direction_map(royals, PAIRS, tmp_path / "map.html")
    assert b"queen" in (tmp_path / "map.html").read_bytes()


@pytest.mark.parametrize("name", list(maps.PAIR_SETS))
def test_sets_of_pairs(glove, name):
    with pytest.warns(DataWarning, match="having no vector"):
        drawn = maps.direction_map(glove, name)
    assert drawn.title == maps.PAIR_TITLES[name] and len(drawn.arrows) >= 15
    example = {
        "gender": ("king", "queen"),
        "plural": ("car", "cars"),
        "tense": ("walking", "walked"),
        "capitals": ("france", "paris"),
    }
    assert example[name] in [(drawn.words[a], drawn.words[b]) for a, b in drawn.arrows]
    ways = np.array([drawn.points.places[b] - drawn.points.places[a] for a, b in drawn.arrows])
    if name not in ("tense", "plural"):  # in so small a space words differ by more than that
        share = (ways @ ways.mean(axis=0) > 0).mean()
        assert share > 0.9


@pytest.mark.parametrize(
    ("pairs", "error", "message"),
    [
        ("gendr", OptionError, "did you mean 'gender'"),
        ([("a", "b", "c")], DataError, "is not a pair; give two words"),
        (["ab"], DataError, "'ab' is not a pair"),
        ([("zzz", "queen")], DataError, r"no pair is left to draw: none has vectors \('zzz'\)"),
        ([], DataError, "no pair is left to draw"),
    ],
)
def test_pairs_that_are_none(royals, pairs, error, message):
    with pytest.raises(error, match=message):
        maps.direction_map(royals, pairs)


class Outline(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.wrong, self.tags = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def page_of(drawn):
    text = map_page.page(drawn).decode()
    outline = Outline()
    outline.feed(text)
    outline.close()
    assert not outline.wrong and not outline.open
    data = re.search(r'id="data">(.*?)</script>', text, flags=re.DOTALL)[1]
    return text, outline, json.loads(data)


def test_page_holds_all_it_shows(royals):
    text, outline, data = page_of(maps.direction_map(royals, PAIRS, title="<b>Kings</b> & queens"))
    assert "&lt;b&gt;Kings&lt;/b&gt; &amp; queens" in text and "<b>Kings" not in text
    assert not re.search(r"https?:|//[a-z]|@import|url\(", text.split("<body>")[0])
    assert not [a for _, a in outline.tags if a.keys() & {"src", "href"}]
    assert not re.search(r"https?://|fetch\(|XMLHttp|import\(|innerHTML", text)
    ids = [a["id"] for _, a in outline.tags if "id" in a]
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'find\("(\w+)"\)', text)) <= set(ids)
    assert data["words"][0] == "king" and data["arrows"] == [[0, 1], [2, 3], [4, 5]]
    assert len(data["x"]) == len(data["y"]) == len(data["near"]) == 6
    assert max(np.ptp(data["x"]), np.ptp(data["y"])) == pytest.approx(1000, abs=0.1)
    name, cosine, number = data["near"][0][0]
    assert data["words"][number] == name and 0 < cosine <= 1


def test_page_can_be_used_without_a_mouse(royals):
    text, outline, _ = page_of(maps.word_map(royals))
    (canvas,) = (a for tag, a in outline.tags if tag == "canvas")
    assert (
        canvas["tabindex"] == "0" and canvas["aria-label"] and canvas["aria-describedby"] == "keys"
    )
    assert all(key in text for key in ("ArrowLeft", "Enter", "Escape", '"+"'))
    assert 'lang="en"' in text and 'name="viewport"' in text and '<label for="search">' in text
    assert "prefers-color-scheme: dark" in text


def test_words_of_any_kind_are_shown_and_end_nothing():
    odd = [
        "</script><script>alert(1)</script>",
        "\u200b",
        "a\nb",
        "שלום",
        "x" * 99,
        "🎬",
        "\udc80",
        "__proto__",
    ]
    drawn = maps.word_map(WordVectors(odd, rows(8, 4)), title="</title>\x00")
    text, _, data = page_of(drawn)
    assert text.count("<script") == 2
    assert data["words"] == [shown(word) for word in odd]
    assert data["words"][1] == "U+200B" and data["words"][2] == "a�b"
    assert len(data["words"][4]) == 40 and data["words"][4].endswith("…")
    assert map_picture.png(drawn)[:4] == b"\x89PNG"


BOX = st.tuples(*[st.floats(0, 100)] * 2, *[st.floats(0.5, 60)] * 2).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)


@given(st.lists(BOX, max_size=15), BOX, st.floats(1, 40))
@settings(max_examples=200, deadline=None)
def test_boxes_know_what_overlaps(boxes, box, size):
    grid = Boxes(size)
    for other in boxes:
        grid.add(other)
    overlap = any(
        box[0] < o[2] and o[0] < box[2] and box[1] < o[3] and o[1] < box[3] for o in boxes
    )
    assert grid.free(box) is not overlap


@given(st.integers(0, 99), st.integers(1, 80))
@settings(max_examples=40, deadline=None)
def test_names_neither_overlap_nor_leave_the_frame(seed, count):
    places = np.random.default_rng(seed).random((count, 2)) * 200 + 50
    names = ["word" * (1 + n % 3) for n in range(count)]
    found = labels(places, names, 10, (300, 300))
    assert found[0].word == 0  # the first has room, whatever comes after
    spans = [(at.x, at.y - 6, at.x + text_width(at.text, 10), at.y + 6) for at in found]
    for n, (left, top, right, bottom) in enumerate(spans):
        assert 0 <= left and right <= 300 and 0 <= top and bottom <= 300
        for other in spans[:n]:
            apart = left >= other[2] - 1e-9 or other[0] >= right - 1e-9
            assert apart or top >= other[3] - 1e-9 or other[1] >= bottom - 1e-9


def test_names_give_way_to_points_and_arrows():
    places = np.array([[100.0, 100.0], [200.0, 100.0]])
    first, second = labels(places, ["from", "to"], 10, (300, 300), [(0, 1)])
    assert first.x < 100 and second.x > 200  # on the far sides of the arrow
    beside = np.array([[100.0, 100.0], [112.0, 100.0]])
    assert labels(beside, ["word", "x"], 10, (300, 300))[0].x < 100


@pytest.mark.parametrize("shape", ["wide", "tall", "one", "same"])
def test_pictures_of_any_shape(shape):
    vectors = {
        "wide": np.array([[1, 0.01], [1, -0.01], [-1, 0], [-1, 0.01]]),
        "tall": rows(4, 9), "one": np.ones((1, 3)), "same": np.ones((3, 3)),
    }[shape]  # fmt: skip
    drawn = maps.word_map(WordVectors([f"w{n}" for n in range(len(vectors))], vectors))
    data = map_picture.png(drawn)
    width, height = struct.unpack(">II", data[16:24])
    assert data[:4] == b"\x89PNG" and 2200 <= width < 2600 and 800 <= height < 2400


def test_a_picture_says_how_many_names_had_no_room():
    same = WordVectors([f"word{n}" for n in range(60)], np.ones((60, 3)) + rows(60, 3) * 1e-9)
    spec = map_picture._spec(maps.word_map(same))
    assert re.search(r"room for the names of \d of 60 words", spec["title"]["subtitle"])


@pytest.mark.parametrize("package", ["altair", "vl_convert"])
def test_a_picture_without_its_packages(royals, monkeypatch, tmp_path, package):
    monkeypatch.setitem(sys.modules, package, None)
    drawn = maps.word_map(royals)
    with pytest.raises(MissingExtra, match=r"pip install 'sestina\[report\]'"):
        maps.write(drawn, tmp_path / "map.png")
    maps.write(drawn, tmp_path / "map.html")
    assert [p.name for p in tmp_path.iterdir()] == ["map.html"]


def test_files_that_cannot_be_written(royals, tmp_path):
    drawn = maps.word_map(royals)
    with pytest.raises(OptionError, match=r"end its name in .html or .png"):
        maps.write(drawn, tmp_path / "map.gif")
    (tmp_path / "file").write_text("")
    with pytest.raises(SestinaError, match="cannot write"):
        maps.write(drawn, tmp_path / "file" / "map.html")
    (tmp_path / "map.html").mkdir()
    with pytest.raises(SestinaError, match="cannot write"):
        maps.write(drawn, tmp_path / "map.html")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "map.html"]


@pytest.fixture
def run(capsys, tmp_path):
    def call(*arguments):
        with pytest.raises(SystemExit) as left:
            main(["vectors", "map", "glove-50d", *map(str, arguments)])
        shown = capsys.readouterr()
        assert "Traceback" not in shown.err
        return left.value.code, shown.out, shown.err

    return call


def test_command_writes_pages_and_pictures(run, tmp_path):
    html, png = tmp_path / "a.html", tmp_path / "a.png"
    code, out, err = run("--top", 30, "--out", html, "--out", png)
    assert code == 0 and not err and html.exists() and png.exists()
    assert "The 30 most frequent words: glove-50d" in out and "30 of 15,000" in out
    assert "glove-50d</h1>" in html.read_text()
    code, out, err = run("--pairs", "king:queen, man:woman,zzz:queen", "--out", html, "--json")
    assert code == 1 and "exists; name another file, or replace it with --overwrite" in err
    code, out, err = run(
        "--pairs", "king:queen, man:woman,zzz:queen", "--out", html, "--json", "--overwrite"
    )
    found = json.loads(out)
    assert code == 0 and "1 pair of 3 left out" in err
    assert (found["words"], found["arrows"], found["left_out"]) == (4, 2, ["zzz"])
    assert found["files"] == [str(html)] and len(found["explained"]) == 2
    code, out, err = run(
        "--words",
        "frog,car",
        "--near",
        "3",
        "--method",
        "tsne",
        "--overwrite",
        "--out",
        html,
        "--json",
        "--seed",
        4,
    )
    assert code == 0 and json.loads(out)["words"] == 8 and json.loads(out)["explained"] is None
    code, out, err = run("--pairs", "capitals", "--out", html, "--overwrite")
    assert code == 0 and "From country to capital" in out


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--pairs", "capitls"], 2, "did you mean 'capitals'"),
        (["--pairs", "a:b,c"], 2, "'c' is not a pair"),
        (["--pairs", "a:b:c"], 2, "'a:b:c' is not a pair"),
        (["--pairs", "gender", "--top", "9"], 2, "--top and --pairs ask for different maps"),
        (["--pairs", "gender", "--method", "tsne"], 2, "drop --method"),
        (["--near", "3"], 2, "--near goes with --words"),
        (["--words", " , "], 2, "names nothing"),
        (["--words", "zzz"], 1, "no word is left to draw"),
        (["--top", "0"], 2, "top"),
        (["--out", "map.gif"], 2, "end its name in .html or .png"),
    ],
)
def test_command_says_what_is_wrong(run, tmp_path, options, code, message):
    found, out, err = run("--out", tmp_path / "map.html", *options)
    assert found == code and not out and message in err
    assert not list(tmp_path.iterdir())
