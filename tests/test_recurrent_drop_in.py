"""The recurrent layers where torch's stand otherwise: every tool and habit of torch."""

import copy
import io
import pickle

import pytest
import torch
from torch import nn
from torch.autograd import forward_ad
from torch.nn.utils.rnn import pack_padded_sequence
from torch.utils.checkpoint import checkpoint

from sestina.nn import GRU, LSTM, drop_in
from test_recurrent_inputs import LENGTHS, B, D, H, T, X, any_pair, close, flat, pair, state

any_own = pytest.mark.parametrize(
    "options", [{"reset": "before"}, {"reset": None}, {"input_dropout": 0.5}], ids=str
)


@any_pair
@pytest.mark.parametrize(
    "options", [{}, {"num_layers": 2, "bidirectional": True, "dropout": 0.5, "bias": False}]
)
def test_it_is_the_torch_layer(name, options):
    one, other = pair(name, **options)
    assert isinstance(one, type(other)) and repr(one) == repr(other).replace("RNN", "SimpleRNN")
    assert list(one.state_dict()) == list(other.state_dict())
    other.reset_parameters()
    one.load_state_dict(other.state_dict())
    one.flatten_parameters()
    for step in (one, other):
        torch.manual_seed(3)
        step.results = step(X + 1)  # with dropout, from the same seed
    close(one.results, other.results)


@any_own
def test_own_options_show_and_survive(options):
    layer = GRU(D, H, single_bias=True, num_layers=2, **options)
    assert "single_bias=True" in repr(layer) and str(next(iter(options.values()))) in repr(layer)
    layer.eval()
    file = io.BytesIO()
    torch.save(layer, file)
    file.seek(0)
    wanted = layer(X + 1, lengths=LENGTHS)
    twins = [
        torch.load(file, weights_only=False),
        copy.deepcopy(layer),
        GRU(D, H, single_bias=True, num_layers=2, **options).eval(),
    ]
    twins.append(pickle.loads(pickle.dumps(layer)))
    twins[2].load_state_dict(layer.state_dict())
    for twin in twins:
        assert all(map(torch.equal, flat(twin(X + 1, lengths=LENGTHS)), flat(wanted)))


def test_update_gate_alone_has_two_thirds_of_the_weights():
    full, light = GRU(D, H), GRU(D, H, reset=None)
    for whole, part in zip(full.parameters(), light.parameters(), strict=True):
        assert part.shape == (2 * H, *whole.shape[1:])


@pytest.mark.parametrize("kind", ["recurrent_dropout", "input_dropout"])
def test_dropout_within_a_layer_is_for_training_and_from_torchs_stream(kind):
    layer, still = LSTM(D, H, **{kind: 0.5}), LSTM(D, H)
    still.load_state_dict(layer.state_dict())
    x, found = torch.randn(T, B, D), []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        found.append(layer(x)[0])
    assert torch.equal(found[0], found[1]) and not torch.equal(found[1], found[2])
    close(layer.eval()(x), still(x))


def test_in_place_changes_and_second_backwards():
    one, other = pair("lstm", num_layers=2)
    found = []
    for layer in (one, other):
        x = torch.randn(T, B, D, generator=torch.Generator().manual_seed(4)).requires_grad_()
        outputs, (h, c) = layer(x)
        outputs = outputs if layer is one else outputs.clone()  # torch's forbids it
        outputs.mul_(2.0).relu_()
        loss = (outputs**2).sum() + h.sum() + c.sum()
        loss.backward(retain_graph=True)
        loss.backward()
        found.append([x.grad, *(w.grad for w in layer.parameters())])
        with pytest.raises(
            RuntimeError, match="Trying to backward through the graph a second time"
        ):
            loss.backward()
        outputs, _ = layer(x)
        with torch.no_grad():
            layer.weight_hh_l0.add_(0.0)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            outputs.sum().backward()
    close(*found)
    places = {w.grad.data_ptr() for w in one.parameters()}
    assert len(places) == 8


