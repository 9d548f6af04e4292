"""Taggers beside their baselines: parts of speech on Brown, names in tweets.

    make bench-tagging [ARGS="…"]
    python benchmarks/tagging.py [--whole FILE] [--tweets FOLDER] [--vectors FILE]
        [--contextual FOLDER] [--publish]

Brown: the shipped `brown-news`, 12 universal tags; a sentence's part is a sum of its words (8 in 10
train, 1 dev, 1 test). Tweets: a folder with ner-tweets.train.conll.gz, .dev. and .test., BIO tags
of 10 kinds of names; they may not be shipped. With `--contextual` each tagger comes once more, with
the layers of language models, forward/ and backward/ in that folder, beside what it has. A seed is
that of the net: its start, the order of batches, dropout. The baselines are the same for all seeds.
`--publish` writes the tables into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path
from typing import Any

from racing import pages

from sestina import SequenceTagger, load_tagged, read_tagged
from sestina.data.tagged import TaggedSentences, three_tagged_parts
from sestina.inspect.tag_baselines import usual_tag, window_regression
from sestina.inspect.tag_ladder import TagRung, baseline_rung, net_rung

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
MARKER = "tagging"
COMMON: dict[str, Any] = {"batch_size": 32, "characters": "cnn", "hidden": 64}
BROWN: dict[str, dict[str, Any]] = {
    "LSTM-CRF from scratch, characters": {
        "embedding": 64, "learning_rate": 3e-3, "epochs": 8, "patience": 3,
    },
}  # fmt: skip
TWEETS: dict[str, dict[str, Any]] = {
    "LSTM-CRF, characters, vectors": {
        "embedding": 32, "learning_rate": 2e-3, "epochs": 16, "patience": 5,
        "dropout": 0.5, "input_dropout": 0.3, "rare_dropout": 1.0,
    },
}  # fmt: skip
WHOLE: dict[str, dict[str, Any]] = {
    "LSTM-CRF, characters, vectors": {
        "embedding": 64, "learning_rate": 3e-3, "epochs": 4, "patience": 2,
    },
}  # fmt: skip
Parts = tuple[TaggedSentences, TaggedSentences, TaggedSentences]


def main() -> None:
    args = arguments()
    tables = []
    if "brown" in args.only:
        train, dev, test, _ = three_tagged_parts(load_tagged("brown-news"), 0)
        models = in_context(BROWN, args.contextual)
        tables.append(table("brown-news", (train, dev, test), models, args.seeds))
    if args.whole and "whole" in args.only:
        train, dev, test, _ = three_tagged_parts(read_tagged(args.whole), 0)
        models = {k: {**v, "vectors": args.vectors} for k, v in WHOLE.items()}
        tables.append(table("the whole of Brown", (train, dev, test), models, args.seeds))
    if args.tweets and "tweets" in args.only:
        names = [f"ner-tweets.{part}.conll.gz" for part in ("train", "dev", "test")]
        train, dev, test = (read_tagged(Path(args.tweets) / name) for name in names)
        models = {k: {**v, "vectors": args.vectors} for k, v in TWEETS.items()}
        models = in_context(models, args.contextual)
        tables.append(table("ner-tweets", (train, dev, test), models, args.seeds))
    print("\n".join(tables))
    if args.publish:
        pages.publish("\n".join(tables).rstrip(), PAGE, MARKER)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Taggers beside their baselines.")
    parser.add_argument("--whole", help="file of all of Brown, with universal tags")
    parser.add_argument("--tweets", help="folder with the three files of ner-tweets")
    parser.add_argument("--vectors", default="glove-50d", help="a file, or a shipped name")
    parser.add_argument(
        "--contextual", help="folder of language models that have not read the test"
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=["brown", "whole", "tweets"])
    parser.add_argument("--publish", action="store_true", help="write into docs/benchmarks.md")
    return parser.parse_args()


def in_context(models: dict[str, dict[str, Any]], folder: str | None) -> dict[str, dict[str, Any]]:
    """Return taggers, and each of them with words in context where there are language models."""
    if folder is None:
        return models
    return models | {
        f"{name}, in context": {**options, "contextual": folder} for name, options in models.items()
    }


def table(name: str, parts: Parts, models: dict[str, dict[str, Any]], seeds: int) -> str:
    """Return the table of a data set in Markdown."""
    train, dev, test = parts
    rows: dict[str, list[TagRung]] = {}
    nets: list[SequenceTagger] = []
    for model, options in models.items():
        for seed in range(seeds):
            net = SequenceTagger(**COMMON, **options, seed=seed)
            nets.append(net.fit(train.sentences, train.tags, validation=(dev.sentences, dev.tags)))
            rows.setdefault(model, []).append(net_rung(model, net, test))
            print(f"{name}, {model}: seed {seed} done, {net.seconds_:.0f} s", file=sys.stderr)
    seen = nets[0].seen(test.sentences)
    plain = [usual_tag(train, test.sentences), window_regression(train, dev, test.sentences)]
    ladder = {one.name: [baseline_rung(one, test, seen)] for one in plain} | rows
    words = [sum(map(len, part.sentences)) for part in parts]
    heads = ["model", "accuracy", "seen words", "unseen words", "span F1", "parameters", "seconds"]
    lines = [
        f"{name}: {words[0]:,} train, {words[1]:,} dev, {words[2]:,} test words, "
        f"{(~seen).mean():.1%} of the test words not in training; {seeds} seeds\n",
        "| " + " | ".join(heads) + " |",
        "|---" * len(heads) + "|",
    ]
    lines += [row(model, rungs) for model, rungs in ladder.items()]
    return "\n".join(lines) + "\n"


def row(model: str, rungs: list[TagRung]) -> str:
    """Return a line of the table: mean ± standard deviation over the seeds."""
    figures = [rung.figures for rung in rungs]
    cells = [
        spread([one["accuracy"] for one in figures]),
        spread([one["seen"]["accuracy"] for one in figures]),
        spread([one["unseen"]["accuracy"] for one in figures]),
        spread([one["span_f1"] for one in figures]) if "span_f1" in figures[0] else "–",
        f"{rungs[0].parameters:,}",
        f"{statistics.median(rung.seconds for rung in rungs):.0f}",
    ]
    return "| " + " | ".join([model, *cells]) + " |"


def spread(values: list[float]) -> str:
    """Return mean ± standard deviation, without the latter for one value."""
    mean = f"{statistics.mean(values):.4f}"
    return mean if len(values) == 1 else f"{mean} ± {statistics.stdev(values):.4f}"


if __name__ == "__main__":
    main()
