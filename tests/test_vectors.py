"""Tables of word vectors and the files that hold them."""

import gzip

import numpy as np
import pytest

from sestina.errors import DataError
from sestina.vectors.table import WordVectors

GLOVE = "the 0.5 -1 2e-1\ncat 1 2 3\n"


def write(tmp_path, text, name="vectors.txt"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def same(vectors, words, rows):
    assert vectors.words == tuple(words)
    assert vectors.matrix.dtype == np.float32
    assert np.array_equal(vectors.matrix, np.array(rows, dtype=np.float32))


@pytest.mark.parametrize(
    "text",
    [
        GLOVE,
        GLOVE.rstrip("\n"),
        GLOVE.replace("\n", "\r\n"),
        "2 3\n" + GLOVE,
        "2 3\n" + GLOVE.replace("\n", " \n"),  # word2vec ends each line with a blank
    ],
    ids=["glove", "no end", "crlf", "word2vec", "blanks"],
)
def test_text_files(tmp_path, text):
    path = write(tmp_path, text)
    for source in (path, str(path)):
        same(WordVectors.load(source), ["the", "cat"], [[0.5, -1, 0.2], [1, 2, 3]])


def test_compressed_file(tmp_path):
    path = write(tmp_path, gzip.compress(GLOVE.encode()), "vectors.txt.gz")
    assert WordVectors.load(path).words == ("the", "cat")


def test_words_may_hold_blanks_accents_and_digits(tmp_path):
    path = write(tmp_path, "the 1 2\n. . . 3 4\nnew york 5 6\ncafé 7 8\n2012 9 10\n")
    vectors = WordVectors.load(path)
    assert vectors.words == ("the", ". . .", "new york", "café", "2012")
    assert vectors["new york"].tolist() == [5, 6]


def test_one_dimension(tmp_path):
    same(WordVectors.load(write(tmp_path, "a 1\nb 2\n")), ["a", "b"], [[1], [2]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("3 3\n" + GLOVE, "promises 3 vectors and holds 2.*truncated"),
        ("1 3\n" + GLOVE, "promises 1 vector and holds 2"),
        (GLOVE + "dog 1 2\n", "line 3: expected a word and 3 numbers, got 'dog 1 2'"),
        (GLOVE + "dog 1\n", "line 3: expected a word and 3 numbers"),
        (GLOVE + "dog\n", "line 3: expected a word and 3 numbers"),
        (GLOVE + "\ndog 1 2 3\n", "line 3: expected a word and 3 numbers"),
        ("2 3\nthe 1 2 3\ncat 1 two 3\n", "line 3: expected a word and 3 numbers"),
        (GLOVE + "the 4 5 6\n", "line 3: the word 'the' stands twice"),
        (GLOVE + "cat 4 5 6\n", "line 3: the word 'cat' stands twice"),
        (GLOVE + "dog 1 nan 3\n", "vector of 'dog' has a NaN"),
        (GLOVE + "dog 1 inf 3\n", "vector of 'dog' has a NaN or infinite"),
        ("only words here\n", "line 1: .* is not a word followed by numbers"),
        ("", "is empty"),
        (b"\xff\xfe\x00 1 2\n", "encoded as utf-16"),
        (b"caf\xe9 1 2\n", "line 1: byte 0xe9 of the word is not UTF-8"),
    ],
)
def test_damaged_files(tmp_path, text, message):
    path = write(tmp_path, text)
    with pytest.raises(DataError, match=message):
        WordVectors.load(path)


def test_missing_file_and_unknown_source(tmp_path):
    with pytest.raises(DataError, match="there is no file"):
        WordVectors.load(tmp_path / "none.txt")
    with pytest.raises(DataError, match="vectors=int cannot be read"):
        WordVectors.load(5)
    with pytest.raises(DataError, match="is a data set, not word vectors"):
        WordVectors.load("movie-snippets")


def test_mappings_and_tables_pass():
    vectors = WordVectors.load({"a": [1.0, 2.0], "b": [3, 4]})
    same(vectors, ["a", "b"], [[1, 2], [3, 4]])
    assert WordVectors.load(vectors) is vectors


def test_table_as_a_container():
    vectors = WordVectors(["a", "b"], np.ones((2, 3)))
    assert len(vectors) == 2 and vectors.dimensions == 3
    assert "a" in vectors and "c" not in vectors
    assert repr(vectors) == "WordVectors(2 words × 3)"
    with pytest.raises(KeyError, match="'c' has no vector"):
        vectors["c"]


@pytest.mark.parametrize(
    ("words", "matrix", "message"),
    [
        (["a"], np.ones((2, 3)), "1 word came with an array of shape"),
        (["a", "b"], np.ones(2), "expected one row per word"),
        (["a", "a"], np.ones((2, 3)), "twice"),
        (["a", "b"], np.array([[1.0], [np.inf]]), "vector of 'b' has a NaN"),
    ],
)
def test_bad_tables(words, matrix, message):
    with pytest.raises(DataError, match=message):
        WordVectors(words, matrix)


def test_rows_for_words_as_written_then_in_lower_case():
    vectors = WordVectors(["apple", "Apple", "pear"], np.array([[1.0], [2.0], [3.0]]))
    rows, found = vectors.rows_for(["Apple", "apple", "PEAR", "plum", "Plum"])
    assert rows[:, 0].tolist() == [2, 1, 3, 0, 0]
    assert found.tolist() == [True, True, True, False, False]
    rows, found = vectors.rows_for([])
    assert rows.shape == (0, 1) and found.shape == (0,)


def test_shipped_vectors_know_likeness():
    vectors = WordVectors.load("glove-50d")
    assert vectors.dimensions == 50 and len(vectors) > 10_000

    def cosine(one, other):
        a, b = vectors[one], vectors[other]
        return a @ b / np.linalg.norm(a) / np.linalg.norm(b)

    assert cosine("king", "queen") > cosine("king", "butter") + 0.2
    _, found = vectors.rows_for("the film was n't good , it 's 10 !".split())
    assert found.all()
