"""Fill the record that kernels read: batch, weights, states, workspaces."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.kernels.cells import STATES, Weights
from sestina.kernels.layouts import LAYOUTS, gates_of, interleaved, padded, panels, stacked
from sestina.kernels.sequence import BLOCK, CHUNK, FIELDS, PAD
from sestina.kernels.workspace import Workspace, address

Array = NDArray[np.float32]

PLACES = {name: place for place, name in enumerate(FIELDS)}


class Arguments:
    """The record of one forward and its backward, and the arrays whose addresses stand in it.

    Attributes:
        cell: A key of `GATES`.
        chunks: Chunks of the batch.
        steps: True steps of all its rows.
        weights: As given to forward.
        workspace: What forward saves.
        folded: A table's rows and their products with W.
    """

    def __init__(self, cell: str, weights: Weights) -> None:
        self.cell, self.weights, self.layout = cell, weights, LAYOUTS[cell]
        self.record = np.zeros(len(PLACES), np.int64)
        self.address = address(self.record)
        self.chunks = 0
        self.steps = 0
        self.workspace: Workspace | None = None
        self.folded: Workspace | None = None
        self._alive: dict[str, Any] = {}
        hidden = weights.hidden.shape[1]
        self.set(
            hidden=hidden,
            hidden_padded=padded(hidden),
            relu=cell == "rnn_relu",
            blocks=self.layout.blocks,
            w_blocks=len(self.layout.w),
            u_first=self.layout.u_first,
            u_blocks=len(self.layout.u),
        )

    def set(self, **values: Any) -> None:
        """Set fields: numbers, arrays by their addresses, None as 0."""
        for name, value in values.items():
            if isinstance(value, np.ndarray):
                self._alive[name] = value
                self.record[PLACES[name]] = address(value)
            else:
                self.record[PLACES[name]] = 0 if value is None else value

    def set_strided(self, name: str, array: NDArray[Any] | None) -> None:
        """Set an array (B, T, …) and its first two strides."""
        if array is not None:
            strides = {f"{name}_row": array.strides[0], f"{name}_step": array.strides[1]}
            self.set(**{name: array}, **strides)

    def __getitem__(self, name: str) -> int:
        return int(self.record[PLACES[name]])

    @property
    def work(self) -> float:
        """Multiplications and additions of a forward."""
        return 2.0 * self.steps * self.weights.hidden.size * (1 + self["features"] / self["hidden"])

    def array(self, name: str) -> Any:
        """Return the array whose address stands in a field."""
        return self._alive[name]


def set_batch(a: Arguments, x: NDArray[Any], lengths: NDArray[np.int64] | None, keep: bool) -> int:
    """Sort the rows by falling length and cut them into chunks; return the steps to be saved."""
    rows, steps = x.shape[:2]
    if lengths is None:
        order, lengths = np.arange(rows), np.full(rows, steps)
    else:
        order = np.argsort(-lengths, kind="stable")
        lengths = lengths[order].astype(np.int64, copy=False)
    stored = lengths[::CHUNK] if keep else np.ones_like(lengths[::CHUNK])
    starts = np.concatenate([[0], np.cumsum(stored)])
    a.chunks, a.steps = len(stored), int(lengths.sum())
    a.set(rows=rows, steps=steps, keep=keep, order=order, lengths=lengths, starts=starts)
    a.set_strided("x", x)
    return int(starts[-1])


def set_masks(a: Arguments, input_mask: Array | None, hidden_mask: Array | None) -> None:
    """Set the masks (B, D) and (B, H), their rows sorted and their columns padded."""
    for name, mask in (("input_mask", input_mask), ("hidden_mask", hidden_mask)):
        if mask is not None:
            full = np.zeros((len(mask), padded(mask.shape[1])), np.float32)
            full[:, : mask.shape[1]] = mask[a.array("order")]
            a.set(**{name: full})


def set_states(
    a: Arguments, start: str, end: str, states: tuple[Array | None, ...] | None
) -> tuple[Array, ...]:
    """Set states (B, H) to start from, at `h` + `start` …, and return those to be filled."""
    count = STATES[a.cell]
    filled = tuple(np.empty((a["rows"], a["hidden"]), np.float32) for _ in range(count))
    for letter, given, empty in zip("hc", states or (None,) * count, filled, strict=False):
        known = None if given is None else np.ascontiguousarray(given)
        a.set(**{start.format(letter): known, end.format(letter): empty})
    return filled


def set_workspace(a: Arguments, total: int) -> None:
    """Take memory for `total` steps of a chunk: saved gates, h and, for an LSTM, c."""
    slot = CHUNK * a["hidden_padded"]
    scratch = CHUNK * max(a["features_padded"], 2) + slot  # inputs or addresses; masked states
    states = (total + a.chunks) * slot
    cells = states if a.cell == "lstm" else 0
    a.workspace = Workspace([total * slot * a["blocks"], states, cells, a.chunks * scratch])
    saved, history, c, scratches = a.workspace.arrays
    a.set(saved=saved, history=history, cells=c if cells else None)
    a.set(scratch=scratches, scratch_size=4 * scratch)


def set_hidden_weights(a: Arguments) -> None:
    """Pack U and the biases for steps forward."""
    layout, (_, hidden, input_bias, hidden_bias) = a.layout, a.weights
    h = a["hidden"]
    bias = input_bias + hidden_bias
    if layout.apart:
        apart = slice(layout.u[-1] * h, (layout.u[-1] + 1) * h)
        bias[apart] = input_bias[apart]
        a.set(u_bias=gates_of(hidden_bias, layout.u[-1:], h))
    a.set(bias=gates_of(bias, layout.w, h), u=interleaved(gates_of(hidden, layout.u, h)))
    if layout.inner is not None:
        a.set(u_inner=interleaved(gates_of(hidden, (layout.inner,), h)))


def set_input_weights(a: Arguments) -> None:
    """Pack W for steps forward."""
    layout, h, features = a.layout, a["hidden"], a.weights.input.shape[1]
    a.set(features=features, features_padded=padded(features))
    blocks = gates_of(a.weights.input, layout.w, h)
    if layout.inner is not None:  # its gate stands first
        a.set(w_inner=interleaved(blocks[:1]), w=interleaved(blocks[1:]))
    else:
        a.set(w=interleaved(blocks))


def set_weights_back(a: Arguments) -> None:
    """Pack W and U for steps back, and room for each chunk's share of their gradients."""
    layout, h = a.layout, a["hidden"]
    a.set(w_back=panels(stacked(gates_of(a.weights.input, layout.w, h))))
    a.set(u_back=panels(stacked(gates_of(a.weights.hidden, layout.u, h))))
    if layout.inner is not None:
        inner = gates_of(a.weights.hidden, (layout.inner,), h)
        a.set(u_inner_back=panels(stacked(inner)))


