"""Programs are run and their progress is clocked from outside."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from .job import Failed

PROGRESS = re.compile(rb"Progress:\s*([\d.]+)%")


@dataclass
class Watched:
    """What a program printed, and when it had come how far."""

    seconds: float = 0.0
    said: bytes = b""
    marks: list[tuple[float, float]] = field(default_factory=list)
    """Seconds since its start, and the number that it printed then."""

    def rate(self) -> float:
        """Return the seconds that 100 per cent take, by the first and the last mark."""
        (began, first), (ended, last) = self.marks[0], self.marks[-1]
        if last <= first:
            raise Failed("it told too little of its progress; give it more text")
        return 100 * (ended - began) / (last - first)


def watch(
    command: Sequence[object],
    variables: Mapping[str, str],
    pattern: re.Pattern[bytes] = PROGRESS,
    source: Path | None = None,
    target: Path | None = None,
) -> Watched:
    """Run a program and note the time at each sign of progress.

    Args:
        command: The program and its options.
        variables: Its environment.
        pattern: A sign of progress; its group is a number.
        source: Standard input, nothing if None.
        target: Where standard output goes; None: it is read, as standard error always is.

    Raises:
        Failed: It ended with another status than 0.
    """
    start, to = time.perf_counter(), subprocess.PIPE
    with open(source or os.devnull, "rb") as given, open(target or os.devnull, "wb") as file:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=given,
            stdout=to if target is None else file,
            stderr=subprocess.STDOUT if target is None else to,
            env=dict(variables),
        )
        said = process.stdout if target is None else process.stderr
        assert said is not None
        try:
            watched = _listen(said, start, pattern)
        except BaseException:  # Ctrl-C too: the program would go on alone
            process.kill()
            raise
        finally:
            said.close()
            process.wait()
    watched.seconds = time.perf_counter() - start
    if process.returncode:
        last = watched.said.decode(errors="replace").strip().splitlines() or [""]
        raise Failed(f"it ended with {process.returncode}: {last[-1][:160]}")
    return watched


def _listen(said: BinaryIO, start: float, pattern: re.Pattern[bytes]) -> Watched:
    watched, seen = Watched(), 0
    while piece := os.read(said.fileno(), 1 << 16):
        now = time.perf_counter() - start
        watched.said += piece
        for found in pattern.finditer(watched.said, seen):
            watched.marks.append((now, float(found[1])))
            seen = found.end()
    return watched
