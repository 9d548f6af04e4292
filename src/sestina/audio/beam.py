"""Several microphones → one beam: by how much they lag, delay and sum.

Letters: M microphones, T samples, F points of a transform.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Channels = NDArray[np.float64]
FINER = 16  # places between two samples at which a lag is looked for
PIECE = 0.5  # seconds of sound that are compared at once


def found_lags(channels: Channels, rate: int, most: float) -> NDArray[np.float64]:
    """Return by how many samples each microphone hears later than the first, (M,), by GCC-PHAT.

    The cross spectrum of two microphones without its size, summed over pieces of half a second
    that half overlap, is highest, turned back, at their lag (Knapp and Carter 1976). There is one
    lag for all of an utterance: the speaker stands still.

    Args:
        channels: (M, T).
        rate: Samples a second.
        most: Samples that a lag may have, from the size of the array.
    """
    size = min(channels.shape[1], max(2, round(PIECE * rate)))
    step = max(1, size // 2)
    pieces = np.lib.stride_tricks.sliding_window_view(channels, size, axis=1)[:, ::step]
    spectra = np.fft.rfft(pieces * np.hanning(size), 2 * size, axis=2)  # (M, pieces, F)
    crossed = spectra * np.conj(spectra[:1])
    sizes = np.abs(crossed)
    phases = np.where(sizes > 0, crossed / np.where(sizes > 0, sizes, 1), 0).sum(axis=1)
    likeness = np.fft.irfft(phases, 2 * size * FINER, axis=1)  # at every FINER-th of a sample
    reach = max(1, int(np.ceil(most * FINER)))
    window = np.concatenate([likeness[:, -reach:], likeness[:, : reach + 1]], axis=1)
    lags: NDArray[np.float64] = (window.argmax(axis=1) - reach) / FINER
    lags[0] = 0.0
    return lags


def delay_and_sum(channels: Channels, lags: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of microphones, each put forward by its lag, (T,).

    What comes from the speaker adds up, what comes from elsewhere does less so: noise that each
    microphone has of its own loses 10 log₁₀ M dB. Lags may be parts of a sample.

    Args:
        channels: (M, T).
        lags: Samples by which each hears later than the first, (M,).
    """
    count = channels.shape[1]
    points = count + 2 * int(np.ceil(np.abs(lags).max(initial=0.0))) + 64  # nothing wraps around
    turns = np.fft.rfftfreq(points)[None, :] * lags[:, None]
    spectra = np.fft.rfft(channels, points, axis=1) * np.exp(2j * np.pi * turns)
    made: NDArray[np.float64] = np.fft.irfft(spectra.mean(axis=0), points)[:count]
    return made
