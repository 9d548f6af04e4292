"""What the steps of an epoch were like: their losses and their gradients, in bounded memory."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

KEPT = 1024  # norms of an epoch, evenly from all of its steps, for their median
SETTLED = 4  # steps before a norm can be called a jump
SUDDEN = 10.0  # times the mean so far, from which a norm is set against the median
TINY = 1e-30


class Tally:
    """Counts the steps of one epoch.

    Args:
        before: Steps of the epochs before it.
        history: Rows of these epochs.
    """

    def __init__(self, before: int = 0, history: Sequence[Mapping[str, float]] = ()) -> None:
        self._before = before
        self._usual = max((row.get("gradient_median", 0.0) for row in history), default=0.0)
        self._kept: list[float] = []
        self._stride = 1  # every so many steps one norm is kept
        self._losses = self._norms = 0.0
        self.steps = self.done = self.cut = 0
        self.peak = self.jump = 0.0
        self.jump_step = 0

    def add(self, loss: float, size: int, norm: float, cut: bool) -> None:
        """Count a step: its mean loss over `size` sequences, its gradient's norm, whether clipped.

        The norm is that before clipping.
        """
        if self.steps >= SETTLED and norm > SUDDEN * self.norm:
            self._compare(norm)
        if self.steps % self._stride == 0:
            self._kept.append(norm)
        self.steps += 1
        if len(self._kept) > KEPT:
            self._kept = self._kept[::2]
            self._stride *= 2
        self._losses += loss * size
        self._norms += norm
        self.done += size
        self.cut += cut
        self.peak = max(self.peak, norm)

    def _compare(self, norm: float) -> None:
        """Set the norm of the next step against the median of those before, of any epoch."""
        jump = norm / max(self._usual, statistics.median(self._kept), TINY)
        if jump > self.jump:
            self.jump, self.jump_step = jump, self._before + self.steps + 1

    @property
    def loss(self) -> float:
        """The mean loss of a sequence."""
        return self._losses / max(self.done, 1)

    @property
    def norm(self) -> float:
        """The mean norm of the gradient."""
        return self._norms / max(self.steps, 1)

    @property
    def clipped(self) -> float:
        """The share of steps whose gradient was clipped by its norm."""
        return self.cut / max(self.steps, 1)

    def row(self) -> dict[str, float]:
        """Return the figures for the history.

        A jump is a norm as a multiple of the median of the norms before it, of its epoch or of an
        earlier one, whichever is larger; its step is counted from the first of the run.
        """
        return {
            "loss": self.loss,
            "gradient_norm": self.norm,
            "gradient_median": statistics.median(self._kept or [0.0]),
            "gradient_peak": self.peak,
            "gradient_jump": self.jump,
            "gradient_jump_step": self.jump_step,
            "clipped": self.clipped,
        }
