"""Estimator ↔ model folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sestina import config, store
from sestina.errors import ModelError
from sestina.estimators.card import model_card

if TYPE_CHECKING:
    from sestina.estimators.base import SequenceClassifier

Kind = TypeVar("Kind", bound="SequenceClassifier")


def write_model(estimator: SequenceClassifier, folder: str | Path, facts: dict[str, Any]) -> None:
    """Write a fitted estimator into a folder, all or nothing.

    Raises:
        SestinaError: The folder holds other files, or cannot be written.
    """
    from sestina import __version__

    store.refuse_foreign(folder)
    options = _plain_options(estimator)
    learned = estimator._learned()
    facts = {
        **facts,
        "version": __version__,
        "classes": learned["classes"],
        "parameters": estimator.n_parameters_,
        "epochs": len(estimator.history_),
    }
    name = type(estimator).__name__
    files = {
        **estimator._texts(),
        "metrics.json": json.dumps(facts, indent=2, ensure_ascii=False) + "\n",
        "history.jsonl": "".join(json.dumps(row) + "\n" for row in estimator.history_),
        "README.md": model_card(name, options, facts),
    }
    arrays = {k: v.numpy() for k, v in estimator.network_.state_dict().items()}
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
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(
            f"{str(folder)!r} does not fit this version of Sestina: {reason}"
        ) from error
    if isinstance(estimator.class_weight, dict):  # JSON has turned its keys into strings
        classes = {str(label): label for label in estimator.classes_.tolist()}
        weights = estimator.class_weight.items()
        estimator.class_weight = {classes.get(name, name): value for name, value in weights}
    return estimator


def _plain_options(estimator: SequenceClassifier) -> dict[str, Any]:
    """Return the options as JSON values; vectors given in memory are in the weights by now."""
    options = config.to_dict(estimator)
    del options["verbose"]  # how a run was shown is not part of the model
    if not isinstance(options.get("vectors", ""), str):
        options["vectors"] = None
    weight = options["class_weight"]
    if isinstance(weight, dict):
        options["class_weight"] = {str(k): v for k, v in weight.items()}
    return options
