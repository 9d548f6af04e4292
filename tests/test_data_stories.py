"""News stories and pages: the real layouts in tiny files, attacks, and broken files."""

import io
import json
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import refused
from sestina.cli.app import main
from sestina.data.markup import page_text, tree
from sestina.data.read import read
from sestina.errors import DataError

NEWSML = """<?xml version="1.0" encoding="iso-8859-1" ?>
<newsitem itemid="{number}" id="root" date="1996-08-20" xml:lang="en">
<title>USA: Tylan stock jumps; weighs sale of company.</title>
<headline>Tylan stock jumps; weighs sale of company.</headline>
<dateline>SAN DIEGO</dateline>
<text>
<p>The stock of Tylan General Inc. jumped
Tuesday.</p>
<p>Goldman, Sachs &amp; Co. has been retained; caf\u00e9.</p>
</text>
<copyright>(c) Reuters Limited 1996</copyright>
<metadata>
<codes class="bip:countries:1.0">
  <code code="USA"> </code>
</codes>
<codes class="bip:topics:1.0">
  <code code="C15">
    <editdetail attribution="Reuters BIP Coding Group" action="confirmed" date="1996-08-20"/>
  </code>
  <code code="{code}"/>
  <code code="CCAT"/>
</codes>
<dc element="dc.publisher" value="Reuters Holdings Plc"/>
</metadata>
</newsitem>
"""
TEXT = (
    "USA: Tylan stock jumps; weighs sale of company.\n"
    "The stock of Tylan General Inc. jumped Tuesday.\n"
    "Goldman, Sachs & Co. has been retained; café."
)

REUTERS = """<!DOCTYPE lewis SYSTEM "lewis.dtd">
<REUTERS TOPICS="YES" LEWISSPLIT="TRAIN" CGISPLIT="TRAINING-SET" OLDID="5544" NEWID="1">
<DATE>26-FEB-1987 15:01:01.79</DATE>
<TOPICS><D>cocoa</D><D>sugar</D></TOPICS>
<PLACES><D>el-salvador</D><D>usa</D></PLACES>
<UNKNOWN>
&#5;&#5;&#5;C T
&#22;&#22;&#1;f0704&#31;reute
</UNKNOWN>
<TEXT>&#2;
<TITLE>BAHIA COCOA &lt;REVIEW></TITLE>
<DATELINE>    SALVADOR, Feb 26 - </DATELINE><BODY>Showers continued & the dry
period means\u00fc the temporao.
 Reuter
&#3;</BODY></TEXT>
</REUTERS>
<REUTERS TOPICS="YES" LEWISSPLIT="TEST" CGISPLIT="TRAINING-SET" OLDID="5545" NEWID="2">
<TOPICS></TOPICS>
<TEXT TYPE="BRIEF">&#2;
******<TITLE>STANDARD OIL TO FORM FINANCIAL UNIT</TITLE>
&#3;</TEXT>
</REUTERS>
<REUTERS TOPICS="NO" LEWISSPLIT="TRAIN" NEWID="3"><TOPICS></TOPICS>
<TEXT TYPE="UNPROC">&#2; SHR 34 CTS VS 1.19 DLRS &#3;</TEXT></REUTERS>
<REUTERS TOPICS="YES" LEWISSPLIT="NOT-USED" NEWID="4"><TOPICS><D>earn</D></TOPICS>
<TEXT><TITLE>NOT USED</TITLE><BODY>x</BODY></TEXT></REUTERS>
"""


def newsml(number=2286, code="C152"):
    return NEWSML.format(number=number, code=code).encode("latin-1")


def archive(**members):
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return memory.getvalue()


