"""Cleaning options, one by one: what each does, and that those switched off change nothing."""

import html as standard
import itertools
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sestina import TextClassifier, load
from sestina.config import TextOptions
from sestina.errors import OptionError
from sestina.text import clean
from sestina.text.tokenise import tokeniser, words

OFF = {"html": False, "lowercase": False}
EVERYTHING = "Zoë's café <br/> 3.5 stars &amp; 1,000 more: see http://x.org/a?b=1."


@pytest.mark.parametrize(
    ("function", "text", "cleaned"),
    [
        (clean.html, "good<br /><br/>film<BR>end", "good  film end"),
        (clean.html, "Tom &amp; Jerry &lt;3 &eacute; &#39;", "Tom & Jerry <3 é '"),
        (clean.html, "a < b & c", "a < b & c"),
        (clean.html, "plain", "plain"),
        (clean.entities, "a<br/>b &amp;&nbsp;c", "a<br/>b &\u00a0c"),
        (clean.breaks, "a<br/>b &amp; c", "a b &amp; c"),
        (clean.accents, "Zoë déjà ÀÇÑÖ naïve", "Zoe deja ACNO naive"),
        (clean.accents, "e\u0301 ø ß æ ł đ", "e ø ß æ ł đ"),
        (clean.accents, "Ξένος ёлка Việt", "Ξενος елка Viet"),
        (clean.accents, "हिन्दी 한국어 ガ", "हिन्दी 한국어 ガ"),
        (clean.urls, "see http://a.org/b?c=1&d=2#e, or", "see <url>, or"),
        (clean.urls, "(https://a.org). WWW.B.COM! ftp://c.d/e…", "(<url>). <url>! <url>…"),
        (clean.urls, 'href="https://a.org/b" awww. http:// www', 'href="<url>" awww. http:// www'),
        (clean.zeros, "in 1984, x2 ٣", "in 0000, x0 0"),
        (clean.numbers, "in 1984, x2 3rd 1,000.50. 7", "in <number>, x2 3rd <number>. <number>"),
    ],
)
def test_functions(function, text, cleaned):
    assert function(text) == cleaned
    assert function(cleaned) == cleaned or "&" in cleaned


def tokens(text, **options):
    return tokeniser(TextOptions(**{**OFF, **options}))(text)


@pytest.mark.parametrize(
    ("option", "changed"),
    [
        ({"lowercase": True}, "zoë 's café < br / > 3 . 5 stars & amp ;"),
        ({"html": True}, "Zoë 's café 3 . 5 stars &"),
        ({"entities": True}, "Zoë 's café < br / > 3 . 5 stars &"),
        ({"accents": True}, "Zoe 's cafe < br / > 3 . 5 stars & amp ;"),
        ({"digits": "zero"}, "Zoë 's café < br / > 0 . 0 stars & amp ;"),
        ({"digits": "token"}, "Zoë 's café < br / > <number> stars & amp ;"),
        ({}, "Zoë 's café < br / > 3 . 5 stars & amp ;"),
    ],
)
def test_each_option_alone(option, changed):
    assert tokens(EVERYTHING.partition(" 1,000")[0], **option) == changed.split()


def test_addresses_and_numbers_are_one_token_each():
    text = "see http://x.org/a?b=1, 12 times"
    marks = {"urls": True, "digits": "token"}
    assert tokens(text, **marks) == ["see", "<url>", ",", "<number>", "times"]
    assert tokens(text, level="character", **marks) == [
        *"see ", "<url>", *", ", "<number>", *" times",
    ]  # fmt: skip
    assert tokens("http://x.org/1", urls=True, digits="zero") == ["<url>"]


def test_all_together_in_their_order():
    options = {"urls": True, "accents": True, "digits": "zero", "lowercase": True, "html": True}
    assert tokens("CAFÉ&eacute; HTTP://É.org/1&amp;2 7", **options) == ["cafee", "<url>", "0"]


def before(text, lowercase, html):
    """The tokeniser as it was before there were more options than these."""
    if html:
        text = standard.unescape(re.sub(r"<br\s*/?>", " ", text, flags=re.IGNORECASE))
    text = text.lower() if lowercase else text
    return words(text)


PIECES = st.lists(
    st.sampled_from(
        ["é", "<url>", "<number>", "&amp;", "&eacute", "<br />", "3.5", "www.a.b", "Don’t", "\n"]
    )
    | st.text(max_size=5),
    max_size=8,
)


@given(PIECES, st.booleans(), st.booleans())
def test_without_the_new_options_tokens_are_those_of_before(pieces, lowercase, html):
    text = " ".join(pieces)
    assert tokens(text, lowercase=lowercase, html=html) == before(text, lowercase, html)
    text = clean.html(text) if html else text
    characters = list(" ".join((text.lower() if lowercase else text).split()))
    assert tokens(text, lowercase=lowercase, level="character") == characters


@given(st.text(max_size=60))
def test_functions_take_any_text_and_do_nothing_twice(text):
    for function in (clean.urls, clean.accents, clean.zeros, clean.numbers, clean.breaks):
        once = function(text)
        assert function(once) == once


@given(PIECES)
def test_every_combination_gives_tokens_without_white_space(pieces):
    switches = ("html", "entities", "urls", "accents", "lowercase")
    for on in itertools.product([False, True], repeat=len(switches)):
        for digits in (None, "zero", "token"):
            found = tokens(" ".join(pieces), **dict(zip(switches, on, strict=True)), digits=digits)
            assert all(token and not token.isspace() for token in found)


def test_unknown_choice_is_refused(reviews):
    with pytest.raises(OptionError, match=r"digits='zeros' is unknown; did you mean 'zero'\?"):
        TextClassifier(digits="zeros").fit(*reviews)


def test_models_saved_before_the_options_were_there_load(reviews, tmp_path):
    net = TextClassifier(encoder="mean", embedding=4, epochs=2, html=False).fit(*reviews)
    net.save(tmp_path / "model")
    file = tmp_path / "model" / "config.json"
    content = json.loads(file.read_text("utf-8"))
    for name in ("entities", "urls", "accents", "digits"):
        del content["options"][name]
    file.write_text(json.dumps(content), encoding="utf-8")
    again = load(tmp_path / "model")
    texts = ["warm &amp; http://a.b 3 é", *reviews[0][:3]]
    assert again.html is False and again.digits is None
    assert (again.predict_proba(texts) == net.predict_proba(texts)).all()


def test_options_are_kept_with_the_model(reviews, tmp_path):
    options = {"urls": True, "accents": True, "digits": "token"}
    net = TextClassifier(encoder="mean", embedding=4, epochs=1, **options).fit(*reviews)
    assert "<number>" in net.vocabulary_
    net.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert {name: getattr(again, name) for name in options} == options
    assert (again.predict_proba(["Wärm 77"]) == net.predict_proba(["warm 5"])).all()
