"""Reports of taggers and language models: whole, alone, escaped, and telling the true figures."""

import re
from html import unescape

import numpy as np
import polars as pl
import pytest

from sestina import LanguageModel, SequenceFromVector, SequenceTagger
from sestina.data.tagged import TaggedSentences
from sestina.errors import MissingExtra
from sestina.inspect import given_report, language_report, page, tag_report
from sestina.inspect.language import (
    language_ladder,
    language_verdict,
    name_of,
    orders,
    vector_ladder,
)
from sestina.inspect.sections import Told, changed_options, helps, learning, run_told
from sestina.inspect.tag_ladder import climb_tags, tag_verdict, tagger_name
from test_report import outline

pytestmark = pytest.mark.usefixtures("valid_charts")
QUICK = {"hidden": 8, "embedding": 8, "epochs": 4, "learning_rate": 0.02, "seed": 1}
NER = (
    [["Ann", "saw", "New", "York", "<b>&"], ["Rome", "fell"], [], ["Bob", "left", "Rome"]] * 10,
    [["B-PER", "O", "B-LOC", "I-LOC", "O"], ["B-LOC", "O"], [], ["B-PER", "O", "B-LOC"]] * 10,
)
ODD = (
    [["Ann", "met", "Ann"], ["Rome", "saw", "x" * 3], []],
    [["B-LOC", "O", "O"], ["O", "O", "O"], []],
)
TEXTS = ["the <b>cat</b> sat on the mat", "the dog sat", "a cat & a dog", "שלום the cat"] * 8


def told(net, verdicts):
    data = {"data": "made <up>", "noticed": "", **run_told(net)}
    return Told("tags & <more>", data, verdicts, changed_options(net), helps(net))


@pytest.fixture(scope="module")
def tags():
    train = TaggedSentences(*NER)
    test = TaggedSentences(*(rows[:4] + odd for rows, odd in zip(NER, ODD, strict=True)))
    held = (train.sentences[:8], train.tags[:8])
    net = SequenceTagger(**QUICK).fit(*NER, validation=held)
    rungs = climb_tags({tagger_name(net): net}, train, train, test)
    verdicts = [tag_verdict(rungs, rungs[-1].name, rungs[0].name)]
    html = tag_report.render_tags(net, rungs, test, told(net, verdicts))
    return net, rungs, test, html


@pytest.fixture(scope="module", params=["word", "character"])
def texts(request):
    net = LanguageModel(**QUICK, level=request.param, min_count=2).fit(TEXTS)
    test = [*TEXTS[:4], "a strange zebra sat"]
    rungs = language_ladder(net, TEXTS, test)
    verdicts = [language_verdict(rungs, name_of(net), "unigrams")]
    html = language_report.render_language(net, rungs, test, told(net, verdicts))
    return net, rungs, test, html


def check(html):
    found = outline(html)
    names = [tag for tag, _ in found.seen]
    assert not found.wrong and not found.open
    assert len(found.ids) == len(set(found.ids))
    assert "http:" not in html and "https:" not in html and "url(" not in html
    assert not {"script", "link", "iframe", "img", "object", "base"} & set(names)
    assert names.count("h1") == 1 and names.count("table") == names.count("caption")
    drawn = [at for _, at in found.seen if at.get("role") == "img"]
    assert drawn and all(at["aria-label"] for at in drawn)
    assert "<b>cat" not in html and "<more>" not in html and len(html.encode()) < 400_000
    return " ".join(" ".join(found.words).split())


def test_a_tagger_s_page(tags):
    _, rungs, _, html = tags
    words = check(html)
    for said in (
        "In short", "The ladder", "How it learned", "How far gradients reach", "Kind by kind",
        "Tag by tag", "Where it errs",
        "Span F1", "Unseen words", "Confusion matrix", "Validation span F1", "usual tag of a word",
        "window + logistic regression", "best was", "hidden",
    ):  # fmt: skip
        assert said in words, said
    part = html[html.index('id="ladder"') : html.index('id="learning"')]
    rows = re.findall(r"<tr[^>]*><th scope=\"row\">.*?</tr>", part)
    for row, rung in zip(rows, rungs, strict=True):
        cells = [unescape(re.sub("<.*?>", "", cell)) for cell in re.findall("<td.*?</td>", row)]
        assert cells[0] == f"{rung.figures['accuracy']:.3f}"
        assert cells[2] == f"{rung.figures['span_f1']:.3f}"
        assert ("main model" in row) == (rung is rungs[-1])


