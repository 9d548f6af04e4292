"""Teachers of this process, which the experiments of a grid share."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from sestina import config

_known: dict[Any, Any] = {}


def shared_teacher(net: Any, data: Hashable, fit: Callable[[Any], Any]) -> Any:
    """Return the fitted teacher of a student; None where it wants none.

    Args:
        net: The student, of `sestina.estimators.taught`.
        data: What tells the data that a teacher is trained on from others.
        fit: Trains an unfitted teacher, if no experiment before had the same one.
    """
    if not net.wants_teacher:
        return None
    teacher = net.untaught()
    key = (repr(config.to_dict(teacher)), data)
    if key not in _known:
        _known[key] = fit(teacher)
    return _known[key]
