"""One-hot vectors: the weather table and the 56 letters of the lectures, words, bad input."""

import warnings
from dataclasses import fields

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import issparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import check_estimator

from sestina import OneHot, OneHotTokens, SeriesClassifier, load_dataset, load_table
from sestina.errors import DataError, DataWarning, OptionError
from sestina.text.one_hot import NAME_LETTERS

ATTRIBUTES = ["outlook", "temperature", "humidity", "windy"]
VALUES = [
    ["sunny", "overcast", "rain"], ["hot", "mild", "cool"], ["high", "normal"], ["true", "false"],
]  # fmt: skip
# EDAN95 [002], "Converting Symbolic Attributes into Numerical Vectors", row by row
DECK = """
1 0 0 1 0 0 1 0 0 1 N
1 0 0 1 0 0 1 0 1 0 N
0 1 0 1 0 0 1 0 0 1 P
0 0 1 0 1 0 1 0 0 1 P
0 0 1 0 0 1 0 1 0 1 P
0 0 1 0 0 1 0 1 1 0 N
0 1 0 0 0 1 0 1 1 0 P
1 0 0 0 1 0 1 0 0 1 N
1 0 0 0 0 1 0 1 0 1 P
0 0 1 0 1 0 0 1 0 1 P
1 0 0 0 1 0 0 1 1 0 P
0 1 0 0 1 0 1 0 1 0 P
0 1 0 1 0 0 0 1 0 1 P
0 0 1 0 1 0 1 0 1 0 N
"""


def weather():
    table = load_table("weather")
    return table.select(ATTRIBUTES), table["class"].to_list()


# --- symbolic attributes ---------------------------------------------------------------------


def test_the_weather_table_of_the_lecture():
    table, classes = weather()
    one_hot = OneHot(categories=VALUES)
    found = one_hot.fit_transform(table)
    deck = [line.split() for line in DECK.strip().splitlines()]
    assert found.shape == (14, 10) and issparse(found) and found.dtype == np.float32
    assert found.toarray().astype(int).tolist() == [[int(v) for v in row[:-1]] for row in deck]
    assert classes == [row[-1] for row in deck]
    assert one_hot.get_feature_names_out().tolist() == [
        f"{name}={value}"
        for name, values in zip(ATTRIBUTES, VALUES, strict=True)
        for value in values
    ]


def test_without_categories_values_are_sorted():
    table, _ = weather()
    found = OneHot().fit(table)
    assert [values.tolist() for values in found.categories_] == [sorted(v) for v in VALUES]
    assert found.feature_names_in_.tolist() == ATTRIBUTES and found.n_features_in_ == 4


def test_a_tree_learns_the_weather():
    table, classes = weather()
    tree = make_pipeline(OneHot(), DecisionTreeClassifier(random_state=0)).fit(table, classes)
    assert tree.score(table, classes) == 1.0


@pytest.mark.parametrize(
    "table",
    [
        [["a", "x"], ["b", "x"]],
        (("a", "x"), ("b", "x")),
        np.array([["a", "x"], ["b", "x"]]),
        np.array([["a", "x"], ["b", "x"]], dtype=object),
        pl.DataFrame({"one": ["a", "b"], "two": ["x", "x"]}),
    ],
)
def test_tables_of_any_kind(table):
    found = OneHot().fit(table)
    assert found.transform(table).toarray().tolist() == [[1, 0, 1], [0, 1, 1]]


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 4).flatmap(
        lambda n: st.lists(
            st.lists(st.sampled_from(["a", "b", "c", ""]), min_size=n, max_size=n),
            min_size=1, max_size=8,
        )
    )
)  # fmt: skip
def test_each_attribute_has_exactly_one_1(rows):
    found = OneHot().fit(rows)
    table = found.transform(rows).toarray()
    ends = np.cumsum([len(values) for values in found.categories_])
    assert table.shape[1] == ends[-1]
    for n, part in enumerate(np.split(table, ends[:-1], axis=1)):
        assert (part.sum(axis=1) == 1).all()
        shown = [found.categories_[n][row.argmax()] for row in part]
        assert shown == [row[n] for row in rows]


def test_an_unknown_value_is_an_error_or_zeros():
    table, _ = weather()
    row = [["snow", "hot", "high", "true"]]
    sentence = "row 0: outlook is 'snow', which is unknown; known are overcast, rain, sunny"
    with pytest.raises(DataError, match=sentence):
        OneHot().fit(table).transform(row)
    with pytest.raises(DataError, match=r"did you mean 'sunny'\?; correct it, or set unk"):
        OneHot().fit(table).transform([["suny", *row[0][1:]]])
    with pytest.warns(DataWarning, match="1 value unknown, which become zeros; row 0: outlook is"):
        found = OneHot(unknown="zeros").fit(table).transform(row)
    assert found.toarray().tolist() == [[0, 0, 0, 0, 1, 0, 1, 0, 0, 1]]


def test_rows_of_unequal_length_are_refused():
    with pytest.raises(DataError, match="rows have 1 to 2 values; expected a table"):
        OneHot().fit([["a"], ["a", "b"]])
    with pytest.raises(OptionError, match="categories='ab' came; expected a list of values for"):
        OneHot(categories="ab").fit([["a"]])


def test_check_estimator_of_one_hot():
    results = check_estimator(OneHot(), on_skip=None, on_fail=None)
    failed = {r["check_name"]: r["exception"] for r in results if r["status"] == "failed"}
    assert failed == {}


# --- tokens ----------------------------------------------------------------------------------


