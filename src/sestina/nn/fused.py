"""One recurrent layer, one or both directions, on the kernels, as one node of torch's graph.

The kernels take and give NumPy arrays that share the tensors' memory. What a backward needs stays
in the kernels' tapes, which one backward consumes; a further one, over a graph kept with
``retain_graph=True``, runs the layer again first. A backward that is to be differentiated itself
(``create_graph=True``) or is batched (``is_grads_batched=True``) goes through the plain loop.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, NamedTuple, ParamSpec, TypeVar

import torch
from torch import Tensor, nn
from torch.autograd import forward_ad

from sestina.kernels import workspace
from sestina.kernels.cells import STATES, Weights, Zone
from sestina.nn import plain
from sestina.nn.plain import Way

_WEIGHTS = len(Weights._fields)
P = ParamSpec("P")
R = TypeVar("R")


def outside_compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Have `torch.compile` call a function as it is; the compiler is not loaded for that alone."""
    disabled: list[Callable[P, R]] = []

    @wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        if "torch._dynamo" not in sys.modules:
            return function(*args, **kwargs)
        if not disabled:
            disabled.append(torch.compiler.disable(function))
        return disabled[0](*args, **kwargs)

    return wrapper


class _Masks(NamedTuple):
    """What a way multiplies with that wants no gradient, in the order of its fields."""

    input: Tensor | None
    hidden: Tensor | None
    zone: Zone | None


class _Task(NamedTuple):
    """A layer's call without the tensors that may want gradients."""

    cell: str
    lengths: Tensor | None  # (B,) int64
    rows: Tensor | None  # (B, T) int64: rows of x, which then is a table (1, U, D)
    masks: tuple[_Masks, ...]  # for each way
    outputs: bool  # whether anybody needs more than final states
    time_first: bool  # lay outputs out in memory as (T, B, H · ways)

    def ways(self, tensors: Sequence[Any]) -> list[Way]:
        """Put the flat row of tensors back together, the masks with them."""
        size = _WEIGHTS + STATES[self.cell]
        parts = [tensors[n : n + size] for n in range(0, len(tensors), size)]
        return [
            Way(tuple(part[:_WEIGHTS]), _state(part[_WEIGHTS:]), *masks)
            for part, masks in zip(parts, self.masks, strict=True)
        ]

    def batch(self, x: Tensor) -> int:
        """Return B."""
        return (x if self.rows is None else self.rows).shape[0]


def _state(parts: Sequence[Any]) -> tuple[Tensor, ...] | None:
    return None if parts[0] is None else tuple(parts)


def fits(tensors: Sequence[Tensor]) -> bool:
    """Tell whether the kernels can run on these: float32, dense, on the CPU, real memory.

    Not so with empty batches, while `torch.func` transforms or forward-mode AD are at work, or
    where a tensor is of a class of its own (as in `torch.export`).
    """
    return (
        not torch._C._are_functorch_transforms_active()
        and forward_ad._current_level < 0
        and all(map(_suits, tensors))
    )


def _suits(tensor: Tensor) -> bool:
    return (
        type(tensor) in (Tensor, nn.Parameter)
        and tensor.dtype == torch.float32
        and tensor.is_cpu
        and tensor.layout == torch.strided
        and tensor.numel() > 0
        and not tensor.is_neg()  # as parts of conjugates can be
    )


def layer(
    cell: str,
    x: Tensor,
    ways: Sequence[Way],
    lengths: Tensor | None = None,
    *,
    rows: Tensor | None = None,
    outputs: bool = True,
    time_first: bool = False,
) -> tuple[Tensor | None, list[Tensor]]:
    """Run one layer, forwards and, if there is a second way, backwards in time.

    Args:
        cell: A name in `kernels.cells.GATES`.
        x: (B, T, D); all tensors such that `fits` says yes. With `rows`, a table (1, U, D).
        ways: One or two.
        lengths: (B,) int64 true lengths; all T if None.
        rows: (B, T) int64, the row of the table that each step has; None: x is no table.
        outputs: False if nobody needs more than the final states.
        time_first: Lay outputs out in memory as (T, B, H · ways).

    Returns:
        Outputs (B, T, H · ways), zeros at padding, or None; and the final states (ways, B, H).
    """
    masks = tuple(_Masks(way.input_mask, way.hidden_mask, way.zone) for way in ways)
    task = _Task(cell, lengths, rows, masks, outputs, time_first)
    tensors: list[Tensor | None] = []
    for way in ways:
        tensors += [*way.weights, *(way.state or (None,) * STATES[cell])]
    if torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in (x, *tensors)):
        apply: Callable[..., Any] = _Layer.apply  # to which torch gives no types
        made, *finals = apply(task, x, *tensors)
    else:
        (made, *finals), _ = _forward(task, x, tensors, keep=False)
    return made, finals


