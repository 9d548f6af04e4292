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
from sestina.errors import DataWarning
from sestina.lab import journal, parts
from sestina.lab.experiment import Experiment
from sestina.lab.sizes import compared
from sestina.version import __version__

TINY = 1e-7  # probabilities are kept this far from 0, as in Keras' loss
QUICK_EPOCHS = 2

Say = Callable[[str], None]
Table = NDArray[np.float64]


@dataclass(frozen=True)
class Data:
    """The texts to run on, what the user called them, and their sum."""

    name: str
    records: Records
    sha256: str

    @classmethod
    def of(cls, name: str, records: Records) -> Data:
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
        whole, said = parts.split(data.records, share, self.quick)
        runs, tables, codes = [], [], np.zeros(0)
        for number, seed in enumerate(self.seeds, 1):
            used = _drawn(experiment, whole, seed, self.quick)
            run, table, codes = self._one(experiment, used, seed)
            self.say(_line(experiment, number, len(self.seeds), run))
            runs.append(run)
            tables.append(table)
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
            "data": _about(data, used, said),
            "estimator": experiment.estimator,
            "options": config.to_dict(experiment.build()),
            "seeds": list(self.seeds),
            "parameters": compared(experiment),
            "lecture": config.to_dict(experiment.lecture),
            "summary": _summary(runs, tables, codes),
            "runs": runs,
            "versions": _versions(),
            "machine": {"processors": os.cpu_count(), "type": platform.machine()},
        }

    def _one(
        self, experiment: Experiment, used: parts.Parts, seed: int
    ) -> tuple[dict[str, Any], Table, NDArray[Any]]:
        """Return the figures of one seed, its probabilities (N, K) and the true codes."""
        from sestina.estimators.targets import Labels
        from sestina.inspect.evaluate import judged

        train, dev, test = used
        net = experiment.build(seed=seed)
        started = time.perf_counter()
        with warnings.catch_warnings():
            # an experiment's length is its own choice; the notes tell what the training texts lose
            warnings.simplefilter("ignore", DataWarning)
            net.fit(train.texts, train.labels, validation=(dev.texts, dev.labels))
            table = net.predict_proba(test.texts)
        labels = Labels(train.labels)
        codes = labels.encode(test.labels)
        rung = judged(experiment.name, table, codes, parameters=net.n_parameters_, seconds=0.0)
        return (
            {
                "seed": seed,
                **rung.figures,
                # what learns without a loss, as the perceptron, is not judged by one either
                "loss": cross_entropy(table, codes) if "loss" in net.history_[0] else None,
                "baselines": self._linear(net, labels, used),
                "parameters": net.n_parameters_,
                "trainable": net.n_trainable_parameters_,
                "best_epoch": net.best_epoch_,
                "seconds": round(net.seconds_, 3),
                "seconds_in_all": round(time.perf_counter() - started, 3),
                "notes": net.notes_,
                "history": net.history_,
            },
            table,
            codes,
        )

    def _linear(self, net: Any, labels: Any, used: parts.Parts) -> dict[str, float]:
        """Return the accuracy of linear models on the same texts; none in a quick run."""
        from sestina.inspect.baselines import tfidf_regression
        from sestina.inspect.nb_svm import nb_svm
        from sestina.metrics import correct
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
            self.baselines[key] = {
                one.name: float(correct(truth, _decided(one.probabilities, truth)).mean())
                for one in found
            }
        return self.baselines[key]


def cross_entropy(probabilities: Table, codes: NDArray[Any]) -> float:
    """Return the mean loss of probabilities (N, K), as networks are trained by it.

    `codes` are true classes (N,), or indicators (N, K), whose decisions count alike.
    """
    sure = np.clip(probabilities, TINY, 1 - TINY)
    if codes.ndim == 2:
        return float(-np.where(codes > 0.5, np.log(sure), np.log(1 - sure)).mean())
    return float(-np.log(sure[np.arange(len(codes)), codes]).mean())


def _drawn(experiment: Experiment, whole: parts.Parts, seed: int, quick: bool) -> parts.Parts:
    """Return the parts that a seed uses: all texts, or few that it draws."""
    if experiment.training_texts is None:
        return whole
    train, _, test = whole
    texts = min(experiment.training_texts, len(train) // 2) if quick else experiment.training_texts
    few, held = parts.drawn(train, texts, seed)
    return few, held, test


def _decided(table: Table, codes: NDArray[Any]) -> NDArray[Any]:
    """Return the classes (N,), or indicators (N, K), that probabilities (N, K) decide for."""
    if codes.ndim == 2:
        return (table > 0.5).astype(codes.dtype)
    best: NDArray[Any] = table.argmax(axis=1)
    return best


def _summary(
    runs: Sequence[dict[str, Any]], tables: Sequence[Table], codes: NDArray[Any]
) -> dict[str, Any]:
    """Return mean and standard deviation over the seeds, and the accuracy of their average."""
    from sestina.metrics import accuracy_interval, correct

    together = np.mean(tables, axis=0)
    right = correct(codes, _decided(together, codes))
    found: dict[str, Any] = {}
    for name in ("accuracy", "f1", "loss", "seconds"):
        values = [run[name] for run in runs]
        found[name], found[f"{name}_sd"] = (None, None) if None in values else _spread(values)
    found["baselines"] = {
        name: list(_spread([run["baselines"][name] for run in runs]))
        for name in runs[0]["baselines"]
    }
    if len(runs) > 1:
        found["ensemble"] = float(right.mean())
        found["ensemble_interval"] = list(accuracy_interval(right))
    return found


def _spread(values: Sequence[float]) -> tuple[float, float | None]:
    """Return mean and standard deviation; none of a single value."""
    return statistics.mean(values), statistics.stdev(values) if len(values) > 1 else None


def _about(data: Data, used: parts.Parts, said: str) -> dict[str, Any]:
    train, dev, test = used
    return {
        "name": data.name,
        "sha256": data.sha256,
        "train": len(train),
        "dev": len(dev),
        "test": len(test),
        "classes": len(train.label_counts()),
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
    loss = "" if run["loss"] is None else f"loss {run['loss']:.4f}, "
    return (
        f"{experiment.name}: seed {run['seed']} ({number} of {seeds}): accuracy "
        f"{run['accuracy']:.4f}, {loss}best epoch {run['best_epoch']} of "
        f"{run['history'][-1]['epoch']:,}, {run['seconds_in_all']:.1f} s"
    )
