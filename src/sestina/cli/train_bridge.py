"""sestina train bridge: a classifier of noisy series that who saw their clean twins has taught."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from sestina import config
from sestina.cli.inputs import Anew, Json, ModelFolder, PathArgument, Resume, Seed
from sestina.cli.options import one_of, with_options
from sestina.cli.recorded import recordings
from sestina.errors import OptionError

MADE = config.DegradationOptions()
Noisy = Annotated[
    str | None,
    typer.Option(
        help="Noisy twins of the recordings at PATH, by the same names; made where not given.",
        rich_help_panel="Noisy twins",
    ),
]


@with_options(
    reading=(config.SeriesReadingOptions,),
    degradation=(config.DegradationOptions,),
    options=(
        config.SignalOptions,
        config.RecursiveOptions,
        config.BridgeOptions,
        config.TrainingOptions,
    ),
)
def bridge(
    path: PathArgument,
    out: ModelFolder,
    reading: dict[str, Any],
    degradation: dict[str, Any],
    options: dict[str, Any],
    noisy: Noisy = None,
    resume: Resume = False,
    overwrite: Anew = False,
    json: Json = False,
    seed: Seed = config.TrainingOptions.seed,
) -> None:
    """Train a classifier of noisy series, taught by who saw their clean twins (BridgeNet).

    PATH holds clean recordings with labels, as sestina train series reads them;
    --noisy their noisy twins, of the same names and steps. Without it twins are
    made: wrong gains, noise, lost samples. The teacher is trained first. With
    --kd 0 --dr 0 --lstm3 0 there is none, to compare with.
    """
    one_of(resume, overwrite)
    how = config.DegradationOptions(**degradation)
    asked = [f"--{n.replace('_', '-')}" for n, v in vars(how).items() if v != getattr(MADE, n)]
    if noisy is not None and asked:
        raise OptionError(f"{asked[0]} makes twins, and --noisy gives them; leave one out")
    data = recordings(path, reading)
    twins = None if noisy is None else recordings(noisy, reading, need_label=False)
    from sestina.cli.bridge_job import BridgeJob  # both load torch
    from sestina.cli.job import finish

    job = BridgeJob(path, out, data, {}, {**options, "seed": seed}, twins=twins, how=how)
    finish(job, resume, overwrite, json)
