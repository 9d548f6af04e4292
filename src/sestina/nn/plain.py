"""The cells as a loop of torch operations: any dtype, any device, any order of derivative.

Slower than the kernels and than cuDNN, and right where those cannot go: float64 and half, options
that cuDNN lacks, second derivatives, `torch.func`. The definitions are those of `kernels.cells`
(rows D1–D5, D10 and D11 of the lectures: Elman 1990; Cho et al. 2014; Hochreiter and Schmidhuber
1997; Gal and Ghahramani 2016; Krueger et al. 2016). Letters: B batch, T time, D features in, H
hidden, G gates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from sestina.kernels.cells import STATES, Zone
from sestina.nn.norms import BatchNorm, LayerNorm, Norm

State = tuple[Tensor, ...]
Tensors = tuple[Tensor, Tensor, Tensor | None, Tensor | None]  # W, U, b, c as in cells.Weights
Product = Callable[..., Tensor]


class Way(NamedTuple):
    """One direction of a layer: its weights, and what a call gives it besides the input."""

    weights: Tensors
    state: State | None = None  # (B, H) each; None is zeros
    input_mask: Tensor | None = None  # (B, D), on every x_t
    hidden_mask: Tensor | None = None  # (B, H), on h_{t−1} where it enters the product with U
    zone: Zone | None = None  # which units stay as they were
    norm: LayerNorm | BatchNorm | None = None


class Seen(NamedTuple):
    """One direction of a layer as it ran: what went in, and the states of every step."""

    cell: str
    x: Tensor  # (B, T, D), dropout's mask on it
    weights: Tensors
    lengths: Tensor | None  # (B,)
    reverse: bool
    before: State  # (B, H) each: the initial state
    states: list[State]  # of T steps in the order of time, (B, H) each, nodes of the graph
    zone: Zone | None = None
    norm: Norm | None = None


def layer(
    cell: str,
    x: Tensor,
    ways: Sequence[Way],
    lengths: Tensor | None = None,
    watch: Callable[[Seen], None] | None = None,
) -> tuple[Tensor, list[Tensor]]:
    """Run one layer, forwards and, if there is a second way, backwards in time.

    Args:
        cell: A name in `kernels.cells.GATES`.
        x: (B, T, D).
        ways: One or two.
        lengths: (B,) true lengths; all T if None.
        watch: Is told of each way.

    Returns:
        Outputs (B, T, H · ways), and the final states, (ways, B, H) each.
    """
    parts: list[Tensor] = []
    finals: list[State] = []
    for number, way in enumerate(ways):
        outputs, final = run(
            cell,
            x,
            way.weights,
            way.state,
            lengths=lengths,
            reverse=number == 1,
            input_mask=way.input_mask,
            hidden_mask=way.hidden_mask,
            zone=way.zone,
            norm=way.norm,
            watch=watch,
        )
        parts.append(outputs)
        finals.append(final)
    states = [torch.stack(state) for state in zip(*finals, strict=True)]
    return torch.cat(parts, dim=2) if len(parts) > 1 else parts[0], states


def run(
    cell: str,
    x: Tensor,
    weights: Tensors,
    state: State | None = None,
    *,
    lengths: Tensor | None = None,
    reverse: bool = False,
    input_mask: Tensor | None = None,
    hidden_mask: Tensor | None = None,
    zone: Zone | None = None,
    norm: LayerNorm | BatchNorm | None = None,
    watch: Callable[[Seen], None] | None = None,
) -> tuple[Tensor, State]:
    """Run one cell over sequences; padding, NaN included, is never looked at.

    Args:
        cell: A name in `kernels.cells.GATES`.
        x: (B, T, D).
        weights: W (G·H, D), U (G·H, H), and the biases b and c (G·H,) or None.
        state: Initial state, (B, H) each; zeros if None.
        lengths: (B,) true lengths; all T if None.
        reverse: Run from each row's end to its beginning.
        input_mask: (B, D), multiplied with every x_t.
        hidden_mask: (B, H), multiplied with h_{t−1} where it enters the product with U.
        zone: Which units of the state stay as they were at a step.
        norm: Of layers that normalise; of GRUs "gru_after" alone does.
        watch: Is told of the run when it is over.

    Returns:
        Outputs (B, T, H), zeros at padding, and the state after each row's last true step.
    """
    with _without_autocast(x.device.type):
        x = _entering(x, lengths, input_mask)
        here: Norm | None = None if norm is None else norm.here(lengths, reverse, x)
        turned = reverse and here is not None and here.together
        if turned:
            x, reverse = _flipped(x, lengths), False
        _, recurrent, _, hidden_bias = weights
        driven = drive(x, weights, here)  # (B, T, G·H)
        if not len(recurrent) and hidden_bias is not None:  # no product will add it
            driven = driven + hidden_bias
        size = recurrent.shape[1]
        if state is None:
            state = (x.new_zeros(x.shape[0], size),) * STATES[cell]
        way = Way(weights, state, None, hidden_mask, zone)
        states = _run_driven(cell, driven, way, here, lengths, reverse, watch is not None)
        if watch is not None:
            watch(Seen(cell, x, weights, lengths, reverse, state, states, zone, here))
        outputs, final = _closed(driven, state, states, lengths, reverse)
        return _flipped(outputs, lengths) if turned else outputs, final


def _entering(x: Tensor, lengths: Tensor | None, mask: Tensor | None) -> Tensor:
    """Return x (B, T, D) with zeros for padding, times its mask (B, D)."""
    if lengths is not None:
        x = torch.where(_real(lengths, x), x, 0.0)
    return x if mask is None else x * mask[:, None]


def _flipped(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Return x (B, T, D) with the true steps of each row in the opposite order."""
    if lengths is None:
        return x.flip(1)
    steps = torch.arange(x.shape[1], device=x.device)
    ends = lengths.to(x.device)[:, None]
    order = torch.where(steps < ends, ends - 1 - steps, steps)  # (B, T)
    return x.gather(1, order[:, :, None].expand(x.shape))


