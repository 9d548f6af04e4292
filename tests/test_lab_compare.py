"""Experiments compared by what each recording or utterance was got wrong."""

import json

import numpy as np
import pytest

from sestina.cli.app import main
from sestina.errors import DataError
from sestina.lab import experiment, journal
from sestina.lab.compare import compared, counts

OF = np.full(60, 10)
NAMES = [f"u{n}" for n in range(60)]
PLAIN = {"Table 1": [0.504, 0.416], "Table 2": [0.465, 0.377]}  # of all and of main speakers
BRIDGED = {"Table 2": [0.426, 0.338]}


def record(name, shares, figure="wer", wer=None, names=NAMES):
    """Return a record with one seed for each share of wrong words."""
    hard = np.random.default_rng(3).normal(0, 0.08, len(OF))  # the same ones for all
    rng = np.random.default_rng([ord(sign) for sign in name])
    runs = [
        {
            "seed": seed,
            "counts": {figure: counts(names, rng.binomial(OF, np.clip(hard + share, 0, 1)), OF)},
            **dict.fromkeys(journal.OF_RUN[1:], 0),
        }
        for seed, share in enumerate(shares)
    ]
    filled = {key: dict.fromkeys(keys) for key, keys in journal.INNER.items()}
    kept = {
        "format": journal.FORMAT, "format_version": journal.VERSION, "row": "F6", "title": "t",
        "date": f"2026-11-22T10:00:0{len(name) % 10}", "quick": False, "versions": {}, **filled,
    }  # fmt: skip
    kept["data"] |= {"name": "far", "sha256": "0"}
    kept["lecture"]["wer"] = {} if wer is None else wer
    kept["summary"] |= {"figure": figure, figure: 0.5}
    return kept | {"experiment": name, "runs": runs}


def test_a_gain_is_relative_and_the_lectures_stands_beside_it():
    first, other = (
        record("first", (0.5, 0.5, 0.5), wer=PLAIN),
        record("other", (0.4,) * 3, wer=BRIDGED),
    )
    base, better = compared([first, other], "wer")
    assert base["gain"] is None and base["lecture"] is None and abs(base["figure"] - 0.5) < 0.03
    assert better["gain"] == pytest.approx(1 - better["figure"] / base["figure"])
    assert better["lecture"] == pytest.approx(0.0839, abs=1e-4)
    assert better["lecture_main"] == pytest.approx(0.1034, abs=1e-4)
    low, high = better["gain_interval"]
    assert 0.1 < low < better["gain"] < high < 0.3
    assert better["interval"][0] < better["figure"] < better["interval"][1]


def test_what_the_lecture_says_of_words_is_not_said_of_characters():
    both = record("first", (0.5,), wer=PLAIN), record("other", (0.4,), wer=BRIDGED)
    for one in both:
        for run in one["runs"]:
            run["counts"]["cer"] = run["counts"]["wer"]
    assert [row["lecture"] for row in compared(both, "cer")] == [None, None]


def test_a_lectures_gain_is_within_one_of_its_tables():
    denoised = record("denoised", (0.5,), wer={"Table 1": [0.501, 0.414]})
    plain, bridged = record("plain", (0.5,), wer=PLAIN), record("bridged", (0.5,), wer=BRIDGED)
    assert compared([plain, denoised], "wer")[1]["lecture"] == pytest.approx(1 - 0.501 / 0.504)
    apart = compared([bridged, denoised], "wer")[1]
    assert apart["lecture"] is None and apart["lecture_main"] is None


def test_every_gain_of_the_paper_is_told():
    def gain(first, other):
        return compared([of_paper(first), of_paper(other)], "wer")[1]

    def of_paper(name):
        tables = experiment.get(f"bridgenet-speech-{name}").lecture.wer
        return record(name, (0.5,), wer=tables)

    assert gain("sdm-r0", "sdm-r1-all")["lecture"] == pytest.approx(0.084, abs=5e-4)
    assert gain("mdm-r0", "mdm-r1-all")["lecture"] == pytest.approx(0.094, abs=5e-4)
    assert gain("mdm-r0", "mdm-r1-all")["lecture_main"] == pytest.approx(0.1324, abs=5e-5)
    assert gain("sdm-r0", "sdm-r0-ali")["lecture"] == pytest.approx(1 - 0.465 / 0.504)
    assert gain("sdm-r0-ali", "sdm-r0-ali-den")["lecture"] == pytest.approx(1 - 0.469 / 0.465)


def test_noise_is_no_gain():
    same = [record(name, (share,) * 3) for name, share in (("a", 0.5), ("b", 0.503))]
    low, high = compared(same, "wer")[1]["gain_interval"]
    assert low < 0 < high


def test_seeds_of_an_utterance_are_no_more_utterances():
    one, many = record("one", (0.5,)), record("one", (0.5,))
    many["runs"] = many["runs"] * 9  # the same nine times
    (few,), (more,) = compared([one], "wer"), compared([many], "wer")
    assert few["interval"] == pytest.approx(more["interval"])


