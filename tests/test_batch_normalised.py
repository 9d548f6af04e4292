"""Batch-normalised LSTM: kernels, plain loop, NumPy, kept statistics, streams, refusals."""

import copy

import numpy as np
import pytest
import torch

import sestina
from sestina import TextClassifier, load
from sestina.errors import DataError, OptionError
from sestina.kernels import parallel, reference_normed
from sestina.kernels.in_step import KERNELS
from sestina.nn import GRU, LSTM
from sestina.nn.norms import STEPS

LENGTHS = [7, 0, 1, 3, 7, 2, 5, 6, 4] * 3
both_modes = pytest.mark.parametrize("training", [True, False])


def made(inputs=5, hidden=21, seen=True, **options):
    """Return a layer whose scales and shifts are of all sizes, perhaps after two batches."""
    torch.manual_seed(0)
    layer = LSTM(inputs, hidden, batch_first=True, normalise="batch", **options)
    with torch.no_grad():
        for name, weight in layer.named_parameters():
            if name.startswith(("gain", "bias")):
                weight.uniform_(0.5, 1.5)
        for _ in range(2 if seen else 0):
            layer(torch.randn(len(LENGTHS), 8, inputs), lengths=LENGTHS)
    return layer


def results(layer, x, lengths=None, hx=None):
    torch.manual_seed(1)
    outputs, final = layer(x, hx, lengths=lengths)
    parts = (outputs, *final)
    weighed = [torch.linspace(-1, 1, p.numel(), dtype=p.dtype).view(p.shape) for p in parts]
    loss = sum((p * w).sum() for p, w in zip(parts, weighed, strict=True))
    return [*parts, *torch.autograd.grad(loss, [x, *layer.parameters()])]


@both_modes
@pytest.mark.parametrize("hidden", [9, 16, 21])
@pytest.mark.parametrize(
    "dropped",
    [{}, {"zoneout": 0.3, "cell_zoneout": 0.2, "recurrent_dropout": 0.2, "input_dropout": 0.2}],
)
def test_kernels_are_the_loop_in_float64(training, hidden, dropped):
    options = {"num_layers": 2, "bidirectional": True, "residual": True, **dropped}
    layer = made(hidden=hidden, **options).train(training)
    slow = copy.deepcopy(layer).double()
    x = torch.randn(len(LENGTHS), 8, 5)
    ours = results(layer, x.clone().requires_grad_(), LENGTHS)
    theirs = results(slow, x.double().requires_grad_(), LENGTHS)
    for one, other in zip(ours, theirs, strict=True):
        limit = 1e-4 * max(1, other.abs().max().item())
        torch.testing.assert_close(one.double(), other, atol=limit, rtol=0)
    for one, other in zip(layer.buffers(), slow.buffers(), strict=True):
        torch.testing.assert_close(one.double(), other.double(), atol=1e-4, rtol=1e-4)


@both_modes
def test_a_row_that_runs_alone_goes_by_what_was_kept(training):
    layer = made().train(training)
    slow, lengths = copy.deepcopy(layer).double(), [7, 5, 1, 5]
    x = torch.randn(4, 8, 5)
    ours = results(layer, x.clone().requires_grad_(), lengths)
    theirs = results(slow, x.double().requires_grad_(), lengths)
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one.double(), other, atol=1e-3, rtol=1e-3)
    found = layer(x[:1])[0]  # a batch of its own
    torch.testing.assert_close(found, layer.eval()(x[:1])[0])
    assert layer.batches_l0[:7].tolist() == [3 if training else 2] * 5 + [2] * 2


@both_modes
def test_the_loop_goes_back_by_differences(training):
    layer = made(hidden=4, bidirectional=True).double().train(training)
    names, weights = zip(*layer.named_parameters(), strict=True)
    x = torch.randn(4, 4, 5, dtype=torch.float64, requires_grad=True)
    state = tuple(torch.randn(2, 4, 4, dtype=torch.float64, requires_grad=True) for _ in range(2))

    def run(x, h, c, *weights):
        named = dict(zip(names, weights, strict=True))
        options = {"lengths": [4, 0, 2, 4]}
        out, final = torch.func.functional_call(layer, named, (x, (h, c)), options)
        return out, *final[:2]

    assert torch.autograd.gradcheck(run, (x, *state, *weights), fast_mode=True)


