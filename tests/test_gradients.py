"""Gradients over time: against autograd itself, and on recurrences whose answer is known."""

import numpy as np
import pytest
import torch
from torch import nn

from sestina.inspect.doctor import title
from sestina.inspect.gradients import FAR, FORGOTTEN, PARTS, _norms, reaches
from sestina.nn import GRU, LSTM, MinGRU, MinLSTM, SimpleRNN
from sestina.nn.bridge import RecursiveNetwork
from sestina.nn.watch import watching

B, T, D, H = 3, 7, 2, 4
KINDS = {
    "rnn_tanh": lambda **o: SimpleRNN(D, H, batch_first=True, **o),
    "rnn_relu": lambda **o: SimpleRNN(D, H, batch_first=True, activation="relu", **o),
    "gru_after": lambda **o: GRU(D, H, batch_first=True, **o),
    "gru_before": lambda **o: GRU(D, H, batch_first=True, reset="before", **o),
    "gru_simple": lambda **o: GRU(D, H, batch_first=True, reset=None, **o),
    "lstm": lambda **o: LSTM(D, H, batch_first=True, **o),
    "mingru": lambda **o: MinGRU(D, H, batch_first=True, **o),
    "minlstm": lambda **o: MinLSTM(D, H, batch_first=True, **o),
    "normalised lstm": lambda **o: LSTM(
        D, H, batch_first=True, normalise="layer", zoneout=0.2, cell_zoneout=0.3, **o
    ).eval(),
    "normalised gru": lambda **o: GRU(
        D, H, batch_first=True, normalise="layer", zoneout=0.2, **o
    ).eval(),
}
TWO = ("lstm", "normalised lstm")  # whose state is h and c


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(5)


def last(layer, x, **how):
    _, final = layer(x, **how)
    return final[0] if isinstance(final, tuple) else final


def outputs(layer, x, **how):
    return layer(x, **how)[0]


@pytest.mark.parametrize("kind", KINDS)
def test_watching_changes_nothing_but_the_path(kind):
    layer, x = KINDS[kind](num_layers=2, bidirectional=True), torch.randn(B, T, D)
    lengths = torch.tensor([T, 3, 1])
    plain, _ = layer(x, lengths=lengths)
    with watching(layer) as found:
        seen, _ = layer(x, lengths=lengths)
    assert torch.allclose(plain, seen, atol=1e-6)
    assert [(one.depth, one.seen.reverse) for one in found] == [
        (0, False), (0, True), (1, False), (1, True),
    ]  # fmt: skip
    assert layer.watch is None
    again, _ = layer(x, lengths=lengths)
    assert torch.equal(plain, again)


@pytest.mark.parametrize("kind", KINDS)
def test_jacobians_are_those_of_autograd(kind):
    layer, x = KINDS[kind](), torch.randn(1, T, D)
    (found,) = reaches(layer, lambda: last(layer, x).sum())
    two = kind in TWO
    for k in range(1, T):
        head, tail = x[:, : T - k], x[:, T - k :]
        with torch.no_grad():
            _, state = layer(head)

        def rest(state, tail=tail):
            parts = tuple(state.split(H, dim=2)) if two else state
            return last(layer.double(), tail.double(), hx=parts).flatten()

        state = torch.cat(state, dim=2) if two else state
        matrix = torch.autograd.functional.jacobian(rest, state.double())
        layer.float()
        wanted = torch.linalg.matrix_norm(matrix.reshape(H, -1), 2)
        assert np.isclose(found.jacobian[k], wanted, rtol=1e-4), k
    assert found.jacobian[0] == 1 and len(found.jacobian) == T == len(found.steps) + 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reverse", [False, True])
