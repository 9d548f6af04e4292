"""Evaluation of word vectors: against brute force, at the borders, and through the command line."""

import gzip
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sestina.cli.app import main
from sestina.data import datasets
from sestina.errors import DataError, OptionError
from sestina.vectors import evaluation
from sestina.vectors.evaluation import Section, analogies, similarity
from sestina.vectors.questions import Pair, Question, read_analogies, read_pairs
from sestina.vectors.table import WordVectors

# a plane where each step to the right is "plural", each step up another thing
WORDS = ["cat", "cats", "dog", "dogs", "cow", "cows", "noise"]
PLANE = np.array([[1, 3], [3, 3], [1, 2], [3, 2], [1, 5], [3, 5], [-4, -4]], dtype=np.float32)


@pytest.fixture
def plane():
    return WordVectors(WORDS, np.hstack([PLANE, np.full((7, 1), 9, dtype=np.float32)]))


def by_hand(vectors, questions, top, fold):
    """Right, asked and left out, word by word in Python's own floats."""

    def key(word):
        return word.upper() if fold else word

    words = vectors.words[:top]
    unit = []
    for row in vectors.matrix[:top].tolist():
        length = math.sqrt(sum(x * x for x in row))
        unit.append([x / length if length else 0.0 for x in row])
    first = {}
    for number, word in enumerate(words):
        first.setdefault(key(word), number)
    right = asked = left_out = 0
    for question in questions:
        if not all(key(word) in first for word in question):
            left_out += 1
            continue
        asked += 1
        a, b, c = (unit[first[key(word)]] for word in question[:3])
        wanted = [y - x + z for x, y, z in zip(a, b, c, strict=True)]
        barred = {key(word) for word in question[:3]}
        scores = [
            (sum(x * y for x, y in zip(wanted, row, strict=True)), -n)
            for n, row in enumerate(unit)
            if key(words[n]) not in barred
        ]
        if scores:
            right += key(words[-max(scores)[1]]) == key(question[3])
    return right, asked, left_out


def questions_file(put, questions, name="questions.txt"):
    return put(name, "".join(" ".join(question) + "\n" for question in questions))


SPELLINGS = st.sampled_from(["a", "A", "b", "B", "c", "d", "D", "e", "f", "g", "h"])


@given(
    words=st.lists(SPELLINGS, min_size=1, unique=True),
    questions=st.lists(st.tuples(*[SPELLINGS] * 4), min_size=1, max_size=12),
    top=st.none() | st.integers(1, 12),
    fold=st.booleans(),
    blocks=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    seed=st.integers(0, 99),
)
@settings(max_examples=150, deadline=None)
def test_answers_are_those_of_brute_force(
    tmp_path_factory, words, questions, top, fold, blocks, seed
):
    matrix = np.random.default_rng(seed).standard_normal((len(words), 5)).astype(np.float32)
    vectors = WordVectors(words, matrix)
    path = tmp_path_factory.getbasetemp() / "questions.txt"
    path.write_text("".join(" ".join(q) + "\n" for q in questions))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "QUESTIONS", blocks[0])
        patch.setattr(evaluation, "WORDS", blocks[1])
        total = analogies(vectors, path, top=top, fold=fold).total
    assert (total.right, total.asked, total.left_out) == by_hand(vectors, questions, top, fold)
    assert total.asked + total.left_out == len(questions)


def test_a_plane_of_plurals(plane, put):
    path = put(
        "q.txt",
        ": animals\ncat cats dog dogs\ncow cows cat cats\n: gram-lies\ncat cats dog noise\n"
        "cat cats horse horses\n",
    )
    found = analogies(plane, path)
    assert found.sections == (Section("animals", 2, 2, 0), Section("gram-lies", 0, 1, 1))
    assert found.semantic == Section("semantic", 2, 2, 0)
    assert found.syntactic == Section("syntactic", 0, 1, 1)
    assert found.total == Section("total", 2, 3, 1)
    assert found.words == 7 and found.total.accuracy == 2 / 3
    assert analogies(plane, path, top=5).words == 5
    assert json.loads(json.dumps(found.to_dict()))["total"]["left_out"] == 1


def test_no_question_can_be_put(plane, put):
    total = analogies(plane, put("q.txt", "oslo norway rome italy\n")).total
    assert total == Section("total", 0, 0, 1) and total.accuracy is None


def test_the_words_of_a_question_are_no_answers(put):
    vectors = WordVectors(["a", "b", "c"], np.eye(3))
    assert analogies(vectors, put("q.txt", "a b c a\n")).total == Section("total", 0, 1, 0)
    # spelled another way a word is still the same, however near its vector
    twins = WordVectors(
        ["a", "b", "c", "C", "d"], np.array([[1, 0], [1, 0.2], [0, 1], [0, 1.1], [1, 9]])
    )
    assert analogies(twins, put("q.txt", "a b c d\n")).total.right == 1
    assert analogies(twins, put("q.txt", "a b c C\n"), fold=False).total.right == 1


