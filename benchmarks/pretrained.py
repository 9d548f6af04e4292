"""Few labels, many texts: what language models that read the texts add to GloVe's vectors.

    make bench-pretrained [ARGS="…"]
    python benchmarks/pretrained.py [--prose FILE] [--texts 200 1000] [--seeds 5] [--publish]

Row B5 of the lectures. Data: the shipped `movie-snippets`. Two language models, one reading
forwards, one backwards, learn from all texts of the train part, without labels; with `--prose` two
more learn from every 100th line of that file as well. They are trained once, with seed 0, and kept
in `--models`. A seed draws the labelled texts, as many of each class, from the train part, and is
that of the nets, which are all trained for as many epochs, at a rate that falls to nothing. A
quarter as many texts more choose the penalties of the linear models. All are judged on the whole
test part. Settings were chosen on the dev part, see docs/benchmarks.md. `--publish` writes the
tables into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import lzma
import statistics
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from racing import pages
from sklearn.linear_model import LogisticRegression

from sestina import (
    ContextualSentenceVectors,
    LanguageModel,
    SentenceVectors,
    TextClassifier,
    load,
    load_dataset,
)
from sestina.data.records import Records
from sestina.data.split import three_parts
from sestina.inspect.baselines import STRENGTHS
from sestina.inspect.evaluate import climb
from sestina.lab.parts import drawn

DATA, TFIDF, GLOVE = "movie-snippets", "TF-IDF + logistic regression", "glove-50d"
PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
MARKER = "pretrained"
DIRECTIONS = {"forward": False, "backward": True}
READING = {"lowercase": True, "html": True}
SIZES: dict[str, Any] = {"embedding": 200, "hidden": 200}
LANGUAGE: dict[str, Any] = {
    **READING, **SIZES, "min_count": 3, "dropout": 0.3, "input_dropout": 0.3,
    "learning_rate": 3e-3, "batch_size": 20, "epochs": 5,
}  # fmt: skip
WITH_PROSE: dict[str, Any] = LANGUAGE | {"adaptive": 2_000, "epochs": 3}  # a larger vocabulary
SCHEDULE: dict[str, Any] = {
    "learning_rate": 5e-3, "decay": True, "epochs": 12, "batch_size": 16,
    "patience": None, "validation_fraction": 0.0,
}  # fmt: skip
SMALL: dict[str, Any] = {
    **SCHEDULE, "encoder": "gru", "hidden": 32, "pool": "max", "dropout": 0.5, "input_dropout": 0.3,
}  # fmt: skip
LARGE: dict[str, Any] = {
    **SCHEDULE, **SIZES, "encoder": "lstm", "pool": "concat", "dropout": 0.4, "input_dropout": 0.2,
}  # fmt: skip
CAREFULLY: dict[str, Any] = {"layer_decay": 2.6, "unfreeze": True}
BESIDE = "GRU 32 over GloVe's vectors"
Pair = list[LanguageModel]
Scores = dict[str, list[float]]


def main() -> None:
    args = arguments()
    train, dev, test, _ = three_parts(load_dataset(DATA), 0)
    test = dev if args.dev else test
    read = {"the texts": language_models(args.models, "texts", train.texts, LANGUAGE)}
    if args.prose:
        lines = [*train.texts, *prose(args.prose, args.every)]
        read["texts and prose"] = language_models(args.models, "prose", lines, WITH_PROSE)
    reports = [about(read, train)]
    for count in args.texts:
        found: Scores = {}
        for seed in range(args.first, args.first + args.seeds):
            few, held = drawn(train, count, seed)
            for name, accuracy in judged(read, few, held, test, seed):
                found.setdefault(name, []).append(accuracy)
                print(f"{count} texts, seed {seed}, {name}: {accuracy:.4f}", file=sys.stderr)
        reports.append(table(found, count))
    report = "\n\n".join(reports)
    print(report)
    if args.publish:
        pages.publish(report.rstrip(), PAGE, MARKER)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="What pre-training adds to few labels.")
    parser.add_argument("--prose", type=Path, help="a text file (.xz) to read as well")
    parser.add_argument("--every", type=int, default=100, help="read each so-manieth line of it")
    parser.add_argument("--models", type=Path, default=Path("build/pretrained"))
    parser.add_argument("--texts", type=int, nargs="+", default=[200, 1000], help="with labels")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--dev", action="store_true", help="judge on the dev part, to choose by")
    parser.add_argument("--publish", action="store_true", help="write into docs/benchmarks.md")
    return parser.parse_args()


def prose(file: Path, every: int) -> list[str]:
    """Return each so-manieth line of a file, empty ones left out."""
    with lzma.open(file, "rt", encoding="utf-8") as stream:
        return [line for line in islice(stream, 0, None, every) if line.strip()]


def language_models(folder: Path, name: str, texts: list[str], options: dict[str, Any]) -> Pair:
    """Return the models of both directions, trained on texts or taken from the folder."""
    found = []
    for direction, backwards in DIRECTIONS.items():
        place = folder / name / direction
        if not place.exists():
            model = LanguageModel(**options, backwards=backwards, seed=0, verbose=True).fit(texts)
            model.save(place)
        found.append(load(place))
    return found


def about(read: dict[str, Pair], train: Records) -> str:
    """Return how well the language models foresee, and what they cost."""
    lines = [
        "| language models of | tokens | vocabulary | perplexity | seconds |",
        "|---" * 5 + "|",
    ]
    for name, pair in read.items():
        reached = [net.history_[net.best_epoch_ - 1]["validation_perplexity"] for net in pair]
        cells = [
            name, f"{pair[0].tokens_:,}", f"{len(pair[0].vocabulary_):,}",
            " / ".join(f"{value:.0f}" for value in reached),
            " / ".join(f"{net.seconds_:.0f}" for net in pair),
        ]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return (
        f"{DATA}: {len(train):,} texts without labels; language models forwards / backwards, their "
        "perplexity that of a tenth of their texts, held out.\n\n" + "\n".join(lines)
    )


def judged(
    read: dict[str, Pair], few: Records, held: Records, test: Records, seed: int
) -> Iterator[tuple[str, float]]:
    """Yield each model's name and its accuracy on the test part."""
    base = fitted(few, seed, SMALL, vectors=GLOVE)
    rung = climb({"net": base}, few, held, test).rung(TFIDF)
    yield TFIDF, rung.figures["accuracy"]
    glove = SentenceVectors(GLOVE, method="sif", frequencies="zipf")
    yield "SIF of GloVe's vectors + logistic regression", regression(glove, few, held, test)
    yield BESIDE, base.score(test.texts, test.labels)
    scratch = fitted(few, seed, LARGE)
    yield "LSTM 200 from nothing", scratch.score(test.texts, test.labels)
    for name, pair in read.items():
        mean = ContextualSentenceVectors(pair)
        yield f"mean in context + logistic regression ({name})", regression(mean, few, held, test)
        for vectors, said in ((None, ""), (GLOVE, ", GloVe's beside")):
            net = fitted(few, seed, SMALL, contextual=pair, vectors=vectors)
            yield f"GRU 32 over words in context{said} ({name})", net.score(test.texts, test.labels)
        begun = [fitted(few, seed, LARGE, pretrained=model) for model in pair]
        yield f"LSTM 200 begun as forwards ({name})", begun[0].score(test.texts, test.labels)
        both = np.mean([net.predict_proba(test.texts) for net in begun], axis=0)
        labels = begun[0].classes_[both.argmax(axis=1)]
        yield f"… and backwards, averaged ({name})", float(np.mean(labels == np.array(test.labels)))
        careful = fitted(few, seed, LARGE | CAREFULLY, pretrained=pair[0])
        yield f"… forwards, layer by layer ({name})", careful.score(test.texts, test.labels)


