"""Zoneout: the kernels against the reference, the reference against differences, layers, coins."""

import numpy as np
import pytest
import torch

import sestina
from sestina.kernels import coins, recurrent, reference
from sestina.kernels.cells import BLIND, GATES, STATES, Weights, Zone
from sestina.nn import GRU, LSTM, MinGRU, MinLSTM, SimpleRNN

every_cell = pytest.mark.parametrize("cell", GATES)
both_directions = pytest.mark.parametrize("reverse", [False, True], ids=["onward", "reverse"])
KEY = 1234567890123
SHARES = (0.4, 0.3)


def drawn(cell, batch, steps, features, hidden, dtype=np.float32):
    """Return x, weights, lengths with 0 and 1 among them, and a gradient of the outputs."""
    rng = np.random.default_rng(7)
    rows = GATES[cell] * hidden

    def normal(*shape):
        return (rng.normal(size=shape) / 2).astype(dtype)

    below = 0 if cell in BLIND else rows
    weights = Weights(normal(rows, features), normal(below, hidden), normal(rows), normal(rows))
    lengths = rng.integers(0, steps + 1, batch)
    lengths[:3] = (0, 1, steps)
    return normal(batch, steps, features), weights, lengths, normal(batch, steps, hidden)


def stays(cell, key, lengths, steps, hidden, reverse):
    """Return the shares that stay, as the reference wants them."""
    read = np.broadcast_to(np.arange(steps), (len(lengths), steps))
    if reverse:
        read = np.maximum(lengths[:, None] - 1 - read, 0)
    shares = enumerate(SHARES[: STATES[cell]])
    if key is None:
        return tuple(np.full((*read.shape, hidden), share) for _, share in shares)
    return tuple(coins.tossed(key, n, read, hidden, share).astype(float) for n, share in shares)


@every_cell
@both_directions
@pytest.mark.parametrize("key", [KEY, None], ids=["coins", "expected"])
@pytest.mark.parametrize("sizes", [(19, 11, 5, 21), (3, 1, 2, 16)])
def test_kernels_are_the_reference(cell, reverse, key, sizes):
    _, steps, _, hidden = sizes
    x, weights, lengths, d = drawn(cell, *sizes)
    zone = Zone(SHARES[0], SHARES[1] if STATES[cell] == 2 else 0.0, key)
    made = np.zeros_like(d)
    how = {"lengths": lengths, "reverse": reverse}
    final, tape = recurrent.forward(cell, x, weights, zone=zone, outputs=made, **how)
    found = recurrent.backward(tape, d)
    how["stays"] = stays(cell, key, lengths, steps, hidden, reverse)
    wide = Weights(*(weight.astype(float) for weight in weights))
    outputs, true_final, tape = reference.forward(cell, x.astype(float), wide, **how)
    true = reference.backward(tape, d.astype(float))
    pairs = [(made, outputs), *zip(final, true_final, strict=True), (found.input, true.input)]
    pairs += [*zip(found.weights, true.weights, strict=True)]
    for ours, theirs in (*pairs, *zip(found.state, true.state, strict=True)):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=2e-5)


@every_cell
def test_reference_goes_back_by_central_differences(cell):
    x, weights, lengths, d = drawn(cell, 4, 3, 2, 3, float)
    rng = np.random.default_rng(1)
    held = tuple(rng.uniform(size=(4, 3, 3)) for _ in range(STATES[cell]))
    begin = tuple(rng.normal(size=(4, 3)) for _ in range(STATES[cell]))

    def run():
        return reference.forward(cell, x, weights, begin, lengths=lengths, stays=held)

    found = reference.backward(run()[2], d)
    arrays = [(x, found.input), *zip(weights, found.weights, strict=True)]
    for array, gradient in (*arrays, *zip(begin, found.state, strict=True)):
        for place in np.ndindex(array.shape):
            kept, values = array[place], []
            for step in (1e-5, -1e-5):
                array[place] = kept + step
                values.append(np.vdot(run()[0], d))
            array[place] = kept
            assert gradient[place] == pytest.approx((values[0] - values[1]) / 2e-5, abs=1e-7)


def test_coins_fall_by_their_share_and_depend_on_all_they_are_made_of():
    steps = np.broadcast_to(np.arange(50), (40, 50))
    first = coins.tossed(KEY, 0, steps, 64, 0.3)
    assert first.mean() == pytest.approx(0.3, abs=0.005)
    for axis in range(3):  # rows, steps and units know nothing of their neighbours
        pairs = np.moveaxis(first, axis, 0)
        both = (pairs[1:] & pairs[:-1]).mean()
        assert both == pytest.approx(0.09, abs=0.005)
    for other in (coins.tossed(KEY + 1, 0, steps, 64, 0.3), coins.tossed(KEY, 1, steps, 64, 0.3)):
        assert (first & other).mean() == pytest.approx(0.09, abs=0.005)


