"""Train with Sestina as a JSON object says; print what it took.

python train_sestina.py JOB VECTORS
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from sestina import FastText, GloVe, Word2Vec, WordVectors

SHARED = ("dimensions", "window", "epochs", "learning_rate", "threads", "seed")


def estimator(job: dict[str, Any], min_count: int) -> Any:
    """Return what a job asks for, not fitted yet."""
    options = {name: job[name] for name in SHARED}
    options |= {"min_count": min_count, "tokens": "whitespace"}
    if job["method"] == "glove":
        return GloVe(**options)
    options |= {name: job[name] for name in ("method", "output", "negative", "subsample")}
    kind = FastText if job["subwords"] else Word2Vec
    return kind(**options, deterministic=job["deterministic"])


def peak() -> float:
    """Return the most memory that this process has had, in bytes; NaN where nobody knows."""
    status = Path("/proc/self/status")
    for line in status.read_text("utf-8").splitlines() if status.exists() else ():
        if line.startswith("VmHWM:"):
            return 1024.0 * int(line.split()[1])
    return float("nan")


def main() -> None:
    job, vectors = json.loads(sys.argv[1]), Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:  # kernels are compiled before the clock runs
        toy = Path(folder) / "toy"
        toy.write_text("to be or not to be\n" * 100, "utf-8")
        estimator(job, min_count=1).fit(toy)
    before = peak()
    model = estimator(job, job["min_count"]).fit(job["text"])
    after = peak()
    seconds = model.seconds_ - model.reading_seconds_
    if job["method"] != "glove":
        seconds = sum(row["seconds"] for row in model.history_)
    WordVectors(model.vectors_.words, model.vectors_.matrix).save(vectors)
    print(json.dumps({
        "training": seconds, "whole": model.seconds_, "reading": model.reading_seconds_,
        "before": before, "peak": after, "words": len(model.vectors_.words),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
