"""Tables of values over time: columns, order, gaps, calendars, several series, clear errors."""

import numpy as np
import polars as pl
import pytest

from sestina.data import datasets
from sestina.data.moments import next_times
from sestina.data.timeline import TimelineColumns, read_timeline
from sestina.errors import DataError


def table(path, rows, head="time,x"):
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def read(path, **columns):
    return read_timeline(path, TimelineColumns(**columns))


def test_rows_come_in_the_order_of_their_times(tmp_path):
    rows = ["2024-03-01,3,c,9", "2024-01-01,1,a,7", "2024-02-01,2,b,8"]
    found = read(table(tmp_path / "a.csv", rows, "day,x,name,y"))
    assert found.values[0].tolist() == [[1, 7], [2, 8], [3, 9]]
    assert found.columns.values == ("x", "y") and found.ids == [""]
    assert found.notes == (
        "took column 'day' as the time", "took columns 'x', 'y' as what is foretold",
        "left out column 'name', not of numbers",
    )  # fmt: skip


def test_several_series_and_what_is_known_ahead(tmp_path):
    rows = ["b,1,5,0", "a,1,1,1", "b,2,6,1", "a,2,2,0", "a,3,,1", "b,3,,0"]
    found = read(table(tmp_path / "a.csv", rows, "shop,day,sold,sale"), id="shop", time="day", covariates=("sale",))  # fmt: skip
    assert found.ids == ["b", "a"]
    assert [v.ravel().tolist() for v in found.values] == [[5, 6], [1, 2]]
    assert [k.ravel().tolist() for k in found.known] == [[0, 1, 0], [1, 0, 1]]
    assert [k.ravel().tolist() for k in found.past()] == [[0, 1], [1, 0]]
    assert found.times == [["1", "2", "3"]] * 2


def test_parquet_too(tmp_path):
    pl.DataFrame({"t": [3, 1, 2], "x": [3.0, 1.0, 2.0]}).write_parquet(tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet").values[0].ravel().tolist() == [1, 2, 3]


def test_gaps_are_named_and_filled_on_request(tmp_path):
    path = table(tmp_path / "a.csv", ["1,1", "2,", "3,nan", "4,4", "5,"])
    with pytest.raises(DataError, match=r"2 values missing, the first of 'x' at '2'; add --fill"):
        read(path)
    assert read(path, fill="forward").values[0].ravel().tolist() == [1, 1, 1, 4]
    assert read(path, fill="linear").values[0].ravel().tolist() == [1, 2, 3, 4]
    early = table(tmp_path / "b.csv", ["1,", "2,2", "3,3"])
    with pytest.raises(DataError, match="before the first value"):
        read(early, fill="linear")


def test_uneven_times_are_said(tmp_path):
    days = [f"2024-01-{d:02d},{d}" for d in (1, 2, 3, 4, 8, 9)]
    assert any("1 step wider" in note for note in read(table(tmp_path / "a.csv", days)).notes)
    months = [f"2024-{m:02d},{m}" for m in range(1, 13)]
    assert not any("wider" in note for note in read(table(tmp_path / "b.csv", months)).notes)
    odd = read(table(tmp_path / "c.csv", ["later,1", "sooner,2"]))
    assert odd.values[0].ravel().tolist() == [1, 2]
    assert odd.notes[-1].startswith(
        "times such as 'later' are no dates or numbers"
    )  # no file's name


def test_times_with_offsets_are_in_the_order_of_utc(tmp_path):
    rows = ["2024-01-01T02:00:00Z,3", "2024-01-01T02:00:00+02:00,1", "2024-01-01T01:00:00.5Z,2"]
    found = read(table(tmp_path / "a.csv", rows))
    assert found.values[0].ravel().tolist() == [1, 2, 3]
    twice = table(tmp_path / "b.csv", ["2024-01-01T02:00:00Z,3", "2024-01-01T04:00:00+02:00,1"])
    with pytest.raises(DataError, match="occurs twice"):
        read(twice)


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (["2023-11", "2023-12"], ["2024-01", "2024-02"]),
        (["2023-09-01", "2023-12-01"], ["2024-03-01", "2024-06-01"]),
        (["2024-02-27", "2024-02-28"], ["2024-02-29", "2024-03-01"]),
        (["2024-01-01 22:00", "2024-01-01 23:00"], ["2024-01-02 00:00", "2024-01-02 01:00"]),
        (["30/01/2024", "31/01/2024"], ["01/02/2024", "02/02/2024"]),
        (["2024-03-30T00:00:00+01:00", "2024-03-31T00:00:00+01:00"],
         ["2024-04-01T00:00:00+01:00", "2024-04-02T00:00:00+01:00"]),
        (["2024-12-31T23:59:58Z", "2024-12-31T23:59:59Z"],
         ["2025-01-01T00:00:00Z", "2025-01-01T00:00:01Z"]),
        (["2024-01-01 00:00:00", "2024-01-01 00:00:00.500000"],
         ["2024-01-01 00:00:01", "2024-01-01 00:00:01.500000"]),
        (["1712013100000", "1712013101000"], ["1712013102000", "1712013103000"]),
        (["1", "3"], ["5", "7"]),
        (
            ["2024-01-01 00:00:00.25", "2024-01-01 00:00:00.50"],
            ["2024-01-01 00:00:00.750000", "2024-01-01 00:00:01"],
        ),
        (["x", "y"], ["", ""]),
    ],
)  # fmt: skip
def test_times_go_on(tmp_path, times, expected):
    found = read(table(tmp_path / "a.csv", [f"{time},1" for time in times]))
    assert next_times(found.times[0], found.moments[0], 2) == expected


