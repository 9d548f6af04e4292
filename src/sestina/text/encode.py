"""Texts → ragged ids, with a count of what was cut, unknown or empty."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sestina.config import TextOptions
from sestina.data.ragged import Ragged
from sestina.errors import OptionError, counted
from sestina.text.tokenise import tokeniser
from sestina.text.vocabulary import EOS, START, Vocabulary

NO_IDS = np.empty(0, dtype=np.int32)


@dataclass(frozen=True)
class Encoded:
    """Texts as ids, and what happened to them on the way.

    Attributes:
        ids: N sequences of token ids.
        full_lengths: Tokens of each text before any was cut off, (N,).
        tokens: Tokens in all texts, before cutting.
        unknown: Tokens that the vocabulary does not hold.
        truncated: Texts that were cut.
        empty: Texts without any token.
    """

    ids: Ragged
    full_lengths: NDArray[np.int64]
    tokens: int
    unknown: int
    truncated: int
    empty: int

    def cut_note(self, options: TextOptions) -> str:
        """Return how many texts were cut, in words; nothing where none was."""
        if not self.truncated:
            return ""
        of, most = counted(len(self.ids), "text"), counted(options.max_tokens, "token")
        return f"cut {self.truncated:,} of {of} to {most}"


def learn(texts: Iterable[str], options: TextOptions) -> tuple[Vocabulary, Encoded]:
    """Return the vocabulary of the texts, and the texts in its ids; each is cut up only once.

    Raises:
        OptionError: No token is so frequent as `min_count` asks, or an option leaves no room.
    """
    _check_room(options)
    tokenise = tokeniser(options)
    provisional: dict[str, int] = {}
    rows = []
    for text in texts:
        ids = [provisional.setdefault(token, len(provisional)) for token in tokenise(text)]
        rows.append(np.array(ids, dtype=np.int32))
    counts = np.bincount(np.concatenate([NO_IDS, *rows]), minlength=len(provisional))
    vocabulary = Vocabulary.from_counts(
        dict(zip(provisional, counts.tolist(), strict=True)),
        options.vocabulary,
        options.min_count,
        options.mark_start,
        options.mark_end,
    )
    if provisional and len(vocabulary) == 2 + options.mark_start + options.mark_end:
        most = int(counts.max())
        raise OptionError(
            f"min_count={options.min_count} leaves no token in the vocabulary: the most frequent, "
            f"{list(provisional)[counts.argmax()]!r}, occurs {counted(most, 'time')}; "
            f"set min_count to {most} or less"
        )
    final = vocabulary.encode(provisional)  # provisional id → id
    return vocabulary, _encoded([final[row] for row in rows], vocabulary, options)


class Numbering(Protocol):
    """What numbers tokens: a `Vocabulary`, or one that is still growing."""

    def encode(self, tokens: Iterable[str]) -> NDArray[np.int32]:
        """Return the ids of tokens, (T,)."""

    def __getitem__(self, token: str) -> int: ...


def encode(texts: Iterable[str], vocabulary: Numbering, options: TextOptions) -> Encoded:
    """Return the texts in the ids of a vocabulary."""
    _check_room(options)
    tokenise = tokeniser(options)
    return _encoded([vocabulary.encode(tokenise(text)) for text in texts], vocabulary, options)


def _check_room(options: TextOptions) -> None:
    """Raise when START and EOS leave no place for a token."""
    marks = options.mark_start + options.mark_end
    for name, least in (("max_tokens", marks + 1), ("vocabulary", marks + 3)):
        value = getattr(options, name)
        if value < least:
            raise OptionError(
                f"{name}={value} leaves no room for a token beside the marks; the least is {least}"
            )


def _encoded(
    rows: Sequence[NDArray[np.int32]], vocabulary: Numbering, options: TextOptions
) -> Encoded:
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    marks = options.mark_start + options.mark_end
    room = options.max_tokens - marks
    before = [np.array([vocabulary[START]], np.int32)] if options.mark_start else []
    after = [np.array([vocabulary[EOS]], np.int32)] if options.mark_end else []
    pre = options.truncate == "pre"
    kept = [row[max(len(row) - room, 0) :] if pre else row[:room] for row in rows]
    if marks:
        kept = [np.concatenate([*before, row, *after]) for row in kept]
    return Encoded(
        ids=Ragged.of(kept, NO_IDS),
        full_lengths=lengths,
        tokens=int(lengths.sum()),
        unknown=int(sum(int((row == 1).sum()) for row in rows)),
        truncated=int((lengths > room).sum()),
        empty=int((lengths == 0).sum()),
    )
