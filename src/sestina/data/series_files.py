"""Files and folders → recordings, by the ending of their names."""

from __future__ import annotations

from pathlib import Path

from sestina.data.arff_files import read_arff
from sestina.data.har_folder import SIGNALS, is_har, read_har
from sestina.data.long_tables import RecordingColumns, read_long
from sestina.data.recordings import Recordings, checked
from sestina.data.series_arrays import read_arrays
from sestina.data.tables import TABLES, kind_of
from sestina.data.ts_files import read_ts
from sestina.errors import DataError

ARRAYS = (".npz", ".npy")


def read_series(
    path: str | Path,
    *,
    id: str | None = None,
    time: str | None = None,
    channels: str | None = None,
    group: str | None = None,
    label: str | None = None,
    split: str | None = None,
    encoding: str = "utf-8",
    header: bool = True,
    need_label: bool = True,
) -> Recordings:
    """Read recordings, and labels where there are any, from a file or a folder.

    Tables (.csv, .tsv, .json, .jsonl, .parquet) have a row for each step; .ts files are those of
    aeon and sktime; .arff files univariate or relational; .npz and .npy hold arrays; a folder has
    the layout of UCI HAR. Missing values stay, as NaN.

    Args:
        path: File or folder.
        id: Column of a table that tells recordings apart; this and others are guessed where None,
            which is noted.
        time: Column by which steps are put in order.
        channels: Columns of the channels, parted by commas; by default all that are nothing else.
        group: Column, or array of an .npz, of what stays in one part, as the person.
        label: Column, or array, of the labels.
        split: Column, or array, that names the parts.
        encoding: Encoding of text files.
        header: Whether a CSV or TSV file starts with column names.
        need_label: Whether to refuse data without labels.

    Raises:
        DataError: The data cannot be read so; the message says where and what to do.
    """
    path = Path(path)
    columns = RecordingColumns(id, time, channels, group, label, split)
    kind = kind_of(path)
    if path.is_dir():
        if not is_har(path):
            raise DataError(
                f"{path} is a folder without train/{SIGNALS} or test/{SIGNALS}, the layout of UCI "
                "HAR; give that, or a file"
            )
        found = read_har(path, encoding)
    elif kind in TABLES:
        found = read_long(path, columns, encoding=encoding, header=header, need_label=need_label)
    elif kind == ".ts":
        found = read_ts(path, encoding)
    elif kind == ".arff":
        found = read_arff(path, encoding)
    elif kind in ARRAYS:
        found = read_arrays(path, columns)
    else:
        raise DataError(
            f"{path} is no file of recordings; expected a table (.csv .tsv .jsonl .parquet), .ts, "
            ".arff, .npz or .npy"
        )
    return checked(found, need_label)
