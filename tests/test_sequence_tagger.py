"""SequenceTagger: what it learns, what it keeps to, what it refuses, folders and checkpoints."""

import random
import signal
import warnings

import numpy as np
import pytest
import torch
from scipy.stats import binom
from sklearn.model_selection import GridSearchCV

from sestina import SequenceTagger, WordVectors, load
from sestina.data import toy
from sestina.data.tagged import TaggedSentences
from sestina.errors import DataError, OptionError
from sestina.inspect.tag_baselines import usual_tag, window_features, window_regression
from sestina.inspect.tag_ladder import climb_tags, tag_verdict, tagger_name
from sestina.kernels.parallel import limited

SMALL = {"hidden": 8, "embedding": 8, "epochs": 2, "learning_rate": 0.02, "batch_size": 16}
QUICK = {**SMALL, "hidden": 16, "epochs": 12, "dropout": 0.0, "patience": None}
WHOLE = {**QUICK, "epochs": 15, "validation_fraction": 0.0}
TRAIN, TEST = toy.grammar(300, seed=1), toy.grammar(100, seed=2)
NER = (
    [["Ann", "saw", "New", "York"], ["Rome", "fell"], [], ["Bob", "left", "Rome"]] * 10,
    [["B-PER", "O", "B-LOC", "I-LOC"], ["B-LOC", "O"], [], ["B-PER", "O", "B-LOC"]] * 10,
)


def shuffled(tags, seed=0):
    """Return the tags dealt anew to all words."""
    flat = [tag for row in tags for tag in row]
    random.Random(seed).shuffle(flat)
    source = iter(flat)
    return [[next(source) for _ in row] for row in tags]


@pytest.mark.parametrize(
    "options",
    [{}, {"crf": False, "encoder": "gru"}, {"encoder": "rnn", "layers": 2, "dense": (8,)}],
    ids=str,
)
def test_a_grammar_is_learnt_to_the_last_word(options):
    assert SequenceTagger(**QUICK, **options).fit(*TRAIN).score(*TEST) == 1.0


def test_words_alone_do_not_tell_it():
    train, test = (TaggedSentences(*part) for part in (TRAIN, TEST))
    usual = usual_tag(train, test.sentences).predicted
    right = np.mean(
        [a == b for x, y in zip(usual, TEST[1], strict=True) for a, b in zip(x, y, strict=True)]
    )
    assert 0.7 < right < 0.95


def test_nothing_is_learnt_from_shuffled_tags():
    net = SequenceTagger(**{**QUICK, "epochs": 3}, validation_fraction=0.0)
    net.fit(TRAIN[0], shuffled(TRAIN[1]))
    tags = shuffled(TEST[1], 1)
    words = sum(map(len, tags))
    usual = max(sum(row.count(tag) for row in tags) for tag in net.classes_) / words
    low, high = binom.ppf([5e-5, 1 - 5e-5], words, usual) / words
    assert net.score(TEST[0], tags) <= high
    assert low < usual


def test_genes_are_found_base_by_base():
    options = {**WHOLE, "hidden": 32, "epochs": 20, "learning_rate": 0.01, "rare_dropout": 0.0}
    net = SequenceTagger(**options).fit(*toy.dna(400, 30, seed=1))
    assert net.score(*toy.dna(60, 30, seed=2)) >= 0.99


def test_which_tag_follows_which_may_be_all_there_is():
    train, test = toy.late_clue(120, 6, seed=1), toy.late_clue(60, 6, seed=2)
    options = {**WHOLE, "bidirectional": False, "rare_dropout": 0.0}
    assert SequenceTagger(**options).fit(*train).score(*test) == 1.0
    assert SequenceTagger(**options, crf=False).fit(*train).score(*test) < 0.8


@pytest.mark.parametrize("characters", ["rnn", "cnn"])
def test_characters_tell_of_words_never_seen(characters):
    def made(count, seed):
        rng = random.Random(seed)
        stems = ["".join(rng.choices("abcdefgh", k=7)) for _ in range(count)]
        return [[s + "ly", s + "ness"] if n % 2 else [s + "ness"] for n, s in enumerate(stems)]

    train, test = made(150, 1), made(40, 2)
    tags = [[["ADV", "NOUN"][w.endswith("ness")] for w in s] for s in train]
    wanted = [[["ADV", "NOUN"][w.endswith("ness")] for w in s] for s in test]
    net = SequenceTagger(**QUICK, characters=characters, character_hidden=8).fit(train, tags)
    found = net.evaluate(test, wanted)
    assert found["unseen"]["accuracy"] == found["accuracy"] == 1.0 and not found["seen"]["words"]
    assert found["seen"]["accuracy"] is None


