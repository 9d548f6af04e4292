"""Translator: toy tasks with exact answers, unknown words, what it refuses, folders, checkpoints."""

import random
import signal
import sys
import warnings

import numpy as np
import pytest

from sestina import Translator, load
from sestina.data import toy
from sestina.errors import DataError, DataWarning, MissingExtra, OptionError
from sestina.estimators import translating

SMALL = {
    "level": "word", "hidden": 32, "embedding": 32, "dropout": 0.0, "input_dropout": 0.0,
    "label_smoothing": 0.0, "learning_rate": 0.01, "batch_size": 32, "patience": None,
}  # fmt: skip
TINY = {**SMALL, "hidden": 6, "embedding": 6, "epochs": 2}


def parted(examples, test=100):
    """Return training and test pairs without a source in common; the shortest are for training."""
    rows = dict(zip(*examples, strict=True))
    held = [source for source in rows if len(source.split()) > 2][:test]
    kept = [source for source in rows if source not in set(held)]
    return tuple((part, [rows[source] for source in part]) for part in (kept, held))


def exact(net, pairs):
    return np.mean([a == b for a, b in zip(net.predict(pairs[0]), pairs[1], strict=True)])


@pytest.fixture(scope="module")
def reverser():
    """A net that was trained to reverse words, and pairs that it never saw."""
    train, test = parted(toy.reversals(2_500, 6, seed=1))
    net = Translator(**SMALL, epochs=8, decay=True, validation_fraction=0.0)
    return net.fit(*train), test


def test_reversing_is_learnt_exactly(reverser):
    assert exact(*reverser) == 1.0


def test_copying_is_learnt_exactly_by_attention_alone():
    train, test = parted(toy.copies(2_500, 6, seed=1))
    options = {**SMALL, "attention": "dot", "lexicon": False}
    net = Translator(**options, epochs=8, decay=True, validation_fraction=0.0)
    assert exact(net.fit(*train), test) == 1.0


def test_dates_are_rewritten_exactly():
    train, test = parted(toy.dates(2_000, seed=1))
    options = {**SMALL, "level": "character", "hidden": 48, "cell": "gru", "learning_rate": 0.015}
    net = Translator(**options, epochs=8, decay=True, validation_fraction=0.0)
    assert exact(net.fit(*train), test) == 1.0
    assert net.predict(["3 Mar 2021", "31 Dec 1999"]) == ["2021-03-03", "1999-12-31"]


def test_nothing_is_learnt_from_shuffled_pairs():
    train, test = parted(toy.copies(1_000, 5, seed=1))
    random.Random(0).shuffle(train[1])
    net = Translator(**SMALL, epochs=4, validation_fraction=0.0).fit(*train)
    # the best that can be said without knowing more is the most frequent translation
    assert exact(net, test) <= 0.05


def test_short_ones_are_learnt_without_attention():
    train, test = parted(toy.reversals(600, 3, seed=1), test=40)
    options = {**SMALL, "hidden": 64, "attention": None, "validation_fraction": 0.0}
    net = Translator(**options, epochs=50, decay=True)
    assert exact(net.fit(*train), test) >= 0.8
    with pytest.raises(OptionError, match="attention=None has no weights to show"):
        net.attention_weights(test[0][0])
    assert "copy does nothing without attention" in net.notes_


def test_attention_finds_the_words(reverser):
    net, test = reverser
    text = max(test[0], key=len)
    found = net.attention_weights(text)
    words = text.split()
    assert found.source == [*words, "<eos>"] and found.target == [*reversed(words), "<eos>"]
    assert found.weights.shape == (7, 7)
    np.testing.assert_allclose(found.weights.sum(axis=1), 1.0, rtol=1e-5)
    given = net.attention_weights(text, " ".join(reversed(words)))
    assert np.array_equal(given.weights, found.weights)


def test_scheduled_sampling_learns_too():
    train, test = parted(toy.copies(1_000, 4, seed=1))
    net = Translator(
        **SMALL, attention="dot", epochs=10, validation_fraction=0.0, scheduled_sampling=0.3,
        sampling_epochs=5,
    )  # fmt: skip
    plain = Translator(**SMALL, attention="dot", epochs=1, validation_fraction=0.0).fit(*train)
    assert exact(net.fit(*train), test) >= 0.95
    other = Translator(**{**plain.get_params(), "scheduled_sampling": 0.5}).fit(*train)
    assert other.history_[0]["loss"] == plain.history_[0]["loss"]  # which begins with none


