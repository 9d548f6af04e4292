import re
import sys
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pytest

from sestina.errors import MissingExtra
from sestina.inspect import charts, page
from sestina.inspect.evaluate import Ladder, judged
from sestina.inspect.report import ReportFacts, best_epoch, render

pytestmark = pytest.mark.usefixtures("valid_charts")
VOID = {"meta", "br", "hr", "img", "link", "input"}
HISTORY = [
    {"epoch": n, "loss": 1 / n, "validation_loss": 0.6 + 0.1 * abs(n - 3),
     "validation_accuracy": 0.5 + 0.04 * n}
    for n in range(1, 6)
]  # fmt: skip
FACTS = ReportFacts(
    title="snippets & <more>",
    data={"data": "made up", "noticed": "skipped 3 rows with an empty text"},
    verdicts=["LSTM beats majority class by 20.0 points (McNemar p < 0.001)."],
    lengths=np.array([3, 5, 8, 0, 40, 12, 900]),
    max_tokens=30,
    coverage={"vocabulary": 10_000, "known_share": 0.967, "unknown": [("<b>", 4), ("\u200b", 2)]},
    options={"encoder": "lstm", "seed": 0, "widths": [3, 4], "own": None, "dropout": 0.5},
    helps={"dropout": "Share of units dropped"},
)


def made_up(classes, rows=240, multi=False, nets=("LSTM",), history=HISTORY):
    """Return a ladder of two baselines and nets, each a bit surer of the truth than the last."""
    rng = np.random.default_rng(0)
    size = len(classes)
    if multi:
        codes = (rng.random((rows, size)) < 0.3).astype(np.float32)
        truth = codes
    else:
        codes = rng.integers(0, size, rows)
        truth = np.eye(size)[codes]
    rungs = []
    for step, name in enumerate(("majority class", "TF-IDF + logistic regression", *nets)):
        raw = rng.random((rows, size)) + (0.1 * step + 0.3) * truth
        table = np.clip(raw / 2, 0, 1) if multi else raw / raw.sum(axis=1, keepdims=True)
        rungs.append(judged(
            name, table, codes, parameters=328_353 + step, seconds=0.01 + 3.2 * step,
            history=history if name in nets else (),
        ))  # fmt: skip
    texts = [f"text {n} <b>bold</b> & 🎬 שלום " + "long " * (n % 90) for n in range(rows)]
    return Ladder(rungs, list(classes), codes, texts)


