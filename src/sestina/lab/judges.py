"""How experiments of each kind are parted, trained and judged.

`Judge` is what lab/run.py asks for. Of labelled texts figures are accuracy and loss beside linear
models; of tagged words accuracy and F1 of spans beside the usual tag and a window; of language
models the perplexity beside n-grams.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sestina import config
from sestina.data.records import Records
from sestina.data.split import text_parts
from sestina.data.tagged import TaggedSentences, three_tagged_parts
from sestina.lab import parts
from sestina.lab.experiment import Experiment
from sestina.lab.parts import QUICK, SPLIT_SEED

TINY = 1e-7  # probabilities are kept this far from 0, as in Keras' loss
LESS = 10  # than of labelled texts is enough of texts of which every token is foreseen
WRITTEN = 60  # texts that a language model writes, of which some figures tell
SHOWN = 3

Table = NDArray[np.float64]
Figures = dict[str, Any]


@dataclass(frozen=True)
class Judged:
    """What one seed showed.

    Attributes:
        figures: "accuracy", "f1" and "loss", None where a task has no such, "baselines", and more.
        table: Probabilities of each class, (N, K), where seeds can be averaged.
        codes: True classes, (N,), or indicators (N, K).
    """

    figures: Figures
    table: Table | None = None
    codes: NDArray[Any] | None = None


class Judge(Protocol):
    """Parts data, trains on them, and tells how good it was."""

    def parted(self, experiment: Experiment, data: Any, share: float) -> tuple[Any, str]:
        """Return train, dev and test, and a sentence on how they came about."""
        ...

    def drawn(self, experiment: Experiment, whole: Any, seed: int) -> Any:
        """Return the parts that a seed uses."""
        ...

    def fit(self, net: Any, used: Any) -> None:
        """Train."""
        ...

    def judged(self, experiment: Experiment, net: Any, used: Any) -> Judged:
        """Return the figures of the test part."""
        ...

    def classes(self, used: Any) -> int:
        """Return how many classes there are; 0 where there are none."""
        ...


@dataclass
class TextJudge:
    """Of texts with labels.

    Attributes:
        quick: Whether a few texts are enough; no baseline is fitted then.
        baselines: Accuracies of linear models by texts and tokens, since experiments share them.
    """

    quick: bool
    baselines: dict[Any, dict[str, float]] = field(default_factory=dict)

    def parted(
        self, experiment: Experiment, data: Records, share: float
    ) -> tuple[parts.Parts, str]:
        """Return train, dev and test, and a sentence on how they came about."""
        return parts.split(data, share, self.quick)

    def drawn(self, experiment: Experiment, whole: parts.Parts, seed: int) -> parts.Parts:
        """Return the parts that a seed uses: all texts, or few that it draws."""
        if experiment.training_texts is None:
            return whole
        train, _, test = whole
        texts = experiment.training_texts
        few, held = parts.drawn(train, min(texts, len(train) // 2) if self.quick else texts, seed)
        return few, held, test

    def fit(self, net: Any, used: parts.Parts) -> None:
        """Train."""
        train, dev, _ = used
        net.fit(train.texts, train.labels, validation=(dev.texts, dev.labels))

    def classes(self, used: parts.Parts) -> int:
        """Return how many classes there are."""
        return len(used[0].label_counts())

    def judged(self, experiment: Experiment, net: Any, used: parts.Parts) -> Judged:
        """Return accuracy, F1 and loss, beside linear models, and the probabilities."""
        from sestina.estimators.targets import Labels
        from sestina.inspect.evaluate import judged

        train, _, test = used
        table, labels = net.predict_proba(test.texts), Labels(train.labels)
        codes = labels.encode(test.labels)
        rung = judged(experiment.name, table, codes, parameters=net.n_parameters_, seconds=0.0)
        figures = {
            **rung.figures,
            # what learns without a loss, as the perceptron, is not judged by one either
            "loss": cross_entropy(table, codes) if "loss" in net.history_[0] else None,
            "baselines": self._linear(net, labels, used),
        }
        return Judged(figures, table, codes)

    def _linear(self, net: Any, labels: Any, used: parts.Parts) -> dict[str, float]:
        """Return the accuracy of linear models on the same texts; none in a quick run."""
        from sestina.inspect.baselines import tfidf_regression
        from sestina.inspect.nb_svm import nb_svm
        from sestina.metrics import correct
        from sestina.text.encode import cut_by

        if self.quick:
            return {}
        train, dev, test = used
        cleaned = tuple(config.to_dict(net, config.CleaningOptions).values())
        learnt = net.level == "subword"  # what else it is cut by, the level says
        tokens = net.vocabulary_ if learnt else net.level
        key = (hash((*train.texts, None, *test.texts)), tokens, *cleaned)
        if key not in self.baselines:
            known, seen, truth = (labels.encode(part.labels) for part in used)
            cut = cut_by(net.vocabulary_, net) if learnt else None
            found = [
                model(train.texts, known, dev.texts, seen, test.texts, net, cut)
                for model in (tfidf_regression, nb_svm)
            ]
            self.baselines[key] = {
                one.name: float(correct(truth, decided(one.probabilities, truth)).mean())
                for one in found
            }
        return self.baselines[key]


@dataclass
class TagJudge:
    """Of words with tags; `quick` as above."""

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

    def drawn(self, experiment: Experiment, whole: Any, seed: int) -> Any:
        """Return the parts, which are the same for all seeds."""
        return whole

    def fit(self, net: Any, used: Any) -> None:
        """Train."""
        train, dev, _ = used
        net.fit(train.sentences, train.tags, validation=(dev.sentences, dev.tags))

    def classes(self, used: Any) -> int:
        """Return how many tags there are."""
        return len(used[0].tag_counts())

    def judged(self, experiment: Experiment, net: Any, used: Any) -> Judged:
        """Return accuracy by word, and F1 of spans where there are any, beside the baselines."""
        from sestina.inspect.tag_ladder import climb_tags, net_rung

        if self.quick:
            *plain, own = [net_rung(experiment.name, net, used[2])]
        else:
            *plain, own = climb_tags({experiment.name: net}, *used)
        more = {name: own.figures[name] for name in ("span_f1",) if name in own.figures}
        figures = {
            **{name: own.figures[name] for name in ("accuracy", "f1", "interval")},
            **more,
            "unseen": own.figures["unseen"]["accuracy"],
            "loss": None,
            "baselines": {rung.name: rung.figures["accuracy"] for rung in plain},
        }
        return Judged(figures)


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

    def drawn(self, experiment: Experiment, whole: Any, seed: int) -> Any:
        """Return the parts, which are the same for all seeds."""
        return whole

    def fit(self, net: Any, used: Any) -> None:
        """Train."""
        net.fit(used[0], validation=used[1])

    def classes(self, used: Any) -> int:
        """Return 0: there are no classes."""
        return 0

    def judged(self, experiment: Experiment, net: Any, used: Any) -> Judged:
        """Return the perplexity beside n-grams, what it prefers, and what it writes."""
        from sestina.inspect.language import language_ladder, name_of

        train, _, test = used
        if self.quick:
            own, plain = net.figures(test), {}
        else:
            plain = language_ladder(net, train, test)
            own = plain.pop(name_of(net))
        preferred = [float(np.subtract(*net.score_texts(pair))) for pair in experiment.prefer]
        figures = {
            "accuracy": None,
            "f1": None,
            "loss": math.log(own["perplexity"]),
            "perplexity": own["perplexity"],
            "bits_per_character": own["bits_per_character"],
            "preferred": preferred,
            "written": _written(net, set(train), 5 if self.quick else WRITTEN),
            "baselines": {name: row["perplexity"] for name, row in plain.items()},
        }
        return Judged(figures)


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


def cross_entropy(probabilities: Table, codes: NDArray[Any]) -> float:
    """Return the mean loss of probabilities (N, K), as networks are trained by it.

    `codes` are true classes (N,), or indicators (N, K), whose decisions count alike.
    """
    sure = np.clip(probabilities, TINY, 1 - TINY)
    if codes.ndim == 2:
        return float(-np.where(codes > 0.5, np.log(sure), np.log(1 - sure)).mean())
    return float(-np.log(sure[np.arange(len(codes)), codes]).mean())


def decided(table: Table, codes: NDArray[Any]) -> NDArray[Any]:
    """Return the classes (N,), or indicators (N, K), that probabilities (N, K) decide for."""
    if codes.ndim == 2:
        return (table > 0.5).astype(codes.dtype)
    best: NDArray[Any] = table.argmax(axis=1)
    return best
