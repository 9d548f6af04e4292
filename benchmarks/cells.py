"""What options of recurrent layers cost over the plain kernel, and beside a loop of torch cells.

    make bench-cells [ARGS=--publish]
    python benchmarks/cells.py [--quick] [--publish]

A line is one layer (with residual connections two), forward and backward to all gradients, at B
128, T 100 and D = H. It tells the median of 15 rounds with the quartiles. Within a round every
option of a cell runs once, so that all see the same minutes of the machine. "Over plain" is the
median of the rounds' quotients by the same layer without the option. Loops follow, five rounds.
The loops are those that one writes by hand: torch operations step by step, and for minGRU and
minLSTM the parallel scan in log space of their authors (Feng et al. 2024, appendix B). Padding of
full rows tells what asking for lengths costs. Keras with `recurrent_dropout` is in row 7 of
`benchmarks/recurrent.py`. `--publish` puts the table into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

import torch
from racing import machine, pages
from torch import Tensor
from torch.nn import functional as F

from sestina.nn import GRU, LSTM, MinGRU, MinLSTM

MARKER = "cells"
PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
B, T, SHARE = 128, 100, 0.1
SIZES = (32, 128)
ROUNDS = 15
HEAD = (
    "| layer | Sestina, ms | over plain | goal | loop of torch operations, ms | faster |\n"
    "|---|---|---|---|---|---|"
)
Run = Callable[[], None]
OPTIONS: dict[str, tuple[dict[str, object], float | None]] = {
    "plain": ({}, None),
    "padding (lengths given, all full)": ({}, 1.15),
    "recurrent dropout": ({"recurrent_dropout": SHARE}, 1.15),
    "weight drop": ({"weight_drop": SHARE}, 1.15),
    "zoneout": ({"zoneout": SHARE}, 1.15),
    "layer normalisation": ({"normalise": "layer"}, 2.5),
    "batch normalisation": ({"normalise": "batch"}, 2.5),
    "two layers": ({"num_layers": 2}, None),
    "two layers, residual": ({"num_layers": 2, "residual": True}, 1.15),
}
"""Options of our layers, and the most that they may cost over the plain one."""
OF_LSTM = ("batch normalisation",)
"""Options that GRUs lack."""
Change = Callable[[Tensor], Tensor]
NORMS: dict[str, Change] = {
    "layer normalisation": lambda v: F.layer_norm(v, v.shape[-1:]),
    "batch normalisation": lambda v: F.batch_norm(v.flatten(1), None, None, training=True).view_as(
        v
    ),
}
"""How W x (B, T, G·H) and U h (B, G·H) are normalised by hand."""


def main() -> None:
    parser = argparse.ArgumentParser(description="What options of recurrent layers cost.")
    parser.add_argument("--quick", action="store_true", help="three rounds")
    parser.add_argument("--publish", action="store_true", help="write into docs/benchmarks.md")
    args = parser.parse_args()
    if args.publish and args.quick:
        parser.error("--quick gives no figures to publish")
    cores = machine.one_core_per_thread()
    torch.set_num_threads(machine.THREADS)
    lines = [HEAD]
    print(HEAD)
    for hidden in SIZES:
        for kind in (LSTM, GRU):
            for one in lines_of(kind, hidden, 3 if args.quick else ROUNDS):
                print(one, flush=True)
                lines.append(one)
    said = f"{date.today()}; {cores}; Python {platform.python_version()}, torch {torch.__version__}"
    if args.publish:
        pages.publish("\n".join([*lines, "", said + "."]), PAGE, MARKER)


def lines_of(kind: type[LSTM | GRU], hidden: int, rounds: int) -> list[str]:
    """Race a cell, with each option, at one size."""
    torch.manual_seed(0)
    x = torch.randn(B, T, hidden)
    ours, loops = {}, {}
    for name, (options, _) in OPTIONS.items():
        if name in OF_LSTM and kind is not LSTM:
            continue
        more = {"cell_zoneout": SHARE} if name == "zoneout" and kind is LSTM else {}
        layer = kind(hidden, hidden, batch_first=True, single_bias=True, **options, **more)
        lengths = [T] * B if name.startswith("padding") else None
        ours[name] = training(partial(outputs_of, layer, lengths), x, list(layer.parameters()))
        if name != "padding (lengths given, all full)":
            forward, weights = loop_of(kind is LSTM, name, hidden)
            loops[name] = training(forward, x, weights)
    smallest = MinLSTM if kind is LSTM else MinGRU
    layer = smallest(hidden, hidden, batch_first=True)
    ours[smallest.__name__] = training(
        partial(outputs_of, layer, None), x, list(layer.parameters())
    )
    forward, weights = scan_of(kind is LSTM, hidden)
    loops[smallest.__name__] = training(forward, x, weights)
    found = raced(ours, rounds), raced(loops, max(rounds // 3, 2))
    return [line(f"{kind.__name__} {hidden}", name, *found) for name in ours]


def outputs_of(layer: torch.nn.Module, lengths: list[int] | None, x: Tensor) -> Tensor:
    """Return the outputs of one of our layers."""
    made: Tensor = layer(x, lengths=lengths)[0]
    return made


def training(forward: Callable[[Tensor], Tensor], x: Tensor, weights: list[Tensor]) -> Run:
    """Return one step: outputs and the gradients of x and all weights."""
    at = x.clone().requires_grad_()

    def run() -> None:
        torch.autograd.grad(forward(at).sum(), [at, *weights])

    return run


def raced(runs: dict[str, Run], rounds: int) -> dict[str, list[float]]:
    """Return the milliseconds of each round; one more comes first and does not count.

    Each round begins with another entry, and each entry with a run that is not measured, since what
    ran before has left its data in the caches and its threads awake.
    """
    taken: dict[str, list[float]] = {name: [] for name in runs}
    names = list(runs)
    for number in range(rounds + 1):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            run = runs[name]
            run()
            begun = time.perf_counter()
            run()
            taken[name].append(1000 * (time.perf_counter() - begun))
    return {name: each[1:] for name, each in taken.items()}


def line(title: str, name: str, ours: dict[str, list[float]], loops: dict[str, list[float]]) -> str:
    """Return a line of the table."""
    own, base = ours[name], ours["two layers" if name == "two layers, residual" else "plain"]
    over = statistics.median(a / b for a, b in zip(own, base, strict=True))
    goal = OPTIONS.get(name, ({}, None))[1]
    reached = "" if goal is None else f"≤ {goal} × {'yes' if over <= goal else '**no**'}"
    first, _, third = statistics.quantiles(own, n=4)
    cells = [f"{title}, {name}", f"{statistics.median(own):.2f} ({first:.2f} – {third:.2f})",
             "" if base is own else f"{over:.2f}", reached, "", ""]  # fmt: skip
    if name in loops:
        loop, mine = statistics.median(loops[name]), statistics.median(own)
        cells[4:] = [f"{loop:.1f}", f"{loop / mine:.1f} ×"]
    return f"| {' | '.join(cells)} |"


def loop_of(lstm: bool, name: str, hidden: int) -> tuple[Callable[[Tensor], Tensor], list[Tensor]]:
    """Return a layer, or two, written by hand as a loop of torch operations, and its weights."""
    gates, depth = 4 if lstm else 3, 2 if name.startswith("two") else 1
    sizes = [(gates * hidden, hidden), (gates * hidden, hidden), (gates * hidden,)]
    layers = [
        [(torch.randn(s) / hidden**0.5).requires_grad_() for s in sizes] for _ in range(depth)
    ]

    def forward(x: Tensor) -> Tensor:
        for number, (kernel, recurrent, bias) in enumerate(layers):
            made = one_layer(lstm, name, x, kernel, recurrent, bias)
            x = x + made if number and name.endswith("residual") else made
        return x

    return forward, [weight for layer in layers for weight in layer]


def one_layer(
    lstm: bool, name: str, x: Tensor, kernel: Tensor, recurrent: Tensor, bias: Tensor
) -> Tensor:
    """Run one layer step by step over x (B, T, D)."""
    norm = NORMS.get(name, lambda v: v)
    shown = norm if name == "layer normalisation" else (lambda v: v)
    if name == "weight drop":
        recurrent = F.dropout(recurrent, SHARE)
    driven = norm(F.linear(x, kernel)) + bias
    h = c = x.new_zeros(x.shape[0], recurrent.shape[1])
    mask = F.dropout(torch.ones_like(h), SHARE) if name == "recurrent dropout" else None
    outputs = []
    for t in range(x.shape[1]):
        sums = norm(F.linear(h if mask is None else h * mask, recurrent))
        if lstm:
            i, f, g, o = (driven[:, t] + sums).chunk(4, 1)
            new_c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            new = o.sigmoid() * shown(new_c).tanh()
        else:
            (x_r, x_z, x_n), (u_r, u_z, u_n) = driven[:, t].chunk(3, 1), sums.chunk(3, 1)
            z = (x_z + u_z).sigmoid()
            new_c = c
            new = z * h + (1 - z) * (x_n + (x_r + u_r).sigmoid() * u_n).tanh()
        if name == "zoneout":
            new = torch.where(torch.rand_like(h) < SHARE, h, new)
            new_c = torch.where(torch.rand_like(c) < SHARE, c, new_c) if lstm else c
        h, c = new, new_c
        outputs.append(h)
    return torch.stack(outputs, dim=1)


def scan_of(lstm: bool, hidden: int) -> tuple[Callable[[Tensor], Tensor], list[Tensor]]:
    """Return minLSTM or minGRU as their authors wrote it, a parallel scan in log space."""
    gates = 3 if lstm else 2
    kernel = (torch.randn(gates * hidden, hidden) / hidden**0.5).requires_grad_()

    def forward(x: Tensor) -> Tensor:
        *for_gates, new = F.linear(x, kernel).chunk(gates, dim=2)
        if lstm:
            apart = F.softplus(-for_gates[0]) - F.softplus(-for_gates[1])
            kept, taken = -F.softplus(apart), -F.softplus(-apart)
        else:
            kept, taken = -F.softplus(for_gates[0]), -F.softplus(-for_gates[0])
        positive = torch.where(new >= 0, (F.relu(new) + 0.5).log(), -F.softplus(-new))
        through = kept.cumsum(dim=1)
        return (through + (taken + positive - through).logcumsumexp(dim=1)).exp()

    return forward, [kernel]


if __name__ == "__main__":
    main()
