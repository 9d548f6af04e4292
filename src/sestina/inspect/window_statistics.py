"""What plain statistics say of a window of numbers: one row of features each.

The usual hand-made features of activity recognition (Anguita et al. 2013 have 561 of this kind).
Letters: M windows of S steps and C channels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

QUANTILES = (0.25, 0.5, 0.75)
BANDS = 5  # of equal width, of the spectrum from its first frequency to half the sampling rate
TINY = 1e-12
Table = NDArray[np.float64]


def features(windows: Sequence[NDArray[np.float32]]) -> Table:
    """Return the features of windows (S, C), which may differ in length, (M, F).

    Of each channel: mean, standard deviation, least, largest, quartiles, energy (mean square),
    mean step, share of zero crossings of what varies about the mean, the logarithm of the power in
    five bands of the spectrum; of each two channels, their correlation. An empty window has zeros.
    """
    lengths = np.array([len(window) for window in windows])
    channels = windows[0].shape[1]
    size = channels * (6 + len(QUANTILES) + BANDS + 1) + channels * (channels - 1) // 2
    out = np.zeros((len(windows), size))
    for length in np.unique(lengths[lengths > 0]):
        rows = np.flatnonzero(lengths == length)
        out[rows] = _of_equal(np.stack([windows[int(n)] for n in rows]).astype(np.float64))
    return out


def _of_equal(x: Table) -> Table:
    """Return the features of windows of one length, (M, S, C) → (M, F)."""
    mean, deviation = x.mean(axis=1), x.std(axis=1)
    varying = x - mean[:, None]
    steps = np.diff(x, axis=1) if x.shape[1] > 1 else np.zeros_like(x)
    crossings = (np.diff(np.signbit(varying), axis=1) if x.shape[1] > 1 else steps) != 0
    parts = [
        mean,
        deviation,
        x.min(axis=1),
        x.max(axis=1),
        *np.quantile(x, QUANTILES, axis=1),
        np.square(x).mean(axis=1),
        np.abs(steps).mean(axis=1),
        crossings.mean(axis=1),
        *_bands(varying),
        _correlations(varying, deviation),
    ]
    return np.concatenate(parts, axis=1)


def _bands(varying: Table) -> list[Table]:
    """Return the logarithm of the power in each band, BANDS times (M, C)."""
    power = np.square(np.abs(np.fft.rfft(varying, axis=1)))[:, 1:] / varying.shape[1]
    return [
        np.log(part.sum(axis=1) + 1e-6)  # of numbers that may be zero
        for part in np.array_split(power, BANDS, axis=1)
    ]


def _correlations(varying: Table, deviation: Table) -> Table:
    """Return the correlation of each two channels, (M, C (C − 1) / 2); 0 where one stands still."""
    above = np.triu_indices(varying.shape[2], 1)
    products = np.einsum("msi,msj->mij", varying, varying) / varying.shape[1]
    scale = deviation[:, :, None] * deviation[:, None, :]
    found = np.where(scale > TINY, products / np.maximum(scale, TINY), 0.0)
    return found[:, above[0], above[1]]
