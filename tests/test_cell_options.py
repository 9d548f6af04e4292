"""Options of recurrent layers in every estimator: fitted, saved, loaded, streamed, measured."""

import numpy as np
import pytest
import torch

from sestina import (
    LanguageModel,
    SequenceTagger,
    SeriesClassifier,
    TextClassifier,
    Translator,
    load,
    optimise,
)
from sestina.config import LanguageOptions, StackOptions
from sestina.errors import OptionError
from sestina.inspect.gradients import gradients
from sestina.nn import LSTM
from sestina.nn.language import LanguageNetwork

TEXTS = [f"{a} film {b} end" for a in ("good", "fine", "bad", "poor") for b in ("it", "we", "so")]
LABELS = ["pos"] * 6 + ["neg"] * 6
PAIRS = [("the house is red", "das haus ist rot"), ("a dog", "ein hund"), ("red", "rot")] * 4
ALL = {"zoneout": 0.1, "residual": True, "layers": 3, "hidden": 8, "kernel_l2": 1e-4}
OF_STATES = {"weight_drop": 0.2, "recurrent_dropout": 0.1, "recurrent_l2": 1e-4}
TINY = {"epochs": 2, "seed": 0, "embedding": 6}
CELLS = {
    "rnn": OF_STATES,
    "gru": OF_STATES,
    "lstm": {**OF_STATES, "cell_zoneout": 0.2},
    "mingru": {},
    "minlstm": {},
    "lstm normalised": {"normalise": "layer", **OF_STATES},
    "lstm normalised over rows": {"normalise": "batch", **OF_STATES},
    "gru normalised": {"normalise": "layer", "recurrent_dropout": 0.1},
}
every_cell = pytest.mark.parametrize("cell", CELLS)


def options(cell, **more):
    return {**ALL, **CELLS[cell], **TINY, **more}


def kind(cell):
    return cell.split()[0]


@every_cell
def test_classifiers(cell, tmp_path):
    net = TextClassifier(encoder=kind(cell), **options(cell)).fit(TEXTS, LABELS)
    net.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert np.array_equal(again.predict_proba(TEXTS), net.predict_proba(TEXTS))
    stream = again.stream()
    for token in "good film so end".split():
        shares = stream.feed(token)
    whole = net.predict_proba(["good film so end"])[0]
    np.testing.assert_allclose(shares, whole, rtol=1e-5)
    other = again.stream()
    other.state = stream.state  # what residual layers give is made of their states
    np.testing.assert_allclose(other.probabilities, shares, rtol=1e-6)
    assert [reach.depth for reach in gradients(net, TEXTS, LABELS)] == [0, 1, 2]


@every_cell
def test_series(cell, tmp_path):
    X = [np.random.default_rng(n).normal(size=(5 + n, 2)) for n in range(8)]
    own = options(cell)
    del own["embedding"]
    net = SeriesClassifier(encoder=kind(cell), **own).fit(X, [0, 1] * 4)
    net.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert np.array_equal(again.predict_proba(X), net.predict_proba(X))
    assert len(gradients(net, X, [0, 1] * 4)) == 3


@every_cell
def test_language_models(cell, tmp_path):
    net = LanguageModel(cell=kind(cell), **options(cell)).fit(TEXTS)
    net.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert again.score_text(TEXTS[0]) == net.score_text(TEXTS[0])
    total = sum(score for _, score in again.stream().scored(TEXTS[0].split()))
    assert total == pytest.approx(net.score_text(TEXTS[0]), rel=1e-5)
    stream, other = again.stream(), again.stream()
    stream.feed("good")
    other.state = stream.state
    np.testing.assert_allclose(other.probabilities, stream.probabilities, rtol=1e-6)
    assert len(gradients(net, TEXTS)) == 3


