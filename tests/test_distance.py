"""Speech from a distance: rooms, noises, beams, twins, folders; seeds decide, order does not."""

import json
import signal
import subprocess
import sys
import time
import warnings
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import lfilter, oaconvolve

pytest.importorskip("soundfile", reason="the extra 'audio' is not installed")
pytest.importorskip("pyroomacoustics", reason="the extra 'audio' is not installed")

from sestina.audio import distant_folder, noises
from sestina.audio.beam import delay_and_sum, found_lags
from sestina.audio.distance import generator, heard_far_off, voices
from sestina.audio.distant_folder import write_distant
from sestina.audio.rooms import Room, circle, draw_room, group_delay, impulses
from sestina.audio.sound import Sound
from sestina.audio.sound_files import read_sound, soundfile, write_sound
from sestina.audio.speech import read_twins
from sestina.audio.utterances import Utterance, checked
from sestina.cli.app import main
from sestina.config import DistanceOptions
from sestina.errors import DataError, DataWarning, MissingExtra, OptionError, SestinaError

RATE = 8000
DRY = DistanceOptions(rt60=(0.2, 0.25), noise="pink")


def syllables(seconds=1.0, seed=0):
    """Bursts of coloured noise with pauses, as loud as speech."""
    rng = np.random.default_rng(seed)
    times = np.arange(round(seconds * RATE)) / RATE
    noise = np.convolve(rng.normal(size=len(times)), np.hanning(9), mode="same")
    return Sound((0.05 * noise * (np.sin(15 * times + seed) > -0.2)).astype(np.float32), RATE)


@pytest.fixture
def clips(tmp_path):
    """Write six short utterances of two speakers."""
    rows = []
    for n in range(6):
        path = tmp_path / "clips" / f"{n}.wav"
        write_sound(path, syllables(0.6 + 0.1 * n, seed=n))
        part = "test" if n == 5 else "train"
        rows.append(Utterance(f"clip/{n}", "ab"[n % 2], path, f"number {n}", part))
    return checked(rows, "clips")


def measured_rt60(click, rate=RATE):
    """Return seconds of 60 dB, from the fall of the energy left from −5 to −25 dB (Schroeder)."""
    left = np.cumsum(click[::-1] ** 2)[::-1]
    decibels = 10 * np.log10(left / left[0])
    first, last = (int(np.argmax(decibels < level)) for level in (-5, -25))
    return 3 * (last - first) / rate


def room_of(rt60, distance=2.0):
    middle = np.array([2.2, 1.9, 0.8])
    mouth = middle + np.array([distance, 0.3, 0.6])
    return Room(np.array([6.1, 4.3, 2.9]), rt60, mouth, circle(middle, DistanceOptions()))


@pytest.mark.parametrize("rt60", [0.25, 0.45])
def test_an_echo_fades_as_asked(rt60):
    room = room_of(rt60)
    (clicks,) = impulses(room, room.mouth[None], RATE)
    assert [measured_rt60(click) for click in clicks] == pytest.approx([rt60] * 4, rel=0.3)


def test_the_direct_path_is_where_and_as_loud_as_it_must_be():
    near, far = room_of(0.3, 1.0), room_of(0.3, 3.0)
    peaks = []
    for room in (near, far):
        (clicks,) = impulses(room, room.mouth[None], RATE, order=0)
        at = [int(np.abs(click).argmax()) for click in clicks]
        paths = np.linalg.norm(room.microphones - room.mouth, axis=1)
        assert at == pytest.approx(paths / 343 * RATE + group_delay(), abs=0.51)
        peaks.append(np.sqrt(np.sum(clicks[0] ** 2)) * paths[0])
    assert peaks[0] == pytest.approx(peaks[1], rel=0.1)  # loudness falls with distance


def test_rooms_are_of_their_ranges():
    options = DistanceOptions()
    for seed in range(50):
        room = draw_room(np.random.default_rng(seed), options)
        assert (room.size >= [4, 3, 2.5]).all() and (room.size <= [8, 6, 3.5]).all()
        assert 1 <= np.linalg.norm(room.mouth - room.microphones.mean(axis=0)) <= 3
        assert 0.2 <= room.rt60 <= 0.6
        for place in (room.mouth, *room.microphones):
            assert (place > 0.1).all() and (place < room.size - 0.1).all()
    with pytest.raises(OptionError, match=r"fits into none"):
        draw_room(np.random.default_rng(0), DistanceOptions(distance=(20.0, 30.0)))
    with pytest.raises(OptionError, match=r"cannot fade by 60 dB in 0\.06 s"):
        impulses(replace(room, rt60=0.06), room.mouth[None], RATE)


