"""A distribution over tokens → the token that is drawn from it (row E3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sestina.errors import OptionError
from sestina.options import check, is_whole

Shares = NDArray[np.float64]


def seed_of(seed: int) -> int:
    """Return a seed.

    Raises:
        OptionError: It is no whole number of 0 or more.
    """
    if not is_whole(seed) or seed < 0:
        raise OptionError(f"seed={seed!r} makes no sense; give a whole number, 0 or more")
    return int(seed)


def most_tokens(n: int) -> int:
    """Return how many tokens may be drawn.

    Raises:
        OptionError: It is no whole number of 0 or more.
    """
    if not is_whole(n) or n < 0:
        raise OptionError(f"n={n!r} makes no sense; give the number of tokens, 0 or more")
    return int(n)


@dataclass(frozen=True)
class Sampler:
    """How tokens are drawn.

    Attributes:
        temperature: What log probabilities are divided by; 0 takes the most probable token.
        top_k: Draw among so many of the most probable tokens; None: among all.
        top_p: Draw among the fewest tokens that have this share together (the nucleus; Holtzman,
            Buys, Du, Forbes and Choi 2020); None: among all.

    Raises:
        OptionError: A value makes no sense.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None

    def __post_init__(self) -> None:
        check(self)
        if not 0 <= self.temperature < np.inf:
            raise OptionError(
                f"temperature={self.temperature!r} makes no sense; give 0 (the most probable "
                "token) or more, 1 for the model's own distribution"
            )
        if self.top_k is not None and self.top_k < 1:
            raise OptionError(f"top_k={self.top_k!r} leaves no token; give 1 or more")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise OptionError(f"top_p={self.top_p!r} is no share; give more than 0, at most 1")

    def shares(self, log_probabilities: Shares, banned: Sequence[int] = ()) -> Shares:
        """Return the probabilities that tokens are drawn with, (V,) → (V,).

        A banned token is never drawn. To draw again whenever one comes, as the lecture says of
        UNK, gives the others these very probabilities.
        """
        logits = log_probabilities.copy()
        logits[list(banned)] = -np.inf
        if self.temperature == 0:
            chosen = np.zeros(len(logits))
            chosen[logits.argmax()] = 1.0
            return chosen
        with np.errstate(over="ignore"):  # to −∞, where a tiny temperature leaves nothing
            logits = (logits - logits.max()) / self.temperature
        found: Shares = np.exp(logits)
        if self.top_k is None and self.top_p is None:
            found /= found.sum()
            return found
        order = np.argsort(-logits, kind="stable")  # which tell apart what exp rounds to one
        if self.top_k is not None:
            found[order[self.top_k :]] = 0.0
        if self.top_p is not None:
            before = np.cumsum(found[order]) - found[order]  # of more probable tokens
            found[order[before >= self.top_p * found.sum()]] = 0.0
        found /= found.sum()
        return found

    def draw(
        self, log_probabilities: Shares, generator: np.random.Generator, banned: Sequence[int] = ()
    ) -> int:
        """Return the id of a token that is drawn."""
        sums = np.cumsum(self.shares(log_probabilities, banned))
        return int(np.searchsorted(sums, generator.random() * sums[-1], side="right"))
