"""The report of a recogniser: which utterances it shows, how they look, sound and are marked."""

import base64
import io
import re
import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("soundfile", reason="the extra 'audio' is not installed")
pytest.importorskip("altair", reason="the extra 'report' is not installed")
pytest.importorskip("vl_convert", reason="the extra 'report' is not installed")

from sestina import BridgeRecognizer
from sestina.audio.features import LogMel
from sestina.audio.filterbank import mel_bands
from sestina.audio.frames import stacked, unstacked
from sestina.audio.sound import Sound
from sestina.audio.sound_files import soundfile, write_sound
from sestina.audio.twins import spoken_twins
from sestina.errors import DataWarning
from sestina.inspect import charts, prompts, recognition_report, spectrogram
from sestina.inspect.recognition_ladder import climb_recognition
from sestina.recognition.errors import aligned_words, word_errors
from test_cli_recognise import written
from test_report import outline

MAKER = {"bands": 12, "hop": 20}
TINY = {"planes": 3, "stack": 3, "skip": 2, "hidden": 8, "reduced": 8, "filters": (2,),
        "filter_width": 3, "layers": 1, "feedback_layers": 1, "epochs": 1, "seed": 0}  # fmt: skip
ALONE = {"kd": 0.0, "dr": 0.0, "lstm3": 0.0}


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    maker = LogMel(**MAKER).fit()
    folder = written(tmp_path_factory.mktemp("speech") / "far", 36)
    found = spoken_twins(folder, maker, "clean", "sdm")
    return maker, found.three(0, 0.1)[:3]


def fitted(parts, **options):
    train, dev, _ = parts[1]
    net = BridgeRecognizer(**{**TINY, **options})
    given = (dev.clean, dev.frames, dev.texts)
    return net.fit(train.clean, train.frames, train.texts, validation=given)


def page_of(net, parts, put):
    maker, (train, dev, test) = parts
    rungs = climb_recognition(net, train, test)
    rungs[-1].put[:] = put
    told = ("<b>far</b>, sdm", "as given", ["one beats two"], ["a note"])
    return recognition_report.render_recognition(net, rungs, maker, (train, dev, test), told)


@pytest.fixture(scope="module")
def taught(parts):
    """A page of a student with a teacher, the prompts on it, in order, and what it has heard."""
    net, test = fitted(parts), parts[1][2]
    heard = list(test.texts)
    heard[1] = f"so & so <i>{heard[1]}</i>"  # the worst
    return page_of(net, parts, heard), prompts.prompts_of(net, test, heard, parts[0])


def contents(html, kind):
    return [base64.b64decode(one) for one in re.findall(rf"data:{kind};base64,([^\"]+)\"", html)]


def picture(content):
    """The rows of colours of a PNG, checked piece by piece."""
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    pieces, at = {}, 8
    while at < len(content):
        (size,) = struct.unpack(">I", content[at : at + 4])
        kind, data = content[at + 4 : at + 8], content[at + 8 : at + 8 + size]
        assert struct.unpack(">I", content[at + 8 + size : at + 12 + size])[0] == zlib.crc32(
            kind + data
        )
        pieces[kind], at = data, at + 12 + size
    columns, rows = struct.unpack(">2I", pieces[b"IHDR"][:8])
    assert len(pieces[b"PLTE"]) == 768 and list(pieces)[-1] == b"IEND"
    lines = np.frombuffer(zlib.decompress(pieces[b"IDAT"]), np.uint8).reshape(rows, columns + 1)
    assert not lines[:, 0].any()
    return lines[:, 1:]


