"""Folders and tables of speech: Kaldi's, AMI's, tables with an archive; twins."""

import json
import zipfile

import numpy as np
import pytest

pytest.importorskip("soundfile", reason="the extra 'audio' is not installed")

from sestina.audio.features import LogMel
from sestina.audio.manifest import as_lines
from sestina.audio.pipes import file_of
from sestina.audio.sound import Sound
from sestina.audio.sound_files import as_wav, soundfile
from sestina.audio.speech import read_speech, read_twins
from sestina.audio.speech_table import SpeechColumns
from sestina.audio.twins import spoken_twins
from sestina.errors import DataError

STEP = np.repeat(np.arange(8), 4000).astype(np.float32) / 8  # half seconds, each of a value


@pytest.fixture
def kaldi(put):
    """Write a data folder of one recording of four seconds and two utterances."""

    def write(folder="data", device="", **changed):
        ids = [f"AMI_ES2002a_{device}FEE00{n}_0000{n}" for n in (1, 2)]
        lists = {
            "wav.scp": "meeting sounds/a.wav\n",
            "segments": f"{ids[0]} meeting 0.5 1.0\n{ids[1]} meeting 1.5 4.01\n",
            "text": f"{ids[0]} YEAH   RIGHT\n{ids[1]} OKAY\n",
            "utt2spk": f"{ids[0]} {device}FEE001\n{ids[1]} {device}FEE002\n",
        } | changed
        put(f"{folder}/sounds/a.wav", as_wav(Sound(STEP, 8000)))
        for name, content in lists.items():
            if content is not None:
                put(f"{folder}/{name}", content)
        return ids

    return write


def refused(path, *facts, **how):
    with pytest.raises(DataError) as caught:
        read_speech(path, **how)
    message = str(caught.value)
    assert not [fact for fact in facts if fact not in message], message
    assert "\n" not in message


def test_a_folder_of_kaldi_s(kaldi, tmp_path):
    ids = kaldi()
    found = read_speech(tmp_path / "data")
    assert [row.id for row in found] == ids and found.notes == ()
    assert [row.text for row in found] == ["YEAH RIGHT", "OKAY"]
    assert [row.speaker for row in found] == ["FEE001", "FEE002"]
    one, two = (row.sound() for row in found)
    assert one.seconds == 0.5 and np.all(one.samples == 1 / 8)
    assert two.seconds == 2.5 and two.samples[0] == 3 / 8 and two.samples[-1] == 7 / 8
    assert found.rows[1].sound(4000).rate == 4000


def test_lists_may_be_missing(kaldi, tmp_path):
    kaldi(segments=None, text=None, utt2spk=None)
    found = read_speech(tmp_path / "data")
    assert [(row.id, row.speaker, row.text) for row in found] == [("meeting", "meeting", None)]
    assert found.rows[0].sound().seconds == 4 and "no utt2spk" in found.notes[0]
    ids = kaldi("two", text="AMI_ES2002a_FEE001_00001\nOTHER x\n")
    found = read_speech(tmp_path / "two")
    assert [(row.id, row.text) for row in found] == [(ids[0], "")]
    assert "left out 1 utterance" in found.notes[0] and "1 text of" in found.notes[1]


def test_tabs_part_lists_and_odd_line_ends_do_not(kaldi, tmp_path):
    kaldi(
        segments=None, utt2spk="a\tone\n", text="a\thello\u2028you\r\nb\tgood  day\x85\n",
        **{"wav.scp": "a\tsounds/a.wav\nb \tsounds/a.wav\n"},
    )  # fmt: skip
    found = read_speech(tmp_path / "data")
    told = [(row.id, row.speaker, row.text) for row in found]
    assert told == [("a", "one", "hello you"), ("b", "b", "good day")]
    assert found.notes == (
        f"{tmp_path / 'data' / 'utt2spk'} lacks 1 utterance: each has a speaker of its own",
    )
    assert found.rows[1].sound().seconds == 4


def test_one_device_is_its_own_twin(kaldi, tmp_path):
    kaldi()
    near, far = read_twins(tmp_path / "data")
    assert near.rows == far.rows and "its own twin" in far.notes[-1]


@pytest.mark.parametrize(
    "changed, facts",
    [
        ({"wav.scp": "meeting sox a.sph -t wav - |\n"}, ["command", "sox", "WAV or FLAC"]),
        ({"wav.scp": "meeting\n"}, ["line 1", "two words"]),
        ({"segments": "u other 0 1\n"}, ["'other'", "wav.scp lacks"]),
        ({"segments": "u meeting 2 1\n"}, ["'meeting 2 1'", "its end"]),
        ({"segments": "u meeting zero 1\n"}, ["'meeting zero 1'"]),
        ({"segments": "u meeting 0 1\nu meeting 1 2\n"}, ["line 2", "'u' again"]),
        ({"segments": "\n\n"}, ["is empty"]),
        ({"text": "OTHER x\n"}, ["no utterance"]),
    ],
)
def test_damaged_lists_are_refused(kaldi, tmp_path, changed, facts):
    kaldi(**changed)
    refused(tmp_path / "data", *facts)


