"""Layer-normalised layers on the kernels, each direction as one node of the graph.

Where the kernels cannot go, and for derivatives of derivatives, the plain loop does it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sestina.kernels.cells import STATES
from sestina.nn import plain
from sestina.nn.norms import LayerNorm
from sestina.nn.plain import State, Way


class _Task(NamedTuple):
    """A direction of a layer without the tensors that may want gradients."""

    cell: str
    lengths: Tensor | None  # (B,)
    reverse: bool
    way: Way  # its masks and zoneout alone are looked at

    def again(self, tensors: Sequence[Any]) -> tuple[Tensor, State]:
        """Run the plain loop, of what `_Steps` takes."""
        x, kernel, hidden, bias, *norm = tensors[:8]
        state = None if tensors[8] is None else tuple(tensors[8:])
        return plain.run(
            self.cell,
            x,
            (kernel, hidden, bias, None),
            state,
            lengths=self.lengths,
            reverse=self.reverse,
            input_mask=self.way.input_mask,
            hidden_mask=self.way.hidden_mask,
            zone=self.way.zone,
            norm=LayerNorm(*norm),
        )


Again = Callable[[Sequence[Any]], tuple[Tensor, State]]
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
    from sestina.kernels import normalised, parallel  # which load numba

    parallel.ready(*normalised.KERNELS[normalised.CELLS[cell]])


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
    apply: Callable[..., Any] = _Steps.apply  # to which torch gives no types
    made, finals = [], []
    for number, way in enumerate(ways):
        norm, weights = way.norm, way.weights[:3]
        assert isinstance(norm, LayerNorm)
        state = way.state or (None,) * STATES[cell]
        task = _Task(cell, lengths, number == 1, way)
        outputs, *final = apply(task, x, *weights, *norm, *state)
        made.append(outputs)
        finals.append(final)
    states = [torch.stack(state) for state in zip(*finals, strict=True)]
    return torch.cat(made, dim=2) if len(made) > 1 else made[0], states


class _Steps(torch.autograd.Function):
    """Takes a task, x (B, T, D), W, U, b, γ of W x, of U h and of c, β of c, and the state's parts.

    What a cell or a call has not is None.
    """

    @staticmethod
    def forward(ctx: Any, task: _Task, x: Tensor, *tensors: Tensor | None) -> Any:
        """Run, and keep the record."""
        outputs, final, record = _run(task, x, tensors)
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(x, *tensors)
        ctx.task, ctx.record = task, record
        return outputs, *final

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> Any:
        """Give gradients to whatever wants one."""
        from sestina.kernels import normalised  # which loads numba

        tensors, task, wanted = ctx.saved_tensors, ctx.task, ctx.needs_input_grad[1:]
        if torch.is_grad_enabled():
            return None, *differentiable(task.again, tensors, wanted, gradients)
        record, ctx.record = ctx.record, None
        if record is None:  # used up by a backward that kept the graph
            record = _run(task, tensors[0], tensors[1:])[2]
        parts = [None if part is None else part.contiguous().numpy() for part in gradients]
        found = normalised.backward(record, parts[0], tuple(parts[1:]))
        by_input, bias, *others = found.gains
        every = (found.x, found.kernel, found.hidden, bias, by_input, *others, *found.state)
        kept = zip(every, wanted, strict=True)
        return None, *(torch.from_numpy(part) if wants else None for part, wants in kept)


def _run(task: _Task, x: Tensor, tensors: Sequence[Tensor | None]) -> Any:
    """Return outputs, final states and the kernels' record."""
    from sestina.kernels import normalised  # which loads numba
    from sestina.kernels.workspace import lend

    solid = [None if part is None else part.detach().contiguous().numpy() for part in tensors]
    kernel, hidden, bias, of_x, of_u, of_c, shift = solid[:7]
    assert kernel is not None and hidden is not None
    way, state = task.way, solid[7:]
    outputs = torch.from_numpy(lend((*x.shape[:2], hidden.shape[1])))
    final, record = normalised.forward(
        task.cell,
        (x if x.stride(2) == 1 else x.contiguous()).detach().numpy(),
        kernel,
        hidden,
        normalised.Gains(of_x, bias, of_u, of_c, shift),
        None if state[0] is None else tuple(state),
        lengths=None if task.lengths is None else task.lengths.numpy(),
        reverse=task.reverse,
        input_mask=None if way.input_mask is None else way.input_mask.numpy(),
        hidden_mask=None if way.hidden_mask is None else way.hidden_mask.numpy(),
        zone=way.zone,
        outputs=outputs.numpy(),
    )
    return outputs, [torch.from_numpy(part) for part in final], record


def differentiable(
    again: Again, tensors: Sequence[Tensor | None], wanted: Sequence[bool], gradients: Sequence[Any]
) -> list[Tensor | None]:
    """Return the gradients as functions of everything: those of the plain loop.

    Args:
        again: Runs that, of all tensors, to outputs and final states.
        tensors: What a node of the graph was given.
        wanted: Which of them want a gradient.
        gradients: Of outputs and final states, or None.
    """
    seen = [t.view_as(t) if t is not None and want else t
            for t, want in zip(tensors, wanted, strict=True)]  # fmt: skip
    made, final = again(seen)
    pairs = [(r, g) for r, g in zip((made, *final), gradients, strict=True) if g is not None]
    results, given = zip(*pairs, strict=True)
    leaves = [t for t, want in zip(seen, wanted, strict=True) if t is not None and want]
    found = iter(torch.autograd.grad(results, leaves, given, create_graph=True, allow_unused=True))
    return [next(found) if want else None for want in wanted]
