"""Losses as plain functions: logits and targets → one number, the mean over the sequences."""

from __future__ import annotations

from collections.abc import Callable

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
