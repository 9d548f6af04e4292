"""Pictures of word vectors: words in a plane, and pairs of words joined by arrows."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sestina import store
from sestina.errors import DataError, DataWarning, OptionError, counted, nearest
from sestina.vectors import map_page, map_picture
from sestina.vectors.lookup import several
from sestina.vectors.plane import Points, WordMap, project
from sestina.vectors.questions import read_analogies
from sestina.vectors.table import WordVectors

TOP = 500
MOST = 20_000  # words that a page still moves smoothly, and one can still look at
NEIGHBOURS = 8
LISTED = 10  # unknown words that a remark names
# name → section of the shipped analogies, and whether its pairs are turned round
PAIR_SETS = {
    "gender": ("family", False),
    "plural": ("gram8-plural", False),
    "tense": ("gram7-past-tense", False),
    "capitals": ("capital-common-countries", True),
}
PAIR_TITLES = {
    "gender": "From male to female",
    "plural": "From one to many",
    "tense": "From present participle to past tense",
    "capitals": "From country to capital",
}
WRITERS = {".html": map_page.page, ".htm": map_page.page, ".png": map_picture.png}


def word_map(
    vectors: WordVectors | str | Path,
    words: Sequence[str] | None = None,
    *,
    top: int = TOP,
    near: int = 0,
    method: str = "pca",
    neighbours: int = NEIGHBOURS,
    seed: int = 0,
    title: str | None = None,
) -> WordMap:
    """Place words in a plane.

    Args:
        vectors: Word vectors, the most frequent word first; a file or a shipped name will do.
        words: Which words; a word that is missing as written is taken in lower case. None takes
            the most frequent.
        top: How many of the most frequent, where no words are given.
        near: How many nearest neighbours of each given word stand on the map too.
        method: pca or tsne; see `sestina.vectors.plane.project`.
        neighbours: How many nearest neighbours are named with a word.
        seed: Seed of t-SNE's random choices.
        title: Heading of the map.

    Raises:
        DataError: None of the words has a vector.
        OptionError: A number makes no sense, or the method is unknown.

    Warns:
        DataWarning: Words have no vector and are left out.
    """
    vectors = WordVectors.load(vectors)
    for name, value, least in (("top", top, 1), ("near", near, 0), ("neighbours", neighbours, 0)):
        if value < least:
            raise OptionError(f"{name}={value} makes no sense; give {least} or more")
    if near and words is None:
        raise OptionError(f"near={near} goes with words; give some, or raise top instead")
    if words is None:
        missing: list[str] = []
        chosen = list(vectors.words[:top])
        title = title or f"The {len(chosen):,} most frequent words"
    else:
        chosen, missing = _known(vectors, words)
        _say_left_out(len(missing), len(chosen) + len(missing), "word", missing)
    if near:
        beside = vectors.neighbours(chosen, near)
        chosen = list(dict.fromkeys([*chosen, *(word for row in beside for word, _ in row)]))
    _check_size(len(chosen))
    return WordMap(
        title or counted(len(chosen), "word"),
        method,
        tuple(chosen),
        project(_rows(vectors, chosen), method, seed),
        _nearest(vectors, chosen, neighbours),
        left_out=tuple(missing),
    )


def direction_map(
    vectors: WordVectors | str | Path,
    pairs: Iterable[Sequence[str]] | str,
    path: str | Path | None = None,
    *,
    neighbours: int = NEIGHBOURS,
    title: str | None = None,
) -> WordMap:
    """Join pairs of words by arrows, in the plane of their first two principal components.

    Where pairs differ by the same thing, as in Mikolov et al. (NIPS 2013, figure 2), the arrows
    are parallel. The axes are turned so that they point to the right and up on the whole.

    Args:
        vectors: Word vectors; a file or a shipped name will do.
        pairs: Two words each, or the name of a set: gender, plural, tense, capitals.
        path: File to write, .html or .png; none if None.
        neighbours: How many nearest neighbours are named with a word.
        title: Heading of the map.

    Raises:
        DataError: A pair is none, or of no pair both words have vectors.
        OptionError: There is no such set, or the file has another ending.
        SestinaError: The file cannot be written.

    Warns:
        DataWarning: Pairs with an unknown word are left out.
    """
    vectors = WordVectors.load(vectors)
    if isinstance(pairs, str):
        title = title or PAIR_TITLES.get(pairs)
    asked = pair_set(pairs) if isinstance(pairs, str) else [_pair(pair) for pair in pairs]
    found = [_known(vectors, pair) for pair in asked]
    kept = [known for known, unknown in found if not unknown]
    missing = list(dict.fromkeys(word for _, unknown in found for word in unknown))
    _say_left_out(len(asked) - len(kept), len(asked), "pair", missing)
    words = list(dict.fromkeys(word for pair in kept for word in pair))
    _check_size(len(words))
    number = {word: n for n, word in enumerate(words)}
    arrows = tuple((number[pair[0]], number[pair[-1]]) for pair in kept)
    drawn = WordMap(
        title or f"{counted(len(kept), 'pair')} of words", "pca", tuple(words),
        _turned(project(_rows(vectors, words)), arrows), _nearest(vectors, words, neighbours),
        arrows, tuple(missing),
    )  # fmt: skip
    if path is not None:
        write(drawn, path)
    return drawn


def pair_set(name: str) -> list[tuple[str, str]]:
    """Return the pairs of a section of the shipped analogies: gender, plural, tense or capitals.

    Raises:
        OptionError: There is no such set.
    """
    if name not in PAIR_SETS:
        raise OptionError(
            f"{name!r} is neither a set of pairs nor pairs such as king:queen,man:woman"
            f"{nearest(name, PAIR_SETS)}"
        )
    section, turned = PAIR_SETS[name]
    pairs = dict.fromkeys(pair for q in read_analogies()[section] for pair in (q[:2], q[2:]))
    return [(second, first) if turned else (first, second) for first, second in pairs]


def write(drawn: WordMap, path: str | Path) -> None:
    """Write a map: .html to move about in, .png to look at.

    Raises:
        OptionError: The file has another ending.
        MissingExtra: A .png needs the packages of ``sestina[report]``.
        SestinaError: The file cannot be written.
    """
    store.write_bytes(path, writer_for(path)(drawn))


def writer_for(path: str | Path) -> Callable[[WordMap], bytes]:
    """Return what makes the content of a file with such an ending.

    Raises:
        OptionError: No map is written with that ending.
    """
    ending = Path(path).suffix.lower()
    if ending not in WRITERS:
        raise OptionError(
            f"a map cannot be written to {str(path)!r}; end its name in .html or .png"
        )
    return WRITERS[ending]


def _known(vectors: WordVectors, words: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the words that have vectors, as they are written there, and the others; each once.

    A vector made of a word's parts will do where it has no row, in lower case neither.
    """
    spelt = {
        w: w if w in vectors or w.lower() not in vectors else w.lower() for w in several(words)
    }
    known = dict(zip(spelt, vectors.known(spelt.values()), strict=True))
    drawn = dict.fromkeys(found for word, found in spelt.items() if known[word])
    return list(drawn), [word for word in spelt if not known[word]]


