"""What find-threshold and calibrate share: a classifier, how it is asked for, what is kept."""

from __future__ import annotations

import json as json_module
from collections.abc import Callable
from typing import Annotated, Any

import typer

from sestina.cli.inputs import estimator_of, model_of
from sestina.errors import OptionError

CLASSIFIERS = ("TextClassifier", "SeriesClassifier", "BridgeClassifier")

HeldOutPath = Annotated[
    str | None,
    typer.Argument(
        metavar="PATH",
        help="File, folder, or name of a shipped data set: labelled texts or recordings that were "
        "not trained on. Left out with --undo.",
    ),
]
HeldOutPart = Annotated[
    str | None,
    typer.Option(
        "--part",
        help="Part to use: train, dev or test; dev where PATH names parts. Where PATH names none, "
        "its rows are parted as the training parts them.",
    ),
]
Undo = Annotated[
    bool, typer.Option("--undo", help="Take off again what this verb has put into the model.")
]


def refuse_others(model: str) -> None:
    """Refuse a folder without a classifier of texts or of series.

    Raises:
        ModelError: It holds no model that can be read.
        DataError: It holds another kind of model.
    """
    if estimator_of(model) not in CLASSIFIERS:
        model_of(model, CLASSIFIERS[0])


def facts_of(model: str) -> dict[str, Any]:
    """Return what metrics.json of a model folder tells.

    Raises:
        ModelError: The folder is missing, truncated or changed.
    """
    from sestina import store

    facts: dict[str, Any] = json_module.loads(
        store.load_folder(model, ("metrics.json",))[2]["metrics.json"]
    )
    return facts


def keep(
    model: str, net: Any, before: dict[str, Any], name: str, result: dict[str, Any] | None
) -> None:
    """Write a model whose decisions have changed back into its folder.

    Its figures stay those that were measured; which of them hold no more is said beside them.

    Args:
        model: Model folder.
        net: The changed model.
        before: Its `decision_state` before the change.
        name: Under which metrics.json tells what was done.
        result: What was done; None where something was undone.
    """
    from sestina.estimators.calibration import outdated

    facts = facts_of(model)
    if "threshold" in facts and "measured_with" not in facts:  # written by an earlier version
        before = {**before, "thresholds": None}
    measured = facts.pop("measured_with", before)
    for old in (name, "outdated"):
        facts.pop(old, None)
    if result is not None:
        facts[name] = result
    if "metrics" in facts and (said := outdated(measured, net.decision_state())):
        facts |= {"outdated": f"{said}; measure anew with sestina evaluate"}
        facts |= {"measured_with": measured}
    net.save(model, facts)


def needs_path(path: str | None, undo: bool, others: bool = False) -> str:
    """Return the PATH of a verb that has --undo; empty with --undo, which goes alone.

    Raises:
        OptionError: There is no PATH, or --undo came with it or with `others`.
    """
    if undo and (path is not None or others):
        raise OptionError("--undo takes the model folder alone; drop PATH and the other options")
    if not undo and path is None:
        raise OptionError("PATH is missing; name labelled data, or give --undo")
    return path or ""


def undone(model: str, name: str, there: str, undo: Callable[[Any], Any]) -> dict[str, Any]:
    """Undo something in a model folder; return what ``--json`` prints.

    Args:
        model: Model folder.
        name: Under which metrics.json tells of it.
        there: What is undone: a key of `decision_state`.
        undo: Does it, given the model.
    """
    refuse_others(model)
    net = model_of(model, estimator_of(model))
    before = net.decision_state()
    undo(net)
    changed = net.decision_state()[there] != before[there]
    if changed:
        keep(model, net, before, name, None)
    notes = net.decision_notes()
    return {"model": model, "undone": changed, "decisions": notes}
