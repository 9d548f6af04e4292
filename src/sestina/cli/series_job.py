"""One training job for a classifier of series: part, fit, climb the ladder, save, report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from sestina.cli import show
from sestina.cli.job import (
    Ending,
    claim,
    ending_of,
    keep,
    run_facts,
    say_parts,
    show_end,
    sizes,
    untrained,
    with_given,
    write_report,
)
from sestina.cli.recorded import doubts, refuse_gaps
from sestina.data.recordings import Recordings
from sestina.data.split import three_parts
from sestina.errors import counted
from sestina.estimators.series import SeriesClassifier
from sestina.inspect.evaluate import Ladder, verdict
from sestina.inspect.series_ladder import climb_series
from sestina.inspect.series_report import render_series, series_name

Parts = tuple[Recordings, Recordings, Recordings]


@dataclass
class SeriesJob:
    """What to train on and where to put it.

    Attributes:
        path: What the user called the data.
        out: Folder for the model.
        data: The recordings at `path`.
        given: Recordings of a dev or test file of its own.
        options: Options of `SeriesClassifier`.
    """

    path: str
    out: Path
    data: Recordings
    given: dict[str, Recordings]
    options: dict[str, Any]

    task: ClassVar[str] = "series"
    kind: ClassVar[type] = SeriesClassifier

    def run(self, resume: bool, overwrite: bool) -> dict[str, Any]:
        """Do the job and return what ``--json`` prints; "stopped" says why it ended early, if so.

        Raises:
            SestinaError: The data, an option or the folder does not do; nothing was lost.
            KeyboardInterrupt: Ctrl-C before the first epoch was finished.
        """
        net: Any = untrained(self.kind, self.options)
        whole = with_given(self.data, self.given)
        *_, said = parts = three_parts(whole, net.seed, net.validation_fraction)
        said = self.origin(said)
        train, _, test = parts[:3]
        refuse_gaps(whole, net.fill)
        claim(self.out, resume, overwrite)
        say_parts(parts[:3], "test recording", said)
        careful = doubts(train, test)
        ending = self.learn(net, parts[:3], resume)
        for note in (*careful, *net.notes_):
            show.say(note)
        name = self.name(net)
        ladder = climb_series({name: net}, *map(self.heard, parts[:3]))
        result = self._result(net, name, ladder, parts[:3], ending)
        result["notes"] = [*whole.notes, *careful, *net.notes_]
        data = f"{self.path}: {counted(len(train), 'training recording')}; {said}"
        keep(net, self.out, {**result, "data": data}, ending)
        verdicts = [*result["verdicts"], *self.extra(result)]
        told = (self.path, said, verdicts, result["notes"])
        result["report"] = write_report(self.out, lambda: self.render(ladder, net, parts[:3], told))
        return result

    # What a job of another kind of classifier does in its own way.

    def origin(self, said: str) -> str:
        """Return in words how what is read came about, from how the parts did."""
        return said

    def heard(self, part: Recordings) -> Recordings:
        """Return what the network hears of a part."""
        return part

    def learn(self, net: Any, parts: Parts, resume: bool) -> Ending:
        """Train."""
        train, dev, _ = parts
        return ending_of(
            net,
            train.rows,
            train.labels,
            validation=(dev.rows, dev.labels),
            checkpoint=self.out,
            resume=resume,
        )

    def name(self, net: Any) -> str:
        """Return a short name of what the net is."""
        return series_name(net)

    def about(self, net: Any, parts: Parts) -> dict[str, Any]:
        """Return what else ``--json`` tells of the net."""
        return {"encoder": net.encoder}

    def render(self, ladder: Ladder, net: Any, parts: Parts, told: Any) -> str:
        """Return the report."""
        return render_series(ladder, self.name(net), net, parts, told)

    def extra(self, result: dict[str, Any]) -> Sequence[str]:
        """Return sentences to print before the verdicts."""
        return ()

    def _result(
        self, net: Any, name: str, ladder: Ladder, parts: Parts, ending: Ending
    ) -> dict[str, Any]:
        plain = ladder.plain
        counts = [len(net.cut(part.rows)[0]) for part in parts]
        return {
            "task": self.task,
            "model": str(self.out),
            "name": name,
            "classes": ladder.classes,
            "channels": list(parts[0].channels),
            "recordings": sizes(parts),
            "windows": dict(zip(("train", "dev", "test"), counts, strict=True)),
            **run_facts(net),
            **self.about(net, parts),
            "metrics": ladder.rungs[-1].summary(),
            "baseline": {rung.name: rung.summary() for rung in plain},
            "verdicts": [verdict(ladder, name, rung.name) for rung in reversed(plain)],
            **ending._asdict(),
        }

    def show(self, result: dict[str, Any]) -> None:
        """Print the ladder, the verdict and where things lie."""
        title = (
            f"{self.path}: {counted(result['recordings']['test'], 'test recording')}, "
            f"{counted(len(result['classes']), 'class', 'classes')}, seed {result['seed']}"
        )
        show_end(result, title, f"predict {self.out} --file FILE", remarks=self.extra(result))
