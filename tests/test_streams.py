"""Taggers and classifiers fed step by step say what they say of whole sequences."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sestina import SequenceTagger, TextClassifier, WordVectors, load
from sestina.data import toy
from sestina.errors import DataError, OptionError

SMALL = {"hidden": 6, "embedding": 5, "epochs": 1, "learning_rate": 0.02, "seed": 2}
CAUSAL = {**SMALL, "bidirectional": False, "crf": False}
SENTENCES, TAGS = toy.grammar(60, seed=1)
VECTORS = WordVectors(["the", "dog", "zebra"], np.eye(3))
TAGGERS = {
    "lstm": {},
    "gru, 2 layers, dense": {"encoder": "gru", "layers": 2, "dense": (4,)},
    "rnn, characters, vectors": {"encoder": "rnn", "characters": "cnn", "vectors": VECTORS},
    "characters": {"characters": "rnn", "character_hidden": 3},
}
CLASSIFIERS = {
    "last": {},
    "max": {"encoder": "gru", "pool": "max", "layers": 2},
    "mean": {"encoder": "rnn", "pool": "mean", "mark_start": True, "dense": (4,)},
    "characters": {"level": "character"},
}
TEXTS = [" ".join(words) for words in SENTENCES]
LABELS = [["long", "short", "middle"][n % 3] for n in range(60)]


@pytest.fixture(scope="module", params=TAGGERS)
def tagger(request):
    return SequenceTagger(**CAUSAL, **TAGGERS[request.param]).fit(SENTENCES, TAGS)


@pytest.fixture(scope="module", params=CLASSIFIERS)
def classifier(request):
    return TextClassifier(**SMALL, **CLASSIFIERS[request.param]).fit(TEXTS, LABELS)


def test_a_tagger_says_the_same_word_by_word(tagger):
    stream = tagger.stream()
    for words in [*SENTENCES[:6], ["unheard", "", "THE"]]:
        stream.state = None
        whole = tagger.predict_proba([words])[0]
        found = [stream.feed(word) for word in words]
        assert np.allclose(found, whole, atol=1e-5)
        assert np.array_equal(stream.probabilities, found[-1])
        put = tagger.classes_[np.argmax(found, axis=1)].tolist()
        assert put == tagger.predict([words])[0]


def test_a_classifier_says_the_same_of_every_beginning(classifier):
    for text in [*TEXTS[:4], "", "unheard of"]:
        stream = classifier.stream()
        tokens = list(text) if classifier.level == "character" else text.split()
        join = "" if classifier.level == "character" else " "
        begun = [join.join(tokens[:n]).strip() for n in range(len(tokens) + 1)]
        found = [stream.probabilities, *(stream.feed(token) for token in tokens)]
        whole = classifier.predict_proba(begun)
        kept = [n for n, one in enumerate(begun) if one == join.join(tokens[:n])]
        assert np.allclose(np.array(found)[kept], whole[kept], atol=1e-5)


def stops_and_goes_on(net, tmp_path):
    stream = net.stream()
    for word in "the long dog".split():
        stream.feed(word)
    np.savez(tmp_path / "state.npz", *stream.state)
    after = [stream.feed(word) for word in "sees a bird".split()]
    net.save(tmp_path / "model")
    other = load(tmp_path / "model").stream()
    with np.load(tmp_path / "state.npz") as arrays:
        other.state = list(arrays.values())
    again = [other.feed(word) for word in "sees a bird".split()]
    assert np.array_equal(after, again)
    stream.state = None
    assert np.array_equal(stream.feed("the"), net.stream().feed("the"))


def test_a_tagger_s_stream_stops_and_goes_on(tagger, tmp_path):
    stops_and_goes_on(tagger, tmp_path)


def test_a_classifier_s_stream_stops_and_goes_on(classifier, tmp_path):
    stops_and_goes_on(classifier, tmp_path)


def test_a_state_is_a_copy(tagger):
    stream = tagger.stream()
    stream.feed("the")
    kept = stream.state
    before = [array.copy() for array in kept]
    stream.feed("dog")
    assert all(map(np.array_equal, kept, before))
    stream.state = kept
    kept[0][:] = 9.0
    assert np.allclose(stream.state[0], before[0])


@settings(deadline=None, max_examples=25)
@given(st.lists(st.sampled_from("the a dog sees run what".split()), max_size=8), st.integers(0, 8))
def test_where_a_stream_is_cut_does_not_matter(words, cut):
    net = cached()
    whole, parted = net.stream(), net.stream()
    one = [whole.feed(word) for word in words]
    two = [parted.feed(word) for word in words[:cut]]
    other = net.stream()
    other.state = parted.state
    two += [other.feed(word) for word in words[cut:]]
    assert np.array_equal(np.array(one), np.array(two))


def cached(found=[]):  # noqa: B006 one net for all examples
    if not found:
        found.append(SequenceTagger(**CAUSAL).fit(SENTENCES, TAGS))
    return found[0]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "bidirectional=True reads a sentence from its end, too"),
        ({"bidirectional": False}, "crf=True tags sentences as a whole; train with crf=False"),
    ],
)
def test_taggers_that_look_ahead_have_no_stream(options, reason):
    net = SequenceTagger(**SMALL, **options).fit(SENTENCES, TAGS)
    with pytest.raises(OptionError, match=reason):
        net.stream()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"encoder": "cnn"}, "encoder='cnn' reads a text as a whole; train with one of rnn, gru"),
        ({"encoder": "mean"}, "encoder='mean' reads a text as a whole"),
        ({"bidirectional": True}, "bidirectional=True reads a text from its end"),
        ({"mark_end": True}, "mark_end=True puts EOS behind a text, whose end"),
    ],
)
def test_classifiers_that_look_ahead_have_no_stream(options, reason):
    net = TextClassifier(**SMALL, **options).fit(TEXTS, LABELS)
    with pytest.raises(OptionError, match=reason):
        net.stream()


def test_what_is_no_step_or_state(tagger):
    stream = tagger.stream()
    with pytest.raises(DataError, match=r"3 \(int\) came; expected a word"):
        stream.feed(3)
    kept = stream.feed("the")
    with pytest.raises(DataError, match=r"a state of shapes \[\(2, 2\)\] came; this model's is"):
        stream.state = [np.zeros((2, 2))]
    for state in (5, "ab", [np.full((2, 2), np.nan)] * 2, [np.array([["a"] * 2] * 2)] * 2):
        with pytest.raises(DataError, match="a state"):
            stream.state = state
    assert np.array_equal(stream.probabilities, kept)


def test_thresholds_and_temperature_hold_in_a_stream():
    net = TextClassifier(**SMALL, calibrate=True).fit(TEXTS, LABELS)
    net.temperature_ = 2.5
    stream = net.stream()
    for word in SENTENCES[0]:
        found = stream.feed(word)
    assert np.allclose(found, net.predict_proba([TEXTS[0]])[0], atol=1e-5)
