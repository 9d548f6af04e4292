"""Accuracy of the demonstration's models over three seeds: the table of docs/benchmarks.md.

    python benchmarks/first_light.py [--seeds 3]

Data: the shipped `movie-snippets`, its own train, dev and test parts. The split does not change
with the seed; the start, the order of the batches and the dropout masks do.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path

from sestina import TextClassifier, load_dataset
from sestina.data.split import three_parts
from sestina.inspect.evaluate import climb

sys.path.insert(0, str(Path(__file__).parent.parent / "examples"))
from demo import DATA, MODELS


def main() -> None:
    parser = argparse.ArgumentParser(description="Accuracy over seeds.")
    parser.add_argument("--seeds", type=int, default=3)
    seeds = range(parser.parse_args().seeds)
    train, dev, test, _ = three_parts(load_dataset(DATA), 0)
    runs = []
    for seed in seeds:
        nets = {
            name: TextClassifier(**settings, seed=seed).fit(
                train.texts, train.labels, validation=(dev.texts, dev.labels)
            )
            for name, settings in MODELS.items()
        }
        runs.append(climb(nets, train, dev, test))
        print(f"seed {seed} done", file=sys.stderr)
    print(f"{DATA}, test part ({len(test):,} texts), {len(seeds)} seeds\n")
    print("| model | accuracy, mean ± sd | macro F1 | parameters | seconds to fit, median |")
    print("|---|---|---|---|---|")
    for rung in runs[0].rungs:
        same = [run.rung(rung.name) for run in runs]
        accuracy = [one.figures["accuracy"] for one in same]
        spread = statistics.stdev(accuracy) if len(accuracy) > 1 else 0.0
        print(
            f"| {rung.name} | {statistics.mean(accuracy):.4f} ± {spread:.4f} "
            f"| {statistics.mean(one.figures['f1'] for one in same):.4f} "
            f"| {rung.parameters:,} | {statistics.median(one.seconds for one in same):.1f} |"
        )


if __name__ == "__main__":
    main()
