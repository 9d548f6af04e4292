"""Corpora → numbers: the compiled scanner against the tokeniser, files, bad input."""

import gzip
import lzma
import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sestina.errors import DataError, DataWarning, OptionError
from sestina.kernels.parallel import limited
from sestina.kernels.scanning import BLANKS, WORDS, Scanner
from sestina.text.tokenise import words
from sestina.vectors import corpus as corpora
from sestina.vectors import sources
from sestina.vectors.corpus import classes, tokens_of
from sestina.vectors.kmers import read_kmers

TEXT = st.text(
    st.one_of(
        st.sampled_from("aNnTt'’sSrevmdl _09é. \t-\u2028ßİ😀中"), st.characters(codec="utf-8")
    ),
    max_size=40,
)


def scanned(text, mode=WORDS):
    scanner = Scanner(classes(), mode)
    numbers = scanner.scan(text.encode())
    return [scanner.word(n).decode() if n >= 0 else "\n" for n in numbers]


@settings(max_examples=400, deadline=None)
@given(TEXT)
def test_the_scanner_cuts_words_as_the_tokeniser_does(text):
    text = text.replace("’", "'").replace("\n", " ")
    expected = [word for word in words(text) if re.search(r"\w", word)]
    assert scanned(text) == expected


@settings(max_examples=200, deadline=None)
@given(TEXT)
def test_blanks_part_what_split_parts(text):
    assert scanned(text.replace("\n", " "), BLANKS) == text.split()


def test_known_words():
    assert tokens_of("Don't stop: it's 2can’t, N'T!", "words", True) == [
        "do", "n't", "stop", "it", "'s", "2can", "t", "n't",
    ]  # fmt: skip


def read(tmp_path, source, **options):
    return corpora.read(source, tmp_path / "ids", **options)


def test_words_are_numbered_by_count_then_alphabet(tmp_path):
    (tmp_path / "a.txt").write_text("b a b c\n\nB a\nd")
    found = read(tmp_path, tmp_path / "a.txt")
    assert found.words == ("b", "a", "c", "d")
    assert found.counts.tolist() == [3, 2, 1, 1]
    assert found.ids.tolist() == [0, 1, 0, 2, -1, 0, 1, -1, 3, -1]
    assert (found.sentences, found.read) == (3, 7)
    rare = read(tmp_path, tmp_path / "a.txt", min_count=2)
    assert rare.ids.tolist() == [0, 1, 0, -1, 0, 1, -1]
    assert rare.read == 7
    kept = read(tmp_path, tmp_path / "a.txt", min_count=2, keep_empty=True)
    assert kept.ids.tolist() == [0, 1, 0, -1, -1, 0, 1, -1, -1]
    assert read(tmp_path, tmp_path / "a.txt", vocabulary=1).words == ("b",)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_pieces_and_threads_do_not_change_a_corpus(tmp_path, monkeypatch, threads):
    rng = np.random.default_rng(0)
    lines = [" ".join(f"w{n}" for n in rng.zipf(1.3, 30) % 5000) for _ in range(300)]
    lines[7] = "é" + " ".join(["long"] * 4000)  # longer than a piece
    text = "\n".join(lines)
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    monkeypatch.setattr(sources, "PIECE", 1000)
    with limited(threads):
        found = read(tmp_path, tmp_path / "a.txt")
    sentences = "".join(found.words[n] + " " if n >= 0 else "\n" for n in found.ids)
    assert [line.split() for line in sentences.splitlines()] == [line.split() for line in lines]


def test_compressed_files_and_several(tmp_path):
    (tmp_path / "a.txt").write_text("one two\n")
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(b"two three"))
    (tmp_path / "c.txt.xz").write_bytes(lzma.compress(b"three three\n"))
    found = read(tmp_path, [tmp_path / "a.txt", tmp_path / "b.txt.gz", str(tmp_path / "c.txt.xz")])
    assert dict(zip(found.words, found.counts.tolist(), strict=True)) == {
        "three": 3, "two": 2, "one": 1,
    }  # fmt: skip
    assert found.sentences == 3


