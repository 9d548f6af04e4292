"""Sestina: learning from sequences with recurrent networks and word embeddings, on a CPU.

Names are loaded when first used: ``import sestina`` loads neither torch nor numba.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sestina.version import __version__

if TYPE_CHECKING:
    from sestina.audio.features import LogMel
    from sestina.audio.speech import read_speech, read_twins
    from sestina.data.datasets import pairs as load_pairs
    from sestina.data.datasets import recordings as load_series
    from sestina.data.datasets import records as load_dataset
    from sestina.data.datasets import table as load_table
    from sestina.data.datasets import tagged as load_tagged
    from sestina.data.parallel import read_pairs
    from sestina.data.read import read
    from sestina.data.series_files import read_series
    from sestina.data.tagged import read_tagged
    from sestina.errors import SestinaError
    from sestina.estimators.bridge import BridgeClassifier
    from sestina.estimators.contextual import ContextualSentenceVectors, ContextualVectors
    from sestina.estimators.forecaster import SeriesForecaster
    from sestina.estimators.language_model import LanguageModel
    from sestina.estimators.loading import load
    from sestina.estimators.neuron import Perceptron, SigmoidNeuron
    from sestina.estimators.recognizer import BridgeRecognizer
    from sestina.estimators.sequence_from_vector import SequenceFromVector
    from sestina.estimators.sequence_similarity import SequenceSimilarity
    from sestina.estimators.sequence_tagger import SequenceTagger
    from sestina.estimators.series import SeriesClassifier
    from sestina.estimators.text_classifier import TextClassifier
    from sestina.estimators.translator import Translator
    from sestina.inspect.forecast_ladder import backtest
    from sestina.kernels.parallel import set_threads
    from sestina.quality.check import check_data
    from sestina.text.bags import Counts, MultiHot, TfIdf
    from sestina.text.hashing import Hashing
    from sestina.text.one_hot import OneHot, OneHotTokens
    from sestina.text.sentences import sentences
    from sestina.text.sequences import IntegerSequences
    from sestina.text.subword import Subwords
    from sestina.text.vocabulary import Vocabulary
    from sestina.vectors.biplot import biplot
    from sestina.vectors.components import Components
    from sestina.vectors.counted import PMI, GloVe
    from sestina.vectors.documents import Doc2Vec
    from sestina.vectors.fasttext import FastText
    from sestina.vectors.sentences import SentenceVectors
    from sestina.vectors.table import WordVectors
    from sestina.vectors.word2vec import Word2Vec

_PLACES = {
    "BridgeClassifier": "sestina.estimators.bridge",
    "BridgeRecognizer": "sestina.estimators.recognizer",
    "Components": "sestina.vectors.components",
    "ContextualSentenceVectors": "sestina.estimators.contextual",
    "ContextualVectors": "sestina.estimators.contextual",
    "Counts": "sestina.text.bags",
    "Doc2Vec": "sestina.vectors.documents",
    "FastText": "sestina.vectors.fasttext",
    "GloVe": "sestina.vectors.counted",
    "Hashing": "sestina.text.hashing",
    "IntegerSequences": "sestina.text.sequences",
    "LogMel": "sestina.audio.features",
    "MultiHot": "sestina.text.bags",
    "LanguageModel": "sestina.estimators.language_model",
    "OneHot": "sestina.text.one_hot",
    "OneHotTokens": "sestina.text.one_hot",
    "PMI": "sestina.vectors.counted",
    "Perceptron": "sestina.estimators.neuron",
    "SentenceVectors": "sestina.vectors.sentences",
    "SequenceFromVector": "sestina.estimators.sequence_from_vector",
    "SequenceSimilarity": "sestina.estimators.sequence_similarity",
    "SequenceTagger": "sestina.estimators.sequence_tagger",
    "SeriesClassifier": "sestina.estimators.series",
    "SeriesForecaster": "sestina.estimators.forecaster",
    "SestinaError": "sestina.errors",
    "Subwords": "sestina.text.subword",
    "SigmoidNeuron": "sestina.estimators.neuron",
    "TextClassifier": "sestina.estimators.text_classifier",
    "TfIdf": "sestina.text.bags",
    "Translator": "sestina.estimators.translator",
    "Vocabulary": "sestina.text.vocabulary",
    "Word2Vec": "sestina.vectors.word2vec",
    "WordVectors": "sestina.vectors.table",
    "backtest": "sestina.inspect.forecast_ladder",
    "check_data": "sestina.quality.check",
    "biplot": "sestina.vectors.biplot",
    "load": "sestina.estimators.loading",
    "load_dataset": "sestina.data.datasets:records",
    "load_pairs": "sestina.data.datasets:pairs",
    "load_series": "sestina.data.datasets:recordings",
    "load_tagged": "sestina.data.datasets:tagged",
    "load_table": "sestina.data.datasets:table",
    "read": "sestina.data.read",
    "read_pairs": "sestina.data.parallel",
    "read_series": "sestina.data.series_files",
    "read_speech": "sestina.audio.speech",
    "read_twins": "sestina.audio.speech",
    "read_tagged": "sestina.data.tagged",
    "sentences": "sestina.text.sentences",
    "set_threads": "sestina.kernels.parallel",
}

__all__ = [
    "PMI",
    "BridgeClassifier",
    "BridgeRecognizer",
    "Components",
    "ContextualSentenceVectors",
    "ContextualVectors",
    "Counts",
    "Doc2Vec",
    "FastText",
    "GloVe",
    "Hashing",
    "IntegerSequences",
    "LanguageModel",
    "LogMel",
    "MultiHot",
    "OneHot",
    "OneHotTokens",
    "Perceptron",
    "SentenceVectors",
    "SequenceFromVector",
    "SequenceSimilarity",
    "SequenceTagger",
    "SeriesClassifier",
    "SeriesForecaster",
    "SestinaError",
    "SigmoidNeuron",
    "Subwords",
    "TextClassifier",
    "TfIdf",
    "Translator",
    "Vocabulary",
    "Word2Vec",
    "WordVectors",
    "__version__",
    "backtest",
    "biplot",
    "check_data",
    "load",
    "load_dataset",
    "load_pairs",
    "load_series",
    "load_table",
    "load_tagged",
    "read",
    "read_pairs",
    "read_series",
    "read_speech",
    "read_tagged",
    "read_twins",
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
