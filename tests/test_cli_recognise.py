"""sestina train recognise and the verbs after it, from a folder of distant speech."""

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("soundfile", reason="the extra 'audio' is not installed")

from sestina import LanguageModel
from sestina.audio.features import LogMel
from sestina.audio.manifest import DEVICES, as_lines
from sestina.audio.sound import Sound
from sestina.audio.sound_files import as_wav
from sestina.audio.twins import spoken_twins
from sestina.cli.spoken import maker_of
from sestina.errors import DataError, ModelError
from sestina.inspect.recognition_ladder import nearest_texts
from sestina.lab.speech import SpeechFolder
from test_cli_series import run

RATE = 8000
HERTZ = {"a": 400, "b": 900, "c": 1900}
SMALL = "--bands 12 --deltas 0 --hop 20 --stack 2 --skip 2 --hidden 16 --reduced 16".split()
SMALL += "--filters 4 --filter-width 3 --layers 1 --feedback-layers 1 --dropout 0".split()
SMALL += "--learning-rate 0.02 --batch-size 8 --patience 0".split()


def sung(text, rng, noise):
    pieces = [np.zeros(400)]
    for letter in text:
        tone = np.sin(2 * np.pi * HERTZ[letter] * np.arange(960) / RATE)
        pieces += [0.2 * np.hanning(960) * tone, np.zeros(480)]
    wave = np.concatenate(pieces)
    return Sound((wave + noise * rng.normal(size=len(wave))).astype(np.float32), RATE)


def written(folder, count=60):
    """A folder such as sestina data distance leaves: twins, some in every part."""
    rng, entries = np.random.default_rng(0), []
    for device in DEVICES:
        (folder / device).mkdir(parents=True)
    for n in range(count):
        text = "".join(rng.choice([*HERTZ], rng.integers(2, 5)))
        part = {0: "test", 1: "dev"}.get(n % 6, "train")
        files = {device: f"{device}/{n:02}.wav" for device in DEVICES}
        for device, noise in zip(DEVICES, (0.001, 0.02, 0.01), strict=True):
            (folder / files[device]).write_bytes(as_wav(sung(text, rng, noise)))
        entries.append({"id": f"u{n:02}", "speaker": "one", "text": text, "part": part, **files})
    (folder / "manifest.jsonl").write_text(as_lines(entries))
    return folder


@pytest.fixture(scope="module")
def far(tmp_path_factory):
    return written(tmp_path_factory.mktemp("speech") / "far")


@pytest.fixture(scope="module")
def model(far, tmp_path_factory):
    out = tmp_path_factory.mktemp("speech") / "model"
    run("train", "recognise", far, "--out", out, *SMALL, "--epochs", "30")
    return out


def test_it_says_all_in_json(far, tmp_path, capsys):
    out = tmp_path / "m"
    run(
        "train", "recognise", far, "--noisy", "mdm", "--out", out, *SMALL, "--epochs", "2", "--json"
    )
    result = json.loads(capsys.readouterr().out)
    assert result["task"] == "recognise" and result["utterances"]["test"] == 10
    assert result["devices"] == {"clean": "clean", "noisy": "mdm"} and result["symbols"] == 4
    assert set(result["bridge_errors"]) == {"kd", "dr", "lstm3"}
    assert {"wer", "wer_interval", "cer", "cer_interval"} <= set(result["metrics"])
    assert len(result["baseline"]) == len(result["verdicts"]) == 2
    assert "teacher" in result and (out / "README.md").read_text().count("word error rate")
    if find_spec("altair") and find_spec("vl_convert"):  # the extra "report"
        page = (out / "report.html").read_text(encoding="utf-8")
        assert result["report"] == str(out / "report.html") and page.count("<audio ") == 6
        assert result["verdicts"][0] in page and "The teacher, on the clean twins" in page


def test_it_hears_tones(model, far, capsys):
    run("evaluate", model, far, "--json")
    told = json.loads(capsys.readouterr().out)
    assert told["utterances"] == 10 and told["metrics"]["cer"] < 0.15
    run("evaluate", model, far, "--device", "clean", "--beam", "4", "--part", "dev", "--json")
    told = json.loads(capsys.readouterr().out)
    assert told["utterances"] == 10 and told["metrics"]["cer"] < 0.3
    run("evaluate", model, far)
    assert "WER" in capsys.readouterr().out


