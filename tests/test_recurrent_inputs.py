"""What may come into a recurrent layer, in which form it leaves, and what is refused."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_sequence

from sestina.nn import GRU, LSTM, SimpleRNN

PAIRS = {
    "rnn": (SimpleRNN, nn.RNN, {}),
    "relu": (SimpleRNN, nn.RNN, {"nonlinearity": "relu"}),
    "gru": (GRU, nn.GRU, {}),
    "lstm": (LSTM, nn.LSTM, {}),
}
B, T, D, H = 4, 6, 3, 5
LENGTHS = [6, 0, 3, 1]

any_pair = pytest.mark.parametrize("name", PAIRS)


def pair(name, **options):
    """Return our layer and torch's, with the same weights."""
    ours, theirs, more = PAIRS[name]
    torch.manual_seed(0)
    one, other = ours(D, H, **more, **options), theirs(D, H, **more, **options)
    other.load_state_dict(one.state_dict())
    return one, other


def flat(results):
    """Return all tensors of a layer's answer."""
    if isinstance(results, torch.Tensor):
        return [results]
    if isinstance(results, PackedSequence):
        return [results.data]
    return [] if results is None else [tensor for part in results for tensor in flat(part)]


def close(one, other, limit=1e-5):
    ours, theirs = flat(one), flat(other)
    assert len(ours) == len(theirs)
    for mine, its in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, its, atol=limit, rtol=limit)


def state(layer, count=B, seed=1):
    torch.manual_seed(seed)
    rows = layer.num_layers * (2 if layer.bidirectional else 1)
    parts = [torch.randn(rows, count, H) for _ in range(2 if isinstance(layer, nn.LSTM) else 1)]
    return tuple(parts) if len(parts) > 1 else parts[0]


@any_pair
@pytest.mark.parametrize("batch_first", [False, True])
def test_one_sequence(name, batch_first):
    one, other = pair(name, bidirectional=True, batch_first=batch_first)
    x, hx = torch.randn(T, D), state(one, 1)
    first = tuple(s[:, 0] for s in hx) if isinstance(hx, tuple) else hx[:, 0]
    close(one(x), other(x))
    close(one(x, first), other(x, first))


@any_pair
@pytest.mark.parametrize("in_order", [True, False])
def test_packed_sequences(name, in_order):
    one, other = pair(name, num_layers=2, bidirectional=True)
    rows = [torch.randn(n, D) for n in ((5, 3, 3, 1) if in_order else (3, 1, 5, 3))]
    packed, hx = pack_sequence(rows, enforce_sorted=in_order), state(one)
    found, wanted = one(packed, hx), other(packed, hx)
    close(found, wanted)
    close(one(packed), other(packed))
    close(one(packed, hx, outputs=False)[1], wanted[1])
    ours, theirs = found[0], wanted[0]
    assert isinstance(ours, PackedSequence)
    for one_order, other_order in zip(ours[1:], theirs[1:], strict=True):
        assert one_order is other_order or torch.equal(one_order, other_order)


@any_pair
@pytest.mark.parametrize("batch_first", [False, True])
def test_a_list_of_sequences(name, batch_first):
    one, _ = pair(name, batch_first=batch_first)
    rows = [torch.randn(n, D) for n in (2, 0, 4)]
    outputs, final = one(rows)
    padded = nn.utils.rnn.pad_sequence(rows, batch_first)
    close((outputs, final), one(padded, lengths=[2, 0, 4]))
    assert outputs.shape == ((3, 4, H) if batch_first else (4, 3, H))
    assert one([rows[1]])[0].numel() == 0


def test_lengths_in_any_form():
    one, _ = pair("gru")
    x = torch.randn(T, B, D)
    wanted = one(x, lengths=torch.tensor(LENGTHS))
    for lengths in (LENGTHS, tuple(LENGTHS), np.array(LENGTHS), torch.tensor(LENGTHS).int()):
        assert all(map(torch.equal, flat(one(x, lengths=lengths)), flat(wanted)))
    changed = torch.tensor(LENGTHS)
    out, _ = one(x.requires_grad_(), lengths=changed)
    changed.fill_(2)
    out.sum().backward()
    assert x.grad[3:, 0].any()


@any_pair
def test_any_layout_of_the_input(name):
    one, other = pair(name)
    wide = torch.randn(B, D * 2, T * 2)
    for x in (
        wide[:, ::2, ::2].permute(2, 0, 1),
        torch.randn(T, 1, D).expand(T, B, D),
        torch.randn(1, 1, 1).expand(T, B, D),
    ):
        close(one(x), other(x))


