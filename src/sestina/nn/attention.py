"""What a decoder gets from the sentence that it translates: by attention, or its last state alone.

Letters: B sentences, S their steps, T steps of the decoder, F the size of the encoder's states,
H hidden.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from sestina.nn import initialise
from sestina.nn.lexicon import Entries

BLOCK = 1 << 24  # numbers that the additive score keeps for its way back


class Memory(NamedTuple):
    """What an encoder has made of B sentences."""

    states: Tensor  # (B, S, F)
    real: Tensor  # (B, S) bool: which steps are not padding
    summary: Tensor  # (B, F): the last state of each direction
    keys: Tensor | None  # (B, S, H): what attention compares with, formed once
    entries: Entries | None  # what a lexicon says of each source token
    first: list[Any]  # the decoder's first states, by layer: h, or (h, c), (1, B, H) each


class LastState(nn.Module):
    """The encoder's last state at every step: an encoder–decoder without attention.

    Cho et al., Learning phrase representations using RNN encoder–decoder, 2014; Sutskever,
    Vinyals and Le 2014; row E5.
    """

    def keys_of(self, states: Tensor) -> None:
        """Return nothing: no state is compared with any."""

    def forward(self, states: Tensor, memory: Memory) -> tuple[Tensor, None]:
        """Map the decoder's states (B · n, T, H) → contexts (B · n, T, F), without weights."""
        times = states.shape[0] // len(memory.summary)
        context = memory.summary.repeat_interleave(times, dim=0) if times > 1 else memory.summary
        return context[:, None].expand(-1, states.shape[1], -1), None


class Attention(nn.Module):
    """The mean of the encoder's states, weighted by how well each fits the decoder's state.

    The decoder's states of all steps are there first (Luong, Pham and Manning, Effective
    approaches to attention-based neural machine translation, 2015), so that all steps are weighed
    at once. Scores of a state s and an encoder's state m: "dot" is s · W m (their "general", since
    m is longer than s), "additive" is v · tanh(W m + U s) (Bahdanau, Cho and Bengio 2015).

    Args:
        kind: "dot" or "additive".
        features: F.
        hidden: H.
    """

    def __init__(self, kind: str, features: int, hidden: int) -> None:
        super().__init__()
        self.keys = nn.Linear(features, hidden, bias=kind == "additive")
        initialise.dense(self.keys)
        self.queries: nn.Linear | None = None
        if kind == "additive":
            self.queries = nn.Linear(hidden, hidden, bias=False)
            initialise.dense(self.queries)
            self.energy = nn.Parameter(torch.empty(hidden))
            nn.init.uniform_(self.energy, -((3.0 / hidden) ** 0.5), (3.0 / hidden) ** 0.5)

    def keys_of(self, states: Tensor) -> Tensor:
        """Return what the decoder's states will be compared with, (B, S, H)."""
        keys: Tensor = self.keys(states)
        return keys

    def forward(self, states: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """Map the decoder's states to contexts.

        Args:
            states: (B, T, H), or (B · n, 1, H): n states of each sentence, one after another.
            memory: Of B sentences.

        Returns:
            Contexts in the form of `states`, with F features, and weights (B, T or n, S).
        """
        assert memory.keys is not None
        asked = states.reshape(len(memory.real), -1, states.shape[2])
        scores = self._scores(asked, memory.keys).masked_fill(~memory.real[:, None], -torch.inf)
        weights = scores.softmax(dim=2)
        context = weights @ memory.states
        return context.reshape(*states.shape[:2], -1), weights

    def _scores(self, asked: Tensor, keys: Tensor) -> Tensor:
        """Score states (B, T, H) against keys (B, S, H) → (B, T, S)."""
        if self.queries is None:
            return asked @ keys.transpose(1, 2)
        asked = self.queries(asked)
        rows = max(BLOCK // (asked.shape[1] * keys[0].numel()), 1)
        if rows >= len(keys) or not torch.is_grad_enabled():
            return self._added(asked, keys)
        parts = [  # blocks of sentences, of which the way back computes the sums anew
            checkpoint(self._added, one, other, use_reentrant=False, preserve_rng_state=False)
            for one, other in zip(asked.split(rows), keys.split(rows), strict=True)
        ]
        return torch.cat(parts)

    def _added(self, asked: Tensor, keys: Tensor) -> Tensor:
        sums = torch.tanh(keys[:, None] + asked[:, :, None])  # (B, T, S, H)
        return F.linear(sums, self.energy[None])[..., 0]
