"""sestina train generate: a language model, or texts from columns, beside n-grams."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from sestina import config
from sestina.cli.given import GivenColumns, pairs, parted
from sestina.cli.inputs import Anew, Json, ModelFolder, PathArgument, Resume, Seed
from sestina.cli.options import one_of, with_options
from sestina.cli.tagged import texts_of
from sestina.errors import OptionError


@with_options(
    reading=(config.ReadingOptions,),
    options=(
        config.LanguageTextOptions,
        config.LanguageOptions,
        config.ContinuingOptions,
        config.GivenOptions,
        config.LanguageTrainingOptions,
    ),
)
def generate(
    path: PathArgument,
    out: ModelFolder,
    reading: dict[str, Any],
    options: dict[str, Any],
    given: GivenColumns = "",
    resume: Resume = False,
    overwrite: Anew = False,
    json: Json = False,
    seed: Seed = config.LearningOptions.seed,
) -> None:
    """Train a language model, compare it with n-grams, save and report it.

    PATH is a text file, one text a line, a table with a column of texts, a folder
    of texts, or the name of a shipped data set; of a .conll file the words. Labels
    do not matter. With --running the lines are one text, as a book's are, and its
    end is the test. With --given the texts are written from columns of the table,
    as names from a gender: a sequence from one vector. With --pretrained it goes
    on from a model of other texts.
    """
    one_of(resume, overwrite)
    names, table = parted(given), None
    if names:
        why = "with --given, where each text is read as a whole, from its beginning"
        options = _of_kinds(OF_VALUES, options, f"{why}; leave one of them out")
        found, table = pairs(path, reading, names)
    else:
        options = _of_kinds(OF_TEXTS, options, "without --given; leave it out, or name columns")
        found = texts_of(path, reading)
    from sestina.cli.job import finish  # both load torch, for which a wrong path need not wait
    from sestina.cli.language_job import LanguageJob
    from sestina.cli.language_sources import GivenTexts, Texts

    source = Texts(found) if table is None else GivenTexts(found, table)
    job = LanguageJob(path, out, source, {**options, "seed": seed})
    finish(job, resume, overwrite, json)


OF_TEXTS: tuple[type, ...] = (
    config.LanguageTextOptions,
    config.LanguageOptions,
    config.ContinuingOptions,
    config.LanguageTrainingOptions,
)
OF_VALUES: tuple[type, ...] = (
    config.WrittenOptions,
    config.StackOptions,
    config.GivenOptions,
    config.LanguageTrainingOptions,
)


def _of_kinds(kinds: tuple[type, ...], options: dict[str, Any], why: str) -> dict[str, Any]:
    """Return the options that some classes declare.

    Args:
        kinds: The classes.
        options: Those of the command.
        why: When another one does nothing, and what to do.

    Raises:
        OptionError: Another one is set.
    """
    known = {spec.name for kind in kinds for spec in fields(kind)}
    every = (*OF_TEXTS, *OF_VALUES)
    usual = {name: value for kind in every for name, value in config.to_dict(kind()).items()}
    for name in sorted(options.keys() - known):
        if options[name] != usual[name]:
            raise OptionError(f"--{name} does nothing {why}")
    return {name: value for name, value in options.items() if name in known}