def test_a_calendar_is_known_ahead(tmp_path):
    columns = TimelineColumns(calendar=True)
    months = table(tmp_path / "a.csv", [f"20{y}-{m:02d},1" for y in (20, 21) for m in range(1, 13)])
    found = read_timeline(months, columns, ahead=3)
    assert found.known[0].shape == (27, 2) and found.times[0][-1] == "2022-03"
    assert np.allclose(found.known[0][:12], found.known[0][12:24], atol=0.02)
    hours = table(tmp_path / "b.csv", [f"2024-01-01 {h:02d}:00,1" for h in range(24)])
    assert read_timeline(hours, columns).known[0].shape == (24, 6)
    with pytest.raises(DataError, match="calendar wants dates"):
        read_timeline(table(tmp_path / "c.csv", ["1,1", "2,2"]), columns)


@pytest.mark.parametrize(
    ("rows", "columns", "message"),
    [
        (["1,1", "1,2"], {}, "'1' occurs twice"),
        (["1,1", "2,2"], {"values": ("y",)}, "no column 'y'"),
        (["1,a", "2,b"], {}, "no column of numbers"),
        (["1,1", "2,b"], {"values": ("x",)}, "'b', which is no number"),
        (["1,1", "2,2"], {"values": ("x",), "covariates": ("x",)}, "twice"),
        (["1,1", "2,2"], {"values": ("x", "x")}, "column 'x' twice to foretell"),
        (["1,1,1", "2,2,2", "3,3,3kg"], {}, "'z' holds '3kg', which is no number, among 2 numbers"),
        (["1,1", "2,inf"], {"fill": "forward"}, "'x' holds an infinite value"),
        (["2024-01-01,1", "5.1.2024,2"], {}, "'5.1.2024' is not written like it; write all alike"),
        (["2024-01-01 10:00,1", "2024-01-01T11:00Z,2"], {}, "'2024-01-01T11:00Z' is not written"),
        (["1,1", "2,2", "later,3"], {}, "the first time is '1', and 'later' is not written like"),
        (["1,1,1", "2,2,"], {"covariates": ("z",)}, "must be known"),
        ([], {}, "no rows"),
    ],
)
def test_tables_that_do_not_do(tmp_path, rows, columns, message):
    head = "time,x,z" if any(row.count(",") == 2 for row in rows) else "time,x"
    with pytest.raises(DataError, match=message):
        read(table(tmp_path / "a.csv", rows, head), **columns)
    with pytest.raises(DataError, match="no table"):
        read(tmp_path / "a.txt")


def test_the_shipped_one():
    found = datasets.timeline("el-nino", TimelineColumns())
    assert found.values[0].shape == (732, 1) and found.times[0][-1] == "2010-12"
    with pytest.raises(DataError, match="el-nino"):
        datasets.timeline("weather", TimelineColumns())
