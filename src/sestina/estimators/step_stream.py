"""One sequence, step by step, through a recurrent network: what has come so far, and where it is.

Letters: T steps so far, D features of a step, H the states' size, L layers, K classes or tags.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from sestina.config import RECURRENT, EncoderOptions
from sestina.errors import DataError, OptionError, counted
from sestina.shapes import as_state

if TYPE_CHECKING:
    from sestina.kernels.streaming import Stream

Shares = NDArray[np.float64]
Vector = NDArray[np.float32]
State = tuple[NDArray[Any], ...]
Step = TypeVar("Step")


class StepStream(Generic[Step]):
    """A recurrent network in the middle of a sequence; it begins where a sequence begins.

    Args:
        layers: The recurrent layers; their weights are copied.
        vector: A step → what the first layer reads of it, (D,).
        shares: What the head reads, (H,) → P of each class, (K,).
        pool: Which of the states so far the head reads: "last", "max" or "mean".
        before: Steps that stand before every sequence.
    """

    def __init__(
        self,
        layers: Any,
        vector: Callable[[Step], Vector],
        shares: Callable[[Vector], Shares],
        pool: str = "last",
        before: Sequence[Step] = (),
    ) -> None:
        self._steps: Stream = layers.stepper()
        self._vector, self._shares, self._pool, self._before = vector, shares, pool, before
        self._shape: tuple[int, ...] = self._steps.state[0].shape  # (L, H)
        self._pooled: Vector = np.zeros(self._shape[1:], np.float32)
        self.state = None

    @property
    def probabilities(self) -> Shares:
        """P of each class after what has come, (K,)."""
        if self._pool == "mean":
            return self._shares(self._pooled / np.float32(max(self._count, 1)))
        return self._shares(self._pooled)

    def feed(self, step: Step) -> Shares:
        """Go one step on and return P of each class after it, (K,).

        Raises:
            DataError: It is no step of such a sequence.
        """
        self.take(self._vector(step))
        return self.probabilities

    def take(self, x: Vector) -> None:
        """Go one step on, of a vector (D,), without asking what it says."""
        h = self._steps.step(x)
        if self._pool == "mean":
            self._pooled = self._pooled + h
        elif self._pool == "max" and self._count:
            self._pooled = np.maximum(self._pooled, h)
        else:
            self._pooled = h
        self._count += 1

    @property
    def state(self) -> State:
        """Where the stream stands: (h,) or (h, c), each (L, H), and what is pooled so far.

        With `pool` "max" their maximum (H,) and the number of steps follow, with "mean" their sum
        and that number. A copy, to be kept (for instance by `numpy.savez`) and put back; None is a
        sequence's beginning.
        """
        if self._pool == "last":
            return self._steps.state
        return (*self._steps.state, self._pooled.copy(), np.array(self._count))

    @state.setter
    def state(self, arrays: Sequence[Any] | None) -> None:
        """Go to where a stream of this model stood.

        Raises:
            DataError: It is not a state of this model.
        """
        wanted: list[tuple[int, ...]] = [self._shape] * len(self._steps.state)
        wanted += [] if self._pool == "last" else [self._shape[1:], ()]
        begins = arrays is None
        if arrays is None:
            arrays = [np.zeros(shape, np.float32) for shape in wanted]
        arrays = as_state(arrays)
        came = [array.shape for array in arrays]
        if came != wanted:
            of = counted(len(wanted), "array")
            raise DataError(f"a state of shapes {came} came; this model's is {of}, {wanted}")
        layers = len(self._steps.state)
        self._steps.state = arrays[:layers]
        self._count = 0
        self._pooled = self._steps.output
        if self._pool != "last":
            self._pooled, self._count = np.array(arrays[layers], np.float32), int(arrays[-1])
        for step in self._before if begins else ():
            self.take(self._vector(step))


def looks_ahead(options: EncoderOptions, unit: str) -> list[tuple[bool, str]]:
    """Return why an encoder cannot be fed step by step, for `refuse`.

    Args:
        options: Of the encoder.
        unit: What it reads: "text", "series".
    """
    return [
        (options.encoder not in RECURRENT, f"encoder={options.encoder!r} reads a {unit} as a "
         f"whole; train with one of {', '.join(RECURRENT)}"),
        (options.bidirectional, f"bidirectional=True reads a {unit} from its end, too; train "
         "with bidirectional=False"),
        (options.pool == "concat", "pool='concat' lays three readings side by side; train with "
         "one of last, max, mean"),
    ]  # fmt: skip


def refuse(reasons: Sequence[tuple[bool, str]]) -> None:
    """Raise where a model cannot be fed step by step.

    Args:
        reasons: Whether one holds, and what is to be said then: option, why, what to do.

    Raises:
        OptionError: One holds; the first is told.
    """
    for holds, reason in reasons:
        if holds:
            raise OptionError(f"this model cannot be fed step by step: {reason}")
