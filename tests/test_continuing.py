"""Language models that begin as models of other texts: the same weights, more tokens, a gain."""

import json
import math

import numpy as np
import pytest
import torch

from sestina import LanguageModel, SequenceTagger, load, optimise
from sestina.cli.app import main
from sestina.data.records import Records
from sestina.errors import DataError, ModelError, OptionError
from sestina.lab import experiment as experiments
from sestina.lab.run import Data, Laboratory
from sestina.nn.language import AdaptiveSoftmax, Softmax
from test_pretraining import topics

PLAIN = {"dropout": 0.0, "input_dropout": 0.0}
TINY = {"embedding": 8, "hidden": 8, "learning_rate": 0.02, "batch_size": 8, "seed": 1, **PLAIN}
TINY["validation_fraction"] = 0.0
STILL = {"learning_rate": 1e-12, "optimiser": "sgd", "epochs": 1}
GENERAL = ["red orange yellow green", "green blue indigo violet", "blue red", "violet"] * 8
OWN = ["red brown yellow", "brown blue grey", "violet brown red", "grey brown"] * 8
HEADS = {
    "tied": {},
    "projected": {"hidden": 6},
    "untied": {"tied": False},
    "two layers": {"layers": 2, "cell": "gru"},
}


def general(**options):
    return LanguageModel(**{**TINY, "epochs": 2, **options}).fit(GENERAL)


def going_on(start, texts=OWN, **options):
    return LanguageModel(**{**TINY, "pretrained": start, **options}).fit(texts)


@pytest.fixture(scope="module")
def start():
    return general()


def wide(**options):
    """A model of many words, of which the adaptive softmax takes care."""
    texts = [f"w{n} w{(n * 7) % 90} w{n % 10}" for n in range(120)]
    return LanguageModel(**{**TINY, "epochs": 2, "adaptive": 64, **options}).fit(texts)


# What it begins as.


@pytest.mark.parametrize("options", HEADS.values(), ids=HEADS)
def test_it_begins_as_the_other_and_knows_its_tokens(options):
    first = general(**options)
    before = {name: weight.clone() for name, weight in first.network_.state_dict().items()}
    kept = going_on(first, extend=False, **options, **STILL)
    assert kept.vocabulary_ == first.vocabulary_
    assert np.allclose(kept.score_texts(GENERAL[:4]), first.score_texts(GENERAL[:4]), atol=1e-5)
    assert kept.notes_[0] == "begins as a language model of 10 tokens"
    going_on(first, **options, learning_rate=0.1)  # leaves the other alone
    after = first.network_.state_dict()
    assert all(torch.equal(weight, after[name]) for name, weight in before.items())


@pytest.mark.parametrize("options", HEADS.values(), ids=HEADS)
def test_further_tokens_stand_behind_and_begin_as_the_mean(options):
    first = general(**options)
    net = going_on(first, **options, **STILL)
    known = len(first.vocabulary_)
    assert net.vocabulary_.tokens == (*first.vocabulary_.tokens, "brown", "grey")
    assert net.notes_[0].endswith(f"of {known} tokens; 2 more begin as the mean of these")
    tables = [(net.network_.embedding.weight, first.network_.embedding.weight)]
    tables.append((net.network_.head.bias, first.network_.head.bias))
    if net.network_.head.weight is not None:
        tables.append((net.network_.head.weight, first.network_.head.weight))
    for mine, theirs in tables:
        assert torch.allclose(mine[: len(theirs)], theirs, atol=1e-6)
        assert len(mine) == len(theirs) + 2
        assert torch.allclose(mine[-2:], theirs[1:].mean(dim=0).expand_as(mine[-2:]), atol=1e-6)


@pytest.mark.parametrize(
    ("options", "more"),
    [({}, 2), ({"min_count": 20}, 1), ({"vocabulary": 11}, 1), ({"vocabulary": 5}, 0)],
)
def test_how_many_are_added(start, options, more):
    net = going_on(start, **options, **STILL)
    assert len(net.vocabulary_) == len(start.vocabulary_) + more
    assert net.vocabulary_.tokens[len(start.vocabulary_) :] == ("brown", "grey")[:more]
    lost = {0: 2, 1: 1, 2: 0}[more]  # of the new words: these are UNK, which is said
    assert any("outside the vocabulary" in note for note in net.notes_) == bool(lost)


