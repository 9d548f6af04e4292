"""Recurrent layers over whole batches of ragged sequences, float32: forward and backward.

What is computed is defined in `reference`; here it is computed fast, in chunks over threads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.kernels import folding, gru, lstm, minimal, plans, simple_rnn
from sestina.kernels.arguments import (
    Arguments,
    set_batch,
    set_gradients,
    set_masks,
    set_states,
    set_weights,
    set_zone,
)
from sestina.kernels.cells import Gradients, Weights, Zone
from sestina.kernels.compiled import Kernel
from sestina.kernels.packing import PACK_BACKWARD, SUM_SHARES
from sestina.kernels.parallel import run
from sestina.kernels.sequence import PAD

Array = NDArray[np.float32]

_RNN = Kernel(simple_rnn.simple_rnn_forward), Kernel(simple_rnn.simple_rnn_backward)
KERNELS = {
    "rnn_tanh": _RNN,
    "rnn_relu": _RNN,
    "gru_after": (Kernel(gru.gru_after_forward), Kernel(gru.gru_after_backward)),
    "gru_before": (Kernel(gru.gru_before_forward), Kernel(gru.gru_before_backward)),
    "gru_simple": (Kernel(gru.gru_simple_forward), Kernel(gru.gru_simple_backward)),
    "lstm": (Kernel(lstm.lstm_forward), Kernel(lstm.lstm_backward)),
    "mingru": (Kernel(minimal.mingru_forward), Kernel(minimal.mingru_backward)),
    "minlstm": (Kernel(minimal.minlstm_forward), Kernel(minimal.minlstm_backward)),
}


@dataclass
class Tape:
    """What backward needs of forward; it can be used once.

    Attributes:
        arguments: The record that forward's kernel read.
        shape: That of x (B, T, D), or of the table (U, D).
        used: Whether a backward has been.
    """

    arguments: Arguments
    shape: tuple[int, ...]
    used: bool = False


def forward(
    cell: str,
    x: NDArray[Any],
    weights: Weights,
    state: tuple[Array, ...] | None = None,
    *,
    table: Array | None = None,
    lengths: NDArray[np.int64] | None = None,
    reverse: bool = False,
    input_mask: Array | None = None,
    hidden_mask: Array | None = None,
    zone: Zone | None = None,
    outputs: Array | None = None,
    final: tuple[Any, ...] | None = None,
    keep: bool = True,
) -> tuple[tuple[Any, ...], Tape | None]:
    """Run one layer in one direction.

    Args:
        cell: A key of `GATES`.
        x: (B, T, D) float32 of unit stride along D; or, with `table`, (B, T) int64 row numbers.
        weights: In PyTorch's layout, contiguous; arrays or tensors.
        state: Initial states, (B, H) each; zeros by default. Tensors should be contiguous.
        table: (U, D), of which x names rows: exact, and cheaper where rows occur often.
        lengths: (B,) true lengths, 0 to T; all T by default.
        reverse: Read each row from its last true step to its first.
        input_mask: (B, D) factors of x, the same at every step; not with `table`.
        hidden_mask: (B, H) factors of h where it enters a product.
        zone: Which units of the state stay as they were at a step; none by default.
        outputs: (B, T, H) to be filled, zeros at padding; None where nobody needs them.
        final: Where final states go, (B, H) each, contiguous; new arrays by default.
        keep: Whether a backward follows.

    Returns:
        Final states, (B, H) each, and the tape for `backward`, None without `keep`.
    """
    a = Arguments(cell, weights, table is not None)
    set_weights(a)
    set_batch(a, x, lengths, keep)
    a["reverse"] = reverse
    if input_mask is not None or hidden_mask is not None:
        set_masks(a, input_mask, hidden_mask)
    if zone is not None:
        set_zone(a, zone)
    if table is not None:
        folding.set_table(a, table)
    final = set_states(a, "{}0", state, "{}n", final)
    a.set_strided("out", outputs)
    run(KERNELS[cell][0], a["chunks"], a.address, a.work)
    shape = x.shape if table is None else table.shape
    return final, Tape(a, shape) if keep else None


def backward(
    tape: Tape,
    d_outputs: Array | None = None,
    d_final: tuple[Any, ...] | None = None,
    *,
    need_input: bool = True,
    d_input: Array | None = None,
    d_weights: Weights | None = None,
    d_state: tuple[Any, ...] | None = None,
) -> Gradients:
    """Return the gradients of what went into `forward`.

    Args:
        tape: From a forward with `keep`; it is used up.
        d_outputs: (B, T, H) of unit stride along H; None: no gradient, which is cheaper.
        d_final: (B, H) for each final state, or None.
        need_input: Whether the gradient of x, or of the table, is wanted; else it is empty.
        d_input: (B, T, D) of unit stride along D, or contiguous (U, D) for a table, to be filled;
            a new array by default.
        d_weights: To be filled, contiguous, arrays or tensors; new arrays by default.
        d_state: (B, H) for each initial state, likewise.

    Raises:
        RuntimeError: The tape was used before.
    """
    if tape.used:
        raise RuntimeError("this tape was used: a backward overwrites what its forward saved")
    tape.used = True
    a = tape.arguments
    chunks, masked, zoned = a["chunks"], bool(a["hidden_mask"]), bool(a["zone"])
    a.follow(plans.of_backward(a.cell, a.features, a.hidden, chunks, a.folded, masked, zoned))
    run(PACK_BACKWARD, a.panels, a.address, a.packing)
    d_state = set_states(a, "d_{}n", d_final, "d_{}0", d_state)
    a.set_strided("d_out", d_outputs)
    if d_input is None:
        d_input = np.empty(tape.shape if need_input else (0,) * len(tape.shape), np.float32)
    if not a.folded:
        a.set_strided("d_x", d_input if need_input else None)
    if d_weights is None:
        d_weights = Weights(*(np.empty(weight.shape, np.float32) for weight in a.weights))
    set_gradients(a, d_weights)
    run(KERNELS[a.cell][1], chunks, a.address, 2 * a.work)
    rows = (a["features_padded"] + a["hidden_padded"]) // PAD
    run(SUM_SHARES, rows + 1, a.address, a["d_weights_size"] / 4 * chunks)
    if a.folded:
        folding.give_gradients(a, d_input if need_input else None)
    a.release()
    return Gradients(d_input, d_weights, d_state)
