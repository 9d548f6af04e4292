"""What models that write texts share: how texts become tokens, and what is said of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from sestina.config import StackOptions, TextOptions
from sestina.errors import counted
from sestina.metrics import perplexity
from sestina.nn.language import LanguageNetwork
from sestina.text.clean import cleaner
from sestina.text.encode import Encoded
from sestina.text.languages import WHOLE, Language


def reading_of(options: Any) -> TextOptions:
    """Return how the texts of an estimator are read, to their ends, in terms of `text.encode`."""
    own = {spec.name for spec in fields(options)} & {spec.name for spec in fields(TextOptions)}
    same = {name: getattr(options, name) for name in own - {"max_tokens"}}
    return TextOptions(**same, max_tokens=WHOLE, mark_end=True)


def notes(encoded: Encoded, network: LanguageNetwork, options: StackOptions) -> list[str]:
    """Return what is empty or unknown in training texts, and what does nothing, in sentences.

    Args:
        encoded: The training texts.
        network: What learns them.
        options: Of the network.
    """
    found = []
    if encoded.empty:
        found.append(f"no token in {encoded.empty:,} of {counted(len(encoded.ids), 'text')}")
    if encoded.unknown:
        found.append(
            f"{encoded.unknown / encoded.tokens:.1%} of the running tokens are outside the "
            f"vocabulary of {len(network.embedding.weight):,}"
        )
    if options.tied and network.cutoffs:
        found.append(
            "tied does nothing with the adaptive softmax, which a vocabulary of "
            f"{options.adaptive:,} or more gets"
        )
    return found


def opening(prompt: str, level: str) -> str:
    """Return a prompt as a text begins with it: a word that follows brings its own blank."""
    return prompt.rstrip() if level == "word" else prompt


def cut_prompt(prompt: str, language: Language) -> list[str]:
    """Return the tokens of a prompt; a blank at its end is one for a character model."""
    tokens = language.cut(prompt)
    if language.reading.level == "character" and tokens and prompt[-1].isspace():
        tokens.append(" ")
    return tokens


def characters(texts: Sequence[str], options: Any) -> int:
    """Return the characters of texts as they are read, a text's end counted as one."""
    clean = cleaner(options)
    return sum(len(" ".join(clean(text).split())) + 1 for text in texts)


def figures(total: float, encoded: Encoded, size: int) -> dict[str, float]:
    """Return perplexity, bits per character, tokens and characters, and the share unknown.

    Args:
        total: −log P of all texts, natural.
        encoded: The texts, EOS behind each.
        size: Their `characters`; 0 for lists of tokens, which have none.
    """
    tokens = len(encoded.ids.values)
    found = {"perplexity": perplexity(total / tokens), "tokens": tokens}
    if size:
        found |= {"bits_per_character": total / math.log(2) / size, "characters": size}
    return {**found, "unknown": encoded.unknown / tokens}
