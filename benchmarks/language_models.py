"""Language models beside n-grams that read the same tokens: perplexity and bits per character.

    make bench-language [ARGS="--prose FILE [--lines 56410:66321]"]
    python benchmarks/language_models.py [--prose FILE] [--lines FIRST:LAST] [--publish]

Words: the shipped `brown-news`, 88 texts in their order; every tenth is the test, the one before
it the dev part. Lower case; words that the training part has once or twice are <unk>, for the
n-grams too. The sentences of a part are one running text. Characters: lines of a file of prose,
case kept, the last 5 % the test, 5 % before them the dev part. A net keeps the epoch that is best
on the dev part, which n-grams do not need, nor get.
"""

from __future__ import annotations

import argparse
import gzip
import lzma
import math
import statistics
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from racing import pages

from sestina import LanguageModel, load_table
from sestina.data import datasets
from sestina.data.split import cut_off_end
from sestina.inspect.language import language_ladder, name_of

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
MARKER = "language models"
WORDS: dict[str, Any] = {
    "level": "word",
    "lowercase": True,
    "min_count": 3,
    "hidden": 128,
    "embedding": 128,
    "dropout": 0.4,
    "input_dropout": 0.3,
    "learning_rate": 3e-3,
    "decay": True,
    "batch_size": 10,
    "epochs": 11,
    "patience": None,
}
CHARACTERS: dict[str, Any] = {
    "level": "character",
    "hidden": 384,
    "embedding": 32,
    "tied": False,
    "dropout": 0.2,
    "input_dropout": 0.0,
    "tbptt": 64,
    "batch_size": 16,
    "learning_rate": 4e-3,
    "decay": True,
    "epochs": 14,
    "patience": None,
}
Parts = tuple[list[str], list[str], list[str]]


def main() -> None:
    args = arguments()
    reports = []
    if args.only != "characters":
        reports.append(raced("Words of brown-news", WORDS, brown_news(), args.seed))
    if args.prose and args.only != "words":
        parts = prose(args.prose, *args.lines, args.characters)
        title = f"Characters of {args.prose.name}, lines {args.lines[0]:,} on"
        reports.append(raced(title, CHARACTERS, parts, args.seed))
    report = "\n".join(reports)
    print(report)
    if args.publish:
        pages.publish(report.rstrip(), PAGE, MARKER)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Language models beside n-grams.")
    parser.add_argument("--prose", type=Path, help="text file, perhaps .gz or .xz, for characters")
    parser.add_argument("--lines", type=span, default=(1, None), help="FIRST:LAST, from 1")
    parser.add_argument("--characters", type=int, default=1_500_000, help="of the prose, at most")
    parser.add_argument("--only", choices=("words", "characters"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--publish", action="store_true", help="write into docs/benchmarks.md")
    return parser.parse_args()


def span(text: str) -> tuple[int, int | None]:
    first, _, last = text.partition(":")
    return int(first), int(last) if last else None


def brown_news() -> Parts:
    """Return the sentences of the train, dev and test texts."""
    with gzip.open(datasets.path("brown-news"), "rt", encoding="utf-8") as file:
        blocks = file.read().strip().split("\n\n")
    sentences = [" ".join(line.split(" ")[0] for line in block.split("\n")) for block in blocks]
    parts: Parts = ([], [], [])
    for number, row in enumerate(load_table("brown-news-files").iter_rows(named=True)):
        first = row["first_sentence"]
        kind = {8: 1, 9: 2}.get(number % 10, 0)
        parts[kind].extend(sentences[first : first + row["sentences"]])
    return parts


def prose(path: Path, first: int, last: int | None, characters: int) -> Parts:
    """Return lines of a file in three parts, in their order."""
    opened = {".gz": gzip.open, ".xz": lzma.open}.get(path.suffix, open)
    lines: list[str] = []
    with opened(path, "rt", encoding="utf-8") as file:
        for line in islice(file, first - 1, last):
            lines.append(line.strip())
            characters -= len(lines[-1]) + 1
            if characters <= 0:
                break
    rest, test = cut_off_end([line for line in lines if line], 0.05)
    train, dev = cut_off_end(rest, 0.05 / 0.95)
    return train, dev, test


def raced(title: str, options: dict[str, Any], parts: Parts, seed: int) -> str:
    """Return a table of the net and its n-grams, best last, and what it was made with."""
    train, dev, test = parts
    net = LanguageModel(**options, running=True, seed=seed, verbose=True)
    net.fit(train, validation=dev)
    rungs, found = language_ladder(net, train, test), net.figures(test)
    lines = [
        f"### {title}",
        "",
        "| model | perplexity | bits per token | bits per character | numbers learnt | seconds |",
        "|---|---|---|---|---|---|",
        *(
            f"| {name} | {row['perplexity']:.2f} | {math.log2(row['perplexity']):.3f} "
            f"| {row['bits_per_character']:.3f} | {row['parameters']:,} | {row['seconds']:.1f} |"
            for name, row in rungs.items()
        ),
        "",
        f"Training {net.tokens_:,} tokens, test {found['tokens']:,} ({found['unknown']:.1%} "
        f"unknown), vocabulary {len(net.vocabulary_):,}. {name_of(net)}: best of "
        f"{net.n_iter_} epochs was {net.best_epoch_}, dev perplexity "
        f"{net.history_[net.best_epoch_ - 1]['validation_perplexity']:.2f}; training at "
        f"{statistics.median(row['sequences_per_second'] for row in net.history_):,.0f} tokens/s "
        f"on {torch.get_num_threads()} thread(s), validation included in the seconds; seed {seed}.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
