"""What most probably follows: the next word, or the end of a word that was begun (row B10)."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

import numpy as np

from sestina.estimators.token_stream import State, TokenStream
from sestina.text.vocabulary import EOS, UNK, Vocabulary

LONGEST = 30  # characters that a word may go on for
BREADTH = 4  # beginnings that are followed up, for each word wanted
LEAST = 8


class Completion(NamedTuple):
    """A word and its probability."""

    text: str
    probability: float


def next_tokens(
    stream: TokenStream, vocabulary: Vocabulary, n: int, beginning: str
) -> list[Completion]:
    """Return the n most probable next tokens that begin so, UNK and EOS left out."""
    shares, names = stream.probabilities, vocabulary.tokens
    marks = {vocabulary[EOS], vocabulary[UNK], 0}
    found: list[Completion] = []
    for token in np.argsort(-shares, kind="stable").tolist():
        if token not in marks and names[token].startswith(beginning):
            found.append(Completion(names[token], float(shares[token])))
        if len(found) == n:
            break
    return found


def whole_words(
    stream: TokenStream, vocabulary: Vocabulary, before: Sequence[str], n: int
) -> list[Completion]:
    """Return the n most probable words, character by character, by a search along a beam.

    A word ends before a sign that is neither letter nor digit, or before the text's end; its
    probability is that of the characters to come and of such an end.

    Args:
        stream: A stream that has read what is `before`.
        vocabulary: The characters.
        before: Characters; a word that they end in is gone on with.
        n: How many words.
    """
    begun = "".join(takewhile(str.isalnum, reversed(before)))[::-1]
    inside = np.array([len(token) == 1 and token.isalnum() for token in vocabulary.tokens])
    outside = ~inside
    outside[[0, vocabulary[UNK]]] = False
    width = max(BREADTH * n, LEAST)
    beam: list[tuple[float, str, State]] = [(0.0, begun, stream.state)]
    found: dict[str, float] = {}
    for _ in range(LONGEST):
        longer: list[tuple[float, str, int, State]] = []
        for score, word, state in beam:
            stream.state = state
            logs = stream.log_probabilities
            if word:
                found[word] = score + float(np.log(np.exp(logs[outside]).sum()))
            ids = np.flatnonzero(inside)
            ids = ids[np.argsort(-logs[ids], kind="stable")[:width]]
            longer += [(score + float(logs[k]), word, int(k), state) for k in ids]
        best = heapq.nlargest(width, longer, key=lambda entry: entry[0])
        least = sorted(found.values(), reverse=True)[n - 1] if len(found) >= n else -np.inf
        beam = []
        for score, word, token, state in best:
            if score > least:  # an end only makes it less probable
                stream.state = state
                stream.advance(token)
                beam.append((score, word + vocabulary.tokens[token], stream.state))
    ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))[:n]
    return [Completion(word, float(np.exp(score))) for word, score in ranked]
