"""Reading lines and folders, and files that are no texts at all."""

import gzip
import lzma

import pytest

from conftest import refused
from sestina.data.read import read


class TestLines:
    def test_fasttext_labels_may_stand_anywhere(self, put):
        found = read(put("a.txt", "good film __label__pos\nbad __label__neg film\n"))
        assert (found.texts, found.labels) == (TEXTS, LABELS)

    def test_fasttext_gaps_are_counted(self, put):
        found = read(put("a.txt", "__label__x a\nb\n__label__y\n__label__ c\n\n"))
        assert (found.texts, found.labels) == (["a"], ["x"])
        assert found.notes == (
            "skipped 2 rows with an empty text",
            "skipped 2 rows without a label",
        )

    def test_plain_lines(self, put):
        found = read(put("a.txt", "a b\n\nc\u2028d\x85e\x0cf\r\n"), need_label=False)
        assert (found.texts, found.labels) == (["a b", "", "c\u2028d\x85e\x0cf"], None)
        assert found.notes == ("1 row with an empty text",)

    def test_plain_lines_have_no_labels(self, put):
        refused(put("a.txt", "a\nb\n"), "no labels", "__label__", "one folder per class")


TEXTS, LABELS = ["good film", "bad film"], ["pos", "neg"]
CSV = "text,label\ngood film,pos\nbad film,neg\n"


class TestFolders:
    def test_one_folder_per_class(self, put, tmp_path):
        for name, text in (
            ("pos/1.txt", "good film"),
            ("neg/1.txt", "bad film"),
            ("neg/2.txt", ""),
        ):
            put(f"data/{name}", text)
        put("data/neg/.hidden", "x")
        put("data/.git/x", "x")
        put("data/pos/2.txt.gz", gzip.compress(b"fine"))
        found = read(tmp_path / "data")
        assert sorted(zip(found.texts, found.labels, strict=True)) == [
            ("bad film", "neg"),
            ("fine", "pos"),
            ("good film", "pos"),
        ]
        assert found.parts is None
        assert found.notes == ("skipped 1 row with an empty text",)

    def test_layout_of_aclimdb(self, put, tmp_path):
        for part in ("train", "test"):
            put(f"aclImdb/{part}/pos/0_9.txt", f"good {part}<br /><br />film")
            put(f"aclImdb/{part}/neg/0_2.txt", f"bad {part}")
        put("aclImdb/train/unsup/0_0.txt", "who knows")
        put("aclImdb/train/labeledBow.feat", "9 0:1")
        put("aclImdb/notes/a.txt", "not a part")
        found = read(tmp_path / "aclImdb")
        rows = sorted(zip(found.parts, found.labels, found.texts, strict=True))
        assert [row[:2] for row in rows] == [
            ("test", "neg"),
            ("test", "pos"),
            ("train", "neg"),
            ("train", "pos"),
        ]
        assert rows[1][2] == "good test<br /><br />film"
        said = "; ".join(found.notes)
        for fact in ("train/unsup", "labeledBow.feat", "folder 'notes'"):
            assert fact in said

    def test_folders_inside_classes_are_said(self, put, tmp_path):
        put("d/pos/1.txt", "a")
        put("d/pos/more/2.txt", "b")
        assert read(tmp_path / "d").notes == ("left out folder d/pos/more",)

    def test_without_texts(self, put, tmp_path):
        (tmp_path / "empty").mkdir()
        refused(tmp_path / "empty", "no text files in folders", "empty/train/pos/1.txt")
        put("tables/train.csv", CSV)
        refused(tmp_path / "tables", "one folder per class", "one of its files: train.csv")

    def test_a_binary_file_is_named(self, put, tmp_path):
        put("d/pos/1.txt", "a")
        put("d/pos/Thumbs.db", b"\xd0\xcf\0\0")
        refused(tmp_path / "d", "Thumbs.db is a binary file")


class TestBadFiles:
    def test_missing(self, tmp_path):
        refused(tmp_path / "no.csv", "there is no file", "no.csv", "check the path")
        refused(tmp_path / "nothing", "there is no file")

    @pytest.mark.parametrize("content", [b"", b" \n\r\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
    def test_empty(self, put, content):
        refused(put("a.csv", content), "a.csv is empty", "expected")
        refused(put("a.txt", content), "a.txt is empty", "one text a line")
        refused(put("a.csv.gz", gzip.compress(content)), "a.csv.gz is empty")

    def test_header_alone(self, put):
        refused(put("a.csv", "text,label\n"), "no row has both text and label")

    def test_binary(self, put):
        refused(put("a.txt", b"\x89PNG\r\n\x1a\n\0\0\0"), "is a binary file", "expected text")
        refused(put("a.xlsx", b"PK\x03\x04\0\0"), "zip archive or an Excel file", ".csv")

    def test_utf16(self, put):
        path = put("a.csv", CSV.encode("utf-16"))
        refused(path, "encoded as utf-16", "--encoding utf-16")
        refused(path, "--encoding utf-16", encoding="UTF8")
        assert read(path, encoding="utf-16").texts == TEXTS
        refused(put("b.csv", CSV.encode("utf-32")), "--encoding utf-32")
        refused(put("c.csv", CSV.encode("utf-16-le")), "binary")

    @pytest.mark.parametrize("start", ["", "\ufeff"])
    def test_latin_1_names_the_line(self, put, start):
        content = start.encode() + "text,label\na,x\ncafé,y\n".encode("latin-1")
        path = put("a.csv", content)
        refused(path, "is not utf-8", "byte 0xe9 in line 3", "--encoding latin-1")
        if not start:
            assert read(path, encoding="latin-1").texts == ["a", "café"]

    @pytest.mark.parametrize("encoding", ["utf-99", "rot13", "a\0b", ""])
    def test_unknown_encoding(self, put, encoding):
        refused(put("a.csv", CSV), "encoding", "try utf-8, latin-1 or cp1252", encoding=encoding)

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("a.csv.gz", CSV.encode()),
            ("b.csv.gz", gzip.compress(CSV.encode() * 99, mtime=0)[:-20]),
            ("c.csv.gz", gzip.compress(CSV.encode(), mtime=0)[:12] + b"\xff\xff\xff\xff\xff\xff"),
            ("a.csv.xz", CSV.encode()),
            ("b.csv.xz", lzma.compress(CSV.encode() * 99)[:-20]),
        ],
    )
    def test_damaged_compression(self, put, name, content):
        refused(put(name, content), f"{name} is damaged", "download or compress it again")

    def test_unreadable(self, put, tmp_path):
        refused(put("a.csv", CSV) / "b.csv", "cannot be read: Not a directory")
