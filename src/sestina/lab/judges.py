"""How experiments on tagged words, and those of language models, are parted, trained and judged.

Figures of tagged words are accuracy and F1 of spans, beside the usual tag and a window; of language
models the perplexity, beside n-grams.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from sestina.data.records import Records
from sestina.data.split import text_parts
from sestina.data.tagged import TaggedSentences, three_tagged_parts
from sestina.lab.experiment import Experiment
from sestina.lab.parts import QUICK, SPLIT_SEED

LESS = 10  # than of labelled texts is enough of texts of which every token is foreseen
WRITTEN = 60  # texts that a language model writes, of which some figures tell
SHOWN = 3

Figures = dict[str, Any]


class Judge(Protocol):
    """Parts data, trains on them, and tells how good it was."""

    def parted(self, experiment: Experiment, data: Any, share: float) -> tuple[Any, str]:
        """Return train, dev and test, and a sentence on how they came about."""
        ...

    def fit(self, net: Any, used: Any) -> None:
        """Train."""
        ...

    def figures(self, experiment: Experiment, net: Any, used: Any) -> Figures:
        """Return the figures of the test part.

        "accuracy", "f1" and "loss", None where a task has no such, "baselines", and more.
        """
        ...

    def classes(self, used: Any) -> int:
        """Return how many classes there are; 0 where there are none."""
        ...


def judge_of(task: str, quick: bool) -> Judge | None:
    """Return who judges a task; nobody where texts have labels (lab/run.py does)."""
    judges: dict[str, Callable[[bool], Judge]] = {"tag": TagJudge, "generate": LanguageJudge}
    return judges[task](quick) if task in judges else None


@dataclass
class TagJudge:
    """Of words with tags.

    Attributes:
        quick: Whether a few sentences are enough; no baseline is fitted then.
    """

    quick: bool

    def parted(
        self, experiment: Experiment, data: TaggedSentences, share: float
    ) -> tuple[Any, str]:
        """Return train, dev and test, and a sentence on how they came about."""
        *three, said = three_tagged_parts(data, SPLIT_SEED, share)
        if not self.quick:
            return tuple(three), said
        few = [part.take(range(min(QUICK[name], len(part)))) for name, part in _named(three)]
        return tuple(few), f"{said}; a few sentences of each part only"

    def fit(self, net: Any, used: Any) -> None:
        """Train."""
        train, dev, _ = used
        net.fit(train.sentences, train.tags, validation=(dev.sentences, dev.tags))

    def classes(self, used: Any) -> int:
        """Return how many tags there are."""
        return len(used[0].tag_counts())

    def figures(self, experiment: Experiment, net: Any, used: Any) -> Figures:
        """Return accuracy by word, and F1 of spans where there are any, beside the baselines."""
        from sestina.inspect.tag_ladder import climb_tags, net_rung

        if self.quick:
            *plain, own = [net_rung(experiment.name, net, used[2])]
        else:
            *plain, own = climb_tags({experiment.name: net}, *used)
        more = {name: own.figures[name] for name in ("span_f1",) if name in own.figures}
        return {
            **{name: own.figures[name] for name in ("accuracy", "f1", "interval")},
            **more,
            "unseen": own.figures["unseen"]["accuracy"],
            "loss": None,
            "baselines": {rung.name: rung.figures["accuracy"] for rung in plain},
        }


@dataclass
class LanguageJudge:
    """Of texts to write like; `quick` as above."""

    quick: bool

    def parted(self, experiment: Experiment, data: Records, share: float) -> tuple[Any, str]:
        """Return train, dev and test texts, and a sentence on how they came about."""
        running = bool(experiment.options.get("running"))
        *three, said = text_parts(data, SPLIT_SEED, running, share)
        if not self.quick:
            return tuple(three), said
        few = [part[: QUICK[name] // LESS] for name, part in _named(three)]
        return tuple(few), f"{said}; a few texts of each part only"

    def fit(self, net: Any, used: Any) -> None:
        """Train."""
        net.fit(used[0], validation=used[1])

    def classes(self, used: Any) -> int:
        """Return 0: there are no classes."""
        return 0

    def figures(self, experiment: Experiment, net: Any, used: Any) -> Figures:
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
            "perplexity": own["perplexity"],
            "bits_per_character": own["bits_per_character"],
            "preferred": preferred,
            "written": _written(net, set(train), 5 if self.quick else WRITTEN),
            "baselines": {name: row["perplexity"] for name, row in plain.items()},
        }


def _written(net: Any, known: set[str], count: int) -> dict[str, Any]:
    """Return what texts a model writes, how many it ends itself, and how many are new (row E3)."""
    most = 60 if net.level == "word" else 200
    texts = [net.generate("", most, seed=seed) for seed in range(count)]
    ended = [text for text in texts if len(net.tokens(text)) < most]
    return {
        "texts": texts[:SHOWN],
        "ended": len(ended) / count,
        "new": sum(text not in known for text in ended) / max(len(ended), 1),
    }


def _named(three: Any) -> Any:
    return zip(QUICK, three, strict=True)
