"""Classifiers that read parts of words: what they learn from, their folders, the command line."""

import hashlib
import json
import shutil
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sestina import IntegerSequences, Subwords, TextClassifier, WordVectors, load
from sestina.cli.app import main
from sestina.config import ENCODERS, TextOptions
from sestina.errors import DataError, MissingExtra, ModelError, OptionError
from sestina.inspect.baselines import terms
from sestina.text.encode import cut_by, encode, learn
from sestina.text.parts import SubwordVocabulary
from sestina.text.tokenise import tokeniser

pytest.importorskip("tokenizers", reason="the extra 'subword' is not installed")

FAST = {"level": "subword", "encoder": "mean", "embedding": 8, "epochs": 8, "batch_size": 8}
FAST |= {"learning_rate": 0.05, "vocabulary": 120}
METHODS = ("bpe", "unigram")


def words_of(rows, seed, endings=("ig", "om")):
    """Texts of made-up words, each seen once or so; the label is told by how a word ends."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 2, rows)
    letters = np.array(list("bcdfklnrst"))
    texts = [
        f"the {''.join(letters[rng.integers(0, 10, 5)])}{endings[c]} of {rng.integers(50)}"
        for c in codes
    ]
    return texts, [("left", "right")[c] for c in codes]


@pytest.fixture(scope="module", params=METHODS)
def net(request, reviews):
    return TextClassifier(**FAST, subword_method=request.param).fit(*reviews)


@pytest.fixture
def run(capsys):
    def call(*arguments):
        with pytest.raises(SystemExit) as left:
            main(list(map(str, arguments)))
        shown = capsys.readouterr()
        assert "Traceback" not in shown.err
        return left.value.code, shown.out, shown.err

    return call


def test_endings_of_unseen_words_are_found():
    train, test = words_of(400, 1), words_of(200, 2)
    parts = TextClassifier(**{**FAST, "epochs": 15}, seed=1).fit(*train)
    whole = TextClassifier(**{**FAST, "epochs": 15, "level": "word"}, seed=1).fit(*train)
    assert parts.score(*test) > 0.9
    assert whole.score(*test) < 0.65  # hardly any of the words was seen before
    rng = np.random.default_rng(0)
    noise = [train[1][n] for n in rng.permutation(400)]
    blind = TextClassifier(**{**FAST, "epochs": 15}, seed=1).fit(train[0], noise)
    assert 0.35 < blind.score(*test) < 0.65


@pytest.mark.parametrize("method", METHODS)
def test_only_training_texts_teach_parts(reviews, method):
    texts, labels = reviews
    held = [f"{text} zzzyzx" for text in texts]
    net = TextClassifier(**FAST, subword_method=method)
    net.fit(texts, labels, validation=(held, labels))
    parts = Subwords.learn(
        [text.lower() for text in texts], method=method, vocabulary=120, lowercase=False
    )
    assert net.vocabulary_.subwords == parts
    assert not any("z" in token for token in net.vocabulary_.tokens[2:])
    own = [f"{text} {chr(0x4E00 + n)}" for n, text in enumerate(texts)]  # a letter for each text
    options = {**FAST, "subword_method": method, "vocabulary": 600, "validation_fraction": 0.5}
    drawn = TextClassifier(**options).fit(own, labels)
    letters = {letter for token in drawn.vocabulary_ for letter in token if letter >= "\u4e00"}
    assert len(letters) == 20


def test_the_same_seed_gives_the_same_bits(net, reviews):
    again = TextClassifier(**FAST, subword_method=net.subword_method).fit(*reviews)
    assert again.vocabulary_ == net.vocabulary_ and hash(again.vocabulary_) == hash(net.vocabulary_)
    assert np.array_equal(again.predict_proba(reviews[0]), net.predict_proba(reviews[0]))
    other = TextClassifier(**FAST, subword_method=net.subword_method, mark_end=True).fit(*reviews)
    assert other.vocabulary_ != net.vocabulary_


@pytest.mark.parametrize("encoder", ENCODERS)
def test_folder_round_trip_to_the_bit(reviews, encoder, tmp_path):
    options = {"encoder": encoder, "epochs": 1, "max_tokens": 12, "mark_start": True}
    net = TextClassifier(**{**FAST, **options}, digits="token", urls=True).fit(*reviews)
    net.save(tmp_path / "model")
    again = load(tmp_path / "model")
    texts = [*reviews[0], "", "never seen 東", "www.example.org 12", "<start>", "film " * 30]
    assert np.array_equal(net.predict_proba(texts), again.predict_proba(texts))
    assert again.vocabulary_ == net.vocabulary_ and again.get_params() == net.get_params()
    assert isinstance(again.vocabulary_, SubwordVocabulary)
    assert again.reading() == net.reading()


def test_with_hashed_ngrams_of_parts(reviews, tmp_path):
    net = TextClassifier(**FAST, word_ngrams=2, max_n=4, buckets=500).fit(*reviews)
    net.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert np.array_equal(net.predict_proba(reviews[0]), again.predict_proba(reviews[0]))
    assert len(net.buckets_) and net.score(*reviews) > 0.9


def test_the_folder_says_what_the_model_reads(net, tmp_path):
    net.save(tmp_path / "model")
    said = f"parts of words ({net.subword_method}): a vocabulary of {len(net.vocabulary_):,}"
    assert f"It reads {said}, learnt from the training texts." in (
        tmp_path / "model" / "README.md"
    ).read_text(encoding="utf-8")
    assert json.loads((tmp_path / "model" / "metrics.json").read_text())["reads"].startswith(said)


def resealed(folder, text):
    """Replace the vocabulary and its sum, as a stranger could."""
    (folder / "vocabulary.json").write_text(text, encoding="utf-8")
    head = json.loads((folder / "config.json").read_text())
    head["sha256"]["vocabulary.json"] = hashlib.sha256(text.encode()).hexdigest()
    (folder / "config.json").write_text(json.dumps(head))


def renamed(model, old, new):
    """Give a part another name."""
    return json.loads(json.dumps(model).replace(json.dumps(old), json.dumps(new)))


def refused(folder):
    with pytest.raises(ModelError) as caught:
        load(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_truncated_or_changed_vocabulary_is_refused(net, tmp_path):
    net.save(tmp_path / "model")
    path = tmp_path / "model" / "vocabulary.json"
    whole = path.read_bytes()
    for data in (whole[:-2], whole + b" ", b""):
        path.write_bytes(data)
        assert "vocabulary.json is truncated or changed" in refused(tmp_path / "model")


def test_a_vocabulary_that_was_tampered_with_is_refused(net, tmp_path):
    net.save(tmp_path / "model")
    path = tmp_path / "model" / "vocabulary.json"
    whole, part = json.loads(path.read_text(encoding="utf-8")), net.vocabulary_.tokens[-1]
    resealed(tmp_path / "model", json.dumps(whole))
    load(tmp_path / "model")
    for change in (
        {"marks": ["<start>", "film"]},
        {"marks": "<start>"},
        {"options": {"method": "other"}},
        {"marks": ["<start>"], "model": renamed(whole["model"], part, "<start>")},
        {"model": None},
        {"more": 1, "model": {"model": {"vocab": {}, "merges": []}}},
    ):
        resealed(tmp_path / "model", json.dumps({**whole, **change}))
        assert "damaged" in refused(tmp_path / "model")
    fewer = json.loads(json.dumps(whole))
    fewer["marks"] = ["<start>"]  # one token more than the weights have rows
    resealed(tmp_path / "model", json.dumps(fewer))
    assert "does not fit this version" in refused(tmp_path / "model")
    for text in ("[]", "{", "3", '["<pad>", "<unk>"]', "[" * 10**5):
        resealed(tmp_path / "model", text)
        assert "does not fit this version" in refused(tmp_path / "model")


def test_level_and_vocabulary_must_agree(net, reviews, tmp_path):
    net.save(tmp_path / "parts")
    plain = TextClassifier(**{**FAST, "level": "word", "epochs": 1}).fit(*reviews)
    plain.save(tmp_path / "words")
    for name, level in (("parts", "word"), ("words", "subword")):
        path = tmp_path / name / "config.json"
        head = json.loads(path.read_text())
        head["options"]["level"] = level
        path.write_text(json.dumps(head))
        assert "vocabulary.json" in refused(tmp_path / name)


def test_without_the_extra_one_sentence_names_it(net, reviews, tmp_path, monkeypatch, run):
    net.save(tmp_path / "model")
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(MissingExtra, match=r"pip install 'sestina\[subword\]'"):
        TextClassifier(**FAST).fit(*reviews)
    with pytest.raises(MissingExtra, match=r"pip install 'sestina\[subword\]'"):
        load(tmp_path / "model")
    code, _, err = run("predict", tmp_path / "model", "a film")
    assert code == 1 and "sestina[subword]" in " ".join(err.split())


@pytest.mark.parametrize(
    "vectors", ["glove-50d", WordVectors(["film"], np.ones((1, 3), np.float32)), {"film": [1.0]}]
)
def test_vectors_of_words_are_refused(reviews, vectors):
    with pytest.raises(OptionError, match="while level='subword' reads parts of words"):
        TextClassifier(**FAST, vectors=vectors).fit(*reviews)


def test_a_matrix_with_a_row_for_each_part_is_taken(net, reviews):
    matrix = np.ones((len(net.vocabulary_), 4), np.float32)
    again = TextClassifier(
        **FAST, subword_method=net.subword_method, vectors=matrix, fine_tune=True
    )
    assert again.fit(*reviews).vector_size_ == 4


def test_room_and_words(reviews):
    with pytest.raises(OptionError, match=r"vocabulary=4 leaves no room .* the least is 5"):
        TextClassifier(**{**FAST, "vocabulary": 4}, mark_start=True, mark_end=True).fit(*reviews)
    with pytest.raises(OptionError, match=r"vocabulary=6 leaves no room .* the least is 7"):
        options = {"mark_start": True, "mark_end": True, "urls": True}
        TextClassifier(**{**FAST, "vocabulary": 6}, **options).fit(*reviews)
    with pytest.raises(DataError, match="there is no word in the texts"):
        TextClassifier(**FAST, validation_fraction=0).fit(["", " "] * 4, ["a", "b"] * 4)
    net = TextClassifier(**{**FAST, "epochs": 1, "min_count": 2}).fit(*reviews)
    assert any("min_count does nothing with level='subword'" in note for note in net.notes_)


# One place turns texts into ids, whatever the level.

LEVELS = [TextOptions(level=level, vocabulary=150) for level in ("word", "character", "subword")]
MARKED = [
    TextOptions(level=one.level, vocabulary=150, mark_start=True, mark_end=True, digits="token")
    for one in LEVELS
]


@pytest.mark.parametrize("options", [*LEVELS, *MARKED], ids=lambda o: f"{o.level}-{o.mark_start}")
def test_ids_are_those_of_the_tokens(reviews, options):
    texts = [*reviews[0], "", "東 3.5 films <start> <number>"]
    vocabulary, found = learn(reviews[0], options)
    again = encode(texts, vocabulary, options)
    cut = tokeniser(options, cut_by(vocabulary, options))
    for row, text in enumerate(texts):
        ids = again.ids.values[again.ids.offsets[row] : again.ids.offsets[row + 1]]
        tokens = cut(text)
        wanted = [vocabulary[token] for token in tokens]
        if options.mark_start:
            wanted = [vocabulary["<start>"], *wanted, vocabulary["<eos>"]]
        assert ids.tolist() == wanted and again.full_lengths[row] == len(tokens)
        if row < len(reviews[0]):
            assert np.array_equal(ids, found.ids.values[slice(*found.ids.offsets[row : row + 2])])
    assert found.unknown == 0 and again.unknown > 0


def test_marks_of_cleaning_stay_whole():
    options = TextOptions(level="subword", vocabulary=60, digits="token", urls=True)
    texts = ["see https://example.org/a now, 12 times", "seen 3 times, www.example.org"] * 5
    vocabulary, _ = learn(texts, options)
    assert vocabulary.tokens[:4] == ("<pad>", "<unk>", "<url>", "<number>")
    assert not any("exam" in token for token in vocabulary)
    tokens = tokeniser(options, cut_by(vocabulary, options))("see www.new.org 77 times")
    assert tokens[0].startswith("▁s") and "<url>" in tokens and "<number>" in tokens
    assert 1 not in encode(["see www.new.org 77 times"], vocabulary, options).ids.values


@settings(max_examples=60, deadline=None)
@given(st.text("abc <pad>unkstrteo'.\n\t\u00a0", max_size=30))
def test_any_text_has_ids_within_the_vocabulary(text):
    vocabulary, options = learnt()
    found = encode([text], vocabulary, options).ids.values
    assert (found > 1).all() and (found < len(vocabulary)).all()
    parts = "".join(vocabulary.tokens[n] for n in found)
    assert parts.replace("▁", " ").strip() == " ".join(text.split())


_learnt = []


def learnt():
    if not _learnt:
        options = TextOptions(level="subword", vocabulary=80, html=False)
        texts = ["abc <pad> <unk> x<start> t<eos> ' . ab bc n k u d"] * 9
        _learnt.append((learn(texts, options)[0], options))
    return _learnt[0]


def test_integer_sequences_of_parts(reviews):
    numbers = IntegerSequences(level="subword", vocabulary=100, max_tokens=6, pad="pre")
    table = numbers.fit_transform(reviews[0])
    assert np.array_equal(table, numbers.transform(reviews[0])) and table.shape == (40, 6)
    assert 50 < len(numbers.vocabulary_) <= 100
    assert numbers.transform([""]).tolist() == [[0] * 6]


def test_linear_models_read_the_same_parts(net):
    codes = np.array([0, 1])
    cut = terms(net, codes, cut_by(net.vocabulary_, net))["tokenizer"]
    assert cut("Warm filmy") == net.vocabulary_.subwords.cut("warm filmy")
    with pytest.raises(OptionError, match="level='subword' needs parts that were learnt"):
        terms(TextOptions(level="subword"), codes)


# The command line.


@pytest.fixture
def table(put):
    texts, labels = words_of(300, 3)
    rows = "".join(f"{text}\t{label}\n" for text, label in zip(texts, labels, strict=True))
    return put("words.tsv", "text\tlabel\n" + rows)


@pytest.mark.parametrize("method", METHODS)
def test_from_training_to_prediction(run, table, tmp_path, method):
    out = tmp_path / "model"
    given = ["--level", "subword", "--subword-method", method, "--vocabulary", "120"]
    given += ["--encoder", "mean", "--epochs", "15", "--learning-rate", "0.05"]
    code, shown, _ = run("train", "classify", table, "--out", out, *given, "--json")
    result = json.loads(shown)
    assert code == 0 and result["metrics"]["accuracy"] > 0.85
    assert min(b["accuracy"] for n, b in result["baseline"].items() if "majority" not in n) > 0.85
    texts, labels = words_of(40, 7)
    code, shown, _ = run("predict", out, *texts)
    put = [row.split("\t")[0] for row in shown.splitlines()]
    assert code == 0 and sum(map(str.__eq__, put, labels)) >= 32
    code, shown, _ = run("info", out)
    assert f"parts of words ({method}): a vocabulary of" in " ".join(shown.split())
    code, shown, _ = run("evaluate", out, table, "--json")
    assert code == 0 and json.loads(shown)["metrics"]["accuracy"] > 0.85
    page = (out / "report.html").read_text(encoding="utf-8")
    assert f"parts of words ({method})" in page
    shutil.copytree(out, tmp_path / "copy")
    (tmp_path / "copy" / "vocabulary.json").write_text("{")
    code, _, err = run("predict", tmp_path / "copy", "a")
    assert code == 1 and "vocabulary.json is truncated or changed" in " ".join(err.split())


def test_wrong_use(run, table, tmp_path):
    common = ("train", "classify", table, "--out", tmp_path / "m", "--level", "subword")
    code, _, err = run(*common, "--vectors", "glove-50d", "--encoder", "mean")
    assert code == 2 and "reads parts of words" in " ".join(err.split())
    code, _, err = run(*common, "--subword-method", "bpr")
    assert code == 2 and "did you mean 'bpe'" in err
    assert run("train", "classify", table, "--out", tmp_path / "m", "--level", "subwords")[0] == 2
