"""What is in a shipped data set, measured: counts, lengths, three examples."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from sestina.data import datasets
from sestina.data.tables import read_table
from sestina.errors import counted

EXAMPLES = 3
NAMES = ("text", "label", "split", "names", "sides")  # fields that say how a file is read
QUANTILES = {"min": 0.0, "25 %": 0.25, "median": 0.5, "75 %": 0.75, "95 %": 0.95, "max": 1.0}
SHOWN = 300  # characters of an example


def describe(name: str) -> dict[str, Any]:
    """Return the registry's entry of a data set with measured counts, lengths and examples.

    Raises:
        DataError: There is no such data set, or its file is damaged.
    """
    entry = datasets.get(name)
    file = datasets.path(name)
    known = {k: v for k, v in asdict(entry).items() if k not in NAMES}
    if entry.sides is not None:
        known["per_part"] = dict(Counter(datasets.pairs(name).parts))
    if entry.text is not None:
        return known | _texts(name)
    if file.suffix == ".npz":
        return known | (_vectors(file) if entry.task == "vectors" else _series(file))
    if ".conll" in file.name:
        return known | _tagged(file)
    if name == "analogies":
        return known | _analogies(file)
    return known | _table(file)


def quantiles(lengths: Sequence[int]) -> dict[str, int]:
    """Return the smallest, largest and some middle lengths."""
    values = np.quantile(np.asarray(lengths), list(QUANTILES.values()), method="nearest")
    return {name: int(value) for name, value in zip(QUANTILES, values, strict=True)}


def _texts(name: str) -> dict[str, Any]:
    found = datasets.records(name)
    labels = found.labels or []
    return {
        "per_class": found.label_counts(),
        "per_part": dict(Counter(found.parts)) if found.parts else {},
        "lengths": {
            "words": quantiles([len(text.split()) for text in found.texts]),
            "characters": quantiles([len(text) for text in found.texts]),
        },
        "examples": [
            f"{label}: {text[:SHOWN]}"
            for label, text in list(zip(labels, found.texts, strict=True))[:EXAMPLES]
        ],
    }


def _table(file: Path) -> dict[str, Any]:
    table = read_table(file, "utf-8", header=True)
    columns = table.columns
    lengths = {
        f"words of {side}": quantiles([len(text.split()) for text in table[side].to_list()])
        for side in ("en", "es")
        if side in columns
    }
    classes = [name for name in ("class", "language", "genre") if name in columns]
    return {
        "columns": columns,
        "per_class": dict(Counter(table[classes[0]].to_list())) if classes else {},
        "lengths": lengths,
        "examples": [" | ".join(map(str, row))[:SHOWN] for row in table.head(EXAMPLES).rows()],
    }


def _tagged(file: Path) -> dict[str, Any]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        sentences = [
            [line.split(" ") for line in block.split("\n") if line]
            for block in lines.read().split("\n\n")
        ]
    sentences = [sentence for sentence in sentences if sentence]
    tags = Counter(token[-1] for sentence in sentences for token in sentence)
    return {
        "tokens": tags.total(),
        "per_class": dict(tags.most_common()),
        "lengths": {"tokens": quantiles([len(sentence) for sentence in sentences])},
        "examples": [
            " ".join(f"{token[0]}/{token[-1]}" for token in sentence)[:SHOWN]
            for sentence in sentences[:EXAMPLES]
        ],
    }


def _series(file: Path) -> dict[str, Any]:
    with np.load(file, allow_pickle=False) as arrays:
        names = arrays["label_names"][arrays["label"]]
        channels = arrays["channel_names"].tolist()
        lengths, data = arrays["lengths"], arrays["data"]
        subjects = len(np.unique(arrays["subject"]))
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    return {
        "channels": channels,
        "subjects": subjects,
        "per_class": dict(Counter(names.tolist())),
        "lengths": {"steps": quantiles(lengths)},
        "examples": [
            f"{names[n]}: {counted(int(lengths[n]), 'step')}, the first is "
            + " ".join(f"{c} {v:.2f}" for c, v in zip(channels, data[starts[n]], strict=True))
            for n in range(EXAMPLES)
        ],
    }


def _vectors(file: Path) -> dict[str, Any]:
    with np.load(file, allow_pickle=False) as arrays:
        words, vectors = arrays["words"], arrays["vectors"]
    return {
        "dimensions": int(vectors.shape[1]),
        "lengths": {"characters": quantiles([len(word) for word in words.tolist()])},
        "examples": [
            f"{words[n]}: {' '.join(f'{value:.3f}' for value in vectors[n, :6])} …"
            for n in (0, 1_000, 10_000)
        ],
    }


def _analogies(file: Path) -> dict[str, Any]:
    sections: Counter[str] = Counter()
    questions, section = [], ""
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith(":"):
                section = line[1:].strip()
            else:
                sections[section] += 1
                questions.append(line.strip())
    middle = [questions[n] for n in (0, len(questions) // 3, 2 * len(questions) // 3)]
    shown = [question.split() for question in middle]
    return {
        "per_class": dict(sections),
        "lengths": {},
        "examples": [f"{a} : {b} = {c} : {d}" for a, b, c, d in shown],
    }
