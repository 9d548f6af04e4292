"""How sequences from one vector are judged: by perplexity, exact answers, and what they tell.

Letters: N texts, K labels. A text is written from a vector with a 1 for each label that it has.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.data.records import Records
from sestina.lab.experiment import Experiment
from sestina.lab.parts import Parts, split
from sestina.lab.written import most_tokens, of_written

WRITTEN, FEW = 1_000, 4  # texts that are written from all labels together; in a quick run
SHOWN = 6
TOLD = ("perplexity", "bits_per_character")

Vectors = NDArray[np.float32]


@dataclass
class VectorJudge:
    """Judges texts that are written from their labels (row E6).

    Where no two texts have the same labels, as captions of pictures, each vector has one right
    answer, and exact ones are counted. Where a text has one label of few, as a name its gender,
    new texts are written from each label, and a linear classifier tells which label they have.

    Attributes:
        quick: Whether a few texts are enough; no baseline is fitted then.
    """

    quick: bool

    def parted(self, experiment: Experiment, data: Records, share: float) -> tuple[Parts, str]:
        """Return train, dev and test, and a sentence on how they came about."""
        return split(data, share, self.quick)

    def fit(self, net: Any, used: Parts) -> None:
        """Train."""
        train, dev, _ = used
        net.fit(
            vectors_of(train, train), train.texts, validation=(vectors_of(train, dev), dev.texts)
        )

    def classes(self, used: Parts) -> int:
        """Return how many labels there are."""
        return len(used[0].label_counts())

    def figures(self, experiment: Experiment, net: Any, used: Parts) -> dict[str, Any]:
        """Return the perplexity beside n-grams, and how well texts tell of their vectors."""
        found, baselines = self._foreseen(net, used)
        if _one_text_each(used):
            exact, nearest, examples = _answered(net, used)
            found |= {"exact": exact, "examples": examples}
            if not self.quick:
                baselines["text of the nearest vector"] = {"exact": nearest}
        if not used[0].multi_label:
            found |= self._written(net, used)
        return {
            "accuracy": None,
            "f1": None,
            "loss": math.log(found["perplexity"]),
            **found,
            "baselines": baselines,
        }

    def _foreseen(
        self, net: Any, used: Parts
    ) -> tuple[dict[str, Any], dict[str, dict[str, float]]]:
        """Return how well a net foresees the test texts' tokens, and how well n-grams do."""
        from sestina.inspect.language import grams_by_label, name_of, vector_ladder

        train, _, test = used
        vectors = vectors_of(train, test)
        if self.quick:
            own, rungs = net.figures(vectors, test.texts), {}
        else:
            rungs = vector_ladder(net, train.texts, vectors, test.texts)
            own = rungs.pop(name_of(net))
        told = {name: {key: row[key] for key in TOLD} for name, row in rungs.items()}
        if rungs and not train.multi_label:
            perplexity = grams_by_label(net, _by_label(train), _by_label(test))
            told["Kneser–Ney 5-gram of each label"] = {"perplexity": perplexity}
        return {key: own[key] for key in TOLD}, told

    def _written(self, net: Any, used: Parts) -> dict[str, Any]:
        """Return what is written from each label, and how often a judge sees this label in it."""
        from sestina.estimators.targets import Labels

        train = used[0]
        known, labels = set(train.texts), Labels(train.labels)
        size, most = len(labels.classes), most_tokens(net.level)
        wishes = np.repeat(np.arange(size), max((FEW if self.quick else WRITTEN) // size, 1))
        texts = net.generate(_hot(wishes, size), n=most)
        ended = (net.rows(texts).lengths - 2 < most).tolist()  # without EOS at both ends
        shown = [
            f"{name}: {', '.join(texts[n] for n in np.flatnonzero(wishes == code)[:SHOWN])}"
            for code, name in enumerate(labels.classes.tolist()[:SHOWN])
        ]
        found: dict[str, Any] = {"written": of_written(texts, ended, known, shown)}
        new = [n for n, text in enumerate(texts) if text not in known]
        if self.quick or not new:
            return found
        return found | _judged(net, used, labels, [texts[n] for n in new], wishes[new])


def vectors_of(train: Records, part: Records) -> Vectors:
    """Return a vector with a 1 for each label of each text, (N, K); K labels are in train."""
    from sestina.estimators.targets import Labels

    labels = Labels(train.labels)
    codes = labels.encode(part.labels)
    return codes if codes.ndim == 2 else _hot(codes, len(labels.classes))


def _hot(codes: NDArray[np.int64], size: int) -> Vectors:
    """Return codes (N,) as rows with a single 1, (N, K)."""
    return np.eye(size, dtype=np.float32)[codes]


def _by_label(part: Records) -> dict[Any, list[str]]:
    """Return the texts of each label."""
    found: dict[Any, list[str]] = {}
    for text, label in zip(part.texts, part.labels or (), strict=True):
        found.setdefault(label, []).append(text)
    return found


def _one_text_each(used: Parts) -> bool:
    """Return whether no two different texts have the same labels."""
    known: dict[Any, str] = {}
    rows = (row for part in used for row in zip(part.labels or (), part.texts, strict=True))
    keys = ((label if isinstance(label, str) else frozenset(label), text) for label, text in rows)
    return all(known.setdefault(key, text) == text for key, text in keys)


def _answered(net: Any, used: Parts) -> tuple[float, float, list[str]]:
    """Return the share of test vectors whose text is exactly right, and some of the answers.

    Between them stands that share where a vector gets the training text of the one most like it.
    """
    train, _, test = used
    learnt, vectors = (vectors_of(train, part) for part in (train, test))
    put = net.predict(vectors)
    like = (2 * vectors @ learnt.T - learnt.sum(axis=1)).argmax(axis=1)  # the fewest differences
    copied = [train.texts[n] for n in like.tolist()]
    exact, nearest = (
        float(np.mean([a == b for a, b in zip(texts, test.texts, strict=True)]))
        for texts in (put, copied)
    )
    pairs = zip(test.labels or (), put, strict=True)
    return exact, nearest, [f"{' '.join(label)} → {text}" for label, text in pairs][:SHOWN]


def _judged(
    net: Any, used: Parts, labels: Any, texts: Sequence[str], wishes: NDArray[np.int64]
) -> dict[str, float]:
    """Return the share of new texts that a judge gives the label they were written from.

    The judge is TF-IDF and logistic regression, learnt from the training texts; with it stands the
    share of test texts that it gets right.
    """
    from sestina.estimators.written import reading_of
    from sestina.inspect.baselines import tfidf_regression

    train, dev, test = used
    codes, seen, truth = (labels.encode(part.labels) for part in used)
    every = [*test.texts, *texts]
    found = tfidf_regression(train.texts, codes, dev.texts, seen, every, reading_of(net))
    said = found.probabilities.argmax(axis=1)
    return {
        "judged": float(np.mean(said[len(test) :] == wishes)),
        "judge": float(np.mean(said[: len(test)] == truth)),
    }
