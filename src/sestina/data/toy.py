"""Made sequences whose answer is known: what an encoder can learn, and what it cannot.

Each function returns N texts of one-letter words, and N labels.
"""

from __future__ import annotations

import numpy as np

FILLERS = np.array(list("abcdefgh"))
Examples = tuple[list[str], list[str]]


def presence(count: int, length: int, seed: int = 0) -> Examples:
    """Return texts that are "yes" if the word x occurs; every encoder can tell."""
    rng, rows = _start(count, length, seed)
    labels = rng.integers(2, size=count)
    for row, label in zip(rows, labels, strict=True):
        row[rng.integers(length)] = "x" if label else "y"
    return _texts(rows), ["yes" if label else "no" for label in labels]


def order(count: int, length: int, gap: int | None = None, seed: int = 0) -> Examples:
    """Return texts that hold x and y once; the label is which of them comes first.

    Bags and means of words cannot tell: both labels have the same words.

    Args:
        count: N.
        length: Words in a text.
        gap: Words between the two; any number by default. With length − 2 they are the text's
            first and last word.
        seed: Seed of the draw.
    """
    rng, rows = _start(count, length, seed)
    labels = rng.integers(2, size=count)
    for row, label in zip(rows, labels, strict=True):
        distance = 1 + (int(rng.integers(length - 1)) if gap is None else gap)
        start = rng.integers(length - distance)
        row[start], row[start + distance] = ("x", "y") if label else ("y", "x")
    return _texts(rows), ["x" if label else "y" for label in labels]


def parity(count: int, length: int, seed: int = 0) -> Examples:
    """Return texts of x and y, labelled by whether the number of x is even or odd."""
    rows = np.random.default_rng([seed, 0x704]).choice(["x", "y"], (count, length))
    return _texts(rows), ["odd" if (row == "x").sum() % 2 else "even" for row in rows]


def noise(count: int, length: int, seed: int = 0) -> Examples:
    """Return texts with labels drawn regardless of them: nothing can be learned."""
    rng, rows = _start(count, length, seed)
    return _texts(rows), rng.choice(["heads", "tails"], count).tolist()


def _start(count: int, length: int, seed: int) -> tuple[np.random.Generator, np.ndarray]:
    rng = np.random.default_rng([seed, 0x704])
    return rng, rng.choice(FILLERS, (count, length))


def _texts(rows: np.ndarray) -> list[str]:
    return [" ".join(row) for row in rows.tolist()]