def test_files_and_folders_are_heard(model, far, tmp_path, capsys):
    run("predict", model, "--file", far)
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert (
        len(lines) == 60 and lines[0][0] == "u00" and set("".join(v for _, v in lines)) <= {*"abc"}
    )
    run("predict", model, far / "sdm/00.wav", far / "sdm/01.wav")
    assert [line.split("\t")[0][-6:] for line in capsys.readouterr().out.splitlines()] == [
        "00.wav", "01.wav",
    ]  # fmt: skip
    run("gradients", model, far, "--json")
    assert json.loads(capsys.readouterr().out)["layers"]
    run("info", model)
    shown = capsys.readouterr().out
    assert "BridgeRecognizer" in shown and "WER" in shown


@pytest.fixture(scope="module")
def grammar(tmp_path_factory):
    """Return language models by their level, of texts in which words are ab or ca."""
    folder = tmp_path_factory.mktemp("grammar")
    for level in ("word", "character"):
        net = LanguageModel(level=level, hidden=8, embedding=8, epochs=3, validation_fraction=0.0)
        net.set_params(min_count=1, verbose=False).fit(["ab", "ca"] * 60).save(folder / level)
    return folder


def test_a_language_model_of_words_is_heard(model, far, grammar, capsys):
    def known(*more):
        run("predict", model, "--file", far, *more)
        put = [line.split("\t")[1] for line in capsys.readouterr().out.splitlines()]
        return sum(text in ("ab", "ca") for text in put)

    words = ["--words", grammar / "word", "--word-weight", "3", "--word-bonus", "3"]
    capsys.readouterr()
    assert known(*words) > 2 * known("--beam", "16")  # no more is said
    figures = []
    for more in (["--beam", "32"], [*words, "--beam", "32"]):
        run("evaluate", model, far, *more, "--json")
        figures.append(json.loads(capsys.readouterr().out))
    assert [told["words"] for told in figures] == [None, str(grammar / "word")]
    plain, heard = (told["metrics"]["cer"] for told in figures)
    assert heard > plain + 0.05  # few say what the model of words likes


def in_phones(far, folder):
    """The same sounds, what is said in them told in phones."""
    phones = {"a": "AH", "b": "B", "c": "AY1"}
    entries = [json.loads(line) for line in (far / "manifest.jsonl").read_text().splitlines()]
    for entry in entries:
        entry |= {device: str(far / entry[device]) for device in DEVICES}
        entry["text"] = " ".join(phones[letter] for letter in entry["text"])
    folder.mkdir()
    (folder / "manifest.jsonl").write_text(as_lines(entries))
    return folder


def test_phones_are_recognised(far, grammar, tmp_path, capsys):
    told, out = in_phones(far, tmp_path / "told"), tmp_path / "m"
    alone = ["--kd", "0", "--dr", "0", "--lstm3", "0", "--epochs", "30"]
    run("train", "recognise", told, "--level", "word", "--out", out, *SMALL, *alone, "--json")
    shown = capsys.readouterr()
    result = json.loads(shown.out)
    assert result["level"] == "word" and result["symbols"] == 4 and "dev WER" in shown.err
    assert result["metrics"]["wer"] < 0.3  # of the phones
    if find_spec("altair") and find_spec("vl_convert"):  # the extra "report"
        page = (out / "report.html").read_text(encoding="utf-8")
        assert "3 words (what blanks part: phones" in page and "Validation WER" in page
    run("predict", out, "--file", told)
    put = [line.split("\t")[1] for line in capsys.readouterr().out.splitlines()]
    assert len(put) == 60 and {*" ".join(put).split()} == {"AH", "B", "AY1"}
    (tmp_path / "t.tsv").write_text(f"file\ttext\n{far / 'sdm/00.wav'}\tAH NG\n")
    run("evaluate", out, tmp_path / "t.tsv")
    assert "1 word that training lacked" in capsys.readouterr().err
    run("predict", out, "--file", told, "--words", grammar / "word", code=2)
    assert "the recogniser has level='word'" in " ".join(capsys.readouterr().err.split())


