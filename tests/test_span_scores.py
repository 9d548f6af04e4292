"""F1 of spans, held against seqeval's, on tags of any kind, broken ones included."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sestina.metrics import span_scores

report = pytest.importorskip(
    "seqeval.metrics", reason="seqeval is not installed"
).classification_report

BIO = st.sampled_from(["O", "B-PER", "I-PER", "B-LOC", "I-LOC"])
BIOES = st.sampled_from(["O", *(f"{letter}-{kind}" for letter in "BIES" for kind in ("A", "B-1"))])


def pairs(tags):
    """Lists of pairs of sentences' tags, true and put."""
    sentence = st.lists(st.tuples(tags, tags), max_size=9)
    return st.lists(sentence, min_size=1, max_size=5)


def check(rows):
    true = [[one for one, _ in row] for row in rows]
    put = [[other for _, other in row] for row in rows]
    own = span_scores(true, put)
    if not own["kinds"]:
        return
    theirs = report(true, put, output_dict=True, zero_division=0)
    for name, mine in {**own["kinds"], "micro avg": own}.items():
        found = theirs[name]
        assert mine["support"] == found["support"]
        for key, other in (("precision", "precision"), ("recall", "recall"), ("f1", "f1-score")):
            assert mine[key] == pytest.approx(found[other])


@settings(deadline=None, max_examples=150)
@given(pairs(BIO))
def test_bio(rows):
    check(rows)


@settings(deadline=None, max_examples=150)
@given(pairs(BIOES))
def test_bioes(rows):
    check(rows)


def test_a_worked_example():
    true = [["B-PER", "I-PER", "O", "B-LOC"], ["O", "B-LOC", "I-LOC"]]
    put = [["B-PER", "I-PER", "O", "O"], ["O", "B-LOC", "O"]]
    check([list(zip(*rows, strict=True)) for rows in zip(true, put, strict=True)])
    assert span_scores(true, put)["f1"] == pytest.approx(2 * 1 / (3 + 2))
