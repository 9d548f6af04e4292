"""The figures of several seeds as one: means, spread, what their average is worth."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.lab.tasks import MEASURES

TINY = 1e-7  # probabilities are kept this far from 0, as in Keras' loss

Table = NDArray[np.float64]
Rights = dict[str, NDArray[np.bool_]]
"""Which of the test texts each linear model gets right, (N,)."""


def cross_entropy(probabilities: Table, codes: NDArray[Any]) -> float:
    """Return the mean loss of probabilities (N, K), as networks are trained by it.

    `codes` are true classes (N,), or indicators (N, K), whose decisions count alike.
    """
    sure = np.clip(probabilities, TINY, 1 - TINY)
    if codes.ndim == 2:
        return float(-np.where(codes > 0.5, np.log(sure), np.log(1 - sure)).mean())
    return float(-np.log(sure[np.arange(len(codes)), codes]).mean())


def right(table: Table, codes: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which texts probabilities (N, K) decide (entirely) rightly, (N,)."""
    from sestina.metrics import correct

    return correct(codes, _decided(table, codes))


def _decided(table: Table, codes: NDArray[Any]) -> NDArray[Any]:
    """Return the classes (N,), or indicators (N, K), that probabilities (N, K) decide for."""
    if codes.ndim == 2:
        return (table > 0.5).astype(codes.dtype)
    best: NDArray[Any] = table.argmax(axis=1)
    return best


def over_seeds(
    runs: Sequence[dict[str, Any]], tables: Sequence[Table], codes: NDArray[Any]
) -> dict[str, Any]:
    """Return mean and standard deviation over the seeds, and the accuracy of their average."""
    from sestina.metrics import accuracy_interval

    found: dict[str, Any] = {}
    several = ["micro_f1"] if "micro_f1" in runs[0] else []  # of labels a text
    for name in ("accuracy", "f1", "loss", "seconds", *several):
        values = [run[name] for run in runs]
        found[name], found[f"{name}_sd"] = (None, None) if None in values else _spread(values)
    for key in ("baselines", "members"):
        found[key] = {
            name: list(_spread([_accuracy(run[key][name]) for run in runs]))
            for name in runs[0].get(key, {})
        }
    if len(runs) > 1:
        together = right(np.mean(tables, axis=0), codes)
        found["ensemble"] = float(together.mean())
        found["ensemble_interval"] = list(accuracy_interval(together))
    return found


def of_sequences(runs: Sequence[dict[str, Any]], figures: Sequence[str]) -> dict[str, Any]:
    """Return mean and standard deviation over the seeds of what a judge told.

    Args:
        runs: Of each seed.
        figures: Names in `MEASURES`; the first that the runs have is "figure", the one for tables.

    Returns:
        By figure. "baselines" has those of the baselines for the table's figure, "beside" those
        for the others.
    """
    named = [name for name in MEASURES if name in runs[0]]
    found: dict[str, Any] = {
        "figure": next(name for name in figures if runs[0].get(name) is not None)
    }
    for name in dict.fromkeys(("accuracy", "f1", "loss", "seconds", *named)):
        values = [run[name] for run in runs]
        found[name], found[f"{name}_sd"] = (None, None) if None in values else _spread(values)
    beside = {name: _of_baselines(runs, name) for name in MEASURES}
    found["baselines"] = beside.pop(found["figure"])
    found["beside"] = {name: rows for name, rows in beside.items() if rows}
    if preferred := [run["preferred"] for run in runs if run.get("preferred")]:
        found["preferred"] = [_spread(pair)[0] for pair in zip(*preferred, strict=True)]
    return found


def _of_baselines(runs: Sequence[dict[str, Any]], figure: str) -> dict[str, list[float | None]]:
    """Return mean and standard deviation of a figure of those baselines that have it."""
    return {
        name: list(_spread([run["baselines"][name][figure] for run in runs]))
        for name, row in runs[0]["baselines"].items()
        if figure in row
    }


def _accuracy(one: Any) -> float:
    """Return the accuracy of a linear model, or of one of several networks."""
    return float(one["accuracy"] if isinstance(one, dict) else one)


def against(
    tables: Sequence[Table], codes: NDArray[Any], rights: Sequence[Rights]
) -> dict[str, Any]:
    """Return each linear model's interval, and how likely chance alone sets the average apart.

    Nothing where every seed has drawn texts of its own, so that there are as many linear models.

    Args:
        tables: Probabilities (N, K) of each seed.
        codes: True classes, (N,), or indicators (N, K).
        rights: The linear models of each seed.
    """
    from sestina.metrics import accuracy_interval, mcnemar

    together = right(np.mean(tables, axis=0), codes)
    found: dict[str, Any] = {}
    for name, first in rights[0].items():
        if all(np.array_equal(first, other[name]) for other in rights):
            p = mcnemar(together, first)
            found[name] = {"interval": list(accuracy_interval(first)), "mcnemar_p": p}
    return found


def _spread(values: Sequence[float]) -> tuple[float, float | None]:
    """Return mean and standard deviation; none of a single value."""
    return statistics.mean(values), statistics.stdev(values) if len(values) > 1 else None
