"""The laboratory's translators and sequences from one vector (rows E5, E6)."""

import json
import random
import re

import pytest

from sestina import metrics
from sestina.cli.app import main
from sestina.data import toy
from sestina.data.parallel import Pairs
from sestina.data.records import Records
from sestina.errors import MissingExtra, OptionError
from sestina.lab import experiment as experiments
from sestina.lab import figures, journal, markdown, parts
from sestina.lab.run import Data, Laboratory

pytest.importorskip("sacrebleu", reason="the extra 'translate' is not installed")

TRANSLATE = """
title = "Reversed."
row = "E5"
task = "translate"
figure = "exact"
data = ""
estimator = "Translator"
[options]
level = "word"
hidden = 32
embedding = 32
dropout = 0.0
input_dropout = 0.0
label_smoothing = 0.0
learning_rate = 0.01
decay = true
epochs = 8
patience = "none"
"""
GIVEN = """
title = "Captions."
row = "E6"
task = "given"
figure = "exact"
data = ""
estimator = "SequenceFromVector"
[options]
hidden = 48
embedding = 12
dropout = 0.0
input_dropout = 0.0
learning_rate = 0.02
batch_size = 16
decay = true
epochs = 20
patience = "none"
"""
NAMES = GIVEN.replace('figure = "exact"\n', "").replace(
    "[options]", '[options]\nlevel = "character"'
)


def done(text, data, seeds=(0,), quick=False):
    said = []
    one = experiments.read(text, "small")
    record = Laboratory(seeds, quick, said.append).run(one, Data.of("made", data))
    assert json.loads(json.dumps(record)) == record
    return record, said


def names(count=600, noise=False):
    """Return made names, of which those of women end in ina and those of men in ero."""
    rng = random.Random(3)
    stems = sorted({"".join(rng.choices("bdlmnrst", k=2)) + rng.choice("aeiou")
                    + "".join(rng.choices("bdlmnrst", k=2)) for _ in range(count)})  # fmt: skip
    rng.shuffle(stems)
    genders = ["F" if n % 2 else "M" for n in range(len(stems))]
    texts = [stem + ("ina" if g == "F" else "ero") for stem, g in zip(stems, genders, strict=True)]
    if noise:
        rng.shuffle(genders)
    return Records(texts, genders)


@pytest.fixture(scope="module")
def translated():
    return done(TRANSLATE, Pairs(*toy.reversals(1_500, 4, seed=1)), seeds=(0, 1))


@pytest.fixture(scope="module")
def captions():
    return done(GIVEN, Records(*toy.scenes(seed=1)))


@pytest.fixture(scope="module")
def named():
    return done(NAMES, names())


# Translators.


def test_a_translator_is_judged_by_exact_answers(translated):
    record, said = translated
    summary = record["summary"]
    assert summary["figure"] == "exact" and summary["exact"] > 0.97
    (dictionary,) = summary["baselines"]
    assert "IBM model 1" in dictionary and summary["baselines"][dictionary][0] < 0.5
    assert set(summary["beside"]) == {"chrf", "bleu"} and summary["accuracy"] is None
    assert summary["beside"]["chrf"][dictionary][0] < summary["chrf"] > 95
    assert figures.headline(record).startswith("exact ") and " ± " in figures.headline(record)
    assert figures.linear(record).startswith("exact 0.")
    assert "; beside it word by word" in figures.more(record)["BLEU"]
    assert re.search(r"chrF \d+\.\d{4}, BLEU .* exact answers [01]\.\d{4}, perplexity", said[1])
    source, put = record["runs"][0]["examples"][0].split(" → ")
    assert put.split() == source.split()[::-1]


def test_translations_of_other_sentences_teach_nothing():
    sources, targets = toy.reversals(800, 4, seed=1)
    mixed = random.Random(1).sample(targets, len(targets))
    record, _ = done(TRANSLATE.replace("epochs = 8", "epochs = 3"), Pairs(sources, mixed))
    assert record["summary"]["exact"] < 0.1


def test_chrf_stands_in_tables_unless_another_figure_is_named():
    data = Pairs(*toy.copies(60, 4, seed=1))
    record, _ = done(TRANSLATE.replace('figure = "exact"\n', ""), data, quick=True)
    assert figures.headline(record).startswith("chrF ") and figures.linear(record) == "–"
    assert record["quick"] and len(record["runs"][0]["history"]) == 2
    assert "a few pairs of each part only" in record["data"]["split"]


