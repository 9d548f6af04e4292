"""First names: their gender from their letters (row C15), and new ones of a gender (row E6).

    make bench-names [ARGS=--publish]
    python benchmarks/names.py [--seeds 3] [--generated 2000] [--publish]

Data: the shipped `first-names`, spellings of a name in one part (`sestina.data.names`). Accuracy
counts each name once; weighted by births, each person. The linear models read n-grams of letters,
the second of them with a mark at a name's end, which the nets have, too. The judge of new names is
the best net of the first table by dev accuracy; names of any part of the list are not judged, since
they are not new. `--publish` writes the tables into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from racing import pages

from sestina import SequenceFromVector, TextClassifier, load_dataset, load_table
from sestina.data.names import family
from sestina.data.records import Records
from sestina.inspect.baselines import tfidf_regression
from sestina.inspect.language import name_of, vector_ladder

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
MARKER = "names"
READING: dict[str, Any] = {
    "level": "character", "lowercase": False, "mark_end": True, "max_tokens": 20,
}  # fmt: skip
NETS: dict[str, dict[str, Any]] = {
    "SimpleRNN 64, one-hot letters": {
        "encoder": "rnn", "vectors": "one-hot", "hidden": 64, "optimiser": "rmsprop",
        "epochs": 8,
    },
    "GRU 128": {
        "encoder": "gru", "hidden": 128, "lowercase": True, "dropout": 0.3, "epochs": 10,
    },
    "LSTM 64, both directions, maximum": {
        "encoder": "lstm", "hidden": 64, "bidirectional": True, "pool": "max", "dropout": 0.5,
        "input_dropout": 0.2, "token_dropout": 0.1, "learning_rate": 2e-3, "epochs": 8,
    },
    "CNN 64, widths 2 to 5": {
        "encoder": "cnn", "hidden": 64, "widths": (2, 3, 4, 5), "dropout": 0.5,
        "token_dropout": 0.1, "epochs": 8,
    },
}  # fmt: skip
WRITER: dict[str, Any] = {
    "level": "character", "embedding": 32, "hidden": 128, "tied": False, "dropout": 0.2,
    "input_dropout": 0.0, "learning_rate": 4e-3, "batch_size": 100, "decay": True,
    "patience": None, "epochs": 8,
}  # fmt: skip
GENDERS = ("F", "M")


def main() -> None:
    args = arguments()
    data = load_dataset("first-names")
    births = np.array(load_table("first-names")["births"].to_list(), float)
    parts = {name: data.part(name) for name in ("train", "dev", "test")}
    weights = births[[part == "test" for part in data.parts or ()]]
    judge, table = classified(parts, weights, args)
    report = f"{table}\n{generated(data, parts, judge, args)}"
    print(report)
    if args.publish:
        pages.publish(report.rstrip(), PAGE, MARKER)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="First names: gender, and new ones.")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--generated", type=int, default=2000, help="names to write, each gender")
    parser.add_argument("--publish", action="store_true", help="write into docs/benchmarks.md")
    return parser.parse_args()


def classified(
    parts: dict[str, Records], births: np.ndarray, args: argparse.Namespace
) -> tuple[TextClassifier, str]:
    """Return the best net by dev accuracy, and the table of all."""
    train, dev, test = parts["train"], parts["dev"], parts["test"]
    truth = np.array(test.labels)
    rows = [linear(parts, births, mark) for mark in ("", "$")]
    best: tuple[float, TextClassifier | None] = (0.0, None)
    for name, options in NETS.items():
        nets, shares = [], []
        for seed in range(args.seeds):
            net = TextClassifier(**{**READING, **options}, seed=seed)
            net.fit(train.texts, train.labels, validation=(dev.texts, dev.labels))
            nets.append(net)
            shares.append(net.predict_proba(test.texts))
            best = max(best, (net.score(dev.texts, dev.labels), net), key=lambda pair: pair[0])
            print(f"{name}: seed {seed} done, {net.seconds_:.0f} s", file=sys.stderr)
        right = [nets[0].classes_[table.argmax(axis=1)] == truth for table in shares]
        together = nets[0].classes_[np.mean(shares, axis=0).argmax(axis=1)] == truth
        rows.append(
            f"| {name} | {spread([one.mean() for one in right])} "
            f"| {spread([np.average(one, weights=births) for one in right])} "
            f"| {together.mean():.4f} | {nets[0].n_trainable_parameters_:,} "
            f"| {statistics.median(net.seconds_ for net in nets):.0f} |"
        )
    assert best[1] is not None
    majority = max(np.mean(truth == gender) for gender in GENDERS)
    head = [
        "### Gender of a first name",
        "",
        "| model | accuracy | weighted by births | seeds averaged | trained numbers | seconds |",
        "|---|---|---|---|---|---|",
    ]
    tail = [
        "",
        f"{len(train):,} train, {len(dev):,} dev, {len(test):,} test names in families that "
        f"no two parts share; {args.seeds} seeds; the majority class has {majority:.4f}.",
        "",
    ]
    return best[1], "\n".join([*head, *rows, *tail])


def linear(parts: dict[str, Records], births: np.ndarray, mark: str) -> str:
    """Return the row of TF-IDF of one to four letters with logistic regression.

    Args:
        parts: The names.
        births: Weights of the test names.
        mark: What is put behind each name.
    """
    net, started = TextClassifier(**READING), time.perf_counter()
    classes = sorted(GENDERS)
    texts = {name: [text + mark for text in part.texts] for name, part in parts.items()}
    codes = {
        name: np.array([classes.index(str(label)) for label in part.labels or ()])
        for name, part in parts.items()
    }
    found = tfidf_regression(
        texts["train"], codes["train"], texts["dev"], codes["dev"], texts["test"], net
    )
    right = found.probabilities.argmax(axis=1) == codes["test"]
    return (
        f"| {found.name}{', ends marked' if mark else ''} | {right.mean():.4f} "
        f"| {np.average(right, weights=births):.4f} | – | {found.parameters:,} "
        f"| {time.perf_counter() - started:.0f} |"
    )


def generated(
    data: Records, parts: dict[str, Records], judge: TextClassifier, args: argparse.Namespace
) -> str:
    """Return the tables of the model that writes names: its perplexity, and what it writes."""
    known, families = set(data.texts), {family(name) for name in parts["train"].texts}
    train, dev, test = (column_and_names(parts[name]) for name in ("train", "dev", "test"))
    rungs: dict[str, dict[str, Any]] = {}
    lines = []
    for seed in range(args.seeds):
        net = SequenceFromVector(**WRITER, seed=seed)
        net.fit(*train, validation=dev)
        print(f"{name_of(net)}: seed {seed} done, {net.seconds_:.0f} s", file=sys.stderr)
        rungs = rungs or vector_ladder(net, train[1], *test)
        for gender in GENDERS:
            names = net.generate([[gender]] * args.generated, seed=1_000_000 * (seed + 1))
            new = [name for name in dict.fromkeys(names) if name not in known]
            hit = np.mean(judge.predict(new) == gender)
            other = np.mean([family(name) not in families for name in new])
            lines.append(
                f"| {seed} | {gender} | {len(set(names)) / len(names):.3f} "
                f"| {len(new) / len(set(names)):.3f} | {other:.3f} | {hit:.3f} "
                f"| {', '.join(new[:6])} |"
            )
    return "\n".join(
        [
            "### New names of a gender",
            "",
            "| model | perplexity | bits per character | seconds |",
            "|---|---|---|---|",
            *(
                f"| {name} | {row['perplexity']:.3f} | {row['bits_per_character']:.3f} "
                f"| {row['seconds']:.0f} |"
                for name, row in rungs.items()
            ),
            "",
            f"Perplexity of a letter of the test names, seed 0. Below: {args.generated:,} names "
            "drawn for each gender at temperature 1.",
            "",
            "| seed | gender | different | of these new | of these in no known family "
            "| judged to be of the gender | the first ones |",
            "|---|---|---|---|---|---|---|",
            *lines,
            "",
            "New: in no part of the list. Of the test names the judge gets "
            f"{judge.score(parts['test'].texts, parts['test'].labels):.3f} right; a judge that "
            "knew nothing would agree with 0.5 of both genders together.",
            "",
        ]
    )


def column_and_names(part: Records) -> tuple[Any, list[str]]:
    """Return the genders as a data frame, and the names."""
    import polars as pl

    return pl.DataFrame({"gender": part.labels}), part.texts


def spread(values: list[float]) -> str:
    """Return mean ± standard deviation, without the latter for one value."""
    mean = f"{statistics.mean(values):.4f}"
    return mean if len(values) < 2 else f"{mean} ± {statistics.stdev(values):.4f}"


if __name__ == "__main__":
    main()
