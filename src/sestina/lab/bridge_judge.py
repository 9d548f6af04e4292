"""How networks are judged that hear recordings in noise, and may have been taught by clean ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
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
from sestina.lab.teachers import Teachers
from sestina.recognition.errors import rate_interval

LATER = (0, 0.5, 0.75, 1)  # shares of a recording where its parts begin and end
IN_ORDER = "the first half of each recording trained on, the last quarter tested"


@dataclass
class BridgeJudge(SeriesJudge):
    """Judges recordings in noise (rows F1–F6).

    Attributes:
        teachers: Those of the experiments before.
        tests: Others, of whom five seeds test everyone once, or what comes later in each recording.
        heard: Share of the recordings that students hear.
        twins: The noisy twins of train, dev and test of the seed that is being run.
    """

    teachers: Teachers = field(default_factory=Teachers)
    tests: str = "others"
    heard: float = 1.0
    twins: list[Any] = field(default_factory=list)

    def parted(self, experiment: Experiment, data: Recordings, share: float) -> tuple[Any, str]:
        """Return train, dev and test of the first seed, and a sentence on how they came about."""
        self.tests, self.heard = experiment.tests, experiment.twins
        used, said = super().parted(experiment, data, share)
        said += f"; {in_words(DegradationOptions())}"
        return used, said + f"; students hear {self.heard:.0%} of them" * (self.heard < 1)

    def _split(self, seed: int) -> tuple[list[Recordings], str]:
        """Test on a fifth of the people, another one for each seed; the rest is drawn from.

        Or else on the end of each recording.
        """
        data = self.data
        assert data is not None
        if data.parts is not None:
            return super()._split(seed)
        if self.tests == "later":
            return [data.between(*pair) for pair in pairwise(LATER)], IN_ORDER
        left, held_out = fold(data.wholes, seed)
        train, test = (data.take(rows.tolist()) for rows in (left, held_out))
        kept, held = stratified(train.wholes, train.labels or (), self.share, seed)
        three = [train.take(kept.tolist()), train.take(held.tolist()), test]
        said = f"a fifth tested, {data.drawn_by} (number {seed % FOLDS + 1})"
        return three, f"{said}; dev drawn {data.drawn_by}"

    def fit(self, net: Any, used: Any) -> None:
        """Train the student, and its teacher first if no experiment before had the same one."""
        self._draw(net.seed)
        self.twins = [degraded(part.rows, seed=net.seed) for part in self.parts]
        train, dev = (self._heard(part, net.seed) for part in range(2))
        net.fit(*train, teacher=self._teacher(net), validation=dev)

    def _heard(self, part: int, seed: int) -> tuple[list[Any], list[Any], list[Any]]:
        """Return the recordings of a part that a student hears, their twins and their labels."""
        own, labels = self.parts[part], self.parts[part].labels or []
        rows = some_of_each([str(label) for label in labels], self.heard, seed)
        return (
            [own.rows[row] for row in rows],
            [self.twins[part][row] for row in rows],
            [labels[row] for row in rows],
        )

    def _teacher(self, net: Any) -> Any:
        train, dev, _ = self.parts
        held = (None, dev.rows, dev.labels)
        return self.teachers.shared(
            net,
            tuple((*part.sums, *map(str, part.labels or ())) for part in (train, dev)),
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


def some_of_each(labels: Sequence[str], share: float, seed: int) -> list[int]:
    """Return a share of the rows of every label, one at least, drawn by the seed."""
    rng, found = np.random.default_rng(seed), []
    for label in sorted(set(labels)):
        rows = [row for row, other in enumerate(labels) if other == label]
        most = max(1, round(share * len(rows)))
        found += rng.permutation(rows)[:most].tolist()
    return sorted(found)


def _named(test: Recordings, windows: Any) -> list[Any]:
    labels = test.labels or []
    return [labels[n] for n in windows.owners]