def test_vectors_of_zeros_and_other_types(plane, put):
    path = put("q.txt", "cat cats dog dogs\n")
    half = WordVectors(WORDS, plane.matrix.astype(np.float16))
    assert analogies(half, path).total.right == 1
    assert analogies(WordVectors(WORDS, np.zeros((7, 3))), path).total.asked == 1
    long = WordVectors(WORDS, plane.matrix * np.arange(1, 8)[:, None])  # lengths do not matter
    assert analogies(long, path).total.right == 1


def test_figures_of_the_shipped_vectors():
    """As gensim 4.4 has them for the same vectors, to the last question."""
    vectors = WordVectors.load("glove-50d")
    found = analogies(vectors)
    rights = {section.name: section.right for section in found.sections}
    assert found.total == Section("total", 5157, 9416, 10128)
    assert rights["family"] == 226 and rights["gram6-nationality-adjective"] == 1189
    judged = similarity(vectors)
    assert (judged.pairs, judged.left_out) == (297, 56)
    assert judged.rho == pytest.approx(0.54268996, abs=1e-6)


def rank(values):
    return [(sum(v < x for v in values) + sum(v <= x for v in values) + 1) / 2 for x in values]


ROWS = st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 4))


@given(st.lists(ROWS.filter(lambda row: row[0] != row[1]), min_size=1))
@settings(max_examples=100, deadline=None)
def test_rho_is_pearson_s_of_the_ranks(tmp_path_factory, rows):
    vectors = WordVectors(list("abcde"), np.random.default_rng(3).standard_normal((5, 4)))
    path = tmp_path_factory.getbasetemp() / "pairs.tsv"
    path.write_text("".join(f"{'abcdef'[x]}\t{'abcdef'[y]}\t{score}\n" for x, y, score in rows))
    found = similarity(vectors, path)
    known = [row for row in rows if max(row[:2]) < 5]
    assert (found.pairs, found.left_out) == (len(known), len(rows) - len(known))
    unit = vectors.matrix.astype(np.float64)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    # both orders of a pair give equal cosines
    cosines = rank([round(float(unit[x] @ unit[y]), 5) for x, y, _ in known])
    scores = rank([score for _, _, score in known])
    if len(known) < 2 or len(set(cosines)) == 1 or len(set(scores)) == 1:
        return
    assert found.rho == pytest.approx(np.corrcoef(cosines, scores)[0, 1], abs=1e-9)


@pytest.mark.parametrize("text", ["cat dog 5\n", "cat dog 5\ncow dog 5\n", "x y 1\ny z 2\n"])
def test_no_correlation_without_two_different_scores(plane, put, text):
    assert similarity(plane, put("pairs.txt", text)).rho is None


def test_only_the_first_words_and_case(plane, put):
    path = put("pairs.txt", "Cat dog 5\ncow CATS 6\n")
    assert similarity(plane, path).pairs == 2
    assert similarity(plane, path, top=3).pairs == 1
    assert similarity(plane, path, fold=False).pairs == 0
    for judge in (analogies, similarity):
        for top in (0, 2.5, "5"):
            with pytest.raises(OptionError, match=f"top={top!r} leaves no word"):
                judge(plane, top=top)


def test_vectors_may_be_named():
    assert similarity("glove-50d") == similarity(WordVectors.load("glove-50d"))


PAIRS = [Pair("old", "new", 1.58), Pair("smart", "intelligent", 9.2)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("simlex.txt", "word1\tword2\tPOS\tSimLex999\tconc\nold\tnew\tA\t1.58\t2.72\nsmart\tintelligent\tA\t9.2\t1.75\n"),
        ("combined.csv", "Word 1,Word 2,Human (mean)\nold,new,1.58\nsmart,\"intelligent\",9.20\n"),
        ("plain", "old new 1.58\nsmart   intelligent 9.2"),
        ("crlf.tsv", "# a remark\r\nold\tnew\t1.58\r\n\r\nsmart\tintelligent\t9.2\r\n"),
        ("bom.csv", "\ufeffold, new, 1.58\nsmart, intelligent, 9.2\n"),
    ],
)  # fmt: skip
def test_files_of_pairs(put, name, text):
    assert read_pairs(put(name, text)) == PAIRS
    assert read_pairs(put(f"{name}.gz", gzip.compress(text.encode()))) == PAIRS


def test_phrases_are_words_where_tabs_part_them(put):
    assert read_pairs(put("p.tsv", "new york\tla\t3\n")) == [Pair("new york", "la", 3.0)]


