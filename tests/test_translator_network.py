"""The translator's network: attention by the definition, gradients, padding, one pass or steps."""

import numpy as np
import pytest
import torch

from sestina.config import TranslatorOptions
from sestina.errors import ModelError
from sestina.nn import attention as attention_module
from sestina.nn.attention import Attention, Memory
from sestina.nn.lexicon import FLOOR, Lexicon, Table
from sestina.nn.translator import PairBatch, TranslatorNetwork

END = 2
KINDS = ["additive", "dot", None]


TABLE = Table(  # what source tokens 1, 3, 3 and 5 become
    np.array([0, 0, 1, 1, 3, 3, 4, 4, 4, 4]),
    np.array([4, 2, 7, 6]),
    np.array([0.9, 0.25, 0.75, 0.5], np.float32),
)


def network(attention="additive", seed=0, table=None, **options):
    torch.manual_seed(seed)
    sizes = {"embedding": 6, "hidden": 5, "dropout": 0.0, "input_dropout": 0.0}
    wish = TranslatorOptions(attention=attention, **{**sizes, **options})
    net = TranslatorNetwork(wish, 9, 8, table=table)
    with torch.no_grad():
        for weight in (net.embedding.weight, net.target_embedding.weight, net.bias):
            weight.normal_()  # far from where all tokens are as likely
    return net


def batch(rows, sampled=0.0, pad=0):
    """Pairs of lists of ids, padded by so many more columns than they need."""
    sources = [[*source, END] for source, _ in rows]
    targets = [[*target, END] for _, target in rows]
    inputs = [[END, *target] for _, target in rows]

    def padded(lists):
        out = torch.zeros(len(lists), max(map(len, lists)) + pad, dtype=torch.int64)
        for n, row in enumerate(lists):
            out[n, : len(row)] = torch.tensor(row)
        return out

    lengths = (torch.tensor(list(map(len, part))) for part in (sources, targets))
    sizes, steps = lengths
    return PairBatch(padded(sources), sizes, padded(inputs), padded(targets), steps, sampled)


ROWS = [([3, 4, 5], [6, 7]), ([], [3]), ([8, 8, 3, 1], []), ([5], [7, 6, 5, 4, 3])]


def memory_of(states, sizes, attention):
    real = torch.arange(states.shape[1]) < sizes[:, None]
    return Memory(states, real, states[:, 0], attention.keys_of(states), None, [])


@pytest.mark.parametrize("kind", ["additive", "dot"])
def test_attention_is_what_it_says(kind):
    torch.manual_seed(1)
    module = Attention(kind, features=4, hidden=3)
    states, sizes = torch.randn(2, 5, 4), torch.tensor([5, 2])
    asked = torch.randn(2, 6, 3)
    context, weights = module(asked, memory_of(states, sizes, module))
    w = module.keys.weight.detach().numpy()
    bias = 0.0 if kind == "dot" else module.keys.bias.detach().numpy()
    for b in range(2):
        for t in range(6):
            s, m = asked[b, t].numpy(), states[b, : sizes[b]].numpy()
            if kind == "dot":
                scores = m @ w.T @ s
            else:
                u = module.queries.weight.detach().numpy()
                scores = np.tanh(m @ w.T + bias + u @ s) @ module.energy.detach().numpy()
            shares = np.exp(scores - scores.max())
            shares /= shares.sum()
            np.testing.assert_allclose(weights[b, t, : sizes[b]].detach(), shares, rtol=1e-5)
            np.testing.assert_allclose(context[b, t].detach(), shares @ m, rtol=1e-5, atol=1e-6)
    assert not weights[1, :, 2:].any()


def test_blocks_of_sentences_give_the_same_gradients(monkeypatch):
    torch.manual_seed(1)
    module = Attention("additive", features=4, hidden=3)
    states = torch.randn(5, 7, 4, requires_grad=True)
    asked = torch.randn(5, 6, 3, requires_grad=True)
    goal, sizes = torch.randn(5, 6, 4), torch.tensor([7, 1, 4, 7, 2])

    def gradients():
        context, _ = module(asked, memory_of(states, sizes, module))
        return torch.autograd.grad((context * goal).sum(), [states, asked, *module.parameters()])

    whole = gradients()
    monkeypatch.setattr(attention_module, "BLOCK", 2 * 6 * 7 * 3)
    for one, other in zip(whole, gradients(), strict=True):
        torch.testing.assert_close(one, other)