@both_modes
def test_derivatives_of_derivatives(training):
    """Of eight rows: those of three rows' statistics reach hundreds, of which float32 loses some."""
    x, found = torch.randn(8, 4, 5), []
    for dtype in (torch.float32, torch.float64):
        layer, at = made().to(dtype).train(training), x.to(dtype).requires_grad_()
        first = torch.autograd.grad(layer(at)[0].square().sum(), at, create_graph=True)[0]
        found.append([first, torch.autograd.grad(first.square().sum(), at)[0]])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one.double(), other, atol=1e-3, rtol=1e-3)


def test_steps_are_the_definition():
    layer, lengths = made(), np.array([6, 6, 4, 2, 2])
    x, state = torch.randn(5, 6, 5), torch.randn(2, 1, 5, 21)
    outputs, (h, c, read) = layer(x, tuple(state), lengths=lengths)
    weights = [getattr(layer, f"{name}_l0").detach().numpy() for name in
               ("weight_ih", "weight_hh", "gain_ih", "gain_hh", "bias_ih")]  # fmt: skip
    kernel, recurrent, *gains = weights
    running = (lengths[:, None] > np.arange(6)).sum(axis=0)
    before = tuple(part[0].numpy() for part in state)
    steps = reference_normed.batch_normalised(
        x.numpy() @ kernel.T, running, recurrent, gains, before
    )
    for t, rows in enumerate(running):
        made_at = outputs[:rows, t].detach().numpy()
        np.testing.assert_allclose(made_at, steps[t][0][:rows], atol=5e-5)
    np.testing.assert_allclose(h[0].detach().numpy(), steps[-1][0], atol=5e-5)
    np.testing.assert_allclose(c[0].detach().numpy(), steps[-1][1], atol=5e-5)
    assert read[0, :, 0].tolist() == lengths.tolist()


def test_gates_are_normal_at_each_step_by_itself():
    layer, x = made(seen=False), torch.randn(64, 5, 5)
    far = x * torch.tensor([1.0, 5.0, 2.0, 9.0, 1.0])[:, None] + torch.arange(5.0)[:, None]
    torch.testing.assert_close(layer(x)[0], layer(far)[0], atol=2e-3, rtol=0)