class TestNewsML:
    def test_one_story(self, put):
        found = read(put("2286newsML.xml", newsml()))
        assert found.texts == [TEXT]
        assert found.labels == [["C15", "C152", "CCAT"]]
        assert found.multi_label and found.parts is None and found.notes == ()

    def test_a_folder_of_days_as_zips_and_as_folders(self, put, tmp_path):
        day = {f"{n}newsML.xml": newsml(n, f"T{n}") for n in (3, 4)}
        put("rcv1/19960820.zip", archive(**day, **{"__MACOSX/._3newsML.xml": b"\0"}))
        put("rcv1/19960821/5newsML.xml", newsml(5, "T5"))
        put("rcv1/.git/x.xml", "no news")
        found = read(tmp_path / "rcv1")
        assert [label[1] for label in found.labels] == ["T3", "T4", "T5"]
        assert found.notes == ()
        assert read(tmp_path / "rcv1" / "19960820.zip").labels == found.labels[:2]

    def test_parts_by_folder_and_what_is_left_out(self, put, tmp_path):
        for number, name in enumerate(("train/1.xml", "train/b/2.xml", "Test/3.xml", "4.xml")):
            put(f"news/{name}", newsml(number, f"T{number}"))
        put("news/README.txt", "x")
        found = read(tmp_path / "news")
        assert sorted(zip(found.parts, [label[1] for label in found.labels], strict=True)) == [
            ("test", "T2"),
            ("train", "T0"),
            ("train", "T1"),
        ]
        assert found.notes == (
            "left out 1 file without stories: README.txt",
            "left out 1 of 4 stories, which are in no part",
        )
        assert len(read(tmp_path / "news", need_label=False)) == 4

    def test_a_story_without_topics_has_none(self, put, tmp_path):
        other = newsml().replace(b"bip:topics:1.0", b"bip:industries:1.0")
        put("d/1.xml", newsml())
        put("d/2.xml", other)
        assert read(tmp_path / "d").labels == [["C15", "C152", "CCAT"], []]

    def test_the_layout_of_the_lecture(self, put):
        """Deck [002], with an element around it that its page leaves out."""
        story = (
            "<story><title>Tylan stock jumps</title><dateline>SAN DIEGO</dateline>\n"
            "<text>\nIt has been\nretained.\n</text>\n<metadata>"
            '<codes class="bip:topics:1.0"><code code="C15"/><code code="C18"/></codes>'
            "</metadata></story>"
        )
        found = read(put("a.xml", story))
        assert (found.texts, found.labels) == (
            ["Tylan stock jumps\nIt has been retained."],
            [["C15", "C18"]],
        )

    def test_many_stories_in_one_file_in_small_layouts(self, put):
        content = """<corpus xmlns="http://a.org/ns">
          <doc><headline>One</headline><text>a <b>b</b></text><code>x</code><code>x</code></doc>
          <doc><text>two</text><code code="y"/><code code=" "/></doc>
          <doc><TEXT><![CDATA[three < 4]]></TEXT></doc>
        </corpus>"""
        found = read(put("a.xml", content))
        assert found.texts == ["One\na b", "two", "three < 4"]
        assert found.labels == [["x"], ["y"], []]

    def test_classes_by_folder_where_files_name_no_topic(self, put, tmp_path):
        for name in ("train/pos/1", "train/neg/1", "test/pos/2"):
            put(f"d/{name}.xml", f"<doc><title>t</title><text>{name}</text></doc>")
        found = read(tmp_path / "d")
        assert found.labels == ["pos", "neg", "pos"]
        assert found.texts[0] == "t\ntest/pos/2" and found.parts[0] == "test"

    def test_stray_stories_in_folders_of_classes(self, put, tmp_path):
        for name in ("pos/1.txt", "pos/2.txt", "neg/3.txt"):
            put(f"d/{name}", name)
        put("d/neg/4.xml", "<doc><text>four</text><code>x</code></doc>")
        assert read(tmp_path / "d").labels == ["neg", "neg", "pos", "pos"]
        assert "four" in read(tmp_path / "d").texts

    def test_without_labels(self, put):
        path = put("a.xml", "<text>a <i>b</i></text>")
        assert read(path, need_label=False).texts == ["a b"]
        refused(path, "no labels", "news with topic codes")

    @pytest.mark.parametrize(
        ("content", "facts"),
        [
            ("<a>\n<text>x</b></a>", ("line 2", "mismatched tag", "close each element")),
            ("<a>\n<text", ("line 2", "unclosed token", "download the file again")),
            ("<a>\n<text>x", ("line 2", "no element found", "download the file again")),
            ("<a><text>\nGoldman, Sachs & Co</text></a>", ("line 2", "invalid token", "&amp;")),
            ("<a><text>\n&nbsp;</text></a>", ("line 2", "undefined entity", "itself")),
            ("<title>a</title>\n<text>b</text>", ("line 2", "junk", "one element around")),
            ("<html><body>x</body></html>", ("no <text> in it, only <html>", "<newsitem>")),
            (b"<a><text>\xe9</text></a>", ("not utf-8", "line 1", "--encoding latin-1")),
            (b"<?xml version='1.0' encoding='ascii'?>\n<a>\xe9</a>", ("not ascii", "line 2")),
        ],
    )
    def test_broken_files_name_line_and_remedy(self, put, content, facts):
        refused(put("a.xml", content), "a.xml", *facts)

    def test_encodings(self, put):
        content = "<a><text>é</text><code code='x'/></a>"
        for name in ("cp1252", "iso-8859-15", "utf-8"):
            head = f"<?xml version='1.0' encoding='{name}'?>"
            assert read(put("a.xml", (head + content).encode(name))).texts == ["é"]
        plain = put("b.xml", content.encode("latin-1"))
        assert read(plain, encoding="latin-1").texts == ["é"]
        said = put("c.xml", ("<?xml version='1.0' encoding='utf-8'?>" + content).encode("cp1252"))
        assert read(said, encoding="cp1252").texts == ["é"]


