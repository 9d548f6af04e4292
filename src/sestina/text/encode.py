"""Texts → ragged ids, with a count of what was cut, unknown or empty."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sestina.config import TextOptions
from sestina.data.ragged import Ragged
from sestina.errors import OptionError, counted
from sestina.text.clean import cleaner, sets_marks
from sestina.text.parts import SubwordVocabulary, marks_of
from sestina.text.scan import Numbered, numbered
from sestina.text.tokenise import Cut, cut_of
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
    vocabulary, found = learn_vocabulary(texts, options)
    return vocabulary, in_ids(found, vocabulary, options)


def learn_vocabulary(texts: Iterable[str], options: TextOptions) -> tuple[Vocabulary, Numbered]:
    """Return the vocabulary of the texts, and the texts cut up, for `in_ids`.

    Raises:
        OptionError: No token is so frequent as `min_count` asks, or an option leaves no room.
    """
    _check_room(options)
    texts = list(texts)
    if options.level == "subword":
        parts = SubwordVocabulary.learn(texts, options)
        return parts, cut_up(texts, parts, options)
    found = numbered(texts, cleaner(options), cut_of(options), sets_marks(options))
    counts = found.counts()
    vocabulary = Vocabulary.from_counts(
        counts,
        options.vocabulary,
        options.min_count,
        options.mark_start,
        options.mark_end,
    )
    if found.tokens and len(vocabulary) == 2 + options.mark_start + options.mark_end:
        token, most = max(counts.items(), key=itemgetter(1))
        raise OptionError(
            f"min_count={options.min_count} leaves no token in the vocabulary: the most frequent, "
            f"{token!r}, occurs {counted(most, 'time')}; set min_count to {most} or less"
        )
    return vocabulary, found


class Numbering(Protocol):
    """What numbers tokens: a `Vocabulary`, or one that is still growing."""

    def encode(self, tokens: Iterable[str]) -> NDArray[np.int32]:
        """Return the ids of tokens, (T,)."""

    def __getitem__(self, token: str) -> int: ...


def encode(texts: Iterable[str], vocabulary: Vocabulary, options: TextOptions) -> Encoded:
    """Return the texts in the ids of a vocabulary."""
    return in_ids(cut_up(texts, vocabulary, options), vocabulary, options)


def cut_up(texts: Iterable[str], vocabulary: Vocabulary, options: TextOptions) -> Numbered:
    """Return texts cut into the tokens of a model with this vocabulary, for `in_ids`."""
    _check_room(options)
    cut = cut_by(vocabulary, options)
    return numbered(list(texts), cleaner(options), cut, sets_marks(options))


def cut_by(vocabulary: Vocabulary, options: TextOptions) -> Cut:
    """Return what cuts the texts of a model with this vocabulary: learnt parts, or a plain rule."""
    if isinstance(vocabulary, SubwordVocabulary):
        return vocabulary.subwords.cut
    return cut_of(options)


def _check_room(options: TextOptions) -> None:
    """Raise when START and EOS leave no place for a token."""
    marks = options.mark_start + options.mark_end
    taken = len(marks_of(options)) if options.level == "subword" else marks
    for name, least in (("max_tokens", marks + 1), ("vocabulary", taken + 3)):
        value = getattr(options, name)
        if value < least:
            raise OptionError(
                f"{name}={value} leaves no room for a token beside the marks; the least is {least}"
            )


def in_ids(found: Numbered, vocabulary: Numbering, options: TextOptions) -> Encoded:
    """Return texts that were cut up in the ids of a vocabulary."""
    ids = vocabulary.encode(found.tokens)[found.ids] if len(found.ids) else NO_IDS
    most = int(found.lengths.max(initial=0))
    room = min(options.max_tokens - options.mark_start - options.mark_end, most)
    kept, lengths = _cut(ids, found.lengths, room, options.truncate == "pre")
    return Encoded(
        ids=_marked(kept, lengths, vocabulary, options),
        full_lengths=found.lengths,
        tokens=len(ids),
        unknown=int((ids == 1).sum()),
        truncated=int((found.lengths > room).sum()),
        empty=int((found.lengths == 0).sum()),
    )


def _cut(
    ids: NDArray[np.int32], lengths: NDArray[np.int64], room: int, pre: bool
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the first (with `pre` the last) ids of each text, `room` at most, and how many."""
    kept = np.minimum(lengths, room)
    if (kept == lengths).all():
        return ids, kept
    first = np.cumsum(lengths) - (kept if pre else lengths)
    ends = np.cumsum(kept)
    return ids[np.arange(kept.sum()) + np.repeat(first - (ends - kept), kept)], kept


def _marked(
    ids: NDArray[np.int32],
    lengths: NDArray[np.int64],
    vocabulary: Numbering,
    options: TextOptions,
) -> Ragged:
    """Return texts of these lengths with START and EOS around them where asked for."""
    lengths = lengths + options.mark_start + options.mark_end
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    if not options.mark_start and not options.mark_end:
        return Ragged(ids, offsets)
    values = np.empty(offsets[-1], np.int32)
    token = np.ones(len(values), bool)
    marks = [(START, offsets[:-1])] if options.mark_start else []
    marks += [(EOS, offsets[1:] - 1)] if options.mark_end else []
    for mark, places in marks:
        values[places], token[places] = vocabulary[mark], False
    values[token] = ids
    return Ragged(values, offsets)
