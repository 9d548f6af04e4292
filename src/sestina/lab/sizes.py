"""Parameters of an experiment's network at the lecture's sizes, whatever the data at hand are.

The lectures count with a vocabulary of 10,000 words and vectors of 100 or 300 numbers. Our data
may hold fewer words, and our vectors be shorter, so the network is built once more for the count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sestina.lab.experiment import Experiment, Lecture

LETTERS = 100  # characters that a tagger's count supposes


def at_lecture_sizes(experiment: Experiment) -> dict[str, int]:
    """Return how many parameters there are, "total" and "trainable".

    Where the lecture counts without the output layer (``head = false``), so does this.
    """
    return COUNTS[experiment.estimator](experiment)


def _of_network(experiment: Experiment) -> dict[str, int]:
    counts = [_of_one(options, experiment.lecture) for options in experiment.build().values()]
    return {key: sum(count[key] for count in counts) for key in ("total", "trainable")}


def _of_one(options: Any, lecture: Lecture) -> dict[str, int]:
    """Count one network; rows of hashed n-grams, which depend on the texts, come on top."""
    from sestina.nn.classifier import ClassifierNetwork
    from sestina.nn.embedding import TokenEmbedding
    from sestina.nn.heads import Target
    from sestina.train import random_stream

    width = lecture.vector_size or options.embedding
    bag = options.encoder == "bag"
    frozen = options.vectors is not None and not options.fine_tune
    with random_stream(0):
        table = None
        if not bag:
            table = TokenEmbedding(lecture.vocabulary, width, None, trainable=not frozen)
        network = ClassifierNetwork(
            options,
            Target(lecture.classes),
            lecture.vocabulary if bag else width,
            options.max_tokens,
            table,
        )
    head = () if lecture.head else {id(weight) for weight in network.head.parameters()}
    return _counted(weight for weight in network.parameters() if id(weight) not in head)


def _of_neuron(experiment: Experiment) -> dict[str, int]:
    """Count a weight per word of the vocabulary, and the bias."""
    weights = (experiment.lecture.vocabulary + 1) * len(experiment.networks)
    return {"total": weights, "trainable": weights}


def _of_tagger(experiment: Experiment) -> dict[str, int]:
    """Count a tagger of the lecture's vocabulary and tags; its letters are a hundred."""
    import numpy as np

    from sestina.nn.embedding import TokenEmbedding
    from sestina.nn.tagger import TaggerNetwork
    from sestina.train import random_stream

    lecture, (options,) = experiment.lecture, experiment.build().values()
    with random_stream(0):
        known, words = None, TokenEmbedding(lecture.vocabulary, options.embedding, None, True)
        if options.vectors is not None:
            size = (lecture.vocabulary, lecture.vector_size or options.embedding)
            known = TokenEmbedding(*size, None, trainable=options.fine_tune)
        allowed = np.ones((lecture.classes + 1,) * 2, np.bool_)
        network = TaggerNetwork(options, allowed, words, known, LETTERS)
    return _counted(network.parameters())


def _of_series(experiment: Experiment) -> dict[str, int]:
    from sestina.nn.heads import Target
    from sestina.nn.series import SeriesNetwork
    from sestina.train import random_stream

    (options,), lecture = experiment.build().values(), experiment.lecture
    steps = options.window or 1
    with random_stream(0):
        network = SeriesNetwork(options, options, Target(lecture.classes), lecture.channels, steps)
    return _counted(network.parameters())


def _of_bridge(experiment: Experiment) -> dict[str, int]:
    """Count a student of the lecture's channels and classes; recursions add nothing."""
    from sestina.nn.bridged import BridgedNetwork
    from sestina.train import random_stream

    lecture, (options,) = experiment.lecture, experiment.build().values()
    with random_stream(0):
        return _counted(BridgedNetwork(options, lecture.channels, lecture.classes).parameters())


def _of_recognizer(experiment: Experiment) -> dict[str, int]:
    """Count a student of the lecture's features in a frame and symbols."""
    from sestina.nn.bridged import SteppedNetwork
    from sestina.train import random_stream

    lecture, (options,) = experiment.lecture, experiment.build().values()
    inputs, planes = lecture.channels * options.stack, (options.planes or 1) * options.stack
    with random_stream(0):
        return _counted(SteppedNetwork(options, inputs, lecture.classes, planes).parameters())


