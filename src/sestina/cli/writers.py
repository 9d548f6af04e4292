"""Models that write, as verbs ask them: a language model, or one from the values of ``--given``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from sestina.cli.given import joined, values_of
from sestina.cli.inputs import estimator_of, model_of
from sestina.errors import OptionError

if TYPE_CHECKING:
    from sestina.estimators.completion import Completion  # which loads torch


class Writer(Protocol):
    """What writes texts, and judges them."""

    def written(self, prompt: str, texts: int, seed: int, **how: Any) -> Iterator[Iterator[str]]:
        """Yield texts, each in the pieces in which it comes about; the next has the next seed."""

    def complete(self, prefix: str, n: int, beginning: str) -> list[Completion]:
        """Return the n most probable words that follow."""

    def scores(self, texts: Sequence[str]) -> list[float]:
        """Return log P of each text, natural."""


@dataclass(frozen=True)
class OfTexts:
    """A `LanguageModel`."""

    net: Any

    def written(self, prompt: str, texts: int, seed: int, **how: Any) -> Iterator[Iterator[str]]:
        """Yield texts, token by token."""
        for k in range(texts):
            pieces = self.net.pieces(prompt, seed=seed + k, **how)
            yield (piece for part in ([self.net.opening(prompt)], pieces) for piece in part)

    def complete(self, prefix: str, n: int, beginning: str) -> list[Completion]:
        """Return the n most probable words that follow."""
        found: list[Completion] = self.net.complete(prefix, n, beginning)
        return found

    def scores(self, texts: Sequence[str]) -> list[float]:
        """Return log P of each text, natural."""
        found: list[float] = self.net.score_texts(texts).tolist()
        return found


@dataclass(frozen=True)
class OfValues:
    """A `SequenceFromVector`, and the row (A,) that it writes from.

    Where it was trained on lists of tokens, these are parted by blanks here.
    """

    net: Any
    row: list[Any]

    def written(self, prompt: str, texts: int, seed: int, **how: Any) -> Iterator[Iterator[str]]:
        """Yield texts, each as a whole: all come about side by side."""
        rows = [self.row] * texts
        for text in self.net.generate(rows, prompt=self._read(prompt), seed=seed, **how):
            yield iter([joined(text)])

    def complete(self, prefix: str, n: int, beginning: str) -> list[Completion]:
        """Return the n most probable words that follow."""
        found: list[Completion] = self.net.complete(self.row, self._read(prefix), n, beginning)
        return found

    def scores(self, texts: Sequence[str]) -> list[float]:
        """Return log P of each text, natural."""
        rows = [self.row] * len(texts)
        found: list[float] = self.net.score_sequences(rows, list(map(self._read, texts))).tolist()
        return found

    def _read(self, text: str) -> str | list[str]:
        return text.split() if self.net.lists_ else text


def writer_of(model: str, given: str) -> Writer:
    """Return what a folder holds, as a writer.

    Args:
        model: The folder.
        given: The values of ``--given``; empty for a language model.

    Raises:
        ModelError: The folder holds no model that can be read.
        DataError: It is no model that writes.
        OptionError: The values are not what the model was trained with.
    """
    if estimator_of(model) == "SequenceFromVector":
        net = model_of(model, "SequenceFromVector")
        return OfValues(net, values_of(net, given))
    net = model_of(model, "LanguageModel")
    if given:
        raise OptionError(f"{model!r} was trained without --given; leave it out")
    return OfTexts(net)
