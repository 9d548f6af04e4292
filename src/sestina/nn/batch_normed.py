"""Batch-normalised LSTM layers (Cooijmans et al. 2017; row D11) on the kernels, and what they keep.

W x and U h are normalised apart, by statistics of every time step of their own, over the rows of
the batch that run at that step; c is not normalised anywhere, as row D11 and the lectures have it
(the paper normalises it where the output gate shows it, though never in its own update).

In training a batch's own statistics count, and are kept: means of the first ten batches, then
running ones. In prediction a step goes by those that were kept of it, a step later than `STEPS`,
or than any that was trained, by the last ones. A step's number counts from the state's beginning,
which is why the state has a third part, the steps that each row has read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sestina.errors import DataError
from sestina.nn import plain
from sestina.nn.normed import differentiable
from sestina.nn.norms import STEPS, BatchNorm
from sestina.nn.plain import State, Way
from sestina.nn.sequences import Batch
from sestina.nn.step_order import StepOrder, lent, order_of, running_rows

GAIN = 0.1
"""What γ starts with (section 4 of the paper): larger ones saturate tanh from the start."""
LEAST = 0.1
"""The least share of the kept statistics that a batch's take the place of."""


def add_scales(layer: Any) -> None:
    """Add to a `drop_in.Recurrent` what scales normalised values, and room for statistics.

    Raises:
        ValueError: It is no LSTM, or one with ``proj_size``.
    """
    if layer.cell != "lstm" or layer.proj_size:
        raise ValueError(
            "normalise='batch' is of an LSTM without proj_size; got "
            f"{type(layer).__name__}: take normalise='layer' (LSTM, GRU) or None"
        )
    for names in layer._all_weights:
        weight = getattr(layer, names[0]).detach()
        suffix = names[0].removeprefix("weight_ih")
        for name in ("gain_ih", "gain_hh"):
            values = weight.new_full((len(weight),), GAIN)
            layer.register_parameter(name + suffix, nn.Parameter(values))
        shape = (STEPS, 2, len(weight))  # of W x and of U h
        layer.register_buffer("means" + suffix, weight.new_zeros(shape))
        layer.register_buffer("variances" + suffix, weight.new_ones(shape))
        layer.register_buffer("batches" + suffix, torch.zeros(STEPS, dtype=torch.int64))


def norm_of(layer: Any, row: int, ages: Tensor | None) -> BatchNorm:
    """Return how one direction of a layer normalises.

    Args:
        layer: A `drop_in.Recurrent`.
        row: Counts layers · ways.
        ages: How many steps each row has read before, (B,); None: none.
    """
    suffix = layer._all_weights[row][0].removeprefix("weight_ih")
    return BatchNorm(
        input=getattr(layer, "gain_ih" + suffix),
        hidden=getattr(layer, "gain_hh" + suffix),
        means=getattr(layer, "means" + suffix),
        variances=getattr(layer, "variances" + suffix),
        known=int((getattr(layer, "batches" + suffix) > 0).sum()),
        training=layer.training,
        ages=ages,
        found=[],
    )


def remember(layer: Any, first: int, ways: Sequence[Way], batch: Batch) -> None:
    """Keep the statistics of a batch that went through the ways from `first`.

    Raises:
        DataError: Batches of a single row come, one after another, and there are none.
    """
    running = running_rows(batch.lengths, batch.size, batch.steps)
    for row, way in enumerate(ways, first):
        assert isinstance(way.norm, BatchNorm)
        if not way.norm.known and len(running) and running[0] == 1:
            _count_lone(layer)
        _keep(layer, row, way.norm, running)


def _count_lone(layer: Any) -> None:
    """Let a few batches of one row pass: an epoch may have one, but not all can be."""
    layer.lone += 1
    if layer.lone > 2 * layer.num_layers * layer._ways:
        raise DataError(
            "normalise='batch' got batches of one row, which have no statistics; train on batches "
            "of two rows or more, or take normalise='layer'"
        )


