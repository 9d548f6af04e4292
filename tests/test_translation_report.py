"""What the report of a translator draws, and what it says where there is little to say."""

import numpy as np
import pytest

from sestina import Translator
from sestina.data import toy
from sestina.data.parallel import Pairs
from sestina.inspect import heat_map
from sestina.inspect.translation_ladder import climb_translations, translation_verdict
from sestina.inspect.translation_report import TranslationFacts, render_translations

pytest.importorskip("altair", reason="the extra 'report' is not installed")
pytest.importorskip("vl_convert", reason="the extra 'report' is not installed")

pytestmark = pytest.mark.usefixtures("valid_charts")
TINY = {"level": "word", "hidden": 6, "embedding": 6, "epochs": 2, "seed": 1}


def rows_of(chart):
    whole = chart.to_dict()
    return whole["datasets"][whole["data"]["name"]]


def test_a_heat_map_shows_every_token_and_weight():
    from sestina.inspect import charts

    weights = np.array([[0.9, 0.1, 0.0], [0.25, 0.5, 0.25]])
    chart = heat_map.attention(weights, ["el", "<eos>"], ['the "x"', "the", " "])
    rows = rows_of(chart)
    assert {(r["target"], r["source"]): r["weight"] for r in rows}[1, 1] == 0.5
    drawn = charts.svg(chart, "light")
    assert drawn.count("&lt;eos&gt;") == 1 and drawn.count(">the<") == 1
    assert "the &quot;x&quot;" in drawn or 'the "x"' in drawn
    assert "␣" in drawn
    large = heat_map.attention(np.zeros((50, 60)), ["t"] * 50, ["s"] * 60)
    assert len(rows_of(large)) == 40 * 40


@pytest.mark.parametrize("attention", ["dot", None])
def test_the_page(attention):
    pytest.importorskip("sacrebleu", reason="the extra 'translate' is not installed")
    train = Pairs(*toy.copies(60, 5, seed=1))
    test = Pairs([*toy.copies(8, 5, seed=2)[0], "<b>d</b> & e f"], [*"abcdefgh", "<i>"])
    net = Translator(**TINY, attention=attention, validation_fraction=0.0)
    rungs = climb_translations(net.fit(train.sources, train.targets), train, test)
    verdict = translation_verdict(rungs)
    facts = TranslationFacts("toy <data>", (60, 0, 9), "drawn", verdict)
    page = render_translations(net, rungs, test, facts)
    assert "toy &lt;data&gt;" in page and "<b>d</b>" not in page and "&lt;i&gt;" in page
    assert ("What it looks at" in page) == (attention is not None)
    assert page.count('<blockquote dir="auto">') == 9
    assert "No part was held out" in page
    assert rungs[0].figures["chrf"] != rungs[1].figures["chrf"]
    assert ("beats" in verdict) == (rungs[1].figures["chrf"] > rungs[0].figures["chrf"])


def test_attention_of_two_words_is_drawn():
    pytest.importorskip("sacrebleu", reason="the extra 'translate' is not installed")
    train = Pairs(["a b", "b c", "c", "a"] * 9, ["x y", "y z", "z", "x"] * 9)
    net = Translator(**TINY, validation_fraction=0.0).fit(train.sources, train.targets)
    test = Pairs(["a c", "b"], ["x z", "y"])
    facts = TranslationFacts("toy", (36, 0, 2), "drawn", "")
    page = render_translations(net, climb_translations(net, train, test), test, facts)
    assert "What it looks at" in page
    assert page.count("A row is a token of the translation") == 1  # of one word there is no choice
