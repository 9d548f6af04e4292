"""Vectors of float32 for Numba: a type, its arithmetic, sigmoid and tanh.

LLVM compiles what stands here to the widest registers of the machine. Memory is addressed by
plain integers (bytes), so that a kernel's types stay few and its compilation short. A vector
holds `LANES` floats: 16 where the machine has AVX-512, else 8.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, overload, register_model

from sestina.kernels.memory import FLOAT, INDEX, pointer_to


def _lanes() -> int:
    """Return how many floats a register of this machine holds; SESTINA_LANES overrides."""
    asked = os.environ.get("SESTINA_LANES")
    if asked in {"8", "16"}:
        return int(asked)
    return 16 if FEATURES.get("avx512f") else 8


FEATURES = dict(llvm.get_host_cpu_features())
LANES = _lanes()
REDUCES = LANES == 16 and bool(FEATURES.get("avx512dq"))
"""Whether one instruction splits a number into whole and rest, and one scales by a power of two."""
BYTES = 4 * LANES
VECTOR = ir.VectorType(FLOAT, LANES)
INTEGERS = ir.VectorType(ir.IntType(32), LANES)
SHUFFLE = INTEGERS
"""What names the lanes of a shuffle."""
MASK = ir.VectorType(ir.IntType(1), LANES)


class Vector(types.Type):
    """`LANES` floats in a register."""

    def __init__(self) -> None:
        super().__init__(name=f"float32x{LANES}")


vector = Vector()


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, VECTOR)


def _constant(value: float) -> ir.Constant:
    return ir.Constant(VECTOR, [value] * LANES)


def zeros() -> ir.Constant:
    """Return the vector of zeros, for code that is being built."""
    return _constant(0.0)


def _integers(value: int) -> ir.Constant:
    return ir.Constant(INTEGERS, [value] * LANES)


def spread(builder: Any, scalar: Any) -> Any:
    """Copy one float to every lane."""
    one = builder.insert_element(ir.Constant(VECTOR, ir.Undefined), scalar, ir.Constant(INDEX, 0))
    zeros = ir.Constant(INTEGERS, [0] * LANES)
    return builder.shuffle_vector(one, ir.Constant(VECTOR, ir.Undefined), zeros)


def fused(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """Return a · b + c, rounded once."""
    kind = ir.FunctionType(VECTOR, [VECTOR] * 3)
    function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fma.v{LANES}f32")
    return builder.call(function, [a, b, c])


# --- memory ---------------------------------------------------------------------------------


@intrinsic
def load(typing: Any, address: Any) -> Any:
    """Read a vector at `address`, aligned or not."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(pointer_to(builder, args[0], VECTOR), align=4)

    return vector(types.int64), build


@intrinsic
def store(typing: Any, address: Any, value: Any) -> Any:
    """Write a vector at `address`, aligned or not."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[1], pointer_to(builder, args[0], VECTOR), align=4)
        return context.get_dummy_value()

    return types.void(types.int64, vector), build


def _first(builder: Any, count: Any) -> Any:
    """Return the mask of the first `count` lanes."""
    lanes = ir.Constant(ir.VectorType(INDEX, LANES), list(range(LANES)))
    one = builder.insert_element(
        ir.Constant(ir.VectorType(INDEX, LANES), ir.Undefined), count, ir.Constant(INDEX, 0)
    )
    spread = builder.shuffle_vector(one, one, ir.Constant(INTEGERS, [0] * LANES))
    return builder.icmp_signed("<", lanes, spread)


@intrinsic
def load_first(typing: Any, address: Any, count: Any) -> Any:
    """Read the first `count` floats of a vector; the other lanes are zero and not touched."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        name = f"llvm.masked.load.v{LANES}f32.p0"
        kind = ir.FunctionType(VECTOR, [VECTOR.as_pointer(), ir.IntType(32), MASK, VECTOR])
        function = cgutils.get_or_insert_function(builder.module, kind, name)
        place = pointer_to(builder, args[0], VECTOR)
        mask = _first(builder, args[1])
        return builder.call(function, [place, ir.Constant(ir.IntType(32), 4), mask, _constant(0.0)])

    return vector(types.int64, types.int64), build


