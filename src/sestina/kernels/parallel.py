"""Chunks over threads: the work is cut the same way however many threads there are.

A chunk's result depends on the chunk alone, so results are equal to the bit for any number of
threads; which thread takes which chunk is left to a shared counter. In a forked child (a
DataLoader worker, say) everything runs on one thread, since OpenMP does not survive a fork.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from numbers import Integral
from typing import Any

import numba
from llvmlite import ir
from numba import prange, types
from numba.core import cgutils
from numba.extending import intrinsic
from threadpoolctl import ThreadpoolController

from sestina.kernels import denormals
from sestina.kernels.compiled import Kernel, compiled
from sestina.kernels.locks import Lock
from sestina.kernels.memory import pointer_to


class _State:
    """How many threads are asked for, whether this process was forked, until when phases wait."""

    threads: int | None = None
    forked = False
    alone_until = 0.0  # by `time.monotonic`


_launching = Lock()


def _after_fork() -> None:
    _State.forked = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def set_threads(count: int | None) -> None:
    """Set how many threads the kernels use; None: as many as the machine lets the process use.

    Results do not depend on it. Threads beyond those that Numba started (NUMBA_NUM_THREADS, one
    a core by default) take turns.

    Raises:
        ValueError: `count` is not a positive whole number.
    """
    whole = isinstance(count, Integral) and not isinstance(count, bool)
    if count is not None and not (whole and count >= 1):
        raise ValueError(f"set_threads got {count!r}; expected a whole number ≥ 1, or None")
    _State.threads = count if count is None else int(count)


@contextmanager
def limited(count: int | None) -> Iterator[None]:
    """Use so many threads meanwhile; None changes nothing."""
    before = _State.threads
    if count is not None:
        set_threads(count)
    try:
        yield
    finally:
        _State.threads = before


def threads() -> int:
    """Return how many threads the kernels use in this process."""
    if _State.forked:
        return 1
    if _State.threads is not None:
        return _State.threads
    return _asked() or int(numba.config.NUMBA_NUM_THREADS)


def _asked() -> int:
    """Return how many threads the environment asks for; 0: it does not."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return int(asked) if asked.isdecimal() else 0


@intrinsic
def _call(typing: Any, address: Any, chunk: Any, arguments: Any) -> Any:
    """Call the kernel at `address`, to which denormals are zero."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        number = ir.IntType(64)
        kind = ir.FunctionType(ir.VoidType(), [number, number]).as_pointer()
        mode = denormals.flush(builder)
        builder.call(builder.inttoptr(args[0], kind), args[1:])
        denormals.restore(builder, mode)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 3), build


@intrinsic
def _claim(typing: Any, counter: Any) -> Any:
    """Return the integer at `counter` and raise it by one, for all threads at once."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        number = ir.IntType(64)
        place = pointer_to(builder, args[0], number)
        return builder.atomic_rmw("add", place, ir.Constant(number, 1), "monotonic")

    return types.int64(types.int64), build


@intrinsic
def _finished(typing: Any, counter: Any) -> Any:
    """Raise the integer at `counter` by one; who sees it sees all that was written before."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        number = ir.IntType(64)
        place = pointer_to(builder, args[0], number)
        builder.atomic_rmw("add", place, ir.Constant(number, 1), "release")
        return context.get_dummy_value()

    return types.void(types.int64), build


@intrinsic
def _seen(typing: Any, counter: Any) -> Any:
    """Return the integer at `counter` as other threads have left it."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = pointer_to(builder, args[0], ir.IntType(64))
        return builder.load_atomic(place, "acquire", 8)

    return types.int64(types.int64), build


