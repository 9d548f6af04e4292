"""The programs: which are there, and how each is told what to do."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

import sestina

from .built import Binary
from .job import Job, Ran
from .stanford import Stanford
from .watch import watch

SIDES = Path(__file__).parent / "sides"


class Program(Protocol):
    """A program that learns word vectors."""

    version: str
    missing: str
    """Why it cannot run; empty where it can."""

    def run(self, job: Job, folder: Path) -> Ran:
        """Train in a fresh process; raise Failed where that ends badly."""


class Script:
    """A Python package, run by one of our scripts in a process of its own."""

    def __init__(self, package: str, python: str, variables: Mapping[str, str]) -> None:
        self._python, self._variables = python, variables
        self._script = SIDES / f"train_{package}.py"
        self.missing, self.version = "", f"Sestina {sestina.__version__}"
        if package != "sestina":
            self._ask(package)

    def _ask(self, package: str) -> None:
        """Find out whether the package is installed, and which version."""
        code = (
            f"import importlib.metadata as m, {package}; "
            f"name = m.packages_distributions()[{package!r}][0]; print(name, m.version(name))"
        )
        done = subprocess.run(
            [self._python, "-c", code], check=False, capture_output=True, text=True
        )
        self.version = done.stdout.strip()
        if done.returncode:
            self.missing = f"{package} cannot be imported by {self._python}"

    def run(self, job: Job, folder: Path) -> Ran:
        """Train in a fresh process."""
        vectors = folder / ("vectors.vec" if "fasttext" in self._script.name else "vectors.bin")
        command = (self._python, self._script, json.dumps(asdict(job)), vectors)
        watched = watch(command, self._variables)
        report = dict(json.loads(watched.said.splitlines()[-1]))
        training = report.pop("training", None) or watched.rate()
        return Ran(training, report.pop("whole"), vectors, report)


def programs(
    folder: Path | None, python: str | None, variables: Mapping[str, str]
) -> dict[str, Program]:
    """Return every program by its name.

    Args:
        folder: Where the binaries have been built; None: without them.
        python: The Python that has the packages of others; None: this one.
        variables: Environment of all processes.
    """

    def binary(*path: str) -> Path | None:
        return None if folder is None else folder.absolute().joinpath(*path)

    other = python or sys.executable
    return {
        "Sestina": Script("sestina", sys.executable, variables),
        "gensim": Script("gensim", other, variables),
        "pWord2Vec": Binary(binary("pWord2Vec", "pWord2Vec"), variables),
        "word2vec.c": Binary(binary("word2vec", "word2vec"), variables),
        "fastText": Script("fasttext", other, variables),
        "Stanford GloVe": Stanford(binary("GloVe", "build"), variables),
    }