class TestAttacks:
    def test_billion_laughs_is_refused_at_its_first_line(self, put):
        lines = ["<?xml version='1.0'?>", "<!DOCTYPE a [", '<!ENTITY l0 "lol">']
        lines += [f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10)]
        content = "\n".join([*lines, "]>", "<a><text>&l9;</text><code code='x'/></a>"])
        refused(put("a.xml", content), "line 3", "the entity 'l0'", "not expanded", "instead")

    @pytest.mark.parametrize(
        "declared",
        [
            "[<!ENTITY x SYSTEM '{}'>]",
            "[<!ENTITY % x SYSTEM '{}'> %x;]",
            "SYSTEM '{}'",
            "PUBLIC '-//x' '{}' [<!ENTITY x 'y'>]",
        ],
    )
    def test_nothing_is_fetched(self, put, declared):
        secret = put("secret.txt", "treasure")
        doctype = declared.format(secret.as_uri())
        path = put("a.xml", f"<!DOCTYPE a {doctype}><a><text>&x;</text><code code='c'/></a>")
        assert "treasure" not in refused(path, "the entity 'x'", "not expanded")

    def test_a_dtd_is_named_but_not_read(self, put):
        doctype = "<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/x.dtd'>"
        path = put("a.xml", f"{doctype}<a><text>b</text><code>x</code></a>")
        assert read(path).texts == ["b"]

    def test_deep_nesting(self, put):
        deep = "<b>" * 50_000 + "x" + "</b>" * 50_000
        assert read(put("a.xml", f"<a><text>{deep}</text><code>x</code></a>")).texts == ["x"]
        assert read(put("a.html", deep), need_label=False).texts == ["x"]


class TestReuters:
    def test_the_modapte_split(self, put, tmp_path):
        put("reuters/reut2-000.sgm", REUTERS.encode("latin-1"))
        for name in ("README.txt", "lewis.dtd", "all-topics-strings.lc.txt"):
            put(f"reuters/{name}", "x")
        put("reuters/reut2-001.sgm", REUTERS.replace("cocoa<", "tin<").replace("ü", ""))
        found = read(tmp_path / "reuters")
        assert found.parts == ["train", "test"] * 2
        assert found.labels == [["cocoa", "sugar"], [], ["tin", "sugar"], []]
        assert found.texts[0] == (
            "BAHIA COCOA <REVIEW>\nShowers continued & the dry period meansü the temporao. Reuter"
        )
        assert found.texts[1] == "STANDARD OIL TO FORM FINANCIAL UNIT"
        assert found.notes == (
            "left out 3 files without stories: README.txt, all-topics-strings.lc.txt, lewis.dtd",
            "not UTF-8, so read as Latin-1, the encoding of Reuters-21578: 1 file",
            "left out 4 of 8 stories, which are in no part",
        )

    def test_every_story_stays_where_none_is_learned_from(self, put):
        found = read(put("a.sgm", REUTERS), need_label=False)
        assert len(found) == 4 and found.parts is None
        assert found.texts[2] == "SHR 34 CTS VS 1.19 DLRS"

    def test_broken_files(self, put):
        refused(put("a.sgm", REUTERS[:-12]), "line 25 opens a <REUTERS>", "download")
        middle = REUTERS.replace("</REUTERS>", "", 1)
        refused(put("b.sgm", middle), "line 2 opens a <REUTERS>", "nothing closes")
        refused(put("c.sgm", "<DOC>x</DOC>"), "no <REUTERS …>", ".sgm files of Reuters-21578")
        refused(put("f.sgm", "<REUTERS " * 50_000), "no <REUTERS …>")
        refused(put("d.sgm", b"<DOC>\xe9</DOC>"), "is not utf-8", "line 1")
        refused(put("e.sgm", b"<REUTERS>\xe9</REUTERS>"), "not ascii", encoding="ascii")


