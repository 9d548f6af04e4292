"""Recurrent layers whose last state alone counts, against torch.nn: gradients that vanish.

    make bench-last-state [ARGS=--publish]
    python benchmarks/last_state.py [--rounds 7] [--publish]

One layer, forward and backward to all gradients, B 128, D = H, the same weights in both; once with
a loss of all states, once of the last. Far from the end the gradients of the second become too
small for full precision, and x86 takes ten times as long for such numbers. Within a round all four
run once; the table tells medians. `--publish` puts it into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from datetime import date
from pathlib import Path

import torch
from racing import machine, pages
from torch import nn

from sestina.nn import GRU, LSTM

MARKER = "last state"
PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
B = 128
CASES = [
    ("LSTM", 100, 32),
    ("LSTM", 200, 32),
    ("LSTM", 500, 32),
    ("GRU", 200, 32),
    ("GRU", 500, 64),
]
LAYERS = {"LSTM": (LSTM, nn.LSTM), "GRU": (GRU, nn.GRU)}
HEAD = "| layer, steps, units | loss of | Sestina, ms | torch, ms | faster |\n|---|---|---|---|---|"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--publish", action="store_true", help="write docs/benchmarks.md")
    args = parser.parse_args()
    processor = machine.one_core_per_thread()
    torch.set_num_threads(machine.THREADS)
    print(HEAD, flush=True)
    lines = [HEAD]
    for case in CASES:
        lines += lines_of(*case, args.rounds)
    versions = f"Python {platform.python_version()}, torch {torch.__version__}"
    if args.publish:
        pages.publish(
            "\n".join([*lines, "", f"{date.today()}; {processor}; {versions}."]), PAGE, MARKER
        )


def lines_of(name: str, steps: int, units: int, rounds: int) -> list[str]:
    """Time a layer of ours and torch's by turns, with both losses, and return the table's lines."""
    ours, torchs = (kind(units, units, batch_first=True) for kind in LAYERS[name])
    torchs.load_state_dict(ours.state_dict())
    x = torch.randn(B, steps, units)
    times: dict[tuple[str, bool], list[float]] = {}
    for turn in range(rounds + 1):
        for who, layer in (("ours", ours), ("torch", torchs)):
            for last in (False, True):
                taken = seconds(layer, x, last)
                if turn:  # the first compiles and takes memory
                    times.setdefault((who, last), []).append(taken)
    lines = []
    for last in (False, True):
        mine, other = (1e3 * statistics.median(times[who, last]) for who in ("ours", "torch"))
        called = f"{name}, {steps}, {units} | {'the last state' if last else 'all states'}"
        lines.append(f"| {called} | {mine:.1f} | {other:.1f} | {other / mine:.1f} × |")
        print(lines[-1], flush=True)
    return lines


def seconds(layer: nn.Module, x: torch.Tensor, last: bool) -> float:
    """Return the time of a step forward and back to all gradients."""
    given = x.clone().requires_grad_(True)
    layer.zero_grad(set_to_none=True)
    begun = time.perf_counter()
    states = layer(given)[0]
    (states[:, -1] if last else states).sum().backward()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