def test_extend_without_another_model_is_told():
    options = {"hidden": 4, "embedding": 4, "epochs": 1}
    net = LanguageModel(**options, extend=False).fit(["a b", "b a"] * 9)
    assert net.notes_ == ["extend does nothing without pretrained"]


def test_the_adaptive_softmax_stays_as_it_was_parted(tmp_path):
    first = wide()
    net = going_on(first, adaptive=64, epochs=2)
    assert isinstance(net.network_.head, AdaptiveSoftmax)
    assert net.network_.cutoffs == first.network_.cutoffs
    assert len(net.vocabulary_) > len(first.vocabulary_)
    assert net.stream().probabilities.sum() == pytest.approx(1)
    net.save(tmp_path / "lm")
    again = load(tmp_path / "lm")
    assert again.score_text("red w1 brown") == net.score_text("red w1 brown")
    third = going_on(again, GENERAL, adaptive=64, **STILL)
    assert third.network_.cutoffs == first.network_.cutoffs
    assert third.score_text("red brown") == pytest.approx(net.score_text("red brown"), abs=0.1)
    plain = going_on(wide(adaptive=20_000), adaptive=64, epochs=1)
    assert isinstance(plain.network_.head, Softmax)


def test_a_folder_is_as_good_and_not_needed_any_more(start, tmp_path):
    start.save(tmp_path / "general")
    nets = [going_on(given) for given in (start, str(tmp_path / "general"), tmp_path / "general")]
    (tmp_path / "general" / "model.safetensors").unlink()
    for net in nets:
        assert net.score_text("red brown") == nets[0].score_text("red brown")
        net.save(tmp_path / "own", {"metrics": {}})
        assert load(tmp_path / "own").score_text("red brown") == net.score_text("red brown")


def test_levels_of_tokens(tmp_path):
    first = general(level="character")
    net = going_on(first, level="character", **STILL)
    assert "w" in net.vocabulary_ and net.vocabulary_.tokens[: len(first.vocabulary_)] == (
        first.vocabulary_.tokens
    )


def test_parts_of_words_stay_as_they_were_learnt():
    pytest.importorskip("tokenizers", reason="the extra 'subword' is not installed")
    options = {"level": "subword", "vocabulary": 40}
    first = general(**options)
    assert going_on(first, **options, **STILL).vocabulary_ == first.vocabulary_


def test_what_reads_backwards_goes_on_backwards():
    first = general(backwards=True)
    net = going_on(first, backwards=True, extend=False, **STILL)
    assert net.score_text("red blue") == pytest.approx(first.score_text("red blue"), abs=1e-5)
    with pytest.raises(OptionError, match="pretrained has backwards=True, what is to go"):
        going_on(first)


# What must agree.


@pytest.mark.parametrize(
    ("options", "fact"),
    [
        ({"hidden": 9}, "hidden=8, what is to go with it hidden=9"),
        ({"cell": "gru", "embedding": 9}, "cell='lstm', embedding=8, what is to go"),
        ({"lowercase": True}, "lowercase=False"),
        ({"level": "character"}, "level='word'"),
        ({"tied": False}, "tied=True"),
        ({"layers": 3}, "layers=1"),
    ],
)
def test_options_that_differ_are_named(start, options, fact):
    with pytest.raises(OptionError, match=f"pretrained has .*{fact}.* set them alike"):
        going_on(start, **options)


def test_what_cannot_be_begun_as(tmp_path):
    SequenceTagger(epochs=1).fit([["a"], ["b"]] * 9, [["x"], ["y"]] * 9).save(tmp_path / "tagger")
    for given, error, fact in [
        (tmp_path / "tagger", DataError, "holds a SequenceTagger; expected a LanguageModel"),
        (tmp_path / "none", ModelError, "there is no model folder"),
        (3, OptionError, "pretrained=3 is no language model"),
        (LanguageModel(), OptionError, "is not fitted"),
    ]:
        with pytest.raises(error, match=fact):
            going_on(given)


# How carefully it is changed.


