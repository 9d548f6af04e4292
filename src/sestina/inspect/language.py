"""A language model beside n-grams that read the same tokens."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sestina.data.ragged import Ragged
from sestina.estimators.language_model import LanguageModel
from sestina.estimators.sequence_from_vector import SequenceFromVector
from sestina.inspect.kneser_ney import KneserNey

ORDERS = {"unigrams": 1, "Kneser–Ney 5-gram": 5}
MORE = {"Kneser–Ney 8-gram": 8}  # of characters, of which five are hardly a word

Net = LanguageModel | SequenceFromVector


def orders(net: Net) -> dict[str, int]:
    """Return the n-grams that stand beside a net, and their lengths."""
    return ORDERS | MORE if net.level == "character" else ORDERS


def language_ladder(
    net: LanguageModel, train: Sequence[str], test: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Return figures of n-grams and of a net on test texts, weakest idea first.

    All have the net's vocabulary, in which rare words are UNK.

    Args:
        net: The fitted net; its rung is named by `name_of`.
        train: The texts that it was trained on, for the n-grams.
        test: The test texts.

    Returns:
        By name: perplexity, bits_per_character, parameters (of n-grams: their number), seconds;
        tokens, and the share unknown, which are the same of all.
    """
    found = net.figures(test)
    rungs = _grams(net, net.rows(train), net.rows(test), found)
    rungs[name_of(net)] = _of_net(net, found)
    return rungs


def vector_ladder(
    net: SequenceFromVector, train: Sequence[str], given: Any, test: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Return figures of n-grams, which know of no vectors, and of a net on test texts.

    Beside the net stands the net itself, which is given the vectors of other texts: the difference
    is what the vectors tell.

    Args:
        net: The fitted net; its rung is named by `name_of`.
        train: The texts that it was trained on, for the n-grams.
        given: What the test texts are written from, a data frame or an array (N, A).
        test: N test texts.

    Returns:
        By name: perplexity, bits_per_character, parameters (of n-grams: their number), seconds.
    """
    found = net.figures(given, test)
    rungs = _grams(net, net.rows(train), net.rows(test), found)
    other = np.random.default_rng(0).permutation(len(test)).tolist()
    rungs[f"{name_of(net)}, vectors mixed up"] = _of_net(net, net.figures(given[other], test))
    rungs[name_of(net)] = _of_net(net, found)
    return rungs


def grams_by_label(
    net: SequenceFromVector, train: Mapping[Any, Sequence[str]], test: Mapping[Any, Sequence[str]]
) -> float:
    """Return the perplexity of test texts for 5-grams that each label has of its own.

    They know what a text is written from, as the net does, but learn from its label's texts only.

    Args:
        net: The fitted net, whose vocabulary they have.
        train: Training texts by label.
        test: Test texts by label; all labels are some of train.
    """
    order, tokens = max(ORDERS.values()), len(net.vocabulary_)
    logs = [
        KneserNey(order).fit(net.rows(train[label]), tokens).log_probabilities(net.rows(texts))
        for label, texts in test.items()
    ]
    return float(np.exp(-np.concatenate(logs).mean()))


def _grams(
    net: Net, rows: Ragged, unseen: Ragged, found: dict[str, float]
) -> dict[str, dict[str, Any]]:
    """Return the rungs of n-grams fitted on rows of a net's ids, and judged on unseen ones."""
    rungs = {}
    for name, order in orders(net).items():
        started = time.perf_counter()
        grams = KneserNey(order).fit(rows, len(net.vocabulary_))
        seconds = time.perf_counter() - started
        perplexity = grams.perplexity(unseen)
        bits = math.log2(perplexity) * found["tokens"] / found["characters"]
        rungs[name] = _rung(found, perplexity, bits, grams.n_parameters_, seconds)
    return rungs


def _of_net(net: Net, found: dict[str, float]) -> dict[str, Any]:
    own = found["perplexity"], found["bits_per_character"]
    return _rung(found, *own, net.n_parameters_, net.seconds_)


def language_verdict(rungs: Mapping[str, Mapping[str, Any]], name: str, other: str) -> str:
    """Return one sentence: by how much a model's perplexity lies below or above another's."""
    one, two = (float(rungs[who]["perplexity"]) for who in (name, other))
    if one < two:
        return f"{name} beats {other}: its perplexity is {1 - one / two:.1%} lower."
    if one == two:
        return f"{name} and {other} have the same perplexity."
    return (
        f"{name} loses to {other}: its perplexity is {one / two - 1:.1%} higher. Use {other}, or "
        "give the net more texts, epochs or other options."
    )


def name_of(net: LanguageModel | SequenceFromVector) -> str:
    """Return what a net is called beside its baselines."""
    begun = "pre-trained " if getattr(net, "pretrained", None) is not None else ""
    stacked = f"{net.layers} × " if net.layers > 1 else ""
    return f"{begun}{stacked}{net.cell.upper()} {net.hidden}"


def _rung(
    found: Mapping[str, float], perplexity: float, bits: float, parameters: int, seconds: float
) -> dict[str, Any]:
    return {
        "perplexity": perplexity,
        "bits_per_character": bits,
        "tokens": found["tokens"],
        "unknown": found["unknown"],
        "parameters": parameters,
        "seconds": round(seconds, 3),
    }
