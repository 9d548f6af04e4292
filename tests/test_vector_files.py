"""Files of word vectors: written and read again, damaged, foreign, compressed, converted."""

import gzip
import json
import lzma
import os
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sestina.cli.app import main
from sestina.errors import DataError, DataWarning, OptionError, SestinaError
from sestina.vectors import formats, storage, streams, text_files
from sestina.vectors.rows import Rows
from sestina.vectors.subwords import Subwords
from sestina.vectors.table import WordVectors

GLOVE = "the 0.5 -1 2e-1\ncat 1 2 3\n"
WORDS, MATRIX = ["the", "cat"], np.array([[0.5, -1, 0.2], [1, 2, 3]], dtype=np.float32)
ENDINGS = [".txt", ".vec", ".bin", ".txt.gz", ".txt.xz", ".bin.gz", ".bin.xz", ".safetensors"]
FINITE = st.floats(-(2.0**100), 2.0**100, width=32)
PARTS = {"least": 3, "most": 6, "buckets": 9}
quietly = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def same(rows, words, matrix):
    assert list(rows.words) == list(words)
    assert rows.matrix.shape == matrix.shape
    assert np.asarray(rows.matrix, np.float32).tobytes() == matrix.astype(np.float32).tobytes()


def refused(path, *facts):
    with pytest.raises(DataError) as caught:
        formats.read(path)
    message = str(caught.value)
    assert not [fact for fact in facts if fact not in message], message
    assert "\n" not in message
    return message


@st.composite
def tables(draw, alphabet):
    words = draw(st.lists(st.text(alphabet, max_size=8), unique=True, max_size=9))
    size = draw(st.integers(1, 5))
    return words, draw(arrays(np.float32, (len(words), size), elements=FINITE))


# a blank ends a word in binary files; a line end ends it in text
ANY = st.characters(codec="utf-8")
WITHOUT_BLANKS = st.characters(codec="utf-8", exclude_characters=" \n")


@pytest.mark.parametrize("ending", ENDINGS)
@quietly
@given(table=tables(WITHOUT_BLANKS))
@example(table=(["", '"', ",", "\r", "a\tb", "5", "1.5", "nan"], np.ones((8, 1), np.float32)))
@example(table=(["x"], np.array([[1e-45, -0.0, 3.4028235e38, 1 / 3]], dtype=np.float32)))
def test_written_and_read_gives_the_same_bits(tmp_path, ending, table):
    path = tmp_path / f"vectors{ending}"
    formats.write(path, Rows(*table))
    same(formats.read(path), *table)
    assert os.listdir(tmp_path) == [path.name], "nothing else is left behind"


def test_headers_of_any_length_are_opened(tmp_path):
    """One of 640 bytes begins as objects of Python's do, which are refused."""
    path = tmp_path / "vectors.safetensors"
    matrix = np.random.default_rng(0).normal(size=(3, 100)).astype(np.float32)
    rows = Rows(["a", "b", "c"], matrix, outputs=matrix, counts=np.arange(1, 4))
    formats.write(path, rows, dtype="pq")
    assert path.read_bytes()[:2] == b"\x80\x02", "otherwise this tests nothing"
    assert list(formats.read(path).words) == rows.words


@quietly
@given(table=tables(ANY))
def test_safetensors_hold_any_word(tmp_path, table):
    path = tmp_path / "vectors.safetensors"
    formats.write(path, Rows(*table))
    rows = formats.read(path)
    same(rows, *table)
    assert [rows.words[n] for n in range(len(rows.words))] == table[0] == rows.words[:]


@quietly
@given(table=tables(st.sampled_from(" ab.1")))
def test_words_with_blanks_are_read_again_or_refused(tmp_path, table):
    path = tmp_path / "vectors.vec"
    path.unlink(missing_ok=True)
    try:
        formats.write(path, Rows(*table))
    except DataError as error:
        assert "would be misread" in str(error) and not os.listdir(tmp_path)
    else:
        same(formats.read(path), *table)


