"""Sounds: files read and written, refused, resampled."""

import struct
import warnings
import zipfile

import numpy as np
import pytest

from sestina.audio.sound import Sound, as_sound, to_integers
from sestina.errors import DataError, DataWarning, MissingExtra, OptionError

soundfile = pytest.importorskip("soundfile", reason="the extra 'audio' is not installed")

from sestina.audio import sound_files  # noqa: E402
from sestina.audio.sound_files import read_sound, write_sound  # noqa: E402


def tone(hertz=440.0, seconds=0.5, rate=8000, loud=0.5):
    times = np.arange(round(seconds * rate)) / rate
    return Sound((loud * np.sin(2 * np.pi * hertz * times)).astype(np.float32), rate)


def refused(path, *facts, **how):
    with pytest.raises(DataError) as caught:
        read_sound(path, **how)
    message = str(caught.value)
    assert not [fact for fact in facts if fact not in message], message
    assert "\n" not in message


@pytest.mark.parametrize("ending", sound_files.ENDINGS)
def test_sixteen_bits_come_back_as_they_were(tmp_path, ending):
    integers = np.random.default_rng(0).integers(-32768, 32767, 4000).astype(np.int16)
    path = tmp_path / f"noise{ending}"
    soundfile.write(path, integers, 16000, subtype="PCM_16")
    found = read_sound(path)
    assert found.rate == 16000 and found.seconds == 0.25
    assert np.array_equal(found.samples * 32768, integers)
    write_sound(tmp_path / "again.wav", found)
    again, _ = soundfile.read(tmp_path / "again.wav", dtype="int16")
    assert np.array_equal(again, integers)
    assert [p.name for p in tmp_path.iterdir() if "partial" in p.name] == []


def test_a_span_and_an_archive(tmp_path):
    whole = tone(seconds=2.0)
    write_sound(tmp_path / "a.wav", whole)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.write(tmp_path / "a.wav", "in/a.wav")
    part = read_sound(tmp_path / "all.zip", member="in/a.wav", start=0.5, stop=1.25)
    write_sound(tmp_path / "b.wav", Sound(whole.samples[4000:10000], 8000))
    assert np.array_equal(part.samples, read_sound(tmp_path / "b.wav").samples)
    assert len(read_sound(tmp_path / "a.wav", start=1.5, stop=2.05).samples) == 4000
    refused(tmp_path / "a.wav", "lasts 2.00 s", "1.5 to 2.5", start=1.5, stop=2.5)
    refused(tmp_path / "a.wav", "2 to 2.05", start=2.0, stop=2.05)
    refused(tmp_path / "all.zip", "has no file 'b.wav'", member="b.wav")
    refused(tmp_path / "a.wav", "zip archive", member="b.wav")


def test_one_of_several_channels(tmp_path):
    left, right = tone(300).samples, tone(500).samples
    soundfile.write(tmp_path / "two.wav", np.stack([left, right], 1), 8000, subtype="FLOAT")
    refused(tmp_path / "two.wav", "2 channels", "channel=1", "'mean'")
    assert np.array_equal(read_sound(tmp_path / "two.wav", channel=2).samples, right)
    assert np.allclose(read_sound(tmp_path / "two.wav", channel="mean").samples, (left + right) / 2)
    refused(tmp_path / "two.wav", "none 3", channel=3)
    with pytest.raises(OptionError, match="'left' is unknown"):
        read_sound(tmp_path / "two.wav", channel="left")


def test_what_is_no_sound_is_refused(put, tmp_path):
    write_sound(tmp_path / "good.wav", tone())
    good = (tmp_path / "good.wav").read_bytes()
    refused(tmp_path / "none.wav", "there is no file")
    refused(put("text.wav", "not a sound at all, but some text\n"), "expected WAV or FLAC")
    refused(put("zero.wav", b""), "no sound")
    refused(put("cut.wav", good[:3000]), "truncated", "2,956 of 8,000 bytes")
    refused(put("empty.wav", good[:40] + struct.pack("<I", 0)), "empty")
    soundfile.write(tmp_path / "long.flac", tone(seconds=3).samples, 8000)
    flac = (tmp_path / "long.flac").read_bytes()
    for cut in (flac[:20], flac[:5000], flac[:-1], flac[:9000] + bytes(50) + flac[9050:]):
        refused(put("cut.flac", cut), "cut.flac is truncated or damaged", "copy it anew")
    soundfile.write(tmp_path / "nan.wav", np.array([0, np.nan, 0]), 8000, subtype="FLOAT")
    refused(tmp_path / "nan.wav", "NaN", "sample 1")
    refused(tmp_path, "is a folder")


def test_a_clipped_sound_is_told(tmp_path):
    loud = Sound(np.clip(tone(loud=1.5).samples, -1, 1), 8000)
    write_sound(tmp_path / "loud.wav", loud)
    with pytest.warns(DataWarning, match=r"is clipped: 2,\d\d\d samples"):
        read_sound(tmp_path / "loud.wav")
    write_sound(tmp_path / "full.wav", tone(loud=1.0))  # reaches full scale, but is not cut
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_sound(tmp_path / "full.wav")


def test_too_loud_a_sound_is_not_written(tmp_path):
    with pytest.raises(DataError, match=r"peak 1\.5 came"):
        write_sound(tmp_path / "loud.wav", tone(hertz=500, loud=1.5))
    assert not list(tmp_path.iterdir())
    assert to_integers(np.array([1.0, -1.0], np.float32)).tolist() == [32767, -32768]


def test_resampling_keeps_what_fits_and_leaves_out_what_does_not():
    low, high = tone(440, rate=16000), tone(6000, rate=16000)
    found = low.at(8000)
    assert found.rate == 8000 and len(found.samples) == 4000
    inner = slice(200, -200)  # the filter needs a few samples on either side
    assert np.abs(found.samples - tone(440).samples)[inner].max() < 2e-3
    assert np.abs(high.at(8000).samples[inner]).max() < 5e-3
    assert len(tone(rate=11025, seconds=1).at(8000).samples) == 8000
    assert low.at(16000) is low
    with pytest.raises(DataError, match="rate=0"):
        low.at(0)


@pytest.mark.parametrize("rate", ["8000", None, [8000], np.inf, np.nan, 8000.5, -1])
def test_a_rate_is_a_whole_number(tmp_path, rate):
    with pytest.raises(DataError, match="makes no sense; give samples a second"):
        tone().at(rate)
    with pytest.raises(DataError, match="expected samples a second"):
        as_sound([0.5], rate)
    write_sound(tmp_path / "a.wav", tone())
    if rate is not None:  # which takes the file's
        refused(tmp_path / "a.wav", "makes no sense", rate=rate)
    assert tone().at(4000.0).rate == 4000


@pytest.mark.parametrize(
    "bad, rate, why",
    [
        ([[1.0]], 8000, "shape"),
        ([], 8000, "empty"),
        ([0.0, np.inf], 8000, "sample 1"),
        (np.array([0, 9000], np.int16), 8000, r"integers \(int16\).*by 32,768"),
        (["a"], 8000, "expected numbers"),
        ([0.5], 0, "rate=0"),
        ([0.5], 8000.5, "rate=8000.5"),
    ],
)
def test_numbers_that_are_no_sound(bad, rate, why):
    with pytest.raises(DataError, match=why):
        as_sound(bad, rate)


def test_without_soundfile_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "soundfile", None)
    with pytest.raises(MissingExtra, match=r"sestina\[audio\]"):
        read_sound(tmp_path / "a.wav")
