"""Classifiers that begin as language models: the same states, layers at rates of their own."""

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.base import clone

from sestina import LanguageModel, SequenceTagger, TextClassifier, config, load, optimise
from sestina.cli.app import main
from sestina.data.ragged import Ragged
from sestina.data.records import Records
from sestina.errors import DataError, ModelError, OptionError
from sestina.lab import experiment as experiments
from sestina.lab.run import Data, Laboratory
from sestina.nn import encoders
from sestina.text.vocabulary import EOS

SIZES = {"embedding": 6, "hidden": 8}
READING = {"lowercase": False, "html": False}
TEXTS = ["red orange yellow", "yellow green blue violet", "blue", "", "green red red"] * 8
LABELS = ["warm", "cold", "cold", "warm", "warm"] * 8


def pretrained(**options):
    settings = {"epochs": 1, "learning_rate": 0.02, "batch_size": 8, "seed": 1, **SIZES, **options}
    return LanguageModel(**settings).fit([text for text in TEXTS if text])


def classifier(model, **options):
    settings = {"encoder": "lstm", "epochs": 1, "seed": 2, **SIZES, **READING, **options}
    return TextClassifier(pretrained=model, **settings)


@pytest.fixture(scope="module")
def model():
    return pretrained(layers=2)


def started(model, **options):
    """A classifier that has taken steps of no length."""
    net = classifier(model, layers=model.layers, learning_rate=1e-12, optimiser="sgd", **options)
    return net.fit(TEXTS, LABELS)


# What it begins as.


@pytest.mark.parametrize(
    "options",
    [{}, {"cell": "gru", "layers": 2}, {"cell": "rnn"}, {"backwards": True}, {"running": True}],
    ids=lambda o: "-".join(map(str, o.values())) or "lstm",
)
def test_it_begins_with_the_states_of_the_language_model(options):
    model = pretrained(**options)
    net = started(model, encoder=model.cell)
    text = "green blue unheard red"
    (own,) = net._tensors(net._encode([text]), np.array([0]))[:1]
    words = text.split()[:: -1 if model.backwards else 1]
    assert own[0].tolist() == [model.vocabulary_[word] for word in (EOS, *words)]
    with torch.inference_mode():
        states, _ = model.network_(own, torch.tensor([5]))
        made, _ = net.network_.encoder.cell(net.network_.embedding(own), lengths=torch.tensor([5]))
    assert torch.allclose(made, states, atol=1e-6) and states.abs().max() > 0.01
    assert net.vocabulary_ == model.vocabulary_
    assert net.direction_ == ("backwards" if model.backwards else "forwards")


def test_the_language_model_is_left_alone(model):
    before = {name: weight.clone() for name, weight in model.network_.state_dict().items()}
    classifier(model, layers=2, learning_rate=0.1).fit(TEXTS, LABELS)
    after = model.network_.state_dict()
    assert all(torch.equal(weight, after[name]) for name, weight in before.items())
    assert all(weight.requires_grad for weight in model.network_.parameters())


def test_a_folder_is_as_good_and_not_needed_any_more(model, tmp_path):
    model.save(tmp_path / "lm")
    nets = [
        classifier(given, layers=2, pool="concat").fit(TEXTS, LABELS)
        for given in (model, str(tmp_path / "lm"), tmp_path / "lm")
    ]
    shutil.rmtree(tmp_path / "lm")
    wanted = nets[0].predict_proba(TEXTS)
    for number, net in enumerate(nets):
        assert np.array_equal(net.predict_proba(TEXTS), wanted)
        net.save(tmp_path / f"net{number}")
        again = load(tmp_path / f"net{number}")
        assert np.array_equal(again.predict_proba(TEXTS), wanted)
        assert again.direction_ == "forwards"


def test_backwards_is_kept_in_the_folder(tmp_path):
    net = classifier(pretrained(backwards=True), learning_rate=0.02).fit(TEXTS, LABELS)
    net.save(tmp_path / "net")
    assert np.array_equal(load(tmp_path / "net").predict_proba(TEXTS), net.predict_proba(TEXTS))
    assert not np.allclose(net.predict_proba(["red blue"]), net.predict_proba(["blue red"]))


def test_padding_and_empty_texts_change_nothing(model):
    net = classifier(model, layers=2, pool="concat").fit(TEXTS, LABELS)
    alone = np.concatenate([net.predict_proba([text]) for text in TEXTS[:5]])
    assert np.allclose(net.predict_proba(TEXTS[:5]), alone, atol=1e-6)


