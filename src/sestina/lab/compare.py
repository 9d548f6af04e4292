"""Records of several experiments on the same data → how much better each is than the first.

What is counted stands by recording or utterance, over all seeds: windows of one recording, or two
seeds of one utterance, are no two proofs. Intervals draw recordings or utterances anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.errors import DataError
from sestina.lab.figures import title
from sestina.lab.settings import OWN
from sestina.lab.tasks import MEASURES
from sestina.recognition.errors import Errors, gain_interval, rate_interval

Record = dict[str, Any]


def counts(names: Sequence[str], wrong: NDArray[Any], of: NDArray[Any]) -> dict[str, list[Any]]:
    """Return what a run keeps of a figure.

    Args:
        names: Of N recordings or utterances, alike in every experiment.
        wrong: Their errors, (N,).
        of: How many there may be, (N,): windows, words or characters.
    """
    return {"names": list(names), "wrong": wrong.tolist(), "of": of.tolist()}


def pooled(runs: Sequence[Record], figure: str) -> tuple[list[str], Errors]:
    """Return the names of all recordings or utterances, and their errors over the runs."""
    sums: dict[str, NDArray[np.int64]] = {}
    for run in runs:
        kept = run["counts"][figure]
        for name, *pair in zip(kept["names"], kept["wrong"], kept["of"], strict=True):
            sums[name] = sums.get(name, np.zeros(2, np.int64)) + pair
    names = sorted(sums)
    wrong, of = np.stack([sums[name] for name in names]).T
    return names, Errors(wrong, np.zeros_like(wrong), np.zeros_like(wrong), of)


def compared(records: Sequence[Record], figure: str) -> list[dict[str, Any]]:
    """Return a row for each record: its figure, and its gain upon the first record's.

    The gain is relative: 0.084 means 8.4 per cent fewer errors.

    Args:
        records: Of experiments on the same data, with the same seeds.
        figure: Name in `MEASURES` of what they counted.

    Raises:
        DataError: A record counted nothing of it, or other recordings or utterances; or its seeds
            or what it heard of the data were others.
    """
    _refuse_other_data(records)
    found = [_of_record(record, figure) for record in records]
    first_names, base = found[0]
    rows = []
    for record, (names, errors) in zip(records, found, strict=True):
        if names != first_names or not np.array_equal(errors.tokens, base.tokens):
            raise DataError(
                f"{record['experiment']} was not tested on what {records[0]['experiment']} was; "
                "run both on the same data, with the same seeds"
            )
        gain = {"gain": None, "gain_interval": None, **_stated(None, record, figure)}
        if record is not records[0]:
            gain = _gain(base, errors) | _stated(records[0], record, figure)
        rows.append(_row(record, errors, figure) | gain)
    return rows


def _of_record(record: Record, figure: str) -> tuple[list[str], Errors]:
    kept = [found if isinstance(found := run.get("counts"), dict) else {} for run in record["runs"]]
    if any(figure not in of_run for of_run in kept):
        known = list(dict.fromkeys(key for of_run in kept for key in of_run))
        remedy = f"take --figure {' or '.join(known)}" if known else "run it again"
        raise DataError(
            f"the record of {record['experiment']} counts no {MEASURES[figure].name} of single "
            f"recordings or utterances, so there is nothing to compare; {remedy}"
        )
    try:
        return pooled(record["runs"], figure)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"the record of {record['experiment']} counts {MEASURES[figure].name} in a way that "
            "makes no sense; it is damaged: remove it, and run the experiment again"
        ) from error


def _refuse_other_data(records: Sequence[Record]) -> None:
    """Raise where records had other seeds, or other parts of the data, than the first.

    Raises:
        DataError: They had; names and counts alone may not tell.
    """

    def parts(record: Record) -> dict[str, Any]:
        return {key: value for key, value in record.get("changed", {}).items() if key in OWN}

    first = records[0]
    for other in records[1:]:
        ours, theirs = ([run["seed"] for run in one["runs"]] for one in (first, other))
        if ours != theirs:
            raise DataError(
                f"{first['experiment']} ran with the seeds {_listed(ours)}, {other['experiment']} "
                f"with {_listed(theirs)}; run both with the same"
            )
        if parts(first) != parts(other):
            raise DataError(
                f"{first['experiment']} ran with {_set(parts(first))}, {other['experiment']} with "
                f"{_set(parts(other))}; run both on the same parts of the data"
            )


def _listed(seeds: Sequence[int]) -> str:
    return ", ".join(map(str, seeds))


def _set(parts: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in parts.items()) or "its own parts"


def _row(record: Record, errors: Errors, figure: str) -> dict[str, Any]:
    low, high = rate_interval(errors)
    rates = (errors.rate, low, high)
    if not MEASURES[figure].falls:
        rates = (1 - errors.rate, 1 - high, 1 - low)
    return {"experiment": title(record), "figure": rates[0], "interval": list(rates[1:])}


def _gain(base: Errors, errors: Errors) -> dict[str, Any]:
    """Return the gain upon the first record's errors, with its interval."""
    if not base.rate:
        return {"gain": None, "gain_interval": None}
    gain = 1 - errors.rate / base.rate
    return {"gain": gain, "gain_interval": list(gain_interval(base, errors))}


def _stated(first: Record | None, record: Record, figure: str) -> dict[str, float | None]:
    """Return the lecture's own gains, of all and of main speakers.

    They are counted within one table of the paper, the first that has both; None without such.
    """
    before, after = ({} if one is None else _tables(one, figure) for one in (first, record))
    shared = [table for table in before if table in after]
    pair = zip(before[shared[0]], after[shared[0]], strict=True) if shared else ()
    gains: list[float | None] = [float(1 - new / old) for old, new in pair]
    return dict(zip(("lecture", "lecture_main"), gains or (None, None), strict=True))


def _tables(record: Record, figure: str) -> dict[str, Sequence[float]]:
    """Return what a lecture's tables say of a figure: rates of all and of main speakers."""
    found = record["lecture"].get(figure)
    return found if isinstance(found, dict) else {}
