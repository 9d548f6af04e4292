"""One training job of the command line: split, fit, climb the ladder, save, report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

import typer

from sestina import config, store
from sestina.cli import show
from sestina.cli.inputs import Kind
from sestina.data.records import Records
from sestina.data.split import three_parts
from sestina.errors import Diverged, MissingExtra, OptionError, SestinaError, counted
from sestina.estimators.text_classifier import TextClassifier
from sestina.estimators.trained import Trained
from sestina.inspect.evaluate import Ladder, climb, verdict
from sestina.inspect.report import render
from sestina.inspect.summary import Parts, net_name, report_facts

Net = TypeVar("Net", bound=Trained)


@dataclass
class Job:
    """What to train on and where to put it.

    Attributes:
        path: What the user called the data.
        out: Folder for the model.
        data: The records at `path`.
        given: Records of a dev or test file of its own.
        options: Options of `TextClassifier`.
    """

    path: str
    out: Path
    data: Records
    given: dict[str, Records]
    options: dict[str, Any]

    def run(self, resume: bool, overwrite: bool) -> dict[str, Any]:
        """Do the job and return what ``--json`` prints; "stopped" says why it ended early, if so.

        Raises:
            SestinaError: The data, an option or the folder does not do; nothing was lost.
            KeyboardInterrupt: Ctrl-C before the first epoch was finished.
        """
        net = untrained(TextClassifier, self.options)
        whole = with_given(self.data, self.given)
        train, dev, test, said = parts = three_parts(whole, net.seed, net.validation_fraction)
        notes = warnings_of(train, test)
        claim(self.out, resume, overwrite)
        say_parts(parts[:3], "test text", said)
        for note in notes:
            show.say(note)
        ending = ending_of(
            net,
            train.texts,
            train.labels,
            validation=(dev.texts, dev.labels),
            checkpoint=self.out,
            resume=resume,
        )
        for note in net.notes_:
            show.say(note)
        name = net_name(net)
        ladder = climb({name: net}, train, dev, test)
        result = self._result(net, name, ladder, parts[:3], ending)
        data = f"{self.path}: {counted(len(train), 'training text')}; {said}"
        keep(net, self.out, {**result, "data": data}, ending)
        facts = report_facts(net, parts[:3], said, result["verdicts"], self.path)
        result["report"] = write_report(self.out, lambda: render(ladder, name, facts))
        return result

    def _result(
        self, net: TextClassifier, name: str, ladder: Ladder, parts: Parts, ending: Ending
    ) -> dict[str, Any]:
        plain = ladder.plain
        return {
            "task": "classify",
            "model": str(self.out),
            "name": name,
            "encoder": net.encoder,
            "classes": ladder.classes,
            "texts": sizes(parts),
            **run_facts(net),
            "metrics": ladder.rungs[-1].summary(),
            "baseline": {rung.name: rung.summary() for rung in plain},
            "verdicts": [verdict(ladder, name, rung.name) for rung in reversed(plain)],
            "notes": [*self.data.notes, *warnings_of(parts[0], parts[2]), *net.notes_],
            "multi_label": parts[0].multi_label,
            **ending._asdict(),
        }

    def show(self, result: dict[str, Any]) -> None:
        """Print the ladder, the verdict and where things lie."""
        title = (
            f"{self.path}: {counted(result['texts']['test'], 'test text')}, "
            f"{counted(len(result['classes']), 'class', 'classes')}, seed {result['seed']}"
        )
        several = "Accuracy counts a text as right when all of its labels are."
        remarks = [several] if result["multi_label"] else []
        show_end(result, title, f'predict {self.out} "your text"', remarks=remarks)


def untrained(kind: type[Net], options: Mapping[str, Any]) -> Net:
    """Return an estimator that tells how its training goes.

    Raises:
        OptionError: An option makes no sense, or leaves no dev part.
    """
    net = kind(**options, verbose=True)
    config.check(net)
    if not net.validation_fraction:
        raise OptionError(
            "--validation-fraction 0 leaves no dev part, by which training stops and baselines are "
            "tuned; give a share, for instance 0.1"
        )
    return net


def say_parts(parts: Sequence[Sized], unit: str, said: str) -> None:
    """Say how large the train, dev and test part are, and how they came about."""
    train, dev, test = map(len, parts)
    show.say(f"{train:,} train, {dev:,} dev, {counted(test, unit)}: {said}")


def sizes(parts: Iterable[Sized]) -> dict[str, int]:
    """Return how many rows the train, dev and test part have."""
    return dict(zip(("train", "dev", "test"), map(len, parts), strict=True))


def show_end(
    result: dict[str, Any],
    title: str,
    try_: str,
    *,
    ladder: Callable[[str, Mapping[str, Mapping[str, Any]]], None] = show.ladder,
    remarks: Iterable[str] = (),
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Print how a training ended: the ladder, the verdicts, and where things lie.

    Args:
        result: What ``--json`` prints.
        title: Of the ladder.
        try_: What to try next, without the name of the program.
        ladder: What prints the rungs.
        remarks: Sentences before the verdicts.
        facts: Names and values to print too.
    """
    show.out.print()
    ladder(title, {**result["baseline"], result["name"]: result["metrics"]})
    show.out.print()
    for sentence in (*remarks, *result["verdicts"]):
        show.out.print(sentence, markup=False)
    show.out.print()
    places = {"model": result["model"], "report": result["report"], "try": f"sestina {try_}"}
    show.facts("", {**(facts or {}), **places})


