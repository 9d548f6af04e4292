"""Records → train, dev and test parts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sestina.data.records import Label, Records
from sestina.errors import DataError


def stratified(
    texts: Sequence[object], labels: Sequence[Label], share: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows (kept, held out) of a random split that keeps the labels' proportions.

    Equal texts stay on one side, so that no held-out text was seen in training.

    Args:
        texts: N hashable items.
        labels: N labels; of several, the rarest decides the stratum.
        share: Share of the rows to hold out, above 0 and below 1.
        seed: Seed of the draw.

    Raises:
        DataError: There are too few rows to hold any out.
    """
    groups: dict[object, list[int]] = {}
    for row, text in enumerate(texts):
        groups.setdefault(text, []).append(row)
    strata: dict[str, list[list[int]]] = {}
    for rows in groups.values():
        strata.setdefault(_stratum(labels[rows[0]]), []).append(rows)
    rng = np.random.default_rng([seed, 0x5E57])
    held: list[int] = []
    wanted = max(0.0, 1.0 - share * len(texts))  # hold out one row at least
    for label in sorted(strata):
        members = strata[label]
        wanted += share * sum(len(rows) for rows in members)
        order = rng.permutation(len(members))
        # one group of each label stays in training; what is owed carries over to the next label
        for member in order[1:]:
            if len(held) + 0.5 > wanted:
                break
            held.extend(members[member])
    if not held:
        raise DataError(
            f"{len(texts)} rows are too few to hold out {share:.0%} of them; "
            "every class needs two different texts or more"
        )
    mask = np.zeros(len(texts), dtype=bool)
    mask[held] = True
    return np.flatnonzero(~mask), np.flatnonzero(mask)


def three_parts(records: Records, seed: int) -> tuple[Records, Records, Records, str]:
    """Return the train, dev and test records and one sentence that says how they came about.

    The parts that the data name are kept; a missing test part takes 20 %, a missing dev part
    10 % of the training rows, stratified by label.

    Raises:
        DataError: There are no labels, or too few rows.
    """
    if records.labels is None:
        raise DataError(f"{records.source} has no labels to learn from")
    if records.parts is None:
        train, dev, test = records, records.take([]), records.take([])
    else:
        train, dev, test = (records.part(name) for name in ("train", "dev", "test"))
    said = ["as the data name them"] if len(dev) or len(test) else []
    if not len(train):
        raise DataError(f"{records.source}: no row is in the part 'train'; nothing to learn from")
    if not len(test):
        kept, held = stratified(train.texts, train.labels or (), 0.2, seed)
        train, test = train.take(kept.tolist()), train.take(held.tolist())
        said.append(f"test drawn by label (20 %, seed {seed})")
    if not len(dev):
        kept, held = stratified(train.texts, train.labels or (), 0.1, seed)
        train, dev = train.take(kept.tolist()), train.take(held.tolist())
        said.append(f"dev drawn by label (10 % of train, seed {seed})")
    return train, dev, test, "; ".join(said)


def _stratum(label: Label) -> str:
    return label if isinstance(label, str) else "\0".join(sorted(label))
