"""Rows of numbers and symbols become vectors, each column as it was learnt."""

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array, issparse

from sestina import load_table
from sestina.errors import DataError
from sestina.text.attributes import Attributes


def dense(table):
    return table.toarray() if issparse(table) else table


def test_the_weather_table_has_ten_columns():
    """EDAN95 [002]: 14 objects, four attributes, ten binary columns."""
    table = load_table("weather").drop("object", "class")
    known = Attributes.learn(table)
    vectors = dense(known.vectors(table))
    assert known.features == 10 and vectors.shape == (14, 10) and vectors.dtype == np.float32
    assert (vectors.sum(axis=1) == 4).all() and set(vectors.ravel()) == {0.0, 1.0}
    assert known.names == ("outlook", "temperature", "humidity", "windy")
    assert known.symbols[0] == ("overcast", "rain", "sunny")


def test_numbers_stay_and_symbols_become_one_hot():
    rows = [["F", 1990, True], ["M", 2.5, False]]
    known = Attributes.learn(rows)
    assert dense(known.vectors(rows)).tolist() == [[1, 0, 1990, 1], [0, 1, 2.5, 0]]
    assert known.features == 4 and len(known) == 3
    assert dense(known.vectors([["M", 0, 0]])).tolist() == [[0, 1, 0, 0]]
    assert known.vectors([]).shape == (0, 4)
    assert known.example() == ["F", 0.0, 0.0]
    objects = np.array(rows, dtype=object)
    assert np.array_equal(dense(known.vectors(objects)), dense(known.vectors(rows)))


def test_all_forms_of_a_table_of_numbers_are_one():
    X = np.array([[0, 1.5], [2, 0]])
    for form in (X, X.tolist(), X.astype(np.float32), csr_array(X), pl.DataFrame(X), tuple(X)):
        known = Attributes.learn(form)
        assert known.symbols == (None, None)
        found = known.vectors(form)
        assert dense(found).tolist() == X.tolist() and found.dtype == np.float32
        assert issparse(found) == issparse(form)


def test_the_caller_s_sparse_table_stays_as_it_was():
    X = csr_array((np.array([1.0, 2.0]), np.array([1, 1]), np.array([0, 2])), shape=(1, 2))
    found = Attributes.learn(X).vectors(X)
    assert found.toarray().tolist() == [[0, 3]] and found.nnz == 1 and X.nnz == 2


columns = st.lists(st.booleans(), min_size=1, max_size=4)


@settings(max_examples=60, deadline=None)
@given(columns, st.integers(1, 6), st.randoms(use_true_random=False))
def test_vectors_tell_the_rows(kinds, count, chance):
    rows = [
        [
            chance.choice(["a", "b", "é", ""]) if symbol else chance.randint(-9, 9)
            for symbol in kinds
        ]
        for _ in range(count)
    ]
    known = Attributes.learn(rows)
    vectors = dense(known.vectors(rows))
    assert vectors.shape == (count, known.features)
    place = 0
    for n, symbols in enumerate(known.symbols):
        width = 1 if symbols is None else len(symbols)
        part = vectors[:, place : place + width]
        place += width
        for row, numbers in zip(rows, part, strict=True):
            if symbols is None:
                assert numbers.tolist() == [row[n]]
            else:
                assert numbers.sum() == 1 and symbols[numbers.argmax()] == row[n]
    again = Attributes.from_json(json.loads(json.dumps(known.to_json())))
    assert again == known
    assert np.array_equal(dense(again.vectors(rows)), vectors)


def test_columns_of_other_names_are_refused():
    known = Attributes.learn(pl.DataFrame({"a": [1], "b": ["x"]}))
    with pytest.raises(DataError, match="the columns are a, c; expected, as in training, a, b"):
        known.vectors(pl.DataFrame({"a": [1], "c": ["x"]}))
    with pytest.raises(DataError, match="rows of 1 value came; expected 2, as in training: a, b"):
        known.vectors(pl.DataFrame({"a": [1]}))
    with pytest.raises(DataError, match="row 0: a is None; expected a number"):
        known.vectors(pl.DataFrame({"a": [None], "b": ["x"]}))
