"""Recordings → their noisy twins: wrong gains, noise, lost samples, all by a seed.

What a sensor far off, badly fixed and with a bad radio gives of the same moments. Row F1 asks for
pairs of clean and degraded sequences; where none are recorded, these are made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sestina.errors import OptionError

Values = NDArray[np.float32]


@dataclass(frozen=True)
class Degradation:
    """How bad the twins are.

    Attributes:
        noise_db: Signal over noise of every channel, in decibels: −5 is noise of 1.8 times the
            signal's deviation.
        lost: Share of the samples lost; the last that came stands in their place.
        gain: Deviation of the logarithm of a channel's gain, drawn once a recording.
    """

    noise_db: float = -5.0
    lost: float = 0.5
    gain: float = 0.5

    def __post_init__(self) -> None:
        """Check the amounts.

        Raises:
            OptionError: One makes no sense.
        """
        if not 0 <= self.lost < 1:
            raise OptionError(f"lost={self.lost} came; expected a share of 0 or more, below 1")
        if self.gain < 0 or not np.isfinite(self.noise_db):
            raise OptionError(
                f"noise_db={self.noise_db} and gain={self.gain} came; expected a finite number, "
                "and one of 0 or more"
            )

    def __str__(self) -> str:
        """Return it in words."""
        return (
            f"noise at {self.noise_db:g} dB, {self.lost:.0%} of samples lost, gains off by e to "
            f"± {self.gain:g}"
        )


def degraded(rows: Sequence[Values], how: Degradation | None = None, seed: int = 0) -> list[Values]:
    """Return the noisy twins of recordings (T_n, C), as many steps each.

    A twin depends on the seed and on its own recording alone, not on the company it comes in.

    Raises:
        OptionError: An amount makes no sense.
    """
    how = how or Degradation()
    return [_twin(np.asarray(row, np.float32), how, seed) for row in rows]


def _twin(row: Values, how: Degradation, seed: int) -> Values:
    own = int.from_bytes(hashlib.sha256(row.tobytes()).digest()[:8], "big")
    rng = np.random.default_rng([seed, own])
    steps, channels = row.shape
    spread = np.nanstd(row, axis=0) if steps else np.zeros(channels)
    twin = row * np.exp(how.gain * rng.normal(size=channels))
    twin = twin + rng.normal(size=row.shape) * spread * 10 ** (-how.noise_db / 20)
    lost = rng.random(steps) < how.lost
    came = np.maximum.accumulate(np.where(lost, 0, np.arange(steps)))
    found: Values = twin[came].astype(np.float32)
    return found