def test_unknown_words_are_learnt_by_their_neighbours():
    net = SequenceTagger(**QUICK).fit(*TRAIN)
    assert net.predict([["the", "fine", "zebra", "likes", "a", "yak"]]) == [
        ["DET", "ADJ", "NOUN", "VERB", "DET", "NOUN"]
    ]


def test_vectors_serve_words_that_training_lacks():
    words = ["cat", "dog", "cow", "eats", "sees", "hears", "Owl", "rests"]
    table = np.zeros((8, 4))
    table[[0, 1, 2, 6], 0] = table[[3, 4, 5, 7], 1] = 1.0
    vectors = WordVectors(words, table)
    sentences = [["cat", "eats"], ["sees", "dog"], ["cat", "dog"], ["eats", "sees"]] * 15
    tags = [["N", "V"], ["V", "N"], ["N", "N"], ["V", "V"]] * 15
    net = SequenceTagger(**WHOLE, vectors=vectors, rare_dropout=50.0).fit(sentences, tags)
    assert net.predict([["cow", "hears"], ["rests", "Owl"], ["Cow", "Owl"]]) == [
        ["N", "V"],
        ["V", "N"],
        ["N", "N"],
    ]
    assert "vectors: found 4 of 4 words (100.0%)" in net.notes_
    assert net.n_parameters_ - net.n_trainable_parameters_ == 10 * 4
    fewer = SequenceTagger(**WHOLE, vectors=vectors, vector_words=2, fine_tune=True)
    fewer.fit(sentences, tags)
    assert fewer.n_parameters_ == fewer.n_trainable_parameters_
    assert len(fewer.lexicon_.known) == 4
    with pytest.raises(DataError, match=r"none of the \d words has a vector"):
        SequenceTagger(vectors=WordVectors(["x"], [[1.0]])).fit(sentences, tags)


def test_schemes_are_kept_to():
    net = SequenceTagger(**{**WHOLE, "epochs": 1}).fit(*NER)
    assert net.scheme_ == "bio" and "BIO" in net.decision_notes()[0]
    rng = random.Random(0)
    words = sorted({word for row in NER[0] for word in row})
    for row in net.predict([rng.choices(words, k=9) for _ in range(60)]):
        assert all(
            tag[0] != "I" or (before[0] in "BI" and before[2:] == tag[2:])
            for before, tag in zip(["O", *row], row, strict=False)
        )
    assert SequenceTagger(**{**WHOLE, "epochs": 1}, scheme="none").fit(*NER).scheme_ is None
    assert SequenceTagger(**SMALL).fit(*TRAIN).scheme_ is None


def test_tags_that_break_their_scheme():
    broken = ([["a", "b"]] * 6, [["O", "I-X"]] * 3 + [["B-X", "O"]] * 3)
    net = SequenceTagger(**SMALL, validation_fraction=0.0).fit(*broken)
    assert net.scheme_ is None
    assert net.notes_ == [
        "tags look like BIO, which is not kept to: sentence 0 breaks it at word 1: O I-X"
    ]
    with pytest.raises(DataError, match="sentence 0 breaks it at word 1: O I-X; set scheme='none'"):
        SequenceTagger(**SMALL, scheme="bio", validation_fraction=0.0).fit(*broken)
    with pytest.raises(DataError, match="they are not all tags such as B-PER"):
        SequenceTagger(**SMALL, scheme="bioes").fit(*TRAIN)
    pairs = ([["a", "b"]] * 6, [["B-X", "E-X"]] * 6)  # no way to tag one word alone
    net = SequenceTagger(**SMALL, validation_fraction=0.0).fit(*pairs)
    assert net.scheme_ is None and "no tag of theirs can stand" in net.notes_[0]
    assert net.predict([["a"]]) in ([["B-X"]], [["E-X"]])


def test_figures_of_spans():
    net = SequenceTagger(**WHOLE).fit(*NER)
    found = net.evaluate(*NER)
    assert found["accuracy"] == found["span_f1"] == 1.0 and set(found["spans"]["kinds"]) == {
        "PER",
        "LOC",
    }
    low, high = found["interval"]
    assert low < 1.0 == high and found["seen"]["words"] == 90
    assert net.score(*NER) == 1.0
    odd = net.evaluate([["Ann"]], [["B-NEVER"]])  # a tag that training lacks is a miss
    assert odd["accuracy"] == odd["span_f1"] == 0.0
    assert "span_f1" not in SequenceTagger(**SMALL).fit(*TRAIN).evaluate(*TEST)


