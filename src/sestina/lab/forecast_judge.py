"""How forecasters are judged: by a backtest, beside plain forecasts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sestina.data.timeline import Timeline
from sestina.lab.experiment import Experiment

FOLDS = 3
FIGURES = ("mase", "smape", "quantile_loss", "coverage")


@dataclass
class ForecastJudge:
    """Judges values over time (row E7).

    Attributes:
        quick: Whether a fold is enough; no baseline is told then.
        data: The series, once they were parted.
        found: The last backtest.
    """

    quick: bool
    data: Timeline | None = None
    found: Any = field(default=None)

    def parted(self, experiment: Experiment, data: Timeline, share: float) -> tuple[Any, str]:
        """Return how many steps come before the folds, none, and how many are foretold; and how.

        The series are not parted here: the backtest does so, fold by fold.
        """
        from sestina.inspect.forecast_ladder import fold_steps

        (net,) = experiment.build().values()
        self.data = data
        held = len(data) * self._folds() * fold_steps(net, data.values)
        steps = sum(map(len, data.values))
        said = (
            f"{self._folds()} folds at the end, before each of which models are fitted anew; the "
            "calendar is known ahead"
        )
        return (range(steps - held), range(0), range(held)), said

    def fit(self, net: Any, used: Any) -> None:
        """Backtest, then train on all steps, as `sestina train forecast` does."""
        from sestina.inspect.forecast_ladder import backtest

        assert self.data is not None
        known = self.data.past() if self.data.known[0].shape[1] else None
        self.found = backtest(net, self.data.values, known, folds=self._folds())
        net.fit(self.data.values, covariates=known)

    def classes(self, used: Any) -> int:
        """Return 0: there are no classes."""
        return 0

    def figures(self, experiment: Experiment, net: Any, used: Any) -> dict[str, Any]:
        """Return the figures over all folds, beside those of plain forecasts."""
        *plain, own = self.found.rungs
        rows = {} if self.quick else {rung.name: _told(rung.figures) for rung in plain}
        folds = np.round(own.by_fold, 3).tolist()
        told = ", ".join(f"{name} {np.round(rung.by_fold, 3).tolist()}"
                         for name, rung in zip(rows, plain, strict=False))  # fmt: skip
        return {
            "accuracy": None,
            "f1": None,
            "loss": None,
            **_told(own.figures),
            "examples": [f"MASE by fold: the net {folds}" + (f", {told}" if told else "")],
            "baselines": rows,
        }

    def _folds(self) -> int:
        return 1 if self.quick else FOLDS


def _told(figures: Mapping[str, float]) -> dict[str, float]:
    return {name: figures[name] for name in FIGURES if name in figures}
