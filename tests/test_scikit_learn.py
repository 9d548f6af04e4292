"""scikit-learn's manners: what its tools do with our estimators."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator

from sestina import SeriesClassifier, TextClassifier

TEXTS = [f"{'good' if n % 2 else 'bad'} film {n % 7}" for n in range(60)]
LABELS = ["pos" if n % 2 else "neg" for n in range(60)]
FAST = {"encoder": "mean", "embedding": 8, "epochs": 30, "patience": None, "learning_rate": 0.05}


def reversed_letters(texts):
    return [text[::-1] for text in texts]


def test_clone_keeps_every_option():
    net = TextClassifier(**FAST, dense=(4,), seed=3)
    copy = clone(net)
    assert copy is not net and copy.get_params() == net.get_params()
    assert copy.set_params(hidden=7).hidden == 7
    with pytest.raises(ValueError, match="nonsense"):
        net.set_params(nonsense=1)


def test_cross_validation_and_grid_search():
    assert cross_val_score(TextClassifier(**FAST), TEXTS, LABELS, cv=3).mean() > 0.9
    search = GridSearchCV(TextClassifier(**FAST), {"embedding": [4, 8]}, cv=2)
    assert search.fit(TEXTS, LABELS).best_params_["embedding"] in (4, 8)


def test_pipeline():
    steps = [("turn", FunctionTransformer(reversed_letters)), ("net", TextClassifier(**FAST))]
    pipe = Pipeline(steps).fit(TEXTS, LABELS)
    assert pipe.score(TEXTS, LABELS) > 0.9
    assert "doog" in pipe["net"].vocabulary_


def test_not_fitted():
    with pytest.raises(NotFittedError):
        TextClassifier().predict(["a"])


# Texts are strings and series have three dimensions: scikit-learn's checks, which feed tables,
# leave them out by our tags and say so in a warning. What remains must pass; the others run in
# test_scikit_learn_checks.py, through columns of numbers read as series and texts.
@pytest.mark.filterwarnings("ignore:Can't test estimator")
@pytest.mark.parametrize("kind", [TextClassifier, SeriesClassifier])
def test_check_estimator_as_it_comes(kind):
    results = check_estimator(kind(), on_skip=None)
    assert {r["status"] for r in results} == {"passed"}


def test_labels_of_any_kind():
    for labels in (np.arange(60) % 2, np.arange(60) % 2 == 0, np.arange(60) % 3):
        net = TextClassifier(**FAST).fit(np.array(TEXTS), labels)
        assert net.predict(TEXTS).dtype == labels.dtype
        np.testing.assert_allclose(net.predict_proba(TEXTS).sum(axis=1), 1.0, atol=1e-6)
