"""The mean encoder with hashed n-grams against fastText's classifier: seconds and accuracy.

    make bench-averages [ARGS="--seeds 3 --newsgroups FOLDER --publish"]
    python benchmarks/averages.py [--seeds 3] [--newsgroups FOLDER] [--publish]

Both read the same tokens and train with two threads, turn about; a seed is a round. Data: the
shipped `movie-snippets` (train and test part), and 20 Newsgroups where FOLDER holds
`newsgroups20-train.tsv.xz` and `newsgroups20-test.tsv.xz` (columns label, text). Seconds are those
of the whole call: fastText's reading of its file included, and our tokenising and encoding.
Both have vectors of 50 numbers, runs of two words and no parts of words; each has its own way to
learn (fastText: plain gradient descent with a falling rate; ours: Adam), with the rate and the
epochs that did best on a part of the training texts (fastText: rates 0.05 to 1, 10, 25 and 50
epochs; ours: rates 0.005 to 0.04, 2 and 3 epochs, batches of 64 to 256).
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from racing import machine, pages

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
MARKER = "averages"
SIZE = 50
FASTTEXT = {"movie-snippets": {"lr": 0.25, "epoch": 25}, "20 Newsgroups": {"lr": 1.0, "epoch": 25}}
OURS = {
    "movie-snippets": {"learning_rate": 2e-2, "epochs": 2, "batch_size": 256},
    "20 Newsgroups": {"learning_rate": 2e-2, "epochs": 3, "batch_size": 64},
}
Part = tuple[list[str], list[str]]


def main() -> None:
    args = arguments()
    os.environ.update(machine.environment(passive=False))
    cores = machine.one_core_per_thread()
    from sestina import load_dataset  # after the threads are set
    from sestina.data.read import read
    from sestina.data.split import three_parts

    train, dev, test, _ = three_parts(load_dataset("movie-snippets"), 0)
    data = {
        "movie-snippets": ((train.texts + dev.texts, train.labels + dev.labels), part(test)),
    }
    if args.newsgroups:
        files = [args.newsgroups / f"newsgroups20-{name}.tsv.xz" for name in ("train", "test")]
        data["20 Newsgroups"] = (part(read(files[0])), part(read(files[1])))
    lines = ["| data | program | seconds (quartiles) | Sestina is faster | accuracy ± sd |"]
    lines.append("|---|---|---|---|---|")
    for name, (learn, judge) in data.items():
        lines += race(name, tokenised(learn), tokenised(judge), args.seeds)
    about = f"{cores}; {args.seeds} seeds."
    report = "\n".join([*lines, "", about])
    print(report)
    if args.publish:
        pages.publish(report, PAGE, MARKER)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The mean encoder against fastText.")
    parser.add_argument("--newsgroups", type=Path, help="folder of 20 Newsgroups")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--publish", action="store_true", help="write into docs/benchmarks.md")
    return parser.parse_args()


def part(records: object) -> Part:
    return list(records.texts), list(records.labels)


def tokenised(given: Part) -> Part:
    """Return texts as their tokens, parted by blanks, so that both programs see the same."""
    from sestina import TextClassifier
    from sestina.text.tokenise import tokeniser

    cut = tokeniser(TextClassifier())
    return [" ".join(cut(text)) for text in given[0]], given[1]


def race(name: str, learn: Part, judge: Part, seeds: int) -> list[str]:
    """Train both, turn about; return the lines of the table."""
    ours, theirs = [], []
    fit_ours(name, (learn[0][::50], learn[1][::50]), judge, 0)  # compiles, starts the threads
    for seed in range(seeds):
        mixed = shuffled(learn, seed)
        ours.append(fit_ours(name, mixed, judge, seed))
        theirs.append(fit_fasttext(name, mixed, judge, seed))
        print(f"{name}, seed {seed}: {ours[-1]} {theirs[-1]}", file=sys.stderr)
    ratio = statistics.median(t / o for (o, _), (t, _) in zip(ours, theirs, strict=True))
    return [
        f"| {name} | Sestina | {seconds(ours)} | – | {accuracy(ours)} |",
        f"| {name} | fastText | {seconds(theirs)} | {ratio:.2f}× | {accuracy(theirs)} |",
    ]


def shuffled(given: Part, seed: int) -> Part:
    """Return texts in random order: fastText takes them as they come, and some files are sorted."""
    order = random.Random(seed).sample(range(len(given[0])), len(given[0]))
    return [given[0][n] for n in order], [given[1][n] for n in order]


def fit_ours(name: str, learn: Part, judge: Part, seed: int) -> tuple[float, float]:
    """Return seconds and accuracy."""
    from sestina import TextClassifier

    net = TextClassifier(
        encoder="mean", embedding=SIZE, word_ngrams=2, vocabulary=1_000_000, max_tokens=100_000,
        validation_fraction=0.0, seed=seed, **OURS[name],
    )  # fmt: skip
    started = time.perf_counter()
    net.fit(*learn)
    return time.perf_counter() - started, net.score(*judge)


def fit_fasttext(name: str, learn: Part, judge: Part, seed: int) -> tuple[float, float]:
    """Return seconds and accuracy."""
    import fasttext

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "texts.txt")
        lines = (f"__label__{label} {text}\n" for text, label in zip(*learn, strict=True))
        path.write_text("".join(lines), encoding="utf-8")
        started = time.perf_counter()
        model = fasttext.train_supervised(
            str(path), dim=SIZE, wordNgrams=2, thread=machine.THREADS, seed=seed, verbose=0,
            **FASTTEXT[name],
        )  # fmt: skip
        taken = time.perf_counter() - started
    found = model.f.multilinePredict([f"{text}\n" for text in judge[0]], 1, 0.0, "strict")[0]
    right = (
        bool(labels) and labels[0] == f"__label__{label}"
        for labels, label in zip(found, judge[1], strict=True)
    )
    return taken, statistics.mean(right)


def seconds(runs: Sequence[tuple[float, float]]) -> str:
    times = [taken for taken, _ in runs]
    low, middle, high = statistics.quantiles(times, n=4) if len(times) > 1 else 3 * times
    return f"{middle:.2f} ({low:.2f} – {high:.2f})"


def accuracy(runs: Sequence[tuple[float, float]]) -> str:
    scores = [score for _, score in runs]
    spread = statistics.stdev(scores) if len(scores) > 1 else 0.0
    return f"{statistics.mean(scores):.4f} ± {spread:.4f}"


if __name__ == "__main__":
    main()
