"""Folded embeddings and single steps: the same as the plain way."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from sestina import TextClassifier
from sestina.nn import GRU, LSTM, Lookup, MinGRU, MinLSTM, SimpleRNN, sequences
from sestina.nn.embedding import TokenEmbedding

B, T, V, D, H = 7, 11, 20, 5, 18
MADE = {
    "rnn": lambda **o: SimpleRNN(D, H, **o),
    "relu": lambda **o: SimpleRNN(D, H, activation="relu", **o),
    "gru": lambda **o: GRU(D, H, **o),
    "before": lambda **o: GRU(D, H, reset="before", **o),
    "simple": lambda **o: GRU(D, H, reset=None, **o),
    "lstm": lambda **o: LSTM(D, H, **o),
    "mingru": lambda **o: MinGRU(D, H, **o),
    "minlstm": lambda **o: MinLSTM(D, H, **o),
}
LENGTHS = [11, 3, 0, 1, 11, 7, 2]
every_cell = pytest.mark.parametrize("cell", MADE)


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def flat(final):
    return list(final) if isinstance(final, tuple) else [final]


def found(layer, weight, ids, lengths, **options):
    """Return outputs, final states and all gradients of a layer over a lookup."""
    layer.zero_grad()
    weight.grad = None
    made, final = layer(Lookup(ids, weight, **options), lengths=lengths)
    (made.sin().sum() + sum(part.cos().sum() for part in flat(final))).backward()
    return [made, *flat(final), weight.grad, *(p.grad for p in layer.parameters())]


def close(ones, others):
    for one, other in zip(ones, others, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


@every_cell
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "ragged"])
@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize(("layers", "both"), [(1, False), (2, True)])
def test_folded_is_what_the_lookup_gives(cell, lengths, batch_first, layers, both):
    layer = MADE[cell](num_layers=layers, bidirectional=both, batch_first=batch_first)
    weight = nn.Parameter(torch.randn(V, D))
    ids = torch.randint(0, V, (B, T) if batch_first else (T, B))
    one, other = (found(layer, weight, ids, lengths, padding=3, fold=f) for f in (True, False))
    close(one, other)
    gradient = one[-1 - len(list(layer.parameters()))]
    assert not gradient[3].any() and gradient[ids[0, 0]].any() == (ids[0, 0] != 3)


def test_padding_ids_are_never_looked_at():
    layer, weight = GRU(D, H, batch_first=True), nn.Parameter(torch.randn(V, D))
    ids = torch.randint(0, V, (B, T))
    clean = found(layer, weight, ids, LENGTHS, fold=True)
    ids[torch.arange(T) >= torch.tensor(LENGTHS)[:, None]] = 10**9
    same = found(layer, weight, ids, LENGTHS, fold=True)
    assert all(map(torch.equal, clean, same))


def test_an_id_outside_the_table_is_one_sentence():
    layer, ids = GRU(D, H), torch.full((T, B), V)
    with pytest.raises(IndexError, match="between 0 and 19, the rows of the table; got 20"):
        layer(Lookup(ids, torch.randn(V, D), fold=True))


def test_it_folds_where_tokens_occur_often(monkeypatch):
    asked = []
    real = sequences.Batch
    monkeypatch.setattr(sequences, "Batch", lambda *a, **k: asked.append(k) or real(*a, **k))
    layer, weight = GRU(D, H), torch.randn(1000, D)
    for ids, folds in ((torch.randint(0, 5, (T, B)), True), (torch.arange(77).view(T, B), False)):
        asked.clear()
        layer(Lookup(ids, weight))
        assert ("rows" in asked[0]) == folds


@pytest.mark.parametrize("batch_first", [True, False])
def test_ids_of_32_bits_fold_to_the_same_bits(batch_first):
    layer, weight = LSTM(D, H, batch_first=batch_first), nn.Parameter(torch.randn(V, D))
    ids = torch.randint(0, V, (B, T) if batch_first else (T, B))
    one, other = (
        found(layer, weight, given, LENGTHS, padding=3, fold=True) for given in (ids, ids.int())
    )
    assert all(map(torch.equal, one, other))


def test_a_classifier_of_texts_folds_its_lookups(monkeypatch):
    rows = []
    real = sequences.Batch
    monkeypatch.setattr(
        sequences, "Batch", lambda *a, **k: rows.append(k.get("rows")) or real(*a, **k)
    )
    texts = [f"a {w} film {n} and a {w} end" for n in range(20) for w in ("fine", "dull")]
    net = TextClassifier(encoder="lstm", hidden=8, embedding=4, epochs=1, seed=0)
    net.fit(texts, [0, 1] * 20).predict(texts)
    assert rows and all(row is not None for row in rows)


@pytest.mark.parametrize(
    "layer",
    [
        GRU(D, H, input_dropout=0.5),
        GRU(D, H).double(),
        LSTM(D, H, proj_size=2),
    ],
    ids=["masked", "float64", "projected"],
)
@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported")
def test_what_cannot_be_folded_is_looked_up(layer):
    ids = torch.randint(0, 5, (T, B))
    weight = torch.randn(V, D, dtype=next(layer.parameters()).dtype)
    torch.manual_seed(1)
    one = layer(Lookup(ids, weight, fold=True))[0]
    torch.manual_seed(1)
    assert torch.equal(one, layer(F.embedding(ids, weight))[0])


def test_second_derivatives_of_a_folded_lookup():
    layer, ids = GRU(D, H), torch.randint(0, 4, (3, 2))
    weight = torch.randn(V, D, requires_grad=True)

    def twice(fold):
        made, _ = layer(Lookup(ids, weight, fold=fold))
        (first,) = torch.autograd.grad(made.pow(2).sum(), weight, create_graph=True)
        return torch.autograd.grad(first.pow(2).sum(), weight)

    close(twice(True), twice(False))


def test_a_frozen_table_and_the_padding_row_stay():
    ids = torch.randint(0, 4, (T, B))
    for trainable in (True, False):
        embedding = TokenEmbedding(V, D, None, trainable)
        layer = LSTM(D, H)
        with torch.no_grad():
            embedding.weight[0] = 0
        before = copy.deepcopy(embedding.weight)
        optimiser = torch.optim.SGD([*layer.parameters(), embedding.weight], lr=1.0)
        layer(embedding.lookup(ids)._replace(fold=True))[0].sum().backward()
        optimiser.step()
        changed = (embedding.weight != before).any(dim=1)
        assert not changed[0] and changed[1:4].all() == trainable and not changed[4:].any()


@every_cell
def test_steps_are_the_sequence(cell):
    layer = MADE[cell](num_layers=2)
    x = torch.randn(T, D)
    made, final = layer(x)
    stepper = layer.stepper()
    steps = [stepper.step(row) for row in x.numpy()]
    np.testing.assert_allclose(steps, made.detach().numpy(), atol=1e-6)
    for one, other in zip(stepper.state, flat(final), strict=True):
        np.testing.assert_allclose(one, other.detach().numpy(), atol=1e-6)


def test_a_stepper_starts_where_it_is_told():
    layer = LSTM(D, H)
    stepper = layer.stepper()
    first = [stepper.step(np.ones(D, np.float32)) for _ in range(3)]
    stepper.state = None
    again = stepper.step(np.ones(D, np.float32))
    kept = stepper.state
    stepper.step(np.zeros(D, np.float32))
    stepper.state = kept
    np.testing.assert_array_equal(again, first[0])
    np.testing.assert_array_equal(stepper.step(np.ones(D, np.float32)), first[1])


@pytest.mark.parametrize(
    "layer", [LSTM(D, H, bidirectional=True), LSTM(D, H).double(), LSTM(D, H, proj_size=2)]
)
def test_what_cannot_be_stepped_says_so(layer):
    with pytest.raises(ValueError, match="a stepper goes forwards in time, on float32"):
        layer.stepper()


@pytest.mark.parametrize("fold", [None, False])
@pytest.mark.parametrize("batch_first", [False, True])
def test_padding_ids_may_be_any_folded_or_not(fold, batch_first):
    layer, weight = GRU(4, 5, batch_first=batch_first), torch.randn(50, 4)
    ids = torch.tensor([[1, 2, 3, -1], [4, -1, 99, -1]])
    real = ids.where((ids > 0) & (ids < 50), 7)
    given = [row if batch_first else row.T for row in (ids, real)]
    one, other = (layer(Lookup(row, weight, fold=fold), lengths=[3, 1])[0] for row in given)
    assert torch.equal(one, other)


@pytest.mark.parametrize(
    ("lookup", "said"),
    [
        (Lookup(torch.zeros(2, 9, dtype=torch.int64), torch.randn(6, 4), 99), "padding is 99"),
        (Lookup(torch.zeros(2, 9, dtype=torch.int64), torch.randn(6, 4), -9), "rows 0 to 5"),
        (Lookup([1, 2], torch.randn(6, 4)), "wants tensors, got ids: list of 2"),
        (Lookup(torch.zeros(2, 9, dtype=torch.int64), torch.randn(4)), r"\(V, D\), got shape"),
    ],
)
def test_a_lookup_that_is_none_is_one_sentence(lookup, said):
    with pytest.raises(ValueError, match=said):
        GRU(4, 5)(lookup)


@pytest.mark.parametrize(
    "state",
    [
        (np.full((1, 1), 0.3),) * 2,
        (np.zeros(3),) * 2,
        (np.full((1, 3), 0.5), np.full((2, 3), 0.7)),
        (np.zeros((1, 3)),),
        "a",
    ],
)
def test_a_state_of_another_shape_is_refused_whole(state):
    stepper = LSTM(5, 3).stepper()
    stepper.step(np.ones(5, np.float32))
    before = stepper.state
    with pytest.raises(ValueError, match=r"2 arrays of shape \(1, 3\), got shapes"):
        stepper.state = state
    assert all(map(np.array_equal, stepper.state, before))
    stepper.state = None
    assert not any(part.any() for part in stepper.state)