class _Layer(torch.autograd.Function):
    """Takes a task, x and each way's weights and state; gives outputs and final states."""

    @staticmethod
    def forward(ctx: Any, task: _Task, x: Tensor, *tensors: Tensor | None) -> Any:
        """Run, and keep the tapes."""
        results, tapes = _forward(task, x, tensors, keep=True)
        ctx.set_materialize_grads(False)  # a loss on final states alone takes the cheap path
        ctx.save_for_backward(x, *tensors)  # notices when one is changed in place
        ctx.task, ctx.tapes = task, tapes
        return tuple(results)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> Any:
        """Give gradients to whatever wants one."""
        x, *tensors = ctx.saved_tensors
        wanted = ctx.needs_input_grad[1:]
        if all(gradient is None for gradient in gradients):
            return (None,) * (1 + len(wanted))
        if torch.is_grad_enabled() or any(map(_batched, gradients)):
            return None, *_differentiable(ctx.task, (x, *tensors), wanted, gradients)
        gradients = tuple(None if part is None else part.resolve_neg() for part in gradients)
        tapes, ctx.tapes = ctx.tapes, None
        if tapes is None:  # used up by a backward that kept the graph
            _, tapes = _forward(ctx.task, x, tensors, keep=True)
        return None, *_backward(tapes, ctx.task, (x, *tensors), wanted, gradients)


def _batched(gradient: Tensor | None) -> bool:
    """Tell whether a gradient is many in the guise of one, which only torch can compute with."""
    return gradient is not None and (
        torch._C._are_functorch_transforms_active()
        or torch._C._functorch.is_legacy_batchedtensor(gradient)
    )


def _forward(
    task: _Task, x: Tensor, tensors: Sequence[Tensor | None], keep: bool
) -> tuple[list[Tensor | None], list[Any]]:
    """Return (outputs, *final states) and a tape for each way."""
    ways, kernels = task.ways(tensors), _kernels()
    size = ways[0].weights[1].shape[1]
    made = _room(task, x, size * len(ways)) if task.outputs else None
    outputs = None if made is None else made.numpy()
    finals = [torch.empty(len(ways), task.batch(x), size) for _ in range(STATES[task.cell])]
    array = (x if x.stride(2) == 1 else x.contiguous()).detach().numpy()
    tapes = []
    for n, (way, *final) in enumerate(zip(ways, *finals, strict=True)):
        _, tape = kernels.forward(
            task.cell,
            array if task.rows is None else task.rows.numpy(),
            solid(way.weights),
            None if way.state is None else tuple(part.contiguous() for part in way.state),
            table=None if task.rows is None else array[0],
            lengths=None if task.lengths is None else task.lengths.numpy(),
            reverse=n == 1,
            input_mask=None if way.input_mask is None else way.input_mask.numpy(),
            hidden_mask=None if way.hidden_mask is None else way.hidden_mask.numpy(),
            zone=way.zone,
            outputs=None if outputs is None else outputs[:, :, n * size : (n + 1) * size],
            final=final,
            keep=keep,
        )
        tapes.append(tape)
    return [made, *finals], tapes