def test_a_lexicon_is_what_it_says():
    module = Lexicon(TABLE, 9, 8)
    sources = torch.tensor([[3, 5, 3, 2], [1, 4, 0, 0], [0, 0, 0, 0]])
    wanted = np.zeros((9, 8), np.float32)
    wanted[1, 4], wanted[3, 2], wanted[3, 7], wanted[5, 6] = 0.9, 0.25, 0.75, 0.5
    weights = torch.rand(3, 5, 4)
    hints = module(weights, module.entries(sources))
    assert hints.columns.shape == hints.values.shape == (3, 5, 3)  # 2, 6 and 7 in the first row
    found = torch.zeros(3, 5, 7).scatter_add(2, hints.columns, hints.values)
    whole = np.einsum("bts,bsv->btv", weights.numpy(), wanted[sources][:, :, 1:])
    np.testing.assert_allclose(found, np.log((whole + FLOOR) / FLOOR), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "change",
    [
        {"tokens": TABLE.tokens + 1},  # one of them is no target token any more
        {"tokens": TABLE.tokens - 4},
        {"tokens": TABLE.tokens[:3]},
        {"starts": TABLE.starts[:-1]},
        {"starts": TABLE.starts + 1},
        {"starts": np.array([0, 2, 1, 1, 3, 3, 4, 4, 4, 4])},
        {"starts": TABLE.starts * 10**12},
        {"chances": -TABLE.chances},
        {"chances": TABLE.chances * np.float32("nan")},
        {"chances": TABLE.chances.astype(np.float64)},
    ],
)
def test_a_lexicon_from_a_stranger_may_not_fit(change):
    with pytest.raises(ModelError, match="the lexicon does not fit vocabularies of 9 and 8"):
        Lexicon(TABLE._replace(**change), 9, 8)


def test_a_lexicon_without_entries_says_nothing():
    table = Table(np.zeros(10, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))
    rows = batch(ROWS)
    assert torch.equal(network(table=table).token_losses(rows), network().token_losses(rows))


def test_the_lexicon_bears_on_what_is_attended_to():
    plain, net = network(), network(table=TABLE)
    rows = batch([([3], [7])])
    with torch.no_grad():
        one, other = plain.token_losses(rows)[0, 0], net.token_losses(rows)[0, 0]
    assert float(one - other) > 0.5  # 3 becomes 7 rather than anything else
    assert not any("lexicon" in name for name, _ in net.named_parameters())
    assert {name for name in net.state_dict() if "lexicon" in name} == {
        "lexicon.starts", "lexicon.tokens", "lexicon.chances",
    }  # fmt: skip


@pytest.mark.parametrize("kind", [*KINDS, "table"])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_gradients_by_finite_differences(kind, cell):
    kind, table = ("dot", TABLE) if kind == "table" else (kind, None)
    net = network(kind, cell=cell, layers=2, table=table).double()
    rows = batch(ROWS)
    weights = [w for w in net.parameters() if w.requires_grad]
    found = torch.autograd.grad(net.loss(rows), weights)
    rng = np.random.default_rng(0)
    for weight, gradient in zip(weights, found, strict=True):
        place = tuple(int(rng.integers(n)) for n in weight.shape)
        values = []
        for step in (1e-5, -1e-5):
            with torch.no_grad():
                weight[place] += step
                values.append(float(net.loss(rows)))
                weight[place] -= step
        assert (values[0] - values[1]) / 2e-5 == pytest.approx(float(gradient[place]), abs=1e-7)


