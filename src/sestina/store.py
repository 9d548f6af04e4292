"""Arrays and JSON in one folder, with sums and a format version; knows no classes."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.errors import ModelError, SestinaError, nearest

FORMAT_VERSION = 1
ARRAYS = "model.safetensors"
CONFIG = "config.json"
CHECKPOINT = "checkpoint.safetensors"
TEACHER = "teacher"  # folder, in that of its student, of the checkpoint of who learns first
PARTIAL = ".partial"


def save_folder(
    folder: str | Path,
    arrays: Mapping[str, NDArray[Any]],
    config: Mapping[str, Any],
    files: Mapping[str, str],
) -> None:
    """Write `arrays`, `config` and further text `files` into `folder`, all or nothing.

    Everything is first written under another name beside its place, then renamed, the
    configuration with every file's SHA-256 last: a crash leaves the old folder or one that
    `load_folder` refuses, never a mixture that loads.

    Raises:
        SestinaError: The folder cannot be written (no permission, disk full).
    """
    from safetensors.numpy import save

    folder = Path(folder)
    contents = {ARRAYS: save({name: np.asarray(a, order="C") for name, a in arrays.items()})}
    contents |= {name: _encoded(text) for name, text in files.items()}
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()}
    head = {"format": "sestina", "format_version": FORMAT_VERSION, **config, "sha256": sums}
    contents[CONFIG] = _encoded(json.dumps(head, indent=2, ensure_ascii=False) + "\n")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in contents.items():
            _write(folder / (name + PARTIAL), data)
        for name in contents:
            os.replace(folder / (name + PARTIAL), folder / name)
    except OSError as error:
        for name in contents:
            _discard(folder / (name + PARTIAL))
        raise unwritable(folder, error) from error


def refuse_existing(path: Path, overwrite: bool) -> None:
    """Raise where a file is already there, and is not to be replaced.

    Raises:
        SestinaError: It is there.
    """
    if path.exists() and not overwrite:
        raise SestinaError(
            f"{str(path)!r} exists; name another file, or replace it with --overwrite"
        )


def write_text(path: str | Path, text: str) -> None:
    """Write one text file, all or nothing.

    Raises:
        SestinaError: The file cannot be written.
    """
    write_bytes(path, _encoded(text))


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write one file, all or nothing.

    Raises:
        SestinaError: The file cannot be written.
    """
    with replacing(Path(path)) as partial:
        partial.write_bytes(data)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield the name to write a file under; it takes the place of `path` once all went well.

    Raises:
        SestinaError: The file cannot be written.
    """
    partial = path.with_name(path.name + PARTIAL)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as error:
        _discard(partial)
        raise unwritable(path, error) from error
    except BaseException:
        _discard(partial)
        raise


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]], note: Mapping[str, Any]) -> None:
    """Write named arrays and a JSON note into one safetensors file, all or nothing.

    Raises:
        SestinaError: The file cannot be written.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    whole = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    with replacing(path) as partial:
        partial.touch()
        mode = partial.stat().st_mode  # what the user's umask asks for; save_file gives 0600
        try:
            save_file(whole, partial, {"note": json.dumps(note)})
            partial.chmod(mode)
        except SafetensorError as error:  # a full disk or a folder without permission
            raise OSError(str(error)) from error


