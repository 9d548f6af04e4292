"""Near duplicates: those planted are found, nothing else is, and the index is the real one."""

import random
import string

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sestina.data import datasets
from sestina.quality import near_duplicates as module
from sestina.quality.near_duplicates import near_duplicates
from sestina.quality.shingles import (
    BANDS,
    VALUES,
    jaccard,
    minhash_keys,
    normalised,
    shingle_size,
    shingles,
)


def made(rng, characters):
    """A text of random words, whose shingles hardly occur twice."""
    words, length = [], 0
    while length < characters:
        words.append("".join(rng.choices(string.ascii_lowercase, k=rng.randint(2, 9))))
        length += len(words[-1]) + 1
    return " ".join(words)[:characters].strip()


def planted(rng, text, index, size=5):
    """The text with so much behind it that the Jaccard index is `index` or a little more."""
    count = len(shingles(text, size))
    more = int(count / index - count)
    return text + "".join(rng.choices(string.ascii_lowercase, k=more))


def groups(families):
    """The families of two texts or more, as sets of rows."""
    numbers = families.numbers
    return {
        frozenset(np.flatnonzero(numbers == number).tolist())
        for number in set(numbers.tolist())
        if (numbers == number).sum() > 1
    }


@pytest.mark.parametrize("index", [0.9, 0.85])
def test_planted_pairs_are_found_and_nothing_else(index):
    rng = random.Random(3)
    texts = [made(rng, rng.randint(60, 400)) for _ in range(1_500)]
    pairs = {row: planted(rng, texts[row], index) for row in range(0, 600, 3)}
    for row, other in pairs.items():
        assert index <= jaccard(texts[row], other, 5) < index + 0.03
    expected = {frozenset([row, 1_500 + n]) for n, row in enumerate(pairs)}
    found = near_duplicates([*texts, *pairs.values()], 0.8)
    assert found.size == 5 and found.complete
    assert groups(found) == expected


def test_at_the_border_the_index_itself_decides():
    rng = random.Random(4)
    texts = [made(rng, 300) for _ in range(400)]
    above = [planted(rng, text, 0.8) for text in texts[:200]]
    below = [planted(rng, text, 0.75) for text in texts[200:]]
    assert all(jaccard(a, b, 5) < 0.8 for a, b in zip(texts[200:], below, strict=True))
    found = groups(near_duplicates([*texts, *above, *below], 0.8))
    assert found <= {frozenset([n, 400 + n]) for n in range(200)}
    assert len(found) >= 198  # one of 2,000 may be overlooked
    assert len(groups(near_duplicates([*texts, *above, *below], 0.7))) >= 396
    assert not groups(near_duplicates([*texts, *above, *below], 0.85))


def test_keys_agree_as_often_as_theory_says():
    rng = random.Random(5)
    texts = [made(rng, 200) for _ in range(600)]
    others = [planted(rng, text, 0.8) for text in texts]
    index = np.array([jaccard(a, b, 5) for a, b in zip(texts, others, strict=True)])
    agree = (minhash_keys(texts, 5) == minhash_keys(others, 5)).mean()
    assert abs(agree - (index**VALUES).mean()) < 0.03
    apart = (minhash_keys(texts[:300], 5) == minhash_keys(texts[300:], 5)).mean()
    assert apart < 1e-3


@settings(max_examples=80, deadline=None)
@given(st.lists(st.text(st.characters(), min_size=5, max_size=40), min_size=1, max_size=8))
def test_a_text_has_the_same_keys_in_any_company(texts):
    together = minhash_keys(texts, 5)
    assert together.shape == (len(texts), BANDS) and together.dtype == np.uint32
    for text, keys in zip(texts, together, strict=True):
        assert np.array_equal(minhash_keys([text], 5)[0], keys)
    assert np.array_equal(minhash_keys(texts[::-1], 5), together[::-1])


