"""gensim reads what we write, and we read what it writes."""

import numpy as np
import pytest
from gensim.models import FastText, KeyedVectors
from gensim.models.fasttext import load_facebook_vectors, save_facebook_model

from sestina.vectors import formats
from sestina.vectors.rows import Rows

WORDS = ["the", "naïve", "日本", '"', "<unk>", "new_york"]
MATRIX = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)


@pytest.fixture
def keyed():
    vectors = KeyedVectors(4)
    vectors.add_vectors(WORDS, MATRIX)
    return vectors


@pytest.mark.parametrize("ending", [".txt", ".vec", ".bin", ".txt.gz", ".bin.gz"])
def test_gensim_reads_ours(tmp_path, ending):
    path = tmp_path / f"v{ending}"
    formats.write(path, Rows(WORDS, MATRIX))
    found = KeyedVectors.load_word2vec_format(str(path), binary=".bin" in ending)
    assert found.index_to_key == WORDS and np.array_equal(found.vectors, MATRIX)


# gensim leaves such a file open
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_gensim_reads_our_glove_text(tmp_path):
    path = tmp_path / "v.txt"
    formats.write(path, Rows(WORDS, MATRIX), header=False)
    found = KeyedVectors.load_word2vec_format(str(path), binary=False, no_header=True)
    assert found.index_to_key == WORDS and np.array_equal(found.vectors, MATRIX)


@pytest.mark.parametrize("ending", [".txt", ".vec", ".bin", ".txt.gz", ".bin.gz"])
@pytest.mark.parametrize("header", [True, False])
def test_we_read_gensim_s(tmp_path, keyed, ending, header):
    path, binary = tmp_path / f"v{ending}", ".bin" in ending
    keyed.save_word2vec_format(str(path), binary=binary, write_header=header or binary)
    rows = formats.read(path)
    assert list(rows.words) == WORDS and np.array_equal(rows.matrix, MATRIX)


@pytest.fixture(scope="module")
def model():
    rng = np.random.default_rng(0)
    words = ["sun", "sonne", "soleil", "zon", "naïveté", "日本語", "été", "s"]
    texts = [[str(w) for w in rng.choice(words, 9)] for _ in range(60)]
    return FastText(
        texts, vector_size=6, min_count=1, min_n=2, max_n=4, bucket=300, epochs=2, workers=1, seed=1
    )


def test_we_read_the_fasttext_models_that_gensim_writes(tmp_path, model):
    path = tmp_path / "m.bin"
    save_facebook_model(model, str(path))
    rows, theirs = formats.read(path), load_facebook_vectors(str(path))
    assert list(rows.words) == model.wv.index_to_key
    wanted = np.array([theirs[word] for word in rows.words])
    assert np.allclose(rows.matrix, wanted, atol=1e-6)
    for word in ["suns", "naïf", "日本", "étés", "x", "🎉!"]:
        assert np.allclose(rows.parts.vector(word), theirs[word], atol=1e-6), word
