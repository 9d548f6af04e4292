"""First names: spellings of one name stay together; letters, one-hot or not, tell the gender (C15)."""

from collections import defaultdict

import numpy as np
import pytest

from sestina import OneHotTokens, SeriesClassifier, TextClassifier, load, load_dataset
from sestina.data.names import family, family_parts
from sestina.errors import OptionError


@pytest.mark.parametrize(
    "names",
    [
        "Ann Anne Anna Hannah",
        "Catherine Katherine Kathryn Cathryn Katharine",
        "Aiden Aidan Ayden Aydin",
        "Stephen Steven Stefan",
        "Jeffrey Geoffrey Jeffery",
        "Christina Kristina Kristine",
        "Philip Phillip Filip",
        "Sean Shaun Shawn",
        "Zachary Zackary Zachery",
        "Cecilia Sesilia",
        "Alex Aleks",
        "Eric Erik Erick",
        "Isaac Isac",
        "René Rene",
    ],
)
def test_spellings_of_one_name_are_one_family(names):
    assert len(set(map(family, names.split()))) == 1


def test_other_names_are_other_families():
    names = "Heather Jean Martin Robert Rupert Carla Clara Peter Mark Brad Bart".split()
    assert len(set(map(family, names))) == len(names)
    assert family("") == family("!") == "" and family("Ioyu") == "a"


def test_the_shipped_names_are_parted_by_family():
    found = load_dataset("first-names")
    assert found.parts == family_parts(found.texts)
    parts = defaultdict(set)
    for name, part in zip(found.texts, found.parts, strict=True):
        parts[family(name)].add(part)
    assert len(parts) > 4_000 and all(len(some) == 1 for some in parts.values())
    shares = {part: found.parts.count(part) / len(found) for part in ("train", "dev", "test")}
    assert shares["train"] == pytest.approx(0.8, abs=0.04)
    assert shares["dev"] == pytest.approx(0.1, abs=0.03)
    # a name's part does not depend on the list that it stands in
    assert family_parts(found.texts[::-7]) == found.parts[::-7]


def made(count, seed):
    """Names of six letters; the last tells the gender."""
    letters = np.random.default_rng(seed).choice(list("abcdefgh"), size=(count, 6))
    return ["".join(row) for row in letters], ["F" if row[-1] in "abcd" else "M" for row in letters]


ONE_HOT = {
    "vectors": "one-hot", "encoder": "rnn", "level": "character", "hidden": 16,
    "learning_rate": 0.01, "epochs": 20, "mark_end": True,
}  # fmt: skip


def test_one_hot_letters_are_learnt(tmp_path):
    net = TextClassifier(**ONE_HOT, seed=0).fit(*made(400, 0))
    assert net.score(*made(200, 1)) > 0.97
    table = net.network_.embedding.weight.detach().numpy()
    size = len(net.vocabulary_)
    assert np.array_equal(table, np.eye(size)[:, 1:]) and size == 3 + 8
    assert net.n_trainable_parameters_ == 16 * (size - 1 + 16 + 1) + 17
    net.save(tmp_path / "model")
    names, _ = made(30, 2)
    assert np.array_equal(load(tmp_path / "model").predict_proba(names), net.predict_proba(names))
    assert load(tmp_path / "model").vectors == "one-hot"


def test_one_hot_vectors_are_those_of_the_series():
    """The classifier that looks one-hot rows up is the one that is fed them, weight for weight."""
    names, labels = made(60, 0)
    net = TextClassifier(**{**ONE_HOT, "mark_end": False, "epochs": 2}, seed=0).fit(names, labels)
    alphabet = net.vocabulary_.tokens[2:]
    rows = OneHotTokens(alphabet=("?", *alphabet)).fit(names).transform(names)
    series = SeriesClassifier(scaling="none", encoder="rnn", hidden=16, epochs=1).fit(rows, labels)
    weights = net.network_.state_dict()
    series.network_.load_state_dict({k: v for k, v in weights.items() if "embedding" not in k})
    assert np.allclose(series.predict_proba(rows), net.predict_proba(names), atol=1e-6)


def test_nothing_is_learned_of_shuffled_names():
    names, labels = made(400, 0)
    noise = np.random.default_rng(3).permutation(labels).tolist()
    net = TextClassifier(**{**ONE_HOT, "epochs": 6}, seed=0).fit(names, noise)
    assert 0.35 < net.score(*made(200, 1)) < 0.65


def test_one_hot_vectors_of_many_words_are_refused():
    texts = [f"w{n}" for n in range(5000)]
    with pytest.raises(OptionError, match=r"makes a matrix of 4,502 × 4,501; set vocabulary to"):
        TextClassifier(vectors="one-hot").fit(texts, [n % 2 for n in range(5000)])


def test_letters_of_real_names_tell_their_gender():
    """Better than the last letters alone can, on names whose families were not seen."""
    found = load_dataset("first-names")
    train, test = found.part("train"), found.part("test")
    train, test = (part.take(range(0, len(part), 5)) for part in (train, test))
    net = TextClassifier(**{**ONE_HOT, "hidden": 32, "epochs": 6}, lowercase=False)
    assert net.fit(train.texts, train.labels).score(test.texts, test.labels) > 0.78
