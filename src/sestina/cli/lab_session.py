"""What `sestina lab run` does: experiments one after the other, each with its record."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from sestina import store
from sestina.cli import show
from sestina.cli.lab_data import Reading, data_of, kind_of, no_data
from sestina.errors import DataError, MissingExtra, OptionError, SestinaError, counted
from sestina.lab import figures, journal, settings
from sestina.lab.experiment import Experiment
from sestina.lab.teachers import Teachers
from sestina.lab.unfinished import Unfinished


@dataclass(frozen=True)
class Given:
    """What the user gave for every experiment.

    Attributes:
        vectors: Pre-trained vectors, where an experiment has such.
        settings: ``option=value`` each.
        seeds: How many; None: the experiment's own.
        first: The first of them.
        quick: Whether to see only that it works.
    """

    vectors: str | None
    settings: tuple[str, ...]
    seeds: int | None
    first: int
    quick: bool


@dataclass
class Session:
    """One call of `sestina lab run`: what the user gave, and what experiments share.

    Attributes:
        path: The data, where they are given.
        reading: How these are read.
        given: What every experiment is to have.
        all: Whether all experiments were asked for, and none by its name.
        results: Folder of the records.
        resume: Whether to go on with what a run before left there.
        read: The data read so far.
        baselines: Of texts that several experiments read.
        identity: Of the experiment that is being run.
    """

    path: str | None
    reading: Reading
    given: Given
    all: bool
    results: Path
    resume: bool = False
    read: dict[Any, Any] = field(default_factory=dict)
    baselines: dict[Any, Any] = field(default_factory=dict)
    identity: str = ""

    @cached_property
    def kept(self) -> Unfinished:
        """Seeds of experiments that have no record yet."""
        return Unfinished(None if self.given.quick else self.results, self.resume)

    @cached_property
    def teachers(self) -> Teachers:
        """Teachers that the experiments share."""
        return Teachers(self.kept)

    def run(self, chosen: list[Experiment]) -> dict[str, Any]:
        """Run the experiments and return what ``--json`` prints.

        With ``--all``, an experiment without data or without a package that it needs is told, and
        the others go on.

        Raises:
            SestinaError: An experiment that was named cannot be run, the folder of the records
                cannot be written, or Ctrl-C came.
        """
        started = time.perf_counter()
        self._refuse_early()
        done: list[dict[str, Any]] = []
        skipped: list[dict[str, str]] = []
        failed: list[dict[str, str]] = []
        for experiment in chosen:
            if self.all and not self._path(experiment):
                skipped.append(_skipped(experiment, no_data(experiment)))
                continue
            try:
                done.append(self._one(experiment))
            except MissingExtra as error:
                if not self.all:
                    raise
                skipped.append(_skipped(experiment, str(error)))
            except SestinaError as error:
                if not self.all:
                    raise
                failed.append({"experiment": experiment.name, "reason": str(error)})
                show.say(f"{experiment.name}: failed: {error}")
            except KeyboardInterrupt:
                raise SestinaError(self._stopped(experiment, len(done))) from None
        if not failed:
            self.teachers.forget()
        if left := self.kept.left_over():
            show.say(left)
        return {
            "task": "lab run",
            "quick": self.given.quick,
            "experiments": done,
            "skipped": skipped,
            "failed": failed,
            "seconds": round(time.perf_counter() - started, 1),
        }

    def _refuse_early(self) -> None:
        """Raise now, not after hours, where seeds make no sense or nothing can be written.

        Raises:
            SestinaError: So it is.
        """
        if self.given.first < 0:
            raise OptionError(f"seed={self.given.first} is too small: the least is 0")
        store.refuse_unwritable(self.results / "record.json")
        self.kept.refuse_unwritable()

    def _one(self, experiment: Experiment) -> dict[str, Any]:
        """Run one experiment, keep its record, and return it without the single runs."""
        given = self.given
        if given.vectors and not self.all and not settings.with_vectors(experiment):
            show.say(f"{experiment.name} reads no pre-trained vectors: --vectors changes nothing")
        experiment, changed = settings.changed(experiment, given.settings, given.vectors)
        record, place = self._recorded(experiment, changed)
        return {k: v for k, v in record.items() if k != "runs"} | {
            "own_parameters": figures.own_size(record),
            "more": figures.more(record),
            "record": str(place),
        }

    def _recorded(
        self, experiment: Experiment, changed: dict[str, Any]
    ) -> tuple[journal.Record, Path]:
        """Return an experiment's record and where it is: of this run, or of one to go on with."""
        from sestina.lab.run import Laboratory, identity_of

        given, data = self.given, self._data(experiment)
        count = 1 if given.quick else given.seeds or experiment.seeds
        seeds = range(given.first, given.first + count)
        self.identity = identity_of(experiment, data)
        if self.resume and (found := journal.finished(self.results, self.identity, seeds)):
            show.say(f"{experiment.name}: has its record, {found[1].name}")
            self.kept.forget(self.identity)  # a crash may have come between the two
            return found
        laboratory = Laboratory(
            seeds, given.quick, show.say, self.baselines, self.kept, self.teachers
        )
        record = laboratory.run(experiment, data, changed)
        place = journal.keep(self.results, record)
        self.kept.forget(self.identity)
        return record, place

    def _stopped(self, experiment: Experiment, done: int) -> str:
        left = [
            f"{counted(done, 'record')} of those before it are in {self.results}" * bool(done),
            self.kept.in_words(self.identity),
            self.teachers.in_words(),
        ]
        parts = "; ".join(part for part in left if part)
        further = ": go on with --resume" * (not self.given.quick)
        kept = f"; {parts}{further}" if parts else ", nothing is kept"
        return f"{experiment.name} was stopped by Ctrl-C{kept}"

    def _path(self, experiment: Experiment) -> str:
        """Return the data to run an experiment on; an empty string where there are none."""
        suits = experiment.task == "reviews" or not self.all
        return self.path if self.path and suits else str(experiment.data)

    def _data(self, experiment: Experiment) -> Any:
        from sestina.lab.run import Data

        path = self._path(experiment)
        if not path:
            raise DataError(no_data(experiment))
        key = (path, kind_of(experiment.task))
        if key not in self.read:
            self.read[key] = Data.of(path, data_of(path, experiment, self.reading))
        return self.read[key]

    def show(self, result: dict[str, Any]) -> None:
        """Print the figures: of one experiment in full, of several in a table."""
        done = result["experiments"]
        if len(done) == 1:
            _show_one(done[0])
        elif done:
            rows = [
                (
                    figures.title(one),
                    figures.headline(one),
                    figures.stated(one["lecture"]),
                    figures.parameters(one["parameters"]),
                    figures.seconds(one),
                )
                for one in done
            ]
            shown = "figure" if any(figures.measure(one).short for one in done) else "accuracy"
            show.table("", ("experiment", shown, "lecture", "parameters", "seconds"), rows)
            show.out.print()
        left = [f"{n} {what}" for what in ("skipped", "failed") if (n := len(result[what]))]
        show.facts(
            "",
            {
                "run": f"{counted(len(done), 'experiment')} in {result['seconds']:.1f} seconds"
                + "".join(f", {text}" for text in left)
                + "; a quick run's figures are worth nothing" * result["quick"],
                "records": f"{self.results} (sestina lab report makes pages of them)",
            },
        )


