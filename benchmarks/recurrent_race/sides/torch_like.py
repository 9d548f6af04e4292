"""What our side and PyTorch's share, because our layers are used as PyTorch's are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from .. import inputs
from ..work import Prepared, Work, sample

Forward = Callable[[Tensor, Any], tuple[Tensor, Any]]
"""Inputs (T, B, D) and initial states → outputs (T, B, H) and final states, as in torch."""


def load(layer: nn.Module, work: Work) -> None:
    """Give a recurrent layer the weights that every program starts with."""
    arrays = inputs.weights(work)
    layer.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})


def dense(work: Work) -> nn.Linear:
    """Return the layer that maps the final state to a logit."""
    start, layer = inputs.network(work), nn.Linear(work.hidden, 1)
    tensors = {"weight": torch.from_numpy(start["dense"]), "bias": torch.from_numpy(start["bias"])}
    layer.load_state_dict(tensors)
    return layer


def last_state(final: Any, work: Work) -> Tensor:
    """Return the final h of the top layer, (B, directions · H)."""
    hidden: Tensor = final[0] if isinstance(final, tuple) else final
    return hidden[-work.directions :].transpose(0, 1).flatten(1)


def training(work: Work, weights: list[Tensor], forward: Forward) -> Prepared:
    """Return forward and backward of a layer as a run, and what they give."""
    x = torch.from_numpy(inputs.sequences(work)).transpose(0, 1).contiguous().requires_grad_()
    scale = None
    if work.every_output:
        scale = torch.from_numpy(inputs.output_weights(work)).transpose(0, 1).contiguous()
    states = _initial_states(work)
    leaves = [x, *weights, *states]

    def run() -> Tensor:
        for leaf in leaves:
            leaf.grad = None
        outputs, final = forward(x, _as_torch(states))
        result = last_state(final, work) if scale is None else outputs
        (result if scale is None else result * scale).sum().backward()
        return result

    if work.recurrent_dropout or work.input_dropout:
        return Prepared(run)
    result = run().detach()
    assert x.grad is not None
    answer = {
        "result": sample((result if scale is None else result.transpose(0, 1)).numpy()),
        "gradient": sample(x.grad.transpose(0, 1).numpy()),
    }
    return Prepared(run, answer)


def _initial_states(work: Work) -> list[Tensor]:
    if not work.initial_state:
        return []
    shape = (work.layers * work.directions, work.batch, work.hidden)
    count = 2 if work.cell == "lstm" else 1
    return [torch.zeros(shape, requires_grad=True) for _ in range(count)]


def _as_torch(states: list[Tensor]) -> Any:
    return None if not states else states[0] if len(states) == 1 else tuple(states)