def test_the_loss_s_gradients_are_finite_differences(kind, reverse):
    layer, x = KINDS[kind](bidirectional=True).double(), torch.randn(1, T, D).double()
    weights = torch.randn(T, H)
    own = slice(H, 2 * H) if reverse else slice(0, H)

    def loss():
        return (layer(x)[0][0, :, own] * weights).sum()

    found = reaches(layer, loss)[reverse]
    with watching(layer) as watched:
        loss()
    for k in (1, 4):  # steps before the last that this direction reads
        t = k if reverse else T - 1 - k
        rest = slice(0, t) if reverse else slice(t + 1, T)
        state = [part.detach()[0] for part in watched[reverse].seen.states[t]]  # (H,) each

        def value(state, rest=rest, t=t):
            """The loss of all that is read from a state on; its own output included."""
            both = [torch.zeros(2, 1, H, dtype=torch.float64) for _ in state]
            for part, given in zip(both, state, strict=True):
                part[int(reverse), 0] = given
            later = layer(x[:, rest], tuple(both) if kind in TWO else both[0])[0][0, :, own]
            return ((later * weights[rest]).sum() + (state[0] * weights[t]).sum()).item()

        slopes = []
        for part in state:
            for h in range(H):
                part[h] += 1e-6
                above = value(state)
                part[h] -= 2e-6
                slopes.append((above - value(state)) / 2e-6)
                part[h] += 1e-6
        assert np.isclose(found.loss[k], np.linalg.norm(slopes), rtol=1e-5)


def decaying(rate):
    """A ReLU layer that adds up its inputs and forgets at a rate."""
    layer = SimpleRNN(D, H, batch_first=True, activation="relu")
    with torch.no_grad():
        for weight in layer.parameters():
            weight.zero_()
        layer.weight_hh_l0.copy_(rate * torch.eye(H))
        layer.weight_ih_l0.fill_(1.0)
    return layer


@pytest.mark.parametrize(
    ("rate", "memory"), [(0.5, 7), (0.1, 3), (0.9, 44), (1.0, None), (1.5, None)]
)
def test_memory_of_a_known_recurrence(rate, memory):
    layer, x = decaying(rate), torch.ones(2, 60, D)
    (found,) = reaches(layer, lambda: last(layer, x).sum())
    assert np.allclose(found.jacobian, rate ** np.arange(60), rtol=1e-6)
    assert np.allclose(found.steps, rate) and np.isclose(found.radius["candidate"], rate)
    assert found.memory == memory and (memory is None or rate**memory < FORGOTTEN)
    assert np.allclose(found.loss, found.jacobian * H**0.5, rtol=1e-5)
    assert found.dead == 0 and found.saturated == {}


def test_memory_is_that_of_each_layer_and_direction():
    rates = {"l0": 0.5, "l0_reverse": 0.8, "l1": 0.3, "l1_reverse": 0.9}
    layer = SimpleRNN(D, H, num_layers=2, bidirectional=True, batch_first=True, activation="relu")
    with torch.no_grad():
        for name, weight in layer.named_parameters():
            weight.fill_(0.1)
            kind, _, place = name.partition("_l")
            if kind == "weight_hh":
                weight.copy_(rates[f"l{place}"] * torch.eye(H))
    x = torch.ones(2, 60, D)
    found = reaches(layer, lambda: 2.0 * layer(x)[0].sum())
    for one, rate in zip(found, rates.values(), strict=True):
        lag = next(k for k in range(60) if rate**k < FORGOTTEN)
        assert (one.memory, one.radius["candidate"]) == (lag, pytest.approx(rate))
        assert np.allclose(one.steps, rate)


def test_the_spectrum_is_that_of_each_gate():
    layer = GRU(D, 2, batch_first=True)
    turn = torch.tensor([[0.0, -0.9], [0.9, 0.0]])  # a quarter's turn: eigenvalues ± 0.9 i
    with torch.no_grad():
        layer.weight_hh_l0.copy_(torch.cat([0.5 * torch.eye(2), turn, 2 * turn]))
    (found,) = reaches(layer, lambda: last(layer, torch.ones(2, 5, D)).sum())
    assert list(found.spectrum) == ["reset", "update", "candidate"]
    assert np.allclose(found.spectrum["reset"], 0.5)
    assert np.allclose(sorted(found.spectrum["update"].imag), [-0.9, 0.9])
    assert np.allclose(list(found.radius.values()), [0.5, 0.9, 1.8])
    assert list(found.gates) == ["reset", "update"]
    for shares in found.gates.values():
        assert len(shares) == PARTS and shares.sum() == pytest.approx(1)