def test_batched_gradients():
    one, other = pair("gru", bidirectional=True)
    x, many, found = torch.randn(T, B, D, requires_grad=True), torch.randn(7, T, B, 2 * H), []
    for layer in (one, other):
        out, _ = layer(x)
        found.append(
            torch.autograd.grad(out, [x, *layer.parameters()], many, is_grads_batched=True)
        )
    close(*found)


@any_pair
def test_no_grad_and_inference_mode(name):
    one, other = pair(name)
    x = torch.randn(T, B, D)
    for mode in (torch.no_grad, torch.inference_mode):
        with mode():
            found = one(x)
        assert not any(t.requires_grad for t in flat(found))
        close(found, other(x))


@any_pair
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_and_autocast(name, dtype):
    one, other = pair(name)
    x = torch.randn(T, B, D, requires_grad=True)
    with torch.autocast("cpu", dtype):
        for given in (x, x.to(dtype)):
            found = one(given, lengths=LENGTHS)
            assert {t.dtype for t in flat(found)} == {torch.float32}
            close(found, one(x, lengths=LENGTHS), 2e-2)
            found[0].sum().backward()
    wanted = other(x)
    half = one.to(dtype)(x.to(dtype))
    assert {t.dtype for t in flat(half)} == {dtype}
    close([t.float() for t in flat(half)], wanted, 5e-2)


def test_replicas_parametrisations_and_functional_calls():
    one, other = pair("lstm", num_layers=2, bidirectional=True)
    x, wanted = torch.randn(T, B, D), None
    replica = one._replicate_for_data_parallel()
    for name, weight in one.named_parameters():
        setattr(replica, name, weight.clone() * 2.0)
    replica(x)[0].sum().backward()
    doubled = {name: (w * 2.0).detach().requires_grad_() for name, w in one.named_parameters()}
    wanted = torch.func.functional_call(other, doubled, (x,))
    close(torch.func.functional_call(one, doubled, (x,)), wanted)
    close(replica(x), wanted)
    gradients = torch.autograd.grad(wanted[0].sum(), list(doubled.values()))
    close([w.grad for w in one.parameters()], [2.0 * g for g in gradients])
    for layer in (one, other):
        nn.utils.parametrizations.weight_norm(layer, "weight_hh_l0")
    close(one(x), other(x))


def test_hooks_see_what_they_see_on_torch():
    found = []
    for layer in pair("gru"):
        seen = []
        layer.register_forward_hook(lambda m, a, out, s=seen: s.append(out[0].detach()))
        layer.register_full_backward_hook(lambda m, i, o, s=seen: s.extend([i[0], o[0]]))
        x = torch.ones(T, B, D, requires_grad=True)
        layer(x)[0].sum().backward()
        found.append(seen)
    close(*found)


@any_pair
@pytest.mark.parametrize("reentrant", [False, True])
def test_checkpoints(name, reentrant):
    one, other = pair(name, num_layers=2, dropout=0.5)
    found = []
    for layer, run in ((one, checkpoint), (other, None)):
        x = torch.ones(T, B, D, requires_grad=True)
        torch.manual_seed(5)
        outputs = checkpoint(layer, x, use_reentrant=reentrant) if run else layer(x)
        outputs[0].sum().backward()
        found.append([x.grad, *(w.grad for w in layer.parameters())])
    close(*found)


@any_pair
@pytest.mark.filterwarnings(
    "ignore:.*torch.jit.script.*deprecated:DeprecationWarning"
)  # torch's own call
def test_transforms_of_functions(name):
    one, other = pair(name)
    x = torch.randn(7, T, B, D)
    close(torch.vmap(one)(x)[0], torch.stack([other(row)[0] for row in x]))

    def total(weights, x):
        return torch.func.functional_call(one, weights, (x,))[0].sum()

    slopes = torch.func.grad(total)(dict(one.named_parameters()), x[0])
    other(x[0])[0].sum().backward()
    close(list(slopes.values()), [w.grad for w in other.parameters()])
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(x[0], x[1])
        tangent = forward_ad.unpack_dual(one(dual)[0]).tangent
    at = x[0].clone().requires_grad_()
    torch.manual_seed(6)
    weights = torch.randn(tangent.shape)
    (slope,) = torch.autograd.grad((other(at)[0] * weights).sum(), at)
    close((tangent * weights).sum(), (slope * x[1]).sum())


