"""Sestina: learning from sequences with recurrent networks and word embeddings, on a CPU.

Names are loaded when first used: ``import sestina`` loads neither torch nor numba.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sestina.version import __version__

if TYPE_CHECKING:
    from sestina.data.datasets import records as load_dataset
    from sestina.data.read import read
    from sestina.errors import SestinaError
    from sestina.estimators.loading import load
    from sestina.estimators.series import SeriesClassifier
    from sestina.estimators.text_classifier import TextClassifier
    from sestina.kernels.parallel import set_threads
    from sestina.text.sentences import sentences
    from sestina.text.vocabulary import Vocabulary
    from sestina.vectors.counted import PMI, GloVe
    from sestina.vectors.documents import Doc2Vec
    from sestina.vectors.fasttext import FastText
    from sestina.vectors.sentences import SentenceVectors
    from sestina.vectors.table import WordVectors
    from sestina.vectors.word2vec import Word2Vec

_PLACES = {
    "Doc2Vec": "sestina.vectors.documents",
    "FastText": "sestina.vectors.fasttext",
    "GloVe": "sestina.vectors.counted",
    "PMI": "sestina.vectors.counted",
    "SentenceVectors": "sestina.vectors.sentences",
    "SeriesClassifier": "sestina.estimators.series",
    "SestinaError": "sestina.errors",
    "TextClassifier": "sestina.estimators.text_classifier",
    "Vocabulary": "sestina.text.vocabulary",
    "Word2Vec": "sestina.vectors.word2vec",
    "WordVectors": "sestina.vectors.table",
    "load": "sestina.estimators.loading",
    "load_dataset": "sestina.data.datasets:records",
    "read": "sestina.data.read",
    "sentences": "sestina.text.sentences",
    "set_threads": "sestina.kernels.parallel",
}

__all__ = [
    "PMI",
    "Doc2Vec",
    "FastText",
    "GloVe",
    "SentenceVectors",
    "SeriesClassifier",
    "SestinaError",
    "TextClassifier",
    "Vocabulary",
    "Word2Vec",
    "WordVectors",
    "__version__",
    "load",
    "load_dataset",
    "read",
    "sentences",
    "set_threads",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'sestina' has no attribute {name!r}")
    module, _, attribute = _PLACES[name].partition(":")
    try:
        value = getattr(import_module(module), attribute or name)
    except ModuleNotFoundError as error:
        if error.name == "torch":
            from sestina.errors import MissingExtra

            raise MissingExtra("torch", "nn") from error
        raise
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