RECIPES = [
    "sox -c 1 -t wavpcm -s {} -t wavpcm - |",  # AMI's: headsets, then single microphones, beams
    "sox -c 1 -t wavpcm -e signed-integer {} -t wavpcm - |",
    "flac -c -d -s {} |",  # LibriSpeech's
]


@pytest.mark.parametrize("command", [*RECIPES, "flac -d -s -c {}|", "sox -b 16 -c 1 {} - |"])
@pytest.mark.parametrize("name", ["sounds/a.wav", "'sounds/a (1).wav'"])
def test_commands_that_only_name_a_file_are_read(kaldi, put, tmp_path, command, name):
    kaldi(**{"wav.scp": f"meeting {command.format(name)}\n"})
    put("data/sounds/a (1).wav", as_wav(Sound(STEP, 8000)))
    one, _ = read_speech(tmp_path / "data")
    assert one.path == tmp_path / "data" / name.strip("'")
    assert np.all(one.sound().samples == 1 / 8)


def test_one_channel_is_what_commands_ask_for(kaldi, tmp_path):
    kaldi(**{"wav.scp": f"meeting {RECIPES[0].format('sounds/two.wav')}\n"})
    soundfile().write(tmp_path / "data/sounds/two.wav", np.stack([STEP, STEP], 1), 8000)
    with pytest.raises(DataError, match="2 channels"):
        read_speech(tmp_path / "data").rows[0].sound()


