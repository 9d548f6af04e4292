"""What is timed: one piece of work, described so that every program can do the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from racing.machine import THREADS

Array = NDArray[Any]
Cell = Literal["rnn", "gru", "lstm"]
CELLS: dict[Cell, str] = {"rnn": "SimpleRNN", "gru": "GRU", "lstm": "LSTM"}
GATES: dict[Cell, int] = {"rnn": 1, "gru": 3, "lstm": 4}


@dataclass(frozen=True)
class Work:
    """One piece of work; a repetition of it is what is timed.

    "layer": forward and backward of a recurrent layer, gradients of weights and of the input.
    "epoch": one epoch of embedding → cell → Dense(1), RMSprop, binary cross-entropy.
    "step": one time step of a batch of one, without gradients, in a chain of steps.
    """

    task: Literal["layer", "epoch", "step"]
    cell: Cell
    hidden: int = 32
    batch: int = 128
    steps: int = 100
    features: int = 32
    layers: int = 1
    directions: int = 1
    every_output: bool = False
    """The loss reads every output, not only the final state."""
    recurrent_dropout: float = 0.0
    input_dropout: float = 0.0
    initial_state: bool = False
    full_lengths: bool = False
    """Lengths are given, though every row is full."""
    ragged: bool = False
    """An epoch of Zipf tokens and real-like lengths instead of uniform tokens and full rows."""
    texts: int = 4096
    vocabulary: int = 10_000
    way: str = ""
    """Which of a program's ways to do it, where it has several."""
    threads: int = THREADS


@dataclass(frozen=True)
class Prepared:
    """A piece of work that is ready to run."""

    run: Callable[[], object]
    answer: dict[str, list[float]] = field(default_factory=dict)
    """What came out before any training; equal in every program, empty where it is random."""
    parts: int = 1
    """Equal parts that one run consists of; times are given for one."""


class NotThere(Exception):
    """The program cannot do this work, in a few words why."""


def sample(array: NDArray[Any], most: int = 256) -> list[float]:
    """Return at most about `most` numbers spread evenly over an array."""
    flat = np.asarray(array, dtype=np.float64).ravel()
    return [float(value) for value in flat[:: max(1, flat.size // most)]]


def difference(ours: dict[str, list[float]], theirs: dict[str, list[float]]) -> float:
    """Return the largest difference of two answers, relative where numbers exceed one."""
    worst = 0.0
    for name in ours.keys() & theirs.keys():
        a, b = np.array(ours[name]), np.array(theirs[name])
        if a.shape != b.shape or not np.isfinite(a).all() or not np.isfinite(b).all():
            return float("inf")
        worst = max(worst, float(np.abs(a - b).max() / max(1.0, np.abs(b).max())))
    return worst
