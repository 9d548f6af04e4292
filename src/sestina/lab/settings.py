"""Options of an experiment that a run sets otherwise, and what the record says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sestina import config
from sestina.errors import OptionError, nearest
from sestina.lab.experiment import Experiment
from sestina.lab.tasks import TASKS

OWN = ("training_texts", "tests", "twins")
"""What may be set of the experiment itself: which data train and test its networks."""
OF_TASK = {"tests": "bridge", "twins": "bridge"}
"""Those of them that bear on one task only."""


def changed(
    experiment: Experiment, settings: Sequence[str], vectors: str | None = None
) -> tuple[Experiment, dict[str, Any]]:
    """Return an experiment with some options set anew, and those that were otherwise before.

    Args:
        experiment: What its file says.
        settings: ``option=value`` each; of several networks, ``member.option=value`` sets that of
            one, and ``option=value`` that of all.
        vectors: Pre-trained vectors for those networks that have such, in the place of theirs.

    Raises:
        OptionError: A setting has no "=", names no option or member, or its value makes no sense.
    """
    found = experiment
    said: dict[str, Any] = {}
    for setting in settings:
        found, one = _set(found, setting)
        said |= one
    for name in with_vectors(found) if vectors else ():
        found, one = _set(found, f"{name}." * bool(found.members) + f"vectors={vectors}")
        said |= one
    try:
        found.check()
    except OptionError as error:
        raise OptionError(f"experiment {experiment.name!r}: {error}") from error
    return found, said


def with_vectors(experiment: Experiment) -> list[str]:
    """Return the names of the networks that read pre-trained vectors."""
    own = experiment.networks.items()
    return [name for name, one in own if one.get("vectors") not in (None, config.ONE_HOT)]


def _set(experiment: Experiment, setting: str) -> tuple[Experiment, dict[str, Any]]:
    """Return an experiment with one setting, and the setting, unless it says nothing new."""
    place, equals, text = setting.partition("=")
    member, dot, name = place.rpartition(".")
    if not equals or not name:
        raise OptionError(
            f"--set {setting!r} is not option=value; write for instance --set hidden=64"
        )
    try:
        if dot and member not in (experiment.members or {}):
            hint = nearest(member, experiment.members or ()) or f"; it has one, so set {name}"
            raise OptionError(f"no network of it is called {member!r}{hint}")
        _refuse_idle(experiment, place)
        value = config.from_text(Experiment if place in OWN else experiment.kind, name, text)
    except OptionError as error:
        raise OptionError(f"experiment {experiment.name!r}: {error}") from error
    if place in OWN:
        new = replace(experiment, **{name: value})
        return new, {} if new == experiment else {name: value}
    if dot:
        own = {**experiment.members[member], name: value}
        new = replace(experiment, members={**experiment.members, member: own})
    else:
        new = experiment.with_options(**{name: value})
    if _options(new) == _options(experiment):
        return experiment, {}
    return new, {place: list(value) if isinstance(value, tuple) else value}


def _refuse_idle(experiment: Experiment, name: str) -> None:
    """Raise where a setting of the experiment itself would change nothing.

    Raises:
        OptionError: It would not.
    """
    wanted = OF_TASK.get(name)
    if wanted not in (None, experiment.task):
        raise OptionError(
            f"{name} changes nothing here: it is of {TASKS[str(wanted)].data} in noise; leave it "
            "out"
        )
    if name == "training_texts" and TASKS[experiment.task].estimator is not None:
        raise OptionError(
            f"{name} changes nothing here: it is of texts with labels, and this experiment's data "
            f"are {TASKS[experiment.task].data}; leave it out"
        )


def _options(experiment: Experiment) -> list[dict[str, Any]]:
    """Return the options of each network, defaults too."""
    return [config.to_dict(experiment.kind(**own)) for own in experiment.networks.values()]
