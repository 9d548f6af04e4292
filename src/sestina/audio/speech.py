"""Any folder or table of speech → utterances; twins, as two devices heard them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sestina.audio.kaldi import SOUNDS, is_kaldi, other_lists, read_kaldi
from sestina.audio.manifest import DEVICES, MANIFEST, read_manifest
from sestina.audio.speech_table import SpeechColumns, read_speech_table
from sestina.audio.utterances import Utterances, checked, paired
from sestina.data.records import PARTS
from sestina.data.tables import TABLES, kind_of
from sestina.errors import DataError, nearest

FOLDERS = PARTS | {"eval": "test", "evaluation": "test"}
"""Folders of parts; in Kaldi's recipes eval is what is called test elsewhere."""


def read_speech(
    path: str | Path,
    *,
    device: str | None = None,
    audio: str | Path | None = None,
    columns: SpeechColumns | None = None,
    encoding: str = "utf-8",
) -> Utterances:
    """Read utterances from what is at a path.

    A file is a table (`read_speech_table`). A folder is one of Kaldi's (`read_kaldi`), or has such
    folders for its parts (train, dev, eval or test), or is what `sestina data distance` wrote, or
    has a folder for each device that listened, as Kaldi's recipe leaves AMI's: ``ihm/train``,
    ``sdm1/train``, ``mdm8/train`` and so on.

    Args:
        path: File or folder.
        device: Which of several devices: "ihm", "sdm1", "clean", "mdm" …
        audio: Folder or archive of a table's sounds.
        columns: A table's columns; guessed by default.
        encoding: Of tables and lists.

    Raises:
        DataError: There is no such path, or it is none of these; a device must be named.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f"there is no file or folder {str(path)!r}; check the path")
    if path.is_dir():
        return _read_folder(path, device, encoding)
    if kind_of(path) not in TABLES:
        raise DataError(
            f"{path} is no table; expected one that names sounds ({', '.join(TABLES)}), or a folder"
        )
    return read_speech_table(
        path, None if audio is None else Path(audio), columns or SpeechColumns(), encoding
    )


def read_twins(
    path: str | Path, clean: str = "clean", noisy: str = "sdm", encoding: str = "utf-8"
) -> tuple[Utterances, Utterances]:
    """Return the utterances of a folder as two devices heard them, in one order.

    Args:
        path: A folder with several devices, as `read_speech` knows them.
        clean: The one nearby: "clean", or AMI's "ihm".
        noisy: The one far off: "sdm", "mdm", AMI's "sdm1" or "mdm8".
        encoding: Of the lists.

    Raises:
        DataError: There is no such device, or they have no utterance in common.
    """
    near, far = (read_speech(path, device=name, encoding=encoding) for name in (clean, noisy))
    near, far = paired(near, far)
    if near.rows == far.rows:
        note = f"one device heard all of {path}: each sound is its own twin"
        far = replace(far, notes=(*far.notes, note))
    return near, far


def _read_folder(path: Path, device: str | None, encoding: str) -> Utterances:
    """Read a folder by what is in it.

    Raises:
        DataError: It holds nothing that is known.
    """
    if (path / MANIFEST).is_file():
        return read_manifest(path, _device(path, device, DEVICES))
    if is_kaldi(path):
        return read_kaldi(path, _part(path.name), encoding)
    inner = sorted(folder for folder in path.iterdir() if folder.is_dir())
    if parts := [folder for folder in inner if is_kaldi(folder)]:
        return _read_parts(path, parts, _without_sounds(inner), encoding)
    devices = [one.name for one in inner if any(is_kaldi(f) for f in one.iterdir() if f.is_dir())]
    if devices:
        return _read_folder(path / _device(path, device, devices), None, encoding)
    raise DataError(
        f"{path} holds no speech that is known; expected wav.scp, folders of parts or of devices "
        f"with it, or {MANIFEST}; a table is named as a file"
    )


def _without_sounds(folders: list[Path]) -> list[str]:
    """Return the folders that are called as a part, and hold none.

    Raises:
        DataError: One holds lists of Kaldi's, so that its utterances would be missing.
    """
    bare = [folder for folder in folders if _part(folder.name) and not is_kaldi(folder)]
    for folder in bare:
        if told := other_lists(folder):
            raise DataError(
                f"{folder} has {', '.join(told)}, but no {SOUNDS}, which tells where the sounds "
                "are; add it, or take the folder away"
            )
    return [folder.name for folder in bare]


def _read_parts(path: Path, folders: list[Path], bare: list[str], encoding: str) -> Utterances:
    """Read a folder of parts; those of another name, and `bare` ones, are left out with a note."""
    known = [folder for folder in folders if _part(folder.name)]
    others = [folder.name for folder in folders if folder not in known]
    if not known:
        raise DataError(
            f"{path} has the parts {', '.join(others)}; expected train, dev, and test or eval"
        )
    found = [read_kaldi(folder, _part(folder.name), encoding) for folder in known]
    notes = [note for one in found for note in one.notes]
    if others:
        notes.append(f"left out the folders {', '.join(others)}: no name of a part")
    if bare:
        notes.append(f"left out the folders {', '.join(bare)}: they have no {SOUNDS}")
    return replace(checked([row for one in found for row in one], str(path)), notes=tuple(notes))


def _part(name: str) -> str | None:
    return FOLDERS.get(name.lower())


def _device(path: Path, asked: str | None, known: tuple[str, ...] | list[str]) -> str:
    """Return the device that is asked for.

    Raises:
        DataError: None is, or an unknown one.
    """
    if asked is None:
        raise DataError(f"{path} was heard by {', '.join(known)}; name one of them, as the device")
    if asked not in known:
        raise DataError(f"{path} has no device {asked!r}{nearest(asked, known)}")
    return asked
