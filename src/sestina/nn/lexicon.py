"""What a table of translations says of the source tokens that a decoder attends to.

Letters: B sentences, S and T steps, V target tokens, K entries. Token 0, PAD, is no entry's
translation, so that column k is token k + 1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

FLOOR = 1e-3  # what a token that no entry names has, too


class Table(NamedTuple):
    """Probabilities of target tokens given a source token."""

    starts: NDArray[np.int64]  # (source tokens + 1,): where the entries of each begin
    tokens: NDArray[np.int64]  # (K,) target tokens, 1 at least
    chances: NDArray[np.float32]  # (K,)


class Lexicon(nn.Module):
    """log of the mean entry of the source tokens, weighted by attention, for the logits.

    So the net need not learn again which word translates which, and chooses rightly for words too
    rare to learn (Arthur, Neubig and Nakamura, Incorporating discrete translation lexicons into
    neural machine translation, 2016). The table itself is not trained.

    Args:
        table: K entries.
        targets: Target tokens, V.
    """

    starts: Tensor
    tokens: Tensor
    chances: Tensor

    def __init__(self, table: Table, targets: int) -> None:
        super().__init__()
        self._targets = targets
        for name, array in table._asdict().items():
            self.register_buffer(name, torch.from_numpy(array))

    def entries(self, sources: Tensor) -> Tensor:
        """Return the entries of source tokens (B, S) as rows of all target tokens but PAD."""
        distinct, places = torch.unique(sources, return_inverse=True)
        first, counts = self.starts[distinct], self.starts[distinct + 1] - self.starts[distinct]
        rows = torch.arange(len(distinct)).repeat_interleave(counts)
        within = torch.arange(len(rows)) - (counts.cumsum(0) - counts).repeat_interleave(counts)
        found = first.repeat_interleave(counts) + within
        table = self.chances.new_zeros(len(distinct), self._targets - 1)
        table[rows, self.tokens[found] - 1] = self.chances[found]
        return table[places]

    def forward(self, weights: Tensor, entries: Tensor) -> Tensor:
        """Map attention weights (B, T, S) and entries (B, S, V − 1) → (B, T, V − 1)."""
        return torch.log(weights @ entries + FLOOR)
