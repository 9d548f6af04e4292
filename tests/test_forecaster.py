"""Forecasters: toys with known answers, nothing of the future, streams, folders, clear errors."""

import json

import numpy as np
import pytest

from sestina import SeriesForecaster, load, metrics
from sestina.errors import DataError, Diverged, ModelError, OptionError
from sestina.estimators import forecaster
from sestina.train import Run

SMALL = {"horizon": 4, "context": 12, "hidden": 6, "epochs": 3, "seed": 1}
LEARNS = {"hidden": 16, "context": 24, "epochs": 30, "learning_rate": 0.01}
WAVE = np.sin(np.arange(300) * 2 * np.pi / 12)
WALKS = [np.random.default_rng(n).normal(size=(60 + n, 2)).cumsum(axis=0) for n in range(4)]


def autoregression(steps, seed):
    """x_t = 1.2 x_(t−1) − 0.5 x_(t−2) + e_t: the best forecast of a step errs by e, of variance 1."""
    noise = np.random.default_rng(seed).normal(size=steps)
    x = np.zeros(steps)
    for t in range(2, steps):
        x[t] = 1.2 * x[t - 1] - 0.5 * x[t - 2] + noise[t]
    return x, noise


def one_step_errors(net, series, begin):
    stream = net.stream()
    found = [stream.feed(value) for value in series]
    return np.array([row[0, 0] for row in found[begin - 1 : -1]]) - series[begin:]


