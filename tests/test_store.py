"""Model folders on disk: all or nothing, checked on reading, and nothing in them runs."""

import errno
import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sestina
from sestina import store
from sestina.errors import ModelError, SestinaError

ARRAYS = {
    "weights": np.arange(6, dtype=np.float32).reshape(2, 3),
    "turned": np.arange(6, dtype=np.float32).reshape(2, 3).T,
    "number": np.array(7.0, dtype=np.float32),
    "none": np.empty((0, 4), dtype=np.int64),
}


@pytest.fixture
def folder(tmp_path):
    save(tmp_path / "model")
    return tmp_path / "model"


def save(folder, arrays=ARRAYS, **config):
    store.save_folder(folder, arrays, {"estimator": "X", **config}, {"notes.txt": "Grüße\n"})


def same(folder, arrays=ARRAYS):
    read, _, texts = store.load_folder(folder, ("notes.txt",))
    assert texts == {"notes.txt": "Grüße\n"}
    assert set(read) == set(arrays)
    for name, array in arrays.items():
        assert read[name].dtype == array.dtype and read[name].shape == array.shape
        assert np.array_equal(read[name], array)


def leftovers(folder):
    return [path.name for path in Path(folder).rglob("*" + store.PARTIAL)]


def edit_config(folder, **changes):
    path = folder / store.CONFIG
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def full_disk(monkeypatch, after=0):
    """Let `os.fsync` find the disk full after so many files."""
    real, calls = os.fsync, []

    def fsync(number):
        calls.append(number)
        if len(calls) > after:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(number)

    monkeypatch.setattr(os, "fsync", fsync)


def test_round_trip(folder):
    same(folder)
    assert store.load_config(folder)["format_version"] == store.FORMAT_VERSION
    assert store.is_model(folder)
    assert not leftovers(folder)


def test_saving_again_replaces(folder):
    other = {"weights": np.ones(3)}
    save(folder, other)
    same(folder, other)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 4), max_size=3), st.sampled_from(["f4", "f8", "i4", "i8", "u1"]))
def test_write_arrays_round_trip(tmp_path_factory, shape, kind):
    path = tmp_path_factory.mktemp("arrays") / "x.safetensors"
    array = np.random.default_rng(0).integers(0, 9, shape).astype(kind)
    store.write_arrays(path, {"a": array}, {"epoch": 3})
    arrays, note = store.read_arrays(path)
    assert note == {"epoch": 3}
    assert arrays["a"].shape == array.shape and np.array_equal(arrays["a"], array)


@pytest.mark.parametrize("after", [0, 1, 2])
def test_full_disk_leaves_the_old_folder_whole(folder, monkeypatch, after):
    full_disk(monkeypatch, after)
    with pytest.raises(SestinaError, match=r"cannot write .*No space left on device; free some"):
        save(folder, {"weights": np.ones(3)})
    monkeypatch.undo()
    same(folder)
    assert not leftovers(folder)


def test_full_disk_while_writing_one_file(tmp_path, monkeypatch):
    path = tmp_path / "text.txt"
    store.write_text(path, "old")
    store.write_arrays(tmp_path / "a", ARRAYS, {})
    full_disk(monkeypatch)
    with pytest.raises(SestinaError, match="No space left"):
        store.write_text(path, "new")
    with pytest.raises(SestinaError, match="No space left"):
        store.write_arrays(tmp_path / "a", {}, {})
    assert path.read_text() == "old"
    assert set(store.read_arrays(tmp_path / "a")[0]) == set(ARRAYS)
    assert not leftovers(tmp_path)


def test_a_crash_between_renames_leaves_nothing_that_loads(folder, monkeypatch):
    real = os.replace

    def replace(source, goal):
        if Path(goal).name != store.ARRAYS:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(source, goal)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(SestinaError, match="cannot write"):
        save(folder, {"weights": np.ones(3)})
    monkeypatch.undo()
    with pytest.raises(ModelError, match="SHA-256 differs"):
        store.load_folder(folder)
    assert not leftovers(folder)


def test_a_file_where_a_folder_should_be_is_named(tmp_path):
    (tmp_path / "a").write_text("a file")
    for write in (lambda path: store.write_text(path, "b"), store.refuse_unwritable):
        with pytest.raises(SestinaError, match=r"cannot write '.*b\.txt': '.*a' is a file; choose"):
            write(tmp_path / "a" / "c" / "b.txt")


@pytest.mark.parametrize("name", [store.ARRAYS, "notes.txt"])
@pytest.mark.parametrize("change", ["cut", "flip", "empty"])
def test_damaged_file_is_refused(folder, name, change):
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    changed = {"cut": data[:-3], "flip": data, "empty": b""}[change]
    (folder / name).write_bytes(changed)
    with pytest.raises(ModelError, match=f"{name} is truncated or changed"):
        store.load_folder(folder, ("notes.txt",))