LAYERS = [(SimpleRNN, {}), (SimpleRNN, {"activation": "relu"}), (GRU, {}), (GRU, {"reset": "before"}),
          (GRU, {"reset": None}), (LSTM, {"cell_zoneout": 0.3}), (MinGRU, {}), (MinLSTM, {})]  # fmt: skip
every_layer = pytest.mark.parametrize("kind, own", LAYERS)


def layer_of(kind, own, **more):
    torch.manual_seed(3)
    return kind(5, 12, batch_first=True, zoneout=0.2, **own, **more)


@every_layer
def test_the_loop_of_torch_operations_tosses_the_same_coins(kind, own):
    layer = layer_of(kind, own, bidirectional=True)
    x, lengths = torch.randn(9, 7, 5), [7, 0, 1, 3, 7, 2, 5, 6, 4]

    def run(layer, x):
        torch.manual_seed(11)
        outputs, _ = layer(x, lengths=lengths)
        outputs.square().sum().backward()
        return outputs.detach(), [weight.grad for weight in layer.parameters()]

    outputs, gradients = run(layer, x)
    layer.zero_grad()
    wide, wide_gradients = run(layer.double(), x.double())
    torch.testing.assert_close(outputs.double(), wide, rtol=1e-4, atol=1e-5)
    for ours, theirs in zip(gradients, wide_gradients, strict=True):
        torch.testing.assert_close(ours.double(), theirs, rtol=1e-3, atol=1e-4)


@every_layer
def test_zoneout_is_an_expectation_where_nothing_is_trained(kind, own):
    layer = layer_of(kind, own).eval()
    x = torch.randn(4, 6, 5)
    outputs, _ = layer(x)
    assert torch.equal(outputs, layer(x)[0])
    bare = layer_of(kind, own).eval()
    bare.zoneout = bare.cell_zoneout = 0.0
    state = tuple(torch.zeros(1, 4, 12) for _ in range(STATES[layer.cell]))
    for t in range(6):  # one step of the layer without zoneout, then the mean of both
        _, new = bare(x[:, t : t + 1], state if len(state) == 2 else state[0])
        new = new if isinstance(new, tuple) else (new,)
        state = tuple(m * s + (1 - m) * n for m, s, n in zip((0.2, 0.3), state, new, strict=False))
        torch.testing.assert_close(outputs[:, t], state[0][0], rtol=1e-4, atol=1e-6)


@every_layer
def test_streams_give_the_same_bits(kind, own):
    layer = layer_of(kind, own, num_layers=3, residual=True).eval()
    x = torch.randn(1, 20, 5)
    outputs, _ = layer(x)
    stepper = layer.stepper()
    for t in range(20):
        assert np.array_equal(stepper.step(x[0, t].numpy()), outputs[0, t].detach().numpy())


def test_the_number_of_threads_changes_no_bit():
    layer = LSTM(16, 64, batch_first=True, zoneout=0.2, cell_zoneout=0.5)
    x, found = torch.randn(80, 40, 16), []
    for threads in (1, 2, 3):
        sestina.set_threads(threads)
        torch.manual_seed(5)
        layer.zero_grad()
        outputs, _ = layer(x)
        outputs.sum().backward()
        found.append([outputs.detach(), *(weight.grad.clone() for weight in layer.parameters())])
    sestina.set_threads(None)
    assert all(
        torch.equal(a, b) for other in found[1:] for a, b in zip(found[0], other, strict=True)
    )


def test_second_derivatives_see_the_same_coins():
    layer = layer_of(LSTM, {"cell_zoneout": 0.3})
    x = torch.randn(3, 4, 5, requires_grad=True)
    torch.manual_seed(2)
    first = torch.autograd.grad(layer(x)[0].square().sum(), x, create_graph=True)[0]
    torch.manual_seed(2)
    plain = torch.autograd.grad(layer(x)[0].square().sum(), x)[0]
    torch.testing.assert_close(first.detach(), plain, rtol=1e-4, atol=1e-5)
    assert torch.autograd.grad(first.sum(), x)[0].abs().sum() > 0


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="cell_zoneout is of an LSTM's c"):
        GRU(3, 4, cell_zoneout=0.1)
    with pytest.raises(ValueError, match="zoneout should be a number from 0 to 1, got 2"):
        LSTM(3, 4, zoneout=2)
    with pytest.raises(ValueError, match="residual adds a layer's input from the second layer on"):
        LSTM(3, 4, residual=True)
