"""The laboratory's taggers and language models: judged, kept, and shown."""

import json
import math
import re

import pytest

from sestina.cli.app import main
from sestina.data import toy
from sestina.data.records import Records
from sestina.data.tagged import TaggedSentences
from sestina.errors import OptionError
from sestina.lab import experiment as experiments
from sestina.lab import figures, journal, markdown, parts
from sestina.lab.run import Data, Laboratory

TAG = """
title = "Tags."
row = "E1"
task = "tag"
data = ""
estimator = "SequenceTagger"
[options]
hidden = 12
embedding = 8
epochs = 12
learning_rate = 0.03
batch_size = 16
dropout = 0.0
"""
WRITE = """
title = "Texts."
row = "E2"
task = "generate"
data = "toy-kitchen"
estimator = "LanguageModel"
prefer = [["she will bring flowers", "she will bring flours"]]
[options]
hidden = 12
embedding = 12
epochs = 12
learning_rate = 0.03
dropout = 0.0
input_dropout = 0.0
"""
NER = TaggedSentences(
    [["Ann", "saw", "New", "York", f"n{n}"] for n in range(60)],
    [["B-PER", "O", "B-LOC", "I-LOC", "O"]] * 60,
)


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        with pytest.raises(SystemExit) as left:
            main(["lab", "run", *arguments])
        shown = capsys.readouterr()
        assert "Traceback" not in shown.err
        return left.value.code, shown.out, shown.err

    return call


def done(text, data, seeds=(0, 1), quick=False):
    said = []
    one = experiments.read(text, "small")
    record = Laboratory(seeds, quick, said.append).run(one, Data.of("made", data))
    assert json.loads(json.dumps(record)) == record
    return record, said


@pytest.fixture(scope="module")
def tagged():
    return done(TAG, TaggedSentences(*toy.grammar(160, seed=1)))


@pytest.fixture(scope="module")
def written():
    return done(WRITE, Records(toy.kitchen(600, seed=1)))


def test_a_tagger_is_judged_by_words(tagged):
    record, said = tagged
    summary = record["summary"]
    assert summary["accuracy"] > 0.97 and "span_f1" not in summary and "ensemble" not in summary
    assert set(summary["baselines"]) == {"usual tag of a word", "window + logistic regression"}
    assert summary["baselines"]["usual tag of a word"][0] < summary["accuracy"]
    assert summary["beside"] == {} and summary["figure"] == "accuracy"
    assert record["data"]["classes"] == 4 and record["parameters"]["match"] is None
    assert re.search(r"seed 1 \(2 of 2\): accuracy 0\.\d{4}|accuracy 1\.0000", said[1])


def test_tags_dealt_anew_teach_a_tagger_nothing():
    sentences, tags = toy.grammar(160, seed=1)
    flat = sorted(tag for row in tags for tag in row)
    source = iter(flat[n * 7919 % len(flat)] for n in range(len(flat)))
    dealt = [[next(source) for _ in row] for row in tags]
    record, _ = done(TAG, TaggedSentences(sentences, dealt), seeds=(0,))
    usual = max(flat.count(tag) for tag in set(flat)) / len(flat)
    assert record["summary"]["accuracy"] < usual + 0.1


def test_spans_are_told_where_there_are_any():
    record, said = done(TAG, NER, seeds=(0,), quick=True)
    assert "F1 of spans" in said[0] and figures.more(record)["F1 of spans"]
    assert record["quick"] and not record["summary"]["baselines"]
    assert len(record["runs"][0]["history"]) == 2


def test_a_language_model_is_judged_by_its_perplexity(written):
    record, said = written
    summary = record["summary"]
    assert summary["accuracy"] is None and summary["loss"] == pytest.approx(
        sum(math.log(one["perplexity"]) for one in record["runs"]) / 2
    )
    assert summary["baselines"]["unigrams"][0] > summary["perplexity"] > 1
    assert summary["preferred"][0] > 2  # log 100 = 4.6 in the grammar
    first = record["runs"][0]["written"]
    assert len(first["texts"]) == 3 and first["ended"] == 1.0 and 0 <= first["new"] <= 1
    assert "perplexity" in said[0] and "accuracy" not in said[0]
    assert figures.headline(record).startswith("ppl ")
    assert figures.linear(record).startswith("ppl ")


def test_pages_show_both(tagged, written, tmp_path):
    records = [tagged[0], written[0]]
    for record in records:
        journal.keep(tmp_path, record)
    page = markdown.page(journal.read(tmp_path), [], "sestina lab report")
    assert "| E1 | `small` | made |" in page and "ppl" in page
    assert "log P, first less second: +" in page and "it writes: " in page
    html = pytest.importorskip("sestina.lab.report").render(journal.read(tmp_path), [])
    assert "Perplexity" in html and "Baseline" in html and "usual tag of a word" in html


def test_sums_differ_with_the_tags():
    one, other = (
        TaggedSentences([["a", "b"]], [["X", "Y"]]),
        TaggedSentences([["a", "b"]], [["X", "X"]]),
    )
    assert parts.digest(one) != parts.digest(other) != parts.digest(TaggedSentences([["a", "b"]]))


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        (('estimator = "LanguageModel"', ""), "task='generate' wants estimator = 'LanguageModel'"),
        (('prefer = [["she', 'prefer = ["x", ["she'), "is not a list of pairs of texts"),
        (("hidden = 12", "encoder = 'lstm'"), "unknown option 'encoder'"),
    ],
)
def test_a_file_that_is_wrong_is_refused(change, fact):
    with pytest.raises(OptionError) as caught:
        experiments.read(WRITE.replace(*change), "small")
    assert fact in str(caught.value)


def test_experiments_on_toys_and_shipped_words(run):
    code, out, err = run("e1-islands", "e2-flowers", "e1-part-of-speech", "--quick")
    assert code == 0 and max(map(len, out.splitlines())) <= 80
    assert "ppl" in out and "e2-flowers: seed 0 (1 of 1): perplexity" in err
    code, out, _ = run("e2-flowers", "--quick", "--seeds", "1")
    told = " ".join(out.split())
    assert code == 0 and "it writes" in told and "log P, first less second" in told
    assert max(map(len, out.splitlines())) <= 80
    code, _, err = run("e1-entities", "--quick")
    assert code == 1 and "give yours: sestina lab run e1-entities --data PATH" in err


def test_own_data_for_taggers(run, tmp_path):
    path = tmp_path / "names.conll"
    path.write_text("\n".join(f"Ann B-PER\nsaw O\nRome B-LOC\nn{n} O\n" for n in range(40)))
    code, out, _ = run("e1-entities", "--quick", "--data", str(path), "--json")
    (one,) = json.loads(out)["experiments"]
    assert code == 0 and one["data"]["classes"] == 3 and one["summary"]["figure"] == "span_f1"
    path.write_text("\n".join(f"Ann NOUN\nsaw VERB\nn{n} NOUN\n" for n in range(40)))
    code, out, _ = run("e1-entities", "--quick", "--data", str(path), "--json")
    (one,) = json.loads(out)["experiments"]
    assert code == 0 and one["summary"]["figure"] == "accuracy"  # no spans, so no F1 of such
