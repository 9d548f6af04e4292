"""Layer-normalised layers over whole batches: steps whose inputs' products are ready.

The caller forms W x of all steps at once; here it is normalised, and laid out for `layer_normed`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sestina.kernels import plans
from sestina.kernels.arguments import (
    Arguments,
    set_batch,
    set_gradients,
    set_masks,
    set_states,
    set_weights,
    set_zone,
)
from sestina.kernels.cells import Weights, Zone
from sestina.kernels.compiled import Kernel
from sestina.kernels.layer_normed import (
    ROWS,
    normed_gru_backward,
    normed_gru_forward,
    normed_gru_give,
    normed_gru_inputs,
    normed_lstm_backward,
    normed_lstm_forward,
    normed_lstm_give,
    normed_lstm_inputs,
)
from sestina.kernels.layouts import LAYOUTS, padded
from sestina.kernels.packing import PACK_BACKWARD, SUM_SHARES
from sestina.kernels.parallel import run
from sestina.kernels.plans import plan
from sestina.kernels.sequence import PAD
from sestina.kernels.workspace import lend

Array = NDArray[np.float32]
CELLS = {"lstm": "lstm_normed", "gru_after": "gru_normed"}
KERNELS = {
    "lstm_normed": (
        Kernel(normed_lstm_inputs),
        Kernel(normed_lstm_forward),
        Kernel(normed_lstm_backward),
        Kernel(normed_lstm_give),
    ),
    "gru_normed": (
        Kernel(normed_gru_inputs),
        Kernel(normed_gru_forward),
        Kernel(normed_gru_backward),
        Kernel(normed_gru_give),
    ),
}
"""W x normalised and laid out; steps; steps back; the gradients of W x."""


class Gains(NamedTuple):
    """What scales and shifts normalised values: arrays, or tensors."""

    input: Any  # γ of W x, (G·H,)
    bias: Any  # b, (G·H,)
    hidden: Any  # γ of U h, (G·H,)
    cell: Any | None = None  # γc of an LSTM's c, (H,)
    cell_bias: Any | None = None  # βc, (H,)


def forward(
    cell: str,
    sums: Array,
    hidden: Any,
    gains: Gains,
    state: tuple[Any, ...] | None = None,
    *,
    lengths: NDArray[np.int64] | None = None,
    reverse: bool = False,
    hidden_mask: Array | None = None,
    zone: Zone | None = None,
    outputs: Array | None = None,
    keep: bool = True,
) -> tuple[tuple[Array, ...], Arguments]:
    """Run one layer in one direction.

    Args:
        cell: A key of `CELLS`.
        sums: W x (B, T, G·H), contiguous, G in PyTorch's order.
        hidden: U (G·H, H), contiguous.
        gains: Of W x, with b, of U h, and of c.
        state: As in `recurrent.forward`, and so are all others.
        lengths: See there.
        reverse: See there.
        hidden_mask: See there.
        zone: See there.
        outputs: See there.
        keep: See there.

    Returns:
        Final states, (B, H) each, and what `backward` goes by, for one call.
    """
    batch, steps, wide = sums.shape
    none = np.zeros((wide, 0), np.float32), np.zeros(wide, np.float32)
    a = Arguments(CELLS[cell], Weights(none[0], hidden, none[1], none[1]))
    set_weights(a)
    numbers = np.arange(batch * steps).reshape(batch, steps)
    set_batch(a, numbers, lengths, keep)
    a["reverse"] = reverse
    if hidden_mask is not None:
        set_masks(a, None, hidden_mask)
    if zone is not None:
        set_zone(a, zone)
    rows = batch * steps
    a.follow(plan({"table_rows": rows}, {"table": rows * a["w_blocks"] * a["hidden_padded"]}))
    a.set(inputs=sums)
    _set_gains(a, gains)
    run(KERNELS[a.cell][0], -(-rows // ROWS), a.address, 8.0 * sums.size)
    final = set_states(a, "{}0", state, "{}n", None)
    a.set_strided("out", outputs)
    run(KERNELS[a.cell][1], a["chunks"], a.address, a.work)
    return final, a


def _set_gains(a: Arguments, gains: Gains) -> None:
    """Lay out γ and b by the blocks of W and of U, those of c, and which units are real."""
    high, hidden, layout = a["hidden_padded"], a.hidden, LAYOUTS[a.cell]
    count, first = len(layout.w), len(layout.u) + 3
    packed = np.zeros((first + 2 * count, high), np.float32)
    blocks = [(gains.hidden, layout.u, 0), (gains.input, layout.w, first)]
    for values, order, at in [*blocks, (gains.bias, layout.w, first + count)]:
        rows = np.asarray(values).reshape(-1, hidden)
        packed[at : at + len(order), :hidden] = rows[list(order)]
    of_c = packed[len(layout.u) :]
    if gains.cell is not None:
        of_c[0, :hidden], of_c[1, :hidden] = gains.cell, gains.cell_bias
    of_c[2, :hidden] = 1
    a.set(gain=packed, cell_gain=of_c[0], cell_bias=of_c[1], real=of_c[2])
    a.set(x_gain=packed[first], x_shift=packed[first + count])


class Gradients(NamedTuple):
    """Gradients of a loss with respect to what went into a layer, as there."""

    sums: Array
    hidden: Array
    gains: Gains
    state: tuple[Array, ...]


def backward(
    a: Arguments, d_outputs: Array | None = None, d_final: tuple[Any, ...] | None = None
) -> Gradients:
    """Return the gradients of what went into `forward`, whose record is used up.

    Args:
        a: From a forward with `keep`.
        d_outputs: (B, T, H) of unit stride along H; None: no gradient.
        d_final: (B, H) for each final state, or None.
    """
    chunks, masked, zoned = a["chunks"], bool(a["hidden_mask"]), bool(a["zone"])
    a.follow(plans.of_backward(a.cell, 0, a.hidden, chunks, False, masked, zoned))
    run(PACK_BACKWARD, a.panels, a.address, a.packing)
    d_state = set_states(a, "d_{}n", d_final, "d_{}0", None)
    a.set_strided("d_out", d_outputs)
    d_weights = Weights(*(np.empty(weight.shape, np.float32) for weight in a.weights))
    set_gradients(a, d_weights)
    layout, high = LAYOUTS[a.cell], padded(a.hidden)
    own = len(layout.u) + 2  # blocks of γ of U h, and γ and β of c; those of γ of W x follow
    shares = np.zeros((chunks, own + len(layout.w), high), np.float32)
    d_sums = lend((a["rows"], a["steps"], len(d_weights.input)))
    a.set(d_gain=shares, d_x_gain=shares[0, own], d_inputs=d_sums)
    a["d_gain_size"] = shares[:1].nbytes
    _, _, back, give = KERNELS[a.cell]
    run(back, chunks, a.address, 2 * a.work)
    run(SUM_SHARES, high // PAD + 1, a.address, a["d_weights_size"] / 4 * chunks)
    run(give, chunks, a.address, 8.0 * d_sums.size)
    summed = shares.sum(axis=0)[:, : a.hidden]  # chunk by chunk, in their order
    d_hidden, d_input = (np.empty((len(layout.w), a.hidden), np.float32) for _ in range(2))
    d_hidden[list(layout.u)], d_input[list(layout.w)] = summed[: len(layout.u)], summed[own:]
    of_c = summed[own - 2 : own] if a.cell == "lstm_normed" else (None, None)
    gains = Gains(d_input.ravel(), d_weights.input_bias, d_hidden.ravel(), *of_c)
    a.release()
    return Gradients(d_sums, d_weights.hidden, gains, d_state)
