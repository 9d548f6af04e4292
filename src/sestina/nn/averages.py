"""Means of rows of a large table, of which a batch touches a few: forward, and rows to change."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sestina.nn.embedding import TokenEmbedding

if TYPE_CHECKING:
    from sestina.kernels.averages import Uses


class HashedEmbedding(TokenEmbedding):
    """A table of vectors of tokens, then of hashed n-grams; a text is the mean of its rows.

    Where `rowwise`, the backward pass does not form the gradient of the table, whose rows may be
    millions: `touched` then holds the rows of the batch and their gradients, for an optimiser that
    changes those alone.

    Attributes:
        buckets: The hashed n-grams that have a row, rising, (N,) int64; they stand behind the
            tokens.
        touched: Rows (U,) and their gradients (U, D) of the last backward pass, or None.
    """

    buckets: Tensor

    def __init__(
        self,
        tokens: int,
        size: int,
        table: NDArray[np.float32] | None,
        trainable: bool,
        buckets: NDArray[np.int64],
    ) -> None:
        super().__init__(tokens + len(buckets), size, _extended(table, len(buckets)), trainable)
        self.register_buffer("buckets", torch.from_numpy(buckets))
        self.rowwise = False
        self.touched: tuple[NDArray[np.int64], Tensor] | None = None
        self._places = np.zeros(tokens + len(buckets), np.int32)

    def mean(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Map ids (B, T) and lengths (B,) → means of their rows (B, D); zeros for empty texts."""
        apply: Callable[..., Tensor] = _Mean.apply  # to which torch gives no types
        mean = apply(self.weight, ids, lengths, self)
        return mean

    def group(self, ids: NDArray[np.int32], lengths: NDArray[np.int64]) -> Uses:
        """Return which rows a batch uses, and by which texts."""
        from sestina.kernels import averages  # which loads numba

        return averages.group(ids, lengths, self._places)


def _extended(table: NDArray[np.float32] | None, more: int) -> NDArray[np.float32] | None:
    """Return a table with rows of zeros for n-grams behind its own."""
    if table is None:
        return None
    return np.concatenate([table, np.zeros((more, table.shape[1]), np.float32)])


class _Mean(torch.autograd.Function):
    """The mean of rows as one node of torch's graph."""

    @staticmethod
    def forward(
        ctx: Any, weight: Tensor, ids: Tensor, lengths: Tensor, embedding: HashedEmbedding
    ) -> Tensor:
        from sestina.kernels import averages

        ctx.ids = np.ascontiguousarray(ids.numpy(), np.int32)
        ctx.lengths, ctx.embedding = np.ascontiguousarray(lengths.numpy(), np.int64), embedding
        return torch.from_numpy(averages.average(weight.detach().numpy(), ctx.ids, ctx.lengths))

    @staticmethod
    def backward(ctx: Any, *d_means: Tensor) -> tuple[Tensor | None, None, None, None]:
        from sestina.kernels import averages

        embedding = ctx.embedding
        shares = d_means[0] / torch.from_numpy(ctx.lengths).clamp(min=1)[:, None]
        uses = embedding.group(ctx.ids, ctx.lengths)
        gradients = torch.from_numpy(averages.sums(uses, shares.contiguous().numpy()))
        if not embedding.rowwise:
            whole = torch.zeros_like(embedding.weight)
            whole[torch.from_numpy(uses.rows)] = gradients
            return whole, None, None, None
        embedding.touched = (uses.rows, gradients)
        return None, None, None, None
