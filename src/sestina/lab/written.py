"""What is told of the texts that a model writes (row E3)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

MOST = {"word": 60}  # tokens that a model may write, by its level
OTHERWISE = 200


def most_tokens(level: str) -> int:
    """Return how many tokens a model of some level may write: a few sentences."""
    return MOST.get(level, OTHERWISE)


def of_written(
    texts: Sequence[str], ended: Sequence[bool], known: Collection[str], shown: Sequence[str]
) -> dict[str, Any]:
    """Return the share of texts that a model ended itself, and of these the share that is new.

    Args:
        texts: What it wrote.
        ended: Of each, whether it ended it itself.
        known: The texts that it was trained on.
        shown: What is shown of the texts.
    """
    whole = [text for text, end in zip(texts, ended, strict=True) if end]
    return {
        "texts": list(shown),
        "ended": len(whole) / len(texts),
        "new": sum(text not in known for text in whole) / max(len(whole), 1),
    }
