"""GloVe by its authors: four programs that hand each other files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from .built import found, revision
from .job import Failed, Job, Ran
from .watch import Watched, watch

EPOCH = re.compile(rb"iter: (\d+), cost")
MEMORY = 4.0
"""Gigabytes for counting and for shuffling, more than the programs' own 3 and 2."""


class Stanford:
    """vocab_count, cooccur, shuffle and glove of github.com/stanfordnlp/GloVe."""

    def __init__(self, folder: Path | None, variables: Mapping[str, str]) -> None:
        self._folder, self._variables = folder, variables
        _, self.missing = found(None if folder is None else folder / "glove")
        self.version = "" if folder is None else f"Stanford {revision(folder.parent)}"

    def run(self, job: Job, folder: Path) -> Ran:
        """Count words, count pairs, shuffle, train; the seconds end with the last epoch."""
        text = Path(job.text)
        words, counts, mixed = (folder / name for name in ("words", "counts", "shuffled"))
        listed = self._call("vocab_count", {"min-count": job.min_count}, text, words)
        options = {
            "vocab-file": words, "window-size": job.window, "symmetric": 1, "memory": MEMORY,
            "overflow-file": folder / "overflow",
        }  # fmt: skip
        paired = self._call("cooccur", options, text, counts)
        options = {"memory": MEMORY, "temp-file": folder / "temporary", "seed": job.seed}
        shuffled = self._call("shuffle", options, counts, mixed)
        trained = self._train(job, folder, words, mixed)
        if not trained.marks:
            raise Failed("it told of no epoch")
        parts = {
            "words": listed.seconds, "pairs": paired.seconds, "shuffling": shuffled.seconds,
            "epochs": trained.marks[-1][0],
        }  # fmt: skip
        whole = sum(parts.values())
        for file in (words, counts, mixed):
            file.unlink()
        return Ran(whole, whole, folder / "vectors.txt", parts)

    def _train(self, job: Job, folder: Path, words: Path, pairs: Path) -> Watched:
        options = {
            "input-file": pairs, "vocab-file": words, "save-file": folder / "vectors",
            "vector-size": job.dimensions, "iter": job.epochs, "eta": job.learning_rate,
            "threads": job.threads, "seed": job.seed, "x-max": 100, "alpha": 0.75,
            "binary": 0, "model": 2, "write-header": 0,
        }  # fmt: skip
        return self._call("glove", options, None, folder / "log")

    def _call(
        self, program: str, options: Mapping[str, object], source: Path | None, target: Path
    ) -> Watched:
        assert self._folder is not None
        flat = [part for name, value in options.items() for part in (f"-{name}", value)]
        command = (self._folder / program, *flat, "-verbose", 0)
        return watch(command, self._variables, EPOCH, source, target)
