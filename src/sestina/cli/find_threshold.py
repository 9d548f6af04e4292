"""sestina find-threshold: from which probability on a label is put."""

from __future__ import annotations

import json as json_module
from dataclasses import asdict
from typing import Annotated, Any

import typer

from sestina import config
from sestina.cli import show
from sestina.cli.inputs import (
    Json,
    ModelArgument,
    PathArgument,
    UnusedSeed,
    part_of,
    records,
    say_cuts,
    text_model,
)
from sestina.cli.options import with_options
from sestina.data.records import Records
from sestina.errors import counted


@with_options(reading=(config.ReadingOptions,))
def find_threshold(
    model: ModelArgument,
    path: PathArgument,
    reading: dict[str, Any],
    measure: Annotated[
        str,
        typer.Option(help="What to reach: f1, 'precision>=P' or 'recall>=R'; mind the quotes."),
    ] = "f1",
    per_label: Annotated[
        bool, typer.Option("--per-label", help="With several labels: a threshold for each.")
    ] = False,
    positive: Annotated[
        str | None,
        typer.Option(help="With two classes: the one that the measure is of; else the second."),
    ] = None,
    part: Annotated[
        str | None,
        typer.Option(
            help="Part to find it on: train, dev or test; dev where PATH names parts. Where PATH "
            "names none, its rows are parted as train classify parts them."
        ),
    ] = None,
    json: Json = False,
    seed: UnusedSeed = 0,
) -> None:
    """Find the threshold that a label is put by, and keep it in the model folder.

    For models of two classes, or of several labels at once. The texts must be
    others than those trained on. From then on predict and evaluate use it.
    """
    from sestina import store

    net = text_model(model)
    found = _held_out(records(path, reading), part, net)
    say_cuts(net, found.texts)
    rows = net.find_threshold(
        found.texts, found.labels, measure, per_label=per_label, label=positive
    )
    result = {
        "task": "find-threshold",
        "model": model,
        "data": path,
        "measure": measure,
        "texts": len(found),
        "thresholds": [asdict(row) for row in rows],
    }
    kept = json_module.loads(store.load_folder(model, ("metrics.json",))[2]["metrics.json"])
    net.save(model, {**kept, "threshold": result})
    if json:
        show.as_json(result)
    else:
        _show(result)


def _held_out(found: Records, part: str | None, net: Any) -> Records:
    """Return the records to find thresholds on."""
    from sestina.data.split import three_parts

    if found.parts is None and part is not None:
        share = net.validation_fraction or config.TrainingOptions.validation_fraction
        train, dev, test, said = three_parts(found, net.seed, share)
        show.say(f"the data name no parts: {said}")
        parts = ["train"] * len(train) + ["dev"] * len(dev) + ["test"] * len(test)
        found = Records(
            [*train.texts, *dev.texts, *test.texts],
            [*(train.labels or []), *(dev.labels or []), *(test.labels or [])],
            parts,
            found.notes,
            found.source,
        )
    elif found.parts is None:
        show.say(
            "the data name no parts, so all of it is used; if the model was trained on it, add "
            "--part dev, which draws the same dev part again"
        )
    return part_of(found, part, "dev", "finding the threshold on")


def _show(result: dict[str, Any]) -> None:
    title = f"{result['model']}: thresholds for {result['measure']}, found on "
    rows = [
        (
            "all labels" if row["label"] is None else row["label"],
            *(f"{row[k]:.3f}" for k in ("value", "precision", "recall", "f1", "default_f1")),
            row["present"],
        )
        for row in result["thresholds"]
    ]
    heads = ("label", "threshold", "precision", "recall", "F1", "F1 at 0.5", "present")
    show.table(title + counted(result["texts"], "text"), heads, rows)
