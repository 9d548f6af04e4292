"""sestina evaluate: a model's figures on labelled texts."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from sestina import config
from sestina.cli import show
from sestina.cli.inputs import (
    Json,
    ModelArgument,
    PathArgument,
    UnusedSeed,
    records,
    say_cuts,
    text_model,
)
from sestina.cli.options import with_options
from sestina.data.records import Records
from sestina.errors import DataError, counted


@with_options(reading=(config.ReadingOptions,))
def evaluate(
    model: ModelArgument,
    path: PathArgument,
    reading: dict[str, Any],
    part: Annotated[
        str | None,
        typer.Option(help="Part to evaluate on: train, dev or test; test where PATH names parts."),
    ] = None,
    json: Json = False,
    seed: UnusedSeed = 0,
) -> None:
    """Measure a model on labelled texts: accuracy, its 95 % interval, F1 per class."""
    found = _part(records(path, reading), part)
    from sestina.inspect.evaluate import judged
    from sestina.inspect.per_class import per_class

    net = text_model(model)
    codes = net._labels.encode(found.labels)
    say_cuts(net, found.texts)
    rung = judged(
        "this model",
        net.predict_proba(found.texts),
        codes,
        parameters=net.n_parameters_,
        seconds=net.seconds_,
    )
    result = {
        "task": "evaluate",
        "model": model,
        "data": path,
        "texts": len(found),
        "metrics": rung.summary(),
        "classes": per_class(rung.probabilities, codes, net.classes_.tolist()),
    }
    if json:
        show.as_json(result)
    else:
        _show(result)


def _show(result: dict[str, Any]) -> None:
    title = f"{result['model']} on {result['data']}: {counted(result['texts'], 'text')}"
    show.ladder(title, {"this model": result["metrics"]})
    show.out.print()
    rows = [
        (row["class"], *(f"{row[k]:.3f}" for k in ("precision", "recall", "f1")), row["support"])
        for row in result["classes"]
    ]
    show.table("", ("class", "precision", "recall", "F1", "texts"), rows)


def _part(found: Records, wish: str | None) -> Records:
    """Return the part to evaluate on: the one asked for, or test where the data name parts."""
    if wish is None and (found.parts is None or "test" not in found.parts):
        return found
    name = wish or "test"
    chosen = found.part(name)
    if not len(chosen):
        raise DataError(
            f"{found.source} has no part {name!r}, only "
            f"{', '.join(sorted(set(found.parts or ()))) or 'one whole'}; drop --part, or change it"
        )
    show.say(f"evaluating on the part {name!r}")
    return chosen
