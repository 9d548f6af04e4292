"""The tables in Markdown, and the picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from racing import picture
from racing.pages import ordered
from racing.results import Goal, Spread, head, ratio, row, time, verdict

from sestina.errors import counted

from .alone import Memory
from .quality import Compared
from .race import Line
from .rows import ALONE, OURS, QUALITY, TITLES, races

MARKER = "word vectors"
RACE = head("program", "words/s (quartiles)", "whole run", "Sestina is faster", "goal", "reached")
WAYS = head("way", "words/s (quartiles)", "whole run", "ratio (quartiles)", "goal", "reached")
MEMORY = head("tokens", "words", "peak memory", "before the corpus was opened")
COMPARED = head(
    "race", "ours", "against", "measure", "ours", "other", "difference", "spread", "holds"
)
INTRO = """\
All programs read the same file of lower-case tokens parted by blanks, made once, a sentence a \
line, and have the same options: 100 dimensions, window 5, 5 negatives, subsampling from 1e-3, \
words that occur 5 times or more, 2 threads, and the learning rate and epochs that stand below \
each table. gensim's threads hold the sentences of their own parts against the total, so that \
its learning rate would fall to a half only; it is told a total that lets it fall to the end, as \
the others' does, without which its vectors of one epoch are better than shown. Every program \
runs in a process of its own, and each round runs every program once, so that all see the same \
minutes; a ratio is taken within a round: the other's seconds over ours. Figures are medians \
over the rounds that count, quartiles in brackets. A run begins when a fixed matrix product on \
both cores takes less than 1.3 times the best of one core alone, and both cores have a cache in \
common, as a laptop's do and those of a shared machine not always (they hand a number in memory \
over within 2.5 times the best), or else four minutes later. While it lasts that is looked at \
every other second: where it was not so at more than a tenth of the looks, the run is disturbed \
and, if two minutes are not over, done once more; the least disturbed one counts. Rounds with a \
disturbed run are discarded; a line says noisy where that would leave fewer than three, and all \
count.

Words a second are the tokens of the text, rare ones included, times epochs, over the seconds of \
training. Those are: of Sestina, what it reports of its epochs; of gensim (which reads the text \
by itself, its fastest way), the call of train; of word2vec.c, pWord2Vec and fastText, the time \
from their first to their last sign of progress. Sestina and pWord2Vec read the text before, the \
others while they train, so the whole run stands beside it: from opening the text to the end of \
training, without imports, compiling and saving. Of GloVe the whole run is compared, counting of \
words and pairs and shuffling included, and words a second are the text's once over that. Seeds \
are the rounds' numbers. The command: make bench-vectors ARGS="--corpus FILE --peers FOLDER \
--pairs FILE"."""
JUDGED = """\
Each program's vectors of the races above, on the same words in the same order; means over \
{seeds}. word2vec.c, pWord2Vec and fastText take no seed: theirs are repeated runs, which differ \
by the timing of threads. The spread is the larger of both standard deviations; \
Sestina holds where it is not below the other by more than that. After one epoch all vectors are \
poor; what is compared is how much is learnt from one pass."""


def title(number: int) -> str:
    """Return the heading of a row."""
    return f"### {number}. {TITLES.get(number) or races(1, quick=False)[number].title}"


def markdown(results: Mapping[str, Any]) -> str:
    """Return the whole report; `results` is what the JSON file holds."""
    parts = ["## Word vectors", INTRO]
    for number, found in ordered(results):
        parts += [title(number), body(number, found)]
    return "\n\n".join(parts) + "\n"


def body(number: int, found: Mapping[str, Any]) -> str:
    """Return what stands below a heading."""
    if number == QUALITY:
        return _quality(found)
    tables = [_table(RACE if number != ALONE else WAYS, found["lines"])]
    if found.get("lengths"):
        tables.append(_table(WAYS.replace("way", "length", 1), found["lengths"]))
    if found.get("memory"):
        tables.append("\n".join([MEMORY, *(_memory(Memory(**one)) for one in found["memory"])]))
    left_out = "; ".join(f"{name}: {why}" for name, why in found["absent"].items())
    notes = [*found["notes"], *([f"Left out: {left_out}."] if left_out else [])]
    return "\n\n".join([*tables, " ".join([found["about"], *notes])])


def line(fields: Mapping[str, Any]) -> Line:
    """Return a line as it was before it became JSON."""
    spreads = {
        name: None if fields[name] is None else Spread(**fields[name])
        for name in ("speed", "whole", "ratio")
    }
    return Line(**{**fields, **spreads, "goal": Goal(**fields["goal"])})


def _table(top: str, lines: Sequence[Mapping[str, Any]]) -> str:
    return "\n".join([top, *(_row(line(fields)) for fields in lines)])


def _row(one: Line) -> str:
    speed = "–" if one.speed is None else _speed(one.speed)
    whole = "–" if one.whole is None else time(one.whole.median)
    return row(
        (one.name, speed, whole, ratio(one.ratio), str(one.goal), verdict(one.reached)),
    )


def _speed(speed: Spread) -> str:
    median, low, high = (f"{value / 1e6:.3g}" for value in (speed.median, speed.low, speed.high))
    return f"{median} M" if low == high else f"{median} M ({low} – {high})"


def _memory(one: Memory) -> str:
    sizes = (one.peak, one.before)
    return row((f"{one.tokens:,}", f"{one.words:,}", *(f"{size / 1e6:,.0f} MB" for size in sizes)))


def _quality(found: Mapping[str, Any]) -> str:
    rows, seeds, abouts = [], set(), []
    for number, race in ordered(found["races"]):
        for fields in race["lines"]:
            one = Compared(**fields)
            if one.peer.startswith(OURS):  # written by an earlier version
                continue
            seeds.add(one.seeds)
            spread = "–" if one.spread is None else f"{one.spread:.4f}"
            figures = (f"{one.ours:.4f}", f"{one.theirs:.4f}", f"{one.ours - one.theirs:+.4f}")
            names = (str(number), one.side, one.peer, one.measure)
            rows.append(row((*names, *figures, spread, verdict(one.enough))))
        if race["about"] not in abouts:
            abouts.append(race["about"])
    most, least = max(seeds, default=0), min(seeds, default=0)
    intro = JUDGED.format(seeds=(f"{least} to " if least < most else "") + counted(most, "seed"))
    return "\n\n".join([intro, "\n".join([COMPARED, *rows]), *abouts])


def draw(results: Mapping[str, Any], file: Path) -> None:
    """Write the picture of the races as SVG; nothing where none has been run."""
    dots = [
        picture.Dot(
            title(number).lstrip("# "), one.name.split(",")[0], one.ratio.median, one.goal.value
        )
        for number, found in ordered(results)
        if number not in TITLES
        for one in map(line, found["lines"])
        if one.ratio is not None and not one.name.startswith(OURS)
    ]
    peers = list(dict.fromkeys(dot.series for dot in dots))
    picture.draw(dots, peers, "times as fast as the other program", file, step=15)
