"""Batch-normalised layers over whole batches, all rows in step; W x comes ready-made.

Letters: B rows, T steps of the longest, N steps of all rows, H hidden, G = 4 gates, L lanes, P
vectors that hold a number of each unit; Hp = P · L.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sestina.kernels.batch_normed import (
    ARGUMENTS,
    batch_normed_backward,
    batch_normed_forward,
)
from sestina.kernels.cells import Zone
from sestina.kernels.coins import parts_of
from sestina.kernels.compiled import Kernel
from sestina.kernels.parallel import run_phases
from sestina.kernels.simd import LANES
from sestina.kernels.tiles import TALL
from sestina.kernels.workspace import address, lend
from sestina.kernels.zoneout import COINS, EXPECTED

Array = NDArray[np.float32]
Numbers = NDArray[np.int64]
OF_UNIT = 400  # operations of a unit's gates and statistics at a step, roughly
KERNELS = Kernel(batch_normed_forward), Kernel(batch_normed_backward)


class Rows(NamedTuple):
    """A batch's rows by falling length, and where the steps of all of them stand.

    Attributes:
        order: Which row of the batch comes where, (B,).
        starts: How many steps of rows stand before each time step, (T + 1,); the last is N.
    """

    order: Numbers
    starts: Numbers


class Scales(NamedTuple):
    """What scales and shifts normalised values, (4 H,) each, gates in PyTorch's order."""

    input: Any  # γ of W x
    hidden: Any  # γ of U h
    bias: Any  # b


class Moments(NamedTuple):
    """Means and variances of W x and of U h at each step, (T, 2, 4 H)."""

    means: Array
    variances: Array
    given: NDArray[np.bool_]  # (T,), which steps go by these; others' are measured and replaced


