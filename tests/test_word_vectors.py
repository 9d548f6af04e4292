"""Tables of word vectors: lookup, unseen words, analogies, directions, completion; the verbs."""

import json
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sestina import WordVectors
from sestina.cli.app import main
from sestina.errors import DataError, OptionError
from sestina.vectors import directions
from sestina.vectors.rows import Rows
from sestina.vectors.spelling import UnknownWord

FLAT = WordVectors(["up", "upward", "left", "zero"], [[0, 1], [0.1, 1], [-1, 0], [0, 0]])


class Letters:
    """Makes a vector of a word of the letters a and b."""

    def vector(self, word):
        known = [letter for letter in word if letter in "ab"]
        return np.array([known.count("a"), known.count("b")], np.float32) if known else None


class Spelled(Sequence):
    """Words that are decoded on need; counts how often."""

    def __init__(self, words):
        self.given, self.read = words, 0

    def __len__(self):
        return len(self.given)

    def __getitem__(self, i):
        self.read += 1
        return self.given[i]


@pytest.fixture(scope="module")
def glove():
    return WordVectors.load("glove-50d")


@pytest.fixture
def mapped(tmp_path):
    """Memory-map a matrix from a file."""

    def write(matrix):
        np.save(tmp_path / "matrix.npy", matrix)
        return np.load(tmp_path / "matrix.npy", mmap_mode="r")

    return write


def words_of(found):
    return [word for word, _ in found]


def test_opening_reads_neither_words_nor_rows(mapped):
    matrix = np.ones((4, 3), np.float16)
    matrix[2] = np.nan
    words = Spelled(["a", "b", "c", "d"])
    vectors = WordVectors(words, mapped(matrix))
    assert words.read == 0 and vectors.words is words
    assert vectors["d"].dtype == np.float32 and vectors["d"].tolist() == [1, 1, 1]
    with pytest.raises(DataError, match="the vector of 'c' has a NaN"):
        vectors["c"]
    with pytest.raises(DataError, match="the vector of 'c' has a NaN"):
        vectors.neighbours("a")
    with pytest.raises(DataError, match="the vector of 'c' has a NaN"):
        vectors.rows_for(["a", "c"])


def test_equal_words_are_found_when_first_looked_up():
    vectors = WordVectors(Spelled(["a", "b", "a"]), np.ones((3, 1)))
    with pytest.raises(DataError, match="the word 'a' occurs twice"):
        vectors["b"]


def test_matrix_is_float32_and_cannot_be_changed():
    given = np.ones((2, 2), np.float16)
    vectors = WordVectors(["a", "b"], given)
    assert vectors.stored.dtype == np.float16 and vectors.matrix.dtype == np.float32
    for matrix in (vectors.matrix, vectors.stored):
        with pytest.raises(ValueError, match="read-only"):
            matrix[0] = 5
    given[0] = 2  # the caller's own array stays writable


def test_unseen_words_are_made_of_their_parts():
    vectors = WordVectors(["apple", "b"], [[5, 5], [0, 9]], parts=Letters())
    assert "ab" not in vectors and vectors["ab"].tolist() == [1, 1]
    assert vectors["b"].tolist() == [0, 9]
    assert vectors.neighbours("aab", n=1)[0][0] == "apple"
    rows, found = vectors.rows_for(["aa", "xyz", "B", "ab"])
    assert rows.tolist() == [[2, 0], [0, 0], [0, 9], [1, 1]]
    assert found.tolist() == [True, False, True, True]
    assert vectors.known(["aa", "xyz", "b"]) == [True, False, True]
    with pytest.raises(KeyError, match="'xyz' has no vector"):
        vectors["xyz"]


@pytest.mark.parametrize(
    ("word", "meant"),
    [("King", "king"), ("kign", "king"), ("enviroment", "environment"), ("qeen", "queen")],
)
def test_unknown_words_come_with_known_ones(glove, word, meant):
    with pytest.raises(UnknownWord, match=f"^'{word}' has no vector; did you mean .*'{meant}'"):
        glove.neighbours(word)


@pytest.mark.parametrize("word", ["", "Ω≈ç√∫", "x" * 60])
def test_unknown_words_without_a_like(glove, word):
    with pytest.raises(DataError, match=f"^'{word}' has no vector; ask another word"):
        glove[word]


def test_lectures_examples(glove):
    assert words_of(glove.analogy(["king", "woman"], ["man"], n=1)) == ["queen"]
    assert words_of(glove.analogy(["king", "woman"], "man", n=1, method="multiply")) == ["queen"]
    assert "frogs" in words_of(glove.neighbours("frog"))
    assert {"cars", "driver", "truck"} <= set(words_of(glove.neighbours("car")))
    assert glove.doesnt_match("breakfast lunch car dinner".split()) == "car"
    assert glove.similarity("cat", "dog") > glove.similarity("cat", "car") + 0.3


