"""The recurrent layers' numbers: against torch's, the reference and finite differences."""

import itertools
import types

import numpy as np
import pytest
import torch
from torch import nn

from sestina.kernels import reference
from sestina.kernels.cells import BLIND, GATES, STATES, Weights
from sestina.nn import GRU, LSTM, MinGRU, MinLSTM, SimpleRNN, fused, plain

LAYERS = {
    "rnn_tanh": (SimpleRNN, nn.RNN, {}),
    "rnn_relu": (SimpleRNN, nn.RNN, {"nonlinearity": "relu"}),
    "gru_after": (GRU, nn.GRU, {}),
    "lstm": (LSTM, nn.LSTM, {}),
}
OWN = {"gru_before": {"reset": "before"}, "gru_simple": {"reset": None}}
MINIMAL = {"mingru": MinGRU, "minlstm": MinLSTM}
LENGTHS = torch.tensor([4, 0, 7, 1, 3])
B, T, D, H = len(LENGTHS), 8, 3, 4  # one step more than the longest row has

any_cell = pytest.mark.parametrize("cell", LAYERS)
every_cell = pytest.mark.parametrize("cell", GATES)
shapes = pytest.mark.parametrize(
    ("layers", "both", "batch_first"), list(itertools.product((1, 2), (False, True), (False, True)))
)


@pytest.fixture
def calls(monkeypatch):
    """Note what the kernels are asked for."""
    real, noted = fused._kernels(), []

    def forward(*given, outputs=None, keep=True, **more):
        noted.append(("forward", outputs is not None, keep))
        return real.forward(*given, outputs=outputs, keep=keep, **more)

    def backward(tape, d_outputs=None, d_final=None, *, need_input=True, **more):
        from_final = any(part is not None for part in d_final)
        noted.append(("backward", d_outputs is not None, from_final, need_input))
        return real.backward(tape, d_outputs, d_final, need_input=need_input, **more)

    monkeypatch.setattr(
        fused, "_kernels", lambda: types.SimpleNamespace(forward=forward, backward=backward)
    )
    return noted


def made(cell, dtype=torch.float32, **options):
    torch.manual_seed(0)
    if cell in MINIMAL:
        options = {name: value for name, value in options.items() if name != "recurrent_dropout"}
        return MINIMAL[cell](D, H, dtype=dtype, **options)
    if cell in OWN:
        return GRU(D, H, dtype=dtype, **OWN[cell], **options)
    ours, _, more = LAYERS[cell]
    return ours(D, H, dtype=dtype, **more, **options)


def pair(cell, dtype=torch.float32, **options):
    """Return our layer and torch's, with the same weights."""
    _, theirs, more = LAYERS[cell]
    one, other = made(cell, dtype, **options), theirs(D, H, dtype=dtype, **more, **options)
    other.load_state_dict(one.state_dict())
    return one, other


def states(layer, dtype, count=B):
    rows = layer.num_layers * (2 if layer.bidirectional else 1)
    parts = [torch.randn(rows, count, H).to(dtype) for _ in range(STATES[layer.cell])]
    return [part.requires_grad_() for part in parts]


def packed_up(parts):
    return tuple(parts) if len(parts) > 1 else parts[0]


def as_list(final):
    return list(final) if isinstance(final, tuple) else [final]


def alone(layer, x, initial, lengths):
    """Return outputs and final states of torch's layer on each row of x (B, T, D) by itself."""
    rows, finals = [], []
    for n, length in enumerate(lengths.tolist()):
        first = [s[:, n : n + 1] for s in initial]
        out, final = x.new_zeros(0, H * (2 if layer.bidirectional else 1)), first
        if length:
            row = x[n : n + 1, :length]
            out, final = layer(row if layer.batch_first else row.transpose(0, 1), packed_up(first))
            out, final = out.reshape(length, -1), as_list(final)
        rows.append(torch.cat([out, out.new_zeros(T - length, out.shape[1])]))
        finals.append(final)
    return torch.stack(rows), [torch.cat(parts, dim=1) for parts in zip(*finals, strict=True)]


def scalar(outputs, finals):
    """Return one number that depends on every output and final state."""
    torch.manual_seed(2)
    weighed = [p * torch.randn(p.shape).to(p) for p in (outputs, *finals)]
    return sum(part.sum() for part in weighed)


def close(one, other, dtype=torch.float32):
    limit = {torch.float32: 1e-5, torch.float64: 1e-12}[dtype]
    torch.testing.assert_close(one, other, atol=limit, rtol=limit)


