"""Decoding: the beam finds the most probable sequence, draws have the model's shares."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sestina.estimators.decoding import drawn, most_probable
from sestina.estimators.sampling import Sampler

END = 1


class Chain:
    """Rows whose next token depends on all before it: log P from a table drawn per history."""

    def __init__(self, rows, tokens, seed):
        self._tokens, self._seed = tokens, seed
        self.histories = [(row,) for row in range(rows)]

    def after(self, history):
        rng = np.random.default_rng([self._seed, *history])
        shares = rng.dirichlet(np.full(self._tokens - 1, 0.5)) + 1e-12
        return np.log([1e-300, *(shares / shares.sum())])  # token 0, PAD, never comes

    @property
    def log_probabilities(self):
        return np.array([self.after(history) for history in self.histories]).reshape(
            len(self.histories), self._tokens
        )

    def advance(self, rows, tokens):
        self.histories = [
            (*self.histories[row], int(token)) for row, token in zip(rows, tokens, strict=True)
        ]


def best_of_all(chain, row, longest, banned):
    """The most probable of all sequences that end within `longest` tokens or are cut there."""
    tokens = [k for k in range(2, chain._tokens) if k not in banned]
    found = []
    for length in range(longest + 1):
        for path in product(tokens, repeat=length):
            total, history = 0.0, (row,)
            for token in (*path, *([END] if length < longest else [])):
                total += chain.after(history)[token]
                history = (*history, token)
            found.append((total, list(path)))
    return max(found)[1]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 3), st.integers(0, 4), st.booleans())
def test_a_beam_that_loses_nothing_is_exact(seed, rows, longest, bans):
    banned = [2] if bans else []
    found = most_probable(Chain(rows, 5, seed), 5**4, longest, END, banned)
    chain = Chain(rows, 5, seed)
    assert found == [best_of_all(chain, row, longest, banned) for row in range(rows)]


def test_a_beam_sees_past_a_tempting_first_token():
    """Token 2 is likelier at first, but what follows 3 is certain."""
    table = {(): {2: 0.6, 3: 0.4}, (2,): {2: 0.3, 3: 0.3, END: 0.4}, (3,): {END: 1.0}}

    class Tempting(Chain):
        def after(self, history):
            shares = np.full(4, 1e-9)
            for token, share in table.get(history[1:], {END: 1.0}).items():
                shares[token] = share
            return np.log(shares)

    assert most_probable(Tempting(2, 4, 0), 1, 5, END) == [[2]] * 2
    assert most_probable(Tempting(2, 4, 0), 2, 5, END) == [[3]] * 2


def test_what_does_not_end_is_cut():
    class Endless(Chain):
        def after(self, history):
            return np.log([1e-300, 1e-300, 0.9, 0.1])

    assert most_probable(Endless(2, 4, 0), 3, 4, END) == [[2] * 4] * 2
    chance = [np.random.default_rng(k) for k in range(2)]
    assert [len(ids) for ids in drawn(Endless(2, 4, 0), Sampler(), chance, 4, END)] == [4, 4]
    assert drawn(Endless(2, 4, 0), Sampler(), chance, 0, END) == [[], []]


@pytest.mark.parametrize("width", [1, 2, 7])
def test_no_rows(width):
    assert most_probable(Chain(0, 4, 0), width, 5, END) == []
    assert drawn(Chain(0, 4, 0), Sampler(), [], 5, END) == []


def test_draws_have_the_shares_of_the_chain():
    class Coin(Chain):
        def after(self, history):
            return np.log([1e-300, 0.5, 0.3, 0.2])

    chance = [np.random.default_rng(k) for k in range(4000)]
    found = drawn(Coin(4000, 4, 0), Sampler(), chance, 50, END, banned=[3])
    lengths = np.array([len(ids) for ids in found])
    assert {token for ids in found for token in ids} == {2}
    # with 3 never drawn, a text goes on with 3/8
    assert lengths.mean() == pytest.approx((3 / 8) / (5 / 8), abs=0.06)
    assert (lengths == 0).mean() == pytest.approx(5 / 8, abs=0.03)


def test_a_row_is_drawn_as_if_it_were_alone():
    together = drawn(
        Chain(6, 5, 3), Sampler(), [np.random.default_rng(k) for k in range(6)], 9, END
    )
    for row in range(6):
        alone = Chain(1, 5, 3)
        alone.histories = [(row,)]
        assert drawn(alone, Sampler(), [np.random.default_rng(row)], 9, END) == [together[row]]
