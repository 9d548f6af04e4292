"""Reading files: every format, and every bad input with its one-sentence error."""

import gzip
import json
import lzma

import polars as pl
import pytest

from sestina.data.columns import Columns
from sestina.data.read import read
from sestina.errors import DataError, OptionError

TEXTS, LABELS = ["good film", "bad film"], ["pos", "neg"]
TEXT_LABEL = Columns("text", "label")


@pytest.fixture
def put(tmp_path):
    """Write a file of the given name and content; return its path."""

    def write(name, content):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def parquet(path, **columns):
    pl.DataFrame(columns).write_parquet(path)
    return path


def refused(path, *facts, **how):
    """Check that a path is refused in one sentence that holds all `facts`; return the sentence."""
    with pytest.raises(DataError) as caught:
        read(path, **how)
    message = str(caught.value)
    assert not [fact for fact in facts if fact not in message], message
    assert "\n" not in message
    return message


CSV = "text,label\ngood film,pos\nbad film,neg\n"
TSV = CSV.replace(",", "\t")
JSONL = "".join(
    json.dumps({"text": t, "label": y}) + "\n" for t, y in zip(TEXTS, LABELS, strict=True)
)
JSON = json.dumps([json.loads(line) for line in JSONL.splitlines()])
FASTTEXT = "__label__pos good film\n__label__neg bad film\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", CSV),
        ("a.CSV", CSV),
        ("a.tsv", TSV),
        ("a.json", JSON),
        ("a.jsonl", JSONL),
        ("a.ndjson", JSONL),
        ("a.txt", FASTTEXT),
        ("a", FASTTEXT),
        ("a.csv.gz", gzip.compress(CSV.encode())),
        ("a.tsv.xz", lzma.compress(TSV.encode())),
        ("a.jsonl.gz", gzip.compress(JSONL.encode())),
        ("a.txt.xz", lzma.compress(FASTTEXT.encode())),
    ],
)
def test_formats_are_told_by_the_ending(put, name, content):
    found = read(put(name, content))
    assert (found.texts, found.labels, found.parts) == (TEXTS, LABELS, None)


def test_parquet(tmp_path):
    found = read(parquet(tmp_path / "a.parquet", text=TEXTS, label=LABELS))
    assert (found.texts, found.labels) == (TEXTS, LABELS)


class TestDelimited:
    def test_cells_hold_quotes_commas_and_line_ends(self, put):
        found = read(put("a.csv", 'text,label\n"He said ""no"",\nthen left","pos"\nx,neg\n'))
        assert found.texts == ['He said "no",\nthen left', "x"]
        assert found.labels == LABELS

    @pytest.mark.parametrize(
        ("cell", "text"),
        [('a 5" screen', 'a 5" screen'), ('"Up" is fine', "Up is fine"), ('say "x"', 'say "x"')],
    )
    def test_stray_quotation_marks_in_csv(self, put, cell, text):
        assert read(put("a.csv", f"text,label\n{cell},pos\nx,neg\n")).texts == [text, "x"]

    def test_a_quotation_mark_in_tsv_is_a_character(self, put):
        found = read(put("a.tsv", 'text\tlabel\n"a b\tpos\nsay "x" y\tneg\nb"\tpos\n'))
        assert found.texts == ['"a b', 'say "x" y', 'b"']

    @pytest.mark.parametrize("end", ["\r\n", "\r"])
    def test_line_ends_of_other_systems(self, put, end):
        for name, content in (("a.csv", CSV), ("a.tsv", TSV), ("a.txt", FASTTEXT)):
            found = read(put(name, content.replace("\n", end)))
            assert (found.texts, found.labels) == (TEXTS, LABELS)

    def test_empty_lines_are_no_rows(self, put):
        found = read(put("a.csv", CSV.replace("\nbad", "\n\nbad") + "\n\r\n"), TEXT_LABEL)
        assert found.texts == TEXTS
        assert found.notes == ()

    def test_byte_order_mark(self, put):
        for encoding in ("utf-8", "UTF8", "utf-8-sig"):
            assert read(put("a.csv", "\ufeff" + CSV), TEXT_LABEL, encoding=encoding).texts == TEXTS

    def test_header_with_spaces_and_quotes(self, put):
        assert read(put("a.csv", '"text", label \na, pos \n'), TEXT_LABEL).labels == ["pos"]

    def test_unnamed_columns_are_no_matter(self, put):
        assert read(put("a.csv", ",text,label,,\n0,a,pos,,\n1,b,neg\n")).texts == ["a", "b"]

    def test_values_stay_as_they_are_written(self, put):
        found = read(put("a.csv", "text,label\nNA,1\nnull,01\n2020-01-01,1.0\n"))
        assert found.texts == ["NA", "null", "2020-01-01"]
        assert found.labels == ["1", "01", "1.0"]

    def test_short_rows_are_counted(self, put):
        found = read(put("a.csv", "text,label\na,pos\nb\nc,neg\n"), TEXT_LABEL)
        assert found.texts == ["a", "c"]
        assert found.notes == ("skipped 1 row without a label",)

    def test_a_text_of_a_megabyte(self, put):
        text = "word " * 210_000 + "end"
        assert read(put("a.csv", f"text,label\n{text},pos\n")).texts == [text]

    @pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
    def test_no_header_numbers_the_columns(self, put, name):
        content = "pos,good film\nneg,bad film\n".replace(",", "," if name == "a.csv" else "\t")
        found = read(put(name, content), Columns("2", "1"), header=False)
        assert (found.texts, found.labels) == (TEXTS, LABELS)

    def test_uneven_rows_name_the_line(self, put):
        content = 'text,label\n"two\nlines",pos\nwell, that,neg\n'
        refused(put("a.csv", content), "line 4 has 3 fields", "header has 2", "quote texts")
        refused(put("a.tsv", "text\tlabel\na\tb\tc\n"), "line 2 has 3 fields", "tabs")
        refused(put("b.csv", "a,b\na,b,c\n"), "line 2", "first line has 2", header=False)

    @pytest.mark.parametrize("tail", ['"never closed,pos\nx,neg\n', 'b,"neg', 'x,"'])
    def test_an_open_quotation_mark_names_its_line(self, put, tail):
        refused(put("a.csv", "text,label\na,pos\n" + tail), "line 3 opens a quotation mark", '("")')

    @pytest.mark.parametrize(("mark", "shown"), [(";", "';'"), ("\t", "tabs"), ("|", "'|'")])
    def test_another_separator(self, put, mark, shown):
        path = put("a.csv", CSV.replace(",", mark))
        refused(path, f"part its fields with {shown}", "save it as .csv")
        refused(path, f"part its fields with {shown}", need_label=False)

    def test_two_columns_of_one_name(self, put):
        refused(put("a.csv", "text,text,label\na,b,c\n"), "two columns", "'text'", "rename")


