"""Kneser–Ney: by hand, against the definition written out, and as a distribution."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sestina.data import chunks as cut
from sestina.data.ragged import Ragged
from sestina.errors import DataError, OptionError
from sestina.inspect.kneser_ney import KneserNey

END, A, B, V = 2, 3, 4, 5


def rows_of(*texts):
    made = Ragged.of([np.array([*t, END], np.int32) for t in texts], np.empty(0, np.int32))
    return cut.framed(made, END)


def test_two_short_texts_by_hand():
    model = KneserNey(2).fit(rows_of([A, B], [A, A]), V)
    # five different bigrams: two end in a, one in b, two in END; of these 2.5 are discounted
    single = np.array([0.0, 0.125, 0.325, 0.325, 0.225])
    assert np.allclose(model.probabilities([1]), single)
    # after a: b, a, END once each; half of each is discounted
    after_a = (
        np.array([0, 1.5 * 0.125, 0.5 + 1.5 * 0.325, 0.5 + 1.5 * 0.325, 0.5 + 1.5 * 0.225]) / 3
    )
    assert np.allclose(model.probabilities([A]), after_a)
    # a text begins with a, twice; 1 is discounted
    assert np.allclose(model.probabilities([END]), (single + np.eye(V)[A]) / 2)
    assert np.allclose(KneserNey(1).fit(rows_of([A, B], [A, A]), V).probabilities([A])[A], 0.375)


class Definition:
    """The same, n-gram by n-gram, in plain Python."""

    def __init__(self, order, rows, tokens):
        self.order, self.tokens = order, tokens
        grams = Counter()
        for n in range(len(rows)):
            row = rows.row(n).tolist()
            grams.update(
                (tuple(row[i - k + 1 : i + 1]), i - k + 1 == 0)
                for k in range(1, order + 1)
                for i in range(max(k - 1, 1), len(row))
            )
        raw = Counter()
        for (gram, _), count in grams.items():
            raw[gram] += count
        self.counts = [None]
        for k in range(1, order + 1):
            if k == order:
                self.counts.append({g: c for g, c in raw.items() if len(g) == k})
                continue
            count = Counter(g[1:] for g in raw if len(g) == k + 1)
            if k > 1:
                for (gram, first), number in grams.items():
                    if first and len(gram) == k:
                        count[gram] += number
            self.counts.append(count)

    def discount(self, k, count):
        n = [sum(c == j for c in self.counts[k].values()) for j in range(1, 5)]
        if all(n):
            y = n[0] / (n[0] + 2 * n[1])
            d = [j - (j + 1) * y * n[j] / n[j - 1] for j in (1, 2, 3)]
            if all(0 <= x <= j for j, x in enumerate(d, 1)):
                return d[min(count, 3) - 1]
        return (0.5, 1.0, 1.5)[min(count, 3) - 1]

    def share(self, context, token):
        if context is None:
            return 1 / (self.tokens - 1)
        shorter = self.share(context[1:] if context else None, token)
        k = len(context) + 1
        after = {g[-1]: c for g, c in self.counts[k].items() if g[:-1] == context}
        total = sum(after.values())
        if not total:
            return shorter
        owed = sum(self.discount(k, c) for c in after.values())
        own = after[token] - self.discount(k, after[token]) if token in after else 0.0
        return (own + owed * shorter) / total


TEXTS = st.lists(st.lists(st.integers(3, 6), max_size=8), min_size=1, max_size=8)


@settings(max_examples=25, deadline=None)
@given(TEXTS, st.integers(1, 4), st.booleans())
def test_it_is_what_the_definition_says(texts, order, running):
    made = Ragged.of([np.array([*t, END], np.int32) for t in texts], np.empty(0, np.int32))
    rows = (cut.joined if running else cut.framed)(made, END)
    model, definition = KneserNey(order).fit(rows, 7), Definition(order, rows, 7)
    for context in ([END], [END, 3], [3, 4], [4, 4, 4], [1], [END, 5, 6, 3]):
        found = model.probabilities(context)
        short = tuple(context[-(order - 1) :]) if order > 1 else ()
        wanted = [definition.share(short, token) for token in range(1, 7)]
        assert np.allclose(found[1:], wanted) and found[0] == 0
        assert found.sum() == pytest.approx(1)


def test_discounts_of_chen_and_goodman_are_used_where_counts_allow():
    rng = np.random.default_rng(0)
    words = (rng.zipf(1.6, size=4_000) % 60 + 3).reshape(400, 10)
    rows = rows_of(*words.tolist())
    model = KneserNey(3).fit(rows, 63)
    assert not any(np.allclose(o.discounts[1:], (0.5, 1.0, 1.5)) for o in model._orders[1:])
    for context in ([END], [5, 3], [62, 62], [1, 9]):
        assert model.probabilities(context).sum() == pytest.approx(1)
    assert model.n_parameters_ == sum((order.counts > 0).sum() for order in model._orders)


def test_perplexity_of_texts_with_a_rule_and_without():
    ring = [3 + n % 5 for n in range(60)]
    model = KneserNey(3).fit(rows_of(*[ring] * 20), 8)
    assert model.perplexity(rows_of(ring)) < 1.2
    rng = np.random.default_rng(1)
    train, test = rng.integers(3, 8, (2, 60, 60)).tolist()
    assert 4.8 < KneserNey(5).fit(rows_of(*train), 8).perplexity(rows_of(*test)) < 6.5
    logs = model.log_probabilities(rows_of(ring))
    assert len(logs) == 61 and model.perplexity(rows_of(ring)) == pytest.approx(
        np.exp(-logs.mean())
    )


def test_what_cannot_be_used():
    with pytest.raises(OptionError, match="order=0 makes no sense; give 1 or more"):
        KneserNey(0)
    with pytest.raises(DataError, match="no row has a token to foresee"):
        KneserNey().fit(Ragged(np.array([END]), np.array([0, 1])), V)
    with pytest.raises(DataError, match="the ids 2 to 9 came; expected 0 to 4"):
        KneserNey().fit(rows_of([9]), V)
