"""How a model of running text reads: some rows begin afresh, so that beginnings are learnt too."""

import numpy as np
import pytest
import torch

from sestina.config import LanguageOptions
from sestina.data import chunks as cut
from sestina.data.ragged import Ragged
from sestina.estimators import language_training
from sestina.estimators.language_training import FORGET, Reader
from sestina.nn.language import LanguageNetwork

ROWS, STEPS = 400, 3


def chunked(rows=ROWS):
    """Two chunks of rows of random tokens."""
    tokens = np.random.default_rng(0).integers(3, 9, (rows, 2 * STEPS + 1)).astype(np.int32)
    ragged = Ragged.of(list(tokens), tokens[0, :0])
    return list(cut.chunks(ragged, np.arange(rows), STEPS))


@pytest.fixture(params=["lstm", "gru", "rnn"])
def network(request):
    torch.manual_seed(0)
    options = LanguageOptions(
        cell=request.param, embedding=4, hidden=5, dropout=0.0, input_dropout=0.0
    )
    return LanguageNetwork(options, 9).eval()


def states(network, forget, seed=1):
    """The states (B, T, H) of the second chunk, read after the first."""
    torch.manual_seed(seed)
    read = Reader(network, forget)
    with torch.no_grad():
        for chunk in chunked():
            found, _ = read(chunk)
    return found.reshape(ROWS, STEPS, -1)


def test_forgetting_everything_is_beginning_afresh(network):
    _, second = chunked()
    with torch.no_grad():
        fresh, _ = Reader(network)(second._replace(fresh=True))
    assert torch.equal(states(network, 1.0), fresh.reshape(ROWS, STEPS, -1))
    assert not torch.equal(states(network, 0.0), fresh.reshape(ROWS, STEPS, -1))


def test_a_share_of_rows_forgets_and_the_others_go_on(network):
    carried, fresh = states(network, 0.0), states(network, 1.0)
    some = states(network, 0.25)
    forgot = (some == fresh).all(dim=2).all(dim=1)
    kept = (some == carried).all(dim=2).all(dim=1)
    assert bool((forgot ^ kept).all())
    assert 60 < int(forgot.sum()) < 140  # 100 expected, deviation 8.7
    other = (states(network, 0.25, seed=2) == fresh).all(dim=2).all(dim=1)
    assert not torch.equal(forgot, other)


@pytest.mark.parametrize(("running", "share"), [(True, FORGET), (False, 0.0)])
def test_only_running_text_forgets_and_only_in_training(network, running, share, monkeypatch):
    made = []

    class Spy(Reader):
        def __init__(self, network, forget=0.0):
            made.append(forget)
            super().__init__(network, forget)

    monkeypatch.setattr(language_training, "Reader", Spy)

    class Options:
        scheme, tbptt, batch_size, layer_decay, seed = "stateful", 3, 4, 1.0, 0

    Options.running = running
    row = Ragged(np.arange(3, 9, dtype=np.int32), np.array([0, 6]))
    language_training.problem(network, Options, row, None)
    language_training.losses(network, Options, row, running)
    assert made == [share, 0.0] and 0 < FORGET < 0.1
