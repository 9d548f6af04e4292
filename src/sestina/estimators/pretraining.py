"""Language models that a classifier begins as (ULMFiT): compared, their weights taken over.

Howard and Ruder, Universal language model fine-tuning for text classification, 2018.
"""

from __future__ import annotations

from typing import Any

import torch

from sestina import config
from sestina.config import RECURRENT, VARIANT
from sestina.errors import OptionError
from sestina.estimators.given_model import check_same, language_model
from sestina.estimators.language_model import LanguageModel
from sestina.nn.classifier import ClassifierNetwork
from sestina.nn.encoders import Recurrent


def read_alike(model: LanguageModel) -> dict[str, Any]:
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
    model = language_model(options.pretrained, "pretrained", LanguageModel)
    check_same(
        "pretrained",
        {
            "encoder": model.cell,
            **{name: getattr(model, name) for name in VARIANT},
            "embedding": model.embedding,
            "hidden": model.hidden,
            "layers": model.layers,
            "bidirectional": False,
            **read_alike(model),
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
