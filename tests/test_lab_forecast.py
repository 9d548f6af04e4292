"""The laboratory's forecasts: a backtest for every seed, plain forecasts beside it."""

import numpy as np

from sestina.data.timeline import Timeline, TimelineColumns
from sestina.lab import experiment as experiments
from sestina.lab.run import Data, Laboratory

WAVE = np.sin(np.arange(240) * np.pi / 6)[:, None]
MADE = Timeline(
    TimelineColumns("t", ("x",)), [""], [WAVE], [np.empty((240, 0))],
    [[str(t) for t in range(240)]], [np.arange(240.0)], source="made",
)  # fmt: skip


def record(quick, seeds=(0, 1)):
    one = experiments.get("e7-forecast").with_options(hidden=4, epochs=2)
    return Laboratory(seeds, quick, lambda line: None).run(one, Data.of("made", MADE))


def test_a_record_has_all_figures_beside_those_of_plain_forecasts():
    found = record(quick=False)
    assert found["data"]["train"] == 168 and found["data"]["test"] == 72
    summary = found["summary"]
    assert summary["figure"] == "mase" and summary["mase"] > 0 and summary["mase_sd"] >= 0
    assert {"last value", "seasonal naive (12)", "linear on lags"} <= set(summary["baselines"])
    assert {"smape", "quantile_loss", "coverage"} <= set(summary["beside"])
    assert found["parameters"]["total"] == found["runs"][0]["parameters"] + 2 * 4 * 3 + 12 * 2 * 36


def test_a_quick_run_tells_no_baseline():
    found = record(quick=True, seeds=(0,))
    assert found["summary"]["baselines"] == {} and found["data"]["test"] == 24


def test_the_sum_of_the_data_knows_every_value():
    other = Timeline(MADE.columns, [""], [WAVE + 1e-9], MADE.known, MADE.times, MADE.moments)
    assert Data.of("a", MADE).sha256 == Data.of("b", MADE).sha256 != Data.of("a", other).sha256
