"""200 training texts: word vectors random, pre-trained and frozen, pre-trained and fine-tuned.

    make bench-few-texts [ARGS="…"]
    python benchmarks/few_texts.py [--vectors FILE] [--texts 200] [--seeds 10] [--publish]

The exercise of the lectures (rows C5 and C6) over several seeds. Data: the shipped
`movie-snippets`. A seed draws the training texts and a quarter as many to stop early by, as many
of each class, from the train part; it is also the seed of the nets. All are judged on the whole
test part. Beside the nets stands logistic regression on the same texts, its penalty chosen by the
same held-out ones: on TF-IDF, and on sentence vectors (SIF, row B5) made of the pre-trained
vectors. `--publish` writes the table into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Container, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from racing import pages
from sklearn.linear_model import LogisticRegression

from sestina import TextClassifier, WordVectors, load_dataset
from sestina.data.records import Records
from sestina.data.split import three_parts
from sestina.inspect.baselines import STRENGTHS
from sestina.inspect.evaluate import climb
from sestina.lab.parts import drawn
from sestina.text.tokenise import tokeniser
from sestina.vectors.sentences import SentenceVectors

DATA, TFIDF = "movie-snippets", "TF-IDF + logistic regression"
LINEAR = "logistic regression: TF-IDF; SIF of the vectors"
PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
MARKER = "few texts"
TRAINING = {"batch_size": 16, "epochs": 60, "patience": 5}
LOST = {"dropout": 0.5, "input_dropout": 0.3}
MODELS: dict[str, dict[str, Any]] = {
    "flatten, Dense 32": {"encoder": "flatten", "max_tokens": 40, "dense": (32,)},
    "mean": {"encoder": "mean", "learning_rate": 5e-3},
    "GRU 32, last state": {"encoder": "gru", **LOST},
    "GRU 32, maximum": {"encoder": "gru", "pool": "max", "learning_rate": 2e-3, **LOST},
}
tokens = tokeniser(TextClassifier())  # words as the nets read them
STARTS = ("random", "frozen", "fine-tuned")
Scores = dict[tuple[str, str], list[float]]


def main() -> None:
    args = arguments()
    vectors = WordVectors.load(args.vectors)
    train, _, test, _ = three_parts(load_dataset(DATA), 0)
    found: Scores = {}
    new = []
    for seed in range(args.seeds):
        few, held = drawn(train, args.texts, seed)
        new.append(share_beyond(set(chain.from_iterable(map(tokens, few.texts))), test))
        for key, accuracy in judged(vectors, few, held, test, seed).items():
            found.setdefault(key, []).append(accuracy)
        print(f"seed {seed} done", file=sys.stderr)
    about = (
        f"{args.texts:,} training texts, {args.seeds} seeds, vectors `{Path(args.vectors).name}`. "
        f"Of the test part's running words {statistics.mean(new):.0%} occur in none of the "
        f"training texts, and {share_beyond(vectors, test):.0%} have no pre-trained vector."
    )
    report = f"{about}\n\n{table(found)}"
    print(report)
    if args.publish:
        pages.publish(report.rstrip(), PAGE, MARKER)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Random and pre-trained vectors, few texts.")
    parser.add_argument("--vectors", default="glove-50d", help="a file, or a shipped name")
    parser.add_argument("--texts", type=int, default=200, help="training texts")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--publish", action="store_true", help="write into docs/benchmarks.md")
    return parser.parse_args()


def share_beyond(known: Container[str], test: Records) -> float:
    """Return the share of a part's running words that are not known."""
    return statistics.mean(token not in known for text in test.texts for token in tokens(text))


def judged(
    vectors: WordVectors, few: Records, held: Records, test: Records, seed: int
) -> dict[tuple[str, str], float]:
    """Return the test accuracy of every model with every start, (model, start) → accuracy."""
    starts: Sequence[Mapping[str, Any]] = (
        {"embedding": vectors.dimensions},
        {"vectors": vectors},
        {"vectors": vectors, "fine_tune": True},
    )
    nets = {
        (name, start): TextClassifier(**TRAINING, **settings, **options, seed=seed).fit(
            few.texts, few.labels, validation=(held.texts, held.labels)
        )
        for name, settings in MODELS.items()
        for start, options in zip(STARTS, starts, strict=True)
    }
    scores = {key: net.score(test.texts, test.labels) for key, net in nets.items()}
    ladder = climb({"net": next(iter(nets.values()))}, few, held, test)
    scores[LINEAR, "random"] = ladder.rung(TFIDF).figures["accuracy"]
    scores[LINEAR, "frozen"] = regression(vectors, few, held, test)
    return scores


def regression(vectors: WordVectors, few: Records, held: Records, test: Records) -> float:
    """Return the test accuracy of logistic regression on sentence vectors."""
    sentences = SentenceVectors(vectors, method="sif", frequencies="zipf").fit(few.texts)
    known, seen, unseen = (sentences.transform(part.texts) for part in (few, held, test))
    fits = [LogisticRegression(C=c, max_iter=1000).fit(known, few.labels) for c in STRENGTHS]
    best = max(fits, key=lambda fit: fit.score(seen, held.labels))
    return float(best.score(unseen, test.labels))


def table(found: Scores) -> str:
    """Return the table in Markdown: mean ± standard deviation, and how often vectors win."""
    heads = ["model", "random, or no vectors", "frozen", "fine-tuned"]
    heads += ["frozen wins", "fine-tuned wins"]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for name in dict.fromkeys(name for name, _ in found):
        rows = [found.get((name, start)) for start in STARTS]
        cells = [_spread(row) for row in rows] + [_wins(row, rows[0]) for row in rows[1:]]
        lines.append("| " + " | ".join([name, *cells]) + " |")
    return "\n".join(lines) + "\n"


def _spread(row: list[float] | None) -> str:
    if row is None:
        return "–"
    return f"{statistics.mean(row):.3f} ± {statistics.stdev(row) if len(row) > 1 else 0:.3f}"


def _wins(row: list[float] | None, other: list[float] | None) -> str:
    if row is None or other is None:
        return "–"
    return f"{sum(a > b for a, b in zip(row, other, strict=True))} of {len(row)}"


if __name__ == "__main__":
    main()
