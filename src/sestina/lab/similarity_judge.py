"""How similarity is judged: pairs of texts with the same label or not, beside bags of words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sestina.data.records import Records
from sestina.lab import parts
from sestina.lab.experiment import Experiment

EACH = {"train": 4, "dev": 2, "test": 2}  # pairs that begin with each text, half of them alike


class LabelledPairs(NamedTuple):
    """Pairs of texts, whether they have the same label, and the labels of both."""

    rows: list[tuple[str, str]]
    same: NDArray[np.int64]
    labels: list[tuple[Any, Any]]

    def __len__(self) -> int:
        return len(self.rows)


@dataclass
class SimilarityJudge:
    """Judges pairs of texts (row C17).

    Attributes:
        quick: Whether a few texts are enough; no baseline is fitted then.
        whole: Train, dev and test records.
        baselines: The figures of those that were fitted, by name.
    """

    quick: bool
    whole: Any = None
    baselines: dict[str, dict[str, float]] = field(default_factory=dict)

    def parted(self, experiment: Experiment, data: Records, share: float) -> tuple[Any, str]:
        """Return train, dev and test pairs, and a sentence on how they came about."""
        self.whole, said = parts.split(data, share, self.quick)
        used = tuple(
            drawn_pairs(part, EACH[name], parts.SPLIT_SEED)
            for name, part in zip(EACH, self.whole, strict=True)
        )
        return used, f"{said}; pairs drawn within each part, half of them of one label"

    def fit(self, net: Any, used: Any) -> None:
        """Train."""
        train, dev, _ = used
        net.fit(train.rows, train.same, validation=(dev.rows, dev.same))

    def classes(self, used: Any) -> int:
        """Return 2: alike, or not."""
        return 2

    def figures(self, experiment: Experiment, net: Any, used: Any) -> dict[str, Any]:
        """Return the share of pairs rightly told alike or not, beside bags of words."""
        _, dev, test = used
        if not self.quick and not self.baselines:  # no seed changes them
            self.baselines = plain(self.whole, dev, test)
        return {
            "accuracy": net.score(test.rows, test.same),
            "f1": None,
            "loss": None,
            "baselines": self.baselines,
        }


def drawn_pairs(records: Records, each: int, seed: int) -> LabelledPairs:
    """Return pairs of texts; half of those that begin with each text have its label.

    Args:
        records: N texts with one label each, of two labels or more.
        each: Pairs for each text.
        seed: Seed of the draw.
    """
    labels, rng = np.array(records.labels), np.random.default_rng(seed)
    places = {label: np.flatnonzero(labels == label) for label in np.unique(labels)}
    rows, same, names = [], [], []
    for n, label in enumerate(labels):
        for k in range(each):
            others = [name for name in places if name != label]
            name = label if k % 2 == 0 else others[int(rng.integers(len(others)))]
            m = int(rng.choice(places[name]))
            rows.append((records.texts[n], records.texts[m]))
            same.append(int(name == label))
            names.append((label, name))
    return LabelledPairs(rows, np.array(same), names)


def plain(whole: Any, dev: LabelledPairs, test: LabelledPairs) -> dict[str, dict[str, float]]:
    """Return how well bags of words do: their cosine, and whether a classifier's labels agree."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    from sestina.estimators.pairing import best_threshold

    train = whole[0]
    bag = TfidfVectorizer(sublinear_tf=True).fit(train.texts)

    def cosines(pairs: LabelledPairs) -> NDArray[np.float64]:
        one, two = (bag.transform(side) for side in zip(*pairs.rows, strict=True))
        return np.asarray(one.multiply(two).sum(axis=1)).ravel()

    threshold = best_threshold(cosines(dev), dev.same)
    model = LogisticRegression(max_iter=1000).fit(bag.transform(train.texts), train.labels)
    put = [model.predict(bag.transform(side)) for side in zip(*test.rows, strict=True)]
    return {
        "cosine of TF-IDF": _told((cosines(test) > threshold) == test.same),
        "labels of TF-IDF + logistic regression agree": _told((put[0] == put[1]) == test.same),
    }


def _told(right: NDArray[np.bool_]) -> dict[str, float]:
    return {"accuracy": float(right.mean())}
