"""Noisy twins of recordings: as bad as asked, by a seed, each by itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sestina.config import DegradationOptions
from sestina.data.degrade import degraded, in_words
from sestina.errors import OptionError
from sestina.lab.bridge_judge import by_recording
from sestina.lab.compare import pooled
from sestina.lab.parts import FOLDS, fold
from sestina.recognition.errors import rate_interval

ROWS = [np.random.default_rng(n).normal(3, 2, (4000, 2)).astype(np.float32) for n in range(3)]


def test_the_same_seed_gives_the_same_twins_in_any_company():
    whole = degraded(ROWS, seed=1)
    assert np.array_equal(degraded(ROWS[1:2], seed=1)[0], whole[1])
    assert not np.array_equal(degraded(ROWS, seed=2)[0], whole[0])
    assert [row.dtype for row in whole] == [np.float32] * 3


def test_noise_is_as_loud_as_asked():
    noise = degraded(ROWS, DegradationOptions(noise_db=-6, lost=0, gain=0))[0] - ROWS[0]
    assert noise.std() / ROWS[0].std(axis=0).mean() == pytest.approx(10 ** (6 / 20), rel=0.05)


def test_lost_samples_repeat_the_one_before():
    twin = degraded(ROWS, DegradationOptions(noise_db=300, lost=0.4, gain=0))[0]
    repeats = (twin[1:] == twin[:-1]).all(axis=1)
    assert repeats.mean() == pytest.approx(0.4, abs=0.03)
    assert np.isin(twin[:, 0], ROWS[0][:, 0]).all()


def test_gains_are_one_a_channel():
    twin = degraded(ROWS, DegradationOptions(noise_db=300, lost=0, gain=0.5))[0]
    ratio = twin / ROWS[0]
    assert np.allclose(ratio, ratio[0], rtol=1e-3) and not np.isclose(*ratio[0])


@pytest.mark.parametrize(
    "wrong", [{"lost": 1.0}, {"lost": -0.1}, {"gain": -1}, {"noise_db": np.inf}]
)
def test_amounts_that_make_no_sense(wrong):
    with pytest.raises(OptionError):
        degraded(ROWS, DegradationOptions(**wrong))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 30), st.integers(1, 4), st.integers(0, 5))
def test_a_twin_has_the_shape_of_its_recording(steps, channels, seed):
    row = np.random.default_rng(seed).normal(size=(steps, channels)).astype(np.float32)
    (twin,) = degraded([row], seed=seed)
    assert twin.shape == row.shape and np.isfinite(twin).all()


def test_an_interval_counts_recordings_not_windows():
    owners = np.repeat(np.arange(20), 50)
    together = np.repeat(np.arange(20) % 2 == 0, 50)  # windows of one recording agree
    apart = np.arange(1000) % 2 == 0
    names = [f"r{n}" for n in range(20)]
    (low, high), (least, most) = (
        rate_interval(pooled([{"counts": {"accuracy": kept}}], "accuracy")[1])
        for kept in (by_recording(right, owners, names) for right in (together, apart))
    )
    assert high - low > 0.3 and most - least < 0.02
    assert low < 0.5 < high


def test_how_bad_is_told_in_words():
    said = in_words(DegradationOptions(noise_db=3, lost=0.25, gain=0))
    assert said == "noise at 3 dB, 25% of samples lost, gains off by e to ± 0"


def test_folds_test_everyone_once_and_part_nobody():
    people = [f"p{n % 10}" for n in range(140)]
    drawn = [fold(people, seed) for seed in range(2 * FOLDS)]
    for left, tested in drawn:
        assert sorted([*left, *tested]) == list(range(140)) and len(tested) == 28
        assert not {people[n] for n in left} & {people[n] for n in tested}
    for draw in (drawn[:FOLDS], drawn[FOLDS:]):
        assert sorted(n for _, tested in draw for n in tested) == list(range(140))
    assert any(
        not np.array_equal(one[1], other[1])
        for one, other in zip(drawn[:FOLDS], drawn[FOLDS:], strict=True)
    )


def test_a_channel_without_values_stays_so():
    row = np.ones((20, 2), np.float32)
    row[:, 1] = np.nan
    twin = degraded([row], DegradationOptions())[0]
    assert np.isfinite(twin[:, 0]).all() and np.isnan(twin[:, 1]).all()
