"""Figures of merit against known numbers and other programs."""

import numpy as np
import pytest
from scipy.stats import binom, norm
from sklearn.metrics import f1_score

from sestina import metrics

TRUE = np.array(["a", "a", "b", "b", "c"])
GUESS = np.array(["a", "b", "b", "b", "a"])


def test_accuracy_and_macro_f1():
    found = metrics.classification(TRUE, GUESS)
    assert found["accuracy"] == 0.6
    # a: precision 1/2, recall 1/2; b: 2/3, 1; c: never found
    assert found["f1"] == pytest.approx((0.5 + 0.8 + 0.0) / 3)


def test_several_labels_at_once():
    true = np.array([[1, 0, 1], [0, 1, 0], [1, 1, 0]])
    guess = np.array([[1, 0, 1], [0, 1, 1], [1, 0, 0]])
    found = metrics.classification(true, guess)
    assert found["accuracy"] == pytest.approx(1 / 3)
    assert found["label_accuracy"] == pytest.approx(7 / 9)
    assert found["micro_f1"] == pytest.approx(2 * 4 / (2 * 4 + 1 + 1))
    assert found["f1"] == pytest.approx(f1_score(true, guess, average="macro"))
    assert metrics.correct(true, guess).tolist() == [True, False, False]


def test_correct_rows():
    assert metrics.correct(TRUE, GUESS).tolist() == [True, False, True, True, False]


def interval(right, n, **how):
    return metrics.accuracy_interval(np.arange(n) < right, **how)


@pytest.mark.parametrize(
    ("truth", "n"), [(0.5, 10), (0.8, 20), (0.8, 200), (0.95, 20), (0.99, 100), (0.1, 1000)]
)
def test_interval_holds_the_truth_about_as_often_as_it_says(truth, n):
    """The coverage itself, summed over all outcomes; the bootstrap's is 0.63 in the fifth case."""
    covered = sum(
        binom.pmf(right, n, truth)
        for right in range(n + 1)
        if interval(right, n)[0] <= truth <= interval(right, n)[1]
    )
    assert 0.92 < covered < 0.98


def test_interval_is_wilson_s_by_hand():
    n, p, z = 50, 0.6, norm.ppf(0.975)
    middle, margin = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    wanted = (middle - margin) / (1 + z**2 / n), (middle + margin) / (1 + z**2 / n)
    assert interval(30, n) == pytest.approx(wanted)


def test_interval_is_near_the_normal_one_for_many_rows():
    low, high = interval(900, 1000)
    margin = 1.96 * np.sqrt(0.9 * 0.1 / 1000)
    assert (low, high) == pytest.approx((0.9 - margin, 0.9 + margin), abs=0.003)
    narrow = interval(900, 1000, level=0.5)
    assert low < narrow[0] < 0.9 < narrow[1] < high


@pytest.mark.parametrize("n", [1, 9, 1000])
def test_interval_does_not_collapse_where_all_or_none_are_right(n):
    z2 = norm.ppf(0.975) ** 2
    assert interval(n, n) == (pytest.approx(n / (n + z2)), 1.0)
    assert interval(0, n) == (0.0, pytest.approx(z2 / (n + z2)))


def test_interval_of_nothing():
    assert np.isnan(interval(0, 0)).all()


def outcomes(both, only_one, only_other, neither):
    one = [True] * both + [True] * only_one + [False] * only_other + [False] * neither
    other = [True] * both + [False] * only_one + [True] * only_other + [False] * neither
    return np.array(one), np.array(other)


@pytest.mark.parametrize(
    ("only_one", "only_other", "wanted"),
    [
        (0, 0, 1.0),
        (1, 0, 1.0),
        (5, 0, 2 / 32),
        (0, 10, 2 / 1024),
        (2, 8, 2 * (1 + 10 + 45) / 1024),  # twice the binomial tail, by hand
        (7, 7, 1.0),
    ],
)
def test_mcnemar_is_the_exact_test(only_one, only_other, wanted):
    one, other = outcomes(30, only_one, only_other, 4)
    assert metrics.mcnemar(one, other) == pytest.approx(wanted)
    assert metrics.mcnemar(other, one) == pytest.approx(wanted)


def test_mcnemar_knows_no_difference_where_there_is_none():
    rng = np.random.default_rng(1)
    small = [
        metrics.mcnemar(rng.random(100) < 0.8, rng.random(100) < 0.8) < 0.05 for _ in range(200)
    ]
    assert np.mean(small) < 0.1


def test_calibration_of_a_calibrated_and_of_a_boasting_model():
    rng = np.random.default_rng(2)
    confidence = rng.uniform(0.5, 1.0, 20_000)
    right = rng.random(20_000) < confidence
    honest = metrics.calibration(confidence, right)
    assert metrics.calibration_error(honest) < 0.02
    assert sum(row["count"] for row in honest) == 20_000
    assert all(abs(row["confidence"] - row["accuracy"]) < 0.05 for row in honest)
    boasting = metrics.calibration(np.full(1000, 1.0), np.arange(1000) < 700)
    assert boasting == [{"confidence": 1.0, "accuracy": 0.7, "count": 1000.0}]
    assert metrics.calibration_error(boasting) == pytest.approx(0.3)


def test_calibration_by_hand():
    confidence = np.array([0.55, 0.58, 0.91, 0.95])
    rows = metrics.calibration(confidence, np.array([True, False, True, True]))
    assert [row["count"] for row in rows] == [2, 2]
    assert rows[0]["confidence"] == pytest.approx(0.565) and rows[0]["accuracy"] == 0.5
    assert metrics.calibration_error(rows) == pytest.approx(0.5 * 0.065 + 0.5 * 0.07)


def test_confidence_is_that_of_the_likeliest_answer():
    table = np.array([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4]])
    sure, right = metrics.confidences(table, np.array([0, 1]))
    assert sure.tolist() == [0.7, 0.4] and right.tolist() == [True, False]
    assert metrics.expected_calibration_error(table, np.array([0, 1])) == pytest.approx(0.35)
    several = np.array([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]])
    sure, right = metrics.confidences(table, several)  # one entry for each decision
    assert sure == pytest.approx([0.7, 0.8, 0.9, 0.7, 0.7, 0.6])
    assert right.tolist() == [True, True, False, True, True, False]


def test_calibration_of_nothing():
    assert metrics.calibration(np.empty(0), np.empty(0, bool)) == []
    assert np.isnan(metrics.calibration_error([]))