def test_sentences_of_any_length():
    net = SequenceTagger(**SMALL, characters="rnn").fit(*NER)
    assert net.predict([[], ["Ann"], []])[::2] == [[], []]
    assert net.predict([]) == [] and net.predict_proba([]) == []
    assert [len(row) for row in net.predict([["x"] * n for n in (0, 1, 70)])] == [0, 1, 70]
    for table in net.predict_proba([["Ann", "Rome"], ["é☃"]]):
        assert table.sum(axis=1) == pytest.approx(1)
    assert "no word in" in " ".join(net.notes_)


@pytest.mark.parametrize("characters", [None, "rnn", "cnn"])
def test_company_changes_no_answer(characters):
    net = SequenceTagger(**SMALL, characters=characters).fit(*TRAIN)
    together = net.predict_proba(TEST[0][:30])
    for sentence, table in zip(TEST[0][:30], together, strict=True):
        assert net.predict_proba([sentence])[0] == pytest.approx(table, abs=1e-5)


def test_same_bits_for_any_number_of_threads():
    found = []
    for threads in (1, 3):
        with limited(threads):
            net = SequenceTagger(**SMALL, characters="cnn").fit(*TRAIN)
            found.append(np.concatenate(net.predict_proba(TEST[0])))
    assert np.array_equal(*found)


def test_same_bits_every_time_with_characters_and_threads():
    """Words share spellings; several threads must not add up a spelling's gradient as they come."""
    rng = random.Random(5)
    words = [[rng.choice(("a", "be", "see")) for _ in range(40)] for _ in range(96)]
    tags = [[str(len(word)) for word in row] for row in words]
    options = {"characters": "rnn", "hidden": 8, "batch_size": 48, "epochs": 2}
    with limited(2):
        runs = [SequenceTagger(**options, validation_fraction=0).fit(words, tags) for _ in range(4)]
    weights = [net.network_.characters.state_dict() for net in runs]
    for name in weights[0]:
        assert all(torch.equal(weights[0][name], other[name]) for other in weights[1:]), name


def test_words_in_lower_case_and_rare_ones():
    sentences, tags = [["The", "cat"], ["the", "Dog"]] * 6, [["D", "N"]] * 12
    net = SequenceTagger(**SMALL, validation_fraction=0.0).fit(sentences, tags)
    assert sorted(net.lexicon_.words)[2:] == ["cat", "dog", "the"]
    assert net.seen([["THE", "x"]]).tolist() == [True, False]
    kept = SequenceTagger(**SMALL, validation_fraction=0.0, lowercase=False, vocabulary=4)
    kept.fit(sentences, tags)
    assert len(kept.lexicon_.words) == 4
    assert any("outside the vocabulary of 4" in note for note in kept.notes_)
    assert kept.network_.lost[2] == pytest.approx(0.25 / 6.25)


@pytest.mark.parametrize(
    ("sentences", "tags", "said"),
    [
        ("the cat", [["D"]], "one string came"),
        (["the cat"], [["D", "N"]], "sentence 0 came as 'the cat'"),
        ([["a"], 3], [["X"], ["X"]], r"sentence 1 came as 3 \(int\)"),
        ([["a", 1]], [["X", "Y"]], r"sentence 0 has 1 \(int\) among its words"),
        ([["a"]], [[None]], r"sentence 0 has None \(NoneType\) among its tags"),
        ([["a", "b"]], [["X"]], "sentence 0 has 2 words and 1 tag"),
        ([["a"]], [["X"], ["Y"]], "1 sentence came with tags of 2"),
        ([], [], "no sentences came"),
        ([["a"]], None, "no tags came"),
        ([["a"], ["b"]], [["X"], ["X"]], "every word has the tag 'X'; a tagger needs two"),
        ([[], []], [[], []], "all sentences are empty"),
    ],
)
def test_bad_data(sentences, tags, said):
    with pytest.raises(DataError, match=said):
        SequenceTagger(**SMALL, validation_fraction=0.0).fit(sentences, tags)


def test_bad_validation_and_tags_that_only_it_has():
    with pytest.raises(DataError, match="validation is not a pair"):
        SequenceTagger(**SMALL).fit(*TRAIN, validation=TEST[0])
    net = SequenceTagger(**SMALL).fit(*TRAIN, validation=([["what"]], [["WH"]]))
    assert (
        "WH" in net.classes_
        and "validation: 1 tag that the training part lacks: 'WH'" in net.notes_
    )


def test_options_without_use_are_told():
    options = {"widths": (2,), "character_hidden": 4, "fine_tune": True, "pool": "max"}
    net = SequenceTagger(**SMALL, **options).fit(*NER)
    assert {
        "pool does nothing without characters='rnn'",
        "widths does nothing without characters='cnn'",
        "character_hidden does nothing without characters",
        "fine_tune does nothing without vectors",
    } == {note for note in net.notes_ if "does nothing" in note}
    with pytest.raises(OptionError, match="encoder='cnn' is unknown"):
        SequenceTagger(encoder="cnn").fit(*NER)


