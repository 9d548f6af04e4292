"""Subwords: what is learnt, round trips, determinism, JSON, bad input, a missing extra."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sestina import Counts, Subwords, load_dataset
from sestina.errors import DataError, ModelError, OptionError

METHODS = ("bpe", "unigram")


pytest.importorskip("tokenizers", reason="the extra 'subword' is not installed")


@pytest.fixture(scope="module")
def reviews():
    return load_dataset("movie-snippets").texts[:1500]


@pytest.fixture(scope="module", params=METHODS)
def parts(request, reviews):
    return Subwords.learn(reviews, method=request.param, vocabulary=600)


def test_pairs_are_merged_as_in_the_paper():
    """Sennrich, Haddow and Birch 2016, figure 1: low, lower, newest, widest."""
    texts = ["low"] * 5 + ["lower"] * 2 + ["newest"] * 6 + ["widest"] * 3
    parts = Subwords.learn(texts, vocabulary=22)
    assert {"es", "est", "▁low"} <= set(parts.tokens)
    assert parts.cut("lowest") == ["▁low", "est"]


def test_frequent_words_are_one_part_and_rare_ones_several(parts):
    assert len(parts) == len(parts.tokens) == 600
    assert parts.tokens[:2] == ("<pad>", "<unk>")
    assert parts.cut("the film") == ["▁the", "▁film"]
    assert len(parts.cut("unfilmable")) > 2
    assert "".join(parts.cut("unfilmable")) == "▁unfilmable"


def test_marks_stand_alone(parts):
    assert parts.cut("film.") == ["▁film", "."]
    assert not [part for part in parts.tokens[2:] if len(part) > 1 and set(part) & set(".,'!?-")]


def test_ids(parts):
    first, empty = parts.encode(["the film", ""])
    assert first.dtype == np.int32 and [parts.tokens[n] for n in first] == ["▁the", "▁film"]
    assert empty.shape == (0,)


def test_texts_come_back(parts, reviews):
    for text, ids in zip(reviews[:200], parts.encode(reviews[:200]), strict=True):
        assert 1 not in ids
        assert parts.decode(ids) == " ".join(text.lower().split())
    assert parts.decode([0, *parts.encode(["fine"])[0], 0]) == "fine"


@settings(max_examples=60, deadline=None)
@given(st.text("abc <pad>unk'.\n\t", max_size=30))
def test_marks_in_a_text_are_letters_like_others(text):
    parts = small()
    (ids,) = parts.encode([text])
    assert 0 not in ids and 1 not in ids
    assert parts.decode(ids) == " ".join(text.split())


_made = {}


def small():
    if not _made:
        _made["bpe"] = Subwords.learn(["abc <pad> <unk> ' . ab bc n k u d"] * 3, vocabulary=60)
    return _made["bpe"]


def test_only_letters_never_seen_are_unknown(parts):
    (ids,) = parts.encode(["the 東 film"])
    assert (ids == 1).sum() == 1
    assert "<unk>" in parts.decode(ids)


def test_case_is_kept_where_asked(reviews):
    parts = Subwords.learn(reviews, vocabulary=400, lowercase=False)
    assert parts.decode(parts.encode(["The Film"])[0]) == "The Film"


def test_json_round_trip(parts, reviews):
    again = Subwords.from_json(parts.to_json())
    assert again == parts and hash(again) == hash(parts)
    assert again.options.method == parts.options.method
    for one, other in zip(parts.encode(reviews[:50]), again.encode(reviews[:50]), strict=True):
        assert np.array_equal(one, other)
    json.loads(parts.to_json())


def test_the_same_texts_give_the_same_parts_in_any_process():
    code = (
        "from sestina import Subwords\n"
        "texts = open('README.md', encoding='utf-8').read().split('\\n')\n"
        "for method in ('bpe', 'unigram'):\n"
        "    print(Subwords.learn(texts, method=method, vocabulary=300).to_json())\n"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": seed},
            cwd=Path(__file__).parent.parent, capture_output=True, check=True, text=True,
        ).stdout
        for seed in ("1", "2", "3")
    }  # fmt: skip
    assert len(answers) == 1


def test_parts_are_terms_of_a_bag(parts):
    bags = Counts(min_n=1, max_n=2).fit([parts.cut("unfilmable film"), parts.cut("the film")])
    assert bags.transform([parts.cut("film film")]).max() == 2


def test_rare_letters_give_way():
    texts = ["".join(map(chr, range(0x4E00, 0x4E40))), "aaaa bbbb"]
    parts = Subwords.learn(texts, vocabulary=20)
    assert len(parts) <= 20
    assert 1 not in parts.encode(["ab"])[0]


@pytest.mark.parametrize(
    ("texts", "options", "kind", "sentence"),
    [
        ([], {}, DataError, "there is no word in the texts to learn subwords from"),
        (["", " \n"], {}, DataError, "there is no word in the texts"),
        ("abc", {}, DataError, "one string came"),
        ([3], {}, DataError, "text 0 is 3"),
        (["a"], {"vocabulary": 2}, OptionError, "vocabulary=2 is too small"),
        (["a"], {"method": "bpe2"}, OptionError, "method='bpe2' is unknown; did you mean 'bpe'"),
        (["a"], {"vocabluary": 9}, OptionError, "unknown option 'vocabluary'; did you mean"),
    ],
)
def test_bad_input(texts, options, kind, sentence):
    with pytest.raises(kind, match=sentence):
        Subwords.learn(texts, **options)


def test_bad_ids(parts):
    for number in (-1, len(parts)):
        with pytest.raises(OptionError, match=r"outside 0 … 599"):
            parts.decode([number])
    with pytest.raises(DataError, match="one string came"):
        parts.encode("abc")


@pytest.mark.parametrize("damage", ["", "{", "[]", "{}", '{"options": {}, "model": {}}', "null"])
def test_bad_json(damage):
    with pytest.raises(ModelError, match="the JSON of the subwords is damaged"):
        Subwords.from_json(damage)


def changed(parts, change):
    whole = json.loads(parts.to_json())
    change(whole["model"]["model"], whole)
    return json.dumps(whole)


def renamed(old, new):
    """Give a part another name."""

    def change(model, _):
        if isinstance(model["vocab"], dict):
            names = {new if k == old else k: n for k, n in model["vocab"].items()}
            model["vocab"] = names
            model["merges"] = [[new if x == old else x for x in pair] for pair in model["merges"]]
        else:
            model["vocab"] = [[new if k == old else k, score] for k, score in model["vocab"]]

    return change


DAMAGES = {
    "another first part": renamed("<pad>", "<pod>"),
    "a part twice": lambda model, _: model.update(vocab=[["<pad>", 0.0], ["<unk>", 0.0]] * 2),
    "an empty part": renamed("▁the", ""),
    "no parts": lambda model, _: model.update(vocab=[]),
    "parts of another kind": lambda model, _: model.update(vocab=[3]),
    "another method": lambda model, whole: whole["options"].update(
        method={"bpe": "unigram", "unigram": "bpe"}[whole["options"]["method"]]
    ),
    "a foreign option": lambda model, whole: whole["options"].update(made_up=1),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_json_that_was_tampered_with(parts, damage):
    with pytest.raises(ModelError, match="the JSON of the subwords is damaged"):
        Subwords.from_json(changed(parts, DAMAGES[damage]))


@pytest.mark.parametrize("change", [
    lambda model, _: model["vocab"].update(gap=10**6),
    lambda model, _: model["merges"].append(["not", "there"]),
    lambda model, _: model["merges"].append([1, 2, 3]),
], ids=["gap", "merge", "triple"])  # fmt: skip
def test_json_of_pairs_that_was_tampered_with(change):
    with pytest.raises(ModelError, match="the JSON of the subwords is damaged"):
        Subwords.from_json(changed(small(), change))


@pytest.mark.parametrize("score", [float("nan"), float("inf"), "high"])
def test_scores_that_are_no_numbers(score):
    parts = Subwords.learn(["a film"] * 3, method="unigram", vocabulary=20)
    with pytest.raises(ModelError, match="the JSON of the subwords is damaged"):
        Subwords.from_json(changed(parts, lambda model, _: model["vocab"][3].__setitem__(1, score)))


def test_rules_of_a_strange_file_are_not_followed(parts):
    """What would rewrite texts first, here by a pattern that never ends, is our own."""

    def change(_, whole):
        rule = {"type": "Replace", "pattern": {"Regex": "(a|a)*b|the"}, "content": "evil"}
        whole["model"]["normalizer"] = rule
        whole["model"]["post_processor"] = {"type": "made up"}

    again = Subwords.from_json(changed(parts, change))
    assert again == parts and again.cut("the film") == ["▁the", "▁film"]


@pytest.mark.parametrize("method", METHODS)
def test_frequent_marks_in_the_training_texts_are_letters_too(method):
    texts = [f"{chr(97 + n % 20)}<pad> x<unk> y<start>" for n in range(60)]
    parts = Subwords.learn(texts, method=method, vocabulary=80)
    assert not {"<start>", "<eos>", "<url>", "<number>"} & set(parts.tokens)
    assert len(set(parts.tokens)) == len(parts)
    for text, ids in zip(texts, parts.encode(texts), strict=True):
        assert ids.min() > 1 and parts.decode(ids) == text


def test_unknown_characters_stand_as_they_are(parts):
    cut = parts.cut("the 東 film")
    assert [part for part in cut if part not in parts.tokens] == ["東"]
    assert cut[0] == "▁the" and cut[-1] == "▁film"


def test_half_characters_are_unknown_ones(parts):
    (ids,) = parts.encode(["the \ud800 film"])
    assert (ids == 1).sum() == 1
    assert parts.cut("the \ud800 film")[-1] == "▁film"
    Subwords.learn(["a \udfff film"], vocabulary=20)


def test_cutting_and_encoding_agree(parts, reviews):
    known = {part: n for n, part in enumerate(parts.tokens)}
    for text, ids in zip(reviews[:100], parts.encode(reviews[:100]), strict=True):
        assert [known[part] for part in parts.cut(text)] == ids.tolist()
