"""Padding never changes an answer, whatever the encoder: the same bits in any amount of it."""

import itertools

import numpy as np
import pytest
import torch

from sestina import TextClassifier
from sestina.config import ENCODERS, POOLS
from sestina.nn.encoders import Flatten

PLAIN = [{"encoder": name} for name in ENCODERS]
RECURRENT = [
    {"encoder": name, "pool": pool, "bidirectional": both, "layers": layers}
    for name, pool, both, layers in itertools.product(
        ("rnn", "gru", "lstm"), POOLS, (False, True), (1, 2)
    )
]
TEXTS = ["a b c d e f g", "b", "", "c c a", "g f e d c b a a b c d", "unknown words only", "d e"]


@pytest.fixture(
    scope="module", params=PLAIN + RECURRENT, ids=lambda o: "-".join(map(str, o.values()))
)
def net(request):
    net = TextClassifier(
        embedding=5, hidden=6, max_tokens=12, epochs=1, validation_fraction=0.0, **request.param
    )
    labels = ["x", "y", "z"] * 4
    return net.fit([text + " h i" for text in "abcdefabcdef"], labels)


def logits(net, ids, lengths):
    with torch.inference_mode():
        return net.network_(torch.from_numpy(ids), torch.from_numpy(lengths)).numpy()


def batch(net):
    inputs = net._encode(TEXTS)
    return inputs.padded(np.arange(len(TEXTS)), net.network_.steps)


@pytest.mark.parametrize("columns", [1, 7, 100])
def test_same_bits_with_any_amount_of_padding(net, columns):
    ids, lengths = batch(net)
    wider = np.pad(ids, ((0, 0), (0, columns)))
    np.testing.assert_array_equal(logits(net, ids, lengths), logits(net, wider, lengths))


def test_what_stands_in_the_padding_does_not_matter(net):
    ids, lengths = batch(net)
    spoilt = np.where(np.arange(ids.shape[1]) < lengths[:, None], ids, 3)
    np.testing.assert_allclose(
        logits(net, ids, lengths), logits(net, spoilt.astype(ids.dtype), lengths), atol=1e-6
    )


@pytest.mark.parametrize("garbage", [7.0, torch.nan, torch.inf])
@pytest.mark.parametrize("side", ["pre", "post"])
def test_flatten_masks_its_padding(side, garbage):
    x, lengths = torch.rand(4, 5, 3), torch.tensor([5, 2, 0, 9])
    real = torch.arange(5) < lengths[:, None]
    real = (real.flip(1) if side == "pre" else real)[:, :, None]
    flatten = Flatten(3, 5, side)
    assert flatten.features == 15 and not list(flatten.parameters())
    wanted = torch.where(real, x, 0.0).flatten(start_dim=1)
    assert torch.equal(flatten(torch.where(real, x, garbage), lengths), wanted)


@pytest.mark.parametrize("columns", [1, 100])
def test_flatten_padded_in_front(columns):
    net = TextClassifier(
        encoder="flatten", pad="pre", embedding=5, max_tokens=12, epochs=1, validation_fraction=0.0
    ).fit([text + " h i" for text in "abcdefabcdef"], ["x", "y", "z"] * 4)
    inputs = net._encode(TEXTS)
    ids, lengths = inputs.padded(np.arange(len(TEXTS)), 12, "pre")
    wanted = logits(net, ids, lengths)
    for value in (0, 3):
        wider = np.pad(ids, ((0, 0), (columns, 0)), constant_values=value)
        spoilt = np.where(np.arange(12) < 12 - lengths[:, None], value, ids).astype(ids.dtype)
        np.testing.assert_array_equal(wanted, logits(net, wider, lengths))
        np.testing.assert_array_equal(wanted, logits(net, spoilt, lengths))
    short = lengths <= 7  # a batch that was padded to less
    np.testing.assert_array_equal(
        wanted[short], logits(net, np.ascontiguousarray(ids[short][:, -7:]), lengths[short])
    )


def test_alone_and_in_company_agree_to_rounding(net):
    together = net.predict_proba(TEXTS)
    alone = np.concatenate([net.predict_proba([text]) for text in TEXTS])
    assert np.isfinite(together).all()
    np.testing.assert_allclose(together, alone, atol=2e-6)


def test_the_order_of_a_batch_does_not_matter(net):
    order = np.random.default_rng(0).permutation(len(TEXTS))
    shuffled = net.predict_proba([TEXTS[n] for n in order])
    np.testing.assert_allclose(net.predict_proba(TEXTS)[order], shuffled, atol=2e-6)
