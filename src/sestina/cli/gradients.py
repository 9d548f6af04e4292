"""sestina gradients: how far gradients reach back in a model's recurrent layers."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sestina import config, store
from sestina.cli import show
from sestina.cli.inputs import Json, ModelArgument, Overwrite, PathArgument, UnusedSeed
from sestina.cli.model_data import Asked, MeasuredPart, data_of
from sestina.cli.options import with_options
from sestina.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sestina.inspect.gradients import Reach  # which loads torch

PageFile = Annotated[
    Path | None, typer.Option(metavar="FILE.html", help="Draw all this in an HTML file, too.")
]


@with_options(
    reading=(config.ReadingOptions,),
    columns=(config.TaggedOptions,),
    sides=(config.PairOptions,),
    series=(config.RecordingOptions,),
)
def gradients(
    model: ModelArgument,
    path: PathArgument,
    reading: dict[str, Any],
    columns: dict[str, Any],
    sides: dict[str, Any],
    series: dict[str, Any],
    part: MeasuredPart = None,
    page: PageFile = None,
    overwrite: Overwrite = False,
    json: Json = False,
    seed: UnusedSeed = 0,
) -> None:
    """Measure how far gradients reach back in time, and say what is wrong, if anything is.

    Of each direction of each recurrent layer, on a batch of the data: the norm
    of the loss's gradient at the steps before the last; the norm of the
    Jacobian, which tells how much a state hears of one some steps before it;
    its memory, the steps after which less than 1 % is left; the eigenvalues
    of the recurrent weights; how many gates are shut or wide open. --page
    draws all that, in one HTML file.
    """
    from sestina.inspect import answers, gradient_page
    from sestina.inspect.doctor import findings
    from sestina.inspect.gradients import gradients as measured

    if page is not None:
        store.refuse_existing(page, overwrite)

    found = data_of(Asked(model, path, reading, part, "measuring on", series, columns, sides))
    reaches = measured(found.net, found.X, found.y)
    if not reaches:
        raise DataError(f"{model!r} has no recurrent layers, in which gradients could go back")
    told = findings(reaches, found.net.history_) + answers.findings(found.net, found.X, found.y)
    if page is not None:
        store.write_text(page, gradient_page.render(model, path, reaches, found.net.history_, told))
    if json:
        layers = [_plain(reach) for reach in reaches]
        file = None if page is None else str(page)
        show.as_json(
            {"task": "gradients", "model": model, "data": path, "page": file, "layers": layers,
             "findings": told}
        )  # fmt: skip
        return
    rows = [gradient_page.cells(reach) for reach in reaches]
    heads = ("layer", "cell", "steps", "heard", "memory", "‖J‖", "radius")
    show.table(f"{model} on {path}", heads, rows, left=2)
    show.out.print()
    for sentence in told or ["nothing wrong was found"]:
        show.out.print(sentence, markup=False, highlight=False)
    if page is not None:
        show.out.print()
        show.facts("", {"page": str(page)})


def _plain(reach: Reach) -> dict[str, Any]:
    """Return a measured layer as JSON has it; null where a norm is no finite number."""
    from sestina.inspect.doctor import heard  # which loads torch

    return asdict(reach) | {
        **{name: _finite(getattr(reach, name)) for name in ("loss", "jacobian", "steps")},
        "heard": heard(reach),
        "radius": reach.radius,
        "saturated": reach.saturated,
        "spectrum": {
            name: [[value.real, value.imag] for value in values.tolist()]
            for name, values in reach.spectrum.items()
        },
        "gates": {name: parts.tolist() for name, parts in reach.gates.items()},
    }


def _finite(values: NDArray[np.float64]) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in values.tolist()]
