"""Modules against explicit definitions: recurrent layers, bags, convolutions, heads, first weights."""

import copy
import io
import itertools

import pytest
import torch
from torch import nn

from sestina.config import EncoderOptions
from sestina.errors import OptionError
from sestina.nn import GRU, LSTM, SimpleRNN, encoders, initialise, losses
from sestina.nn.classifier import ClassifierNetwork
from sestina.nn.embedding import TokenEmbedding
from sestina.nn.heads import Head, Target

NAMESAKES = {
    "rnn": (SimpleRNN, nn.RNN, {}),
    "relu": (SimpleRNN, nn.RNN, {"nonlinearity": "relu"}),
    "gru": (GRU, nn.GRU, {}),
    "lstm": (LSTM, nn.LSTM, {}),
    "projected": (LSTM, nn.LSTM, {"proj_size": 3}),
}
LENGTHS = torch.tensor([5, 0, 9, 1, 0, 7])
B, T, D, H = len(LENGTHS), 11, 3, 4  # two steps more than the longest row has
GATES = {SimpleRNN: 1, GRU: 3, LSTM: 4}
CELLS = list(GATES)

layers_and_directions = pytest.mark.parametrize(
    ("layers", "both"), list(itertools.product((1, 2), (False, True)))
)
pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported")
any_name = pytest.mark.parametrize("name", NAMESAKES)


def pair(name, layers, both, **options):
    """Return our layer and torch's, with the same weights."""
    ours, theirs, more = NAMESAKES[name]
    options = {"num_layers": layers, "bidirectional": both, **more, **options}
    torch.manual_seed(0)
    one, other = ours(D, H, **options), theirs(D, H, **options)
    other.load_state_dict(one.state_dict())
    return one, other


def states(layer, count=B):
    """Return initial states of the shape that `layer` wants, as a list."""
    torch.manual_seed(1)
    rows = layer.num_layers * (2 if layer.bidirectional else 1)
    hidden = torch.randn(rows, count, layer.proj_size or H)
    return [hidden, torch.randn(rows, count, H)] if isinstance(layer, nn.LSTM) else [hidden]


def packed_up(parts):
    return tuple(parts) if len(parts) > 1 else parts[0]


def as_list(final):
    return list(final) if isinstance(final, tuple) else [final]


def alone(layer, x, initial):
    """Return outputs and final states of torch's layer on each sequence by itself, padded."""
    outputs = x.new_zeros(B, T, (layer.proj_size or H) * (2 if layer.bidirectional else 1))
    finals = [s.clone() for s in initial]
    for n, length in enumerate(LENGTHS.tolist()):
        if length:
            first = packed_up([s[:, n : n + 1] for s in initial])
            out, final = layer(x[n : n + 1, :length].transpose(0, 1), first)
            outputs[n, :length] = out[:, 0]
            for kept, last in zip(finals, as_list(final), strict=True):
                kept[:, n] = last[:, 0]
    return outputs, finals


def scalar(outputs, finals):
    """Return one number that depends on every output and final state."""
    torch.manual_seed(2)
    return sum((part * torch.randn(part.shape)).sum() for part in (outputs, *finals))


def close(one, other):
    torch.testing.assert_close(one, other, atol=2e-6, rtol=1e-5)


@any_name
@layers_and_directions
@pytest.mark.parametrize("start", [False, True], ids=["zeros", "states"])
def test_recurrent_rows_are_as_if_alone(name, layers, both, start):
    one, other = pair(name, layers, both)
    x = torch.randn(B, T, D)
    initial = states(one)
    if not start:
        initial = [torch.zeros_like(s) for s in initial]
    outputs, final = one(x.transpose(0, 1), packed_up(initial) if start else None, lengths=LENGTHS)
    wanted, finals = alone(other, x, initial)
    close(outputs.transpose(0, 1), wanted)
    for ours, theirs in zip(as_list(final), finals, strict=True):
        close(ours, theirs)
    assert not outputs.transpose(0, 1)[LENGTHS == 0].any()