@pytest.mark.parametrize("kind", KINDS)
def test_the_loss_is_the_mean_over_true_tokens(kind):
    net = network(kind).requires_grad_(False)
    rows = batch(ROWS)
    each = net.token_losses(rows)
    assert float(net.loss(rows)) == pytest.approx(float(each.sum() / rows.lengths.sum()), rel=1e-5)
    assert not each[torch.arange(each.shape[1]) >= rows.lengths[:, None]].any()
    every = torch.stack(
        [
            net.token_losses(rows._replace(targets=torch.full_like(rows.targets, token)))
            for token in range(1, 8)
        ]
    )  # of each token there is, (7, B, T)
    net.smoothing = 0.3
    wanted = (0.7 * each + 0.3 * every.mean(dim=0)).sum() / rows.lengths.sum()
    assert float(net.loss(rows)) == pytest.approx(float(wanted), rel=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_padding_and_company_change_nothing(kind):
    net = network(kind, layers=2).eval()
    with torch.inference_mode():
        whole = net.token_losses(batch(ROWS))
        wider = net.token_losses(batch(ROWS, pad=3))
        assert torch.equal(wider[:, : whole.shape[1]], whole)
        for n, row in enumerate(ROWS):
            alone = net.token_losses(batch([row]))[0]
            torch.testing.assert_close(whole[n, : len(alone)], alone, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "options",
    [{}, {"cell": "gru", "layers": 2}, {"layers": 3, "table": TABLE}],
    ids=["plain", "GRU", "table"],
)
def test_step_by_step_is_all_at_once(kind, options):
    if kind is None:  # nothing is attended to
        options = {**options, "table": None}
    net = network(kind, **options).eval()
    rows = batch([([3, 4], [6, 7, 5]), ([5, 5, 5], [4, 3, 3])])
    with torch.inference_mode():
        wanted = net.token_losses(rows)
        memory = net.encode(rows.sources, rows.sizes)
        # two continuations of each sentence go side by side: the true one, and another
        states = [
            tuple(p.repeat_interleave(2, 1) for p in s) if isinstance(s, tuple)
            else s.repeat_interleave(2, 1)
            for s in memory.first
        ]  # fmt: skip
        for t in range(4):
            tokens = torch.stack([rows.inputs[:, t], torch.full((2,), 6)], dim=1)
            logs, states = net.step(tokens, states, memory)
            assert logs.shape == (2, 2, 8) and torch.isneginf(logs[:, :, 0]).all()
            torch.testing.assert_close(logs.exp().sum(2), torch.ones(2, 2).double())
            goal = rows.targets[:, t]
            found = -logs[torch.arange(2), 0, goal]
            torch.testing.assert_close(found.float(), wanted[:, t], rtol=1e-4, atol=1e-5)


def test_without_attention_the_last_state_is_all():
    net = network(None)
    rows = batch([([3, 4, 5], [6, 7])])
    memory = net.encode(rows.sources, rows.sizes)
    other = memory._replace(states=torch.randn_like(memory.states))
    one, two = (net.decode(rows.inputs, m.first, m, rows.lengths)[0] for m in (memory, other))
    assert torch.equal(one, two) and net.weights(rows) is None


def test_scheduled_sampling_replaces_inputs_by_predictions():
    torch.manual_seed(0)
    net = network().train()
    rows = batch([([3, 4], [6, 7, 5, 4, 3, 6, 7])] * 200, sampled=0.5)
    memory = net.encode(rows.sources, rows.sizes)
    mixed = net._with_own(rows, memory)
    assert torch.equal(mixed[:, 0], rows.inputs[:, 0])
    changed = (mixed != rows.inputs)[:, 1:]
    share = float(changed.float().mean())
    # half are drawn, of which about one in seven is the true token by chance
    assert 0.35 < share < 0.5
    with torch.no_grad():
        net.bias[:] = -50.0
        net.bias[3] = 50.0  # always token 4
    mixed = net._with_own(rows, memory)
    drawn = mixed[:, 1:][mixed[:, 1:] != rows.inputs[:, 1:]]
    assert (drawn == 4).all() and len(drawn)


def test_one_table_for_both_languages():
    options = TranslatorOptions(embedding=6, hidden=5)
    net = TranslatorNetwork(options, 8, 8, shared=True)
    assert net.embedding is net.target_embedding
    counts = net.parameter_counts()
    assert sum(counts.values()) == sum(weight.numel() for weight in net.parameters())
    apart = TranslatorNetwork(options, 8, 8).parameter_counts()
    assert sum(apart.values()) - sum(counts.values()) == 8 * 6
