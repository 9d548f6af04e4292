"""What users give as texts and tables by mistake: told, not taken for something else."""

import numpy as np
import polars as pl
import pytest

from sestina import (
    Counts,
    Hashing,
    IntegerSequences,
    OneHot,
    OneHotTokens,
    SeriesClassifier,
    TextClassifier,
    TfIdf,
)
from sestina.errors import DataError

TEXTS = ["a fine film", "a dull film"] * 10
FRAME = pl.DataFrame({"text": TEXTS, "label": ["pos", "neg"] * 10})


class Frame:
    """Has of a data frame what lists are made of: its columns' names."""

    columns = ("text",)

    def __len__(self):
        return len(TEXTS)

    def __iter__(self):
        return iter(self.columns)


MISTAKES = [
    (FRAME, "a DataFrame came; expected its column of texts, for instance X['text']"),
    (FRAME.lazy(), "a LazyFrame came"),
    (Frame(), "a Frame came"),
    ({"text": TEXTS}, "a dict came; expected its column of texts"),
    (np.array(TEXTS)[:, None], "an array of shape (20, 1) came; expected one dimension"),
    (np.array("a fine film"), "an array of shape () came"),
    ("a fine film", "one string came"),
]
ENDS = [item[1][:20] for item in MISTAKES]


@pytest.mark.filterwarnings("ignore:Determining the column names")
@pytest.mark.parametrize(("given", "sentence"), MISTAKES, ids=ENDS)
@pytest.mark.parametrize("kind", [Counts, TfIdf, Hashing, IntegerSequences, OneHotTokens])
def test_transformers_take_no_tables(kind, given, sentence):
    with pytest.raises(DataError) as caught:
        kind().fit(given)
    assert sentence in str(caught.value)


@pytest.mark.parametrize("validation", [None, (TEXTS, ["pos", "neg"] * 10)])
@pytest.mark.parametrize("given", [FRAME.select("text"), Frame(), np.array(TEXTS)[:, None]])
def test_a_classifier_does_not_learn_from_the_names_of_columns(given, validation):
    net = TextClassifier(encoder="mean", epochs=1)
    with pytest.raises(DataError, match="came; expected"):
        net.fit(given, ["pos", "neg"] * 10, validation=validation)


@pytest.mark.parametrize(
    "given", [FRAME["text"], tuple(TEXTS), np.array(TEXTS), np.array(TEXTS, object), iter(TEXTS)]
)
def test_what_holds_a_text_each_is_taken(given):
    assert Counts().fit_transform(given).sum() == 60


@pytest.mark.parametrize("one", [5, np.array("a"), {"a": 1, "b": 2}, object()])
@pytest.mark.parametrize("kind", [TextClassifier, SeriesClassifier])
def test_what_holds_nothing_in_order_is_told(kind, one):
    texts, labels = ["a", "b"], ["p", "q"]
    net = kind(epochs=1, validation_fraction=0)
    for X, y in ((one, labels), (texts, one)):
        with pytest.raises(DataError, match="came; expected a list of sequences, or one of their"):
            net.fit(X, y)
    rows = (texts, labels) if kind is TextClassifier else ([np.ones((2, 1))] * 2, labels)
    with pytest.raises(DataError, match="came; expected a list of sequences, or one of their"):
        net.fit(*rows, validation=(one, labels))


def test_one_hot_wants_the_columns_of_the_training_in_their_order():
    rows = pl.DataFrame({"sky": ["grey", "blue"], "wind": ["blue", "grey"]})
    table = OneHot().fit(rows)
    assert table.transform(rows[::-1]).toarray().tolist() == [[1, 0, 0, 1], [0, 1, 1, 0]]
    with pytest.raises(DataError, match="columns are wind, sky; expected sky, wind, in the order"):
        table.transform(rows.select("wind", "sky"))
    with pytest.raises(DataError, match="columns are sky; expected sky, wind"):
        table.transform(rows.select("sky"))
    assert table.transform([["grey", "blue"]]).nnz == 2  # without names, order is all there is
