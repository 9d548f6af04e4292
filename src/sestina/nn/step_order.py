"""A batch whose rows go through a step together: x (B, T, D) ↔ all true steps, one after another.

N steps of all rows: the first of every row first, rows by falling length, in memory that is used
over and over.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class StepOrder(NamedTuple):
    """Where each step of a batch stands; the indices are None where no row ends before others.

    Attributes:
        shape: B and T.
        rows: The `in_step.Rows` of a run.
        places: Which row of x (B · T, D) each of the N steps is.
        back: Which of N + 1 steps each of the B · T is; the last is padding's.
        before: Which of B first states and N others each step begins with, (N,).
    """

    shape: tuple[int, int]
    rows: Any
    places: Tensor | None = None
    back: Tensor | None = None
    before: Tensor | None = None

    def steps(self, x: Tensor) -> Tensor:
        """Return the N true steps of x (B, T, D), (N, D)."""
        if self.places is not None:
            return _picked(x.reshape(-1, x.shape[2]), self.places)
        found = lent(x.shape[0] * x.shape[1], x.shape[2])
        found.view(*self.shape[::-1], -1).copy_(x.transpose(0, 1))
        return found

    def batch(self, steps: Tensor) -> Tensor:
        """Return (B, T, D) of N + 1 steps (N + 1, D), the last of which is given to padding."""
        if self.back is not None:
            return _picked(steps, self.back).view(*self.shape, -1)
        found = lent(len(steps) - 1, steps.shape[1]).view(*self.shape, -1)
        return found.copy_(steps[:-1].view(*self.shape[::-1], -1).transpose(0, 1))

    def begun(self, states: Tensor) -> Tensor:
        """Return what each step began with, (N, D), of B first states and all others."""
        if self.before is not None:
            return _picked(states, self.before)
        return states[: int(self.rows.starts[-1])]


def order_of(lengths: Tensor | None, reverse: bool, batch: int, steps: int) -> StepOrder:
    """Lay out the true steps of a batch.

    Args:
        lengths: (B,) true lengths; all T if None.
        reverse: From the last step of each row to its first.
        batch: B.
        steps: T.
    """
    from sestina.kernels.in_step import Rows  # which loads numba

    ends = np.full(batch, steps) if lengths is None else lengths.numpy()
    running = running_rows(lengths, batch, steps)
    running = running[running > 0]
    starts = np.concatenate([[0], running.cumsum()])
    if not reverse and starts[-1] == batch * steps:
        return StepOrder((batch, steps), Rows(np.arange(batch), starts))
    order = np.argsort(-ends, kind="stable")
    step = np.repeat(np.arange(len(running)), running)  # of each of N
    place = np.arange(starts[-1]) - starts[step]
    row = order[place]
    index = row * steps + (ends[row] - 1 - step if reverse else step)
    back = np.full(batch * steps, starts[-1])
    back[index] = np.arange(starts[-1])
    before = np.where(step > 0, batch + starts[step - 1], 0) + place
    numbers = (torch.from_numpy(part) for part in (index, back, before))
    return StepOrder((batch, steps), Rows(order, starts), *numbers)


def running_rows(lengths: Tensor | None, batch: int, steps: int) -> NDArray[np.int64]:
    """Return how many rows run at each step, (T,)."""
    if lengths is None:
        return np.full(steps, batch, np.int64)
    found: NDArray[np.int64] = (lengths.numpy()[:, None] > np.arange(steps)).sum(axis=0)
    return found


def lent(rows: int, columns: int) -> Tensor:
    """Return an unfilled tensor in memory that is used over and over."""
    from sestina.kernels.workspace import lend  # which loads numba

    return torch.from_numpy(lend((rows, columns)))


def _picked(rows: Tensor, places: Tensor) -> Tensor:
    return torch.index_select(rows, 0, places, out=lent(len(places), rows.shape[1]))
