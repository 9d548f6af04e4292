"""How translators are judged: by chrF, BLEU and exact answers, beside IBM model 1."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from sestina import metrics
from sestina.data.parallel import Pairs, known_share, three_pair_parts
from sestina.lab.experiment import Experiment
from sestina.lab.parts import LESS, SPLIT_SEED, first_few

SHOWN = 3  # translations


@dataclass
class TranslationJudge:
    """Judges sentences and their translations (row E5).

    Attributes:
        quick: Whether a few pairs are enough; no baseline is fitted then.
        baselines: The figures of the dictionary, by its name, once it was learnt.
    """

    quick: bool
    baselines: dict[str, dict[str, float]] = field(default_factory=dict)

    def parted(self, experiment: Experiment, data: Pairs, share: float) -> tuple[Any, str]:
        """Return train, dev and test, and a sentence on how they came about.

        Raises:
            DataError: There are too few pairs.
            MissingExtra: sacrebleu, which the figures need, is not installed.
        """
        metrics.sacrebleu()  # said before the training where it is missing
        train, dev, test, said = three_pair_parts(data, SPLIT_SEED, share)
        said = "; ".join(filter(None, [said, known_share(train, test)]))
        if not self.quick:
            return (train, dev, test), said
        return first_few([train, dev, test], LESS), f"{said}; a few pairs of each part only"

    def fit(self, net: Any, used: Any) -> None:
        """Train."""
        train, dev, _ = used
        net.fit(train.sources, train.targets, validation=(dev.sources, dev.targets))

    def classes(self, used: Any) -> int:
        """Return 0: there are no classes."""
        return 0

    def figures(self, experiment: Experiment, net: Any, used: Any) -> dict[str, Any]:
        """Return how near translations come to the true ones, beside the dictionary's."""
        from sestina.inspect.translation_ladder import net_rung, plain_rung

        train, _, test = used
        if not self.quick and not self.baselines:  # no seed changes it
            plain = plain_rung(train, test)
            self.baselines = {plain.name: plain.figures}
        own = net_rung(net, test)
        pairs = zip(test.sources, own.put, strict=True)
        return {
            "accuracy": None,
            "f1": None,
            "loss": math.log(own.figures["perplexity"]),
            **{name: own.figures[name] for name in ("chrf", "bleu", "exact", "perplexity")},
            "examples": [f"{source} → {put}" for source, put in pairs][:SHOWN],
            "baselines": self.baselines,
        }