def test_norms_are_true_at_any_size():
    matrices = torch.randn(5, 4, 7, dtype=torch.float64)
    sizes = torch.tensor([1.0, 1e-200, 1e200, 0.0, 1.0], dtype=torch.float64)
    matrices *= sizes[:, None, None]
    matrices[4, 0, 0] = torch.inf
    wanted = [torch.linalg.matrix_norm(matrix, 2).item() for matrix in matrices[:4]]
    assert np.allclose(_norms(matrices), [*wanted, np.inf], rtol=1e-9, atol=0)


def test_dead_units_and_saturated_gates():
    layer = decaying(1.0)
    with torch.no_grad():
        layer.weight_ih_l0[0] = -1.0
    (found,) = reaches(layer, lambda: last(layer, torch.ones(2, 5, D)).sum())
    assert found.dead == 1 / H
    gates = LSTM(D, H, batch_first=True)
    with torch.no_grad():
        for weight in gates.parameters():
            weight.zero_()
        gates.bias_ih_l0[H : 2 * H] = 9.0  # remember all
        gates.bias_ih_l0[3 * H :] = -9.0  # say nothing
    (found,) = reaches(gates, lambda: last(gates, torch.ones(2, 5, D)).sum())
    assert found.saturated == {"input": (0, 0), "forget": (0, 1), "output": (1, 0)}


def test_ragged_rows_are_measured_from_their_own_ends():
    layer, x = decaying(0.5), torch.ones(3, 9, D)
    x[1, 4:] = torch.nan
    lengths = torch.tensor([9, 4, 0])
    (found,) = reaches(layer, lambda: last(layer, x, lengths=lengths).sum())
    assert np.allclose(found.jacobian, 0.5 ** np.arange(9), rtol=1e-6)
    assert np.allclose(found.loss, 2 * 0.5 ** np.arange(9), rtol=1e-5)


def test_large_layers_are_measured_by_power_iteration():
    layer = SimpleRNN(D, 150, batch_first=True)
    x = torch.randn(1, 4, D)
    (found,) = reaches(layer, lambda: last(layer, x).sum())
    slopes = 1 - layer(x)[0][0, -1].detach() ** 2
    exact = torch.linalg.matrix_norm(slopes[:, None] * layer.weight_hh_l0, 2).item()
    assert np.isclose(found.steps[0], exact, rtol=0.01)


@pytest.mark.parametrize("reverse", [False, True])
def test_a_single_step_has_nothing_behind_it(reverse):
    layer = LSTM(D, H, batch_first=True, bidirectional=reverse)
    found = reaches(layer, lambda: outputs(layer, torch.randn(B, 1, D)).sum())
    assert [(one.length, one.jacobian.tolist(), one.steps.tolist()) for one in found] == [
        (1, [1.0], [])
    ] * len(found)
    lengths = torch.tensor([3, 1, 0])
    found = reaches(layer, lambda: outputs(layer, torch.randn(B, 3, D), lengths=lengths).sum())
    assert all(len(one.jacobian) == 3 and len(one.steps) == 2 for one in found)


def test_of_a_long_sequence_the_jacobians_of_its_end_are_formed(monkeypatch):
    layer, x = SimpleRNN(D, H, batch_first=True, bidirectional=True), torch.randn(B, T, D)
    whole = reaches(layer, lambda: outputs(layer, x).sum())
    monkeypatch.setattr("sestina.inspect.gradients.FAR", 4)
    late = reaches(layer, lambda: outputs(layer, x).sum())
    assert FAR > 1000
    for one, other in zip(whole, late, strict=True):
        assert len(other.loss) == T and np.array_equal(one.loss, other.loss)
        assert np.allclose(one.jacobian[:4], other.jacobian, atol=1e-12)
        assert np.allclose(one.steps[:3], other.steps, atol=1e-12)


def test_a_network_without_recurrent_layers_has_none():
    layer = nn.Linear(2, 2)
    assert reaches(layer, lambda: layer(torch.ones(1, 2)).sum()) == []


def test_a_layer_that_runs_again_says_which_run_it_is():
    torch.manual_seed(0)
    net = RecursiveNetwork(3, 4, hidden=6, recursions=1, reduced=5).eval()
    found = reaches(net, lambda: net(torch.randn(2, 5, 3), None).square().sum(), 1)
    titles = [title(reach) for reach in found]
    assert len(set(titles)) == len(titles) and {reach.turn for reach in found} == {0, 1}
    assert sum(name.endswith(", run 2") for name in titles) * 2 == len(titles)
