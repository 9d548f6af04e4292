"""What is done of experiments that have no record yet, so that a later run can go on from it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from sestina import store
from sestina.errors import ModelError, counted

FOLDER = "unfinished"
SEED = "--seed-"
TEACHER = "teacher--"

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
        if not isinstance(run, dict) or run.get("seed") != seed:
            raise ModelError(f"{path} is no seed's; delete it, and the seed is run again")
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
        if path is None or not self.resume or not path.exists():
            return None
        try:
            return load(path)
        except ModelError as error:
            raise ModelError(
                f"the teacher in {path} is damaged; delete it, and it is trained again"
            ) from error

    def keep_teacher(self, identity: str, teacher: Any) -> None:
        """Keep a fitted teacher.

        Raises:
            SestinaError: The folder cannot be written.
        """
        if path := self._teacher(identity):
            teacher.save(path)

    def forget(self, identity: str) -> None:
        """Remove the seeds of an experiment, which has its record now."""
        for path in self._seeds(identity):
            path.unlink(missing_ok=True)

    def has_teacher(self, identity: str) -> bool:
        """Tell whether a teacher is kept."""
        path = self._teacher(identity)
        return path is not None and path.exists()

    def forget_teachers(self, identities: Sequence[str] | None) -> None:
        """Remove teachers, unless seeds of another run are there, which goes on with them.

        Args:
            identities: Which; None: all.
        """
        if self._folder is None or not self._folder.is_dir():
            return
        if any(SEED in path.name for path in self._folder.iterdir()):
            return
        for path in self._folder.glob(f"{TEACHER}*"):
            if identities is None or path.name.removeprefix(TEACHER) in identities:
                shutil.rmtree(path, ignore_errors=True)
        if not any(self._folder.iterdir()):
            self._folder.rmdir()

    def left_over(self) -> str:
        """Say what is kept of other runs; an empty string where nothing is."""
        seeds = len(self._seeds(""))
        if not seeds:
            return ""
        return (
            f"{self._folder} has {counted(seeds, 'seed')} of runs that did not end, with other "
            "options or data, or going on now; where nobody is to go on with them, delete it"
        )

    def refuse_unwritable(self) -> None:
        """Raise where nothing could be kept.

        Raises:
            SestinaError: The sentence has the reason.
        """
        if self._folder is not None:
            store.refuse_unwritable(self._folder / "seed")

    def in_words(self, identity: str) -> str:
        """Say how many seeds of an experiment are kept; an empty string where none is."""
        seeds = len(self._seeds(identity))
        return f"{counted(seeds, 'seed')} of it {'is' if seeds == 1 else 'are'} kept" * bool(seeds)

    def _seeds(self, identity: str) -> list[Path]:
        if self._folder is None or not self._folder.is_dir():
            return []
        found = self._folder.iterdir()
        return [path for path in found if SEED in path.name and path.name.startswith(identity)]

    @property
    def _folder(self) -> Path | None:
        return None if self.results is None else self.results / FOLDER

    def _seed(self, identity: str, seed: int) -> Path | None:
        return self._folder and self._folder / f"{identity}{SEED}{seed}.safetensors"

    def _teacher(self, identity: str) -> Path | None:
        return self._folder and self._folder / f"{TEACHER}{identity}"
