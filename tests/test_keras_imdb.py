"""Keras' imdb.npz: lists of numbers are read as data, anything else is refused unread."""

import io
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import refused
from sestina.data.object_arrays import lists_of_numbers
from sestina.data.read import read
from sestina.errors import DataError

WORDS = {"the": 1, "film": 2, "good": 3, "bad": 4, "don't": 5, "été": 6}
TAIL = b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb\x89"
OLD = (  # as Python 2 wrote it: [[1, 258, 70000], [-5], []]
    b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02K\x00\x85U\x01b"
    b"\x87Rq\x03(K\x01K\x03\x85cnumpy\ndtype\nq\x04U\x02O8K\x00K\x01\x87Rq\x05" + TAIL + b"]q\x06"
    b"(]q\x07(K\x01M\x02\x01Jp\x11\x01\x00e]q\x08J\xfb\xff\xff\xffa]q\x09etb."
)


def objects(rows):
    array = np.empty(len(rows), dtype=object)
    array[:] = rows
    return array


def body(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue().partition(b"\n")[2]


def put_imdb(folder, train, test, y_train, y_test, words=WORDS, name="imdb.npz"):
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(
        folder / name,
        x_train=train if isinstance(train, np.ndarray) else objects(train),
        y_train=np.array(y_train),
        x_test=test if isinstance(test, np.ndarray) else objects(test),
        y_test=np.array(y_test),
    )
    (folder / "imdb_word_index.json").write_text(json.dumps(words), encoding="utf-8")
    return folder / name


def test_ranks_become_words_and_codes_become_classes(tmp_path):
    path = put_imdb(tmp_path, [[1, 2, 3], [5, 4]], [[6], [1, 4, 2]], [1, 0], [1, 0])
    for place in (path, tmp_path):
        found = read(place)
        assert found.texts == ["the film good", "don't bad", "été", "the bad film"]
        assert found.labels == ["pos", "neg", "pos", "neg"]
        assert found.parts == ["train", "train", "test", "test"]


def test_numbers_of_load_data_are_three_higher_and_begin_with_start(tmp_path):
    path = put_imdb(tmp_path, [[1, 4, 2, 6], [1, 7]], [[1, 2, 2], [1, 5]], [1, 0], [1, 0])
    found = read(path)
    assert found.texts == ["the good", "bad", "film"]  # a review of unknown words only is empty
    assert "train: left out 1 word that had no number" in found.notes
    assert "skipped 1 row with an empty text" in found.notes


def test_texts_of_equal_length_are_a_plain_array(tmp_path):
    path = put_imdb(tmp_path, np.array([[3, 1], [1, 4]]), [[2], [1, 2]], [1, 0], [0, 1])
    assert read(path).texts[:2] == ["good the", "the bad"]


def test_what_python_2_wrote():
    assert lists_of_numbers(OLD, "x") == [[1, 258, 70000], [-5], []]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(st.integers(-(2**70), 2**70), max_size=40), min_size=1, max_size=30))
def test_any_lists_of_whole_numbers_come_back(rows):
    array = np.empty(len(rows), dtype=object)
    for n, row in enumerate(rows):
        array[n] = row
    assert lists_of_numbers(body(array), "x") == rows


def test_more_rows_than_fit_into_one_batch_or_frame():
    rows = [[n, n + 1] * (n % 7) for n in range(5000)]
    assert lists_of_numbers(body(objects(rows)), "x") == rows


def test_a_cut_file_is_refused_wherever_it_is_cut():
    whole = body(objects([[1, 258, 70000], [5], list(range(300))]))
    for data in (whole, OLD):
        for end in range(len(data)):
            with pytest.raises(DataError):
                lists_of_numbers(data[:end], "x")


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=60), st.integers(0, len(OLD)))
def test_foreign_bytes_are_read_as_numbers_or_refused(junk, place):
    for data in (junk, OLD[:place] + junk + OLD[place:], OLD[:place] + junk):
        try:
            rows = lists_of_numbers(data, "x")
        except DataError:
            continue
        assert all(type(number) is int for row in rows for number in row)


def test_nothing_is_called(tmp_path):
    trace = tmp_path / "called"
    call = b"\x80\x02cos\nsystem\nX%s(touch %s)tR." % (b"\x00" * 4, str(trace).encode())
    for name in (b"cos\nsystem\n", b"cbuiltins\neval\n", b"csubprocess\nrun\n"):
        for data in (b"\x80\x02" + name + b"(K\x01tR.", call):
            with pytest.raises(DataError, match=r"it names (os\.system|builtins|subprocess)"):
                lists_of_numbers(data, "x")
    assert not trace.exists()


@pytest.mark.parametrize(
    "row", [[1, 2.5], [1, "word"], [True], [None], "text", 7, (1, 2), [[1], [2]], {"a": 1}]
)
def test_other_objects_are_refused(row):
    with pytest.raises(DataError, match=r"no array of lists of whole numbers|damaged"):
        lists_of_numbers(body(objects([[1], row])), "x")


def test_what_is_wrong_is_told_in_a_sentence(tmp_path):
    good = ([[1, 2], [3]], [[4], [1, 2]], [1, 0], [0, 1])
    path = put_imdb(tmp_path / "a", *good)
    (tmp_path / "a" / "imdb_word_index.json").unlink()
    refused(path, "there is no file", "imdb_word_index.json")
    refused(put_imdb(tmp_path / "b", *good, words={"the": 1}), "number 2", "do not belong together")
    refused(put_imdb(tmp_path / "c", *good, words={"the": "1"}), "does not map words")
    refused(
        put_imdb(tmp_path / "d", *good[:2], [1, 2], [0, 1]), "y_train", "one 0 or 1", "2 reviews"
    )
    refused(put_imdb(tmp_path / "e", *good[:2], [1], [0, 1]), "y_train", "2 reviews")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    refused(tmp_path / "other.npz", "no array 'x_train'", "CSV")
    (tmp_path / "no.npz").write_bytes(b"PK\x03\x04 nothing")
    refused(tmp_path / "no.npz", "no .npz file")
    refused(
        put_imdb(tmp_path / "f", np.zeros((2, 3)), *good[1:]), "float64", "whole numbers a review"
    )
    index = tmp_path / "a" / "imdb_word_index.json"
    index.write_text("{", encoding="utf-8")
    refused(path, "is not JSON")
