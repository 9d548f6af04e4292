"""Numbers at addresses, for Numba: memory is named by plain integers, in bytes."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

FLOAT = ir.FloatType()
BYTE = ir.IntType(8)
INDEX = ir.IntType(64)
SHORT = ir.IntType(32)


def pointer_to(builder: Any, address: Any, kind: Any, offset: int = 0) -> Any:
    """Turn an address and a constant offset, in bytes, into a pointer to `kind`."""
    base = builder.inttoptr(address, BYTE.as_pointer())
    place = builder.gep(base, [ir.Constant(INDEX, offset)])
    return builder.bitcast(place, kind.as_pointer())


@intrinsic
def integer(typing: Any, address: Any) -> Any:
    """Read one int64 at `address`."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(pointer_to(builder, args[0], INDEX), align=8)

    return types.int64(types.int64), build


@intrinsic
def write_integer(typing: Any, address: Any, value: Any) -> Any:
    """Write one int64 at `address`."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[1], pointer_to(builder, args[0], INDEX), align=8)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), build


@intrinsic
def number(typing: Any, address: Any) -> Any:
    """Read one float32 at `address`."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(pointer_to(builder, args[0], FLOAT), align=4)

    return types.float32(types.int64), build


@intrinsic
def write_number(typing: Any, address: Any, value: Any) -> Any:
    """Write one float32 at `address`."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[1], pointer_to(builder, args[0], FLOAT), align=4)
        return context.get_dummy_value()

    return types.void(types.int64, types.float32), build


def _prefetch(write: int) -> Any:
    @intrinsic
    def ask(typing: Any, address: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            number = ir.IntType(32)
            kind = ir.FunctionType(ir.VoidType(), [BYTE.as_pointer(), number, number, number])
            function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
            place = pointer_to(builder, args[0], BYTE)
            builder.call(function, [place, *(ir.Constant(number, n) for n in (write, 3, 1))])
            return context.get_dummy_value()

        return types.void(types.int64), build

    return ask


prefetch = _prefetch(0)
"""Ask for the line of memory at an address, which need not be ours, ahead of its use."""

prefetch_to_write = _prefetch(1)
"""The same, and take it from other cores: a line that is written soon is not asked for twice."""


@intrinsic
def short(typing: Any, address: Any) -> Any:
    """Read one int32 at `address`."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        value = builder.load(pointer_to(builder, args[0], SHORT), align=4)
        return builder.sext(value, INDEX)

    return types.int64(types.int64), build


@intrinsic
def write_short(typing: Any, address: Any, value: Any) -> Any:
    """Write one int32 at `address`: the low half of `value`."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        value = builder.trunc(args[1], SHORT)
        builder.store(value, pointer_to(builder, args[0], SHORT), align=4)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), build


@intrinsic
def eight_bytes(typing: Any, address: Any) -> Any:
    """Read eight bytes at `address`, which need not be aligned, as a uint64."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(pointer_to(builder, args[0], INDEX), align=1)

    return types.uint64(types.int64), build


@intrinsic
def trailing_zeros(typing: Any, value: Any) -> Any:
    """Count the zero bits below the lowest one of a uint64; 64 if there is none."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), build