def names_by_layer(net):
    names = {id(weight): name for name, weight in net.network_.named_parameters()}
    rows = [[names[id(weight)] for weight in row] for row in net.network_.by_layer()]
    assert sorted(name for row in rows for name in row) == sorted(names.values())
    return rows


def test_layers_from_the_top_down():
    rows = names_by_layer(general(layers=2))
    assert len(rows) == 3 and rows[0] == ["head.bias", "embedding.weight"]  # tied: at the top
    assert all(name.startswith("encoder.1.") for name in rows[1])
    assert all(name.startswith("encoder.0.") for name in rows[2])
    assert names_by_layer(general(tied=False))[-1] == ["embedding.weight"]
    assert names_by_layer(wide())[-1] == ["embedding.weight"]


def test_each_layer_learns_so_many_times_slower():
    """One step of plain SGD over all texts: a layer's change is its share of the gradient."""
    first = general(tied=False)
    options = {"tied": False, "optimiser": "sgd", "learning_rate": 0.5, "epochs": 1}
    options |= {"clip_norm": None, "batch_size": 99, "validation_fraction": 0.0, "extend": False}
    nets = [going_on(first, **options, layer_decay=decay) for decay in (1.0, 2.6)]
    rows = zip(*(net.network_.by_layer() for net in (first, *nets)), strict=True)
    for depth, row in enumerate(rows):
        for begin, plain, slower in zip(*row, strict=True):
            moved = (plain - begin).detach()
            assert moved.abs().max() > 1e-6
            wanted = moved / 2.6**depth
            assert torch.allclose((slower - begin).detach(), wanted, atol=2e-7, rtol=1e-2)


def rates(monkeypatch, **options):
    found = []
    monkeypatch.setattr(optimise, "set_rate", lambda optimiser, rate: found.append(rate))
    net = LanguageModel(**{**TINY, "scheme": "windows", "epochs": 4, "patience": None}, **options)
    net.fit(["red blue red blue red blue red"] * 10, validation=["red blue"])
    return np.array(found) / 0.02  # 10 steps of 8 windows in each of 4 epochs


def test_the_slanted_triangle(monkeypatch):
    found = rates(monkeypatch, warm_up=0.25, decay=True)
    rise, fall = found[:10], found[10:]
    assert np.allclose(rise, 1 / 32 + 31 / 32 * np.arange(10) / 10)
    assert np.allclose(fall, 1 - np.arange(30) / 30)
    flat = rates(monkeypatch, warm_up=0.25)
    assert np.allclose(flat[:10], rise) and (flat[10:] == 1).all()


def test_a_warm_up_wants_the_same_epochs(tmp_path):
    base = {**TINY, "warm_up": 0.5}
    whole = LanguageModel(**base, epochs=2).fit(GENERAL, checkpoint=tmp_path)
    again = LanguageModel(**base, epochs=2).fit(GENERAL, checkpoint=tmp_path, resume=True)
    assert again.score_text("red") == whole.score_text("red")
    with pytest.raises(OptionError, match=r"cannot resume .*begun with epochs="):
        LanguageModel(**base, epochs=3).fit(GENERAL, checkpoint=tmp_path, resume=True)


def test_a_resumed_run_is_the_same_to_the_bit(start, tmp_path):
    options = {"layer_decay": 2.6, "dropout": 0.2, "patience": None}
    whole = going_on(start, **options, epochs=4)
    going_on_to = {**TINY, "pretrained": start, **options}
    LanguageModel(**going_on_to, epochs=2).fit(OWN, checkpoint=tmp_path)
    again = LanguageModel(**going_on_to, epochs=4).fit(OWN, checkpoint=tmp_path, resume=True)
    assert [row["loss"] for row in again.history_] == [row["loss"] for row in whole.history_]
    assert again.score_text("red brown") == whole.score_text("red brown")
    other = LanguageModel(**{**going_on_to, "pretrained": general(seed=9)})
    with pytest.raises(OptionError, match="begun with pretrained="):
        other.fit(OWN, checkpoint=tmp_path, resume=True)


# That it helps, where there is something to go on from.


