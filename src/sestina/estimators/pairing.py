"""Pairs of texts or of numeric sequences, and how alike they are: checked, and parted."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.errors import DataError, counted


def as_pairs(X: Any) -> tuple[list[Any], list[Any]]:
    """Return the first and the second sequences of N pairs.

    Raises:
        DataError: They are no pairs, or there are none.
    """
    try:
        rows = [tuple(pair) for pair in X]
    except TypeError as error:
        raise DataError(f"{X!r:.60} came; expected a list of pairs of sequences") from error
    if not rows:
        raise DataError("no pairs came; give a list of pairs of sequences")
    odd = next((n for n, row in enumerate(rows) if isinstance(X[n], str) or len(row) != 2), None)
    if odd is not None:
        raise DataError(f"pair {odd} is {X[odd]!r:.60}; expected two sequences")
    return [row[0] for row in rows], [row[1] for row in rows]


def as_labels(y: Any, count: int, contrastive: bool) -> NDArray[np.float32]:
    """Return how alike pairs are, (N,), 0 to 1.

    Args:
        y: What came.
        count: N.
        contrastive: Whether 0 and 1 are all that may be.

    Raises:
        DataError: It does not fit.
    """
    try:
        labels = np.asarray(y, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise DataError(f"labels of pairs are numbers, 1 for alike; {y!r:.60} came") from error
    if labels.shape != (count,):
        raise DataError(
            f"{counted(count, 'pair')} came with labels of shape {labels.shape}; give one each"
        )
    if not ((labels >= 0) & (labels <= 1)).all():
        raise DataError("labels of pairs lie between 0 and 1; divide others by their largest")
    if contrastive and not np.isin(labels, (0, 1)).all():
        raise DataError("loss='contrastive' takes labels 0 and 1; for others set loss='regression'")
    return labels


def best_threshold(found: NDArray[np.float64], labels: NDArray[Any]) -> float:
    """Return the similarity above which pairs are best taken for alike, labels rounded.

    It lies halfway between two similarities; of equally good ones the lowest is taken.
    """
    order = np.argsort(found, kind="stable")
    same = labels[order] > 0.5
    values = found[order]
    # right[k]: the first k pairs are taken for unlike
    right = (
        np.concatenate([[0], np.cumsum(~same)])
        + same.sum()
        - np.concatenate([[0], np.cumsum(same)])
    )
    edges = np.concatenate(
        [[values[0] - 1e-6], (values[1:] + values[:-1]) / 2, [values[-1] + 1e-6]]
    )
    return float(edges[int(np.argmax(right))])


def keys_of(rows: Sequence[Any]) -> list[Hashable]:
    """Return a hashable for each sequence, the same for equal ones."""
    return [row if isinstance(row, str) else np.asarray(row).tobytes() for row in rows]
