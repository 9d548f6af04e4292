"""The pairs that training stops early by: those that users give, or drawn ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sestina.config import LearningOptions
from sestina.data.split import held_out
from sestina.errors import DataError


def pair_of(validation: Any, names: str) -> tuple[Any, Any]:
    """Return both sides of a validation part that a user gave.

    Args:
        validation: What came.
        names: What the sides are, for the message.

    Raises:
        DataError: It is no pair.
    """
    if not (isinstance(validation, tuple) and len(validation) == 2):
        raise DataError(
            f"validation is not a pair ({names}), but a {type(validation).__name__}; give a tuple "
            "of both"
        )
    return validation


def drawn(
    X: list[Any], y: list[Any], groups: Sequence[object], options: LearningOptions
) -> tuple[list[Any], list[Any], tuple[list[Any], list[Any]] | None]:
    """Return the pairs to train on, and `validation_fraction` of them to validate by, if any.

    Args:
        X: N inputs.
        y: N targets.
        groups: N hashable items; pairs with equal ones stay together.
        options: Share and seed.

    Raises:
        DataError: There are too few pairs to hold any out.
    """
    if not options.validation_fraction:
        return X, y, None
    kept, held = held_out(groups, options.validation_fraction, options.seed)
    (X, y), dev = (([X[n] for n in part], [y[n] for n in part]) for part in (kept, held))
    return X, y, dev
