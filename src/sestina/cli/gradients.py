"""sestina gradients: how far gradients reach back in a model's recurrent layers."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sestina import config
from sestina.cli import show
from sestina.cli.inputs import Json, ModelArgument, PathArgument, UnusedSeed
from sestina.cli.model_data import Asked, MeasuredPart, data_of
from sestina.cli.options import with_options
from sestina.errors import DataError

if TYPE_CHECKING:
    from sestina.inspect.gradients import Reach  # which loads torch


@with_options(
    reading=(config.ReadingOptions,),
    columns=(config.TaggedOptions,),
    sides=(config.PairOptions,),
)
def gradients(
    model: ModelArgument,
    path: PathArgument,
    reading: dict[str, Any],
    columns: dict[str, Any],
    sides: dict[str, Any],
    part: MeasuredPart = None,
    json: Json = False,
    seed: UnusedSeed = 0,
) -> None:
    """Measure how far gradients reach back in time, and say what is wrong, if anything is.

    Of each direction of each recurrent layer, on a batch of the data: the norm
    of the loss's gradient at the steps before the last; the norm of the
    Jacobian, which tells how much a state hears of one some steps before it;
    its memory, the steps after which less than 1 % is left; the spectral
    radius of the recurrent weights; how many gates are shut or wide open.
    """
    from sestina.inspect.doctor import findings, heard, title
    from sestina.inspect.gradients import gradients as measured

    found = data_of(Asked(model, path, reading, columns, sides, part, "measuring on"))
    reaches = measured(found.net, found.X, found.y)
    if not reaches:
        raise DataError(f"{model!r} has no recurrent layers, in which gradients could go back")
    told = findings(reaches, found.net.history_)
    if json:
        layers = [_plain(reach) for reach in reaches]
        show.as_json(
            {"task": "gradients", "model": model, "data": path, "layers": layers, "findings": told}
        )
        return
    rows = [
        (title(reach), reach.cell, reach.length, heard(reach),
         "all" if reach.memory is None else reach.memory,
         f"{reach.steps.max(initial=0):.2f}", f"{max(reach.radius.values()):.2f}")
        for reach in reaches
    ]  # fmt: skip
    heads = ("layer", "cell", "steps", "heard", "memory", "‖J‖", "radius")
    show.table(f"{model} on {path}", heads, rows, left=2)
    show.out.print()
    for sentence in told or ["nothing wrong was found"]:
        show.out.print(sentence, markup=False, highlight=False)


def _plain(reach: Reach) -> dict[str, Any]:
    """Return a measured layer as JSON has it; null where a norm is no finite number."""
    return asdict(reach) | {
        name: [value if math.isfinite(value) else None for value in getattr(reach, name).tolist()]
        for name in ("loss", "jacobian", "steps")
    }
