"""How each cell's weights and saved values lie in memory, and the way there and back.

A cell's H-blocks are PyTorch's gates in an order of our own, so that those which W makes and those
which U makes are each neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.kernels.cells import Weights
from sestina.kernels.sequence import PAD
from sestina.kernels.simd import LANES

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Layout:
    """Where a cell's blocks stand.

    Attributes:
        blocks: H-blocks saved per step and row.
        w: PyTorch's gate in each block that W makes; these stand first.
        u: PyTorch's gate in each block that U makes from h; these stand at `u_first`.
        u_first: See `u`.
        inner: PyTorch's gate that U makes from r ∘ h, which is the last saved block; or None.
        apart: Whether the last of U's blocks has its own bias, added before r multiplies.
    """

    blocks: int
    w: tuple[int, ...]
    u: tuple[int, ...]
    u_first: int = 0
    inner: int | None = None
    apart: bool = False


LAYOUTS = {
    "rnn_tanh": Layout(1, (0,), (0,)),
    "rnn_relu": Layout(1, (0,), (0,)),
    "lstm": Layout(4, (0, 1, 2, 3), (0, 1, 2, 3)),
    "gru_simple": Layout(2, (0, 1), (0, 1)),
    "gru_after": Layout(4, (2, 0, 1), (0, 1, 2), u_first=1, apart=True),  # n, r, z, U h + c of n
    "gru_before": Layout(4, (2, 0, 1), (0, 1), u_first=1, inner=2),  # n, r, z, r ∘ h
}


def padded(size: int) -> int:
    """Return `size` rounded up to a multiple of `PAD`."""
    return -(-size // PAD) * PAD


def gates_of(weight: Array, gates: tuple[int, ...], hidden: int) -> Array:
    """Return some gates of a weight (G·H, …) with zero rows up to Hp: (gates, Hp, …)."""
    rest = weight.shape[1:]
    blocks = weight.reshape(len(weight) // hidden, hidden, *rest)
    out = np.zeros((len(gates), padded(hidden), *rest), np.float32)
    for place, gate in enumerate(gates):
        out[place, :hidden] = blocks[gate]
    return out


def interleaved(blocks: Array) -> Array:
    """Pack blocks (G, Hp, K) for a step: (Hp / lanes, K, G, lanes), flat."""
    g, h, k = blocks.shape
    return blocks.reshape(g, h // LANES, LANES, k).transpose(1, 3, 0, 2).ravel()


def panels(matrix: Array) -> Array:
    """Pack a matrix (K, N), N up to a multiple of `PAD`: (N / lanes, K, lanes), flat."""
    k, n = matrix.shape
    out = np.zeros((padded(n) // LANES, k, LANES), np.float32)
    whole = n // LANES
    out[:whole] = matrix[:, : whole * LANES].reshape(k, whole, LANES).transpose(1, 0, 2)
    if whole * LANES < n:
        out[whole, :, : n - whole * LANES] = matrix[:, whole * LANES :]
    return out.ravel()


def stacked(blocks: Array) -> Array:
    """Join blocks (G, Hp, K) to one matrix (G·Hp, K)."""
    return blocks.reshape(blocks.shape[0] * blocks.shape[1], blocks.shape[2])


def unpacked(sums: Array, layout: Layout, features: int, hidden: int) -> Weights:
    """Turn a cell's summed gradients, as `recurrence` lays them, into PyTorch's layout."""
    high, wide, gates = padded(hidden), padded(features), len(layout.w)
    w_end, u_end = wide * gates * high, (wide + high) * gates * high
    w = sums[:w_end].reshape(wide, gates, high)[:features, :, :hidden]
    u = sums[w_end:u_end].reshape(high, gates, high)[:hidden, :, :hidden]
    bias = sums[u_end:].reshape(layout.blocks, high)[:, :hidden]
    from_h = layout.u if layout.inner is None else (*layout.u, layout.inner)
    other = [*range(gates)]
    if layout.apart:
        other[layout.w.index(layout.u[-1])] = layout.blocks - 1
    return Weights(
        ordered(w.transpose(1, 2, 0), layout.w),
        ordered(u.transpose(1, 2, 0), from_h),
        ordered(bias[:gates], layout.w),
        ordered(bias[other], layout.w),
    )


def ordered(blocks: Any, gates: tuple[int, ...]) -> Array:
    """Put blocks (G, H, …) into PyTorch's order of gates and join them: (G·H, …)."""
    out = np.empty_like(blocks, order="C")
    for place, gate in enumerate(gates):
        out[gate] = blocks[place]
    result: Array = out.reshape(out.shape[0] * out.shape[1], *out.shape[2:])
    return result