class TestZip:
    def test_broken_archives(self, put):
        whole = archive(**{"1.xml": newsml()})
        refused(put("a.zip", whole[:-30]), "a.zip", "truncated", "download it again")
        refused(put("b.zip", b"text"), "no zip archive")
        refused(put("c.zip", archive(**{"a.csv": "x"})), "no .xml or .sgm files", "unpack")
        refused(put("d.zip", archive(**{"in/1.xml": "<a>"})), "d.zip/in/1.xml: line 1")
        locked = bytearray(whole)
        for mark, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
            locked[locked.index(mark) + place] |= 1  # the bit that asks for a password
        refused(put("e.zip", bytes(locked)), "e.zip cannot be unpacked", "password", "yourself")
        refused(put("f.zip", b""), "f.zip")

    def test_reuters_in_a_zip(self, put):
        found = read(put("a.zip", archive(**{"x/reut2-000.sgm": REUTERS})))
        assert found.labels == [["cocoa", "sugar"], []]


PAGE = """<!DOCTYPE html>
<html><head><title>A &quot;fine&quot; film</title><style>p > a {color: red}</style>
<script>if (a < b) document.write("<p>never</p>")</script></head>
<body><!-- not this --><h1>Review</h1>
<p>Warm,  lovely<br>and <b>bri</b>ght &mdash; caf&eacute;
<ul><li>one<li>two</ul>
<table><tr><td>a</td><td>b</td></tr></table>
<noscript>switch it on</noscript></body></html>
"""
LINES = ['A "fine" film', "Review", "Warm, lovely", "and bright — café", "one", "two", "a", "b"]


class TestPages:
    def test_the_text_of_a_page(self, put):
        found = read(put("a.html", PAGE), need_label=False)
        assert (found.texts[0].split("\n"), found.labels) == (LINES, None)
        refused(put("a.htm", PAGE), "no labels", "one folder per class")

    def test_a_folder_per_class_holds_pages_and_texts(self, put, tmp_path):
        put("d/pos/1.html", PAGE)
        put("d/pos/2.txt", "a &amp; b")
        put("d/neg/1.HTM", "<p>dull")
        found = read(tmp_path / "d")
        assert list(zip(found.labels, found.texts, strict=True)) == [
            ("neg", "dull"),
            ("pos", "\n".join(LINES)),
            ("pos", "a &amp; b"),
        ]

    def test_a_folder_of_pages_alone_has_no_labels(self, put, tmp_path):
        put("d/2.html", "<p>two")
        put("d/1.txt", "one")
        put("d/logo.png", b"\0")
        found = read(tmp_path / "d", need_label=False)
        assert (found.texts, found.labels) == (["one", "two"], None)
        assert found.notes == ("left out 1 file other than .html and .txt",)
        refused(tmp_path / "d", "one folder per class")

    @pytest.mark.parametrize(
        ("head", "encoding"),
        [
            ('<meta charset="{}">', "cp1252"),
            ("<META CHARSET=iso-8859-2>", "iso-8859-2"),
            ('<meta http-equiv="Content-Type" content="text/html; charset={}" />', "koi8-r"),
            ('<?xml version="1.0" encoding="{}"?>', "latin-1"),
            ("", "utf-8"),
            ('<meta charset="nonsense">', "utf-8"),
        ],
    )
    def test_the_encoding_that_a_page_names(self, put, head, encoding):
        letter = "ж" if encoding == "koi8-r" else "é"
        content = f"{head.format(encoding)}<p>{letter}".encode(encoding)
        assert read(put("a.html", content), need_label=False).texts == [letter]

    def test_the_users_encoding_goes_first_and_latin_1_is_that_of_browsers(self, put):
        content = '<meta charset="koi8-r"><p>é'.encode("latin-1")
        assert read(put("a.html", content), encoding="latin-1", need_label=False).texts == ["é"]
        quotes = '<meta charset="iso-8859-1"><p>“é”'.encode("cp1252")
        assert read(put("b.html", quotes), need_label=False).texts == ["“é”"]
        refused(put("c.html", b"<p>\n\xe9"), "not utf-8", "line 2", "--encoding", need_label=False)

    @pytest.mark.parametrize(
        ("content", "facts"),
        [
            ("<p>a\n<script>b", ("line 2", "<script>", "nothing closes")),
            ("<p>a\n\n<style>b</p>", ("line 3", "<style>", "close it")),
            ("<p>a<!--\n-->\n<SVG>b", ("line 3", "<svg>", "close it")),
            ("<p>a\n<!-- b\n</p>", ("line 2 opens a <!--", "close it")),
            ("<p>a\n\n<![foo[b]]", ("line 3 opens a <![ that", "close it")),
        ],
    )
    def test_what_would_swallow_the_rest_is_refused(self, put, content, facts):
        refused(put("a.html", content), "a.html", *facts, need_label=False)

    def test_sections_say_nothing(self, put):
        content = "a<![if !IE]>b<![endif]>\n<![CDATA[c]]>d<!-->e<!--[if IE]>f<![endif]-->"
        assert read(put("a.html", content), need_label=False).texts == ["ab de"]

    def test_hidden_elements_may_stand_in_each_other(self, put):
        content = "a<svg><svg>b</svg><noscript>c</svg>d</noscript><svg/><svg x='/>'>e</svg></svg>f"
        assert read(put("a.html", content), need_label=False).texts == ["adf"]

    @pytest.mark.parametrize(
        "piece",
        ["<a ", '<a "', "<a '\">", "<svg></math>", "</svg>", "<", "<!", "<b>", "&", "<![]>"],
    )
    def test_broken_pages_take_no_long_time(self, piece):
        for content in (piece * 50_000, piece * 50_000 + ">"):
            try:
                page_text(content.encode(), "a.html", "utf-8")
            except DataError as error:
                assert "nothing closes" in str(error)

    def test_old_ways_to_hide_a_script(self, put):
        for script in ("<script><!--\nif (x) y()\n</script>", "<SCRIPT>'<br/>' // -->\n</Script >"):
            content = f"<p>a{script}<p>b<script src='x'/><scripture>c<!-- d -->"
            assert read(put("a.html", content), need_label=False).texts == ["a\nb\nc"]


