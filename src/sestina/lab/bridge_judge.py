"""How networks are judged that hear recordings in noise, and may have been taught by clean ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.config import DegradationOptions
from sestina.data.degrade import degraded, in_words
from sestina.data.recordings import Recordings
from sestina.lab.experiment import Experiment
from sestina.lab.series_judge import SeriesJudge
from sestina.lab.teachers import shared_teacher

DRAWS = 1_000  # of the bootstrap


@dataclass
class BridgeJudge(SeriesJudge):
    """Judges recordings in noise (rows F1–F6); each seed holds out other people.

    Attributes:
        twins: The noisy twins of train, dev and test of the seed that is being run.
    """

    twins: list[Any] = field(default_factory=list)

    def parted(self, experiment: Experiment, data: Recordings, share: float) -> tuple[Any, str]:
        """Return train, dev and test of the first seed, and a sentence on how they came about."""
        used, said = super().parted(experiment, data, share)
        return used, f"{said}; {in_words(DegradationOptions())}"

    def fit(self, net: Any, used: Any) -> None:
        """Train the student, and its teacher first if no experiment before had the same one."""
        self._draw(net.seed)
        train, dev, _ = self.parts
        self.twins = [degraded(part.rows, seed=net.seed) for part in self.parts]
        net.fit(
            train.rows, self.twins[0], train.labels, teacher=self._teacher(net),
            validation=(dev.rows, self.twins[1], dev.labels),
        )  # fmt: skip

    def _teacher(self, net: Any) -> Any:
        train, dev, _ = self.parts
        held = (None, dev.rows, dev.labels)
        return shared_teacher(
            net,
            (tuple(train.sums), tuple(dev.sums)),
            lambda teacher: teacher.fit(None, train.rows, train.labels, validation=held),
        )

    def figures(self, experiment: Experiment, net: Any, used: Any) -> dict[str, Any]:
        """Return accuracy by window and by the vote of a recording's, and its interval."""
        from sestina import metrics

        test = self.parts[2]
        pieces, windows = net.cut(self.twins[2])
        truth = net._labels.encode(test.labels)
        codes = truth[windows.owners]
        table = net.predict_proba(pieces)  # each is one window
        right = table.argmax(axis=1) == codes
        voted = windows.averaged(table).argmax(axis=1) == truth
        found = {
            "accuracy": float(right.mean()),
            "voted": float(voted.mean()),
            "f1": metrics.classification(codes, table.argmax(axis=1))["f1"],
            "interval": list(by_recording(right, windows.owners, net.seed)),
            "loss": float(-np.log(np.maximum(table[np.arange(len(codes)), codes], 1e-12)).mean()),
            "baselines": {},
        }
        if net.teacher_ is not None:
            found["teacher"] = net.teacher_.score(net.cut(test.rows)[0], _named(test, windows))
        return found


def by_recording(
    right: NDArray[np.bool_], owners: NDArray[np.int64], seed: int
) -> tuple[float, float]:
    """Return the 95 % interval of a share of windows, by a bootstrap that draws recordings.

    Windows of one recording stand or fall together, so whole recordings are drawn.
    """
    sums = np.bincount(owners, right)
    sizes = np.bincount(owners)
    kept = np.flatnonzero(sizes)
    drawn = np.random.default_rng(seed).choice(kept, size=(DRAWS, len(kept)))
    shares = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.quantile(shares, (0.025, 0.975))
    return float(low), float(high)


def _named(test: Recordings, windows: Any) -> list[Any]:
    labels = test.labels or []
    return [labels[n] for n in windows.owners]