def test_stored_words_are_a_sequence(tmp_path):
    words = ["the", "", "naïve", "new york", "日本"]
    path = tmp_path / "v.safetensors"
    formats.write(path, Rows(words, np.zeros((5, 2), np.float32)))
    found = formats.read(path).words
    assert len(found) == 5 and found[-1] == "日本" and found[1:4] == words[1:4]
    assert "naïve" in found and found.index("new york") == 3 and found[::-1] == words[::-1]
    with pytest.raises(IndexError):
        found[5]


@pytest.mark.parametrize(
    "text",
    [
        GLOVE,
        GLOVE.rstrip("\n"),
        GLOVE + "\n\r\n \n",
        GLOVE.replace("\n", "\r\n"),
        "\ufeff" + GLOVE,
        "2 3\n" + GLOVE.replace("\n", "  \n"),
        "2 3\r\n" + GLOVE,
        "2 3\n" + GLOVE.replace(" 1 ", " +1.0E0 "),
    ],
    ids=["glove", "no end", "empty lines", "crlf", "bom", "blanks", "headed", "signs"],
)
@pytest.mark.parametrize("block", [1, 7, 1 << 24])
def test_text_of_all_programs_in_blocks_of_any_size(put, monkeypatch, text, block):
    monkeypatch.setattr(streams.Stream.first, "__defaults__", (block,))
    monkeypatch.setattr(streams.Stream.read, "__defaults__", (block,))
    same(formats.read(put("v.txt", text)), WORDS, MATRIX)


@pytest.mark.parametrize("block", [16, 61, 1 << 24])
@pytest.mark.parametrize("newline", [b"", b"\n"], ids=["gensim", "word2vec.c"])
def test_binary_files_in_blocks_of_any_size(put, monkeypatch, newline, block):
    monkeypatch.setattr(streams.Stream.read, "__defaults__", (block,))
    matrix = np.arange(60, dtype=np.float32).reshape(20, 3)
    words = [f"w{n}" for n in range(20)]
    parts = [w.encode() + b" " + row.tobytes() for w, row in zip(words, matrix, strict=True)]
    same(formats.read(put("v.bin", b"20 3\n" + newline.join(parts))), words, matrix)


def test_words_with_blanks_and_a_last_unknown_word(put):
    rows = formats.read(put("v.txt", '. . . 1 2\nat name@x.com 3 4\n"q 5 6\n2012 7 8\n<unk> 0 1\n'))
    assert rows.words == [". . .", "at name@x.com", '"q', "2012", "<unk>"]
    assert rows.matrix.tolist() == [[1, 2], [3, 4], [5, 6], [7, 8], [0, 1]]


def test_glove_text_has_no_header(tmp_path):
    path = tmp_path / "v.txt"
    formats.write(path, Rows(WORDS, MATRIX), header=False)
    assert path.read_text() == "the 0.5 -1.0 0.2\ncat 1.0 2.0 3.0\n"
    with pytest.raises(DataError, match="misread from its first word 'route 66'; write it with"):
        formats.write(path, Rows(["route 66", "cat"], MATRIX), header=False)
    same(formats.read(path), WORDS, MATRIX)


ROW = struct.pack("<3f", 1, 2, 3)
LATE = "".join(f"w{n} 1 2 3\n" for n in range(20_000))


