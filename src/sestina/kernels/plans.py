"""How much memory a run takes, and where in it everything stands: once for each shape.

A plan sets fields of the record that kernels read: to numbers, or to places in a workspace.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sestina.kernels.cells import STATES
from sestina.kernels.layouts import LAYOUTS, digits, padded
from sestina.kernels.sequence import BLOCK, CHUNK, FIELDS, PAD
from sestina.kernels.workspace import ALIGNMENT

FIELD = {name: place for place, name in enumerate(FIELDS)}
REMEMBERED = 256  # plans of each kind

Numbers = NDArray[np.int64]


class Plan(NamedTuple):
    """What to write into a record.

    Attributes:
        fields: Which fields are numbers.
        numbers: What they are.
        places: Which fields are addresses in the workspace.
        offsets: How far from its start, in bytes.
        size: Bytes of the workspace.
    """

    fields: Numbers
    numbers: Numbers
    places: Numbers
    offsets: Numbers
    size: int


def plan(numbers: dict[str, int], rooms: dict[str, int]) -> Plan:
    """Return the plan of some numbers and of room for so many floats each."""
    ends = [0, *accumulate(-(-4 * size // ALIGNMENT) * ALIGNMENT for size in rooms.values())]
    return Plan(
        np.array([FIELD[name] for name in numbers], np.int64),
        np.array([*numbers.values()], np.int64),
        np.array([FIELD[name] for name in rooms], np.int64),
        np.array(ends[:-1], np.int64),
        ends[-1],
    )


@lru_cache(REMEMBERED)
def of_weights(cell: str, features: int, hidden: int, folded: bool) -> Plan:
    """Return the plan of packed weights for steps forward; `folded`: x names rows of a table."""
    layout, high = LAYOUTS[cell], padded(hidden)
    inner, w_blocks, u_blocks = layout.inner is not None, len(layout.w), len(layout.u)
    numbers = {
        "hidden": hidden,
        "hidden_padded": high,
        "features": 0 if folded else features,
        "features_padded": 0 if folded else padded(features),
        "table_features": features if folded else 0,
        "table_features_padded": padded(features) if folded else 0,
        "relu": cell == "rnn_relu",
        "blocks": layout.blocks,
        "w_blocks": w_blocks,
        "u_first": layout.u_first,
        "u_blocks": u_blocks,
        "w_gates": digits(layout.w),
        "u_gates": digits(layout.from_states),
        "apart": layout.apart,
    }
    rooms = {
        "w": (w_blocks - (inner and not folded)) * high * features,
        "u": u_blocks * high * hidden,
        "bias": w_blocks * high,
        "u_bias": high,
    }
    if inner:
        rooms |= {"w_inner": 0 if folded else high * features, "u_inner": high * hidden}
    return plan(numbers, rooms)


@lru_cache(REMEMBERED)
def of_forward(
    cell: str, features: int, hidden: int, rows: int, steps: int, total: int, keep: bool
) -> Plan:
    """Return the plan of `total` steps of a chunk: saved gates, h and, for an LSTM, c.

    Args:
        cell: A key of `GATES`.
        features: D; 0 if x names rows of a table.
        hidden: H.
        rows: B.
        steps: T.
        total: Steps of all chunks, of which each runs for those of its longest row.
        keep: Whether a backward follows.
    """
    chunks, slot = -(-rows // CHUNK), CHUNK * padded(hidden)
    scratch = BLOCK * CHUNK * max(padded(features), 2) + slot  # inputs or addresses; masked states
    states = (total + chunks) * slot
    numbers = {
        "rows": rows,
        "steps": steps,
        "chunks": chunks,
        "keep": keep,
        "scratch_size": 4 * scratch,
    }
    rooms = {"saved": total * slot * LAYOUTS[cell].blocks, "history": states}
    if STATES[cell] == 2:
        rooms["cells"] = states
    return plan(numbers, rooms | {"scratch": chunks * scratch})


@lru_cache(REMEMBERED)
def of_backward(
    cell: str, features: int, hidden: int, chunks: int, folded: bool, masked: bool, zoned: bool
) -> Plan:
    """Return the plan of a way back: weights, scratch, each chunk's share of gradients."""
    layout, high = LAYOUTS[cell], padded(hidden)
    inner, gates, wide = layout.inner is not None, len(layout.w), padded(features)
    numbers, scratch = _scratch_back(cell, 0 if folded else wide, high, folded, masked, zoned)
    share = gates * high * ((0 if folded else wide) + high) + layout.blocks * high
    rooms = {
        "w_back": gates * high * wide,
        "u_back": len(layout.u) * high * high,
        "scratch": chunks * scratch,
        "d_weights": max(chunks, 1) * share,
    }
    if inner:
        rooms["u_inner_back"] = high * high
    return plan(numbers | {"d_weights_size": 4 * share}, rooms)


def _scratch_back(
    cell: str, wide: int, high: int, folded: bool, masked: bool, zoned: bool
) -> tuple[dict[str, int], int]:
    """Return where things stand in a chunk's scratch on the way back, and its size in floats."""
    slot, rows, blocks = CHUNK * high, BLOCK * CHUNK, LAYOUTS[cell].blocks
    parts = {
        "states": slot,
        "at_cells": slot,
        "at_buffer": slot,
        "spare": slot * blocks + CHUNK * PAD,
        "at_counts": 2 * BLOCK,  # int64
        "at_strip": rows * PAD,
        "at_left": rows * (high + wide),
        "at_inner": 0 if LAYOUTS[cell].inner is None else rows * high,
        "at_gates": 0 if folded else BLOCK * slot * blocks,
        "at_masked": BLOCK * slot if masked else 0,
        "at_inputs": rows * wide,
        "at_d_inputs": rows * wide,
        "at_kept": 2 * slot if zoned else 0,
    }
    ends = [*accumulate(parts.values())]
    starts = dict(zip([*parts][1:], ends, strict=False))
    numbers = {"at_spare": 4 * (starts.pop("spare") - starts["at_buffer"])}
    numbers |= {name: 4 * start for name, start in starts.items()}
    return numbers | {"scratch_size": 4 * ends[-1]}, ends[-1]
