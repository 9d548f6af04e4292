"""Layer-normalised layers on the kernels: the inputs' part by torch, the steps as one node.

Where the kernels cannot go, and for derivatives of derivatives, the plain loop does it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sestina.kernels.cells import STATES
from sestina.nn import plain
from sestina.nn.norms import LayerNorm
from sestina.nn.plain import Way


class _Task(NamedTuple):
    """A direction of a layer without the tensors that may want gradients."""

    cell: str
    lengths: Tensor | None  # (B,)
    reverse: bool
    way: Way  # its masks and zoneout alone are looked at


CELLS = ("lstm", "gru_after")
"""Which cells there are normalised kernels for."""


def add_scales(layer: Any) -> None:
    """Add what a `drop_in.Recurrent` that normalises is scaled and shifted by.

    Raises:
        ValueError: It is no such layer.
    """
    if layer.cell not in CELLS or layer.proj_size:
        raise ValueError(
            "normalise='layer' is of an LSTM without proj_size or a GRU that resets after the "
            f"product; got {type(layer).__name__}"
        )
    for names in layer._all_weights:
        weight = getattr(layer, names[0]).detach()
        ones = weight.new_ones
        scales = {"gain_ih": ones(len(weight)), "gain_hh": ones(len(weight))}
        if STATES[layer.cell] == 2:
            scales["gain_c"] = ones(layer.hidden_size)
            scales["bias_c"] = weight.new_zeros(layer.hidden_size)
        for name, values in scales.items():
            suffix = names[0].removeprefix("weight_ih")
            layer.register_parameter(name + suffix, nn.Parameter(values))


def norm_of(layer: Any, row: int, ages: Tensor | None = None) -> LayerNorm:
    """Return how one direction of a layer normalises; `row` counts layers · ways.

    How many steps rows have read before, `ages`, does not matter.
    """
    suffix = layer._all_weights[row][0].removeprefix("weight_ih")
    names = ("gain_ih", "gain_hh", *(("gain_c", "bias_c") if STATES[layer.cell] == 2 else ()))
    return LayerNorm(*(getattr(layer, name + suffix) for name in names))


def arrays(layer: Any, row: int) -> list[NDArray[np.float32]]:
    """Return γ of W x and of U h, and of an LSTM γ and β of c, as arrays."""
    return [part.detach().numpy() for part in norm_of(layer, row) if part is not None]


def fits(ways: Sequence[Way]) -> bool:
    """Tell whether the kernels can do it: always."""
    return True


def prepare(cell: str) -> None:
    """Compile a cell's kernels, or read them from disk, so that no later clock counts that."""
    from sestina.kernels import normalised  # which loads numba

    for kernel in normalised.KERNELS[normalised.CELLS[cell]]:
        assert kernel.address


def layer(
    cell: str, x: Tensor, ways: Sequence[Way], lengths: Tensor | None
) -> tuple[Tensor, list[Tensor]]:
    """Run one layer, forwards and, if there is a second way, backwards in time.

    Args:
        cell: "lstm" or "gru_after".
        x: (B, T, D), float32 on the CPU, as are all tensors.
        ways: One or two, with their `norm`.
        lengths: (B,) true lengths; all T if None.

    Returns:
        Outputs (B, T, H · ways), zeros at padding, and the final states, (ways, B, H) each.
    """
    made, finals = [], []
    for number, way in enumerate(ways):
        assert isinstance(way.norm, LayerNorm)
        seen = plain.entering(x, lengths, way.input_mask)
        driven = plain.drive(seen, way.weights, way.norm).contiguous()
        state = way.state or (None,) * STATES[cell]
        task = _Task(cell, lengths, number == 1, way)
        tensors = (way.weights[1], *way.norm[1:], *state)
        outputs, *final = _Steps.apply(task, driven, *tensors)  # type: ignore[no-untyped-call]  # torch gives it no types
        made.append(outputs)
        finals.append(final)
    states = [torch.stack(state) for state in zip(*finals, strict=True)]
    return torch.cat(made, dim=2) if len(made) > 1 else made[0], states


class _Steps(torch.autograd.Function):
    """Takes a task, d (B, T, G·H), U, γ of U h, γ and β of c, and the state's parts or None."""

    @staticmethod
    def forward(ctx: Any, task: _Task, driven: Tensor, *tensors: Tensor | None) -> Any:
        """Run, and keep the record."""
        outputs, final, record = _run(task, driven, tensors)
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(driven, *tensors)
        ctx.task, ctx.record = task, record
        return outputs, *final

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> Any:
        """Give gradients to whatever wants one."""
        from sestina.kernels import normalised  # which loads numba

        driven, *tensors = ctx.saved_tensors
        if torch.is_grad_enabled():
            return None, *_differentiable(ctx, (driven, *tensors), gradients)
        record, ctx.record = ctx.record, None
        if record is None:  # used up by a backward that kept the graph
            record = _run(ctx.task, driven, tensors)[2]
        parts = [None if part is None else part.contiguous().numpy() for part in gradients]
        found = normalised.backward(record, parts[0], tuple(parts[1:]))
        every = (found.driven, found.hidden, *found.gains, *found.state)
        kept = zip(every, ctx.needs_input_grad[1:], strict=True)
        return None, *(torch.from_numpy(part) if wanted else None for part, wanted in kept)


def _run(task: _Task, driven: Tensor, tensors: Sequence[Tensor | None]) -> Any:
    """Return outputs, final states and the kernels' record."""
    from sestina.kernels import normalised  # which loads numba

    solid = [None if part is None else part.detach().contiguous().numpy() for part in tensors]
    hidden, *gains = solid[:4]
    assert hidden is not None
    way, state = task.way, solid[4:]
    outputs = torch.empty(*driven.shape[:2], hidden.shape[1])
    final, record = normalised.forward(
        task.cell,
        driven.detach().numpy(),
        hidden,
        normalised.Gains(*gains),
        None if state[0] is None else tuple(state),
        lengths=None if task.lengths is None else task.lengths.numpy(),
        reverse=task.reverse,
        hidden_mask=None if way.hidden_mask is None else way.hidden_mask.numpy(),
        zone=way.zone,
        outputs=outputs.numpy(),
    )
    return outputs, [torch.from_numpy(part) for part in final], record


def _differentiable(
    ctx: Any, tensors: Sequence[Tensor | None], gradients: Sequence[Tensor | None]
) -> list[Tensor | None]:
    """Return the gradients as functions of everything: those of the plain loop."""
    task, wanted = ctx.task, ctx.needs_input_grad[1:]
    seen = [t.view_as(t) if t is not None and want else t
            for t, want in zip(tensors, wanted, strict=True)]  # fmt: skip
    driven, hidden, gain, *rest = seen
    assert driven is not None and hidden is not None and gain is not None
    none = driven.new_zeros(driven.shape[0], hidden.shape[1])
    state = tuple(none if part is None else part for part in rest[2:])
    norm = LayerNorm(gain, gain, *rest[:2])  # d is ready: neither W nor the first γ is looked at
    way = task.way._replace(weights=(hidden, hidden, None, None), state=state)
    states = plain.run_driven(task.cell, driven, way, norm, task.lengths, task.reverse)
    made, final = plain.closed(driven, state, states, task.lengths, task.reverse)
    pairs = [(r, g) for r, g in zip((made, *final), gradients, strict=True) if g is not None]
    results, given = zip(*pairs, strict=True)
    leaves = [t for t, want in zip(seen, wanted, strict=True) if t is not None and want]
    found = iter(torch.autograd.grad(results, leaves, given, create_graph=True, allow_unused=True))
    return [next(found) if want else None for want in wanted]
