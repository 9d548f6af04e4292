"""PyTorch's side of a whole epoch: padded rows, or packed ones where texts are ragged."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence

from .. import inputs
from ..work import Prepared, Work, sample
from .torch_like import dense, last_state


class Network(nn.Module):
    """The lectures' network: embedding → cell → Dense(1)."""

    def __init__(self, work: Work, cell: nn.Module) -> None:
        super().__init__()
        table = torch.from_numpy(inputs.network(work)["embedding"])
        self.work = work
        self.embedding = nn.Embedding.from_pretrained(table, freeze=False, padding_idx=0)
        self.cell = cell
        self.dense = dense(work)

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Map tokens (B, T) → logits (B,)."""
        x = self.embedding(tokens.t())
        if self.work.way == "packed":
            x = pack_padded_sequence(x, lengths, enforce_sorted=False)
        _, final = self.cell(x)
        logits: Tensor = self.dense(last_state(final, self.work))[:, 0]
        return logits


def epoch(work: Work, cell: nn.Module) -> Prepared:
    """Return an epoch as a run, and the logits of the first texts before it."""
    tokens, lengths, labels = (torch.from_numpy(array) for array in inputs.texts(work))
    if work.way == "padded":
        tokens = _shifted(tokens, lengths)
    network = Network(work, cell)
    rmsprop = torch.optim.RMSprop(network.parameters(), lr=1e-3, alpha=0.9, eps=1e-7)

    def logits(rows: Tensor) -> Tensor:
        longest = int(lengths[rows].max())
        kept = tokens[rows, -longest:] if work.way == "padded" else tokens[rows, :longest]
        return network(kept, lengths[rows])

    def run() -> None:
        for rows in torch.randperm(work.texts).split(work.batch):
            loss = F.binary_cross_entropy_with_logits(logits(rows), labels[rows])
            rmsprop.zero_grad()
            loss.backward()
            rmsprop.step()

    if work.way == "padded":  # reading zeros first, which masks and packing avoid
        return Prepared(run)
    with torch.no_grad():
        return Prepared(run, {"logits": sample(logits(torch.arange(work.batch)).numpy())})


def _shifted(tokens: Tensor, lengths: Tensor) -> Tensor:
    """Move the padding before the texts, so that every text ends at the last step."""
    steps = tokens.shape[1]
    places = torch.arange(steps) - (steps - lengths)[:, None]
    return tokens.gather(1, places.clamp(min=0)) * (places >= 0)