def test_what_the_figures_need_is_told_before_the_training(monkeypatch):
    def missing():
        raise MissingExtra("sacrebleu", "translate")

    monkeypatch.setattr(metrics, "sacrebleu", missing)
    with pytest.raises(MissingExtra, match="sacrebleu"):
        done(TRANSLATE, Pairs(*toy.copies(60, 4)), quick=True)


# Sequences from one vector.


def test_captions_are_exactly_right(captions):
    record, _ = captions
    summary = record["summary"]
    assert summary["figure"] == "exact" and summary["exact"] > 0.97
    assert summary["baselines"] == {"text of the nearest vector": [0.0, None]}
    grams = summary["beside"]["perplexity"]
    assert min(pair[0] for pair in grams.values()) > 1.3 > summary["perplexity"]
    assert record["data"]["classes"] == 17 and "written" not in record["runs"][0]
    assert all(" → " in text for text in record["runs"][0]["examples"])


def test_captions_of_other_pictures_teach_nothing():
    texts, labels = toy.scenes(seed=1)
    mixed = random.Random(1).sample(texts, len(texts))
    record, _ = done(GIVEN.replace("epochs = 20", "epochs = 5"), Records(mixed, labels))
    assert record["summary"]["exact"] < 0.05


def test_names_are_of_the_gender_asked_for(named):
    record, _ = named
    summary, written = record["summary"], record["runs"][0]["written"]
    assert summary["figure"] == "perplexity" and "exact" not in summary
    assert summary["judged"] > 0.95 and summary["judge"] > 0.95
    rows = summary["baselines"]
    assert rows["LSTM 48, vectors mixed up"][0] > summary["perplexity"] * 1.1
    assert {"unigrams", "Kneser–Ney 5-gram", "Kneser–Ney 5-gram of each label"} < set(rows)
    own, shared = (rows[f"Kneser–Ney 5-gram{of}"][0] for of in (" of each label", ""))
    assert own < shared < rows["unigrams"][0]
    assert written["ended"] > 0.9 and 0 < written["new"] <= 1
    assert [text[:3] for text in written["texts"]] == ["F: ", "M: "]
    assert figures.more(record)["it writes"].count(" | ") == 1


def test_genders_dealt_anew_cannot_be_told():
    record, _ = done(NAMES, names(noise=True))
    summary = record["summary"]
    assert 0.35 < summary["judge"] < 0.65 and 0.35 < summary["judged"] < 0.65
    mixed = summary["baselines"]["LSTM 48, vectors mixed up"][0]
    assert mixed == pytest.approx(summary["perplexity"], rel=0.06)


def test_names_in_a_quick_run():
    record, _ = done(NAMES, names(), quick=True)
    assert not record["summary"]["baselines"] and "judged" not in record["summary"]
    assert record["runs"][0]["written"]["texts"]


# Pages, files, and the command line.


def test_pages_show_all_of_them(translated, captions, named, tmp_path):
    for record in (translated[0], captions[0], named[0]):
        journal.keep(tmp_path, record)
    page = markdown.page(journal.read(tmp_path), [], "sestina lab report")
    assert "| E5 | `small` | made |" in page and "| exact 1.000 |" in page
    assert "- exact answers: " in page and "- for instance: " in page
    assert "- new, judged as wished: " in page
    html = pytest.importorskip("sestina.lab.report").render(journal.read(tmp_path), [])
    for fact in ("Exact answers", "Baseline", "word by word (IBM model 1)", "it writes"):
        assert fact in html, fact


def test_a_record_from_before_figures_had_names(named):
    record = json.loads(json.dumps(named[0]))
    del record["summary"]["figure"], record["summary"]["beside"]
    assert figures.headline(record) == figures.headline(named[0])
    assert figures.more(record)["bits per character"]
    old = {"summary": {"accuracy": 0.5, "accuracy_sd": None, "baselines": {}}}
    assert figures.headline(old) == "0.500"


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        (('figure = "exact"', 'figure = "accuracy"'), "figure='accuracy' is none of task='transl"),
        (('figure = "exact"', 'figure = "chr"'), "did you mean 'chrf'"),
        (('estimator = "Translator"', ""), "task='translate' wants estimator = 'Translator'"),
        (('task = "translate"\nfigure = "exact"', ""), "estimator='Translator' wants task = "),
        (("[options]", "[members.a]\n[members.b]\n[options]"), "trains one network; leave [memb"),
        (("hidden = 32", "encoder = 'lstm'"), "unknown option 'encoder'"),
    ],
)
def test_a_file_that_is_wrong_is_refused(change, fact):
    with pytest.raises(OptionError) as caught:
        experiments.read(TRANSLATE.replace(*change), "small")
    assert fact in str(caught.value)


