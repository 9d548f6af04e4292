"""An experiment over several seeds → its record."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina import config
from sestina.data.records import Records
from sestina.errors import DataWarning
from sestina.lab import journal, parts
from sestina.lab.experiment import Experiment
from sestina.lab.judges import Judge, judge_of
from sestina.lab.sizes import compared
from sestina.lab.summary import (
    Rights,
    Table,
    against,
    cross_entropy,
    of_sequences,
    over_seeds,
    right,
)
from sestina.lab.tasks import MEASURES
from sestina.lab.teachers import Teachers
from sestina.lab.unfinished import Done, Unfinished
from sestina.version import __version__

QUICK_EPOCHS = 2
RIGHT = "right: "  # and the name of a linear model: which texts it gets right

Say = Callable[[str], None]


@dataclass(frozen=True)
class Data:
    """What to run on, what the user called it, and its sum."""

    name: str
    records: parts.Data
    sha256: str

    @classmethod
    def of(cls, name: str, records: parts.Data) -> Data:
        """Return the data with their sum."""
        return cls(name, records, parts.digest(records))


@dataclass(frozen=True)
class Laboratory:
    """How experiments are run: which seeds, whether only to see that they work, what is said.

    Attributes:
        seeds: Seeds of the networks, and of a draw of few training texts.
        quick: Whether a few texts and epochs are enough; no baseline is fitted then.
        say: Takes a line of progress.
        baselines: Which test texts linear models get right, by texts and tokens, since experiments
            share them.
        kept: Seeds that are done, for a run that goes on later.
        teachers: Those that experiments share.
    """

    seeds: Sequence[int]
    quick: bool
    say: Say
    baselines: dict[Any, Rights] = field(default_factory=dict)
    kept: Unfinished = field(default_factory=Unfinished)
    teachers: Teachers = field(default_factory=Teachers)

    def run(
        self, experiment: Experiment, data: Data, changed: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Run an experiment and return its record.

        Args:
            experiment: What to run.
            data: What to run it on.
            changed: Which of its options are not those of its file, for the record.

        Raises:
            DataError: The data do not fit the experiment.
            TrainingError: A loss is not finite any more.
        """
        if self.quick:
            epochs = [own.get("epochs", QUICK_EPOCHS) for own in experiment.networks.values()]
            experiment = experiment.with_options(epochs=min(QUICK_EPOCHS, *epochs))
        usual = config.TrainingOptions.validation_fraction
        share = experiment.options.get("validation_fraction", usual) or usual
        identity = identity_of(experiment, data)
        judge = judge_of(experiment.task, self.quick, self.teachers)
        if judge is not None:
            used, said = judge.parted(experiment, data.records, share)
            done = self._seeds(
                experiment, identity, lambda seed: self._judged(experiment, judge, used, seed)
            )
            runs = [run for run, _ in done]
            about = _about(data, used, judge.classes(used), said)
            summary = of_sequences(runs, experiment.figures)
        else:
            assert isinstance(data.records, Records)  # of labelled texts
            whole, said = parts.split(data.records, share, self.quick)
            drawn = {seed: _drawn(experiment, whole, seed, self.quick) for seed in self.seeds}
            done = self._seeds(
                experiment, identity, lambda seed: self._one(experiment, drawn[seed], seed)
            )
            runs, used = [run for run, _ in done], drawn[self.seeds[-1]]
            about = _about(data, used, len(used[0].label_counts()), said)
            summary = _summary(done)
        return self._record(experiment, about, runs, summary, changed) | {"identity": identity}

    def _seeds(
        self, experiment: Experiment, identity: str, one: Callable[[int], Done]
    ) -> list[Done]:
        """Return what `one` makes of every seed, or did in a run before."""
        found = []
        for number, seed in enumerate(self.seeds, 1):
            done = self.kept.seed(identity, seed)
            before = "; of a run before" * (done is not None)
            if done is None:
                done = one(seed)
                self.kept.keep(identity, seed, done)
            self.say(_line(experiment, number, len(self.seeds), done[0]) + before)
            found.append(done)
        return found

    def _record(
        self,
        experiment: Experiment,
        about: dict[str, Any],
        runs: list[dict[str, Any]],
        summary: dict[str, Any],
        changed: Mapping[str, Any] | None,
    ) -> dict[str, Any]:
        """Return the record: all that the figures rest on."""
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
            "data": about,
            "estimator": experiment.estimator,
            "options": _options(experiment),
            "changed": dict(changed or {}),
            "seeds": list(self.seeds),
            "parameters": compared(experiment),
            "lecture": config.to_dict(experiment.lecture),
            "summary": summary,
            "runs": runs,
            "versions": _versions(),
            "machine": _machine(),
        }

    def _judged(self, experiment: Experiment, judge: Judge, used: Any, seed: int) -> Done:
        """Return a seed's figures, of a network that `judge` judges."""
        (net,) = experiment.build(seed=seed).values()
        started = time.perf_counter()
        judge.fit(net, used)
        figures = {"seed": seed, **judge.figures(experiment, net, used)}
        seconds = round(time.perf_counter() - started, 3)
        return {**figures, "seconds_in_all": seconds, **_of_training(net)}, {}

    def _one(self, experiment: Experiment, used: parts.Parts, seed: int) -> Done:
        """Return a seed's figures, and what figures over all seeds need.

        That is the table of probabilities (N, K), the mean of those of the experiment's networks,
        the true codes, and which texts each linear model gets right.
        """
        from sestina.estimators.targets import Labels
        from sestina.inspect.evaluate import judged

        train, dev, test = used
        nets = experiment.build(seed=seed)
        tables: list[Table] = []
        started = time.perf_counter()
        with warnings.catch_warnings():
            # an experiment's length is its own choice; the notes tell what the training texts lose
            warnings.simplefilter("ignore", DataWarning)
            for net in nets.values():
                net.fit(train.texts, train.labels, validation=(dev.texts, dev.labels))
                tables.append(net.predict_proba(test.texts))
        labels = Labels(train.labels)
        codes, table = labels.encode(test.labels), np.mean(tables, axis=0)
        found = [_of_net(*pair, codes) for pair in zip(nets.values(), tables, strict=True)]
        linear = self._linear(next(iter(nets.values())), labels, used)
        run = {
            "seed": seed,
            **judged(experiment.name, table, codes, parameters=0, seconds=0.0).figures,
            "loss": None if None in [one["loss"] for one in found] else cross_entropy(table, codes),
            "baselines": {name: float(rows.mean()) for name, rows in linear.items()},
            "seconds_in_all": round(time.perf_counter() - started, 3),
            **_together(found),
        }
        if len(nets) > 1:
            run["members"] = dict(zip(nets, found, strict=True))
        arrays = {RIGHT + name: rows for name, rows in linear.items()}
        return run, {"table": table, "codes": codes, **arrays}

    def _linear(self, net: Any, labels: Any, used: parts.Parts) -> Rights:
        """Return which texts linear models on the same texts get right; none in a quick run."""
        from sestina.inspect.baselines import tfidf_regression
        from sestina.inspect.nb_svm import nb_svm
        from sestina.text.encode import cut_by

        if self.quick:
            return {}
        train, dev, test = used
        cleaned = tuple(config.to_dict(net, config.CleaningOptions).values())
        learnt = net.level == "subword"  # what else it is cut by, the level says
        tokens = net.vocabulary_ if learnt else net.level
        key = (hash((*train.texts, None, *test.texts)), tokens, *cleaned)
        if key not in self.baselines:
            known, seen, truth = (labels.encode(part.labels) for part in used)
            cut = cut_by(net.vocabulary_, net) if learnt else None
            found = [
                model(train.texts, known, dev.texts, seen, test.texts, net, cut)
                for model in (tfidf_regression, nb_svm)
            ]
            self.baselines[key] = {one.name: right(one.probabilities, truth) for one in found}
        return self.baselines[key]


