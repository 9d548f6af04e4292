"""Texts in numbers: the compiled scanner and the tokeniser give the same, to the last mark."""

import re
import sys

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sestina import Subwords
from sestina.config import TermOptions, TextOptions
from sestina.errors import DataError, MissingExtra
from sestina.kernels.parallel import limited
from sestina.kernels.scanning import TOKENS, Scanner
from sestina.text import scan
from sestina.text.encode import encode, learn
from sestina.text.inputs import as_documents, as_texts
from sestina.text.scan import Scanners, classes, numbered
from sestina.text.tokenise import CUTS, bare_words, cleaner, words

SIGNS = "aNnTt'’sSrevmdl _09é. \u0301\u200dिम\t-\n\r\x1c\u2028ßİſK😀中<&;…"
TEXT = st.text(st.one_of(st.sampled_from(SIGNS), st.characters(codec="utf-8")), max_size=40)
TEXTS = st.lists(TEXT, max_size=6)
PLAIN = cleaner(TermOptions(html=False, lowercase=False))


def tokens_by_text(found):
    ends = np.cumsum(found.lengths)
    rows = [found.ids[end - n : end] for end, n in zip(ends, found.lengths, strict=True)]
    return [[found.tokens[number] for number in row] for row in rows]


@settings(max_examples=400, deadline=None)
@example("don't")
@example("can’t n't 't it'S 'ſ 3n't _n't nn't")
@given(TEXT)
def test_the_scanner_keeps_marks_as_the_tokeniser_does(text):
    text = text.replace("’", "'").replace("\n", " ")
    scanner = Scanner(classes(), TOKENS)
    assert [scanner.word(n).decode() for n in scanner.scan(text.encode())] == words(text)


@pytest.mark.parametrize("cut", CUTS)
@settings(max_examples=60, deadline=None)
@given(texts=TEXTS, threads=st.integers(1, 3))
def test_many_texts_give_what_few_give(cut, texts, threads):
    clean = cleaner(TermOptions())
    few = numbered(texts, clean, cut)
    with pytest.MonkeyPatch.context() as patch, limited(threads):
        patch.setattr(scan, "FEW", 0)
        patch.setattr(scan, "PIECE", 20)
        many = numbered(texts, clean, cut)
    assert tokens_by_text(many) == tokens_by_text(few) == [CUTS[cut](clean(t)) for t in texts]
    assert many.lengths.dtype == few.lengths.dtype == np.int64
    assert sorted(many.tokens) == sorted(few.tokens)
    assert many.ids.dtype == few.ids.dtype == np.int32


@settings(max_examples=60, deadline=None)
@given(
    texts=TEXTS,
    most=st.integers(3, 9),
    pre=st.booleans(),
    marks=st.tuples(st.booleans(), st.booleans()),
)
def test_ids_of_a_classifier_do_not_depend_on_who_cuts(texts, most, pre, marks):
    options = TextOptions(
        max_tokens=most, truncate="pre" if pre else "post", mark_start=marks[0], mark_end=marks[1]
    )
    vocabulary, few = learn(texts, options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "FEW", 0)
        again, many = learn(texts, options)
        later = encode(texts, vocabulary, options)
    assert again == vocabulary
    for other in (many, later):
        assert np.array_equal(other.ids.values, few.ids.values)
        assert np.array_equal(other.ids.offsets, few.ids.offsets)
        assert np.array_equal(other.full_lengths, few.full_lengths)
    facts = [(e.tokens, e.unknown, e.truncated, e.empty) for e in (few, many, later)]
    assert len(set(facts)) == 1


def test_half_a_character_is_cut_by_the_tokeniser(monkeypatch):
    monkeypatch.setattr(scan, "FEW", 0)
    found = numbered(["a \ud800b", "c"], PLAIN, "words+marks")
    assert tokens_by_text(found) == [words("a \ud800b"), ["c"]]


def test_lists_of_tokens_are_taken_as_they_are(monkeypatch):
    monkeypatch.setattr(scan, "FEW", 0)
    found = numbered([["Don't", "a b"], "Don't", []], PLAIN, "words+marks")
    assert tokens_by_text(found) == [["Don't", "a b"], ["Do", "n't"], []]


def test_pieces_go_to_the_scanners_in_turn_and_come_back_in_order():
    scanners = Scanners(TOKENS, 2)
    pieces = [f"word{n % 5} x\n" for n in range(40)]
    found = list(scanners.numbers(pieces, str.encode))
    lexicon, numbers = scanners.joined()
    assert [worker for worker, _ in found] == [0, 1] * 20
    first = [lexicon.word(int(numbers[worker][ids[0]])).decode() for worker, ids in found]
    assert first == [f"word{n % 5}" for n in range(40)]


def test_bare_words_are_words_with_a_letter_or_digit():
    assert bare_words("It's 3.5 — not bad, isn't it?!") == [
        "It", "'s", "3", "5", "not", "bad", "is", "n't", "it",
    ]  # fmt: skip
    assert all(re.search(r"\w", word) for word in bare_words("a - b _ …"))


@pytest.mark.parametrize("check", [as_texts, as_documents])
@pytest.mark.parametrize(
    ("given_", "sentence"),
    [("abc", "one string came; expected a list"), ([1], "text 0 is 1 "), (3, "3 came; expected a")],
)
def test_what_is_no_text_is_refused(check, given_, sentence):
    with pytest.raises(DataError, match=sentence):
        check(given_)


def test_only_documents_may_be_lists_of_tokens():
    assert as_documents([["a"], "b", ()]) == [["a"], "b", ()]
    assert as_documents(np.array(["a", "b"])) == ["a", "b"]
    with pytest.raises(DataError, match=r"text 1 is \['a', 2\] .*lists of tokens such as"):
        as_documents(["a", ["a", 2]])
    with pytest.raises(DataError, match=r"text 0 is \['a'\] \(list\); expected a list of strings"):
        as_texts([["a"]])


def test_a_missing_extra_names_its_pip_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    for ask in (lambda: Subwords.learn(["a"]), lambda: Subwords.from_json("{}")):
        with pytest.raises(
            MissingExtra, match=r"'tokenizers', .* pip install 'sestina\[subword\]'"
        ):
            ask()
