"""Made sequences that ask for what was seen long ago, and how their answers are judged.

The three tests of memory of the literature, drawn anew for every batch, so that nothing can be
learnt by heart. Letters: N sequences, T steps before the answer, D numbers a step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sestina.errors import DataError

SYMBOLS, COPIED = 8, 5  # of the copy task: kinds of symbols, and how many are to be repeated
KINDS = 8  # of symbols of the temporal order task: X, Y, four fillers, a beginning, an end
SHORTEST = 10  # steps, fewer than which leave no place for what is to be remembered

Numbers = NDArray[np.float32]
Answers = NDArray[np.float32] | NDArray[np.int64]
Draw = Callable[[np.random.Generator, int, int], tuple[Numbers, Answers]]


def adding(rng: np.random.Generator, count: int, length: int) -> tuple[Numbers, Answers]:
    """Draw numbers from 0 to 1, two of them marked, whose sum is the answer.

    Hochreiter and Schmidhuber 1997, as Le, Jaitly and Hinton 2015 have it: one mark stands in the
    first half. Always to answer 1 has a mean squared error of 1/6.

    Returns:
        Inputs (N, T, 2), the number and its mark, and answers (N, 1).
    """
    x = np.zeros((count, length, 2), np.float32)
    x[..., 0] = rng.random((count, length), np.float32)
    rows, half = np.arange(count), length // 2
    places = rng.integers(half, size=count), rng.integers(half, length, size=count)
    for place in places:
        x[rows, place, 1] = 1
    return x, (x[..., 0] * x[..., 1]).sum(axis=1, keepdims=True)


def ordered(rng: np.random.Generator, count: int, length: int) -> tuple[Numbers, Answers]:
    """Draw symbols among which X or Y stands twice; the answer is which came first and second.

    Hochreiter and Schmidhuber 1997, experiment 6a: the two stand after some 10 % to 20 % and
    50 % to 60 % of the steps, between four kinds of fillers, a beginning and an end.

    Returns:
        Inputs (N, T, 8), a 1 for each symbol, and answers (N, 1), one of four.
    """
    ids = rng.integers(2, 6, size=(count, length))
    ids[:, 0], ids[:, -1] = 6, 7
    rows, symbols = np.arange(count), rng.integers(2, size=(count, 2))
    for number, share in enumerate((0.1, 0.5)):
        first = max(int(share * length), 1)
        last = max(int((share + 0.1) * length), first + 1)
        ids[rows, rng.integers(first, last, size=count)] = symbols[:, number]
    return _hot(ids, KINDS), (2 * symbols[:, 0] + symbols[:, 1])[:, None]


def copied(rng: np.random.Generator, count: int, length: int) -> tuple[Numbers, Answers]:
    """Draw five symbols of eight, then T blanks, then a sign to repeat the five.

    Hochreiter and Schmidhuber 1997; Arjovsky, Shah and Bengio 2016 have ten symbols, and count the
    blanks before the answers too. Without memory one in eight is right.

    Returns:
        Inputs (N, T + 10, 10), a 1 for each symbol, blank or sign, and answers (N, 5).
    """
    ids = np.full((count, length + 2 * COPIED), SYMBOLS)
    symbols = rng.integers(SYMBOLS, size=(count, COPIED))
    ids[:, :COPIED], ids[:, -COPIED] = symbols, SYMBOLS + 1
    return _hot(ids, SYMBOLS + 2), symbols


def _hot(ids: NDArray[np.int64], size: int) -> Numbers:
    """Return ids (N, T) as rows with a single 1, (N, T, size)."""
    return np.eye(size, dtype=np.float32)[ids]


@dataclass(frozen=True)
class Kind:
    """What is asked for.

    Attributes:
        draw: Generator, N, T → inputs (N, T', D) and answers (N, A), one for each of the last
            A steps.
        features: D.
        outputs: Numbers that a network puts out for an answer.
        classes: Whether an answer is one of so many classes; else it is a number.
        enough: The mean squared error below which, or the share of right answers from which on,
            it counts as solved.
        chance: What answers without memory reach.
    """

    draw: Draw
    features: int
    outputs: int
    classes: bool
    enough: float
    chance: float


KINDS_OF_RECALL = {
    "adding": Kind(adding, 2, 1, classes=False, enough=0.01, chance=1 / 6),
    "order": Kind(ordered, KINDS, 4, classes=True, enough=0.99, chance=1 / 4),
    "copy": Kind(copied, SYMBOLS + 2, SYMBOLS, classes=True, enough=0.99, chance=1 / SYMBOLS),
}


@dataclass(frozen=True)
class Recall:
    """A source of such sequences.

    Attributes:
        kind: A key of `KINDS_OF_RECALL`.
        length: T.
        notes: None: nothing was guessed or left out.
    """

    kind: str
    length: int
    notes: tuple[str, ...] = field(default=(), init=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS_OF_RECALL or self.length < SHORTEST:
            raise DataError(
                f"there is no {self.kind!r} over {self.length} steps; expected one of "
                f"{', '.join(KINDS_OF_RECALL)} over {SHORTEST} or more"
            )

    @property
    def what(self) -> Kind:
        """What is asked for."""
        return KINDS_OF_RECALL[self.kind]

    def draw(self, count: int, *seed: int) -> tuple[Numbers, Answers]:
        """Return N sequences and their answers, the same for the same seed."""
        return self.what.draw(np.random.default_rng([*seed, 0x3EC]), count, self.length)
