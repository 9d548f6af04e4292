"""Splits: equal texts stay together, proportions are kept, no class leaves the training part."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sestina.data.records import Records
from sestina.data.split import stratified, three_parts
from sestina.errors import DataError

SEEDS = st.integers(0, 2**31)
SHARES = st.floats(0.05, 0.5)
TEXTS = st.text("ab", max_size=6)
SINGLE = st.sampled_from("xyz")
SEVERAL = st.lists(st.sampled_from("vwxyz"), max_size=3)


def rows_of(labels):
    """Rows (text, label) with many equal texts, some of them with unlike labels."""
    return st.lists(st.tuples(TEXTS, labels), min_size=1, max_size=60)


def names(labels, rows):
    return Counter(name for row in rows for name in labels[row])  # 'x' and ['x'] alike


def attempt(texts, labels, share, seed):
    """Return the two sides, or None where there are too few rows."""
    try:
        return stratified(texts, labels, share, seed)
    except DataError as error:
        assert "too few" in str(error) and "give more rows" in str(error)
        return None


@settings(max_examples=150, deadline=None)
@given(rows=st.one_of(rows_of(SINGLE), rows_of(SEVERAL)), share=SHARES, seed=SEEDS)
def test_sides_share_no_text_and_no_label_is_lost(rows, share, seed):
    texts, labels = zip(*rows, strict=True)
    sides = attempt(texts, labels, share, seed)
    if sides is None:
        return
    kept, held = sides
    assert sorted([*kept, *held]) == list(range(len(rows)))
    assert len(held)
    assert not {texts[r] for r in kept} & {texts[r] for r in held}
    assert set(names(labels, kept)) == set(names(labels, range(len(rows))))
    again = stratified(texts, labels, share, seed)
    assert np.array_equal(kept, again[0]) and np.array_equal(held, again[1])


@settings(max_examples=100, deadline=None)
@given(
    counts=st.lists(st.integers(2, 80), min_size=1, max_size=6),
    share=SHARES,
    seed=SEEDS,
    shuffle=st.randoms(use_true_random=False),
)
def test_every_label_keeps_its_proportion(counts, share, seed, shuffle):
    labels = [str(k) for k, count in enumerate(counts) for _ in range(count)]
    shuffle.shuffle(labels)
    sides = attempt(range(len(labels)), labels, share, seed)
    if sides is None:
        assert share * len(labels) < len(counts)  # each label may owe less than one row
        return
    held = names(labels, sides[1])
    for k, count in enumerate(counts):
        assert abs(held[str(k)] - share * count) <= 1.5  # rounded, and what the one before owed
    assert abs(sum(held.values()) - share * len(labels)) <= 1.5


@settings(max_examples=60, deadline=None)
@given(copies=st.integers(2, 40), share=st.floats(0.1, 0.4), seed=SEEDS)
def test_a_text_with_many_copies_does_not_overfill_the_held_out_side(copies, share, seed):
    texts = ["same"] * copies + [f"text {n}" for n in range(60)]
    _, held = stratified(texts, ["x"] * len(texts), share, seed)
    assert len(held) <= share * len(texts) + copies / 2
    assert len(held) >= share * len(texts) - copies / 2 - 1


def test_another_seed_is_another_draw():
    labels = ["x", "y"] * 50
    draws = {tuple(stratified(range(100), labels, 0.2, seed)[1]) for seed in range(5)}
    assert len(draws) == 5


def test_unlike_labels_of_one_text_do_not_cost_training_a_class():
    texts = ["same", "same", *(f"text {n}" for n in range(8))]
    labels = ["x", "rare", *["x"] * 8]
    for seed in range(20):
        kept, _ = stratified(texts, labels, 0.4, seed)
        assert {0, 1} <= set(kept)


def test_sets_of_labels_that_all_differ_can_be_split():
    labels = [["a", str(n // 2), str(100 + n // 3)] for n in range(90)]
    kept, held = stratified(range(90), labels, 0.2, 0)
    assert 15 <= len(held) <= 18
    assert set(names(labels, kept)) == set(names(labels, range(90)))


def test_a_label_that_is_never_the_rarest_is_not_lost_either():
    labels = [["z", "a"], ["a", "y"], ["z", "b"], ["b", "y"]]
    for seed in range(40):
        kept, _ = stratified(range(4), labels, 0.5, seed)
        assert set(names(labels, kept)) == {"a", "b", "y", "z"}


@pytest.mark.parametrize(
    ("texts", "labels"),
    [([], []), (["a"], ["x"]), (["a", "a"], ["x", "x"]), (["a", "b"], ["x", "y"])],
)
def test_too_few_rows(texts, labels):
    with pytest.raises(DataError, match="too few to hold out 50%"):
        stratified(texts, labels, 0.5, 0)


class TestThreeParts:
    texts = tuple(f"text {n}" for n in range(100))
    labels = ("x", "y", "y", "y") * 25

    def records(self, parts=None):
        return Records(list(self.texts), list(self.labels), parts, source="a.csv")

    def test_parts_are_drawn_where_there_are_none(self):
        *parts, said = three_parts(self.records(), 7)
        assert [len(part) for part in parts] == [72, 8, 20]
        assert sorted(text for part in parts for text in part.texts) == sorted(self.texts)
        for part in parts:
            assert abs(part.labels.count("x") - len(part) / 4) <= 1
        assert (
            said == "test drawn by label (20 %, seed 7); dev drawn by label (10 % of train, seed 7)"
        )

    @pytest.mark.parametrize(
        ("cycle", "sizes", "said"),
        [
            (["train"] * 8 + ["dev", "test"], [80, 10, 10], "dev and test as given"),
            (
                ["train"] * 8 + ["test"] * 2,
                [72, 8, 20],
                "test as given; dev drawn by label (10 % of train, seed 0)",
            ),
            (
                ["train"] * 8 + ["dev"] * 2,
                [64, 20, 16],
                "dev as given; test drawn by label (20 %, seed 0)",
            ),
        ],
    )
    def test_parts_that_are_named_are_kept(self, cycle, sizes, said):
        records = self.records(cycle * 10)
        *parts, sentence = three_parts(records, 0)
        assert [len(part) for part in parts] == sizes
        assert sentence == said
        for part, name in zip(parts, ("train", "dev", "test"), strict=True):
            if name in cycle and name != "train":
                assert part.texts == records.part(name).texts

    def test_refusals(self):
        with pytest.raises(DataError, match=r"a\.csv: no row is in the part 'train'; add some"):
            three_parts(self.records(["test"] * 100), 0)
        with pytest.raises(DataError, match="has no labels to learn from; give"):
            three_parts(Records(["a"], source="a.txt"), 0)
        with pytest.raises(DataError, match="too few"):
            three_parts(Records(["a", "b"], ["x", "y"]), 0)