def test_noise_is_as_loud_as_asked():
    rng = np.random.default_rng(0)
    speech = rng.normal(size=(3, 8000)) * 0.2
    for snr in (-5.0, 0.0, 20.0):
        for noise in (noises.pink(rng, 3, 8000), noises.hum(rng, 3, 8000, RATE)):
            heard = noises.mixed(speech, noise, snr)[0] - speech[0]
            assert 10 * np.log10(noises.power(speech[0]) / noises.power(heard)) == pytest.approx(
                snr
            )


def test_pink_noise_falls_by_three_decibels_an_octave():
    power = np.abs(np.fft.rfft(noises.pink(np.random.default_rng(0), 1, 1 << 16)[0])) ** 2
    low, high = power[1000:2000].mean(), power[8000:16000].mean()
    assert 10 * np.log10(low / high) == pytest.approx(9, abs=1)


def test_a_beam_takes_away_noise_but_not_speech():
    rng = np.random.default_rng(0)
    source = syllables(2.0).samples.astype(float)
    lags = np.array([0.0, 3.25, -2.5, 1.0])
    steps = np.fft.rfftfreq(len(source))
    heard = np.stack([
        np.fft.irfft(np.fft.rfft(source) * np.exp(-2j * np.pi * steps * lag), len(source))
        for lag in lags
    ])  # fmt: skip
    inner = slice(100, -100)
    assert np.allclose(delay_and_sum(heard, lags)[inner], source[inner], atol=2e-3)
    noise = rng.normal(size=heard.shape) * source.std()
    left = delay_and_sum(noise, lags)[inner]
    assert noise[0].std() / left.std() == pytest.approx(2, rel=0.1)  # 10 log 4 = 6 dB
    found = found_lags(heard + 0.5 * noise, RATE, 5.0)
    assert found == pytest.approx(lags, abs=0.13)
    assert np.abs(found_lags(noise, RATE, 5.0)).max() <= 5  # of noise alone: any, but none wilder


def test_lags_are_found_in_a_room():
    room = room_of(0.25)
    (clicks,) = impulses(room, room.mouth[None], RATE)
    source = syllables(2.0).samples.astype(float)
    heard = np.stack([oaconvolve(source, click)[: len(source)] for click in clicks])
    assert found_lags(heard, RATE, 4.7) == pytest.approx(room.lags * RATE, abs=0.6)


def test_twins_begin_together(clips):
    row = clips.rows[4]
    for delays in ("gcc-phat", "geometry"):
        options = replace(DRY, delays=delays, snr=(40.0, 40.0), distance=(1.0, 3.0))
        heard = heard_far_off(row, [], options, seed=1)
        clean = heard.clean.samples
        assert np.array_equal(clean, read_sound(row.path).samples)
        for far in (heard.single.samples, heard.beam.samples):
            assert len(far) == len(clean)
            likeness = oaconvolve(far, clean[::-1])
            assert abs(int(likeness.argmax()) - (len(clean) - 1)) <= 1
            assert far.std() == pytest.approx(heard.told["gain"] * clean.std(), rel=0.4)


@pytest.mark.parametrize("delays, least", [("geometry", 0.05), ("gcc-phat", 0.02)])
def test_the_beam_is_nearer_to_the_clean_sound(clips, delays, least):
    options = replace(DRY, snr=(0.0, 0.0), microphones=8, delays=delays)
    for row in clips.rows[2:5]:
        heard = heard_far_off(row, [], options, seed=0)
        one, several = (
            np.corrcoef(far.samples, heard.clean.samples)[0, 1]
            for far in (heard.single, heard.beam)
        )
        assert several > one + least


