"""What holds the recurrent layers back: overhead of a call, and products against the chip's peak.

    python benchmarks/recurrent_profile.py

prints, in Markdown, the time of one step of training on a batch of one token, where nothing but
overhead is left, for our layers and torch's; and, for a range of shapes, how many multiplications
and additions a second the kernels reach in forward and backward together, as a share of what
products on operands in the nearest cache reach on as many threads.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import torch
from numba import njit

import sestina
from sestina import nn as ours
from sestina.kernels import recurrent
from sestina.kernels.cells import GATES, STATES, Weights
from sestina.kernels.compiled import Kernel
from sestina.kernels.memory import integer
from sestina.kernels.parallel import run
from sestina.kernels.products import multiply
from sestina.kernels.workspace import address

THREADS = 2
LAYERS = {"rnn_tanh": "SimpleRNN", "gru_after": "GRU", "lstm": "LSTM"}
SHAPES = [  # B, T, H = D
    (32, 100, 16), (128, 100, 16), (128, 100, 32), (128, 500, 32), (512, 500, 32),
    (32, 100, 128), (128, 100, 128), (32, 100, 256), (128, 100, 256), (128, 100, 512),
]  # fmt: skip
ROWS, COLUMNS, TIMES = 16, 32, 2000


def seconds(work: Callable[[], Any], repeats: int) -> float:
    """Return the median time of `work`."""
    times = []
    for _ in range(repeats + 3):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return median(times[3:])


@njit
def _products(to, a, packed):
    for _ in range(TIMES):
        multiply(to, 4 * COLUMNS, a, 4 * COLUMNS, ROWS, packed, COLUMNS, COLUMNS)


def near_products(chunk, place):
    """Multiply small matrices over and over: `place` holds the addresses of three per chunk."""
    at = place + 24 * chunk
    _products(integer(at), integer(at + 8), integer(at + 16))


def peak() -> float:
    """Return the operations a second of small products on all threads."""
    memory = np.zeros((THREADS, 3, 2048), np.float32)
    places = np.array([[address(part) for part in one] for one in memory], np.int64)
    kernel = Kernel(near_products)
    operations = 2.0 * THREADS * TIMES * ROWS * COLUMNS * COLUMNS
    return operations / seconds(lambda: run(kernel, THREADS, address(places)), 50)


def training(cell: str, batch: int, steps: int, hidden: int) -> Callable[[], None]:
    """Return a run of the kernels, forward and backward from the final state."""
    draw, rows = np.random.default_rng(0), GATES[cell] * hidden
    shapes = (rows, hidden), (rows, hidden), (rows,), (rows,)
    weights = Weights(*(draw.normal(0, 0.1, s).astype(np.float32) for s in shapes))
    x = draw.standard_normal((batch, steps, hidden), np.float32)
    d_x, d_h = np.empty_like(x), np.ones((batch, hidden), np.float32)
    d_final = (d_h, None)[: STATES[cell]]

    def both() -> None:
        _, tape = recurrent.forward(cell, x, weights)
        assert tape is not None
        recurrent.backward(tape, None, d_final, d_input=d_x)

    return both


def overhead(layer: torch.nn.Module) -> float:
    """Return the time of a step of training on one token."""
    x = torch.randn(1, 1, 32, requires_grad=True)

    def step() -> None:
        _, final = layer(x)
        (final[0] if isinstance(final, tuple) else final).sum().backward()

    return seconds(step, 2000)


def main() -> None:
    """Print both tables."""
    torch.set_num_threads(THREADS)
    sestina.set_threads(THREADS)
    print("| one step of training on one token, H 32 | Sestina | torch.nn |\n|---|---|---|")
    for name in LAYERS.values():
        theirs = getattr(torch.nn, "RNN" if name == "SimpleRNN" else name)(32, 32)
        pair = overhead(getattr(ours, name)(32, 32)), overhead(theirs)
        print(f"| {name} | {pair[0] * 1e6:.0f} µs | {pair[1] * 1e6:.0f} µs |")
    most = peak()
    print(f"\nProducts on operands in the nearest cache: {most / 1e9:.0f} GFLOP/s.\n")
    print("| B, T, H | " + " | ".join(LAYERS.values()) + " |\n" + "|---" * (1 + len(LAYERS)) + "|")
    for batch, steps, hidden in SHAPES:
        shares = []
        for cell in LAYERS:
            work = 12.0 * batch * steps * GATES[cell] * hidden * hidden
            took = seconds(training(cell, batch, steps, hidden), 5 if work > 2e9 else 20)
            shares.append(f"{work / took / 1e9:.0f} ({work / took / most:.0%})")
        print(f"| {batch}, {steps}, {hidden} | " + " | ".join(shares) + " |", flush=True)


if __name__ == "__main__":
    main()
