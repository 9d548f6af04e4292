"""How good word vectors are: analogy questions answered, people's judgements of likeness met."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.errors import OptionError
from sestina.vectors.questions import read_analogies, read_pairs
from sestina.vectors.table import WordVectors

TOP = 30_000  # most frequent words that questions are put to, as in Mikolov et al. (2013)
QUESTIONS, WORDS = 1_024, 2_048  # of one block of scores, which stays in the cache


@dataclass(frozen=True)
class Section:
    """How many analogy questions of a section were answered.

    Attributes:
        name: Name of the section, or of a total.
        right: Questions answered as expected.
        asked: Questions put; all four words are known.
        left_out: Questions not put, because a word is unknown.
    """

    name: str
    right: int
    asked: int
    left_out: int

    @property
    def accuracy(self) -> float | None:
        """Share of the questions put that were answered as expected; None where none was."""
        return self.right / self.asked if self.asked else None

    def to_dict(self) -> dict[str, Any]:
        """Return the fields and the accuracy."""
        return {**asdict(self), "accuracy": self.accuracy}


@dataclass(frozen=True)
class Analogies:
    """Answers to a set of analogy questions.

    Attributes:
        source: The set or file.
        words: Words that could be answers: the most frequent ones.
        sections: One result a section, in the order of the file.
    """

    source: str
    words: int
    sections: tuple[Section, ...]

    @property
    def semantic(self) -> Section:
        """The sum of the sections about things: those whose name does not begin with "gram"."""
        return _sum("semantic", (s for s in self.sections if not s.name.startswith("gram")))

    @property
    def syntactic(self) -> Section:
        """The sum of the sections about forms: those whose name begins with "gram"."""
        return _sum("syntactic", (s for s in self.sections if s.name.startswith("gram")))

    @property
    def total(self) -> Section:
        """The sum of all sections."""
        return _sum("total", self.sections)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "source": self.source,
            "words": self.words,
            "sections": [section.to_dict() for section in self.sections],
            **{part.name: part.to_dict() for part in (self.semantic, self.syntactic, self.total)},
        }


@dataclass(frozen=True)
class Similarity:
    """How well cosines of vectors follow people's scores of pairs of words.

    Attributes:
        source: The set or file.
        rho: Spearman's rank correlation of cosines and scores; None where there is none, because
            fewer than two pairs are known or all cosines or scores are equal.
        pairs: Pairs that were compared.
        left_out: Pairs left out, because a word is unknown.
    """

    source: str
    rho: float | None
    pairs: int
    left_out: int

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return asdict(self)


def analogies(
    vectors: WordVectors | str | Path,
    source: str | Path = "analogies",
    *,
    top: int | None = TOP,
    fold: bool = True,
) -> Analogies:
    """Put analogy questions to word vectors: a is to b as c is to which word?

    The answer is the word whose vector has the largest cosine with b − a + c, all of unit length
    (3CosAdd: Mikolov et al., arXiv 1301.3781), a, b and c themselves excepted. Memory stays
    bounded whatever V: scores are formed in blocks.

    Args:
        vectors: Word vectors, the most frequent word first; a file or a shipped name will do.
        source: A file of `sestina.vectors.questions.read_analogies`, or a shipped set.
        top: Ask and answer within so many most frequent words, all of them if None. The figure
            depends on it: state it.
        fold: Whether words are the same that differ only in case, as word2vec's own program has
            it. A question's word then means the most frequent of them.

    Raises:
        DataError: The file is missing or damaged.
        OptionError: `top` is below 1.
    """
    table = _Folded(vectors, top, fold)
    sections = {
        name: [[table.row(word) for word in question] for question in questions]
        for name, questions in read_analogies(source).items()
    }
    ids = np.array([rows for found in sections.values() for rows in found], dtype=np.int64)
    known = (ids >= 0).all(axis=1)
    right = np.zeros(len(ids), dtype=np.bool_)
    answers = _answers(table, ids[known, :3])
    right[known] = (answers >= 0) & (table.group[answers] == table.group[ids[known, 3]])
    ends = np.cumsum([len(rows) for rows in sections.values()])[:-1]
    counts = [
        Section(name, int(r.sum()), int(k.sum()), int((~k).sum()))
        for name, r, k in zip(sections, np.split(right, ends), np.split(known, ends), strict=True)
    ]
    return Analogies(str(source), len(table.group), tuple(counts))


def similarity(
    vectors: WordVectors | str | Path,
    source: str | Path = "wordsim353",
    *,
    top: int | None = None,
    fold: bool = True,
) -> Similarity:
    """Compare the cosines of pairs of words with people's scores.

    Args:
        vectors: Word vectors, the most frequent word first; a file or a shipped name will do.
        source: A file of `sestina.vectors.questions.read_pairs`, or a shipped set.
        top: Know only so many most frequent words, all of them if None.
        fold: Whether words are the same that differ only in case; the most frequent then counts.

    Raises:
        DataError: The file is missing or damaged.
        OptionError: `top` is below 1.
    """
    table = _Folded(vectors, top, fold)
    pairs = read_pairs(source)
    ids = np.array([[table.row(word) for word in pair[:2]] for pair in pairs])
    known = (ids >= 0).all(axis=1)
    left, right = (table.unit(ids[known, side]) for side in (0, 1))
    cosines = np.einsum("nd,nd->n", left, right, dtype=np.float64)
    scores = np.array([pair.score for pair in pairs])[known]
    used = int(known.sum())
    return Similarity(str(source), _spearman(cosines, scores), used, len(pairs) - used)


class _Folded:
    """The first `top` rows of a table, each with the first row of the same word but for case.

    Attributes:
        group: Number of the first row with the same word, (rows,) int64.
    """

    def __init__(self, vectors: WordVectors | str | Path, top: int | None, fold: bool) -> None:
        if top is not None and not (isinstance(top, Integral) and top >= 1):
            raise OptionError(f"top={top!r} leaves no word to evaluate; give 1 or more, or None")
        vectors = WordVectors.load(vectors)
        self._fold = fold
        self._matrix = vectors.stored  # float16 or quantised: float32 by blocks
        self._first: dict[str, int] = {}
        rows = enumerate(map(self._key, vectors.words[:top]))
        first = (self._first.setdefault(key, row) for row, key in rows)
        self.group = np.fromiter(first, dtype=np.int64)

    def row(self, word: str) -> int:
        """Return the first row of a word, −1 if there is none."""
        return self._first.get(self._key(word), -1)

    def _key(self, word: str) -> str:
        """Return a word as it is compared; in upper case, as in word2vec's program."""
        return word.upper() if self._fold else word

    def unit(self, rows: NDArray[np.int64] | slice) -> NDArray[np.float32]:
        """Return the vectors of some rows, of length 1; zeros stay zeros."""
        vectors = np.asarray(self._matrix[rows], dtype=np.float32)
        lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))[:, None]
        lengths[lengths == 0] = 1
        unit: NDArray[np.float32] = vectors / lengths
        return unit

    def twins(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return every row of the same word as each of `rows`, with its place in `rows`."""
        order = np.argsort(self.group, kind="stable")
        start, end = (np.searchsorted(self.group[order], rows, side) for side in ("left", "right"))
        count = end - start
        place = np.repeat(np.arange(len(rows)), count)
        step = np.arange(len(place)) - np.repeat(np.cumsum(count) - count, count)
        return order[start[place] + step], place


def _answers(table: _Folded, given: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the row that answers each question a : b = c : ?, −1 where no word is left.

    Args:
        table: Words and vectors.
        given: Rows of a, b and c, (N, 3).
    """
    a, b, c = (table.unit(given[:, side]) for side in range(3))
    wanted = b - a + c
    rows, places = table.twins(given.ravel())
    barred = np.stack([rows, places // 3], axis=1)  # words of the question are no answers
    best = np.full(len(given), -np.inf, dtype=np.float32)
    answers = np.full(len(given), -1, dtype=np.int64)
    for words in _blocks(len(table.group), WORDS):
        candidates = table.unit(words).T
        near = barred[(barred[:, 0] >= words.start) & (barred[:, 0] < words.stop)]
        for some in _blocks(len(given), QUESTIONS):
            scores = wanted[some] @ candidates
            row, question = near[(near[:, 1] >= some.start) & (near[:, 1] < some.stop)].T
            scores[question - some.start, row - words.start] = -np.inf
            top = scores.argmax(axis=1)
            value = np.take_along_axis(scores, top[:, None], axis=1)[:, 0]
            better = value > best[some]  # of equal ones the most frequent word stays
            best[some][better] = value[better]
            answers[some][better] = top[better] + words.start
    return answers


def _blocks(count: int, size: int) -> Iterator[slice]:
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def _spearman(one: NDArray[np.float64], other: NDArray[np.float64]) -> float | None:
    if len(one) < 2 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return None
    from scipy.stats import spearmanr

    return float(spearmanr(one, other).statistic)


def _sum(name: str, sections: Iterable[Section]) -> Section:
    found = list(sections)
    return Section(
        name,
        sum(section.right for section in found),
        sum(section.asked for section in found),
        sum(section.left_out for section in found),
    )