def _run_driven(
    cell: str,
    driven: Tensor,
    way: Way,
    norm: Norm | None,
    lengths: Tensor | None,
    reverse: bool,
    apart: bool = False,
) -> list[State]:
    """Return the states after each step in the order of time, the inputs' part (B, T, G·H) given.

    `way` has a state. `apart`: h and c of a step are nodes of which neither comes from the other.
    """
    _, recurrent, _, hidden_bias = way.weights
    assert way.state is not None
    product = partial(_product, recurrent, hidden_bias, way.hidden_mask, norm)
    zone, size = way.zone, recurrent.shape[1]
    stays = None if zone is None else _stays(zone, driven, size, lengths, reverse)
    how = _Order(None if lengths is None else _real(lengths, driven), reverse, apart)
    return _steps(_step_of(cell, norm), driven, way.state, product, stays, how)


def _closed(
    driven: Tensor, state: State, states: list[State], lengths: Tensor | None, reverse: bool
) -> tuple[Tensor, State]:
    """Return outputs (B, T, H) and the final state of a run that began with `state`."""
    if not states:
        return driven[:, :, : state[0].shape[1]], state
    outputs = torch.stack([each[0] for each in states], dim=1)
    if lengths is not None:
        outputs = torch.where(_real(lengths, outputs), outputs, 0.0)
    return outputs, states[0 if reverse else -1]


def autocast_is_on(device: str) -> bool:
    """Tell whether autocast is at work on a type of device, which may not know it at all."""
    return torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)


def _without_autocast(device: str) -> AbstractContextManager[object]:
    """Keep a loop's operations in the type of its weights."""
    return torch.autocast(device, enabled=False) if autocast_is_on(device) else nullcontext()