@any_pair
def test_empty_batches(name):
    one, other = pair(name)
    close(one(torch.zeros(T, 0, D)), other(torch.zeros(T, 0, D)))
    for layer in (one, other):
        with pytest.raises(RuntimeError, match="Expected sequence length to be larger than 0"):
            layer(torch.zeros(0, B, D))
    hx = state(one)
    close(one(torch.zeros(0, B, D), hx, lengths=[0] * B), (torch.zeros(0, B, H), hx))


X = torch.zeros(T, B, D)
WRONG = {
    "dimensions": (ValueError, {"input": X[0, 0]}, "Expected input to be 2D or 3D, got 1D"),
    "features": (RuntimeError, {"input": X[..., :2]}, "Expected 3, got 2"),
    "type": (ValueError, {"input": X.double()}, "does not match weight dtype"),
    "whole numbers": (ValueError, {"input": X.long()}, "does not match weight dtype"),
    "state": (
        RuntimeError,
        {"hx": torch.zeros(1, B, 9)},
        r"Expected hidden size .*got \[1, 4, 9\]",
    ),
    "batch": (RuntimeError, {"hx": torch.zeros(1, 9, H)}, "Expected hidden size"),
    "flat state": (RuntimeError, {"hx": torch.zeros(B, H)}, "should be 3-D"),
    "state's type": (RuntimeError, {"hx": torch.zeros(1, B, H).double()}, "should be alike"),
    "state's device": (RuntimeError, {"hx": torch.zeros(1, B, H, device="meta")}, "alike"),
    "device": (RuntimeError, {"input": X.to("meta")}, "the input is on meta, the layer on cpu"),
    "no tensor": (ValueError, {"input": np.zeros((T, B, D))}, "got ndarray"),
    "strings": (ValueError, {"input": ["a", "b"]}, r"tensors \(T_i, D\)"),
    "nothing": (ValueError, {"input": []}, "got none"),
    "odd list": (ValueError, {"input": [X[0], X[0, :, :2]]}, r"\(4, 3\), \(4, 2\)"),
    "list and lengths": (ValueError, {"input": [X[0]], "lengths": [4]}, "lengths of its own"),
    "one and lengths": (ValueError, {"input": X[0], "lengths": [4]}, "one padded tensor"),
    "long": (ValueError, {"lengths": [7, 1, 1, 1]}, "between 0 and the 6 steps .* 1 to 7"),
    "negative": (ValueError, {"lengths": [-1, 1, 1, 1]}, "got -1 to 1"),
    "few": (ValueError, {"lengths": [1, 1]}, "4 whole numbers"),
    "fractions": (ValueError, {"lengths": [1.0] * 4}, "4 whole numbers"),
}


@pytest.mark.parametrize(("kind", "given", "match"), WRONG.values(), ids=WRONG)
def test_what_does_not_fit_is_one_sentence(kind, given, match):
    with pytest.raises(kind, match=match):
        GRU(D, H)(**{"input": X, **given})


def test_what_a_constructor_refuses():
    with pytest.raises(RuntimeError, match=r"hx should be a tuple \(h_0, c_0\), got Tensor"):
        LSTM(D, H)(X, torch.zeros(1, B, H))
    for options, match in (
        ({"recurrent_dropout": 1.5}, "number from 0 to 1"),
        ({"reset": "never"}, "reset should be"),
        ({"dropout": 2.0}, "dropout should be a number"),
    ):
        with pytest.raises(ValueError, match=match):
            GRU(D, H, **options)
    with pytest.raises(ValueError, match="does not go with proj_size"):
        LSTM(D, H, proj_size=2, recurrent_dropout=0.5)
    with pytest.raises(ValueError, match="give one of them"):
        SimpleRNN(D, H, 1, "tanh", activation="relu")
    assert SimpleRNN(D, H, activation="relu").mode == "RNN_RELU"


@pytest.mark.parametrize("lengths", [["a", 4], [[1], [1, 2]]])
def test_lengths_that_are_no_numbers_are_one_sentence(lengths):
    with pytest.raises(ValueError, match="lengths should be 2 whole numbers, got"):
        GRU(4, 5, batch_first=True)(torch.randn(2, 3, 4), lengths=lengths)


def test_a_sparse_input_is_refused():
    with pytest.raises(ValueError, match="expected a dense tensor, got layout"):
        GRU(4, 5)(torch.randn(2, 3, 4).to_sparse())
