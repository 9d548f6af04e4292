"""How language models are judged: by their perplexity, beside n-grams, and by what they write."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from sestina.data.records import Records
from sestina.data.split import text_parts
from sestina.lab.experiment import Experiment
from sestina.lab.parts import LESS, QUICK, SPLIT_SEED
from sestina.lab.written import most_tokens, of_written

WRITTEN, FEW = 60, 5  # texts that a model writes, of which some figures tell; in a quick run
SHOWN = 3
TOLD = ("perplexity", "bits_per_character")


@dataclass
class LanguageJudge:
    """Judges texts to write like (rows E2 to E4).

    Attributes:
        quick: Whether a few texts are enough; no baseline is fitted then.
    """

    quick: bool

    def parted(self, experiment: Experiment, data: Records, share: float) -> tuple[Any, str]:
        """Return train, dev and test texts, and a sentence on how they came about."""
        running = bool(experiment.options.get("running"))
        *three, said = text_parts(data, SPLIT_SEED, running, share)
        if not self.quick:
            return tuple(three), said
        sizes = zip(QUICK.values(), three, strict=True)
        few = [part[: most // LESS] for most, part in sizes]
        return tuple(few), f"{said}; a few texts of each part only"

    def fit(self, net: Any, used: Any) -> None:
        """Train."""
        net.fit(used[0], validation=used[1])

    def classes(self, used: Any) -> int:
        """Return 0: there are no classes."""
        return 0

    def figures(self, experiment: Experiment, net: Any, used: Any) -> dict[str, Any]:
        """Return the perplexity beside n-grams, what it prefers, and what it writes."""
        from sestina.inspect.language import language_ladder, name_of

        train, _, test = used
        if self.quick:
            own, plain = net.figures(test), {}
        else:
            plain = language_ladder(net, train, test)
            own = plain.pop(name_of(net))
        preferred = [float(np.subtract(*net.score_texts(pair))) for pair in experiment.prefer]
        return {
            "accuracy": None,
            "f1": None,
            "loss": math.log(own["perplexity"]),
            **{name: own[name] for name in TOLD},
            "preferred": preferred,
            "written": self._written(net, set(train)),
            "baselines": {name: {key: row[key] for key in TOLD} for name, row in plain.items()},
        }

    def _written(self, net: Any, known: set[str]) -> dict[str, Any]:
        """Return what the model writes, how many texts it ends itself, and how many are new."""
        most = most_tokens(net.level)
        seeds = range(FEW if self.quick else WRITTEN)
        texts = [net.generate("", most, seed=seed) for seed in seeds]
        ended = [len(net.tokens(text)) < most for text in texts]
        return of_written(texts, ended, known, texts[:SHOWN])
