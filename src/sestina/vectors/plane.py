"""Vectors → points in a plane: principal components, t-SNE; and what a map of words consists of."""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sestina.errors import OptionError, counted, nearest

METHODS = ("pca", "tsne")
PERPLEXITY = 30.0
FEWEST = 4  # words that t-SNE needs to weigh neighbours against others
LONGEST = 40  # characters of a word that are shown
# outlines of the points of groups, as SVG draws them, in a square from -1 to 1: a circle, a square,
# two triangles, a diamond, a cross; a group has a shape beside its colour
SHAPES = (
    "M.9,0A.9,.9,0,1,1,-.9,0A.9,.9,0,1,1,.9,0Z",
    "M-.8,-.8H.8V.8H-.8Z",
    "M0,-1L1,.8H-1Z",
    "M0,-1L1,0L0,1L-1,0Z",
    "M0,1L1,-.8H-1Z",
    "M-.35,-1H.35V-.35H1V.35H.35V1H-.35V.35H-1V-.35H-.35Z",
)
HUES = 6  # colours of groups; how they look is up to the page and the picture
MOST_GROUPS = 24  # what a legend has room for, and an eye can tell apart


class Points(NamedTuple):
    """N points in a plane.

    Attributes:
        places: (N, 2) float64.
        explained: Shares of the variance along the two axes; None where axes mean nothing.
    """

    places: NDArray[np.float64]
    explained: tuple[float, float] | None


@dataclass(frozen=True, eq=False)
class WordMap:
    """Words in a plane, ready to be drawn.

    Attributes:
        title: What the map shows.
        method: How the points were found: pca or tsne.
        words: N words; where there is no room for all names, the first go first.
        points: Their places.
        neighbours: The words of the highest cosine to each, and these.
        arrows: From which word to which, as numbers of words.
        left_out: Words asked for that have no vector.
        noun: What the points are, where they are no words.
        groups: Group of each word, by which it is coloured; None of one that has none. Empty
            where there are no groups.
    """

    title: str
    method: str
    words: tuple[str, ...]
    points: Points
    neighbours: tuple[tuple[tuple[str, float], ...], ...]
    arrows: tuple[tuple[int, int], ...] = ()
    left_out: tuple[str, ...] = ()
    noun: str = "word"
    groups: tuple[str | None, ...] = ()

    @property
    def legend(self) -> dict[str, int]:
        """The groups in the order of their first words, and how many words each has."""
        return dict(Counter(group for group in self.groups if group is not None))

    @property
    def axes(self) -> tuple[str, str] | None:
        """What lies across and what lies up; None where axes mean nothing."""
        if self.points.explained is None:
            return None
        first, second = self.points.explained
        return (
            f"first component, {100 * first:.0f} % of the variance",
            f"second component, {100 * second:.0f} %",
        )

    @property
    def basis(self) -> str:
        """How the words were placed, in a sentence without its point."""
        if self.points.explained is None:
            return "t-SNE: near words are alike; distances between groups mean little"
        first, second = self.points.explained
        shares = f"{100 * first:.0f} % and {100 * second:.0f} %"
        return f"first two principal components, across and up: {shares} of the variance"


def look(number: int) -> tuple[int, str]:
    """Return the colour of a map's n-th group, by its number, and its shape."""
    return number % HUES, SHAPES[(number + number // HUES) % len(SHAPES)]


def project(vectors: NDArray[np.floating], method: str = "pca", seed: int = 0) -> Points:
    """Return a point for each vector (N, D), once all are of length 1 as for cosines.

    Args:
        vectors: (N, D), N ≥ 1.
        method: pca, or tsne (van der Maaten and Hinton, JMLR 2008), which begins from pca.
        seed: Seed of t-SNE's random choices.

    Raises:
        OptionError: The method is unknown, or t-SNE has too few words.
    """
    if method not in METHODS:
        raise OptionError(f"method={method!r} is unknown{nearest(method, METHODS)}")
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True).astype(np.float64)
    unit = vectors / np.where(lengths > 0, lengths, 1)
    points = _principal(unit)
    return points if method == "pca" else Points(_tsne(unit, points.places, seed), None)


def shown(word: str) -> str:
    """Return a word as maps show it: on one line, cut where long, by its codes if invisible."""
    if not any(unicodedata.category(sign)[0] not in "CZM" for sign in word):
        return " ".join(f"U+{ord(sign):04X}" for sign in word)
    line = "".join(sign if unicodedata.category(sign) not in ("Cc", "Cs") else "�" for sign in word)
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def directions(rows: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the directions of the largest spread of rows, and the spread: singular values.

    The directions (R, D) are the right singular vectors of the rows (N, D), which are centred for
    principal components.
    """
    _, spread, found = np.linalg.svd(rows, full_matrices=False)
    return signed(found), spread


def signed(found: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return directions (R, D), turned: of its two signs, each largest coefficient is positive."""
    largest = np.abs(found).argmax(axis=1)[:, None]
    turns = np.where(np.take_along_axis(found, largest, 1) < 0, -1.0, 1.0)
    return np.asarray(found * turns, dtype=np.float64)


def _principal(rows: NDArray[np.float64]) -> Points:
    """Return coordinates along the two directions of the largest variance."""
    centred = rows - rows.mean(axis=0)
    found, spread = directions(centred)
    places = np.zeros((len(rows), 2))
    places[:, : len(found[:2])] = centred @ found[:2].T
    variances = [float(one) for one in spread**2]
    total = sum(variances) or 1.0
    first, second = [*variances, 0.0][:2]
    return Points(places, (first / total, second / total))


def _tsne(rows: NDArray[np.float64], start: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    if len(rows) < FEWEST:
        raise OptionError(
            f"t-SNE needs {FEWEST} words or more, there {'is' if len(rows) == 1 else 'are'} "
            f"{counted(len(rows), 'word')}; take method pca"
        )
    from sklearn.manifold import TSNE

    scale = float(start[:, 0].std()) or 1.0
    found = TSNE(
        perplexity=min(PERPLEXITY, (len(rows) - 1) / 3),
        init=(start / scale * 1e-4).astype(np.float32),
        random_state=seed % 2**32,  # as many bits as scikit-learn takes
    ).fit_transform(rows.astype(np.float32))
    return np.asarray(found, dtype=np.float64)