def test_the_56_letters_of_the_lecture():
    """Hennebert and Melchior [004], "Gender Classification by Name": 56 dimensions."""
    assert len(NAME_LETTERS) == len(set(NAME_LETTERS)) == 56
    letters = OneHotTokens(alphabet=NAME_LETTERS, end="END")
    (anna,) = letters.fit([]).transform(["Anna"])
    assert anna.shape == (5, 56) and anna.dtype == np.float32
    assert anna.argmax(axis=1).tolist() == [0, 26 + 13, 26 + 13, 26, 55]
    assert (anna.sum(axis=1) == 1).all()


def test_every_shipped_name_is_spelt_with_the_56_letters():
    names = load_dataset("first-names").texts
    found = OneHotTokens(alphabet=NAME_LETTERS, end="END", sparse=True).fit(names).transform(names)
    assert [rows.shape for rows in found[:2]] == [(len(name) + 1, 56) for name in names[:2]]


def test_words_are_one_hot_too():
    """Chollet's notebook 6.1, which [002] names: two samples, ten words."""
    samples = ["The cat sat on the mat.", "The dog ate my homework."]
    words = OneHotTokens(tokens="words", lowercase=True, sparse=True).fit(samples)
    assert " ".join(words.alphabet_) == "ate cat dog homework mat my on sat the"
    first, second = words.transform(samples)
    assert issparse(first) and first.shape == (6, 9) and second.shape == (5, 9)
    shown = [words.alphabet_[column] for column in first.toarray().argmax(axis=1)]
    assert shown == "the cat sat on the mat".split()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text("ab c", max_size=6), max_size=5), st.booleans())
def test_vectors_tell_the_text(texts, sparse):
    letters = OneHotTokens(end="END", sparse=sparse).fit(texts)
    for text, rows in zip(texts, letters.transform(texts), strict=True):
        table = rows.toarray() if sparse else rows
        assert table.shape == (len(" ".join(text.split())) + 1, len(letters.alphabet_))
        shown = [letters.alphabet_[column] for column in table.argmax(axis=1)]
        assert "".join(shown) == " ".join(text.split()) + "END"
        assert (table.sum(axis=1) == 1).all()


def test_an_unknown_token_is_an_error_or_zeros():
    letters = OneHotTokens(alphabet=NAME_LETTERS).fit([])
    with pytest.raises(DataError, match="2 tokens not in the alphabet: 'é', 'ü'; add to it, or"):
        letters.transform(["René", "Jürgé"])
    lenient = clone(letters).set_params(unknown="zeros").fit([])
    with pytest.warns(DataWarning, match="2 of 8 tokens not in the alphabet, which become zeros:"):
        found = lenient.transform(["René", "Zoé!"[:4].replace("!", "a")])
    assert found[0].sum(axis=1).tolist() == [1, 1, 1, 0]


@pytest.mark.parametrize(
    ("options", "texts", "kind", "sentence"),
    [
        ({}, ["", ""], DataError, "there is no token in the texts; give texts, or an alphabet"),
        ({"alphabet": ["a", "a"]}, [], OptionError, "a token stands twice in the alphabet"),
        ({"alphabet": ["a"], "end": "b"}, [], OptionError, "end='b' is not in the alphabet"),
        ({"tokens": "letters"}, ["a"], OptionError, "tokens='letters' is unknown"),
        ({}, "abc", DataError, "one string came"),
        ({}, [1], DataError, "text 0 is 1"),
    ],
)
def test_bad_input(options, texts, kind, sentence):
    with pytest.raises(kind, match=sentence):
        OneHotTokens(**options).fit(texts)


@pytest.mark.parametrize("kind", [OneHot, OneHotTokens])
def test_manners(kind):
    nonsense = {spec.name: object() for spec in fields(kind)}
    assert vars(kind(**nonsense)) == nonsense
    with pytest.raises(NotFittedError):
        kind().transform([["a"]])
    with pytest.raises(NotFittedError):
        kind().get_feature_names_out()


@pytest.mark.filterwarnings("ignore:Can't test estimator")
def test_check_estimator_of_tokens():
    results = check_estimator(OneHotTokens(), on_skip=None)
    assert {r["status"] for r in results} == {"passed"}


# --- learning --------------------------------------------------------------------------------


def letters_net(seed):
    return make_pipeline(
        OneHotTokens(alphabet=NAME_LETTERS, end="END"),
        SeriesClassifier(
            scaling="none", encoder="rnn", hidden=8, epochs=8, learning_rate=0.03, seed=seed
        ),
    )


def made_names(count, seed):
    rng = np.random.default_rng(seed)
    stems = ["".join(rng.choice(list("bdlmnrst"), 4)).title() for _ in range(count)]
    labels = rng.integers(0, 2, count)
    return [stem + "oa"[y] for stem, y in zip(stems, labels, strict=True)], labels


def test_a_recurrent_net_reads_the_last_letter_and_no_noise():
    names, labels = made_names(300, 0)
    held_out, truth = made_names(200, 1)
    assert letters_net(0).fit(names, labels).score(held_out, truth) > 0.97
    noise = np.random.default_rng(2).permutation(labels)
    assert 0.35 < letters_net(0).fit(names, noise).score(held_out, truth) < 0.65


def test_last_letters_of_real_names_tell_their_sex():
    data = load_dataset("first-names")
    names, sex = data.texts[::8], data.labels[::8]
    found = OneHotTokens(alphabet=NAME_LETTERS, unknown="zeros")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rows = found.fit(names).transform(names)
    last = np.stack([row[-1] for row in rows])
    model = LogisticRegression().fit(last[::2], sex[::2])
    assert model.score(last[1::2], sex[1::2]) > 0.7