def _of_language_model(experiment: Experiment) -> dict[str, int]:
    from sestina.nn.language import LanguageNetwork
    from sestina.train import random_stream

    (options,) = experiment.build().values()
    with random_stream(0):
        network = LanguageNetwork(options, experiment.lecture.vocabulary)
    return _counted(network.parameters())


def _of_translator(experiment: Experiment) -> dict[str, int]:
    """Count a translator both of whose languages have the lecture's vocabulary."""
    from sestina.nn.translator import TranslatorNetwork
    from sestina.train import random_stream

    (options,), size = experiment.build().values(), experiment.lecture.vocabulary
    with random_stream(0):
        network = TranslatorNetwork(options, size, size, options.shared)
    return _counted(network.parameters())


def _of_sequence_from_vector(experiment: Experiment) -> dict[str, int]:
    """Count what writes from a vector with a place for each of the lecture's classes."""
    from sestina.nn.from_vector import VectorNetwork
    from sestina.train import random_stream

    (options,), lecture = experiment.build().values(), experiment.lecture
    with random_stream(0):
        network = VectorNetwork(options, lecture.vocabulary, lecture.classes)
    return _counted(network.parameters())


def _of_recall(experiment: Experiment) -> dict[str, int]:
    """Count a network for the test that the experiment's data are."""
    from sestina.data.recall import Recall
    from sestina.lab.parts import TOYS

    (trial,) = experiment.build().values()
    source = TOYS[experiment.data].make()
    assert isinstance(source, Recall)  # as its task says
    return _counted(trial.build(source.what).parameters())


def _of_linear(experiment: Experiment) -> dict[str, int]:
    """Count the matrix, which nothing trains."""
    return {"total": experiment.build()["LinearRecurrence"].units ** 2, "trainable": 0}


def _of_similarity(experiment: Experiment) -> dict[str, int]:
    """Count the one encoder that reads both texts, with the lecture's vocabulary."""
    from sestina.nn.classifier import ClassifierNetwork
    from sestina.nn.embedding import TokenEmbedding
    from sestina.nn.heads import Target
    from sestina.train import random_stream

    (options,), lecture = experiment.build().values(), experiment.lecture
    width = lecture.vector_size or options.embedding
    trainable = options.vectors is None or options.fine_tune
    with random_stream(0):
        table = TokenEmbedding(lecture.vocabulary, width, None, trainable)
        target = Target(options.size, multi_label=True)
        network = ClassifierNetwork(options, target, width, options.max_tokens, table)
    return _counted(network.parameters())


def _of_forecaster(experiment: Experiment) -> dict[str, int]:
    """Count a forecaster of one variable, of which the place in the year is known ahead."""
    from sestina.nn.forecaster import ForecastNetwork
    from sestina.train import random_stream

    (options,) = experiment.build().values()
    with random_stream(0):
        network = ForecastNetwork(options, 1, 2, options.reach())
    return _counted(network.parameters())


def _counted(weights: Iterable[Any]) -> dict[str, int]:
    weights = list(weights)
    return {
        "total": sum(weight.numel() for weight in weights),
        "trainable": sum(weight.numel() for weight in weights if weight.requires_grad),
    }


COUNTS: dict[str, Callable[[Experiment], dict[str, int]]] = {
    "TextClassifier": _of_network,
    "PretrainedClassifier": _of_network,
    "InContextClassifier": _of_network,
    "TextNeuron": _of_neuron,
    "SequenceTagger": _of_tagger,
    "SeriesClassifier": _of_series,
    "BridgeClassifier": _of_bridge,
    "BridgeRecognizer": _of_recognizer,
    "LanguageModel": _of_language_model,
    "Translator": _of_translator,
    "SequenceSimilarity": _of_similarity,
    "SeriesForecaster": _of_forecaster,
    "SequenceFromVector": _of_sequence_from_vector,
    "RecallTrial": _of_recall,
    "LinearRecurrence": _of_linear,
}


def compared(experiment: Experiment) -> dict[str, Any]:
    """Return the counts, the lecture's, and whether all that it states match (None: none)."""
    counts, lecture = at_lecture_sizes(experiment), experiment.lecture
    stated = {"total": lecture.parameters, "trainable": lecture.trainable}
    given = {key: value for key, value in stated.items() if value is not None}
    return {
        **counts,
        "head": lecture.head,
        "vocabulary": lecture.vocabulary,
        "lecture": given,
        "match": all(counts[key] == value for key, value in given.items()) if given else None,
    }