@any_name
@layers_and_directions
def test_recurrent_gradients_are_as_if_alone(name, layers, both):
    one, other = pair(name, layers, both)
    gradients = []
    for layer in (one, other):
        torch.manual_seed(3)
        x = torch.randn(B, T, D, requires_grad=True)
        initial = [s.requires_grad_() for s in states(one)]
        if layer is one:
            outputs, final = one(x.transpose(0, 1), packed_up(initial), lengths=LENGTHS)
            outputs, finals = outputs.transpose(0, 1), as_list(final)
        else:
            outputs, finals = alone(other, x, initial)
        scalar(outputs, finals).backward()
        gradients.append([w.grad for w in (x, *initial, *layer.parameters())])
        assert not x.grad[torch.arange(T) >= LENGTHS[:, None]].any()
    for ours, theirs in zip(*gradients, strict=True):
        assert torch.isfinite(ours).all()
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


@any_name
def test_without_lengths_it_is_torch(name):
    one, other = pair(name, 2, True, batch_first=True)
    x = torch.randn(B, T, D)
    for ours, theirs in ((one(x), other(x)), (one(x[0]), other(x[0]))):
        close(ours[0], theirs[0])
        for pair_ in zip(as_list(ours[1]), as_list(theirs[1]), strict=True):
            close(*pair_)
    packed = nn.utils.rnn.pack_sequence([x[0], x[1, :4]])
    close(one(packed)[0].data, other(packed)[0].data)


@any_name
@layers_and_directions
def test_state_dict_goes_both_ways(name, layers, both):
    one, other = pair(name, layers, both)
    for weight in other.parameters():
        nn.init.normal_(weight)
    one.load_state_dict(other.state_dict())
    assert list(one.state_dict()) == list(other.state_dict())
    close(one(torch.ones(T, B, D))[0], other(torch.ones(T, B, D))[0])


def test_lengths_want_one_padded_tensor():
    with pytest.raises(ValueError, match="lengths= goes with one padded tensor"):
        LSTM(D, H)(torch.ones(T, D), lengths=torch.tensor([3]))


@pytest.mark.parametrize("kind", CELLS)
@layers_and_directions
def test_single_bias_is_one_per_gate(kind, layers, both):
    layer = kind(D, H, num_layers=layers, bidirectional=both, single_bias=True)
    ways, gates = 2 if both else 1, GATES[kind]
    inputs = [D] + [H * ways] * (layers - 1)
    assert sum(w.numel() for w in layer.parameters()) == sum(
        ways * gates * ((size + H) * H + H) for size in inputs
    )
    assert not [name for name in layer.state_dict() if "bias_hh" in name]


def intact(layer):
    """Tell whether the layer computes with the very weights and buffers that it shows."""
    pairs = zip(layer._flat_weights, layer._flat_weights_names, strict=True)
    return all(weight is getattr(layer, name) for weight, name in pairs)


