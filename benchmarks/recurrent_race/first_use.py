"""What the first use of a cell costs: compiling into an empty cache, and reading a filled one.

    python -m recurrent_race.first_use CELL

prints the seconds of imports and of the first step, forward and backward, in this fresh process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from racing.results import Goal, Spread, judge

from .results import Line
from .work import CELLS, Cell

FIRST, CACHED = Goal("seconds", 8.0), Goal("seconds", 0.5)


def lines(repeats: int, variables: dict[str, str], folder: str) -> Iterator[Line]:
    """Yield two lines per cell: first ever, and in a later process.

    Args:
        repeats: Empty caches to try; medians count.
        variables: Environment of the processes.
        folder: Environment variable that names the folder of compiled code.
    """
    for cell, name in CELLS.items():
        first, later = [], []
        for _ in range(repeats):
            with tempfile.TemporaryDirectory() as cache:
                for times in (first, later):
                    times.append(_fresh_process(cell, variables | {folder: cache}))
        for what, goal, runs in (("first ever", FIRST, first), ("cached", CACHED, later)):
            spread = Spread.of([run["step"] for run in runs])
            imports = Spread.of([run["imports"] for run in runs]).median
            note = f"imports, not counted: {imports:.1f} s"
            yield Line(
                f"{name}, {what}",
                cell,
                goal,
                ours=spread,
                reached=judge(goal, spread.median),
                rounds=len(runs),
                notes=(note,),
            )


def _fresh_process(cell: Cell, variables: dict[str, str]) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", f"{__package__}.first_use", cell],
        cwd=Path(__file__).parent.parent,
        env=variables,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main(cell: Cell) -> None:
    start = time.perf_counter()
    import numba  # noqa: F401  # loading the compiler is not compiling
    import torch

    from sestina import nn

    imports = time.perf_counter() - start
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    x = torch.randn(20, 128, 32, requires_grad=True)
    start = time.perf_counter()
    _, final = getattr(nn, CELLS[cell])(32, 32)(x)
    (final[0] if isinstance(final, tuple) else final).sum().backward()
    print(json.dumps({"imports": imports, "step": time.perf_counter() - start}))


if __name__ == "__main__":
    main(sys.argv[1])  # type: ignore[arg-type]  # a wrong name fails where it is looked up
