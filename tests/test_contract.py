"""What holds for every estimator, old or new: scikit-learn's manners, repeatability, folders."""

import copy
import inspect
import json
from dataclasses import fields

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import sestina
from conftest import GOOD
from sestina import (
    BridgeClassifier,
    BridgeRecognizer,
    LanguageModel,
    Perceptron,
    SequenceFromVector,
    SequenceSimilarity,
    SequenceTagger,
    SeriesForecaster,
    SigmoidNeuron,
    Translator,
    load,
)
from sestina.errors import DataError, OptionError
from sestina.estimators.loading import ESTIMATORS
from test_vector_contract import VECTORS

FAST = {"epochs": 3, "hidden": 6, "learning_rate": 0.02, "batch_size": 8, "seed": 3}
SERIES = np.random.default_rng(0).normal(size=(40, 7, 3))
WAVES = list(
    np.sin(np.arange(60) / 3)[:, None] + 0.1 * np.random.default_rng(1).normal(size=(24, 60, 2))
)
SPEECH = list(np.random.default_rng(2).normal(size=(40, 40, 3)))
STUDENTS = BridgeClassifier | BridgeRecognizer
HISTORY = {
    "epoch", "loss", "validation_loss", "gradient_norm", "gradient_median", "gradient_peak",
    "gradient_jump", "gradient_jump_step", "clipped", "moved", "sequences_per_second", "seconds",
}  # fmt: skip
LABELLED = ["TextClassifier", "SeriesClassifier", "SequenceTagger", "BridgeClassifier"]


def fit(net, x, y, **how):
    """Fit an estimator; the clean twins of a bridge's sequences are what comes, without noise."""
    if not isinstance(net, STUDENTS):
        return net.fit(x, y, **how)
    if "validation" in how:
        how["validation"] = (how["validation"][0], *how["validation"])
    return net.fit(x, x, y, **how)


def case_of(name, reviews):
    """An estimator's class, inputs, and labels, of which a language model takes none."""
    texts, labels = reviews
    if name == "SequenceTagger":
        sentences = [text.split() for text in texts]
        labels = [["good" if w in GOOD else "bad" for w in s] for s in sentences]
        return SequenceTagger, sentences, labels
    if name == "SequenceFromVector":
        return SequenceFromVector, SERIES[:, 0], texts
    if name == "Translator":
        return Translator, texts, [" ".join(reversed(text.split())) for text in texts]
    if name == "SequenceSimilarity":
        pairs = list(zip(texts, texts[1:] + texts[:1], strict=True))
        both = zip(labels, labels[1:] + labels[:1], strict=True)
        return SequenceSimilarity, pairs, [int(a == b) for a, b in both]
    if name == "SeriesForecaster":
        return SeriesForecaster, WAVES, None
    if name == "BridgeRecognizer":
        return BridgeRecognizer, SPEECH, labels
    return (
        ESTIMATORS[name],
        SERIES if name in ("SeriesClassifier", "BridgeClassifier") else texts,
        (labels if name in LABELLED else None),
    )


@pytest.fixture(params=list(ESTIMATORS), scope="module")
def case(request, reviews):
    """Each estimator: its class, inputs, labels."""
    return case_of(request.param, reviews)


@pytest.fixture(params=LABELLED, scope="module")
def labelled(request, reviews):
    """Each estimator that learns labels: its class, inputs, labels, and itself after a fit."""
    kind, x, y = case_of(request.param, reviews)
    return kind, x, y, fit(kind(**FAST), x, y)


def laid(rows):
    """Return labels or probabilities as one array; those of a tagger are laid end to end."""
    return rows if isinstance(rows, np.ndarray) else np.concatenate(rows)


@pytest.fixture(scope="module")
def fitted(case):
    kind, x, y = case
    return fit(kind(**FAST), x, y)


def answers(net, x):
    """What an estimator says of inputs, in numbers."""
    if isinstance(net, SequenceFromVector):
        return np.array(net.generate(x, n=8, temperature=2))
    if isinstance(net, Translator):
        return net.score_pairs(x, x)
    if isinstance(net, SequenceSimilarity):
        return net.similarity(*zip(*x, strict=True))
    if isinstance(net, SeriesForecaster):
        return net.predict(x)
    return net.score_texts(x) if isinstance(net, LanguageModel) else laid(net.predict_proba(x))


