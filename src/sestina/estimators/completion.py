"""What most probably follows: the next word, or the end of a word that was begun (row B10)."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sestina.errors import OptionError
from sestina.estimators.token_stream import State, TokenStream
from sestina.options import is_whole
from sestina.text.clean import cleaner
from sestina.text.detokenise import BLANK
from sestina.text.languages import Language
from sestina.text.vocabulary import EOS, UNK, Vocabulary

LONGEST = 30  # characters that a word may go on for
BREADTH = 4  # beginnings that are followed up, for each word wanted
LEAST = 8

Mask = NDArray[np.bool_]
Branch = tuple[float, str, Mask, State]


class Completion(NamedTuple):
    """A word and its probability."""

    text: str
    probability: float


def completions(
    fed: Callable[[str], TokenStream], language: Language, prefix: str, n: int, beginning: str
) -> list[Completion]:
    """Return the n most probable words that follow a text, with their probabilities.

    Args:
        fed: Returns a stream that has read a text.
        language: What its tokens are. Those of level "word" are words; others are put together.
        prefix: The text so far.
        n: How many words.
        beginning: Only words that begin so; of a word model.

    Raises:
        OptionError: n is no number of words, or tokens that are no words come with a `beginning`.
    """
    if not is_whole(n) or n < 1:
        raise OptionError(f"n={n!r} makes no sense; give the number of words wanted")
    if not isinstance(beginning, str):
        raise OptionError(f"beginning={beginning!r:.60} is no string; give how the words begin")
    vocabulary, level = language.vocabulary, language.reading.level
    if level == "word":
        return next_tokens(fed(prefix), vocabulary, n, beginning)
    if beginning:
        raise OptionError(
            f"a {level} model takes a word's beginning at the prefix's end; drop beginning"
        )
    stream = fed(prefix)  # which says what is no text
    text = cleaner(language.reading)(prefix)
    if level == "character":
        return whole_words(stream, Parts.of_characters(vocabulary), n, last_word(text))
    wanted = last_word(text)  # whose own parts may not be those that a longer word begins with
    before = text.removesuffix(wanted)
    inside = before != "" and not before[-1].isspace()
    return whole_words(fed(before), Parts.of_words(vocabulary, inside), n, wanted=wanted)


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


def last_word(text: str) -> str:
    """Return the letters and digits that a text ends in."""
    return "".join(takewhile(str.isalnum, reversed(text)))[::-1]


@dataclass(frozen=True)
class Parts:
    """What words are spelt with: characters, or parts of words.

    Attributes:
        texts: What each token adds to a word, V of them.
        first: Which may come first, (V,).
        inside: Which may follow, (V,).
        outside: Which end a word, (V,): those that are none of it, or begin another.
    """

    texts: list[str]
    first: Mask
    inside: Mask
    outside: Mask

    @classmethod
    def of_characters(cls, vocabulary: Vocabulary) -> Parts:
        """Return the parts of a character model: letters and digits."""
        texts = list(vocabulary.tokens)
        inside = np.array([len(text) == 1 and text.isalnum() for text in texts])
        return cls(texts, inside, inside, _others(inside, vocabulary))

    @classmethod
    def of_words(cls, vocabulary: Vocabulary, inside_a_word: bool) -> Parts:
        """Return the parts of a subword model.

        Args:
            vocabulary: Its vocabulary.
            inside_a_word: Whether the first is one that no blank stands before, as behind a
                bracket.
        """
        tokens = vocabulary.tokens
        texts = [token.removeprefix(BLANK) for token in tokens]
        whole = np.array([text.isalnum() for text in texts])
        begins = np.array([token.startswith(BLANK) for token in tokens])
        inside = whole & ~begins
        first = inside if inside_a_word else begins & (whole | (np.array(tokens) == BLANK))
        return cls(texts, first, inside, _others(inside, vocabulary))


def _others(inside: Mask, vocabulary: Vocabulary) -> Mask:
    outside: Mask = ~inside
    outside[[0, vocabulary[UNK]]] = False
    return outside


def whole_words(
    stream: TokenStream, parts: Parts, n: int, begun: str = "", wanted: str = ""
) -> list[Completion]:
    """Return the n most probable words, part by part, by a search along a beam.

    A word ends before a token that is `parts.outside`; its probability is that of the parts to
    come and of such an end, summed over the ways to spell it that were found.

    Args:
        stream: A stream that has read what stands before, `begun` included.
        parts: What words are spelt with.
        n: How many words.
        begun: How the word begins that was read.
        wanted: Only words that begin so.
    """
    width = max(BREADTH * n, LEAST)
    # what has been spelt with a word's first part still to come is no word yet
    beam: list[Branch] = [(0.0, begun, parts.inside if begun else parts.first, stream.state)]
    found: dict[str, float] = {}
    for _ in range(LONGEST):
        longer: list[tuple[float, str, int, State]] = []
        for score, word, allowed, state in beam:
            stream.state = state
            logs = stream.log_probabilities
            if word and word.startswith(wanted):
                end = score + float(np.log(np.exp(logs[parts.outside]).sum()))
                found[word] = float(np.logaddexp(found.get(word, -np.inf), end))
            ids = _fitting(parts, allowed, word, wanted)
            ids = ids[np.argsort(-logs[ids], kind="stable")[:width]]
            longer += [(score + float(logs[k]), word, int(k), state) for k in ids]
        best = heapq.nlargest(width, longer, key=lambda entry: entry[0])
        least = sorted(found.values(), reverse=True)[n - 1] if len(found) >= n else -np.inf
        beam = []
        for score, word, token, state in best:
            if score > least:  # an end only makes it less probable
                stream.state = state
                stream.advance(token)
                beam.append((score, word + parts.texts[token], parts.inside, stream.state))
    ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))[:n]
    return [Completion(word, float(np.exp(score))) for word, score in ranked]


def _fitting(parts: Parts, allowed: Mask, word: str, wanted: str) -> NDArray[np.int64]:
    """Return the tokens that may follow and keep to the beginning that is wanted."""
    ids = np.flatnonzero(allowed)
    if len(word) >= len(wanted):
        return ids
    rest = wanted[len(word) :]
    fits = [parts.texts[k].startswith(rest) or rest.startswith(parts.texts[k]) for k in ids]
    return ids[np.array(fits, np.bool_)]
