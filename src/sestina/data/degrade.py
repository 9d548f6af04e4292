"""Recordings → their noisy twins: wrong gains, noise, lost samples, all by a seed.

What a sensor far off, badly fixed and with a bad radio gives of the same moments. Row F1 asks for
pairs of clean and degraded sequences; where none are recorded, these are made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sestina import config
from sestina.config import DegradationOptions

Values = NDArray[np.float32]


def degraded(
    rows: Sequence[Values], how: DegradationOptions | None = None, seed: int = 0
) -> list[Values]:
    """Return the noisy twins of recordings (T_n, C), as many steps each.

    A twin depends on the seed and on its own recording alone, not on the company it comes in.

    Raises:
        OptionError: An amount makes no sense.
    """
    how = how or DegradationOptions()
    config.check(how)
    return [_twin(np.asarray(row, np.float32), how, seed) for row in rows]


def _twin(row: Values, how: DegradationOptions, seed: int) -> Values:
    own = int.from_bytes(hashlib.sha256(row.tobytes()).digest()[:8], "big")
    rng = np.random.default_rng([seed, own])
    steps, channels = row.shape
    known = np.where(np.isnan(row).all(axis=0), 0, row)  # a channel without values has no noise
    spread = np.nanstd(known, axis=0) if steps else np.zeros(channels)
    twin = row * np.exp(how.gain * rng.normal(size=channels))
    twin = twin + rng.normal(size=row.shape) * spread * 10 ** (-how.noise_db / 20)
    lost = rng.random(steps) < how.lost
    came = np.maximum.accumulate(np.where(lost, 0, np.arange(steps)))
    found: Values = twin[came].astype(np.float32)
    return found


def in_words(how: DegradationOptions) -> str:
    """Return in words how bad twins are."""
    return (
        f"noise at {how.noise_db:g} dB, {how.lost:.0%} of samples lost, gains off by e to "
        f"± {how.gain:g}"
    )