def _keep(layer: Any, row: int, norm: BatchNorm, running: NDArray[np.int64]) -> None:
    """Keep the statistics of one way; `running` (T,) rows ran at each step."""
    suffix = layer._all_weights[row][0].removeprefix("weight_ih")
    means, variances, batches = (
        getattr(layer, name + suffix) for name in ("means", "variances", "batches")
    )
    begun = 0 if norm.ages is None or not len(norm.ages) else int(norm.ages.max())
    count = min(int((running > 1).sum()), STEPS - begun)  # the first ones
    if count <= 0:
        return
    at, rows = slice(begun, begun + count), torch.from_numpy(running[:count]).to(means)
    unbiased = (rows / (rows - 1))[:, None, None]
    (own,) = norm.found
    batches[at] += 1
    share = (1 / batches[at]).clamp(min=LEAST).to(means)[:, None, None]
    means[at] += share * (torch.as_tensor(own.means[:count]) - means[at])
    variances[at] += share * (torch.as_tensor(own.variances[:count]) * unbiased - variances[at])


def split(states: Sequence[Tensor] | None) -> tuple[Sequence[Tensor] | None, Tensor | None]:
    """Return h and c (L, B, H) of a state, and how many steps each row has read, (B,)."""
    if states is None:
        return None, None
    return states[:2], None if len(states) == 2 else states[2][0, :, 0].round().long()


def grown(final: Sequence[Tensor], ages: Tensor | None, batch: Batch) -> Tensor:
    """Return the third part of a state, (L, B, H), alike in all of a row, after a batch's steps."""
    like = final[0]
    read = torch.full((batch.size,), batch.steps) if batch.lengths is None else batch.lengths
    read = read.to(like) + (0 if ages is None else ages.to(like))
    return read[None, :, None].expand(like.shape).clone()


def arrays(layer: Any, row: int) -> list[NDArray[np.float32]]:
    """Return what a stream needs of known steps: scale of W x, shift, scale of U h, (S, 4 H)."""
    norm = norm_of(layer, row, None)._replace(training=False)
    steps = torch.arange(max(norm.known, 1))[None]
    stored = norm.stored(steps)
    bias = getattr(layer, layer._all_weights[row][2])
    parts = stored.scale, stored.shift + bias, stored.rates
    return [part[0].detach().numpy() for part in parts]


def prepare(cell: str) -> None:
    """Compile the kernels, or read them from disk, so that no later clock counts that."""
    from sestina.kernels import in_step, parallel  # which load numba

    parallel.ready(*in_step.KERNELS)


class _Task(NamedTuple):
    """A direction of a layer without the tensors that may want gradients."""

    way: Way  # its mask of h, zoneout and `norm` alone are looked at
    norm: BatchNorm  # whose statistics are copies, a step after another
    lengths: Tensor | None  # (B,)
    reverse: bool
    order: StepOrder

    def again(self, tensors: Sequence[Any]) -> tuple[Tensor, State]:
        """Run the plain loop, of what `_Steps` takes."""
        x, kernel, hidden, bias, by_input, by_hidden, *state = tensors
        return plain.run(
            "lstm",
            x,
            (kernel, hidden, bias, None),
            None if state[0] is None else tuple(state),
            lengths=self.lengths,
            reverse=self.reverse,
            hidden_mask=self.way.hidden_mask,
            zone=self.way.zone,
            norm=self.norm._replace(input=by_input, hidden=by_hidden, found=[]),
        )


def fits(ways: Sequence[Way]) -> bool:
    """Tell whether the kernels can do it: rows go by the same statistics at a step."""
    norms = [way.norm for way in ways if isinstance(way.norm, BatchNorm)]
    return all(n.training or n.ages is None or len(n.ages.unique()) < 2 for n in norms)


def layer(
    cell: str, x: Tensor, ways: Sequence[Way], lengths: Tensor | None
) -> tuple[Tensor, list[Tensor]]:
    """Run one layer, forwards and, if there is a second way, backwards in time.

    Args:
        cell: "lstm".
        x: (B, T, D), float32 on the CPU, as are all tensors.
        ways: One or two, with their `norm`.
        lengths: (B,) true lengths; all T if None.

    Returns:
        Outputs (B, T, H · ways), zeros at padding, and the final states, (ways, B, H) each.
    """
    apply: Callable[..., Any] = _Steps.apply  # to which torch gives no types
    made, finals = [], []
    for number, way in enumerate(ways):
        seen = x if way.input_mask is None else x * way.input_mask[:, None]
        task = _task_of(way, lengths, number == 1, *x.shape[:2])
        scales, state = (task.norm.input, task.norm.hidden), way.state or (None, None)
        outputs, *final = apply(task, seen, *way.weights[:3], *scales, *state)
        made.append(outputs)
        finals.append(final)
    states = [torch.stack(state) for state in zip(*finals, strict=True)]
    return torch.cat(made, dim=2) if len(made) > 1 else made[0], states