MARKUP = st.lists(
    st.sampled_from(
        "<p> </p> <script> </script> <!-- --> <![ ]]> <! & &amp; < <text> </text> <a_b=' '> <? ?>"
        " <!DOCTYPE ]> <br/> \n".split(" ")
    )
    | st.text(max_size=4),
    max_size=12,
)


@given(MARKUP)
def test_any_markup_is_read_or_refused_in_one_sentence(pieces):
    data = "".join(pieces).encode(errors="ignore")
    for reader in (page_text, tree):
        try:
            reader(data, "a.html", "utf-8")
        except DataError as error:
            assert "\n" not in str(error)


@given(st.text(st.characters(exclude_categories=("Cs", "Cc"))))
def test_text_comes_back_from_markup(text):
    from html import escape

    data = f"<p>{escape(text)}</p>".encode()
    assert page_text(data, "a.html", "utf-8") == " ".join(text.split())


def test_command_line_takes_stories_and_pages(put, tmp_path, capsys):
    topics = {"grain": "wheat corn harvest", "metal": "gold silver ounce", "both": "wheat gold"}
    for number in range(36):
        name = ("grain", "metal", "both")[number % 3]
        codes = ["grain", "metal"] if name == "both" else [name]
        body = f"<text><p>{topics[name]} {number}</p></text>"
        listed = "".join(f"<code code='{code}'/>" for code in codes)
        put(f"news/{number}.xml", f"<newsitem><title>t</title>{body}{listed}</newsitem>")
    page = put("page.html", "<title>Markets</title><p>gold and silver</p>")
    model = str(tmp_path / "model")
    small = ["--encoder", "mean", "--epochs", "20", "--learning-rate", "0.1", "--embedding", "4"]

    def run(*line):
        with pytest.raises(SystemExit) as left:
            main([*line, "--json"])
        assert left.value.code == 0
        return json.loads(capsys.readouterr().out)

    news = str(tmp_path / "news")
    trained = run("train", "classify", news, "--out", model, *small)
    assert trained["classes"] == ["grain", "metal"] and trained["multi_label"]
    assert trained["metrics"]["accuracy"] > 0.8
    assert run("evaluate", model, news)["texts"] == 36
    predicted = run("predict", model, "--file", str(page))["predictions"]
    assert predicted[0]["text"] == "Markets\ngold and silver"
    assert predicted[0]["label"] == ["metal"]
