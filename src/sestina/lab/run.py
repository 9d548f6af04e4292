"""An experiment over several seeds → its record."""

from __future__ import annotations

import os
import platform
import statistics
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina import config
from sestina.data.records import Records
from sestina.data.tagged import TaggedSentences
from sestina.errors import DataWarning
from sestina.lab import journal, parts
from sestina.lab.experiment import Experiment
from sestina.lab.judges import (
    Judge,
    Judged,
    LanguageJudge,
    Table,
    TagJudge,
    TextJudge,
    decided,
)
from sestina.lab.sizes import compared
from sestina.version import __version__

QUICK_EPOCHS = 2
MORE = ("span_f1", "unseen", "perplexity", "bits_per_character")  # figures of some tasks

Say = Callable[[str], None]


@dataclass(frozen=True)
class Data:
    """The texts or tagged words to run on, what the user called them, and their sum."""

    name: str
    records: Records | TaggedSentences
    sha256: str

    @classmethod
    def of(cls, name: str, records: Records | TaggedSentences) -> Data:
        """Return the data with their sum."""
        return cls(name, records, parts.digest(records))


@dataclass(frozen=True)
class Laboratory:
    """How experiments are run: which seeds, whether only to see that they work, what is said.

    Attributes:
        seeds: Seeds of the networks, and of a draw of few training texts.
        quick: Whether a few texts and epochs are enough; no baseline is fitted then.
        say: Takes a line of progress.
        baselines: Accuracies of linear models by texts and tokens, since experiments share them.
    """

    seeds: Sequence[int]
    quick: bool
    say: Say
    baselines: dict[Any, dict[str, float]] = field(default_factory=dict)

    def run(self, experiment: Experiment, data: Data) -> dict[str, Any]:
        """Run an experiment and return its record.

        Raises:
            DataError: The data do not fit the experiment.
            TrainingError: A loss is not finite any more.
        """
        if self.quick:
            epochs = min(QUICK_EPOCHS, experiment.options.get("epochs", QUICK_EPOCHS))
            experiment = experiment.with_options(epochs=epochs)
        usual = config.TrainingOptions.validation_fraction
        share = experiment.options.get("validation_fraction", usual) or usual
        judge = self._judge(experiment.task)
        whole, said = judge.parted(experiment, data.records, share)
        runs, found = [], []
        for number, seed in enumerate(self.seeds, 1):
            used = judge.drawn(experiment, whole, seed)
            run, one = self._one(experiment, judge, used, seed)
            self.say(_line(experiment, number, len(self.seeds), run))
            runs.append(run)
            found.append(one)
        return {
            "format": journal.FORMAT,
            "format_version": journal.VERSION,
            "experiment": experiment.name,
            "title": experiment.title,
            "row": experiment.row,
            "deck": experiment.deck,
            "note": experiment.note,
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "quick": self.quick,
            "data": _about(data, used, judge.classes(used), said),
            "estimator": experiment.estimator,
            "options": config.to_dict(experiment.build()),
            "seeds": list(self.seeds),
            "parameters": compared(experiment),
            "lecture": config.to_dict(experiment.lecture),
            "summary": _summary(runs, found),
            "runs": runs,
            "versions": _versions(),
            "machine": {"processors": os.cpu_count(), "type": platform.machine()},
        }

    def _one(
        self, experiment: Experiment, judge: Judge, used: Any, seed: int
    ) -> tuple[dict[str, Any], Judged]:
        """Return the figures of one seed, and what it was judged by."""
        net = experiment.build(seed=seed)
        started = time.perf_counter()
        with warnings.catch_warnings():
            # an experiment's length is its own choice; the notes tell what the training texts lose
            warnings.simplefilter("ignore", DataWarning)
            judge.fit(net, used)
            found = judge.judged(experiment, net, used)
        run = {
            "seed": seed,
            **found.figures,
            "parameters": net.n_parameters_,
            "trainable": net.n_trainable_parameters_,
            "best_epoch": net.best_epoch_,
            "seconds": round(net.seconds_, 3),
            "seconds_in_all": round(time.perf_counter() - started, 3),
            "notes": net.notes_,
            "history": net.history_,
        }
        return run, found

    def _judge(self, task: str) -> Judge:
        """Return who parts the data of a task, and judges what was trained on them."""
        if task == "tag":
            return TagJudge(self.quick)
        if task == "generate":
            return LanguageJudge(self.quick)
        return TextJudge(self.quick, self.baselines)


def _summary(runs: Sequence[dict[str, Any]], found: Sequence[Judged]) -> dict[str, Any]:
    """Return mean and standard deviation over the seeds, and the accuracy of their average."""
    summary: dict[str, Any] = {}
    more = (name for name in MORE if name in runs[0])
    for name in ("accuracy", "f1", "loss", "seconds", *more):
        values = [run[name] for run in runs]
        summary[name], summary[f"{name}_sd"] = (None, None) if None in values else _spread(values)
    summary["baselines"] = {
        name: list(_spread([run["baselines"][name] for run in runs]))
        for name in runs[0]["baselines"]
    }
    if preferred := [run["preferred"] for run in runs if run.get("preferred")]:
        summary["preferred"] = [_spread(pair)[0] for pair in zip(*preferred, strict=True)]
    tables = [one.table for one in found if one.table is not None]
    codes = found[-1].codes
    if len(tables) > 1 and codes is not None:
        summary |= _averaged(tables, codes)
    return summary


def _averaged(tables: Sequence[Table], codes: NDArray[Any]) -> dict[str, Any]:
    """Return the accuracy of the seeds' averaged probabilities, and its interval."""
    from sestina.metrics import accuracy_interval, correct

    right = correct(codes, decided(np.mean(tables, axis=0), codes))
    return {"ensemble": float(right.mean()), "ensemble_interval": list(accuracy_interval(right))}


def _spread(values: Sequence[float]) -> tuple[float, float | None]:
    """Return mean and standard deviation; none of a single value."""
    return statistics.mean(values), statistics.stdev(values) if len(values) > 1 else None


def _about(data: Data, used: Any, classes: int, said: str) -> dict[str, Any]:
    train, dev, test = used
    return {
        "name": data.name,
        "sha256": data.sha256,
        "train": len(train),
        "dev": len(dev),
        "test": len(test),
        "classes": classes,
        "split": said,
        "notes": list(data.records.notes),
    }


def _versions() -> dict[str, str]:
    import torch

    return {
        "sestina": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "torch": str(torch.__version__),
    }


def _line(experiment: Experiment, number: int, seeds: int, run: dict[str, Any]) -> str:
    names = {
        "accuracy": "accuracy",
        "span_f1": "span F1",
        "perplexity": "perplexity",
        "loss": "loss",
    }
    shown = "".join(
        f"{name} {run[key]:.4f}, " for key, name in names.items() if run.get(key) is not None
    )
    return (
        f"{experiment.name}: seed {run['seed']} ({number} of {seeds}): {shown}"
        f"best epoch {run['best_epoch']} of "
        f"{run['history'][-1]['epoch']:,}, {run['seconds_in_all']:.1f} s"
    )
