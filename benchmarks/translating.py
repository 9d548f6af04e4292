"""Translators beside a word-by-word dictionary, on the shipped verses.

    make bench-translating [ARGS="…"]
    python benchmarks/translating.py [--seeds 3] [--only "dot attention"] [--publish]

The shipped `verses-en-es`, English to Spanish, in its fixed parts by book. A seed is that of the
net: its start, the order of batches, dropout; parts and subwords are the same for all. The
dictionary is IBM model 1, learnt from the same training pairs. `--publish` writes the table and
some translations into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path
from typing import Any

import torch
from racing import pages

from sestina import Translator, load_pairs
from sestina.data.parallel import Pairs
from sestina.inspect.translation_ladder import TranslationRung, net_rung, plain_rung

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
MARKER = "translating"
MODELS: dict[str, dict[str, Any]] = {
    "additive attention": {},
    "dot attention": {"attention": "dot"},
    "without attention": {"attention": None},
}
SHOWN = 5


def main() -> None:
    args = arguments()
    verses = load_pairs("verses-en-es")
    train, dev, test = (verses.part(name) for name in ("train", "dev", "test"))
    plain = plain_rung(train, test)
    ladder: dict[str, list[TranslationRung]] = {plain.name: [plain]}
    for name in args.only:
        for seed in range(args.seeds):
            net = Translator(**MODELS[name], seed=seed, epochs=args.epochs, verbose=args.verbose)
            net.fit(train.sources, train.targets, validation=(dev.sources, dev.targets))
            rung = net_rung(net, test)
            ladder.setdefault(name, []).append(rung)
            figures = f"chrF {rung.figures['chrf']:.1f}, BLEU {rung.figures['bleu']:.1f}"
            epochs = f"{net.best_epoch_} of {len(net.history_)} epochs"
            print(f"{name}, seed {seed}: {figures}, {epochs}, {net.seconds_:.0f} s",
                  file=sys.stderr)  # fmt: skip
    report = table(ladder, (train, dev, test), args.seeds) + examples(ladder, test)
    print(report)
    if args.publish:
        pages.publish(report.rstrip(), PAGE, MARKER)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Translators beside a dictionary.")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=Translator.epochs)
    parser.add_argument("--only", nargs="+", default=list(MODELS), choices=list(MODELS))
    parser.add_argument("--verbose", action="store_true", help="show epochs")
    parser.add_argument("--publish", action="store_true", help="write into docs/benchmarks.md")
    return parser.parse_args()


def table(
    ladder: dict[str, list[TranslationRung]], parts: tuple[Pairs, Pairs, Pairs], seeds: int
) -> str:
    """Return the table of models in Markdown."""
    train, dev, test = parts
    heads = ["model", "chrF", "BLEU", "exact", "perplexity", "parameters", "seconds"]
    lines = [
        f"verses-en-es by book: {len(train):,} train, {len(dev):,} dev, {len(test):,} test pairs; "
        f"seeds 0 to {seeds - 1}; {torch.get_num_threads()} threads\n",
        "| " + " | ".join(heads) + " |",
        "|---" * len(heads) + "|",
    ]
    return "\n".join([*lines, *(row(name, rungs) for name, rungs in ladder.items())]) + "\n"


def row(name: str, rungs: list[TranslationRung]) -> str:
    """Return a line of the table: mean ± standard deviation over the seeds."""
    found = [rung.figures for rung in rungs]
    cells = [
        spread([one["chrf"] for one in found], 1),
        spread([one["bleu"] for one in found], 1),
        spread([100 * one["exact"] for one in found], 1) + " %",
        spread([one["perplexity"] for one in found], 2) if "perplexity" in found[0] else "–",
        f"{rungs[0].parameters:,}",
        f"{statistics.median(rung.seconds for rung in rungs):.0f}",
    ]
    return "| " + " | ".join([name, *cells]) + " |"


def spread(values: list[float], digits: int) -> str:
    """Return mean ± standard deviation, without the latter for one value."""
    mean = f"{statistics.mean(values):.{digits}f}"
    return mean if len(values) == 1 else f"{mean} ± {statistics.stdev(values):.{digits}f}"


def examples(ladder: dict[str, list[TranslationRung]], test: Pairs) -> str:
    """Return some translations of the first seed, at even distances over the test part."""
    lines = ["\nTranslations at even distances over the test part, not chosen:\n"]
    for n in range(0, len(test), len(test) // SHOWN)[:SHOWN]:
        lines.append(f"- {test.sources[n]}")
        lines.append(f"  - reference: {test.targets[n]}")
        lines += [f"  - {name}: {rungs[0].put[n]}" for name, rungs in ladder.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