@settings(max_examples=80, deadline=None)
@given(st.text("ab ", max_size=30), st.text("ab ", max_size=30), st.integers(1, 6))
def test_the_index_is_shared_of_all(one, other, size):
    a = {one[i : i + size] for i in range(len(one)) if i + size <= len(one)}
    b = {other[i : i + size] for i in range(len(other)) if i + size <= len(other)}
    expected = 1.0 if one == other else len(a & b) / len(a | b) if a | b else 0.0
    assert jaccard(one, other, size) == pytest.approx(expected)
    assert shingles(one, size) == a


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text("abC é\u0301\t", max_size=40), min_size=1, max_size=12), st.randoms())
def test_equal_but_for_case_and_blanks_is_a_family_in_any_order(texts, shuffle):
    order = list(range(len(texts)))
    shuffle.shuffle(order)
    one = near_duplicates(texts, 1.0).numbers
    other = near_duplicates([texts[n] for n in order], 1.0).numbers
    for a in range(len(texts)):
        for b in range(len(texts)):
            same = normalised(texts[order[a]]) == normalised(texts[order[b]])
            alike = other[a] == other[b]
            assert alike == (one[order[a]] == one[order[b]])
            assert alike or not same


def test_short_texts_are_compared_as_a_whole():
    texts = ["Christopher", "Christophe", "christopher ", "Anna", "Anne"]
    assert groups(near_duplicates(texts, 0.5)) == {frozenset([0, 2])}


def test_one_form_of_accents():
    composed = "café crème brûlée à la maison, très délicieux"
    found = near_duplicates([composed, composed.replace("é", "e\u0301")], 1.0)
    assert groups(found) == {frozenset([0, 1])}


def test_neighbours_of_neighbours_are_one_family():
    rng = random.Random(6)
    chain = [made(rng, 300)]
    for _ in range(6):
        chain.append(planted(rng, chain[-1], 0.85))
    assert jaccard(chain[0], chain[-1], 5) < 0.6
    found = near_duplicates(chain, 0.8)
    assert groups(found) == {frozenset(range(7))}
    assert len(found.pairs) >= 6 and (found.pairs[:, 0] < found.pairs[:, 1]).all()
    assert all(jaccard(chain[a], chain[b], 5) >= 0.8 for a, b in found.pairs.tolist())


def test_a_large_family_costs_no_more_than_its_texts(monkeypatch):
    rng = random.Random(7)
    frame = made(rng, 200)
    texts = [f"{frame} {n:04d}" for n in range(3_000)]
    calls = []
    monkeypatch.setattr(module, "jaccard", lambda *pair: calls.append(pair) or jaccard(*pair))
    assert groups(near_duplicates(texts, 0.8)) == {frozenset(range(3_000))}
    assert len(calls) < 3 * len(texts)


def test_the_search_says_when_it_stopped_early(monkeypatch):
    rng = random.Random(8)
    frame = made(rng, 60)
    texts = [f"{frame} {made(rng, 40)}" for _ in range(300)]
    assert near_duplicates(texts, 0.9).complete
    monkeypatch.setattr(module, "BUDGET", 300)
    assert not near_duplicates(texts, 0.9).complete


def test_texts_over_a_small_alphabet_get_longer_shingles():
    rng = random.Random(9)
    genes = ["".join(rng.choices("acgt", k=3_000)) for _ in range(60)]
    assert shingle_size(genes) >= 9
    assert not groups(near_duplicates(genes, 0.5))
    changed = genes[0][:1_500] + "a" + genes[0][1_501:]
    assert groups(near_duplicates([*genes, changed], 0.8)) == {frozenset([0, 60])}


@pytest.mark.parametrize("texts", [[], ["one"], ["", " "], ["aaaa" * 50] * 3])
def test_few_and_odd_texts(texts):
    found = near_duplicates(texts, 0.8)
    assert len(found.numbers) == len(texts)
    assert len(set(found.numbers.tolist())) == len({normalised(text) for text in texts})


def test_real_texts_of_thirty_languages_are_not_alike():
    records = datasets.records("languages")
    found = near_duplicates(records.texts, 0.8)
    for group in groups(found):
        texts = [normalised(records.texts[row]) for row in group]
        assert all(
            max(jaccard(text, other, found.size) for other in texts if other is not text) >= 0.8
            for text in texts
        )
