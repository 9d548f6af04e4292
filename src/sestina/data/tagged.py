"""Sentences with a tag for every word: read from files, and parted."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sestina.data.conll import read_columns
from sestina.data.spans_file import LINES, read_spans
from sestina.data.split import fixed_part, held_out
from sestina.data.tables import decode, kind_of, read_bytes
from sestina.errors import DataError, counted
from sestina.spans import first_offence, scheme_of, spans_of, tags_of


@dataclass(frozen=True)
class TaggedSentences:
    """N sentences, lists of words.

    Attributes:
        sentences: The words.
        tags: Tags, as many as words in each sentence; None where the source has none.
        parts: "train", "dev" or "test" of each, or None.
        notes: What was rewritten or left out while reading.
        source: Where they are from.
    """

    sentences: list[list[str]]
    tags: list[list[str]] | None = None
    parts: list[str] | None = None
    notes: tuple[str, ...] = ()
    source: str = ""

    def __len__(self) -> int:
        return len(self.sentences)

    def take(self, rows: Sequence[int]) -> TaggedSentences:
        """Return the sentences at `rows`, sharing the lists."""
        return TaggedSentences(
            [self.sentences[r] for r in rows],
            None if self.tags is None else [self.tags[r] for r in rows],
            None if self.parts is None else [self.parts[r] for r in rows],
            self.notes,
            self.source,
        )

    def part(self, name: str) -> TaggedSentences:
        """Return the sentences of one part; none where the source names no parts."""
        return self.take([r for r, part in enumerate(self.parts or ()) if part == name])

    def followed_by(self, others: Iterable[TaggedSentences], parts: list[str]) -> TaggedSentences:
        """Return these sentences and others behind them, with new parts and these notes."""
        rows = [self, *others]
        sentences = [words for one in rows for words in one.sentences]
        tags = [row for one in rows for row in one.tags or ()]
        return replace(self, sentences=sentences, tags=tags, parts=parts)

    def tag_counts(self) -> dict[str, int]:
        """Return how many words carry each tag, most frequent first."""
        counts = Counter(tag for row in self.tags or () for tag in row)
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def read_tagged(
    path: str | Path,
    word_column: int | None = None,
    tag_column: int | None = None,
    *,
    encoding: str = "utf-8",
    need_tags: bool = True,
) -> TaggedSentences:
    """Read sentences of words with their tags.

    A file that ends in .jsonl holds a JSON object a line, with "tokens" or "text" and "spans", or
    with "tokens" and "tags" (`spans_file`). Any other is read as CoNLL columns: a word a line,
    columns parted by white space (by tabs where there are any), an empty line after each sentence;
    of .conllu the columns FORM and UPOS. Files may be compressed (.gz, .xz). Tags in IOB1, where I-
    opens a span, are rewritten as BIO, and -DOCSTART- lines are left out; the notes say so.

    Args:
        path: The file.
        word_column: Column of the words, from 1; the first by default.
        tag_column: Column of the tags, from 1; the last by default.
        encoding: Encoding of the file.
        need_tags: Whether to refuse a file without tags; if not, they are read where there are any.

    Raises:
        DataError: The file cannot be read so; the message names the line.
    """
    path = Path(path)
    text = decode(read_bytes(path), path, encoding)
    lines = [line.removesuffix("\n") for line in io.StringIO(text, newline=None)]
    if kind_of(path) in LINES:
        sentences, tags = read_spans(lines, path)
        found = TaggedSentences(sentences, tags, source=str(path))
    else:
        words, columns, left = read_columns(lines, path, word_column, tag_column)
        notes = (f"left out lines that are no words: {left:,}",) if left else ()
        found = TaggedSentences(words, columns, None, notes, str(path))
    if not len(found):
        raise DataError(f"{path} holds no sentence; expected a word and its tag a line")
    if found.tags is None and need_tags:
        raise DataError(
            f"{path} has words but no tags; expected a second column of tags, in .jsonl "
            "spans or tags"
        )
    for n, row in enumerate(found.tags or ()):
        if need_tags and "" in row:
            word = found.sentences[n][row.index("")]
            raise DataError(f"{path}, sentence {n + 1}: {word!r} has an empty tag; give it one")
    return _as_bio(found)


def _as_bio(found: TaggedSentences) -> TaggedSentences:
    """Return tags of spans in BIO where they are in IOB1, or break BIO in places."""
    tags = found.tags
    if tags is None or scheme_of({tag for row in tags for tag in row}) != "bio":
        return found
    odd = [n for n, row in enumerate(tags) if first_offence([row], "bio") is not None]
    if not odd:
        return found
    mended = list(tags)
    for n in odd:
        mended[n] = tags_of(spans_of(tags[n]), len(tags[n]))
    note = (
        f"rewrote the tags of {counted(len(odd), 'sentence')} as BIO, where I- opened a span (IOB1)"
    )
    return TaggedSentences(found.sentences, mended, found.parts, (*found.notes, note), found.source)


def fixed_parts(sentences: Sequence[Sequence[str]]) -> list[str]:
    """Return parts that depend on the words alone: 8 in 10 train, 1 dev, 1 test, by SHA-256."""
    return [fixed_part(" ".join(words)) for words in sentences]


def three_tagged_parts(
    data: TaggedSentences, seed: int, dev_share: float = 0.1
) -> tuple[TaggedSentences, TaggedSentences, TaggedSentences, str]:
    """Return the train, dev and test sentences and one sentence that says how they came about.

    Parts that the data name are kept; a missing test part takes 20 %, a missing dev part
    `dev_share` of the training sentences. Equal sentences stay together.

    Raises:
        DataError: There are no tags, or too few sentences.
    """
    if data.tags is None:
        raise DataError(f"{data.source} has no tags to learn from; give data with tags")
    if data.parts is None:
        train, dev, test = data, data.take([]), data.take([])
    else:
        train, dev, test = (data.part(name) for name in ("train", "dev", "test"))
    named = [name for name, part in (("dev", dev), ("test", test)) if len(part)]
    said = [f"{' and '.join(named)} as given"] if named else []
    if not len(train):
        raise DataError(f"{data.source}: no sentence is in the part 'train'; add some")
    if not len(test):
        train, test = _parted(train, 0.2, seed)
        said.append(f"test drawn (20 %, seed {seed})")
    if not len(dev):
        train, dev = _parted(train, dev_share, seed)
        said.append(f"dev drawn ({100 * dev_share:g} % of train, seed {seed})")
    return train, dev, test, "; ".join(said)


def _parted(
    data: TaggedSentences, share: float, seed: int
) -> tuple[TaggedSentences, TaggedSentences]:
    groups = [tuple(words) for words in data.sentences]
    if len(set(groups)) < 2:
        raise DataError(
            f"{data.source} has {counted(len(groups), 'sentence')} of one wording left, of which "
            "none can be held out; give more: an empty line ends a sentence, in .jsonl every line"
        )
    kept, held = held_out(groups, share, seed)
    return data.take(np.asarray(kept).tolist()), data.take(np.asarray(held).tolist())
