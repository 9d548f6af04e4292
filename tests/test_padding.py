"""Padding never changes an answer, whatever the encoder: the same bits in any amount of it."""

import itertools

import numpy as np
import pytest
import torch

from sestina import TextClassifier
from sestina.config import ENCODERS, POOLS

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
    if net.encoder == "flatten":
        pytest.skip("a flatten encoder reads its fixed length, whose rest is PAD by definition")
    ids, lengths = batch(net)
    spoilt = np.where(np.arange(ids.shape[1]) < lengths[:, None], ids, 3)
    np.testing.assert_allclose(
        logits(net, ids, lengths), logits(net, spoilt.astype(ids.dtype), lengths), atol=1e-6
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
