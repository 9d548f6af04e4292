"""What is wrong with labels: few rows, missing in a part, spelled in two ways."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from sestina.config import CheckOptions
from sestina.data.records import Records, joined_labels
from sestina.errors import counted
from sestina.quality.findings import Example, Finding, first_difference, shown

LOPSIDED = 10  # times as many rows in the largest class as in the smallest
MUCH = 10  # times as frequent is the label that a misspelled one is meant to be
SPELLED = 4  # letters of a label that may be misspelled; A1 and A2 are two labels
DIFFERENT = 0.5  # classes per row above which the labels look like something else
NAMED = 5  # classes that a sentence names
LONGEST = 60  # letters of a label that may be misspelled; a longer one is rather a text

Counts = dict[str, dict[str, int]]


def check_labels(records: Records, options: CheckOptions) -> tuple[dict[str, Any], list[Finding]]:
    """Return figures of the labels, and what is found about them.

    Args:
        records: Labels, one or several a row; none give a single finding.
        options: `rare` and `examples` matter here.
    """
    if records.labels is None:
        advice = "name their column with --label, if there is one"
        return {}, [Finding("no_labels", len(records), f"No labels were found; {advice}")]
    counts = _counts(records)
    totals = {name: sum(parts.values()) for name, parts in counts.items()}
    facts: dict[str, Any] = {"classes": counts}
    if records.multi_label:
        facts["labels_per_row"] = _per_row(records)
    found = [_unlabelled(records, options), *_spread(records, counts, options)]
    found += [_joined(records, totals), _typos(records, totals, options), *_missing(counts)]
    return facts, [finding for finding in found if finding]


def _names(label: str | list[str]) -> list[str]:
    return ([label] if label else []) if isinstance(label, str) else label


def _counts(records: Records) -> Counts:
    """Return for each label, the most frequent first, its rows in each part that there is."""
    pairs: Counter[tuple[str, str]] = Counter()
    parts = records.parts or ["all"] * len(records)
    for label, part in zip(records.labels or (), parts, strict=True):
        pairs.update((name, part) for name in set(_names(label)))
    there = [part for part in ("train", "dev", "test", "all") if part in set(parts)]
    totals = sorted(records.label_counts().items(), key=lambda item: (-item[1], item[0]))
    return {name: {part: pairs[name, part] for part in there} for name, _ in totals if name}


def _per_row(records: Records) -> dict[str, Any]:
    """Return how many labels rows have."""
    rows = [_names(label) for label in records.labels or ()]
    numbers = np.array([len(names) for names in rows])
    return {
        "mean": round(float(numbers.mean()), 3),
        "most": int(numbers.max()),
        "rows_with": dict(sorted(Counter(map(str, numbers.tolist())).items(), key=_by_number)),
        "different_sets": len({frozenset(names) for names in rows}),
    }


def _by_number(item: tuple[str, int]) -> int:
    return int(item[0])


def _unlabelled(records: Records, options: CheckOptions) -> Finding | None:
    rows = [row for row, label in enumerate(records.labels or ()) if label == ""]
    if not rows:
        return None
    some = rows[: options.examples]
    return Finding(
        "unlabelled",
        len(rows),
        f"{counted(len(rows), 'row')} without a label; give them one, or training skips them",
        tuple(Example((row + 1,), (shown(records.texts[row]),)) for row in some),
    )


def _spread(records: Records, counts: Counts, options: CheckOptions) -> Iterator[Finding]:
    """Yield what is found about how rows are spread over classes, in training if that is known."""
    part = "train" if any("train" in parts for parts in counts.values()) else ""
    trained = {n: parts[part] if part else sum(parts.values()) for n, parts in counts.items()}
    trained = {name: number for name, number in trained.items() if number}
    if len(counts) == 1:
        yield Finding(
            "one_class",
            1,
            f"Every label is {next(iter(counts))!r}; a classifier needs two classes or more, so "
            "check the column of the labels",
        )
    elif len(counts) > max(DIFFERENT * len(records), 10) and not records.multi_label:
        yield Finding(
            "many_classes",
            len(counts),
            f"{len(counts):,} different labels in {counted(len(records), 'row')}; check that the "
            "column is one of classes, not of numbers, names or texts",
        )
    elif trained:
        where = " of training" if part else ""
        yield from _rare(trained, where, options.rare)
        yield from _lopsided(trained, where)


def _rare(trained: Mapping[str, int], where: str, least: int) -> Iterator[Finding]:
    rare = {name: n for name, n in trained.items() if n < least}
    if rare:
        yield Finding(
            "rare_classes",
            len(rare),
            f"{counted(len(rare), 'class', 'classes')} with fewer than {counted(least, 'row')}"
            f"{where} ({_listed(rare)}); collect more, merge them with others, or leave them out",
            counts=rare,
        )


def _lopsided(trained: Mapping[str, int], where: str) -> Iterator[Finding]:
    largest = max(trained, key=trained.__getitem__)
    smallest = min(trained, key=trained.__getitem__)
    if trained[largest] >= LOPSIDED * trained[smallest]:
        yield Finding(
            "imbalance",
            2,
            f"The largest class, {largest!r}, has {counted(trained[largest], 'row')}{where}, "
            f"the smallest, {smallest!r}, {trained[smallest]:,}; judge by F1, "
            "and try --class-weight balanced",
            counts={largest: trained[largest], smallest: trained[smallest]},
        )


def _listed(names: Mapping[str, int]) -> str:
    """Return the first few classes with their counts, in words."""
    said = ", ".join(f"{name!r} {number:,}" for name, number in list(names.items())[:NAMED])
    return said + (" …" if len(names) > NAMED else "")


def _missing(counts: Counts) -> Iterator[Finding]:
    """Yield which classes are missing from a part."""
    there = next(iter(counts.values()), {})
    if "train" not in there or len(there) < 2:
        return
    unseen = {n: sum(parts.values()) for n, parts in counts.items() if not parts["train"]}
    if unseen:
        yield Finding(
            "unseen_classes",
            len(unseen),
            f"{counted(len(unseen), 'class', 'classes')} of dev or test not in train "
            f"({_listed(unseen)}), so never learned; move rows of them to train, or drop them",
            counts=unseen,
        )
    missing = {
        f"{name} in {part}": parts["train"]
        for part in ("dev", "test")
        for name, parts in counts.items()
        if part in there and parts["train"] and not parts[part]
    }
    if missing:
        named = ", ".join(list(missing)[:NAMED]) + (" …" if len(missing) > NAMED else "")
        yield Finding(
            "missing_classes",
            len(missing),
            f"{counted(len(missing), 'class', 'classes')} of train missing in dev or test "
            f"({named}); no score says how well they are told",
            counts=missing,
        )


def _joined(records: Records, totals: Mapping[str, int]) -> Finding | None:
    """Return which labels of one label a row look like several in one cell."""
    sign, several = ("", []) if records.multi_label else joined_labels(totals)
    if not sign:
        return None
    named = {name: totals[name] for name in several}
    return Finding(
        "joined_labels",
        len(several),
        f"{counted(len(several), 'label')} made of others ({_listed(named)}); if a row may have "
        f"several labels, add --label-separator {sign!r}",
        counts=named,
    )


def _typos(records: Records, totals: Mapping[str, int], options: CheckOptions) -> Finding | None:
    meant = misspelled(totals)
    if not meant:
        return None
    places: dict[str, list[int]] = {name: [] for name in meant}
    for row, label in enumerate(records.labels or ()):
        for name in _names(label):
            if name in places:
                places[name].append(row + 1)
    examples = [
        Example(
            tuple(rows[: options.examples]),
            (),
            f"{name!r} ({counted(totals[name], 'row')}) for {meant[name]!r} "
            f"({totals[meant[name]]:,})",
        )
        for name, rows in places.items()
    ]
    pairs = list(meant.items())[: 2 if len(meant) > 2 else NAMED]
    said = ", ".join(f"{name!r} for {right!r}" for name, right in pairs)
    return Finding(
        "label_typos",
        len(meant),
        f"{counted(len(meant), 'label')} spelled almost like another ({said}"
        f"{' …' if len(meant) > len(pairs) else ''}); write each class in one way",
        tuple(examples[: options.examples]),
        {name: totals[name] for name in meant},
    )


def misspelled(totals: Mapping[str, int]) -> dict[str, str]:
    """Return labels that look like misspelled ones, each with the label that was meant.

    That is one that differs in case and white space alone, or one that is much more frequent and
    one letter away: added, left out, changed, or two swapped. Digits are no misspelling.

    >>> misspelled({"sport": 90, "Sport": 4, "politics": 80, "plitics": 1})
    {'Sport': 'sport', 'plitics': 'politics'}
    """
    ranked = sorted(totals, key=lambda name: (-totals[name], name))
    plain: dict[str, str] = {}
    near: dict[str, list[str]] = {}  # what is left of a label without one letter → labels
    found: dict[str, str] = {}
    for name in ranked:  # the more frequent first
        key = " ".join(name.casefold().split())
        right = plain.setdefault(key, name)
        if right != name and len(key) > 1:
            found[name] = right
            continue
        if len(key) > LONGEST:
            continue
        shortened = {key, *(key[:i] + key[i + 1 :] for i in range(len(key)))}
        for candidate in dict.fromkeys(n for part in shortened for n in near.get(part, ())):
            other = " ".join(candidate.casefold().split())
            if totals[candidate] >= MUCH * totals[name] and one_edit_apart(key, other):
                found[name] = candidate
                break
        else:
            for part in shortened if totals[name] >= MUCH else ():
                near.setdefault(part, []).append(name)
    return found


def one_edit_apart(one: str, other: str) -> bool:
    """Tell whether a letter was added, left out, changed, or two neighbours swapped.

    Words of fewer than four letters, and changes of digits, do not count.
    """
    if max(len(one), len(other)) < SPELLED or one == other:
        return False
    start = first_difference(one, other)
    first, second = one[start:], other[start:]
    while first and second and first[-1] == second[-1]:
        first, second = first[:-1], second[:-1]
    if any(sign.isdigit() for sign in first + second):
        return False
    swapped = len(first) == 2 and first == second[::-1]
    return swapped or (len(first) <= 1 and len(second) <= 1)
