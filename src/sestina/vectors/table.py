"""WordVectors: V words and their vectors, and what one asks them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sestina.data import datasets
from sestina.errors import DataError, OptionError, counted, nearest
from sestina.vectors import completion, directions, formats
from sestina.vectors.directions import Direction
from sestina.vectors.lookup import Lookup, several
from sestina.vectors.rows import Rows
from sestina.vectors.search import Floats, Search, check_number, single, units

Found = list[tuple[str, float]]
METHODS = ("add", "multiply")
EPSILON = 0.001  # of 3CosMul; keeps it from dividing by zero


class WordVectors(Lookup):
    """Words and one vector for each: what they are near to, what they stand to each other.

    How they are made, and what is checked when, says `Lookup`.

    Example:
        >>> vectors = WordVectors(["up", "upward", "left"], [[0, 1], [0.1, 1], [-1, 0]])
        >>> [word for word, cosine in vectors.neighbours("up", n=1)]
        ['upward']
    """

    @cached_property
    def _search(self) -> Search:
        return Search(self.words, self.stored)

    @classmethod
    def load(cls, source: str | Path | WordVectors | Mapping[str, Any] | Rows) -> WordVectors:
        """Return the word vectors of a file, a shipped name, or a mapping word → vector.

        The ending of the file's name tells its format: .txt, .vec, .bin or .safetensors.

        Raises:
            DataError: The name is unknown, or the file is damaged; the message names the place.
        """
        match source:
            case WordVectors():
                return source
            case Rows():
                words, matrix, parts, outputs, counts = source
                return cls(words, matrix, parts=parts, outputs=outputs, counts=counts)
            case Mapping():
                return cls(list(source), list(source.values()))
            case str() | Path():
                return cls.load(_shipped(str(source)) or formats.read(_existing(source)))
        raise DataError(
            f"vectors={type(source).__name__} cannot be read; give a shipped name such as "
            "'glove-50d', a file of word vectors, a mapping from words to vectors, or a WordVectors"
        )

    def __deepcopy__(self, memo: object) -> WordVectors:
        return self  # nothing changes it; scikit-learn's clone would copy the whole matrix

    def rows(self) -> Rows:
        """Return what a file holds of these vectors; `load` takes it back."""
        return Rows(self.words, self.stored, self.parts, self.outputs, self.counts)

    def save(self, path: str | Path, **options: Any) -> None:
        """Write the vectors in the format that the ending of the file's name tells.

        Args:
            path: A .txt, .vec, .bin or .safetensors file.
            **options: Those of `sestina.vectors.formats.write`.

        Raises:
            SestinaError: The ending or an option is unknown, or the file cannot be written.
        """
        formats.write(Path(path), self.rows(), **options)

    @overload
    def neighbours(self, query: str, n: int = 10) -> Found: ...
    @overload
    def neighbours(self, query: list[str] | tuple[str, ...], n: int = 10) -> list[Found]: ...
    @overload
    def neighbours(self, query: Floats, n: int = 10) -> Any: ...

    def neighbours(self, query: Any, n: int = 10) -> Any:
        """Return the n words of the highest cosine to a query, each with its cosine.

        Args:
            query: A word or a vector (D,); or a batch, a list of words or vectors (Q, D), for
                which Q lists are returned. A word is not its own neighbour.
            n: How many; fewer where there are not so many words.

        Raises:
            DataError: A word has no vector, or a vector has another size or is zero.
            OptionError: `n` is less than 1.
        """
        if isinstance(query, str):
            return self._nearest(self._units([query])[:, None], [[query]], n)[0]
        if isinstance(query, Sequence) and all(isinstance(word, str) for word in query):
            return self._nearest(self._units(query)[:, None], [[word] for word in query], n)
        rows, alone = self._directed(query)
        found = self._nearest(rows[:, None], [[]] * len(rows), n)
        return found[0] if alone else found

    def _directed(self, query: ArrayLike) -> tuple[NDArray[np.float64], bool]:
        """Return the caller's vectors scaled to length 1, (Q, D), and whether it is one alone."""
        try:
            rows = np.asarray(query, dtype=np.float64)
        except (TypeError, ValueError):
            rows = np.empty(0)
        if rows.ndim not in (1, 2) or rows.shape[-1] != self.dimensions:
            raise DataError(
                f"neighbours can be asked of a word, of words, or of vectors of "
                f"{counted(self.dimensions, 'number')}, not of this {type(query).__name__}"
            )
        if not (np.isfinite(rows).all() and np.atleast_2d(rows).any(axis=1).all()):
            raise DataError("a vector of zeros, or with NaN or infinity, has no neighbours")
        return units(np.atleast_2d(rows)), rows.ndim == 1

    def _nearest(
        self,
        queries: NDArray[np.float64],
        without: Sequence[Sequence[str]],
        n: int,
        combine: Any = single,
    ) -> list[Found]:
        """Return n words and scores for each query (Q, m, D), but not the words it is made of."""
        check_number(n)
        out = []
        more = max(map(len, without), default=0)
        ids, scores = self._search.nearest(queries, n + more, combine)
        for row, values, banned in zip(ids.tolist(), scores.tolist(), without, strict=True):
            dropped = {self._ids.get(word) for word in banned}
            pairs = [
                (self.words[i], v) for i, v in zip(row, values, strict=True) if i not in dropped
            ]
            out.append(pairs[:n])
        return out

    def similarity(self, one: str, other: str) -> float:
        """Return the cosine of two words' vectors, −1 … 1.

        Raises:
            DataError: A word has no vector.
        """
        first, second = self._units([one, other])
        return float(np.clip(first @ second, -1, 1))

    def analogy(
        self,
        positive: str | Sequence[str],
        negative: str | Sequence[str] = (),
        n: int = 10,
        method: str = "add",
    ) -> Found:
        """Return the n words nearest to ``positive − negative``, each with its score.

        *man* is to *king* as *woman* is to: ``analogy(["king", "woman"], ["man"])``. The words
        of the question are no answers.

        Args:
            positive: Words that count for an answer.
            negative: Words that count against it.
            n: How many answers.
            method: ``"add"``: the cosine with the sum of the vectors, each of length 1 (3CosAdd;
                Mikolov and others 2013). ``"multiply"``: the product of the cosines with the
                positive words over that with the negative ones, cosines brought into 0 … 1
                (3CosMul; Levy and Goldberg 2014).

        Raises:
            DataError: A word has no vector, or there is no positive one.
            OptionError: The method is unknown, or `n` is less than 1.
        """
        plus, minus = _listed(positive), _listed(negative)
        if method not in METHODS:
            raise OptionError(f"there is no analogy method {method!r}{nearest(method, METHODS)}")
        if not plus:
            raise DataError("no positive word came; an analogy needs one or more")
        rows = self._units([*plus, *minus])
        if method == "multiply":
            combine = partial(_multiplied, positive=len(plus))
            return self._nearest(rows[None], [[*plus, *minus]], n, combine)[0]
        total = units(rows[: len(plus)].sum(axis=0) - rows[len(plus) :].sum(axis=0))
        if not total.any():
            raise DataError("the words of the analogy cancel out; use other ones")
        return self._nearest(total[None, None], [[*plus, *minus]], n)[0]

    def outliers(self, words: Sequence[str]) -> Found:
        """Return words with the cosine of each with their mean, the lowest first.

        Raises:
            DataError: A word has no vector, or there are fewer than three words.
        """
        words = list(dict.fromkeys(several(words)))
        if len(words) < 3:
            raise DataError(
                f"{counted(len(words), 'word')} came; the odd one out needs 3 different ones"
            )
        rows = self._units(words)
        cosines = rows @ units(rows.mean(axis=0))
        return [(words[i], float(cosines[i])) for i in np.argsort(cosines, kind="stable")]

    def doesnt_match(self, words: Sequence[str]) -> str:
        """Return the word that is least like the others: the first of `outliers`."""
        return self.outliers(words)[0][0]

    def direction(self, pairs: Sequence[Sequence[str]]) -> Direction:
        """Return what pairs of words differ by: ``[("man", "woman"), ("king", "queen")]``.

        Raises:
            DataError: A word has no vector, or there is no pair.
        """
        return directions.learn(pairs, self._units)

    def predict_word(
        self, context: str | Sequence[str], n: int = 10, *, noise: float = 0.0
    ) -> Found:
        """Return the n words most probable among the words of a context, each with its share.

        CBOW's own prediction: softmax(outputs · mean of the context's vectors).

        Args:
            context: Words around the one that is sought.
            n: How many answers.
            noise: Power of the words' counts that the shares are multiplied by; 0.75 makes
                probabilities of what negative sampling taught with its usual noise.

        Raises:
            DataError: A word has no vector, there is none, or the vectors have no outputs.
            OptionError: `n` is less than 1, or `noise` less than 0.
        """
        words = _listed(context)
        if self.outputs is None:
            raise DataError(
                "these vectors came without the output layer of their network, which predicts "
                "words; train your own, for instance with CBOW, and save them as .safetensors"
            )
        if not words:
            raise DataError("no word of a context came; give one or more")
        check_number(n)
        shares = completion.probabilities(self.outputs, self._gather(words).mean(axis=0))
        shares = completion.restored_noise(shares, self.counts, noise)
        best = np.argsort(-shares, kind="stable")[:n]
        return [(self.words[i], float(shares[i])) for i in best]