def ring(count, words, seed, mixed=False):
    """Texts that go round words in their order, from any of them on; `mixed`, in none."""
    rng = np.random.default_rng(seed)
    texts = []
    for first in rng.integers(len(words), size=count):
        places = rng.integers(len(words), size=8) if mixed else first + np.arange(8)
        texts.append(" ".join(words[place % len(words)] for place in places))
    return texts


def perplexities(mixed):
    """Perplexity of a rule's texts after six of them: begun as a model of many, and afresh."""
    words = [f"w{n}" for n in range(30)]
    other = LanguageModel(**{**TINY, "embedding": 16, "hidden": 16}, epochs=8)
    other.fit(ring(300, words, seed=1, mixed=mixed))
    few, unseen = ring(6, [*words, "new"], seed=2), ring(40, [*words, "new"], seed=3)
    options = {**TINY, "embedding": 16, "hidden": 16, "epochs": 8, "validation_fraction": 0.0}
    begun = LanguageModel(**options, pretrained=other, layer_decay=1.5).fit(few)
    afresh = LanguageModel(**options).fit(few)
    return begun.perplexity(unseen), afresh.perplexity(unseen)


def test_going_on_helps_where_the_other_texts_have_the_rule():
    begun, afresh = perplexities(mixed=False)
    assert begun < 0.5 * afresh
    begun, _ = perplexities(mixed=True)
    assert begun > 15  # half of what knowing nothing gives


# In the laboratory and on the command line.


def test_the_three_stages_in_the_laboratory(tmp_path):
    texts, labels = topics(160, 6, seed=4)
    sizes = {"embedding": 8, "hidden": 8}
    LanguageModel(**sizes, lowercase=True, html=True, epochs=1).fit(texts).save(tmp_path / "lm")
    parts = (["train"] * 2 + ["dev", "test"]) * 40
    small = experiments.get("c13-best-pretrained").with_options(
        **sizes, pretraining_epochs=1, min_count=1, pretrained=str(tmp_path / "lm"),
        layer_decay=2.6, unfreeze=True, warm_up=0.1,
    )  # fmt: skip
    record = Laboratory((0,), True, lambda line: None).run(
        small, Data.of("made", Records(texts, labels, parts))
    )
    (run,) = record["runs"]
    assert any("reached perplexity" in note for note in run["notes"])
    assert not [note for note in run["notes"] if "does nothing" in note]


def cli(capsys, *line):
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in line])
    shown = capsys.readouterr()
    assert "Traceback" not in shown.err
    return left.value.code, shown


def test_the_command_line(tmp_path, put, capsys):
    words = [f"w{n}" for n in range(9)]
    many, few = (
        put("many.txt", "\n".join(ring(90, words, 1))),
        put("few.txt", "\n".join(ring(60, [*words, "new"], 2))),
    )
    sizes = ["--embedding", 6, "--hidden", 6, "--epochs", 1]
    general, own = tmp_path / "general", tmp_path / "own"
    assert cli(capsys, "train", "generate", many, *sizes, "--out", general)[0] == 0
    further = ["train", "generate", few, *sizes, "--pretrained", general, "--layer-decay", 2.6]
    further += ["--warm-up", 0.1, "--decay", "--json", "--out"]
    code, shown = cli(capsys, *further, own)
    result = json.loads(shown.out)
    assert code == 0 and result["name"] == "pre-trained LSTM 6"
    assert result["vocabulary"] == len(load(general).vocabulary_) + 1
    assert "1 more begin as the mean" in " ".join(result["notes"])
    assert math.isfinite(result["metrics"]["perplexity"])
    code, shown = cli(capsys, *further[:-1], "--overwrite", "--no-extend", "--out", own)
    assert json.loads(shown.out)["vocabulary"] == len(load(general).vocabulary_)
    code, shown = cli(capsys, *further, tmp_path / "x", "--pretrained", tmp_path / "none")
    assert code == 1 and "there is no model folder" in shown.err
    code, shown = cli(capsys, *further, tmp_path / "y", "--hidden", 7)
    assert code == 2 and "pretrained has hidden=6" in shown.err
    code, shown = cli(
        capsys, "train", "generate", "first-names", "--given", "gender", "--pretrained", general,
        "--out", tmp_path / "z",
    )  # fmt: skip
    assert code == 2 and "--pretrained does nothing with --given" in shown.err
