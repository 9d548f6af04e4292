"""Backtests: folds that know only what was before, plain forecasts with known answers."""

import numpy as np
import pytest

from sestina import SeriesForecaster
from sestina.errors import DataError, OptionError
from sestina.inspect.forecast_ladder import backtest, forecast_verdict

FAST = {"horizon": 4, "context": 12, "hidden": 6, "epochs": 2, "seed": 1}
WAVE = np.sin(np.arange(240) * np.pi / 6)
NOISY = WAVE + 0.1 * np.random.default_rng(1).normal(size=240)


def test_folds_expand_and_end_with_the_series():
    found = backtest(SeriesForecaster(**FAST), NOISY, folds=3, steps=20, stride=2)
    begins = {k: found.starts[found.fold == k, 1].tolist() for k in range(3)}
    assert begins == {k: list(range(180 + 20 * k, 197 + 20 * k, 2)) for k in range(3)}
    assert found.true.shape == (27, 4, 1)
    assert np.array_equal(found.true[0, :, 0], NOISY[180:184])
    assert all(rung.put.shape == found.true.shape for rung in found.rungs)
    assert all(len(rung.by_fold) == 3 for rung in found.rungs)


def test_plain_forecasts_are_what_they_say():
    net = SeriesForecaster(**FAST, season=12)
    found = backtest(net, np.arange(240.0), folds=2, steps=12)
    rungs = {rung.name: rung for rung in found.rungs}
    steps = found.starts[:, 1]
    assert np.array_equal(
        rungs["last value"].put[:, :, 0], np.repeat(steps - 1.0, 4).reshape(-1, 4)
    )
    ahead = steps[:, None] + np.arange(4) - 12.0
    assert np.array_equal(rungs["seasonal naive (12)"].put[:, :, 0], ahead)
    assert rungs["seasonal naive (12)"].figures["mase"] == pytest.approx(1.0)
    assert rungs["linear on lags"].figures["mase"] < 0.01
    assert [*rungs][-1] == "GRU + linear"


def test_the_season_of_a_wave_is_exact():
    found = backtest(SeriesForecaster(**FAST, season=12), WAVE, folds=1)
    rungs = {rung.name: rung.figures for rung in found.rungs}
    assert rungs["seasonal naive (12)"]["mae"] < 1e-9
    assert rungs["last value"]["mae"] > 0.3


@pytest.mark.parametrize("refit", [False, True])
def test_no_model_hears_of_what_comes(refit):
    """What stands behind the first fold does not change what is foretold in it."""
    other = NOISY.copy()
    other[-20:] += 1e3
    net = SeriesForecaster(**FAST, refit=refit, quantiles=(0.1, 0.9))
    one, two = (backtest(net, x, folds=2, steps=20) for x in (NOISY, other))
    for mine, theirs in zip(one.rungs, two.rungs, strict=True):
        assert np.array_equal(mine.put[one.fold == 0], theirs.put[one.fold == 0])
        assert np.array_equal(mine.bands[one.fold == 0], theirs.bands[one.fold == 0])
        assert mine.by_fold[0] == theirs.by_fold[0] and mine.by_fold[1] != theirs.by_fold[1]


def test_quantiles_of_all_models():
    net = SeriesForecaster(**FAST, quantiles=(0.1, 0.5, 0.9))
    found = backtest(net, [NOISY, NOISY[:200]], folds=2)
    for rung in found.rungs:
        assert rung.bands.shape == (*rung.put.shape, 3)
        assert {"quantile_loss", "coverage"} <= set(rung.figures)
        assert rung.figures["coverage_wanted"] == pytest.approx(0.8)
    assert found.notes == [] or "exponential smoothing" in found.notes[0]


def test_bands_of_plain_forecasts_are_made_of_errors_on_steps_they_have_not_learnt():
    put, bands = [], []
    for refit in (False, True):
        net = SeriesForecaster(**FAST, quantiles=(0.1, 0.9), refit=refit)
        rung = next(r for r in backtest(net, NOISY, folds=1).rungs if r.name == "linear on lags")
        put.append(rung.put)
        bands.append(rung.bands - rung.put[..., None])
    assert not np.array_equal(*put)
    assert np.allclose(*bands)  # by the same errors


def test_smoothing_follows_trend_and_season():
    pytest.importorskip("statsmodels", reason="the extra 'series' is not installed")
    line = 10 + 0.1 * np.arange(240) + np.tile(np.arange(12.0), 20)
    line += 0.01 * np.random.default_rng(2).normal(size=240)
    found = backtest(SeriesForecaster(**FAST, season=12), line, folds=2, steps=12)
    rungs = {rung.name: rung for rung in found.rungs}
    assert rungs["exponential smoothing"].figures["mase"] < 0.05
    assert rungs["exponential smoothing"].parameters > 12
    said = forecast_verdict(found.rungs, "exponential smoothing", "seasonal naive (12)")
    assert said.startswith("exponential smoothing beats seasonal naive (12) by ")
    assert said.endswith("better in 2 of 2 folds.")


def test_several_variables_and_what_is_known():
    pair = np.stack([NOISY, -NOISY], axis=1)
    known = np.arange(240)[:, None] % 12
    found = backtest(SeriesForecaster(**FAST), pair, known, folds=1)
    assert found.rungs[-1].put.shape[1:] == (4, 2)


@pytest.mark.parametrize("options", [{"folds": 0}, {"steps": 3}, {"stride": 0}])
def test_options_that_do_not_do(options):
    with pytest.raises(OptionError, match="folds="):
        backtest(SeriesForecaster(**FAST), NOISY, **options)


def test_short_series_are_refused():
    with pytest.raises(DataError, match="fewer folds"):
        backtest(SeriesForecaster(**FAST), NOISY[:30], folds=8)
