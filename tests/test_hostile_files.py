"""Files from strangers: made to hang the reader, to fill the memory, or simply damaged."""

import gzip
import io
import json
import lzma
import time
import zipfile

import numpy as np
import polars as pl
import pytest

from conftest import refused
from sestina.data import json_tables, tables
from sestina.data.entities import unescape
from sestina.data.markup import page_text
from sestina.data.read import read
from sestina.errors import DataWarning
from sestina.text.clean import entities
from test_keras_imdb import put_imdb

DIGITS = "1" * 5_000  # more than Python turns into a number


@pytest.mark.parametrize("piece", ['<a ">"', "<a '>'", '<a x=">"', '<p>"<a ">"'])
def test_quotation_marks_left_open_take_no_long_time(piece):
    started = time.perf_counter()
    page_text((piece * 30_000).encode(), "a.html", "utf-8")
    assert time.perf_counter() - started < 5  # once it grew with the square: half a minute


def test_a_few_broken_tags_do_not_change_how_others_are_read():
    page = '<p title="open>one</p>' + "<a href='x>y'>two</a>"
    assert page_text(page.encode(), "a.html", "utf-8") == "one\ntwo"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"a &#{DIGITS}; b &eacute;", "a \ufffd b é"),
        (f"&#{'0' * 5_000}65;&#65;&#x41;", "AAA"),
        (f"&#{DIGITS}", "\ufffd"),
        (f"&#00;&#{DIGITS};", "\ufffd\ufffd"),
        (f"&#1114109;&#1114112;&#{DIGITS}", "\U0010fffd\ufffd\ufffd"),
    ],
)
def test_entities_of_any_number(put, text, found):
    assert unescape(text) == entities(text) == found
    assert page_text(f"<p>{text}".encode(), "a.html", "utf-8") == found.strip()
    sgml = f'<REUTERS TOPICS="YES"><TITLE>{text}</TITLE></REUTERS>'
    assert read(put("a.sgm", sgml), need_label=False).texts == [" ".join(found.split())]


@pytest.mark.parametrize("name", ["utf-16", "utf-32-le", "idna", "unicode_escape", "undefined"])
def test_a_page_cannot_name_an_encoding_that_is_none_of_texts(put, name):
    page = f'<meta charset="{name}"><p>caf\\ud83d é..'.encode()
    assert read(put("a.html", page), need_label=False).texts == ["caf\\ud83d é.."]
    story = f"<?xml version='1.0' encoding='{name}'?><a><text>é</text><code>x</code></a>"
    assert read(put("a.xml", story)).texts == ["é"]
    if not name.startswith("utf"):
        refused(put("a.txt", "a"), "no encoding of texts", encoding=name, need_label=False)


def test_stories_within_stories(put):
    content = "<a><text>one</text><code>x</code><b><text>two</text><code>y</code></b></a>"
    found = read(put("a.xml", content))
    assert (found.texts, found.labels) == (["one", "two"], [["x"], ["y"]])
    deep = "<b><text>t</text>" * 20_000 + "<code>z</code>" + "</b>" * 20_000
    started = time.perf_counter()
    found = read(put("b.xml", f"<a>{deep}</a>"))
    assert len(found) == 20_000 and found.labels[-1] == ["z"]
    assert time.perf_counter() - started < 5


class TestJson:
    def test_half_a_picture_becomes_a_mark_and_is_said(self, put):
        rows = [r'{"text": "ok \ud83d", "label": "a"}', r'{"text": "\ud83d\ude00", "label": "b"}']
        for name, content in (("a.jsonl", "\n".join(rows)), ("a.json", f"[{','.join(rows)}]")):
            with pytest.warns(DataWarning, match="1 value of column 'text' with half a character"):
                found = read(put(name, content))
            assert found.texts == ["ok \ufffd", "😀"] and found.labels == ["a", "b"]

    def test_half_a_picture_in_a_list_and_in_a_name(self, put):
        row = r'{"text": "x", "label": ["\udc00", "b"], "\ud800": "y", "\ud801": "z"}'
        with pytest.warns(DataWarning, match="1 value of column 'label'"):
            assert read(put("a.jsonl", row)).labels == [["\ufffd", "b"]]

    def test_nan_is_what_is_missing(self, put):
        rows = '{"text": NaN, "label": "a"}\n{"text": "b", "label": NaN}\n{"text": "c", "label": 1}'
        found = read(put("a.jsonl", rows))
        assert (found.texts, found.labels) == (["c"], ["1"])
        assert found.notes[-2:] == (
            "skipped 1 row with an empty text",
            "skipped 1 row without a label",
        )

    @pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
    @pytest.mark.parametrize("content", ["[" * 100_000, f'{{"text": {DIGITS}}}', '{"a":' * 50_000])
    def test_deep_nesting_and_endless_numbers(self, put, name, content):
        assert len(refused(put(name, content), "is not JSON")) < 400

    def test_numbers_beyond_floats_keep_their_digits(self, put):
        rows = f'{{"text": "a", "label": 1.5}}\n{{"text": "b", "label": {"9" * 400}}}'
        assert read(put("a.jsonl", rows)).labels == ["1.5", "9" * 400]
        path = put("a.parquet", "")
        pl.DataFrame({"text": ["a", "b"], "label": [1.0, 1e300]}).write_parquet(path)
        assert read(path).labels == ["1.0", "1e+300"]

    def test_objects_that_share_no_keys_are_no_table(self, put, monkeypatch):
        monkeypatch.setattr(json_tables, "CELLS", 1_000)
        rows = "\n".join(json.dumps({f"k{n}": n}) for n in range(100))
        refused(put("a.jsonl", rows), "100 different keys in 100 objects", "same keys")


def zipped(name, data):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as held:
        held.writestr(name, data)
    return file.getvalue()


def test_files_made_to_fill_the_memory(put, monkeypatch):
    monkeypatch.setattr(tables, "LARGE", 1 << 20)
    large = b"a" * (8 << 20)
    story = b"<a><text>" + large + b"</text><code>x</code></a>"
    for name, data in (
        ("a.csv.gz", gzip.compress(b"text,label\n" + large)),
        ("a.csv.xz", lzma.compress(b"text,label\n" + large)),
        ("a.zip", zipped("a.xml", story)),
        ("imdb.npz", zipped("x_train.npy", large)),
    ):
        assert "unpack it yourself" in refused(put(name, data), "to fill the memory"), name


def test_what_is_packed_well_and_is_small_is_read(put):
    row = "fine film,pos\nbad film,neg\n" * 50_000  # packed 300 times over
    assert len(read(put("a.csv.gz", gzip.compress(("text,label\n" + row).encode())))) == 100_000
    twice = gzip.compress(b"text,label\n") + gzip.compress(b"a,b\nc,d\n")
    assert read(put("b.csv.gz", twice)).labels == ["b", "d"]


def test_an_array_that_states_an_absurd_size(tmp_path):
    path = put_imdb(tmp_path, [[1]], [[1]], [1], [1])
    stated = io.BytesIO()
    header = {"descr": "<i8", "fortran_order": False, "shape": (1 << 46,)}
    np.lib.format.write_array_header_1_0(stated, header)
    with zipfile.ZipFile(path) as old:
        held = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(path, "w") as new:
        for name, data in (held | {"y_train.npy": stated.getvalue()}).items():
            new.writestr(name, data)
    refused(path, "no plain array")