def _real(lengths: Tensor, x: Tensor) -> Tensor:
    """Return which steps of x (B, T, D) are not padding, (B, T, 1)."""
    steps = torch.arange(x.shape[1], device=x.device)
    return (steps < lengths.to(x.device)[:, None])[:, :, None]


def _stays(zone: Zone, x: Tensor, size: int, lengths: Tensor | None, reverse: bool) -> list[Tensor]:
    """Return which share of h, and of c, stays at each step of x (B, T, D): (B, T, H) each."""
    batch, steps = x.shape[:2]
    shares = (zone.hidden, zone.cell)
    if zone.key is None:
        return [x.new_full((batch, steps, size), share) for share in shares]
    from sestina.kernels import coins  # which loads numba

    read = np.broadcast_to(np.arange(steps), (batch, steps))  # in what order a row is read
    if reverse:
        ends = np.full(batch, steps) if lengths is None else lengths.cpu().numpy()
        read = np.maximum(ends[:, None] - 1 - read, 0)
    made = [coins.tossed(zone.key, part, read, size, share) for part, share in enumerate(shares)]
    return [torch.from_numpy(part).to(x) for part in made]


def drive(x: Tensor, weights: Tensors, norm: Norm | None) -> Tensor:
    """Return what a layer's input gives to its gates, b with it: (…, D) → (…, G·H)."""
    kernel, _, bias, _ = weights
    if norm is None:
        return F.linear(x, kernel, bias)
    return norm.inputs(F.linear(x, kernel), bias)


def summed(seen: Seen, hidden: Tensor) -> Tensor:
    """Return W x + b + U h + c, normalised where a layer does that, for h (B, T, H) before."""
    sums = drive(seen.x, seen.weights, seen.norm)
    if len(seen.weights[1]):
        every = slice(None)
        sums = sums + _product(seen.weights[1], seen.weights[3], None, seen.norm, every)(hidden)
    return sums


def _product(
    weight: Tensor, bias: Tensor | None, mask: Tensor | None, norm: Norm | None, step: int | slice
) -> Product:
    """Return h, first row, last row → (h ∘ mask) Uᵀ + c of those rows of U.

    With `norm` that is (h ∘ mask) Uᵀ of all rows, normalised as at a step, or at all of them.
    """
    if norm is not None:
        return lambda h: norm.states(F.linear(h if mask is None else h * mask, weight), step)

    def product(h: Tensor, first: int | None = None, last: int | None = None) -> Tensor:
        masked = h if mask is None else h * mask
        if first is None and last is None:
            return F.linear(masked, weight, bias)
        return F.linear(masked, weight[first:last], None if bias is None else bias[first:last])

    return product


def advanced(seen: Seen, driven: Tensor, rates: Tensor | None, state: Tensor) -> Tensor:
    """Return the whole state after one step from the whole state before it, as a function of it.

    Args:
        seen: Whose weights.
        driven: W x + b of the step, (G·H,).
        rates: What multiplies U h there, (G·H,), of layers whose norm has such.
        state: h, or h and c, one after the other, (S,).

    Returns:
        The same of the step's end, (S,).
    """
    _, recurrent, _, hidden_bias = seen.weights
    parts = state[None].split(recurrent.shape[1], dim=1)
    norm = seen.norm if rates is None else None
    plain = _product(recurrent, hidden_bias, None, norm, 0)
    product = plain if rates is None else (lambda h: plain(h) * rates)
    new = _step_of(seen.cell, seen.norm)(driven[None], parts, product)
    if seen.zone is not None:  # in expectation, as in evaluation
        shares = (seen.zone.hidden, seen.zone.cell)
        new = tuple(m * s + (1 - m) * n for m, s, n in zip(shares, parts, new, strict=False))
    return torch.cat(new, dim=1)[0]


class _Order(NamedTuple):
    """How a loop goes through the steps."""

    real: Tensor | None  # (B, T, 1), which steps are not padding
    reverse: bool
    apart: bool  # h and c of a step shall be nodes of which neither comes from the other


