"""Exercises seen by a watch (row C16): our nets, window statistics, and aeon's ROCKET family.

    make bench-series ARGS="--peer-python PYTHON"
    python benchmarks/series.py [--seeds 5] [--quick] [--peer-python PYTHON] [--publish]

PYTHON has aeon (`pip install aeon` in an environment of its own, since it wants an older NumPy);
without it the ROCKET rows are left out. Data: the shipped `watch-har`, 140 recordings of ten
people. Each seed tests on two people who are in no other part; all models see the same windows as
the last of our nets, and the windows of a recording vote. Seconds are those of one fit, without
compiling; the nets stop early by the recordings of one person more. `--publish` writes the table
into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from racing import pages

from sestina import SeriesClassifier, load_series
from sestina.data.recordings import Recordings
from sestina.data.split import three_parts
from sestina.inspect.series_ladder import plain_models
from sestina.lab import experiment as experiments

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
MARKER = "series"
ROCKET = Path(__file__).parent / "series_race" / "rocket.py"
PEERS = {
    "MiniRocketClassifier": "MiniRocket + ridge",
    "MultiRocketClassifier": "MultiRocket + ridge",
}
NETS = {"c16-har-lstm": "LSTM 32, the lecture's", "c16-har-strong": "convolution + LSTM"}
SHARE = 0.1  # of the training people, to stop early by

Found = dict[str, list[tuple[float, float, float]]]  # name → (voted, by window, seconds) by seed


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="two epochs, to see that it runs")
    parser.add_argument("--peer-python", help="a Python that has aeon")
    parser.add_argument("--publish", action="store_true")
    args = parser.parse_args()
    found: Found = {}
    for seed in range(args.seeds):
        one_seed(seed, load_series("watch-har"), args, found)
    report = table(found, args.seeds)
    print(report)
    if args.publish:
        pages.publish(report, PAGE, MARKER)


def one_seed(seed: int, data: Recordings, args: argparse.Namespace, found: Found) -> None:
    """Fit every model on the people of a seed."""
    train, dev, test, _ = three_parts(data, seed, SHARE)
    for name, shown in NETS.items():
        more = {"epochs": 2} if args.quick else {}
        (net,) = experiments.get(name).build(seed=seed, **more).values()
        net.fit(train.rows, train.labels, validation=(dev.rows, dev.labels))
        keep(found, shown, net, test, net.predict_proba(net.cut(test.rows)[0]), net.seconds_)
    for plain in plain_models(net, train, dev, test)[1:]:
        keep(found, plain.name, net, test, plain.probabilities, plain.seconds)
    for name, shown in PEERS.items() if args.peer_python else ():
        learnt = both(train, dev)
        keep(found, shown, net, test, *rocket(args.peer_python, name, seed, net, learnt, test))


def both(train: Recordings, dev: Recordings) -> tuple[list[Any], list[Any]]:
    """Return recordings and labels of both parts: ROCKET has nothing to stop early."""
    return [*train.rows, *dev.rows], [*train.labels, *dev.labels]


def rocket(
    python: str, name: str, seed: int, net: SeriesClassifier, learnt: Any, test: Recordings
) -> tuple[NDArray[np.float64], float]:
    """Return what aeon says of the test windows, and how long it learned."""
    pieces, windows = net.cut(learnt[0])
    codes = np.array([learnt[1][owner] for owner in windows.owners])
    with tempfile.TemporaryDirectory() as folder:
        given, answers = Path(folder) / "windows.npz", Path(folder) / "answers.npz"
        whole = len(max(pieces, key=len))
        arrays = {"train": padded(pieces, whole), "test": padded(net.cut(test.rows)[0], whole)}
        np.savez(given, classes=codes, **arrays)
        subprocess.run([python, ROCKET, given, name, str(seed), answers], check=True)
        told = np.load(answers)
        return told["table"], float(told["seconds"])


def padded(pieces: list[NDArray[Any]], steps: int) -> NDArray[np.float32]:
    """Return windows (N, T, C); a shorter one, of a short recording, ends in zeros."""
    out = np.zeros((len(pieces), steps, pieces[0].shape[1]), np.float32)
    for row, piece in zip(out, pieces, strict=True):
        row[: len(piece)] = piece[:steps]
    return out


def keep(
    found: Found, name: str, net: SeriesClassifier, test: Recordings, table: Any, seconds: float
) -> None:
    """Count what a model's table (windows, classes) has right, by recording and by window."""
    _, windows = net.cut(test.rows)
    truth = np.searchsorted(net.classes_, test.labels)
    voted = (windows.averaged(table).argmax(axis=1) == truth).mean()
    single = (table.argmax(axis=1) == truth[windows.owners]).mean()
    found.setdefault(name, []).append((float(voted), float(single), seconds))
    print(f"{name}: voted {voted:.3f}, by window {single:.3f}, {seconds:.1f} s", file=sys.stderr)


def table(found: Found, seeds: int) -> str:
    """Return the report in Markdown."""
    lines = [
        f"Recordings of two people who are in no other part, {seeds} seeds, each with others; mean "
        "± standard deviation over seeds.",
        "",
        "| model | recordings | windows | seconds |",
        "|---|---|---|---|",
    ]
    for name, runs in found.items():
        voted, single, seconds = zip(*runs, strict=True)
        lines.append(
            f"| {name} | {spread(voted)} | {spread(single)} | {statistics.median(seconds):.1f} |"
        )
    return "\n".join([*lines, ""])


def spread(values: tuple[float, ...]) -> str:
    """Return mean ± standard deviation."""
    mean = f"{statistics.mean(values):.3f}"
    return mean if len(values) < 2 else f"{mean} ± {statistics.stdev(values):.3f}"


if __name__ == "__main__":
    main()
