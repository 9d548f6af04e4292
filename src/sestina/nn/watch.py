"""Recurrent layers watched while they run: the states of every step, as nodes of the graph."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from torch import nn

from sestina.nn.drop_in import Recurrent
from sestina.nn.plain import Seen


class Watched(NamedTuple):
    """One direction of one layer, as it ran."""

    name: str  # of the module that it is in
    depth: int  # of the layer in that module, from 0
    turn: int  # which time that module runs, from 0
    seen: Seen


@contextmanager
def watching(network: nn.Module) -> Iterator[list[Watched]]:
    """Collect what the recurrent layers of a network do meanwhile; they run slower, to like values.

    Args:
        network: Any module with Sestina's recurrent layers in it.
    """
    found: list[Watched] = []
    layers = {name: part for name, part in network.named_modules() if isinstance(part, Recurrent)}

    def attend(name: str, layer: Recurrent) -> None:
        calls = 0

        def note(seen: Seen) -> None:
            nonlocal calls
            ways = 2 if layer.bidirectional else 1
            turn, depth = divmod(calls // ways, layer.num_layers)
            found.append(Watched(name, depth, turn, seen))
            calls += 1

        layer.watch = note

    for name, layer in layers.items():
        attend(name, layer)
    try:
        yield found
    finally:
        for layer in layers.values():
            layer.watch = None
