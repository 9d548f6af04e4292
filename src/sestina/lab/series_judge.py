"""How classifiers of series are judged: by window and by recording, on people never seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.data.recordings import Recordings
from sestina.data.split import three_parts
from sestina.lab.experiment import Experiment
from sestina.lab.parts import LESS, QUICK, SPLIT_SEED, few_of_each
from sestina.lab.summary import cross_entropy

FALL = 0.05
_baselines: dict[Any, Any] = {}  # of this process


@dataclass
class SeriesJudge:
    """Judges recordings (row C16); each seed holds out other people.

    Attributes:
        quick: Whether a few recordings are enough; no baseline is fitted then.
        data: All recordings.
        share: Of the training part, to stop early by.
        parts: Train, dev and test of the seed that is being run.
    """

    quick: bool
    data: Recordings | None = None
    share: float = 0.0
    parts: tuple[Recordings, ...] = ()

    def parted(self, experiment: Experiment, data: Recordings, share: float) -> tuple[Any, str]:
        """Return train, dev and test of the first seed, and a sentence on how they came about."""
        self.data, self.share = data, share
        said = self._draw(SPLIT_SEED)
        return self.parts, f"{said}; other seeds draw other ones"

    def _draw(self, seed: int) -> str:
        three, said = self._split(seed)
        if self.quick:
            sizes = zip(three, QUICK.values(), strict=True)
            three = [few_of_each(part, most // LESS) for part, most in sizes]
            said += "; a few recordings of each part only"
        self.parts = tuple(three)
        return said

    def _split(self, seed: int) -> tuple[list[Recordings], str]:
        """Return train, dev and test of a seed, and a sentence on how they came about."""
        assert self.data is not None
        *three, said = three_parts(self.data, seed, self.share)
        return three, said

    def fit(self, net: Any, used: Any) -> None:
        """Train on the people whom the net's seed leaves."""
        self._draw(net.seed)
        train, dev, _ = self.parts
        net.fit(train.rows, train.labels, validation=(dev.rows, dev.labels))

    def classes(self, used: Any) -> int:
        """Return how many classes there are."""
        return len(used[0].label_counts())

    def figures(self, experiment: Experiment, net: Any, used: Any) -> dict[str, Any]:
        """Return accuracy by window and by the vote of a recording's, beside the baselines."""
        from sestina import metrics

        test = self.parts[2]
        pieces, windows = net.cut(test.rows)
        truth = net._labels.encode(test.labels)
        codes = truth[windows.owners]

        def told(table: NDArray[np.float64]) -> dict[str, float]:
            voted = windows.averaged(table).argmax(axis=1) == truth
            return {"accuracy": float((table.argmax(axis=1) == codes).mean()),
                    "voted": float(voted.mean())}  # fmt: skip

        table = net.predict_proba(pieces)  # each is one window
        plain = [] if self.quick else self._plain(net)
        right = windows.averaged(table).argmax(axis=1) == truth
        return {
            **told(table),
            "f1": metrics.classification(codes, table.argmax(axis=1))["f1"],
            "interval": list(metrics.accuracy_interval(right)),  # windows of one are no two proofs
            "loss": cross_entropy(table, codes),
            "drops": drops([row["validation_accuracy"] for row in net.history_]),
            "baselines": {one.name: told(one.probabilities) for one in plain},
        }

    def _plain(self, net: Any) -> list[Any]:
        """Return the baselines on the net's windows, which experiments of one run share."""
        from sestina.inspect.series_ladder import plain_models

        key = (*(tuple(part.sums) for part in self.parts), net.window, net.overlap, net.fill)
        if key not in _baselines:
            _baselines[key] = plain_models(net, *self.parts)
        found: list[Any] = _baselines[key]
        return found


def drops(accuracies: Sequence[float]) -> float:
    """Return how often an accuracy fell by 0.05 or more from one epoch to the next."""
    return float(sum(one - other >= FALL for one, other in pairwise(accuracies)))
