"""What a classifier's answers say of it, where it always gives the same one."""

from __future__ import annotations

from typing import Any

import numpy as np

from sestina.errors import counted
from sestina.estimators.base import SequenceClassifier

ROWS = 500  # that are asked about
ENOUGH = 20  # rows, below which nothing is said
SAME = 1e-3  # by which probabilities differ that are as good as the same
ALL, MOST = 0.99, 0.9  # share of one class among the answers, and among the labels


def findings(net: Any, X: Any, y: Any) -> list[str]:
    """Return a sentence where a classifier's answers are all the same; none of other models.

    Args:
        net: A fitted model.
        X: N inputs, as in its `fit`.
        y: Their labels.
    """
    if not isinstance(net, SequenceClassifier) or len(X) < ENOUGH or np.ndim(y[0]):
        return []
    probabilities = net.predict_proba(X[:ROWS])  # (N, K)
    rows = counted(len(probabilities), "sequence")
    if np.ptp(probabilities, axis=0).max() < SAME:
        return [
            f"{rows} get the same probabilities, so that nothing it reads reaches its output; "
            "train longer, at another learning rate, and look at the inputs"
        ]
    chosen = np.bincount(net.decide(probabilities), minlength=len(net.classes_))
    top = int(chosen.argmax())
    share = float(np.mean(np.asarray(y[:ROWS]) == net.classes_[top]))
    if chosen[top] < ALL * len(probabilities) or share > MOST:
        return []
    return [
        f"it answers {str(net.classes_[top])!r} to {chosen[top] / len(probabilities):.0%} of "
        f"{rows}, where {share:.0%} are; train longer, at another learning rate, or with "
        "class_weight=balanced"
    ]
