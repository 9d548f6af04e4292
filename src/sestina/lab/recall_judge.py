"""How tests of memory are judged: by whether they are passed; and what needs no data at all."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from sestina.data.recall import Recall
from sestina.lab.experiment import Experiment
from sestina.lab.recall import DEV, TEST, TRAIN, Drawn

SEQUENCES = {"dev": 500, "test": 1_000}
FEW = 20  # sequences of each part in a quick run


@dataclass
class RecallJudge:
    """Judges what recurrent layers remember (rows D1 to D9).

    Attributes:
        quick: Whether a few sequences are enough.
    """

    quick: bool

    def parted(
        self, experiment: Experiment, data: Recall, share: float
    ) -> tuple[tuple[Drawn, Drawn, Drawn], str]:
        """Return train, dev and test, and a sentence on how they came about."""
        most = experiment.kind(**experiment.options)
        batches = most.epochs * most.steps * most.batch_size
        dev, test = (FEW if self.quick else count for count in SEQUENCES.values())
        parts = Drawn(data, batches, TRAIN), Drawn(data, dev, DEV), Drawn(data, test, TEST)
        return parts, "drawn anew for every batch"

    def fit(self, net: Any, used: Any) -> None:
        """Train."""
        if self.quick:
            net.steps = 2
        net.fit(used[0], validation=used[1])

    def classes(self, used: Any) -> int:
        """Return how many classes an answer has; 0 where it is a number."""
        what = used[0].source.what
        return what.outputs if what.classes else 0

    def figures(self, experiment: Experiment, net: Any, used: Any) -> dict[str, Any]:
        """Return whether the test was passed, and what chance reaches."""
        test, kind = used[2], used[2].source.what
        name = "accuracy" if kind.classes else "squared_error"
        found = net.figures(*test.draw(len(test)))
        return {
            "accuracy": None, "f1": None, "loss": None, **found,
            "baselines": {"without memory": {"solved": 0.0, name: kind.chance}},
        }  # fmt: skip


@dataclass
class LinearJudge:
    """Judges a recurrence that learns nothing by the gradient that is left after its steps (D6).

    Attributes:
        quick: Changes nothing; it takes no time.
    """

    quick: bool

    def parted(self, experiment: Experiment, data: Any, share: float) -> tuple[Any, str]:
        """Return three empty parts: there is nothing to learn."""
        return ((), (), ()), "no data"

    def fit(self, net: Any, used: Any) -> None:
        """Measure."""
        net.fit()

    def classes(self, used: Any) -> int:
        """Return that there are none."""
        return 0

    def figures(self, experiment: Experiment, net: Any, used: Any) -> dict[str, Any]:
        """Return the norm that was measured over all steps, beside the known one."""
        back = len(net.norms_) - 1
        known = {f"radius to the power of {back}": {"gradient": back * math.log10(net.radius)}}
        return {
            "accuracy": None, "f1": None, "loss": None,
            "gradient": math.log10(net.norms_[back]), "baselines": known,
        }  # fmt: skip
