"""Optimisers, clipping and the L2 penalty."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from sestina.config import TrainingOptions


def optimiser(network: nn.Module, options: TrainingOptions) -> torch.optim.Optimizer:
    """Return the optimiser that `options` name, over the trainable parameters.

    RMSprop has Keras' constants (decay 0.9), which the lectures use; Adam and SGD torch's.
    """
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    rate = options.learning_rate
    if options.optimiser == "rmsprop":
        return torch.optim.RMSprop(weights, lr=rate, alpha=0.9, eps=1e-7)
    if options.optimiser == "sgd":
        return torch.optim.SGD(weights, lr=rate, momentum=options.momentum, fused=True)
    return torch.optim.Adam(weights, lr=rate, fused=True)


def penalty(kernels: Iterable[Tensor], l2: float) -> Tensor:
    """Return l2 · Σ w², as Keras' kernel regulariser adds it to the loss."""
    return l2 * torch.stack([kernel.square().sum() for kernel in kernels]).sum()


def clip(network: nn.Module, options: TrainingOptions) -> tuple[float, bool]:
    """Clip the gradient in place, by value first, then by norm.

    Returns:
        The norm before clipping by norm, and whether that changed the gradient.
    """
    weights = [weight for weight in network.parameters() if weight.grad is not None]
    if options.clip_value is not None:
        nn.utils.clip_grad_value_(weights, options.clip_value)
    limit = options.clip_norm if options.clip_norm is not None else float("inf")
    norm = float(nn.utils.clip_grad_norm_(weights, limit))
    return norm, norm > limit
