"""Thresholds and temperatures as plain functions: by hand, against brute force, at the borders."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, softmax
from sklearn.metrics import f1_score

from sestina import metrics
from sestina.errors import DataError, OptionError
from sestina.estimators.calibration import COLDEST, temperature, tempered
from sestina.estimators.thresholds import Measure, best, for_labels, showing

SCORES = np.array([0.9, 0.8, 0.7, 0.3, 0.2])
TRUTH = np.array([True, False, True, True, False])


@pytest.mark.parametrize(
    ("wish", "wanted"),
    [
        ("f1", 0.25),  # 0.5, 0.4, 0.667, 0.857, 0.75 from the top
        ("precision>=0.9", 0.85),
        ("precision>=0.6", 0.25),  # as much is found at 0.1, with less precision
        ("precision >= 0.7", 0.25),
        ("recall>=0.3", 0.85),
        ("Recall>=0.5", 0.25),  # found at 0.5 too, with precision 2/3 instead of 3/4
        ("recall>=1", 0.25),
    ],
)
def test_thresholds_by_hand(wish, wanted):
    assert best(SCORES, TRUTH, Measure.of(wish)) == pytest.approx(wanted)


def test_a_showing_by_hand():
    row = showing(SCORES, TRUTH, 0.25, "spam")
    assert (row.label, row.put, row.present) == ("spam", 4, 3)
    assert (row.precision, row.recall) == (0.75, 1.0)
    assert row.f1 == pytest.approx(6 / 7) and row.default_f1 == pytest.approx(4 / 6)
    nothing = showing(SCORES, TRUTH, 0.95)
    assert (nothing.precision, nothing.recall, nothing.f1) == (0.0, 0.0, 0.0)


def test_of_equally_good_ones_the_nearest_to_the_middle():
    assert best(np.array([0.99, 0.4, 0.1]), np.array([1, 0, 1]) > 0, Measure("f1")) == 0.05
    scores, truth = np.array([0.9, 0.6, 0.45, 0.1]), np.array([1, 0, 0, 1]) > 0
    # one of one and two of four: F1 is 2/3 at 0.75 and at 0.05
    assert best(scores, truth, Measure("f1")) == 0.75


@pytest.mark.parametrize(
    "text", ["f2", "", "precision", "precision>0.9", "recall>=0", "recall>=1.1", "precision>=.9.",
             "precision>=nan", "accuracy>=0.9", None],
)  # fmt: skip
def test_measures_that_are_none(text):
    with pytest.raises(OptionError, match="give 'f1', or 'precision>=P' or 'recall>=R'"):
        Measure.of(text)


def test_measures_are_shown_as_they_are_given():
    for text in ("f1", "precision>=0.9", "recall>=0.25", "recall>=1"):
        assert str(Measure.of(text)) == text


def test_what_cannot_be_reached():
    with pytest.raises(
        DataError,
        match=r"no threshold reaches precision>=0.9 on these 2 decisions: the highest precision is 0.500; ask for less",
    ):
        best(np.array([0.9, 0.8]), np.array([False, True]), Measure("precision", 0.9))
    with pytest.raises(DataError, match="none of these 2 decisions should be for the label"):
        best(np.array([0.9, 0.8]), np.zeros(2, bool), Measure("f1"))
    with pytest.raises(DataError, match=r"the highest recall is 0.500"):
        best(np.array([0.0, 0.8]), np.ones(2, bool), Measure("recall", 0.9))  # 0 is never above


PROBABILITIES = st.lists(
    st.tuples(st.sampled_from([0.0, 1e-12, 0.2, 0.5, np.nextafter(0.5, 1), 0.9, 1.0]) | st.floats(0, 1), st.booleans()),
    min_size=1, max_size=30,
)  # fmt: skip


@given(PROBABILITIES, st.sampled_from(["f1", "precision>=0.6", "recall>=0.6"]))
@settings(max_examples=200, deadline=None)
def test_no_other_threshold_does_better(rows, wish):
    scores, truth = np.array([p for p, _ in rows]), np.array([t for _, t in rows])
    measure = Measure.of(wish)
    all_of_them = [showing(scores, truth, value) for value in [0.0, *scores]]

    def key(row):
        return {"f1": row.f1, "precision": row.recall, "recall": row.precision}[measure.name]

    good = [row for row in all_of_them if row.put and getattr(row, measure.name) >= measure.least]
    try:
        value = best(scores, truth, measure)
    except DataError:
        assert not truth.any() or not good
        return
    found = showing(scores, truth, value)
    assert 0 <= value < 1 and getattr(found, measure.name) >= measure.least
    assert key(found) == pytest.approx(max(key(row) for row in good))


def made_up(rows=500, labels=6, seed=0):
    """Probabilities whose best thresholds differ from label to label."""
    rng = np.random.default_rng(seed)
    truth = rng.random((rows, labels)) < np.linspace(0.05, 0.5, labels)
    shift = np.linspace(-3, 1, labels)
    return expit(rng.normal(size=(rows, labels)) + 2.5 * truth + shift - 2.5), truth


def test_one_threshold_for_all_is_best_for_micro_f1():
    chances, truth = made_up()
    values, (row,) = for_labels(chances, truth, Measure("f1"), list("abcdef"), per_label=False)
    assert len(set(values.tolist())) == 1 and row.label is None
    micro = [f1_score(truth, chances > v, average="micro") for v in np.linspace(0.01, 0.99, 99)]
    assert row.f1 == pytest.approx(f1_score(truth, chances > values, average="micro"))
    assert row.f1 >= max(micro) and row.f1 > row.default_f1 + 0.05


def test_one_threshold_each_is_best_for_macro_f1():
    chances, truth = made_up()
    one, _ = for_labels(chances, truth, Measure("f1"), list("abcdef"), per_label=False)
    each, rows = for_labels(chances, truth, Measure("f1"), list("abcdef"), per_label=True)
    assert len(set(each.tolist())) == 6 and [row.label for row in rows] == list("abcdef")
    macro = [f1_score(truth, chances > v, average="macro") for v in (0.5, one, each)]
    assert macro[0] < macro[1] < macro[2] == pytest.approx(np.mean([row.f1 for row in rows]))
    fresh, fresh_truth = made_up(seed=1)
    assert f1_score(fresh_truth, fresh > each, average="macro") > f1_score(
        fresh_truth, fresh > 0.5, average="macro"
    )


def test_a_label_without_rows_takes_the_one_for_all():
    chances, truth = made_up()
    truth[:, 2] = False
    one, _ = for_labels(chances, truth, Measure("f1"), list("abcdef"), per_label=False)
    each, rows = for_labels(chances, truth, Measure("f1"), list("abcdef"), per_label=True)
    assert each[2] == one[2] and rows[2].present == 0 and rows[2].f1 == 0.0


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("wanted", [0.4, 1.0, 2.5])
def test_a_known_temperature_is_found(several, wanted):
    rng = np.random.default_rng(1)
    logits = rng.normal(scale=1.5, size=(20_000, 3))
    if several:
        honest, boasting = expit(logits), expit(logits * wanted)
        codes = (rng.random(logits.shape) < honest).astype(np.float32)
    else:
        honest, boasting = softmax(logits, axis=1), softmax(logits * wanted, axis=1)
        codes = (honest.cumsum(axis=1) < rng.random((len(logits), 1))).sum(axis=1)
    found = temperature(boasting, codes)
    assert found == pytest.approx(wanted, rel=0.05)
    after = tempered(boasting, found, several)
    assert metrics.expected_calibration_error(after, codes) < 0.015
    if wanted != 1.0:
        assert metrics.expected_calibration_error(boasting, codes) > 0.05


def test_two_classes_are_one_sigmoid():
    logits = np.random.default_rng(2).normal(size=50) * 3
    table = np.column_stack([expit(-logits), expit(logits)])
    np.testing.assert_allclose(tempered(table, 2.0, False)[:, 1], expit(logits / 2), atol=1e-12)


@given(st.integers(0, 10_000), st.floats(0.1, 10), st.floats(0.1, 10), st.booleans())
@settings(max_examples=60, deadline=None)
def test_temperatures_keep_order_and_multiply(seed, one, other, several):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(20, 4))
    table = expit(logits) if several else softmax(logits, axis=1)
    after = tempered(table, one, several)
    if several:
        assert np.array_equal(after > 0.5, table > 0.5)
    else:
        assert np.array_equal(after.argmax(axis=1), table.argmax(axis=1))
        np.testing.assert_allclose(after.sum(axis=1), 1.0)
    both = tempered(after, other, several)
    np.testing.assert_allclose(both, tempered(table, one * other, several), atol=1e-6)
    assert tempered(table, 1.0, several) is table


def test_certain_probabilities_stay_finite():
    table = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])
    for several in (False, True):
        for heat in (COLDEST, 0.5, 3.0):
            assert np.isfinite(tempered(table, heat, several)).all()
        codes = np.eye(2, dtype=np.float32)[[0, 1, 1]] if several else np.array([0, 1, 1])
        assert np.isfinite(temperature(table, codes))


def test_a_few_right_answers_are_no_reason_to_be_certain():
    table = np.tile([0.1, 0.9], (5, 1))
    found = temperature(table, np.ones(5, dtype=int))
    assert found > 2 * COLDEST
    assert tempered(table, found, False)[0, 1] == pytest.approx(11 / 12, abs=0.001)  # 5.5 of 6
