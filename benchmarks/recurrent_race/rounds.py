"""Interleaved rounds: every program once a round, so that all see the same machine minutes."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from racing.rounds import Calibration, interleave

from .contests import Contest
from .program import Program
from .work import difference


@dataclass
class Measured:
    """What the rounds of a contest gave."""

    seconds: dict[str, list[float]]
    """Entry → its times in the rounds that count, round by round."""
    absent: dict[str, str]
    """Entry → why it did not run."""
    discarded: int = 0
    noisy: bool = False
    """Too many rounds were disturbed; all of them count."""
    difference: float = 0.0
    """Largest difference between our answer and another's."""


def measure(
    contest: Contest,
    programs: dict[str, Program],
    rounds: int,
    most: int,
    calibration: Calibration,
) -> Measured:
    """Prepare every entry, warm it up, and time it in interleaved rounds.

    Args:
        contest: What runs.
        programs: The processes, by the names that entries have for them.
        rounds: Rounds that shall count.
        most: Rounds at most, discarded ones included.
        calibration: What tells a disturbed round.
    """
    absent, answers = {}, {}
    for program in programs.values():
        program.ask("forget")
    for name, entry in contest.entries.items():
        got = programs[entry.program].ask("prepare", slot=name, work=asdict(entry.work))
        if "absent" in got:
            absent[name] = got["absent"]
        else:
            answers[name] = got["answer"]
    if contest.ours in absent or len(answers) < 2:
        return Measured({}, absent)
    comparable = [answers[name] for name in contest.same & answers.keys()]
    apart = max(difference(answers[contest.ours], answer) for answer in comparable)
    done = interleave(
        lambda: _round(contest, programs, list(answers), absent, calibration),
        rounds,
        most,
        calibration,
    )
    names = [name for name in answers if name not in absent]
    seconds = {name: [times[name] for times in done.turns] for name in names}
    return Measured(seconds, absent, done.discarded, done.noisy, apart)


def _round(
    contest: Contest,
    programs: dict[str, Program],
    names: list[str],
    absent: dict[str, str],
    calibration: Calibration,
) -> tuple[float, dict[str, float]]:
    """Time every entry once; return the slowest calibration of the round, and the times."""
    noise, times = 0.0, {}
    for name in names:
        if name in absent:
            continue
        noise = max(noise, calibration.run())
        entry = contest.entries[name]
        got = programs[entry.program].ask("measure", slot=name)
        if "absent" in got:
            absent[name] = got["absent"]
        else:
            times[name] = got["seconds"] / entry.divide_by
    return max(noise, calibration.run()), times
