"""A language model beside n-grams that read the same tokens."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

from sestina.estimators.language_model import LanguageModel
from sestina.inspect.kneser_ney import KneserNey

ORDERS = {"unigrams": 1, "Kneser–Ney 5-gram": 5}


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
        By name: perplexity, bits_per_character, parameters (of n-grams: their number), seconds.
    """
    found = net.figures(test)
    rows, unseen, tokens = net.rows(train), net.rows(test), len(net.vocabulary_)
    rungs = {}
    for name, order in ORDERS.items():
        started = time.perf_counter()
        grams = KneserNey(order).fit(rows, tokens)
        seconds = time.perf_counter() - started
        perplexity = grams.perplexity(unseen)
        bits = math.log2(perplexity) * found["tokens"] / found["characters"]
        rungs[name] = _rung(perplexity, bits, grams.n_parameters_, seconds)
    own = found["perplexity"], found["bits_per_character"]
    rungs[name_of(net)] = _rung(*own, net.n_parameters_, net.seconds_)
    return rungs


def name_of(net: LanguageModel) -> str:
    """Return what a net is called beside its baselines."""
    stacked = f"{net.layers} × " if net.layers > 1 else ""
    return f"{stacked}{net.cell.upper()} {net.hidden}"


def _rung(perplexity: float, bits: float, parameters: int, seconds: float) -> dict[str, Any]:
    return {
        "perplexity": perplexity,
        "bits_per_character": bits,
        "parameters": parameters,
        "seconds": round(seconds, 3),
    }