def test_wrongly_tagged_sentences_show_both_tags(tags):
    _, rungs, test, html = tags
    part = html[html.index('id="sentences"') :]
    shown = re.findall(
        r'<span class="wrong"><b>(.*?)</b><small><del>(.*?)</del> <ins>(.*?)</ins>', part
    )
    wrong = {
        (word, put, true)
        for words, row, found in zip(test.sentences, test.tags, rungs[-1].predicted, strict=True)
        for word, true, put in zip(words, row, found, strict=True)
        if true != put
    }
    plain = {tuple(re.sub("<.*?>", "", cell).replace("–", "O") for cell in row) for row in shown}
    assert wrong and plain == wrong


def test_a_long_sentence_is_cut_around_its_mistake():
    words, put = [f"w{n}" for n in range(100)], ["X"] * 100
    true = ["X"] * 99 + ["Y"]
    words[99] = "<b>&"
    html = tag_report._tagged(words, true, put, 99)
    assert (
        "<b>&lt;b&gt;&amp;</b>" in html
        and "w60" in html
        and "w59" not in html
        and html.count("<b>") == tag_report.WORDS_SHOWN
    )
    assert html.startswith('<p class="tagged" dir="auto"><span>…</span>')


def test_a_tagger_without_mistakes_and_spans():
    sentences, row = [["a", "b"]] * 12, [["X", "Y"]] * 12
    net = SequenceTagger(**{**QUICK, "epochs": 12, "learning_rate": 0.05}, validation_fraction=0.0)
    net.fit(sentences, row)
    data = TaggedSentences(sentences, row)
    rungs = climb_tags({tagger_name(net): net}, data, data, data)
    words = check(tag_report.render_tags(net, rungs, data, told(net, [])))
    assert "every test word has the right tag" in words and "the last epoch is kept" in words
    assert "Kind by kind" not in words and "Macro F1" in words


def test_a_language_model_s_page(texts):
    _, rungs, _, html = texts
    words = check(html)
    for said in (
        "In short", "The ladder", "How it learned",
        "How far gradients reach", "What it writes", "What it expects",
        "Perplexity", "Bits per character", "Tokens per second", "Kneser–Ney 5-gram",
        "Temperature 0.5", "Temperature 0.8", "Temperature 1", "Most probable", "Least probable",
        "Validation perplexity", "∎",
    ):  # fmt: skip
        assert said in words, said
    for row in rungs.values():
        assert f"{row['perplexity']:,.2f}" in words and f"{row['bits_per_character']:.3f}" in words
    assert ("Underlined" in words) and ('class="unknown"' in html)


def test_the_least_probable_text_is_told_token_by_token(texts):
    net, _, test, html = texts
    part = html[html.index("Least probable") :]
    first = re.search(r'<p class="heat" dir="auto">(.*?)</p>', part)[1]
    text = unescape(re.sub("<.*?>", "", first)).removesuffix(" ∎")
    sizes = [len(net.tokens(one)) + 1 for one in test]
    worst = test[int(np.argmin(net.score_texts(test) / sizes))]
    assert text.replace(" ", "") == worst.replace(" ", "")  # blanks stand by rules
    logs = [log for _, log in net.score_tokens(worst)]
    told_shares = [float(value) for value in re.findall(r'title="(?:end: )?P (\S+?)"', first)]
    assert np.allclose(told_shares, np.exp(logs), rtol=0.1)
    strengths = [int(value) for value in re.findall(r"--s:(\d+)%", first)]
    assert np.all(np.diff(np.array(strengths)[np.argsort(logs)]) <= 0) and max(strengths) <= 60


@pytest.fixture(scope="module", params=["word", "character"])
def written(request):
    rows = [("cat <b>", 1), ("dog", 2), ("cat <b>", 2)] * 12
    given = pl.DataFrame(rows, schema=["animal", "times"], orient="row")
    sounds = [" ".join(["woof & co" if row[0] == "dog" else "meow"] * row[1]) for row in rows]
    net = SequenceFromVector(**{**QUICK, "epochs": 8}, level=request.param)
    net.fit(given, sounds, validation=(given[:6], sounds[:6]))
    test = [*sounds[:5], "a strange <b>zebra"] * 2
    table = pl.concat([given[:5], given[1:2]] * 2)
    rungs = vector_ladder(net, sounds, table, test)
    verdicts = [language_verdict(rungs, name_of(net), "unigrams")]
    html = given_report.render_given(net, rungs, table, test, told(net, verdicts))
    return net, rungs, table, test, html


