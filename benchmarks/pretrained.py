"""Few labels, many texts: what language models that read the texts add to GloVe's vectors.

    make bench-pretrained [ARGS="…"]
    python benchmarks/pretrained.py [--prose FILE [--lines 56410:145367]] [--texts 200 1000]
        [--seeds 5] [--publish]

Row B5 of the lectures. Data: the shipped `movie-snippets`. Two language models, one reading
forwards, one backwards, learn from all texts of the train part, without labels. With `--prose` two
more learn from those lines of that file, and then go on with the texts, as in ULMFiT: layers at
rates of their own, the learning rate a slanted triangle. They are trained once, with seed 0, and
kept in `--models`. A seed draws the labelled texts, as many of each class, from the train part, and
is that of the nets, which are all trained for as many epochs, at a rate that falls to nothing. A
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
GENERAL: dict[str, Any] = LANGUAGE | {
    "vocabulary": 20_000, "min_count": 5, "adaptive": 2_000, "dropout": 0.1, "input_dropout": 0.1,
    "batch_size": 32, "epochs": 1, "decay": True, "warm_up": 0.05, "validation_fraction": 0.02,
}  # fmt: skip
GOING_ON: dict[str, Any] = LANGUAGE | {
    "layer_decay": 2.6, "learning_rate": 4e-3, "decay": True, "warm_up": 0.1, "patience": None,
}  # fmt: skip
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
GLOVES: dict[str, Any] = {"vectors": GLOVE, "vector_words": 15_000}  # all that there are
BESIDE = "GRU 32 over GloVe's vectors"
Pair = list[LanguageModel]
Scores = dict[str, list[float]]


def main() -> None:
    args = arguments()
    train, dev, test, _ = three_parts(load_dataset(DATA), 0)
    read = language_models(args, train.texts)
    test = dev if args.dev else test
    reports = [about(read, train, dev)]
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
    parser.add_argument("--prose", type=Path, help="a text file (.xz) to read first")
    parser.add_argument("--lines", type=span, default=(1, None), help="FIRST:LAST of it, from 1")
    parser.add_argument("--models", type=Path, default=Path("build/pretrained"))
    parser.add_argument("--texts", type=int, nargs="+", default=[200, 1000], help="with labels")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--dev", action="store_true", help="judge on the dev part, to choose by")
    parser.add_argument("--publish", action="store_true", help="write into docs/benchmarks.md")
    return parser.parse_args()


def span(text: str) -> tuple[int, int | None]:
    first, _, last = text.partition(":")
    return int(first), int(last) if last else None


def prose(file: Path, first: int, last: int | None) -> list[str]:
    """Return lines of a file, empty ones left out."""
    with lzma.open(file, "rt", encoding="utf-8") as stream:
        return [line for line in islice(stream, first - 1, last) if line.strip()]


def language_models(args: argparse.Namespace, texts: list[str]) -> dict[str, Pair]:
    """Return the models of both directions, by what they have read."""
    found = {"the texts": pair(args.models / "texts", texts, LANGUAGE)}
    if args.prose:
        general = args.models / "prose"
        kept = all((general / way).exists() for way in DIRECTIONS)
        lines = [] if kept else prose(args.prose, *args.lines)
        found["prose"] = pair(general, lines, GENERAL)
        found["prose, then the texts"] = pair(args.models / "both", texts, GOING_ON, general)
    return found


def pair(
    folder: Path, texts: list[str], options: dict[str, Any], begun: Path | None = None
) -> Pair:
    """Return the models of both directions, trained on texts or taken from the folder.

    Args:
        folder: Where they are kept.
        texts: What they read.
        options: How they are trained.
        begun: The folder of the models that they begin as.
    """
    found = []
    for direction, backwards in DIRECTIONS.items():
        place = folder / direction
        if not place.exists():
            start = None if begun is None else str(begun / direction)
            model = LanguageModel(**options, backwards=backwards, pretrained=start, verbose=True)
            model.fit(texts).save(place)
        found.append(load(place))
    return found


def about(read: dict[str, Pair], train: Records, dev: Records) -> str:
    """Return how well the language models foresee, and what they cost."""
    lines = [
        "| language models of | tokens | vocabulary | unknown | perplexity | seconds |",
        "|---" * 6 + "|",
    ]
    for name, models in read.items():
        figures = [net.figures(dev.texts) for net in models]
        cells = [
            name, f"{models[0].tokens_:,}", f"{len(models[0].vocabulary_):,}",
            f"{figures[0]['unknown']:.1%}",
            " / ".join(f"{one['perplexity']:.0f}" for one in figures),
            " / ".join(f"{net.seconds_:.0f}" for net in models),
        ]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return (
        f"{DATA}: {len(train):,} texts without labels; language models forwards / backwards, their "
        "perplexity and what is unknown that of the dev part's texts.\n\n" + "\n".join(lines)
    )


def judged(
    read: dict[str, Pair], few: Records, held: Records, test: Records, seed: int
) -> Iterator[tuple[str, float]]:
    """Yield each model's name and its accuracy on the test part."""
    base = fitted(few, seed, SMALL, **GLOVES)
    rung = climb({"net": base}, few, held, test).rung(TFIDF)
    yield TFIDF, rung.figures["accuracy"]
    glove = SentenceVectors(GLOVE, method="sif", frequencies="zipf")
    yield "SIF of GloVe's vectors + logistic regression", regression(glove, few, held, test)
    yield BESIDE, base.score(test.texts, test.labels)
    own = fitted(few, seed, SMALL, vectors=GLOVE)
    yield "… of words in the labelled texts only", own.score(test.texts, test.labels)
    for size, options in (("GRU 32", SMALL | {"embedding": 50}), ("LSTM 200", LARGE)):
        scratch = fitted(few, seed, options)
        yield f"{size} from nothing", scratch.score(test.texts, test.labels)
    for name, models in read.items():
        mean = ContextualSentenceVectors(models)
        yield f"mean in context + logistic regression ({name})", regression(mean, few, held, test)
        for more, said in (({}, ""), (GLOVES, ", GloVe's beside")):
            net = fitted(few, seed, SMALL, contextual=models, **more)
            yield f"GRU 32 over words in context{said} ({name})", net.score(test.texts, test.labels)
        begun = [fitted(few, seed, LARGE, pretrained=model) for model in models]
        yield f"LSTM 200 begun as forwards ({name})", begun[0].score(test.texts, test.labels)
        both = np.mean([net.predict_proba(test.texts) for net in begun], axis=0)
        labels = begun[0].classes_[both.argmax(axis=1)]
        yield f"… and backwards, averaged ({name})", float(np.mean(labels == np.array(test.labels)))
        careful = fitted(few, seed, LARGE | CAREFULLY, pretrained=models[0])
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
