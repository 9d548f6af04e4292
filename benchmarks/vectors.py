"""How fast word vectors are learnt, and how good they are: Sestina against other programs.

    make bench-vectors [ARGS="…"]
    python benchmarks/vectors.py [--corpus FILE] [--peers FOLDER] [--pairs FILE …] [--rows 1,2]
        [--epochs 1] [--rounds 3] [--spare 2] [--seeds 3] [--quick] [--publish]

FILE is a text, a sentence a line, perhaps compressed; it is cut into lower-case words once. Rows:
skip-gram (1), CBOW (2), hierarchical softmax (3), subwords (4), GloVe (5), Sestina alone (6):
reproducible against default, threads, reading, length and memory; and quality (7): what the
vectors of the races in this run are worth by WordSim-353, analogies, and the pairs of --pairs.

FOLDER has clones of the programs that pip cannot install: word2vec/word2vec and GloVe/build/* by
their own makefiles, with -O3 -march=native; pWord2Vec/pWord2Vec with OpenBLAS in the place of MKL:
in a copy of pWord2Vec.cpp, mkl.h becomes cblas.h and immintrin.h, mkl_set_num_threads becomes
openblas_set_num_threads; g++ -std=c++11 -fopenmp -O3 -march=native -DUSE_MKL … -lopenblas. gensim
and fastText are those of --peer-python. A program that is not there is left out and named.

Every program runs in a process of its own with two threads; a round runs each program once. The
folder docs/vectors-benchmark gets `results.json`, `table.md` and `speed-ups.svg`; rows that were
not asked for stay there as they were. `--publish` also puts the tables into docs/benchmarks.md.
`--quick` runs one round, judges vectors of one seed, gives GloVe one epoch, takes short texts in
row 6 and writes to build/. Run nothing else meanwhile.

Peers: `pip install --constraint constraints.txt --editable '.[peers-vectors]'`.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import time
from dataclasses import asdict, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from racing import pages
from racing.machine import environment, one_core_per_thread
from racing.rounds import Calibration
from vectors_race import alone, quality, report
from vectors_race.corpus import Text, prepare
from vectors_race.job import Job
from vectors_race.programs import programs
from vectors_race.race import Finished, Track, lines
from vectors_race.rows import ALONE, QUALITY, ROWS, Race, races

from sestina.errors import SestinaError, counted

HOUSE = Path(__file__).parent.parent
PICTURE = "speed-ups.svg"
LENGTHS, QUICK = (1_000_000, 10_000_000, 100_000_000), (50_000, 200_000)


def main() -> None:
    args = arguments()
    cores = one_core_per_thread()
    folder = args.out or HOUSE / ("build" if args.quick else "docs") / "vectors-benchmark"
    folder.mkdir(parents=True, exist_ok=True)
    # the programs have threads of their own: BLAS shall not add others
    variables = environment(args.passive, OPENBLAS_NUM_THREADS="1")
    there = programs(args.peers, args.peer_python, variables)
    if missing := [f"{name} ({one.missing})" for name, one in there.items() if one.missing]:
        print(f"left out: {', '.join(missing)}", file=sys.stderr)
    here = [one.version for one in there.values() if not one.missing]
    machine = f"{cores}; Python {platform.python_version()}, {', '.join(here)}"
    with tempfile.TemporaryDirectory(prefix="race-") as scratch:
        try:
            text = prepare(args.corpus, Path(scratch))
            judge = partial(quality.measured, words=text.words, pairs=args.pairs)
            track = Track(there, Calibration(), args.rounds, args.seeds, judge, args.spare)
            results = run(args, track, text, machine, folder)
        except SestinaError as error:
            sys.exit(str(error))
    report.draw(results, folder / PICTURE)
    if args.publish:
        page = HOUSE / "docs" / "benchmarks.md"
        whole = pages.illustrated(
            report.markdown(results), folder / PICTURE, "Speed-up over other programs", page
        )
        pages.publish(whole, page, report.MARKER)
    print(f"\nwritten to {folder}", file=sys.stderr)


def arguments() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description="Speed and quality of word vectors.")
    parser.add_argument("--corpus", type=Path, default=Path("prose.txt.xz"), help="a text file")
    parser.add_argument("--peers", type=Path, help="folder of the programs built from source")
    parser.add_argument("--peer-python", help="Python with gensim and fastText (default: this)")
    parser.add_argument("--pairs", type=Path, nargs="*", default=[], help="such as SimLex-999")
    parser.add_argument("--rows", type=_numbers, default=list(ROWS), help="such as 1,2,7")
    parser.add_argument("--epochs", type=int, default=1, help="of all but GloVe")
    parser.add_argument("--rounds", type=int, help="rounds that count (default 3, quick 1)")
    parser.add_argument(
        "--spare", type=int, default=2, help="rounds more, where some are disturbed"
    )
    parser.add_argument("--seeds", type=int, help="seeds that are judged (default 3, quick 1)")
    parser.add_argument("--quick", action="store_true", help="one round, short texts")
    parser.add_argument("--passive", action="store_true", help="waiting threads sleep at once")
    parser.add_argument("--out", type=Path, help="folder of the results")
    parser.add_argument("--publish", action="store_true", help="write into docs/benchmarks.md")
    args = parser.parse_args()
    if args.publish and args.quick:
        parser.error("--quick gives no figures to publish")
    if QUALITY in args.rows and not set(args.rows) - {ALONE, QUALITY}:
        parser.error("row 7 judges the vectors of rows 1 to 5; ask for some of those, too")
    missing = [str(path) for path in (args.corpus, *args.pairs) if not path.exists()]
    if missing:
        parser.error(f"there is no file {missing[0]!r}; name one by --corpus or --pairs")
    args.rounds = args.rounds or (1 if args.quick else 3)
    if args.quick:
        args.spare = 0
    args.seeds = (args.seeds or (1 if args.quick else 3)) if QUALITY in args.rows else 0
    return args


def _numbers(text: str) -> list[int]:
    parts = set(text.split(","))
    if not parts <= set(map(str, ROWS)):
        raise argparse.ArgumentTypeError(
            f"{text!r} are no rows; give some of 1 to {max(ROWS)}: 1,2"
        )
    return sorted(map(int, parts))


def run(
    args: argparse.Namespace, track: Track, text: Text, machine: str, folder: Path
) -> dict[str, Any]:
    """Run the rows that were asked for; print and keep each once it is known."""
    results = pages.read(folder)
    contests = races(args.epochs, args.quick)
    when = f"{date.today()}{', quickly,' if args.quick else ''}"
    about = (
        f"Measured {when} on {machine}. Text: {args.corpus.name}, {text.tokens:,} tokens, "
        f"{text.sentences:,} lines, {len(text.words):,} words"
    )
    for number in args.rows:
        start = time.perf_counter()
        if number == ALONE:
            results[str(number)] = by_itself(args, track, text, about, folder)
        elif number in contests:
            found = track.run(contests[number], text.path)
            results[str(number)] = raced(contests[number], found, text, about)
            judged(
                results,
                number,
                quality.compared(found),
                f"{about}; {settings(contests[number].job)}.",
            )
        pages.write(results, folder, report.markdown)
        shown = report.body(number, results[str(number)])
        print(f"\n{report.title(number)}\n\n{shown}", flush=True)
        print(f"row {number}: {time.perf_counter() - start:.0f} s", file=sys.stderr)
    return results


def raced(race: Race, found: Finished, text: Text, about: str) -> dict[str, Any]:
    """Return the record of a race."""
    return {
        "lines": [asdict(one) for one in lines(race, found, text.tokens)],
        "absent": found.absent,
        "notes": found.notes,
        "about": f"{about}; {settings(race.job)}, {counted(len(found.turns), 'round')}.",
    }


def judged(
    results: dict[str, Any], number: int, compared: list[quality.Compared], about: str
) -> None:
    """Put what the vectors of a race are worth into the record of row 7."""
    if compared:
        race = {"lines": [asdict(one) for one in compared], "about": about}
        results.setdefault(str(QUALITY), {"races": {}})["races"][str(number)] = race


def by_itself(
    args: argparse.Namespace, track: Track, text: Text, about: str, folder: Path
) -> dict[str, Any]:
    """Run row 6 and return its record."""
    sizes = QUICK if args.quick else LENGTHS
    quiet = replace(track, judge=None, seeds=0)
    ways, found = alone.options(quiet, text, args.epochs)
    longer, memory, others = alone.lengths(quiet, text, sizes, text.path.parent)
    return {
        "lines": [asdict(one) for one in ways],
        "lengths": [asdict(one) for one in longer],
        "memory": [asdict(one) for one in memory],
        "absent": {name: why for one in (found, *others) for name, why in one.absent.items()},
        "notes": sorted({note for one in (found, *others) for note in one.notes}),
        "about": f"{about}; {settings(Job(epochs=args.epochs))}, "
        f"{counted(len(found.turns), 'round')}; lengths: 1 epoch. {alone.NOTE}",
    }


def settings(job: Job) -> str:
    """Return what differs from row to row."""
    return f"{counted(job.epochs, 'epoch')}, learning rate {job.learning_rate:g}"


if __name__ == "__main__":
    main()
