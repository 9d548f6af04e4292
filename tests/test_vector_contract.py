"""What holds for every estimator of word vectors."""

import inspect
from contextlib import nullcontext
from dataclasses import fields

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sestina import PMI, Doc2Vec, FastText, GloVe, Word2Vec, WordVectors
from sestina.errors import DataError, DataWarning, OptionError

VECTORS = (Word2Vec, FastText, Doc2Vec, GloVe, PMI)
SMALL = {"dimensions": 3, "min_count": 2, "threads": 1}
CORPUS = [["red", "fox"], ["red", "hen", "hen"], ["blue", "fox"], ["blue", "hen"]] * 4
ATTRIBUTES = {"vectors_", "history_", "tokens_", "sentences_", "seconds_", "reading_seconds_"}


@pytest.fixture(params=VECTORS, ids=lambda kind: kind.__name__)
def kind(request):
    return request.param


def test_the_constructor_only_stores(kind):
    nonsense = {spec.name: object() for spec in fields(kind)}
    model = kind(**nonsense)
    assert vars(model) == nonsense
    with pytest.raises(OptionError):
        model.fit(CORPUS)


def test_options_are_keywords_with_defaults(kind):
    parameters = list(inspect.signature(kind).parameters.values())
    assert all(p.kind is p.KEYWORD_ONLY and p.default is not p.empty for p in parameters)
    assert set(kind().get_params()) == {spec.name for spec in fields(kind)}


def test_fit_returns_the_estimator_and_leaves_its_options(kind):
    model = kind(**SMALL)
    before = model.get_params()
    assert model.fit(CORPUS) is model
    assert model.get_params() == before
    assert clone(model).get_params() == before
    learned = {name for name in vars(model) if not name.startswith("_")} - set(before)
    assert learned - {"documents_"} == ATTRIBUTES
    assert model.tokens_ == sum(map(len, CORPUS)) and model.sentences_ == len(CORPUS)
    assert model.seconds_ >= model.reading_seconds_ > 0
    assert model.vectors_.words == ("hen", "blue", "fox", "red")
    assert model.vectors_.matrix.shape == (4, 3) and model.vectors_.matrix.dtype == np.float32


def test_words_and_bits_do_not_depend_on_what_was_fitted_before(kind):
    model = kind(**SMALL).fit([["three", "other", "words"]] * 9).fit(CORPUS)
    assert np.array_equal(model.vectors_.matrix, kind(**SMALL).fit(CORPUS).vectors_.matrix)


def test_history_has_a_row_an_epoch(kind):
    history = kind(**SMALL).fit(CORPUS).history_
    assert len(history) == getattr(kind(), "epochs", 0)
    for number, row in enumerate(history, 1):
        assert set(row) == {"epoch", "loss", "sequences_per_second", "seconds"}
        assert row["epoch"] == number and all(type(value) is float for value in row.values())


def test_a_fit_that_fails_leaves_nothing_fitted(kind, tmp_path):
    model = kind(**SMALL).fit(CORPUS)
    with pytest.raises(DataError):
        model.fit([["once"]])
    assert not hasattr(model, "vectors_")
    with pytest.raises(NotFittedError):
        model.save(tmp_path / "a.safetensors")
    assert not list(tmp_path.iterdir())


def test_what_is_saved_comes_back(kind, tmp_path):
    model = kind(**SMALL).fit(CORPUS)
    for ending in (".safetensors", ".bin", ".txt", ".vec"):
        loses = kind is FastText and ending != ".safetensors"
        with pytest.warns(DataWarning, match="n-grams") if loses else nullcontext():
            model.vectors_.save(tmp_path / f"v{ending}")
        found = WordVectors.load(tmp_path / f"v{ending}")
        assert found.words == model.vectors_.words
        assert np.array_equal(found.matrix, model.vectors_.matrix)
    model.save(tmp_path / "a.safetensors")
    with pytest.raises(OptionError):
        model.save(tmp_path / "a.safetensors", dtype="float99")


def test_files_and_lists_and_generators(kind, tmp_path):
    (tmp_path / "a.txt").write_text("\n".join(" ".join(tokens) for tokens in CORPUS[:9]))
    (tmp_path / "b.txt").write_text("\n".join(" ".join(tokens) for tokens in CORPUS[9:]))
    whole = kind(**SMALL).fit(CORPUS).vectors_.matrix
    for source in ([tmp_path / "a.txt", str(tmp_path / "b.txt")], (tokens for tokens in CORPUS)):
        assert np.array_equal(kind(**SMALL).fit(source).vectors_.matrix, whole)
    with pytest.raises(DataError, match="expected a list of tokens"):
        kind(**SMALL).fit([["red"], "fox"])