class TestJson:
    @pytest.mark.parametrize(
        "content",
        [
            JSONL,  # under the ending of JSON
            json.dumps({"text": TEXTS, "label": LABELS}),
            json.dumps({"text": {"0": TEXTS[0], "1": TEXTS[1]}, "label": {"0": "pos", "1": "neg"}}),
            json.dumps(json.loads(JSON), indent=2),
        ],
    )
    def test_layouts(self, put, content):
        found = read(put("a.json", content))
        assert (found.texts, found.labels) == (TEXTS, LABELS)

    def test_one_object_is_one_row(self, put):
        assert read(put("a.json", '{"text": "a", "label": "x"}')).texts == ["a"]

    def test_empty_lines_and_unusual_line_separators_inside_texts(self, put):
        content = '{"text": "a\u2028b", "label": "x"}\n\n{"text": "c\x85d", "label": "y"}\r\n\n'
        assert read(put("a.jsonl", content)).texts == ["a\u2028b", "c\x85d"]

    @pytest.mark.parametrize(
        ("values", "labels"),
        [
            (["1", "0"], ["1", "0"]),
            (["1.0", "0.0"], ["1", "0"]),
            (["1.5", "1"], ["1.5", "1.0"]),
            (["true", "false"], ["true", "false"]),
            (["1", '"x"'], ["1", "x"]),
            (['["x", "y"]', "[]"], [["x", "y"], []]),
            (['["x", " y "]', "null"], [["x", "y"]]),
            (["[1, 2]", "[3, null]"], [["1", "2"], ["3"]]),
            (['["x", "y"]', '"z"'], [["x", "y"], ["z"]]),
        ],
    )
    def test_labels_of_every_type(self, put, values, labels):
        lines = [f'{{"text": "a{n}", "label": {v}}}' for n, v in enumerate(values)]
        assert read(put("a.jsonl", "\n".join(lines))).labels == labels

    def test_nulls_missing_keys_and_nan_are_counted(self, put):
        rows = [
            '"label": 1.0',
            '"text": "a", "label": null',
            '"text": "b", "label": NaN',
            '"text": "c"',
            '"text": "d", "label": 2.0',
        ]
        found = read(put("a.jsonl", "\n".join(f"{{{row}}}" for row in rows)), TEXT_LABEL)
        assert (found.texts, found.labels) == (["d"], ["2"])
        assert found.notes == ("skipped 1 row with an empty text", "skipped 3 rows without a label")

    def test_columns_that_are_not_asked_for_may_hold_anything(self, put):
        rows = [
            {"text": "a", "label": "x", "meta": {"k": 1}},
            {"text": "b", "label": "y", "meta": [3]},
        ]
        assert read(put("a.json", json.dumps(rows)), TEXT_LABEL).texts == ["a", "b"]

    def test_a_broken_line_is_named(self, put):
        path = put("a.jsonl", JSONL + '{"text": "x", "label":\n')
        refused(path, "line 3 is not JSON", "one object a line")
        refused(put("b.jsonl", JSON), "line 1 is not a JSON object", '{"text": ')

    @pytest.mark.parametrize("content", ["3", "[]", '["a"]', '{"text": ["a"], "label": []}'])
    def test_json_without_a_table(self, put, content):
        refused(put("a.json", content), "a.json holds no table", "list of objects")

    def test_broken_json(self, put):
        refused(put("a.json", '[{"text": "a",'), "is not JSON", "line 1", "list of objects")

    def test_texts_must_be_texts(self, put):
        refused(put("a.jsonl", '{"text": {"a": 1}, "label": "x"}'), "'text' holds", "expected")
        refused(put("b.jsonl", '{"text": ["a"], "label": "x"}'), "'text' holds List")