def test_shipped_sets():
    sections = read_analogies()
    assert sum(map(len, sections.values())) == datasets.get("analogies").rows == 19_544
    assert len(sections) == 14 and sections["family"][0] == Question(
        "boy", "girl", "brother", "sister"
    )
    assert len(read_pairs()) == datasets.get("wordsim353").rows == 353


def test_files_of_questions(put):
    path = put("q.txt", "a b c d\n: one\n\ne f g h\n:two\n i  j\tk l \n: one\nm n o p\n: empty\n")
    assert read_analogies(path) == {
        "questions": [tuple("abcd")],
        "one": [tuple("efgh"), tuple("mnop")],
        "two": [tuple("ijkl")],
    }


@pytest.mark.parametrize(
    ("reader", "text", "message"),
    [
        (
            read_analogies,
            ": a\nx y z\n",
            r"line 2: expected ': section' or four words, got 'x y z'",
        ),
        (read_analogies, "", "holds no analogy question"),
        (read_analogies, ": only\n: headings\n", "holds no analogy question"),
        (read_analogies, b"a b c d\n\xff b c d\n", "line 2: byte 0xff is not UTF-8"),
        (read_pairs, "", "holds no pair of words"),
        (read_pairs, "# only a remark\n", "holds no pair of words"),
        (read_pairs, "cat dog\n", "line 1: expected two words and a score, got 'cat dog'"),
        (read_pairs, "word1 word2\ncat dog\n", "line 2: expected two words and a score"),
        (
            read_pairs,
            "cat dog 3\ncow dog high\n",
            "line 2: expected two words and a number in column 3",
        ),
        (read_pairs, "cat\tdog\t3\ncow\tdog\n", "got 2 fields: 'cow dog'"),
        (read_pairs, "cat,dog,3\n,dog,4\n", "line 2: expected two words"),
        (read_pairs, "cat dog 3\ncow dog nan\n", "line 2: expected two words and a number"),
    ],
)
def test_damaged_files(put, reader, text, message):
    with pytest.raises(DataError, match=message) as caught:
        reader(put("file.txt", text))
    assert "\n" not in str(caught.value)


def test_sources_that_are_none(tmp_path):
    for reader in (read_analogies, read_pairs):
        with pytest.raises(DataError, match="there is no file"):
            reader(tmp_path / "none.txt")
        with pytest.raises(DataError, match="those that do are analogies and wordsim353"):
            reader("glove-50d")


@pytest.fixture
def run(capsys):
    def call(*arguments):
        with pytest.raises(SystemExit) as left:
            main(["vectors", "evaluate", *map(str, arguments)])
        shown = capsys.readouterr()
        assert "Traceback" not in shown.err
        return left.value.code, shown.out, shown.err

    return call


def test_command_prints_sections_and_totals(run):
    code, out, err = run("glove-50d")
    assert code == 0 and not err
    assert max(map(len, out.splitlines())) <= 80
    lines = [line.split() for line in out.splitlines()]
    assert ["family", "226", "272", "83.1%", "234"] in lines
    assert ["total", "5,157", "9,416", "54.8%", "10,128"] in lines
    assert ["wordsim353", "0.543", "297", "56"] in lines


def test_command_takes_files_and_gives_json(run, put):
    table = put(
        "v.txt", "".join(f"{w} {x} {y} 9\n" for w, (x, y) in zip(WORDS, PLANE, strict=True))
    )
    pairs = put("p.txt", "cat dog 5\ncat noise 1\n")
    code, out, _ = run(table, "--pairs", pairs, "--pairs", "wordsim353", "--json")
    shown = json.loads(out)
    assert code == 0 and "analogies" not in shown
    assert shown["words"] == 7 and shown["dimensions"] == 3
    assert shown["pairs"][0] == {
        "source": str(pairs),
        "rho": pytest.approx(1),
        "pairs": 2,
        "left_out": 0,
    }
    assert shown["pairs"][1]["rho"] is None and shown["pairs"][1]["left_out"] == 353
    asked = put("q.txt", "cat cats dog dogs\n")
    code, out, _ = run(table, "--analogies", asked, "--top", "0", "--json", "--seed", "3")
    shown = json.loads(out)
    assert code == 0 and shown["analogies"]["total"]["right"] == 1 and shown["pairs"] == []
    code, out, _ = run(table, "--analogies", asked)
    assert code == 0 and "total" in out and "semantic" not in out
    code, out, _ = run(table)
    assert code == 0 and "–" in out


def test_command_says_what_is_wrong(run, put):
    code, out, err = run("glove-50d", "--pairs", put("p.txt", "one two\n"))
    assert code == 1 and not out and "expected two words and a score" in err
    assert run("no-such-vectors")[0] == 1
    assert run("glove-50d", "--top", "-1")[0] == 2