def test_concat_is_last_maximum_and_mean():
    options = config.EncoderOptions(encoder="gru", hidden=3, bidirectional=True, pool="concat")
    x, lengths = torch.randn(4, 5, 2), torch.tensor([5, 3, 1, 0])
    torch.manual_seed(0)
    whole = encoders.build(options, 2, 0)
    found = []
    for pool in ("last", "max", "mean"):
        part = encoders.build(config.EncoderOptions(**{**vars(options), "pool": pool}), 2, 0)
        part.load_state_dict(whole.state_dict())
        found.append(part(x, lengths))
    assert whole.features == 18
    assert torch.equal(whole(x, lengths), torch.cat(found, dim=1))
    assert not whole(x, lengths)[3].any()


# What must agree.


@pytest.mark.parametrize(
    ("options", "facts"),
    [
        ({"hidden": 9, "layers": 2}, ["hidden=8", "go with it hidden=9"]),
        ({"lowercase": True, "layers": 2}, ["lowercase=False", "go with it lowercase=True"]),
        ({"layers": 1}, ["layers=2", "go with it layers=1"]),
        (
            {"layers": 2, "bidirectional": True},
            ["bidirectional=False", "go with it bidirectional=True"],
        ),
        ({"layers": 2, "mark_end": True}, ["mark_end=False"]),
        ({"layers": 2, "level": "character"}, ["level='word'", "go with it level='character'"]),
        (
            {"encoder": "gru", "embedding": 7, "layers": 2},
            ["encoder='lstm', embedding=6", "go with it encoder='gru', embedding=7"],
        ),
    ],
)
def test_options_that_differ_are_all_named(model, options, facts):
    with pytest.raises(OptionError, match=r"pretrained has .* set them alike") as caught:
        classifier(model, **options).fit(TEXTS, LABELS)
    assert not [fact for fact in facts if fact not in str(caught.value)], caught.value


def test_what_cannot_be_begun_as(model, tmp_path):
    SequenceTagger(epochs=1).fit([["a"], ["b"]] * 9, [["x"], ["y"]] * 9).save(tmp_path / "tagger")
    for given, error, fact in [
        (tmp_path / "tagger", DataError, "holds a SequenceTagger; expected a LanguageModel"),
        (tmp_path / "none", ModelError, "there is no model folder"),
        (tmp_path, ModelError, "is not a model folder"),
        (3, OptionError, "pretrained=3 is no language model"),
        (LanguageModel(), OptionError, "is not fitted, as scikit-learn's copies never are"),
    ]:
        with pytest.raises(error, match=fact):
            classifier(given, layers=2).fit(TEXTS, LABELS)
    for other in ("vectors", "contextual"):
        with pytest.raises(OptionError, match=f"pretrained and {other} both say"):
            classifier(model, layers=2, **{other: "glove-50d"}).fit(TEXTS, LABELS)
    with pytest.raises(OptionError, match="is not fitted"):
        clone(classifier(model, layers=2)).fit(TEXTS, LABELS)


def test_what_does_nothing_is_said(model):
    net = classifier(model, layers=2, vocabulary=50).fit(TEXTS, LABELS)
    assert any(note.startswith("vocabulary does nothing with pretrained") for note in net.notes_)
    net = TextClassifier(encoder="cnn", epochs=1, pretrained=model, unfreeze=True, layer_decay=2.6)
    notes = net.fit(TEXTS, LABELS).notes_
    for name in ("pretrained", "unfreeze", "layer_decay"):
        assert any(note.startswith(f"{name} does nothing with encoder='cnn'") for note in notes)
    assert net.direction_ is None and net.network_.encoder.features == 96


# How carefully it is changed.


def test_layers_are_told_apart_from_the_top_down(model):
    network = started(model).network_
    names = {id(weight): name for name, weight in network.named_parameters()}
    found = [{names[id(weight)] for weight in weights} for weights in network.by_layer()]
    assert [{name.split(".")[0] for name in row} for row in found] == [
        {"head"}, {"encoder"}, {"encoder"}, {"embedding"},
    ]  # fmt: skip
    assert {name[-3:] for name in found[1]} == {"_l1"} and {name[-3:] for name in found[2]} == {
        "_l0"
    }
    assert sum(map(len, found)) == len(names)
    both = TextClassifier(encoder="gru", bidirectional=True, layers=2, epochs=1).fit(TEXTS, LABELS)
    assert [len(row) for row in both.network_.by_layer()] == [2, 6, 6, 1]
    frozen = TextClassifier(encoder="gru", vectors=np.ones((8, 3)), validation_fraction=0.0)
    frozen = frozen.set_params(epochs=1).fit(TEXTS, LABELS)
    assert [len(row) for row in frozen.network_.by_layer()] == [2, 3]