@intrinsic
def store_first(typing: Any, address: Any, value: Any, count: Any) -> Any:
    """Write the first `count` floats of a vector; what stands behind them is not touched."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        name = f"llvm.masked.store.v{LANES}f32.p0"
        kind = ir.FunctionType(ir.VoidType(), [VECTOR, VECTOR.as_pointer(), ir.IntType(32), MASK])
        function = cgutils.get_or_insert_function(builder.module, kind, name)
        place = pointer_to(builder, args[0], VECTOR)
        mask = _first(builder, args[2])
        builder.call(function, [args[1], place, ir.Constant(ir.IntType(32), 4), mask])
        return context.get_dummy_value()

    return types.void(types.int64, vector, types.int64), build


# --- arithmetic -----------------------------------------------------------------------------


@intrinsic
def fill(typing: Any, value: Any) -> Any:
    """Return a vector with `value`, a float32, in every lane."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return spread(builder, args[0])

    return vector(types.float32), build


@intrinsic
def fma(typing: Any, a: Any, b: Any, c: Any) -> Any:
    """Return a · b + c, rounded once."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return fused(builder, *args)

    return vector(vector, vector, vector), build


@intrinsic
def quotient(typing: Any, a: Any, b: Any) -> Any:
    """Return a / b."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fdiv(*args)

    return vector(vector, vector), build


@intrinsic
def root(typing: Any, x: Any) -> Any:
    """Return the square root of x."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(VECTOR, [VECTOR])
        name = f"llvm.sqrt.v{LANES}f32"
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), args)

    return vector(vector), build


def _reciprocal_root(builder: Any, x: Any) -> Any:
    """Return some 12 bits of 1/√x, or all that there are where no instruction guesses it."""
    if FEATURES.get("avx512f") and LANES == 16:
        mask = ir.IntType(16)
        kind = ir.FunctionType(VECTOR, [VECTOR, VECTOR, mask])
        name = "llvm.x86.avx512.rsqrt14.ps.512"
        function = cgutils.get_or_insert_function(builder.module, kind, name)
        return builder.call(function, [x, _constant(0.0), ir.Constant(mask, -1)])
    if FEATURES.get("avx") and LANES == 8:
        kind = ir.FunctionType(VECTOR, [VECTOR])
        name = "llvm.x86.avx.rsqrt.ps.256"
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [x])
    kind = ir.FunctionType(VECTOR, [VECTOR])
    name = f"llvm.sqrt.v{LANES}f32"
    function = cgutils.get_or_insert_function(builder.module, kind, name)
    return builder.fdiv(_constant(1.0), builder.call(function, [x]))


@intrinsic
def inverse_root(typing: Any, x: Any) -> Any:
    """Return 1/√x for 1e-36 < x < 1e36, relative error below 3e-7: a guess and one Newton step."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        guess = _reciprocal_root(builder, args[0])
        halved = builder.fmul(builder.fmul(args[0], guess), _constant(-0.5))
        return builder.fmul(guess, fused(builder, halved, guess, _constant(1.5)))

    return vector(vector), build


@intrinsic
def total(typing: Any, x: Any) -> Any:
    """Return the sum of the lanes: halves are added until one is left."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        value, half = args[0], LANES // 2
        while half:
            other = [(lane + half) % LANES for lane in range(LANES)]
            value = builder.fadd(
                value, builder.shuffle_vector(value, value, ir.Constant(SHUFFLE, other))
            )
            half //= 2
        return builder.extract_element(value, ir.Constant(INDEX, 0))

    return types.float32(vector), build


def _binary(operation: Callable[..., Any], instruction: str) -> None:
    """Give vectors the operator `operation` by one instruction."""

    @intrinsic
    def apply(typing: Any, a: Any, b: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return getattr(builder, instruction)(*args)

        return vector(vector, vector), build

    @overload(operation)
    def choose(a, b):
        if isinstance(a, Vector) and isinstance(b, Vector):

            def written(a, b):  # Numba wants the names of `choose`, which those of `apply` are not
                return apply(a, b)

            return written
        return None


for _operation, _instruction in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
):
    _binary(_operation, _instruction)


@intrinsic
def where_positive(typing: Any, test: Any, value: Any) -> Any:
    """Return zero where `test` ≤ 0, else (NaN included) `value`."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        zero = _constant(0.0)
        return builder.select(builder.fcmp_ordered("<=", args[0], zero), zero, args[1])

    return vector(vector, vector), build