def brute_multiply(vectors, positive, negative):
    """3CosMul word by word, as its paper writes it."""
    scores = {}
    for word in vectors.words:
        shares = {
            other: (vectors.similarity(word, other) + 1) / 2 for other in [*positive, *negative]
        }
        above = np.prod([shares[p] for p in positive])
        scores[word] = above / (np.prod([shares[n] for n in negative]) + 0.001)
    kept = [word for word in scores if word not in {*positive, *negative}]
    return sorted(((word, scores[word]) for word in kept), key=lambda pair: -pair[1])


@given(st.integers(0, 2**32 - 1), st.integers(1, 3), st.integers(0, 3))
@settings(max_examples=25, deadline=None)
def test_analogies_by_brute_force(seed, plus, minus):
    rng = np.random.default_rng(seed)
    words = [f"w{i}" for i in range(12)]
    vectors = WordVectors(words, rng.normal(size=(12, 4)))
    asked = rng.permutation(words)[: plus + minus].tolist()
    positive, negative = asked[:plus], asked[plus:]

    found = vectors.analogy(positive, negative, n=20, method="multiply")
    expected = brute_multiply(vectors, positive, negative)
    assert words_of(found) == words_of(expected)
    assert np.allclose([s for _, s in found], [s for _, s in expected])

    rows = vectors.matrix / np.linalg.norm(vectors.matrix, axis=1, keepdims=True)
    target = sum(rows[words.index(p)] for p in positive)
    target = target - sum(rows[words.index(n)] for n in negative)
    found = dict(vectors.analogy(positive, negative, n=20))
    assert set(found) == set(words) - set(asked)
    for word, cosine in found.items():
        exact = rows[words.index(word)] @ target / np.linalg.norm(target)
        assert cosine == pytest.approx(exact, abs=1e-5)


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda v: v.analogy([], ["up"]), "no positive word came"),
        (lambda v: v.analogy(["up"], ["up"]), "the words of the analogy cancel out"),
        (lambda v: v.analogy("up", method="plus"), "no analogy method 'plus'"),
        (lambda v: v.analogy("up", n=0), "n=0 makes no sense"),
        (lambda v: v.neighbours("up", n=0), "n=0 makes no sense"),
        (lambda v: v.neighbours("zero"), "the vector of 'zero' is all zeros"),
        (lambda v: v.neighbours(np.zeros(2)), "a vector of zeros, or with NaN"),
        (lambda v: v.neighbours(np.array([np.nan, 1])), "a vector of zeros, or with NaN"),
        (lambda v: v.neighbours(np.ones(3)), "vectors of 2 numbers, not of this ndarray"),
        (lambda v: v.neighbours(["up", 5]), "vectors of 2 numbers, not of this list"),
        (lambda v: v.neighbours(5), "vectors of 2 numbers, not of this int"),
        (lambda v: v.doesnt_match(["up", "up", "left"]), "2 words came; the odd one out needs 3"),
        (lambda v: v.neighbours("up", n=2.5), "n=2.5 makes no sense; ask for a whole number"),
        (lambda v: v.neighbours("up", n="3"), "n='3' makes no sense"),
        (lambda v: v.doesnt_match("upward"), "'upward' came where a list of words is expected"),
        (lambda v: v.rows_for("up"), "'up' came where a list of words"),
        (lambda v: v.known("up"), "'up' came where a list of words"),
        (lambda v: v.direction([("up", "left")]).along("up"), "'up' came where a list of words"),
        (lambda v: v[0], "0 is no word; expected text"),
        (lambda v: v[["up", "left"]], "is no word; expected text"),
        (lambda v: v.analogy([v["up"]]), "is no word; expected text"),
        (lambda v: v.direction([]), "no pair of words came"),
        (lambda v: v.direction(["up"]), "'up' is not a pair of words"),
        (lambda v: v.direction([("up", "left", "zero")]), "is not a pair of words"),
        (lambda v: v.direction([("up", "up")]), "have equal vectors"),
        (lambda v: v.predict_word(["up"]), "came without the output layer"),
    ],
)
def test_wrong_questions(ask, sentence):
    with pytest.raises((DataError, OptionError), match=sentence) as caught:
        ask(FLAT)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"outputs": np.ones((2, 3))}, r"output vectors have the shape \(2, 3\)"),
        ({"counts": [1]}, r"counts of shape \(1,\) came with 2 words"),
        ({"counts": [1, -1]}, "expected one number, 0 or more"),
    ],
)
def test_what_comes_with_vectors_must_fit(more, sentence):
    with pytest.raises(DataError, match=sentence):
        WordVectors(["a", "b"], np.ones((2, 2)), **more)
    with pytest.raises(DataError, match="not all lists of numbers of one length"):
        WordVectors(["a", "b"], [[1, 2], [3]])


