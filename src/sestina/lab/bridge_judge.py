"""How networks are judged that hear recordings in noise, and may have been taught by clean ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.config import DegradationOptions
from sestina.data.degrade import degraded, in_words
from sestina.data.recordings import Recordings
from sestina.data.split import stratified
from sestina.lab.compare import counts, pooled
from sestina.lab.experiment import Experiment
from sestina.lab.parts import FOLDS, fold
from sestina.lab.series_judge import SeriesJudge
from sestina.lab.teachers import shared_teacher
from sestina.recognition.errors import rate_interval


@dataclass
class BridgeJudge(SeriesJudge):
    """Judges recordings in noise (rows F1–F6); five seeds test everyone once.

    Attributes:
        twins: The noisy twins of train, dev and test of the seed that is being run.
    """

    twins: list[Any] = field(default_factory=list)

    def parted(self, experiment: Experiment, data: Recordings, share: float) -> tuple[Any, str]:
        """Return train, dev and test of the first seed, and a sentence on how they came about."""
        used, said = super().parted(experiment, data, share)
        return used, f"{said}; {in_words(DegradationOptions())}"

    def _split(self, seed: int) -> tuple[list[Recordings], str]:
        """Test on a fifth of the people, another one for each seed; the rest is drawn from."""
        data = self.data
        assert data is not None
        if data.parts is not None:
            return super()._split(seed)
        left, held_out = fold(data.wholes, seed)
        train, test = (data.take(rows.tolist()) for rows in (left, held_out))
        kept, held = stratified(train.wholes, train.labels or (), self.share, seed)
        three = [train.take(kept.tolist()), train.take(held.tolist()), test]
        said = f"a fifth tested, {data.drawn_by} (number {seed % FOLDS + 1})"
        return three, f"{said}; dev drawn {data.drawn_by}"

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
        kept = by_recording(right, windows.owners, test.sums)
        low, high = rate_interval(pooled([{"counts": {"accuracy": kept}}], "accuracy")[1])
        found = {
            "accuracy": float(right.mean()),
            "voted": float(voted.mean()),
            "f1": metrics.classification(codes, table.argmax(axis=1))["f1"],
            "interval": [1 - high, 1 - low],
            "counts": {"accuracy": kept},
            "loss": float(-np.log(np.maximum(table[np.arange(len(codes)), codes], 1e-12)).mean()),
            "baselines": {},
        }
        if net.teacher_ is not None:
            found["teacher"] = net.teacher_.score(net.cut(test.rows)[0], _named(test, windows))
        return found


def by_recording(
    right: NDArray[np.bool_], owners: NDArray[np.int64], names: Sequence[str]
) -> dict[str, list[Any]]:
    """Return the wrong windows and all windows of every recording that has one."""
    sizes = np.bincount(owners, minlength=len(names))
    wrong = np.bincount(owners[~right], minlength=len(names))
    cut = np.flatnonzero(sizes).tolist()
    return counts([names[n] for n in cut], wrong[cut], sizes[cut])


def _named(test: Recordings, windows: Any) -> list[Any]:
    labels = test.labels or []
    return [labels[n] for n in windows.owners]