class Run:
    """A forward, and what `backward` goes by, once.

    Attributes:
        states: h of every row before its first step, of all steps, and zeros, (B + N + 1, Hp).
        used: The same as it entered products with U.
        final: h and c after each row's last step, (B, H) each, in the order of the batch.
        moments: What each step was normalised by.
    """

    def __init__(self, inputs: Array, weight: Any, scales: Scales, rows: Rows) -> None:
        self._record = np.zeros((), ARGUMENTS)
        self._alive: dict[str, Any] = {}
        self._weight, self.rows = np.asarray(weight), rows
        batch, steps, hidden = len(rows.order), len(rows.starts) - 1, self._weight.shape[1]
        panels = -(-hidden // LANES)
        self.hidden, self._high, self._panels, self._shape = (
            hidden,
            panels * LANES,
            panels,
            (batch, steps),
        )
        numbers = {"rows": batch, "steps": steps, "hidden": hidden, "panels": panels}
        for name, number in (numbers | {"hidden_padded": self._high}).items():
            self._record[name] = number
        gains = self._by_panels(np.stack([np.asarray(part) for part in scales]))
        self._set(starts=rows.starts, order=rows.order, inputs=inputs, gains=gains)
        columns = self._by_panels(self._weight.T)  # (H, 4, Hp)
        packed = columns.reshape(hidden, 4, panels, LANES).transpose(2, 0, 1, 3)
        self._set(u=np.ascontiguousarray(packed))

    def _set(self, **arrays: Array | Numbers) -> None:
        """Set fields to where arrays stand."""
        self._alive |= arrays
        for name, array in arrays.items():
            self._record[name] = address(array)

    def _by_panels(self, values: Array) -> Array:
        """Pad (…, 4 H) to (…, 4, Hp)."""
        whole = np.zeros((*values.shape[:-1], 4, self._high), np.float32)
        whole[..., : self.hidden] = values.reshape(*values.shape[:-1], 4, self.hidden)
        return whole

    def _padded(self, values: Any) -> Array:
        """Sort rows (B, H) and pad them to (B, Hp); None is zeros."""
        whole = np.zeros((self._shape[0], self._high), np.float32)
        if values is not None:
            whole[:, : self.hidden] = np.asarray(values)[self.rows.order]
        return whole

    def set_zone(self, zone: Zone) -> None:
        """Let a share of the states stay as it was."""
        self._record["zone"] = EXPECTED if zone.key is None else COINS
        self._record["zone_key"] = zone.key or 0
        self._record["zone_h"], self._record["zone_c"] = parts_of(zone.hidden), parts_of(zone.cell)

    def forward(self, state: tuple[Any, ...] | None, moments: Moments, mask: Any | None) -> None:
        """Run all steps; `mask` (B, H) goes on h where it enters products with U."""
        (batch, steps), total = self._shape, int(self.rows.starts[-1])
        h, c = state or (None, None)
        self.states, cells = (lend((batch + total + 1, self._high)) for _ in range(2))
        self.states[:batch], cells[:batch], self.states[-1] = self._padded(h), self._padded(c), 0
        self.used = self.states
        if mask is not None:
            self._set(mask=self._padded(mask))
            self.used = lend(self.states.shape)
            self.used[:batch] = self.states[:batch] * self._alive["mask"]
        means, variances = (self._by_panels(part) for part in moments[:2])
        self._set(history=self.states, used=self.used, cells=cells, means=means)
        self._set(variances=variances, given=moments.given.astype(np.int64))
        self._saved = lend((self._panels, total + TALL, 4, LANES))
        self._saved[:, total:] = 0  # tiles read rows behind the last
        self._set(saved=self._saved)
        self._record["saved_rows"] = total + TALL
        run_phases(KERNELS[0], steps, self._panels, address(self._record), self._work)
        by, of = (part[..., : self.hidden].reshape(steps, 2, -1) for part in (means, variances))
        self.moments = Moments(by, of, moments.given)
        last = self._last()
        self.final = tuple(part[last][:, : self.hidden] for part in (self.states, cells))

    @property
    def _work(self) -> float:
        """Multiplications and additions of a phase, the mean."""
        rows = int(self.rows.starts[-1]) / max(self._shape[1], 1)
        return float(rows * self.hidden * (8.0 * self.hidden + OF_UNIT))

    def _last(self) -> Numbers:
        """Return where each row of the batch has its last state."""
        batch = self._shape[0]
        running = np.diff(self.rows.starts)
        lengths = (running[:, None] > np.arange(batch)).sum(axis=0)  # of sorted rows
        numbers = np.arange(batch)
        ends = batch + self.rows.starts[np.maximum(lengths - 1, 0)] + numbers
        found = np.empty(batch, np.int64)
        found[self.rows.order] = np.where(lengths > 0, ends, numbers)
        return found

    def backward(self, d_outputs: Array | None, d_final: tuple[Any, ...]) -> Gradients:
        """Return the gradients of what went into the run, which is used up.

        Args:
            d_outputs: (N, H), or None.
            d_final: (B, H) or None for h and c, in the order of the batch.
        """
        batch, panels, total = self._shape[0], self._panels, int(self.rows.starts[-1])
        back = self._by_panels(self._weight.T).reshape(-1, 4, panels, LANES)  # (H, 4, P, L)
        whole = np.zeros((self._high, 4, panels, LANES), np.float32)
        whole[: self.hidden] = back
        whole = whole.reshape(panels, LANES, 4, panels, LANES).transpose(0, 3, 2, 4, 1)
        d_h, d_c = (np.empty((panels, batch, LANES), np.float32) for _ in range(2))
        self._set(d_gates=np.empty((panels, batch, 4, LANES), np.float32))
        d_inputs, d_products = self._alive["inputs"], self._saved[:, :total]
        d_inputs[-1] = 0  # of padding
        gains = np.zeros((3, 4, self._high), np.float32)
        self._set(u_back=np.ascontiguousarray(whole), d_h=d_h, d_c=d_c, d_gains=gains)
        self._set(d_hn=self._padded(d_final[0]), d_cn=self._padded(d_final[1]))
        if d_outputs is not None:
            self._set(d_out=d_outputs)
        run_phases(KERNELS[1], self._shape[1] + 1, panels, address(self._record), 2 * self._work)
        found = Scales(*(part[:, : self.hidden].ravel() for part in gains))
        d_products = d_products.reshape(panels, total, -1)
        return Gradients(d_inputs, d_products, found, (self._given(d_h), self._given(d_c)))

    def _given(self, values: Array) -> Array:
        """Return (P, B, L) as (B, H), in the order of the batch."""
        found = np.empty((self._shape[0], self.hidden), np.float32)
        flat = values.transpose(1, 0, 2).reshape(self._shape[0], self._high)
        found[self.rows.order] = flat[:, : self.hidden]
        return found


class Gradients(NamedTuple):
    """Gradients of a loss with respect to what went into a run."""

    inputs: Array  # W x, (N + 1, 4 H), the last row zeros
    products: Array  # U h, (P, N, 4 L): that of U is their product with `Run.used`
    scales: Scales
    state: tuple[Array, ...]  # (B, H) each
