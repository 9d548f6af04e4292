"""The states of recurrent layers, one on the other: h of each, or (h, c), (1, B, H) each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

States = list[Any]  # of each layer: h, or (h, c), (1, B, H) each


def changed(states: States, change: Callable[[Tensor], Tensor]) -> States:
    """Return what a function makes of every h and c."""
    return [
        tuple(map(change, state)) if isinstance(state, tuple) else change(state) for state in states
    ]


def rows_of(states: States, rows: Tensor) -> States:
    """Return the states of some rows, (R,), perhaps several times of one: (1, R, H) each."""
    return changed(states, lambda part: part.index_select(1, rows))


def kept(final: Any, hx: Any, real: Tensor) -> Any:
    """Return final states in which rows without steps have their initial state, or zeros."""
    if isinstance(final, tuple):
        initial = (None,) * len(final) if hx is None else hx
        return tuple(kept(*pair, real) for pair in zip(final, initial, strict=True))
    return torch.where(real[:, None], final, torch.zeros_like(final) if hx is None else hx)
