"""The gated LSTM over what is fed back: its kernel against the plain loop, and its gradients."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sestina.kernels.parallel import limited
from sestina.nn.feedback import FeedbackLSTM, plain

SHAPES = [(1, 1, 1, 1, 1), (5, 7, 6, 3, 4), (33, 20, 9, 17, 64), (17, 9, 5, 33, 130)]


def drawn(batch, steps, inputs, fed_back, hidden, seed=0):
    torch.manual_seed(seed)
    layer = FeedbackLSTM(inputs, fed_back, hidden)
    x, s = torch.randn(batch, steps, inputs), torch.randn(batch, steps, fed_back)
    lengths = torch.randint(1, steps + 1, (batch,))
    lengths[0] = steps
    return layer, x, s, lengths


def gradients(layer, x, s, lengths, weight):
    layer.zero_grad()
    x, s = x.detach().requires_grad_(), s.detach().requires_grad_()
    states = layer(x, s, lengths)
    (states * weight).sum().backward()
    return states.detach(), [x.grad, s.grad, *(p.grad.clone() for p in layer.parameters())]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_kernel_does_what_the_loop_does(shape):
    layer, x, s, lengths = drawn(*shape)
    weight = torch.randn(*shape[:2], shape[4])
    states, found = gradients(layer, x, s, lengths, weight)
    wanted_states, wanted = gradients(
        layer.double(), x.double(), s.double(), lengths, weight.double()
    )
    assert torch.allclose(states.double(), wanted_states, atol=1e-6)
    for one, other in zip(found, wanted, strict=True):
        assert torch.allclose(one.double(), other, atol=1e-5 * float(other.abs().max() + 1))


def test_the_loop_has_the_gradients_of_finite_differences():
    layer, x, s, _ = drawn(2, 4, 3, 2, 3)
    layer.double()
    z = (layer.of_inputs(x.double()) + layer.of_feedback(s.double())).detach()
    parts = (z, s.double(), layer.weight_ih, layer.weight_hh, layer.of_states.weight, layer.bias)
    assert torch.autograd.gradcheck(plain, [p.detach().requires_grad_() for p in parts])


def test_nothing_behind_an_end_is_seen():
    layer, x, s, lengths = drawn(6, 8, 3, 4, 5)
    weight = torch.randn(6, 8, 5)
    states, found = gradients(layer, x, s, lengths, weight)
    behind = torch.arange(8) >= lengths[:, None]
    x[behind], s[behind] = 1e6, -1e6
    again, others = gradients(layer, x, s, lengths, weight)
    assert torch.equal(states, again) and not states[behind].any()
    assert all(map(torch.equal, found[2:], others[2:]))
    assert not found[0][behind].any() and not found[1][behind].any()


def test_the_number_of_threads_changes_no_bit():
    layer, x, s, lengths = drawn(70, 30, 8, 16, 64)
    weight = torch.randn(70, 30, 64)
    results = []
    for threads in (1, 2):
        with limited(threads):
            states, found = gradients(layer, x, s, lengths, weight)
        results.append([states, *found[2:]])
    assert all(map(torch.equal, *results))


def test_going_back_twice_gives_the_same():
    layer, x, s, lengths = drawn(3, 5, 2, 2, 4)
    states = layer(x, s, lengths)
    first = torch.autograd.grad(states.sum(), layer.weight_hh, retain_graph=True)[0]
    assert torch.equal(first, torch.autograd.grad(states.sum(), layer.weight_hh)[0])


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 20), st.integers(1, 6), st.integers(1, 20), st.integers(1, 20))
def test_any_size(batch, steps, fed_back, hidden):
    layer, x, s, lengths = drawn(batch, steps, 3, fed_back, hidden, seed=batch)
    z = (layer.of_inputs(x) + layer.of_feedback(s)).detach()
    wanted = plain(
        z, s, layer.weight_ih, layer.weight_hh, layer.of_states.weight, layer.bias
    ).detach()
    real = (torch.arange(steps) < lengths[:, None]).numpy()
    assert np.allclose(layer(x, s, lengths).detach().numpy()[real], wanted.numpy()[real], atol=1e-5)