def test_words_are_text_and_come_one_by_one(tmp_path):
    assert list(FLAT) == ["up", "upward", "left", "zero"]
    with pytest.raises(DataError, match="1 is no word; expected text"):
        WordVectors([1, 2], np.ones((2, 2)))
    half = WordVectors(["\ud800", "b"], np.ones((2, 2)))
    for ending in (".txt", ".bin", ".safetensors"):
        with pytest.raises(DataError, match="holds half a character"):
            half.save(tmp_path / f"half{ending}")
    assert not list(tmp_path.iterdir())


def test_a_direction_that_is_known():
    rng = np.random.default_rng(0)
    men, step = rng.normal(size=(6, 8)), np.eye(8)[0] * 0.5
    rows = np.concatenate([men, men + step + rng.normal(size=(6, 8)) * 0.02])
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    words = [f"{kind}{i}" for kind in "mw" for i in range(6)]
    vectors = WordVectors(words, rows)
    pairs = [(f"m{i}", f"w{i}") for i in range(6)]
    found = vectors.direction(pairs)
    assert np.linalg.norm(found.vector) == pytest.approx(1, abs=1e-6)
    assert found.vector[0] > 0.8 and found.explained > 0.6 and found.agreement == 1
    placed = dict(found.along(words))
    assert all(placed[w] > placed[m] for m, w in pairs)
    assert list(placed.values()) == sorted(placed.values())
    back = vectors.direction([(w, m) for m, w in pairs])
    assert np.allclose(back.vector, -found.vector, atol=1e-6)
    alone = vectors.direction(pairs[:1])
    assert alone.explained == 1 and alone.agreement is None and len(alone.left_out) == 0


def test_pairs_that_have_nothing_in_common_do_not_agree():
    rng = np.random.default_rng(1)
    vectors = WordVectors([f"w{i}" for i in range(200)], rng.normal(size=(200, 50)))
    found = vectors.direction([(f"w{i}", f"w{i + 1}") for i in range(0, 200, 2)])
    assert found.explained < 0.15 and 0.3 < found.agreement < 0.8


@pytest.mark.parametrize(("pairs", "size"), [(2, 5), (3, 40), (40, 40), (60, 5), (7, 1)])
def test_a_pair_is_set_against_the_direction_of_all_others(pairs, size):
    differences = np.random.default_rng(pairs).normal(0.3, 1, (pairs, size))
    found = directions.without_one(differences)
    for place, row in enumerate(differences):
        others, _ = directions.component(np.delete(differences, place, axis=0))
        assert found[place] == pytest.approx(row @ others, abs=1e-9)


def test_gender_and_plural(glove):
    gender = glove.direction([("man", "woman"), ("king", "queen"), ("he", "she")])
    assert gender.agreement == 1
    order = words_of(gender.along("father actress mother actor".split()))
    assert set(order[:2]) == {"father", "actor"} and set(order[2:]) == {"mother", "actress"}
    plural = glove.direction([("car", "cars"), ("dog", "dogs"), ("year", "years")])
    assert plural.agreement == 1
    places = dict(plural.along(["tree", "trees"]))
    assert places["trees"] > places["tree"]


def test_words_are_completed_by_softmax():
    rng = np.random.default_rng(2)
    words, outputs = ["a", "b", "c", "d"], rng.normal(size=(4, 3))
    vectors = WordVectors(words, rng.normal(size=(4, 3)), outputs=outputs, counts=[8, 4, 0, 1])
    mean = (vectors["a"] + vectors["c"]) / 2
    powers = np.exp(outputs @ mean)
    found = vectors.predict_word(["a", "c"], n=4)
    assert dict(found) == pytest.approx(dict(zip(words, powers / powers.sum(), strict=True)))
    assert [p for _, p in found] == sorted((p for _, p in found), reverse=True)
    noisy = powers * np.array([8, 4, 0, 1]) ** 0.75
    found = vectors.predict_word(["a", "c"], n=4, noise=0.75)
    assert dict(found) == pytest.approx(dict(zip(words, noisy / noisy.sum(), strict=True)))
    assert vectors.predict_word("a", n=1) == vectors.predict_word(["a"], n=1)
    with pytest.raises(DataError, match="no word of a context came"):
        vectors.predict_word([])
    with pytest.raises(OptionError, match="n=0 makes no sense"):
        vectors.predict_word("a", n=0)
    for noise in (-1, np.nan, np.inf):
        with pytest.raises(OptionError, match=f"noise={noise} makes no sense"):
            vectors.predict_word("a", noise=noise)
    assert vectors.predict_word("a", n=1, noise=1e300) == [(words[0], 1.0)]
    uncounted = WordVectors(words, vectors.matrix, outputs=outputs)
    with pytest.raises(DataError, match="came without counts"):
        uncounted.predict_word("a", noise=0.75)