class TestParquet:
    @pytest.mark.parametrize(
        ("column", "labels"),
        [
            (pl.Series([1, 0]), ["1", "0"]),
            (pl.Series([1.0, 0.0]), ["1", "0"]),
            (pl.Series([True, False]), ["true", "false"]),
            (pl.Series(["x", "y"], dtype=pl.Categorical), ["x", "y"]),
            (pl.Series([["x"], ["x", "y", None]]), [["x"], ["x", "y"]]),
            (
                pl.Series([["a", "b"], ["c", "d"]], dtype=pl.Array(pl.String, 2)),
                [["a", "b"], ["c", "d"]],
            ),
            (pl.Series([[1, 2], None]), [["1", "2"]]),
        ],
    )
    def test_labels_of_every_type(self, tmp_path, column, labels):
        found = read(parquet(tmp_path / "a.parquet", text=TEXTS, label=column))
        assert found.labels == labels
        assert found.multi_label == isinstance(labels[0], list)

    def test_missing_values_are_counted(self, tmp_path):
        path = parquet(
            tmp_path / "a.parquet", text=["a", None, "c"], label=[1.0, 2.0, float("nan")]
        )
        found = read(path, TEXT_LABEL)
        assert (found.texts, found.labels) == (["a"], ["1"])
        assert len(found.notes) == 2

    def test_truncated(self, tmp_path):
        path = parquet(tmp_path / "a.parquet", text=TEXTS, label=LABELS)
        path.write_bytes(path.read_bytes()[:-20])
        refused(path, "a.parquet is not a Parquet file, or a truncated one", "again")

    def test_bytes_are_no_texts(self, tmp_path):
        path = parquet(tmp_path / "a.parquet", text=[b"a", b"b"], label=LABELS)
        refused(path, "'text' holds Binary", "expected strings")

    @pytest.mark.parametrize("labels", [[[["x"]], [["y"]]], [[b"x"], [b"y"]]])
    def test_nested_labels(self, tmp_path, labels):
        path = parquet(tmp_path / "a.parquet", text=TEXTS, label=labels)
        refused(path, "'label' holds List", "convert")


class TestSeveralLabels:
    def test_separator(self, put):
        path = put("a.csv", "text,label\na,x | y\nb,y\nc,\nd,|\n")
        found = read(path, label_separator="|")
        assert found.labels == [["x", "y"], ["y"], [], []]
        assert found.multi_label
        assert found.label_counts() == {"y": 2, "x": 1}

    def test_without_separator_a_cell_is_one_label(self, put):
        assert read(put("a.csv", "text,label\na,x|y\nb,y\n")).labels == ["x|y", "y"]

    def test_empty_separator(self, put):
        with pytest.raises(OptionError, match="label_separator is empty"):
            read(put("a.csv", CSV), label_separator="")

    def test_fasttext(self, put):
        found = read(put("a.txt", "__label__x __label__y a b\n__label__y  c\td\n"))
        assert (found.texts, found.labels) == (["a b", "c d"], [["x", "y"], ["y"]])

    def test_separator_makes_lists_of_single_labels_too(self, put):
        assert read(put("a.txt", FASTTEXT), label_separator=",").labels == [["pos"], ["neg"]]


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
            ("b.csv.gz", gzip.compress(CSV.encode() * 99)[:-20]),
            ("c.csv.gz", gzip.compress(CSV.encode())[:12] + b"\xff\xff\xff\xff\xff\xff"),
            ("a.csv.xz", CSV.encode()),
            ("b.csv.xz", lzma.compress(CSV.encode() * 99)[:-20]),
        ],
    )
    def test_damaged_compression(self, put, name, content):
        refused(put(name, content), f"{name} is damaged", "download or compress it again")

    def test_unreadable(self, put, tmp_path):
        refused(put("a.csv", CSV) / "b.csv", "cannot be read: Not a directory")