@intrinsic
def _new_counter(typing: Any) -> Any:
    """Return the address of an integer, zero, that lives until the caller returns."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        number = ir.IntType(64)
        place = cgutils.alloca_once_value(builder, ir.Constant(number, 0))
        return builder.ptrtoint(place, number)

    return types.int64(), build


def launch_alone(address, chunks, threads, arguments):
    """Call a kernel for every chunk, one after the other."""
    for chunk in range(chunks):
        _call(address, chunk, arguments)


def launch_together(address, chunks, threads, arguments):
    """Call a kernel for every chunk; each thread takes the next that is free."""
    place = _new_counter()
    for _ in prange(threads):
        chunk = _claim(place)
        while chunk < chunks:
            _call(address, chunk, arguments)
            chunk = _claim(place)


def phases_alone(address, first, last, chunks, threads, arguments):
    """Call a kernel for every chunk of the phases from `first` to `last`, one after the other."""
    for chunk in range(first * chunks, last * chunks):
        _call(address, chunk, arguments)


def phases_together(address, first, last, chunks, threads, arguments):
    """Call a kernel for every chunk of some phases; none begins before the one before it ends.

    Threads take chunks in order, and wait for the phase before theirs: however few of the threads
    that were asked for come, none waits for a chunk that nobody has.
    """
    claimed, done = _new_counter(), _new_counter()
    total = (last - first) * chunks
    for _ in prange(threads):
        number = _claim(claimed)
        while number < total:
            while _seen(done) < number - number % chunks:
                pass  # some microseconds: to sleep and to be woken takes longer
            _call(address, first * chunks + number, arguments)
            _finished(done)
            number = _claim(claimed)


LITTLE = 4e6  # operations, some 50 µs
LITTLE_OF_PHASES = 6e6  # some 30 µs: what one thread wrote, another waits for
AT_ONCE = 32  # phases, after which the clock is looked at
SLOW, LATE = 1e10, 5e-4  # operations a second, and seconds more: a phase that takes longer waited
PAUSE = 2.0  # seconds for which phases then run on one thread
SIGNATURE = types.void(*[types.int64] * 4)
PHASED = types.void(*[types.int64] * 6)


def ready(*kernels: Kernel) -> None:
    """Compile kernels and what `run` starts them with, so that no clock of their work counts it."""
    for kernel in kernels:
        _ = kernel.address  # asking compiles
    if threads() > 1:
        _guard()  # before compiling, which starts threads too
        _launcher(threads())
    _launcher(1)  # for little work


def _launcher(count: int) -> Any:
    """Return what calls a kernel for chunks from so many threads."""
    if count == 1:
        return compiled(launch_alone, SIGNATURE)
    return compiled(launch_together, SIGNATURE, parallel=True)


def run(kernel: Kernel, chunks: int, arguments: int, work: float = math.inf) -> None:
    """Run `kernel` for chunks 0 … `chunks` − 1.

    Args:
        kernel: What runs.
        chunks: How many times.
        arguments: The address of its record.
        work: Multiplications and additions of all chunks, roughly. Little work stays on one thread:
            on a busy machine, waiting for a second one can take longer than all of it.
    """
    count = 1 if work < LITTLE or chunks <= 1 else min(threads(), chunks)
    if count == 1:
        _launcher(1)(kernel.address, chunks, 1, arguments)
        return
    guard = _guard()  # before compiling, which starts threads too
    launch = _launcher(count)
    with guard:
        launch(kernel.address, chunks, count, arguments)


def run_phases(kernel: Kernel, phases: int, chunks: int, arguments: int, work: float) -> None:
    """Run `kernel` for chunks 0 … `chunks` − 1 of each phase, which begins when the last has ended.

    Threads wait for each other in every phase, on a busy machine up to a time slice. Where that is
    seen to happen, phases run on one thread for a while; results do not depend on it.

    Args:
        kernel: What runs; chunk c of phase p is its number p · `chunks` + c.
        phases: How many.
        chunks: Of each phase.
        arguments: The address of its record.
        work: Multiplications and additions of one phase, roughly; little stays on one thread.
    """
    count = 1 if work < LITTLE_OF_PHASES else min(threads(), chunks)
    for first in range(0, phases, AT_ONCE):
        last, begun = min(first + AT_ONCE, phases), time.monotonic()
        if count <= 1 or begun < _State.alone_until:
            compiled(phases_alone, PHASED)(kernel.address, first, last, chunks, 1, arguments)
            continue
        guard = _guard()  # before compiling, which starts threads too
        launch = compiled(phases_together, PHASED, parallel=True)
        begun = time.monotonic()
        with guard:
            launch(kernel.address, first, last, chunks, count, arguments)
        if time.monotonic() - begun > (last - first) * (LATE + work / SLOW):
            _State.alone_until = time.monotonic() + PAUSE


def _guard() -> Any:
    """Return a lock where Numba's threading layer does not bear concurrent calls."""
    try:
        return nullcontext() if numba.threading_layer() in {"omp", "tbb"} else _launching
    except ValueError:  # no layer chosen before the first launch
        if numba.config.THREADING_LAYER == "default":
            numba.config.THREADING_LAYER_PRIORITY = ["omp", "tbb", "workqueue"]
        _start()
        return _launching


def _start() -> None:
    """Start Numba's threads; give OpenMP back its own number, which they set and torch goes by."""
    before = {lib.filepath: lib.num_threads for lib in _openmp()}
    numba.get_num_threads()
    for lib in _openmp():
        if count := before.get(lib.filepath, _asked()):
            lib.set_num_threads(count)


def _openmp() -> list[Any]:
    found: list[Any] = ThreadpoolController().select(user_api="openmp").lib_controllers
    return found