def test_large_logits_do_not_overflow():
    vectors = WordVectors(["a", "b"], [[100.0], [1.0]], outputs=np.array([[100.0], [-100.0]]))
    assert vectors.predict_word("a") == [("a", 1.0), ("b", 0.0)]


def test_rows_take_everything_along():
    given = Rows(["a", "b"], np.eye(2), Letters(), np.ones((2, 2)), np.array([3, 1]))
    vectors = WordVectors.load(given)
    back = WordVectors.load(vectors.rows())
    assert back.words == ("a", "b") and back.parts is given.parts
    assert back.outputs.tolist() == [[1, 1], [1, 1]] and back.counts.tolist() == [3, 1]


def test_save_and_load_text(tmp_path):
    path = tmp_path / "flat.txt"
    FLAT.save(path)
    back = WordVectors.load(path)
    assert back.words == FLAT.words and np.array_equal(back.matrix, FLAT.matrix)


@pytest.fixture
def run(capsys):
    def call(*arguments):
        with pytest.raises(SystemExit) as left:
            main(["vectors", *arguments])
        shown = capsys.readouterr()
        return left.value.code, shown.out, shown.err

    return call


@pytest.mark.parametrize(
    ("verb", "arguments", "answer"),
    [
        ("neighbours", ["frog", "car"], lambda r: [a["word"] for a in r] == ["frog", "car"]),
        ("similarity", ["cat", "dog", "car"], lambda r: len(r) == 3 and r[0]["cosine"] > 0.9),
        ("analogy", ["man", "king", "woman"], lambda r: r[0]["word"] == "queen"),
        ("odd-one-out", ["lunch", "car", "dinner"], lambda r: r[0]["word"] == "car"),
    ],
)
def test_verbs(run, verb, arguments, answer):
    code, out, err = run(verb, "glove-50d", *arguments, "--json", "--seed", "1")
    found = json.loads(out)
    assert code == 0 and not err and found["task"] == f"vectors {verb}" and answer(found["answers"])
    code, out, _ = run(verb, "glove-50d", *arguments)
    assert code == 0 and out and max(map(len, out.splitlines())) <= 80


def test_verb_direction(run):
    given = ["direction", "glove-50d", "man:woman", "he:she", "--along", "nurse, boss"]
    code, out, _ = run(*given, "--json")
    found = json.loads(out)
    assert code == 0 and found["agreement"] == 1 and len(found["pairs"]) == 2
    assert [row["word"] for row in found["along"]] == ["boss", "nurse"]
    code, out, _ = run(*given)
    assert code == 0 and "agreement" in out and max(map(len, out.splitlines())) <= 80
    code, out, _ = run(*given[:3], "--json")
    assert json.loads(out)["agreement"] is None
    assert run("direction", "glove-50d", "man")[0] == 2


def test_verb_complete(run, monkeypatch):
    vectors = WordVectors(["a", "b"], np.eye(2), outputs=np.eye(2), counts=[1, 1])
    monkeypatch.setattr(WordVectors, "load", lambda source: vectors)
    code, out, err = run("complete", "any", "b", "nonsense", "--json", "-n", "1")
    assert code == 0 and json.loads(out)["answers"][0]["word"] == "b"
    assert json.loads(out)["unknown"] == ["nonsense"] and "nonsense" in err
    code, _, err = run("complete", "any", "nonsense")
    assert code == 1 and "none of 1 word has a vector" in err


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["neighbours", "glove-50d", "kign"], 1, "did you mean 'king'"),
        (["neighbours", "glov-50d", "king"], 1, "did you mean 'glove-50d'"),
        (["similarity", "glove-50d", "king"], 2, "one word came; give two"),
        (["analogy", "glove-50d", "a", "the", "of", "--method", "x"], 2, "known are add, multiply"),
        (["neighbours", "glove-50d", "king", "-n", "0"], 2, ""),
        (["complete", "glove-50d", "king"], 1, "came without the output layer"),
    ],
)
def test_verbs_refuse(run, arguments, code, sentence):
    left, out, err = run(*arguments)
    assert left == code and not out and sentence in err and "Traceback" not in err