def test_the_page_shows_plays_and_marks_three_prompts(parts, taught):
    html, shown = taught
    found = outline(html)
    tags = [tag for tag, _ in found.seen]
    assert not found.wrong and not found.open and len(found.ids) == len(set(found.ids))
    assert "script" not in tags and not re.search(r"(src|href)=\"(?!data:|#)", html)
    assert "<b>far" not in html and "&lt;b&gt;far&lt;/b&gt;, sdm" in html
    players = [at for tag, at in found.seen if tag == "audio"]
    assert len(players) == 6 and all("controls" in at and at["aria-label"] for at in players)
    assert html.count("<b>&amp;</b><small>too many</small>") == 1
    true = shown[-1].said
    assert f"<b>&lt;i&gt;{true}&lt;/i&gt;</b><small>for <ins>{true}</ins></small>" in html
    assert "<i>" not in html
    drawn = [at for _, at in found.seen if at.get("role") == "img"]
    assert all(at["aria-label"] for at in drawn)
    words = " ".join(found.words)
    for told in ("Best:", "Median:", "Worst:", "0 word errors in 1 word; CER 0.000",
                 "4 word errors in 1 word", "95 % interval", "Validation CER",
                 "Bridge between the reduced features", "How far gradients reach"):  # fmt: skip
        assert told in words, told
    assert "--denoise 1" in words and "Denoised" not in words
    assert len(contents(html, "image/png")) == 2 * 6  # for the light and the dark page


def test_the_sounds_are_those_of_the_files(parts, taught):
    html, shown = taught
    test = parts[1][2]
    sounds = [soundfile().read(io.BytesIO(one)) for one in contents(html, "audio/wav")]
    assert len({one.name for one in shown}) == 3
    for place, one in enumerate(shown):
        n = test.called.index(one.name)
        for side, row in enumerate((test.near[n], test.rows[n])):
            samples, rate = sounds[2 * place + side]
            assert rate == 8000 and np.array_equal(samples, row.sound().samples)


@pytest.mark.usefixtures("valid_charts")
def test_pictures_have_a_row_for_each_band_and_one_scale(parts):
    net = fitted(parts, **ALONE, denoise=1.0)
    maker, (_, _, test) = parts
    shown = prompts.prompts_of(net, test, net.predict(test.frames), maker)
    html = recognition_report._prompts(shown, maker)
    assert [list(one.levels) for one in shown] == [["clean", "noisy", "denoised"]] * 3
    assert "Denoised" in html and "--denoise 1" not in html
    seen = [picture(one) for one in contents(html, "image/png")]
    assert len(seen) == 2 * 9 and max(one.max() for one in seen) == 255
    assert sum(one.max() == 255 for one in seen) < len(seen)  # one scale, not each its own
    loudest = max(levels.max() for one in shown for levels in one.levels.values())
    for levels, light, dark in zip(
        (levels for one in shown for levels in one.levels.values()), seen[::2], seen[1::2],
        strict=True,
    ):  # fmt: skip
        assert light.shape == levels.T.shape == (12, len(levels)) and np.array_equal(light, dark)
        wanted = 255 * np.clip(1 + (levels.T[::-1] - loudest) / 60, 0, 1)
        assert np.abs(light - wanted).max() <= 0.51


def test_what_is_denoised_is_told_in_the_levels_of_the_clean_sound(parts, monkeypatch):
    maker, (_, _, test) = parts
    net, alone = fitted(parts, **ALONE, denoise=1.0), test.take([0])
    perfect = stacked(alone.clean[0], net.stack, net.skip)
    monkeypatch.setattr(BridgeRecognizer, "denoised", lambda self, X: [perfect])
    (one,) = prompts.prompts_of(net, alone, alone.texts, maker)
    assert np.allclose(one.levels["denoised"], one.levels["clean"], atol=0.01)
    assert np.abs(one.levels["noisy"] - one.levels["clean"]).max() > 1


def test_the_prompts_are_the_best_the_median_and_the_worst():
    true = ["aaaa", "bbbb", "cccc", "dddd", "eeee"]
    put = ["aaxx", "", "cccc", "dddx", "eexx"]
    assert prompts.chosen_prompts(true, put) == {"Best": 2, "Median": 0, "Worst": 1}
    assert prompts.chosen_prompts(true[:2], put[:2]) == {"Best": 0, "Worst": 1}
    assert prompts.chosen_prompts(true[:1], put[:1]) == {"Best": 0}
    assert prompts.chosen_prompts(true[:3], ["aaaa", "bbbb", "cccc"])["Median"] == 1


