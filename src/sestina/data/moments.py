"""Times as they are written → seconds or numbers, and how the times after them are written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DATES = ("%Y-%m-%d", "%Y-%m", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S",
         "%Y%m%d", "%Y/%m/%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y")  # fmt: skip
ISO = "ISO 8601"  # with fractions of a second, or an offset from UTC
SHORTEST = 6  # signs of a date; fewer are a number
DAY = 86_400.0
MONTH = 30.4 * DAY


def form_of(times: Sequence[str]) -> str | None:
    """Return how all times are written, the first fit of `DATES`, or `ISO`; None: no dates."""
    if not times or len(times[0]) < SHORTEST:
        return None
    for form in DATES:
        if all(_parsed(some, form) is not None for some in (times[:1], times)):
            return form
    return None if _iso(times) is None else ISO


def moments_of(times: Sequence[str]) -> Floats:
    """Return times as seconds where they are dates, as numbers where they are such, or nothing.

    Dates with offsets from UTC are put in the order of UTC.
    """
    form = form_of(times)
    found = None if form is None else _iso(times) if form == ISO else _parsed(times, form)
    if found is not None:
        return found
    numbers = pl.Series(times, dtype=pl.String).cast(pl.Float64, strict=False)
    return np.empty(0) if numbers.null_count() else numbers.to_numpy()


def next_times(times: Sequence[str], moments: Floats, count: int) -> list[str]:
    """Return how the times of `count` steps more are written, evenly on; empty where untold."""
    if len(moments) < 2 or not len(times):
        return [""] * count
    form = form_of(times)
    steps = np.diff(moments)
    if form is None:
        return [f"{moments[-1] + n * steps[-1]:.15g}" for n in range(1, count + 1)]
    if form == ISO:
        return [_later(times[-1], n * float(np.median(steps))) for n in range(1, count + 1)]
    last = np.datetime64(round(moments[-1]), "s")
    months = last.astype("datetime64[M]")
    if 27 * DAY < np.median(steps) and last == months.astype("datetime64[s]"):
        each = max(1, round(float(np.median(steps)) / MONTH))
        later = [(months + n * each).astype("datetime64[s]") for n in range(1, count + 1)]
    else:
        later = [last + np.timedelta64(round(n * np.median(steps)), "s")
                 for n in range(1, count + 1)]  # fmt: skip
    return [moment.astype(object).strftime(form) for moment in later]


def _parsed(times: Sequence[str], form: str) -> Floats | None:
    text = pl.Series(times, dtype=pl.String)
    padded, wanted = (text + "-01", form + "-%d") if form == "%Y-%m" else (text, form)
    found: Any = padded.str.to_datetime(wanted, strict=False, time_unit="us")
    return None if found.null_count() else found.dt.timestamp("us").to_numpy() / 1e6


def _iso(times: Sequence[str]) -> Floats | None:
    """Return times as seconds since 1970; those without an offset are taken as UTC."""
    if "-" not in times[0][1:]:  # a long number might be read as a date, too
        return None
    try:
        found = [datetime.fromisoformat(time) for time in times]
    except ValueError:
        return None
    if len({moment.tzinfo is None for moment in found}) > 1:  # whose order nothing tells
        return None
    return np.array([(m if m.tzinfo else m.replace(tzinfo=UTC)).timestamp() for m in found])


def _later(time: str, seconds: float) -> str:
    """Return a time some seconds after an ISO time, written like it, at the same offset."""
    moment = datetime.fromisoformat(time) + timedelta(seconds=seconds)
    mark = "T" if "T" in time else " "
    written = moment.isoformat(sep=mark, timespec="auto")
    return written.replace("+00:00", "Z") if time.endswith("Z") else written
