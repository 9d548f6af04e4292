"""Drawing tokens, and putting them together as text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sestina.errors import OptionError
from sestina.estimators.sampling import Sampler
from sestina.text.detokenise import Joiner
from sestina.text.tokenise import words

SHARES = np.array([0.0, 0.1, 0.4, 0.2, 0.3])
with np.errstate(divide="ignore"):
    LOGS = np.log(SHARES)


def test_the_model_s_own_distribution():
    assert np.allclose(Sampler().shares(LOGS), SHARES)


def test_temperature():
    assert np.allclose(Sampler(0.5).shares(LOGS), SHARES**2 / (SHARES**2).sum())
    assert Sampler(0).shares(LOGS).tolist() == [0, 0, 1, 0, 0]
    assert np.allclose(Sampler(1e9).shares(LOGS)[1:], 0.25)
    assert np.allclose(Sampler(1e-9).shares(LOGS), [0, 0, 1, 0, 0])


def test_top_k_and_top_p():
    assert np.allclose(Sampler(top_k=2).shares(LOGS), [0, 0, 4 / 7, 0, 3 / 7])
    assert np.allclose(Sampler(top_k=99).shares(LOGS), SHARES)
    assert np.allclose(Sampler(top_p=0.69).shares(LOGS), [0, 0, 4 / 7, 0, 3 / 7])
    assert np.allclose(Sampler(top_p=0.71).shares(LOGS), [0, 0, 4 / 9, 2 / 9, 3 / 9])
    assert np.allclose(Sampler(top_p=0.01).shares(LOGS), [0, 0, 1, 0, 0])
    assert np.allclose(Sampler(top_p=1).shares(LOGS), SHARES)
    assert np.allclose(Sampler(top_k=3, top_p=0.5).shares(LOGS), [0, 0, 4 / 7, 0, 3 / 7])


def test_banned_tokens_are_drawn_again():
    rng = np.random.default_rng(0)
    drawn = [Sampler().draw(LOGS, rng, [2]) for _ in range(6000)]
    assert 2 not in drawn
    rejected = SHARES.copy()
    rejected[2] = 0
    found = np.bincount(drawn, minlength=5) / 6000
    assert np.abs(found - rejected / rejected.sum()).max() < 0.03
    assert Sampler(0).draw(LOGS, rng, [2]) == 4


@given(
    st.lists(st.floats(-9, 9), min_size=2, max_size=20),
    st.floats(0, 3),
    st.integers(1, 9),
    st.floats(0.01, 1),
)
def test_shares_are_shares(logits, temperature, k, p):
    found = Sampler(temperature, k, p).shares(np.array(logits))
    assert found.sum() == pytest.approx(1) and (found >= 0).all()
    assert 1 <= (found > 0).sum() <= k
    assert found[int(np.argmax(logits))] == found.max()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"temperature": -1}, "temperature=-1 makes no sense"),
        ({"temperature": float("nan")}, "temperature=nan is not a finite number"),
        ({"temperature": "hot"}, "temperature='hot' is not a number"),
        ({"top_k": 1.5}, "top_k=1.5 is not a whole number"),
        ({"top_k": 0}, "top_k=0 leaves no token; give 1 or more"),
        ({"top_p": 0.0}, "top_p=0.0 is no share"),
        ({"top_p": 1.5}, "top_p=1.5 is no share"),
    ],
)
def test_what_makes_no_sense(options, sentence):
    with pytest.raises(OptionError, match=sentence):
        Sampler(**options)


@pytest.mark.parametrize(
    "text",
    [
        "The jury said Friday that it doesn't know.",
        "He said: \"They've left (at last), haven't they?\"",
        "A well-known and/or new $5 idea, 3% better; the dogs' own.",
        "Wait… no!",
    ],
)
def test_words_are_put_together_again(text):
    join = Joiner("word")
    assert "".join(map(join, words(text))) == text


def test_characters_are_put_side_by_side():
    assert "".join(map(Joiner("character"), list("a b, c"))) == "a b, c"