def test_every_public_estimator_is_among_these():
    public = [getattr(sestina, name) for name in sestina.__all__]
    with_fit = {kind for kind in public if hasattr(kind, "fit")}
    transformers = {kind for kind in with_fit if hasattr(kind, "transform")}  # see test_bags.py …
    neurons = {Perceptron, SigmoidNeuron}  # of tables, for teaching; see test_neuron.py
    assert with_fit - set(VECTORS) - transformers - neurons == set(ESTIMATORS.values())


def test_the_constructor_only_stores(case):
    kind, _, _ = case
    nonsense = {spec.name: object() for spec in fields(kind)}
    net = kind(**nonsense)
    assert vars(net) == nonsense
    with pytest.raises(OptionError):
        fit(net, ["a"], ["b"])


def test_options_are_keywords_with_defaults(case):
    kind, _, _ = case
    parameters = list(inspect.signature(kind).parameters.values())
    assert all(p.kind is p.KEYWORD_ONLY and p.default is not p.empty for p in parameters)
    assert [p.name for p in parameters] == [spec.name for spec in fields(kind)]
    assert set(kind().get_params()) == {spec.name for spec in fields(kind)}


def test_fit_returns_the_estimator_and_leaves_its_options(case):
    kind, x, y = case
    net = kind(**FAST)
    before = net.get_params()
    assert fit(net, x, y) is net
    assert net.get_params() == before
    public = {name for name in vars(net) if not name.startswith("_")}
    assert all(name.endswith("_") for name in public - set(before))


def test_inputs_are_left_alone(case):
    kind, x, y = case
    before, labels = copy.deepcopy(x), copy.deepcopy(y)
    answers(fit(kind(**FAST), x, y), x)
    assert all(map(np.array_equal, before, x)) and labels == y


def test_clone_has_the_options_and_nothing_learned(case, fitted):
    fresh = clone(fitted)
    assert fresh.get_params() == fitted.get_params()
    assert not [name for name in vars(fresh) if name.endswith("_")]
    with pytest.raises(NotFittedError):
        answers(fresh, case[1])


def test_not_fitted(case, tmp_path):
    kind, x, y = case
    verbs = {name: (x,) for name in ("predict", "predict_proba", "score_texts", "perplexity")}
    verbs |= {"score": (x, y), "save": (tmp_path / "model",), "generate": (), "stream": ()}
    if kind is SeriesForecaster:
        verbs |= {"predict_point": (x,), "task": (x,)}
    verbs |= {"complete": ("a",), "score_pairs": (x, y), "attention_weights": ("a",)}
    if kind is SequenceFromVector:
        verbs |= {name: (x,) for name in ("generate", "stream", "complete")}
        verbs |= {name: (x, y) for name in ("perplexity", "figures", "score_sequences")}
    if kind is SequenceSimilarity:
        verbs |= {"embed": (["a"],), "similarity": (["a"], ["b"])}
    own = [name for name in verbs if hasattr(kind, name)]
    assert len(own) >= 4
    for verb in own:
        with pytest.raises(NotFittedError):
            getattr(kind(), verb)(*verbs[verb])
    for name in ("n_parameters_", "n_trainable_parameters_", "parameter_counts_"):
        assert not hasattr(kind(), name)
    assert not (tmp_path / "model").exists()


def test_same_seed_same_answers(case, fitted):
    kind, x, y = case
    again, other = fit(kind(**FAST), x, y), fit(kind(**{**FAST, "seed": 4}), x, y)
    first = answers(fitted, x)
    assert np.array_equal(first, answers(again, x))
    assert not np.array_equal(first, answers(other, x))


def test_fitting_again_forgets(case):
    kind, x, y = case
    net = fit(fit(kind(**FAST), x[:20], y and y[:20]), x, y)
    once = fit(kind(**FAST), x, y)
    assert np.array_equal(answers(net, x), answers(once, x))


