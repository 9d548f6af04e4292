"""RMSprop on its kernel is torch's."""

import copy

import pytest
import torch
from torch import nn

from sestina.kernels import parallel
from sestina.optimise import RMSprop

SHAPES = [(1,), (15,), (16,), (33, 3), (300, 257), (0, 3)]


def pair(make, **options):
    """Return weights and optimisers, ours and torch's, that start alike."""
    torch.manual_seed(0)
    ours = [nn.Parameter(make(shape)) for shape in SHAPES]
    theirs = copy.deepcopy(ours)
    return (ours, RMSprop(ours, **options)), (theirs, torch.optim.RMSprop(theirs, **options))


def trained(weights, optimiser, steps=5):
    torch.manual_seed(1)
    for _ in range(steps):
        for weight in weights:
            weight.grad = torch.randn(weight.shape).to(weight.dtype) * 3
        optimiser.step()
    return weights, [optimiser.state[w]["square_avg"] for w in weights if w.numel()]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    ("make", "options"),
    [
        (torch.randn, {"lr": 0.01, "alpha": 0.9, "eps": 1e-7}),
        (torch.randn, {"lr": 0.3, "eps": 1e-6}),
        (torch.randn, {"momentum": 0.9}),
        (torch.randn, {"centered": True, "weight_decay": 0.1}),
        (lambda shape: torch.randn(shape).double(), {}),
        (lambda shape: torch.randn((*shape, 2))[..., 0], {}),
    ],
    ids=["lectures", "fast", "momentum", "centred", "float64", "strided"],
)
def test_it_is_torchs(make, options, threads, monkeypatch):
    monkeypatch.setattr(parallel, "LITTLE", 0)
    monkeypatch.setattr(parallel._State, "threads", threads)
    ours, theirs = (trained(*side) for side in pair(make, **options))
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_state_goes_both_ways_and_weights_without_gradient_stay():
    (ours, one), (theirs, other) = pair(torch.randn)
    trained(ours, one)
    trained(theirs, other)
    one.load_state_dict(copy.deepcopy(other.state_dict()))
    other.load_state_dict(copy.deepcopy(one.state_dict()))
    still = nn.Parameter(torch.ones(3))
    one.add_param_group({"params": [still]})
    torch.testing.assert_close(trained(ours, one), trained(theirs, other), rtol=1e-5, atol=1e-6)
    assert still.eq(1).all() and still not in one.state


def test_a_change_is_noticed_by_a_graph():
    weight = nn.Parameter(torch.ones(4))
    optimiser = RMSprop([weight])
    loss = (weight**2).sum()
    weight.grad = torch.ones(4)
    optimiser.step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_nan_stays_where_it_is():
    weight = nn.Parameter(torch.ones(40))
    weight.grad = torch.ones(40)
    weight.grad[7] = torch.nan
    RMSprop([weight]).step()
    assert weight.isnan().nonzero().tolist() == [[7]]
