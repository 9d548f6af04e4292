"""Tags of spans: schemes, conlleval's reading, figures; files of words and tags."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sestina import load_tagged, metrics, read_tagged, spans
from sestina.data.conll import write_conll
from sestina.data.spans_file import write_spans
from sestina.data.tagged import three_tagged_parts
from sestina.errors import DataError


def test_a_line_of_conll_2003():
    tags = "B-ORG O B-MISC O O O B-MISC O O".split()
    assert spans.spans_of(tags) == [(0, 1, "ORG"), (2, 3, "MISC"), (6, 7, "MISC")]


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ("I-PER I-PER O I-PER", [(0, 2, "PER"), (3, 4, "PER")]),  # IOB1
        ("I-PER B-PER", [(0, 1, "PER"), (1, 2, "PER")]),
        ("B-PER I-LOC", [(0, 1, "PER"), (1, 2, "LOC")]),
        ("B-PER O I-PER", [(0, 1, "PER"), (2, 3, "PER")]),
        ("S-PER B-LOC I-LOC E-LOC O S-LOC", [(0, 1, "PER"), (1, 4, "LOC"), (5, 6, "LOC")]),
        ("E-PER E-PER", [(0, 1, "PER"), (1, 2, "PER")]),
        ("S-PER I-PER", [(0, 1, "PER"), (1, 2, "PER")]),
        ("B-PER E-PER I-PER", [(0, 2, "PER"), (2, 3, "PER")]),
        ("O O", []),
        ("", []),
    ],
)
def test_tags_are_read_as_conlleval_reads_them(tags, found):
    assert spans.spans_of(tags.split()) == found


def apart(draw_kinds=("PER", "LOC")):
    """Give lengths of gaps and spans of a sentence."""
    part = st.tuples(st.integers(0, 2), st.integers(1, 4), st.sampled_from(draw_kinds))
    return st.lists(part, max_size=5)


@given(apart(), st.sampled_from(["bio", "bioes"]))
def test_spans_and_tags_are_the_same_thing(parts, scheme):
    place, wanted = 0, []
    for gap, size, kind in parts:
        wanted.append((place + gap, place + gap + size, kind))
        place += gap + size
    tags = spans.tags_of(wanted, place + 1, scheme)
    assert spans.spans_of(tags) == wanted
    assert spans.first_offence([tags], scheme) is None


def test_what_may_follow():
    table = spans.allowed(["B-X", "I-X", "O"], "bio")
    wanted = [[1, 1, 1, 1], [1, 1, 1, 1], [1, 0, 1, 1], [1, 0, 1, 1]]
    assert table.tolist() == np.array(wanted, bool).tolist()
    table = spans.allowed(["B-X", "E-X", "I-X", "O", "S-X"], "bioes")
    wanted = [
        [0, 1, 1, 0, 0, 0], [1, 0, 0, 1, 1, 1], [0, 1, 1, 0, 0, 0],
        [1, 0, 0, 1, 1, 1], [1, 0, 0, 1, 1, 1], [1, 0, 0, 1, 1, 1],
    ]  # fmt: skip
    assert table.tolist() == np.array(wanted, bool).tolist()
    assert spans.can_always_end(table)
    assert not spans.can_always_end(spans.allowed(["B-X", "E-X"], "bioes"))


def test_schemes_are_told_by_names():
    assert spans.scheme_of(["B-X", "I-X", "O"]) == "bio"
    assert spans.scheme_of(["S-X", "O"]) == "bioes"
    assert (
        spans.scheme_of(["NOUN", "O"]) is spans.scheme_of(["O"]) is spans.scheme_of([1, 2]) is None
    )
    assert spans.first_offence([["O"], ["O", "I-X"]], "bio") == (1, 1)
    assert spans.first_offence([["B-X"]], "bioes") == (0, 0)


def test_figures_of_spans_by_hand():
    true = ["B-PER I-PER O B-LOC".split(), "O B-LOC".split()]
    put = ["B-PER I-PER O B-PER".split(), "B-LOC I-LOC".split()]
    found = metrics.span_scores(true, put)
    assert found["precision"] == found["recall"] == pytest.approx(1 / 3)
    assert found["f1"] == pytest.approx(1 / 3) and found["support"] == 3
    assert found["kinds"]["PER"] == pytest.approx(
        {"precision": 0.5, "recall": 1.0, "f1": 2 / 3, "support": 1}
    )
    assert found["kinds"]["LOC"]["f1"] == 0 and found["kinds"]["LOC"]["support"] == 2
    assert metrics.span_scores([["O"]], [["O"]])["f1"] == 0


COLUMNS = "-DOCSTART- -X- O O\n\nEU NNP B-NP I-ORG\nrejects VBZ B-VP O\n\nGerman JJ I-NP I-MISC\n"


def test_columns_are_read(put):
    found = read_tagged(put("eng.conll", COLUMNS))
    assert found.sentences == [["EU", "rejects"], ["German"]]
    assert found.tags == [["B-ORG", "O"], ["B-MISC"]]
    assert len(found.notes) == 2 and "IOB1" in found.notes[1]
    middle = read_tagged(put("eng.conll", COLUMNS), tag_column=2)
    assert middle.tags == [["NNP", "VBZ"], ["JJ"]]
    tabs = read_tagged(put("tabs.tsv", "New York\tLOC\nis\tO\n"))
    assert tabs.sentences == [["New York", "is"]]
    bare = read_tagged(put("bare.conll", "a\nb\n"), need_tags=False)
    assert bare.sentences == [["a", "b"]] and bare.tags is None
    odd = read_tagged(put("odd.conll", "#tag O\n\x85 O\n\xa0 O\n"))  # no line ends, no blanks
    assert odd.sentences == [["#tag", "\x85", "\xa0"]]


def test_conll_u(put):
    text = "# sent_id = 1\n1-2\tdel\t_\t_\n1\tde\tde\tADP\n2\tel\tel\tDET\n\n1\tsol\tsol\tNOUN\n"
    found = read_tagged(put("es.conllu", text))
    assert found.sentences == [["de", "el"], ["sol"]] and found.tags == [["ADP", "DET"], ["NOUN"]]


def test_spans_are_read(put):
    lines = [
        {"tokens": ["Ann", "left"], "spans": [[0, 1, "PER"]]},
        {"text": "In New York, she…", "spans": [[3, 11, "LOC"]]},
        {"tokens": ["No", "one"]},
    ]
    found = read_tagged(put("a.jsonl", "\n".join(map(json.dumps, lines))))
    assert found.sentences[1] == ["In", "New", "York", ",", "she", "…"]
    assert found.tags[1] == ["O", "B-LOC", "I-LOC", "O", "O", "O"]
    assert found.tags[0] == ["B-PER", "O"] and found.tags[2] == ["O", "O"]


def test_tags_may_stand_in_place_of_spans(put):
    lines = [{"tokens": ["Ann", "left"], "tags": ["NOUN", "VERB"]}, {"tokens": [], "tags": []}]
    found = read_tagged(put("a.jsonl", "\n".join(map(json.dumps, lines))))
    assert found.tags == [["NOUN", "VERB"], []]


def test_empty_tags_do_where_none_are_needed(put):
    path = put("a.conll", "Ann\tPER\nleft\t\n")
    assert read_tagged(path, need_tags=False).sentences == [["Ann", "left"]]


@pytest.mark.parametrize(
    ("name", "text", "facts"),
    [
        ("a.conll", "a X\nb\n", ["line 2", "'b' has 1 column, expected 2"]),
        ("a.conll", "a X\nb X Y\n", ["line 2", "3 columns, expected 2"]),
        ("a.conll", "a\nb\n", ["no tags", "second column"]),
        ("a.conll", " \n", ["is empty"]),
        ("a.conll", "-DOCSTART- O\n", ["holds no sentence"]),
        ("a.jsonl", "{\n", ["line 1 is not JSON"]),
        ("a.jsonl", "[]", ["line 1 has neither tokens nor text"]),
        ("a.jsonl", '{"tokens": "a b"}', ["line 1: its tokens are not a list"]),
        (
            "a.jsonl",
            '{"tokens": ["a"], "spans": [[0, 2, "X"]]}',
            ["[0, 2] goes beyond its 1 token"],
        ),
        ("a.jsonl", '{"tokens": ["a"], "spans": [[0, 0, "X"]]}', ["[0, 0] holds nothing"]),
        ("a.jsonl", '{"tokens": ["a"], "spans": [[0, 1]]}', ["is not [start, end"]),
        ("a.jsonl", '{"text": "abc d", "spans": [[1, 3, "X"]]}', ["[1, 3] of X are not whole"]),
        ("a.conll", "a\tX\n\tY\n", ["line 2", "column 1", "holds no word"]),
        ("a.conll", "a\tX\n\nb\t\n", ["sentence 2: 'b' has an empty tag"]),
        ("a.jsonl", "[" * 100_000, ["line 1 is not JSON"]),
        ("a.jsonl", '{"tokens": ["a"], "spans": 5}', ["line 1: its spans are 5, not a list"]),
        ("a.jsonl", '{"tokens": ["a"], "tags": [1]}', ["its tags are [1]; expected a list of str"]),
        ("a.jsonl", '{"tokens": ["a"], "tags": ["X", "Y"]}', ["has 1 token and 2 tags"]),
        ("a.jsonl", '{"text": "a", "tags": ["X"]}', ["they stand beside tokens"]),
        ("a.jsonl", '{"text": 3}', ["its text is not a string"]),
        (
            "a.jsonl",
            '{"tokens": ["a", "b"], "spans": [[0, 2, "X"], [1, 2, "Y"]]}',
            ["[0, 2, 'X'] and [1, 2, 'Y'] overlap"],
        ),
    ],
)
def test_bad_files_are_refused_in_one_sentence(put, name, text, facts):
    with pytest.raises(DataError) as caught:
        read_tagged(put(name, text))
    message = str(caught.value)
    assert name in message and "\n" not in message
    assert not [fact for fact in facts if fact not in message], message


def test_what_is_written_is_read_again(tmp_path):
    sentences, tags = [["Ann", "é"], ["x"]], [["B-PER", "O"], ["O"]]
    write_conll(tmp_path / "a.conll", sentences, tags, tags)
    write_spans(tmp_path / "a.jsonl", sentences, tags)
    for name in ("a.conll", "a.jsonl"):
        found = read_tagged(tmp_path / name)
        assert (found.sentences, found.tags) == (sentences, tags)
    for words in (["a b"], [""]):
        with pytest.raises(DataError, match="does not fit into a column"):
            write_conll(tmp_path / "b.conll", [words])
    with pytest.raises(DataError, match="its columns have lengths"):
        write_conll(tmp_path / "b.conll", [["a"]], [["O", "O"]])


def test_brown_has_parts_by_its_words():
    brown = load_tagged("brown-news")
    assert len(brown) == 9371 and len(brown.tag_counts()) == 12
    shares = [len(brown.part(name)) / len(brown) for name in ("train", "dev", "test")]
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.01)
    train, dev, test, said = three_tagged_parts(brown, 0)
    assert said == "dev and test as given" and len(train) + len(dev) + len(test) == len(brown)
    with pytest.raises(DataError, match="'languages' does not hold tagged sentences"):
        load_tagged("languages")


def test_drawn_parts_keep_equal_sentences_together(put):
    text = "".join(f"w{n % 20} X\nv Y\n\n" for n in range(60))
    data = read_tagged(put("a.conll", text))
    *parts, said = three_tagged_parts(data, 3)
    kinds = [{tuple(words) for words in part.sentences} for part in parts]
    assert sum(map(len, parts)) == 60 and sum(map(len, kinds)) == 20
    assert said == "test drawn (20 %, seed 3); dev drawn (10 % of train, seed 3)"