@pytest.mark.parametrize(
    ("name", "content", "facts"),
    [
        ("v.txt", "3 3\n" + GLOVE, ["promises 3 vectors and holds 2", "truncated"]),
        ("v.txt", "999999999999 3\n" + GLOVE, ["promises 999,999,999,999 vectors and holds 2"]),
        ("v.txt", "2 999999999999\n" + GLOVE, ["line 2", "expected a word and 999,999,999,999"]),
        ("v.txt", "2 0\n\n", ["line 1", "is not a word followed by numbers"]),
        ("v.txt", GLOVE + "dog 1 2\n", ["line 3: expected a word and 3 numbers, got 'dog 1 2'"]),
        ("v.txt", GLOVE + "dog .1 .2 .3 .4\n", ["line 3: expected a word and 3", "got 'dog .1"]),
        ("v.txt", GLOVE + "dog  1 2 3\n", ["line 3: expected a word and 3 numbers"]),
        ("v.txt", GLOVE + "dog 1 2,5 3\n", ["line 3", "repair or drop the line"]),
        ("v.txt", GLOVE + "dog\t1\t2\t3\n", ["line 3", "got 'dog\\t1"]),
        ("v.txt", LATE + "dog 1 x 3\n", ["line 20001: expected a word and 3", "got 'dog 1 x 3'"]),
        ("v.txt", LATE + "\ndog 1 2 3\n", ["line 20001", "got ''"]),
        ("v.txt", LATE + "w19998 1 2 3\n", ["line 20001: the word 'w19998' stands twice", "drop"]),
        ("v.txt", LATE + "dog 1 -inf 3\n", ["line 20001: the vector of 'dog' has a NaN or inf"]),
        ("v.txt", GLOVE + "dog 1 1e39 3\n", ["line 3: the vector of 'dog' has a NaN or inf"]),
        ("v.txt", GLOVE.encode() + b"d\xff 1 2 3\n", ["line 3: byte 0xff", "not UTF-8"]),
        ("v.txt", b"\xff\xfea\0 \x001\0", ["encoded as utf-16; write it as UTF-8"]),
        ("v.txt", gzip.compress(GLOVE.encode(), mtime=0), ["compressed by gzip; let its name end in .gz"]),
        ("v.txt", b"PK\x03\x04....", ["is a zip archive; unpack it and name the file inside"]),
        ("v.txt", b"\0\1\2\3" * 99, ["line 1: a binary file is not a word followed by numbers"]),
        ("v.txt", "", ["is empty; expected words and their vectors"]),
        ("v.txt.gz", gzip.compress(b"", mtime=0), ["is empty"]),
        ("v.txt.gz", gzip.compress(GLOVE.encode(), mtime=0)[:-9], ["damaged", "download or compress"]),
        ("v.txt.xz", GLOVE, ["not compressed as its ending says"]),
        ("v.bin", "", ["is empty"]),
        ("v.bin", GLOVE, ["no word2vec binary file", "if it is text, let its name end in .txt"]),
        ("v.bin", b"2 3\ncat " + ROW, ["promises 2 vectors of 3 numbers", "truncated"]),
        ("v.bin", b"9999999999 300\ncat " + ROW, ["promises 9,999,999,999 vectors of 300"]),
        ("v.bin", b"1 99999999999\ncat " + ROW, ["promises 1 vector of 99,999,999,999 numbers"]),
        ("v.bin", b"1 0\ncat ", ["promises 1 vector of 0 numbers"]),
        ("v.bin", b"0 " + b"9" * 40 + b"\n", ["no word2vec binary file"]),
        ("v.bin.gz", gzip.compress(b"1 " + b"9" * 40 + b"\n", mtime=0), ["no word2vec binary"]),
        ("v.bin", b"1 3\ncat " + ROW[:-4] + b"\n\n\n\n", None),
        ("v.bin", b"1 2\ncat " + ROW, ["holds more than the 1 vector of 2 numbers"]),
        ("v.bin", b"2 3\nc\xffat " + ROW * 2, ["vector 1: byte 0xff of the word is not UTF-8"]),
        ("v.bin", b"2 3\ncat " + ROW + b"cat " + ROW, ["vector 2: the word 'cat' stands twice"]),
        ("v.bin", b"1 3\n" + b"c" * 99_999, ["vector 1: no blank ends its word"]),
        ("v.bin", b"1 1\ncat " + struct.pack("<f", np.nan), ["vector 1: the vector of 'cat' has"]),
        ("v.bin.gz", gzip.compress(b"9 3\ncat " + ROW, mtime=0), ["promises 9 vectors and holds 1"]),
        ("v.ftz", b"1 3\ncat " + ROW, ["no model of fastText's"]),
        ("v.safetensors", "", ["is empty"]),
        ("v.safetensors", GLOVE, ["truncated or no safetensors file", "copy it again"]),
        ("v.safetensors.gz", gzip.compress(b"x", mtime=0), ["is compressed; unpack it first"]),
        ("v.model", b"\x80\x04", ["v.model does not end as files of word vectors do", ".vec"]),
        ("v.zip", b"PK\x03\x04", ["v.zip does not end", "unpack it first"]),
    ],
)  # fmt: skip
def test_damaged_and_foreign_files_are_one_sentence(put, name, content, facts):
    path = put(name, content)
    if facts is None:
        formats.read(path)
    else:
        assert path.name in refused(path, *facts)