def test_seed_and_id_decide_not_order_or_workers(clips, tmp_path, monkeypatch):
    options = replace(DRY, noise="mixed", talkers=2)
    monkeypatch.setattr(distant_folder, "FEW", 2)
    entries = write_distant(clips, tmp_path / "one", options, seed=3)
    turned = checked(clips.rows[::-1], "clips")
    again = write_distant(turned, tmp_path / "two", options, seed=3, workers=2)
    assert again[::-1] == entries
    for entry in entries:
        for device in ("clean", "sdm", "mdm"):
            files = [tmp_path / run / entry[device] for run in ("one", "two")]
            assert files[0].read_bytes() == files[1].read_bytes()
    other = write_distant(clips, tmp_path / "other", options, seed=4)
    assert all(a["rt60"] != b["rt60"] for a, b in zip(entries, other, strict=True))
    assert {entry["noise"] for entry in entries + other} > {"babble"}


def test_babble_is_of_others_of_the_same_part(clips):
    train = [row for row in clips if row.part == "train"]
    options = DistanceOptions(noise="babble", talkers=1)
    for row in train:
        behind = voices(row, train, options, seed=0)
        assert len(behind) == 4 and row.id not in [other.id for other in behind]
    assert voices(train[0], train[:1], options, seed=0) == []
    with pytest.raises(DataError, match="no other of its part"):
        heard_far_off(train[0], [], options, seed=0)
    heard = heard_far_off(train[0], train[1:], replace(options, snr=(0.0, 0.0)), seed=0)
    assert heard.told["noise"] == "babble" and len(heard.told["behind"]) == 4


def test_the_folder_and_its_manifest(clips, tmp_path):
    out = tmp_path / "deep" / "far"
    entries = write_distant(clips, out, DRY, seed=0)
    lines = [json.loads(line) for line in (out / "manifest.jsonl").read_text().splitlines()]
    assert lines == entries and [line["id"] for line in lines] == [row.id for row in clips]
    told = {"id", "speaker", "text", "part", "room", "distance", "rt60", "snr", "noise", "seed"}
    assert told < set(lines[0])
    near, far = read_twins(out)
    assert len(far.part("test")) == 1 and far.rows[0].text == "number 0"
    assert np.array_equal(near.rows[0].sound().samples, clips.rows[0].sound().samples)
    assert far.rows[0].sound().seconds == near.rows[0].sound().seconds
    with pytest.raises(SestinaError, match="exists"):
        write_distant(clips, out, DRY)
    write_distant(clips, out, DRY, seed=1, overwrite=True)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "note.txt").write_text("keep me")
    with pytest.raises(SestinaError, match="holds other files"):
        write_distant(clips, tmp_path / "mine", DRY, overwrite=True)
    (tmp_path / "mine" / "manifest.jsonl").write_text("of something else")  # so other tools call it
    with pytest.raises(SestinaError, match="holds other files"):
        write_distant(clips, tmp_path / "mine", DRY, overwrite=True)
    assert len([*(tmp_path / "mine").iterdir()]) == 2
    with pytest.raises(SestinaError, match="no name for a folder"):
        write_distant(clips, ".", DRY)


def test_names_of_files_stay_apart(clips, tmp_path):
    rows = [replace(clips.rows[0], id=name) for name in ("a/b", "a_b", "A/B", "../x")]
    entries = write_distant(checked(rows, "names"), tmp_path / "far", DRY)
    names = [entry["sdm"].lower() for entry in entries]
    assert len(set(names)) == 4 and all(name.count("/") == 1 for name in names)


def test_an_error_leaves_nothing(clips, tmp_path):
    silent = tmp_path / "silent.wav"
    write_sound(silent, Sound(np.zeros(4000, np.float32), RATE))
    bad = checked([*clips.rows, replace(clips.rows[0], id="s", path=silent)], "clips")
    with pytest.raises(DataError, match="'s' is silent"):
        write_distant(bad, tmp_path / "far", DRY)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["clips", "silent.wav"]


def loud_clips(folder):
    """Three clips of 16 kHz whose peaks are 0.98, cut there, and one of floats up to 3."""
    for n in range(4):
        wave = lfilter([1], [1, -0.8], np.random.default_rng(n).normal(size=8000))
        wave /= np.abs(wave).max()
        wave = 3 * wave if n == 3 else np.sign(wave) * np.minimum(np.abs(wave) * 3 * 0.98, 0.98)
        subtype = "FLOAT" if n == 3 else "PCM_16"
        soundfile().write(folder / f"{n}.wav", wave, 16000, subtype=subtype)
    rows = [Utterance(f"u{n}", "one", folder / f"{n}.wav") for n in range(4)]
    return checked(rows, "loud")