@pytest.mark.parametrize(
    ("true", "put", "pairs"),
    [
        ("a b c", "a x c", [("a", "a"), ("b", "x"), ("c", "c")]),
        ("a b c", "a c", [("a", "a"), ("b", None), ("c", "c")]),
        ("a c", "a b c", [("a", "a"), (None, "b"), ("c", "c")]),
        ("a b", "", [("a", None), ("b", None)]),
        ("a", "b a", [(None, "b"), ("a", "a")]),
    ],
)
def test_errors_are_marked_at_their_words(true, put, pairs):
    assert aligned_words(true, put) == pairs
    marked = recognition_report._marked(pairs)
    for said, heard in pairs:
        if said == heard:
            assert f"<span><b>{said}</b><small></small></span>" in marked
        elif heard is None:
            assert f"<b>–</b><small>missing: <ins>{said}</ins></small>" in marked
        elif said is None:
            assert f"<b>{heard}</b><small>too many</small>" in marked
        else:
            assert f"<b>{heard}</b><small>for <ins>{said}</ins></small>" in marked
    assert marked.count('class="wrong"') == int(word_errors([true], [put]).all[0])


def test_a_long_sound_is_cut_and_a_loud_one_is_not_clipped():
    rng = np.random.default_rng(0)
    loud = Sound((1.5 * rng.uniform(-1, 1, 44_100 * 20)).astype(np.float32), 44_100)
    played = prompts._played(loud)
    assert played.rate == 16_000 and played.seconds == 15 and np.abs(played.samples).max() <= 1
    quiet = Sound(np.float32([0.1, -0.2]), 8000)
    assert np.array_equal(prompts._played(quiet).samples, quiet.samples)
    assert spectrogram.pixels(np.zeros((1501, 4), np.float32), 0.0).shape == (4, 600)


def test_that_a_sound_is_clipped_is_not_told_twice(parts, tmp_path):
    wave = np.clip(2 * np.sin(np.arange(4000) / 9), -1, 1).astype(np.float32)
    write_sound(tmp_path / "a.wav", Sound(wave, 8000))
    test = parts[1][2].take([0])
    test = replace(test, rows=(replace(test.rows[0], path=tmp_path / "a.wav"),))
    with pytest.warns(DataWarning, match="clipped"):
        test.rows[0].sound()
    assert prompts._sounds(test, 0)["noisy"].seconds == 0.5


def test_three_long_sounds_stay_below_5_mb():
    rng = np.random.default_rng(0)
    sound = prompts._played(Sound(rng.uniform(-1, 1, 48_000 * 16).astype(np.float32), 48_000))
    levels = {side: rng.uniform(-60, 0, (1500, 40)) for side in ("clean", "noisy", "denoised")}
    sounds = {"clean": sound, "noisy": sound}
    one = prompts.Prompt("Best", "u", "a b", "a", 0.5, 16.0, sounds, levels)
    html = recognition_report._prompt(one, 0.0, LogMel())
    assert "16.0 seconds, of which the first 15 are shown" in html
    assert 0.5e6 < len(html) < 5e6 / 3


@pytest.mark.parametrize(
    "options", [{}, {"bands": 23, "rate": 16_000, "low": 100.0, "high": 7000.0}]
)
def test_frequencies_stand_at_their_bands(options):
    maker = LogMel(**options)
    end = maker.high or maker.rate / 2
    weights = mel_bands(maker.bands, 8192, maker.rate, maker.low, end)
    for band in (0, maker.bands // 2, maker.bands - 1):
        hertz = weights[:, band].argmax() * maker.rate / 8192
        assert spectrogram.place_of(hertz, maker) == pytest.approx(band + 0.5, abs=0.05)
    drawn = charts.svg(spectrogram.spectrogram(np.zeros((50, maker.bands)), 0.0, maker), "light")
    assert ">1,000<" in drawn and (">4,000<" in drawn) == (maker.rate > 8000)
    assert "time (s)" in drawn and ">0.4<" in drawn


@pytest.mark.parametrize(("stack", "skip"), [(1, 1), (3, 3), (3, 2), (2, 3)])
def test_frames_come_back_from_steps(stack, skip):
    frames = np.arange(22, dtype=np.float32).reshape(11, 2)
    back = unstacked(stacked(frames, stack, skip), stack, skip, 11)
    if skip <= stack:
        assert np.array_equal(back, frames)
    else:  # every third frame was never read
        assert np.array_equal(back[[0, 1, 2, 3, 4, 5]], frames[[0, 1, 1, 3, 4, 4]])
