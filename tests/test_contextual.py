"""Words in context: the layers of language models, as features of taggers and classifiers."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sestina import (
    ContextualSentenceVectors,
    ContextualVectors,
    LanguageModel,
    SequenceTagger,
    TextClassifier,
    WordVectors,
    load,
)
from sestina.errors import DataError, ModelError, OptionError
from sestina.nn.contextual import ContextualEmbedding, turned
from test_pretraining import TEXTS, topics

SIZES = {"embedding": 6, "hidden": 6, "layers": 2}
WORDS = [text.split() for text in TEXTS if text]
LABELS = ["warm", "cold", "cold", "warm", "warm"] * 8
READING = {"lowercase": False, "html": False}


def trained(texts=None, **options):
    settings = {"epochs": 1, "learning_rate": 0.02, "batch_size": 8, "seed": 1, **SIZES, **options}
    return LanguageModel(**settings).fit([text for text in texts or TEXTS if text])


@pytest.fixture(scope="module")
def pair():
    return [trained(), trained(backwards=True)]


@pytest.fixture(scope="module")
def folder(pair, tmp_path_factory):
    place = tmp_path_factory.mktemp("models")
    for model, name in zip(pair, ("forward", "backward"), strict=True):
        model.save(place / name)
    return place


# A model that reads backwards.


@pytest.mark.parametrize("running", [False, True])
def test_backwards_is_forwards_over_turned_texts(running):
    texts = [text for text in TEXTS if text]
    around = [" ".join(reversed(text.split())) for text in texts]
    around = around[::-1] if running else around
    options = {"running": running, "validation_fraction": 0.0, "epochs": 2, "tbptt": 5}
    backward, forward = trained(**options, backwards=True), trained(around, **options)
    assert backward.vocabulary_ == forward.vocabulary_
    assert [row["loss"] for row in backward.history_] == [row["loss"] for row in forward.history_]
    assert backward.score_text("red blue green") == forward.score_text("green blue red")
    assert backward.perplexity(texts) == forward.perplexity(around)


def test_what_reads_backwards_does_not_write(pair):
    for verb in (lambda: pair[1].generate("red"), lambda: pair[1].complete("red")):
        with pytest.raises(OptionError, match="reads texts from their ends"):
            verb()


# The vectors.


def test_layers_are_what_the_models_come_to_word_by_word(pair):
    """The oracle is a stream, which takes single steps and knows no padding."""
    sentence = "green blue unheard red".split()
    vectors = ContextualVectors(pair).fit()
    (found,) = vectors.transform([sentence])
    assert (found.shape, found.dtype) == ((4, 3, 12), np.float32)
    assert (vectors.depth_, vectors.features_, vectors.unknown_) == (3, 12, 1)
    for half, model in enumerate(pair):
        stream = model.stream()
        for place in range(4)[:: -1 if half else 1]:
            stream.feed(sentence[place])
            row = found[place, :, 6 * half : 6 * half + 6]
            assert np.allclose(row[1:], stream.state[0], atol=1e-6)
            table = model.network_.embedding.weight.detach().numpy()
            assert np.array_equal(row[0], table[model.vocabulary_[sentence[place]]])


def test_a_word_has_other_vectors_in_other_contexts(pair):
    one, two = ContextualVectors(pair).fit_transform([["red", "blue"], ["green", "blue"]])
    assert np.array_equal(one[1, 0], two[1, 0])  # the word itself
    assert np.abs(one[1, 1:, :6] - two[1, 1:, :6]).max() > 1e-4  # what stands before it
    assert np.array_equal(one[1, :, 6:], two[1, :, 6:])  # what stands behind it: nothing
    one, two = ContextualVectors(pair).fit_transform([["red", "blue"], ["red", "green"]])
    assert np.abs(one[0, 1:, 6:] - two[0, 1:, 6:]).max() > 1e-4


def test_company_and_padding_change_nothing(pair):
    vectors = ContextualVectors(pair).fit()
    sentences = [["red"] * n + ["blue"] for n in (0, 1, 5, 70, 2)] + [[]]
    together = vectors.transform(sentences)
    for sentence, found in zip(sentences, together, strict=True):
        assert found.shape == (len(sentence), 3, 12)
        if sentence:
            assert np.allclose(vectors.transform([sentence])[0], found, atol=1e-6)


def test_one_model_gives_half_and_texts_are_cut_into_words(pair):
    text = "red, blue: green"
    whole = ContextualVectors(pair).fit_transform([text])[0]
    for half, model in enumerate(pair):
        own = ContextualVectors(model).fit().transform([["red", ",", "blue", ":", "green"]])[0]
        assert own.shape == (5, 3, 6)
        assert np.array_equal(own, whole[:, :, 6 * half : 6 * half + 6])


def test_words_are_cleaned_as_the_models_texts_were():
    model = trained(["Red 17 blue", "red 23 blue"] * 9, lowercase=True, digits="zero", layers=1)
    one, two = ContextualVectors(model).fit_transform([["RED", "99"], ["red", "00"]])
    assert np.array_equal(one, two)
    assert one.shape == (2, 2, 6)


def test_a_word_s_vector_is_no_layer_where_its_size_is_another():
    model = trained(embedding=5, hidden=7, layers=1)
    assert ContextualVectors(model).fit().transform([["red"]])[0].shape == (1, 1, 7)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 7), min_size=1, max_size=6))
def test_turning_round_twice_is_nothing(lengths):
    lengths = torch.tensor(lengths)
    rows = torch.arange(len(lengths) * 7 * 2).reshape(-1, 7, 2) + 1
    real = torch.arange(7) < lengths[:, None]
    once = turned(rows, lengths)
    assert torch.equal(turned(once, lengths), rows * real[:, :, None])
    assert all(once[n, 0, 0] == rows[n, s - 1, 0] for n, s in enumerate(lengths.tolist()) if s)


def test_the_mix_is_peters_sum_and_alone_is_trained(pair):
    module = ContextualVectors(pair).fit()._module
    assert not module.train().training and not any(part.training for part in module.modules())
    trained = {name for name, weight in module.named_parameters() if weight.requires_grad}
    assert trained == {"weights", "gamma"}
    with torch.no_grad():
        module.weights.copy_(torch.tensor([0.0, 1.0, 3.0]))
        module.gamma.fill_(1.7)
    ids, lengths = torch.tensor([[3, 4, 5], [6, 0, 0]]), torch.tensor([3, 1])
    layers, mixed = module.layers(ids, lengths), module(ids, lengths)
    shares = np.exp([0.0, 1.0, 3.0]) / np.exp([0.0, 1.0, 3.0]).sum()
    by_hand = 1.7 * sum(share * layers[:, :, n] for n, share in enumerate(shares))
    assert torch.allclose(mixed, by_hand, atol=1e-6) and not mixed[1, 1:].any()
    mixed.square().sum().backward()
    assert module.weights.grad.abs().min() > 0 and module.gamma.grad.abs() > 0
    assert isinstance(module, ContextualEmbedding)


# Taggers and classifiers.


def test_a_tagger_with_words_in_context(pair, folder, tmp_path):
    tags = [[word[0] for word in sentence] for sentence in WORDS]
    options = {"hidden": 6, "embedding": 4, "epochs": 2, "seed": 1}
    before = [weight.clone() for weight in pair[0].network_.parameters()]
    net = SequenceTagger(contextual=str(folder), **options).fit(WORDS, tags)
    plain = SequenceTagger(**options).fit(WORDS, tags)
    more = net.n_trainable_parameters_ - plain.n_trainable_parameters_
    assert more == 4 + 2 * 4 * 6 * 12  # three layers and gamma; 12 features more into each way
    assert net.parameter_counts_["contextual"] > 500
    assert all(map(torch.equal, before, pair[0].network_.parameters()))
    for own, model in zip(net.network_.contextual.ways, pair, strict=True):
        for layer, theirs in zip(own.layers, model.network_.encoder, strict=True):
            assert all(map(torch.equal, layer.parameters(), theirs.parameters()))
    assert net.network_.contextual.weights.abs().max() > 0  # it has learnt
    net.save(tmp_path / "net")
    sentences = [*WORDS, ["unheard", "RED"], []]
    again = load(tmp_path / "net")
    assert again.predict(sentences) == net.predict(sentences)
    for one, two in zip(again.predict_proba(sentences), net.predict_proba(sentences), strict=True):
        assert np.array_equal(one, two)
    same = SequenceTagger(contextual=ContextualVectors(pair), **options).fit(WORDS, tags)
    assert same.predict(sentences) == net.predict(sentences)
    same.save(tmp_path / "same")
    assert load(tmp_path / "same").predict(sentences) == net.predict(sentences)


@pytest.mark.parametrize("encoder", ["lstm", "cnn", "mean"])
@pytest.mark.parametrize("beside", [False, True])
def test_a_classifier_with_words_in_context(pair, tmp_path, encoder, beside):
    vectors = WordVectors(["red", "blue"], [[1.0, 0.0], [0.0, 1.0]]) if beside else None
    net = TextClassifier(
        encoder=encoder, contextual=pair, vectors=vectors, hidden=5, epochs=2, seed=1, **READING
    ).fit(TEXTS, LABELS)
    assert (net.network_.embedding is None) != beside
    assert net.vocabulary_ == pair[0].vocabulary_ and net.direction_ is None
    assert net.reading().endswith(f"{len(net.vocabulary_)}, that of a language model")
    assert not net.contexts_.networks  # which the network has copies of
    net.save(tmp_path / "net")
    again = load(tmp_path / "net")
    assert np.array_equal(again.predict_proba(TEXTS), net.predict_proba(TEXTS))
    alone = np.concatenate([net.predict_proba([text]) for text in TEXTS[:5]])
    assert np.allclose(net.predict_proba(TEXTS[:5]), alone, atol=1e-6)
    trained = {name for name, weight in net.network_.named_parameters() if weight.requires_grad}
    assert not [name for name in trained if name.startswith("contextual.ways")]


def test_vectors_beside_may_have_words_of_their_own(pair, tmp_path):
    """A word that only the vectors know is UNK to the language models, and has its vector."""
    vectors = WordVectors(["red", "teal"], [[1.0, 0.0], [0.0, 1.0]])
    options = {"encoder": "mean", "contextual": pair, "epochs": 1, "seed": 1, **READING}
    net = TextClassifier(**options, vectors=vectors, vector_words=9).fit(TEXTS, LABELS)
    assert net.vocabulary_.tokens == (*pair[0].vocabulary_, "teal")
    assert net.contexts_.vocabulary == pair[0].vocabulary_
    teal, blue = net.vocabulary_["teal"], net.vocabulary_["blue"]
    ids = torch.tensor([[teal, blue], [1, blue]])
    one, other = net.network_.contextual(ids, torch.tensor([2, 2])).detach()
    assert torch.equal(one, other)
    assert net.network_.embedding(ids)[0, 0].tolist() == [0, 1]
    net.save(tmp_path / "net")
    again = load(tmp_path / "net")
    assert again.contexts_.vocabulary == pair[0].vocabulary_
    texts = ["teal red", *TEXTS]
    assert np.array_equal(again.predict_proba(texts), net.predict_proba(texts))


def test_training_with_them_is_resumed_to_the_bit(pair, tmp_path):
    options = {"encoder": "gru", "hidden": 5, "contextual": pair, "patience": None, **READING}
    whole = TextClassifier(**options, epochs=4).fit(TEXTS, LABELS)
    TextClassifier(**options, epochs=2).fit(TEXTS, LABELS, checkpoint=tmp_path)
    again = TextClassifier(**options, epochs=4)
    again.fit(TEXTS, LABELS, checkpoint=tmp_path, resume=True)
    assert np.array_equal(again.predict_proba(TEXTS), whole.predict_proba(TEXTS))
    with pytest.raises(OptionError, match="begun with contextual="):
        other = TextClassifier(**{**options, "contextual": pair[0]})
        other.fit(TEXTS, LABELS, checkpoint=tmp_path, resume=True)


def test_encoders_without_words_do_without_them(pair):
    for encoder in ("bag", "flatten"):
        net = TextClassifier(encoder=encoder, contextual=pair, epochs=1).fit(TEXTS, LABELS)
        assert any(note.startswith("contextual does nothing with encoder=") for note in net.notes_)
        assert net.contexts_ is None


def test_reading_without_labels_helps_where_there_is_something_to_read():
    def gained(mixed):
        unlabelled, _ = topics(500, 8, seed=1, mixed=mixed)
        own = {"embedding": 16, "hidden": 16, "layers": 1, "batch_size": 20, "dropout": 0.0}
        models = [trained(unlabelled, **own, epochs=8, backwards=b) for b in (False, True)]
        net = TextClassifier(
            encoder="mean", contextual=models, epochs=40, learning_rate=0.02,
            validation_fraction=0.0, **READING,
        )  # fmt: skip
        return net.fit(*topics(4, 3, seed=2)).score(*topics(400, 3, seed=3))

    assert gained(mixed=False) >= 0.9
    assert gained(mixed=True) <= 0.7


# Sentences.


def test_a_sentence_is_the_mean_of_its_words(pair, folder):
    words = ContextualVectors(pair).fit_transform(["red blue", "green"])
    for layer in ("mean", "top"):
        sentences = ContextualSentenceVectors(str(folder), layer=layer).fit()
        found = sentences.transform(["red blue", "green", ""])
        wanted = [w.mean(axis=(0, 1)) if layer == "mean" else w[:, -1].mean(axis=0) for w in words]
        assert np.allclose(found[:2], wanted, atol=1e-6) and found.shape == (3, 12)
        assert sentences.empty_ == 1 and not found[2].any()
    with pytest.raises(OptionError, match="layer='bottom' is unknown; known are mean, top"):
        ContextualSentenceVectors(pair, layer="bottom").fit()
    with pytest.raises(DataError, match="no sentences came"):
        sentences.transform([])
    with pytest.raises(DataError, match="one string came"):
        sentences.transform("red")


def test_sentences_in_a_pipeline(folder):
    pipeline = make_pipeline(ContextualSentenceVectors(folder), LogisticRegression(max_iter=500))
    assert pipeline.fit(TEXTS, LABELS).score(TEXTS, LABELS) > 0.5


# What does not do.


def test_models_that_do_not_go_together(pair, tmp_path):
    other = trained(["other words", "stand here"] * 9, backwards=True)
    for models, fact in [
        ([pair[0], pair[0]], "has two models that read forwards"),
        ([pair[1], pair[1]], "has two models that read backwards"),
        ([pair[0], trained(hidden=7, backwards=True)], "has hidden=6, what is to go with it h"),
        ([pair[0], trained(lowercase=True, backwards=True)], "has lowercase=False"),
        ([pair[0], other], "have different vocabularies"),
        ([*pair, pair[0]], "has 3 language models"),
        ([], "has 0 language models"),
        (trained(level="character", layers=1), "has level='character'; expected a model of words"),
        (LanguageModel(), "is not fitted"),
        (7, "models=7 is no language model"),
    ]:
        with pytest.raises(OptionError, match=fact):
            ContextualVectors(models).fit()
    net = SequenceTagger(epochs=1).fit([["a"], ["b"]] * 9, [["x"], ["y"]] * 9)
    net.save(tmp_path / "forward")
    (tmp_path / "empty").mkdir()
    for place, error, fact in [
        (tmp_path, DataError, "holds a SequenceTagger"),
        (tmp_path / "empty", ModelError, "is no language model, and has none in forward/ and"),
        (tmp_path / "none", ModelError, "there is no model folder"),
    ]:
        with pytest.raises(error, match=fact):
            SequenceTagger(contextual=place).fit(WORDS, WORDS)


def test_a_classifier_must_read_texts_alike(pair):
    with pytest.raises(OptionError, match="contextual has lowercase=False, html=False"):
        TextClassifier(contextual=pair).fit(TEXTS, LABELS)
    with pytest.raises(OptionError, match="contextual has mark_start=False"):
        TextClassifier(contextual=pair, mark_start=True, **READING).fit(TEXTS, LABELS)
    with pytest.raises(OptionError, match="hashed n-grams have no contextual vectors"):
        net = TextClassifier(contextual=pair, encoder="mean", word_ngrams=2, **READING)
        net.fit(TEXTS, LABELS)