def test_sums_differ_with_the_translations():
    one, other = (Pairs(["a", "b"], targets) for targets in (["x", "y"], ["x", "z"]))
    assert parts.digest(one) != parts.digest(other)


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


def test_experiments_on_toys_and_names(run):
    code, out, err = run("e5-dates", "e6-scenes", "e6-names", "--quick")
    assert code == 0 and max(map(len, out.splitlines())) <= 80
    assert re.search(r"e5-dates +exact [01]\.\d{3} ", out), out
    assert re.search(r"e6-names +ppl \d+\.\d\d ", out), out
    assert "e6-scenes: seed 0 (1 of 1): exact answers" in err
    code, out, _ = run("e6-names", "--quick", "--json")
    (one,) = json.loads(out)["experiments"]
    assert code == 0 and one["summary"]["figure"] == "perplexity" and one["data"]["classes"] == 2
    code, out, _ = run("e5-dates", "--quick")
    assert code == 0 and "for instance" in out and max(map(len, out.splitlines())) <= 80


def test_verses(run):
    pytest.importorskip("tokenizers", reason="the extra 'subword' is not installed")
    code, out, _ = run("e5-verses-without-attention", "--quick", "--json")
    (one,) = json.loads(out)["experiments"]
    assert code == 0 and one["options"]["attention"] is None
    assert "dev and test as given" in one["data"]["split"]
    code, _, err = run("e5-verses-dot", "--quick", "--set", "atention=dot")
    assert code == 2 and "did you mean 'attention'" in err
    code, _, err = run("e5-verses-dot", "--quick", "--set", "attention=aditive")
    assert code == 2 and "did you mean 'additive'" in err


def test_own_pairs_and_own_labels(run, put):
    rows = [f"{text}\t{text[::-1]}\n" for text in dict.fromkeys(toy.copies(300, 4, seed=1)[0])]
    pairs = put("pairs.tsv", "one\tother\n" + "".join(rows))
    sides = ["--source", "other", "--target", "one"]
    code, out, _ = run("e5-dates", "--quick", "--data", str(pairs), *sides, "--json")
    (one,) = json.loads(out)["experiments"]
    sizes = [one["data"][part] for part in ("train", "dev", "test")]
    assert code == 0 and sizes == [24, 6, 12] and one["changed"] == {}
    code, _, err = run("e5-dates", "--data", str(pairs), "--source", "oter")
    assert code == 1 and "did you mean 'other'" in err
    texts = put("own.csv", "text,label\n" + "".join(f"t{n},{'ab'[n % 2]}\n" for n in range(80)))
    code, out, _ = run("e6-names", "--quick", "--data", str(texts), "--json")
    (one,) = json.loads(out)["experiments"]
    assert code == 0 and one["data"]["classes"] == 2


def test_made_data_of_another_task_are_refused(run):
    code, _, err = run("c2-multi-hot", "--data", "toy-islands")
    told = "toy-islands holds tagged words; c2-multi-hot wants reviews, so give other data"
    assert code == 1 and told in " ".join(err.split())
    code, _, err = run("e5-dates", "--data", "movie-snippets")
    assert code == 1 and "does not hold sentences and their translations" in " ".join(err.split())


def test_all_goes_on_where_a_package_is_missing(run, monkeypatch):
    def missing():
        raise MissingExtra("sacrebleu", "translate")

    monkeypatch.setattr(metrics, "sacrebleu", missing)
    monkeypatch.setattr(experiments, "names", lambda: ["e5-dates", "e6-scenes"])
    code, out, err = run("--all", "--quick", "--json")
    result = json.loads(out)
    assert code == 0 and [one["experiment"] for one in result["experiments"]] == ["e6-scenes"]
    (one,) = result["skipped"]
    assert one["experiment"] == "e5-dates" and "sestina[translate]" in one["reason"]
    assert "e5-dates: skipped" in err
