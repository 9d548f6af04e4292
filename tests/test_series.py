"""SeriesClassifier: numbers over time, of equal or unequal length."""

import numpy as np
import pytest

from sestina import SeriesClassifier, load
from sestina.config import ENCODERS
from sestina.errors import DataError, DataWarning, ModelError, OptionError

FAST = {"hidden": 6, "epochs": 15, "learning_rate": 0.05, "batch_size": 16}
READERS = [name for name in ENCODERS if name != "bag"]


def waves(count=48, steps=12, features=2, seed=0):
    """Rising and falling series with noise, and their labels."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    slope = np.where(labels, 1.0, -1.0)[:, None, None]
    x = slope * np.linspace(-1, 1, steps)[:, None] + 0.1 * rng.normal(size=(count, steps, features))
    return x, np.array(["falls", "rises"])[labels]


def ragged(x, seed=0):
    rng = np.random.default_rng(seed)
    return [row[: rng.integers(6, len(row) + 1)] for row in x]


@pytest.mark.parametrize("encoder", READERS)
def test_every_encoder_reads_series(encoder, tmp_path):
    x, y = waves()
    net = SeriesClassifier(**FAST, encoder=encoder).fit(x, y)
    if encoder != "mean":  # the mean of a wave is zero, whichever way it goes
        assert net.score(*waves(seed=1)) > 0.95
    assert net.n_features_in_ == 2
    net.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert type(again) is SeriesClassifier and again.n_features_in_ == 2
    assert np.array_equal(again.predict_proba(x), net.predict_proba(x))


def test_lists_arrays_and_types_agree():
    x, y = waves()
    wanted = SeriesClassifier(**FAST).fit(x, y).predict_proba(x)
    for same in (list(x), x.tolist(), x.astype(np.float32), tuple(x)):
        net = SeriesClassifier(**FAST).fit(same, y.tolist())
        assert np.array_equal(net.predict_proba(same), wanted)


@pytest.mark.parametrize("encoder", READERS)
def test_lengths_may_differ(encoder):
    x, y = waves(steps=16)
    rows = ragged(x)
    net = SeriesClassifier(**FAST, encoder=encoder).fit(rows, y)
    together = net.predict_proba(rows)
    alone = np.concatenate([net.predict_proba([row]) for row in rows])
    assert np.allclose(together, alone, atol=2e-6)
    assert np.isfinite(net.predict_proba([np.empty((0, 2)), rows[0]])).all()


FLATTEN = {"encoder": "flatten", "epochs": 15, "learning_rate": 0.05, "batch_size": 16}
CUT = "cut {} of {} to 12 steps, the length of the longest in training; an encoder other than"


def test_flatten_says_what_it_cuts_of_validation_and_new_series():
    (x, y), (longer, _) = waves(), waves(steps=15)
    mixed = [longer[0], x[1], longer[2]]
    net = SeriesClassifier(**FLATTEN)
    notes = net.fit(x, y, validation=(mixed, y[:3])).notes_
    assert len(notes) == 1 and notes[0].startswith("validation: " + CUT.format(2, "3 series"))
    for predict in (net.predict, net.predict_proba, lambda rows: net.score(rows, y[:3])):
        with pytest.warns(DataWarning, match=CUT.format(2, "3 series")) as caught:
            predict(mixed)
        assert len(caught) == 1
    with pytest.warns(DataWarning, match=CUT.format(1, "1 series")):
        kept = net.predict_proba(mixed[:1])
    assert np.array_equal(kept, net.predict_proba([mixed[0][:12]]))  # the end is what goes
    assert net.fit(x, y, validation=(x, y)).notes_ == []
    assert SeriesClassifier(**FAST).fit(x, y, validation=(mixed, y[:3])).notes_ == []


def test_flatten_says_what_it_cuts_of_the_series_it_held_out_itself():
    x, y = waves(steps=16)
    rows = [x[0], *x[1:, :12]]  # one long series, which some seed holds out
    net = SeriesClassifier(**{**FLATTEN, "epochs": 1}, validation_fraction=0.5)
    notes = [net.set_params(seed=seed).fit(rows, y).notes_ for seed in range(6)]
    said = [note for note in notes if note]
    assert 0 < len(said) < len(notes)
    assert all(note[0].startswith("validation: cut 1 of 24 series to 12 steps") for note in said)


@pytest.mark.parametrize("encoder", ["cnn", "rnn", "gru", "lstm"])
def test_zeros_that_belong_to_a_series_are_no_padding(encoder):
    x, y = waves()
    net = SeriesClassifier(**FAST, encoder=encoder).fit(x, y)
    longer = np.concatenate([x, np.zeros((len(x), 5, 2))], axis=1)
    assert not np.array_equal(net.predict_proba(longer), net.predict_proba(x))


def test_several_labels():
    x, y = waves()
    loud = np.arange(len(x)) % 3 == 0
    x = x * np.where(loud, 3.0, 1.0)[:, None, None]
    rows = [[name, "loud"] if n else [name] for name, n in zip(y, loud, strict=True)]
    net = SeriesClassifier(**{**FAST, "epochs": 60}, encoder="gru", pool="max").fit(x, rows)
    assert net.classes_.tolist() == ["falls", "loud", "rises"]
    assert net.score(x, rows) > 0.9
    assert net.predict(x[:1]) == [sorted(rows[0])]


X, Y = waves(count=6)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([row[:, : 1 + (n == 2)] for n, row in enumerate(X)], "sequence 2 has 2 features, the fi"),
        (np.where(np.arange(12)[:, None] == 3, np.nan, X), "sequence 0 has a NaN .* at step 3"),
        (np.where(np.arange(12)[:, None] == 4, np.inf, X), "sequence 0 has a NaN .* at step 4"),
        (X[:, :, 0], r"sequence 0 has shape \(12,\); expected \(T, D\)"),
        (["some", "words", "in", "a", "list", "!"], "sequence 0 is not an array of numbers"),
        ([[["a", "b"]]] * 6, "sequence 0 is not an array of numbers"),
        ([], "no sequences came"),
        (X[:5], "5 sequences came with 6 labels"),
    ],
    ids=["features", "nan", "inf", "flat", "words", "strings", "none", "fewer"],
)
def test_refusals(x, message):
    with pytest.raises(DataError, match=message):
        SeriesClassifier(**FAST).fit(x, [] if len(x) == 0 else Y)


def test_refusals_after_fit():
    net = SeriesClassifier(**FAST).fit(*waves())
    with pytest.raises(DataError, match="have 3 features, those of the training had 2"):
        net.predict(np.ones((1, 4, 3)))
    with pytest.raises(DataError, match="NaN"):
        net.predict(np.full((1, 4, 2), np.nan))


def test_a_bag_of_numbers_is_refused():
    with pytest.raises(OptionError, match="encoder='bag' counts tokens"):
        SeriesClassifier(encoder="bag").fit(*waves())


def test_a_changed_folder_is_refused(tmp_path):
    net = SeriesClassifier(**FAST).fit(*waves())
    net.save(tmp_path / "model")
    path = tmp_path / "model" / "config.json"
    text = path.read_text()
    assert '"n_features_in": 2' in text
    path.write_text(text.replace('"n_features_in": 2', '"n_features_in": 3'))
    with pytest.raises(ModelError, match="does not fit this version"):
        load(tmp_path / "model")
