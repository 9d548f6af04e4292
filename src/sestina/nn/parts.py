"""What networks have in common: counts of their parameters, kernels to penalise, whole masks."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def parameter_counts(network: nn.Module) -> dict[str, int]:
    """Return the number of parameters of each part of a network that has any."""
    return {
        name: sum(weight.numel() for weight in part.parameters())
        for name, part in network.named_children()
    }


def kernels(network: nn.Module, without: tuple[type[nn.Module], ...]) -> list[Tensor]:
    """Return the weights that an L2 penalty falls on: input and dense kernels (Keras' rule).

    Args:
        network: The network.
        without: Kinds of modules whose weights are none: embeddings, tables.
    """
    left_out = {
        id(weight)
        for module in network.modules()
        if isinstance(module, without)
        for weight in module.parameters(recurse=False)
    }
    return [
        weight
        for name, weight in network.named_parameters()
        if weight.requires_grad
        and weight.dim() > 1
        and id(weight) not in left_out
        and "weight_hh" not in name
    ]


def drop_features(x: Tensor, share: float) -> Tensor:
    """Drop features of x (B, T, D), the same ones in a whole sequence (Gal 2016)."""
    keep = torch.ones(x.shape[0], 1, x.shape[2], device=x.device, dtype=x.dtype)
    return x * F.dropout(keep, share)