@every_cell
def test_taggers_and_translators(cell, tmp_path):
    words, tags = [text.split() for text in TEXTS], [["A", "B", "C", "B"] for _ in TEXTS]
    tagger = SequenceTagger(encoder=kind(cell), **options(cell)).fit(words, tags)
    assert len(gradients(tagger, words, tags)) == 6
    tagger.save(tmp_path / "tagger")
    assert load(tmp_path / "tagger").predict(words) == tagger.predict(words)
    sources, targets = zip(*PAIRS, strict=True)
    translator = Translator(cell=kind(cell), level="word", **options(cell)).fit(sources, targets)
    translator.save(tmp_path / "translator")
    assert load(tmp_path / "translator").predict(sources) == translator.predict(sources)


@pytest.mark.parametrize(
    "net",
    [
        TextClassifier(encoder="gru", residual=True, **TINY),
        SequenceTagger(residual=True, **TINY),
        LanguageModel(residual=True, **TINY),
        Translator(residual=True, level="word", **TINY),
    ],
    ids=lambda net: type(net).__name__,
)
def test_residual_wants_two_layers(net):
    y = {"TextClassifier": LABELS, "Translator": TEXTS}.get(type(net).__name__)
    X = TEXTS
    if isinstance(net, SequenceTagger):
        X, y = [text.split() for text in TEXTS], [["A", "B", "C", "B"] for _ in TEXTS]
    with pytest.raises(OptionError, match=r"layers=1 came: set layers=2 or more"):
        net.fit(X, y) if y is not None else net.fit(X)


@pytest.mark.parametrize("both", [False, True])
def test_residual_layers_add_what_they_read(both):
    torch.manual_seed(0)
    ways = 2 if both else 1
    layer = LSTM(4, 5, 3, batch_first=True, bidirectional=both, residual=True)
    x, lengths = torch.randn(6, 7, 4), torch.tensor([7, 0, 1, 5, 7, 2])
    outputs, (h, _) = layer(x, lengths=lengths)
    made = x
    for depth in range(3):
        one = LSTM(made.shape[2], 5, batch_first=True, bidirectional=both)
        names = dict(one.named_parameters())
        one.load_state_dict({n: getattr(layer, n.replace("_l0", f"_l{depth}")) for n in names})
        found, (state, _) = one(made, lengths=lengths)
        torch.testing.assert_close(h[depth * ways : (depth + 1) * ways], state)
        made = found + made if depth else found
    torch.testing.assert_close(outputs, made)
    assert not outputs[torch.arange(7) >= lengths[:, None]].any()


def test_a_residual_stack_of_single_layers_adds_what_they_read():
    network = LanguageNetwork(LanguageOptions(embedding=4, hidden=5, layers=3, residual=True), 9)
    ids, lengths = torch.tensor([[2, 3, 4, 5]]), torch.tensor([4])
    made, after = network.eval()(ids, lengths)
    torch.testing.assert_close(made[:, -1], sum(state[0][0] for state in after))


def test_l2_falls_on_the_kernels_it_is_meant_for():
    network = LanguageNetwork(StackOptions(embedding=4, hidden=5), 9)
    layer = network.encoder[0]

    def found(**given):
        asked = LanguageModel(**given)
        return {id(weight): share for weight, share in
                optimise.penalties(network, network.kernels(), asked)}  # fmt: skip

    assert found() == {}
    assert found(recurrent_l2=0.5) == {id(layer.weight_hh_l0): 0.5}
    assert found(kernel_l2=0.25) == {id(layer.weight_ih_l0): 0.25}
    assert id(layer.weight_hh_l0) not in found(l2=0.1)


def test_l2_shrinks_its_own_weights():
    how = {**TINY, "epochs": 20, "patience": None, "learning_rate": 0.01}

    def norms(**given):
        net = TextClassifier(encoder="gru", **given, **how).fit(TEXTS, LABELS)
        cell = net.network_.encoder.cell
        return cell.weight_hh_l0.norm().item(), cell.weight_ih_l0.norm().item()

    free, of_states, of_inputs = norms(), norms(recurrent_l2=0.03), norms(kernel_l2=0.03)
    assert of_states[0] < 0.9 * free[0] and of_states[0] < 0.9 * of_inputs[0]
    assert of_inputs[1] < 0.9 * free[1] and of_inputs[1] < 0.9 * of_states[1]
