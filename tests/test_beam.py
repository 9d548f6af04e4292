"""Beam search against all continuations there are, on a machine of random log probabilities."""

from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sestina.nn.beam import search

END, TOKENS = 2, 5  # tokens 0 and 1 are never written


class Machine:
    """Log P of the next token by the tokens so far, drawn once for each beginning."""

    def __init__(self, seed, sentences):
        self.seed, self.sentences, self.known = seed, sentences, {}

    def logs(self, sentence, beginning):
        key = (sentence, *beginning)
        if key not in self.known:
            state = torch.Generator().manual_seed(hash((self.seed, *key)) % 2**31)
            drawn = 2 * torch.randn(TOKENS, generator=state, dtype=torch.float64)
            self.known[key] = drawn.log_softmax(0)
        return self.known[key]

    def step(self, tokens, states):
        """A state is a sentence's number, how many tokens were read, and these tokens."""
        rows = states[0][0].clone()
        for row, token in zip(rows, tokens.flatten().tolist(), strict=True):
            if row[1] >= 0:  # END comes first, and is no part of a continuation
                row[2 + int(row[1])] = token
            row[1] += 1
        logs = [self.logs(int(r[0]), r[2 : 2 + int(r[1])].int().tolist()) for r in rows]
        return torch.stack(logs).reshape(*tokens.shape, TOKENS), [rows[None]]

    def first(self, longest):
        rows = torch.zeros(self.sentences, longest + 2)
        rows[:, 0], rows[:, 1] = torch.arange(self.sentences), -1.0
        return [rows[None]]

    def best(self, sentence, limit, penalty):
        """The best of all continuations, by trying them."""
        found = []
        for size in range(limit):
            for tokens in product((3, 4), repeat=size):
                total = sum(
                    float(self.logs(sentence, tokens[:n])[token])
                    for n, token in enumerate((*tokens, END))
                )
                found.append((total / ((5 + size + 1) / 6) ** penalty, list(tokens)))
        return max(found)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10**6),
    st.lists(st.integers(1, 4), min_size=1, max_size=3),
    st.sampled_from([0.0, 0.6, 1.0, 2.0]),
)
def test_a_wide_beam_finds_the_best_there_is(seed, limits, penalty):
    machine = Machine(seed, len(limits))
    found = search(
        machine.step, machine.first(max(limits) + 1), torch.tensor(limits),
        end=END, width=32, penalty=penalty, without=(0, 1),
    )  # fmt: skip
    for sentence, (limit, one) in enumerate(zip(limits, found, strict=True)):
        score, tokens = machine.best(sentence, limit, penalty)
        assert one.score == pytest.approx(score)
        assert one.tokens == tokens


@pytest.mark.parametrize("width", [1, 2, 3])
def test_a_narrow_beam_finds_no_better_and_its_score_is_true(width):
    machine = Machine(7, 20)
    found = search(
        machine.step, machine.first(6), torch.full((20,), 5),
        end=END, width=width, penalty=1.0, without=(0, 1),
    )  # fmt: skip
    for sentence, one in enumerate(found):
        if len(one.tokens) < 5:  # else it never ended
            assert one.score <= machine.best(sentence, 5, 1.0)[0] + 1e-12
        whole = (*one.tokens, END)[:5]
        total = sum(
            float(machine.logs(sentence, one.tokens[:n])[token]) for n, token in enumerate(whole)
        )
        assert one.score == pytest.approx(total / ((5 + len(whole)) / 6))


def test_a_wider_beam_is_no_worse_on_average():
    scores = []
    for width in (1, 4, 32):
        machine = Machine(3, 40)
        found = search(
            machine.step, machine.first(6), torch.full((40,), 5),
            end=END, width=width, penalty=1.0, without=(0, 1),
        )  # fmt: skip
        scores.append(sum(one.score for one in found))
    assert scores[0] < scores[1] <= scores[2]


def test_one_that_never_ends_gives_its_beginning():
    def step(tokens, states):
        logs = torch.full((*tokens.shape, TOKENS), -torch.inf, dtype=torch.float64)
        logs[..., 3] = 0.0
        return logs, states

    (one,) = search(step, [torch.zeros(1, 1, 1)], torch.tensor([3]), end=END, width=2)
    assert one.tokens == [3, 3, 3] and one.score == 0.0