def test_paths_that_are_no_files(tmp_path):
    (tmp_path / "folder.txt").mkdir()
    refused(tmp_path / "folder.txt", "is a folder; name a file of word vectors")
    refused(tmp_path, "is a folder")
    for ending in ENDINGS:
        refused(tmp_path / f"none{ending}", "there is no file", "check the path and its ending")
    with zipfile.ZipFile(tmp_path / "glove.txt", "w") as file:
        file.writestr("glove.txt", GLOVE)
    refused(tmp_path / "glove.txt", "is a zip archive")


def test_promises_take_no_memory(put, monkeypatch):
    taken = []
    monkeypatch.setattr(np, "empty", lambda shape, *a, **k: taken.append(shape) or np.zeros(shape))
    refused(put("v.txt", "99999999 3\n" + GLOVE), "promises")
    refused(put("v.bin.gz", gzip.compress(b"99999999 3\ncat " + ROW, mtime=0)), "promises")
    assert taken and max(rows for rows, _ in taken) < 100


@pytest.mark.parametrize("ending", [".bin", ".safetensors"])
def test_every_truncation_is_refused(tmp_path, ending):
    path = tmp_path / f"v{ending}"
    formats.write(path, Rows(WORDS, MATRIX))
    whole = path.read_bytes()
    for end in range(len(whole) - 1):
        path.write_bytes(whole[:end])
        with pytest.raises(DataError):
            formats.read(path)


@quietly
@given(data=st.data())
def test_no_safetensors_file_breaks_the_reader(tmp_path, data):
    path = tmp_path / "v.safetensors"
    parts = Subwords(np.ones((40, 3), np.float32), 2, 3, 40)
    formats.write(path, Rows(WORDS, MATRIX, parts))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        rows = formats.read(path)
    except DataError as error:
        assert "\n" not in str(error)
    else:
        assert len(list(rows.words)) == len(rows.matrix)


def stored(path, note, **changes):
    from sestina.store import write_arrays

    tensors = {
        "matrix": MATRIX,
        "words": np.frombuffer(b"thecat", np.uint8),
        "offsets": np.array([0, 3, 6]),
    }
    write_arrays(path, {k: v for k, v in (tensors | changes).items() if v is not None}, note)
    return path


