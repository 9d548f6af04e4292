"""The rows of the table: who runs against whom, with which goal."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from racing.results import Goal

from .job import Job

OURS = "Sestina"
GLOVE_EPOCHS = 15


@dataclass(frozen=True)
class Entry:
    """A program in a race, and what it does differently."""

    program: str
    goal: Goal = Goal("faster")
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Race:
    """Programs that learn the same; ours, called `OURS`, is what the others are held against."""

    title: str
    job: Job
    entries: dict[str, Entry]
    whole: bool = False
    """Whether the whole run counts, reading included, instead of the training alone."""

    def job_of(self, name: str, text: str, seed: int) -> Job:
        """Return what an entry shall do."""
        return replace(self.job, text=text, seed=seed, **self.entries[name].changes)


def _faster(value: float) -> Goal:
    return Goal("faster", value)


def races(epochs: int, quick: bool) -> dict[int, Race]:
    """Return the races by the numbers of their rows.

    Args:
        epochs: Of all but GloVe.
        quick: GloVe has one epoch instead of 15.
    """
    plain = Job(epochs=epochs)
    skipgram = {
        OURS: Entry("Sestina"),
        f"{OURS}, deterministic": Entry("Sestina", changes={"deterministic": True}),
        "gensim": Entry("gensim", _faster(5.0)),
        "pWord2Vec": Entry("pWord2Vec", _faster(1.0)),
        "word2vec.c": Entry("word2vec.c", _faster(4.0)),
        "fastText, no subwords": Entry("fastText", _faster(2.5)),
    }
    cbow = {
        OURS: Entry("Sestina"),
        "gensim": Entry("gensim", _faster(4.0)),
        "word2vec.c": Entry("word2vec.c"),
    }
    tree = cbow | {"gensim": Entry("gensim", _faster(3.0))}
    parts = {OURS: Entry("Sestina"), "fastText": Entry("fastText", _faster(2.5))}
    counts = {OURS: Entry("Sestina"), "Stanford GloVe": Entry("Stanford GloVe", _faster(2.0))}
    glove = Job(method="glove", learning_rate=0.05, epochs=1 if quick else GLOVE_EPOCHS)
    return {
        1: Race("Skip-gram, negative sampling", plain, skipgram),
        2: Race("CBOW", replace(plain, method="cbow", learning_rate=0.05), cbow),
        3: Race("Skip-gram, hierarchical softmax", replace(plain, output="hierarchical"), tree),
        4: Race(
            "Skip-gram with subwords", replace(plain, subwords=True, learning_rate=0.05), parts
        ),
        5: Race("GloVe, the whole run", glove, counts, whole=True),
    }


ALONE, QUALITY = 6, 7
TITLES = {ALONE: "Sestina alone", QUALITY: "Quality"}
"""Rows that are no races."""
ROWS = (1, 2, 3, 4, 5, ALONE, QUALITY)
