"""Baselines beside every tagger: each word's usual tag; logistic regression on windows."""

from __future__ import annotations

import time
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.data.tagged import TaggedSentences

STRENGTHS = (1.0, 10.0)
WINDOW = 2  # words on either side
AFFIX = 3  # characters of the longest prefix and suffix


@dataclass(frozen=True)
class TagBaseline:
    """A fitted baseline's showing.

    Attributes:
        name: What it is.
        predicted: Tags of the test sentences.
        parameters: Numbers it learned.
        seconds: Seconds to fit, its choice of strength included.
    """

    name: str
    predicted: list[list[str]]
    parameters: int
    seconds: float


def usual_tag(train: TaggedSentences, test: Sequence[Sequence[str]]) -> TagBaseline:
    """Return the baseline that gives each word the tag it mostly has in the training part.

    A word not seen there gets the tag that words seen once mostly have.
    """
    started = time.perf_counter()
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for words, tags in zip(train.sentences, train.tags or (), strict=True):
        for word, tag in zip(words, tags, strict=True):
            counts[word][tag] += 1
    rare = Counter(tag for found in counts.values() if found.total() == 1 for tag in found)
    other = _first(rare or sum(counts.values(), Counter()))
    table = {word: _first(found) for word, found in counts.items()}
    predicted = [[table.get(word, other) for word in words] for words in test]
    return TagBaseline("usual tag of a word", predicted, len(table), time.perf_counter() - started)


def _first(counts: Counter[str]) -> str:
    """Return the most frequent tag; of equals the first by name."""
    return min(counts, key=lambda tag: (-counts[tag], tag))


def window_features(words: Sequence[str]) -> Iterator[list[str]]:
    """Yield what the linear baseline sees of each word: those around it, its ends, its shape."""
    lower = [word.lower() for word in words]
    border = [""] * WINDOW
    around = [*border, *lower, *border]
    for n, word in enumerate(words):
        seen = [f"w{d}={around[n + WINDOW + d]}" for d in range(-WINDOW, WINDOW + 1)]
        for size in range(1, AFFIX + 1):
            seen += [f"p={lower[n][:size]}", f"s={lower[n][-size:]}"]
        seen += [f"shape={_shape(word)}", f"before={seen[1]}{seen[2]}", f"after={seen[2]}{seen[3]}"]
        yield [*seen, "first"] if n == 0 else seen


def _shape(word: str) -> str:
    """Return what kinds of characters a word has: Xx of Paris, 9 of 1961, x-x of by-law."""
    shape = ""
    for c in word:
        kind = "X" if c.isupper() else "x" if c.islower() else "9" if c.isdigit() else c
        shape += "" if shape.endswith(kind) else kind
    return shape[:8]


def window_regression(
    train: TaggedSentences,
    dev: TaggedSentences,
    test: Sequence[Sequence[str]],
    strengths: Sequence[float] = STRENGTHS,
) -> TagBaseline:
    """Return logistic regression on features of each word's window (`window_features`).

    It learns from the same training part as the net; the strength of its L2 penalty is the one of
    `strengths` that tags most words of the same dev part rightly.
    """
    from sklearn.feature_extraction.text import CountVectorizer

    started = time.perf_counter()
    weigh = CountVectorizer(analyzer=list, binary=True, dtype=np.float32)
    table = weigh.fit_transform(_rows(train.sentences))
    goal, dev_goal = _laid(train.tags or ()), _laid(dev.tags or ())
    fits = [_fitted(table, goal, strength) for strength in strengths]
    best = fits[0]
    if len(fits) > 1 and len(dev_goal):
        seen = weigh.transform(_rows(dev.sentences))
        best = max(fits, key=lambda fit: float((fit.predict(seen) == dev_goal).mean()))
    laid = best.predict(weigh.transform(_rows(test))) if any(map(len, test)) else np.array([])
    ends = np.cumsum([len(words) for words in test])
    predicted = [row.tolist() for row in np.split(laid, ends[:-1])] if len(ends) else []
    parameters = table.shape[1] * max(len(np.unique(goal)), 1)
    name = "window + logistic regression"
    return TagBaseline(name, predicted, parameters, time.perf_counter() - started)


def _rows(sentences: Sequence[Sequence[str]]) -> list[list[str]]:
    return [features for words in sentences for features in window_features(words)]


def _laid(tags: Sequence[Sequence[str]]) -> NDArray[Any]:
    return np.array([tag for row in tags for tag in row], dtype=np.str_)


def _fitted(table: Any, goal: NDArray[Any], strength: float) -> Any:
    from sklearn.dummy import DummyClassifier
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    if len(np.unique(goal)) < 2:  # of which logistic regression makes nothing
        return DummyClassifier().fit(table, goal)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the last iterate is compared on dev
        # many tags for few words, which scikit-learn takes for numbers
        warnings.filterwarnings("ignore", "The number of unique classes", UserWarning)
        return LogisticRegression(C=strength, max_iter=60).fit(table, goal)
