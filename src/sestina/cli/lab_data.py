"""What an experiment of the laboratory runs on → its data, read as its task wants them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sestina.cli.forecasts import timeline
from sestina.cli.inputs import records
from sestina.cli.recorded import recordings
from sestina.cli.tagged import tagged, texts_of
from sestina.cli.translated import pairs
from sestina.data.parallel import Pairs
from sestina.data.recordings import Recordings
from sestina.data.records import Records
from sestina.data.tagged import TaggedSentences
from sestina.data.timeline import Timeline, TimelineColumns
from sestina.errors import DataError
from sestina.lab import parts
from sestina.lab.experiment import Experiment
from sestina.lab.speech import SpeechFolder
from sestina.lab.tasks import TASKS


@dataclass(frozen=True)
class Reading:
    """How data are read.

    Attributes:
        texts: Values of `sestina.config.ReadingOptions`.
        sides: Values of `sestina.config.PairOptions`.
        series: Values of `sestina.config.RecordingOptions`.
    """

    texts: dict[str, Any]
    sides: dict[str, Any]
    series: dict[str, Any]

    def labelled(self, path: str) -> Records:
        """Return texts with labels."""
        return records(path, self.texts)

    def plain(self, path: str) -> Records:
        """Return texts, whatever their labels."""
        return texts_of(path, self.texts)

    def with_tags(self, path: str) -> TaggedSentences:
        """Return sentences with tags."""
        columns = {"word_column": None, "tag_column": None}
        return tagged(path, columns, self.texts["encoding"])

    def over_time(self, path: str) -> Timeline:
        """Return values over time; the calendar is known ahead."""
        return timeline(path, TimelineColumns(calendar=True), self.texts["encoding"])

    def translated(self, path: str) -> Pairs:
        """Return sentences with translations."""
        same = {name: self.texts[name] for name in ("split", "encoding", "header")}
        return pairs(path, {**self.sides, **same})

    def recorded(self, path: str) -> Recordings:
        """Return recordings of numbers."""
        return recordings(path, {**self.texts, **self.series})

    def spoken(self, path: str) -> SpeechFolder:
        """Return speech that several devices heard."""
        return SpeechFolder(Path(path))

    def made(self, path: str) -> parts.Data:
        """Refuse a path: what is drawn anew is read from nowhere."""
        known = ", ".join(sorted(name for name, toy in parts.TOYS.items() if toy.task == "recall"))
        raise DataError(f"{path!r}: this experiment draws its own data; known are {known}")


READERS: dict[str, Callable[[Reading, str], parts.Data]] = {
    "tag": Reading.with_tags,
    "series": Reading.recorded,
    "bridge": Reading.recorded,
    "speech": Reading.spoken,
    "forecast": Reading.over_time,
    "generate": Reading.plain,
    "translate": Reading.translated,
    "recall": Reading.made,
    "linear": Reading.made,
}
"""How the data of a task are read; of others they are texts with labels."""


def kind_of(task: str) -> str:
    """Return a word that is the same for tasks whose data are read alike."""
    return task if task in READERS else "labelled"


def data_of(path: str, experiment: Experiment, reading: Reading) -> parts.Data:
    """Return made data by their name, or what a path or the name of a data set holds.

    Raises:
        DataError: There is no such data, they cannot be read, or they are not what the experiment
            wants.
    """
    if path not in parts.TOYS or Path(path).exists():
        return READERS.get(experiment.task, Reading.labelled)(reading, path)
    if kind_of(experiment.task) != kind_of(parts.TOYS[path].task):
        raise DataError(
            f"{path} holds {TASKS[parts.TOYS[path].task].data}; {experiment.name} wants "
            f"{TASKS[experiment.task].data}, so give other data"
        )
    return parts.TOYS[path].make()


def no_data(experiment: Experiment) -> str:
    """Return in a sentence that nothing shipped suits an experiment, and what to do."""
    return (
        f"no shipped data set fits, which would be {TASKS[experiment.task].data}; give yours: "
        f"sestina lab run {experiment.name} --data PATH"
    )
