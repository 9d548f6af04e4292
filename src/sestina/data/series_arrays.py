"""NumPy's .npy and .npz files of recordings."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.data.long_tables import GROUP_NAMES, RecordingColumns
from sestina.data.recordings import Recordings, Values, as_values
from sestina.errors import DataError, counted, nearest

VALUES = ("data", "X", "x", "values")
LABELS = ("label", "y", "labels")
GROUPS = (*GROUP_NAMES, "groups", "subjects")
SPLITS = ("split", "part")
Arrays = dict[str, NDArray[Any]]


def read_arrays(path: Path, asked: RecordingColumns) -> Recordings:
    """Read an array of recordings, alone (.npy) or with more about them (.npz).

    The values are an array (N, T, C), or (N, T) of one channel, called data or X; or, with an array
    lengths (N,), all steps laid end to end, (sum of lengths, C). An .npz may also hold label or y
    (N,), label_names (K,) that its numbers stand for, channel_names (C,), subject or group (N,) and
    split (N,). Nothing in the file is executed.

    Raises:
        DataError: The file is damaged, holds objects, or its arrays do not fit together.
    """
    arrays = _arrays(path)
    key = next((name for name in VALUES if name in arrays), None)
    if key is None:
        raise DataError(
            f"{path} holds the arrays {', '.join(arrays)}; expected one called data or X, of shape "
            "(N, T, C)"
        )
    rows = _rows(arrays[key], arrays.get("lengths"), path)
    label = _named(arrays, asked.label, LABELS, path)
    group = _named(arrays, asked.group, GROUPS, path)
    split = _named(arrays, asked.split, SPLITS, path)
    names = arrays.get("channel_names")
    labels = _marks(arrays, label, len(rows), path)
    if labels is not None and "label_names" in arrays:
        labels = _with_names(arrays[str(label)], arrays["label_names"], path)
    return Recordings(
        rows,
        None if labels is None else [*labels],
        _marks(arrays, split, len(rows), path),
        source=str(path),
        channels=() if names is None else tuple(names.astype(str).tolist()),
        groups=_marks(arrays, group, len(rows), path),
        group_name=group or "group",
    )


def _arrays(path: Path) -> Arrays:
    try:
        with path.open("rb") as file:  # which NumPy leaves open where a file is damaged
            found = np.load(file, allow_pickle=False)
            if isinstance(found, np.ndarray):
                return {"data": found}
            with found:
                return {name: found[name] for name in found.files}
    except FileNotFoundError as error:
        raise DataError(f"there is no file {str(path.absolute())!r}; check the path") from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{path} is not an array file, is truncated, or holds Python objects, which are never "
            "loaded; save arrays of numbers with numpy.save or numpy.savez"
        ) from error


def _rows(data: NDArray[Any], lengths: NDArray[Any] | None, path: Path) -> list[Values]:
    """Return the recordings, (T_n, C) each."""
    if data.dtype.kind not in "fiub":
        raise DataError(f"{path} holds values of type {data.dtype}; expected numbers")
    data = as_values(data)
    if lengths is None:
        if data.ndim == 2:
            data = data[:, :, None]
        if data.ndim != 3:
            raise DataError(
                f"{path} holds values of shape {data.shape}; expected (N, T, C), or (N, T) of one "
                "channel"
            )
        return list(data)
    sizes = lengths.astype(np.int64).ravel() if lengths.dtype.kind in "iu" else np.array([-1])
    if data.ndim != 2 or (sizes < 0).any() or sizes.sum() != len(data):
        raise DataError(
            f"{path} holds values of shape {data.shape} and lengths of {int(sizes.sum()):,} in "
            "all; expected (sum of lengths, C)"
        )
    return np.split(data, np.cumsum(sizes)[:-1])


def _named(arrays: Arrays, wish: str | None, known: tuple[str, ...], path: Path) -> str | None:
    """Return the name of an array asked for, or that a known name tells."""
    if wish is not None and wish not in arrays:
        raise DataError(f"{path} has no array {wish!r}{nearest(wish, arrays)}")
    return wish or next((name for name in known if name in arrays), None)


def _marks(arrays: Arrays, name: str | None, rows: int, path: Path) -> list[str] | None:
    """Return an array (N,) as strings."""
    if name is None:
        return None
    if arrays[name].shape != (rows,):
        raise DataError(
            f"{path}: {name} has the shape {arrays[name].shape}, and there are "
            f"{counted(rows, 'recording')}; expected ({rows},)"
        )
    found: list[str] = arrays[name].astype(str).tolist()
    return found


def _with_names(codes: NDArray[Any], names: NDArray[Any], path: Path) -> list[str]:
    if codes.dtype.kind not in "iu" or not ((codes >= 0) & (codes < len(names))).all():
        raise DataError(
            f"{path}: labels are no numbers from 0 to {len(names) - 1}, the places in label_names; "
            "leave label_names out, or correct them"
        )
    found: list[str] = names.astype(str)[codes].tolist()
    return found
