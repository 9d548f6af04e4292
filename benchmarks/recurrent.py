"""How fast recurrent layers train on a CPU: ours against PyTorch, Keras and ONNX Runtime.

    make bench-recurrent [ARGS="…"]
    python benchmarks/recurrent.py [--rows 1,3,5] [--quick] [--peers torch,keras-jax] [--out DIR]

The rows are those of the goals' table: whole epochs (1 full, 2 ragged), layers alone (3 small,
4 wide, 5 a grid against torch.nn), what options cost (6), recurrent dropout (7), two layers, both
directions and every output (8), single steps (9), long sequences and threads (10), compiling (11),
few sequences in a batch (12).

Every program runs in a process of its own with two threads (`recurrent_race/server.py`) and sleeps
while another is timed. A round times each program once; five rounds or more count. All programs
start from the same weights, and before the timing their outputs and gradients are compared. A
program that is not installed, or cannot do a piece of work, is named in the line.

Each line is printed once it is known. The folder gets `results.json`, `table.md` and
`speed-ups.svg`; rows that were not asked for stay there as they were. `--publish` also puts the
table into docs/benchmarks.md. `--quick` runs fewer rounds and sizes in about three minutes and
writes to build/, since such figures prove nothing. Run nothing else meanwhile: threads that spin
while they wait make a busy machine many times slower, unevenly. `--passive`, part of `--quick`,
lets them sleep.

Peers: `pip install --constraint constraints.txt --editable '.[peers]'`.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from racing import pages
from racing.machine import environment, one_core_per_thread
from racing.rounds import Calibration
from recurrent_race import first_use, picture, report
from recurrent_race.contests import ROWS, Contest
from recurrent_race.program import SIDES, Program
from recurrent_race.results import Line, line, summaries
from recurrent_race.rounds import measure

HOUSE = Path(__file__).parent.parent
PICTURE = "speed-ups.svg"
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": ""}


def main() -> None:
    args = arguments()
    cores = one_core_per_thread()
    folder = args.out or HOUSE / ("build" if args.quick else "docs") / "recurrent-benchmark"
    folder.mkdir(parents=True, exist_ok=True)
    args.variables = environment(args.passive, **QUIET)
    names = ["ours", *args.peers]
    programs = {name: Program(name, args.variables) for name in names}
    results = pages.read(folder)
    try:
        calibration = Calibration()
        for number in args.rows:
            start = time.perf_counter()
            print(f"\n{report.title(number)}", flush=True)
            found = list(printed(lines(number, args, programs, calibration)))
            when = f"{date.today()}{', quick' if args.quick else ''}"
            results[str(number)] = report.record(found, when, f"{cores}; {versions(programs)}")
            pages.write(results, folder, report.markdown)
            print(f"row {number}: {time.perf_counter() - start:.0f} s", file=sys.stderr)
    finally:
        for program in programs.values():
            program.close()
    picture.draw(report.lines(results), folder / PICTURE)
    if args.publish:
        page = HOUSE / "docs" / "benchmarks.md"
        text = pages.illustrated(
            report.markdown(results),
            folder / PICTURE,
            "Speed-up over the fastest other program",
            page,
        )
        pages.publish(text, page, report.MARKER)
    print(f"\nwritten to {folder}", file=sys.stderr)


def arguments() -> argparse.Namespace:
    """Return the options of the command line, rows and peers as lists."""
    parser = argparse.ArgumentParser(description="Speed of recurrent layers.")
    parser.add_argument("--rows", type=_numbers, default=list(ROWS), help="such as 1,3,5")
    parser.add_argument("--quick", action="store_true", help="few rounds, few sizes")
    others = [name for name in SIDES if name != "ours"]
    parser.add_argument("--peers", type=_names, default=others, help=",".join(others))
    parser.add_argument("--rounds", type=int, help="rounds that count (default 5, quick 3)")
    parser.add_argument("--out", type=Path, help="folder of the results")
    parser.add_argument("--passive", action="store_true", help="waiting threads sleep at once")
    parser.add_argument("--publish", action="store_true", help="write into docs/benchmarks.md")
    parser.add_argument(
        "--cache-variable",
        default="NUMBA_CACHE_DIR",
        help="environment variable that names the folder of compiled kernels (row 11)",
    )
    args = parser.parse_args()
    if args.publish and args.quick:
        parser.error("--quick gives no figures to publish")
    args.rounds = args.rounds or (3 if args.quick else 5)
    args.passive |= args.quick
    return args


def _numbers(text: str) -> list[int]:
    numbers = [int(part) for part in text.split(",")]
    if not ROWS.keys() >= set(numbers):
        raise argparse.ArgumentTypeError(f"rows are 1 to {max(ROWS)}")
    return numbers


def _names(text: str) -> list[str]:
    names = [part for part in text.split(",") if part]
    if not SIDES.keys() >= set(names):
        raise argparse.ArgumentTypeError(f"peers are {', '.join(SIDES)}")
    return names


def lines(
    number: int,
    args: argparse.Namespace,
    programs: dict[str, Program],
    calibration: Calibration,
) -> Iterator[Line]:
    """Measure one row of the goals' table and yield its lines."""
    contests = ROWS[number].contests
    if contests is None:
        repeats = 1 if args.quick else 3
        yield from first_use.lines(repeats, args.variables, args.cache_variable)
        return
    found = []
    for contest in contests(args.quick):
        chosen = among(contest, programs)
        most = args.rounds if args.quick else 2 * args.rounds
        measured = measure(chosen, programs, args.rounds, most, calibration)
        found.append(line(chosen, measured))
        yield found[-1]
    if number == 5:
        yield from summaries(found)


def among(contest: Contest, programs: dict[str, Program]) -> Contest:
    """Return a contest without the programs that were not asked for."""
    kept = {name: one for name, one in contest.entries.items() if one.program in programs}
    return Contest(contest.name, contest.cell, kept, contest.goal, contest.ours)


def printed(found: Iterator[Line]) -> Iterator[Line]:
    """Print lines as they come."""
    for one in found:
        print(report.row(one), flush=True)
        yield one


def versions(programs: dict[str, Program]) -> str:
    """Return the versions of the programs that have started, and of Python."""
    found = {"Python": platform.python_version()}
    for program in programs.values():
        found.update(program.versions)
    return ", ".join(f"{name} {version}" for name, version in found.items())


if __name__ == "__main__":
    main()