@pytest.mark.parametrize("encoder", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("differences", [True, False])
def test_a_wave_is_foretold(encoder, differences):
    net = SeriesForecaster(horizon=6, encoder=encoder, differences=differences, **LEARNS).fit(WAVE)
    assert net.score(WAVE) > -0.06  # a step of the wave is 1


def test_a_wave_of_known_season_needs_no_learning():
    net = SeriesForecaster(horizon=6, season=12, **{**LEARNS, "epochs": 1}).fit(WAVE)
    assert np.abs(net.predict(WAVE)[0, :, 0] - np.sin(np.arange(300, 306) * np.pi / 6)).max() < 0.5
    learned = SeriesForecaster(horizon=6, season=12, decay=True, **LEARNS).fit(WAVE)
    assert learned.score(WAVE) > -0.02


def test_an_autoregression_is_foretold_nearly_as_well_as_it_can_be():
    x, noise = autoregression(3000, seed=1)
    net = SeriesForecaster(horizon=1, loss="squared", **{**LEARNS, "learning_rate": 3e-3})
    errors = one_step_errors(net.fit(x[:2000]), x, 2000)
    best, last = np.mean(noise[2000:] ** 2), np.mean(np.diff(x[2000:]) ** 2)
    assert best * 0.97 < np.mean(errors**2) < 1.1 * best < 0.8 * last


def test_noise_cannot_be_foretold():
    noise = np.random.default_rng(5).normal(size=3000)
    net = SeriesForecaster(horizon=1, loss="squared", **{**LEARNS, "learning_rate": 3e-3})
    errors = one_step_errors(net.fit(noise[:2000]), noise, 2000)
    chance = np.mean(noise[2000:] ** 2)
    assert 0.98 * chance < np.mean(errors**2) < 1.15 * chance


def test_what_is_known_ahead_helps():
    rng = np.random.default_rng(2)
    known = rng.integers(0, 2, size=(400, 1)).astype(float)
    series = 3 * known[:, 0] + 0.1 * rng.normal(size=400)
    net = SeriesForecaster(horizon=3, **LEARNS).fit(series, covariates=known)
    blind = SeriesForecaster(horizon=3, **LEARNS).fit(series)
    assert net.score(series, covariates=known) > -0.2
    assert blind.score(series) < -0.5
    ahead = np.vstack([known, [[1], [0], [1]]])
    assert np.abs(net.predict(series, ahead)[0, :, 0] - [3, 0, 3]).max() < 0.6


def test_quantiles_hold_what_they_should():
    noise = np.random.default_rng(3).normal(size=2500)
    net = SeriesForecaster(horizon=2, quantiles=(0.9, 0.1, 0.5), **LEARNS).fit(noise[:1500])
    pasts = [noise[:end] for end in range(1500, 2498)]
    put = net.predict(pasts)
    assert put.shape == (998, 2, 1, 3) and (np.diff(put, axis=-1) >= 0).all()
    true = np.stack([noise[end : end + 2, None] for end in range(1500, 2498)])
    assert 0.72 < metrics.coverage(true, put) < 0.88
    assert np.array_equal(net.predict_point(pasts), put[..., 1])


def test_the_future_is_not_read():
    """Neither a forecast nor the training windows hear of what comes after them."""
    net = SeriesForecaster(**SMALL).fit(WALKS)
    other = [row.copy() for row in WALKS]
    for row in other:
        row[40:] = 1e6
    for one, two in zip(WALKS, other, strict=True):
        assert np.array_equal(net.predict([one[:40]]), net.predict([two[:40]]))
    late = [row.copy() for row in WALKS]
    for row in late:  # 6 of 60 steps are held out, 4 at least
        row[-4:] += 1e3
    again = SeriesForecaster(**SMALL, patience=None).fit(late)
    first = SeriesForecaster(**SMALL, patience=None).fit(WALKS)
    assert [row["loss"] for row in again.history_] == [row["loss"] for row in first.history_]
    assert again.lens_.values.spread.tolist() == first.lens_.values.spread.tolist()


@pytest.mark.parametrize("encoder", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("pool", ["last", "max", "mean"])
def test_a_stream_says_the_same_to_the_bit(encoder, pool):
    options = {"layers": 2, "quantiles": (0.2, 0.8), "dense": (5,)}
    net = SeriesForecaster(**SMALL, **options, encoder=encoder, pool=pool).fit(WALKS)
    stream = net.stream()
    found = [stream.feed(sample) for sample in WALKS[0]]
    assert all(row is None for row in found[:11])
    whole = net.predict([WALKS[0][:end] for end in range(12, 61)])
    assert np.array_equal(np.stack(found[11:]), whole)


def test_a_stream_stops_and_goes_on():
    known = [np.arange(len(row) + 4)[:, None] % 7 for row in WALKS]
    net = SeriesForecaster(**SMALL).fit(WALKS, covariates=[row[:-4] for row in known])
    stream, other = net.stream(), net.stream()
    for t in range(30):
        stream.feed(WALKS[0][t], known[0][t : t + 5])
    other.state = stream.state
    for t in range(30, 40):
        ahead = known[0][t : t + 5]
        assert np.array_equal(stream.feed(WALKS[0][t], ahead), other.feed(WALKS[0][t], ahead))
    assert np.array_equal(
        other.feed(WALKS[0][40], known[0][40:45]), net.predict(WALKS[0][:41], known[0][:45])[0]
    )
    stream.state = None
    assert stream.feed(WALKS[0][0], known[0][:5]) is None
    for bad, message in (
        ((WALKS[0][0],), "covariates"),
        (([1.0], known[0][:5]), "1 value"),
        (([1.0, np.nan], known[0][:5]), "missing"),
        ((WALKS[0][0], known[0][:4]), "shape"),
    ):
        with pytest.raises(DataError, match=message):
            stream.feed(*bad)
    with pytest.raises(DataError, match="state"):
        stream.state = [np.zeros((2, 5))]


def test_numbers_that_no_forecast_can_be_made_of():
    wave = np.sin(np.arange(60))
    with pytest.raises(DataError, match=r"values up to 1e\+300; expected 1e\+150 at most"):
        SeriesForecaster(horizon=2).fit(wave / np.abs(wave).max() * 1e300)
    with pytest.raises(DataError, match="it is complex; give its real and imaginary parts"):
        SeriesForecaster(horizon=2).fit(wave * 1j)


def test_series_may_come_in_several_forms():
    wave = WAVE[:80]
    one = SeriesForecaster(**SMALL).fit(wave)
    for form in (list(wave), wave[:, None], [wave], wave[None, :, None]):
        again = SeriesForecaster(**SMALL).fit(form)
        assert np.array_equal(again.predict(form), one.predict(wave))


def test_scale_and_level_do_not_matter():
    """A window is read by its own mean and deviation, in double precision."""
    net = SeriesForecaster(**SMALL).fit(WAVE)
    far = SeriesForecaster(**SMALL).fit(1e9 + 1e3 * WAVE)
    assert np.allclose((far.predict(1e9 + 1e3 * WAVE) - 1e9) / 1e3, net.predict(WAVE), atol=1e-3)


@pytest.mark.parametrize("options", [{"scaling": None}, {"scaling": "training"}, {"scaling": "mean-absolute"}, {"linear": False}, {"encoder": "cnn"}, {"encoder": "flatten"}, {"bidirectional": True}, {"recurrent_dropout": 0.2}])  # fmt: skip
def test_variants_learn(options):
    net = SeriesForecaster(horizon=6, **LEARNS, **options).fit(WAVE)
    assert net.score(WAVE) > -0.15


def test_short_series_are_left_out_and_said():
    net = SeriesForecaster(**SMALL).fit([*WALKS, WALKS[0][:10], WALKS[0][:18]])
    assert any("left out 1 of 6 series" in note for note in net.notes_)
    assert any("1 series too short to hold out" in note for note in net.notes_)


def test_refitted_it_knows_what_only_the_held_out_end_tells():
    rng = np.random.default_rng(4)
    known = rng.integers(0, 2, size=(500, 1)) * (np.arange(500) >= 420)[:, None].astype(float)
    series = 3 * known[:, 0] + 0.1 * rng.normal(size=500)
    ahead = np.vstack([known, [[1], [0], [1]]])
    options = {"horizon": 3, "differences": False, "validation_fraction": 0.16, "patience": None}
    nets = [SeriesForecaster(**{**LEARNS, **options}, refit=refit).fit(series, covariates=known)
            for refit in (False, True)]  # fmt: skip
    blind, net = (np.abs(one.predict(series, ahead)[0, :, 0] - [3, 0, 3]).max() for one in nets)
    assert net < 0.6 and blind > 1
    assert nets[0].history_[0]["validation_loss"] == nets[1].history_[0]["validation_loss"]
    assert "held-out steps too" in nets[1].notes_[-1] and not nets[0].notes_


def test_a_refit_changes_nothing_where_all_was_trained_on():
    options = {**SMALL, "validation_fraction": 0.0}
    once, again = (SeriesForecaster(**options, refit=refit).fit(WALKS) for refit in (False, True))
    assert np.array_equal(once.predict(WALKS), again.predict(WALKS)) and not again.notes_


@pytest.mark.parametrize("how", ["Ctrl-C", "an explosion"])
def test_a_refit_that_fails_leaves_the_network_of_before(how, monkeypatch):
    calls = []

    def train(problem, options):
        calls.append(options.epochs)
        if how == "Ctrl-C":
            return Run([], 0, interrupted=True)
        raise Diverged("the loss is no number")

    monkeypatch.setattr(forecaster, "train", train)
    net = SeriesForecaster(**SMALL, refit=True)
    if how == "Ctrl-C":
        with pytest.raises(KeyboardInterrupt):
            net.fit(WALKS)
    else:
        net.fit(WALKS)
    plain = SeriesForecaster(**SMALL).fit(WALKS)
    assert np.array_equal(net.predict(WALKS), plain.predict(WALKS))
    assert "the network of before is kept" in net.notes_[-1] and calls == [plain.best_epoch_]


def test_validation_may_be_given():
    net = SeriesForecaster(**SMALL).fit(WALKS[:3], validation=WALKS[3])
    assert "validation_mase" in net.history_[0]
    bare = SeriesForecaster(**SMALL, validation_fraction=0.0).fit(WALKS)
    assert "validation_mase" not in bare.history_[0]


def test_a_checkpoint_goes_on_to_the_same_bits(tmp_path):
    whole = SeriesForecaster(**{**SMALL, "epochs": 6}).fit(WALKS)
    SeriesForecaster(**SMALL).fit(WALKS, checkpoint=tmp_path)
    again = SeriesForecaster(**{**SMALL, "epochs": 6}).fit(WALKS, checkpoint=tmp_path, resume=True)
    assert np.array_equal(again.predict(WALKS), whole.predict(WALKS))


@pytest.mark.parametrize(
    ("series", "message"),
    [
        ([], "no series came"),
        ("abc", "expected series"),
        (WAVE[:10], "expected 16"),
        (WAVE[:16], "hold out its end"),
        ([WALKS[0], WAVE], "1 variable"),
        (np.r_[WAVE, np.nan], "step 300"),
        ([["a"] * 40], "not an array of numbers"),
        (np.zeros((2, 3, 4, 5)), "shape"),
        ([np.zeros((3, 0))], "shape"),
    ],
)
def test_series_that_do_not_do(series, message):
    with pytest.raises(DataError, match=message):
        SeriesForecaster(**SMALL).fit(series)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"horizon": 0}, "horizon"),
        ({"quantiles": (0.5, 1.0)}, "quantiles"),
        ({"quantiles": ("a",)}, "numbers"),
        ({"quantiles": (0.5, 0.5)}, "twice"),
        ({"season": 24}, "season"),
        ({"encoder": "bag"}, "encoder"),
        ({"loss": "cubic"}, "loss"),
    ],
)
def test_options_that_do_not_do(options, message):
    with pytest.raises(OptionError, match=message):
        SeriesForecaster(**{**SMALL, **options}).fit(WALKS)