def _step_of(cell: str, norm: Norm | None) -> Callable[[Tensor, State, Product], State]:
    if norm is None or STATES[cell] < 2:
        return _STEPS[cell]
    return partial(_lstm, shown=norm.shown)


def _steps(
    step: Callable[[Tensor, State, Product], State],
    driven: Tensor,
    state: State,
    product: Callable[[int], Product],
    stays: list[Tensor] | None,
    how: _Order,
) -> list[State]:
    """Return the states after each step, in the order of time; `stays` are shares (B, T, H)."""
    found: list[State] = []
    order = range(driven.shape[1])
    for t in reversed(order) if how.reverse else order:
        new = step(driven[:, t], state, product(t))
        if stays is not None:
            shares = [part[:, t] for part in stays]
            new = tuple(m * s + (1 - m) * n for m, s, n in zip(shares, state, new, strict=False))
        if how.real is not None:  # a row that is not there yet, or no more, keeps its state
            new = tuple(torch.where(how.real[:, t], *pair) for pair in zip(new, state, strict=True))
        state = tuple(part.view_as(part) for part in new) if how.apart else new
        found.append(state)
    return found[::-1] if how.reverse else found


def _rnn_tanh(driven: Tensor, state: State, product: Product) -> State:
    return (torch.tanh(driven + product(state[0])),)


def _rnn_relu(driven: Tensor, state: State, product: Product) -> State:
    return (torch.relu(driven + product(state[0])),)


def _gru_after(driven: Tensor, state: State, product: Product) -> State:
    (h,) = state
    for_r, for_z, for_n = driven.chunk(3, dim=1)
    u_r, u_z, u_n = product(h).chunk(3, dim=1)
    r, z = torch.sigmoid(for_r + u_r), torch.sigmoid(for_z + u_z)
    n = torch.tanh(for_n + r * u_n)
    return ((1 - z) * n + z * h,)


def _gru_before(driven: Tensor, state: State, product: Product) -> State:
    (h,) = state
    both = 2 * h.shape[1]
    r, z = torch.sigmoid(driven[:, :both] + product(h, None, both)).chunk(2, dim=1)
    n = torch.tanh(driven[:, both:] + product(r * h, both, None))
    return ((1 - z) * n + z * h,)


def _gru_simple(driven: Tensor, state: State, product: Product) -> State:
    (h,) = state
    for_z, for_n = (driven + product(h)).chunk(2, dim=1)
    z = torch.sigmoid(for_z)
    return ((1 - z) * torch.tanh(for_n) + z * h,)


def _lstm(
    driven: Tensor,
    state: State,
    product: Product,
    shown: Callable[[Tensor], Tensor] = torch.tanh,
) -> State:
    h, c = state
    for_i, for_f, for_g, for_o = (driven + product(h)).chunk(4, dim=1)
    c = torch.sigmoid(for_f) * c + torch.sigmoid(for_i) * torch.tanh(for_g)
    return torch.sigmoid(for_o) * shown(c), c


def _mingru(driven: Tensor, state: State, product: Product) -> State:
    z, n = driven.chunk(2, dim=1)
    z = torch.sigmoid(z)
    return ((1 - z) * state[0] + z * n,)


def _minlstm(driven: Tensor, state: State, product: Product) -> State:
    f, i, n = driven.chunk(3, dim=1)
    f, i = torch.sigmoid(f.clamp(min=-60)), torch.sigmoid(i.clamp(min=-60))
    return ((f * state[0] + i * n) / (f + i),)


_STEPS = {
    "rnn_tanh": _rnn_tanh,
    "rnn_relu": _rnn_relu,
    "gru_after": _gru_after,
    "gru_before": _gru_before,
    "gru_simple": _gru_simple,
    "lstm": _lstm,
    "mingru": _mingru,
    "minlstm": _minlstm,
}
