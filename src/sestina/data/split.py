"""Records → train, dev and test parts."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sestina.data.recordings import Recordings
from sestina.data.records import Label, Records
from sestina.errors import DataError, counted

Labelled = TypeVar("Labelled", Records, Recordings)
NAMED = 5  # labels that a sentence names


def fixed_part(text: str) -> str:
    """Return a text's part by its SHA-256 alone: of 10, 8 are in train, 1 in dev, 1 in test."""
    place = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % 10
    return {8: "dev", 9: "test"}.get(place, "train")


def held_out(
    texts: Sequence[object], share: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows (kept, held out) of a random split; equal texts stay on one side.

    Args:
        texts: N hashable items.
        share: Share of the rows to hold out, above 0 and below 1.
        seed: Seed of the draw.

    Raises:
        DataError: There are too few rows to hold any out.
    """
    return stratified(texts, [""] * len(texts), share, seed)


def stratified(
    texts: Sequence[object], labels: Sequence[Label], share: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows (kept, held out) of a random split that keeps the labels' proportions.

    Equal texts stay on one side, so that no held-out text was seen in training. Every label stays
    with at least one of the texts kept.

    Args:
        texts: N hashable items.
        labels: N labels; of several, the rarest decides the stratum.
        share: Share of the rows to hold out, above 0 and below 1.
        seed: Seed of the draw.

    Raises:
        DataError: There are too few rows to hold any out.
    """
    groups: dict[object, list[int]] = {}  # rows with equal texts
    for row, text in enumerate(texts):
        groups.setdefault(text, []).append(row)
    carried = [{name for row in rows for name in _names(labels[row])} for rows in groups.values()]
    left = Counter(name for names in carried for name in names)  # groups in training, by label
    strata: dict[str, list[tuple[list[int], set[str]]]] = {}
    for rows, names in zip(groups.values(), carried, strict=True):
        rarest = min(names, key=lambda name: (left[name], name), default="")
        strata.setdefault(rarest, []).append((rows, names))
    rng = np.random.default_rng([seed, 0x5E57])
    held: list[int] = []
    wanted = 0.0
    for label in sorted(strata):
        members = strata[label]
        wanted += share * sum(len(rows) for rows, _ in members)
        # what is owed, because a label or a large group must stay, carries over to the next label
        for member in rng.permutation(len(members))[1:]:
            rows, names = members[member]
            if len(held) + len(rows) / 2 <= wanted and all(left[name] > 1 for name in names):
                held.extend(rows)
                left.subtract(names)
    spare = [
        rows
        for members in strata.values()
        for rows, names in members
        if all(left[name] > 1 for name in names)
    ]
    if not held and spare:
        held = min(spare, key=len)  # so few rows that a share of them is less than one
    if not held:
        raise DataError(
            counted(len(texts), "row")
            + (f" ({len(groups):,} without repeats)" if len(groups) < len(texts) else "")
            + f": too few to hold out {share:.0%}; give more rows"
            + (", with two different ones or more for every label" if len(strata) > 1 else "")
        )
    mask = np.zeros(len(texts), dtype=bool)
    mask[held] = True
    return np.flatnonzero(~mask), np.flatnonzero(mask)


def three_parts(
    records: Labelled, seed: int, dev_share: float = 0.1
) -> tuple[Labelled, Labelled, Labelled, str]:
    """Return the train, dev and test records and one sentence that says how they came about.

    The parts that the data name are kept; a missing test part takes 20 %, a missing dev part
    `dev_share` of the training rows, stratified by label; equal texts, and recordings of one
    group, stay together. Where a text may have several labels,
    those of dev and test that no training text has are left out, as the usual splits of Reuters do.

    Raises:
        DataError: There are no labels, fewer than two classes, too few rows, or, with one label a
            text, one in dev or test that no training text has.
    """
    if records.labels is None:
        raise DataError(f"{records.source} has no labels to learn from; give data with labels")
    classes = list(records.label_counts())
    if len(classes) < 2:
        raise DataError(
            f"{records.source}: every label is {''.join(classes[:1])!r} (rows: {len(records):,}); "
            "a classifier needs at least two classes, so check the label column"
        )
    if records.parts is None:
        train, dev, test = records, records.take([]), records.take([])
    else:
        train, dev, test = (records.part(name) for name in ("train", "dev", "test"))
    named = [name for name, part in (("dev", dev), ("test", test)) if len(part)]
    said = [f"{' and '.join(named)} as given"] if named else []
    if not len(train):
        raise DataError(
            f"{records.source}: no row is in the part 'train'; add some, or leave the split out"
        )
    if not len(test):
        kept, held = stratified(train.wholes, train.labels or (), 0.2, seed)
        train, test = train.take(kept.tolist()), train.take(held.tolist())
        said.append(f"test drawn {records.drawn_by} (20 %, seed {seed})")
    if not len(dev):
        kept, held = stratified(train.wholes, train.labels or (), dev_share, seed)
        train, dev = train.take(kept.tolist()), train.take(held.tolist())
        said.append(f"dev drawn {records.drawn_by} ({100 * dev_share:g} % of train, seed {seed})")
    known = set(train.label_counts())
    if strange := unknown_labels((dev, test), known):
        said.append(f"left out of dev and test {strange} that train lacks")
    return train, learnt(dev, known), learnt(test, known), "; ".join(said)


def learnt(records: Labelled, known: Collection[str]) -> Labelled:
    """Return records without the labels that are not known.

    Raises:
        DataError: A text that has one label only has an unknown one.
    """
    strange = [name for name in records.label_counts() if name not in known]
    if not strange:
        return records
    if not records.multi_label:
        many = sum(label in strange for label in records.labels or ())
        raise DataError(
            f"{records.source}: {counted(many, 'row')} of dev or test have a label that no row of "
            f"train has ({_listed(strange)}); move some of them to train, or leave them out"
        )
    kept: list[Label] = [
        [name for name in label if name in known] for label in records.labels or ()
    ]
    return replace(records, labels=kept)


def unknown_labels(parts: Sequence[Labelled], known: Collection[str]) -> str:
    """Return in words which labels of some parts are not known; nothing where all are."""
    counts: Counter[str] = Counter()
    for part in parts:
        counts.update({name: n for name, n in part.label_counts().items() if name not in known})
    if not counts:
        return ""
    return (
        f"{counted(len(counts), 'label')} ({_listed(sorted(counts))}), "
        f"given {counted(counts.total(), 'time')},"
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:NAMED])) + (" …" if len(names) > NAMED else "")