def test_a_clean_twin_that_would_be_clipped_is_made_less_loud(clips, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # the floats are beyond full scale
        entries = write_distant(loud_clips(tmp_path), tmp_path / "far", DRY)
        for n, entry in enumerate(entries):
            whole = read_sound(tmp_path / f"{n}.wav", rate=RATE).samples
            found = read_sound(tmp_path / "far" / entry["clean"]).samples
            assert entry["clean_gain"] == pytest.approx(0.99 / np.abs(whole).max(), abs=1e-4)
            assert np.abs(found).max() == pytest.approx(0.99, abs=1e-4)
            assert np.abs(found - entry["clean_gain"] * whole).max() < 1e-3
    assert not any("clean_gain" in entry for entry in write_distant(clips, tmp_path / "b", DRY))


def test_what_cannot_be_written_is_named(clips, tmp_path, monkeypatch):
    def refuses(sound):
        raise DataError("too loud")

    monkeypatch.setattr(distant_folder, "as_wav", refuses)
    with pytest.raises(DataError, match=r"utterance 'clip/0', .*0\.wav \(clean\): too loud"):
        write_distant(clips, tmp_path / "far", DRY)


def test_a_process_that_is_ended_leaves_nothing(clips, tmp_path, monkeypatch):
    def ended(pool, one, tasks):
        raise BrokenProcessPool("ended")

    monkeypatch.setattr(distant_folder, "FEW", 2)
    monkeypatch.setattr(distant_folder.ProcessPoolExecutor, "map", ended)
    with pytest.raises(SestinaError, match="workers=1"):
        write_distant(clips, tmp_path / "far", DRY, workers=2)
    assert [p.name for p in tmp_path.iterdir()] == ["clips"]


def test_ctrl_c_leaves_nothing(clips, tmp_path):
    rows = "".join(f"{n % 6}.wav\n" for n in range(6))
    (tmp_path / "clips" / "list.csv").write_text("file\n" + rows)
    for n in range(6, 600):  # enough to last until it is stopped
        (tmp_path / "clips" / f"{n}.wav").hardlink_to(tmp_path / "clips" / f"{n % 6}.wav")
        rows += f"{n}.wav\n"
    (tmp_path / "clips" / "list.csv").write_text("file\n" + rows)
    command = [
        sys.executable,
        "-m",
        "sestina",
        "data",
        "distance",
        "clips/list.csv",
        "--out",
        "far",
    ]
    run = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    partial = tmp_path / "far.partial" / "mdm"
    until = time.monotonic() + 60
    while not (partial.is_dir() and any(partial.iterdir())) and time.monotonic() < until:
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 1 and "stopped by Ctrl-C" in said and "Traceback" not in said
    assert [p.name for p in tmp_path.iterdir()] == ["clips"]


def test_the_command(clips, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    lines = [f"{n}.wav\tnumber {n}\ttrain" for n in range(6)]
    (tmp_path / "clips" / "list.tsv").write_text("file\twords\tsplit\n" + "\n".join(lines) + "\n")

    def command(*more):
        with pytest.raises(SystemExit) as left:
            main(["data", "distance", "clips/list.tsv", "--out", "far", *more])
        return left.value.code, capsys.readouterr()

    code, shown = command("--rt60", "0.2,0.3", "--noise", "pink", "--json")
    result = json.loads(shown.out)
    assert code == 0 and result["utterances"] == 6 and 0.2 <= result["rt60"] <= 0.3
    assert "one speaker" in shown.err
    code, shown = command()
    assert code == 1 and "exists" in shown.err and "Traceback" not in shown.err
    for wrong in (["--rt60", "0.5,0.2"], ["--snr", "5"], ["--noise", "rain"], ["--seed", "-1"]):
        code, shown = command("--overwrite", *wrong)
        assert code == 2, wrong
    assert len(list((tmp_path / "far").iterdir())) == 4


def test_without_pyroomacoustics_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyroomacoustics", None)
    with pytest.raises(MissingExtra, match=r"sestina\[audio\]"):
        group_delay()


def test_random_numbers_are_of_seed_id_and_purpose():
    draws = {
        generator(seed, name, purpose).integers(2**60)
        for seed in (0, 1)
        for name in ("a", "b")
        for purpose in (0, 1)
    }
    assert len(draws) == 8
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert generator(0, "ü", 0).integers(2**60) == generator(0, "ü", 0).integers(2**60)
