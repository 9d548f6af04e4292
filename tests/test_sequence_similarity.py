"""Siamese encoders: alike where they should be, at chance where there is nothing to learn."""

import numpy as np
import pytest
from scipy.stats import binom

from sestina import SequenceSimilarity, load
from sestina.errors import DataError, OptionError
from sestina.estimators.pairing import best_threshold

FAST = {"hidden": 12, "size": 8, "embedding": 8, "epochs": 25, "learning_rate": 0.02, "patience": 8}
TOPICS = {"sea": "wave tide salt fish net gull".split(), "hill": "rock peak goat snow path crag".split()}  # fmt: skip


def texts(count, seed):
    """Texts of three words of one topic among three of none, and their topics."""
    rng = np.random.default_rng(seed)
    names = rng.choice(list(TOPICS), count)
    rows = [[*rng.choice(TOPICS[name], 3), *rng.choice(list("abcdefgh"), 3)] for name in names]
    return [" ".join(rng.permutation(row)) for row in rows], names


def pairs(count, seed):
    one, first = texts(count, seed)
    two, second = texts(count, seed + 1000)
    return list(zip(one, two, strict=True)), (first == second).astype(int)


def waves(count, seed):
    """Noisy waves of one of two frequencies, of any length and phase, and which one."""
    rng = np.random.default_rng(seed)
    kinds = rng.integers(0, 2, count)
    return [
        (np.sin((0.5 + 0.7 * kind) * np.arange(rng.integers(20, 30)) + rng.uniform(0, 6))
         + rng.normal(0, 0.1))[:, None] for kind in kinds
    ], kinds  # fmt: skip


@pytest.mark.parametrize("encoder", ["mean", "rnn", "gru", "lstm"])
def test_texts_of_one_topic_are_alike(encoder):
    net = SequenceSimilarity(**FAST, encoder=encoder).fit(*pairs(400, 1))
    assert net.score(*pairs(300, 2)) >= 0.95
    sea, hill = "wave a tide b salt", "rock c peak d goat"
    near, far = net.similarity([sea, sea], ["gull e fish f net", hill])
    assert near > net.threshold_ > far and -1 <= far and near <= 1


@pytest.mark.parametrize(
    "options", [{"measure": "exp-l1"}, {"loss": "regression"}, {"loss": "regression", "measure": "exp-l1"}]
)  # fmt: skip
def test_measures_and_losses(options):
    net = SequenceSimilarity(**FAST, **options, encoder="gru").fit(*pairs(400, 1))
    assert net.score(*pairs(300, 2)) >= 0.95


def test_numeric_sequences_of_one_kind_are_alike():
    one, first = waves(400, 1)
    two, second = waves(400, 2)
    net = SequenceSimilarity(**FAST, encoder="gru", pool="max")
    net.fit(list(zip(one, two, strict=True)), first == second)
    a, kinds = waves(200, 3)
    b, others = waves(200, 4)
    assert net.score(list(zip(a, b, strict=True)), kinds == others) >= 0.95
    assert net.embed(a).shape == (200, 8) and net.embed(a).dtype == np.float32


def test_shuffled_pairs_teach_nothing():
    rows, labels = pairs(400, 1)
    net = SequenceSimilarity(**FAST, encoder="gru")
    net.fit(rows, np.random.default_rng(0).permutation(labels))
    low, high = binom.ppf([5e-5, 1 - 5e-5], 500, 0.5) / 500
    assert low <= net.score(*pairs(500, 2)) <= high


def test_graded_similarities():
    """The share of words in common, of texts of four, is foretold."""
    rng = np.random.default_rng(1)
    rows, labels = [], []
    for _ in range(800):
        common = int(rng.integers(0, 5))
        words = rng.permutation(list("abcdefghijkl"))
        rows.append((" ".join(words[:4]), " ".join([*words[:common], *words[4 : 8 - common]])))
        labels.append(common / 4)
    net = SequenceSimilarity(
        **{**FAST, "size": 16, "epochs": 60, "patience": 20}, loss="regression", encoder="mean"
    )
    found = net.fit(rows[:600], labels[:600]).similarity(*zip(*rows[600:], strict=True))
    assert np.corrcoef(found, labels[600:])[0, 1] > 0.9


def test_both_sides_are_read_alike():
    net = SequenceSimilarity(**{**FAST, "epochs": 2}).fit(*pairs(80, 1))
    one, two = zip(*pairs(40, 2)[0], strict=True)
    assert np.allclose(net.similarity(one, two), net.similarity(two, one), atol=1e-6)
    assert np.allclose(net.similarity(one, one), 1)
    vectors = [net.embed(side).astype(float) for side in (one, two)]
    norms = [np.linalg.norm(v, axis=1) for v in vectors]
    assert np.allclose(
        (vectors[0] * vectors[1]).sum(1) / norms[0] / norms[1], net.similarity(one, two)
    )


def test_vectors_of_words_and_folders(tmp_path):
    net = SequenceSimilarity(vectors="glove-50d", epochs=2).fit(*pairs(80, 1))
    assert net.n_features_in_ == 50 and any("found" in note for note in net.notes_)
    net.save(tmp_path / "model")
    again = load(tmp_path / "model")
    one, two = zip(*pairs(40, 2)[0], strict=True)
    assert np.array_equal(again.similarity(one, two), net.similarity(one, two))
    assert again.threshold_ == net.threshold_


def test_numeric_folders(tmp_path):
    rows, kinds = waves(40, 1)
    net = SequenceSimilarity(**{**FAST, "epochs": 1}).fit(
        list(zip(rows[:20], rows[20:], strict=True)), kinds[:20]
    )
    net.save(tmp_path / "model")
    assert np.array_equal(load(tmp_path / "model").embed(rows), net.embed(rows))
    with pytest.raises(DataError, match="2 features"):
        net.embed([np.zeros((5, 2))])


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ([], [], "no pairs"),
        (3, [], "list of pairs"),
        (["ab", "cd"], [0, 1], "two sequences"),
        ([("a", "b", "c")], [0], "two sequences"),
        ([("a", "b")] * 4, [0, 1], "one each"),
        ([("a", "b")] * 4, ["x"] * 4, "numbers"),
        ([("a", "b")] * 4, [0, 1, 2, 3], "between 0 and 1"),
        ([("a", "b")] * 4, [0, 1, 0.5, 1], "regression"),
        ([("a", 3)] * 30, [0, 1] * 15, "3"),
    ],
)
def test_pairs_that_do_not_do(X, y, message):
    with pytest.raises(DataError, match=message):
        SequenceSimilarity(**FAST).fit(X, y)


def test_options_that_do_not_do():
    for options in ({"measure": "euclid"}, {"margin": 0}, {"encoder": "bag"}, {"loss": "triplet"}):
        with pytest.raises(OptionError):
            SequenceSimilarity(**options).fit(*pairs(40, 1))


def test_the_threshold_is_the_best():
    found = np.array([0.9, 0.1, 0.8, 0.3, 0.2])
    assert best_threshold(found, np.array([1, 0, 1, 0, 0])) == pytest.approx(0.55)
    assert best_threshold(found, np.zeros(5)) > 0.9
    assert best_threshold(found, np.ones(5)) < 0.1
