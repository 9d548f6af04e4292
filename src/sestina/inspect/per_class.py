"""Precision, recall and F1 of every class."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def per_class(
    decided: NDArray[Any], codes: NDArray[Any], classes: list[Any]
) -> list[dict[str, Any]]:
    """Return one row per class: class, precision, recall, f1, support.

    Args:
        decided: Classes that were put, (N,), or indicators (N, K).
        codes: True classes, (N,), or indicators (N, K).
        classes: K class names.
    """
    from sklearn.metrics import precision_recall_fscore_support

    table = precision_recall_fscore_support(
        codes, decided, labels=np.arange(len(classes)), zero_division=0
    )
    return [
        {
            "class": name,
            "precision": float(p),
            "recall": float(r),
            "f1": float(f),
            "support": int(s),
        }
        for name, p, r, f, s in zip(classes, *table, strict=True)
    ]