@pytest.mark.filterwarnings("ignore")
def test_compiled_traced_and_exported():
    one, other = pair("lstm", batch_first=True)
    x, longer = torch.randn(B, T, D), torch.randn(B + 1, T + 2, D)
    compiled = torch.compile(one, backend="eager")
    for given in (x, longer):
        close(compiled(given), other(given))
    compiled(x, lengths=LENGTHS)[0].sum().backward()
    twin = copy.deepcopy(one)
    twin.zero_grad()
    twin(x, lengths=LENGTHS)[0].sum().backward()
    close([w.grad for w in one.parameters()], [w.grad for w in twin.parameters()])
    close(torch.jit.trace(one, (x,))(longer), other(longer))
    close(torch.export.export(one, (x,), strict=False).module()(x), other(x))


def test_other_devices_take_torchs_layer_unless_it_lacks_an_option():
    for layer in (LSTM(D, H, device="meta"), GRU(D, H, device="meta", reset=None)):
        assert layer(X.to("meta"))[0].shape == (T, B, H)
        assert layer._is_torchs() == isinstance(layer, LSTM)
    dropped = LSTM(D, H, recurrent_dropout=0.5, device="meta")
    assert not dropped._is_torchs() and dropped.eval()._is_torchs()


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported")
@pytest.mark.parametrize("batch_first", [False, True])
def test_torchs_own_path_takes_ragged_rows_too(batch_first, monkeypatch):
    one = LSTM(D, H, num_layers=2, batch_first=batch_first)
    x, hx = torch.randn(T, B, D), state(one)
    x[torch.arange(T)[:, None] >= torch.tensor(LENGTHS)] = torch.nan
    x = x.transpose(0, 1) if batch_first else x
    wanted = one(x, hx, lengths=LENGTHS)
    monkeypatch.setattr(drop_in.Recurrent, "_is_torchs", lambda self: True)
    found = one(x, hx, lengths=LENGTHS)
    close(found, wanted)
    found[0].sum().backward()
    assert all(w.grad.isfinite().all() for w in one.parameters())
    assert one(x, lengths=LENGTHS, outputs=False)[0] is None
    packed = pack_padded_sequence(torch.ones(T, B, D), [6, 3, 2, 1])
    with pytest.raises(ValueError, match="one padded tensor"):
        one(packed, lengths=LENGTHS)
    assert LSTM(D, H, proj_size=2)(torch.ones(T, B, D), lengths=LENGTHS)[0].shape == (T, B, 2)


@pytest.mark.parametrize("sizes", [(17, 33), (300, 600)])
def test_weights_given_other_memory_after_forward(sizes):
    """As `Module.double`, `vector_to_parameters` and averaged weights do: torch does not notice."""
    one = GRU(*sizes)
    other = nn.GRU(*sizes)
    other.load_state_dict(one.state_dict())
    x = torch.randn(5, 3, sizes[0])
    made = one(x)[0]
    for parameter in one.parameters():
        parameter.data = torch.full_like(parameter, torch.nan)
    made.sum().backward()
    other(x)[0].sum().backward()
    for ours, theirs in zip(one.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-4, atol=1e-4)


def test_gradients_that_carry_a_negative_bit():
    layer = LSTM(3, 8)
    outputs, (h, _) = layer(torch.randn(4, 2, 3))
    for result in (outputs, h):
        gradient = torch.randn_like(result)
        wanted, found = (
            torch.autograd.grad(result, layer.weight_hh_l0, given, retain_graph=True)[0]
            for given in (-gradient, torch._neg_view(gradient))
        )
        assert torch.equal(wanted, found)
