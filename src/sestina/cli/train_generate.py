"""sestina train generate: a language model beside n-grams."""

from __future__ import annotations

from typing import Any

from sestina import config
from sestina.cli.inputs import Anew, Json, ModelFolder, PathArgument, Resume, Seed, records
from sestina.cli.options import one_of, with_options


@with_options(
    reading=(config.ReadingOptions,),
    options=(config.LanguageTextOptions, config.LanguageOptions, config.LanguageTrainingOptions),
)
def generate(
    path: PathArgument,
    out: ModelFolder,
    reading: dict[str, Any],
    options: dict[str, Any],
    resume: Resume = False,
    overwrite: Anew = False,
    json: Json = False,
    seed: Seed = config.LearningOptions.seed,
) -> None:
    """Train a language model, compare it with n-grams, save it.

    PATH is a text file, one text a line, a table with a column of texts, a folder
    of texts, or the name of a shipped data set. Labels do not matter. With
    --running the lines are one text, as a book's are, and its end is the test.
    """
    one_of(resume, overwrite)
    found = records(path, reading, need_label=False)
    from sestina.cli.job import finish  # both load torch, for which a wrong path need not wait
    from sestina.cli.language_job import LanguageJob

    job = LanguageJob(path, out, found, {**options, "seed": seed})
    finish(job, resume, overwrite, json)
