"""fastText's n-grams, hashes and model files, from files that the tests write themselves."""

import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sestina.errors import DataError
from sestina.vectors import formats
from sestina.vectors.subwords import Subwords, ngrams

quietly = settings(
    deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
SIZE, LEAST, MOST, BUCKETS = 5, 2, 4, 37
WORDS = ["</s>", "the", "naïve", "日本", "banana"]


def fnv1a(data):
    """The hash as Fowler, Noll and Vo define it, but for bytes beyond 127, which are negative."""
    h = 2166136261
    for byte in data:
        h ^= byte if byte < 128 else byte | 0xFFFFFF00
        h = h * 16777619 % 2**32
    return h


def plain_ngrams(word, least, most):
    """All n-grams of a word from left to right, by the definition."""
    marked = f"<{word}>"
    found = []
    for start in range(len(marked)):
        for end in range(start + 1, len(marked) + 1):
            piece = marked[start:end]
            lone = len(piece) == 1 and (start == 0 or end == len(marked))
            if least <= len(piece) <= most and not lone:
                found.append(piece)
    return found


def test_hash_has_the_values_of_its_authors():
    _, numbers = ngrams(["foobar", "a"], 1, 6, 2**32)
    assert 0xBF9CF968 in numbers and numbers[-1] == fnv1a(b"a>")
    _, numbers = ngrams(["a"], 1, 1, 2**32)
    assert numbers.tolist() == [0xE40C292C]


@quietly
@given(
    words=st.lists(st.text(max_size=8), max_size=6),
    least=st.integers(1, 4),
    more=st.integers(0, 4),
    buckets=st.integers(1, 2**31 - 1),
)
def test_ngrams_are_those_of_the_definition(words, least, more, buckets):
    owner, numbers = ngrams(words, least, least + more, buckets)
    for n, word in enumerate(words):
        wanted = [fnv1a(g.encode()) % buckets for g in plain_ngrams(word, least, least + more)]
        assert numbers[owner == n].tolist() == wanted
    assert (np.diff(owner) >= 0).all()


def test_vectors_are_means_and_nothing_is_none():
    matrix = np.random.default_rng(0).normal(size=(BUCKETS, SIZE)).astype(np.float32)
    parts = Subwords(matrix, LEAST, MOST, BUCKETS)
    rows = [fnv1a(g.encode()) % BUCKETS for g in plain_ngrams("banana", LEAST, MOST)]
    assert len(set(rows)) < len(rows), "an n-gram that occurs twice counts twice"
    assert np.allclose(parts.vector("banana"), matrix[rows].mean(axis=0), atol=1e-6)
    assert Subwords(matrix, 9, 9, BUCKETS).vector("short") is None
    assert Subwords(matrix[:0], 2, 4, BUCKETS, np.arange(0)).vector("none") is None


def test_many_words_at_once_are_each_alone():
    matrix = np.random.default_rng(0).normal(size=(BUCKETS, SIZE)).astype(np.float32)
    parts = Subwords(matrix, 3, 4, BUCKETS)
    words = [f"w{n}" * (n % 3) for n in range(2500)]
    sums, counts = parts.sums(words)
    for n in (0, 1, 1023, 1024, 2047, 2048, 2499):
        alone = parts.vector(words[n])
        if alone is None:
            assert counts[n] == 0 and not sums[n].any()
        else:
            assert np.array_equal(sums[n] / np.float32(counts[n]), alone)


def test_only_the_buckets_that_occur():
    matrix = np.random.default_rng(0).normal(size=(5000, SIZE)).astype(np.float32)
    parts = Subwords(matrix, 3, 6, 5000)
    kept = parts.only(WORDS).only(WORDS[:4])
    assert np.array_equal(kept.matrix, matrix[kept.numbers]) and 0 < len(kept.numbers) < 40
    for word in WORDS[:4]:
        assert np.array_equal(kept.vector(word), parts.vector(word))


# a writer of fastText's format, after the order of its fields
def head(version=12, model=2, size=SIZE, least=LEAST, most=MOST, buckets=BUCKETS):
    options = struct.pack("<12id", size, 5, 1, 1, 5, 1, 2, model, buckets, least, most, 100, 1e-4)
    return struct.pack("<ii", 793712314, version) + options


def dictionary(words=WORDS, labels=(), pruned=None):
    entries = [w.encode() + b"\0" + struct.pack("<qb", 7, 0) for w in words]
    entries += [w.encode() + b"\0" + struct.pack("<qb", 7, 1) for w in labels]
    counts = (len(entries), len(words), len(labels), 99, -1 if pruned is None else len(pruned))
    pairs = b"".join(struct.pack("<ii", *pair) for pair in pruned or ())
    return struct.pack("<iiiqq", *counts) + b"".join(entries) + pairs


def dense(matrix):
    return b"\0" + struct.pack("<qq", *matrix.shape) + matrix.astype("<f4").tobytes()


def quantiser(tables):
    widths = [table.shape[1] for table in tables]
    facts = struct.pack("<4i", sum(widths), len(widths), widths[0], widths[-1])
    return facts + b"".join(table.astype("<f4").tobytes() for table in tables)


def quantised(codes, tables, norm_codes=None, norms=None):
    out = struct.pack("<?qqi", norms is not None, len(codes), SIZE, codes.size)
    out += codes.tobytes() + quantiser(tables)
    return b"\1" + out + (b"" if norms is None else norm_codes.tobytes() + quantiser([norms]))


RNG = np.random.default_rng(1)
INPUT = RNG.normal(size=(len(WORDS) + BUCKETS, SIZE)).astype(np.float32)
MODEL = head() + dictionary() + dense(INPUT) + b"\0rest, which holds the outputs"


def expected(word, matrix=INPUT, kept=None, words=WORDS):
    """The mean of a word's own row and those of its n-grams, by the definition."""
    rows = [words.index(word)] if word in words else []
    for gram in plain_ngrams(word, LEAST, MOST) if word != "</s>" else []:
        bucket = fnv1a(gram.encode()) % BUCKETS
        if kept is None or bucket in kept:
            rows.append(len(words) + (bucket if kept is None else kept[bucket]))
    return matrix[rows].mean(axis=0) if rows else None


def check(rows, matrix=INPUT, kept=None):
    assert list(rows.words) == WORDS
    wanted = np.array([expected(word, matrix, kept) for word in WORDS])
    assert np.allclose(rows.matrix, wanted, atol=1e-6)
    for word in ["x", "unseen", "日本語", "bananas", ""]:
        alone = expected(word, matrix, kept)
        found = rows.parts.vector(word)
        assert (found is None) == (alone is None)
        assert alone is None or np.allclose(found, alone, atol=1e-6)


@pytest.mark.parametrize("version", [11, 12])
@pytest.mark.parametrize("name", ["m.bin", "m.ftz"])
def test_dense_models(put, version, name):
    rows = formats.read(put(name, head(version) + dictionary() + dense(INPUT)))
    check(rows)
    assert not rows.parts.matrix.flags.owndata, "the n-grams' rows stay in the file"


def test_models_without_ngrams_have_plain_rows(put):
    for start in (head(most=0, least=0), head(11, model=3), head(buckets=0)):
        labels = ["__label__a"]
        rows = formats.read(put("m.bin", start + dictionary(labels=labels) + dense(INPUT)))
        assert rows.parts is None and list(rows.words) == WORDS
        assert np.array_equal(rows.matrix, INPUT[: len(WORDS)])


@pytest.mark.parametrize("with_norms", [False, True])
def test_quantised_models(put, with_norms):
    tables = [RNG.normal(size=(256, width)).astype(np.float32) for width in (2, 2, 1)]
    codes = RNG.integers(0, 256, (len(INPUT), 3), dtype=np.uint8)
    norm_codes = RNG.integers(0, 256, len(INPUT), dtype=np.uint8)
    norms = RNG.normal(size=(256, 1)).astype(np.float32)
    made = np.concatenate([tables[n][codes[:, n]] for n in range(3)], axis=1)
    extra = (norm_codes, norms) if with_norms else ()
    rows = formats.read(put("m.ftz", head() + dictionary() + quantised(codes, tables, *extra)))
    check(rows, made * norms[norm_codes] if with_norms else made)


def test_pruned_models(put):
    kept = {30: 1, 3: 0, 17: 2, 5: 3, 36: 4}
    matrix = INPUT[: len(WORDS) + len(kept)]
    check(formats.read(put("m.ftz", head() + dictionary(pruned=kept.items()) + dense(matrix))),
          matrix, kept)  # fmt: skip
    rows = formats.read(put("m.ftz", head() + dictionary(pruned=[]) + dense(matrix)))
    assert rows.parts is None and np.array_equal(rows.matrix, matrix[: len(WORDS)])


def test_models_survive_conversion(put, tmp_path):
    rows = formats.read(put("m.bin", MODEL))
    formats.write(tmp_path / "m.safetensors", rows)
    found = formats.read(tmp_path / "m.safetensors")
    assert list(found.words) == WORDS and np.array_equal(found.matrix, rows.matrix)
    for word in WORDS[1:]:
        assert np.array_equal(found.parts.vector(word), rows.parts.vector(word))


NAN = np.full_like(INPUT, np.nan)
INFINITE = np.where(np.arange(INPUT.size).reshape(INPUT.shape) % 2, np.inf, -np.inf)


@pytest.mark.parametrize(
    ("content", "facts"),
    [
        (head(10) + dictionary() + dense(INPUT), ["version 10 of fastText's format", ".vec"]),
        (head() + dictionary() + dense(INPUT)[:-1], ["bytes should follow", "truncated"]),
        (head() + dictionary() + dense(INPUT[:-1]), ["a matrix of 41 × 5 for 5 words", "damaged"]),
        (head(size=4) + dictionary() + dense(INPUT), ["a matrix of 42 × 5", "4 numbers"]),
        (head() + dictionary() + dense(NAN), ["the vector of '</s>' has a NaN"]),
        (head() + dictionary() + dense(INFINITE), ["has a NaN or infinite value"]),
        (head(most=0) + dictionary() + dense(NAN), ["the vector of '</s>' has a NaN"]),
        (head() + dictionary(["a", "a"]) + dense(INPUT), ["word 2: the word 'a' stands twice"]),
        (head() + dictionary(pruned=[(1, -1)]) + dense(INPUT), ["damaged"]),
        (head() + dictionary(pruned=[(1, 99)]) + dense(INPUT), ["damaged"]),
        (head() + struct.pack("<iiiqq", 2**30, 2**30, 0, 9, -1), ["promises 1,073,741,824 words"]),
        (head() + dictionary() + b"\0" + struct.pack("<qq", 2**62, 2**62), ["bytes should follow"]),
        (MODEL.replace("ï".encode(), b"\xff\xff"), ["word 3: byte 0xff is not UTF-8"]),
        (head() + dictionary() + b"\0" + struct.pack("<qq", 0, 2**62), ["bytes should follow"]),
        (head() + dictionary() + b"\0" + struct.pack("<qq", -1, 5), ["a table of (-1, 5) numbers"]),
        (head() + dictionary() + b"\1\0" + struct.pack("<qqi", 0, 2**31 - 1, 0) +
         struct.pack("<4i", 2**31 - 1, 2**31 - 1, 1, 1), ["bytes should follow"]),
    ],
)  # fmt: skip
def test_damaged_models_are_one_sentence(put, content, facts):
    with pytest.raises(DataError) as caught:
        formats.read(put("m.bin", content))
    message = str(caught.value)
    assert not [fact for fact in (*facts, "m.bin") if fact not in message], message
    assert "\n" not in message


def test_compressed_models_are_to_be_unpacked(put):
    import gzip

    with pytest.raises(DataError, match="is compressed; unpack it first"):
        formats.read(put("m.bin.gz", gzip.compress(MODEL)))


def test_every_truncation_is_refused(put):
    whole = head() + dictionary() + dense(INPUT)
    for end in [*range(0, 300), *range(300, len(whole), 37)]:
        with pytest.raises(DataError):
            formats.read(put("m.ftz", whole[:end]))


@quietly
@given(data=st.data())
def test_no_model_breaks_the_reader(put, data):
    tables = [np.ones((256, width), np.float32) for width in (3, 2)]
    codes = np.zeros((len(INPUT), 2), dtype=np.uint8)
    quantised_model = head() + dictionary(pruned=[(3, 0), (9, 1)]) + quantised(codes, tables)
    content = bytearray(data.draw(st.sampled_from([MODEL, quantised_model])))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, min(len(content), 400) - 1))] = data.draw(
            st.integers(0, 255)
        )
    try:
        rows = formats.read(put("m.ftz", bytes(content)))
    except DataError as error:
        assert "\n" not in str(error)
    else:
        assert len(rows.words) == len(rows.matrix)


def test_fasttext_itself_agrees(put):
    fasttext = pytest.importorskip("fasttext", reason="optional: a check against the original")
    content = head() + dictionary() + dense(INPUT) + dense(np.ones((len(WORDS), SIZE)))
    path = put("m.bin", content)
    model, rows = fasttext.load_model(str(path)), formats.read(path)
    wanted = np.array([model.get_word_vector(word) for word in WORDS])
    assert np.allclose(rows.matrix, wanted, atol=1e-6)
    for word in ["x", "unseen", "日本語", "🎉!", "naïvetés"]:
        assert np.allclose(rows.parts.vector(word), model.get_word_vector(word), atol=1e-6)
