"""The likeliest sequences of symbols: sums over their paths, and a language model of words.

Letters: T frames, K symbols with the blank, W the width of the beam.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sestina.errors import DataError, OptionError, counted
from sestina.recognition.ctc import Floats, checked

WordScore = Callable[[str, tuple[str, ...]], float]
"""A word and those before it → log P(word | those before it), natural."""


class Found(NamedTuple):
    """A sequence that was found.

    Attributes:
        symbols: Their numbers.
        score: log P of all its paths, plus what the words add.
    """

    symbols: tuple[int, ...]
    score: float


@dataclass(frozen=True)
class Words:
    """What a language model adds to the score of a text: weight · Σ log P(word) + bonus · words.

    Attributes:
        score: The model.
        letters: What each of the K symbols writes; the blank's is not used.
        weight: Of its logarithms.
        bonus: For each word, since a model likes few of them.
        space: The letter between words.
    """

    score: WordScore
    letters: Sequence[str]
    weight: float = 0.5
    bonus: float = 0.5
    space: str = " "


def prefix_search(
    logs: NDArray[np.floating], width: int = 16, blank: int = 0, words: Words | None = None
) -> list[Found]:
    """Return the likeliest sequences that were found, best first, W at most.

    Beginnings are followed up side by side, each with the sum of its paths that end in a blank,
    and of those that do not (Hannun et al. 2014). With a beam as wide as there are sequences,
    scores are exact and the first is the best there is. A word counts once it is complete, and the
    last one at the end.

    Args:
        logs: Logarithms of probabilities, natural, (T, K).
        width: W.
        blank: Which symbol it is.
        words: A language model, if one is to be heard, too.

    Raises:
        DataError: `logs` is no table of logarithms of probabilities, or no path is possible.
        OptionError: The width is less than 1, or the letters are not K.
    """
    table = checked(logs, blank)
    if width < 1:
        raise OptionError(f"width={width} makes no sense; give 1 or more")
    if words is not None and len(words.letters) != table.shape[1]:
        raise OptionError(
            f"{counted(len(words.letters), 'letter')} came for {table.shape[1]} symbols; give one "
            "for each"
        )
    beam = _Beam(width, blank, _Tree(words))
    for row in table:
        beam.step(row)
    return beam.best()


@dataclass
class _Tree:
    """Beginnings of sequences: each is another one and a symbol; 0 is the empty one.

    Attributes:
        words: The language model, if there is one.
        parents: The beginning that is a symbol shorter.
        lasts: The last symbol, −1 of the empty one.
        told: What words add to the score, the complete ones alone.
    """

    words: Words | None
    parents: list[int] = field(default_factory=lambda: [-1])
    lasts: list[int] = field(default_factory=lambda: [-1])
    told: list[float] = field(default_factory=lambda: [0.0])
    _numbers: dict[tuple[int, int], int] = field(default_factory=dict)
    _spelt: list[tuple[tuple[str, ...], str]] = field(default_factory=lambda: [((), "")])
    _open: dict[int, float] = field(default_factory=dict)

    @property
    def spaces(self) -> list[int]:
        """The symbols that end a word."""
        if self.words is None:
            return []
        return [k for k, letter in enumerate(self.words.letters) if letter == self.words.space]

    def child(self, node: int, symbol: int) -> int:
        """Return the number of a beginning that goes on by a symbol."""
        found = self._numbers.get((node, symbol))
        if found is not None:
            return found
        number = self._numbers[node, symbol] = len(self.parents)
        self.parents.append(node)
        self.lasts.append(symbol)
        before, word = self._spelt[node]
        letter = self.words.letters[symbol] if self.words else ""
        if self.words is None or letter != self.words.space:
            self.told.append(self.told[node])
            self._spelt.append((before, word + letter))
        else:
            self.told.append(self.told[node] + self.of_open_word(node))
            self._spelt.append(((*before, word) if word else before, ""))
        return number

    def of_open_word(self, node: int) -> float:
        """Return what the last word would add, were it complete; 0 where there is none."""
        before, word = self._spelt[node]
        if self.words is None or not word:
            return 0.0
        if node not in self._open:
            logs = self.words.score(word, before)
            self._open[node] = self.words.weight * logs + self.words.bonus
        return self._open[node]

    def symbols(self, node: int) -> tuple[int, ...]:
        """Return the symbols of a beginning."""
        found = []
        while node:
            found.append(self.lasts[node])
            node = self.parents[node]
        return tuple(found[::-1])


class _Beam:
    """The W best beginnings after some frames."""

    def __init__(self, width: int, blank: int, tree: _Tree) -> None:
        self._width, self._blank, self._tree = width, blank, tree
        self._nodes = [0]
        self._blanked = np.zeros(1)  # log P of the paths that end in a blank, (W,)
        self._bare = np.full(1, -np.inf)  # and of those that end in the last symbol

    def step(self, row: Floats) -> None:
        """Read a frame, (K,)."""
        tree, nodes = self._tree, self._nodes
        lasts = np.array([tree.lasts[node] for node in nodes])
        told = np.array([tree.told[node] for node in nodes])
        whole = np.logaddexp(self._blanked, self._bare)
        blanked = whole + row[self._blank]
        bare = self._bare + row[lasts]  # of the empty one there are none
        longer = whole[:, None] + row  # (W, K): what goes on by a symbol
        begun = np.flatnonzero(lasts >= 0)  # a symbol twice needs a blank between
        longer[begun, lasts[begun]] = self._blanked[begun] + row[lasts[begun]]
        longer[:, self._blank] = -np.inf
        places = {node: place for place, node in enumerate(nodes)}
        for place, node in enumerate(nodes):  # what becomes another one of the beam
            shorter = places.get(tree.parents[node])
            if shorter is not None:
                bare[place] = np.logaddexp(bare[place], longer[shorter, lasts[place]])
                longer[shorter, lasts[place]] = -np.inf
        stay = np.logaddexp(blanked, bare) + told
        go_on = longer + told[:, None]
        go_on[:, tree.spaces] += np.array([tree.of_open_word(node) for node in nodes])[:, None]
        self._keep(stay, go_on, (blanked, bare, longer))

    def _keep(self, stay: Floats, go_on: Floats, logs: tuple[Floats, Floats, Floats]) -> None:
        """Keep the W best: some stay (W,), some go on by a symbol (W, K).

        Raises:
            DataError: None of them is possible.
        """
        blanked, bare, longer = logs
        scores = np.concatenate([stay, go_on.ravel()])
        best = np.argsort(-scores, kind="stable")[: self._width]
        best = best[scores[best] > -np.inf]
        if not len(best):
            raise DataError(
                "no path is possible: in some frame every symbol that may follow has probability 0"
            )
        held, new = best[best < len(stay)], best[best >= len(stay)] - len(stay)
        owners, symbols = np.divmod(new, go_on.shape[1])
        grown = zip(owners.tolist(), symbols.tolist(), strict=True)
        self._nodes = [self._nodes[place] for place in held] + [
            self._tree.child(self._nodes[owner], symbol) for owner, symbol in grown
        ]
        self._blanked = np.concatenate([blanked[held], np.full(len(new), -np.inf)])
        self._bare = np.concatenate([bare[held], longer[owners, symbols]])

    def best(self) -> list[Found]:
        """Return what the beginnings are now, their last words complete."""
        logs = np.logaddexp(self._blanked, self._bare).tolist()
        tree = self._tree
        found = [
            Found(tree.symbols(node), score + tree.told[node] + tree.of_open_word(node))
            for node, score in zip(self._nodes, logs, strict=True)
        ]
        return sorted(found, key=lambda one: (-one.score, one.symbols))
