"""sestina find-threshold: from which probability on a label is put."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from sestina import config
from sestina.cli import judging, show
from sestina.cli.inputs import Json, ModelArgument, UnusedSeed
from sestina.cli.model_data import HeldOut, data_of
from sestina.cli.options import with_options
from sestina.errors import counted


@with_options(reading=(config.ReadingOptions,), series=(config.RecordingOptions,))
def find_threshold(
    model: ModelArgument,
    reading: dict[str, Any],
    series: dict[str, Any],
    path: judging.HeldOutPath = None,
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
    part: judging.HeldOutPart = None,
    undo: judging.Undo = False,
    json: Json = False,
    seed: UnusedSeed = 0,
) -> None:
    """Find the threshold that a label is put by, and keep it in the model folder.

    For models of texts or of series, of two classes or of several labels at once. The data must be
    others than those trained on. From then on predict and evaluate use it.
    """
    others = measure != "f1" or per_label or positive is not None or part is not None
    data = judging.needs_path(path, undo, others)
    if undo:
        done = judging.undone(model, "threshold", "thresholds", lambda net: net.undo_thresholds())
        show.undone("find-threshold", done, "thresholds", json)
        return
    judging.refuse_others(model)
    found = data_of(HeldOut(model, data, reading, part, "finding the threshold on", series))
    net, before = found.net, found.net.decision_state()
    rows = net.find_threshold(found.X, found.y, measure, per_label=per_label, label=positive)
    result = {
        "task": "find-threshold",
        "model": model,
        "data": data,
        "measure": measure,
        f"{found.unit}s": len(found.X),
        "thresholds": [asdict(row) for row in rows],
    }
    judging.keep(model, net, before, "threshold", result)
    if json:
        show.as_json(result)
    else:
        _show(result, found.unit)


def _show(result: dict[str, Any], unit: str) -> None:
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
    show.table(title + counted(result[f"{unit}s"], unit), heads, rows)
