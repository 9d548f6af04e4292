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

from sestina.estimators.trained import Trained
from sestina.nn.plain import Seen, advanced, drive, summed
from sestina.nn.watch import Watched, watching

Floats = NDArray[np.float64]

GATES: dict[str, tuple[str, ...]] = {
    "lstm": ("input", "forget", "candidate", "output"),
    "gru_after": ("reset", "update", "candidate"),
    "gru_before": ("reset", "update", "candidate"),
    "gru_simple": ("update", "candidate"),
    "rnn_tanh": ("candidate",),
    "rnn_relu": ("candidate",),
    "mingru": ("update", "candidate"),
    "minlstm": ("forget", "input", "candidate"),
}
FORGOTTEN = 0.01  # of a Jacobian's norm
PARTS = 20  # of a gate's values; hardly any gradient passes in the first and the last
SEQUENCES = 8  # whose Jacobians are formed
FAR = 2_000  # steps back, up to which Jacobians are formed
EXACT = 128  # units up to which norms are those of a singular value decomposition
TURNS = 30  # of the power iteration
BLOCK = 16  # matrices at once


@dataclass(frozen=True)
class Reach:
    """How far gradients reach in one direction of one layer; k counts steps back from the last.

    Attributes:
        name: Of the module in the network.
        depth: Of the layer in it, from 0.
        turn: Which time it runs, from 0: what is fed back is read again by the same layers.
        reverse: Whether it reads from the end.
        cell: As in `kernels.cells`.
        units: H.
        length: Steps of a sequence, the median.
        loss: Median over sequences of ‖∂loss/∂s‖, the loss summed over sequences, by k, (T,).
        jacobian: Median of ‖∂h_T/∂s_{T−k}‖, the spectral norm, by k, (T,), of 2,000 steps at
            most; 1 at k = 0.
        steps: Median of ‖∂s_t/∂s_{t−1}‖ of the step k before the last, (T − 1,), as many.
        memory: The first k at which `jacobian` is below 1 %; None if it never is.
        spectrum: Eigenvalues of each gate's recurrent matrix, (H,) complex; none without such.
        gates: Of each gate but the candidate, the shares of values in 20 equal parts of 0 to 1.
        dead: Share of ReLU units that are 0 at every step; None of other cells.
    """

    name: str
    depth: int
    turn: int
    reverse: bool
    cell: str
    units: int
    length: int
    loss: Floats
    jacobian: Floats
    steps: Floats
    memory: int | None
    spectrum: dict[str, NDArray[np.complex128]]
    gates: dict[str, Floats]
    dead: float | None

    @property
    def radius(self) -> dict[str, float]:
        """Largest |eigenvalue| of each gate's recurrent matrix."""
        return {name: float(np.abs(values).max()) for name, values in self.spectrum.items()}

    @property
    def saturated(self) -> dict[str, tuple[float, float]]:
        """Of each gate but the candidate, the shares of values below 5 and above 95 %."""
        return {name: (float(parts[0]), float(parts[-1])) for name, parts in self.gates.items()}


def reaches(
    network: nn.Module, loss: Callable[[], Tensor], sequences: int = SEQUENCES
) -> list[Reach]:
    """Measure every recurrent layer of a network while it computes a loss.

    Args:
        network: With Sestina's recurrent layers in it, in evaluation mode, lest dropout blur it.
        loss: Computes the loss of some sequences, summed over them.
        sequences: How many of them, the longest, Jacobians are formed of, which takes time.
    """
    with watching(network) as found:
        value = loss()
    # a loss cannot reach the states of frozen models
    found = [one for one in found if one.seen.states and one.seen.states[-1][0].requires_grad]
    if not found:
        return []
    parts = [part for layer in found for state in layer.seen.states for part in state]
    gradients = iter(torch.autograd.grad(value, parts, allow_unused=True, materialize_grads=True))
    return [
        _reach(layer, [[next(gradients) for _ in s] for s in layer.seen.states], sequences)
        for layer in found
    ]


def gradients(net: Trained, X: Any, y: Any = None, sequences: int = SEQUENCES) -> list[Reach]:
    """Measure every recurrent layer of a fitted model on the first batch of some data.

    Args:
        net: The model.
        X: As in its `fit`.
        y: As in its `fit`, where it takes one.
        sequences: How many Jacobians are formed of.

    Returns:
        A `Reach` of each direction of each layer that is trained; none without such layers.
    """
    task = net.task(X, y)
    batch, count = next(task.batches(1))
    training = task.network.training
    task.network.eval()
    try:
        return reaches(task.network, lambda: task.loss(batch) * count, sequences)
    finally:
        task.network.train(training)


