"""Optimisers, clipping and the L2 penalty."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from sestina.config import LearningOptions
from sestina.nn.averages import HashedEmbedding

LOWEST = 1 / 32  # share of the learning rate that a warm-up begins with
SAMPLED = 4096  # weights of a matrix that are looked at
NEAR = 0.1  # share of the usual size below which weights begin near 0
RESTING = 128  # steps after which it is looked for means that rest
NOTHING = 1e-24  # a mean that moves no weight any more, however small the others' are
MEANS = ("exp_avg", "exp_avg_sq", "momentum_buffer")


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


@dataclass(frozen=True)
class Layers:
    """The trained weights of a network layer by layer, and how carefully they are changed.

    Discriminative rates and gradual unfreezing: Howard and Ruder, Universal language model
    fine-tuning for text classification, 2018.

    Attributes:
        weights: Of each layer, the topmost first.
        slower: Each layer learns so many times slower than the one above it.
        gradual: Whether the first epoch trains the top layer alone, and each later one layer more.
    """

    weights: Sequence[Sequence[nn.Parameter]]
    slower: float = 1.0
    gradual: bool = False

    def groups(self, rate: float) -> list[dict[str, Any]]:
        """Return the groups of an optimiser, each with its share of the learning rate."""
        shares = [self.slower**-depth for depth in range(len(self.weights))]
        return [
            {"params": list(weights), "lr": rate * share, "share": share}
            for weights, share in zip(self.weights, shares, strict=True)
        ]

    def thaw(self, epoch: int) -> None:
        """Let an epoch, from 1, train what is its turn, and freeze the rest."""
        if self.gradual:
            self._train(epoch)

    def thaw_all(self) -> None:
        """Freeze nothing any more."""
        self._train(len(self.weights))

    def _train(self, layers: int) -> None:
        for depth, weights in enumerate(self.weights):
            for weight in weights:
                weight.requires_grad_(depth < layers)


class Sample:
    """A few of the weights of every trained matrix, to tell how far training moves them."""

    def __init__(self, network: nn.Module) -> None:
        self._weights = [
            (weight, slice(None, None, -(-weight.numel() // SAMPLED)))
            for weight in network.parameters()
            if weight.requires_grad and weight.ndim > 1  # biases may begin at 0
        ]
        self._before = [self._now(*place) for place in self._weights]

    def moved(self) -> float:
        """Return ‖w − w₀‖ / ‖w₀‖ of the matrix that moved farthest since; 0 without any.

        One that begins at 0, or near it, is set against the size that Glorot's start would give it.
        """
        pairs = zip(self._weights, self._before, strict=True)
        shares = [
            float((self._now(*place) - before).norm()) / _size(before, *place)
            for place, before in pairs
        ]
        return max(shares, default=0.0)

    @staticmethod
    def _now(weight: Tensor, some: slice) -> Tensor:
        return weight.detach().flatten()[some].clone()


def _size(before: Tensor, weight: Tensor, some: slice) -> float:
    """Return the norm of weights as they began; near 0, that of Glorot's start (2010)."""
    fans = (weight.shape[0] + weight.shape[1]) * math.prod(weight.shape[2:])
    usual = math.sqrt(2.0 / fans * len(range(*some.indices(weight.numel()))))
    norm = float(before.norm())
    return norm if norm > NEAR * usual else usual


def optimiser(
    network: nn.Module, options: LearningOptions, layers: Layers | None = None
) -> torch.optim.Optimizer:
    """Return the optimiser that `options` name, over the trainable parameters.

    RMSprop has Keras' constants (decay 0.9), which the lectures use; Adam and SGD torch's.

    Args:
        network: What is trained.
        options: Which optimiser, and its learning rate.
        layers: All of its trainable parameters, where layers learn at rates of their own.
    """
    rate = options.learning_rate
    weights: list[Any] = [weight for weight in network.parameters() if weight.requires_grad]
    if layers is not None:
        weights = layers.groups(rate)
    if options.optimiser == "rmsprop":
        return RMSprop(weights, lr=rate, alpha=0.9, eps=1e-7)
    if options.optimiser == "sgd":
        return torch.optim.SGD(weights, lr=rate, momentum=options.momentum, fused=True)
    tables = _tables(network)
    return Adam(weights, tables, rate) if tables else torch.optim.Adam(weights, rate, fused=True)


def settle(optimiser: torch.optim.Optimizer) -> None:
    """Let means be zero that have come near it: some hundred steps later they would be denormal.

    A word's vector that no batch touches has a mean gradient that falls to nine tenths in each
    step. After 750 of them processors take some twenty times as long for such a row.
    """
    for state in optimiser.state.values():
        for name in MEANS:
            if isinstance(mean := state.get(name), Tensor):
                mean.copy_(F.hardshrink(mean, NOTHING))


def rate_at(options: LearningOptions, done: float) -> float:
    """Return the learning rate once a share of the training is done.

    While `warm_up` lasts it rises in a straight line from a 32nd; with `decay` another leads to 0.
    Both are the slanted triangle of Howard and Ruder 2018, who end at a 32nd, too.
    """
    if done < options.warm_up:
        return options.learning_rate * (LOWEST + (1 - LOWEST) * done / options.warm_up)
    if not options.decay:
        return options.learning_rate
    return options.learning_rate * max(1.0 - done, 0.0) / (1.0 - options.warm_up)


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Give an optimiser another learning rate, of which each layer keeps its share."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group.get("share", 1.0)


def _tables(network: nn.Module) -> list[HashedEmbedding]:
    """Return the trainable tables of hashed n-grams."""
    found = [module for module in network.modules() if isinstance(module, HashedEmbedding)]
    return [table for table in found if table.weight.requires_grad]


Penalties = list[tuple[Tensor, float]]  # weights, and the L2 penalty on them


def penalties(network: nn.Module, kernels: Iterable[Tensor], options: LearningOptions) -> Penalties:
    """Return what L2 penalties fall on: `l2` on kernels, further ones on recurrent layers'.

    Args:
        network: Whose layers.
        kernels: Input and dense kernels, those of recurrent layers among them.
        options: `l2`; where there are recurrent layers, `kernel_l2` and `recurrent_l2`, too.
    """
    found = [(kernel, options.l2) for kernel in kernels]
    for name, weight in network.named_parameters():
        for mark, option in (("weight_ih", "kernel_l2"), ("weight_hh", "recurrent_l2")):
            if mark in name and weight.requires_grad:
                found.append((weight, getattr(options, option, 0.0)))
    return [(weight, share) for weight, share in found if share]


def penalty(penalties: Penalties) -> Tensor:
    """Return Σ l2 · w², as Keras' regularisers add it to the loss."""
    return torch.stack([share * weight.square().sum() for weight, share in penalties]).sum()


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