def test_a_model_of_characters_is_no_model_of_words(model, far, grammar, capsys):
    run("predict", model, "--file", far, "--words", grammar / "character", code=2)
    assert "is one of characters; --words takes" in capsys.readouterr().err
    run("predict", model, "--file", far, "--words", model, code=1)
    assert "BridgeRecognizer" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("weight", "nan", "is not a finite number"),
        ("weight", "inf", "is not a finite number"),
        ("weight", "-1", "is too small: the least is 0"),
        ("bonus", "1e300", "is too large: the most is 1000"),
        ("bonus", "-inf", "is not a finite number"),
    ],
)
def test_words_weigh_what_makes_sense(option, value, said, model, far, grammar, capsys):
    more = ("--words", grammar / "word", f"--word-{option}", value)
    for verb, path in (("evaluate", [far]), ("predict", ["--file", far])):
        run(verb, model, *path, *more, code=2)
        told = " ".join(capsys.readouterr().err.split())
        assert f"word_{option}=" in told and said in told


@pytest.mark.parametrize("given", [("--words", "any"), ("--device", "sdm"), ("--beam", "4")])
def test_what_a_model_would_not_heed_is_refused(given, far, grammar, capsys):
    for verb, path in (("evaluate", far), ("predict", "a text")):
        run(verb, grammar / "word", path, *given, code=2)
        told = capsys.readouterr().err
        assert f"{given[0]} is for a BridgeRecognizer" in told
        assert "holds a LanguageModel; leave it out" in " ".join(told.split())


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--noisy", "mmd"], 1, "no device 'mmd'"),
        (["--filter-width", "4"], 2, "filter_width=4 is even"),
        (["--alignment", "dirty"], 2, "alignment='dirty' is unknown"),
        (["--level", "phone"], 2, "level='phone' is unknown"),
    ],
)
def test_what_cannot_be_trained_is_refused(far, tmp_path, capsys, words, code, said):
    run("train", "recognise", far, "--out", tmp_path / "m", *SMALL, *words, code=code)
    assert said in capsys.readouterr().err and not (tmp_path / "m").exists()


def test_what_is_too_short_is_left_out_of_training(far, tmp_path, capsys):
    entries = [json.loads(line) for line in (far / "manifest.jsonl").read_text().splitlines()]
    rows = [entry | {device: str(far / entry[device]) for device in DEVICES} for entry in entries]
    rows[2]["text"] = rows[0]["text"] = "abcabc" * 40  # the first is of the test part
    put = tmp_path / "hasty"
    put.mkdir()
    (put / "manifest.jsonl").write_text(as_lines(rows))
    run("train", "recognise", put, "--out", tmp_path / "m", *SMALL, "--epochs", "1", "--json")
    told = json.loads(capsys.readouterr().out)
    assert "left out 1 utterance with fewer steps than characters (--skip)" in told["notes"]
    assert told["utterances"]["train"] == 39 and told["utterances"]["test"] == 10
    run("train", "recognise", put, "--out", tmp_path / "n", *SMALL, "--skip", "90", code=1)
    assert "lower --skip" in capsys.readouterr().err and not (tmp_path / "n").exists()


@pytest.mark.parametrize("frames", [[1], {"bands": "many"}, {"loudness": 3}])
def test_damaged_facts_are_told(frames):
    with pytest.raises(ModelError, match=r"damaged in its metrics\.json"):
        maker_of({"frames": frames})


def test_characters_that_training_lacked_are_told(model, far, tmp_path, capsys):
    (tmp_path / "t.tsv").write_text(f"file\ttext\n{far / 'sdm/00.wav'}\tA Ö\n")
    run("evaluate", model, tmp_path / "t.tsv")
    assert "3 characters that training lacked" in capsys.readouterr().err


def test_what_cannot_be_heard_is_refused(model, far, capsys, tmp_path):
    run("predict", model, code=2)
    assert "name files of sound" in capsys.readouterr().err
    run("predict", model, tmp_path / "no.wav", code=1)
    assert "no.wav" in capsys.readouterr().err
    run("predict", model, far, code=1)
    assert "is a folder" in capsys.readouterr().err
    run("evaluate", model, far, "--part", "trial", code=1)
    assert "no part 'trial'" in capsys.readouterr().err


