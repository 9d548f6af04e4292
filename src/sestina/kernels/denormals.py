"""While a kernel runs, numbers below 1.2e-38 are zero: as denormals x86 takes ten times as long.

Gradients that vanish come there: those of an LSTM halve at each step, and are no normal numbers any
more after some 126 of them. The mode is that of a thread, and is put back afterwards.
"""

from __future__ import annotations

import platform
from typing import Any

from llvmlite import ir
from numba.core import cgutils

X86 = platform.machine().lower() in {"x86_64", "amd64"}
FLUSH = 0x8040  # results, and what is read: flush to zero, denormals are zeros
MODE = ir.IntType(32)
PLACE = ir.IntType(8).as_pointer()


def flush(builder: Any) -> Any:
    """Emit code that lets denormals be zero; return where the mode of before stands, or None."""
    if not X86:
        return None
    before = cgutils.alloca_once(builder, MODE)
    _go(builder, "stmxcsr", before)
    after = cgutils.alloca_once(builder, MODE)
    builder.store(builder.or_(builder.load(before), ir.Constant(MODE, FLUSH)), after)
    _go(builder, "ldmxcsr", after)
    return before


def restore(builder: Any, before: Any) -> None:
    """Emit code that puts the mode back which `flush` found."""
    if before is not None:
        _go(builder, "ldmxcsr", before)


def _go(builder: Any, name: str, place: Any) -> None:
    kind = ir.FunctionType(ir.VoidType(), [PLACE])
    function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.x86.sse.{name}")
    builder.call(function, [builder.bitcast(place, PLACE)])