@any_cell
@shapes
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["all", "ragged"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["kernels", "plain"])
def test_outputs_states_and_gradients_are_torchs(cell, layers, both, batch_first, lengths, dtype):
    options = {"num_layers": layers, "bidirectional": both, "batch_first": batch_first}
    one, other = pair(cell, dtype, **options)
    found = []
    for layer in (one, other):
        torch.manual_seed(1)
        x = torch.randn(B, T, D).to(dtype).requires_grad_()
        initial = states(one, dtype)
        if layer is one:
            outputs, final = one(
                x if batch_first else x.transpose(0, 1), packed_up(initial), lengths=lengths
            )
            finals = as_list(final)
            assert outputs.is_contiguous()
            outputs = outputs if batch_first else outputs.transpose(0, 1)
        else:
            outputs, finals = alone(
                other, x, initial, torch.full((B,), T) if lengths is None else lengths
            )
        wanted = (x, *initial, *layer.parameters())
        gradients = torch.autograd.grad(scalar(outputs, finals), wanted)
        found.append([outputs, *finals, *gradients])
    for ours, theirs in zip(*found, strict=True):
        close(ours, theirs, dtype)
    if lengths is not None:
        assert not found[0][0][torch.arange(T) >= LENGTHS[:, None]].any()


@every_cell
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_plain_loop_is_the_reference(cell, reverse, masked):
    torch.manual_seed(3)
    size = GATES[cell] * H
    below = 0 if cell in BLIND else size
    weights = [torch.randn(shape).double() for shape in ((size, D), (below, H), (size,), (size,))]
    x, lengths = torch.randn(B, T, D).double(), LENGTHS
    state = tuple(torch.randn(B, H).double() for _ in range(STATES[cell]))
    masks = {}
    if masked:
        masks = {"input_mask": torch.rand(B, D).double(), "hidden_mask": torch.rand(B, H).double()}
    tensors = [t.requires_grad_() for t in (x, *weights, *state)]
    outputs, final = plain.run(
        cell, x, tuple(weights), state, lengths=lengths, reverse=reverse, **masks
    )
    d_outputs, d_final = (
        torch.randn(outputs.shape).double(),
        [torch.randn(B, H).double() for _ in state],
    )
    gradients = torch.autograd.grad(
        [outputs, *final], tensors, [d_outputs, *d_final], materialize_grads=True
    )
    arrays = Weights(*(w.detach().numpy() for w in weights))
    kwargs = {name: mask.numpy() for name, mask in masks.items()}
    wanted, ended, tape = reference.forward(
        cell, x.detach().numpy(), arrays, tuple(s.detach().numpy() for s in state),
        lengths=lengths.numpy(), reverse=reverse, **kwargs,
    )  # fmt: skip
    back = reference.backward(tape, d_outputs.numpy(), tuple(d.numpy() for d in d_final))
    ours = [outputs, *final, *gradients]
    theirs = [wanted, *ended, back.input, *back.weights, *back.state]
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one.detach().numpy(), other, atol=1e-11)


DROPPED = {"recurrent_dropout": 0.4, "input_dropout": 0.3}


def numbers(layer, x, initial, lengths):
    """Return outputs, final states and all gradients, with the same dropout for every layer."""
    torch.manual_seed(5)
    outputs, final = layer(x, packed_up(initial), lengths=lengths)
    parts = [outputs, *as_list(final)]
    wanted = [w for w in (x, *initial, *layer.parameters()) if w.requires_grad]
    return [*parts, *torch.autograd.grad(scalar(outputs, parts[1:]), wanted)]


@every_cell
@pytest.mark.parametrize("single_bias", [False, True])
@pytest.mark.parametrize("options", [{}, DROPPED], ids=["still", "dropped"])
def test_kernels_agree_with_the_plain_loop(cell, single_bias, options, calls):
    shape = {"num_layers": 2, "bidirectional": True, "single_bias": single_bias, **options}
    one, other = made(cell, **shape), made(cell, torch.float64, **shape)
    other.load_state_dict(one.state_dict())
    torch.manual_seed(4)
    x, initial = torch.randn(T, B, D, requires_grad=True), states(one, torch.float32)
    doubles = [t.detach().double().requires_grad_() for t in (x, *initial)]
    ours = numbers(one, x, initial, LENGTHS)
    assert len(calls) == 8
    theirs = numbers(other, doubles[0], doubles[1:], LENGTHS)
    assert len(calls) == 8
    for single, double in zip(ours, theirs, strict=True):
        close(single.double(), double)