def test_a_page_of_what_is_written_from_values(written):
    net, rungs, _, _, html = written
    words = check(html)
    for said in (
        "In short", "The ladder", "How it learned",
        "How far gradients reach", "Value by value", "What it writes",
        "What it expects", "Tokens per second", "Kneser–Ney 5-gram", "Validation perplexity",
        "vectors mixed up", "animal cat <b>, times 1", "animal dog, times 2", "Parameters", "∎",
    ):  # fmt: skip
        assert said in words, said
    for row in rungs.values():
        assert f"{row['perplexity']:,.2f}" in words and f"{row['bits_per_character']:.3f}" in words
    best = min(rungs[name]["perplexity"] for name in orders(net))
    assert f"Best n-grams {best:,.2f}" in words  # not the net with its vectors mixed up


def test_figures_of_a_value_are_those_of_its_texts(written):
    net, _, table, test, html = written
    part = html[html.index('id="values"') : html.index('id="samples"')]
    rows = re.findall(r'<tr><th scope="row"><bdi>(.*?)</bdi></th>(.*?)</tr>', part)
    told_rows = {unescape(name): re.findall("<td.*?>(.*?)</td>", row) for name, row in rows}
    assert told_rows["animal dog, times 2"][0] == "6"
    dogs = [n for n, row in enumerate(table.iter_rows()) if row == ("dog", 2)]
    found = net.figures(table[dogs], [test[n] for n in dogs])
    assert told_rows["animal dog, times 2"][1] == f"{found['perplexity']:,.2f}"


def test_samples_stand_below_their_value(written):
    net, _, _, _, html = written
    part = html[html.index('id="samples"') : html.index('id="texts"')]
    lists = dict(re.findall(r'<h3>(.*?)</h3><ol class="samples">(.*?)</ol>', part))
    shown = re.findall(r'<blockquote dir="auto">(.*?)</blockquote>', lists["animal dog, times 2"])
    dog = [["dog", 2]]
    drawn = net.generate(dog * given_report.SAMPLES, seed=0)
    expected = [text.strip() or "(an empty text)" for text in [*net.predict(dog), *drawn]]
    assert [unescape(text) for text in shown] == expected


def test_values_that_never_recur_have_no_table():
    given = pl.DataFrame({"n": [float(n) for n in range(30)]})
    texts = [f"a{' b' * (n % 3)}" for n in range(30)]
    net = SequenceFromVector(**{**QUICK, "epochs": 2}).fit(given, texts)
    rungs = vector_ladder(net, texts, given, texts)
    words = check(given_report.render_given(net, rungs, given, texts, told(net, [])))
    assert "Value by value" not in words and "n 0.0" in words


def test_scores_of_tokens_add_up(texts):
    net, _, test, _ = texts
    for text in test:
        tokens = net.score_tokens(text)
        assert tokens[-1][0] == "<eos>"
        assert net.score_text(text) == pytest.approx(sum(log for _, log in tokens), abs=1e-4)


def test_who_beats_whom():
    rungs = {"net": {"perplexity": 80.0}, "grams": {"perplexity": 100.0}}
    assert (
        language_verdict(rungs, "net", "grams") == "net beats grams: its perplexity is 20.0% lower."
    )
    assert language_verdict(rungs, "grams", "net").startswith(
        "grams loses to net: its perplexity is 25.0% higher. Use net"
    )
    assert "have the same" in language_verdict(rungs, "net", "net")


def test_curves_of_one_epoch_without_a_dev_part():
    html = learning([{"epoch": 1, "loss": 0.7}], 1, "texts", {"accuracy": "x"})
    assert "the last epoch is kept" in html and "Validation" not in html


def test_a_bar_stays_within_its_box():
    assert "--share:100%" in page.bar("<1>", 7.0) and "&lt;1&gt;" in page.bar("<1>", 7.0)
    assert "--share:0%" in page.bar("x", -1.0)


@pytest.mark.parametrize("package", ["altair", "vl_convert"])
def test_a_missing_package_names_the_extra(monkeypatch, tags, package):
    net, rungs, test, _ = tags
    monkeypatch.setitem(__import__("sys").modules, package, None)
    with pytest.raises(MissingExtra, match=r"sestina\[report\]"):
        tag_report.render_tags(net, rungs, test, told(net, []))