@pytest.mark.parametrize(
    ("note", "changes", "facts"),
    [
        ({"format": "other"}, {}, ["holds matrix, offsets, words and no word vectors of Sestina"]),
        ({}, {"words": None}, ["holds matrix, offsets and no word vectors"]),
        ({"version": 2}, {}, ["version 2 of the format, this Sestina reads 1; update with"]),
        ({}, {"offsets": np.array([0, 6])}, ["words and its matrix do not fit"]),
        ({}, {"offsets": np.array([0, 7, 6])}, ["do not fit"]),
        ({}, {"offsets": np.array([1, 3, 6])}, ["do not fit"]),
        ({}, {"words": np.frombuffer("naïf!".encode(), np.uint8)}, ["do not fit"]),
        ({}, {"words": np.frombuffer(b"th\xffcat", np.uint8)}, ["do not fit"]),
        ({}, {"matrix": MATRIX[0]}, ["do not fit"]),
        ({}, {"parts": MATRIX}, ["rows of n-grams do not fit"]),
        *(
            ({"subwords": {**PARTS, **wrong}}, {"parts": MATRIX, "buckets": np.arange(2)}, ["n-grams"])
            for wrong in ({"least": 0}, {"most": -1}, {"buckets": 10**30}, {"buckets": 0})
        ),
    ],
)  # fmt: skip
def test_foreign_safetensors(tmp_path, note, changes, facts):
    note = {"format": storage.FORMAT, "version": storage.VERSION} | note
    refused(stored(tmp_path / "v.safetensors", note, **changes), *facts)


def test_safetensors_are_mapped_not_read(tmp_path):
    path = tmp_path / "v.safetensors"
    formats.write(path, Rows(WORDS, MATRIX))
    rows = formats.read(path)
    assert not rows.matrix.flags.writeable and not rows.matrix.flags.owndata
    formats.write(path, rows)  # onto itself
    same(formats.read(path), WORDS, MATRIX)


def test_float16_halves_the_file_and_refuses_what_it_cannot_hold(tmp_path):
    matrix = np.linspace(-1, 1, 3000, dtype=np.float32).reshape(100, 30)
    rows = Rows([f"w{n}" for n in range(100)], matrix)
    formats.write(tmp_path / "a.safetensors", rows)
    formats.write(tmp_path / "b.safetensors", rows, dtype="float16")
    assert os.path.getsize(tmp_path / "b.safetensors") < 0.6 * os.path.getsize(
        tmp_path / "a.safetensors"
    )
    found = formats.read(tmp_path / "b.safetensors").matrix
    assert found.dtype == np.float16 and abs(found - matrix).max() < 5e-4
    with pytest.raises(DataError, match="row 1 of 2 rows has a value beyond 65,504"):
        formats.write(
            tmp_path / "c.safetensors", Rows(WORDS, MATRIX * [[1], [1e5]]), dtype="float16"
        )


@pytest.mark.parametrize(
    ("name", "how", "sentence"),
    [
        ("v.doc", {}, "v.doc does not end as files of word vectors do"),
        ("v.ftz", {}, "v.ftz does not end"),
        ("v.safetensors.gz", {}, "v.safetensors.gz does not end"),
        ("v.safetensors", {"dtype": "float61"}, "'float61' is unknown; did you mean 'float16'"),
        ("v.txt", {"dtype": "float16"}, "goes with .safetensors only, not with v.txt"),
        ("v.bin", {"header": False}, "only text is written without a header, not v.bin"),
    ],
)
def test_what_cannot_be_written(tmp_path, name, how, sentence):
    with pytest.raises(OptionError, match=sentence):
        formats.write(tmp_path / name, Rows(WORDS, MATRIX), **how)
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_failed_write_leaves_the_old_file(tmp_path, ending):
    path = tmp_path / f"v{ending}"
    formats.write(path, Rows(WORDS, MATRIX))
    before = path.read_bytes()

    class Broken(list):
        def __getitem__(self, place):
            raise RuntimeError

        __iter__ = __getitem__

    with pytest.raises((RuntimeError, TypeError)):
        formats.write(path, Rows(Broken(WORDS), MATRIX))
    assert path.read_bytes() == before and os.listdir(tmp_path) == [path.name]
    with pytest.raises(SestinaError, match=r"cannot write .*; choose another place"):
        formats.write(path / path.name, Rows(WORDS, MATRIX))  # a file is no folder


