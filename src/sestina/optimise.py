"""Optimisers, clipping and the L2 penalty."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sestina.config import LearningOptions
from sestina.nn.averages import HashedEmbedding


class RMSprop(torch.optim.RMSprop):
    """torch's RMSprop, whose plain form takes one pass over memory on the CPU."""

    def step(self, closure: Any = None) -> Any:
        """Update the weights, as torch does, to float32 rounding."""
        if closure is not None or not all(map(self._is_plain, self.param_groups)):
            return super().step(closure)
        from sestina.kernels import rmsprop  # which loads numba

        for group in self.param_groups:
            rate, decay, epsilon = float(group["lr"]), float(group["alpha"]), float(group["eps"])
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if not state:
                    state["step"] = torch.zeros(())
                    state["square_avg"] = torch.zeros_like(weight)
                state["step"] += 1
                w, g, square = (
                    t.detach().numpy() for t in (weight, weight.grad, state["square_avg"])
                )
                rmsprop.update(w, g, square, rate, decay, epsilon)
                torch.autograd.graph.increment_version(weight)
        return None

    @staticmethod
    def _is_plain(group: dict[str, Any]) -> bool:
        """Tell whether the kernel can do it: no further options; dense float32 on the CPU."""
        tensors = [t for w in group["params"] if w.grad is not None for t in (w, w.grad)]
        options = ("momentum", "centered", "weight_decay", "maximize", "differentiable")
        return not any(group[name] for name in options) and all(
            t.dtype == torch.float32
            and t.device.type == "cpu"
            and t.layout == torch.strided
            and t.is_contiguous()
            for t in tensors
        )


class Adam(torch.optim.Adam):
    """torch's Adam; of tables of hashed n-grams it moves the rows that a batch touches, only.

    Rows at rest keep their means, as in torch's SparseAdam.
    """

    def __init__(self, weights: list[nn.Parameter], tables: list[HashedEmbedding], rate: float):
        super().__init__(weights, lr=rate, fused=True)
        self._tables = tables
        for table in tables:
            table.rowwise = True

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients."""
        super().zero_grad(set_to_none)
        for table in self._tables:
            table.touched = None

    def step(self, closure: Any = None) -> Any:
        """Take a step with all weights."""
        value = super().step(closure)
        (group,) = self.param_groups
        for table in self._tables:
            if table.touched is not None:
                self._move(table.weight, *table.touched, group)
        return value

    def _move(
        self, weight: Tensor, rows: NDArray[np.int64], gradients: Tensor, group: dict[str, Any]
    ) -> None:
        from sestina.kernels import averages  # which loads numba

        state = self.state[weight]
        if not state:
            state["step"] = torch.zeros(())
            state["exp_avg"] = torch.zeros_like(weight)
            state["exp_avg_sq"] = torch.zeros_like(weight)
        state["step"] += 1
        first, second = state["exp_avg"].numpy(), state["exp_avg_sq"].numpy()
        averages.adam(
            weight.detach().numpy(), (first, second), rows, gradients.numpy(),
            float(group["lr"]), group["betas"], group["eps"], int(state["step"]),
        )  # fmt: skip
        torch.autograd.graph.increment_version(weight)


def optimiser(network: nn.Module, options: LearningOptions) -> torch.optim.Optimizer:
    """Return the optimiser that `options` name, over the trainable parameters.

    RMSprop has Keras' constants (decay 0.9), which the lectures use; Adam and SGD torch's.
    """
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    rate = options.learning_rate
    if options.optimiser == "rmsprop":
        return RMSprop(weights, lr=rate, alpha=0.9, eps=1e-7)
    if options.optimiser == "sgd":
        return torch.optim.SGD(weights, lr=rate, momentum=options.momentum, fused=True)
    tables = _tables(network)
    return Adam(weights, tables, rate) if tables else torch.optim.Adam(weights, rate, fused=True)


def decayed(options: LearningOptions, done: float) -> float:
    """Return the learning rate once a share of the training is done: a straight line to 0."""
    return options.learning_rate * max(1.0 - done, 0.0)


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Give an optimiser another learning rate."""
    for group in optimiser.param_groups:
        group["lr"] = rate


def _tables(network: nn.Module) -> list[HashedEmbedding]:
    """Return the trainable tables of hashed n-grams."""
    found = [module for module in network.modules() if isinstance(module, HashedEmbedding)]
    return [table for table in found if table.weight.requires_grad]


def penalty(kernels: Iterable[Tensor], l2: float) -> Tensor:
    """Return l2 · Σ w², as Keras' kernel regulariser adds it to the loss."""
    return l2 * torch.stack([kernel.square().sum() for kernel in kernels]).sum()


def clip(network: nn.Module, options: LearningOptions) -> tuple[float, bool]:
    """Clip the gradient in place, by value first, then by norm.

    Returns:
        The norm before clipping by norm, and whether that changed the gradient.
    """
    weights = [weight for weight in network.parameters() if weight.grad is not None]
    if options.clip_value is not None:
        nn.utils.clip_grad_value_(weights, options.clip_value)
        for table in _tables(network):
            if table.touched is not None:
                table.touched[1].clamp_(-options.clip_value, options.clip_value)
    limit = options.clip_norm if options.clip_norm is not None else float("inf")
    rows = [table.touched[1] for table in _tables(network) if table.touched is not None]
    if not rows:
        norm = float(nn.utils.clip_grad_norm_(weights, limit))
        return norm, norm > limit
    gradients = [*rows, *(weight.grad for weight in weights if weight.grad is not None)]
    norm = float(torch.stack([gradient.norm() for gradient in gradients]).norm())
    if norm > limit:
        for gradient in gradients:
            gradient.mul_(limit / (norm + 1e-6))  # as torch does
    return norm, norm > limit
