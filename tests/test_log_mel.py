"""Log-mel features: Kaldi's values, HTK's slopes, speakers' statistics, stacking."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import savgol_filter
from sklearn.base import clone

from sestina.audio.features import LogMel
from sestina.audio.filterbank import FLOOR, log_mel, mel, mel_bands
from sestina.audio.frames import scaled_together, slopes, stacked, with_slopes
from sestina.audio.sound import Sound
from sestina.errors import DataError, OptionError


def speech_like(seconds, rate, seed=0):
    """Noise whose loudness and colour change, with a hum below."""
    rng = np.random.default_rng(seed)
    times = np.arange(round(seconds * rate)) / rate
    loud = 0.05 + 0.2 * np.abs(np.sin(3 * times))
    noise = np.convolve(rng.normal(size=len(times)), [0.5, 0.3, 0.2], mode="same")
    return (loud * noise + 0.02 * np.sin(2 * np.pi * 130 * times) + 0.01).astype(np.float32)


@pytest.mark.parametrize("rate", [8000, 16000])
@pytest.mark.parametrize("bands, frame, hop", [(40, 25.0, 10.0), (23, 25.0, 10.0), (40, 32.0, 8.0)])
def test_values_are_kaldi_s(rate, bands, frame, hop):
    kaldi = pytest.importorskip("kaldi_native_fbank", reason="kaldi-native-fbank is not installed")
    samples = speech_like(2.03, rate)
    options = kaldi.FbankOptions()
    options.frame_opts.samp_freq, options.frame_opts.dither = rate, 0
    options.frame_opts.frame_length_ms, options.frame_opts.frame_shift_ms = frame, hop
    options.mel_opts.num_bins, options.mel_opts.high_freq = bands, 0
    theirs = kaldi.OnlineFbank(options)
    theirs.accept_waveform(rate, samples.tolist())
    theirs.input_finished()
    expected = np.stack([theirs.get_frame(n) for n in range(theirs.num_frames_ready)])
    found = log_mel(samples, rate, bands=bands, frame=frame, hop=hop)
    assert found.shape == expected.shape and found.dtype == np.float32
    assert np.abs(found - expected).max() < 2e-3  # they add up in float32
    assert np.abs(found - expected).mean() < 2e-5


def test_a_tone_is_loudest_in_its_band():
    times = np.arange(8000) / 8000
    middles = np.linspace(mel(20.0), mel(4000.0), 42)[1:-1]
    for hertz in (300.0, 1000.0, 3000.0):
        found = log_mel(np.sin(2 * np.pi * hertz * times).astype(np.float32), 8000)
        assert found[5].argmax() == np.abs(middles - mel(hertz)).argmin()


def test_silence_has_the_least_power():
    assert np.all(log_mel(np.zeros(400, np.float32), 8000) == np.log(np.float32(FLOOR)))


def test_frames_do_not_depend_on_what_follows():
    samples = speech_like(60, 8000)  # more frames than are transformed at once
    whole = log_mel(samples, 8000)
    assert whole.shape == (5998, 40)
    assert np.array_equal(whole[:4096], log_mel(samples[: 4095 * 80 + 200], 8000))
    assert np.allclose(whole[5000:5010], log_mel(samples[400000:400920], 8000), atol=1e-4)


def test_twenty_four_minutes_take_less_than_ten_seconds():
    samples = np.tile(speech_like(60, 8000), 24)
    started = time.perf_counter()
    LogMel().transform([Sound(samples, 8000)])
    assert time.perf_counter() - started < 10


@pytest.mark.parametrize(
    "how, why",
    [
        ({"bands": 120}, "too many"),
        ({"low": 3000, "high": 2000}, "low=3000"),
        ({"high": 5000}, "high <= 4000"),
        ({"hop": 0.01}, "one"),
    ],
)
def test_bands_that_make_no_sense(how, why):
    with pytest.raises(OptionError, match=why):
        log_mel(speech_like(1, 8000), 8000, **how)


def test_every_point_weighs_one_between_the_outer_middles():
    weights = mel_bands(20, 256, 8000, low=0.0)
    at, corners = mel(np.arange(129) * 8000 / 256), np.linspace(mel(0.0), mel(4000.0), 22)
    inside = (at >= corners[1]) & (at <= corners[-2])
    assert weights[inside].sum(axis=1) == pytest.approx(1)


def test_slopes_are_those_of_least_squares():
    frames = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
    expected = savgol_filter(frames, 5, polyorder=1, deriv=1, axis=0, mode="nearest")
    assert slopes(frames) == pytest.approx(expected, abs=1e-5)
    line = np.arange(10, dtype=np.float32)[:, None] * 3
    assert slopes(line)[2:-2] == pytest.approx(3)
    both = with_slopes(frames, 2)
    assert both.shape == (30, 12) and np.array_equal(both[:, 8:], slopes(slopes(frames)))
    assert np.array_equal(slopes(frames[:1]), np.zeros((1, 4)))


def test_speakers_are_scaled_by_all_they_say():
    rng = np.random.default_rng(0)
    rows = [rng.normal(n % 2 * 5, 1 + n % 2, size=(20 + n, 3)).astype(np.float32) for n in range(4)]
    found = scaled_together(rows, ["a", "b", "a", "b"])
    for own in (found[0::2], found[1::2]):
        together = np.concatenate(own)
        assert together.mean(axis=0) == pytest.approx(0, abs=1e-5)
        assert together.std(axis=0) == pytest.approx(1, abs=1e-4)
    assert abs(found[0].mean(axis=0)).max() > 1e-3  # not each by itself
    still = scaled_together([np.full((5, 2), 7, np.float32)], ["a"])[0]
    assert not still.any()
    with pytest.raises(DataError, match="1 speaker came for 4"):
        scaled_together(rows, ["a"])


@settings(max_examples=40, deadline=None)
@given(frames=st.integers(1, 30), stack=st.integers(1, 8), skip=st.integers(1, 5))
def test_steps_hold_the_frames_that_follow(frames, stack, skip):
    rows = np.arange(frames * 2, dtype=np.float32).reshape(frames, 2)
    found = stacked(rows, stack, skip)
    assert found.shape == (-(-frames // skip), 2 * stack)
    for step, row in enumerate(found):
        for k in range(stack):
            assert np.array_equal(row[2 * k : 2 * k + 2], rows[min(step * skip + k, frames - 1)])


def test_the_transformer():
    sounds = [Sound(speech_like(1, 16000, n), 16000) for n in range(3)]
    mel_maker = clone(LogMel(bands=20, stack=2, skip=2, normalise="utterance"))
    rows = mel_maker.fit(sounds).transform(sounds)
    assert [row.shape for row in rows] == [(49, mel_maker.n_features)] * 3
    assert rows[0].dtype == np.float32 and mel_maker.n_features == 120
    alone = mel_maker.transform(sounds[1:2])[0]
    assert np.array_equal(alone, rows[1])  # by utterance, company changes nothing
    by_speaker = LogMel(normalise="speaker").transform(sounds, ["a", "b", "a"])
    assert not np.array_equal(by_speaker[0], LogMel().transform(sounds[:1])[0])
    assert np.array_equal(by_speaker[1], LogMel().transform(sounds[1:2])[0])
    with pytest.raises(OptionError, match="bands=0"):
        LogMel(bands=0).fit()
    with pytest.raises(DataError, match="item 0 is a ndarray"):
        LogMel().transform([np.zeros(8000)])
    silent = Sound(np.full(8000, np.nan, np.float32), 8000)
    with pytest.raises(DataError, match="item 1 has a NaN or infinite value at sample 0"):
        LogMel().transform([sounds[0], silent])
    with pytest.raises(DataError, match="more sounds came than 1 name; give one each"):
        LogMel().transform(sounds, names=["x"])
    with pytest.raises(DataError, match="4 names came for 3 sounds; give one each"):
        LogMel().transform(sounds, names=[*"abcd"])
    with pytest.raises(DataError, match=r"item 0: .*shorter than a frame of 200"):
        LogMel().transform([Sound(np.zeros(80, np.float32), 8000)])
