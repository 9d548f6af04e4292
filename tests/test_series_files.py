"""Files of recordings: what is read, what is guessed, and what every malformed file is told."""

import shutil

import numpy as np
import polars as pl
import pytest

from sestina.data.series_files import read_series
from sestina.errors import DataError

LONG = """id,time,ax,ay,label,subject
b,2,3.5,1,run,7
b,1,2.5,,run,7
a,10,NA,4,walk,8
a,9,1,5,walk,8
a,11,2,?,walk,8
"""
TS = """# made by hand
@problemName Toy
@timeStamps false
@univariate false
@classLabel true up down
@data
1,2,3:4,?,6:up
7,8:9,10:down
"""
ARFF = """% a comment
@relation toy
@attribute step1 numeric
@attribute step2 real
@attribute 'the class' {up,'far down'}
@data
1,2,up
3,?,'far down'
"""
RELATIONAL = r"""@relation toy
@attribute signals relational
  @attribute t0 numeric
@end signals
@attribute class {up,down}
@data
'1,2,3\n4,5,?',up
"7,8\n9,10",down
"""


def written(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def same(row, wanted):
    return np.array_equal(row, np.array(wanted, np.float32), equal_nan=True)


NAN = np.nan


def test_a_long_table_in_the_order_of_its_times(tmp_path):
    found = read_series(written(tmp_path, "watch.csv", LONG))
    assert found.names == ["b", "a"] and found.channels == ("ax", "ay")
    assert same(found.rows[0], [[2.5, NAN], [3.5, 1]])
    assert same(found.rows[1], [[1, 5], [NAN, 4], [2, NAN]])
    assert found.labels == ["run", "walk"] and found.groups == ["7", "8"]
    assert found.times == [["1", "2"], ["9", "10", "11"]] and found.group_name == "subject"
    assert "put rows in the order of 'time'" in found.notes
    assert "took column 'subject' as the group" in found.notes
    assert found.gap() == "3 values of 10 values missing, the first in 'b', time 1, channel 'ay'"


def test_parquet_dates_and_columns_by_name(tmp_path):
    table = pl.DataFrame(
        {
            "who": ["x", "x", "y"],
            "when": ["2024-05-01 12:30:00", "2024-05-01 12:29:00", "2024-05-02"],
            "g": [1.0, 2.0, None],
            "note": ["a", "b", "c"],
            "mood": ["ok", "ok", "bad"],
        }
    )
    table.write_parquet(tmp_path / "t.parquet")
    found = read_series(tmp_path / "t.parquet", id="who", time="when", channels="g", label="mood")
    assert same(found.rows[0], [[2], [1]]) and same(found.rows[1], [[NAN]])
    assert found.labels == ["ok", "bad"] and found.groups is None


def test_without_ids_a_table_is_one_recording_to_ask_of(tmp_path):
    path = written(tmp_path, "t.csv", "x,y\n1,2\n3,4\n")
    found = read_series(path, need_label=False)
    assert same(found.rows[0], [[1, 2], [3, 4]]) and len(found) == 1
    with pytest.raises(DataError, match="none that tells recordings apart; name it with --id"):
        read_series(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LONG.replace("3.5", "3;5"), "line 2 has '3;5' in the column 'ax'; expected a number"),
        (
            LONG.replace("a,9,", "a,10,"),
            "'a': the time '10' occurs twice .1 such row.; take one of",
        ),
        (LONG.replace("a,9,", "a,soon,"), "line 5 has no time in the column 'time'; expected a"),
        (LONG.replace("walk,8\na,9", "run,8\na,9"), "'a' has the labels 'walk' and 'run'; a reco"),
        (LONG.replace("run,7\na", "run,9\na"), "'b' has the groups '9' and '7'"),
        (LONG.partition("\n")[0] + "\n", "has a header and no rows"),
        (LONG.replace("subject", "split"), "the split column has the values '7', '8'; expected"),
        ("id,label\na,b\n", "has no column left for a channel; name them with --channels"),
        (LONG.replace("2.5", "inf"), "'b' has a value infinite or beyond 3.4e38 at step 0, cha"),
        (LONG.replace("2.5", "1e39"), "'b' has a value infinite or beyond 3.4e38 at step 0, cha"),
        (LONG.replace("run", "").replace("walk", ""), "no recording can be used .*without a label"),
    ],
)
def test_malformed_tables(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        read_series(written(tmp_path, "t.csv", text))


def test_columns_that_are_not_there(tmp_path):
    path = written(tmp_path, "t.csv", LONG)
    with pytest.raises(DataError, match="has no column 'az'; known are ax, ay"):
        read_series(path, channels="ax,az")
    with pytest.raises(DataError, match="one column is asked for as two things"):
        read_series(path, channels="ax,ay", group="ax")
    with pytest.raises(DataError, match="one column is asked for as two things"):
        read_series(path, channels="ax,ax")


def test_ts(tmp_path):
    found = read_series(written(tmp_path, "toy.ts", TS))
    assert same(found.rows[0], [[1, 4], [2, NAN], [3, 6]]) and found.labels == ["up", "down"]
    assert same(found.rows[1], [[7, 9], [8, 10]])
    stamped = TS.replace("timeStamps false", "timeStamps true").partition("@data")[0]
    stamped += "@data\n(0,1),(1,2):(0,3),(1,4):up\n"
    found = read_series(written(tmp_path, "toy.ts", stamped))
    assert same(found.rows[0], [[1, 3], [2, 4]]) and "left the times out" in found.notes[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TS.replace("8:9", "x:9"), "line 8 has 'x' where a number is expected; correct it, or wri"),
        (TS.replace("9,10:down", "9:down"), "line 8 has 2 steps of channel 1 and 1 of channel 2"),
        (TS.replace(":down", ":left"), "line 8 ends in 'left', which @classLabel does not name"),
        (TS.replace("9,10:down", "9,10:1,2:down"), "line 8 has 3 channels parted by colons, the f"),
        (TS.replace("@data\n", ""), "no line @data before its recordings .line 6."),
        (TS.replace("@classLabel true up down", "@targetLabel true"), "line 5 says that each ser"),
        (TS.replace("stamps false", "x").replace("Stamps false", "Stamps true"), "line 7 has no "),
        (TS.replace("true up down", "false").replace(":up", "").replace(":down", ""), "no labels"),
    ],
)
def test_malformed_ts(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        read_series(written(tmp_path, "toy.ts", text))


def test_arff(tmp_path):
    found = read_series(written(tmp_path, "toy.arff", ARFF))
    assert same(found.rows[0], [[1], [2]]) and same(found.rows[1], [[3], [NAN]])
    assert found.labels == ["up", "far down"]
    found = read_series(written(tmp_path, "toy.arff", RELATIONAL))
    assert same(found.rows[0], [[1, 4], [2, 5], [3, NAN]]) and found.labels == ["up", "down"]
    first = ARFF.replace("@attribute step1", "@attribute k {up,'far down'}\n@attribute step1")
    first = first.replace("@attribute 'the class' {up,'far down'}\n", "")
    first = first.replace("1,2,up", "up,1,2").replace("3,?,'far down'", "'far down',3,?")
    found = read_series(written(tmp_path, "toy.arff", first))
    assert found.labels == ["up", "far down"] and same(found.rows[0], [[1], [2]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ARFF.replace("1,2,up", "1,two,up"), "line 7 has 'two' where a number is expected"),
        (ARFF.replace("1,2,up", "1,2,3,up"), "line 7 has 4 fields, the attributes are 3; quote"),
        (ARFF.replace("1,2,up", "1,2,left"), "line 7 has the label 'left', which the attribute"),
        (ARFF.replace("real", "string"), "line 4 has an attribute that is neither numeric, rela"),
        (ARFF.replace("@data", ""), "no @attribute of numbers before @data"),
        (RELATIONAL.replace("9,10", "9"), "line 8 has 2 steps of channel 1 and 1 of channel 2"),
    ],
)
def test_malformed_arff(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        read_series(written(tmp_path, "toy.arff", text))


@pytest.fixture
def har(tmp_path):
    """A tiny folder with the layout of UCI HAR: 2 signals, 3 + 2 windows of 4 steps."""
    folder = tmp_path / "UCI HAR Dataset"
    for part, count in (("train", 3), ("test", 2)):
        signals = folder / part / "Inertial Signals"
        signals.mkdir(parents=True)
        for k, name in enumerate(("body_acc_x", "body_gyro_y")):
            lines = [f"  {n}.5e+00  {k}.0e+00 -1.0e-01  2.0e+00" for n in range(count)]
            (signals / f"{name}_{part}.txt").write_text("\n".join(lines) + "\n")
        (folder / part / f"y_{part}.txt").write_text("1\n2\n1\n"[: 2 * count])
        (folder / part / f"subject_{part}.txt").write_text("4\n" * count)
    (folder / "activity_labels.txt").write_text("1 WALKING\n2 LAYING\n")
    return folder


def test_the_folder_of_uci_har(har):
    found = read_series(har)
    assert found.channels == ("body_acc_x", "body_gyro_y") and len(found) == 5
    assert np.allclose(found.rows[1], [[1.5, 1.5], [0, 1], [-0.1, -0.1], [2, 2]])
    assert found.labels == ["WALKING", "LAYING", "WALKING", "WALKING", "LAYING"]
    assert found.parts == ["train"] * 3 + ["test"] * 2
    assert found.groups == ["4"] * 5 and found.group_name == "subject"


def test_a_damaged_folder_of_uci_har(har, tmp_path):
    signals = har / "train" / "Inertial Signals"
    text = (signals / "body_gyro_y_train.txt").read_text()
    for broken, message in (
        (text.replace("1.0e+00", "one", 1), "body_gyro_y_train.txt: line 1 has 'one' where a nu"),
        (text.replace("2.0e+00", "", 1), "body_gyro_y_train.txt: line 1 has 3 numbers, that of b"),
        (text[: text.rindex("  2.5")], "body_gyro_y_train.txt has 2 lines, where there are 3 win"),
    ):
        (signals / "body_gyro_y_train.txt").write_text(broken)
        with pytest.raises(DataError, match=message):
            read_series(har)
    (signals / "body_gyro_y_train.txt").unlink()
    with pytest.raises(DataError, match="has the signals body_acc_x, body_gyro_y; expected body_"):
        read_series(har)
    shutil.rmtree(har / "train")
    (har / "test" / "y_test.txt").write_text("1\n")
    with pytest.raises(DataError, match=r"y_test.txt has 1 line, where there are 2 windows"):
        read_series(har)
    with pytest.raises(DataError, match="is a folder without train/Inertial Signals"):
        read_series(tmp_path)


def test_arrays(tmp_path):
    data = np.arange(24.0).reshape(2, 4, 3)
    np.savez(tmp_path / "a.npz", X=data, y=[1, 0], subject=[5, 6], label_names=["no", "yes"])
    found = read_series(tmp_path / "a.npz")
    assert same(found.rows[1], data[1]) and found.labels == ["yes", "no"]
    assert found.groups == ["5", "6"] and found.group_name == "subject"
    np.savez(tmp_path / "b.npz", data=data[0], lengths=[1, 3], label=["u", "v"])
    assert [len(row) for row in read_series(tmp_path / "b.npz").rows] == [1, 3]
    np.save(tmp_path / "c.npy", data[:, :, 0])
    found = read_series(tmp_path / "c.npy", need_label=False)
    assert found.rows[0].shape == (4, 1) and found.labels is None


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"Z": np.ones(3)}, "holds the arrays Z; expected one called data or X"),
        ({"X": np.ones((2, 3, 4)), "y": [1]}, r"y has the shape \(1,\), and there are 2 recordi"),
        ({"X": np.ones((2, 3, 4, 5))}, r"values of shape \(2, 3, 4, 5\); expected \(N, T, C\)"),
        ({"X": np.array([["a"]])}, "values of type <U1; expected numbers"),
        ({"data": np.ones((4, 2)), "lengths": [3, 3]}, "lengths of 6 in all; expected .sum of le"),
        ({"X": np.array([{}])}, "or holds Python objects, which are never loaded"),
        ({"X": np.ones((1, 2, 1)), "y": [3], "label_names": ["a"]}, "no numbers from 0 to 0"),
        ({"X": np.ones((1, 2, 1))}, "has no labels to learn from"),
    ],
)
def test_malformed_arrays(tmp_path, arrays, message):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(DataError, match=message):
        read_series(tmp_path / "a.npz")


def test_what_is_no_file_of_recordings(tmp_path):
    with pytest.raises(DataError, match="is no file of recordings; expected a table"):
        read_series(written(tmp_path, "t.txt", "1 2 3"))
    with pytest.raises(DataError, match="there is no file"):
        read_series(tmp_path / "none.npz")
    (tmp_path / "cut.npz").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(DataError, match="is not an array file, is truncated"):
        read_series(tmp_path / "cut.npz")
