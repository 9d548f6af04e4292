"""The report of a language model: one HTML page that needs neither network nor scripts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sestina.errors import counted
from sestina.estimators.language_model import LanguageModel
from sestina.inspect.language_sections import (
    RANKED,
    TOKENS,
    Rungs,
    extremes,
    samples,
    shown,
    whole,
)
from sestina.inspect.sections import Told

TEMPERATURES = (0.5, 0.8, 1.0)
SAMPLES = 3  # at each temperature


def render_language(net: LanguageModel, rungs: Rungs, test: Sequence[str], told: Told) -> str:
    """Return the report as an HTML page.

    Args:
        net: The model that the report is about.
        rungs: Figures on the test part, by name; `language_ladder`.
        test: The test texts.
        told: Data, options and verdicts.

    Raises:
        MissingExtra: altair or vl-convert-python is not installed.
    """
    more = [
        ("samples", "What it writes", "" if net.backwards else _samples(net)),
        ("texts", "What it expects", "" if net.backwards else _texts(net, test)),
    ]
    return whole(net, rungs, told, (test,), "beside n-grams", more)


def _samples(net: LanguageModel) -> str:
    """Return texts that the model writes, by temperature."""
    n = TOKENS[net.level]
    groups = {
        f"Temperature {temperature:g}": [
            net.generate("", n, temperature, seed=seed) for seed in range(SAMPLES)
        ]
        for temperature in TEMPERATURES
    }
    how = (
        f"Drawn token by token from the beginning of a text, up to {counted(n, 'token')}; seeds 0 "
        f"to {SAMPLES - 1}. A low temperature keeps to what is probable, 1 is the model's own "
        "distribution."
    )
    return samples(groups, how)


def _texts(net: LanguageModel, test: Sequence[str]) -> str:
    """Return the most and the least probable test texts, their tokens coloured."""
    step = max(-(-len(test) // RANKED), 1)
    texts = list(dict.fromkeys(test[::step]))
    sizes = [len(net.tokens(text)) for text in texts]
    kept = shown(sizes)
    texts, lengths = [texts[n] for n in kept], np.array([sizes[n] + 1 for n in kept])  # EOS too
    means = net.score_texts(texts) / lengths
    return extremes(means, lambda n: net.score_tokens(texts[n]), net)