def _reach(layer: Watched, gradients: Sequence[Sequence[Tensor]], sequences: int) -> Reach:
    seen = layer.seen
    with torch.no_grad():
        whole = [torch.cat(list(parts), dim=1) for parts in gradients]  # (B, S) of each step
        norms = torch.stack(whole, dim=1).norm(dim=2).double().numpy()  # (B, T)
        rows = _longest(seen, sequences)
        products, steps = zip(*(_jacobians(seen, row) for row in rows), strict=True)
        jacobian = _medians(products)
        return Reach(
            name=layer.name,
            depth=layer.depth,
            turn=layer.turn,
            reverse=seen.reverse,
            cell=seen.cell,
            units=seen.weights[1].shape[1],
            length=int(np.median([_length(seen, row) for row in range(len(norms))])),
            loss=_medians([_backwards(norms[b], seen, b) for b in range(len(norms))]),
            jacobian=jacobian,
            steps=_medians(steps),
            memory=_memory(jacobian),
            spectrum=_spectrum(seen),
            gates=_gates(seen),
            dead=_dead(seen),
        )


def _length(seen: Seen, row: int) -> int:
    return len(seen.states) if seen.lengths is None else int(seen.lengths[row])


def _longest(seen: Seen, sequences: int) -> list[int]:
    """Return the longest sequences."""
    lengths = [_length(seen, row) for row in range(len(seen.x))]
    return sorted(range(len(lengths)), key=lambda row: -lengths[row])[:sequences]


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
    if length < 2:
        return np.ones(length), np.zeros(0)
    order = range(length)[::-1] if seen.reverse else range(length)
    late = order[-FAR:]
    states = [seen.before, *(seen.states[t] for t in order[:-1])][-len(late) :]
    before = [torch.cat([part[row] for part in state]) for state in states]
    norm = None if seen.norm is None else seen.norm.of_row(row, late)
    driven = drive(seen.x[row, list(late)], seen.weights, norm)  # (T, G·H)
    rates = None if norm is None else norm.rates  # (T, G·H)
    one = jacrev(lambda state, drive, rates: advanced(seen, drive, rates, state))
    along = (0, 0, None if rates is None else 0)
    every = vmap(one, along, chunk_size=BLOCK)
    matrices = every(torch.stack(before), driven, rates).double()  # (T, S, S)
    product = torch.eye(matrices.shape[1], dtype=torch.float64)[:size]  # of h_T
    norms, steps = [np.ones(1)], [np.zeros(0)]
    for block in matrices.flip(0)[:-1].split(BLOCK):
        products = []
        for matrix in block:
            product = product @ matrix
            products.append(product)
        norms.append(_norms(torch.stack(products)))
        steps.append(_norms(block))
    return np.concatenate(norms), np.concatenate(steps)


def _norms(matrices: Tensor) -> Floats:
    """Return the spectral norms of (N, R, S) matrices, (N,); of large ones by power iteration."""
    finite = matrices.isfinite().all(dim=(1, 2))
    sound = torch.where(finite[:, None, None], matrices, 0.0)
    scales = sound.abs().amax(dim=(1, 2)).clamp(min=torch.finfo(sound.dtype).tiny)
    sound = sound / scales[:, None, None]  # squares neither overflow nor vanish
    squares = sound @ sound.mT  # (N, R, R); of its eigenvalues the largest is the norm's square
    norms = _largest(squares).clamp(min=0.0).sqrt() * scales
    return torch.where(finite, norms, torch.inf).numpy()


def _largest(squares: Tensor) -> Tensor:
    """Return the largest eigenvalue of each symmetric matrix, (N, R, R) → (N,)."""
    if squares.shape[1] <= EXACT:
        values: Tensor = torch.linalg.eigvalsh(squares)  # ascending
        return values[:, -1]
    vectors = squares.new_full((*squares.shape[:2], 1), squares.shape[1] ** -0.5)
    for _ in range(TURNS):
        vectors = squares @ vectors
        lengths = vectors.norm(dim=1, keepdim=True)
        vectors = vectors / lengths.clamp(min=torch.finfo(squares.dtype).tiny)
    norms: Tensor = (squares @ vectors).norm(dim=(1, 2))
    return norms


def _memory(jacobian: Floats) -> int | None:
    below = np.flatnonzero(jacobian < FORGOTTEN)
    return int(below[0]) if len(below) else None


def _spectrum(seen: Seen) -> dict[str, NDArray[np.complex128]]:
    names = GATES[seen.cell]
    matrices = seen.weights[1].double().chunk(len(names)) if len(seen.weights[1]) else ()
    return {
        name: torch.linalg.eigvals(matrix).numpy()
        for name, matrix in zip(names, matrices, strict=False)
    }


def _gates(seen: Seen) -> dict[str, Floats]:
    """Return the shares of gates' values in parts of 0 to 1, over all true steps.

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
    gates = torch.sigmoid(summed(seen, hidden)[_real(seen)]).chunk(
        len(names), dim=1
    )  # (steps, H) each
    return {
        name: np.histogram(gate, PARTS, (0.0, 1.0))[0] / max(gate.numel(), 1)
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
