"""The errors and warnings of Sestina, and words that their messages are made of.

A message says what came, what was expected, what to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class SestinaError(Exception):
    """Base of every error raised on purpose; `exit_code` is what the command line returns."""

    exit_code = 1


class DataError(SestinaError, ValueError):
    """The data cannot be used as they are: wrong file, column, encoding, labels or shape."""


class OptionError(SestinaError, ValueError):
    """An option has a value that makes no sense, or an unknown name."""

    exit_code = 2


class ModelError(SestinaError, ValueError):
    """A model folder or checkpoint is missing, truncated, foreign or newer than this version."""


class TrainingError(SestinaError, RuntimeError):
    """Training cannot go on."""


class Diverged(TrainingError):
    """The loss is no number any more, or has exploded; the message has the remedy.

    An estimator keeps its best epoch, if one was finished.
    """


class MissingExtra(SestinaError, ImportError):
    """An optional dependency is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"this needs the package {package!r}, which is not installed; "
            f"run: pip install 'sestina[{extra}]' (in a clone: pip install '.[{extra}]')"
        )


class DataWarning(UserWarning):
    """A part of the data is left out of account; the message says how much of it, and why."""


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun: ``1 row``, ``1,200 rows``; the usual plural has an s."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint such as ``; did you mean 'lstm'?``, or the known names when none is near."""
    known = sorted(known)
    close = get_close_matches(name.lower(), known, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known are {', '.join(known)}" if known else ""