def test_n_gram_rows_are_kept_or_their_loss_is_told(tmp_path):
    rng = np.random.default_rng(0)
    parts = Subwords(rng.normal(size=(500, 3)).astype(np.float32), 3, 5, 500)
    rows = Rows(WORDS, MATRIX, parts)
    for ending in (".txt", ".bin"):
        with pytest.warns(DataWarning, match="rows of n-grams.*are left out; .safetensors keeps"):
            formats.write(tmp_path / f"v{ending}", rows)
    formats.write(tmp_path / "v.safetensors", rows)
    kept = formats.read(tmp_path / "v.safetensors").parts
    assert kept.buckets == 500 and 0 < len(kept.matrix) < 20
    for word in WORDS:
        assert np.array_equal(kept.vector(word), parts.vector(word))
    assert kept.vector("zzz") is None and parts.vector("zzz") is not None
    with pytest.raises(DataError, match="object cannot be stored"):
        formats.write(tmp_path / "w.safetensors", Rows(WORDS, MATRIX, object()))


def test_word_vectors_load_and_save(tmp_path):
    vectors = WordVectors(WORDS, MATRIX)
    for ending in ENDINGS:
        vectors.save(str(tmp_path / f"v{ending}"))
        found = WordVectors.load(tmp_path / f"v{ending}")
        assert found.words == vectors.words and np.array_equal(found.matrix, vectors.matrix)


def convert(capsys, *arguments):
    with pytest.raises(SystemExit) as left:
        main(["vectors", "convert", *map(str, arguments)])
    shown = capsys.readouterr()
    return left.value.code, shown.out, shown.err


def test_convert_from_format_to_format(tmp_path, capsys, put):
    source = put("v.txt", GLOVE)
    names = ["a.bin", "b.vec.gz", "c.safetensors", "d.txt.xz"]
    for name in names:
        code, out, _ = convert(capsys, source, tmp_path / name, "--json")
        facts = json.loads(out)
        assert code == 0 and (facts["words"], facts["dimensions"]) == (2, 3)
        assert facts["bytes"] == os.path.getsize(tmp_path / name)
        same(formats.read(tmp_path / name), WORDS, MATRIX)
        source = tmp_path / name
    assert lzma.decompress((tmp_path / "d.txt.xz").read_bytes()).startswith(b"2 3\nthe 0.5 ")
    code, out, err = convert(capsys, "glove-50d", tmp_path / "g.safetensors", "--dtype", "float16")
    assert code == 0 and "15,000" in out and not err
    assert max(map(len, out.splitlines())) <= 80
    parts = Subwords(np.ones((9, 3), np.float32), 3, 6, 9)
    formats.write(tmp_path / "p.safetensors", Rows(WORDS, MATRIX, parts))
    facts = convert(capsys, tmp_path / "p.safetensors", tmp_path / "q.SAFETENSORS", "--json")[1]
    assert json.loads(facts)["ngram_rows"] > 0


def test_convert_refuses_in_one_sentence(tmp_path, capsys, put):
    source = put("v.txt", GLOVE)
    for arguments, code, words in [
        ([tmp_path / "no.txt", tmp_path / "a.bin"], 1, "there is no file"),
        (["glove-50", tmp_path / "a.bin"], 1, "did you mean 'glove-50d'"),
        ([source, tmp_path / "a.doc"], 2, "does not end as files of word vectors do"),
        ([source, tmp_path / "a.txt", "--dtype", "float16"], 2, "goes with .safetensors only"),
        ([source, source / "a.txt"], 1, "cannot write"),
        ([source], 2, "OUT"),
    ]:
        left, out, err = convert(capsys, *arguments)
        assert left == code and not out and words in " ".join(err.split()), err
    assert os.listdir(tmp_path) == ["v.txt"]


def test_a_line_without_end_is_refused(put, monkeypatch):
    monkeypatch.setattr(text_files, "BLOCK", 100)
    monkeypatch.setattr(streams.Stream.read, "__defaults__", (100,))
    monkeypatch.setattr(streams.Stream.first, "__defaults__", (100,))
    refused(put("v.txt", "x" * 9999), "without the end of a line")
