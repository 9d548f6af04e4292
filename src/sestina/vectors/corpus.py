"""A corpus in numbers: its words, how often each occurs, and the word numbers of all its tokens.

One pass reads the text and writes provisional numbers to a file; when all words are counted, the
numbers there are replaced by the final ones. Memory holds the words, some pieces of text, and no
more, whatever the size of the corpus.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from sestina.errors import DataError, counted
from sestina.kernels.parallel import threads
from sestina.kernels.renumber import renumber
from sestina.kernels.scanning import BLANKS, WORDS, Scanner
from sestina.text.scan import Scanners, classes, utf8
from sestina.vectors.sources import pieces, refuse_missing

TOKENS = ("words", "whitespace")
"""Tokens are words as in `text.tokenise`, marks left out, or whatever stands between blanks."""

Shorts = NDArray[np.int32]
Source = str | Path | Sequence[str | Path] | Iterable[Sequence[str]]


@dataclass(frozen=True, eq=False)
class Corpus:
    """Token ids of a corpus, on disk.

    Attributes:
        words: V words, the most frequent first; equally frequent ones in the order of the alphabet.
        counts: How often each occurs, (V,) int64.
        ids: Word numbers (N,) int32, memory-mapped, with −1 after each sentence.
        sentences: How many sentences there are.
        read: Tokens read, those of rare words included, which `ids` leaves out.
    """

    words: tuple[str, ...]
    counts: NDArray[np.int64]
    ids: Shorts
    sentences: int
    read: int

    def close(self) -> None:
        """Let go of the file; `ids` are of no use any more."""
        mapped = getattr(self.ids, "_mmap", None)
        if mapped is not None:
            object.__setattr__(self, "ids", np.empty(0, np.int32))
            mapped.close()


def read(
    source: Source,
    file: Path,
    *,
    tokens: str = "words",
    lowercase: bool = True,
    encoding: str = "utf-8",
    min_count: int = 1,
    vocabulary: int | None = None,
    keep_empty: bool = False,
    progress: Callable[[int], None] = lambda words: None,
) -> Corpus:
    """Read a corpus and write its ids to `file`.

    Args:
        source: A text file or several, one sentence a line, perhaps compressed (.gz, .xz, .zst);
            or lists of tokens, taken as they are.
        file: Where the ids go.
        tokens: One of `TOKENS`.
        lowercase: Whether to turn text to lower case.
        encoding: Of the text files.
        min_count: Words that occur fewer times are left out.
        vocabulary: Keep so many of the most frequent words; None: all.
        keep_empty: Keep sentences of which no word is left.
        progress: Called with the number of tokens read so far.

    Raises:
        DataError: A file cannot be read, or no word is left.
    """
    paths = paths_of(source)
    refuse_missing(paths or [])
    if not isinstance(source, str | Path | Iterable):
        raise DataError(
            f"{source!r} is no corpus; give a path, a list of paths, or lists of tokens"
        )
    with ExitStack() as stack:
        to = stack.enter_context(file.open("wb"))
        if paths is None:
            lists = cast("Iterable[Sequence[str]]", source)  # `paths_of` has ruled out the rest
            counts, named, segments = _from_lists(lists, to, progress)
        else:
            counts, named, segments = _from_texts(
                chain.from_iterable(pieces(path, encoding) for path in paths),
                to, WORDS if tokens == "words" else BLANKS, lowercase, progress,
            )  # fmt: skip
    names, order = ordered(named, counts, min_count, vocabulary)
    ids = finished(file, segments, order, keep_empty)
    return Corpus(
        words=tuple(names),
        counts=counts[order],
        ids=ids,
        sentences=int(np.count_nonzero(ids < 0)),
        read=int(counts.sum()),
    )


def paths_of(source: Source) -> list[Path] | None:
    """Return the files that a source names; None if it is lists of tokens."""
    if isinstance(source, str | Path):
        return [Path(source)]
    if isinstance(source, Sequence) and source and all(isinstance(x, str | Path) for x in source):
        return [Path(item) for item in source]
    return None


# --- from text ------------------------------------------------------------------------------


Namer = Callable[[NDArray[np.int64]], list[str]]
"""Gives the words of provisional numbers."""

Segments = list[tuple[int, NDArray[np.int32]]]
"""Parts of the file: how many ids, and the final provisional number of each of theirs."""


def _from_texts(
    texts: Iterator[str],
    to: BinaryIO,
    mode: int,
    lowercase: bool,
    progress: Callable[[int], None],
) -> tuple[NDArray[np.int64], Namer, Segments]:
    """Number the words of pieces of text, dealt to one scanner a thread."""
    scanners = Scanners(mode, min(threads(), 4))
    sizes: list[tuple[int, int]] = []
    read = 0
    for number, ids in scanners.numbers(texts, partial(utf8, mode=mode, lowercase=lowercase)):
        to.write(ids.data)
        sizes.append((number, len(ids)))
        read += len(ids)
        progress(read)
    lexicon, numbers = scanners.joined()
    return lexicon.counts.copy(), lexicon.words, [(size, numbers[n]) for n, size in sizes]


def tokens_of(text: str, tokens: str, lowercase: bool) -> list[str]:
    """Return the tokens of one text, as `read` finds them in files."""
    mode = WORDS if tokens == "words" else BLANKS
    scanner = Scanner(classes(), mode)
    numbers = scanner.scan(utf8(text.replace("\n", " "), mode, lowercase))
    return [scanner.word(number).decode() for number in numbers]


# --- from lists of tokens -------------------------------------------------------------------


def _from_lists(
    sentences: Iterable[Sequence[str]], to: BinaryIO, progress: Callable[[int], None]
) -> tuple[NDArray[np.int64], Namer, Segments]:
    """Number the tokens of lists."""
    numbers: dict[str, int] = {}
    read, written = 0, 0
    for place, sentence in enumerate(sentences):
        if not _is_tokens(sentence):
            raise DataError(
                f"sentence {place} is {str(sentence)[:40]!r}; expected a list of tokens, "
                "for instance ['the', 'cat'], or a path to a text file, or a list of paths"
            )
        ids = [numbers.setdefault(token, len(numbers)) for token in sentence]
        to.write(np.array([*ids, -1], np.int32).tobytes())
        read, written = read + len(ids), written + len(ids) + 1
        if place % 4096 == 0:
            progress(read)
    _refuse_halves(numbers)
    to.flush()
    ids_written = np.memmap(to.name, np.int32, "r") if written else np.empty(0, np.int32)
    counts = np.zeros(len(numbers), np.int64)
    for start in range(0, written, 1 << 20):
        some = ids_written[start : start + (1 << 20)]
        counts += np.bincount(some[some >= 0], minlength=len(numbers))
    return counts, namer(list(numbers)), [(written, np.arange(len(numbers), dtype=np.int32))]


def _is_tokens(sentence: object) -> bool:
    if isinstance(sentence, str) or not isinstance(sentence, Iterable):
        return False
    return all(isinstance(token, str) for token in sentence)


def _refuse_halves(tokens: Iterable[str]) -> None:
    """Raise where a token holds half a character, which no file of vectors could keep."""
    for token in tokens:
        if not token.isascii():
            try:
                token.encode()
            except UnicodeEncodeError:
                raise DataError(
                    f"the token {token!r} holds half a character (a surrogate); decode the text "
                    "with its right encoding, or with errors='replace'"
                ) from None


def namer(words: list[str]) -> Namer:
    """Return what gives some of these words by their places."""
    return lambda numbers: [words[number] for number in numbers.tolist()]


# --- final numbers --------------------------------------------------------------------------


def ordered(
    named: Namer,
    counts: NDArray[np.int64],
    min_count: int,
    vocabulary: int | None,
) -> tuple[list[str], NDArray[np.int64]]:
    """Return the words that stay, in their final order, and their provisional numbers."""
    frequent = np.flatnonzero(counts >= min_count)
    if not len(frequent):
        raise DataError(
            f"no word is left of {counted(int(counts.sum()), 'token')} with min_count={min_count}; "
            "give more text or lower min_count"
        )
    names = named(frequent)
    alphabetic = np.array(sorted(range(len(names)), key=names.__getitem__))
    places = alphabetic[np.argsort(-counts[frequent[alphabetic]], kind="stable")][:vocabulary]
    return [names[place] for place in places], frequent[places]


def finished(file: Path, segments: Segments, order: NDArray[np.int64], keep_empty: bool) -> Shorts:
    """Give the tokens in the file their final numbers, where they stand."""
    total = sum(size for size, _ in segments)
    ids = np.memmap(file, np.int32, "r+", shape=(total,))
    most = max(int(provisional.max(initial=-1)) for _, provisional in segments)
    final = np.full(max(most, int(order.max())) + 1, -1, np.int32)
    final[order] = np.arange(len(order), dtype=np.int32)
    apart = {id(provisional): provisional for _, provisional in segments}
    numbers = {key: final[provisional] for key, provisional in apart.items()}
    place, written = 0, 0
    for size, provisional in segments:
        segment = ids[place : place + size]
        written = renumber(segment, numbers[id(provisional)], ids, written, keep_empty)
        place += size
    del ids, segment
    with file.open("r+b") as opened:
        opened.truncate(4 * written)
    return np.memmap(file, np.int32, "r", shape=(written,))
