"""The words that a network which learnt word vectors expects in a context."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sestina.errors import DataError, OptionError
from sestina.vectors.rows import Matrix

BLOCK = 8_192  # rows of the output layer at a time


def probabilities(outputs: Matrix, hidden: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return softmax(outputs · hidden): (V, D) and (D,) → (V,)."""
    logits = np.empty(len(outputs))
    for start in range(0, len(outputs), BLOCK):
        block = np.asarray(outputs[start : start + BLOCK], dtype=np.float32)
        with np.errstate(over="ignore", invalid="ignore"):  # refused below
            logits[start : start + BLOCK] = block @ hidden.astype(np.float32)
    if not np.isfinite(logits).all():
        raise DataError("the output vectors hold a NaN or infinite value; train them again")
    powers = np.exp(logits - logits.max(initial=-np.inf))
    shares: NDArray[np.float64] = powers / powers.sum()
    return shares


def restored_noise(
    shares: NDArray[np.float64], counts: NDArray[np.integer] | None, power: float
) -> NDArray[np.float64]:
    """Return shares (V,) times count^power, summing to 1.

    Negative sampling teaches the outputs log P(word | context) − log noise(word) (Levy and
    Goldberg 2014), so that the noise must be multiplied back.

    Raises:
        DataError: There are no counts.
        OptionError: The power is negative or not finite.
    """
    if not 0 <= power < np.inf:
        raise OptionError(f"noise={power} makes no sense; it must be 0 or more, 0.75 as a rule")
    if power == 0:
        return shares
    if counts is None:
        raise DataError("these vectors came without counts of their words; leave noise at 0")
    often = np.asarray(counts, dtype=np.float64)
    weighted = shares * (often / max(often.max(initial=0), 1)) ** power
    whole: NDArray[np.float64] = weighted / max(weighted.sum(), np.finfo(np.float64).tiny)
    return whole
