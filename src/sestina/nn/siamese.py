"""Vectors of two sequences → how alike these are, and the losses that teach it."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def alike(one: Tensor, two: Tensor, measure: str) -> Tensor:
    """Return how alike vectors (B, F) and others (B, F) are, (B,).

    "cosine" gives −1 to 1; "exp-l1" e to the minus sum of absolute differences, 0 to 1 (the MaLSTM
    of Mueller and Thyagarajan 2016).
    """
    if measure == "cosine":
        return F.cosine_similarity(one, two, dim=1)
    return torch.exp(-(one - two).abs().sum(dim=1))


def similarity_loss(found: Tensor, true: Tensor, loss: str, margin: float) -> Tensor:
    """Return the mean loss of similarities (B,), a number.

    With "contrastive" pairs of label 1 should have distance 0, those of label 0 `margin` or more
    (Hadsell, Chopra and LeCun 2006), where the distance is 1 − similarity. "regression" is the mean
    squared error.
    """
    if loss == "regression":
        return (found - true).square().mean()
    distance = 1.0 - found
    apart = (margin - distance).clamp(min=0.0)
    return (true * distance.square() + (1.0 - true) * apart.square()).mean()
