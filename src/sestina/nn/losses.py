"""Losses as plain functions: logits and targets → one number, the mean over the sequences."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

Loss = Callable[[Tensor, Tensor, Tensor | None], Tensor]


def binary(logits: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return the binary cross-entropy of logits (B, 1) and targets (B,) in {0, 1}.

    `weights` (2,) weigh the classes.
    """
    each = F.binary_cross_entropy_with_logits(logits[:, 0], targets.float(), reduction="none")
    return (each if weights is None else each * weights[targets.long()]).mean()


def categorical(logits: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return the cross-entropy of logits (B, K) and targets (B,) in 0 … K−1.

    `weights` (K,) weigh the classes.
    """
    each = F.cross_entropy(logits, targets.long(), reduction="none")
    return (each if weights is None else each * weights[targets.long()]).mean()


def multi_label(logits: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return the binary cross-entropy of logits (B, K) and targets (B, K), a mean over both axes.

    `weights` (K,) weigh the present labels.
    """
    return F.binary_cross_entropy_with_logits(logits, targets.float(), pos_weight=weights)


def ctc(logits: Tensor, lengths: Tensor, said: Tensor, sizes: Tensor) -> Tensor:
    """Return −log P of what is said by all its paths, the mean over true steps (Graves 2006).

    So it is of the size of a step's cross-entropy, whatever the utterances' lengths.

    Args:
        logits: (B, T, K), the blank is 0.
        lengths: True steps, (B,).
        said: Symbols of all sequences, end to end.
        sizes: How many of them each has, (B,).
    """
    logs = logits.log_softmax(dim=2).transpose(0, 1)  # (T, B, K)
    whole = F.ctc_loss(logs, said, lengths, sizes, reduction="sum")
    return whole / lengths.sum()


def stepwise(logits: Tensor, lengths: Tensor, symbols: Tensor) -> Tensor:
    """Return the cross-entropy of every true step, logits (B, T, K) and symbols (B, T)."""
    real = torch.arange(logits.shape[1]) < lengths[:, None]
    return F.cross_entropy(logits[real], symbols[real])
