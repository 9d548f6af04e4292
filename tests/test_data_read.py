"""Reading files: every format, and every bad input with its one-sentence error."""

import gzip
import json
import lzma

import polars as pl
import pytest

from conftest import refused
from sestina.data.columns import Columns
from sestina.data.read import read
from sestina.errors import OptionError

TEXTS, LABELS = ["good film", "bad film"], ["pos", "neg"]
TEXT_LABEL = Columns("text", "label")


def parquet(path, **columns):
    pl.DataFrame(columns).write_parquet(path)
    return path


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
        ("a.csv.gz", gzip.compress(CSV.encode(), mtime=0)),
        ("a.tsv.xz", lzma.compress(TSV.encode())),
        ("a.jsonl.gz", gzip.compress(JSONL.encode(), mtime=0)),
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


class TestLabelsThatLookLikeSeveral:
    def test_cells_of_several_are_pointed_out(self, put):
        path = put("a.csv", "text,label\na,x\nb,y\nc,x|y\nd,y|x\n")
        assert any("'x|y' look like several in one" in note for note in read(path).notes)
        parted = read(path, label_separator="|")
        assert parted.labels == [["x"], ["y"], ["x", "y"], ["y", "x"]]
        assert not any("several in one" in note for note in parted.notes)
        path = put("b.csv", "text,label\na,x\nb,y\nc,x|y\nd,and/or\n")
        assert not any("several in one" in note for note in read(path).notes)

    def test_a_label_twice_in_a_row_counts_once(self, put):
        path = put("a.csv", "text,label\na,x|x|\nb,y|x\n")
        assert read(path, label_separator="|").labels == [["x"], ["y", "x"]]
        lines = put("b.txt", "__label__x __label__x a\n__label__x __label__y b\n")
        assert read(lines).labels == [["x"], ["x", "y"]]

    def test_rows_of_0_and_1_name_no_labels(self, put, tmp_path):
        rows = [[1, 0, 1], [0, 0, 1]]
        path = parquet(tmp_path / "a.parquet", text=TEXTS, label=rows)
        refused(path, "the labels are rows of 3 numbers, 0 or 1; expected the names", "write those")
        path = put("a.json", json.dumps({"text": TEXTS, "label": rows}))
        refused(path, "the labels are rows of 3 numbers, 0 or 1")
        path = put("b.json", json.dumps({"text": TEXTS, "label": [[1, 0], [0, 1]]}))
        assert read(path).labels == [["1", "0"], ["0", "1"]]  # labels that are numbers
