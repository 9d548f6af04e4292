"""Models that are given to others, to begin as or to be read by: opened, compared."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from sestina.errors import DataError, OptionError
from sestina.estimators.folder import Fitted, read_model
from sestina.store import load_config

Kind = TypeVar("Kind", bound=Fitted)


def language_model(given: Any, name: str, kind: type[Kind]) -> Kind:
    """Return a fitted language model that is given as such, or by its folder.

    Args:
        given: What the user gave.
        name: The option that it was given for.
        kind: The class `LanguageModel`, which stands on a floor above.

    Raises:
        ModelError: The folder is missing, damaged or foreign.
        DataError: It holds another kind of model.
        OptionError: It is no language model, or one that is not fitted.
    """
    if isinstance(given, str | Path):
        found = str(load_config(given).get("estimator"))
        if found != kind.__name__:
            raise DataError(
                f"{name}={str(given)!r} holds a {found}; expected a {kind.__name__}, as sestina "
                "train generate makes it"
            )
        return read_model(kind, given)
    if not isinstance(given, kind):
        raise OptionError(
            f"{name}={given!r:.60} is no language model; give a {kind.__name__}, or its folder"
        )
    if not hasattr(given, "network_"):
        raise OptionError(
            f"{name} is a {kind.__name__} that is not fitted, as scikit-learn's copies never are; "
            "fit it, or save it and give its folder"
        )
    return given


def check_same(name: str, wanted: Mapping[str, Any], options: Any) -> None:
    """Check that options are those of a model that is given.

    Args:
        name: The option that it was given for.
        wanted: Its own options, by the names that `options` has for them.
        options: What should agree.

    Raises:
        OptionError: Some do not; the sentence names them all.
    """
    other = {key: value for key, value in wanted.items() if getattr(options, key) != value}
    if other:
        theirs = ", ".join(f"{key}={value!r}" for key, value in other.items())
        ours = ", ".join(f"{key}={getattr(options, key)!r}" for key in other)
        raise OptionError(f"{name} has {theirs}, what is to go with it {ours}; set them alike")