def _multiplied(cosines: Floats, positive: int) -> Floats:
    """Return 3CosMul's scores (Q, N) of cosines (Q, m, N) with the positive words, then others."""
    shares = (cosines + 1) / 2
    scores: Floats = shares[:, :positive].prod(axis=1) / (
        shares[:, positive:].prod(axis=1) + EPSILON
    )
    return scores


def _listed(words: str | Sequence[str]) -> list[str]:
    """Return words as a list; one word alone is a list of one."""
    return [words] if isinstance(words, str) else list(words)


def _shipped(name: str) -> Rows | None:
    """Return the vectors of a shipped name; None where it is none."""
    if name not in datasets.names() or Path(name).exists():
        return None
    if datasets.get(name).task != "vectors":
        raise DataError(f"{name!r} is a data set, not word vectors; the shipped ones: glove-50d")
    with np.load(datasets.path(name), allow_pickle=False) as file:
        return Rows(file["words"].tolist(), file["vectors"])


def _existing(source: str | Path) -> Path:
    """Return a path; a name that is neither file nor shipped is refused with what is shipped."""
    if not Path(source).exists() and not Path(source).suffix:
        shipped = [name for name in datasets.names() if datasets.get(name).task == "vectors"]
        raise DataError(f"there are no vectors {str(source)!r}{nearest(str(source), shipped)}")
    return Path(source)
