"""What scores of words' tags mean: sentences tagged as a whole (CRF), or each word on its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

Doubles = NDArray[np.float64]


class CRF(nn.Module):
    """Linear-chain conditional random field over emissions (B, T, K); row E2.

    `scores` (K + 1, K + 1) tell how well a tag follows another; tag K is the border of the
    sentence. Sources: Lafferty, McCallum and Pereira (2001); Lample et al. (2016) on top of a
    recurrent network.

    Args:
        tags: K.
        allowed: Which tag may follow which, (K + 1, K + 1) bool; None: any.
    """

    allowed: Tensor

    def __init__(self, tags: int, allowed: NDArray[np.bool_] | None = None) -> None:
        super().__init__()
        self.scores = nn.Parameter(torch.zeros(tags + 1, tags + 1))
        self.register_buffer("allowed", _allowed(tags, allowed), persistent=False)

    def loss(self, emissions: Tensor, tags: Tensor, lengths: Tensor) -> Tensor:
        """Return −log P(tags) of emissions (B, T, K), summed over the sentences.

        Args:
            emissions: (B, T, K) float32.
            tags: True tags, (B, T); those beyond the lengths are not read.
            lengths: (B,).
        """
        scores = self.scores.masked_fill(~self.allowed, -torch.inf)
        apply: Callable[..., Tensor] = _Likelihood.apply  # to which torch gives no types
        return apply(emissions, scores, tags, lengths)

    def decode(self, emissions: Tensor, lengths: Tensor) -> NDArray[np.int64]:
        """Return the best tagging, (B, T), zeros beyond the lengths."""
        return _best(emissions, lengths, _as_scores(self.scores, self.allowed))

    def marginals(self, emissions: Tensor, lengths: Tensor) -> Doubles:
        """Return the probability of each tag of each word, (B, T, K)."""
        from sestina.kernels import crf  # which loads numba

        found = crf.sums(*_arrays(emissions, lengths), _as_scores(self.scores, self.allowed))
        assert found.marginals is not None
        return found.marginals


class Independent(nn.Module):
    """A softmax for each word: its tag depends on the emissions (B, T, K) alone.

    Args:
        tags: K.
        allowed: Which tag may follow which, (K + 1, K + 1) bool; None: any. `decode` keeps to it.
    """

    allowed: Tensor

    def __init__(self, tags: int, allowed: NDArray[np.bool_] | None = None) -> None:
        super().__init__()
        self.register_buffer("allowed", _allowed(tags, allowed), persistent=False)

    def loss(self, emissions: Tensor, tags: Tensor, lengths: Tensor) -> Tensor:
        """Return −log P(tags) of emissions (B, T, K), summed over the words."""
        real = torch.arange(emissions.shape[1]) < lengths[:, None]
        return F.cross_entropy(emissions[real], tags[real], reduction="sum")

    def decode(self, emissions: Tensor, lengths: Tensor) -> NDArray[np.int64]:
        """Return the best tagging that is allowed, (B, T), zeros beyond the lengths."""
        free = torch.zeros(self.allowed.shape)
        return _best(emissions.log_softmax(dim=2), lengths, _as_scores(free, self.allowed))

    def marginals(self, emissions: Tensor, lengths: Tensor) -> Doubles:
        """Return the probability of each tag of each word, (B, T, K), whatever its neighbours."""
        real = torch.arange(emissions.shape[1]) < lengths[:, None]
        found: Doubles = (emissions.double().softmax(dim=2) * real[:, :, None]).numpy()
        return found


class _Likelihood(torch.autograd.Function):
    """−log P(tags), a sum over the sentences, as one node of torch's graph."""

    @staticmethod
    def forward(
        ctx: Any, emissions: Tensor, scores: Tensor, tags: Tensor, lengths: Tensor
    ) -> Tensor:
        from sestina.kernels import crf

        wanted = any(ctx.needs_input_grad[:2])
        values, true = _arrays(emissions, lengths)
        table = scores.detach().double().numpy()
        found = crf.sums(values, true, table, marginals=wanted)
        real = np.arange(values.shape[1]) < true[:, None]
        one, other = _pairs(tags.numpy(), true, real, values.shape[2])
        rows, steps = np.nonzero(real)
        put = tags.numpy()[real]
        score = values[rows, steps, put].sum(dtype=np.float64) + table[one, other].sum()
        if found.marginals is not None and found.counts is not None:
            found.marginals[rows, steps, put] -= 1.0
            np.subtract.at(found.counts, (one, other), 1.0)
            ctx.save_for_backward(*map(_as_float, (found.marginals, found.counts)))
        return emissions.new_tensor(found.log_partition.sum() - score)

    @staticmethod
    def backward(ctx: Any, *d_loss: Tensor) -> tuple[Tensor, Tensor, None, None]:
        d_emissions, d_scores = ctx.saved_tensors
        return d_emissions * d_loss[0], d_scores * d_loss[0], None, None


def _pairs(
    tags: NDArray[np.int64], lengths: NDArray[np.int64], real: NDArray[np.bool_], border: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return all neighbours in sentences that are not empty, borders among them, as two rows."""
    tags = np.where(real, tags, border)
    edge = np.full((len(tags), 1), border)
    one, other = np.hstack([edge, tags]), np.hstack([tags, edge])
    kept = np.arange(one.shape[1]) <= np.where(lengths, lengths, -1)[:, None]
    return one[kept], other[kept]


def _allowed(tags: int, allowed: NDArray[np.bool_] | None) -> Tensor:
    if allowed is None:
        return torch.ones(tags + 1, tags + 1, dtype=torch.bool)
    return torch.from_numpy(allowed)


def _best(emissions: Tensor, lengths: Tensor, scores: Doubles) -> NDArray[np.int64]:
    from sestina.kernels import crf

    return crf.viterbi(*_arrays(emissions, lengths), scores)[0]


def _arrays(emissions: Tensor, lengths: Tensor) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    return emissions.detach().float().contiguous().numpy(), lengths.long().contiguous().numpy()


def _as_scores(scores: Tensor, allowed: Tensor) -> Doubles:
    table: Doubles = scores.detach().masked_fill(~allowed, -torch.inf).double().numpy()
    return table


def _as_float(array: Doubles) -> Tensor:
    return torch.from_numpy(array.astype(np.float32))