def set_workspace_back(a: Arguments) -> Workspace:
    """Take memory for a backward: scratch, and each chunk's share of the weights' gradients."""
    high, wide, gates = a["hidden_padded"], a["features_padded"], a["w_blocks"]
    slot, rows = CHUNK * high, BLOCK * CHUNK
    parts = {
        "states": slot,
        "at_cells": slot,
        "at_buffer": slot,
        "spare": slot * a["blocks"] + CHUNK * PAD,
        "at_counts": 2 * BLOCK,  # int64
        "at_strip": rows * PAD,
        "at_left": rows * (high + wide),
        "at_inner": 0 if a.layout.inner is None else rows * high,
        "at_gates": 0 if a["table"] else BLOCK * slot * a["blocks"],
        "at_masked": BLOCK * slot if a["hidden_mask"] else 0,
        "at_inputs": rows * wide,
        "at_d_inputs": CHUNK * wide,
    }
    ends = [*accumulate(parts.values())]
    starts = dict(zip([*parts][1:], ends, strict=False))
    a.set(at_spare=4 * (starts.pop("spare") - starts["at_buffer"]))
    a.set(**{name: 4 * start for name, start in starts.items()})
    scratch = ends[-1]
    share = gates * high * (wide + high) + a["blocks"] * high
    workspace = Workspace([a.chunks * scratch, a.chunks * share])
    scratches, shares = workspace.arrays
    a.set(scratch=scratches, scratch_size=4 * scratch)
    a.set(d_weights=shares, d_weights_size=4 * share)
    return workspace