def weights_of(net):
    return [[weight.detach().clone() for weight in row] for row in net.network_.by_layer()]


def test_each_layer_learns_so_many_times_slower(model):
    """One step of plain SGD over all texts: a layer's change is its share of the gradient."""
    options = {"clip_norm": None, "batch_size": 99, "validation_fraction": 0.0, "seed": 5}
    begin = weights_of(started(model, **options))
    options |= {"layers": 2, "optimiser": "sgd", "learning_rate": 0.5}
    plain, slow = (classifier(model, **options, layer_decay=decay) for decay in (1.0, 2.6))
    moved = {1.0: weights_of(plain.fit(TEXTS, LABELS)), 2.6: weights_of(slow.fit(TEXTS, LABELS))}
    for depth, rows in enumerate(zip(begin, moved[1.0], moved[2.6], strict=True)):
        for first, plain, slower in zip(*rows, strict=True):
            assert (plain - first).abs().max() > 1e-5
            wanted = (plain - first) / 2.6**depth
            assert torch.allclose(slower - first, wanted, atol=2e-7, rtol=1e-2)


def test_a_falling_rate_leaves_the_shares(model):
    layers = optimise.Layers(started(model).network_.by_layer(), slower=2.0)
    options = SimpleNamespace(optimiser="adam", learning_rate=0.4)
    found = optimise.optimiser(torch.nn.Linear(1, 1), options, layers)
    assert [group["lr"] for group in found.param_groups] == [0.4, 0.2, 0.1, 0.05]
    optimise.set_rate(found, 0.8)
    assert [group["lr"] for group in found.param_groups] == [0.8, 0.4, 0.2, 0.1]


@pytest.mark.parametrize("epochs", [1, 2, 3, 4, 5])
def test_frozen_layers_do_not_change(model, epochs):
    net = classifier(
        model, layers=2, epochs=epochs, patience=None, unfreeze=True, learning_rate=0.02
    )
    net = net.set_params(validation_fraction=0.0).fit(TEXTS, LABELS)
    begin = weights_of(started(model))
    for depth, (before, after) in enumerate(zip(begin, weights_of(net), strict=True)):
        same = [torch.equal(*pair) for pair in zip(before, after, strict=True)]
        assert depth == 0 or all(same) == (depth >= epochs), (depth, same)
    assert net.n_trainable_parameters_ == net.n_parameters_


def test_a_run_that_thaws_can_be_resumed(model, tmp_path):
    options = {"layers": 2, "unfreeze": True, "layer_decay": 2.0, "patience": None}
    whole = classifier(model, **options, epochs=5).fit(TEXTS, LABELS)
    classifier(model, **options, epochs=2).fit(TEXTS, LABELS, checkpoint=tmp_path)
    again = classifier(model, **options, epochs=5)
    again.fit(TEXTS, LABELS, checkpoint=tmp_path, resume=True)
    assert np.array_equal(again.predict_proba(TEXTS), whole.predict_proba(TEXTS))
    assert [row["loss"] for row in again.history_] == [row["loss"] for row in whole.history_]
    other = pretrained(layers=2, seed=9)
    with pytest.raises(OptionError, match="begun with pretrained="):
        classifier(other, **options).fit(TEXTS, LABELS, checkpoint=tmp_path, resume=True)


# That it helps.


def topics(count, length, seed, mixed=False):
    """Texts whose words are of one of two topics; `mixed`, of both."""
    rng = np.random.default_rng(seed)
    which = rng.permutation(np.arange(count) % 2)
    texts = []
    for topic in which:
        words = rng.integers(60, size=length)
        kinds = rng.integers(2, size=length) if mixed else np.full(length, topic)
        texts.append(
            " ".join(f"{'ab'[kind]}{word}" for kind, word in zip(kinds, words, strict=True))
        )
    return texts, ["ab"[topic] for topic in which]


