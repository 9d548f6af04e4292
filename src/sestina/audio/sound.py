"""A sound: samples of one channel and their rate; to another rate, and to 16 bits."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.errors import DataError

Samples = NDArray[np.float32]
FULL = 32768  # the integers of 16 bits that stand for −1 … 1


@dataclass(frozen=True)
class Sound:
    """One channel of sound.

    Attributes:
        samples: Values from −1 to 1, (T,).
        rate: Samples a second, in Hz.
    """

    samples: Samples
    rate: int

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.samples) / self.rate

    def at(self, rate: int) -> Sound:
        """Return the sound with another number of samples a second.

        By a polyphase filter, a low-pass of Kaiser's window (`scipy.signal.resample_poly`): what
        is too high for the new rate is left out, not folded back. T samples become
        ⌈T · rate / this rate⌉.

        Raises:
            DataError: The rate is no positive whole number.
        """
        if rate == self.rate:
            return self
        if not _is_rate(rate):
            raise DataError(f"rate={rate!r} makes no sense; give samples a second, as 8000")
        from scipy.signal import resample_poly

        shared = gcd(int(rate), self.rate)
        made = resample_poly(self.samples, rate // shared, self.rate // shared)
        return Sound(made.astype(np.float32), int(rate))


def as_sound(samples: Any, rate: int, name: str = "the sound") -> Sound:
    """Return numbers (T,) from −1 to 1 as a sound.

    Raises:
        DataError: They are no vector of finite numbers, there is none, they are the integers of a
            file, or the rate is no positive whole number.
    """
    given = np.asarray(samples)
    if given.dtype.kind in "iu":
        raise DataError(
            f"{name} has integers ({given.dtype}); expected values from −1 to 1: divide those of "
            f"16 bits by {FULL:,}"
        )
    if given.dtype.kind != "f" and given.size:
        raise DataError(f"{name} came as {samples!r:.60}; expected numbers (T,)")
    if not _is_rate(rate):
        raise DataError(f"{name} has rate={rate!r}; expected samples a second, as 8000")
    array = given.astype(np.float32)
    if array.ndim != 1:
        raise DataError(f"{name} has shape {array.shape}; expected (T,), one channel")
    if not len(array):
        raise DataError(f"{name} is empty: it has no sample; leave it out")
    refuse_infinite(array, name)
    return Sound(array, int(rate))


def refuse_infinite(samples: Samples, name: str) -> None:
    """Raise where a sample (T,) is no finite number.

    Raises:
        DataError: One is not.
    """
    bad = np.flatnonzero(~np.isfinite(samples))
    if len(bad):
        raise DataError(
            f"{name} has a NaN or infinite value at sample {bad[0]}; convert it to 16 bits anew, "
            "or leave it out"
        )


def _is_rate(rate: Any) -> bool:
    """Tell whether a value is a whole number above 0, be it written as 8000.0."""
    return isinstance(rate, Real) and float(rate) >= 1 and float(rate).is_integer()


def to_integers(samples: Samples) -> NDArray[np.int16]:
    """Return samples as 16-bit integers; those of a 16-bit file come back as they were.

    Raises:
        DataError: A sample is beyond −1 … 1, so that it would be clipped.
    """
    peak = float(np.abs(samples).max(initial=0.0))
    if not peak <= 1.0:
        raise DataError(f"a sound with peak {peak:.3g} came; expected 1 at most: divide it by that")
    return np.clip(np.rint(samples * FULL), -FULL, FULL - 1).astype(np.int16)
