"""The CRF's loss and gradient, and its best tagging, against pytorch-crf.

    pip install pytorch-crf
    python benchmarks/crf.py

Batches of 64 sentences of 5 to T words; the median of 15 rounds, the two by turns, threads as
OMP_NUM_THREADS says. Results are compared first.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torchcrf import CRF as Peer  # of the package pytorch-crf

from sestina.nn.crf import CRF

SHAPES = ((64, 25, 12), (64, 50, 12), (64, 50, 21), (64, 50, 45))
ROUNDS = 15


def main() -> None:
    print("| B, T, K | loss and gradient, ms | pytorch-crf | ratio | best tagging, ms |", end=" ")
    print("pytorch-crf | ratio |\n|---|---|---|---|---|---|---|")
    for shape in SHAPES:
        cells = [f"{one:.2f} | {other:.2f} | {other / one:.0f}" for one, other in raced(*shape)]
        print(f"| {', '.join(map(str, shape))} | " + " | ".join(cells) + " |", flush=True)


def raced(batch: int, steps: int, tags: int) -> list[tuple[float, float]]:
    """Return the milliseconds of ours and of the peer, for the loss and for the best tagging."""
    torch.manual_seed(0)
    emissions = torch.randn(batch, steps, tags)
    lengths = torch.randint(5, steps + 1, (batch,))
    lengths[0] = steps
    goal = torch.randint(tags, (batch, steps))
    mask = torch.arange(steps) < lengths[:, None]
    peer, ours = Peer(tags, batch_first=True), CRF(tags)
    with torch.no_grad():
        ours.scores[:tags, :tags] = peer.transitions
        ours.scores[tags, :tags], ours.scores[:tags, tags] = (
            peer.start_transitions, peer.end_transitions,
        )  # fmt: skip

    def mine(x: Tensor) -> Tensor:
        return ours.loss(x, goal, lengths)

    def theirs(x: Tensor) -> Tensor:
        return -peer(x, goal, mask=mask, reduction="sum")

    one, other = with_gradient(mine, emissions), with_gradient(theirs, emissions)
    assert torch.allclose(one, other, atol=1e-4), "the gradients differ"
    best, wanted = ours.decode(emissions, lengths), peer.decode(emissions, mask)
    rows = zip(best.tolist(), wanted, strict=True)
    assert all(row[: len(way)] == way for row, way in rows), "the best taggings differ"
    return [
        by_turns(lambda: with_gradient(mine, emissions), lambda: with_gradient(theirs, emissions)),
        by_turns(lambda: ours.decode(emissions, lengths), lambda: peer.decode(emissions, mask)),
    ]


def with_gradient(loss: Callable[[Tensor], Tensor], emissions: Tensor) -> Tensor:
    """Return the gradient of a loss by the emissions (B, T, K)."""
    x = emissions.clone().requires_grad_()
    loss(x).backward()
    assert x.grad is not None
    return x.grad


def by_turns(*runs: Callable[[], Any]) -> tuple[float, float]:
    """Return the median milliseconds of two runs that alternate."""
    times: list[list[float]] = [[], []]
    for _ in range(ROUNDS):
        for found, run in zip(times, runs, strict=True):
            started = time.perf_counter()
            run()
            found.append(1e3 * (time.perf_counter() - started))
    return statistics.median(times[0]), statistics.median(times[1])


if __name__ == "__main__":
    main()
