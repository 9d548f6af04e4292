"""One training job for a student of noisy series: the job of series, heard through noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from sestina import config
from sestina.cli.job import Ending, ending_of
from sestina.cli.recorded import refuse_gaps
from sestina.cli.series_job import Parts, SeriesJob
from sestina.cli.show import say
from sestina.config import DegradationOptions
from sestina.data.degrade import degraded, in_words
from sestina.data.recordings import Recordings, same_channels
from sestina.errors import DataError, counted
from sestina.estimators.bridge import BridgeClassifier
from sestina.inspect.bridge_report import bridge_name, render_bridge
from sestina.inspect.evaluate import Ladder


@dataclass
class BridgeJob(SeriesJob):
    """What to train on and where to put it; `data` are clean.

    Attributes:
        twins: Noisy recordings by the same names; None where they are made.
        how: How bad those are then.
    """

    twins: Recordings | None = None
    how: DegradationOptions = field(default_factory=DegradationOptions)

    task: ClassVar[str] = "bridge"
    kind: ClassVar[type] = BridgeClassifier

    def run(self, resume: bool, overwrite: bool) -> dict[str, Any]:
        """Do the job and return what ``--json`` prints; "stopped" says why it ended early, if so.

        Raises:
            SestinaError: The data, an option or the folder does not do; nothing was lost.
            KeyboardInterrupt: Ctrl-C before the first epoch was finished.
        """
        config.check(self.how)
        if self.twins is not None:
            check_twins(self.data, self.twins)
            refuse_gaps(self.twins, self.options["fill"])
        return super().run(resume, overwrite)

    @property
    def noise(self) -> str:
        """Where the twins are from, in words."""
        return (
            f"twins from {self.twins.source}" if self.twins else f"twins made: {in_words(self.how)}"
        )

    def origin(self, said: str) -> str:
        """Return in words how parts and twins came about."""
        return f"{said}; {self.noise}"

    def heard(self, part: Recordings) -> Recordings:
        """Return a part's noisy twins, with its labels."""
        if self.twins is None:
            return replace(part, rows=degraded(part.rows, self.how, self.options["seed"]))
        known = dict(zip(self.twins.called, self.twins.rows, strict=True))
        return replace(part, rows=[known[name] for name in part.called])

    def learn(self, net: Any, parts: Parts, resume: bool) -> Ending:
        """Train the teacher, unless there is none, and the student."""
        train, dev, _ = parts
        noisy = [self.heard(part).rows for part in (train, dev)]
        return ending_of(
            net,
            train.rows,
            noisy[0],
            train.labels,
            validation=(dev.rows, noisy[1], dev.labels),
            checkpoint=self.out,
            resume=resume,
        )

    def name(self, net: Any) -> str:
        """Return a short name of what the student is."""
        return bridge_name(net)

    def about(self, net: Any, parts: Parts) -> dict[str, Any]:
        """Return what ``--json`` tells of the bridges."""
        found: dict[str, Any] = {"recursions": net.recursions, "noise": self.noise}
        if net.teacher_ is not None:
            test, clean = parts[2], net.teacher_
            found["teacher"] = {"accuracy": clean.score(test.rows, test.labels)}
            found["bridge_errors"] = net.bridge_errors(test.rows, self.heard(test).rows)
        return found

    def render(self, ladder: Ladder, net: Any, parts: Parts, told: Any) -> str:
        """Return the report."""
        noisy = tuple(map(self.heard, parts))
        return render_bridge(ladder, self.name(net), net, (parts, noisy), told)

    def extra(self, result: dict[str, Any]) -> Sequence[str]:
        """Return sentences to print before the verdicts."""
        if "teacher" not in result:
            return ()
        return (f"The teacher, on the clean twins: accuracy {result['teacher']['accuracy']:.3f}.",)


def check_twins(clean: Recordings, noisy: Recordings) -> None:
    """Check that every clean recording has a noisy twin of as many steps and channels.

    Where their times differ that is said: clocks may.

    Raises:
        DataError: One has not, or its twin has another label.
    """
    same_channels(clean, noisy)
    known = dict(zip(noisy.called, noisy.rows, strict=True))
    for name, row in zip(clean.called, clean.rows, strict=True):
        if name not in known:
            raise DataError(
                f"{noisy.source} has no twin of {name!r} in {clean.source}; twins have the same "
                "names (--id)"
            )
        if len(known[name]) != len(row):
            raise DataError(
                f"{name!r} has {counted(len(row), 'step')} in {clean.source} and "
                f"{counted(len(known[name]), 'step')} in "
                f"{noisy.source}; twins are the same moments, step by step"
            )
    labels = dict(zip(noisy.called, noisy.labels or (), strict=False))
    for name, label in zip(clean.called, clean.labels or (), strict=False):
        if str(labels.get(name, label)) != str(label):
            raise DataError(
                f"{name!r} is {label!r} in {clean.source} and {labels[name]!r} in {noisy.source}; "
                "twins have one label, so mend one, or leave the noisy ones out"
            )
    times = dict(zip(noisy.called, noisy.times or (), strict=False))
    pairs = zip(clean.called, clean.times or (), strict=False)
    other = [name for name, own in pairs if times.get(name, own) != own]
    if other:
        say(
            f"{counted(len(other), 'recording')} of {noisy.source} have other times than their "
            f"twins, {other[0]!r} among them; they are taken for the same moments, step by step"
        )