def test_unknown_words_are_copied_or_looked_up():
    rng = random.Random(1)
    names = [f"{a}{b}{c}" for a in "BDFGKL" for b in "aeiou" for c in "nrst"]
    rows = [[rng.choice(names), rng.choice(["sees", "hears"]), rng.choice(names)]
            for _ in range(500)]  # fmt: skip
    verbs = {"sees": "ve", "hears": "oye"}
    sources = [" ".join(row) for row in rows]
    targets = [" ".join(verbs.get(word, word.upper()) for word in row) for row in rows]
    # of 120 names 40 are known to the net; the dictionary knows what all become
    options = {**SMALL, "vocabulary": 45, "epochs": 8, "validation_fraction": 0.0}
    net = Translator(**options).fit(sources, targets)
    assert len(net.dictionary_) == 122 and net.dictionary_["sees"] == "ve"
    text, wanted = "Zorro sees Xena", "Zorro ve Xena"
    put = net.predict([*sources[:100], text])
    right = np.mean([a == b for a, b in zip(put[:100], targets[:100], strict=True)])
    assert right > 0.9 and put[100] == wanted
    bare = Translator(**{**options, "epochs": 2}, copy=False).fit(sources, targets)
    assert bare.dictionary_ == {} and not any(
        "<unk>" in line for line in bare.predict(sources[:99])
    )
    assert any("outside the vocabulary of 45" in note for note in net.notes_)


def test_filling_takes_the_word_attended_to_most():
    weights = np.array([[0.1, 0.9, 0.0], [0.6, 0.4, 0.0], [0.0, 0.0, 1.0]])
    tokens = ["<unk>", "<unk>", "ok"]
    assert translating.filled(tokens, weights, ["a", "b"], {"b": "bee"}) == ["bee", "a", "ok"]
    assert translating.filled(tokens, weights, [], {}) == ["ok"]


def test_subwords():
    pytest.importorskip("tokenizers", reason="the extra 'subword' is not installed")
    sources, targets = toy.dates(300, seed=1)
    for shared in (False, True):
        net = Translator(**{**TINY, "level": "subword"}, shared=shared, vocabulary=60)
        net.fit(sources, targets)
        assert (net.source_ is net.target_) == shared
        assert net.target_.joined(net.target_.cut("2021-03-03")) == "2021-03-03"
        put = net.predict(sources[:5], beam=2)
        assert all(isinstance(line, str) and "▁" not in line for line in put)


def test_subwords_need_their_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(MissingExtra, match=r"pip install 'sestina\[subword\]'"):
        Translator(epochs=1, validation_fraction=0.0).fit(["a b"] * 9, ["b a"] * 9)


def test_scores_need_their_package(monkeypatch):
    net = Translator(**TINY, validation_fraction=0.0).fit(*toy.copies(40, 3))
    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    for verb in (net.score, net.evaluate):
        with pytest.raises(MissingExtra, match=r"pip install 'sestina\[translate\]'"):
            verb(["a"], ["a"])


def test_scores(reverser):
    pytest.importorskip("sacrebleu", reason="the extra 'translate' is not installed")
    net, test = reverser
    found = net.evaluate(*test)
    assert set(found) == {"chrf", "bleu", "exact", "perplexity", "sentences"}
    assert found["sentences"] == 100 and found["chrf"] == net.score(*test) > 90
    assert found["exact"] == exact(net, test) and 1 <= found["perplexity"] < 2
    wrong = net.figures(*test, ["zz"] * 100)
    assert wrong["chrf"] == wrong["exact"] == 0.0


def test_the_perplexity_is_of_the_true_tokens():
    net = Translator(**TINY).fit(*toy.copies(60, 4))
    sources, targets = ["a b", "c"], ["b a c", "d"]
    logs = net.score_pairs(sources, targets)
    assert logs.shape == (2,) and (logs < 0).all()
    alone = [net.score_pairs([s], [t])[0] for s, t in zip(sources, targets, strict=True)]
    np.testing.assert_allclose(logs, alone, rtol=1e-5)
    pairs = net._numbered(sources, targets)
    assert len(pairs.targets.values) == 4 + 2  # each with its end


def test_company_does_not_matter_and_empty_texts_have_answers(reverser):
    net, _ = reverser
    texts = ["a b c d e", "", "c", "zebra h", "a a a a a a a a"]
    assert net.predict(texts) == [net.predict([text])[0] for text in texts]
    assert net.predict([]) == []
    learnt_little = Translator(**TINY, validation_fraction=0.0).fit(["b a"] * 99, ["a b"] * 99)
    assert learnt_little.predict(["", " ", "b a"])[:2] == ["", ""]


def test_a_wide_beam_is_no_less_likely():
    net = Translator(**{**SMALL, "epochs": 3}, length_penalty=0.0).fit(*toy.reversals(300, 5))
    texts = toy.reversals(40, 5, seed=9)[0]
    greedy, wide = (net.score_pairs(texts, net.predict(texts, beam=k)) for k in (1, 12))
    assert wide.sum() >= greedy.sum()
    with pytest.raises(OptionError, match="beam=0 is too small"):
        net.predict(texts, beam=0)