class Outline(HTMLParser):
    """Collects what a page consists of, and the tags that do not close as they should."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.wrong, self.seen, self.ids, self.words = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        self.ids += [value for key, value in attrs if key == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        self.ids += [value for key, value in attrs if key == "id"]

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "text"):
            self.words.append(data)


def outline(html):
    parser = Outline()
    parser.feed(html)
    parser.close()
    return parser


CASES = {
    "two": lambda: made_up(["neg", "pos"]),
    "three nets": lambda: made_up(["neg", "pos"], nets=("CNN", "GRU", "LSTM")),
    "thirty": lambda: made_up([f"class {n}" for n in range(30)]),
    "multi": lambda: made_up(["war", "<i>love</i>", "אהבה"], multi=True),
}


@pytest.fixture(scope="module", params=CASES)
def case(request):
    ladder = CASES[request.param]()
    return request.param, ladder, render(ladder, "LSTM", FACTS)


def test_a_page_is_whole_and_alone(case):
    _, _, html = case
    found = outline(html)
    tags = [tag for tag, _ in found.seen]
    assert not found.wrong and not found.open
    assert len(found.ids) == len(set(found.ids))
    assert "http:" not in html and "https:" not in html and "url(" not in html
    assert not {"script", "link", "iframe", "img", "object", "base"} & set(tags)
    assert not any(key.startswith("on") or key == "src" for _, at in found.seen for key in at)
    assert len(html.encode()) < 600_000


def test_a_page_is_meant_for_everyone(case):
    _, _, html = case
    found = outline(html)
    tags = [tag for tag, _ in found.seen]
    assert tags.count("h1") == 1 and tags.count("title") == 1
    assert ("html", {"lang": "en"}) in found.seen
    assert any(at.get("name") == "viewport" for tag, at in found.seen if tag == "meta")
    assert tags.count("table") == tags.count("caption")
    assert all("scope" in at for tag, at in found.seen if tag == "th")
    drawn = [at for _, at in found.seen if at.get("role") == "img"]
    assert drawn and all(at["aria-label"] for at in drawn)
    assert tags.count("svg") == 2 * len(drawn) == 2 * tags.count("figcaption")


def test_every_section_is_there(case):
    which, _, html = case
    words = " ".join(outline(html).words)
    for said in (
        "In short", "What was trained on what", "The ladder", "How it learned",
        "How far to trust it", "The texts", "skipped 3 rows with an empty text",
        FACTS.verdicts[0], "Loss of LSTM", "Expected calibration error",
        "10 most confident mistakes", "How long they are", "96.7 %", "10,000",
        "U+200B", "which cuts 2 of 7 texts", "Share of units dropped", "3, 4",
    ):  # fmt: skip
        assert said in words, said
    assert ("Right and wrong per label" in words) == (which == "multi")
    assert ("Confusion matrix" in words) == (which != "multi")
    assert ("Most frequent confusions" in words) == (which == "thirty")
    assert ("20 most frequent of 30 classes" in words) == (which == "thirty")
    assert ("Validation accuracy of all nets" in words) == (which == "three nets")


def test_the_ladder_shows_the_rungs_own_figures(case):
    which, ladder, html = case
    part = html[html.index('id="ladder"') : html.index('id="learning"')]
    rows = re.findall(r"<tr[^>]*><th scope=\"row\">.*?</tr>", part)
    assert len(rows) == len(ladder.rungs)
    for row, rung in zip(rows, ladder.rungs, strict=True):
        cells = [unescape(re.sub("<.*?>", "", cell)) for cell in re.findall("<td.*?</td>", row)]
        low, high = rung.figures["interval"]
        more = ("micro_f1", "label_accuracy") if which == "multi" else ()
        assert cells[:3] == [
            f"{rung.figures['accuracy']:.3f}", f"{low:.3f}–{high:.3f}", f"{rung.figures['f1']:.3f}",
        ]  # fmt: skip
        assert cells[3:-2] == [f"{rung.figures[key]:.3f}" for key in more]
        assert cells[-2:] == [f"{rung.parameters:,}", page.seconds(rung.seconds)]
        assert ("main model" in row) == (rung.name == "LSTM")
        assert f"{rung.figures['accuracy']:.3f}" in part[part.index("<svg") :]


def test_texts_and_names_cannot_write_html(case):
    which, _, html = case
    assert "<b>" not in html and "<i>" not in html and "<more>" not in html
    assert "&lt;b&gt;bold&lt;/b&gt; &amp; 🎬 שלום" in html
    assert 'dir="auto"' in html and " …</blockquote>" in html
    assert ("&lt;i&gt;love" in html) == (which == "multi")


def test_the_confusion_matrix_counts_what_was_predicted():
    ladder = made_up(["neg", "pos"])
    html = render(ladder, "LSTM", FACTS)
    matrix = html[html.index("Confusion matrix") : html.index("Precision and recall")]
    guessed = ladder.rung("LSTM").probabilities.argmax(axis=1)
    light = matrix[: matrix.index('class="dark"')]
    for true in (0, 1):
        for guess in (0, 1):
            count = int(((ladder.codes == true) & (guessed == guess)).sum())
            assert f">{count}</text>" in light


def test_a_baseline_without_a_mistake_and_without_facts_can_be_the_main_model():
    codes = np.array([0, 1, 0, 1])
    rung = judged("rule", np.eye(2)[codes], codes, parameters=0, seconds=123.4)
    facts = ReportFacts("none", {}, [], np.array([], dtype=int), 10, {}, {})
    html = render(Ladder([rung], [0, 1], codes, [""] * 4), "rule", facts)
    words = " ".join(outline(html).words)
    assert "every test text is right" in words and "no curves to show" in words
    assert "The texts" not in words and ">123</td>" in html


def test_numbers_along_a_narrow_ladder_differ():
    codes = np.arange(4_000) % 2
    rung = judged("rule", np.eye(2)[codes], codes, parameters=0, seconds=1.0)
    svg = charts.svg(charts.ladder([rung], "rule"), "light")
    ticks = re.findall(r">(0\.\d+|1)</text>", svg)
    assert 2 < len(ticks) == len(set(ticks))


def test_one_epoch_without_validation_is_drawn():
    ladder = made_up(["a", "a  ", 1], history=[{"epoch": 1, "loss": 0.7}])
    words = " ".join(outline(render(ladder, "LSTM", FACTS)).words)
    assert "the last epoch is kept" in words and "Validation accuracy" not in words


def test_the_best_epoch_is_the_one_of_the_lowest_validation_loss():
    assert best_epoch(HISTORY) == 3
    assert best_epoch([{"epoch": 1, "loss": 1.0}, {"epoch": 2, "loss": 2.0}]) == 2


def test_the_same_ladder_gives_the_same_page():
    ladder = made_up(["neg", "pos"])
    assert render(ladder, "LSTM", FACTS) == render(ladder, "LSTM", FACTS)


def test_the_last_bar_of_the_lengths_gathers_the_far_out():
    counts = np.array([10] * 999 + [5_000])
    width, last = charts.length_bins(counts)
    assert (last + 1) * width < 20
    assert charts.length_bins(np.array([0])) == (1, 0)


@pytest.mark.parametrize("package", ["altair", "vl_convert"])
def test_a_missing_package_names_the_extra(monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=r"sestina\[report\]"):
        render(made_up(["neg", "pos"]), "LSTM", FACTS)


def test_pieces_of_text():
    assert page.text("a\x00<\n") == "a�&lt;\n"
    assert page.excerpt(" \n") == "(an empty text)"
    assert page.excerpt("x" * 400) == "x" * page.TEXT_SHOWN + " …"
    assert page.token(" ") == "<bdi>U+0020</bdi>" and page.token("né") == "<bdi>né</bdi>"
    assert [page.seconds(s) for s in (0.01, 3.14, 1234.5)] == ["under 0.1", "3.1", "1,234"]
    assert [page.value(v) for v in (True, None, 8000, 1e-3, (), "x")] == [
        "yes", "none", "8,000", "0.001", "none", "x",
    ]  # fmt: skip
    assert charts.distinct(["a", "b", "a"], 9) == ["a", "b", "a (2)"]
    assert charts.distinct(["long name 1", "long name 2"], 6) == ["lon… 1", "lon… 2"]
    assert charts.shorten("  long   name ", 6) == "long…"