@intrinsic
def at_least(typing: Any, x: Any, least: Any) -> Any:
    """Return the larger of two numbers, lane by lane; NaN in x stays NaN."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.select(builder.fcmp_ordered("<", *args), args[1], args[0])

    return vector(vector, vector), build


def _clamped(builder: Any, x: Any, limit: float) -> Any:
    """Bring x into [−limit, limit]; NaN stays NaN."""
    for sign, bound in ((">", _constant(limit)), ("<", _constant(-limit))):
        x = builder.select(builder.fcmp_ordered(sign, x, bound), bound, x)
    return x


def _polynomial(builder: Any, x: Any, coefficients: tuple[float, ...]) -> Any:
    """Return Σ coefficients[n] · xⁿ by Horner's rule."""
    value = _constant(coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        value = fused(builder, value, x, _constant(coefficient))
    return value


# least relative error by Lawson's method: 8e-8 on [−½, ½] and [0, 1], and 2e-8 on [−9, 9]
EXP2 = (1.00000007, 0.693146967, 0.240221197, 0.0555071327, 0.00967554133, 0.00132764719)
EXP2_FROM_ZERO = (0.999999925, 0.693153073, 0.240153617, 0.055826318, 0.00898934011, 0.00187757667)
TANH_ABOVE = (0.999999979, 0.133810122, 0.003495572, 2.06088117e-05, 1.33542801e-08)
TANH_BELOW = (1.0, 0.467143278, 0.0258769213, 0.00032856082, 7.77640334e-07)
ROUND = 12582912.0  # 1.5 · 2²³: adding it leaves a whole number in the low bits


def _exp2(builder: Any, x: Any) -> Any:
    """Return 2^x, as 2^whole · 2^rest; 2^±126 at most without AVX-512."""
    if REDUCES:
        return _exp2_by_scaling(builder, x)
    x = _clamped(builder, x, 126.0)
    shifted = builder.fadd(x, _constant(ROUND))
    rest = builder.fsub(x, builder.fsub(shifted, _constant(ROUND)))
    whole = builder.add(builder.bitcast(shifted, INTEGERS), _integers(127))
    scale = builder.bitcast(builder.shl(whole, _integers(23)), VECTOR)
    return builder.fmul(_polynomial(builder, rest, EXP2), scale)


def _exp2_by_scaling(builder: Any, x: Any) -> Any:
    """Return 2^x by AVX-512: the rest stands in [0, 1), and infinities come out right."""
    number, mask = ir.IntType(32), ir.IntType(16)
    every, zero = ir.Constant(mask, -1), _constant(0.0)
    down, quiet, nearest = (ir.Constant(number, n) for n in (1 | 8, 8, 4))
    kind = ir.FunctionType(VECTOR, [VECTOR, number, VECTOR, mask, number])
    name = "llvm.x86.avx512.mask.reduce.ps.512"
    reduce = cgutils.get_or_insert_function(builder.module, kind, name)
    rest = builder.call(reduce, [x, down, zero, every, quiet])
    kind = ir.FunctionType(VECTOR, [VECTOR, VECTOR, VECTOR, mask, number])
    name = "llvm.x86.avx512.mask.scalef.ps.512"
    scale = cgutils.get_or_insert_function(builder.module, kind, name)
    power = _polynomial(builder, rest, EXP2_FROM_ZERO)
    return builder.call(scale, [power, x, zero, every, nearest])


@intrinsic
def sigmoid(typing: Any, x: Any) -> Any:
    """Return 1 / (1 + exp(−x)); relative error below 3e-7 + 8e-8 · |x| for x > −87."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        power = builder.fmul(args[0], _constant(-1.4426950408889634))
        below = builder.fadd(_exp2(builder, power), _constant(1.0))
        return builder.fdiv(_constant(1.0), below)

    return vector(vector), build


@intrinsic
def tanh(typing: Any, x: Any) -> Any:
    """Return the hyperbolic tangent of x, relative error below 4e-7: a quotient of polynomials."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        x = _clamped(builder, args[0], 8.0)  # the result stays below 1
        square = builder.fmul(x, x)
        above = builder.fmul(x, _polynomial(builder, square, TANH_ABOVE))
        return builder.fdiv(above, _polynomial(builder, square, TANH_BELOW))

    return vector(vector), build