def test_long_ones_are_left_out_and_told():
    sources, targets = toy.copies(200, 8, seed=1)
    net = Translator(**TINY, max_tokens=6).fit(sources, targets)
    left = next(note for note in net.notes_ if "left out" in note)
    assert "with more than 6 on a side" in left
    with pytest.warns(DataWarning, match="first 6 tokens are translated of 1 of 2 sentences"):
        net.predict(["a b", "a b c d e f g"])
    with pytest.raises(OptionError, match="leaves no pair to train on: the shortest has 3 tokens"):
        Translator(**TINY, max_tokens=2, validation_fraction=0.0).fit(["a b c"] * 9, ["a b c"] * 9)


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        ("a b", ["a"], "one string came; expected a list"),
        (["a"], "a", "one string came; expected a list"),
        (["a", "b"], ["a"], "2 sentences came with 1 translation; expected one each"),
        ([], [], "no sentences came"),
        (["a"], None, "no translations came"),
        (["a"], [3], "text 0 is 3"),
    ],
)
def test_bad_pairs(x, y, said):
    with pytest.raises(DataError, match=said):
        Translator(**TINY).fit(x, y)


def test_bad_use():
    net = Translator(**TINY).fit(*toy.copies(60, 4))
    with pytest.raises(DataError, match="one string came"):
        net.predict("a b")
    with pytest.raises(DataError, match="expected one text"):
        net.attention_weights(["a b"])
    with pytest.raises(DataError, match="validation is not a pair"):
        Translator(**TINY).fit(["a"], ["b"], validation=["a"])
    with pytest.raises(OptionError, match="attention='soft' is unknown"):
        Translator(**TINY, attention="soft").fit(["a"], ["b"])


@pytest.mark.parametrize(
    "options",
    [
        {"attention": "dot", "cell": "gru", "layers": 2},
        {"attention": None, "cell": "rnn"},
        {"level": "character", "shared": True},
        {"optimiser": "rmsprop", "vocabulary": 6},
    ],
    ids=str,
)
def test_folders_keep_every_kind(options, tmp_path):
    texts = toy.reversals(80, 4)
    net = Translator(**{**TINY, **options}).fit(*texts)
    net.save(tmp_path / "m")
    again = load(tmp_path / "m")
    assert again.predict(texts[0]) == net.predict(texts[0])
    assert np.array_equal(again.score_pairs(*texts), net.score_pairs(*texts))
    assert again.dictionary_ == net.dictionary_ and again.get_params() == net.get_params()
    assert "# Translator" in (tmp_path / "m" / "README.md").read_text(encoding="utf-8")


def test_a_stopped_run_goes_on_to_the_same_bits(tmp_path):
    texts = toy.reversals(120, 4)
    options = {**TINY, "decay": False, "dropout": 0.3, "scheduled_sampling": 0.5}
    options["sampling_epochs"] = 3
    whole = Translator(**{**options, "epochs": 4}).fit(*texts)
    Translator(**options).fit(*texts, checkpoint=tmp_path)
    rest = Translator(**{**options, "epochs": 4}).fit(*texts, checkpoint=tmp_path, resume=True)
    assert np.array_equal(rest.score_pairs(*texts), whole.score_pairs(*texts))
    assert [row["loss"] for row in rest.history_] == [row["loss"] for row in whole.history_]
    with pytest.raises(OptionError, match=r"cannot resume .* begun with hidden=6"):
        Translator(**{**options, "hidden": 7}).fit(*texts, checkpoint=tmp_path, resume=True)


def test_ctrl_c_keeps_the_best_epoch(monkeypatch):
    texts = toy.copies(200, 4)
    net, calls = Translator(**{**TINY, "epochs": 50}), []
    real = translating.NumberedPairs.batch

    def batch(self, rows, sampled=0.0):
        calls.append(1)
        if len(calls) == 40:
            signal.raise_signal(signal.SIGINT)
        return real(self, rows, sampled)

    monkeypatch.setattr(translating.NumberedPairs, "batch", batch)
    with pytest.raises(KeyboardInterrupt):
        net.fit(*texts)
    assert 0 < len(net.history_) < 50 and len(net.predict(["a b"])) == 1


def test_validation_is_given_or_drawn():
    texts = toy.copies(200, 4)
    held = toy.copies(30, 4, seed=5)
    net = Translator(**TINY).fit(*texts, validation=held)
    mean = -net.score_pairs(*held).sum() / sum(len(t.split()) + 1 for t in held[1])
    assert net.history_[net.best_epoch_ - 1]["validation_loss"] == pytest.approx(mean, rel=1e-6)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "validation_perplexity" in Translator(**TINY).fit(*texts).history_[0]
