"""IBM model 1: the textbook's example round by round, what expectation maximisation promises."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sestina.errors import DataError, OptionError
from sestina.inspect.word_by_word import WordByWord
from sestina.text.ibm1 import IBM1

GERMAN = [text.split() for text in ("das Haus", "das Buch", "ein Buch")]
ENGLISH = [text.split() for text in ("the house", "the book", "a book")]
# Koehn, Statistical machine translation, figure 4.4: t(English | German) after 1, 2 and 3 rounds
TEXTBOOK = {
    ("das", "the"): (0.5, 0.6364, 0.7479),
    ("das", "book"): (0.25, 0.1818, 0.1208),
    ("das", "house"): (0.25, 0.1818, 0.1313),
    ("Buch", "the"): (0.25, 0.1818, 0.1208),
    ("Buch", "book"): (0.5, 0.6364, 0.7479),
    ("Buch", "a"): (0.25, 0.1818, 0.1313),
    ("ein", "book"): (0.5, 0.4286, 0.3466),
    ("ein", "a"): (0.5, 0.5714, 0.6534),
    ("Haus", "the"): (0.5, 0.4286, 0.3466),
    ("Haus", "house"): (0.5, 0.5714, 0.6534),
}


@pytest.mark.parametrize("rounds", [1, 2, 3])
def test_textbook(rounds):
    model = IBM1(rounds, null=False).fit(GERMAN, ENGLISH)
    assert model.n_parameters_ == len(TEXTBOOK)
    for (source, target), values in TEXTBOOK.items():
        assert dict(model.translations(source))[target] == pytest.approx(values[rounds - 1], 5e-4)


def test_the_textbook_s_dictionary():
    wanted = {"das": "the", "Haus": "house", "Buch": "book", "ein": "a"}
    assert IBM1(30, null=False).fit(GERMAN, ENGLISH).dictionary() == wanted
    assert set(IBM1(30).fit(GERMAN, ENGLISH).dictionary()) == set(wanted)


def in_plain_python(sources, targets, rounds, null):
    """The same by dictionaries: the definition."""
    given = [(["", *s] if null else s, t) for s, t in zip(sources, targets, strict=True) if s and t]
    words = {f for _, target in given for f in target}
    chance = {(e, f): 1 / len(words) for source, target in given for e in source for f in target}
    for _ in range(rounds):
        counts, totals = dict.fromkeys(chance, 0.0), {}
        for source, target in given:
            for f in target:
                whole = sum(chance[e, f] for e in source)
                for e in source:
                    share = chance[e, f] / whole
                    counts[e, f] += share
                    totals[e] = totals.get(e, 0.0) + share
        chance = {(e, f): count / totals[e] for (e, f), count in counts.items()}
    return chance


SENTENCES = st.lists(st.sampled_from("abcd"), max_size=4)


@given(
    st.lists(st.tuples(SENTENCES, SENTENCES), min_size=1, max_size=6),
    st.integers(1, 4),
    st.booleans(),
)
def test_the_definition(pairs, rounds, null):
    sources, targets = map(list, zip(*pairs, strict=True))
    if not any(s and t for s, t in pairs):
        with pytest.raises(DataError, match="words on both sides"):
            IBM1(rounds, null).fit(sources, targets)
        return
    model = IBM1(rounds, null).fit(sources, targets)
    wanted = in_plain_python(sources, targets, rounds, null)
    found = {(e, f): p for e in ["", *"abcd"] for f, p in model.translations(e)}
    assert found.keys() == wanted.keys()
    assert all(found[key] == pytest.approx(wanted[key]) for key in wanted)
    assert np.all(np.diff(model.log_likelihoods_) >= -1e-9)
    for word in "abcd":
        chances = [p for _, p in model.translations(word)]
        assert chances == sorted(chances, reverse=True)
        assert not chances or sum(chances) == pytest.approx(1.0)


def test_bad_input():
    with pytest.raises(OptionError, match="rounds=0 leaves nothing learnt"):
        IBM1(0)
    with pytest.raises(DataError, match="1 sentence came with 2 translations"):
        IBM1().fit([["a"]], [["b"], ["c"]])


def test_word_by_word():
    nouns = {"cat": "gato", "dog": "perro", "bird": "pájaro", "horse": "caballo"}
    verbs = {"sees": "ve", "hears": "oye", "bites": "muerde"}
    rows = [(n, v, m) for n in nouns for v in verbs for m in nouns]
    sources = [f"The {n} {v} a {m}." for n, v, m in rows] + ["A cat.", "The dog.", "A bird."] * 9
    targets = [f"El {nouns[n]} {verbs[v]} un {nouns[m]}." for n, v, m in rows]
    targets += ["Un gato.", "El perro.", "Un pájaro."] * 9
    model = WordByWord().fit(sources, targets)
    assert model.predict(["A cat sees the horse.", "Unseen Bird"]) == [
        "Un gato ve el caballo.",
        "Unseen Pájaro",
    ]
    assert model.predict([""]) == [""] and model.n_parameters_ > 10


def test_couples_beyond_the_memory_are_left_out(monkeypatch):
    monkeypatch.setattr("sestina.text.ibm1.MOST", 9)
    pairs = [["a"], ["b"], ["c", "d"], ["e"]]
    model = IBM1().fit(pairs, pairs)  # 2 + 2 + 6 couples, NULL's among them
    assert model.pairs_ == 2 and set(model.dictionary()) == {"a", "b"}