def _skipped(experiment: Experiment, reason: str) -> dict[str, str]:
    """Say that an experiment is left out, and return that for the result."""
    show.say(f"{experiment.name}: skipped: {reason}")
    return {"experiment": experiment.name, "reason": reason}


def _show_one(one: dict[str, Any]) -> None:
    data, lecture = one["data"], one["lecture"]
    said = f" ({lecture['said']})" if lecture["said"] else ""
    show.facts(
        " ".join(filter(None, [one["row"], one["deck"], f"{one['experiment']}: {one['title']}"])),
        {
            "changed": figures.changed(one),
            "data": f"{data['name']}: {data['train']:,} train, {data['dev']:,} dev, "
            f"{data['test']:,} test",
            "parameters": figures.counted_in_words(one["parameters"]),
            "on these data": one["own_parameters"],
            figures.measure(one).name: f"{figures.measured(one)} over "
            f"{counted(len(one['seeds']), 'seed')}",
            "each alone": figures.members(one),
            "averaged": figures.ensemble(one) if "ensemble" in one["summary"] else "",
            "the lecture's": figures.stated(lecture) + said,
            "loss": figures.losses(one),
            **one["more"],
            "beside it": figures.linear_models(one),
            "by chance": figures.against(one),
            "seconds": figures.seconds(one),
            "record": Path(one["record"]).name,  # its folder stands below; a line holds both badly
            "note": one["note"],
        },
    )
    show.out.print()
