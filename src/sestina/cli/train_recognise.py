"""sestina train recognise: what is said far off, taught by who heard it nearby."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from sestina import config
from sestina.cli.inputs import Anew, Json, ModelFolder, Resume, Seed
from sestina.cli.options import one_of, with_options

SpeechFolder = Annotated[
    str,
    typer.Argument(
        metavar="PATH", help="Folder of sestina data distance, or with devices as AMI has them."
    ),
]
Near = Annotated[
    str, typer.Option(help="The device nearby: clean, or ihm.", rich_help_panel="Data")
]
Far = Annotated[
    str,
    typer.Option(help="The one far off: sdm, mdm, or sdm1, mdm8.", rich_help_panel="Data"),
]


@with_options(
    frames=(config.FrameOptions,),
    options=(
        config.RecognitionOptions,
        config.RecursiveOptions,
        config.BridgeOptions,
        config.RecognitionTrainingOptions,
    ),
)
def recognise(
    path: SpeechFolder,
    out: ModelFolder,
    frames: dict[str, Any],
    options: dict[str, Any],
    clean: Near = "clean",
    noisy: Far = "sdm",
    resume: Resume = False,
    overwrite: Anew = False,
    json: Json = False,
    seed: Seed = config.LearningOptions.seed,
) -> None:
    """Train a recogniser of distant speech, taught by who heard it nearby (BridgeNet).

    PATH holds utterances as several devices heard them, and what is said. The
    network writes characters, or with --level word what blanks part in what is
    said: words, or phones. The teacher, who hears the clean device, is trained
    first; with --kd 0 --dr 0 --lstm3 0 there is none, to compare with.
    """
    one_of(resume, overwrite)
    from sestina.cli.job import finish  # both load torch
    from sestina.cli.recognise_job import RecogniseJob

    job = RecogniseJob(path, out, (clean, noisy), frames, {**options, "seed": seed})
    finish(job, resume, overwrite, json)
