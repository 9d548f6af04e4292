"""Counts → an immutable vocabulary: tokens ↔ ids."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sestina.errors import ModelError, OptionError, counted

PAD, UNK, START, EOS = "<pad>", "<unk>", "<start>", "<eos>"


class Vocabulary:
    """Tokens and their ids; PAD is 0, UNK is 1, then START and EOS where asked for.

    Immutable: build one with `from_counts`, or from its whole list of tokens.

    Raises:
        OptionError: The list does not begin with PAD and UNK, or a token occurs twice.
    """

    __slots__ = ("_ids", "_tokens")

    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens = tuple(tokens)
        self._ids = {token: i for i, token in enumerate(self._tokens)}
        if self._tokens[:2] != (PAD, UNK):
            raise OptionError(f"a vocabulary begins with {PAD} and {UNK}, not {self._tokens[:2]}")
        if len(self._ids) != len(self._tokens):
            raise OptionError("a vocabulary cannot hold the same token twice")

    @classmethod
    def from_counts(
        cls,
        counts: Mapping[str, int],
        size: int | None = None,
        min_count: int = 1,
        start: bool = False,
        end: bool = False,
    ) -> Vocabulary:
        """Return the vocabulary of the most frequent tokens; ties go by the alphabet.

        Args:
            counts: How often each token occurs.
            size: The most tokens to hold, PAD, UNK and the marks included; None means all.
            min_count: Rarer tokens are left out.
            start: Whether START is among the marks.
            end: Whether EOS is among the marks.
        """
        marks = [PAD, UNK, *([START] if start else []), *([EOS] if end else [])]
        return cls(marks).extended(counts, size, min_count)

    def extended(
        self, counts: Mapping[str, int], size: int | None = None, min_count: int = 1
    ) -> Vocabulary:
        """Return a vocabulary with more tokens behind its own; their ids stay.

        Args:
            counts: How often each token occurs; the most frequent that it lacks are taken, ties
                by the alphabet.
            size: The most tokens to hold, its own included; None means all.
            min_count: Rarer tokens are left out.
        """
        more = [(-n, token) for token, n in counts.items() if n >= min_count and token not in self]
        more.sort()
        room = None if size is None else max(size - len(self), 0)
        return Vocabulary([*self._tokens, *(token for _, token in more[:room])])

    def __len__(self) -> int:
        return len(self._tokens)

    def __iter__(self) -> Iterator[str]:
        return iter(self._tokens)

    def __contains__(self, token: object) -> bool:
        return token in self._ids

    def __getitem__(self, token: str) -> int:
        return self._ids.get(token, 1)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self._tokens == other._tokens

    def __hash__(self) -> int:
        return hash(self._tokens)

    def __repr__(self) -> str:
        return f"Vocabulary({counted(len(self), 'token')})"

    @property
    def tokens(self) -> tuple[str, ...]:
        """All tokens, by id."""
        return self._tokens

    def encode(self, tokens: Iterable[str]) -> NDArray[np.int32]:
        """Return the ids of tokens, (T,); unknown ones are 1."""
        find = self._ids.get
        return np.fromiter((find(token, 1) for token in tokens), dtype=np.int32)

    def decode(self, ids: Iterable[int]) -> list[str]:
        """Return the tokens of ids, PAD left out.

        Raises:
            OptionError: An id lies outside the vocabulary.
        """
        rows = [int(i) for i in ids]
        if any(not 0 <= i < len(self) for i in rows):
            raise OptionError(f"an id lies outside 0 … {len(self) - 1}")
        return [self._tokens[i] for i in rows if i]

    def to_json(self) -> str:
        """Return the vocabulary as JSON text."""
        return json.dumps(self._tokens, ensure_ascii=False, indent=0) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Vocabulary:
        """Return the vocabulary that `to_json` wrote.

        Raises:
            ModelError: The text is not a list of tokens.
        """
        try:
            tokens = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ModelError(f"vocabulary.json is damaged: {error}") from error
        if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
            raise ModelError("vocabulary.json is not a list of tokens")
        try:
            return cls(tokens)
        except OptionError as error:
            raise ModelError(f"vocabulary.json is damaged: {error}") from error
