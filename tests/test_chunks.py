"""Rows of tokens cut into chunks and windows: every token is foreseen once, from what stands before."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sestina.data import chunks as cut
from sestina.data.ragged import Ragged

END = 2


def ragged(*rows):
    return Ragged.of([np.array([*row, END], np.int32) for row in rows], np.empty(0, np.int32))


TEXTS = ragged([3, 4, 5, 6, 7], [8], [], [9, 10])


def test_rows_begin_with_the_end():
    rows = cut.framed(TEXTS, END)
    assert [rows.row(n).tolist() for n in range(4)] == [
        [2, 3, 4, 5, 6, 7, 2], [2, 8, 2], [2, 2], [2, 9, 10, 2],
    ]  # fmt: skip
    assert rows.values.dtype == np.int32
    whole = cut.joined(TEXTS, END)
    assert whole.row(0).tolist() == [2, 3, 4, 5, 6, 7, 2, 8, 2, 2, 9, 10, 2] and len(whole) == 1
    assert len(cut.framed(TEXTS.take(np.array([], np.int64)), END)) == 0


def test_chunks_go_through_the_rows():
    first, second, third = cut.chunks(cut.framed(TEXTS, END), np.array([0, 2, 3]), 2)
    assert first.inputs.tolist() == [[2, 3], [2, 0], [2, 9]]
    assert first.lengths.tolist() == [2, 1, 2] and first.fresh
    assert first.places.tolist() == [0, 1, 2, 4, 5]
    assert first.targets.tolist() == [3, 4, 2, 9, 10]
    assert first.rows.tolist() == [0, 0, 2, 3, 3]
    assert second.inputs.tolist() == [[4, 5], [0, 0], [10, 0]] and not second.fresh
    assert second.lengths.tolist() == [2, 0, 1] and second.targets.tolist() == [5, 6, 2]
    assert third.inputs.tolist() == [[6, 7], [0, 0], [0, 0]] and third.targets.tolist() == [7, 2]


def test_windows_are_what_stands_before():
    rows = cut.framed(TEXTS, END)
    window = cut.windows(rows, cut.foreseen(rows)[[4, 0, 6, 10]], 3)
    assert window.inputs.tolist() == [[4, 5, 6], [2, 0, 0], [2, 0, 0], [2, 9, 0]]
    assert window.lengths.tolist() == [3, 1, 1, 2] and window.fresh
    assert window.targets.tolist() == [7, 3, 8, 10] and window.rows.tolist() == [0, 0, 1, 3]
    assert window.places.tolist() == [2, 3, 6, 10]


LISTS = st.lists(st.lists(st.integers(3, 9), max_size=9), min_size=1, max_size=6)


def foreseen_with_context(chunks):
    """(row, token before, token) of every token foreseen."""
    found = []
    for chunk in chunks:
        before = chunk.inputs.ravel()[chunk.places]
        found += zip(chunk.rows.tolist(), before.tolist(), chunk.targets.tolist(), strict=True)
    return sorted(found)


@given(LISTS, st.integers(1, 5))
def test_every_token_is_foreseen_once(lists, steps):
    rows = cut.framed(ragged(*lists), END)
    wanted = sorted(
        (n, a, b)
        for n in range(len(rows))
        for a, b in zip(rows.row(n), rows.row(n)[1:], strict=False)
    )
    index = np.arange(len(rows))
    assert foreseen_with_context(cut.chunks(rows, index, steps)) == wanted
    assert foreseen_with_context([cut.windows(rows, cut.foreseen(rows), steps)]) == wanted


@given(LISTS, st.integers(1, 4), st.integers(1, 5), st.integers(0, 7), st.integers(0, 50))
def test_pieces_of_a_running_text(lists, count, steps, before, shift):
    row = cut.joined(ragged(*lists), END)
    tokens = len(row.values) - 1
    count = min(count, tokens)
    pairs = sorted(zip(row.values[:-1].tolist(), row.values[1:].tolist(), strict=True))
    turned = cut.pieces(row, count, shift % tokens)
    found = foreseen_with_context(cut.chunks(turned, np.arange(count), steps))
    assert sorted(pair[1:] for pair in found) == pairs  # it closes to a circle at its END
    parts, skip = cut.overlapping(row, count, before)
    found = foreseen_with_context(cut.chunks(parts, np.arange(count), steps, skip))
    assert sorted(pair[1:] for pair in found) == pairs
    assert (skip <= before).all() and skip[0] == 0


@pytest.mark.parametrize(
    ("shift", "first"), [(0, [2, 3, 4, 5, 6, 7, 2]), (3, [5, 6, 7, 2, 8, 2, 2])]
)
def test_the_first_piece_begins_at_the_shift(shift, first):
    assert cut.pieces(cut.joined(TEXTS, END), 2, shift).row(0).tolist() == first