def test_words_longer_than_a_piece_and_blocks_without_blanks(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "PIECE", 64)
    words = ["x" * 1000, "é" * 300, "y", "z" * 65]
    (tmp_path / "a.txt").write_text(" ".join(words) + "\n" + "w" * 200, encoding="utf-8")
    found = read(tmp_path, tmp_path / "a.txt")
    assert set(found.words) == {*words, "w" * 200}
    assert found.sentences == 2
    whole = "".join(sources.pieces(tmp_path / "a.txt", "utf-8"))
    assert whole == (tmp_path / "a.txt").read_text(encoding="utf-8") + "\n"


def test_between_blanks_nothing_is_changed(tmp_path):
    (tmp_path / "a.txt").write_text("don’t\n", encoding="utf-8")
    assert read(tmp_path, tmp_path / "a.txt", tokens="whitespace").words == ("don’t",)
    assert read(tmp_path, tmp_path / "a.txt").words == tuple(sorted(["do", "n't"]))
    assert tokens_of("don’t", "whitespace", False) == ["don’t"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf16", "UTF_16", "utf_32_le"])
def test_encodings_with_zeros_have_many_names(tmp_path, encoding):
    (tmp_path / "a.txt").write_text("one two\n", encoding=encoding)
    assert read(tmp_path, tmp_path / "a.txt", encoding=encoding).words == ("one", "two")


def test_many_pieces_get_their_final_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "PIECE", 32)
    lines = [f"a b{n % 7} c{n % 3}" for n in range(200)]
    (tmp_path / "a.txt").write_text("\n".join(lines))
    found = read(tmp_path, tmp_path / "a.txt", min_count=40)
    kept = [[word for word in line.split() if word in set(found.words)] for line in lines]
    text = "".join(found.words[n] + " " if n >= 0 else "\n" for n in found.ids)
    assert [line.split() for line in text.splitlines()] == kept


def test_lists_of_tokens_are_taken_as_they_are(tmp_path):
    found = read(tmp_path, iter([["New York", "is"], ["IS"], []]))
    assert set(found.words) == {"New York", "is", "IS"}
    assert found.sentences == 2


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("none.txt", None, "there is no file"),
        ("empty.txt", b"", "empty"),
        ("blank.txt", b" \n\n", "empty"),
        ("latin.txt", "caf\xe9\n".encode("latin-1"), "line 1"),
        ("binary.txt", b"a\0b", "binary"),
        ("torn.txt.gz", gzip.compress(b"word " * 1000, mtime=0)[:40], "damaged"),
        ("false.txt.xz", b"no archive", "damaged"),
        ("marks.txt", b"... !!! ---\n", "no word is left"),
    ],
)
def test_bad_files_are_one_sentence(tmp_path, name, content, says):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=says) as error:
        read(tmp_path, tmp_path / name)
    assert "\n" not in str(error.value)


def test_the_line_of_a_wrong_byte_is_named_far_into_a_file(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"a few words\n" * 100_000 + b"\xff\n")
    with pytest.raises(DataError, match="line 100001"):
        read(tmp_path, tmp_path / "a.txt")
    assert len(read(tmp_path, tmp_path / "a.txt", encoding="latin-1").words) == 4


def test_wrong_sources_and_encodings(tmp_path):
    with pytest.raises(DataError, match="folder"):
        read(tmp_path, tmp_path)
    for source in (iter(["a sentence"]), [None], iter([tmp_path]), [["a", 1]], b"a"):
        with pytest.raises(DataError, match=r"sentence 0 is .* expected a list of tokens"):
            read(tmp_path, source)
    with pytest.raises(DataError, match="None is no corpus; give a path"):
        read(tmp_path, None)
    (tmp_path / "a.txt").write_text("a\n")
    for name in ("utf-9", "hex", "rot13", "base64", "undefined", "", "utf\0"):
        with pytest.raises(OptionError, match="unknown encoding"):
            read(tmp_path, tmp_path / "a.txt", encoding=name)
    for name in ("utf-16", "utf-32", "punycode"):  # their errors name no byte
        with pytest.raises(DataError, match=f"a.txt is not {name}"):
            read(tmp_path, tmp_path / "a.txt", encoding=name)
    with pytest.raises(DataError, match=r"'\\ud800' holds half a character"):
        read(tmp_path, [["fine", "\ud800"]])