def _backward(
    tapes: list[Any],
    task: _Task,
    tensors: Sequence[Tensor | None],
    wanted: Sequence[bool],
    gradients: Sequence[Tensor | None],
) -> list[Tensor | None]:
    """Return the gradients of x and of each way's weights and state, None where not wanted."""
    x, kernels = tensors[0], _kernels()
    assert x is not None
    d_outputs = _shares(gradients[0], len(tapes))
    d_finals = [None if part is None else part.contiguous() for part in gradients[1:]]
    d_x: Tensor | None = None
    found: list[Tensor] = []
    for n, way in enumerate(task.ways(tensors[1:])):
        tape, tapes[n] = tapes[n], None  # lets go of each tape as soon as it is used
        part = torch.from_numpy(workspace.lend(tuple(x.shape))) if wanted[0] else None
        d_weights = Weights(*(torch.empty(shape) for shape in _shapes(way)))
        d_state = [torch.empty(task.batch(x), way.weights[1].shape[1]) for _ in d_finals]
        kernels.backward(
            tape,
            d_outputs[n],
            [None if part is None else part[n] for part in d_finals],
            need_input=wanted[0],
            d_input=part if part is None else (part if task.rows is None else part[0]).numpy(),
            d_weights=d_weights,
            d_state=d_state,
        )
        if part is not None:
            d_x = part if d_x is None else d_x.add_(part)
        found += [*d_weights, *d_state]
    return [d_x, *(g if want else None for g, want in zip(found, wanted[1:], strict=True))]


def _shapes(way: Way) -> tuple[torch.Size, ...]:
    """Return the shapes of a way's weights; a bias that is None has one too."""
    kernel, recurrent, *_ = way.weights
    return kernel.shape, recurrent.shape, kernel.shape[:1], kernel.shape[:1]


def _shares(d_outputs: Tensor | None, ways: int) -> list[Any]:
    """Cut the gradient of the outputs into one array (B, T, H) for each way."""
    if d_outputs is None:
        return [None] * ways
    if d_outputs.stride(2) != 1:  # a sum's gradient is one number, expanded
        d_outputs = d_outputs.contiguous()
    return [part.detach().numpy() for part in d_outputs.chunk(ways, dim=2)]


def _differentiable(
    task: _Task,
    tensors: Sequence[Tensor | None],
    wanted: Sequence[bool],
    gradients: Sequence[Tensor | None],
) -> list[Tensor | None]:
    """Return what `_backward` does, as functions of everything: the plain loop's gradients."""
    again = torch.is_grad_enabled()
    with torch.enable_grad():
        # views, since one of the tensors may hang on another, which must not count twice
        asked = list(zip(tensors, wanted, strict=True))
        x, *rest = seen = [t.view_as(t) if t is not None and want else t for t, want in asked]
        assert x is not None
        vectors = x if task.rows is None else x[0][task.rows]
        made, finals = plain.layer(task.cell, vectors, task.ways(rest), task.lengths)
    pairs = [(r, g) for r, g in zip((made, *finals), gradients, strict=True) if g is not None]
    results, given = zip(*pairs, strict=True)
    leaves = [t for t, want in zip(seen, wanted, strict=True) if t is not None and want]
    found = iter(torch.autograd.grad(results, leaves, given, create_graph=again, allow_unused=True))
    return [next(found) if want else None for want in wanted]


def _room(task: _Task, x: Tensor, features: int) -> Tensor:
    """Return an unfilled tensor (B, T, features), in memory as the task wants it."""
    batch, steps = (x if task.rows is None else task.rows).shape[:2]
    if not task.time_first:
        return torch.from_numpy(workspace.lend((batch, steps, features)))
    storage = torch.from_numpy(workspace.lend((steps, batch, features))).untyped_storage()
    shape, strides = (batch, steps, features), (features, batch * features, 1)
    return torch.empty(0).set_(storage, 0, shape, strides)  # no view, so it may be changed in place


def solid(weights: Sequence[Tensor | None]) -> Weights:
    """Return W, U and the two biases, contiguous; zeros for a bias that is None.

    They are detached, so that they hold on to their memory though a parameter be given another
    (``parameter.data = …``) between forward and backward.
    """
    kernel = weights[0]
    assert kernel is not None  # every layer has W
    filled = (torch.zeros(len(kernel)) if weight is None else weight for weight in weights)
    return Weights(*(weight.detach().contiguous() for weight in filled))


def _kernels() -> Any:
    """Return the kernels, which load numba: only once they are needed."""
    from sestina.kernels import recurrent

    return recurrent


def prepare(cell: str) -> None:
    """Compile a cell's kernels, or read them from disk, so that no later clock counts that."""
    from sestina.kernels import packing, parallel

    around = packing.PACK_FORWARD, packing.PACK_BACKWARD, packing.SUM_SHARES
    parallel.ready(*_kernels().KERNELS[cell], *around)
