"""Layer-normalised layers over whole batches: steps whose inputs' products are ready.

The caller forms d = γ ∘ N(W x) + b of all steps at once; here it is laid out for `layer_normed`.
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
from sestina.kernels.memory import integer
from sestina.kernels.packing import PACK_BACKWARD, SUM_SHARES, gate_at
from sestina.kernels.parallel import run
from sestina.kernels.plans import plan
from sestina.kernels.sequence import (
    CHUNK,
    PAD,
    arguments,
    clear_padding,
    copy_exactly,
    copy_padded,
    length_of,
    offset_of,
)

Array = NDArray[np.float32]
CELLS = {"lstm": "lstm_normed", "gru_after": "gru_normed"}
KERNELS = {
    "lstm_normed": (Kernel(normed_lstm_forward), Kernel(normed_lstm_backward)),
    "gru_normed": (Kernel(normed_gru_forward), Kernel(normed_gru_backward)),
}
ROWS = 64  # rows of ready products that one chunk of work lays out


class Gains(NamedTuple):
    """What scales and shifts normalised values: arrays, or tensors."""

    hidden: Any  # γ of U h, (G·H,)
    cell: Any | None = None  # γc of an LSTM's c, (H,)
    cell_bias: Any | None = None  # βc, (H,)


def lay_out(chunk, address):
    """Copy `ROWS` rows of ready products (N, G·H) to blocks of Hp, in the order of the cell."""
    a = arguments(address)
    row = 4 * a.w_blocks * a.hidden
    for r in range(chunk * ROWS, min(chunk * ROWS + ROWS, a.table_rows)):
        for block in range(a.w_blocks):
            to = a.table + 4 * (r * a.w_blocks + block) * a.hidden_padded
            source = a.inputs + r * row + 4 * gate_at(a.w_gates, block) * a.hidden
            copy_padded(to, source, a.hidden, a.hidden_padded)


def give_back(chunk, address):
    """Copy a chunk's gradients of the gates to where the products stood; zeros to padding."""
    a = arguments(address)
    first = chunk * CHUNK
    size, row = 4 * a.blocks * a.hidden_padded, 4 * a.w_blocks * a.hidden
    saved = a.saved + integer(a.starts + 8 * chunk) * CHUNK * size
    rows = min(CHUNK, a.rows - first)
    clear_padding(a, a.d_inputs, a.steps * row, row, a.w_blocks * a.hidden, first, rows)
    for r in range(rows):
        for t in range(length_of(a, first + r)):
            to = a.d_inputs + offset_of(a, first + r, t, a.steps * row, row)
            for block in range(a.w_blocks):
                source = saved + (t * CHUNK + r) * size + 4 * block * a.hidden_padded
                copy_exactly(to + 4 * gate_at(a.w_gates, block) * a.hidden, source, a.hidden)


LAY_OUT, GIVE_BACK = Kernel(lay_out), Kernel(give_back)


def forward(
    cell: str,
    driven: Array,
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
        driven: d (B, T, G·H), contiguous, G in PyTorch's order.
        hidden: U (G·H, H), contiguous.
        gains: Of U h, and of c.
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
    batch, steps, wide = driven.shape
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
    a.set(inputs=driven)
    run(LAY_OUT, -(-rows // ROWS), a.address, 4.0 * driven.size)
    _set_gains(a, gains)
    final = set_states(a, "{}0", state, "{}n", None)
    a.set_strided("out", outputs)
    run(KERNELS[a.cell][0], a["chunks"], a.address, a.work)
    return final, a


def _set_gains(a: Arguments, gains: Gains) -> None:
    """Lay out γ by the blocks of U, those of c, and which units are real."""
    high, hidden, order = a["hidden_padded"], a.hidden, LAYOUTS[a.cell].u
    packed = np.zeros((len(order) + 3, high), np.float32)
    packed[: len(order), :hidden] = np.asarray(gains.hidden).reshape(-1, hidden)[list(order)]
    if gains.cell is not None:
        packed[-3, :hidden], packed[-2, :hidden] = gains.cell, gains.cell_bias
    packed[-1, :hidden] = 1
    a.set(gain=packed, cell_gain=packed[-3], cell_bias=packed[-2], real=packed[-1])


class Gradients(NamedTuple):
    """Gradients of a loss with respect to what went into a layer, as there."""

    driven: Array
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
    order, high = LAYOUTS[a.cell].u, padded(a.hidden)
    shares = np.zeros((chunks, len(order) + 2, high), np.float32)
    d_driven = np.empty((a["rows"], a["steps"], len(d_weights.input)), np.float32)
    a.set(d_gain=shares, d_inputs=d_driven)
    a["d_gain_size"] = shares[:1].nbytes
    run(KERNELS[a.cell][1], chunks, a.address, 2 * a.work)
    run(SUM_SHARES, high // PAD + 1, a.address, a["d_weights_size"] / 4 * chunks)
    run(GIVE_BACK, chunks, a.address, 4.0 * d_driven.size)
    summed = shares.sum(axis=0)[:, : a.hidden]  # chunk by chunk, in their order
    d_gain = np.empty((len(order), a.hidden), np.float32)
    d_gain[list(order)] = summed[: len(order)]
    has_cell = a.cell == "lstm_normed"
    gains = Gains(d_gain.ravel(), *(summed[-2:] if has_cell else (None, None)))
    a.release()
    return Gradients(d_driven, d_weights.hidden, gains, d_state)
