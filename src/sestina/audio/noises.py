"""Noises at microphones: pink, a hum, others who talk; mixed with speech at a set distance in dB.

Letters: M microphones, T samples.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Channels = NDArray[np.float64]
HARMONICS = 12


def pink(rng: np.random.Generator, channels: int, count: int) -> Channels:
    """Return noise whose power falls with frequency f as 1 / f, each channel's its own, (M, T).

    So sound fans and what microphones add; it comes from everywhere.
    """
    white = np.fft.rfft(rng.normal(size=(channels, count)), axis=1)
    falling = 1 / np.sqrt(np.maximum(np.arange(white.shape[1]), 1))
    falling[0] = 0.0
    made: Channels = np.fft.irfft(white * falling, count, axis=1)
    return made


def hum(rng: np.random.Generator, channels: int, count: int, rate: int) -> Channels:
    """Return the hum of a mains of 50 or 60 Hz and its harmonics, the same in all channels."""
    base = float(rng.choice([50.0, 60.0]))
    orders = np.arange(1, HARMONICS + 1)
    orders = orders[orders * base < rate / 2]
    phases = rng.uniform(0, 2 * np.pi, len(orders))
    loud = rng.uniform(0.3, 1.0, len(orders)) / orders
    times = np.arange(count) / rate
    wave = sum(a * np.sin(2 * np.pi * k * base * times + p) for a, k, p in zip(
        loud, orders, phases, strict=True
    ))  # fmt: skip
    return np.tile(np.asarray(wave), (channels, 1))


def talk(
    rng: np.random.Generator, clips: Sequence[NDArray[np.float32]], count: int
) -> NDArray[np.float64]:
    """Return one voice without a pause, (T,): clips one after the other, begun anywhere."""
    whole = np.concatenate([level(clip) for clip in clips])
    start = int(rng.integers(len(whole)))
    voice: NDArray[np.float64] = np.resize(np.roll(whole, -start), count)
    return voice


def level(samples: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return samples with power 1; silence stays as it is."""
    values = samples.astype(np.float64)
    loud = power(values)
    return values / np.sqrt(loud) if loud > 0 else values


def power(samples: NDArray[np.float64]) -> float:
    """Return the mean of squares."""
    return float(np.mean(samples**2))


def mixed(speech: Channels, noise: Channels, snr: float) -> Channels:
    """Return speech with noise, (M, T), whose power at the first microphone is `snr` dB below."""
    heard = power(noise[0])
    if heard == 0:
        return speech
    gain = float(np.sqrt(power(speech[0]) / heard / 10 ** (snr / 10)))
    return speech + gain * noise