def test_statistics_are_means_of_the_first_batches_then_running_ones():
    layer, means, variances = made(seen=False), torch.zeros(3, 84), torch.ones(3, 84)
    for count in range(1, 13):
        x = torch.randn(8, 3, 5)
        layer(x)
        sums = x @ layer.weight_ih_l0.detach().T
        share = max(1 / count, 0.1)
        means += share * (sums.mean(dim=0) - means)
        variances += share * (sums.var(dim=0) - variances)
    torch.testing.assert_close(layer.means_l0[:3, 0], means, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(layer.variances_l0[:3, 0], variances, atol=1e-5, rtol=1e-5)
    assert layer.batches_l0.tolist() == [12] * 3 + [0] * (STEPS - 3)


def test_later_steps_go_by_the_last_one():
    layer = made(seen=False)
    for _ in range(3):
        layer(torch.randn(6, 4, 5))
    layer.eval()
    x = torch.randn(2, 9, 5)
    whole, final = layer(x)
    later, again = layer(x[:, 4:], layer(x[:, :4])[1])
    torch.testing.assert_close(later, whole[:, 4:])
    torch.testing.assert_close(again, final)
    h, c, read = (torch.zeros(1, 2, 21) for _ in range(3))
    first, fourth = (layer(x[:, :1], (h, c, read + n))[0] for n in (0, 3))
    torch.testing.assert_close(first, whole[:, :1])
    assert not torch.allclose(first, fourth, atol=1e-3)
    long = torch.randn(4, STEPS + 9, 5)
    layer.train()(long)
    assert layer.batches_l0[-1] == 1
    assert layer.eval()(long)[0].isfinite().all()


def test_rows_of_several_ages_are_those_of_one_each():
    layer = made().eval()
    x, states = torch.randn(2, 3, 5), [layer(torch.randn(1, n, 5))[1] for n in (1, 4)]
    both = tuple(torch.cat(parts, dim=1) for parts in zip(*states, strict=True))
    whole, _ = layer(x, both)
    for row, state in enumerate(states):
        torch.testing.assert_close(layer(x[row : row + 1], state)[0][0], whole[row])


def test_streams():
    layer = made(num_layers=3, residual=True, zoneout=0.2).eval()
    x = torch.randn(1, 12, 5)
    outputs, _ = layer(x)
    stepper = layer.stepper()
    for t in range(12):
        found = stepper.step(x[0, t].numpy())
        np.testing.assert_allclose(found, outputs[0, t].detach().numpy(), atol=1e-5)
        if t == 3:
            kept = stepper.state
    stepper.state = kept
    np.testing.assert_allclose(
        stepper.step(x[0, 4].numpy()), outputs[0, 4].detach().numpy(), atol=1e-5
    )


def test_threads_and_padding_change_no_bit(monkeypatch):
    x, lengths, found = torch.randn(80, 12, 16), torch.randint(0, 13, (80,)), []
    monkeypatch.setattr(parallel, "LITTLE_OF_PHASES", 0.0)
    monkeypatch.setattr(parallel._State, "alone_until", 0.0)
    for threads, late in ((1, 1.0), (2, 1e9), (3, 1e9), (3, 0.0)):
        layer = made(16, 100)
        sestina.set_threads(threads)
        monkeypatch.setattr(parallel, "LATE", late)
        spoilt = x.clone()
        spoilt[torch.arange(12) >= lengths[:, None]] = torch.nan if threads > 1 else 0.0
        found.append([*results(layer, spoilt.requires_grad_(), lengths), *layer.buffers()])
    sestina.set_threads(None)
    for other in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(found[0], other, strict=True))


def test_threads_that_were_waited_for_are_not_asked_for_a_while(monkeypatch):
    asked = []

    def compiled(function, signature, **options):
        return lambda address, first, last, *rest: asked.append((function.__name__, first, last))

    monkeypatch.setattr(parallel, "compiled", compiled)
    monkeypatch.setattr(parallel, "threads", lambda: 2)
    monkeypatch.setattr(parallel._State, "alone_until", 0.0)
    monkeypatch.setattr(parallel, "LATE", 1e9)
    monkeypatch.setattr(parallel, "AT_ONCE", 8)
    parallel.run_phases(KERNELS[0], 10, 4, 0, 1e7)
    assert asked == [("phases_together", 0, 8), ("phases_together", 8, 10)]
    monkeypatch.setattr(parallel, "LATE", -1e9)
    parallel.run_phases(KERNELS[0], 10, 4, 0, 1e7)
    assert asked[2:] == [("phases_together", 0, 8), ("phases_alone", 8, 10)]


def test_a_model_keeps_its_statistics(tmp_path):
    texts, labels = ["good film", "bad film it is", "fine", "poor one"] * 4, ["x", "y"] * 8
    net = TextClassifier(normalise="batch", hidden=8, embedding=6, epochs=2, batch_size=5, seed=0)
    net.fit(texts, labels).save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert np.array_equal(again.predict_proba(texts), net.predict_proba(texts))
    assert again.network_.encoder.cell.batches_l0[0] > 0
    alone = np.concatenate([again.predict_proba([text]) for text in texts[:4]])
    np.testing.assert_allclose(alone, net.predict_proba(texts[:4]), rtol=1e-5)


def test_refusals():
    with pytest.raises(ValueError, match="normalise='batch' is of an LSTM without proj_size"):
        GRU(3, 4, normalise="batch")
    few = ["a b", "b a", "a a", "b b"] * 3
    with pytest.raises(OptionError, match="normalise='batch' came with gru"):
        TextClassifier(encoder="gru", normalise="batch", epochs=1).fit(few, ["x", "y"] * 6)
    with pytest.raises(DataError, match="got batches of one row, which have no statistics"):
        TextClassifier(normalise="batch", batch_size=1, epochs=1).fit(few, ["x", "y"] * 6)
