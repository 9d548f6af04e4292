"""Sentences with their translations: read from tables, and parted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from sestina.data.records import PARTS
from sestina.data.split import held_out
from sestina.data.tables import TABLES, kind_of, read_table
from sestina.errors import DataError, counted, nearest

SOURCES = ("source", "src", "input", "original", "from", "question")
TARGETS = ("target", "tgt", "trg", "output", "translation", "reference", "to", "answer")
SPLITS = ("split", "part", "subset")


@dataclass(frozen=True)
class Pairs:
    """N sentences and their translations.

    Attributes:
        sources: The sentences.
        targets: A translation of each.
        parts: "train", "dev" or "test" of each, or None.
        groups: What each belongs to, for instance a book, which stays in one part; or None.
        notes: What was guessed or left out while reading.
        source: Where they are from.
    """

    sources: list[str]
    targets: list[str]
    parts: list[str] | None = None
    groups: list[str] | None = None
    notes: tuple[str, ...] = ()
    source: str = ""

    def __len__(self) -> int:
        return len(self.sources)

    def take(self, rows: Sequence[int]) -> Pairs:
        """Return the pairs at `rows`, sharing the strings."""
        return replace(
            self,
            sources=[self.sources[r] for r in rows],
            targets=[self.targets[r] for r in rows],
            parts=None if self.parts is None else [self.parts[r] for r in rows],
            groups=None if self.groups is None else [self.groups[r] for r in rows],
        )

    def followed_by(self, others: Iterable[Pairs], parts: list[str]) -> Pairs:
        """Return these pairs and others behind them, with new parts and these notes."""
        rows = [self, *others]
        sources = [text for one in rows for text in one.sources]
        targets = [text for one in rows for text in one.targets]
        # equal sentences stay together, too
        groups = [group for one in rows for group in one.groups or one.sources]
        return replace(self, sources=sources, targets=targets, parts=parts, groups=groups)

    def part(self, name: str) -> Pairs:
        """Return the pairs of one part; none where the source names no parts."""
        return self.take([r for r, part in enumerate(self.parts or ()) if part == name])


def read_pairs(
    path: str | Path,
    source: str | None = None,
    target: str | None = None,
    *,
    group: str | None = None,
    split: str | None = None,
    encoding: str = "utf-8",
    header: bool = True,
) -> Pairs:
    """Read sentences and their translations from a table (.csv .tsv .json .jsonl .parquet).

    Rows with an empty side are left out, and the notes say how many.

    Args:
        path: The table; it may be compressed (.gz, .xz).
        source: Column of the sentences. Where it is not named it is the one called source, src,
            input and so on, or the first of two.
        target: Column of the translations, likewise.
        group: Column whose values stay whole in one part.
        split: Column that names train, dev and test; one called split, part or subset is taken.
        encoding: Encoding of text files.
        header: Whether a CSV or TSV file begins with column names; without, name columns 1, 2, ….

    Raises:
        DataError: The table cannot be read so; the message says what to do.
    """
    path = Path(path)
    if kind_of(path) not in TABLES:
        raise DataError(
            f"{path} is no table; sentences and their translations come in two columns of a "
            f"{', '.join(TABLES)} file"
        )
    table = read_table(path, encoding, header)
    names, notes = _columns(table.columns, source, target, group, split, str(path))
    columns = {role: _strings(table[name], path) for role, name in names.items()}
    parts = _known_parts(columns["split"], str(path)) if "split" in columns else None
    sources, targets = columns["source"], columns["target"]
    return without_gaps(
        Pairs(sources, targets, parts, columns.get("group"), tuple(notes), str(path))
    )


def without_gaps(pairs: Pairs) -> Pairs:
    """Return the pairs without those of which a side is empty; the notes say how many.

    Raises:
        DataError: None is left.
    """
    texts = zip(pairs.sources, pairs.targets, strict=True)
    kept = [n for n, (one, other) in enumerate(texts) if one.strip() and other.strip()]
    if not kept:
        raise DataError(
            f"{pairs.source}: no row has both a sentence and its translation; check the columns"
        )
    if len(kept) == len(pairs):
        return pairs
    left = counted(len(pairs) - len(kept), "pair")
    return replace(pairs.take(kept), notes=(*pairs.notes, f"left out {left} with an empty side"))


def three_pair_parts(
    data: Pairs, seed: int, dev_share: float = 0.1
) -> tuple[Pairs, Pairs, Pairs, str]:
    """Return the train, dev and test pairs and one sentence that says how they came about.

    Parts that the data name are kept; a missing test part takes 10 %, a missing dev part
    `dev_share` of the training pairs. Pairs of one group stay together; without groups, those with
    the same sentence do.

    Raises:
        DataError: There are too few pairs.
    """
    train, dev, test = data, data.take([]), data.take([])
    if data.parts is not None:
        train, dev, test = (data.part(name) for name in ("train", "dev", "test"))
    named = [name for name, part in (("dev", dev), ("test", test)) if len(part)]
    said = [f"{' and '.join(named)} as given"] if named else []
    if not len(train):
        raise DataError(f"{data.source}: no pair is in the part 'train'; add some")
    how = "drawn" if data.groups is None else "drawn by group"
    if not len(test):
        train, test = _parted(train, 0.1, seed)
        said.append(f"test {how} (10 %, seed {seed})")
    if not len(dev):
        train, dev = _parted(train, dev_share, seed)
        said.append(f"dev {how} ({100 * dev_share:g} % of train, seed {seed})")
    return train, dev, test, "; ".join(said)


def known_share(train: Pairs, test: Pairs) -> str:
    """Return how many test sentences the training part holds, in words; mostly nothing."""
    known = set(train.sources)
    seen = sum(text in known for text in test.sources)
    if not seen:
        return ""
    return (
        f"careful: the training part holds {seen:,} of {counted(len(test), 'test sentence')}, so "
        "the figures are too good"
    )


def _parted(data: Pairs, share: float, seed: int) -> tuple[Pairs, Pairs]:
    groups = data.sources if data.groups is None else data.groups
    kept, held = held_out(groups, share, seed)
    return data.take(np.asarray(kept).tolist()), data.take(np.asarray(held).tolist())


def _columns(
    names: Sequence[str],
    source: str | None,
    target: str | None,
    group: str | None,
    split: str | None,
    path: str,
) -> tuple[dict[str, str], list[str]]:
    """Return which column has which role, and a note for each that was guessed."""
    asked = {"source": source, "target": target, "group": group, "split": split}
    found = {role: name for role, name in asked.items() if name is not None}
    for name in found.values():
        if name not in names:
            raise DataError(f"{path} has no column {name!r}{nearest(name, names)}")
    for role, known in (("split", SPLITS), ("source", SOURCES), ("target", TARGETS)):
        free = [name for name in names if name not in found.values()]
        meant = [name for name in free if name.strip().lower() in known]
        if role not in found and len(meant) == 1:
            found[role] = meant[0]
    free = [name for name in names if name not in found.values()]
    missing = [role for role in ("source", "target") if role not in found]
    if missing and len(free) == len(missing):
        found |= dict(zip(missing, free, strict=True))
    elif missing:
        shown = ", ".join(names[:12]) + (" …" if len(names) > 12 else "")
        wish = " and ".join(f"--{role} COLUMN" for role in missing)
        raise DataError(f"{path} has the columns {shown}; name those of the pairs with {wish}")
    if found["source"] == found["target"]:
        raise DataError(
            f"{path}: sentences and translations are both column {found['source']!r}; name two"
        )
    notes = [f"took column {name!r} as the {role}" for role, name in found.items()
             if asked[role] is None]  # fmt: skip
    return found, notes


def _strings(column: pl.Series, path: Path) -> list[str]:
    """Return a column as strings; a gap is an empty one."""
    if isinstance(column.dtype, pl.List | pl.Array | pl.Struct | pl.Binary | pl.Object):
        raise DataError(f"{path}: column {column.name!r} holds no texts but {column.dtype}")
    return [" ".join(text.split()) for text in column.cast(pl.String).fill_null("").to_list()]


def _known_parts(names: list[str], path: str) -> list[str]:
    """Return train, dev and test for the usual names of parts.

    Raises:
        DataError: One has another name.
    """
    known = {name: PARTS.get(name.strip().lower()) for name in set(names)}
    strange = sorted(name for name, part in known.items() if part is None)
    if strange:
        raise DataError(
            f"{path}: the split column has the values {', '.join(map(repr, strange[:5]))}; "
            "expected train, dev and test"
        )
    return [known[name] or "" for name in names]