def read_arrays(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return the arrays and the note of a file that `write_arrays` wrote.

    Raises:
        ModelError: The file is missing, truncated or foreign.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            note = json.loads((file.metadata() or {})["note"])
            return {name: file.get_tensor(name) for name in file.keys()}, note
    except FileNotFoundError as error:
        raise ModelError(f"there is no file {path}; give the path of one that was saved") from error
    except (SafetensorError, KeyError, ValueError, OSError) as error:
        raise ModelError(
            f"{path} is truncated or not Sestina's; delete it and train again"
        ) from error


def load_folder(
    folder: str | Path, files: tuple[str, ...] = ()
) -> tuple[dict[str, NDArray[Any]], dict[str, Any], dict[str, str]]:
    """Return the arrays, the configuration and the text `files` of a model folder.

    Nothing of the folder is executed. Every file read is held against its SHA-256.

    Raises:
        ModelError: The folder is missing, truncated, changed, foreign or newer than this version.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    folder = Path(folder)
    config = load_config(folder)
    sums = config.get("sha256", {})
    contents = {name: _read_checked(folder, name, sums) for name in (ARRAYS, *files)}
    try:
        arrays = load(contents.pop(ARRAYS))
        texts = {name: data.decode() for name, data in contents.items()}
    except (SafetensorError, UnicodeDecodeError) as error:
        raise ModelError(f"{folder}: a file is damaged ({error}); copy the folder again") from error
    return arrays, config, texts


def load_config(folder: str | Path) -> dict[str, Any]:
    """Return the configuration of a model folder, checked for format and version.

    Raises:
        ModelError: There is no such folder, or it is foreign, damaged or newer than this version.
    """
    folder = Path(folder)
    if not folder.is_dir():
        near = nearest(folder.name, _models_beside(folder)) if _models_beside(folder) else ""
        raise ModelError(f"there is no model folder {str(folder)!r}{near}")
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(
            f"{str(folder)!r} is not a model folder: it has no {CONFIG}; "
            "name the folder that --out or save() wrote"
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{folder / CONFIG} cannot be read ({error}); copy it again") from error
    if not isinstance(config, dict) or config.get("format") != "sestina":
        raise ModelError(f"{str(folder)!r} holds another program's model, not one of Sestina's")
    version = config.get("format_version")
    if not isinstance(version, int) or version > FORMAT_VERSION:
        raise ModelError(
            f"{str(folder)!r} has format version {version}, this Sestina reads up to "
            f"{FORMAT_VERSION}; update with: pip install --upgrade sestina"
        )
    return config


def is_model(folder: str | Path) -> bool:
    """Tell whether `folder` has a configuration of Sestina's."""
    try:
        load_config(folder)
    except ModelError:
        return False
    return True


def is_unfinished(folder: Path) -> bool:
    """Tell whether a folder holds a run that was stopped: its checkpoint, or its teacher's alone.

    A folder that holds more than the teacher's may be one of many models.
    """
    if (folder / CHECKPOINT).exists():
        return True
    inner = folder / TEACHER
    return (inner / CHECKPOINT).exists() and [*folder.iterdir()] == [inner] and not is_model(inner)


def refuse_foreign(folder: str | Path) -> None:
    """Raise when `folder` holds files that are not a model's: they must not be mixed or lost.

    Raises:
        SestinaError: The folder is a file, or has files but no model or checkpoint of Sestina's.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise SestinaError(f"{str(folder)!r} is a file; name a folder for the model")
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    if not is_model(folder) and not is_unfinished(folder):
        raise SestinaError(
            f"{str(folder)!r} holds other files, not a model; name an empty or new folder"
        )


def refuse_unwritable(path: Path) -> None:
    """Raise where no file could be made at `path`; folders on the way need not exist yet.

    Raises:
        SestinaError: The sentence has the reason.
    """
    folder = next((parent for parent in path.parents if parent.exists()), path.parent)
    probe = folder / f".probe-{os.getpid()}{PARTIAL}"
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> SestinaError:
    """Return the one-sentence error for a path that the system did not let us write."""
    blocking = [parent for parent in path.parents if parent.exists() and not parent.is_dir()]
    reason = f"{str(blocking[0])!r} is a file" if blocking else error.strerror or str(error)
    remedy = "free some space, or choose" if error.errno == errno.ENOSPC else "choose"
    return SestinaError(f"cannot write {str(path)!r}: {reason}; {remedy} another place")


def _models_beside(folder: Path) -> list[str]:
    try:
        return [p.name for p in folder.parent.iterdir() if (p / CONFIG).is_file()]
    except OSError:
        return []


def _read_checked(folder: Path, name: str, sums: Any) -> bytes:
    path = folder / name
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}); copy it again") from error
    if not isinstance(sums, dict) or hashlib.sha256(data).hexdigest() != sums.get(name):
        raise ModelError(f"{path} is truncated or changed (its SHA-256 differs); copy it again")
    return data


def _encoded(text: str) -> bytes:
    r"""Return text as UTF-8; half characters, which that lacks, as JSON has them: ``\ud83d``."""
    return text.encode(errors="backslashreplace")


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _discard(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