def gained(mixed):
    """Accuracy with four labelled texts of three words, after reading many without labels."""
    unlabelled, _ = topics(500, 8, seed=1, mixed=mixed)
    sizes = {"embedding": 16, "hidden": 16}
    model = LanguageModel(
        **sizes,
        epochs=10,
        learning_rate=0.02,
        batch_size=20,
        dropout=0.0,
        input_dropout=0.1,
        seed=0,
    ).fit(unlabelled)
    net = classifier(
        model, **sizes, epochs=20, learning_rate=0.01, pool="concat", unfreeze=True, layer_decay=2.6,
        validation_fraction=0.0,
    )  # fmt: skip
    return net.fit(*topics(4, 3, seed=2)).score(*topics(400, 3, seed=3))


def test_reading_without_labels_helps_where_there_is_something_to_read():
    assert gained(mixed=False) >= 0.9
    assert gained(mixed=True) <= 0.7
    scratch = TextClassifier(encoder="lstm", epochs=20, learning_rate=0.01, validation_fraction=0.0)
    assert scratch.fit(*topics(4, 3, seed=2)).score(*topics(400, 3, seed=3)) <= 0.75


# In the laboratory and on the command line.


def test_the_laboratory_s_own(model):
    one = experiments.get("c13-best-pretrained")
    assert one.estimator == "PretrainedClassifier" and one.row == "C13"
    texts, labels = topics(160, 6, seed=4)
    parts = (["train"] * 2 + ["dev", "test"]) * 40
    small = one.with_options(embedding=8, hidden=8, pretraining_epochs=1, min_count=1)
    record = Laboratory((0,), True, lambda line: None).run(
        small, Data.of("made", Records(texts, labels, parts))
    )
    (run,) = record["runs"]
    assert any("reached perplexity" in note for note in run["notes"])
    assert not [note for note in run["notes"] if "does nothing" in note]
    assert record["options"]["pretraining_epochs"] == 1


def test_words_in_context_in_the_laboratory(model):
    one = experiments.get("b5-in-context")
    texts, labels = topics(160, 6, seed=4)
    parts = (["train"] * 2 + ["dev", "test"]) * 40
    small = one.with_options(
        pretraining_size=8, hidden=8, pretraining_epochs=1, min_count=1, vectors=None
    )
    record = Laboratory((0,), True, lambda line: None).run(
        small, Data.of("made", Records(texts, labels, parts))
    )
    (run,) = record["runs"]
    assert sum("reached perplexity" in note for note in run["notes"]) == 2  # one each way
    assert not [note for note in run["notes"] if "does nothing" in note]


def cli(*line):
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in line])
    return left.value.code


def test_the_command_line(tmp_path, put, capsys):
    rows = [f"{t},{label}" for t, label in zip(*topics(120, 6, seed=5), strict=True)]
    data = put("data.csv", "text,label\n" + "\n".join(rows) + "\n")
    sizes = ["--embedding", 6, "--hidden", 6, "--epochs", 1]
    for way, more in (("forward", []), ("backward", ["--backwards"])):
        assert cli("train", "generate", data, *sizes, *more, "--out", tmp_path / "lm" / way) == 0
    assert "sestina score" in capsys.readouterr().out
    assert cli("generate", tmp_path / "lm" / "backward") == 2
    assert "reads texts from their ends" in capsys.readouterr().err
    common = ["train", "classify", data, *sizes, "--no-lowercase", "--no-html", "--json"]
    begun = ["--pretrained", tmp_path / "lm" / "forward", "--layer-decay", 2.6, "--unfreeze"]
    for out, given, name in (
        ("begun", begun, "pre-trained LSTM"),
        ("beside", ["--contextual", tmp_path / "lm"], "LSTM + context"),
    ):
        capsys.readouterr()
        assert cli(*common, *given, "--pool", "concat", "--out", tmp_path / out) == 0
        assert json.loads(capsys.readouterr().out)["name"] == name
        assert cli("predict", tmp_path / out, "a1 a2 a3") == 0
    assert cli(*common[:3], *begun, "--out", tmp_path / "no") == 2
    assert "has embedding=6, hidden=6, lowercase=False" in capsys.readouterr().err
    assert cli(*common, "--pretrained", tmp_path / "nowhere", "--out", tmp_path / "no") == 1


def test_sequences_are_turned_round():
    rows = Ragged(np.arange(6), np.array([0, 3, 3, 6]))
    assert rows.turned().values.tolist() == [2, 1, 0, 5, 4, 3]
    assert rows.turned().turned().values.tolist() == rows.values.tolist()
