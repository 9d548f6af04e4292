"""Language models that a classifier begins as (ULMFiT): found, compared, their weights taken over.

Howard and Ruder, Universal language model fine-tuning for text classification, 2018.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from sestina import config
from sestina.config import RECURRENT
from sestina.errors import DataError, OptionError
from sestina.estimators.folder import read_model
from sestina.estimators.language_model import LanguageModel
from sestina.nn.classifier import ClassifierNetwork
from sestina.nn.encoders import Recurrent
from sestina.store import load_config


def language_model(given: Any, name: str) -> LanguageModel:
    """Return a fitted language model that is given as such, or by its folder.

    Args:
        given: What the user gave.
        name: The option that it was given for.

    Raises:
        ModelError: The folder is missing, damaged or foreign.
        DataError: It holds another kind of model.
        OptionError: It is no language model, or one that is not fitted.
    """
    if isinstance(given, str | Path):
        kind = str(load_config(given).get("estimator"))
        if kind != LanguageModel.__name__:
            raise DataError(
                f"{name}={str(given)!r} holds a {kind}; expected a LanguageModel, as sestina "
                "train generate makes it"
            )
        return read_model(LanguageModel, given)
    if not isinstance(given, LanguageModel):
        raise OptionError(
            f"{name}={given!r:.60} is no language model; give a LanguageModel, or its folder"
        )
    if not hasattr(given, "network_"):
        raise OptionError(
            f"{name} is a LanguageModel that is not fitted, as scikit-learn's copies never are; "
            "fit it, or save it and give its folder"
        )
    return given


def check_same(name: str, wanted: Mapping[str, Any], options: Any) -> None:
    """Check that options are those of a language model.

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
        raise OptionError(f"{name} goes with {theirs}, and what came has {ours}; set them alike")


def reading_of(model: LanguageModel) -> dict[str, Any]:
    """Return how a classifier must read texts, so that they become the model's tokens.

    Nothing is marked: the model's own EOS stands before each text.
    """
    cleaning = config.to_dict(model, config.CleaningOptions)
    return {"level": model.level, **cleaning, "mark_start": False, "mark_end": False}


def model_for(options: Any) -> LanguageModel | None:
    """Return the language model that a text classifier shall begin as, None without one.

    Args:
        options: The classifier: its `pretrained`, and what must agree with that.

    Raises:
        SestinaError: It cannot be read, or its options differ.
    """
    if options.pretrained is None or options.encoder not in RECURRENT:
        return None
    for other in ("vectors", "contextual"):
        if getattr(options, other) is not None:
            raise OptionError(
                f"pretrained and {other} both say what words begin as; give one of them"
            )
    model = language_model(options.pretrained, "pretrained")
    check_same(
        "pretrained",
        {
            "encoder": model.cell,
            "embedding": model.embedding,
            "hidden": model.hidden,
            "layers": model.layers,
            "bidirectional": False,
            **reading_of(model),
        },
        options,
    )
    return model


def take_over(network: ClassifierNetwork, model: LanguageModel) -> None:
    """Give a classifier's embedding and recurrent layers the weights of a language model."""
    own, encoder = model.network_, network.encoder
    assert network.embedding is not None and isinstance(encoder, Recurrent)
    with torch.no_grad():
        network.embedding.weight.copy_(own.embedding.weight)
        for depth, layer in enumerate(own.encoder):
            for name, weight in layer.named_parameters():
                getattr(encoder.cell, name.replace("_l0", f"_l{depth}")).copy_(weight)