class TestColumns:
    @pytest.mark.parametrize(
        ("header", "text", "label"),
        [
            ("review,sentiment", "review", "sentiment"),
            ("Text,Class,id", "Text", "Class"),
            ("label,whatever", "whatever", "label"),
            ("whatever,text", "text", "whatever"),
            ("id,text,comment,label", "text", "label"),
            ("topic,label,text", "text", "label"),
        ],
    )
    def test_guesses_are_noted(self, put, header, text, label):
        names = header.split(",")
        found = read(put("a.csv", f"{header}\n{header}\n"))
        assert (found.texts, found.labels) == ([text], [label])
        assert found.notes == (
            f"took column {text!r} as the text",
            f"took column {label!r} as the label",
        )
        assert read(put("a.csv", f"{header}\n{header}\n"), Columns(*names[:2])).notes == ()

    def test_what_is_asked_for_is_not_guessed_again(self, put):
        path = put("a.csv", "text,label\na,b\n")
        found = read(path, Columns(text="label"))
        assert (found.texts, found.labels) == (["b"], ["a"])
        refused(
            path,
            "text and label are both column 'text'",
            columns=Columns(text="text", label="text"),
        )

    def test_a_split_column_is_no_label(self, put):
        refused(put("a.csv", "text,split\na,train\n"), "name the label's with --label")

    def test_ambiguous(self, put):
        refused(put("a.csv", "review,comment,label\na,b,c\n"), "review or comment", "--text")
        refused(put("b.csv", "text,topic,genre\na,b,c\n"), "topic or genre", "--label")

    def test_unknown(self, put):
        path = put("a.csv", "id,u,v\n1,a,b\n")
        refused(path, "has the columns id, u, v", "--no-header", "--text COLUMN")
        refused(path, "--label COLUMN", columns=Columns("u"))
        assert "--no-header" not in refused(path, "columns 1, 2, 3", header=False)

    def test_missing_names_the_nearest(self, put):
        path = put("a.csv", "text,label,split\na,b,train\n")
        refused(path, "has no column 'txt'; did you mean 'text'?", columns=Columns("txt"))
        refused(path, "did you mean 'label'?", columns=Columns("text", "lable"))
        refused(path, "known are label, split, text", columns=Columns("text", "label", "zzz"))

    def test_only_one_column(self, put):
        path = put("a.csv", "text\na\n")
        refused(path, "only the column 'text'", "one for the labels")
        assert read(path, need_label=False).texts == ["a"]
        assert read(put("b.csv", "label\na\n"), need_label=False).texts == ["a"]

    def test_rows_without_labels_stay_where_none_is_needed(self, put):
        path = put("a.csv", "text,label\na,\nb,\n")
        assert read(path, need_label=False).texts == ["a", "b"]
        refused(path, "no row has both text and label", "skipped 2 rows without a label")
        refused(put("b.csv", "text,label\n,x\n"), "no row has a text", need_label=False)

    def test_all_texts_empty(self, put):
        refused(
            put("a.csv", "text,label\n,x\n  ,y\n"), "skipped 2 rows with an empty text", "check"
        )


class TestParts:
    def test_names_are_understood(self, put):
        values = ("Train", "training", " dev ", "VAL", "validation", "test")
        content = "text,label,split\n" + "".join(f"a{v},x,{v}\n" for v in values)
        assert read(put("a.csv", content)).parts == ["train", "train", "dev", "dev", "dev", "test"]

    def test_unknown_values(self, put):
        content = "text,label,split\na,x,train\nb,y,trian\nc,y,\n"
        refused(put("a.csv", content), "values '', 'trian'; expected train, dev", "correct them")

    def test_a_part_of_something_else_is_left_alone(self, put):
        path = put("a.csv", "text,label,part\na,x,1\nb,y,2\n")
        found = read(path)
        assert found.parts is None
        assert "column 'part' names no train, dev and test: not used as the split" in found.notes
        refused(path, "values '1', '2'", columns=Columns("text", "label", "part"))
