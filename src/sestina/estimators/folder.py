"""Estimator ↔ model folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

from numpy.typing import NDArray
from torch import nn

from sestina import config, store
from sestina.errors import ModelError
from sestina.estimators.card import model_card
from sestina.version import __version__

LONGEST = 240  # characters of another library's reason


class Fitted(Protocol):
    """What a folder needs to know of a fitted estimator."""

    _files: ClassVar[tuple[str, ...]]
    network_: nn.Module
    history_: list[dict[str, float]]

    @property
    def n_parameters_(self) -> int:
        """Number of parameters."""
        ...

    def _facts(self) -> dict[str, Any]: ...

    def _learned(self) -> dict[str, Any]: ...

    def _texts(self) -> dict[str, str]: ...

    def _remember(
        self, learned: dict[str, Any], arrays: dict[str, NDArray[Any]], files: dict[str, str]
    ) -> None: ...


Kind = TypeVar("Kind", bound=Fitted)


def write_model(estimator: Fitted, folder: str | Path, facts: dict[str, Any]) -> None:
    """Write a fitted estimator into a folder, all or nothing.

    Raises:
        SestinaError: The folder holds other files, or cannot be written.
    """
    store.refuse_foreign(folder)
    options = _plain_options(estimator)
    facts = {
        **facts,
        "version": __version__,
        "parameters": estimator.n_parameters_,
        "epochs": len(estimator.history_),
        **estimator._facts(),
    }
    name = type(estimator).__name__
    files = {
        **estimator._texts(),
        "metrics.json": json.dumps(facts, indent=2, ensure_ascii=False) + "\n",
        "history.jsonl": "".join(json.dumps(row) + "\n" for row in estimator.history_),
        "README.md": model_card(name, options, facts),
    }
    arrays = {k: v.numpy() for k, v in estimator.network_.state_dict().items()}
    learned = estimator._learned()
    head = {"estimator": name, "version": __version__, "options": options, "learned": learned}
    store.save_folder(folder, arrays, head, files)


def read_model(kind: type[Kind], folder: str | Path) -> Kind:
    """Return the estimator of a folder whose configuration names the class `kind`.

    Raises:
        ModelError: The folder is truncated, changed, or does not fit this version.
    """
    arrays, head, files = store.load_folder(folder, (*kind._files, "history.jsonl"))
    try:
        estimator = kind(**config.from_dict(kind, head["options"]))
        config.check(estimator)
        estimator._remember(head["learned"], arrays, files)
    except (AttributeError, KeyError, TypeError, ValueError, RuntimeError) as error:
        told = " ".join(str(error).split())  # torch lists one weight a line
        reason = told[:LONGEST] or type(error).__name__
        raise ModelError(
            f"{str(folder)!r} does not fit this version of Sestina: {reason}"
        ) from error
    return estimator


def _plain_options(estimator: Fitted) -> dict[str, Any]:
    """Return the options as JSON values; what was given in memory is in the weights by now."""
    options = config.to_dict(estimator)
    del options["verbose"]  # how a run was shown is not part of the model
    for name in ("vectors", "pretrained", "contextual"):
        if not isinstance(options.get(name, ""), str):
            options[name] = None
    weight = options.get("class_weight")
    if isinstance(weight, dict):
        options["class_weight"] = {str(k): v for k, v in weight.items()}
    return options