@every_cell
@pytest.mark.parametrize("options", [{}, DROPPED], ids=["still", "dropped"])
def test_gradients_are_finite_differences(cell, options):
    layer = made(cell, torch.float64, bidirectional=True, single_bias=True, **options)
    x = torch.randn(4, 3, D, dtype=torch.float64, requires_grad=True)
    initial = states(layer, torch.float64, 3)
    names, weights = zip(*layer.named_parameters(), strict=True)

    def run(x, *rest):
        torch.manual_seed(6)
        named = dict(zip(names, rest[len(initial) :], strict=True))
        given = (x, packed_up(rest[: len(initial)]))
        out, final = torch.func.functional_call(layer, named, given, {"lengths": [4, 0, 2]})
        return out, *as_list(final)

    inputs = (x, *initial, *weights)
    assert torch.autograd.gradcheck(run, inputs, fast_mode=True)
    assert torch.autograd.gradgradcheck(
        run, inputs, fast_mode=True, gen_non_contig_grad_outputs=True
    )


@every_cell
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["kernels", "plain"])
def test_padding_is_never_looked_at(cell, dtype):
    layer = made(cell, dtype, num_layers=2, bidirectional=True, batch_first=True)
    x, initial = torch.randn(B, T, D).to(dtype), states(layer, dtype)
    spoilt = x.clone()
    spoilt[torch.arange(T) >= LENGTHS[:, None]] = torch.nan
    clean, dirty = (numbers(layer, one.requires_grad_(), initial, LENGTHS) for one in (x, spoilt))
    assert all(map(torch.equal, clean, dirty))


@every_cell
def test_gradients_of_gradients(cell):
    one, other = (made(cell, dtype, bidirectional=True) for dtype in (torch.float32, torch.float64))
    other.load_state_dict(one.state_dict())
    found = []
    for layer, dtype in ((one, torch.float32), (other, torch.float64)):
        torch.manual_seed(7)
        x, initial = torch.randn(T, B, D).to(dtype).requires_grad_(), states(layer, dtype)
        inputs = (x, *initial, *layer.parameters())
        out, final = layer(x * 2, packed_up([s.tanh() for s in initial]), lengths=LENGTHS)
        first = torch.autograd.grad(scalar(out, as_list(final)), inputs, create_graph=True)
        penalty = sum((g**2).sum() for g in first)
        second = torch.autograd.grad(penalty, inputs)
        found.append([*first, *second])
    for single, double in zip(*found, strict=True):
        torch.testing.assert_close(single.double(), double, atol=1e-4, rtol=1e-4)


def test_a_state_that_hangs_on_the_input_counts_once():
    one, other = pair("gru_after")
    x = torch.randn(T, B, H, requires_grad=True)
    totals = []
    for layer in (one, other):
        first = x[0][None]
        out, _ = layer(x[:, :, :D], first)
        (g,) = torch.autograd.grad((out**2).sum(), x, create_graph=True)
        totals.append(torch.autograd.grad((g**2).sum(), x)[0])
    torch.testing.assert_close(*totals, atol=1e-4, rtol=1e-4)


def test_kernels_are_asked_for_no_more_than_is_needed(calls):
    layer = made("lstm", num_layers=2)
    x = torch.randn(T, B, D)
    with torch.no_grad():
        layer(x)
    assert calls == [("forward", True, False)] * 2
    calls.clear()
    out, final = layer(x, outputs=False)
    assert out is None
    final[0][-1].sum().backward()
    assert calls == [
        ("forward", True, True),
        ("forward", False, True),
        ("backward", False, True, True),
        ("backward", True, True, False),
    ]
    calls.clear()
    layer.requires_grad_(False)
    assert not layer(x)[0].requires_grad
    layer.weight_hh_l1.requires_grad_(True)
    layer(x)[0].sum().backward()
    assert calls[2:] == [
        ("forward", True, False),
        ("forward", True, True),
        ("backward", True, False, False),
    ]


@any_cell
@pytest.mark.parametrize("keep", ["weight_hh_l0", "bias_ih_l0", "x", "hx"])
def test_only_what_wants_a_gradient_gets_one(cell, keep):
    found = []
    for layer in pair(cell):
        torch.manual_seed(8)
        x, initial = torch.randn(T, B, D), [s.detach() for s in states(made(cell), torch.float32)]
        layer.requires_grad_(False)
        wanted = {"x": [x], "hx": initial}.get(keep) or [getattr(layer, keep)]
        for tensor in wanted:
            tensor.requires_grad_()
        out, final = layer(x, packed_up(initial))
        scalar(out, as_list(final)).backward()
        found.append([tensor.grad for tensor in wanted])
        assert all(w.grad is None for name, w in layer.named_parameters() if name != keep)
    for ours, theirs in zip(*found, strict=True):
        close(ours, theirs)