class Work(Protocol):
    """What `finish` does: a job of one task."""

    def run(self, resume: bool, overwrite: bool) -> dict[str, Any]:
        """Do the job and return what ``--json`` prints."""
        ...

    def show(self, result: dict[str, Any]) -> None:
        """Print it for people."""
        ...


def finish(job: Work, resume: bool, overwrite: bool, json: bool) -> None:
    """Do a job, print its result, and leave with 1 where its training ended early."""
    result = job.run(resume, overwrite)
    if json:
        show.as_json(result)
    else:
        job.show(result)
    if result["stopped"]:
        show.say(f"Error: {result['stopped']}")
        raise typer.Exit(1)


class Ending(NamedTuple):
    """How a training that has a best epoch ended, for ``--json``."""

    interrupted: bool = False  # by Ctrl-C, so that it may go on
    stopped: str | None = None  # why it ended early


def ending_of(net: Any, *data: Any, checkpoint: Path, **rest: Any) -> Ending:
    """Fit an estimator and tell how that ended, after an epoch or more.

    A folder in which a fit that failed has put nothing does not stay behind.
    """
    try:
        net.fit(*data, checkpoint=checkpoint, **rest)
    except SestinaError as error:
        if isinstance(error, Diverged) and hasattr(net, "network_"):
            return Ending(stopped=str(error))
        with suppress(OSError):  # there is something in it
            checkpoint.rmdir()
        raise
    except KeyboardInterrupt:
        if not getattr(net, "history_", None):
            raise
        show.say(f"stopped by Ctrl-C; keeping epoch {net.best_epoch_}, the best so far")
        return Ending(True, "stopped by Ctrl-C; the best epoch is kept, go on with --resume")
    return Ending()


def with_given(data: Kind, given: dict[str, Kind]) -> Kind:
    """Return the data with dev and test ones of their own files as these parts."""
    if not given:
        return data
    parts = data.parts or ["train"] * len(data)
    rows = [r for r, part in enumerate(parts) if part not in given]
    names = [parts[r] for r in rows]
    names += [name for name, more in given.items() for _ in range(len(more))]
    return data.take(rows).followed_by(given.values(), names)


def warnings_of(train: Records, test: Records) -> list[str]:
    """Return what makes the test figures doubtful: texts seen in training, or too few of them."""
    known = set(train.texts)
    seen = sum(text in known for text in test.texts)
    found = []
    if seen:
        found.append(
            f"careful: the training part holds {seen:,} of {counted(len(test), 'test text')}, "
            "so the figures are too good"
        )
    if len(test) < 50:
        found.append(f"careful: the test part is too small to prove anything (rows: {len(test)})")
    return found


def claim(out: Path, resume: bool, overwrite: bool) -> None:
    """Make sure the folder can take the model, before any work is done.

    Raises:
        SestinaError: It cannot be written, or holds something that must not be lost.
    """
    store.refuse_foreign(out)
    unfinished, finished = store.is_unfinished(out), store.is_model(out)
    if resume and finished and not unfinished:
        raise SestinaError(f"the run in {str(out)!r} is finished; train anew with --overwrite")
    if not resume and not overwrite and (finished or unfinished):
        state = "an unfinished run; go on with --resume" if unfinished else "a model; name another"
        raise SestinaError(f"{str(out)!r} holds {state}, or replace it with --overwrite")
    if resume and not unfinished:
        show.say(f"{out} has no checkpoint; starting from the beginning")
    try:
        out.mkdir(parents=True, exist_ok=True)
        store.refuse_unwritable(out / store.CHECKPOINT)
        if overwrite and unfinished:
            _drop_checkpoints(out)
    except OSError as error:
        raise store.unwritable(out, error) from error


def run_facts(net: Any) -> dict[str, Any]:
    """Return what every job tells of a training run."""
    return {
        "parameters": net.n_parameters_,
        "trainable_parameters": net.n_trainable_parameters_,
        "epochs": len(net.history_),
        "best_epoch": net.best_epoch_,
        "seconds": round(net.seconds_, 3),
        "seed": net.seed,
    }


def keep(net: Any, out: Path, facts: dict[str, Any], ending: Ending) -> None:
    """Write a model and its facts into a folder; the checkpoints of a finished run go."""
    net.save(out, facts)
    if not ending.interrupted:
        _drop_checkpoints(out)


def _drop_checkpoints(out: Path) -> None:
    """Remove the checkpoint of a run, and that of its teacher."""
    for folder in (out, out / store.TEACHER):
        (folder / store.CHECKPOINT).unlink(missing_ok=True)
    with suppress(OSError):  # there is none, or something of others is in it
        (out / store.TEACHER).rmdir()


def write_report(out: Path, render: Callable[[], str]) -> str | None:
    """Write report.html into a folder and return its path; None where the extra is missing."""
    try:
        page = render()
    except MissingExtra as error:
        show.say(f"no report: {error}")
        return None
    store.write_text(out / "report.html", page)
    return str(out / "report.html")
