"""The demonstration behind `make demo`: seven kinds of net on 10,000 rated movie-review sentences.

Trains every model on the train part of `movie-snippets`, stops each early on the dev part, prints
them on the test part beside the majority class, TF-IDF + logistic regression and NB-SVM, and keeps
the net that did best on the dev part, with its report, in the folder `demo/`.

    python examples/demo.py [--seed 0] [--out demo]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from sestina import TextClassifier, load_dataset
from sestina.cli import show
from sestina.cli.job import write_report
from sestina.data.split import three_parts
from sestina.inspect.evaluate import climb, verdict
from sestina.inspect.report import render
from sestina.inspect.summary import report_facts

DATA = "movie-snippets"
RECURRENT = {"embedding": 32, "hidden": 32, "dropout": 0.5, "input_dropout": 0.3, "min_count": 2}
MODELS: dict[str, dict[str, Any]] = {
    "bag MLP": {"encoder": "bag", "hidden": 16, "dense": (16,)},
    "flatten": {"encoder": "flatten", "max_tokens": 40, "dense": (16,), "dropout": 0.3},
    "CNN": {"encoder": "cnn", "hidden": 64, "embedding": 64, "dropout": 0.5, "input_dropout": 0.3},
    "SimpleRNN": {"encoder": "rnn", **RECURRENT},
    "GRU": {"encoder": "gru", **RECURRENT},
    "LSTM": {"encoder": "lstm", **RECURRENT},
    "bidir. LSTM + GloVe": {
        **RECURRENT,
        "encoder": "lstm",
        "bidirectional": True,
        "pool": "max",
        "vectors": "glove-50d",
        "fine_tune": True,
        "token_dropout": 0.3,
        "learning_rate": 2e-3,
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Train and compare nets on movie reviews.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("demo"))
    options = parser.parse_args()

    started = time.perf_counter()
    train, dev, test, said = three_parts(load_dataset(DATA), options.seed)
    show.say(f"{DATA}: {len(train):,} train, {len(dev):,} dev, {len(test):,} test texts")
    nets = {}
    for name, settings in MODELS.items():
        net = TextClassifier(**settings, seed=options.seed)
        nets[name] = net.fit(train.texts, train.labels, validation=(dev.texts, dev.labels))
        show.say(f"{name:<20} {len(net.history_):>2} epochs  {net.seconds_:>5.1f} s")
    best = max(
        nets,
        key=lambda name: nets[name].history_[nets[name].best_epoch_ - 1]["validation_accuracy"],
    )

    ladder = climb(nets, train, dev, test)
    verdicts = [verdict(ladder, best, rung.name) for rung in reversed(ladder.plain)]
    rungs = {rung.name: rung.summary() for rung in ladder.rungs}
    nets[best].save(
        options.out,
        {
            "name": best,
            "data": f"{DATA}: {len(train):,} training texts; {said}",
            "metrics": rungs[best],
            "baseline": {rung.name: rung.summary() for rung in ladder.plain},
        },
    )
    facts = report_facts(nets[best], (train, dev, test), said, verdicts, DATA)
    report = write_report(options.out, lambda: render(ladder, best, facts))

    show.out.print()
    show.ladder(f"{DATA}: {len(test):,} test texts, seed {options.seed}", rungs)
    show.out.print(f"\nBest on the dev part: {best}")
    for sentence in verdicts:
        show.out.print(sentence)
    show.facts(
        "",
        {
            "report": report,
            "try": f'sestina predict {options.out} "A small, quiet, wonderful film."',
            "took": f"{time.perf_counter() - started:.0f} seconds",
        },
    )


if __name__ == "__main__":
    main()
