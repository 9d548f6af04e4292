"""Train with fastText as a JSON object says; print what it took.

    python train_fasttext.py JOB VECTORS

Of the training alone it tells nothing; its progress does, which the parent reads. The package takes
no seed.
"""

from __future__ import annotations

import json
import sys
import time

import fasttext


def main() -> None:
    job, vectors = json.loads(sys.argv[1]), sys.argv[2]
    options = {
        "model": job["method"],
        "loss": "ns",
        "dim": job["dimensions"],
        "ws": job["window"],
        "neg": job["negative"],
        "t": job["subsample"],
        "minCount": job["min_count"],
        "lr": job["learning_rate"],
        "epoch": job["epochs"],
        "thread": job["threads"],
        "maxn": 6 if job["subwords"] else 0,
    }
    start = time.perf_counter()
    model = fasttext.train_unsupervised(job["text"], **options)
    whole = time.perf_counter() - start
    words = model.get_words()
    with open(vectors, "w", encoding="utf-8") as file:
        file.write(f"{len(words)} {job['dimensions']}\n")
        for word in words:
            row = " ".join(f"{value:.6g}" for value in model.get_word_vector(word))
            file.write(f"{word} {row}\n")
    print(json.dumps({"whole": whole}))


if __name__ == "__main__":
    main()
