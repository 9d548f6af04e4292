"""Programs that were built from source: where they are, and how word2vec's kin are called."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from .job import Failed, Job, Ran
from .watch import watch


def found(path: Path | None) -> tuple[Path | None, str]:
    """Return a program's path, and why it is missing if it is."""
    if path is None:
        return None, "--peers was not given"
    where = shutil.which(path)
    return (Path(where), "") if where else (None, f"{path} is not built")


def revision(folder: Path) -> str:
    """Return the name of a folder's program and its revision, where git knows it."""
    command = ["git", "-C", str(folder), "rev-parse", "--short", "HEAD"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return f"{folder.name} {done.stdout.strip()}".strip()


class Binary:
    """word2vec.c, or pWord2Vec, which takes nearly the same options."""

    def __init__(self, path: Path | None, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._path, self.missing = found(path)
        self.version = revision(self._path.parent) if self._path else ""

    def run(self, job: Job, folder: Path) -> Ran:
        """Train in a fresh process; training is clocked from its first to its last progress."""
        assert self._path is not None
        vectors = folder / "vectors.bin"
        options = {
            "train": job.text, "output": vectors, "size": job.dimensions, "window": job.window,
            "sample": job.subsample, "negative": job.negative, "min-count": job.min_count,
            "alpha": job.learning_rate, "iter": job.epochs, "threads": job.threads,
            "binary": 1, "debug": 2,
        }  # fmt: skip
        if self._path.name == "word2vec":
            tree = job.output == "hierarchical"
            options |= {"cbow": int(job.method == "cbow"), "hs": int(tree)}
            options["negative"] = 0 if tree else job.negative
        flat = [part for name, value in options.items() for part in (f"-{name}", value)]
        watched = watch((self._path, *flat), self._variables)
        if not watched.marks:
            raise Failed("it told nothing of its progress")
        return Ran(watched.rate(), watched.marks[-1][0], vectors)