def through_a_file(layer):
    file = io.BytesIO()
    torch.save(layer, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("copied", [copy.deepcopy, through_a_file], ids=["deepcopy", "file"])
def test_a_copy_with_a_single_bias_lives_by_itself(kind, copied):
    layer = kind(D, H, num_layers=2, bidirectional=True, single_bias=True)
    assert intact(layer)
    twin, x = copied(layer), torch.randn(T, B, D)
    before = layer(x)[0].detach()
    assert intact(layer) and intact(twin)
    assert torch.equal(twin(x)[0], before)
    twin(x)[0].sum().backward()
    assert all(w.grad is None for w in layer.parameters())
    torch.optim.SGD(twin.parameters(), lr=0.1).step()
    assert torch.equal(layer(x)[0], before)
    assert not torch.equal(twin(x)[0], before)
    assert not any(buffer.any() for buffer in twin.buffers())


@pytest.mark.parametrize("kind", CELLS)
def test_a_single_bias_survives_a_change_of_type_and_a_state_dict(kind):
    layer = kind(D, H, single_bias=True, batch_first=True)
    other = kind(D, H, single_bias=True, batch_first=True)
    other.load_state_dict(layer.state_dict())
    x = torch.randn(B, T, D)
    before = layer(x)[0].detach()
    assert torch.equal(other(x)[0], before)
    layer.to(torch.float64)
    assert intact(layer)
    after = layer(x.double(), lengths=LENGTHS.clamp(min=T))[0]
    assert after.dtype == torch.float64
    close(after.float(), before)


@pytest.mark.parametrize("kind", CELLS)
def test_first_weights_of_recurrent_layers(kind):
    layer = kind(D, 16, num_layers=2, single_bias=True)
    initialise.recurrent(layer)
    gates = GATES[kind]
    for name, weight in layer.named_parameters():
        if name.startswith("weight_hh"):
            for gate in weight.chunk(gates):
                close(gate @ gate.T, torch.eye(16))
        elif name.startswith("weight_ih"):
            bound = (6 / (weight.shape[0] + weight.shape[1])) ** 0.5
            assert 0.8 * bound < weight.abs().max() <= bound
        elif kind is LSTM:
            assert weight.view(4, 16).mean(dim=1).tolist() == [0, 1, 0, 0]
            assert weight.view(4, 16).std(dim=1).max() == 0
        else:
            assert not weight.any()


def test_first_weights_of_dense_layers_and_tables():
    layer = nn.Linear(50, 70)
    initialise.dense(layer)
    assert 0.9 * (6 / 120) ** 0.5 < layer.weight.abs().max() <= (6 / 120) ** 0.5
    assert not layer.bias.any()
    table = TokenEmbedding(20, 5, None, trainable=True).weight
    assert not table[0].any() and table[1:].any(dim=1).all() and table.abs().max() <= 0.05


def random_ids(vocabulary=12):
    torch.manual_seed(4)
    ids = torch.randint(1, vocabulary, (B, T))
    return ids, ids * (torch.arange(T) < LENGTHS[:, None])


def test_bag_is_a_product_with_the_multi_hot_matrix():
    bag = encoders.Bag(12, H)
    nn.init.normal_(bag.bias)
    _, ids = random_ids()
    hot = torch.zeros(B, 12)
    for n, row in enumerate(ids.tolist()):
        hot[n, row] = 1.0
    hot[:, 0] = 0.0  # PAD
    wanted = torch.relu(hot @ bag.weight + bag.bias)
    close(bag(ids, LENGTHS), wanted)
    (bag(ids, LENGTHS) ** 2).sum().backward()
    ours, bag.weight.grad = bag.weight.grad, None
    (torch.relu(hot @ bag.weight + bag.bias) ** 2).sum().backward()
    close(ours, bag.weight.grad)


def highest(layer, row, f):
    """Return the largest value of filter `f` over the windows of `row` (T, D), ReLU included."""
    width, values = layer.kernel_size[0], [0.0]
    for t in range(len(row)):
        places = [(w, t + w - width // 2) for w in range(width)]
        inside = [layer.weight[f, :, w] @ row[s] for w, s in places if 0 <= s < len(row)]
        values.append((layer.bias[f] + sum(inside)).item())
    return max(values)


def test_convolution_is_its_loops():
    widths = (1, 2, 3, 4, 5, 8)
    net = encoders.Convolution(D, H, widths)
    for layer in net.layers:
        nn.init.normal_(layer.bias)
    x = torch.randn(B, T, D)
    wanted = [
        [highest(layer, x[n, :length], f) for layer in net.layers for f in range(H)]
        for n, length in enumerate(LENGTHS.tolist())
    ]
    close(net(x, LENGTHS), torch.tensor(wanted))


def test_convolution_needs_a_width():
    with pytest.raises(OptionError, match="widths"):
        encoders.build(EncoderOptions(encoder="cnn", widths=()), D, T)


@pytest.mark.parametrize("pool", ["mean", "max"])
def test_pooling_leaves_padding_out(pool):
    x = torch.randn(B, T, D) - 5.0
    found = encoders.pooled(x, LENGTHS, pool)
    for n, length in enumerate(LENGTHS.tolist()):
        row = x[n, :length]
        wanted = torch.zeros(D) if not length else row.mean(0) if pool == "mean" else row.amax(0)
        close(found[n], wanted)


ENCODERS = ["bag", "mean", "cnn", "rnn", "gru", "lstm"]


@pytest.mark.parametrize("name", ENCODERS)
def test_garbage_in_the_padding_changes_no_bit(name):
    options = EncoderOptions(encoder=name, hidden=H, bidirectional=True, pool="max")
    table = None if name == "bag" else TokenEmbedding(12, D, None, trainable=True)
    net = ClassifierNetwork(options, Target(3), 12 if name == "bag" else D, T, table).eval()
    spoilt, ids = random_ids()
    for lengths in (LENGTHS, torch.zeros(B, dtype=torch.int64)):
        clean = ids * (lengths > 0)[:, None]
        found = net(clean, lengths)
        assert torch.isfinite(found).all()
        assert torch.equal(net(spoilt, lengths), found)


@pytest.mark.parametrize("name", ["rnn", "gru", "lstm"])
@layers_and_directions
def test_last_is_the_last_layers_state_after_the_last_true_step(name, layers, both):
    options = EncoderOptions(encoder=name, hidden=H, layers=layers, bidirectional=both)
    encoder, x = encoders.Recurrent(D, options), torch.randn(B, T, D)
    outputs, _ = encoder.cell(x, lengths=LENGTHS)
    wanted = torch.zeros(B, encoder.features)
    for n, length in enumerate(LENGTHS.tolist()):
        if length:
            wanted[n, :H] = outputs[n, length - 1, :H]
            wanted[n, H:] = outputs[n, 0, H:]
    close(encoder(x, LENGTHS), wanted)


def test_input_dropout_is_one_mask_per_sequence():
    options = EncoderOptions(encoder="mean", input_dropout=0.5)
    net = ClassifierNetwork(options, Target(3), 400, T, None)
    seen = []
    net.encoder.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    net.train()(torch.ones(2, T, 400), torch.tensor([T, T]))
    masks = seen[0]
    assert torch.equal(masks, masks[:, :1].expand_as(masks))
    assert not torch.equal(masks[0], masks[1])
    assert set(masks.unique().tolist()) == {0.0, 2.0}
    assert 0.4 < (masks == 0).float().mean() < 0.6
    net.eval()(torch.ones(2, T, 400), torch.tensor([T, T]))
    assert (seen[1] == 1).all()


def test_token_dropout_turns_tokens_into_unk_but_never_padding():
    table = TokenEmbedding(9, D, None, trainable=True)
    net = ClassifierNetwork(EncoderOptions(encoder="mean"), Target(3), D, T, table, 0.5)
    seen = []
    table.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    ids = torch.full((50, T), 5)
    ids[:, -2:] = 0
    net.train()(ids, torch.full((50,), T))
    assert set(seen[0][:, :-2].unique().tolist()) == {1, 5}
    assert not seen[0][:, -2:].any()
    net.eval()(ids, torch.full((50,), T))
    assert torch.equal(seen[1], ids)


def test_heads_and_targets():
    head = Head(5, (4, 3), 2, dropout=0.5).eval()
    x = torch.randn(B, 5)
    one, two, out = (layer for layer in head.layers if isinstance(layer, nn.Linear))
    close(head(x), out(torch.relu(two(torch.relu(one(x))))))
    assert [Target(2).logits, Target(3).logits, Target(2, multi_label=True).logits] == [1, 3, 2]
    logits = torch.tensor([[-800.0], [0.0], [800.0]])
    assert Target(2).probabilities(logits).tolist() == [[1, 0], [0.5, 0.5], [0, 1]]
    close(Target(3).probabilities(x[:, :3]).sum(dim=1), torch.ones(B, dtype=torch.float64))
    chances = Target(3, multi_label=True).probabilities(x[:, :3])
    close(chances, 1 / (1 + (-x[:, :3].double()).exp()))


def test_losses_by_hand():
    logits, goal = torch.tensor([[2.0], [-1.0], [0.5]]), torch.tensor([1, 0, 0])
    p = logits[:, 0].sigmoid()
    each = -torch.where(goal == 1, p, 1 - p).log()
    close(losses.binary(logits, goal), each.mean())
    weights = torch.tensor([3.0, 0.5])
    close(losses.binary(logits, goal, weights), (each * weights[goal]).mean())
    close(Target(2).loss(logits, goal, None), each.mean())
    logits, goal = torch.randn(4, 3), torch.tensor([0, 2, 1, 1])
    each = -logits.softmax(dim=1)[range(4), goal].log()
    close(losses.categorical(logits, goal), each.mean())
    weights = torch.tensor([1.0, 2.0, 4.0])
    close(losses.categorical(logits, goal, weights), (each * weights[goal]).mean())
    hot = torch.tensor([[1.0, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0]])
    p = logits.sigmoid()
    each = -(hot * p.log() + (1 - hot) * (1 - p).log())
    close(losses.multi_label(logits, hot), each.mean())
    each = -(weights * hot * p.log() + (1 - hot) * (1 - p).log())
    close(losses.multi_label(logits, hot, weights), each.mean())
