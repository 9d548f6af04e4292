"""Layer-normalised layers over whole batches of ragged sequences: forward and backward.

What is computed is defined in `reference_normed`; what `recurrent` does for other cells is done
here for these, whose scales and shifts come beside their weights.
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
    normed_gru_backward,
    normed_gru_forward,
    normed_lstm_backward,
    normed_lstm_forward,
)
from sestina.kernels.layouts import LAYOUTS, padded
from sestina.kernels.packing import PACK_BACKWARD, SUM_SHARES
from sestina.kernels.parallel import run
from sestina.kernels.sequence import PAD
from sestina.kernels.workspace import lend

Array = NDArray[np.float32]
CELLS = {"lstm": "lstm_normed", "gru_after": "gru_normed"}
KERNELS = {
    "lstm_normed": (Kernel(normed_lstm_forward), Kernel(normed_lstm_backward)),
    "gru_normed": (Kernel(normed_gru_forward), Kernel(normed_gru_backward)),
}


class Gains(NamedTuple):
    """What scales and shifts normalised values: arrays, or tensors."""

    input: Any  # γ of W x, (G·H,)
    bias: Any  # b, (G·H,)
    hidden: Any  # γ of U h, (G·H,)
    cell: Any | None = None  # γc of an LSTM's c, (H,)
    cell_bias: Any | None = None  # βc, (H,)


def forward(
    cell: str,
    x: Array,
    kernel: Any,
    hidden: Any,
    gains: Gains,
    state: tuple[Any, ...] | None = None,
    *,
    lengths: NDArray[np.int64] | None = None,
    reverse: bool = False,
    input_mask: Array | None = None,
    hidden_mask: Array | None = None,
    zone: Zone | None = None,
    outputs: Array | None = None,
    keep: bool = True,
) -> tuple[tuple[Array, ...], Arguments]:
    """Run one layer in one direction.

    Args:
        cell: A key of `CELLS`.
        x: (B, T, D) of unit stride along D.
        kernel: W (G·H, D), contiguous, G in PyTorch's order.
        hidden: U (G·H, H), contiguous.
        gains: Of W x, with b, of U h, and of c.
        state: As in `recurrent.forward`, and so are all others.
        lengths: See there.
        reverse: See there.
        input_mask: See there.
        hidden_mask: See there.
        zone: See there.
        outputs: See there.
        keep: See there.

    Returns:
        Final states, (B, H) each, and what `backward` goes by, for one call.
    """
    none = np.zeros(len(kernel), np.float32)
    a = Arguments(CELLS[cell], Weights(kernel, hidden, none, none))
    set_weights(a)
    set_batch(a, x, lengths, keep)
    a["reverse"] = reverse
    set_masks(a, input_mask, hidden_mask)
    if zone is not None:
        set_zone(a, zone)
    _set_gains(a, gains)
    final = set_states(a, "{}0", state, "{}n", None)
    a.set_strided("out", outputs)
    run(KERNELS[a.cell][0], a["chunks"], a.address, a.work)
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

    x: Array
    kernel: Array
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
    a.follow(plans.of_backward(a.cell, a.features, a.hidden, chunks, False, masked, zoned))
    run(PACK_BACKWARD, a.panels, a.address, a.packing)
    d_state = set_states(a, "d_{}n", d_final, "d_{}0", None)
    a.set_strided("d_out", d_outputs)
    d_x = lend((a["rows"], a["steps"], a.features))
    a.set_strided("d_x", d_x)
    d_weights = Weights(*(np.empty(weight.shape, np.float32) for weight in a.weights))
    set_gradients(a, d_weights)
    order, count = LAYOUTS[a.cell], len(LAYOUTS[a.cell].w)
    shares = np.zeros((chunks, 3 * count + 2, padded(a.hidden)), np.float32)
    a.set(d_gain=shares)
    a["d_gain_size"] = shares[:1].nbytes
    run(KERNELS[a.cell][1], chunks, a.address, 2 * a.work)
    rows = (a["features_padded"] + a["hidden_padded"]) // PAD
    run(SUM_SHARES, rows + 1, a.address, a["d_weights_size"] / 4 * chunks)
    summed = shares.sum(axis=0)[:, : a.hidden]  # chunk by chunk, in their order
    gains = np.empty((3, count, a.hidden), np.float32)  # γ of W x, b, γ of U h
    gains[0, list(order.w)], gains[1, list(order.w)] = summed[count + 2 :].reshape(2, count, -1)
    gains[2, list(order.u)] = summed[:count]
    of_c = summed[count : count + 2] if a.cell == "lstm_normed" else (None, None)
    a.release()
    scales = Gains(*gains.reshape(3, -1), *of_c)
    return Gradients(d_x, d_weights.input, d_weights.hidden, scales, d_state)
