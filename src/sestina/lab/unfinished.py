"""What is done of experiments that have no record yet, so that a later run can go on from it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from sestina import store
from sestina.errors import counted

FOLDER = "unfinished"
SEED = "--seed-"

Done = tuple[dict[str, Any], dict[str, NDArray[Any]]]
"""What a seed gave: its run, for the record, and arrays that figures over all seeds are made of."""


@dataclass(frozen=True)
class Unfinished:
    """Seeds that are done, and teachers that are fitted, in a folder beside the records.

    Attributes:
        results: The folder of the records; None: nothing is kept.
        resume: Whether to take what is there from a run before.
    """

    results: Path | None = None
    resume: bool = False

    def seed(self, identity: str, seed: int) -> Done | None:
        """Return what a seed gave in a run before; None where it did not come so far.

        Args:
            identity: Of the experiment, its data, options and versions.
            seed: Which.

        Raises:
            ModelError: Its file is damaged.
        """
        path = self._seed(identity, seed)
        if path is None or not self.resume or not path.exists():
            return None
        arrays, run = store.read_arrays(path)
        return run, arrays

    def keep(self, identity: str, seed: int, done: Done) -> None:
        """Keep what a seed gave.

        Raises:
            SestinaError: The folder cannot be written.
        """
        if path := self._seed(identity, seed):
            run, arrays = done
            store.write_arrays(path, arrays, run)

    def teacher(self, identity: str) -> Any | None:
        """Return a teacher that was fitted in a run before; None where there is none.

        Raises:
            ModelError: Its folder is damaged.
        """
        from sestina.estimators.loading import load

        path = self._teacher(identity)
        return load(path) if path and self.resume and path.exists() else None

    def keep_teacher(self, identity: str, teacher: Any) -> None:
        """Keep a fitted teacher.

        Raises:
            SestinaError: The folder cannot be written.
        """
        if path := self._teacher(identity):
            teacher.save(path)

    def forget(self, identity: str) -> None:
        """Remove the seeds of an experiment, which has its record now, or a teacher."""
        if self.results is None:
            return
        folder = self.results / FOLDER
        for path in self._seeds(identity):
            path.unlink(missing_ok=True)
        shutil.rmtree(folder / identity, ignore_errors=True)
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()

    def in_words(self, identity: str) -> str:
        """Say how many seeds of an experiment are kept; an empty string where none is."""
        seeds = len(self._seeds(identity))
        return f"{counted(seeds, 'seed')} of it {'is' if seeds == 1 else 'are'} kept" * bool(seeds)

    def _seeds(self, identity: str) -> list[Path]:
        folder = None if self.results is None else self.results / FOLDER
        if folder is None or not folder.is_dir():
            return []
        return [path for path in folder.iterdir() if path.name.startswith(f"{identity}{SEED}")]

    def _seed(self, identity: str, seed: int) -> Path | None:
        name = f"{identity}{SEED}{seed}.safetensors"
        return None if self.results is None else self.results / FOLDER / name

    def _teacher(self, identity: str) -> Path | None:
        return None if self.results is None else self.results / FOLDER / identity