def test_what_is_asked_must_fit_what_was_learnt():
    known = [np.ones((len(row), 1)) * np.arange(len(row))[:, None] for row in WALKS]
    net = SeriesForecaster(**SMALL).fit(WALKS, covariates=known)
    for arguments, message in (
        ((WALKS,), "no covariates"),
        ((WALKS, known), "the 4 ahead"),
        ((WALKS, known[:2]), "for 2 series"),
        ((WALKS[0][:5], np.ones((9, 1))), "12"),
        ((WAVE, np.ones((304, 1))), "1 variable"),
        ((WALKS[0], np.ones((64, 2))), "2 columns"),
    ):
        with pytest.raises(DataError, match=message):
            net.predict(*arguments)


def test_a_stranger_s_folder_is_checked(tmp_path):
    SeriesForecaster(**SMALL).fit(WALKS).save(tmp_path / "model")
    assert load(tmp_path / "model").context_ == 12
    config = tmp_path / "model" / "config.json"
    head = json.loads(config.read_text())
    head["learned"]["lens"][0] = [1.0]
    config.write_text(json.dumps(head))
    with pytest.raises(ModelError):
        load(tmp_path / "model")


def test_measures():
    true, put = np.array([[[1.0], [3.0]]]), np.array([[[2.0], [3.0]]])
    past = np.array([[0.0], [2.0], [1.0], [3.0]])
    assert metrics.naive_error(past) == pytest.approx([5 / 3])
    assert metrics.naive_error(past, 2) == pytest.approx([1.0])
    assert metrics.naive_error(np.ones((9, 1))) == pytest.approx([1.0])
    assert metrics.mase(true, put, np.array([[2.0]])) == pytest.approx(0.25)
    assert metrics.smape(true, put) == pytest.approx(100 / 3)
    assert metrics.smape(np.zeros(3), np.zeros(3)) == 0
    bands = np.stack([true - 1, true + 2], axis=-1)
    assert metrics.coverage(true, bands) == 1 and metrics.coverage(true + 3, bands) == 0
    assert metrics.quantile_loss(true, bands, (0.1, 0.9)) == pytest.approx((0.1 * 1 + 0.1 * 2) / 2)
