"""Register tiles: a few rows × a few vectors of a matrix product, kept in registers for Numba.

A tile's vectors live in a block of stack that LLVM promotes to registers, as long as every index
is a constant once loops over rows are unrolled.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

from sestina.kernels.memory import FLOAT, INDEX, pointer_to
from sestina.kernels.simd import BYTES, LANES, VECTOR, fused, spread, vector

ACCUMULATORS = 16 if LANES == 16 else 8
"""Vectors of a tile that the register file holds beside the operands."""


class Tile(types.Type):
    """Sixteen vectors, numbered row by row."""

    def __init__(self) -> None:
        super().__init__(name="tile")


tile = Tile()


@register_model(Tile)
class _TileModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, VECTOR.as_pointer())


def _place(builder: Any, block: Any, index: Any) -> Any:
    if isinstance(index, int):
        index = ir.Constant(INDEX, index)
    return builder.gep(block, [index])


@intrinsic
def new_tile(typing: Any) -> Any:
    """Return a tile; its vectors have no value yet."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.ArrayType(VECTOR, 16)
        return builder.bitcast(cgutils.alloca_once(builder, kind), VECTOR.as_pointer())

    return tile(), build


@intrinsic
def get(typing: Any, block: Any, index: Any) -> Any:
    """Return vector `index` of a tile."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(_place(builder, *args))

    return vector(tile, types.int64), build


@intrinsic
def put(typing: Any, block: Any, index: Any, value: Any) -> Any:
    """Set vector `index` of a tile."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[2], _place(builder, args[0], args[1]))
        return context.get_dummy_value()

    return types.void(tile, types.int64, vector), build


def product(rows: int, columns: tuple[int, ...], width: int) -> Any:
    """Return a compiled function that adds a product to some columns of a tile.

    The function ``add(tile, a, a_row, a_step, b, b_step, count)`` adds, for r < `rows` and the
    n-th of `columns` j, Σ_k A[r, k] · B[k, n] to vector r · `width` + j, k < count. A[r, k] is
    the float at byte a + r · a_row + k · a_step; B[k, n] the n-th vector at byte b + k · b_step.
    """

    @intrinsic
    def add(
        typing: Any, block: Any, a: Any, a_row: Any, a_step: Any, b: Any, b_step: Any, count: Any
    ) -> Any:
        def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            beside = ir.Constant(INDEX, BYTES)
            _product_loop(builder, args, beside, rows, columns, width)
            return context.get_dummy_value()

        return types.void(tile, *[types.int64] * 6), build

    return add


def panel_product(rows: int, width: int) -> Any:
    """Return ``add(tile, a, a_row, a_step, b, b_step, count, apart)``, which does so for panels.

    The n-th vector B[k, n] is at byte b + k · b_step + n · apart, and all `width` of the tile's are
    added to.
    """

    @intrinsic
    def add(
        typing: Any, block: Any, a: Any, a_row: Any, a_step: Any, b: Any, b_step: Any, count: Any,
        apart: Any,
    ) -> Any:  # fmt: skip
        def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            _product_loop(builder, args[:-1], args[-1], rows, tuple(range(width)), width)
            return context.get_dummy_value()

        return types.void(tile, *[types.int64] * 7), build

    return add


def _product_loop(
    builder: Any, args: Any, apart: Any, rows: int, columns: tuple[int, ...], width: int
) -> None:
    """Write the loop over k; the accumulators are phi nodes."""
    block, a, a_row, a_step, b, b_step, count = args
    zero = ir.Constant(INDEX, 0)
    slots = [(r, n) for r in range(rows) for n in range(len(columns))]
    places = [_place(builder, block, r * width + columns[n]) for r, n in slots]
    first = [builder.load(place) for place in places]
    before = builder.block
    loop = builder.append_basic_block("product")
    after = builder.append_basic_block("product.end")
    builder.cbranch(builder.icmp_signed(">", count, zero), loop, after)

    builder.position_at_end(loop)
    k = builder.phi(INDEX)
    sums = [builder.phi(VECTOR) for _ in slots]
    here = builder.add(b, builder.mul(k, b_step))
    vectors = [
        builder.load(pointer_to(builder, place, VECTOR), align=4)
        for place in (
            builder.add(here, builder.mul(apart, ir.Constant(INDEX, n)))
            for n in range(len(columns))
        )
    ]
    added = list(sums)
    for r in range(rows):
        row = builder.add(a, builder.mul(a_row, ir.Constant(INDEX, r)))
        element = builder.add(row, builder.mul(k, a_step))
        scalar = spread(builder, builder.load(pointer_to(builder, element, FLOAT), align=4))
        for n, value in enumerate(vectors):
            at = r * len(columns) + n
            added[at] = fused(builder, scalar, value, sums[at])
    following = builder.add(k, ir.Constant(INDEX, 1))
    builder.cbranch(builder.icmp_signed("<", following, count), loop, after)
    k.add_incoming(zero, before)
    k.add_incoming(following, loop)
    for phi, start, end in zip(sums, first, added, strict=True):
        phi.add_incoming(start, before)
        phi.add_incoming(end, loop)

    builder.position_at_end(after)
    totals = [builder.phi(VECTOR) for _ in slots]
    for total, place, start, end in zip(totals, places, first, added, strict=True):
        total.add_incoming(start, before)
        total.add_incoming(end, loop)
        builder.store(total, place)


TALL = ACCUMULATORS
"""Rows of a tile that is one vector wide."""

HALF = ACCUMULATORS // 2
"""Rows of a tile that is two vectors wide."""

FLAT = ACCUMULATORS // 4
"""Rows of a tile that is four vectors wide."""
