"""Sestina alone: what reproducibility costs, what threads bring, length and memory."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from racing.results import Goal, Spread, judge

from .corpus import Text, of_length
from .job import MIN_COUNT, Job
from .race import Finished, Line, Track, series, speeds
from .rows import OURS, Entry, Race

DETERMINISTIC, SINGLE = f"{OURS}, deterministic", f"{OURS}, 1 thread"
READING, COST, GAIN, LONGER = 0.15, 2.0, 1.8, 1.1
"""Goals: share of an epoch, cost of the same bits, gain of a thread, time per word when longer."""

NOTE = (
    "The file is cut into tokens parted by blanks, and not compressed, so that reading is too. "
    "A text longer than the corpus is the corpus over and over, in which more words occur often "
    "enough; the shortest text over and over has the words that it has once. Ratios: of the "
    "same bits, what they cost; of one thread, what the second brings; of reading, its share of "
    "an epoch; of lengths, the time per word against that of the shortest text. Memory is VmHWM, "
    "in which the mapped pages of the file of ids count, and before the corpus what Python, the "
    "packages and reading the compiled kernels take."
)


@dataclass(frozen=True)
class Memory:
    """The most memory that a fresh process has had, in bytes."""

    tokens: int
    words: int
    peak: float
    before: float
    """Before the corpus was opened: Python, packages and kernels."""


def options(track: Track, text: Text, epochs: int) -> tuple[list[Line], Finished]:
    """Compare our own ways to train the same corpus."""
    entries = {
        OURS: Entry("Sestina"),
        DETERMINISTIC: Entry("Sestina", changes={"deterministic": True}),
        SINGLE: Entry("Sestina", changes={"threads": 1}),
    }
    race = Race("", Job(epochs=epochs), entries)
    found = track.run(race, text.path)
    words = text.tokens * epochs
    ours = series(found, OURS)
    if not ours:
        return [], found
    plain = Line(OURS, Goal("slower"), speeds(ours, words), _whole(found, OURS))
    cost, gain = Goal("slower", COST), Goal("faster", GAIN)
    cheap = [other / our for other, our in zip(series(found, DETERMINISTIC), ours, strict=False)]
    alone = [other / our for other, our in zip(series(found, SINGLE), ours, strict=False)]
    lines = [plain]
    for name, goal, ratios in ((DETERMINISTIC, cost, cheap), (SINGLE, gain, alone)):
        if ratios:
            rates = speeds(series(found, name), words)
            lines.append(_line(name, goal, ratios, rates, _whole(found, name)))
    shares = [turn[OURS].more["reading"] / turn[OURS].training * epochs for turn in found.turns]
    reading = Goal("slower", READING)
    lines.append(_line("reading, counting and ids, to one epoch", reading, shares))
    return lines, found


def lengths(
    track: Track, text: Text, sizes: Sequence[int], folder: Path
) -> tuple[list[Line], list[Memory], list[Finished]]:
    """Train on texts of several lengths, one epoch each; compare the time per word.

    A longer text has more words too, whose vectors fill more memory than the caches hold; so the
    shortest text is also repeated, whose words stay the same.
    """
    lines, memory, all_found = [], [], []
    first: float | None = None
    for name, tokens, path, min_count in _texts(text, sizes, folder):
        race = Race("", Job(min_count=min_count), {OURS: Entry("Sestina")})
        found = track.run(race, path)
        all_found.append(found)
        seconds = series(found, OURS)
        if not seconds:
            break
        per_word = [value / tokens for value in seconds]
        first = first or median(per_word)
        goal = Goal("slower", LONGER if lines else None)
        ratios = [value / first for value in per_word]
        line = _line(name, goal, ratios, speeds(seconds, tokens), _whole(found, OURS))
        lines.append(line)
        memory.append(_memory(found, tokens))
    return lines, [one for one in memory if not math.isnan(one.peak)], all_found


def _texts(text: Text, sizes: Sequence[int], folder: Path) -> Iterator[tuple[str, int, Path, int]]:
    """Write the texts, one at a time; give each's name, tokens, file and least count of a word."""
    path, shortest = folder / "part", folder / "shortest"
    for size in sizes:
        name = f"{rounded(size)} tokens" + (", repeated" if size > 1.1 * text.tokens else "")
        yield name, of_length(text, size, path), path, MIN_COUNT
    once = of_length(text, sizes[0], shortest)
    for size in sizes[1:]:
        times = round(size / sizes[0])
        tokens = of_length(replace(text, path=shortest, tokens=once), times * once, path)
        name = f"{rounded(size)} tokens, of the {rounded(sizes[0])} over and over"
        yield name, tokens, path, times * MIN_COUNT
    path.unlink()
    shortest.unlink()


def rounded(size: int) -> str:
    """Return a number of tokens in short."""
    return f"{size / 1e6:g} M" if size >= 1_000_000 else f"{size:,}"


def _line(
    name: str,
    goal: Goal,
    ratios: Sequence[float],
    speed: Spread | None = None,
    whole: Spread | None = None,
) -> Line:
    ratio = Spread.of(ratios)
    return Line(name, goal, speed, whole, ratio, judge(goal, ratio.median))


def _whole(found: Finished, name: str) -> Spread:
    return Spread.of(series(found, name, whole=True))


def _memory(found: Finished, tokens: int) -> Memory:
    said = [turn[OURS].more for turn in found.turns]
    peak = max(one["peak"] for one in said)
    return Memory(tokens, int(said[0]["words"]), peak, min(one["before"] for one in said))