def _pair(words: Sequence[str]) -> tuple[str, str]:
    if isinstance(words, str) or len(words) != 2:
        raise DataError(f"{words!r} is not a pair; give two words, such as ('king', 'queen')")
    return words[0], words[1]


def _say_left_out(count: int, total: int, noun: str, unknown: Sequence[str]) -> None:
    """Warn of words or pairs without vectors; refuse to go on where nothing is left."""
    named = ", ".join(map(repr, unknown[:LISTED]))
    rest = f" and {len(unknown) - LISTED:,} more" if len(unknown) > LISTED else ""
    if count == total:
        which = f" ({named}{rest})" if unknown else ""
        raise DataError(f"no {noun} is left to draw: none has vectors{which}; give others")
    if count:
        message = f"{counted(count, noun)} of {total:,} left out, having no vector: {named}{rest}"
        warnings.warn(message, DataWarning, stacklevel=3)


def _check_size(count: int) -> None:
    if count > MOST:
        raise OptionError(
            f"a map of {counted(count, 'word')} cannot be read; ask for {MOST:,} or less"
        )


def _rows(vectors: WordVectors, words: Sequence[str]) -> NDArray[np.float32]:
    return vectors.rows_for(words)[0]


def _nearest(
    vectors: WordVectors, words: list[str], count: int
) -> tuple[tuple[tuple[str, float], ...], ...]:
    rows = vectors.neighbours(words, count) if count else [[] for _ in words]
    return tuple(tuple((word, float(cosine)) for word, cosine in row) for row in rows)


def _turned(points: Points, arrows: Sequence[tuple[int, int]]) -> Points:
    """Return points mirrored so that the arrows, added up, point to the right and up."""
    tails, heads = np.array(arrows).T
    way = (points.places[heads] - points.places[tails]).sum(axis=0)
    return points._replace(places=points.places * np.where(way < 0, -1.0, 1.0))