def identity_of(experiment: Experiment, data: Data) -> str:
    """Return a name that experiments with equal options, data and versions have in common."""
    groups = getattr(data.records, "groups", None)  # which the sum of the data does not tell
    told = data.sha256, None if groups is None else list(map(str, groups))
    made = (config.to_dict(experiment), _options(experiment), told, _versions())
    digest = hashlib.sha256(json.dumps(made, sort_keys=True, default=str).encode()).hexdigest()
    return f"{experiment.name}--{digest[:16]}"


def _summary(done: Sequence[Done]) -> dict[str, Any]:
    """Return the figures over seeds of networks and linear models that read labelled texts."""
    runs, arrays = [run for run, _ in done], [arrays for _, arrays in done]
    tables, codes = [one["table"] for one in arrays], arrays[-1]["codes"]
    rights = [
        {name.removeprefix(RIGHT): rows for name, rows in one.items() if name.startswith(RIGHT)}
        for one in arrays
    ]
    return {**over_seeds(runs, tables, codes), "against": against(tables, codes, rights)}


def _options(experiment: Experiment) -> dict[str, Any]:
    """Return all options, defaults too; of several networks by their names."""
    found = {name: config.to_dict(net) for name, net in experiment.build().items()}
    return found if experiment.members else found[experiment.estimator]