def test_twins_have_equally_many_frames(far):
    found = spoken_twins(far, LogMel(bands=12), "clean", "sdm")
    train, dev, test, said = found.three(0, 0.1)
    assert [len(train), len(dev), len(test)] == [40, 10, 10] and "as given" in said
    assert all(map(lambda a, b: a.shape == b.shape, found.clean, found.frames))
    with pytest.raises(DataError, match="tells of no utterance what is said"):
        lines = (far / "manifest.jsonl").read_text().splitlines()
        silent = [json.loads(line) | {"text": None} for line in lines]
        (far / "manifest.jsonl").write_text(as_lines(silent))
        try:
            spoken_twins(far, LogMel(bands=12), "clean", "sdm")
        finally:
            (far / "manifest.jsonl").write_text("\n".join(lines) + "\n")


def test_the_baseline_is_the_nearest_sound():
    sounds = [np.eye(4, dtype=np.float32)[[n] * (5 + n)] for n in range(3)]
    asked = [np.repeat(sounds[2], 2, axis=0), sounds[0] + 0.1]
    assert nearest_texts(sounds, ["one", "two", "three"], asked) == ["three", "one"]


def test_an_experiment_hears_a_folder(far, tmp_path, capsys):
    # of the experiments' option device the folder has both
    small = "planes=1 stack=3 skip=3 filters=2 hidden=6 reduced=6".split()
    sets = [word for one in small for word in ("--set", one)]
    for device in ("sdm", "mdm"):
        run("lab", "run", f"bridgenet-speech-{device}-r0-all", "--data", far, "--quick",
            "--results", tmp_path, *sets, "--json")  # fmt: skip
        (record,) = json.loads(capsys.readouterr().out)["experiments"]
        summary = record["summary"]
        assert summary["figure"] == "wer" and 0 < summary["wer"] and summary["cer"] >= 0
        assert 0 < summary["teacher_wer"] and record["data"]["split"].endswith(f"by {device}")
    run("lab", "compare", "bridgenet-speech-sdm-r0-all", "--results", tmp_path, code=1)
    assert "has no record of 'bridgenet-speech-sdm-r0-all'" in capsys.readouterr().err  # quick ones
    run("lab", "run", "bridgenet-speech-sdm-dnn", "--results", tmp_path, code=1)
    assert "sestina data distance" in capsys.readouterr().err
    run("lab", "run", "bridgenet-speech-sdm-dnn", "--data", tmp_path, "--results", tmp_path, code=1)
    assert "has no device clean or ihm" in capsys.readouterr().err


def test_who_shares_a_speaker_is_another_folder(far, tmp_path):
    def told(name, speaker):
        folder = tmp_path / name
        folder.mkdir()
        for device in ("clean", "sdm", "mdm"):
            (folder / device).symlink_to(Path(far) / device)
        lines = (Path(far) / "manifest.jsonl").read_text().splitlines()
        rows = [json.loads(line) | {"speaker": speaker(n)} for n, line in enumerate(lines)]
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / "manifest.jsonl").write_text(text)
        return SpeechFolder(folder).digest

    sums = [told("one", lambda n: "ann"), told("named", lambda n: "bob"),
            told("two", lambda n: "ab"[n % 2]), told("again", lambda n: "xy"[n % 2]),
            told("other", lambda n: "ab"[n > 1])]  # fmt: skip
    assert sums[0] == sums[1] != sums[2] == sums[3] != sums[4]


def test_seeds_of_an_experiment_test_other_texts(far, tmp_path, capsys):
    (tmp_path / "far").mkdir()
    for device in ("clean", "sdm"):
        (tmp_path / "far" / device).symlink_to(Path(far) / device)
    lines = (Path(far) / "manifest.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    bare = [{k: v for k, v in row.items() if k not in ("part", "mdm")} for row in rows]
    text = "".join(json.dumps(row) + "\n" for row in bare)
    (tmp_path / "far" / "manifest.jsonl").write_text(text)
    small = "planes=1 stack=3 skip=3 filters=2 hidden=6 reduced=6 epochs=1".split()
    sets = [word for one in small for word in ("--set", one)]
    name = "bridgenet-speech-sdm-r0"
    run("lab", "run", name, "--data", tmp_path / "far", "--seeds", 5,
        "--results", tmp_path / "kept", *sets)  # fmt: skip
    (record,) = [json.loads(path.read_text()) for path in (tmp_path / "kept").glob("*.json")]
    tested = [one for seed in record["runs"] for one in seed["counts"]["wer"]["names"]]
    assert sorted(tested) == sorted(row["id"] for row in bare)
    capsys.readouterr()
    run("lab", "compare", name, "--results", tmp_path / "kept")
    assert name in capsys.readouterr().out