def fitted(few: Records, seed: int, options: dict[str, Any], **more: Any) -> TextClassifier:
    """Return a classifier that has learnt few texts."""
    return TextClassifier(**READING, **options, **more, seed=seed).fit(few.texts, few.labels)


def regression(sentences: Any, few: Records, held: Records, test: Records) -> float:
    """Return the test accuracy of logistic regression on sentence vectors."""
    sentences.fit(few.texts)
    known, seen, unseen = (sentences.transform(part.texts) for part in (few, held, test))
    fits = [LogisticRegression(C=c, max_iter=1000).fit(known, few.labels) for c in STRENGTHS]
    best = max(fits, key=lambda fit: fit.score(seen, held.labels))
    return float(best.score(unseen, test.labels))


def table(found: Scores, texts: int) -> str:
    """Return the table in Markdown: mean ± standard deviation, and who beats GloVe's net."""
    lines = [
        f"| {texts:,} labelled texts | accuracy | more than GloVe's | wins |",
        "|---" * 4 + "|",
    ]
    for name, row in found.items():
        sd = statistics.stdev(row) if len(row) > 1 else 0.0
        gains = [one - other for one, other in zip(row, found[BESIDE], strict=True)]
        wins = f"{sum(gain > 0 for gain in gains)} of {len(gains)}"
        cells = [name, f"{statistics.mean(row):.3f} ± {sd:.3f}"]
        cells += ["–", "–"] if name == BESIDE else [f"{statistics.mean(gains):+.3f}", wins]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