def test_numbers_as_tags():
    net = SequenceTagger(**WHOLE).fit([["a", "b"], ["b", "a"]] * 10, [[1, 0], [0, 1]] * 10)
    assert net.predict([["b", "a"]]) == [[0, 1]] and net.score([["b", "a"]], [[0, 1]]) == 1.0


def test_a_folder_keeps_vectors_and_characters(tmp_path):
    vectors = WordVectors(["Ann", "owl"], [[1.0, 0.0], [0.5, 0.5]])
    net = SequenceTagger(**WHOLE, vectors=vectors, characters="cnn").fit(*NER)
    net.save(tmp_path / "model", {"metrics": net.evaluate(*NER), "baseline": {}})
    again = load(tmp_path / "model")
    one, other = (np.concatenate(n.predict_proba([["Ann", "owl", "q"]])) for n in (net, again))
    assert np.array_equal(one, other) and again.scheme_ == "bio"
    assert {p.name for p in (tmp_path / "model").iterdir()} >= {"known.json", "characters.json"}
    card = (tmp_path / "model" / "README.md").read_text()
    assert "span F1" in card and "scheme BIO" in card


def test_resumed_runs_end_alike(tmp_path):
    options = {**SMALL, "characters": "rnn"}
    whole = SequenceTagger(**{**options, "epochs": 4}).fit(*TRAIN)
    SequenceTagger(**options).fit(*TRAIN, checkpoint=tmp_path)
    rest = SequenceTagger(**{**options, "epochs": 4}).fit(*TRAIN, checkpoint=tmp_path, resume=True)
    for one, other in zip(
        whole.network_.state_dict().values(), rest.network_.state_dict().values(), strict=True
    ):
        assert torch.equal(one, other)
    with pytest.raises(OptionError, match="begun with hidden=8"):
        SequenceTagger(**{**options, "hidden": 4}).fit(*TRAIN, checkpoint=tmp_path, resume=True)
    with pytest.raises(OptionError, match="begun with data="):
        SequenceTagger(**options).fit(*TEST, checkpoint=tmp_path, resume=True)


def test_ctrl_c_keeps_the_best_epoch(monkeypatch):
    net = SequenceTagger(**{**SMALL, "epochs": 50})
    kept = SequenceTagger._validated

    def interrupting(self, dev):
        signal.raise_signal(signal.SIGINT)
        return kept(self, dev)

    monkeypatch.setattr(SequenceTagger, "_validated", interrupting)
    with pytest.raises(KeyboardInterrupt):
        net.fit(*TRAIN)
    assert 1 <= len(net.history_) < 50 and len(net.predict(TEST[0])) == 100


def test_a_grid_of_options_can_be_searched():
    search = GridSearchCV(SequenceTagger(**SMALL), {"crf": [True, False]}, cv=2)
    search.fit(*NER)
    assert set(search.best_params_) == {"crf"}


def test_the_ladder():
    train, dev, test = (TaggedSentences(*toy.grammar(n, seed=n)) for n in (200, 30, 60))
    held = (dev.sentences, dev.tags)
    net = SequenceTagger(**QUICK).fit(train.sentences, train.tags, validation=held)
    rungs = climb_tags({tagger_name(net): net}, train, dev, test)
    assert [rung.name for rung in rungs] == [
        "usual tag of a word", "window + logistic regression", "bidirectional LSTM-CRF",
    ]  # fmt: skip
    usual, window, own = (rung.figures["accuracy"] for rung in rungs)
    assert usual < window <= own == 1.0
    assert tag_verdict(rungs, rungs[2].name, rungs[0].name).startswith(
        "bidirectional LSTM-CRF beats"
    )
    assert "as many words rightly" in tag_verdict(rungs, rungs[2].name, rungs[2].name)


def test_baselines_on_corners():
    train = TaggedSentences([["a", "a", "b", "c"]], [["X", "Y", "Z", "Z"]])
    assert usual_tag(train, [["a", "new"], []]).predicted == [["X", "Z"], []]
    assert window_regression(train, train, [[], ["a"], []]).predicted[::2] == [[], []]
    alike = TaggedSentences([["a", "b"], ["c"]], [["X", "X"], ["X"]])
    assert window_regression(alike, train, [["new", "a"]]).predicted == [["X", "X"]]
    many = TaggedSentences([["a", "b", "c", "d"]], [["X", "Y", "Z", "W"]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert window_regression(many, many, [["a"]]).predicted == [["X"]]
    first, last = window_features(["Ab1", "x"])
    assert "shape=Xx9" in first and "first" in first and "w1=x" in first and "w-1=ab1" in last
