"""N-grams: tokens that stand side by side, as terms of their own (row A2)."""

from __future__ import annotations

from collections.abc import Sequence

from sestina.errors import OptionError

BETWEEN = " "


def ngrams(
    tokens: Sequence[str], shortest: int = 1, longest: int = 3, between: str = BETWEEN
) -> list[str]:
    """Return the runs of `shortest` to `longest` tokens, in the order in which they end.

    Args:
        tokens: Words or characters, in order; a string is a sequence of its characters.
        shortest: Tokens of the shortest runs.
        longest: Tokens of the longest.
        between: What is put between the tokens of a run: a blank for words, nothing for characters.

    Raises:
        OptionError: The lengths make no sense.

    Example:
        >>> ngrams(["my", "socks", "off"], 1, 2)
        ['my', 'socks', 'my socks', 'off', 'socks off']
        >>> ngrams("sox", 2, 3, between="")
        ['so', 'ox', 'sox']
    """
    check_lengths(shortest, longest)
    return [
        between.join(tokens[end - size : end])
        for end in range(1, len(tokens) + 1)
        for size in range(shortest, min(longest, end) + 1)
    ]


def bag(tokens: Sequence[str], longest: int = 3, between: str = BETWEEN) -> frozenset[str]:
    """Return the bag of n-grams of BST 261 [000]: runs of 1 to `longest` tokens, without order.

    Args:
        tokens: Words or characters, in order.
        longest: Tokens of the longest runs: 3 for a bag of 3-grams.
        between: What is put between the tokens of a run.

    Raises:
        OptionError: `longest` is less than 1.

    Example:
        >>> sorted(bag(["data", "science", "rocks"], 2))
        ['data', 'data science', 'rocks', 'science', 'science rocks']
    """
    return frozenset(ngrams(tokens, 1, longest, between))


def check_lengths(shortest: int, longest: int) -> None:
    """Raise unless 1 ≤ shortest ≤ longest.

    Raises:
        OptionError: They are not.
    """
    if not 1 <= shortest <= longest:
        raise OptionError(
            f"n-grams of {shortest} to {longest} tokens make no sense; "
            "give a shortest length of 1 or more, and a longest of at least that"
        )
