"""Which texts an experiment trains on, stops early by, and is judged on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from sestina.data import toy
from sestina.data.parallel import Pairs
from sestina.data.recall import KINDS_OF_RECALL, Recall
from sestina.data.recordings import Recordings
from sestina.data.records import Label, Records
from sestina.data.split import Labelled, three_parts
from sestina.data.tagged import TaggedSentences
from sestina.data.timeline import Timeline
from sestina.errors import DataError, counted
from sestina.lab.speech import SpeechFolder

SPLIT_SEED = 0  # the split is the data's; only a draw of few texts changes with the seed
FOLDS = 5  # where each seed tests other people, or other texts
QUICK = {"train": 240, "dev": 60, "test": 120}
GAPS = (9, 21, 42, 84)  # words between a subject and its verb: whole phrases of three
LENGTHS = (50, 100, 200, 400)  # steps that something is to be remembered for
LESS = 10  # than of labelled texts is enough of texts of which every token is foreseen


@dataclass(frozen=True)
class Nothing:
    """No data, for what learns nothing."""

    notes: tuple[str, ...] = ()


Data = Records | TaggedSentences | Pairs | Recordings | SpeechFolder | Timeline | Recall | Nothing
SIDES: dict[type, tuple[str, str]] = {
    Records: ("texts", "labels"),
    TaggedSentences: ("sentences", "tags"),
    Pairs: ("sources", "targets"),
    Recordings: ("sums", "labels"),
    Timeline: ("values", "known"),
}
"""What each kind of data has, and what is to be learnt of it."""


@dataclass(frozen=True)
class Toy:
    """Made data that experiments may name.

    Attributes:
        task: The task that they are for, a name in `TASKS`.
        make: Makes them: see `sestina.data.toy`.
    """

    task: str
    make: Callable[[], Data]


def _agreement(gap: int) -> Records:
    texts, labels = toy.agreement(2_500, gap, seed=1)
    return Records(texts, list(labels), source=f"toy-agreement-{gap}")


TOYS = {
    "toy-islands": Toy(
        "tag", lambda: TaggedSentences(*toy.islands(900, 80, seed=1), source="toy-islands")
    ),
    "toy-kitchen": Toy(
        "generate", lambda: Records(toy.kitchen(2_000, seed=1), source="toy-kitchen")
    ),
    "toy-dates": Toy("translate", lambda: Pairs(*toy.dates(2_500, seed=1), source="toy-dates")),
    "toy-scenes": Toy("given", lambda: Records(*toy.scenes(seed=1), source="toy-scenes")),
    **{
        f"toy-agreement-{gap}": Toy(
            "reviews",
            partial(_agreement, gap),
        )
        for gap in GAPS
    },
    **{
        f"toy-{kind}-{length}": Toy("recall", partial(Recall, kind, length))
        for kind in KINDS_OF_RECALL
        for length in LENGTHS
    },
    "nothing": Toy("linear", Nothing),
}
Some = TypeVar("Some", TaggedSentences, Pairs)
Parts = tuple[Records, Records, Records]


def split(records: Records, dev_share: float, quick: bool) -> tuple[Parts, str]:
    """Return the train, dev and test records, and a sentence on how they came about.

    Args:
        records: All texts.
        dev_share: Share of the training texts to stop early by, where the data name none.
        quick: Whether a few texts of each part are enough.

    Raises:
        DataError: The texts cannot be learned from.
    """
    train, dev, test, said = three_parts(records, SPLIT_SEED, dev_share)
    if not quick:
        return (train, dev, test), said
    train = few_of_each(train, QUICK["train"])
    known = {name for label in train.labels or () for name in _names(label)}
    dev, test = (
        few_of_each(_of(part, known), QUICK[name]) for part, name in ((dev, "dev"), (test, "test"))
    )
    return (train, dev, test), f"{said}; a few texts of each part only"


def first_few(three: Sequence[Some], less: int = 1) -> tuple[Some, ...]:
    """Return the first rows of the train, dev and test parts, enough for a quick run.

    Args:
        three: The parts.
        less: How many times less than of labelled texts is enough.
    """
    sizes = zip(QUICK.values(), three, strict=True)
    return tuple(part.take(range(min(most // less, len(part)))) for most, part in sizes)


def drawn(train: Records, texts: int, seed: int) -> tuple[Records, Records]:
    """Return so many training texts, and a quarter as many held out, as many of each class.

    No text that is trained on is held out, even where the data have it twice.

    Raises:
        DataError: A text may have several labels, or a class has too few texts.
    """
    if train.multi_label:
        raise DataError(
            f"{train.source}: a text may have several labels, so that none can be drawn class by "
            "class; take data with one label each"
        )
    labels, rng = np.array(train.labels), np.random.default_rng(seed)
    each = [rng.permutation(np.flatnonzero(labels == label)) for label in np.unique(labels)]
    size, more = texts // len(each), texts // 4 // len(each)
    least = min(map(len, each))
    if not more or least < size + more:
        raise DataError(
            f"{train.source}: drawing {counted(texts, 'training text')} and a quarter as many held "
            f"out needs {size + max(more, 1)} of each of {len(each)} classes, and one has {least}; "
            "take other data, or draw another number"
        )
    few = train.take(np.concatenate([rows[:size] for rows in each]).tolist())
    known = set(few.texts)
    rest = ([r for r in rows[size:].tolist() if train.texts[r] not in known] for rows in each)
    return few, train.take([row for rows in rest for row in rows[:more]])


def digest(data: Data) -> str:
    """Return the SHA-256 of both sides of the data and of their parts, in their order.

    It is the same for a file and its compressed copy. Of speech it is that of the sounds of all
    devices; of what is drawn anew that of its name.
    """
    if isinstance(data, SpeechFolder):
        return data.digest
    if isinstance(data, Recall | Nothing):
        return hashlib.sha256(repr(data).encode()).hexdigest()
    total = hashlib.sha256()
    nothing: list[Any] = [None] * len(data)
    texts, labels = (getattr(data, side) for side in SIDES[type(data)])
    for row in zip(texts, labels or nothing, data.parts or nothing, strict=True):
        total.update(json.dumps(row, default=np.ndarray.tolist).encode() + b"\n")
    return total.hexdigest()


def few_of_each(records: Labelled, most: int) -> Labelled:
    """Return some of the records, of all classes alike; each class keeps one at least."""
    places: dict[str, list[int]] = {}
    for row, label in enumerate(records.labels or ()):
        places.setdefault(min(_names(label), default=""), []).append(row)
    each = max(1, most // max(len(places), 1))
    rows = sorted(row for found in places.values() for row in _spread(found, each))
    return records.take(rows)


def _spread(rows: list[int], most: int) -> Iterable[int]:
    """Return so many rows at most, evenly over the list."""
    chosen: NDArray[np.int64] = np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(int)
    return [rows[place] for place in chosen.tolist()]


def _of(records: Records, known: set[str]) -> Records:
    """Return the records whose labels are all known."""
    labels = records.labels or ()
    return records.take([row for row, label in enumerate(labels) if _names(label) <= known])


def _names(label: Label) -> set[str]:
    return {label} if isinstance(label, str) else set(label)


def fold(wholes: Sequence[Hashable], seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which of N rows a seed trains on and which it tests; five seeds test each once.

    Args:
        wholes: What of each row is in one part: a person, a text, (N,).
        seed: Its remainder tells the fold; five more draw the folds anew.
    """
    names = sorted(set(wholes), key=str)
    order = np.random.default_rng([SPLIT_SEED, seed // FOLDS]).permutation(len(names))
    count = min(FOLDS, len(names))
    tested = {names[place] for n, place in enumerate(order) if n % count == seed % count}
    held_out = np.array([one in tested for one in wholes])
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)
