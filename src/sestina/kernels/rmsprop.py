"""RMSprop's update in one pass over memory (Tieleman and Hinton 2012), float32.

s = α s + (1 − α) g²; w = w − η g / (√s + ε)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sestina.kernels.compiled import Kernel
from sestina.kernels.memory import integer
from sestina.kernels.parallel import run
from sestina.kernels.simd import (
    BYTES,
    LANES,
    fill,
    fma,
    load,
    load_first,
    quotient,
    root,
    store,
    store_first,
)
from sestina.kernels.workspace import address

Array = NDArray[np.float32]

BLOCK = 1 << 15  # weights of a chunk


def rmsprop_update(chunk, arguments):
    """Update one block of weights."""
    weight, gradient, square = (
        integer(arguments) + chunk * 4 * BLOCK,
        integer(arguments + 8) + chunk * 4 * BLOCK,
        integer(arguments + 16) + chunk * 4 * BLOCK,
    )
    count = min(BLOCK, integer(arguments + 24) - chunk * BLOCK)
    factors = integer(arguments + 32)
    one = fill(np.float32(1))
    keep, rate = load(factors), load(factors + BYTES)
    small, fresh = load(factors + 2 * BYTES), one - load(factors)
    whole = count // LANES * LANES
    for i in range(0, 4 * whole, BYTES):
        g = load(gradient + i)
        s = fma(load(square + i), keep, g * g * fresh)
        store(square + i, s)
        store(weight + i, load(weight + i) - rate * quotient(g, root(s) + small))
    if whole < count:
        i, left = 4 * whole, count - whole
        g = load_first(gradient + i, left)
        s = fma(load_first(square + i, left), keep, g * g * fresh)
        store_first(square + i, s, left)
        value = load_first(weight + i, left) - rate * quotient(g, root(s) + small)
        store_first(weight + i, value, left)


UPDATE = Kernel(rmsprop_update)


def update(
    weight: Array, gradient: Array, square: Array, rate: float, decay: float, epsilon: float
) -> None:
    """Update `weight` and the running mean `square` of squared gradients in place.

    Args:
        weight: Contiguous, any shape; the others likewise.
        gradient: Of the loss.
        square: α in the formula weighs its past.
        rate: η.
        decay: α.
        epsilon: ε.
    """
    factors = np.repeat(np.array([decay, rate, epsilon], np.float32), LANES)
    places = [address(array) for array in (weight, gradient, square)]
    arguments = np.array([*places, weight.size, address(factors)], np.int64)
    run(UPDATE, -(-weight.size // BLOCK), address(arguments), 100.0 * weight.size)