def _names(label: Label) -> set[str]:
    return {label} if isinstance(label, str) else set(label)


def cut_off_end(texts: Sequence[str], share: float) -> tuple[list[str], list[str]]:
    """Return a running text in two parts, of which the last has `share` of the characters.

    It is cut between two texts; a single one, as a book in one piece, between two words.

    Raises:
        DataError: There are not two words.
    """
    if len(texts) == 1:
        text = texts[0]
        first = text[: max(round(len(text) * (1 - share)), 1)].rsplit(None, 1)
        if len(first) < 2:
            raise DataError(
                f"a running text of {counted(len(text), 'character')} is too short to hold out its "
                "end; give more"
            )
        return [first[0]], [text[len(first[0]) :].strip()]
    ends = np.cumsum([len(text) + 1 for text in texts])
    place = int(np.clip(np.searchsorted(ends, ends[-1] * (1 - share)), 1, len(texts) - 1))
    return list(texts[:place]), list(texts[place:])


def text_parts(
    records: Records, seed: int, running: bool, dev_share: float = 0.1
) -> tuple[list[str], list[str], list[str], str]:
    """Return train, dev and test texts, whatever their labels, and how they came about.

    The parts that the data name are kept; a missing test part takes 10 % and a missing dev part
    `dev_share` of the training texts: the end of a running text, else texts drawn at random.

    Raises:
        DataError: There are too few texts.
    """
    if not running:
        if records.parts is None and len(set(records.texts)) < 3:
            raise DataError(
                f"{records.source}: {counted(len(records), 'text')} of "
                f"{counted(len(set(records.texts)), 'wording')}, too few for a train, a dev and a "
                "test part; give more, or --running where they are one running text"
            )
        *rows, said = row_parts(records, seed, dev_share)
        train, dev, test = ([records.texts[n] for n in part] for part in rows)
        return train, dev, test, said
    train, dev, test = ([records.texts[n] for n in part] for part in _named_rows(records))
    notes = _as_given(dev, test)
    if not test:
        train, test = cut_off_end(train, 0.1)
        notes.append("test the end of it (10 %)")
    if not dev:
        train, dev = cut_off_end(train, dev_share)
        notes.append(f"dev the end of it ({100 * dev_share:g} % of train)")
    return train, dev, test, "; ".join(notes)


def row_parts(
    records: Records, seed: int, dev_share: float = 0.1
) -> tuple[list[int], list[int], list[int], str]:
    """Return the rows of train, dev and test, whatever their labels, and how they came about.

    The parts that the data name are kept; a missing test part takes 10 % and a missing dev part
    `dev_share` of the training rows, drawn at random; equal texts stay together.

    Raises:
        DataError: There are too few texts.
    """
    train, dev, test = _named_rows(records)
    said = _as_given(dev, test)

    def cut_off(share: float) -> tuple[list[int], list[int]]:
        kept, held = held_out([records.texts[n] for n in train], share, seed)
        return [train[n] for n in kept], [train[n] for n in held]

    if not test:
        train, test = cut_off(0.1)
        said.append("test drawn (10 %)")
    if not dev:
        train, dev = cut_off(dev_share)
        said.append(f"dev drawn ({100 * dev_share:g} % of train)")
    return train, dev, test, "; ".join([*said, f"seed {seed}"])


def _named_rows(records: Records) -> tuple[list[int], list[int], list[int]]:
    """Return the rows of the parts that the data name: all in train where they name none.

    Raises:
        DataError: None is in train.
    """
    parts = records.parts or ["train"] * len(records)
    train, dev, test = (
        [n for n, part in enumerate(parts) if part == name] for name in ("train", "dev", "test")
    )
    if not train:
        raise DataError(f"{records.source}: no text is in the part 'train'; add some")
    return train, dev, test


def _as_given(dev: Sequence[object], test: Sequence[object]) -> list[str]:
    """Return in words which parts the data name."""
    named = [name for name, part in (("dev", dev), ("test", test)) if part]
    return [f"{' and '.join(named)} as given"] if named else []
