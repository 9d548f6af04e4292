"""Layer-normalised LSTM and GRU: kernels, plain loop, NumPy, streams, derivatives."""

import numpy as np
import pytest
import torch

import sestina
from sestina import TextClassifier
from sestina.errors import OptionError
from sestina.kernels import reference_normed
from sestina.kernels.cells import Weights
from sestina.nn import GRU, LSTM, SimpleRNN

every_kind = pytest.mark.parametrize("kind", [LSTM, GRU])
LENGTHS = [7, 0, 1, 3, 7, 2, 5, 6, 4] * 3


def made(kind, inputs=5, hidden=21, **options):
    """Return a layer whose scales and shifts are no ones and zeros."""
    torch.manual_seed(0)
    layer = kind(inputs, hidden, batch_first=True, normalise="layer", **options)
    with torch.no_grad():
        for name, weight in layer.named_parameters():
            if name.startswith(("gain", "bias")):
                weight.uniform_(0.5, 1.5)
    return layer


def as_list(final):
    return list(final) if isinstance(final, tuple) else [final]


def results(layer, x, lengths=None, hx=None):
    torch.manual_seed(1)
    outputs, final = layer(x, hx, lengths=lengths)
    weighed = [torch.linspace(-1, 1, p.numel(), dtype=p.dtype).view(p.shape) for p in (outputs, *as_list(final))]  # fmt: skip
    loss = sum((p * w).sum() for p, w in zip((outputs, *as_list(final)), weighed, strict=True))
    wanted = [x, *layer.parameters()]
    return [outputs, *as_list(final), *torch.autograd.grad(loss, wanted)]


@every_kind
@pytest.mark.parametrize("hidden", [9, 16, 21])
@pytest.mark.parametrize(
    "dropped", [{}, {"zoneout": 0.3, "recurrent_dropout": 0.2, "input_dropout": 0.2}]
)
def test_kernels_are_the_loop_in_float64(kind, hidden, dropped):
    options = {"num_layers": 2, "bidirectional": True, "residual": True, **dropped}
    layer = made(kind, hidden=hidden, **options)
    x = torch.randn(len(LENGTHS), 8, 5)
    ours = results(layer, x.clone().requires_grad_(), LENGTHS)
    theirs = results(layer.double(), x.double().requires_grad_(), LENGTHS)
    for one, other in zip(ours, theirs, strict=True):
        limit = 1e-4 * max(1, other.abs().max().item())
        torch.testing.assert_close(one.double(), other, atol=limit, rtol=0)


@every_kind
def test_the_loop_goes_back_by_differences(kind):
    layer = made(kind, hidden=4).double()
    names, weights = zip(*layer.named_parameters(), strict=True)
    x = torch.randn(3, 4, 5, dtype=torch.float64, requires_grad=True)

    def run(x, *weights):
        named = dict(zip(names, weights, strict=True))
        out, final = torch.func.functional_call(layer, named, (x,), {"lengths": [4, 0, 2]})
        return out, *as_list(final)

    assert torch.autograd.gradcheck(run, (x, *weights), fast_mode=True)


@every_kind
def test_derivatives_of_derivatives(kind):
    x, found = torch.randn(3, 4, 5), []
    for dtype in (torch.float32, torch.float64):
        layer, at = made(kind).to(dtype), x.to(dtype).requires_grad_()
        first = torch.autograd.grad(layer(at)[0].square().sum(), at, create_graph=True)[0]
        found.append([first, torch.autograd.grad(first.square().sum(), at)[0]])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one.double(), other, atol=1e-3, rtol=1e-3)


@every_kind
def test_a_step_is_the_definition(kind):
    layer = made(kind).eval()
    weights = Weights(*(w.detach().numpy() for w in
                        (layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0, layer.bias_hh_l0)))  # fmt: skip
    names = ["gain_ih_l0", "gain_hh_l0", "gain_c_l0", "bias_c_l0"][: 4 if kind is LSTM else 2]
    gains = [getattr(layer, name).detach().numpy() for name in names]
    x = torch.randn(2, 1, 5)
    state = [torch.randn(1, 2, 21) for _ in range(2 if kind is LSTM else 1)]
    _, final = layer(x, tuple(state) if kind is LSTM else state[0])
    d = reference_normed.driven(x[:, 0].numpy(), weights, gains[0])
    before = tuple(part[0].numpy() for part in state)
    after = reference_normed.step(d, before, weights.hidden, gains[1:])
    for one, other in zip(as_list(final), after, strict=True):
        np.testing.assert_allclose(one[0].detach().numpy(), other, atol=2e-6)


@every_kind
def test_gates_are_normal_and_scales_do_not_matter(kind):
    one, other = made(kind), made(kind)
    with torch.no_grad():
        other.weight_ih_l0.mul_(100)
        other.weight_hh_l0.mul_(0.5)
    x, state = torch.randn(2, 6, 5), torch.randn(1, 2, 21)
    hx = (state, state) if kind is LSTM else state
    torch.testing.assert_close(one(x, hx)[0], other(x, hx)[0], atol=2e-3, rtol=0)


@every_kind
def test_streams(kind):
    layer = made(kind, num_layers=3, residual=True, zoneout=0.2).eval()
    x = torch.randn(1, 9, 5)
    outputs, _ = layer(x)
    stepper = layer.stepper()
    for t in range(9):
        found = stepper.step(x[0, t].numpy())
        np.testing.assert_allclose(found, outputs[0, t].detach().numpy(), atol=1e-5)
    kept, stepper.state = stepper.state, None
    stepper.state = kept
    np.testing.assert_allclose(stepper.output, found, atol=1e-6)


@every_kind
def test_threads_and_padding_change_no_bit(kind):
    layer, x = made(kind, 16, 64), torch.randn(80, 30, 16)
    lengths, found = torch.randint(0, 31, (80,)), []
    for threads in (1, 2, 3):
        sestina.set_threads(threads)
        spoilt = x.clone()
        spoilt[torch.arange(30) >= lengths[:, None]] = torch.nan if threads > 1 else 0.0
        found.append(results(layer, spoilt.requires_grad_(), lengths))
    sestina.set_threads(None)
    for other in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(found[0], other, strict=True))


def test_state_dict_keeps_the_scales():
    one, other = made(LSTM), LSTM(5, 21, batch_first=True, normalise="layer")
    other.load_state_dict(one.state_dict())
    x = torch.randn(2, 3, 5)
    assert torch.equal(one(x)[0], other(x)[0])
    assert set(one.state_dict()) >= {"gain_ih_l0", "gain_hh_l0", "gain_c_l0", "bias_c_l0"}


def test_what_has_no_normalised_form_says_so():
    for bad in (lambda: SimpleRNN(3, 4, normalise="layer"),
                lambda: GRU(3, 4, reset="before", normalise="layer")):  # fmt: skip
        with pytest.raises(ValueError, match="normalise='layer' is of an LSTM without proj_size"):
            bad()
    with pytest.raises(ValueError, match="normalise should be None, 'layer' or 'batch', got 'no'"):
        LSTM(3, 4, normalise="no")
    net = TextClassifier(encoder="gru", reset="before", normalise="layer", epochs=1)
    with pytest.raises(OptionError, match="a GRU that normalises resets after the product"):
        net.fit(["a b", "b a", "a a", "b b"] * 3, ["x", "y"] * 6)
