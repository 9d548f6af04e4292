"""What evaluate, find-threshold and calibrate share: a model, labelled texts, and what is kept."""

from __future__ import annotations

import json as json_module
from collections.abc import Callable
from typing import Annotated, Any

import typer

from sestina import config
from sestina.cli.inputs import model_of, part_of, records, say_cuts, suited
from sestina.cli.show import say
from sestina.data.records import Records
from sestina.errors import OptionError

HeldOutPath = Annotated[
    str | None,
    typer.Argument(
        metavar="PATH",
        help="File, folder, or name of a shipped data set: labelled texts that were not trained "
        "on. Left out with --undo.",
    ),
]
HeldOutPart = Annotated[
    str | None,
    typer.Option(
        "--part",
        help="Part to use: train, dev or test; dev where PATH names parts. Where PATH names none, "
        "its rows are parted as train classify parts them.",
    ),
]
Undo = Annotated[
    bool, typer.Option("--undo", help="Take off again what this verb has put into the model.")
]


def on_test_part(
    model: str, path: str, reading: dict[str, Any], part: str | None
) -> tuple[Any, Records]:
    """Return the text classifier of a folder, and the labelled texts to measure it on.

    Raises:
        SestinaError: The model or the texts cannot be read, or have no such part.
    """
    found = part_of(records(path, reading), part, "test", "evaluating on")
    return _suited(model_of(model, "TextClassifier"), found)


def on_held_out(
    model: str, path: str, reading: dict[str, Any], part: str | None, doing: str
) -> tuple[Any, Records]:
    """Return the text classifier of a folder, and labelled texts to decide something by.

    Args:
        model: Model folder.
        path: What the user gave.
        reading: Values of `sestina.config.ReadingOptions`.
        part: The part asked for; without it dev, or all texts where the data name no parts.
        doing: What is done with them, for the remark.

    Raises:
        SestinaError: The model or the texts cannot be read, or have no such part.
    """
    net, found = model_of(model, "TextClassifier"), records(path, reading)
    if found.parts is None and part is not None:
        found = _parted(found, net)
    elif found.parts is None:
        say(
            "the data name no parts, so all of it is used; if the model was trained on it, add "
            "--part dev, which draws the same dev part again"
        )
    return _suited(net, part_of(found, part, "dev", doing))


def _suited(net: Any, found: Records) -> tuple[Any, Records]:
    """Return a model, and the records as it takes them; what is left out or cut is said."""
    found = suited(found, net)
    say_cuts(net, found.texts)
    return net, found


def _parted(found: Records, net: Any) -> Records:
    """Return records with the parts that training would have drawn."""
    from sestina.data.split import three_parts

    share = net.validation_fraction or config.TrainingOptions.validation_fraction
    train, dev, test, said = three_parts(found, net.seed, share)
    say(f"the data name no parts: {said}")
    parts = ["train"] * len(train) + ["dev"] * len(dev) + ["test"] * len(test)
    return Records(
        [*train.texts, *dev.texts, *test.texts],
        [*(train.labels or []), *(dev.labels or []), *(test.labels or [])],
        parts,
        found.notes,
        found.source,
    )


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
        raise OptionError("PATH is missing; name labelled texts, or give --undo")
    return path or ""


def undone(model: str, name: str, there: str, undo: Callable[[Any], Any]) -> dict[str, Any]:
    """Undo something in a model folder; return what ``--json`` prints.

    Args:
        model: Model folder.
        name: Under which metrics.json tells of it.
        there: What is undone: a key of `decision_state`.
        undo: Does it, given the model.
    """
    net = model_of(model, "TextClassifier")
    before = net.decision_state()
    undo(net)
    changed = net.decision_state()[there] != before[there]
    if changed:
        keep(model, net, before, name, None)
    notes = net.decision_notes()
    return {"model": model, "undone": changed, "decisions": notes}
