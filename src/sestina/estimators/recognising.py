"""Utterances and what is said in them, in numbers; numbers into texts, and their errors.

Letters: N utterances, T steps, K symbols with the blank, L of which are said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sestina.data.ragged import Ragged, alike, shuffled_batches
from sestina.errors import DataError, OptionError, counted
from sestina.recognition.alignment import align_ctc
from sestina.recognition.ctc import Floats, collapse, greedy, steps_needed
from sestina.recognition.errors import character_errors, rate_interval, word_errors
from sestina.recognition.prefix_search import Words, prefix_search
from sestina.recognition.symbols import symbols_in, text_of

BLANK = 0  # the symbol of no letter; it writes ""
RATES = {"character": "cer", "word": "wer"}  # what the rate of wrong symbols is called, by level
WIDTH = 16  # of the beam, where there is a language model and no width is asked for
SHOWN = 40  # characters of a text in a message
NUMBERS = np.empty(0, np.int64)


class SpokenBatch(NamedTuple):
    """B utterances as a loss takes them.

    Attributes:
        x: (B, T, C), or (B, T, 2C) with the clean twin behind.
        lengths: Their steps, (B,).
        said: Symbols of all of them, end to end, (sum of L,).
        sizes: L of each, (B,).
        aligned: The symbol of each step, (B, T); None where that is not told.
    """

    x: Tensor
    lengths: Tensor
    said: Tensor
    sizes: Tensor
    aligned: Tensor | None


@dataclass(frozen=True)
class Spoken:
    """N utterances in numbers.

    Attributes:
        steps: (T, C) each, or (T, 2C).
        said: Symbols of each, without blanks.
        texts: What is said.
        aligned: The symbol of each step, (T,) each; None where that is not told.
    """

    steps: Ragged
    said: Ragged
    texts: list[str]
    aligned: Ragged | None = None

    def batch(self, rows: NDArray[np.int64]) -> SpokenBatch:
        """Return some utterances as a loss takes them."""
        x, lengths = self.steps.padded(rows)
        said = self.said.take(rows)
        aligned = None if self.aligned is None else torch.from_numpy(self.aligned.padded(rows)[0])
        frames, steps, symbols, sizes = map(
            torch.from_numpy, (x, lengths, said.values, said.lengths)
        )
        return SpokenBatch(frames, steps, symbols, sizes, aligned)

    def batches(self, size: int, seed: int, epoch: int) -> Iterator[tuple[list[SpokenBatch], int]]:
        """Yield the random batches of an epoch, in parts of like length, with their sizes."""
        lengths = self.steps.lengths
        for rows in shuffled_batches(lengths, size, seed, epoch):
            yield [self.batch(part) for part in alike(lengths, rows)], len(rows)

    def arrays(self) -> Iterator[NDArray[Any]]:
        """Yield all that training depends on."""
        for part in (self.steps, self.said, self.aligned):
            if part is not None:
                yield from (part.values, part.offsets)


def as_spoken_texts(labels: Any, count: int) -> list[str]:
    """Return one text for each of N utterances, several blanks as one.

    Raises:
        DataError: They are no texts, or not N.
    """
    if labels is None or isinstance(labels, str):
        raise DataError(f"{labels!r:.60} came as labels; expected a list of what is said in each")
    texts = list(labels)
    for n, text in enumerate(texts):
        if not isinstance(text, str):
            raise DataError(
                f"label {n} is {text!r:.60}; expected a text, what is said; words or phones are "
                "parted by blanks in it, and are symbols with level='word'"
            )
    if len(texts) != count:
        raise DataError(
            f"{counted(count, 'utterance')} came with {counted(len(texts), 'text')}; expected one "
            "each"
        )
    return [" ".join(text.split()) for text in texts]


def symbols_of(texts: Sequence[str], level: str) -> list[str]:
    """Return what each of K symbols writes: the blank nothing, the others a character or a word.

    Raises:
        DataError: A text is empty.
    """
    for n, text in enumerate(texts):
        if not text:
            raise DataError(f"text {n} is empty; say what is heard there, or leave it out")
    return ["", *sorted({one for text in texts for one in symbols_in(text, level)})]


def numbers_of(texts: Sequence[str], symbols: Sequence[str], level: str) -> tuple[Ragged, int]:
    """Return texts in numbers of K symbols, and how many others they hold, which are left out."""
    places = {symbol: place for place, symbol in enumerate(symbols)}
    said = [symbols_in(text, level) for text in texts]
    rows = [[places[one] for one in row if one in places] for row in said]
    unknown = sum(map(len, said)) - sum(map(len, rows))
    return Ragged.of([np.array(row, np.int64) for row in rows], NUMBERS), unknown


def long_enough(lengths: Iterable[int], texts: Sequence[str], level: str) -> list[int]:
    """Return which of N utterances have the steps that CTC needs for what is said.

    Args:
        lengths: Their steps.
        texts: As `as_spoken_texts` returns them.
        level: What their symbols are.
    """
    needed = [max(steps_needed(symbols_in(text, level)), 1) for text in texts]
    both = enumerate(zip(lengths, needed, strict=True))
    return [n for n, (length, least) in both if length >= least]


def unknown_symbols(texts: Sequence[str], symbols: Sequence[str], level: str) -> int:
    """Return how many characters or words of texts are no symbol; blanks around do not count."""
    return numbers_of(as_spoken_texts(texts, len(texts)), symbols, level)[1]


def refuse_short(steps: Ragged, said: Ragged, texts: Sequence[str], what: str) -> None:
    """Raise where an utterance has fewer steps than CTC needs for what is said.

    Raises:
        DataError: One has; equal letters in a row need a blank between.
    """
    for n, length in enumerate(steps.lengths.tolist()):
        least = max(steps_needed(said.row(n)), 1)
        if length < least:
            raise DataError(
                f"{what} {n} has {counted(length, 'step')}, and {_cut(texts[n])!r} needs {least}; "
                "lower skip, or leave it out"
            )


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def aligned_by(logs: Sequence[Floats], said: Ragged) -> Ragged:
    """Return the symbol of each step on the likeliest path for what is said, (T,) each.

    Args:
        logs: Logarithms of a teacher's probabilities, (T, K) each.
        said: The symbols.
    """
    paths = [align_ctc(table, said.row(n), BLANK).symbols for n, table in enumerate(logs)]
    return Ragged.of(paths, NUMBERS)


def refuse_spelling(level: str) -> None:
    """Raise where no language model of words can be heard, which spells them by their letters.

    Raises:
        OptionError: The symbols are whole words, or phones.
    """
    if level == "word":
        raise OptionError(
            "a language model of words came, which spells them by letters, but the recogniser "
            "has level='word', whose symbols are whole words or phones; leave words out, or train "
            "with level='character'"
        )


def read_off(
    logs: Sequence[Floats],
    symbols: Sequence[str],
    level: str,
    beam: int | None,
    words: Words | None,
) -> list[str]:
    """Return what is said: by each step's likeliest symbol, or by prefix search.

    Args:
        logs: Logarithms of probabilities, (T, K) each.
        symbols: What each writes.
        level: What they are, as `symbols_in` has it.
        beam: Beginnings that are followed up side by side.
        words: A language model of words to hear, too.

    Raises:
        OptionError: The beam is not wider than 0, the language model knows other letters, or the
            symbols are no letters.
    """
    if beam is None and words is None:
        return [written(greedy(table, BLANK), symbols, level) for table in logs]
    if words is not None:
        refuse_spelling(level)
        if list(words.letters) != list(symbols):
            raise OptionError(
                "the language model of words has other letters than the recogniser; give Words(…, "
                "letters=model.symbols_)"
            )
    width = WIDTH if beam is None else beam
    if not isinstance(width, int | np.integer) or width < 1:
        raise OptionError(f"beam={beam!r} makes no sense; give a whole number, 1 or more")
    found = (prefix_search(table, int(width), BLANK, words)[0].symbols for table in logs)
    return [written(one, symbols, level) for one in found]


def best_texts(logits: Tensor, lengths: Tensor, symbols: Sequence[str], level: str) -> list[str]:
    """Return what a batch's logits (B, T, K) say, by each step's likeliest symbol."""
    paths = logits.argmax(dim=2).numpy()
    steps = zip(paths, lengths.tolist(), strict=True)
    return [written(collapse(path[:length], BLANK), symbols, level) for path, length in steps]


def written(numbers: Sequence[int], symbols: Sequence[str], level: str) -> str:
    """Return the text of symbols, several blanks as one."""
    return text_of((symbols[k] for k in numbers), level)


def error_figures(true: Sequence[str], put: Sequence[str], seed: int) -> dict[str, Any]:
    """Return "wer" and "cer", with their 95 % intervals over utterances, and the words.

    Raises:
        DataError: There are not as many of both, or nothing was said at all.
    """
    words, letters = word_errors(true, put), character_errors(true, put)
    return {
        "wer": words.rate,
        "wer_interval": list(rate_interval(words, seed=seed)),
        "cer": letters.rate,
        "cer_interval": list(rate_interval(letters, seed=seed)),
        "words": int(words.tokens.sum()),
    }
