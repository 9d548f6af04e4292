"""Zoneout (Krueger et al. 2016; row D11): units that stay as they were, by coins or in expectation.

A chunk's rows go s = m ∘ s_before + (1 − m) ∘ s_new, m tossed anew for each row, step and unit in
training (`coins`), and m = share in evaluation. It is the same for the h, and for the c, of every
cell, and stands around its step; steps know nothing of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from sestina.kernels import coins
from sestina.kernels.chance import draw
from sestina.kernels.memory import SHORT, integer
from sestina.kernels.sequence import CHUNK
from sestina.kernels.simd import (
    BYTES,
    INTEGERS,
    LANES,
    VECTOR,
    fill,
    fma,
    load,
    store,
    vector,
    zeros,
)

COINS, EXPECTED = 1, 2  # values of the field `zone`
H, C = np.uint64(0), np.uint64(1)  # whose coins
_PART = np.float32(1 / coins.WHOLE)


@intrinsic
def _tossed(typing: Any, bits: Any, unit: Any, parts: Any) -> Any:
    """Return ones where the units from `unit` stay, zeros elsewhere; defined by `coins.tossed`."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def every(number: int) -> Any:
            return ir.Constant(INTEGERS, [number] * LANES)

        def spread(value: Any) -> Any:
            short = builder.trunc(value, SHORT)
            undefined = ir.Constant(INTEGERS, ir.Undefined)
            one = builder.insert_element(undefined, short, ir.Constant(SHORT, 0))
            return builder.shuffle_vector(one, undefined, ir.Constant(INTEGERS, [0] * LANES))

        lanes = builder.add(spread(args[1]), ir.Constant(INTEGERS, list(range(LANES))))
        x = builder.add(spread(args[0]), builder.mul(lanes, every(coins.STRIDE)))
        for shift, factor in zip(coins.SHIFTS, (coins.FIRST, coins.SECOND, 1), strict=True):
            x = builder.mul(builder.xor(x, builder.lshr(x, every(shift))), every(factor))
        stays = builder.icmp_unsigned("<", builder.lshr(x, every(8)), spread(args[2]))
        return builder.select(stays, ir.Constant(VECTOR, [1.0] * LANES), zeros())

    return vector(types.uint64, types.int64, types.int64), build


@njit
def _bits(a, row, step, letter):
    """Return the bits that a row's coins at one of its steps are made of."""
    whose = draw(np.uint64(a.zone_key), letter)
    return draw(draw(whose, np.uint64(integer(a.order + 8 * row))), np.uint64(step))


@njit
def _stays(a, bits, unit, parts):
    """Return m of the units from `unit`."""
    if a.zone == COINS:
        return _tossed(bits, unit, parts)
    return fill(np.float32(parts) * _PART)


@njit
def staying(a, row, step, letter, unit, parts):
    """Return m of one vector's units of a row at one of its steps."""
    return _stays(a, _bits(a, row, step, letter), unit, parts)


@njit
def _hold_one(a, first, n, step, letter, parts, before, after):
    one, size = fill(np.float32(1)), 4 * a.hidden_padded
    for r in range(n):
        bits = _bits(a, first + r, step, letter)
        for at in range(0, size, BYTES):
            stays = _stays(a, bits, at // 4, parts)
            place = after + r * size + at
            kept = stays * load(before + r * size + at)
            store(place, fma(one - stays, load(place), kept))


@njit
def hold(a, first, n, step, h, c, h_next, c_next):
    """Let units of n rows' next states stay as they were before a step."""
    if a.zone_h:
        _hold_one(a, first, n, step, H, a.zone_h, h, h_next)
    if a.zone_c:
        _hold_one(a, first, n, step, C, a.zone_c, c, c_next)


@njit
def _part_one(a, first, n, step, letter, parts, d, kept):
    size = 4 * a.hidden_padded
    for r in range(n):
        bits = _bits(a, first + r, step, letter)
        for at in range(0, size, BYTES):
            place = d + r * size + at
            whole = load(place)
            stayed = _stays(a, bits, at // 4, parts) * whole
            store(kept + r * size + at, stayed)
            store(place, whole - stayed)


@njit
def part(a, first, n, step, d_h, d_c, kept):
    """Take from the gradients of n rows' states, and keep, what goes to the states before."""
    if a.zone_h:
        _part_one(a, first, n, step, H, a.zone_h, d_h, kept)
    if a.zone_c:
        _part_one(a, first, n, step, C, a.zone_c, d_c, kept + 4 * CHUNK * a.hidden_padded)


@njit
def _join_one(a, n, d, kept):
    for at in range(0, 4 * n * a.hidden_padded, BYTES):
        store(d + at, load(d + at) + load(kept + at))


@njit
def join(a, n, d_h, d_c, kept):
    """Add what `part` has kept to the gradients of the states before."""
    if a.zone_h:
        _join_one(a, n, d_h, kept)
    if a.zone_c:
        _join_one(a, n, d_c, kept + 4 * CHUNK * a.hidden_padded)
