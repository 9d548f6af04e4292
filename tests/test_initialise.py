"""Starts of weights: what each paper says of them, and that options reach every estimator."""

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
)
from sestina.config import CellOptions, cells
from sestina.errors import OptionError
from sestina.nn import initialise, layers

SIZE = 64


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(3)


def eigenvalues(tensor):
    return torch.linalg.eigvals(tensor.double()).abs().sort(descending=True).values


@pytest.mark.parametrize("name", initialise.STARTS)
def test_a_tensor_is_filled_in_place_and_returned(name):
    tensor = torch.full((SIZE, SIZE), torch.nan, requires_grad=True)
    assert initialise.STARTS[name](tensor) is tensor
    assert tensor.isfinite().all() and tensor.requires_grad and tensor.grad_fn is None


def test_the_largest_eigenvalue_of_the_np_rnn_is_one_and_the_others_are_below():
    for _ in range(5):
        matrix = initialise.positive_definite(torch.empty(SIZE, SIZE))
        assert torch.equal(matrix, matrix.T)
        found = torch.linalg.eigvalsh(matrix.double())
        assert abs(found[-1] - 1) < 1e-6
        assert (found[:-1] < 1 - 1e-4).all() and (found > 0).all()


def test_identity_and_orthogonal_keep_lengths():
    assert torch.equal(initialise.identity(torch.empty(5, 5), 0.5), torch.eye(5) / 2)
    matrix = initialise.orthogonal(torch.empty(SIZE, SIZE), 2.0)
    assert torch.allclose(matrix @ matrix.T, 4 * torch.eye(SIZE), atol=1e-5)
    assert torch.allclose(eigenvalues(matrix), torch.full((SIZE,), 2.0, dtype=torch.float64))


def test_glorot_and_he_have_their_variance():
    glorot = initialise.glorot(torch.empty(300, 500))
    assert glorot.abs().max() <= (6 / 800) ** 0.5 and abs(glorot.var() * 400 - 1) < 0.02
    assert abs(initialise.he(torch.empty(300, 500), 2.0).var() * 250 / 4 - 1) < 0.02


@pytest.mark.parametrize("start", [initialise.identity, initialise.positive_definite])
@pytest.mark.parametrize("shape", [(3, 4), (3,), (2, 2, 2)])
def test_what_is_no_square_matrix_is_refused(start, shape):
    with pytest.raises(ValueError, match=r"expected a square matrix"):
        start(torch.empty(shape))


@pytest.mark.parametrize("kind, gates", [("rnn", 1), ("gru", 3), ("lstm", 4)])
def test_each_gate_starts_on_its_own(kind, gates):
    options = CellOptions(recurrent_initializer="positive-definite", kernel_initializer="he")
    layer = layers.recurrent(kind, 200, SIZE, options, num_layers=2, bidirectional=True)
    for name, weight in layer.named_parameters():
        if name.startswith("weight_hh"):
            parts = weight.detach().chunk(gates)
            assert all(abs(eigenvalues(part)[0] - 1) < 1e-6 for part in parts)
            assert len({part.numpy().tobytes() for part in parts}) == gates
        elif name.startswith("weight_ih"):
            assert abs(weight.var() * weight.shape[1] / 2 - 1) < 0.05


SEQUENCES = [np.random.default_rng(n).normal(size=(6, 2)).astype(np.float32) for n in range(24)]
WORDS = [f"{'ab'[n % 2]} c d" for n in range(24)]
SMALL = {"hidden": 8, "epochs": 1, "validation_fraction": 0.0}
CALLS = {
    "classifier": lambda **o: TextClassifier(**SMALL, **o).fit(WORDS, ["x", "y"] * 12),
    "series": lambda **o: SeriesClassifier(**SMALL, **o).fit(SEQUENCES, [0, 1] * 12),
    "tagger": lambda **o: SequenceTagger(**SMALL, **o).fit(
        [text.split() for text in WORDS], [["P", "Q", "R"]] * 24
    ),
    "language": lambda **o: LanguageModel(
        **SMALL, **{"cell" if k == "encoder" else k: v for k, v in o.items()}
    ).fit(WORDS),
    "translator": lambda **o: Translator(
        **SMALL, level="word", **{"cell" if k == "encoder" else k: v for k, v in o.items()}
    ).fit(WORDS, WORDS),
}
VARIANTS = {
    "rnn_relu": {"encoder": "rnn", "activation": "relu", "recurrent_initializer": "identity"},
    "gru_before": {"encoder": "gru", "reset": "before", "recurrent_dropout": 0.3},
    "gru_simple": {"encoder": "gru", "reset": None, "recurrent_initializer": "positive-definite"},
}


def kinds(network):
    return {module.cell for module in network.modules() if isinstance(module, torch.nn.RNNBase)}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", CALLS)
def test_every_variant_is_in_every_estimator(name, variant, tmp_path):
    net = CALLS[name](**VARIANTS[variant])
    assert kinds(net.network_) == {variant}
    net.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert kinds(again.network_) == {variant}
    pair = net.network_.state_dict(), again.network_.state_dict()
    assert all(torch.equal(pair[0][key], pair[1][key]) for key in pair[0])


def test_what_does_nothing_is_said():
    net = CALLS["classifier"](encoder="lstm", activation="relu", reset="before")
    told = " ".join(net.notes_)
    assert "activation does nothing with encoder='lstm', only with rnn" in told
    assert "reset does nothing with encoder='lstm', only with gru" in told
    net = CALLS["language"](encoder="gru", activation="relu")
    assert "activation does nothing with cell='gru', only with rnn" in " ".join(net.notes_)


def test_options_offer_the_starts_that_there_are():
    assert set(cells.STARTS) == set(initialise.STARTS)


def test_unknown_starts_are_refused():
    with pytest.raises(OptionError, match="recurrent_initializer='identety' is unknown; did you"):
        CALLS["classifier"](recurrent_initializer="identety")


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_stream_of_every_variant_says_what_the_whole_says(variant):
    net = CALLS["language"](**VARIANTS[variant])
    stream = net.stream()
    total = sum(chance for _, chance in stream.scored(["a", "c", "d"]))
    assert np.isclose(total, net.score_texts(["a c d"])[0], atol=1e-5)
