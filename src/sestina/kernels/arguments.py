"""Fill the record that kernels read: batch, weights, states, workspaces."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.kernels import plans
from sestina.kernels.cells import STATES, Weights, Zone
from sestina.kernels.coins import parts_of
from sestina.kernels.layouts import padded
from sestina.kernels.packing import PACK_FORWARD
from sestina.kernels.parallel import run
from sestina.kernels.plans import FIELD, Plan
from sestina.kernels.sequence import CHUNK
from sestina.kernels.simd import LANES
from sestina.kernels.workspace import Workspace, address
from sestina.kernels.zoneout import COINS, EXPECTED

Array = NDArray[np.float32]
Numbers = NDArray[np.int64]

PACKING = 10  # operations that packing a number takes, roughly


class Arguments:
    """The record of one forward and its backward, and what holds the memory that it points to.

    Attributes:
        cell: A key of `GATES`.
        weights: As given to forward.
        features: D, of x or of the table.
        hidden: H.
        folded: Whether x names rows of a table.
        record: The fields.
        address: Where they stand.
        order: The batch's rows by falling length.
        steps: True steps of all its rows.
    """

    def __init__(self, cell: str, weights: Weights, folded: bool = False) -> None:
        self.cell, self.weights, self.folded = cell, weights, folded
        self._rows, self.features = map(int, weights.input.shape)  # G·H, D
        self.hidden = int(weights.hidden.shape[1])
        self.record: Numbers = np.zeros(len(FIELD), np.int64)
        self.address = address(self.record)
        self.order: Numbers = self.record[:0]
        self.steps = 0
        self._alive: list[Any] = []

    def follow(self, plan: Plan) -> Workspace:
        """Write what a plan says, and take the memory it wants."""
        workspace = Workspace(plan.size)
        self._alive.append(workspace)
        self.record[plan.fields] = plan.numbers
        self.record[plan.places] = plan.offsets + workspace.address
        return workspace

    def release(self) -> None:
        """Let go of all memory; the record is of no use any more."""
        for thing in self._alive:
            if isinstance(thing, Workspace):
                thing.release()
        self._alive.clear()

    def set(self, **memory: Any) -> None:
        """Set fields to where contiguous arrays, or tensors, stand; None leaves one as it is."""
        for name, thing in memory.items():
            if thing is not None:
                self._alive.append(thing)
                self.record[FIELD[name]] = address(thing)

    def set_strided(self, name: str, array: NDArray[Any] | None) -> None:
        """Set an array (B, T, …) and its first two strides."""
        if array is not None:
            self.set(**{name: array})
            place = FIELD[name]  # its strides stand behind it
            self.record[place + 1 : place + 3] = array.strides[:2]

    def __getitem__(self, name: str) -> int:
        return int(self.record[FIELD[name]])

    def __setitem__(self, name: str, number: int) -> None:
        self.record[FIELD[name]] = number

    @property
    def work(self) -> float:
        """Multiplications and additions of a forward."""
        return 2.0 * self.steps * self._rows * (self.hidden + self["features"])

    @property
    def panels(self) -> int:
        """Vectors that hold one number of each unit."""
        return self["hidden_padded"] // LANES

    @property
    def packing(self) -> float:
        """Operations of packing the weights."""
        return float(PACKING * self._rows * (self.features + self.hidden))


def set_weights(a: Arguments) -> None:
    """Pack all weights for steps forward."""
    a.follow(plans.of_weights(a.cell, a.features, a.hidden, a.folded))
    a.set(**dict(zip(_WEIGHTS, a.weights, strict=True)))
    run(PACK_FORWARD, a.panels, a.address, a.packing)


_WEIGHTS = "input_weights", "hidden_weights", "input_bias", "hidden_bias"
_D_WEIGHTS = tuple(f"d_{name}" for name in _WEIGHTS)


def set_gradients(a: Arguments, like: Weights) -> None:
    """Set where the gradients of the weights go."""
    a.set(**dict(zip(_D_WEIGHTS, like, strict=True)))


def set_batch(a: Arguments, x: NDArray[Any], lengths: Numbers | None, keep: bool) -> None:
    """Sort the rows by falling length, cut them into chunks, and take memory for their steps."""
    rows, steps = x.shape[:2]
    if lengths is None:
        batch = _full(rows, steps, keep)
    else:
        order = np.argsort(-lengths, kind="stable")
        batch = _started(order, lengths[order].astype(np.int64, copy=False), keep)
    numbers, total, a.steps = batch
    a.follow(plans.of_forward(a.cell, a["features"], a.hidden, rows, steps, total, keep))
    a.set(order=numbers)  # lengths and starts stand behind it
    place = a["order"]
    a["lengths"], a["starts"], a.order = place + 8 * rows, place + 16 * rows, numbers[:rows]
    a.set_strided("x", x)


Batch = tuple[Numbers, int, int]


@lru_cache(plans.REMEMBERED)
def _full(rows: int, steps: int, keep: bool) -> Batch:
    """Return `_started` of rows that all are full."""
    return _started(np.arange(rows), np.full(rows, steps), keep)


def _started(order: Numbers, lengths: Numbers, keep: bool) -> Batch:
    """Return the order, lengths and chunks' first steps in one array; stored steps; true steps."""
    rows, stored = len(order), lengths[::CHUNK] if keep else np.ones_like(lengths[::CHUNK])
    numbers = np.zeros(2 * rows + len(stored) + 1, np.int64)
    numbers[:rows], numbers[rows : 2 * rows] = order, lengths
    stored.cumsum(out=numbers[2 * rows + 1 :])
    return numbers, int(numbers[-1]), int(lengths.sum())


def set_masks(a: Arguments, input_mask: Array | None, hidden_mask: Array | None) -> None:
    """Set the masks (B, D) and (B, H), their rows sorted and their columns padded."""
    for name, mask in (("input_mask", input_mask), ("hidden_mask", hidden_mask)):
        if mask is not None:
            full = np.zeros((len(mask), padded(mask.shape[1])), np.float32)
            full[:, : mask.shape[1]] = mask[a.order]
            a.set(**{name: full})


def set_zone(a: Arguments, zone: Zone) -> None:
    """Set which share of the states stays as it was."""
    a["zone"] = EXPECTED if zone.key is None else COINS
    a["zone_key"] = zone.key or 0
    a["zone_h"], a["zone_c"] = parts_of(zone.hidden), parts_of(zone.cell)


def set_states(
    a: Arguments, start: str, given: tuple[Any, ...] | None, end: str, to: tuple[Any, ...] | None
) -> tuple[Any, ...]:
    """Set states (B, H) to start from, and those to be filled, which are returned.

    The fields' names are `start` and `end` with h, or c, in them.
    """
    count = STATES[a.cell]
    if to is None:
        to = tuple(np.empty((a["rows"], a.hidden), np.float32) for _ in range(count))
    for letter, known, unknown in zip("hc", given or (None,) * count, to, strict=False):
        solid = np.ascontiguousarray(known) if isinstance(known, np.ndarray) else known
        a.set(**{start.format(letter): solid, end.format(letter): unknown})
    return to
