"""How far gradients reach in recurrent layers, and why not farther; rows D6 to D9.

Two views. ∂loss/∂s_t says what training hears of step t. The Jacobian ∂h_T/∂s_t says what step T
could hear of step t, whatever the loss: it is a product of one matrix a step, whose norms below or
above 1 make it vanish or explode (Bengio, Simard and Frasconi 1994; Pascanu, Mikolov and Bengio
2013). s is h, or h and c of an LSTM. Letters: B sequences, T steps, H hidden, S the size of s.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import jacrev, vmap
from torch.nn import functional as F

from sestina.estimators.trained import Trained
from sestina.nn.plain import Seen, advanced
from sestina.nn.watch import Watched, watching

Floats = NDArray[np.float64]

GATES: dict[str, tuple[str, ...]] = {
    "lstm": ("input", "forget", "candidate", "output"),
    "gru_after": ("reset", "update", "candidate"),
    "gru_before": ("reset", "update", "candidate"),
    "gru_simple": ("update", "candidate"),
    "rnn_tanh": ("candidate",),
    "rnn_relu": ("candidate",),
}
FORGOTTEN = 0.01  # of a Jacobian's norm
SHUT, OPEN = 0.05, 0.95  # a gate's value below or above which hardly any gradient passes it
SEQUENCES = 8  # whose Jacobians are formed
EXACT = 128  # units up to which norms are those of a singular value decomposition
TURNS = 30  # of the power iteration


@dataclass(frozen=True)
class Reach:
    """How far gradients reach in one direction of one layer; k counts steps back from the last.

    Attributes:
        name: Of the module in the network.
        depth: Of the layer in it, from 0.
        reverse: Whether it reads from the end.
        cell: As in `kernels.cells`.
        units: H.
        length: Steps of a sequence, the median.
        loss: Median over sequences of ‖∂loss/∂s‖, the loss summed over sequences, by k, (T,).
        jacobian: Median of ‖∂h_T/∂s_{T−k}‖, the spectral norm, by k, (T,); 1 at k = 0.
        steps: Median of ‖∂s_t/∂s_{t−1}‖ of the step k before the last, (T − 1,).
        memory: The first k at which `jacobian` is below 1 %; None if it never is.
        radius: Largest |eigenvalue| of each gate's recurrent matrix.
        saturated: Of each gate but the candidate, the shares of values below 5 and above 95 %.
        dead: Share of ReLU units that are 0 at every step; None of other cells.
    """

    name: str
    depth: int
    reverse: bool
    cell: str
    units: int
    length: int
    loss: Floats
    jacobian: Floats
    steps: Floats
    memory: int | None
    radius: dict[str, float]
    saturated: dict[str, tuple[float, float]]
    dead: float | None


def reaches(network: nn.Module, loss: Callable[[], Tensor]) -> list[Reach]:
    """Measure every recurrent layer of a network while it computes a loss.

    Args:
        network: With Sestina's recurrent layers in it, in evaluation mode, lest dropout blur it.
        loss: Computes the loss of some sequences, summed over them.
    """
    with watching(network) as found:
        value = loss()
    found = [
        layer for layer in found if layer.seen.states and layer.seen.states[-1][0].requires_grad
    ]
    if not found:
        return []
    parts = [part for layer in found for state in layer.seen.states for part in state]
    gradients = iter(torch.autograd.grad(value, parts, allow_unused=True, materialize_grads=True))
    return [
        _reach(layer, [[next(gradients) for _ in state] for state in layer.seen.states])
        for layer in found
    ]


def gradients(net: Trained, X: Any, y: Any = None) -> list[Reach]:
    """Measure every recurrent layer of a fitted model on the first batch of some data.

    Args:
        net: The model.
        X: As in its `fit`.
        y: As in its `fit`, where it takes one.

    Returns:
        A `Reach` of each direction of each layer that is trained; none without such layers.
    """
    task = net.task(X, y)
    batch, count = next(task.batches(1))
    training = task.network.training
    task.network.eval()
    try:
        return reaches(task.network, lambda: task.loss(batch) * count)
    finally:
        task.network.train(training)


def _trained(seen: Seen) -> bool:
    """Tell whether a loss can reach the states at all: those of frozen models it cannot."""
    return bool(seen.states) and seen.states[-1][0].requires_grad


def _reach(layer: Watched, gradients: Sequence[Sequence[Tensor]]) -> Reach:
    seen = layer.seen
    with torch.no_grad():
        whole = [torch.cat(list(parts), dim=1) for parts in gradients]  # (B, S) of each step
        norms = torch.stack(whole, dim=1).norm(dim=2).double().numpy()  # (B, T)
        products, steps = zip(*(_jacobians(seen, row) for row in _rows(seen)), strict=True)
        jacobian = _medians(products)
        return Reach(
            name=layer.name,
            depth=layer.depth,
            reverse=seen.reverse,
            cell=seen.cell,
            units=seen.weights[1].shape[1],
            length=int(np.median([_length(seen, row) for row in range(len(norms))])),
            loss=_medians([_backwards(norms[b], seen, b) for b in range(len(norms))]),
            jacobian=jacobian,
            steps=_medians(steps),
            memory=_memory(jacobian),
            radius=_radius(seen),
            saturated=_saturated(seen),
            dead=_dead(seen),
        )


def _length(seen: Seen, row: int) -> int:
    return len(seen.states) if seen.lengths is None else int(seen.lengths[row])


def _rows(seen: Seen) -> list[int]:
    """Return the longest sequences, whose Jacobians are formed."""
    lengths = [_length(seen, row) for row in range(len(seen.x))]
    return sorted(range(len(lengths)), key=lambda row: -lengths[row])[:SEQUENCES]


def _backwards(values: Floats, seen: Seen, row: int) -> Floats:
    """Return the values (T,) of a row's true steps, that read last first."""
    own = values[: _length(seen, row)]
    return own if seen.reverse else own[::-1]