def test_kmers_cover_each_place_and_respect_breaks(tmp_path):
    (tmp_path / "a.fasta").write_text(">one\nACGT\nACGTNNA\n>two\nGGGG\n")
    with pytest.warns(DataWarning, match="2 signs other than A, C, G, T"):
        found = read_kmers(tmp_path / "a.fasta", tmp_path / "ids", "2:3", 1, None, 0)
    sentences = "".join(found.words[n] + " " if n >= 0 else "\n" for n in found.ids).splitlines()
    runs = ["ACGTACGT", "GGGG"]
    assert len(sentences) == 2
    for sentence, run in zip(sentences, runs, strict=True):
        names = sentence.split()
        assert len(names) == len(run) - 1
        for place, name in enumerate(names):
            assert run[place : place + len(name)] == name
            assert len(name) in (2, 3)


def test_kmers_of_many_short_runs_and_of_one_long_one_are_counted_alike(tmp_path):
    rng = np.random.default_rng(0)
    runs = ["".join(rng.choice(list("ACGT"), 30)) for _ in range(50)]
    (tmp_path / "a.txt").write_text("\n".join(runs))
    found = read_kmers(tmp_path / "a.txt", tmp_path / "ids", "3", 1, None, 0)
    by_hand = Counter(run[i : i + 3] for run in runs for i in range(28))
    assert dict(zip(found.words, found.counts.tolist(), strict=True)) == by_hand
    few = read_kmers(tmp_path / "a.txt", tmp_path / "ids", "3", 1, 5, 0)
    assert few.words == found.words[:5]


def test_kmers_take_any_name_of_a_sequence_and_count_what_is_no_base(tmp_path):
    (tmp_path / "plain.fa").write_text(">one\nACGTT\n>two\nGGCA\n")
    plain = read_kmers(tmp_path / "plain.fa", tmp_path / "ids", "2", 1, None, 0)
    named = ">tag é 日本\nACGTT\n; cat\n>two\nGGCA\n"
    for encoding, text in (("utf-8", f"\ufeff{named}"), ("utf-16", named)):
        (tmp_path / "named.fa").write_text(text, encoding=encoding)
        found = read_kmers(
            tmp_path / "named.fa", tmp_path / "more", "2", 1, None, 0, encoding=encoding
        )
        assert found.words == plain.words and found.ids.tolist() == plain.ids.tolist()
    (tmp_path / "odd.fa").write_text(">one\nACNNGT\nUUé\n", encoding="utf-8")
    with pytest.warns(DataWarning, match=r"5 signs other than A, C, G, T .*'N' 2, 'U' 2, '\?' 1"):
        read_kmers(tmp_path / "odd.fa", tmp_path / "more", "2", 1, None, 0)


def test_kmers_are_not_cut_from_fastq(tmp_path):
    (tmp_path / "reads.fastq").write_text("@r1\nACGTACGT\n+\nAACCGGTT\n")
    with pytest.raises(DataError, match="begins as FASTQ does"):
        read_kmers(tmp_path / "reads.fastq", tmp_path / "ids", "2", 1, None, 0)


def test_texts_that_are_taken_for_paths(tmp_path):
    for texts in ("the cat sat", ["It cost 3.5 pounds", "so it did"], "so long " * 999):
        with pytest.raises(DataError, match=r"there is no file .*; texts are given as lists"):
            read(tmp_path, texts)
    with pytest.raises(DataError, match=r"its ending$"):
        read(tmp_path, "my corpus.txt")


@pytest.mark.parametrize("lengths", ["0:3", "5:3", "a", "3:99", ""])
def test_wrong_lengths_of_kmers(tmp_path, lengths):
    with pytest.raises(OptionError, match="range of lengths"):
        read_kmers(tmp_path / "a", tmp_path / "ids", lengths, 1, None, 0)
