"""How taggers are judged: by words and by spans, beside each word's usual tag and a window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sestina.data.tagged import TaggedSentences, three_tagged_parts
from sestina.lab.experiment import Experiment
from sestina.lab.parts import SPLIT_SEED, first_few


@dataclass
class TagJudge:
    """Judges words with tags (row E1).

    Attributes:
        quick: Whether a few sentences are enough; no baseline is fitted then.
        baselines: The figures of those that were fitted, by name.
    """

    quick: bool
    baselines: dict[str, dict[str, float]] = field(default_factory=dict)

    def parted(
        self, experiment: Experiment, data: TaggedSentences, share: float
    ) -> tuple[Any, str]:
        """Return train, dev and test, and a sentence on how they came about."""
        *three, said = three_tagged_parts(data, SPLIT_SEED, share)
        if not self.quick:
            return tuple(three), said
        return first_few(three), f"{said}; a few sentences of each part only"

    def fit(self, net: Any, used: Any) -> None:
        """Train."""
        train, dev, _ = used
        net.fit(train.sentences, train.tags, validation=(dev.sentences, dev.tags))

    def classes(self, used: Any) -> int:
        """Return how many tags there are."""
        return len(used[0].tag_counts())

    def figures(self, experiment: Experiment, net: Any, used: Any) -> dict[str, Any]:
        """Return accuracy by word, and F1 of spans where there are any, beside the baselines."""
        from sestina.inspect.tag_ladder import net_rung, plain_rungs

        if not self.quick and not self.baselines:  # no seed changes them
            rungs = plain_rungs(net, *used)
            self.baselines = {rung.name: _told(rung.figures) for rung in rungs}
        found = net_rung(experiment.name, net, used[2]).figures
        return {
            **_told(found),
            "f1": found["f1"],
            "interval": found["interval"],
            "loss": None,
            "baselines": self.baselines,
        }


def _told(figures: Mapping[str, Any]) -> dict[str, float]:
    """Return those figures of a rung that there are; baselines have the same."""
    unseen = figures["unseen"]["accuracy"]  # None where the training part held all words
    found = {"accuracy": figures["accuracy"], "span_f1": figures.get("span_f1"), "unseen": unseen}
    return {name: value for name, value in found.items() if value is not None}
