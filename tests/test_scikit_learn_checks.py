"""scikit-learn's own checks: all that apply, through columns of numbers read as series and texts.

Its checks feed tables of numbers. As they stand, our estimators take no tables, and scikit-learn
skips all but a few; the two classes below turn each row into a series of one step, or into a text.
"""

import numpy as np
import pytest
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.validation import check_is_fitted, validate_data

from sestina import SeriesClassifier, TextClassifier

FAST = {"encoder": "mean", "learning_rate": 0.05, "batch_size": 256, "validation_fraction": 0.0}


class Table:
    """Lets an estimator take a table of numbers; `rows` turns it into what it reads."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.input_tags.one_d_array = tags.input_tags.three_d_array = False
        tags.input_tags.string = False
        return tags

    def fit(self, X, y, **more):
        X = validate_data(self, X)
        return super().fit(self.rows(X), y, **more)

    def predict_proba(self, X):
        check_is_fitted(self, "network_")
        return super().predict_proba(self.rows(validate_data(self, X, reset=False)))


class SeriesTable(Table, SeriesClassifier):
    @staticmethod
    def rows(table):
        return np.asarray(table)[:, None, :]


class TextTable(Table, TextClassifier):
    @staticmethod
    def rows(table):
        """Each number becomes a word of its column and its rounded value."""
        return [
            " ".join(f"c{n}_{int(value)}".replace("-", "m") for n, value in enumerate(row))
            for row in np.round(np.clip(table, -1e6, 1e6))
        ]


LISTS = {
    "check_classifiers_multilabel_representation_invariance": (
        "a list of lists is read as lists of labels, not as indicators"
    )
}
LIGHT = {
    "check_class_weight_classifiers": (
        "most words occur once, and Adam moves those of a light class as far as those of a heavy one"
    )
}
SKIPPED = {
    "check_array_api_input",  # asks for an environment variable
    "check_classifier_data_not_an_array",  # its second half asks for pandas
    "check_classifiers_multilabel_output_format_decision_function",  # we give probabilities
}
CASES = [
    (SeriesTable(**FAST, dense=(16,), epochs=8), LISTS),
    (TextTable(**FAST, embedding=16, epochs=15), LISTS | LIGHT),
]


@pytest.mark.filterwarnings("ignore:A column-vector y was passed")
@pytest.mark.parametrize(("estimator", "reasons"), CASES, ids=["series", "text"])
def test_checks_of_tables(estimator, reasons):
    results = check_estimator(estimator, expected_failed_checks=reasons, on_skip=None, on_fail=None)
    found = {}
    for row in results:
        found.setdefault(row["status"], {})[row["check_name"]] = row["exception"]
    assert found.get("failed", {}) == {}
    assert set(found["xfail"]) == set(reasons)
    assert set(found["skipped"]) <= SKIPPED
    assert len(found["passed"]) >= 45