def _medians(rows: Sequence[Floats]) -> Floats:
    """Return medians over rows of several lengths, as far as the longest goes."""
    longest = max(map(len, rows), default=0)
    return np.array([np.median([row[k] for row in rows if len(row) > k]) for k in range(longest)])


def _jacobians(seen: Seen, row: int) -> tuple[Floats, Floats]:
    """Return the norms of the products of Jacobians, and of those of single steps, last first."""
    length, size = _length(seen, row), seen.weights[1].shape[1]
    order = range(length)[::-1] if seen.reverse else range(length)
    states = [torch.cat([part[row] for part in seen.states[t]]) for t in order]
    before = [torch.cat([part[row] for part in seen.before]), *states[:-1]]
    if not length:
        return np.zeros(0), np.zeros(0)
    driven = F.linear(seen.x[row, list(order)], seen.weights[0], seen.weights[2])  # (T, G·H)
    one = jacrev(lambda state, drive: advanced(seen, drive, state))
    matrices = vmap(one, chunk_size=16)(torch.stack(before), driven).double()  # (T, S, S)
    product = torch.eye(matrices.shape[1], dtype=torch.float64)[:size]  # of h_T
    norms = [1.0]
    for matrix in matrices.flip(0)[:-1]:
        product = product @ matrix
        norms.append(_norm(product))
    return np.array(norms), np.array([_norm(matrix) for matrix in matrices.flip(0)[:-1]])


def _norm(matrix: Tensor) -> float:
    """Return the spectral norm; of large matrices by power iteration."""
    if not matrix.isfinite().all():
        return float("inf")
    if matrix.shape[0] <= EXACT:
        return float(torch.linalg.matrix_norm(matrix, 2))
    vector = torch.full((matrix.shape[1],), matrix.shape[1] ** -0.5, dtype=matrix.dtype)
    for _ in range(TURNS):
        vector = matrix.T @ (matrix @ vector)
        vector = vector / vector.norm().clamp(min=torch.finfo(matrix.dtype).tiny)
    return float((matrix @ vector).norm())


def _memory(jacobian: Floats) -> int | None:
    below = np.flatnonzero(jacobian < FORGOTTEN)
    return int(below[0]) if len(below) else None


def _radius(seen: Seen) -> dict[str, float]:
    names = GATES[seen.cell]
    matrices = seen.weights[1].double().chunk(len(names))
    return {
        name: float(torch.linalg.eigvals(matrix).abs().max())
        for name, matrix in zip(names, matrices, strict=True)
    }


def _saturated(seen: Seen) -> dict[str, tuple[float, float]]:
    """Return the shares of shut and open gates over all true steps.

    A sigmoid gate is σ(W x + b + U h + c) in every cell.
    """
    names = GATES[seen.cell]
    steps = len(seen.states)
    if len(names) == 1 or not steps:
        return {}
    before = [seen.before, *seen.states[:-1]]
    if seen.reverse:
        before = [*seen.states[1:], seen.before]
    hidden = torch.stack([state[0] for state in before], dim=1)  # (B, T, H)
    kernel, recurrent, bias, hidden_bias = seen.weights
    values = F.linear(seen.x, kernel, bias) + F.linear(hidden, recurrent, hidden_bias)
    gates = torch.sigmoid(values[_real(seen)]).chunk(len(names), dim=1)  # (steps, H) each
    return {
        name: (float((gate < SHUT).double().mean()), float((gate > OPEN).double().mean()))
        for name, gate in zip(names, gates, strict=True)
        if name != "candidate"
    }


def _real(seen: Seen) -> Tensor:
    """Return which steps are not padding, (B, T)."""
    steps = torch.arange(seen.x.shape[1])
    lengths = torch.tensor([_length(seen, row) for row in range(len(seen.x))])
    return steps < lengths[:, None]


def _dead(seen: Seen) -> float | None:
    if seen.cell != "rnn_relu" or not seen.states:
        return None
    outputs = torch.stack([state[0] for state in seen.states], dim=1)[_real(seen)]
    return float((outputs == 0).all(dim=0).double().mean())
