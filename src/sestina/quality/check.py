"""Data → everything that is found in them, before anything is trained on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sestina.config import CheckOptions, check, from_dict
from sestina.data import datasets
from sestina.data.read import read
from sestina.data.records import Label, Records, absent, without_gaps
from sestina.errors import DataError, counted
from sestina.quality.findings import Check, ordered
from sestina.quality.labels import check_labels
from sestina.quality.repeats import check_repeats
from sestina.quality.signs import check_signs
from sestina.quality.tokens import check_tokens


def check_data(
    data: str | Path | Records | Sequence[str],
    labels: Sequence[Label] | None = None,
    parts: Sequence[str] | None = None,
    **options: Any,
) -> Check:
    """Check data for what spoils training or flatters scores; nothing is changed.

    Found are copies, copies with different labels, near copies, texts that are in two parts,
    rare, missing and misspelled classes, empty texts, signs that went wrong in decoding; measured
    are lengths and how well the training part knows the words of the others.

    Args:
        data: File, folder, name of a shipped data set, `Records` (from `sestina.read`), or N texts.
        labels: With N texts, their labels, (N,); a label is a string or a list of strings. Or
            columns of 0 and 1, (N, K).
        parts: With N texts, "train", "dev" or "test" for each, (N,).
        options: Any of `sestina.config.CheckOptions`, such as ``similar=0.9``.

    Raises:
        DataError: The data cannot be read, or labels or parts do not fit the texts.
        OptionError: An option is unknown or out of range.

    >>> found = check_data(["good film", "good film", "a bore"], ["pos", "neg", "neg"])
    >>> found.counts["duplicates"], found.finding("conflicting_labels").examples[0].rows
    (1, (1, 2))
    """
    chosen = CheckOptions(**from_dict(CheckOptions, options))
    check(chosen)
    records = _records(data, labels, parts)
    label_facts, label_findings = check_labels(records, chosen)
    token_facts, token_findings = check_tokens(records, chosen)
    facts = {"parts": _parts(records), **label_facts, **token_facts}
    found = [
        *check_repeats(records, chosen),
        *label_findings,
        *check_signs(records.texts, chosen.examples),
        *token_findings,
    ]
    return Check(records.source, len(records), facts, ordered(found))


def _records(
    data: str | Path | Records | Sequence[str],
    labels: Sequence[Label] | None,
    parts: Sequence[str] | None,
) -> Records:
    """Return records from whatever was given.

    Raises:
        DataError: They cannot be read, or do not fit together.
    """
    if isinstance(data, str | Path | Records):
        if labels is not None or parts is not None:
            raise DataError("labels and parts go with a list of texts; a file has its own")
        if isinstance(data, Records):
            return without_gaps(data, need_label=False)
        if str(data) in datasets.names() and not Path(data).exists():
            return datasets.records(str(data))
        return read(data, need_label=False)
    if isinstance(data, Mapping) or not isinstance(data, Iterable):
        raise DataError(
            f"{data!r:.60} came ({type(data).__name__}); expected a path, a data set's name, "
            "Records or a list of texts"
        )
    texts = list(data)
    wrong = next((row for row, text in enumerate(texts) if not isinstance(text, str)), None)
    if wrong is not None:
        raise DataError(
            f"text {wrong + 1} is of type {type(texts[wrong]).__name__}, expected a string; "
            "convert it, or leave it out"
        )
    known = None if labels is None else _labels(labels)
    named = None if parts is None else list(parts)
    for name, values in (("labels", known), ("parts", named)):
        if values is not None and len(values) != len(texts):
            raise DataError(
                f"{counted(len(texts), 'text')} came with {len(values):,} {name}; give one for each"
            )
    given = Records(texts, known, named, source="the given texts")
    return without_gaps(given, need_label=False)


def _labels(labels: Any) -> list[Label]:
    """Return labels as strings, or as lists of strings where a row may have several.

    Columns of 0 and 1, (N, K), are K labels named by their numbers, as in `TextClassifier`. None
    and NaN are no label.
    """
    rows = labels.toarray() if hasattr(labels, "toarray") else labels
    if getattr(rows, "ndim", 1) == 2:
        return [np.flatnonzero(row).astype(str).tolist() for row in np.asarray(rows)]
    return [_label(label) for label in rows]


def _label(label: Any) -> Label:
    """Return a label as a string, or as a list of strings where it is several."""
    if isinstance(label, list | tuple | set | frozenset):
        names = list(map(str, label))
        return sorted(names) if isinstance(label, set | frozenset) else names
    return "" if absent(label) else str(label)


def _parts(records: Records) -> dict[str, int]:
    """Return the rows of each part that there is."""
    counts = Counter(records.parts or ())
    return {part: counts[part] for part in ("train", "dev", "test") if counts[part]}
