"""Gaps filled, channels scaled, windows cut; parts that share no person; streams to the bit."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sestina import SeriesClassifier, load, metrics
from sestina.config import SignalOptions
from sestina.data.recordings import Recordings
from sestina.data.split import three_parts
from sestina.errors import DataError, ModelError, OptionError
from sestina.signals import Scaling, Windows, filled, window_places
from test_series import waves

NAN = np.nan
FAST = {"hidden": 6, "epochs": 4, "learning_rate": 0.05, "batch_size": 16}


@pytest.mark.parametrize(
    ("fill", "wanted"),
    [
        ("forward", [[9, 1], [9, 1], [2, 3], [2, 3]]),
        ("linear", [[2, 1], [2, 2], [2, 3], [2, 3]]),
        ("value", [[9, 1], [9, 9], [2, 3], [9, 9]]),
    ],
)
def test_gaps_are_filled(fill, wanted):
    row = np.array([[NAN, 1], [NAN, NAN], [2, 3], [NAN, NAN]], np.float32)
    kept = row.copy()
    (found,) = filled([row], SignalOptions(fill=fill, fill_value=9.0))
    assert np.array_equal(found, np.array(wanted)) and found.dtype == np.float32
    assert np.array_equal(row, kept, equal_nan=True)


def test_a_line_needs_a_value():
    with pytest.raises(DataError, match="sequence 1 has no value at all in channel 2"):
        filled([np.zeros((2, 2)), np.array([[1, NAN]] * 2)], SignalOptions(fill="linear"))


@pytest.mark.parametrize("kind", ["standard", "robust", "range", "none"])
def test_scaling(kind):
    rng = np.random.default_rng(0)
    values = rng.normal([5, -2, 7], [3, 0.1, 0], (200, 3)).astype(np.float32)
    scaling = Scaling.fitted([values[:80], values[80:]], kind)
    found = scaling.apply(values)
    assert np.allclose(scaling.undone(found), values, atol=1e-5) and found.dtype == np.float32
    middle, spread = {
        "standard": (found.mean(0), found.std(0)),
        "robust": (np.median(found, 0), np.diff(np.quantile(found, (0.25, 0.75), 0), axis=0)[0]),
        "range": (found.min(0), found.max(0)),
        "none": (found.mean(0) - values.mean(0), [1, 1]),
    }[kind]
    assert np.allclose(middle, 0, atol=1e-4) and np.allclose(spread[:2], 1, atol=1e-4)
    assert np.array_equal(scaling.apply(values[3]), found[3])  # a step alone as in company


@pytest.mark.parametrize("kind", ["standard", "robust", "range"])
def test_channels_are_scaled_whatever_their_unit(kind):
    row = np.random.default_rng(0).normal(size=(1000, 3)).astype(np.float32)
    plain = Scaling.fitted([row], kind).apply(row)
    for unit in (1e-14, 1e30):  # a magnetometer's tesla are as small
        scaled = (row * np.float32(unit)).astype(np.float32)
        assert np.allclose(Scaling.fitted([scaled], kind).apply(scaled), plain, atol=1e-5)
    still = np.full((1000, 1), 0.1, np.float32)
    assert Scaling.fitted([still, still], kind).spread == 1


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.ones((4, 3, 2)) * 1j, "sequence 0 is not an array of numbers: it is complex"),
        (np.ones((4, 3, 2)) * 1e39, "it first (in float32, which ends at 3.4e38)"),
        (np.ones((4, 3, 0)), "sequence 0 has shape (3, 0); expected (T, D)"),
        (np.ones((4, 3)), "put a single sequence into a list"),
    ],
)
def test_what_is_no_series_is_told_apart(X, message):
    with pytest.raises(DataError, match=re.escape(message)):
        SeriesClassifier(**FAST).fit(X, [0, 1, 0, 1])


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 60), st.integers(1, 20), st.floats(0, 0.99))
def test_windows_leave_no_step_out(length, window, overlap):
    places = window_places(length, SignalOptions(window=window, overlap=overlap))
    assert places[0][0] == 0 and places[-1][1] == length
    assert all(stop - start == min(window, length) for start, stop in places)
    assert set(range(length)) == {step for start, stop in places for step in range(start, stop)}
    assert len(set(places)) == len(places)


def test_windows_answer_together():
    options = SignalOptions(window=4, overlap=0.5)
    rows = [np.arange(9)[:, None], np.arange(2)[:, None]]
    windows = Windows.of([9, 2], options)
    assert windows.owners.tolist() == [0, 0, 0, 0, 1]
    assert [piece[0, 0] for piece in windows.cut(rows)] == [0, 2, 4, 5, 0]
    table = np.arange(10.0).reshape(5, 2)
    assert np.array_equal(windows.averaged(table), [[3, 4], [8, 9]])


def test_scaling_is_of_the_training_part_alone(tmp_path):
    x, y = waves()
    net = SeriesClassifier(**FAST).fit(x, y, validation=(x * 100, y))
    assert np.allclose(net.scaling_.centre, x.reshape(-1, 2).mean(0))
    net.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert np.array_equal(again.scaling_.spread, net.scaling_.spread)
    scaled = SeriesClassifier(**FAST).fit(x * 7 + 3, y, validation=(x * 700 + 3, y))
    assert np.allclose(scaled.predict_proba(x * 7 + 3), net.predict_proba(x), atol=1e-4)
    config = tmp_path / "model" / "config.json"
    config.write_text(config.read_text().replace('"centre": [', '"centre": [1.0, ', 1))
    with pytest.raises(ModelError):
        load(tmp_path / "model")


def test_gaps_are_refused_unless_filled():
    x, y = waves()
    x[3, 5, 1] = NAN
    with pytest.raises(DataError, match=r"sequence 3 has a NaN .* at step 5, feature 1; fill or"):
        SeriesClassifier(**FAST).fit(x, y)
    net = SeriesClassifier(**FAST, fill="linear").fit(x, y)
    clean = x.copy()
    clean[3, 5, 1] = x[3, [4, 6], 1].mean()
    assert np.allclose(net.predict_proba(x), net.predict_proba(clean), atol=1e-6)


def test_windows_are_trained_on_and_vote():
    x, y = waves(steps=20)
    net = SeriesClassifier(**FAST, window=8, encoder="gru", pool="max").fit(x, y)
    pieces, windows = net.cut(x[:2])
    assert len(pieces) == 8 and windows.owners.tolist() == [0] * 4 + [1] * 4
    alone = SeriesClassifier.predict_proba(net, pieces)
    assert np.allclose(net.predict_proba(x[:2]), alone.reshape(2, 4, 2).mean(1))
    assert net.score(x, y) > 0.9


def test_a_temperature_is_put_on_what_windows_say_together():
    x, y = waves(steps=20)
    net = SeriesClassifier(**FAST, window=8, encoder="gru").fit(x, y)
    other = np.where(np.arange(len(y)) % 4, y, y[::-1])
    codes = np.array([net.classes_.tolist().index(label) for label in other])
    before, plain = net.predict(x), net.predict_proba(x)
    fit = net.fit_temperature(x, other).calibration_
    assert np.array_equal(net.predict(x), before) and not np.allclose(net.predict_proba(x), plain)
    found = metrics.expected_calibration_error(net.predict_proba(x), codes)
    assert fit.rows == len(x) and fit.error == pytest.approx(found)


def test_several_labels_of_a_series_have_thresholds():
    x, y = waves(steps=20)
    wild = np.arange(len(y)) % 3 == 0
    x[wild, :, 1] *= 9
    labels = [[str(label)] + ["wild"] * int(odd) for label, odd in zip(y, wild, strict=True)]
    net = SeriesClassifier(**{**FAST, "epochs": 12}, window=8, encoder="gru").fit(x, labels)
    rows = net.find_threshold(x, labels, "recall>=0.95", per_label=True)
    assert [row.label for row in rows] == net.classes_.tolist()
    assert all(row.recall >= 0.95 and row.precision > 0.8 for row in rows)


def test_no_person_is_in_two_parts():
    rng = np.random.default_rng(0)
    people = [str(n % 6) for n in range(60)]
    labels = [("a", "b")[int(n)] for n in rng.integers(0, 2, 60)]
    data = Recordings([np.zeros((3, 1), np.float32)] * 60, labels, groups=people, group_name="who")
    for seed in range(4):
        *parts, said = three_parts(data, seed, 0.2)
        groups = [set(part.groups) for part in parts]
        assert all(groups) and not groups[0] & groups[1] and not groups[0] & groups[2]
        assert not groups[1] & groups[2] and sum(map(len, parts)) == 60
        assert "test drawn by who (20 %" in said and "dev drawn by who" in said


def test_a_drawn_validation_part_shares_no_group():
    x, y = waves()
    seen = []

    class Watching(SeriesClassifier):
        def _learn(self, X):
            seen.extend(float(row[0, 1]) for row in X)
            return super()._learn(X)

    groups = np.arange(len(x)) // 8
    x[:, :, 1] = groups[:, None]
    Watching(**{**FAST, "epochs": 1}).fit(x, y, groups=groups)
    assert 0 < len(set(seen)) < 6 and len(seen) == 8 * len(set(seen))  # whole groups left
    with pytest.raises(DataError, match="48 sequences came with 3 groups"):
        SeriesClassifier(**FAST).fit(x, y, groups=[1, 2, 3])


STREAMS = {
    "lstm": {},
    "gru, 2 layers, max, dense": {"encoder": "gru", "layers": 2, "pool": "max", "dense": (4,)},
    "rnn, mean": {"encoder": "rnn", "pool": "mean"},
    "windows": {"window": 6, "overlap": 0.5},
    "windows, gaps": {"window": 5, "overlap": 0.8, "fill": "forward", "pool": "max"},
    "windows, calibrated": {"window": 6, "calibrate": True, "encoder": "gru"},
    "calibrated": {"calibrate": True, "fill": "value", "fill_value": 2.0},
}


@pytest.fixture(scope="module", params=STREAMS)
def streamed(request):
    x, y = waves(steps=17, seed=3)
    options = STREAMS[request.param]
    if "fill" in options:
        x[np.random.default_rng(0).random(x.shape) < 0.2] = NAN
    return SeriesClassifier(**FAST, **options).fit(x, y), x


def test_a_stream_says_the_same_to_the_bit(streamed):
    net, x = streamed
    for row in x[:5]:
        stream = net.stream()
        found = [stream.feed(sample) for sample in row]
        begun = [row[: n + 1] for n in range(len(row))]
        assert np.array_equal(found, net.predict_proba(begun))
        assert np.array_equal(found[-1], net.predict_proba(row[None])[0])


def test_a_stream_stops_and_goes_on(streamed, tmp_path):
    net, x = streamed
    net.save(tmp_path / "model")
    for cut in (0, 3, 9):
        stream, other = net.stream(), load(tmp_path / "model").stream()
        for sample in x[0, :cut]:
            stream.feed(sample)
        np.savez(tmp_path / "state.npz", *stream.state)
        with np.load(tmp_path / "state.npz") as arrays:
            other.state = list(arrays.values())
        after = [stream.feed(sample) for sample in x[0, cut:]]
        assert np.array_equal(after, [other.feed(sample) for sample in x[0, cut:]])
        stream.state = None
        assert np.array_equal(stream.feed(x[1, 0]), net.predict_proba(x[1:2, :1])[0])


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"encoder": "cnn"}, "encoder='cnn' reads a series as a whole; train with one of rnn"),
        ({"bidirectional": True}, "bidirectional=True reads a series from its end, too"),
        ({"pool": "concat"}, "pool='concat' lays three readings side by side"),
        ({"filters": (4,)}, "its convolutions look at the steps that follow; train with filters="),
        ({"fill": "linear"}, "fill='linear' needs the value behind a gap; train with fill='forw"),
    ],
)
def test_models_that_look_ahead_have_no_stream(options, reason):
    net = SeriesClassifier(**{**FAST, "epochs": 1}, **options).fit(*waves())
    with pytest.raises(OptionError, match=reason):
        net.stream()


def test_what_is_no_sample_or_state():
    stream = SeriesClassifier(**{**FAST, "epochs": 1}).fit(*waves()).stream()
    kept = stream.feed([1, 2])
    for sample, message in (
        ("ab", "expected numbers, one a channel"),
        ([1, 2, 3], r"a sample of shape \(3,\) came; expected \(2,\)"),
        ([1, NAN], "channel 2 has no value; train with fill='forward'"),
        ([1, np.inf], "a finite number for each channel"),
    ):
        with pytest.raises(DataError, match=message):
            stream.feed(sample)
    for state in (5, [np.zeros(2)], [np.zeros(3), np.array(1), np.zeros((0, 2)), np.zeros(2)]):
        with pytest.raises(DataError, match="a state"):
            stream.state = state
    assert np.array_equal(stream.probabilities, kept)


@pytest.mark.parametrize("pool", ["last", "max"])
def test_convolutions_stand_before_the_encoder(pool, tmp_path):
    x, y = waves(steps=21)
    options = {"filters": (5, 7), "filter_width": 4, "encoder": "gru", "bidirectional": True}
    net = SeriesClassifier(**{**FAST, "epochs": 12}, **options, pool=pool).fit(x, y)
    assert net.score(*waves(steps=21, seed=1)) > 0.95
    assert net.parameter_counts_["convolutions"] == 5 * (2 * 4 + 1) + 7 * (5 * 4 + 1)
    rows = [row[: 6 + n % 15] for n, row in enumerate(x)]
    together = net.predict_proba(rows)
    alone = np.concatenate([net.predict_proba([row]) for row in rows])
    assert np.allclose(together, alone, atol=2e-6)
    assert np.isfinite(net.predict_proba([np.empty((0, 2)), x[0]])).all()
    net.save(tmp_path / "model")
    assert np.array_equal(load(tmp_path / "model").predict_proba(rows), together)
    with pytest.raises(OptionError, match="encoder='flatten' reads steps as they stand"):
        SeriesClassifier(**FAST, encoder="flatten", filters=(3,)).fit(x, y)