def test_of_an_accuracy_more_is_better():
    rows = compared([record("a", (0.5,), "accuracy"), record("b", (0.3,), "accuracy")], "accuracy")
    assert rows[0]["figure"] < 0.6 < rows[1]["figure"] and rows[1]["gain"] > 0.2
    assert all(row["interval"][0] < row["figure"] < row["interval"][1] for row in rows)


@pytest.fixture
def kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for one in (record("first", (0.5,) * 3, wer=PLAIN), record("other", (0.3,) * 3, wer=BRIDGED)):
        journal.keep(tmp_path / "lab-results", one)
    return tmp_path / "lab-results"


def called(capsys, *arguments):
    with pytest.raises(SystemExit) as left:
        main(["lab", "compare", *arguments])
    shown = capsys.readouterr()
    return left.value.code, shown.out, " ".join(shown.err.split())


def test_from_the_command_line(capsys, kept):
    code, out, _ = called(capsys, "first", "other")
    assert (
        code == 0
        and "8.4%" in out
        and "10.3%" in out
        and "fewer" in out
        and max(map(len, out.splitlines())) <= 80
    )
    code, out, _ = called(capsys, "first", "other", "--json")
    told = json.loads(out)
    assert told["figure"] == "wer" and [row["experiment"] for row in told["experiments"]] == [
        "first", "other",
    ]  # fmt: skip


def test_what_was_set_otherwise_counts_where_there_is_no_other(kept):
    later = record("other", (0.5,) * 3) | {"date": "2027-01-01T00:00:00", "changed": {"twins": 0.5}}
    journal.keep(kept, later)
    assert "changed" not in journal.latest(kept, ["other"])[0]
    journal.keep(kept, later | {"experiment": "third"})
    assert journal.latest(kept, ["third"])[0]["changed"] == {"twins": 0.5}


def test_who_makes_no_error_cannot_be_improved_upon(capsys, kept, recwarn):
    best = record("best", (0.5,), wer={"Table 2": [0.1, 0.1]})
    for run in best["runs"]:
        run["counts"]["wer"]["wrong"] = [0] * len(NAMES)
    rows = compared([best, best], "wer")
    assert [row["gain_interval"] for row in rows] == [None, None] and not recwarn.list
    with pytest.raises(DataError, match=r"counts no accuracy .* take --figure wer"):
        compared([best, best], "accuracy")


def test_other_seeds_or_parts_of_the_data_are_no_comparison():
    one, other = record("one", (0.5, 0.5)), record("other", (0.4, 0.4))
    other["runs"][1]["seed"] = 7
    with pytest.raises(DataError, match="one ran with the seeds 0, 1, other with 0, 7; run both"):
        compared([one, other], "wer")
    few = record("few", (0.4, 0.4)) | {"changed": {"twins": 0.25, "hidden": 8}}
    with pytest.raises(DataError, match=r"one ran with its own parts, few with twins=0.25; run"):
        compared([one, few], "wer")
    same = compared([one | {"changed": {"twins": 0.25}}, few], "wer")
    assert [row["experiment"] for row in same] == ["one, twins=0.25", "few, twins=0.25, hidden=8"]


@pytest.mark.parametrize("damage", ["lacks", "nothing", "texts", "shorter", "no table"])
def test_damaged_counts_are_told(damage):
    one = record("one", (0.5,))
    counted = one["runs"][0]["counts"]["wer"]
    match damage:
        case "lacks":
            del counted["of"]
        case "nothing":
            counted["wrong"] = None
        case "texts":
            counted["wrong"] = ["many"] * len(NAMES)
        case "shorter":
            counted["of"] = counted["of"][1:]
        case "no table":
            one["runs"][0]["counts"]["wer"] = 3
    with pytest.raises(DataError, match="the record of one counts word error rate in a way that"):
        compared([one], "wer")
    one["runs"][0]["counts"] = "x"
    with pytest.raises(DataError, match=r"counts no word error rate .*; run it again"):
        compared([one], "wer")


def test_what_cannot_be_compared(capsys, kept):
    code, _, err = called(capsys, "first", "othr")
    assert code == 1 and "did you mean 'other'" in err
    code, _, err = called(capsys, "first", "other", "--figure", "cer")
    assert code == 1 and "counts no character error rate" in err
    code, _, err = called(capsys, "first", "--figure", "beauty")
    assert code in (1, 2) and "beauty" in err and "accuracy" in err
    strange = record("strange", (0.5,) * 3, names=[f"v{n}" for n in range(60)])
    journal.keep(kept, strange)
    code, _, err = called(capsys, "first", "strange")
    assert code == 1 and "not tested on what first was" in err
    strange["data"]["sha256"] = "1"
    journal.keep(kept, strange | {"date": "2026-11-22T11:00:00"})
    code, _, err = called(capsys, "first", "strange")
    assert code == 1 and "records of the same data" in err
