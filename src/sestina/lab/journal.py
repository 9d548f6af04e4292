"""Records of experiments on disk: one JSON file a run, none ever replaced."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sestina import store
from sestina.errors import DataError, nearest

FORMAT = "sestina lab record"
VERSION = 1
NEEDED = (
    *("experiment", "row", "title", "date", "quick", "data"),
    *("parameters", "lecture", "summary", "runs", "versions", "machine"),
)

INNER = {
    "data": ("name", "sha256", "train", "dev", "test", "split", "notes"),
    "parameters": ("total", "trainable", "head", "vocabulary", "lecture", "match"),
    "lecture": ("accuracy", "loss", "said"),
    "summary": ("accuracy", "accuracy_sd", "loss", "loss_sd", "seconds", "baselines"),
    "machine": ("processors",),
}
OF_RUN = ("seed", "parameters", "trainable", "best_epoch", "history", "notes")

Record = dict[str, Any]


def keep(folder: Path, record: Record) -> Path:
    """Write a record as a new file of the folder and return its path.

    Raises:
        SestinaError: The folder cannot be written.
    """
    data = re.sub(r"[^\w.-]+", "-", Path(record["data"]["name"]).name).strip("-.") or "data"
    stem = f"{record['experiment']}--{data}--{re.sub('[^0-9T]', '', record['date'][:19])}"
    path, number = folder / f"{stem}.json", 1
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}.json"
    lines = (f"{json.dumps(key)}: {json.dumps(record[key], ensure_ascii=False)}" for key in record)
    store.write_text(path, "{\n" + ",\n".join(lines) + "\n}\n")
    return path


def read(folder: Path) -> list[Record]:
    """Return all records of a folder, oldest first.

    Raises:
        DataError: There is no such folder, it has no record, or one is damaged.
    """
    if not folder.is_dir():
        raise DataError(
            f"there is no folder {str(folder)!r}; run an experiment first: sestina lab run NAME"
        )
    records = [_one(path) for path in sorted(folder.glob("*.json"))]
    if not records:
        raise DataError(f"{folder} has no records; run an experiment first: sestina lab run NAME")
    return sorted(records, key=lambda record: str(record["date"]))


def finished(folder: Path, identity: str, seeds: Sequence[int]) -> tuple[Record, Path] | None:
    """Return the last record of an experiment's seeds on equal data, and its file, if there is one.

    A quick run's does not count.

    Args:
        folder: Of the records; there may be none yet.
        identity: Of the experiment, its data, options and versions.
        seeds: All of them.

    Raises:
        DataError: One is damaged.
    """
    found = [(_one(path), path) for path in folder.glob("*.json")]
    same = [
        (record, path)
        for record, path in found
        if record.get("identity") == identity
        and record["seeds"] == list(seeds)
        and not record["quick"]
    ]
    return max(same, key=lambda pair: str(pair[0]["date"]), default=None)


def latest(folder: Path, names: Sequence[str]) -> list[Record]:
    """Return the last record of each experiment, none of them a quick run's.

    One with options set otherwise is taken only where there is no other.

    Raises:
        DataError: One has no record, the folder has none, or they are of different data.
    """
    whole = [record for record in read(folder) if not record["quick"]]
    whole.sort(key=lambda record: not record.get("changed"))
    last = {record["experiment"]: record for record in whole}
    for name in names:
        if name not in last:
            raise DataError(
                f"{folder} has no record of {name!r}{nearest(name, last)}; a record comes of: "
                f"sestina lab run {name}"
            )
    found = [last[name] for name in names]
    for other in found[1:]:
        if other["data"]["sha256"] != found[0]["data"]["sha256"]:
            raise DataError(
                f"{other['experiment']} ran on {other['data']['name']}, {names[0]} on "
                f"{found[0]['data']['name']}; compare records of the same data"
            )
    return found


def _one(path: Path) -> Record:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path} is no record of the laboratory ({error}); remove it") from error
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise DataError(f"{path} is no record of the laboratory; move it out of the folder")
    if record.get("format_version") != VERSION:
        raise DataError(
            f"{path} has version {record.get('format_version')!r} of the format, this program "
            f"reads {VERSION}; update Sestina, or move it out of the folder"
        )
    missing = _missing(record)
    if missing:
        raise DataError(f"{path} lacks {missing[0]!r}; remove it, and run the experiment again")
    return record


def _missing(record: Record) -> list[str]:
    """Return which keys, inner ones included, a record lacks."""
    missing = [key for key in NEEDED if key not in record]
    if missing:
        return missing
    found = {name: record[name] for name in INNER}
    keys = dict(INNER)
    runs = record["runs"] if isinstance(record["runs"], list) else []
    for number, run in enumerate(runs):
        found[f"runs {number}"], keys[f"runs {number}"] = run, OF_RUN
    missing = [
        f"{name}: {key}"
        for name, values in found.items()
        for key in keys[name]
        if not isinstance(values, dict) or key not in values
    ]
    return missing or ([] if runs else ["runs"])


def newest(records: Sequence[Record]) -> list[Record]:
    """Return the last record of each experiment on each data set; a quick one only without others.

    With options set otherwise it is another experiment.

    Args:
        records: Oldest first.
    """
    found: dict[tuple[str, str, str], Record] = {}
    for record in records:
        changed = json.dumps(record.get("changed", {}), sort_keys=True)
        key = (record["experiment"], record["data"]["sha256"], changed)
        held = found.get(key)
        if held is None or held["quick"] or not record["quick"]:
            found[key] = record
    return list(found.values())
