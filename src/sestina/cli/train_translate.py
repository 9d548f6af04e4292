"""sestina train translate: a translator beside a dictionary learnt from the same pairs."""

from __future__ import annotations

from typing import Any

from sestina import config
from sestina.cli.inputs import (
    Anew,
    DevFile,
    Json,
    ModelFolder,
    PathArgument,
    Resume,
    Seed,
    TestFile,
)
from sestina.cli.options import one_of, with_options
from sestina.cli.translated import pairs


@with_options(
    reading=(config.PairReadingOptions,),
    options=(
        config.TranslationTextOptions,
        config.TranslatorOptions,
        config.TranslatorTrainingOptions,
    ),
)
def translate(
    path: PathArgument,
    out: ModelFolder,
    reading: dict[str, Any],
    options: dict[str, Any],
    dev: DevFile = None,
    test: TestFile = None,
    resume: Resume = False,
    overwrite: Anew = False,
    json: Json = False,
    seed: Seed = config.LearningOptions.seed,
) -> None:
    """Train a translator, compare it with a dictionary, save and report it.

    PATH is a table (.csv .tsv .json .jsonl .parquet) with a column of sentences
    and one of their translations, or the name of a shipped data set.
    """
    one_of(resume, overwrite)
    files = {name: file for name, file in (("dev", dev), ("test", test)) if file}
    own = {name: pairs(file, reading) for name, file in files.items()}
    data = pairs(path, reading)
    from sestina.cli.job import finish  # both load torch, for which a wrong path need not wait
    from sestina.cli.translate_job import TranslateJob

    job = TranslateJob(path, out, data, own, {**options, "seed": seed})
    finish(job, resume, overwrite, json)
