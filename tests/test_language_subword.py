"""Language models of parts of words: fitted, measured, asked, kept in a folder."""

import json
import math

import numpy as np
import pytest

from sestina import LanguageModel, load
from sestina.errors import MissingExtra, ModelError, OptionError
from sestina.inspect.language import language_ladder
from sestina.text.detokenise import Joiner
from sestina.text.vocabulary import EOS, UNK

pytest.importorskip("tokenizers", reason="the extra 'subword' is not installed")

PLAIN = {"dropout": 0.0, "input_dropout": 0.0}
TINY = {"embedding": 16, "hidden": 24, "learning_rate": 0.02, "batch_size": 8, "seed": 1, **PLAIN}
WHO, ENDINGS = {"ann": "walk", "bob": "talk", "eve": "jump", "dan": "play"}, ["ing", "ed", "s"]
LINES = [f"{who} {s}{e} (today), they say." for who, s in WHO.items() for e in ENDINGS] * 6
OPTIONS = {**TINY, "level": "subword", "vocabulary": 60, "epochs": 40}


@pytest.fixture(scope="module")
def model():
    return LanguageModel(**OPTIONS, validation_fraction=0.0).fit(LINES)


def test_a_rule_is_learnt_and_shuffled_parts_are_not(model):
    assert model.perplexity(LINES) < 2.0
    rng = np.random.default_rng(0)
    letters = ["".join(rng.permutation(list(line))) for line in LINES]
    noise = LanguageModel(**OPTIONS, validation_fraction=0.0).fit(letters[:36])
    assert noise.perplexity(letters[36:]) > 8.0


def test_bits_per_character_can_be_compared_between_levels(model):
    found = model.figures(LINES)
    characters = sum(len(line) + 1 for line in LINES)
    total = -model.score_texts(LINES).sum()
    assert found["characters"] == characters and found["unknown"] == 0
    assert found["bits_per_character"] == pytest.approx(total / math.log(2) / characters, rel=1e-5)
    letters = LanguageModel(**TINY, level="character", epochs=30, validation_fraction=0.0).fit(
        LINES
    )
    other = letters.figures(LINES)
    assert other["characters"] == characters and other["tokens"] > 1.5 * found["tokens"]
    ratio = found["bits_per_character"] / other["bits_per_character"]
    assert 1 / 3 < ratio < 3 < found["perplexity"] / other["perplexity"] * 4


def test_parts_are_joined_to_text(model):
    text = "bob walked (today), they say."
    tokens = model.tokens(text)
    join = Joiner("subword")
    assert "".join(map(join, tokens)) == text
    assert model.generate("eve jump", n=0) == "eve jump"
    written = {model.generate(seed=s, temperature=0.3) for s in range(8)}
    assert written & set(LINES) and not any("▁" in one or UNK in one for one in written)
    begun = model.generate("bob talked (today),", n=40, temperature=0)
    assert begun == "bob talked (today), they say."
    assert "".join(model.pieces("bob talked (today),", n=1, temperature=0)).startswith(" ")


def test_scores_and_streams_fit_together(model):
    text = "dan jumps, they say."
    stream, total = model.stream(), 0.0
    for token in [*model.tokens(text), EOS]:
        total += stream.log_probabilities[model.vocabulary_[token]]
        stream.feed(token)
    assert model.score_text(text) == pytest.approx(total, abs=1e-4)
    right, wrong = (f"{who} walks (today), they say." for who in ("ann", "bob"))
    assert model.score_text(right) > model.score_text(wrong) + 1


def test_words_are_completed(model):
    found = dict(model.complete("bob ", 3))
    assert set(found) == {"talking", "talked", "talks"} and 0.8 < sum(found.values()) <= 1
    # a word that is begun goes on to its end, however it is cut
    found = dict(model.complete("ann wal", 5))
    assert {"walking", "walked", "walks"} <= set(found) and all(w.startswith("wal") for w in found)
    assert sum(found.values()) <= 1
    (inside, _), *_ = model.complete("bob talked (to", 1)
    assert inside == "today"
    with pytest.raises(OptionError, match="a subword model takes a word's beginning at"):
        model.complete("ann", beginning="w")


def test_a_folder_is_read_without_running_anything(model, tmp_path):
    model.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert again.vocabulary_ == model.vocabulary_
    assert again.score_text(LINES[0]) == model.score_text(LINES[0])
    assert again.generate("ann", seed=3) == model.generate("ann", seed=3)
    path = tmp_path / "model" / "vocabulary.json"
    whole = json.loads(path.read_text())
    assert set(whole) == {"marks", "options", "model"} and whole["marks"] == [EOS]
    path.write_text("[]")
    with pytest.raises(ModelError, match="its SHA-256 differs"):
        load(tmp_path / "model")


def test_options_of_other_levels_are_told(model):
    assert not [note for note in model.notes_ if "does nothing" in note]
    net = LanguageModel(**{**OPTIONS, "epochs": 1}, min_count=3).fit(LINES)
    assert "min_count does nothing with level='subword', only with word, character" in net.notes_
    word = LanguageModel(**TINY, epochs=1, subword_method="unigram").fit(LINES)
    assert "subword_method does nothing with level='word', only with subword" in word.notes_


def test_unigram_parts_too():
    net = LanguageModel(**{**OPTIONS, "epochs": 2}, subword_method="unigram", running=True)
    net.fit(LINES)
    assert net.generate("ann", n=5).startswith("ann") and net.perplexity(LINES) < 60


def test_n_grams_read_the_same_parts(model):
    rungs = language_ladder(model, LINES, LINES[:12])
    assert set(rungs) == {"unigrams", "Kneser–Ney 5-gram", "LSTM 24"}
    assert rungs["Kneser–Ney 5-gram"]["perplexity"] < rungs["unigrams"]["perplexity"]


def test_the_package_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tokenizers", None)
    with pytest.raises(MissingExtra, match=r"sestina\[subword\]"):
        LanguageModel(**OPTIONS).fit(LINES)
