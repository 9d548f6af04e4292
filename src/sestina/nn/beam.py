"""Beam search of translations: the continuations scored best, for many sentences at once.

`estimators.decoding.most_probable` is another search, for another score. There a sequence is as
good as log P of it, which only falls as it grows, so that every end counts, and a bound tells when
none can be better. Here log P is divided by the length, and a longer one may always still win: W
ends must do, of which only those among the W best count, lest short ones crowd out the others; and
a sentence's W beginnings stay together, since they look back at one memory.

Letters: N sentences, W the width of the beam, V tokens, L tokens written so far.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from sestina.nn.states import States, rows_of

Step = Callable[[Tensor, States], tuple[Tensor, States]]
"""Tokens (N, W) and states (1, N · W, H) → log P of each next token (N, W, V), and states."""


class Found(NamedTuple):
    """What was found for one sentence: its tokens without the end's, and its score."""

    tokens: list[int]
    score: float


def search(
    step: Step,
    first: States,
    limits: Tensor,
    *,
    end: int,
    width: int,
    penalty: float = 1.0,
    without: tuple[int, ...] = (),
) -> list[Found]:
    """Return the best-scored continuation that was found, for each of N sentences.

    A score is log P, the end's included, divided by ((5 + tokens) / 6) ** penalty, the end counted
    as a token (Wu et al. 2016). The search for a sentence ends with W continuations that have
    ended, or where no beginning that is left could still end with a better score. If it reaches its
    limit before any end, it gives its best beginning.

    Args:
        step: Goes on by one token.
        first: States before the first step, (1, N, H) each.
        limits: (N,) most tokens of a continuation, the end's included, 1 at least.
        end: The token that ends a continuation, and stands before the first one.
        width: W. Where all continuations fit in, the result is the best there is.
        penalty: Exponent; 0 scores by log P alone, which favours short ones.
        without: Tokens that are never written.
    """
    beams = _Beams(len(limits), width, end, penalty, limits)
    never = torch.tensor(without, dtype=torch.int64)
    states = rows_of(first, torch.arange(len(limits)).repeat_interleave(width))
    while not bool(beams.done.all()):
        logs, states = step(beams.last, states)
        states = rows_of(states, beams.go_on(logs.index_fill(2, never, -torch.inf)))
    return [Found(*pair) for pair in zip(beams.texts, beams.best.tolist(), strict=True)]


class _Beams:
    """The beginnings that are followed up, and the best ended one, of each sentence."""

    def __init__(self, count: int, width: int, end: int, penalty: float, limits: Tensor) -> None:
        self._width, self._end, self._penalty, self._limits = width, end, penalty, limits
        self._written = torch.empty(count, width, 0, dtype=torch.int64)
        self._totals = torch.full((count, width), -torch.inf, dtype=torch.float64)
        self._totals[:, 0] = 0.0  # all begin alike, so that one of them will do
        self.last = torch.full((count, width), end)  # (N, W)
        self.done = torch.zeros(count, dtype=torch.bool)
        self._ended = torch.zeros(count, dtype=torch.int64)  # how many have ended
        self.best = torch.full((count,), -torch.inf, dtype=torch.float64)
        self.texts: list[list[int]] = [[] for _ in range(count)]

    def go_on(self, logs: Tensor) -> Tensor:
        """Take the best next tokens by log P (N, W, V); return the rows (N · W,) that they extend.

        Of the 2 W best, W at least do not end.
        """
        count, width, tokens = logs.shape
        every = (self._totals[:, :, None] + logs).flatten(1)  # (N, W · V)
        top, places = every.topk(min(2 * width, every.shape[1]), dim=1)
        parents, ids = places // tokens, places % tokens
        ends = ids == self._end
        self._end_some(top, parents, ends)
        self._totals, order = top.masked_fill(ends, -torch.inf).topk(width, dim=1)
        parents, self.last = parents.gather(1, order), ids.gather(1, order)
        kept = self._written.gather(1, parents[:, :, None].expand(-1, -1, self._written.shape[2]))
        self._written = torch.cat([kept, self.last[:, :, None]], dim=2)
        self._stop_some()
        return (torch.arange(count)[:, None] * width + parents).flatten()

    def _divisor(self, length: Tensor) -> Tensor:
        return ((5.0 + length.double()) / 6.0) ** self._penalty

    def _end_some(self, top: Tensor, parents: Tensor, ends: Tensor) -> None:
        """Keep the best of those that end here, if it is among the W best, and the best so far."""
        length = torch.tensor(self._written.shape[2] + 1)
        scores = top.masked_fill(~ends, -torch.inf)[:, : self._width] / self._divisor(length)
        score, place = scores.max(dim=1)
        self._ended += scores.isfinite().sum(dim=1)
        for n in torch.nonzero((score > self.best) & ~self.done)[:, 0].tolist():
            self.best[n] = score[n]
            self.texts[n] = self._written[n, parents[n, place[n]]].tolist()

    def _stop_some(self) -> None:
        """Stop where enough have ended, the limit is reached, or none can be better."""
        length = self._written.shape[2]
        hope = self._totals[:, 0] / self._divisor(self._limits)
        full = length >= self._limits
        for n in torch.nonzero(full & ~self.done & self.best.isinf())[:, 0].tolist():
            self.best[n] = self._totals[n, 0] / self._divisor(torch.tensor(length))
            self.texts[n] = self._written[n, 0].tolist()
        self.done |= full | (self._ended >= self._width) | (self.best >= hope)
