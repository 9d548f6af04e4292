"""A table of files, texts, speakers and parts → utterances; sounds in a folder or an archive."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from sestina.audio.utterances import Utterance, Utterances, checked
from sestina.data import columns
from sestina.data.records import known_parts
from sestina.data.tables import read_table
from sestina.errors import DataError, counted

FILES = ("file", "path", "audio", "wav", "filename")
TEXTS = ("words", "text", "transcript", "sentence")
SPEAKERS = ("speaker", "speaker_id", "spk", "client_id", "subject")
BESIDE = ("audio.zip", "audio", "wav", "clips", ".")  # where sounds are looked for unasked


@dataclass(frozen=True)
class SpeechColumns:
    """The columns asked for by name; None means: guess."""

    file: str | None = None
    text: str | None = None
    speaker: str | None = None
    split: str | None = None


def read_speech_table(
    path: Path,
    audio: Path | None = None,
    asked: SpeechColumns = SpeechColumns(),  # frozen
    encoding: str = "utf-8",
) -> Utterances:
    """Read a table (CSV, TSV, JSONL, Parquet) with a row for each utterance.

    Args:
        path: The table.
        audio: Folder or zip archive of the sounds; looked for beside the table by default.
        asked: Its columns; those not named are guessed, and the notes say so.
        encoding: Of the table.

    Raises:
        DataError: A column, a cell or a file is missing; the first one is named.
    """
    table = read_table(path, encoding, header=True)
    if not table.height:
        raise DataError(f"{path} has a header and no row; expected a row for each utterance")
    at, notes = _columns(table, asked, str(path))
    files = _cells(table, at["file"], str(path))
    place = audio or _beside(path, files[0])
    inside = _present(place, files)
    speakers = _cells(table, at["speaker"], str(path)) if at["speaker"] else ["one"] * len(files)
    parts = known_parts(_cells(table, at["split"], str(path)) if at["split"] else None, str(path))
    texts = table[at["text"]].cast(pl.String).to_list() if at["text"] else [None] * len(files)
    rows = [
        Utterance(
            str(Path(file).with_suffix("")), speaker, place if inside else place / file, text,
            parts[n] if parts else None, member=file if inside else "",
        )
        for n, (file, speaker, text) in enumerate(zip(files, speakers, texts, strict=True))
    ]  # fmt: skip
    return checked(rows, str(path), notes)


def _columns(
    table: pl.DataFrame, asked: SpeechColumns, source: str
) -> tuple[dict[str, str | None], list[str]]:
    """Return which column holds what, and notes of what was guessed."""
    known = {"file": FILES, "text": TEXTS, "speaker": SPEAKERS, "split": columns.SPLIT_NAMES}
    found: dict[str, str | None] = {}
    notes = []
    for kind, names in known.items():
        wish = getattr(asked, kind)
        columns.must_have(table.columns, wish, source)
        found[kind] = wish or columns.guess(table.columns, names, [*found.values()])
        if found[kind] and not wish:
            notes.append(f"{kind}: column {found[kind]!r}")
    if found["file"] is None:
        raise DataError(
            f"{source} has the columns {', '.join(table.columns)}; expected one that names the "
            f"files of the sounds: call it {FILES[0]!r}"
        )
    if found["speaker"] is None:
        notes.append("no column of speakers: all utterances are taken for one speaker's")
    return found, notes


def _cells(table: pl.DataFrame, name: str | None, source: str) -> list[str]:
    """Return the cells of a column, none of which is empty.

    Raises:
        DataError: One is.
    """
    cells: list[Any] = table[name or ""].cast(pl.String).to_list()
    empty = next((n for n, cell in enumerate(cells, 1) if not (cell or "").strip()), None)
    if empty:
        raise DataError(f"{source}: row {empty} has no {name!r}; fill it, or leave the row out")
    return cells


def _beside(path: Path, first: str) -> Path:
    """Return where the sounds of a table are, by where its first one is found.

    Raises:
        DataError: It is nowhere.
    """
    for name in BESIDE:
        place = path.parent / name
        if place.is_file() or (place / first).is_file():
            return place
    raise DataError(
        f"{path} names the file {first!r}, which is neither beside it nor in a folder or archive "
        f"{', '.join(BESIDE[:-1])}; name the place of the sounds with --audio"
    )


def _present(place: Path, files: list[str]) -> bool:
    """Return whether sounds are in an archive.

    Raises:
        DataError: One is missing, or the archive cannot be read.
    """
    inside = place.is_file()
    if inside:
        try:
            with zipfile.ZipFile(place) as archive:
                there = set(archive.namelist())
        except (zipfile.BadZipFile, OSError) as error:
            raise DataError(f"{place} is no zip archive ({error}); copy it anew") from error
        missing = [file for file in files if file not in there]
    else:
        missing = [file for file in files if not (place / file).is_file()]
    if missing:
        raise DataError(
            f"{place} lacks {counted(len(missing), 'file')} of {len(files):,}, the first "
            f"{missing[0]!r}; add them, or leave the rows out"
        )
    return inside
