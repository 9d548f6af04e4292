"""Dot products in register tiles: some rows of one matrix with some rows of another."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from sestina.kernels.memory import INDEX, pointer_to
from sestina.kernels.simd import BYTES, LANES, SHUFFLE, VECTOR, fused, vector, zeros

HALF = LANES // 2


def dots(rows: int, columns: int) -> Any:
    """Return a compiled function that gives the `LANES` dot products of some rows.

    The function ``dot(a, a_row, b, b_row, count)`` returns a vector whose lane r · `columns` + c
    is Σ_k A[r, k] · B[c, k] over `count` vectors' elements k; A[r] starts at byte a + r · a_row.
    `rows` · `columns` is `LANES`.
    """

    @intrinsic
    def dot(typing: Any, a: Any, a_row: Any, b: Any, b_row: Any, count: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return _gathered(builder, _sums(builder, args, rows, columns))

        return vector(*[types.int64] * 5), build

    return dot


def _sums(builder: Any, args: Any, rows: int, columns: int) -> list[Any]:
    """Write the loop over k; each lane of a sum holds every `LANES`-th product of its pair."""
    a, a_row, b, b_row, count = args
    slots = [(r, c) for r in range(rows) for c in range(columns)]
    before = builder.block
    loop = builder.append_basic_block("dots")
    after = builder.append_basic_block("dots.end")
    zero = ir.Constant(INDEX, 0)
    starts = [_row(builder, a, a_row, r) for r in range(rows)]
    others = [_row(builder, b, b_row, c) for c in range(columns)]
    builder.branch(loop)

    builder.position_at_end(loop)
    k = builder.phi(INDEX)
    sums = [builder.phi(VECTOR) for _ in slots]
    offset = builder.mul(k, ir.Constant(INDEX, BYTES))
    left = [_vector_at(builder, start, offset) for start in starts]
    right = [_vector_at(builder, start, offset) for start in others]
    added = [
        fused(builder, left[r], right[c], total) for (r, c), total in zip(slots, sums, strict=True)
    ]
    following = builder.add(k, ir.Constant(INDEX, 1))
    builder.cbranch(builder.icmp_signed("<", following, count), loop, after)
    k.add_incoming(zero, before)
    k.add_incoming(following, loop)
    for phi, value in zip(sums, added, strict=True):
        phi.add_incoming(zeros(), before)
        phi.add_incoming(value, loop)
    builder.position_at_end(after)
    return added


def _row(builder: Any, base: Any, stride: Any, number: int) -> Any:
    return builder.add(base, builder.mul(stride, ir.Constant(INDEX, number)))


def _vector_at(builder: Any, base: Any, offset: Any) -> Any:
    return builder.load(pointer_to(builder, builder.add(base, offset), VECTOR), align=4)


def _gathered(builder: Any, sums: list[Any]) -> Any:
    """Return the vector of the sums over the lanes of `LANES` vectors, by halving them in pairs."""
    segment = LANES
    while len(sums) > 1:
        half, segment = len(sums) // 2, segment // 2
        lower = [
            lane + side
            for first in range(0, LANES, 2 * segment)
            for side in (0, LANES)
            for lane in range(first, first + segment)
        ]
        upper = [lane + segment for lane in lower]
        sums = [
            builder.fadd(
                builder.shuffle_vector(x, y, ir.Constant(SHUFFLE, lower)),
                builder.shuffle_vector(x, y, ir.Constant(SHUFFLE, upper)),
            )
            for x, y in zip(sums[:half], sums[half:], strict=True)
        ]
    return sums[0]


@intrinsic
def load_halves(typing: Any, first: Any, second: Any) -> Any:
    """Read half a vector at one address and the other half at another."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.VectorType(ir.FloatType(), HALF)
        parts = [builder.load(pointer_to(builder, place, kind), align=4) for place in args]
        every = ir.Constant(SHUFFLE, list(range(LANES)))
        return builder.shuffle_vector(*parts, every)

    return vector(types.int64, types.int64), build


@intrinsic
def store_halves(typing: Any, first: Any, second: Any, value: Any) -> Any:
    """Write the first half of a vector to one address and the other half to another."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.VectorType(ir.FloatType(), HALF)
        lanes = ir.VectorType(ir.IntType(32), HALF)
        for number, place in enumerate(args[:2]):
            chosen = ir.Constant(lanes, list(range(number * HALF, (number + 1) * HALF)))
            part = builder.shuffle_vector(args[2], args[2], chosen)
            builder.store(part, pointer_to(builder, place, kind), align=4)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, vector), build
