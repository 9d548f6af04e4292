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
        DataError: A record counted nothing of it, or other recordings or utterances.
    """
    found = [_of_record(record, figure) for record in records]
    first_names, base = found[0]
    rows = []
    for record, (names, errors) in zip(records, found, strict=True):
        if names != first_names or not np.array_equal(errors.tokens, base.tokens):
            raise DataError(
                f"{record['experiment']} was not tested on what {records[0]['experiment']} was; "
                "run both on the same data, with the same seeds"
            )
        gain = {"gain": None, "gain_interval": None, "lecture": None}
        if record is not records[0]:
            gain = _gain(base, errors) | {"lecture": _stated(records[0], record, figure)}
        rows.append(_row(record, errors, figure) | gain)
    return rows


def _of_record(record: Record, figure: str) -> tuple[list[str], Errors]:
    if any(figure not in run.get("counts", {}) for run in record["runs"]):
        known = list(dict.fromkeys(key for run in record["runs"] for key in run.get("counts", {})))
        remedy = f"take --figure {' or '.join(known)}" if known else "run it again"
        raise DataError(
            f"the record of {record['experiment']} counts no {MEASURES[figure].name} of single "
            f"recordings or utterances, so there is nothing to compare; {remedy}"
        )
    return pooled(record["runs"], figure)


def _row(record: Record, errors: Errors, figure: str) -> dict[str, Any]:
    low, high = rate_interval(errors)
    rates = (errors.rate, low, high)
    if not MEASURES[figure].falls:
        rates = (1 - errors.rate, 1 - high, 1 - low)
    return {"experiment": record["experiment"], "figure": rates[0], "interval": list(rates[1:])}


def _gain(base: Errors, errors: Errors) -> dict[str, Any]:
    """Return the gain upon the first record's errors, with its interval."""
    if not base.rate:
        return {"gain": None, "gain_interval": None}
    gain = 1 - errors.rate / base.rate
    return {"gain": gain, "gain_interval": list(gain_interval(base, errors))}


def _stated(first: Record, record: Record, figure: str) -> float | None:
    """Return the lecture's own gain; None where it gives no such figure."""
    before, after = (one["lecture"].get(figure) for one in (first, record))
    return None if before is None or after is None else float(1 - after / before)
