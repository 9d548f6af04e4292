"""What a program is asked to do, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from racing.machine import THREADS

MIN_COUNT = 5


@dataclass(frozen=True, kw_only=True)
class Job:
    """One training; every program of a race is given the same."""

    text: str = ""
    """File of lower-case tokens parted by blanks, a sentence a line."""
    method: Literal["skipgram", "cbow", "glove"] = "skipgram"
    output: Literal["negative", "hierarchical"] = "negative"
    subwords: bool = False
    """Whether a word also has the vectors of its n-grams of 3 to 6 characters."""
    learning_rate: float = 0.025
    epochs: int = 1
    threads: int = THREADS
    deterministic: bool = False
    """Of ours only."""
    seed: int = 1
    """Of the programs that take one."""
    dimensions: int = 100
    window: int = 5
    negative: int = 5
    subsample: float = 1e-3
    min_count: int = MIN_COUNT


@dataclass(frozen=True)
class Ran:
    """A training that has been done."""

    training: float
    """Seconds of training alone."""
    whole: float
    """Seconds from opening the text to the end of training: nothing loaded, compiled, saved."""
    vectors: Path
    more: dict[str, float] = field(default_factory=dict)
    """What else the program says of itself."""


class Failed(Exception):
    """A program ended badly; the message says how."""
