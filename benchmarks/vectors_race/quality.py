"""How good the vectors are that the programs of a race made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev

from sestina.vectors.evaluation import TOP, analogies, similarity
from sestina.vectors.table import WordVectors

from .race import Finished
from .rows import OURS


@dataclass(frozen=True)
class Compared:
    """One measure of our vectors and of another program's, means over seeds."""

    peer: str
    measure: str
    ours: float
    theirs: float
    spread: float | None
    """The larger of both standard deviations over seeds; None for one seed."""
    seeds: int
    side: str = OURS
    """Which of ours."""

    @property
    def enough(self) -> bool | None:
        """Whether ours is not below the other by more than the spread."""
        return None if self.spread is None else self.ours - self.theirs >= -self.spread


def measured(file: Path, words: Sequence[str], pairs: Sequence[Path]) -> dict[str, float]:
    """Return what a file of vectors is worth: measure → value.

    Args:
        file: Vectors in a format that Sestina reads.
        words: Only these words count, in this order, so that all programs answer the same.
        pairs: Files of word pairs with scores, beside the shipped WordSim-353.
    """
    vectors = _among(WordVectors.load(file), words)
    found = {"WordSim-353 ρ": similarity(vectors).rho}
    found |= {f"{path.name.split('.')[0]} ρ": similarity(vectors, path).rho for path in pairs}
    found[f"analogies, top {TOP:,}"] = analogies(vectors).total.accuracy
    return {name: value for name, value in found.items() if value is not None}


def _among(vectors: WordVectors, words: Sequence[str]) -> WordVectors:
    place = {word: row for row, word in enumerate(vectors.words)}
    kept = [word for word in words if word in place]
    return WordVectors(kept, vectors.matrix[[place[word] for word in kept]])


def compared(found: Finished) -> list[Compared]:
    """Hold our vectors against every other program's, measure by measure."""
    known = {
        name: rows for name, rows in found.quality.items() if rows and name not in found.absent
    }
    ours = [name for name in known if name.startswith(OURS)]
    return [
        line
        for side in ours
        for peer in known
        if peer not in ours
        for line in _held(side, known[side], peer, known[peer])
    ]


def _held(
    side: str, ours: Sequence[dict[str, float]], peer: str, theirs: Sequence[dict[str, float]]
) -> Iterator[Compared]:
    for measure in ours[0]:
        pair = [[one[measure] for one in rows if measure in one] for rows in (ours, theirs)]
        if all(pair):
            seeds = min(map(len, pair))
            spread = max(map(stdev, pair)) if seeds > 1 else None
            yield Compared(peer, measure, mean(pair[0]), mean(pair[1]), spread, seeds, side)