def _task_of(way: Way, lengths: Tensor | None, reverse: bool, batch: int, steps: int) -> _Task:
    norm = way.norm
    assert isinstance(norm, BatchNorm)
    kept = norm.kept(steps)
    own = norm._replace(
        means=norm.means[kept], variances=norm.variances[kept], known=steps, ages=None
    )
    return _Task(way, own, lengths, reverse, order_of(lengths, reverse, batch, steps))


class _Steps(torch.autograd.Function):
    """Takes a task, x (B, T, D), W, U, b, γ of W x, γ of U h, and the state's parts or None."""

    @staticmethod
    def forward(ctx: Any, task: _Task, x: Tensor, *tensors: Tensor | None) -> Any:
        """Run, and keep the record."""
        run, packed = _run(task, x, tensors)
        task.norm.found.append(run.moments)
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(x, *tensors)
        ctx.task, ctx.kept = task, (run, packed)
        outputs = task.order.batch(torch.from_numpy(run.states)[len(x) :, : run.hidden])
        return outputs, *map(torch.from_numpy, run.final)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> Any:
        """Give gradients to whatever wants one."""
        x, *tensors = ctx.saved_tensors
        wanted, task = ctx.needs_input_grad[1:], ctx.task
        if torch.is_grad_enabled():
            return None, *differentiable(task.again, (x, *tensors), wanted, gradients)
        kept, ctx.kept = ctx.kept, None
        run, packed = kept or _run(task, x, tensors)  # used up where the graph was kept
        d_outputs, *d_final = gradients
        if d_outputs is not None:
            d_outputs = task.order.steps(d_outputs)
        given = None if d_outputs is None else d_outputs.numpy()
        found = run.backward(given, tuple(None if d is None else d.numpy() for d in d_final))
        inputs, products = torch.from_numpy(found.inputs), torch.from_numpy(found.products)
        used = task.order.begun(torch.from_numpy(run.used))[:, : run.hidden]
        d_x = None
        if wanted[0]:
            d_x = task.order.batch(torch.mm(inputs, tensors[0], out=lent(len(inputs), x.shape[2])))
        scales = found.scales
        small = (scales.bias, scales.input, scales.hidden, *found.state)
        every = (
            d_x,
            inputs[:-1].T @ packed,
            _of_units([part.T @ used for part in products], run.hidden),
            *map(torch.from_numpy, small),
        )
        return None, *(part if want else None for part, want in zip(every, wanted, strict=True))


def _run(task: _Task, x: Tensor, tensors: Sequence[Tensor | None]) -> tuple[Any, Tensor]:
    """Return the kernels' run, and the true steps of x (N, D)."""
    from sestina.kernels.in_step import Moments, Run, Scales  # which loads numba

    solid = [None if part is None else part.detach().contiguous() for part in tensors]
    kernel, recurrent, bias, by_input, by_hidden, *state = solid
    assert kernel is not None and recurrent is not None
    packed = task.order.steps(x.detach())
    scales = Scales(by_input, by_hidden, bias)
    inputs = lent(len(packed) + 1, len(kernel))  # one more, which backward gives to padding
    torch.mm(packed, kernel.T, out=inputs[:-1])
    run = Run(inputs.numpy(), recurrent.numpy(), scales, task.order.rows)
    if task.way.zone is not None:
        run.set_zone(task.way.zone)
    running = np.diff(task.order.rows.starts)
    steps, norm = len(running), task.norm
    given = running < 2 if norm.training else np.ones(steps, bool)
    moments = Moments(norm.means[:steps].numpy(), norm.variances[:steps].numpy(), given)
    mask = task.way.hidden_mask
    run.forward(None if state[0] is None else tuple(state), moments, mask)
    return run, packed


def _of_units(parts: Sequence[Tensor], hidden: int) -> Tensor:
    """Join rows of units, those of a vector of them for each gate (4 L, D), to (4 H, D)."""
    gates = torch.stack([part.view(4, -1, part.shape[1]) for part in parts], dim=1)  # (4, P, L, D)
    return gates.flatten(1, 2)[:, :hidden].flatten(0, 1)