def _of_net(net: Any, table: Table, codes: NDArray[Any]) -> dict[str, Any]:
    """Return what is told of a fitted network that gave a table (N, K) of probabilities."""
    return {
        "accuracy": float(right(table, codes).mean()),
        # what learns without a loss, as the perceptron, is not judged by one either
        "loss": cross_entropy(table, codes) if "loss" in net.history_[0] else None,
        **_of_training(net),
    }


def _of_training(net: Any) -> dict[str, Any]:
    """Return what is told of a fitted network whatever its task."""
    return {
        "parameters": net.n_parameters_,
        "trainable": net.n_trainable_parameters_,
        "best_epoch": net.best_epoch_,
        "seconds": round(net.seconds_, 3),
        "notes": net.notes_,
        "history": net.history_,
    }


def _together(found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what a run tells of its one network, or of all of them; these have no one history."""
    if len(found) == 1:
        return {key: value for key, value in found[0].items() if key not in ("accuracy", "loss")}
    sums = {key: sum(one[key] for one in found) for key in ("parameters", "trainable", "seconds")}
    notes = list(dict.fromkeys(note for one in found for note in one["notes"]))
    return {**sums, "best_epoch": None, "notes": notes, "history": []}


def _drawn(experiment: Experiment, whole: parts.Parts, seed: int, quick: bool) -> parts.Parts:
    """Return the parts that a seed uses: all texts, or few that it draws."""
    if experiment.training_texts is None:
        return whole
    train, _, test = whole
    texts = min(experiment.training_texts, len(train) // 2) if quick else experiment.training_texts
    few, held = parts.drawn(train, texts, seed)
    return few, held, test


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


def _machine() -> dict[str, Any]:
    """Return what the last bits of a run depend on, besides its versions."""
    import torch

    return {
        "processors": os.cpu_count(),
        "type": platform.machine(),
        "processor": _processor(),
        "threads": torch.get_num_threads(),
    }


def _processor() -> str:
    """Return the processor's name as the system has it; some systems have none."""
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        told = ""
    named = re.search(r"^model name\s*: (.+)$", told, re.MULTILINE)
    return named[1] if named else platform.processor()


def _line(experiment: Experiment, number: int, seeds: int, run: dict[str, Any]) -> str:
    names = {**{key: measure.name for key, measure in MEASURES.items()}, "loss": "loss"}
    shown = "".join(
        f"{name} {run[key]:.4f}, " for key, name in names.items() if run.get(key) is not None
    )
    nets = run.get("members", {"": run}).items()
    best = ", ".join(
        f"{name} best epoch {net['best_epoch']} of {net['history'][-1]['epoch']:,}".strip()
        for name, net in nets
    )
    return (
        f"{experiment.name}: seed {run['seed']} ({number} of {seeds}): {shown}{best}, "
        f"{run['seconds_in_all']:.1f} s"
    )
