"""Token ids → vectors."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sestina.nn import initialise
from sestina.nn.sequences import Lookup


class TokenEmbedding(nn.Module):
    """A table of vectors by token id; PAD, id 0, stays zero."""

    def __init__(
        self, tokens: int, size: int, table: NDArray[np.float32] | None, trainable: bool
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(tokens, size), requires_grad=trainable)
        initialise.embedding(self.weight)
        if table is not None:
            with torch.no_grad():
                self.weight.copy_(torch.from_numpy(table))
                self.weight[0] = 0.0

    def forward(self, ids: Tensor) -> Tensor:
        """Map ids (B, T) → vectors (B, T, D)."""
        return self.lookup(ids).vectors()

    def lookup(self, ids: Tensor) -> Lookup:
        """Return the same, not yet looked up, for a layer that may fold it."""
        return Lookup(ids, self.weight, padding=0)
