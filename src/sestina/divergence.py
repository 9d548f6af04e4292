"""Whether a training has run away: a loss that is no number any more, or that has exploded."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from sestina.config import LearningOptions
from sestina.errors import Diverged

EXPLODED = 100.0  # times the loss that the training began with
LEAST = 1.0  # what counts as such a loss at least: that of a guess between e classes
FIRST = 10  # steps whose mean loss the first epoch began with
RECENT = 0.1  # weight of a step in the mean of the recent ones


class Divergence:
    """Looks at the losses of an epoch.

    Args:
        options: The learning rate and the clipping, which remedies are about.
        history: Rows of the epochs before; the first tells what loss the training began with.
    """

    def __init__(
        self, options: LearningOptions, history: Sequence[Mapping[str, float]] = ()
    ) -> None:
        self._options = options
        self._epoch = len(history) + 1
        self._begun = history[0]["loss"] if history else 0.0
        self._settled = bool(history)
        self._recent = self._begun

    def look(self, step: int, loss: float, norm: float) -> None:
        """Look at a step, from 1: its loss and its gradient's norm.

        Raises:
            Diverged: One is no finite number, or the recent losses are far beyond the first ones.
        """
        place = f"in epoch {self._epoch}, step {step}"
        if not math.isfinite(loss) or not math.isfinite(norm):
            self._stop(f"the loss became {loss:.4g} and the gradient's norm {norm:.4g} {place}")
        if not self._settled:
            self._begun += loss / FIRST
            self._settled = step == FIRST
            self._recent = self._begun
            return
        most = EXPLODED * max(self._begun, LEAST)
        # a single step far off, as of ReLUs that recur, is none of many: those that follow count
        self._recent += RECENT * (min(loss, 2 * most) - self._recent)
        if self._recent > most:
            self._stop(f"the loss exploded from {self._begun:.3g} to {loss:.3g} {place}")

    def look_at_validation(self, loss: float) -> None:
        """Look at the loss of the validation part.

        Raises:
            Diverged: It is no finite number.
        """
        if not math.isfinite(loss):
            self._stop(f"the validation loss became {loss} in epoch {self._epoch}")

    def _stop(self, what: str) -> None:
        lower = f"lower learning_rate (now {self._options.learning_rate:g})"
        remedy = lower if self._options.clip_norm else f"set clip_norm=1, or {lower}"
        raise Diverged(f"{what}; {remedy}")
