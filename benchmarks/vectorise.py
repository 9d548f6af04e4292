"""Tokens a second: texts → ids, and → tables of terms, beside scikit-learn.

python benchmarks/vectorise.py [CORPUS] [--megabytes 30]

CORPUS is a text file, one sentence or paragraph a line; lines are joined to documents of some 200
words. Without one, the shipped reviews are read again and again, which flatters every program. The
best of three runs counts; kernels are compiled before.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer

from sestina import Counts, Hashing, TfIdf, load_dataset
from sestina.config import TextOptions
from sestina.kernels.parallel import threads
from sestina.text.encode import encode, learn

CHARACTERS = 1200  # of a document


def documents(corpus: Path | None, size: int) -> list[str]:
    if corpus is None:
        texts = load_dataset("movie-snippets").texts
        lines = texts * (size // sum(map(len, texts)) + 1)
    else:
        with corpus.open(encoding="utf-8") as file:
            lines = file.read(size).split("\n")
    found, document, length = [], [], 0
    for line in lines:
        document.append(line)
        length += len(line)
        if length >= CHARACTERS:
            found.append(" ".join(document))
            document, length = [], 0
    return found


def show(name: str, tokens: int, work: Callable[[], Any], runs: int = 3) -> None:
    best = min(timed(work) for _ in range(runs))
    print(f"{name:36} {best:7.2f} s {tokens / best / 1e6:8.2f} M tokens/s", flush=True)


def timed(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", nargs="?", type=Path)
    parser.add_argument("--megabytes", type=int, default=30)
    given = parser.parse_args()
    texts = documents(given.corpus, given.megabytes * 1_000_000)
    options = TextOptions()
    vocabulary, encoded = learn(texts, options)
    words = Counts().fit(texts).coverage(texts).terms
    print(f"{len(texts):,} documents, {encoded.tokens:,} tokens, {words:,} words, "
          f"{threads()} threads")  # fmt: skip
    show("vocabulary and ids", encoded.tokens, lambda: learn(texts, options))
    show("ids", encoded.tokens, lambda: encode(texts, vocabulary, options))
    show("Counts", words, lambda: Counts().fit_transform(texts))
    show("TfIdf", words, lambda: TfIdf().fit_transform(texts))
    show("Hashing", words, lambda: Hashing().fit_transform(texts))
    show("Counts, 1- and 2-grams", words, lambda: Counts(max_n=2).fit_transform(texts), 1)
    show("scikit-learn CountVectorizer", words, lambda: CountVectorizer().fit_transform(texts), 1)
    show("scikit-learn HashingVectorizer", words, lambda: HashingVectorizer().transform(texts), 1)


if __name__ == "__main__":
    main()
