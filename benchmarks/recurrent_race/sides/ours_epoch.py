"""Our side of a whole epoch: the lectures' network of our own pieces, and its training."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sestina.config import TrainingOptions
from sestina.nn.embedding import TokenEmbedding
from sestina.optimise import optimiser

from .. import inputs
from ..work import Prepared, Work, sample
from .ours import build, final_only
from .torch_like import dense, last_state

Batch = tuple[Tensor, Tensor | None, Tensor]
"""Tokens (B, T), lengths (B,) or None where all rows are full, labels (B,)."""


class Network(nn.Module):
    """The lectures' network: embedding → cell → Dense(1)."""

    def __init__(self, work: Work) -> None:
        super().__init__()
        table = inputs.network(work)["embedding"]
        self.work = work
        self.embedding = TokenEmbedding(work.vocabulary, work.features, table, True)
        self.cell = build(work, batch_first=True)
        self.options = final_only(self.cell)
        self.dense = dense(work)

    def forward(self, tokens: Tensor, lengths: Tensor | None) -> Tensor:
        """Map tokens (B, T) → logits (B,)."""
        looked_up = self.embedding.lookup(tokens)  # which the cell may fold into its product
        _, final = self.cell(looked_up, lengths=lengths, **self.options)
        logits: Tensor = self.dense(last_state(final, self.work))[:, 0]
        return logits


def our_epoch(network: Network, optimiser: torch.optim.Optimizer, batches: Iterable[Batch]) -> None:
    """Train for one epoch."""
    for tokens, lengths, labels in batches:
        loss = F.binary_cross_entropy_with_logits(network(tokens, lengths), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


def epoch(work: Work) -> Prepared:
    """Return an epoch as a run, and the logits of the first texts before it."""
    tokens, lengths, labels = (torch.from_numpy(array) for array in inputs.texts(work))
    network = Network(work)
    rmsprop = optimiser(network, TrainingOptions(optimiser="rmsprop"))

    def batch(rows: Tensor) -> Batch:
        if not work.ragged:
            return tokens[rows], None, labels[rows]
        longest = int(lengths[rows].max())
        return tokens[rows, :longest], lengths[rows], labels[rows]

    def run() -> None:
        order = torch.randperm(work.texts).split(work.batch)
        our_epoch(network, rmsprop, (batch(rows) for rows in order))

    with torch.no_grad():
        first = network(*batch(torch.arange(work.batch))[:2])
    return Prepared(run, {"logits": sample(first.numpy())})
