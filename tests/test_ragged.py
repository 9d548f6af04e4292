"""Ragged arrays against plain Python lists, and the batches drawn from them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sestina.data.ragged import POOL, Ragged, alike, shuffled_batches, sorted_batches

SEQUENCES = st.lists(st.lists(st.integers(1, 99), max_size=12), max_size=12)
LENGTHS = st.lists(st.integers(0, 50), max_size=200).map(lambda x: np.array(x, dtype=np.int64))
SIZES = st.integers(1, 40)
SEEDS = st.integers(0, 2**31)


def ragged(sequences, items=()):
    """Return sequences of numbers; with `items` (D,), each number is repeated to that shape."""
    like = np.empty((0, *items), dtype=np.int32)
    arrays = [
        np.broadcast_to(np.array(s, np.int32).reshape(-1, *[1] * len(items)), (len(s), *items))
        for s in sequences
    ]
    return Ragged.of(arrays, like)


def reference(sequences, length, side):
    """Pad plain lists with zeros; the end of a longer one is cut off."""
    longest = max([1, *map(len, sequences)]) if length is None else length
    rows = []
    for sequence in (s[:longest] for s in sequences):
        zeros = [0] * (longest - len(sequence))
        rows.append(zeros + sequence if side == "pre" else sequence + zeros)
    return np.array(rows, dtype=np.int32).reshape(len(sequences), longest)


@settings(max_examples=200, deadline=None)
@given(
    sequences=SEQUENCES,
    data=st.data(),
    length=st.none() | st.integers(1, 15),
    side=st.sampled_from(["pre", "post"]),
    items=st.sampled_from([(), (1,), (3,)]),
)
def test_padded_is_what_plain_lists_give(sequences, data, length, side, items):
    choices = st.lists(st.integers(0, len(sequences) - 1)) if sequences else st.just([])
    rows = data.draw(choices, label="rows")
    got, lengths = ragged(sequences, items).padded(np.array(rows, np.int64), length, side)
    chosen = [sequences[row] for row in rows]
    want = reference(chosen, length, side)
    assert got.dtype == np.int32
    assert got.shape == (*want.shape, *items)
    for k in np.ndindex(items):
        assert np.array_equal(got[(..., *k)], want)
    assert lengths.tolist() == [min(len(s), want.shape[1]) for s in chosen]


@settings(max_examples=100, deadline=None)
@given(sequences=SEQUENCES, data=st.data())
def test_rows_lengths_and_take(sequences, data):
    whole = ragged(sequences)
    assert len(whole) == len(sequences)
    assert whole.lengths.tolist() == [len(s) for s in sequences]
    assert [whole.row(n).tolist() for n in range(len(whole))] == sequences
    rows = data.draw(st.permutations(range(len(sequences))), label="rows")
    some = whole.take(np.array(rows[: len(rows) // 2], np.int64))
    assert [some.row(n).tolist() for n in range(len(some))] == [
        sequences[row] for row in rows[: len(rows) // 2]
    ]
    assert some.values.dtype == whole.values.dtype


def test_none_and_only_empty_sequences():
    assert len(ragged([])) == 0
    out, lengths = ragged([[], []]).padded(np.array([0, 1]))
    assert out.tolist() == [[0], [0]]  # at least one step
    assert lengths.tolist() == [0, 0]
    out, lengths = ragged([[1]], (2,)).padded(np.array([], np.int64))
    assert (out.shape, lengths.shape) == ((0, 1, 2), (0,))


def test_padding_does_not_change_the_sequences():
    whole = ragged([[1, 2, 3], [4]])
    out, _ = whole.padded(np.array([0, 1]))
    out += 1
    assert whole.values.tolist() == [1, 2, 3, 4]


@settings(max_examples=100, deadline=None)
@given(lengths=LENGTHS, size=SIZES, seed=SEEDS, epoch=st.integers(0, 1000))
def test_shuffled_batches_are_a_partition(lengths, size, seed, epoch):
    batches = list(shuffled_batches(lengths, size, seed, epoch))
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    assert all(1 <= len(batch) <= size for batch in batches)
    assert len(batches) == -(-len(lengths) // size)
    np.random.default_rng(0).random(5)
    again = list(shuffled_batches(lengths, size, seed, epoch))  # seed and epoch decide alone
    assert all(np.array_equal(a, b) for a, b in zip(batches, again, strict=True))


@pytest.mark.parametrize("other", [(1, 0), (0, 1)])
def test_seed_and_epoch_both_change_the_draw(other):
    lengths = np.arange(500)
    first = np.concatenate(list(shuffled_batches(lengths, 16, 0, 0)))
    second = np.concatenate(list(shuffled_batches(lengths, 16, *other)))
    assert not np.array_equal(first, second)


def padding(lengths, batches):
    """Share of a batch's cells that are padding, over all batches."""
    cells = sum(int(lengths[batch].max()) * len(batch) for batch in batches)
    return 1 - lengths.sum() / cells


def test_batches_carry_little_padding():
    lengths = np.random.default_rng(0).geometric(0.02, size=8 * POOL * 16)
    plain = [np.arange(i, i + 16) for i in range(0, len(lengths), 16)]
    unsorted = padding(lengths, plain)
    assert unsorted > 0.5
    assert padding(lengths, list(shuffled_batches(lengths, 16, 0, 0))) < unsorted / 4
    assert padding(lengths, list(sorted_batches(lengths, 16))) < 0.02


def test_shuffled_batches_do_not_come_in_order_of_length():
    lengths = np.random.default_rng(0).integers(1, 100, size=4000)
    first = [lengths[batch].mean() for batch in shuffled_batches(lengths, 16, 0, 0)][:POOL]
    assert np.std(first) > 15
    assert not np.all(np.diff(first) >= 0)


@settings(max_examples=50, deadline=None)
@given(lengths=LENGTHS, size=SIZES)
def test_sorted_batches_are_a_partition_by_length(lengths, size):
    batches = list(sorted_batches(lengths, size))
    rows = [int(row) for batch in batches for row in batch]
    assert sorted(rows) == list(range(len(lengths)))
    assert np.all(np.diff(lengths[rows]) >= 0)
    assert all(1 <= len(batch) <= size and not outweighed(lengths[batch]) for batch in batches)
    # a batch is full, or the next row would make it more padding than steps
    ends = np.cumsum([len(batch) for batch in batches])[:-1]
    for batch, end in zip(batches, ends, strict=False):
        assert end % size == 0 or outweighed(lengths[[*batch, rows[end]]])


def outweighed(lengths):
    """Whether padding these to one length takes more room than they do themselves."""
    return lengths.max() * len(lengths) - lengths.sum() > lengths.sum()


def test_a_long_sequence_is_read_apart():
    lengths = np.array([400, 2400, 390, 410, 380])
    groups = [group.tolist() for group in alike(lengths, np.array([0, 1, 3, 4]))]
    assert groups == [[4, 0, 3], [1]]
    assert [group.tolist() for group in alike(lengths, np.array([2, 0, 3]))] == [[2, 0, 3]]
