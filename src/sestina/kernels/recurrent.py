"""Recurrent layers over whole batches of ragged sequences, float32: forward and backward.

What is computed is defined in `reference`; here it is computed fast, in chunks over threads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.kernels import folding, gru, lstm, simple_rnn
from sestina.kernels.arguments import (
    Arguments,
    set_batch,
    set_hidden_weights,
    set_input_weights,
    set_masks,
    set_states,
    set_weights_back,
    set_workspace,
    set_workspace_back,
)
from sestina.kernels.cells import Gradients, Weights
from sestina.kernels.compiled import Kernel
from sestina.kernels.layouts import unpacked
from sestina.kernels.parallel import run

Array = NDArray[np.float32]

_RNN = Kernel(simple_rnn.simple_rnn_forward), Kernel(simple_rnn.simple_rnn_backward)
KERNELS = {
    "rnn_tanh": _RNN,
    "rnn_relu": _RNN,
    "gru_after": (Kernel(gru.gru_after_forward), Kernel(gru.gru_after_backward)),
    "gru_before": (Kernel(gru.gru_before_forward), Kernel(gru.gru_before_backward)),
    "gru_simple": (Kernel(gru.gru_simple_forward), Kernel(gru.gru_simple_backward)),
    "lstm": (Kernel(lstm.lstm_forward), Kernel(lstm.lstm_backward)),
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
    outputs: Array | None = None,
    keep: bool = True,
) -> tuple[tuple[Array, ...], Tape | None]:
    """Run one layer in one direction.

    Args:
        cell: A key of `GATES`.
        x: (B, T, D) float32 of unit stride along D; or, with `table`, (B, T) int64 row numbers.
        weights: In PyTorch's layout.
        state: Initial states, (B, H) each; zeros by default.
        table: (U, D), of which x names rows: exact, and cheaper where rows occur often.
        lengths: (B,) true lengths, 0 to T; all T by default.
        reverse: Read each row from its last true step to its first.
        input_mask: (B, D) factors of x, the same at every step; not with `table`.
        hidden_mask: (B, H) factors of h where it enters a product.
        outputs: (B, T, H) to be filled, zeros at padding; None where nobody needs them.
        keep: Whether a backward follows.

    Returns:
        Final states, (B, H) each, and the tape for `backward`, None without `keep`.
    """
    a = Arguments(cell, weights)
    total = set_batch(a, x, lengths, keep)
    a.set(reverse=reverse)
    set_masks(a, input_mask, hidden_mask)
    set_hidden_weights(a)
    if table is None:
        set_input_weights(a)
    else:
        folding.set_table(a, table)
    set_workspace(a, total)
    final = set_states(a, "{}0", "{}n", state)
    a.set_strided("out", outputs)
    run(KERNELS[cell][0], a.chunks, a.address, a.work)
    shape = x.shape if table is None else table.shape
    return final, Tape(a, shape) if keep else None


def backward(
    tape: Tape,
    d_outputs: Array | None = None,
    d_final: tuple[Array | None, ...] | None = None,
    *,
    need_input: bool = True,
    d_input: Array | None = None,
) -> Gradients:
    """Return the gradients of what went into `forward`.

    Args:
        tape: From a forward with `keep`; it is used up.
        d_outputs: (B, T, H) of unit stride along H; None: no gradient, which is cheaper.
        d_final: (B, H) for each final state, or None.
        need_input: Whether the gradient of x, or of the table, is wanted; else it is empty.
        d_input: (B, T, D) of unit stride along D, to be filled with the gradient of x; a new array
            by default.

    Raises:
        RuntimeError: The tape was used before.
    """
    if tape.used:
        raise RuntimeError("this tape was used: a backward overwrites what its forward saved")
    tape.used = True
    a = tape.arguments
    set_weights_back(a)
    workspace = set_workspace_back(a)
    d_state = set_states(a, "d_{}n", "d_{}0", d_final)
    a.set_strided("d_out", d_outputs)
    d_x = np.empty((0, 0, 0), np.float32)
    folded = bool(a["table"])
    if need_input and not folded:
        d_x = np.empty(tape.shape, np.float32) if d_input is None else d_input
        a.set_strided("d_x", d_x)
    run(KERNELS[a.cell][1], a.chunks, a.address, 2 * a.work)
    sums = workspace.arrays[1].reshape(a.chunks, a["d_weights_size"] // 4).sum(axis=0)
    d_weights = unpacked(sums, a.layout, a["features"], a["hidden"])
    if folded:
        d_x, d_input = folding.table_gradients(a, need_input)
        d_weights = d_weights._replace(input=d_input)
    assert a.workspace is not None
    a.workspace.release()
    return Gradients(d_x, d_weights, d_state)
