"""Texts → numbers of their tokens: many texts by the compiled scanner, few by the tokeniser.

Both give the same tokens; the scanner is several times faster, once it is compiled and loaded.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sestina.text.clean import Cleaner
from sestina.text.tokenise import Cut, Tokeniser, around_marks, plain, signs

if TYPE_CHECKING:
    from sestina.kernels.lexicon import Lexicon
    from sestina.kernels.scanning import Scanner

FEW = 1 << 22  # characters; Python cuts them in a second, a scanner is not compiled sooner
PIECE = 1 << 20  # characters that are scanned at once
WORKERS = 4  # more threads wait for Python, which prepares the pieces

Shorts = NDArray[np.int32]
Document = str | Sequence[str]
"""A text, or its tokens."""


class Numbered(NamedTuple):
    """N texts as numbers of their tokens.

    Attributes:
        tokens: W different tokens.
        ids: The number of each token of each text, (M,) int32.
        lengths: Tokens of each text, (N,).
    """

    tokens: list[str]
    ids: Shorts
    lengths: NDArray[np.int64]

    def counts(self) -> dict[str, int]:
        """Return how often each token occurs."""
        found = np.bincount(self.ids, minlength=len(self.tokens))
        return dict(zip(self.tokens, found.tolist(), strict=True))


def numbered(
    documents: Sequence[Document], clean: Cleaner, cut: Cut, marks: bool = False
) -> Numbered:
    """Return the tokens of documents as numbers; lists of tokens are taken as they are.

    Args:
        documents: N texts, or lists of tokens.
        clean: What is done to a text before it is cut.
        cut: One of `text.tokenise.CUTS`, or a function that cuts.
        marks: Whether cleaning puts marks in, which the scanner would take apart.
    """
    if isinstance(cut, str) and cut != "characters" and not marks:
        texts = [text for text in documents if isinstance(text, str)]
        if texts and len(texts) == len(documents) and sum(map(len, texts)) >= FEW:
            try:
                return _scanned(texts, clean, cut)
            except UnicodeEncodeError:  # half a character, which no UTF-8 can hold
                pass
    return _one_by_one(documents, clean, around_marks(cut) if marks else plain(cut))


def _one_by_one(documents: Sequence[Document], clean: Cleaner, cut: Tokeniser) -> Numbered:
    numbers: dict[str, int] = {}
    ids: list[int] = []
    lengths = np.empty(len(documents), np.int64)
    for place, document in enumerate(documents):
        tokens = cut(clean(document)) if isinstance(document, str) else document
        ids += [numbers.setdefault(token, len(numbers)) for token in tokens]
        lengths[place] = len(tokens)
    return Numbered(list(numbers), np.array(ids, np.int32), lengths)


def _scanned(texts: Sequence[str], clean: Cleaner, cut: str) -> Numbered:
    from sestina.kernels.parallel import threads
    from sestina.kernels.scanning import BLANKS, TOKENS, WORDS

    mode = {"words": WORDS, "words+marks": TOKENS, "whitespace": BLANKS}[cut]
    scanners = Scanners(mode, min(threads(), WORKERS))
    found = list(scanners.numbers(_pieces(texts, clean, mode != BLANKS), str.encode))
    lexicon, numbers = scanners.joined()
    # number −1, the end of a text, stays −1: it takes the last of each list
    final = [np.append(some, np.int32(-1)).astype(np.int32) for some in numbers]
    ids = np.concatenate([final[worker][part] for worker, part in found])
    ends = np.flatnonzero(ids < 0)
    lengths = np.diff(ends, prepend=-1) - 1
    tokens = lexicon.words(np.arange(len(lexicon)))
    return Numbered(tokens, ids[ids >= 0], lengths)


def _pieces(texts: Sequence[str], clean: Cleaner, plain: bool) -> Iterator[str]:
    """Yield texts by the piece, each with one line end behind it and none inside.

    Args:
        texts: N texts.
        clean: What is done to each.
        plain: Whether apostrophes are made plain, as `text.tokenise.words` does.
    """
    lines: list[str] = []
    size = 0
    for text in texts:
        line = clean(text)
        if "\n" in line:
            line = line.replace("\n", " ")
        if plain and not line.isascii():
            line = line.replace("’", "'")
        lines.append(line)
        size += len(line) + 1
        if size >= PIECE:
            yield "\n".join([*lines, ""])
            lines, size = [], 0
    if lines:
        yield "\n".join([*lines, ""])


class Scanners:
    """Scanners, one a thread, to which pieces of text are dealt in turn.

    Args:
        mode: What words are; see `kernels.scanning`.
        count: How many.
    """

    def __init__(self, mode: int, count: int) -> None:
        from sestina.kernels.scanning import Scanner

        self._scanners = [Scanner(classes(), mode) for _ in range(count)]

    def numbers(
        self, pieces: Iterable[str], encode: Callable[[str], bytes]
    ) -> Iterator[tuple[int, Shorts]]:
        """Yield which scanner took a piece, and its numbers there, in the order of the pieces.

        Args:
            pieces: Text, each piece with whole lines.
            encode: Turns a piece into UTF-8.
        """
        with ExitStack() as stack:
            workers = [stack.enter_context(ThreadPoolExecutor(1)) for _ in self._scanners]
            waiting: deque[tuple[int, Future[Shorts]]] = deque()
            for turn, piece in enumerate(pieces):
                number = turn % len(workers)
                task = workers[number].submit(_scan, self._scanners[number], piece, encode)
                waiting.append((number, task))
                if len(waiting) > 2 * len(workers):
                    number, task = waiting.popleft()
                    yield number, task.result()
            while waiting:
                number, task = waiting.popleft()
                yield number, task.result()

    def joined(self) -> tuple[Lexicon, list[Shorts]]:
        """Return all words in one lexicon, and there the number of each word of each scanner."""
        first, *others = self._scanners
        numbers = [np.arange(len(first), dtype=np.int32)]
        numbers += [first.absorb(scanner) for scanner in others]
        return first, numbers


def _scan(scanner: Scanner, piece: str, encode: Callable[[str], bytes]) -> Shorts:
    return scanner.scan(encode(piece))


def utf8(text: str, mode: int, lowercase: bool) -> bytes:
    """Return a piece of a corpus as the scanner reads it; half characters become marks."""
    from sestina.kernels.scanning import BLANKS

    if lowercase:
        text = text.lower()
    if mode != BLANKS and not text.isascii():
        text = text.replace("’", "'")
    return text.encode(errors="replace")


@lru_cache(maxsize=1)
def classes() -> NDArray[np.uint8]:
    """Return what each code point is to the scanner, (0x110000,)."""
    from sestina.kernels.scanning import LETTER, OTHER, SIGN, SPACE

    every = "".join(map(chr, range(0x110000)))
    kinds = np.zeros(len(every), np.uint8)
    kinds[[ord(sign) for sign in signs()]] = SIGN
    for pattern, kind in ((r"\s+", SPACE), (r"\w+", OTHER), (r"[^\W\d_]+", LETTER)):
        for run in re.finditer(pattern, every):
            kinds[run.start() : run.end()] = kind
    return kinds
