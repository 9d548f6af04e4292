"""Integer sequences: the paddings of the lectures, agreement with what the nets read, bad input."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from sestina import IntegerSequences
from sestina.config import TextOptions
from sestina.errors import DataError, OptionError
from sestina.text.encode import learn

TEXTS = ["one two three four five", "one two", ""]
LEARNT = ["one one one two two three"]  # numbers 2, 3, 4


@pytest.mark.parametrize(
    ("options", "rows"),
    [
        # [001]: the first words, padded after; [003]: the last T, padded before
        ({}, [[2, 3, 4, 1], [2, 3, 0, 0], [0, 0, 0, 0]]),
        ({"truncate": "pre", "pad": "pre"}, [[3, 4, 1, 1], [0, 0, 2, 3], [0, 0, 0, 0]]),
        ({"pad": "pre"}, [[2, 3, 4, 1], [0, 0, 2, 3], [0, 0, 0, 0]]),
        (
            {"mark_start": True, "mark_end": True},
            [[2, 4, 5, 3], [2, 4, 5, 3], [2, 3, 0, 0]],
        ),
    ],
)
def test_padding_and_cutting(options, rows):
    numbers = IntegerSequences(max_tokens=4, **options).fit(LEARNT)
    found = numbers.transform(TEXTS)
    assert found.dtype == np.int32
    assert found.tolist() == rows


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.text("ab ", max_size=12), min_size=1, max_size=5), st.integers(1, 6), st.booleans()
)
def test_rows_are_what_the_nets_read(texts, most, pre):
    side = "pre" if pre else "post"
    options = {"max_tokens": most, "truncate": side, "pad": side, "level": "character"}
    numbers = IntegerSequences(**options)
    table = numbers.fit_transform(texts)
    _, encoded = learn(texts, TextOptions(**options))
    assert table.shape == (len(texts), most)
    assert np.array_equal(numbers.transform(texts), table)
    for n, row in enumerate(table):
        length = int(encoded.ids.lengths[n])
        kept, rest = (
            (row[most - length :], row[: most - length]) if pre else (row[:length], row[length:])
        )
        assert kept.tolist() == encoded.ids.row(n).tolist() and (rest == 0).all()


def test_what_was_lost_is_counted():
    seen = IntegerSequences(max_tokens=4).fit(LEARNT).encoded(TEXTS)
    assert (seen.tokens, seen.unknown, seen.truncated, seen.empty) == (7, 2, 1, 1)


def test_manners():
    nonsense = {spec.name: object() for spec in fields(IntegerSequences)}
    assert vars(IntegerSequences(**nonsense)) == nonsense
    for ask in ("transform", "encoded"):
        with pytest.raises(NotFittedError):
            getattr(IntegerSequences(), ask)(["a"])
    assert IntegerSequences(max_tokens=2).get_feature_names_out().tolist() == ["token1", "token2"]
    texts, labels = ["a b", "b a"] * 10, [0, 1] * 10
    assert (
        make_pipeline(IntegerSequences(max_tokens=2), LogisticRegression())
        .fit(texts, labels)
        .score(texts, labels)
        == 1
    )


@pytest.mark.filterwarnings("ignore:Can't test estimator")
def test_check_estimator_as_it_comes():
    results = check_estimator(IntegerSequences(), on_skip=None)
    assert {r["status"] for r in results} == {"passed"}


@pytest.mark.parametrize(
    ("options", "texts", "kind", "sentence"),
    [
        ({}, [], DataError, "no texts came"),
        ({}, "abc", DataError, "one string came"),
        ({}, [["a"]], DataError, "expected a list of strings"),
        ({"pad": "left"}, ["a"], OptionError, "pad='left' is unknown"),
        ({"max_tokens": 1, "mark_end": True}, ["a"], OptionError, "max_tokens=1 leaves no room"),
        ({"min_count": 2}, ["a"], OptionError, "min_count=2 leaves no token"),
    ],
)
def test_bad_input(options, texts, kind, sentence):
    with pytest.raises(kind, match=sentence):
        IntegerSequences(**options).fit(texts)