@pytest.mark.parametrize(
    "command",
    [
        "sox -c 2 -t wavpcm -s a.wav -t wavpcm - |",
        "sox -t raw -r 8000 a.raw -t wavpcm - |",
        "sox a.wav -t wav - |",
        "sox -c 1 a.wav -r 8000 -t wav - |",
        "sox -c 1 a.wav -t wav - remix 1 |",
        "sox -v 0.5 -c 1 a.wav -t wav - |",
        "sox -c 1 a.wav b.wav |",
        "sox -c 1 a.wav -t wav - | sox -t wav - -t wav - rate 8000 |",
        "sox -c 1 a.wav -t wav - ; touch ran |",
        'sox -c 1 "|touch ran" -t wav - |',
        "sox -c 1 - -t wav - |",
        "sox |",
        "flac -d -s a.flac |",
        "flac -c -d -s a.flac b.flac |",
        "flac -c -d -s a.flac;touch ran |",
        "flac -c -d -s --force a.flac |",
        "flac -c -d -s && |",
        "flac -c -d -s 'a.flac |",
        "sph2pipe -f wav a.sph |",
        "cat a.wav |",
        "|",
    ],
)
def test_other_commands_are_refused_and_none_is_run(kaldi, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    assert file_of(command) is None
    kaldi(**{"wav.scp": f"meeting {command}\n"})
    refused(tmp_path / "data", "command", "ever run", "`flac -c -d -s FILE |`", "WAV or FLAC")
    assert not (tmp_path / "ran").exists()


def test_a_part_without_its_list_of_sounds_is_told(kaldi, tmp_path):
    for part in ("train", "dev"):
        kaldi(f"ami/sdm1/{part}", f"SDM_{part}")
    (tmp_path / "ami/sdm1/eval").mkdir()
    found = read_speech(tmp_path / "ami", device="sdm1")
    assert len(found) == 4 and found.notes == ("left out the folders eval: they have no wav.scp",)
    (tmp_path / "ami/sdm1/train/wav.scp").unlink()
    facts = ["train has segments, text, utt2spk, but no wav.scp", "add it"]
    refused(tmp_path / "ami", *facts, device="sdm1")


def test_twins_have_one_text(kaldi, tmp_path):
    ids = kaldi("pair/near/train")
    kaldi("pair/far/train", text=f"{ids[0]} YEAH RIGHT\n{ids[1]} NO\n")
    with pytest.raises(DataError, match=f"'{ids[1]}' is 'OKAY' in .*near and 'NO' in .*far; twins"):
        spoken_twins(tmp_path / "pair", LogMel(), "near", "far")
    kaldi("pair/far/train", text=f"{ids[0]} YEAH  RIGHT\n{ids[1]}   OKAY \n")
    kaldi("pair/near/train", text=f"{ids[0]}\n{ids[1]} OKAY\n")  # what has none says nothing
    assert spoken_twins(tmp_path / "pair", LogMel(), "near", "far").texts == ["YEAH RIGHT", "OKAY"]


def test_the_layout_of_ami(kaldi, tmp_path):
    for device, mark in (("ihm", "H00_"), ("sdm1", "SDM_"), ("mdm8", "MDM_")):
        for part in ("train", "dev", "eval"):
            kaldi(f"ami/{device}/{part}", mark if part == "train" else f"{mark}{part}")
    (tmp_path / "ami" / "local").mkdir()
    refused(tmp_path / "ami", "ihm, mdm8, sdm1", "name one")
    refused(tmp_path / "ami", "did you mean 'sdm1'", device="sdm")
    found = read_speech(tmp_path / "ami", device="ihm")
    assert [row.part for row in found] == ["dev"] * 2 + ["test"] * 2 + ["train"] * 2
    assert len(found.part("test")) == 2
    near, far = read_twins(tmp_path / "ami", "ihm", "mdm8")
    assert len(near) == len(far) == 6 and near.notes == ()
    assert near.rows[4].id == "AMI_ES2002a_H00_FEE001_00001"
    assert far.rows[4].id == "AMI_ES2002a_MDM_FEE001_00001"


def test_twins_that_only_one_heard_are_counted(kaldi, tmp_path):
    ids = kaldi("pair/near/train")
    kaldi("pair/far/train", text=f"{ids[1]} OKAY\n")
    near, far = read_twins(tmp_path / "pair", "near", "far")
    assert [row.id for row in near] == [row.id for row in far] == ids[1:]
    assert near.notes == (f"left out 1 utterance of {tmp_path / 'pair' / 'near'} without a twin",)
    kaldi("pair/off/train", "X")
    with pytest.raises(DataError, match="no utterance in common"):
        read_twins(tmp_path / "pair", "near", "off")


def table(
    put,
    text="file\tseconds\ttranscript\twords\tsplit\nin/a.wav\t4\tA, b.\ta b\ttrain\nb.wav\t4\tC.\tc\ttest\n",
):
    sound = as_wav(Sound(STEP, 8000))
    path = put("t/list.tsv", text)
    with zipfile.ZipFile(path.parent / "audio.zip", "w") as archive:
        archive.writestr("in/a.wav", sound)
        archive.writestr("b.wav", sound)
    return path


def test_a_table_and_an_archive(put):
    path = table(put)
    found = read_speech(path)
    assert [(r.id, r.text, r.part, r.speaker) for r in found] == [
        ("in/a", "a b", "train", "one"), ("b", "c", "test", "one")
    ]  # fmt: skip
    assert found.notes[1] == "text: column 'words'" and "one speaker" in found.notes[-1]
    assert np.array_equal(found.rows[0].sound().samples, STEP)
    found = read_speech(path, columns=SpeechColumns(text="transcript", speaker="seconds"))
    assert [(r.text, r.speaker) for r in found] == [("A, b.", "4"), ("C.", "4")]
    with zipfile.ZipFile(path.parent / "audio.zip") as archive:
        archive.extractall(path.parent / "audio")
    (path.parent / "audio.zip").unlink()
    assert np.array_equal(read_speech(path).rows[1].sound().samples, STEP)


def test_tables_that_do_not_fit_are_refused(put, tmp_path):
    refused(table(put, "name\twords\na.wav\tx\n"), "names the files", "'file'")
    refused(put("u/list.tsv", "file\twords\nc.wav\tx\n"), "'c.wav'", "--audio")
    refused(table(put, "file\twords\nb.wav\tx\nc.wav\ty\n"), "lacks 1 file of 2", "'c.wav'")
    refused(table(put, "file\twords\nb.wav\tx\nb.wav\ty\n"), "two utterances 'b'")
    refused(table(put, "file\tsplit\nb.wav\t\n"), "row 1 has no 'split'")
    refused(table(put, "file\twords\n"), "has a header and no row")
    refused(table(put), "no column 'said'", columns=SpeechColumns(text="said"))
    refused(put("a.txt", "x"), "is no table")
    refused(tmp_path / "none", "there is no")
    refused(tmp_path / "t", "holds no speech")


def test_a_manifest(put, tmp_path):
    entry = {
        "id": "a",
        "speaker": "s",
        "text": "b",
        "part": "dev",
        "clean": "c/a.wav",
        "sdm": "s/a.wav",
        "mdm": "m/a.wav",
    }
    put("d/manifest.jsonl", as_lines([entry, entry | {"id": "ä", "text": "b\u2028\x85c"}]))
    near, far = read_twins(tmp_path / "d")
    assert [row.id for row in near] == ["a", "ä"] and near.rows[0].part == "dev"
    assert near.rows[0].path == tmp_path / "d/c/a.wav" and far.rows[0].path.name == "a.wav"
    refused(tmp_path / "d", "clean, sdm, mdm")
    for bad in ("{", "[]", json.dumps({"id": "a"}), json.dumps(entry | {"text": 3})):
        put("d/manifest.jsonl", as_lines([entry]) + bad)
        refused(tmp_path / "d", "line 2", device="clean")