def test_damaged_arrays_with_a_fitting_sum_are_refused(folder):
    import hashlib

    data = (folder / store.ARRAYS).read_bytes()[:-3]
    (folder / store.ARRAYS).write_bytes(data)
    edit_config(folder, sha256={store.ARRAYS: hashlib.sha256(data).hexdigest()})
    with pytest.raises(ModelError, match="a file is damaged"):
        store.load_folder(folder)


def test_missing_file_is_named(folder):
    (folder / store.ARRAYS).unlink()
    with pytest.raises(ModelError, match=r"model\.safetensors cannot be read \(No such file"):
        store.load_folder(folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"model_type": "bert"}', "another program's model"),
        ("[1, 2]", "another program's model"),
        ('{"format": "sestina"', "cannot be read"),
        ("", "cannot be read"),
        ("\0\1", "cannot be read"),
    ],
)
def test_foreign_or_broken_configuration(folder, text, message):
    (folder / store.CONFIG).write_text(text)
    assert not store.is_model(folder)
    with pytest.raises(ModelError, match=message):
        store.load_folder(folder)


@pytest.mark.parametrize("version", [store.FORMAT_VERSION + 1, "1", None])
def test_newer_version_is_refused(folder, version):
    edit_config(folder, format_version=version)
    with pytest.raises(ModelError, match=f"format version {version}.*pip install --upgrade"):
        store.load_folder(folder)


@pytest.mark.parametrize("sums", [None, [], {}, {store.ARRAYS: 3}])
def test_missing_sums_are_refused(folder, sums):
    edit_config(folder, sha256=sums)
    with pytest.raises(ModelError, match="SHA-256"):
        store.load_folder(folder)


def test_missing_folder_names_the_nearest(folder):
    with pytest.raises(ModelError, match=r"there is no model folder .*; did you mean 'model'"):
        store.load_config(folder.with_name("modle"))
    with pytest.raises(ModelError, match="there is no model folder"):
        store.load_config(folder / "further" / "down")


def test_folder_without_configuration(tmp_path):
    with pytest.raises(ModelError, match="not a model folder: it has no config"):
        store.load_config(tmp_path)


def test_foreign_folders_and_files_are_not_overwritten(tmp_path, folder):
    store.refuse_foreign(folder)
    store.refuse_foreign(tmp_path / "new")
    (tmp_path / "empty").mkdir()
    store.refuse_foreign(tmp_path / "empty")
    (folder / store.CONFIG).write_text('{"model_type": "bert"}')
    with pytest.raises(SestinaError, match="holds other files"):
        store.refuse_foreign(folder)
    with pytest.raises(SestinaError, match="is a file"):
        store.refuse_foreign(folder / store.CONFIG)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 a zip", b"\x80\x04N."])
def test_foreign_array_file(tmp_path, data):
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(ModelError, match="truncated or not Sestina's"):
        store.read_arrays(tmp_path / "x")
    with pytest.raises(ModelError, match="there is no file"):
        store.read_arrays(tmp_path / "y")


def test_arrays_without_a_note_are_foreign(tmp_path):
    from safetensors.numpy import save_file

    save_file({"a": np.ones(2)}, tmp_path / "x")
    with pytest.raises(ModelError, match="not Sestina's"):
        store.read_arrays(tmp_path / "x")


RUNS_CODE = re.compile(r"pickle|torch\.load\(|(?<![\w.])eval\(|(?<![\w.])exec\(|__import__\(")


def test_no_source_line_can_run_code_from_a_file():
    lines = {
        f"{path.name}: {line.strip()}"
        for path in Path(sestina.__file__).parent.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if RUNS_CODE.search(line.replace("allow_pickle=False", ""))
    }
    assert not lines


def test_the_search_above_finds_what_it_should():
    for bad in ("import pickle", "torch.load(f)", "x = eval(text)", "exec(text)"):
        assert RUNS_CODE.search(bad)
    assert not RUNS_CODE.search("self.network_.eval()")


def test_a_stopped_run_is_told_from_a_folder_of_models(tmp_path):
    inner = tmp_path / store.TEACHER
    inner.mkdir()
    assert not store.is_unfinished(tmp_path)
    (inner / store.CHECKPOINT).touch()
    assert store.is_unfinished(tmp_path) and store.is_unfinished(inner)
    (tmp_path / "notes.txt").touch()
    assert not store.is_unfinished(tmp_path)
    with pytest.raises(SestinaError, match="holds other files"):
        store.refuse_foreign(tmp_path)
