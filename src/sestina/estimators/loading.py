"""Model folder → estimator, whichever it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sestina.errors import ModelError, nearest
from sestina.estimators.bridge import BridgeClassifier
from sestina.estimators.folder import read_model
from sestina.estimators.forecaster import SeriesForecaster
from sestina.estimators.language_model import LanguageModel
from sestina.estimators.recognizer import BridgeRecognizer
from sestina.estimators.sequence_from_vector import SequenceFromVector
from sestina.estimators.sequence_similarity import SequenceSimilarity
from sestina.estimators.sequence_tagger import SequenceTagger
from sestina.estimators.series import SeriesClassifier
from sestina.estimators.text_classifier import TextClassifier
from sestina.estimators.translator import Translator
from sestina.store import load_config

ESTIMATORS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        TextClassifier,
        SeriesClassifier,
        BridgeClassifier,
        BridgeRecognizer,
        SeriesForecaster,
        SequenceTagger,
        SequenceSimilarity,
        LanguageModel,
        SequenceFromVector,
        Translator,
    )
}


def load(folder: str | Path) -> Any:
    """Return the estimator that `save` wrote into a folder; nothing of the folder is executed.

    Raises:
        ModelError: The folder is missing, truncated, changed, foreign, or newer than this version.
    """
    name = str(load_config(folder).get("estimator"))
    if name not in ESTIMATORS:
        raise ModelError(f"{str(folder)!r} holds a {name!r}{nearest(name, ESTIMATORS)}")
    return read_model(ESTIMATORS[name], folder)