def test_predictions_fit_together(labelled):
    _, x, y, fitted = labelled
    chances, labels = answers(fitted, x), laid(fitted.predict(x))
    assert chances.shape == (len(labels), len(fitted.classes_)) and chances.dtype == np.float64
    assert len(fitted.predict(x)) == len(fitted.predict_proba(x)) == len(x)
    assert fitted.score(x, y) == np.mean(labels == laid([y] if isinstance(y[0], str) else y))
    if isinstance(fitted, SequenceTagger):  # which takes the best sentence, not the best tags
        assert np.mean(labels == fitted.classes_[chances.argmax(axis=1)]) > 0.9
    else:
        assert np.array_equal(labels, fitted.classes_[chances.argmax(axis=1)])
        assert fitted.labels_of(chances) == labels.tolist()
    assert not fitted.network_.training


def test_a_folder_keeps_everything(fitted, case, tmp_path):
    kind, x, _ = case
    fitted.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert type(again) is kind and again.get_params() == fitted.get_params()
    assert np.array_equal(answers(again, x), answers(fitted, x))
    assert again.parameter_counts_ == fitted.parameter_counts_
    for name in ("history_", "notes_", "best_epoch_", "n_iter_", "seconds_", "feature_names_in_"):
        assert getattr(again, name, None) == getattr(fitted, name, None)
    head = json.loads((tmp_path / "model" / "config.json").read_text())
    assert head["estimator"] == kind.__name__ and head["version"] == sestina.__version__


def test_classes_are_known_after_fit(labelled):
    assert labelled[-1].classes_.tolist() == ["bad", "good"]


def test_what_is_known_after_fit(fitted):
    writes = isinstance(fitted, LanguageModel | SequenceFromVector | Translator)
    measure = "perplexity" if writes else "accuracy"
    measure = "error" if isinstance(fitted, SequenceSimilarity) else measure
    measure = "mase" if isinstance(fitted, SeriesForecaster) else measure
    measure = "cer" if isinstance(fitted, BridgeRecognizer) else measure
    bridges = {f"validation_{name}_error" for name in ("kd", "dr", "lstm3")}
    bridges = bridges if isinstance(fitted, STUDENTS) else set()
    assert 1 <= fitted.best_epoch_ <= fitted.n_iter_ == len(fitted.history_) == 3
    assert fitted.seconds_ > 0
    assert isinstance(fitted.notes_, list)
    for number, row in enumerate(fitted.history_, 1):
        assert set(row) == HISTORY | {f"validation_{measure}"} | bridges
        assert row["epoch"] == number and all(np.isfinite(list(row.values())))


def test_parameters_are_counted(fitted):
    counts = fitted.parameter_counts_
    assert sum(counts.values()) == fitted.n_parameters_ >= fitted.n_trainable_parameters_ > 0
    known = {"embedding", "encoder", "head", "tags", "vector"}
    known |= {"linear", "target_embedding", "bridge", "decoder", "attention"}
    if isinstance(fitted, STUDENTS):  # the lecture's sub-blocks
        assert set(counts) == {"convolutions", "feedback", "merge", "last", "output"}
        return
    assert {"encoder", "head"} <= set(counts) <= known


def test_validation_may_be_given(labelled):
    kind, x, y, _ = labelled
    net = fit(kind(**FAST), x[8:], y[8:], validation=(x[:8], y[:8]))
    assert net.history_[net.best_epoch_ - 1]["validation_accuracy"] == net.score(x[:8], y[:8])
    bare = fit(kind(**FAST, validation_fraction=0.0), x, y)
    assert set(bare.history_[0]) == {name for name in HISTORY if "validation" not in name}


def test_a_fit_that_fails_leaves_nothing_fitted(case):
    kind, x, y = case
    net = fit(kind(**FAST), x, y)
    with pytest.raises(DataError):
        inputs = [] if y is None or kind in (Translator, BridgeRecognizer) else x
        fit(net, inputs, ["one"] * (len(x) - (kind is SequenceFromVector)))
    with pytest.raises(NotFittedError):
        answers(net, x)


def test_torch_is_left_as_it_was(case):
    kind, x, y = case
    state, mode, threads = torch.get_rng_state(), torch.is_grad_enabled(), torch.get_num_threads()
    answers(fit(kind(**FAST, dropout=0.5), x, y), x)
    assert torch.equal(torch.get_rng_state(), state)
    assert (torch.is_grad_enabled(), torch.get_num_threads()) == (mode, threads)
    assert torch.get_default_dtype() is torch.float32
